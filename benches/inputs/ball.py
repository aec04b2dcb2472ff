"""A ball with bumps and a checked texture, of about as many triangles as asked: USD for us, arrays for peers."""

import math
import pathlib
import struct
import sys
import zlib

PICTURE_PX = 1024


def grid(triangles: int) -> tuple[int, int]:
    """Rings and segments."""
    rings = max(4, round(math.sqrt(triangles / 4)))
    return rings, rings * 2


def shape(triangles: int):
    """Points, texture coordinates (both by vertex) and triangles of a closed grid."""
    rings, segments = grid(triangles)
    points, uvs, faces = [], [], []
    for r in range(rings + 1):
        for s in range(segments + 1):
            u, v = s / segments, r / rings
            polar, around = math.pi * (1 - v), 2 * math.pi * u
            radius = 1 + 0.1 * math.sin(6 * around) * math.sin(polar) ** 2 * math.sin(5 * polar)
            ring = radius * math.sin(polar)
            points.append((ring * math.cos(around), radius * math.cos(polar), -ring * math.sin(around)))
            uvs.append((u, v))
    for r in range(rings):
        for s in range(segments):
            a = r * (segments + 1) + s
            b = a + segments + 1
            faces += [(a, a + 1, b + 1), (a, b + 1, b)]
    return points, uvs, faces


def picture() -> bytes:
    """A PNG of checks and gradients."""
    rows = []
    for y in range(PICTURE_PX):
        row = bytearray([0])
        for x in range(PICTURE_PX):
            on = (x // 32 + y // 32) % 2
            row += bytes((200 if on else 60, x // 5, y // 5))
        rows.append(bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", PICTURE_PX, PICTURE_PX, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


MATERIAL = """    def Material "Look" {
        token outputs:surface.connect = </Ball/Look/Surface.outputs:surface>
        def Shader "Surface" {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </Ball/Look/Texture.outputs:rgb>
            float inputs:roughness = 0.5
            token outputs:surface
        }
        def Shader "Texture" {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @./checks.png@
            float2 inputs:st.connect = </Ball/Look/Reader.outputs:result>
            float3 outputs:rgb
        }
        def Shader "Reader" {
            uniform token info:id = "UsdPrimvarReader_float2"
            string inputs:varname = "st"
            float2 outputs:result
        }
    }
"""


def write(path: pathlib.Path, triangles: int) -> int:
    """Writes `path` and `checks.png` beside it; tells how many triangles there are."""
    points, uvs, faces = shape(triangles)
    pairs = ", ".join(f"({u:.6f}, {v:.6f})" for u, v in uvs)
    with path.open("w") as out:
        out.write('#usda 1.0\n(\n    defaultPrim = "Ball"\n    upAxis = "Y"\n)\ndef Xform "Ball" {\n')
        out.write('    def Mesh "Skin" (prepend apiSchemas = ["MaterialBindingAPI"]) {\n')
        out.write('        uniform token subdivisionScheme = "none"\n')
        out.write(f"        int[] faceVertexCounts = [{', '.join(['3'] * len(faces))}]\n")
        out.write(f"        int[] faceVertexIndices = [{', '.join(f'{a}, {b}, {c}' for a, b, c in faces)}]\n")
        out.write(f"        point3f[] points = [{', '.join(f'({x:.6f}, {y:.6f}, {z:.6f})' for x, y, z in points)}]\n")
        out.write(f'        texCoord2f[] primvars:st = [{pairs}] (interpolation = "vertex")\n')
        out.write("        rel material:binding = </Ball/Look>\n    }\n" + MATERIAL + "}\n")
    (path.parent / "checks.png").write_bytes(picture())
    return len(faces)


if __name__ == "__main__":
    print(write(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
