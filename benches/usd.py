#!/usr/bin/env python3
"""Reading USD: ours against pxr, rounds of both taking turns so that load falls on both alike.

* the real set (`VITRINE_TEST_DATA`): every file, one core and all cores, processes warm;
* a stage of 100,000 prims, text and binary: a fresh process each time, with its peak memory.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import report

PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "pxr_pool.py")]
OURS = [str(report.TARGET / "examples" / "inspect_many")]
SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")


class Warm(report.Warm):
    """Reads the whole set each time it is sent a line."""

    def __init__(self, command: list[str]):
        super().__init__(command)
        assert self.hello == "ready\n", f"{command[0]} did not start"

    def round(self) -> float:
        return float(self.ask())


def real_set(root: pathlib.Path, rounds: int, folder: str) -> list[dict]:
    paths = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.suffix in SUFFIXES)
    listing = pathlib.Path(folder) / "paths"
    listing.write_text("\n".join(paths))
    results = []
    for jobs in sorted({1, report.cores()}):
        arguments = ["set", str(root), str(jobs), str(listing)]
        sides = {"pxr": Warm(PEER + arguments), "ours": Warm(OURS + arguments)}
        seconds = {name: [] for name in sides}
        for number in range(rounds + 1):
            for name, side in sides.items():
                took = side.round()
                if number > 0:  # The first round warms the page cache.
                    seconds[name].append(took)
        for side in sides.values():
            side.stop()
        results.append({"files": len(paths), "jobs": jobs, "seconds": seconds})
    return results


def large_stage(rounds: int, folder: str) -> list[dict]:
    results = []
    for suffix in ("usdc", "usda"):
        path = pathlib.Path(folder) / f"large.{suffix}"
        maker = report.ROOT / "benches" / "inputs" / "large_stage.py"
        subprocess.run([sys.executable, str(maker), str(path)], check=True)
        runs = {"pxr": [], "ours": []}
        for _ in range(rounds):
            for name, command in (("pxr", PEER), ("ours", OURS)):
                answer = subprocess.run(command + ["one", str(path)], check=True, capture_output=True, text=True)
                runs[name].append(json.loads(answer.stdout))
        results.append({"format": suffix, "bytes": path.stat().st_size, "runs": runs})
    return results


def rows_of_set(results: list[dict]) -> list[list]:
    rows = []
    for result in results:
        pxr, ours = (report.median(result["seconds"][name]) for name in ("pxr", "ours"))
        what = f"{result['files']} real files, {result['jobs']} core(s), s"
        rows.append([what, f"{pxr:.3f}", f"{ours:.3f}", f"{pxr / ours:.1f}×"])
    return rows


def rows_of_large(results: list[dict]) -> list[list]:
    rows = []
    for result in results:
        for key, unit, digits in (("seconds", "s", 2), ("cpu_seconds", "CPU s", 2), ("peak_mb", "MB peak", 0)):
            pxr, ours = (report.median([run[key] for run in result["runs"][name]]) for name in ("pxr", "ours"))
            what = f"100,000 prims, {result['format']}, {unit}"
            rows.append([what, f"{pxr:.{digits}f}", f"{ours:.{digits}f}", f"{pxr / max(ours, 1e-3):.1f}×"])
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--skip-large", action="store_true")
    options = arguments.parse_args()
    rows, results = [], {}
    with tempfile.TemporaryDirectory() as folder:
        data = os.environ.get("VITRINE_TEST_DATA")
        if data:
            results["set"] = real_set(pathlib.Path(data) / "usd", options.rounds, folder)
            rows += rows_of_set(results["set"])
        else:
            print("VITRINE_TEST_DATA is not set: the real files are not measured", file=sys.stderr)
        if not options.skip_large:
            results["large"] = large_stage(max(5, options.rounds - 2), folder)
            rows += rows_of_large(results["large"])
    head = ["median", "pxr, Python process pool", "ours", "pxr ÷ ours"]
    report.write("usd", "Reading USD", report.table(head, rows), results)


main()
