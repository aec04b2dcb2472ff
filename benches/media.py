#!/usr/bin/env python3
"""Clips to vectors: `vitrine embed` against a Python pipeline of OpenCV, onnxruntime, librosa and
MiniLM over the same networks, each a fresh process, on one core with one worker and on two with two.

Sides take turns, so that load falls on both alike; CPU seconds, children included, are steadier than
the clock's. The first round warms the page cache and is not timed: in it, memory is sampled, the sum
over a process and all below it, shared pages shared out (PSS). Needs `VITRINE_TEST_DATA` with the
models beside it, ffmpeg for the peer, and both programs: `make build build-video`.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import report

PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "clips_python.py")]
PEOPLE_SPEED = report.TARGET / "examples" / "people_speed"
CLIPS = ("duo_dev.mp4", "pose_1.mp4", "pose_squats.mp4")
NETWORKS = {
    "MoveNet MultiPose": ("movenet-multipose.onnx",),
    "NanoDet + SimCC": ("movenet-thunder-as-rtmpose-simcc.onnx", "nanodet.onnx"),
}
SAMPLE_SECS = 0.05


def tree(root: int) -> list[int]:
    """A process and all below it."""
    below, found = {}, [root]
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:  # It has ended.
                continue
            below.setdefault(parent, []).append(int(entry.name))
    for process in found:
        found += below.get(process, [])
    return found


def pss_mb(process: int) -> float:
    try:
        text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0


class Peak(threading.Thread):
    """The most memory of a process and its children together, in MB."""

    def __init__(self, process: int):
        super().__init__(daemon=True)
        self.process, self.most_mb, self.ended = process, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_SECS):
            self.most_mb = max(self.most_mb, sum(map(pss_mb, tree(self.process))))


def run(command: list[str], cores: set[int], is_sampled: bool) -> dict:
    """One run on `cores`: seconds, CPU seconds, memory where it is sampled, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    ) as process:
        peak = Peak(process.pid)
        if is_sampled:
            peak.start()
        text = process.stdout.read()
        code = process.wait()
    took = time.perf_counter() - began
    peak.ended.set()
    if code != 0:
        sys.exit(f"{' '.join(command)} ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": took, "cpu_seconds": cpu, "peak_mb": peak.most_mb, "answer": json.loads(text)}


def ours(videos: pathlib.Path, workers: int, models: list[str], out: pathlib.Path) -> list[str]:
    shutil.rmtree(out, ignore_errors=True)  # Else nothing would be left to do.
    command = [str(report.VITRINE), "embed", str(videos), "--no-index", "--out", str(out), "--quiet"]
    command += ["--output", "json", "--strict", "--jobs", str(workers), "--pose-model", models[0]]
    return command + (["--detector", models[1]] if len(models) > 1 else [])


def text_model() -> str:
    """The folder of MiniLM as `vitrine` keeps it."""
    answer = subprocess.run([str(report.VITRINE), "models", "pull", "--output", "json"], check=True, capture_output=True)
    return json.loads(answer.stdout)["folder"]


def measure(videos: pathlib.Path, models: list[str], workers: int, options, folder: pathlib.Path) -> dict:
    minilm = options.sentence_transformers or text_model()
    cores = set(sorted(os.sched_getaffinity(0))[-workers:])
    runs = {"Python": [], "ours": []}
    for number in range(options.rounds + 1):
        for name, done in runs.items():
            peer = [*PEER, str(videos), str(workers), minilm, *models]
            command = peer if name == "Python" else ours(videos, workers, models, folder / "out")
            done.append({"load_1m": os.getloadavg()[0], **run(command, cores, is_sampled=number == 0)})
    counts = runs["ours"][0]["answer"]["counts"]
    assert counts["indexed"] == len(CLIPS), f"clips are missing: {counts}"
    return {"workers": workers, "runs": runs}


def rows_of(name: str, result: dict) -> list[list]:
    workers, first = result["workers"], {side: runs[0] for side, runs in result["runs"].items()}
    timed = {side: runs[1:] for side, runs in result["runs"].items()}
    of = lambda side, pick: report.median([pick(run) for run in timed[side]])
    what = f"{name}, {workers} worker{'s' if workers > 1 else ''}"
    all_s = [of(side, lambda run: run["seconds"]) for side in ("Python", "ours")]
    cpu_s = [of(side, lambda run: run["cpu_seconds"]) for side in ("Python", "ours")]
    # What Python needs before the first clip is taken from Python alone.
    clips_s = [of("Python", lambda run: run["answer"]["clips_s"]), all_s[1]]
    memory = [first[side]["peak_mb"] for side in ("Python", "ours")]
    row = lambda unit, both, digits: [
        f"{what}, {unit}", f"{both[0]:.{digits}f}", f"{both[1]:.{digits}f}", f"{both[0] / both[1]:.2f}×"
    ]
    return [
        row("s", all_s, 2),
        row("s, Python's without its start", clips_s, 2),
        row("CPU s", cpu_s, 2),
        row("MB peak", memory, 0),
    ]


def around_networks() -> str:
    """What `people_speed` says: time in networks, and around them."""
    if not PEOPLE_SPEED.exists():
        return "Not built: how long pictures take outside the networks (`people_speed`)."
    answer = subprocess.run([str(PEOPLE_SPEED)], check=True, capture_output=True, text=True)
    return "```text\n" + answer.stdout.strip() + "\n```"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument(
        "--sentence-transformers", metavar="FOLDER", help="MiniLM as the hub has it, which the peer reads through torch"
    )
    options = parser.parse_args()
    data = os.environ.get("VITRINE_TEST_DATA")
    if not data:
        print("VITRINE_TEST_DATA is not set: clips are not measured", file=sys.stderr)
        return
    if not report.VITRINE.with_name("vitrine-media").exists():
        print("vitrine-media is not built (make build-video): clips are not measured", file=sys.stderr)
        return
    models = pathlib.Path(data).parent / "models"
    rows, results, loads = [], {}, []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        videos = folder / "videos"
        videos.mkdir()
        for clip in CLIPS:
            shutil.copy(pathlib.Path(data) / "media" / clip, videos)
        for name in options.networks:
            for workers in options.workers:
                if workers > report.cores():
                    print(f"{workers} workers want as many cores: not measured", file=sys.stderr)
                    continue
                result = measure(videos, [str(models / file) for file in NETWORKS[name]], workers, options, folder)
                results[f"{name}, {workers}"] = result
                rows += rows_of(name, result)
                loads += [run["load_1m"] for runs in result["runs"].values() for run in runs[1:]]
    around = around_networks()
    versions = next(iter(results.values()))["runs"]["Python"][0]["answer"]["versions"]
    peer = ", ".join(f"{name} {version}" for name, version in versions.items())
    head = [f"{len(CLIPS)} clips, median of {options.rounds}", "Python", "ours", "Python ÷ ours"]
    body = f"Python's: {peer}. Load {min(loads):.1f} to {max(loads):.1f} on {report.cores()} cores.\n\n"
    body += f"{report.table(head, rows)}\n\nOutside the networks:\n\n{around}"
    report.write("media", "Clips to vectors", body, {"clips": results, "around_networks": around, "loads": loads})


main()
