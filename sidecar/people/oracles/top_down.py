#!/usr/bin/env python3
"""What OpenCV and ONNX Runtime find with nanodet.onnx and movenet-thunder-as-rtmpose-simcc.onnx, and with movenet-lightning.onnx on
whole pictures: the oracle of tests/real_networks.rs. Written from the formats alone; shares no code with the crate.

    pip install onnxruntime opencv-python-headless numpy
    top_down.py MODELS MEDIA > top_down.json
"""
import json
import sys

import cv2
import numpy as np
import onnxruntime as ort

MODELS, MEDIA = sys.argv[1:3]
PICTURES = ["three_people.jpg", "000000000785.jpg", "000000040083.jpg"]
SCORE_MIN, OVERLAP_MAX, PEOPLE_MAX = 0.35, 0.5, 8


def session(name):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(f"{MODELS}/{name}", options, providers=["CPUExecutionProvider"])


DETECTOR = session("nanodet.onnx")
POSE = session("movenet-thunder-as-rtmpose-simcc.onnx")
LIGHTNING = session("movenet-lightning.onnx")
HEADS = [(8, "Identity:0", "Identity_3:0"), (16, "Identity_1:0", "Identity_4:0"), (32, "Identity_2:0", "Identity_5:0")]


def overlap(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = lambda c: (c[2] - c[0]) * (c[3] - c[1])
    return w * h / (area(a) + area(b) - w * h)


def detect(bgr):
    h, w = bgr.shape[:2]
    k = min(416 / w, 416 / h)
    small = cv2.resize(bgr, (round(w * k), round(h * k)), interpolation=cv2.INTER_LINEAR)
    square = np.zeros((416, 416, 3), np.float32)
    square[: small.shape[0], : small.shape[1]] = small
    tensor = ((square - 127) / 128).transpose(2, 0, 1)[None].astype(np.float32)
    names = [o.name for o in DETECTOR.get_outputs()]
    out = dict(zip(names, DETECTOR.run(None, {"input_1:0": tensor})))
    found = []
    for stride, scores, distances in HEADS:
        columns = 416 // stride
        bins = out[distances][0].reshape(-1, 4, 11)
        bins = np.exp(bins - bins.max(-1, keepdims=True))
        sides = (bins / bins.sum(-1, keepdims=True)) @ np.arange(11) * stride
        for at, score in enumerate(out[scores][0, :, 0]):
            if score >= SCORE_MIN:
                x, y = (at % columns + 0.5) * stride, (at // columns + 0.5) * stride
                left, top, right, bottom = sides[at]
                box = np.clip([x - left, y - top, x + right, y + bottom], 0, 416) / k
                box = np.clip(box, 0, [w, h, w, h])
                found.append((float(score), box.tolist()))
    kept = []
    for score, box in sorted(found, reverse=True):
        if len(kept) < PEOPLE_MAX and all(overlap(box, other) <= OVERLAP_MAX for _, other in kept):
            kept.append((score, box))
    return kept


def affine(box, width, height, padding):
    left, top, right, bottom = box
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    wide = max((right - left) * padding, (bottom - top) * padding * width / height)
    k = width / wide
    return np.array([[k, 0, width / 2 - k * centre[0]], [0, k, height / 2 - k * centre[1]]]), k, centre


def pose(rgb, box):
    matrix, k, centre = affine(box, 192, 256, 1.25)
    crop = cv2.warpAffine(rgb, matrix, (192, 256), flags=cv2.INTER_LINEAR).astype(np.float32)
    crop = (crop - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    xs, ys = POSE.run(["simcc_x", "simcc_y"], {"input": crop.transpose(2, 0, 1)[None].astype(np.float32)})
    joints = []
    for along_x, along_y in zip(xs[0], ys[0]):
        x, y = along_x.argmax() / 2, along_y.argmax() / 2
        score = float(np.clip(min(along_x.max(), along_y.max()), 0, 1))
        joints.append([float((x - 96) / k + centre[0]), float((y - 128) / k + centre[1]), score])
    return joints


def lightning(rgb):
    h, w = rgb.shape[:2]
    matrix, k, centre = affine([0, 0, w, h], 192, 192, 1.0)
    crop = cv2.warpAffine(rgb, matrix, (192, 192), flags=cv2.INTER_LINEAR).astype(np.int32)
    rows = LIGHTNING.run(None, {"input:0": crop[None]})[0][0, 0]
    return [[float((x * 192 - 96) / k + centre[0]), float((y * 192 - 96) / k + centre[1]), float(s)] for y, x, s in rows]


def rounded(value):
    return [rounded(v) for v in value] if isinstance(value, list) else round(value, 3)


result = {"onnxruntime": ort.__version__, "opencv": cv2.__version__, "files": {}}
for name in PICTURES:
    bgr = cv2.imread(f"{MEDIA}/{name}")
    rgb = np.ascontiguousarray(bgr[:, :, ::-1])
    people = [
        {"score": round(score, 4), "bounds": rounded(box), "joints": rounded(pose(rgb, box))} for score, box in detect(bgr)
    ]
    result["files"][name] = {"people": people, "lightning": rounded(lightning(rgb))}
json.dump(result, sys.stdout)
