#!/usr/bin/env python3
"""Cataloguing: cost per asset from 1,000 to 50,000 assets, an unchanged run, and where time goes.

The libraries are generated: each asset a file of its own that references one of 100 shared parts.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import report


def catalog(library: pathlib.Path, out: pathlib.Path, extra: list[str]) -> dict:
    """One run of `vitrine catalog`: its report, and the peak memory of its largest process."""
    command = [str(report.VITRINE), "catalog", str(library), "--out", str(out), "--name", "bench"]
    command += ["--output", "json", "--quiet", *extra]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        text = process.stdout.read()
        # Not `wait`: this one also says how much memory the process and its children took.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    answer = json.loads(text)
    cpu = usage.ru_utime + usage.ru_stime
    return {"counts": answer["counts"], "steps": answer["steps"], "peak_mb": usage.ru_maxrss / 1024, "cpu_seconds": cpu}


def measure(assets: int, rounds: int, extra: list[str], folder: pathlib.Path) -> dict:
    library = folder / f"library_{assets}"
    if not library.exists():
        maker = report.ROOT / "benches" / "inputs" / "library.py"
        subprocess.run([sys.executable, str(maker), str(library), str(assets)], check=True)
    first, again = [], []
    for number in range(rounds):
        out = folder / f"catalog_{assets}_{number}_{len(extra)}"
        first.append(catalog(library, out, extra))
        again.append(catalog(library, out, extra))
        if first[-1]["counts"]["indexed"] != assets or again[-1]["counts"]["skipped"] != assets:
            sys.exit(f"{assets} assets were not all catalogued, then skipped: {first[-1]} {again[-1]}")
    return {"assets": assets, "embeddings": not extra, "first": first, "again": again}


def row(result: dict) -> list[str]:
    def middle(runs: list[dict], pick) -> float:
        return report.median([pick(run) for run in runs])

    assets, first, again = result["assets"], result["first"], result["again"]
    total = middle(first, lambda run: run["steps"]["total"])
    cells = [f"{assets:,}, {'with' if result['embeddings'] else 'no'} embeddings", f"{total:.2f}", f"{assets / total:,.0f}"]
    cells.append(f"{1e6 * middle(first, lambda run: run['cpu_seconds']) / assets:.0f}")
    for step in ("scan", "read_busy", "embed_busy", "write_busy", "publish"):
        cells.append(f"{middle(first, lambda run, step=step: run['steps'][step]):.2f}")
    cells.append(f"{middle(first, lambda run: run['peak_mb']):.0f}")
    cells.append(f"{middle(again, lambda run: run['steps']['total']):.2f}")
    return cells


HEAD = ["assets", "s", "assets/s", "CPU µs/asset", "scan s", "read busy s", "embed busy s", "write busy s", "publish s", "peak MB", "unchanged s"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--assets", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    arguments.add_argument("--embedded", type=int, nargs="+", default=[1_000])
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for assets in options.assets:
            results.append(measure(assets, options.rounds, ["--no-embeddings"], pathlib.Path(folder)))
        for assets in options.embedded:
            results.append(measure(assets, options.rounds, [], pathlib.Path(folder)))
    report.write("catalog", "Cataloguing", report.table(HEAD, [row(result) for result in results]), {"runs": results})


main()
