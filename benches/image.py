#!/usr/bin/env python3
"""Preprocessing of pictures: ours against Pillow and numpy, rounds of both sides taking turns.

Pixels in memory to `pixel_values`, as `transformers`' image processors do it with Pillow: resize,
cut out, rescale, normalise, channels first. One thread each. Both must give the same numbers, to the
bit; a version of Pillow from 13 on is refused, because it weighs rows and columns in another order.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tempfile

import report

OURS = str(report.TARGET / "examples" / "image_speed")
PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "image_pillow.py")]
CLIP = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
}
SIGLIP = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 384, "width": 384}}
CASES = [("CLIP, 224", CLIP, 512, 512), ("CLIP, 224", CLIP, 1_920, 1_080), ("SigLIP, 384", SIGLIP, 512, 512)]


class Side(report.Warm):
    """Prepares the picture as often as it is told on each line, and says how long it took."""

    def __init__(self, command: list[str]):
        super().__init__(command)
        self.sha256 = json.loads(self.hello)["sha256"]
        self.rounds = []

    def round(self, times: int) -> None:
        self.rounds.append(json.loads(self.ask(times))["cpu_secs"] / times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--times", type=int, default=20, help="pictures of a round")
    arguments = parser.parse_args()

    rows, kept = [], []
    for name, config, width, height in CASES:
        with tempfile.TemporaryDirectory() as scratch:
            pixels, settings = pathlib.Path(scratch) / "pixels", pathlib.Path(scratch) / "config.json"
            seed = hashlib.shake_256(b"vitrine").digest(width * height * 3)
            pixels.write_bytes(seed)
            settings.write_text(json.dumps(config))
            inputs = [str(pixels), str(width), str(height), str(settings)]
            sides = {"ours": Side([OURS, *inputs]), "Pillow and numpy": Side([*PEER, *inputs])}
            for _ in range(arguments.rounds):
                for side in sides.values():
                    side.round(arguments.times)
            for side in sides.values():
                side.stop()
        assert len({side.sha256 for side in sides.values()}) == 1, f"the sides disagree on {name}"
        ours, peer = (1_000 * report.median(side.rounds) for side in sides.values())
        rows.append([f"{name} from {width} × {height}", f"{ours:.2f}", f"{peer:.2f}", f"{peer / ours:.1f}×"])
        kept.append({"case": rows[-1][0], "ours_ms": ours, "peer_ms": peer, "sha256": sides["ours"].sha256})
    head = ["preprocessing", "ours, CPU ms", "Pillow and numpy, CPU ms", "ours is faster"]
    body = (
        f"One picture, one thread, equal to the bit; medians of {arguments.rounds} rounds in turns, "
        f"load {os.getloadavg()[0]:.1f}\n\n" + report.table(head, rows)
    )
    report.write("image", "Image preprocessing", body, {"cases": kept})


if __name__ == "__main__":
    main()
