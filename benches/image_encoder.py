#!/usr/bin/env python3
"""Pictures to vectors: ours against Python's onnxruntime, rounds of both sides taking turns.

The demonstration's model (EfficientNet-Lite0 into MiniLM's space, 20 MB); the same file, batch and threads on both sides, ONNX Runtime of the same version
where the two are installed as `make bench` does. Twice: the encoder alone, over pictures prepared
before, and the whole request from pixels in memory.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tempfile

import onnxruntime
import report

OURS = str(report.TARGET / "examples" / "encoder_speed")
PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "encoder_onnxruntime.py")]
MODEL = report.ROOT / "demo" / "models" / "conse-image"
WIDTH, HEIGHT = 512, 512  # What the renderer makes.
BATCH = 8  # What the product takes by itself on a CPU.


class Side(report.Warm):
    """Embeds all pictures each time it is sent a line."""

    def __init__(self, command: list[str]):
        super().__init__(command)
        self.load_secs = json.loads(self.hello)["load_secs"]
        self.rounds = {"encoder": [], "request": []}

    def round(self, what: str) -> None:
        self.rounds[what].append(json.loads(self.ask(what)))

    def median(self, what: str, field: str) -> float:
        return report.median([round[field] for round in self.rounds[what]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pictures", type=int, default=64)
    arguments = parser.parse_args()

    threads = min(2, report.cores())
    with tempfile.TemporaryDirectory() as scratch:
        pixels = pathlib.Path(scratch) / "pixels"
        pixels.write_bytes(hashlib.shake_256(b"vitrine").digest(WIDTH * HEIGHT * 3 * arguments.pictures))
        sizes = [str(number) for number in (WIDTH, HEIGHT, arguments.pictures, BATCH, threads)]
        inputs = [str(MODEL), str(pixels), *sizes]
        sides = {"ours": Side([OURS, *inputs]), "Python's onnxruntime": Side([*PEER, *inputs])}
        for _ in range(arguments.rounds):
            for what in ("encoder", "request"):
                for side in sides.values():
                    side.round(what)
        for side in sides.values():
            side.stop()

    rows = []
    ours = sides["ours"]
    for what, said in (("encoder", "encoder alone"), ("request", "pixels to vectors")):
        sums = [side.rounds[what][0]["sum"] for side in sides.values()]
        assert max(sums) - min(sums) < 1e-2, f"the sides disagree: {sums}"
        for name, side in sides.items():
            speed = arguments.pictures / side.median(what, "wall_secs")
            cpu_ms = 1_000 * side.median(what, "cpu_secs") / arguments.pictures
            of_wall = side.median(what, "wall_secs") / ours.median(what, "wall_secs")
            of_cpu = side.median(what, "cpu_secs") / ours.median(what, "cpu_secs")
            rows.append([f"{said}, {name}", f"{speed:.1f}", f"{cpu_ms:.2f}", f"{of_wall:.2f}×", f"{of_cpu:.2f}×"])
    # Processor time: what waits for a core is not the preprocessing's.
    share = 1 - ours.median("encoder", "cpu_secs") / ours.median("request", "cpu_secs")
    busy = report.median([round["busy_secs"] / round["wall_secs"] for round in ours.rounds["request"]])
    fill = ours.median("request", "fill")
    head = ["side", "pictures/s", "CPU ms a picture", "ours is faster, wall", "ours is faster, CPU"]
    body = (
        f"{arguments.pictures} pictures of {WIDTH} × {HEIGHT}, batches of {BATCH}, {threads} threads, "
        f"EfficientNet-Lite0 at 224 × 224 in float32, Python's onnxruntime {onnxruntime.__version__}, medians of "
        f"{arguments.rounds} rounds in turns, load {os.getloadavg()[0]:.1f}\n\n"
        + report.table(head, rows)
        + f"\n\nOurs: preprocessing is {100 * share:.1f} % of a request's processor time; the session is busy "
        f"{100 * busy:.0f} % of its wall time, batches {fill:.1f} of {BATCH} full."
    )
    results = {
        "pictures": arguments.pictures,
        "threads": threads,
        "batch": BATCH,
        "onnxruntime_python": onnxruntime.__version__,
        "preprocessing_share": share,
        "busy_share": busy,
        "sides": {name: {"load_secs": side.load_secs, "rounds": side.rounds} for name, side in sides.items()},
    }
    report.write("image_encoder", "Image embeddings", body, results)


if __name__ == "__main__":
    main()
