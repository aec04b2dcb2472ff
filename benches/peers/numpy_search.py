"""The peer of search: a matrix product in numpy, then the best k.

`numpy_search.py DIR K`: the same files, lines and answers as `sidecar/examples/search_many.rs`.
"""

import json
import pathlib
import sys
import time

import numpy as np


def nearest(matrix: np.ndarray, query: np.ndarray, k: int) -> np.ndarray:
    scores = matrix @ query
    best = np.argpartition(scores, -k)[-k:]
    return best[np.argsort(-scores[best])]


def main() -> None:
    folder, k = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    packed = json.loads((folder / "packed.json").read_text())
    began = time.perf_counter()
    matrix = np.fromfile(folder / packed["vectors"], dtype="<f4").reshape(packed["count"], packed["dims"])
    print(json.dumps({"open": time.perf_counter() - began}), flush=True)
    queries = np.fromfile(folder / "queries.f32", dtype="<f4").reshape(-1, packed["dims"])
    for _ in sys.stdin:
        seconds, found = [], []
        for query in queries:
            began = time.perf_counter()
            best = nearest(matrix, query, k)
            seconds.append(time.perf_counter() - began)
            found.append(best.tolist())
        print(json.dumps({"seconds": seconds, "found": found}), flush=True)


main()
