"""Writes a library of N small assets, each its own file that references one of 100 shared parts.

    library.py FOLDER N

Needs nothing but Python. Every asset differs in name, size and place, as real ones do.
"""

import pathlib
import sys

PARTS, PACK = 100, 500
WORDS = ["crate", "shelf", "barrel", "lamp", "table", "cart", "ladder", "bench", "valve", "pump"]

PART = """#usda 1.0
(
    defaultPrim = "Part"
    metersPerUnit = 1
    upAxis = "Z"
)

def Mesh "Part"
{{
    float3[] extent = [(0, 0, 0), (1, 1, {height})]
    int[] faceVertexCounts = [4, 4, 4, 4, 4, 4]
    int[] faceVertexIndices = [0, 1, 3, 2, 4, 6, 7, 5, 0, 4, 5, 1, 2, 3, 7, 6, 0, 2, 6, 4, 1, 5, 7, 3]
    point3f[] points = [(0, 0, 0), (0, 0, {height}), (0, 1, 0), (0, 1, {height}), (1, 0, 0), (1, 0, {height}), (1, 1, 0), (1, 1, {height})]
}}
"""

ASSET = """#usda 1.0
(
    defaultPrim = "{name}"
    doc = "A {word}, number {number} of its kind"
    metersPerUnit = 1
    upAxis = "Z"
)

def Xform "{name}" (
    kind = "component"
)
{{
    def Mesh "Body"
    {{
        int[] faceVertexCounts = [3, 3, 3, 3]
        int[] faceVertexIndices = [0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2]
        point3f[] points = [(0, 0, 0), ({size}, 0, 0), (0, {size}, 0), (0, 0, {size})]
    }}

    def "Part" (
        references = @../parts/part_{part:03}.usda@
    )
    {{
        double3 xformOp:translate = (0, 0, {size})
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }}
}}
"""


def main(folder: pathlib.Path, assets: int) -> None:
    parts = folder / "parts"
    parts.mkdir(parents=True)
    for part in range(PARTS):
        (parts / f"part_{part:03}.usda").write_text(PART.format(height=1 + part / PARTS))
    for number in range(assets - PARTS):
        pack = folder / f"pack_{number // PACK:03}"
        pack.mkdir(exist_ok=True)
        word = WORDS[number % len(WORDS)]
        name = f"{word}_{number:05}"
        text = ASSET.format(name=name, word=word, number=number, size=1 + number % 97 / 10, part=number % PARTS)
        (pack / f"{name}.usda").write_text(text)


main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
