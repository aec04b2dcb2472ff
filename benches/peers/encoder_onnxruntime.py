"""The peer of `encoder_speed`: Python's onnxruntime, Pillow and numpy, as a careful person writes it.

    encoder_onnxruntime.py MODEL_FOLDER PIXELS WIDTH HEIGHT PICTURES BATCH THREADS

Prints one JSON line a round, as ours does.
"""

import json
import pathlib
import sys
import time

import numpy
import onnxruntime
from PIL import Image

SIDE = 224


def prepare(picture: Image.Image) -> numpy.ndarray:
    """What the model's preprocessor_config.json says: resize to 224 × 224, (pixel − 127) / 128."""
    resized = numpy.asarray(picture.resize((SIDE, SIDE), Image.BICUBIC), numpy.float32)
    return ((resized - 127) / 128).transpose(2, 0, 1)


def main() -> None:
    folder, file, *numbers = sys.argv[1:]
    width, height, pictures, batch, threads = map(int, numbers)
    raw = pathlib.Path(file).read_bytes()
    size = width * height * 3
    images = [Image.frombytes("RGB", (width, height), raw[at * size : (at + 1) * size]) for at in range(pictures)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    started = time.perf_counter()
    path = str(pathlib.Path(folder) / "model.onnx")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    load_secs = time.perf_counter() - started
    name = session.get_inputs()[0].name

    def run(values: numpy.ndarray) -> numpy.ndarray:
        vectors = session.run(["image_embeds"], {name: values})[0]
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    parts = [images[at : at + batch] for at in range(0, pictures, batch)]
    prepared = [numpy.stack([prepare(picture) for picture in part]) for part in parts]
    for values in prepared:
        run(values)
    print(json.dumps({"load_secs": load_secs}), flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        if line.strip() == "encoder":
            vectors = [run(values) for values in prepared]
        else:
            vectors = [run(numpy.stack([prepare(picture) for picture in part])) for part in parts]
        told = {"wall_secs": time.perf_counter() - wall, "cpu_secs": time.process_time() - cpu}
        told["sum"] = float(sum(rows[:, 0].sum() for rows in vectors))
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
