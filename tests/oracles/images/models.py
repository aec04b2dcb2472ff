#!/usr/bin/env python3
"""Writes tests/data/images/{clip,siglip,siglip2}/: tiny dual encoders with random weights from a fixed
seed, exported to ONNX as optimum does and to TorchScript, and the vectors that `transformers` gives
with them.

Run with torch, transformers, onnx, tokenizers, pillow and numpy installed: python models.py OUT
"""

import json
import pathlib
import sys

import numpy
import onnx
import tokenizers
import torch
import transformers
from PIL import Image
from pictures import pattern
from tokenizers import Regex, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

SEED = 5
TEXTS = [
    "a red chair",
    "A Photo of TWO wooden tables, one small!",
    "forklift",
    "",
    "naïve café — 桌子",
    "a very long description of a robot that lifts pallets " * 12,
]
PICTURES = [(64, 64), (80, 50), (31, 70)]
WORDS = "a the red wooden photo of chair table robot forklift lifts pallets that very long description small".split()


class Vision(torch.nn.Module):
    """pixel_values to what optimum's vision_model.onnx gives."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, pixel_values):
        hidden = self.model.vision_model(pixel_values=pixel_values)
        if "image_embeds" in self.names:
            return self.model.visual_projection(hidden.pooler_output), hidden.last_hidden_state
        return hidden.last_hidden_state, hidden.pooler_output


class Text(torch.nn.Module):
    """input_ids to what optimum's text_model.onnx gives."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, input_ids, attention_mask=None):
        hidden = self.model.text_model(input_ids=input_ids, attention_mask=attention_mask)
        if "text_embeds" in self.names:
            return self.model.text_projection(hidden.pooler_output), hidden.last_hidden_state
        return hidden.last_hidden_state, hidden.pooler_output


class Both(torch.nn.Module):
    """As optimum's model.onnx of a dual encoder."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, pixel_values):
        out = self.model(input_ids=input_ids, pixel_values=pixel_values)
        return out.logits_per_image, out.logits_per_text, out.text_embeds, out.image_embeds


def export(module, inputs: dict, outputs: list[str], path: pathlib.Path) -> None:
    axes = {name: {0: "image_batch_size" if name == "pixel_values" else "text_batch_size"} for name in inputs}
    for name in inputs:
        if name != "pixel_values":
            axes[name][1] = "sequence_length"
    batch = {"image_embeds": "image_batch_size", "text_embeds": "text_batch_size"}
    axes |= {name: {0: batch.get(name, "batch_size")} for name in outputs}
    torch.onnx.export(
        module.eval(),
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(path))


class Vector(torch.nn.Module):
    """The one output that is wanted of an encoder, by position."""

    def __init__(self, module, at: int):
        super().__init__()
        self.module, self.at = module, at

    def forward(self, *inputs):
        return self.module(*inputs)[self.at]


def trace(module, at: int, inputs: tuple, path: pathlib.Path) -> None:
    """TorchScript with one output; rows of another number than it was traced with must give the same."""
    module = Vector(module, at).eval()
    with torch.no_grad():
        traced = torch.jit.trace(module, tuple(given[:2] for given in inputs))
        torch.jit.save(traced, path)
        again = torch.jit.load(path)
        torch.testing.assert_close(again(*inputs), module(*inputs))
        torch.testing.assert_close(again(*[given[:1] for given in inputs]), module(*[given[:1] for given in inputs]))


def clip_tokenizer() -> tokenizers.Tokenizer:
    """CLIP's own pipeline over a small vocabulary."""
    made = tokenizers.Tokenizer(
        models.BPE(unk_token="<|endoftext|>", continuing_subword_prefix="", end_of_word_suffix="</w>")
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    split = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
    )
    made.train_from_iterator(WORDS * 3, trainer)
    end, start = made.token_to_id("<|endoftext|>"), made.token_to_id("<|startoftext|>")
    made.post_processor = processors.RobertaProcessing(
        ("<|endoftext|>", end), ("<|startoftext|>", start), trim_offsets=False, add_prefix_space=False
    )
    return made


def siglip_tokenizer() -> tokenizers.Tokenizer:
    """SigLIP's: sentence pieces of text in lower case without punctuation, closed by `</s>`."""
    made = tokenizers.Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>")
    made.train_from_iterator(WORDS * 3, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


def siglip2_tokenizer() -> tokenizers.Tokenizer:
    """SigLIP 2's: Gemma's with bytes for what it does not know, in lower case, padded by its own file."""
    vocabulary = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    vocabulary += ["▁"] + sorted(set("".join(WORDS)))
    made = tokenizers.Tokenizer(
        models.BPE(
            vocab={token: at for at, token in enumerate(vocabulary)},
            merges=[],
            fuse_unk=True,
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    made.add_special_tokens(["<pad>", "<eos>", "<bos>", "<unk>"])
    made.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    made.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    made.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    made.enable_truncation(16)
    made.enable_padding(length=16, pad_id=0, pad_token="<pad>")
    return made


def padded(tokenizer: tokenizers.Tokenizer, length: int, pad_token: str):
    """Ids and mask as the fast tokenizer gives them with padding="max_length", truncation=True."""
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad_token, padding_side="right")
    told = fast(TEXTS, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    return told["input_ids"], told["attention_mask"]


def unit(vectors) -> list[list[float]]:
    return torch.nn.functional.normalize(vectors.detach().double(), dim=-1).tolist()


def make(folder: pathlib.Path, model, tokenizer, length, pad_token, processor, one_file: bool, has_mask: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval().float()
    for parameter in model.parameters():
        # Random weights of a trained model's size: with initial ones every vector is nearly the same.
        torch.nn.init.normal_(parameter, std=0.2) if parameter.dim() > 1 else None
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": length, "pad_token": pad_token}))
    model.config.to_json_file(str(folder / "config.json"), use_diff=True)
    processor.save_pretrained(folder)
    ids, mask = padded(tokenizer, length, pad_token)
    pictures = [Image.fromarray(pattern(*size)) for size in PICTURES]
    pixels = torch.from_numpy(numpy.stack(processor(pictures)["pixel_values"]))
    with torch.no_grad():
        texts = model.get_text_features(input_ids=ids, **({"attention_mask": mask} if has_mask else {}))
        images = model.get_image_features(pixel_values=pixels)
        texts, images = [getattr(out, "pooler_output", out) for out in (texts, images)]
        has_projection = hasattr(model, "visual_projection")
        if one_file:
            names = ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]
            inputs = {"input_ids": ids[:2], "pixel_values": pixels[:1]}
            export(Both(model), inputs, names, folder / "model.onnx")
        else:
            names = ["image_embeds", "last_hidden_state"] if has_projection else ["last_hidden_state", "pooler_output"]
            export(Vision(model, names), {"pixel_values": pixels[:2]}, names, folder / "vision_model.onnx")
            names = ["text_embeds", "last_hidden_state"] if has_projection else names
            inputs = {"input_ids": ids[:2]} | ({"attention_mask": mask[:2]} if has_mask else {})
            export(Text(model, names), inputs, names, folder / "text_model.onnx")
    names = ["image_embeds", "last_hidden_state"] if has_projection else ["last_hidden_state", "pooler_output"]
    trace(Vision(model, names), 0 if has_projection else 1, (pixels,), folder / "vision_model.pt")
    names = ["text_embeds", "last_hidden_state"] if has_projection else names
    given = (ids, mask) if has_mask else (ids,)
    trace(Text(model, names), 0 if has_projection else 1, given, folder / "text_model.pt")
    kept = {
        "texts": TEXTS,
        "input_ids": ids.tolist(),
        "text_vectors": unit(texts),
        "pictures": PICTURES,
        "image_vectors": unit(images),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    (folder / "expected.json").write_text(json.dumps(kept) + "\n")


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    torch.manual_seed(SEED)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = small | {"image_size": 32, "patch_size": 8}

    tokenizer = clip_tokenizer()
    end = tokenizer.token_to_id("<|endoftext|>")
    ids = {"bos_token_id": tokenizer.token_to_id("<|startoftext|>"), "eos_token_id": end, "pad_token_id": end}
    text = small | ids | {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 77}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)
    sides = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    processor = CLIPImageProcessorPil(**sides)
    make(out / "clip", CLIPModel(config), tokenizer, 77, "<|endoftext|>", processor, False, True)

    processor = SiglipImageProcessorPil(size={"height": 32, "width": 32})
    tokenizer = siglip_tokenizer()
    ids = {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 1}
    text = small | ids | {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 64}
    config = SiglipConfig(text_config=text, vision_config=vision)
    make(out / "siglip", SiglipModel(config), tokenizer, 64, "</s>", processor, False, False)

    processor = SiglipImageProcessorPil(size={"height": 32, "width": 32}, resample=2)
    tokenizer = siglip2_tokenizer()
    text = small | {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 16}
    config = SiglipConfig(text_config=text, vision_config=vision)
    make(out / "siglip2", SiglipModel(config), tokenizer, 16, "<pad>", processor, True, False)


if __name__ == "__main__":
    main()
