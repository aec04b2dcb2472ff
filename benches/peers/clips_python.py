"""The peer of `vitrine embed`: dance videos to five vectors, as a careful person writes it in Python.

    clips_python.py VIDEOS WORKERS MINILM_FOLDER POSE.onnx [DETECTOR.onnx]

OpenCV decodes, `onnxruntime` runs the networks on one thread a worker, librosa hears (ffmpeg gives it
the sound), MiniLM reads one sentence a clip by onnxruntime and `tokenizers`. Of a folder that holds
`modules.json`, as the hub has it, sentence-transformers reads it, through torch: that is 6 GB on disk
and starts slower. POSE is MoveNet MultiPose; with a
DETECTOR (NanoDet) it is a SimCC network. Workers are processes, each with its own networks.

Tracking and vectors of motion are the least that could do: nearest boxes, 32 moments of the joints of
the two who are there longest. Prints one JSON line: seconds until all workers were ready (imports,
networks, first calls of librosa), seconds of all clips, and what came out.
"""

import os
import sys
import time

STARTED = time.perf_counter()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import json
import multiprocessing
import pathlib
import subprocess

import cv2
import librosa
import numpy as np
import onnxruntime
from librosa_features import RATE, features
from tokenizers import Tokenizer

FPS = 15
PEOPLE_MAX, SCORE_MIN, BOX_SCORE_MIN, OVERLAP_MAX = 8, 0.2, 0.35, 0.5
MOVENET_SIDE, NANODET_SIDE = 256, 416
SIMCC_WIDTH, SIMCC_HEIGHT, PADDING = 192, 256, 1.25
MEAN, STD = np.float32([123.675, 116.28, 103.53]), np.float32([58.395, 57.12, 57.375])
MOMENTS = 32


def session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def frames(path: pathlib.Path):
    """Frames of a video, sampled by their timestamps; only those are converted to pixels."""
    video = cv2.VideoCapture(str(path))
    wanted = 0
    while video.grab():
        time_s = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if time_s * FPS + 1e-6 < wanted:
            continue
        wanted = int(time_s * FPS + 1e-6) + 1
        good, bgr = video.retrieve()
        if good:
            yield time_s, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    video.release()


def letterbox(rgb: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    height, width = rgb.shape[:2]
    scale = min(side / width, side / height)
    square = np.zeros((side, side, 3), np.uint8)
    small = cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_LINEAR)
    square[: small.shape[0], : small.shape[1]] = small
    return square, scale


class MultiPose:
    def __init__(self, path: str):
        self.net = session(path)
        self.input = self.net.get_inputs()[0].name

    def look(self, rgb: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Boxes (left, top, right, bottom) and joints `[17, 3]` in pixels."""
        square, scale = letterbox(rgb, MOVENET_SIDE)
        rows = self.net.run(None, {self.input: square[None].astype(np.int32)})[0][0]
        people = []
        for row in rows[rows[:, 55] >= SCORE_MIN]:
            joints = row[:51].reshape(17, 3)[:, [1, 0, 2]] * [MOVENET_SIDE / scale, MOVENET_SIDE / scale, 1]
            people.append((row[[52, 51, 54, 53]] * (MOVENET_SIDE / scale), joints))
        return people


class TopDown:
    def __init__(self, path: str, detector: str):
        self.net, self.detector = session(path), session(detector)
        self.outputs = [port.name for port in self.detector.get_outputs()]
        # NanoDet's heads by the side of their grid: classes (80) and distances (4 x 11 bins).
        self.heads = {"Identity:0": 8, "Identity_1:0": 16, "Identity_2:0": 32}
        self.distances = {8: "Identity_3:0", 16: "Identity_4:0", 32: "Identity_5:0"}

    def boxes(self, rgb: np.ndarray) -> list[list[float]]:
        square, scale = letterbox(rgb, NANODET_SIDE)
        tensor = ((square[:, :, ::-1].astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        out = dict(zip(self.outputs, self.detector.run(None, {"input_1:0": tensor})))
        found, scores = [], []
        for name, stride in self.heads.items():
            score = out[name][0, :, 0]
            at = np.flatnonzero(score >= BOX_SCORE_MIN)
            bins = out[self.distances[stride]][0][at].reshape(-1, 4, 11)
            bins = np.exp(bins - bins.max(-1, keepdims=True))
            sides = (bins / bins.sum(-1, keepdims=True)) @ np.arange(11) * stride
            columns = NANODET_SIDE // stride
            centres = np.stack([at % columns + 0.5, at // columns + 0.5], 1) * stride
            corners = np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], 1) / scale
            found += corners.tolist()
            scores += score[at].tolist()
        rectangles = [[left, top, right - left, bottom - top] for left, top, right, bottom in found]
        kept = cv2.dnn.NMSBoxes(rectangles, scores, BOX_SCORE_MIN, OVERLAP_MAX)
        return [found[at] for at in np.array(kept).reshape(-1)[:PEOPLE_MAX]]

    def look(self, rgb: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        boxes = self.boxes(rgb)
        if not boxes:
            return []
        scales, centres, crops = [], [], []
        for left, top, right, bottom in boxes:
            centre = np.array([(left + right) / 2, (top + bottom) / 2])
            k = SIMCC_WIDTH / (PADDING * max(right - left, (bottom - top) * SIMCC_WIDTH / SIMCC_HEIGHT, 1))
            matrix = np.array([[k, 0, SIMCC_WIDTH / 2 - k * centre[0]], [0, k, SIMCC_HEIGHT / 2 - k * centre[1]]])
            crop = cv2.warpAffine(rgb, matrix, (SIMCC_WIDTH, SIMCC_HEIGHT), flags=cv2.INTER_LINEAR)
            crops.append(((crop.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1))
            scales.append(k)
            centres.append(centre)
        people = []
        for crop, box, k, centre in zip(crops, boxes, scales, centres):  # The file takes one at a time.
            xs, ys = self.net.run(["simcc_x", "simcc_y"], {"input": crop[None]})
            x, y = xs[0].argmax(-1) / 2, ys[0].argmax(-1) / 2
            score = np.minimum(xs[0].max(-1), ys[0].max(-1))
            joints = np.stack(
                [(x - SIMCC_WIDTH / 2) / k + centre[0], (y - SIMCC_HEIGHT / 2) / k + centre[1], score], 1
            )
            people.append((np.array(box), joints))
        return people


def tracks(moments: list) -> list[list[tuple[float, np.ndarray]]]:
    """Each person goes on with the track whose box was nearest."""
    open_tracks: list[dict] = []
    for time_s, people in moments:
        free = list(range(len(open_tracks)))
        for box, joints in people:
            centre, size = (box[:2] + box[2:]) / 2, max(float(box[3] - box[1]), 1.0)
            away = [(np.linalg.norm(open_tracks[at]["centre"] - centre), at) for at in free]
            near, at = min(away, default=(np.inf, -1))
            if near > size:
                open_tracks.append({"seen": []})
                at = len(open_tracks) - 1
            else:
                free.remove(at)
            open_tracks[at]["centre"] = centre
            open_tracks[at]["seen"].append((time_s, joints))
    return sorted((track["seen"] for track in open_tracks), key=len, reverse=True)


def motion(seen: list[tuple[float, np.ndarray]], moments: np.ndarray) -> np.ndarray:
    """Joints around the hips at moments of the clip, in heights of the body: `[MOMENTS, 34]`."""
    times = np.array([time_s for time_s, _ in seen])
    joints = np.stack([joints[:, :2] for _, joints in seen])
    joints = joints - joints[:, 11:13].mean(1, keepdims=True)
    joints = joints / max(float(np.ptp(joints[:, :, 1], axis=1).mean()), 1.0)
    flat = joints.reshape(len(seen), -1)
    return np.stack([np.interp(moments, times, column) for column in flat.T], 1)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def sound(path: pathlib.Path) -> np.ndarray | None:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    answer = subprocess.run(command, capture_output=True)
    samples = np.frombuffer(answer.stdout, np.float32)
    if len(samples) < RATE // 2:
        return None
    parts = [[np.mean(part, -1), np.std(part, -1)] for part in features(samples)]
    return unit(np.concatenate([np.ravel(part) for both in parts for part in both]))


class MiniLm:
    def __init__(self, folder: pathlib.Path):
        self.net = session(str(folder / "onnx" / "model.onnx"))
        self.inputs = [port.name for port in self.net.get_inputs()]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()

    def embed(self, text: str) -> np.ndarray:
        ids = np.array([self.tokenizer.encode(text).ids], np.int64)
        values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        tokens = self.net.run(None, {name: values[name] for name in self.inputs})[0]
        return unit(tokens[0].mean(0))


class SentenceTransformers:
    def __init__(self, folder: pathlib.Path):
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        self.model = SentenceTransformer(str(folder), device="cpu")

    def embed(self, text: str) -> np.ndarray:
        return unit(self.model.encode(text))


class Pipeline:
    def __init__(self, minilm: str, pose: str, detector: str | None):
        cv2.setNumThreads(1)
        self.eye = TopDown(pose, detector) if detector else MultiPose(pose)
        folder = pathlib.Path(minilm)
        self.text = (SentenceTransformers if (folder / "modules.json").is_file() else MiniLm)(folder)
        features(np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32))  # numba compiles.

    def embed(self, path: pathlib.Path) -> dict:
        moments = [(time_s, self.eye.look(rgb)) for time_s, rgb in frames(path)]
        when = np.linspace(0, moments[-1][0], MOMENTS)
        longest = [motion(seen, when) for seen in tracks(moments)[:2]]
        vectors = {name: unit(curve.ravel()) for name, curve in zip(("lead", "follow"), longest)}
        if len(longest) == 2:
            vectors["interaction"] = unit((longest[0] - longest[1]).ravel())
        heard = sound(path)
        if heard is not None:
            vectors["audio"] = heard
        vectors["text"] = self.text.embed(f"A couple dances {path.stem.replace('_', ' ')}.")
        return {"clip": path.name, "frames": len(moments), "people": sum(len(people) for _, people in moments),
                "vectors": sorted(vectors)}


PIPELINE = None


def prepare(arguments: list, ready) -> None:
    global PIPELINE
    PIPELINE = Pipeline(*arguments)
    ready.wait()  # No clip before all are ready: starts are told apart from work.


def embed(path: pathlib.Path) -> dict:
    return PIPELINE.embed(path)


def main() -> None:
    videos, workers, minilm, pose, *detector = sys.argv[1:]
    arguments = [minilm, pose, detector[0] if detector else None]
    paths = sorted(path for path in pathlib.Path(videos).iterdir() if path.suffix in (".mp4", ".avi"))
    context = multiprocessing.get_context("fork")
    if workers == "1":
        pipeline = Pipeline(*arguments)
        began = time.perf_counter()
        clips = [pipeline.embed(path) for path in paths]
    else:
        ready = context.Barrier(int(workers) + 1)
        with context.Pool(int(workers), prepare, (arguments, ready)) as pool:
            ready.wait()
            began = time.perf_counter()
            clips = pool.map(embed, paths, chunksize=1)
    ended = time.perf_counter()
    versions = {"opencv": cv2.__version__, "onnxruntime": onnxruntime.__version__, "librosa": librosa.__version__}
    print(json.dumps({"start_s": began - STARTED, "clips_s": ended - began, "clips": clips, "versions": versions}))


if __name__ == "__main__":
    main()
