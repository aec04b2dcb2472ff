"""Writes sentences.json: 200 sentences like those that assets get, and those that break tokenizers.

    python3 tests/oracles/minilm/sentences.py
"""

import json
import pathlib

THINGS = """forklift; pallet of cardboard boxes; shelving unit, four levels; office desk with drawers; swivel chair;
desk lamp; coffee cup; kettle; kitchen sink; conveyor belt; hand truck; safety cone; fire extinguisher; filing cabinet;
meeting table for eight; whiteboard; street light; park bench; brick wall, weathered; oak tree; mountain bike;
electric guitar; chess set of black and white pieces; robot arm with six joints; quadruped robot; stone bridge;
loading dock; cable drum; garden hose; wooden crate""".replace("\n", " ").split("; ")

FORMS = [
    "{}",
    "A {} in a warehouse.",
    "photorealistic {} with PBR materials, Y-up, 0.01 metres per unit",
    "{}: 1.2 m wide, 0.8 m deep, 2.4 m high; 12,480 points, 3 materials, 2 cameras",
    "something you would use together with a {}",
]

HAND_WRITTEN = [
    "something to lift pallets with",
    "a place to sit and work",
    "light",
    "where do I put the boxes?",
    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
    "thequickbrownfoxjumpsoverthelazydog",
    "a",
    "I",
    ".",
    "...",
    "?!?!?!",
    "12345678901234567890",
    "3.14159 2.71828 1e-10 0x7f -40°C",
    "fork_lift-v2.final(1).usdz",
    "/Warehouse/Racks/Rack_A01/Shelf_03/Box_17",
    "https://example.org/assets/forklift.usd?version=3#root",
    "user@example.org",
    "naïve café, façade, Ångström, Zürich, São Paulo",
    "Straße, Übergrößenträger, Gabelstapler",
    "Œuvre d’art — « très » chère…",
    "Здравствуй, мир",
    "γειά σου Κόσμε",
    "שלום עולם",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "叉车",
    "一套完整的国际象棋，木质棋盘上摆放着黑白棋子",
    "仓库里的货架 with 4 levels",
    "こんにちは世界、倉庫のフォークリフト",
    "안녕하세요 세계",
    "🚜",
    "a forklift 🚜 lifts 📦📦📦",
    "👩‍🚀 and 🏳️‍🌈 are joined by zero-width joiners",
    "tab\tseparated\tvalues",
    "two\nlines\nand a third",
    "   leading and trailing spaces   ",
    "many     spaces     inside",
    "non\u00a0breaking\u00a0space, thin\u2009space, zero\u200bwidth",
    "combining: e\u0301 versus \u00e9",
    "control \u0001 character and a null-like \ufffd replacement",
    "[CLS] special [SEP] tokens [PAD] in [MASK] text [UNK]",
    "##wordpiece ##prefix ##ing",
    "don't can't won't it's we're o'clock",
    "\"quoted\" 'single' `backtick` “curly” ‘quotes’",
    "a-b_c.d,e;f:g!h?i/j\\k|l(m)n[o]p{q}r<s>t=u+v*w&x^y%z$#@~",
    "$5.99 €10 £3 ¥1000 50% 1/2 ½ ² ™ ® ©",
    "x" * 99,
    "x" * 100,
    "x" * 101,
    "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism",
    # 256 tokens is the limit: one below, at it, above it, far above it.
    " ".join(["box"] * 253),
    " ".join(["box"] * 254),
    " ".join(["box"] * 255),
    " ".join(["forklift carries a pallet"] * 120),
]


def main():
    made = [form.format(thing) for form in FORMS for thing in THINGS]
    sentences = (HAND_WRITTEN + made)[:200]
    assert len(sentences) == 200 and len(set(sentences)) == 200
    path = pathlib.Path(__file__).with_name("sentences.json")
    path.write_text(json.dumps(sentences, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


main()
