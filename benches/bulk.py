#!/usr/bin/env python3
"""Documents into Elasticsearch: our bulk sender against elasticsearch-py's async_bulk, on one server.

All send the same kind of document, 2.4 kB with a packed vector of 384 numbers, into a `flat` index.
`bodies` posts bodies that were built before its clock starts: what this server can take. Sides take
turns; the middle round counts. Then a long load, for memory.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import report
from servers import Server

LOAD = str(report.TARGET / "examples" / "load")
PEER = str(pathlib.Path(__file__).parent / "peers" / "async_bulk.py")
INDEX = "bench-bulk"


def fresh(server: Server) -> None:
    """An empty index for loading."""
    server.ask("DELETE", f"/{INDEX}", missing_ok=True)
    text = {"type": "text"}
    keyword = {"type": "keyword"}
    vector = {"type": "dense_vector", "dims": 384, "index": True, "similarity": "cosine", "index_options": {"type": "flat"}}
    server.ask("PUT", f"/{INDEX}", {
        "settings": {"number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {"dynamic": "strict", "properties": {
            "asset_id": keyword, "name": keyword, "pack": keyword, "tags": keyword, "description": text,
            "size_bytes": {"type": "long"}, "text_embedding": vector,
        }},
    })


def fill(server: Server, command: list[str], documents: int) -> dict:
    fresh(server)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    server.ask("POST", f"/{INDEX}/_refresh")
    held = server.ask("GET", f"/{INDEX}/_count")["count"]
    assert held == documents, f"{held} of {documents} documents arrived"
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=1_000_000, help="documents of the long load; 0: none")
    arguments = parser.parse_args()
    count = str(arguments.documents)

    with Server() as server:
        sides = {
            "ours": [LOAD, server.url, INDEX, "sender", count],
            "bodies built before": [LOAD, server.url, INDEX, "bodies", count],
            # 500 is its default; 2,000 was its best of 250 to 4,000.
            "async_bulk, 500 a request": [sys.executable, PEER, server.url, INDEX, count, "500"],
            "async_bulk, 2,000 a request": [sys.executable, PEER, server.url, INDEX, count, "2000"],
        }
        rounds = {name: [] for name in sides}
        fill(server, sides["ours"], arguments.documents)  # Warms the server up.
        for _ in range(arguments.rounds):
            for name, command in sides.items():
                rounds[name].append(fill(server, command, arguments.documents))
        long = None
        if arguments.long:
            long = fill(server, [LOAD, server.url, INDEX, "sender", str(arguments.long)], arguments.long)

    rate = {name: arguments.documents / report.median([one["secs"] for one in made]) for name, made in rounds.items()}
    cpu = {name: report.median([one["cpu_secs"] for one in made]) / arguments.documents * 1e6 for name, made in rounds.items()}
    best = max(rate[name] for name in rate if name.startswith("async_bulk"))
    rows = [[name, f"{rate[name]:,.0f}", f"{cpu[name]:.0f}"] for name in sides]
    body = report.table(["", "documents/s", "client CPU, µs a document"], rows)
    body += (
        f"\n\nOurs sends {rate['ours'] / best:.2f} times what async_bulk sends at its best, and "
        f"{rate['ours'] / rate['bodies built before']:.0%} of what built bodies reach."
    )
    if long:
        resident = ", ".join(f"{mb} MB" for mb in long["resident_mb"])
        body += (
            f" {arguments.long:,} documents took {long['secs']:.0f} s "
            f"({arguments.long / long['secs']:,.0f}/s); memory in use after 10 %, 50 %, 100 %: {resident}."
        )
    report.write("bulk", "Bulk", body, {"rate": rate, "cpu_us": cpu, "rounds": rounds, "long": long})


main()
