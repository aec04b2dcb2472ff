"""The peer of `embed_speed`: Python's onnxruntime and tokenizers, as a careful person writes it.

    minilm_onnxruntime.py MODEL_FOLDER SENTENCES.json THREADS TEXTS_MAX TOKENS_MAX (sorted|given)

`sorted` makes the same batches as ours: longest first, rows by the token budget. `given` takes the
sentences in the order given, TEXTS_MAX at a time. Prints one JSON line a round, as ours does.
"""

import json
import pathlib
import sys
import time

import numpy
import onnxruntime
from tokenizers import Tokenizer

TOKENS_OF_A_TEXT_MAX = 256


class Model:
    def __init__(self, folder: pathlib.Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = str(folder / "onnx" / "model.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = [value.name for value in self.session.get_inputs()]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS_OF_A_TEXT_MAX)

    def run(self, rows: list[list[int]]) -> numpy.ndarray:
        longest = max(map(len, rows))
        ids = numpy.zeros((len(rows), longest), numpy.int64)
        mask = numpy.zeros_like(ids)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
            mask[at, : len(row)] = 1
        values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        tokens = self.session.run(None, {name: values[name] for name in self.inputs})[0]
        pooled = numpy.einsum("btd,bt->bd", tokens, mask.astype(numpy.float32))
        return pooled / numpy.linalg.norm(pooled, axis=1, keepdims=True)

    def embed(self, sentences: list[str], texts_max: int, tokens_max: int, order: str) -> numpy.ndarray:
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(sentences)]
        vectors = numpy.empty((len(rows), 384), numpy.float32)
        for batch in batches([len(row) for row in rows], texts_max, tokens_max, order):
            vectors[batch] = self.run([rows[text] for text in batch])
        return vectors


def batches(lengths: list[int], texts_max: int, tokens_max: int, order: str) -> list[list[int]]:
    texts = list(range(len(lengths)))
    if order == "given":
        return [texts[at : at + texts_max] for at in range(0, len(texts), texts_max)]
    texts.sort(key=lambda text: -lengths[text])
    made, at = [], 0
    while at < len(texts):
        rows = max(1, min(texts_max, tokens_max // lengths[texts[at]]))
        made.append(texts[at : at + rows])
        at += rows
    return made


def main() -> None:
    folder, file, threads, texts_max, tokens_max, order = sys.argv[1:]
    sentences = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    started = time.perf_counter()
    model = Model(pathlib.Path(folder), int(threads))
    load_secs = time.perf_counter() - started
    arguments = (int(texts_max), int(tokens_max), order)
    model.embed(sentences[:256], *arguments)
    print(json.dumps({"load_secs": load_secs}), flush=True)
    for _ in sys.stdin:
        started, cpu = time.perf_counter(), time.process_time()
        vectors = model.embed(sentences, *arguments)
        wall_secs, cpu_secs = time.perf_counter() - started, time.process_time() - cpu
        answer = {"wall_secs": wall_secs, "cpu_secs": cpu_secs, "sum": float(vectors[:, 0].sum())}
        print(json.dumps(answer), flush=True)


main()
