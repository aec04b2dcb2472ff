#!/usr/bin/env python3
"""Writes tests/data/images/decode/ and preparations.json: pictures with the pixels, and settings with
the numbers, that `transformers` makes of them with Pillow.

Run with transformers, pillow and numpy installed: python pictures.py OUT
"""

import hashlib
import io
import json
import pathlib
import struct
import sys
import zlib

import numpy
import PIL
import transformers
from PIL import Image, ImageOps
from transformers.image_transforms import convert_to_rgb
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import EfficientNetImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

WIDTH, HEIGHT = 29, 19


def smooth(width: int, height: int, channels: int, top: int = 255) -> numpy.ndarray:
    """Slopes and an edge: what JPEG keeps well."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [x * top // width, y * top // height, (x + y) * top // (width + height), numpy.where(x > y, top, top // 4)]
    return numpy.stack(planes[:channels], axis=-1).astype(numpy.uint16 if top > 255 else numpy.uint8)


def pattern(width: int, height: int) -> numpy.ndarray:
    """Hard to scale, and made of integers: the tests make the same."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.int64)
    planes = [(x * x * 31 + y * y * 17 + x * y * 7 + (x ^ y) * 13 + c * 101) >> 3 for c in range(3)]
    return (numpy.stack(planes, axis=-1) & 255).astype(numpy.uint8)


def png16(pixels: numpy.ndarray) -> bytes:
    """Pillow writes no 16-bit colours."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def files() -> dict[str, bytes]:
    rgb = Image.fromarray(smooth(WIDTH, HEIGHT, 3))
    rgba = Image.fromarray(smooth(WIDTH, HEIGHT, 4)[..., [0, 1, 3, 2]])
    grey = rgb.convert("L")
    grey_alpha = Image.fromarray(smooth(WIDTH, HEIGHT, 2), "LA")
    palette = rgb.quantize(16)
    cmyk = Image.fromarray(smooth(WIDTH, HEIGHT, 4), "CMYK")
    other = Image.fromarray(255 - smooth(WIDTH, HEIGHT, 3))
    made = {
        "rgb.png": saved(rgb, "PNG"),
        "rgba.png": saved(rgba, "PNG"),
        "grey.png": saved(grey, "PNG"),
        "grey-alpha.png": saved(grey_alpha, "PNG"),
        "grey-transparent.png": saved(grey, "PNG", transparency=grey.getpixel((3, 3))),
        "rgb-transparent.png": saved(rgb, "PNG", transparency=rgb.getpixel((3, 3))),
        "bits.png": saved(rgb.convert("1"), "PNG"),
        "palette.png": saved(palette, "PNG"),
        "palette-transparent.png": saved(palette, "PNG", transparency=bytes(range(0, 256, 16))),
        "rgb16.png": png16(smooth(WIDTH, HEIGHT, 3, 65_535)),
        "rgba16.png": png16(smooth(WIDTH, HEIGHT, 4, 65_535)),
        "grey16.png": png16(smooth(WIDTH, HEIGHT, 1, 65_535)),
        "grey-alpha16.png": png16(smooth(WIDTH, HEIGHT, 2, 65_535)),
        "animated.png": saved(rgb, "PNG", save_all=True, append_images=[other]),
        "rgb.jpg": saved(rgb, "JPEG", quality=92, subsampling=0),
        "subsampled.jpg": saved(rgb, "JPEG", quality=92, subsampling=2),
        "progressive.jpg": saved(rgb, "JPEG", quality=92, progressive=True),
        "grey.jpg": saved(grey, "JPEG", quality=92),
        "cmyk.jpg": saved(cmyk, "JPEG", quality=95),
        "lossless.webp": saved(rgb, "WEBP", lossless=True),
        "lossy.webp": saved(rgb, "WEBP", quality=92),
        "rgba.webp": saved(rgba, "WEBP", lossless=True, exact=True),
        "animated.webp": saved(rgb, "WEBP", save_all=True, append_images=[other], lossless=True),
        "palette.gif": saved(palette, "GIF"),
        "transparent.gif": saved(palette, "GIF", transparency=3),
        "animated.gif": saved(palette, "GIF", save_all=True, append_images=[other.quantize(16)]),
        "rgb.bmp": saved(rgb, "BMP"),
        "palette.bmp": saved(palette, "BMP"),
        "grey.bmp": saved(grey, "BMP"),
        "rgb.tif": saved(rgb, "TIFF"),
        "lzw.tif": saved(rgb, "TIFF", compression="tiff_lzw"),
        "grey.tif": saved(grey, "TIFF"),
        "rgba.tif": saved(rgba, "TIFF"),
        "cmyk.tif": saved(cmyk, "TIFF"),
    }
    adobe = made["cmyk.jpg"].index(b"Adobe")
    ycck = bytearray(made["cmyk.jpg"])
    ycck[adobe + 11] = 2  # The same numbers, said to be YCCK.
    made["ycck.jpg"] = bytes(ycck)
    for turn in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        made[f"turned-{turn}.jpg"] = saved(rgb, "JPEG", quality=92, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    made["turned-6.png"] = saved(rgb, "PNG", exif=exif)
    made["turned-6.webp"] = saved(rgb, "WEBP", lossless=True, exif=exif)
    return made


def settings() -> list[tuple[type, dict, list[tuple[int, int]]]]:
    """Processor, what its file says beyond its class, and sizes of pictures."""
    sizes = [(512, 512), (640, 480), (131, 257), (40, 30), (224, 224)]
    return [
        (CLIPImageProcessorPil, {}, sizes + [(2_000, 3), (1, 1)]),
        (CLIPImageProcessorPil, {"size": {"shortest_edge": 100}, "crop_size": {"height": 121, "width": 90}}, sizes),
        (CLIPImageProcessorPil, {"do_resize": False}, [(512, 512), (100, 300), (201, 99)]),
        (SiglipImageProcessorPil, {}, sizes),
        (SiglipImageProcessorPil, {"size": {"height": 256, "width": 256}, "resample": 2}, sizes + [(256, 256), (256, 90)]),
        (SiglipImageProcessorPil, {"size": {"height": 384, "width": 320}, "resample": 1}, sizes),
        (ViTImageProcessorPil, {}, sizes),
        (ViTImageProcessorPil, {"size": 96, "do_normalize": False, "resample": 5}, sizes),
        (ViTImageProcessorPil, {"size": 96, "do_rescale": False, "resample": 4, "image_mean": [127.0] * 3}, sizes),
        (BitImageProcessorPil, {"size": {"shortest_edge": 256}, "image_mean": [0.485, 0.456, 0.406]}, sizes),
        (DeiTImageProcessorPil, {}, sizes),
        (EfficientNetImageProcessorPil, {"resample": 0}, sizes),
        (EfficientNetImageProcessorPil, {"rescale_factor": 1 / 127.5, "rescale_offset": True, "include_top": False}, sizes),
    ]


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    decode = out / "decode"
    decode.mkdir(parents=True, exist_ok=True)
    listed = {}
    for name, data in files().items():
        (decode / name).write_bytes(data)
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        pixels = convert_to_rgb(image, return_numpy=True)
        bare = numpy.array(image.convert("RGB"))
        kept = {"width": pixels.shape[1], "height": pixels.shape[0], "mode": image.mode}
        (decode / f"{name}.rgb").write_bytes(pixels.tobytes())
        if (bare != pixels).any():
            (decode / f"{name}.bare.rgb").write_bytes(bare.tobytes())
        listed[name] = kept
    (out / "decode.json").write_text(json.dumps(listed, indent=1) + "\n")

    cases = []
    for processor, said, sizes in settings():
        config = json.loads(processor(**said).to_json_string())
        short = {"image_processor_type": config["image_processor_type"], **said}
        for width, height in sizes:
            values = processor(**said)(Image.fromarray(pattern(width, height)), return_tensors="np")["pixel_values"][0]
            assert values.dtype == (numpy.float32)
            case = {"config": short, "saved": config, "width": width, "height": height, "shape": list(values.shape)}
            case["sha256"] = hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()
            case["first"] = [float(value) for value in values.reshape(-1)[:4]]
            cases.append(case)
    versions = {"pillow": PIL.__version__, "transformers": transformers.__version__, "numpy": numpy.__version__}
    (out / "preparations.json").write_text(json.dumps({"versions": versions, "cases": cases}, indent=None) + "\n")


if __name__ == "__main__":
    main()
