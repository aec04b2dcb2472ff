#!/usr/bin/env python3
"""Search: the nearest 10 of 50,000 × 384 vectors, ours against numpy's matrix product.

Both are warm processes that answer the same queries, one at a time, rounds taking turns; both are
exact, and that they agree is checked.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np

import report

PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "numpy_search.py")]
OURS = [str(report.TARGET / "examples" / "search_many")]


class Side(report.Warm):
    """Answers every query each time it is sent a line."""

    def __init__(self, command: list[str]):
        super().__init__(command)
        self.open_seconds = json.loads(self.hello)["open"]

    def round(self) -> dict:
        return json.loads(self.ask())


def make(folder: pathlib.Path, count: int, dims: int, queries: int) -> None:
    """Unit vectors in the shape that a catalogue packs them."""
    random = np.random.default_rng(2026)
    for name, rows in (("text_embedding.f32", count), ("queries.f32", queries)):
        vectors = random.standard_normal((rows, dims), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors.astype("<f4").tofile(folder / name)
    (folder / "text_embedding.ids").write_text("".join(f"{row:016x}\n" for row in range(count)))
    packed = {
        "dims": dims, "count": count, "vectors": "text_embedding.f32", "ids": "text_embedding.ids",
        "embedding": "text", "model_uri": "none", "model_fingerprint": "none",
    }
    (folder / "packed.json").write_text(json.dumps(packed))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=50_000)
    arguments.add_argument("--dims", type=int, default=384)
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=10)
    options = arguments.parse_args()
    k = 10
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make(folder, options.count, options.dims, options.queries)
        sides = {side: Side(command + [str(folder), str(k)]) for side, command in (("numpy", PEER), ("ours", OURS))}
        seconds = {side: [] for side in sides}
        for number in range(options.rounds + 1):
            answers = {side: process.round() for side, process in sides.items()}
            if number == 0:  # The first round warms the caches, and is compared.
                assert answers["ours"]["found"] == answers["numpy"]["found"], "the answers differ"
                continue
            for side, answer in answers.items():
                seconds[side] += answer["seconds"]
        for process in sides.values():
            process.stop()
    rows, results = [], {"numpy": np.__version__, "count": options.count, "dims": options.dims, "k": k}
    for label, percent in (("p50", 50), ("p99", 99)):
        numpy, ours = (1e3 * float(np.percentile(seconds[side], percent)) for side in ("numpy", "ours"))
        results[label] = {"numpy_ms": numpy, "ours_ms": ours}
        rows.append([f"{options.count:,} × {options.dims}, nearest {k}, {label}, ms", f"{numpy:.2f}", f"{ours:.2f}", f"{numpy / ours:.2f}×"])
    results["open_seconds"] = {side: process.open_seconds for side, process in sides.items()}
    opened = [1e3 * results["open_seconds"][side] for side in ("numpy", "ours")]
    rows.append(["open (ours checks every vector), ms", f"{opened[0]:.1f}", f"{opened[1]:.1f}", f"{opened[0] / opened[1]:.2f}×"])
    head = [f"{len(seconds['ours']):,} queries", f"numpy {np.__version__}", "ours", "numpy ÷ ours"]
    report.write("search", "Search without a server", report.table(head, rows), results)


main()
