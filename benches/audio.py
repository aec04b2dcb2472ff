#!/usr/bin/env python3
"""Features of sounds: ours against librosa, one core each, rounds of both taking turns so that
load falls on both alike. Needs `VITRINE_TEST_DATA`, and librosa and soundfile in this Python."""

import argparse
import os
import pathlib
import sys
import wave

import report

PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "librosa_features.py")]
OURS = [str(report.TARGET / "examples" / "audio_speed"), "--ask"]


def minutes(path: pathlib.Path) -> float:
    with wave.open(str(path)) as sound:
        return sound.getnframes() / sound.getframerate() / 60


def cpu_seconds(side: report.Warm) -> float:
    """CPU seconds that a process has taken: a busy machine lengthens them little."""
    fields = pathlib.Path(f"/proc/{side.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(paths: list[pathlib.Path], rounds: int) -> dict:
    names = [str(path) for path in paths]
    sides = {"librosa": report.Warm(PEER + names), "ours": report.Warm(OURS + names)}
    for name, side in sides.items():
        assert side.hello.startswith("ready"), f"{name} did not start"
    for side in sides.values():
        side.ask()  # The first round warms the caches.
    began = {name: cpu_seconds(side) for name, side in sides.items()}
    seconds = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            seconds[name].append(float(side.ask()))
    cpu = {name: (cpu_seconds(side) - began[name]) / rounds for name, side in sides.items()}
    for side in sides.values():
        side.stop()
    version = sides["librosa"].hello.split()[1]
    return {"librosa": version, "minutes": sum(map(minutes, paths)), "seconds": seconds, "cpu_seconds": cpu}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    data = os.environ.get("VITRINE_TEST_DATA")
    if not data:
        print("VITRINE_TEST_DATA is not set: sounds are not measured", file=sys.stderr)
        return
    paths = sorted((pathlib.Path(data) / "media" / "audio-oracle").glob("*.wav"))
    result = measure(paths, options.rounds)
    librosa, ours = (report.median(result["seconds"][name]) for name in ("librosa", "ours"))
    librosa_cpu, ours_cpu = (result["cpu_seconds"][name] for name in ("librosa", "ours"))
    length = result["minutes"]
    rows = [
        [f"{len(paths)} sounds, {length:.1f} min, s", f"{librosa:.3f}", f"{ours:.4f}", f"{librosa / ours:.1f}×"],
        ["s per minute of sound", f"{librosa / length:.3f}", f"{ours / length:.4f}", f"{librosa / ours:.1f}×"],
        [
            "CPU s per minute of sound, mean",
            f"{librosa_cpu / length:.3f}",
            f"{ours_cpu / length:.4f}",
            f"{librosa_cpu / max(ours_cpu, 1e-9):.1f}×",
        ],
    ]
    head = ["median", f"librosa {result['librosa']}, 1 core", "ours, 1 core", "librosa ÷ ours"]
    report.write("audio", "Features of sounds", report.table(head, rows), result)


main()
