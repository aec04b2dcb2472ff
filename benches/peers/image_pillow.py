"""Preprocesses one picture with Pillow and numpy as `transformers`' `PilBackend` does.

    image_pillow.py PIXELS WIDTH HEIGHT PREPROCESSOR_CONFIG

Written out here so that the benchmark needs no transformers: the same calls in the same order, and
without its checks of arguments, which only makes it faster.
"""

import hashlib
import json
import pathlib
import sys
import time

import numpy
import PIL
from PIL import Image

MEANS = {"CLIP": [0.48145466, 0.4578275, 0.40821073], "Siglip": [0.5] * 3}
STDS = {"CLIP": [0.26862954, 0.26130258, 0.27577711], "Siglip": [0.5] * 3}


def prepare(image: Image.Image, config: dict) -> numpy.ndarray:
    size = config["size"]
    if "shortest_edge" in size:
        short, long = sorted(image.size)
        longer = int(size["shortest_edge"] * long / short)
        to = (size["shortest_edge"], longer) if image.width <= image.height else (longer, size["shortest_edge"])
    else:
        to = (size["width"], size["height"])
    values = numpy.array(image.resize(to, Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    if "crop_size" in config:
        high, wide = config["crop_size"]["height"], config["crop_size"]["width"]
        top, left = (values.shape[1] - high) // 2, (values.shape[2] - wide) // 2
        values = values[:, top : top + high, left : left + wide]
    values = (values.astype(numpy.float64) * (1 / 255)).astype(numpy.float32)
    family = config["image_processor_type"].removesuffix("ImageProcessor")
    mean, std = (numpy.array(kept[family], dtype=numpy.float32) for kept in (MEANS, STDS))
    return numpy.ascontiguousarray(((values.T - mean) / std).T)


def main() -> None:
    assert int(PIL.__version__.split(".")[0]) < 13, f"Pillow {PIL.__version__} weighs in another order"
    pixels, width, height, config = sys.argv[1:]
    image = Image.frombytes("RGB", (int(width), int(height)), pathlib.Path(pixels).read_bytes())
    config = json.loads(pathlib.Path(config).read_text())
    digest = hashlib.sha256(prepare(image, config).astype("<f4").tobytes()).hexdigest()
    print(json.dumps({"sha256": digest}), flush=True)
    for line in sys.stdin:
        started = time.process_time()
        for _ in range(int(line)):
            prepare(image, config)
        print(json.dumps({"cpu_secs": time.process_time() - started}), flush=True)


if __name__ == "__main__":
    main()
