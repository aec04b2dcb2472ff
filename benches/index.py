#!/usr/bin/env python3
"""An index from nothing to searchable, its recall, and what an unchanged library costs.

Two ways to a graph over the same vectors: ours fills a flat index, changes its mapping and merges
once; the peer is elasticsearch-py's async_bulk straight into an index with the graph, then a refresh.
Recall is against the same index while it was flat, where a search is exact.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy
import report
from servers import Server

LOAD = str(report.TARGET / "examples" / "index_load")
PEER = str(pathlib.Path(__file__).parent / "peers" / "async_bulk.py")
LIBRARY = str(report.ROOT / "benches" / "inputs" / "library.py")
DIMS, QUERIES, TOP = 384, 200, 10
ALIAS, PEER_INDEX = "bench-index", "bench-direct"


def vectors(count: int) -> numpy.ndarray:
    """Vectors in 500 groups of unlike size, as sentences about few kinds of thing are."""
    chance = numpy.random.default_rng(7)
    centres = chance.standard_normal((500, DIMS))
    chosen = chance.choice(500, size=count, p=chance.dirichlet(numpy.full(500, 0.5)))
    made = centres[chosen] + 0.8 * chance.standard_normal((count, DIMS))
    return (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype("<f4")


def nearest(server: Server, alias: str, queries: numpy.ndarray) -> tuple[list[set], list[float]]:
    found, took = [], []
    for query in queries:
        knn = {"field": "text_embedding", "query_vector": query.tolist(), "k": TOP, "num_candidates": 100}
        begin = time.perf_counter()
        answer = server.ask("POST", f"/{alias}/_search", {"knn": knn, "size": TOP, "_source": False})
        took.append(time.perf_counter() - begin)
        found.append({hit["_id"] for hit in answer["hits"]["hits"]})
    return found, took


def graph(server: Server, kind: str, file: pathlib.Path, made: numpy.ndarray) -> dict:
    """Fills and completes one index; the peer's time for the same kind."""
    alias = f"{ALIAS}-{kind}"
    for index in server.ask("GET", f"/{alias}-*,{PEER_INDEX}*?expand_wildcards=all"):
        server.ask("DELETE", f"/{index}")

    def step(name: str) -> dict:
        command = [LOAD, server.url, alias, kind, name, str(file)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    filled = step("fill")
    server.ask("POST", f"/{filled['index']}/_refresh")
    chance = numpy.random.default_rng(8)
    rows = chance.choice(len(made), QUERIES, replace=False)
    queries = made[rows] + 0.02 * chance.standard_normal((QUERIES, DIMS))
    exact, _ = nearest(server, filled["index"], queries)
    completed = step("complete")
    near, took = nearest(server, alias, queries)
    recall = sum(len(a & b) for a, b in zip(exact, near)) / (QUERIES * TOP)

    options = {"type": kind, "rescore_vector": {"oversample": 2}}
    vector = {"type": "dense_vector", "dims": DIMS, "index": True, "similarity": "cosine", "index_options": options}
    keyword = {"type": "keyword"}
    server.ask("PUT", f"/{PEER_INDEX}", {
        "settings": {"number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {"dynamic": "strict", "properties": {
            "asset_id": keyword, "name": keyword, "pack": keyword, "tags": keyword, "description": {"type": "text"},
            "size_bytes": {"type": "long"}, "text_embedding": vector,
        }},
    })
    begin = time.perf_counter()
    subprocess.run([sys.executable, PEER, server.url, PEER_INDEX, str(len(made)), "2000"], check=True, capture_output=True)
    server.ask("POST", f"/{PEER_INDEX}/_refresh")
    direct = time.perf_counter() - begin
    return {
        "kind": kind, "fill": filled["secs"], "complete": completed["secs"], "direct": direct, "recall": recall,
        "p50_ms": 1e3 * report.median(took), "p99_ms": 1e3 * sorted(took)[int(0.99 * len(took))],
    }


def requests(server: Server) -> int:
    """Requests that the server ever answered, without the one that asks."""
    answer = server.ask("GET", "/_nodes/stats/http")
    routes = next(iter(answer["nodes"].values()))["http"]["routes"]
    return sum(route["requests"]["count"] for name, route in routes.items() if "stats" not in name)


def unchanged(server: Server, assets: int, folder: pathlib.Path) -> list[list]:
    library = folder / "library"
    subprocess.run([sys.executable, LIBRARY, str(library), str(assets)], check=True)
    command = [str(report.VITRINE), "catalog", str(library), "--no-embeddings", "--name", "bench-unchanged"]
    command += ["--elasticsearch", server.url, "--output", "json", "--quiet"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "VITRINE_CACHE_DIR": str(folder / "cache")}

    def run(name: str) -> list:
        before = requests(server)
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=folder)
        answer = json.loads(done.stdout)
        counts, steps = answer["counts"], answer["steps"]
        return [name, f"{counts['indexed']:,}", f"{steps['total']:.2f}", f"{steps['scan']:.2f}", requests(server) - before]

    rows = [run("first load"), run("nothing changed")]
    files = sorted(library.glob("pack_*/*.usda"))
    for file in random.Random(1).sample(files, assets // 100):
        file.write_text(file.read_text().replace("number", "No."))
    return [*rows, run("1 % changed")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--assets", type=int, default=50_000)
    parser.add_argument("--kinds", nargs="+", default=["int8_hnsw", "bbq_hnsw"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Server() as server:
        folder = pathlib.Path(scratch)
        made = vectors(arguments.vectors)
        file = folder / "vectors.f32"
        made.tofile(file)
        graphs = [graph(server, kind, file, made) for kind in arguments.kinds]
        rows = unchanged(server, arguments.assets, folder)
    head = ["", "fill, s", "graph, s", "ours, s", "straight into the graph, s", "ratio", "recall@10", "p50, ms", "p99, ms"]
    body = f"{arguments.vectors:,} × {DIMS}:\n\n" + report.table(head, [
        [
            one["kind"], f"{one['fill']:.1f}", f"{one['complete']:.1f}", f"{one['fill'] + one['complete']:.1f}",
            f"{one['direct']:.1f}", f"{one['direct'] / (one['fill'] + one['complete']):.2f}×", f"{one['recall']:.3f}",
            f"{one['p50_ms']:.1f}", f"{one['p99_ms']:.1f}",
        ]
        for one in graphs
    ])
    body += f"\n\n{arguments.assets:,} assets, no embeddings, Elasticsearch alone:\n\n"
    body += report.table(["run", "indexed", "s", "of which scan, s", "requests"], rows)
    report.write("index", "Index", body, {"graphs": graphs, "runs": rows})


main()
