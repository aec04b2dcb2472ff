#!/usr/bin/env python3
"""Eight views of one asset by one thread: ours from the USD file on, by stage, against VTK on llvmpipe.

A ball with a texture of 1024 × 1024 in three sizes; 512 × 512 pixels, 4 samples each. Rounds of both
take turns so that load falls on both alike. VTK's figure has neither reading nor PNG; without VTK
(`pip install vtk` and Mesa's EGL) only ours is measured.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import report

sys.path.insert(0, str(report.ROOT / "benches" / "inputs"))
import ball  # noqa: E402

OURS = [str(report.TARGET / "examples" / "render_many")]
PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "vtk_views.py")]
SIZES = {"small": 2_000, "middle": 20_000, "large": 500_000}
STAGES = ("read", "prepare", "draw", "shade", "blend", "finish", "png", "glb")
VIEW_STAGES = ("draw", "shade", "blend", "finish")


class Warm(report.Warm):
    """Makes all views each time it is sent a line."""

    def __init__(self, command: list[str]):
        super().__init__(command, stderr=subprocess.DEVNULL)
        if self.hello != "ready\n":
            self.process.kill()
            raise RuntimeError(f"{command[0]} did not start: {self.hello.strip() or 'it said nothing'}")

    def round(self) -> dict:
        return json.loads(self.ask())


def measure(triangles: int, rounds: int, folder: str) -> dict:
    path = pathlib.Path(folder) / f"ball_{triangles}.usda"
    ball.write(path, triangles)
    sides = {"ours": Warm(OURS + [str(path)])}
    try:
        sides["vtk"] = Warm(PEER + [str(triangles), str(path.parent / "checks.png")])
    except RuntimeError as error:
        print(f"the peer is not measured: {error}", file=sys.stderr)
    runs = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            answer = side.round()
            if number > 0:  # The first round warms caches and compiles shaders.
                runs[name].append(answer)
    for side in sides.values():
        side.stop()
    return {"triangles": runs["ours"][0]["triangles"], "runs": runs}


def rows(name: str, result: dict) -> tuple[list, list]:
    ours = {stage: report.median([run[stage] for run in result["runs"]["ours"]]) for stage in STAGES}
    views = result["runs"]["ours"][0]["views"]
    render = sum(ours[stage] for stage in VIEW_STAGES)
    what = f"{name}, {result['triangles']:,} triangles"
    peer, ratio = "–", "–"
    if "vtk" in result["runs"]:
        vtk = report.median([run["views"] for run in result["runs"]["vtk"]])
        peer, ratio = f"{views / vtk * 1e3:.0f}", f"{vtk / render:.1f}×"
    whole = sum(ours.values())
    speed = [what, peer, f"{views / render * 1e3:.0f}", ratio, f"{views / (render + ours['png']) * 1e3:.0f}"]
    return speed + [f"{1e3 / whole:.1f}"], [what] + [f"{ours[stage]:.1f}" for stage in STAGES]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    speeds, stages, results = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name, triangles in SIZES.items():
            results[name] = measure(triangles, options.rounds, folder)
            speed, stage = rows(name, results[name])
            speeds.append(speed)
            stages.append(stage)
    head = ["median, one thread", "VTK, views/s", "ours, views/s", "ours ÷ VTK", "with PNG", "whole assets/s"]
    body = report.table(head, speeds)
    body += "\n\n" + report.table(["ms for 8 views, ours", *STAGES], stages)
    report.write("render", "Making pictures", body, results)


main()
