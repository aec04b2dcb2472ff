"""Small procedural pictures, written as PNG with the standard library alone."""

import math
import struct
import zlib


def write_png(path, size, colour_at):
    """Writes size x size RGB pixels; `colour_at(x, y)` gives 0..1 colours, y downwards."""
    rows = bytearray()
    for y in range(size):
        rows.append(0)
        for x in range(size):
            rows += bytes(max(0, min(255, round(c * 255))) for c in colour_at(x, y))

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + chunk(b"IEND", b"")
    )


def _hash(x, y):
    n = (x * 374761393 + y * 668265263) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFF) / 65535.0


def noise(x, y):
    """Smooth value noise, 0..1."""
    ix, iy = math.floor(x), math.floor(y)
    fx, fy = x - ix, y - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    top = _hash(ix, iy) * (1 - fx) + _hash(ix + 1, iy) * fx
    low = _hash(ix, iy + 1) * (1 - fx) + _hash(ix + 1, iy + 1) * fx
    return top * (1 - fy) + low * fy


def mix(a, b, t):
    return tuple(a[i] + (b[i] - a[i]) * t for i in range(3))


# Fewer distinct colours make a picture that packs well.
def _steps(t, count=12):
    return round(t * count) / count


def _wood(x, y, light, dark):
    grain = noise(x * 0.03, y * 0.35) * 0.7 + noise(x * 0.015 + 9, y * 0.9) * 0.3
    return mix(light, dark, _steps(grain))


def light_wood(x, y):
    return _wood(x, y, (0.86, 0.68, 0.46), (0.66, 0.46, 0.27))


def rough_wood(x, y):
    return _wood(x, y, (0.83, 0.69, 0.50), (0.58, 0.44, 0.29))


def walnut(x, y):
    return _wood(x, y, (0.50, 0.32, 0.20), (0.30, 0.18, 0.11))


def cardboard(x, y):
    """128 pixels: brown board, tape down the middle, an address label with lines and bars."""
    colour = mix((0.78, 0.60, 0.40), (0.70, 0.52, 0.33), _steps(noise(x * 0.5, y * 0.08), 6))
    if 58 <= x < 70:
        colour = (0.86, 0.76, 0.56)
    if 78 <= x < 118 and 74 <= y < 112:
        colour = (0.95, 0.95, 0.92)
        if 82 <= x < 114 and y in (79, 83, 87):
            colour = (0.25, 0.25, 0.28)
        if 82 <= x < 112 and 93 <= y < 107 and _hash(x, 5) > 0.45:
            colour = (0.10, 0.10, 0.12)
    if (88 <= y < 98 and abs(x - 24) <= y - 88) or (98 <= y < 112 and abs(x - 24) < 2):
        colour = (0.35, 0.22, 0.14)  # this side up
    return colour


def hazard(x, y):
    return (0.95, 0.75, 0.06) if ((x + y) // 16) % 2 else (0.08, 0.08, 0.09)


def checker(x, y):
    return (0.92, 0.90, 0.85) if (x // 16 + y // 16) % 2 else (0.33, 0.38, 0.42)


def brushed(x, y):
    return mix((0.66, 0.68, 0.70), (0.80, 0.81, 0.83), _steps(noise(x * 0.02, y * 0.9), 8))


def concrete(x, y):
    speck = noise(x * 0.12, y * 0.12) * 0.6 + noise(x * 0.6, y * 0.6) * 0.4
    return mix((0.52, 0.52, 0.51), (0.66, 0.66, 0.64), _steps(speck, 8))


def screen(x, y):
    """A desktop: a window with lines of text, a chart, a bar along the bottom (128 pixels)."""
    colour = mix((0.10, 0.24, 0.42), (0.16, 0.46, 0.58), _steps(y / 128, 16))
    if 10 <= x < 72 and 14 <= y < 96:
        colour = (0.94, 0.95, 0.97)
        if y < 21:
            colour = (0.30, 0.36, 0.46)
        elif y % 6 == 2 and 15 <= x < 20 + 48 * _hash(y, 3) and y < 92:
            colour = (0.35, 0.38, 0.42)
    if 80 <= x < 120 and 30 <= y < 90:
        colour = (0.98, 0.98, 0.98)
        bar = (x - 84) // 8
        if 84 <= x < 116 and (x - 84) % 8 < 5 and y > 84 - 14 - 9 * bar:
            colour = [
                (0.93, 0.45, 0.25),
                (0.96, 0.70, 0.25),
                (0.30, 0.66, 0.48),
                (0.22, 0.48, 0.76),
            ][bar]
    if y >= 119:
        colour = (0.07, 0.10, 0.15)
    return colour


def scribbles(x, y):
    """Marker drawings on a whiteboard (128 pixels)."""
    colour = (0.97, 0.98, 0.98)
    wave = 40 + 14 * math.sin(x * 0.16)
    if 10 <= x < 60 and abs(y - wave) < 1.4:
        colour = (0.15, 0.30, 0.70)
    if (
        abs(math.hypot(x - 92, y - 42) - 18) < 1.2
        or abs(math.hypot(x - 84, y - 36) - 2) < 1
        or abs(math.hypot(x - 100, y - 36) - 2) < 1
    ):
        colour = (0.80, 0.18, 0.18)
    if 84 <= x <= 100 and abs(y - (52 - 0.06 * (x - 92) ** 2)) < 1.1:
        colour = (0.80, 0.18, 0.18)
    for line in range(4):
        if (
            abs(y - (78 + 10 * line)) < 1
            and 12 <= x < 50 + 60 * _hash(line, 8)
            and _hash(x // 5, line) > 0.2
        ):
            colour = (0.12, 0.45, 0.28) if line % 2 else (0.15, 0.15, 0.18)
    return colour


PICTURES = {
    "warehouse/textures/rough_wood.png": (64, rough_wood),
    "warehouse/textures/cardboard.png": (128, cardboard),
    "warehouse/textures/hazard.png": (64, hazard),
    "warehouse/textures/concrete.png": (64, concrete),
    "office/textures/light_wood.png": (64, light_wood),
    "office/textures/screen.png": (128, screen),
    "office/textures/scribbles.png": (128, scribbles),
    "kitchen/textures/walnut.png": (64, walnut),
    "kitchen/textures/checker.png": (64, checker),
    "kitchen/textures/brushed.png": (64, brushed),
}


def write_all(root):
    for path, (size, colour_at) in PICTURES.items():
        write_png(root / path, size, colour_at)
