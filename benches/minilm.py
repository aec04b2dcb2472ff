#!/usr/bin/env python3
"""Sentences to vectors: ours against Python's onnxruntime, rounds of all sides taking turns.

Both run all-MiniLM-L6-v2 from the same file, by the same version of ONNX Runtime where the two are
installed as `make bench` does, on as many threads. Two peers: one makes the same batches as ours,
one takes the sentences as they come, 32 at a time, as most scripts do.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import onnxruntime
import report

OURS = str(report.TARGET / "examples" / "embed_speed")
PEER = [sys.executable, str(report.ROOT / "benches" / "peers" / "minilm_onnxruntime.py")]
TEXTS_MAX, TOKENS_MAX = 64, 512  # What the product takes by itself on a CPU.
SEED = 20


class Side(report.Warm):
    """Embeds all sentences each time it is sent a line."""

    def __init__(self, command: list[str]):
        super().__init__(command)
        self.load_secs = json.loads(self.hello)["load_secs"]
        self.rounds = []

    def round(self) -> None:
        self.rounds.append(json.loads(self.ask()))

    def median(self, field: str) -> float:
        return report.median([round[field] for round in self.rounds])


def sentences(count: int) -> list[str]:
    """Like the descriptions of assets: 5 to 80 tokens, most of them short."""
    chance = random.Random(SEED)
    things = "forklift pallet shelf desk chair lamp cup kettle robot crate conveyor bridge tree bicycle drum".split()
    traits = "red weathered wooden steel rigged animated low-poly photorealistic small large instanced".split()
    facts = "from pack {0}; {1} points; {2} materials; Y-up; 0.01 metres per unit; variants: colour, size; kind component"
    made = []
    for _ in range(count):
        words = chance.sample(traits, chance.randint(0, 4)) + chance.sample(things, chance.randint(1, 3))
        text = "A " + " ".join(words)
        if chance.random() < 0.5:
            parts = facts.format(chance.choice(things), chance.randint(10, 99_999), chance.randint(1, 9)).split("; ")
            text += ", " + "; ".join(parts[: chance.randint(1, len(parts))])
        if chance.random() < 0.1:
            text += ". Contains " + ", ".join(chance.choice(things) + str(chance.randint(1, 99)) for _ in range(15))
        made.append(text)
    return made


def model_folder() -> str:
    answer = subprocess.run(
        [str(report.VITRINE), "models", "pull", "--output", "json"], check=True, capture_output=True, text=True
    )
    return json.loads(answer.stdout)["folder"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=1_500)
    arguments = parser.parse_args()

    threads = str(min(2, report.cores()))
    folder = model_folder()
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "sentences.json"
        file.write_text(json.dumps(sentences(arguments.sentences)))
        limits = [threads, str(TEXTS_MAX), str(TOKENS_MAX)]
        sides = {
            "ours": Side([OURS, str(file), *limits]),
            "Python, same batches": Side([*PEER, folder, str(file), *limits, "sorted"]),
            "Python, 32 as they come": Side([*PEER, folder, str(file), threads, "32", "0", "given"]),
        }
        for _ in range(arguments.rounds):
            for side in sides.values():
                side.round()
        for side in sides.values():
            side.stop()

    sums = [side.rounds[0]["sum"] for side in sides.values()]
    assert max(sums) - min(sums) < 1e-2, f"the sides disagree: {sums}"
    ours = sides["ours"]
    rows = []
    for name, side in sides.items():
        speed = arguments.sentences / side.median("wall_secs")
        of_wall = side.median("wall_secs") / ours.median("wall_secs")
        of_cpu = side.median("cpu_secs") / ours.median("cpu_secs")
        cpu_ms = 1_000 * side.median("cpu_secs") / arguments.sentences
        rows.append([name, f"{speed:.0f}", f"{cpu_ms:.2f}", f"{of_wall:.2f}×", f"{of_cpu:.2f}×", f"{side.load_secs:.2f}"])
    head = ["side", "sentences/s", "CPU ms a sentence", "ours is faster, wall", "ours is faster, CPU", "load, s"]
    body = (
        f"{arguments.sentences} sentences, {threads} threads, all-MiniLM-L6-v2 in float32, Python's onnxruntime "
        f"{onnxruntime.__version__}, medians of {arguments.rounds} rounds in turns, load {os.getloadavg()[0]:.1f}\n\n"
        + report.table(head, rows)
    )
    results = {
        "sentences": arguments.sentences,
        "threads": int(threads),
        "texts_max": TEXTS_MAX,
        "tokens_max": TOKENS_MAX,
        "onnxruntime_python": onnxruntime.__version__,
        "sides": {name: {"load_secs": side.load_secs, "rounds": side.rounds} for name, side in sides.items()},
    }
    report.write("minilm", "Text embeddings", body, results)


if __name__ == "__main__":
    main()
