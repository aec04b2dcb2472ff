//! Random documents and random expressions over their fields. The same seed gives the same ones.

use serde_json::{Value, json};
use vitrine::asset::{Document, asset_id};
use vitrine::search::filter::{ALIASES, FIELDS, Kind};

/// A small generator of random numbers: xorshift.
pub struct Random(pub u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// One of `all`.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Yes, once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Texts that try order, case and escapes.
const TEXTS: [&str; 16] = [
    "",
    "a",
    "Lamp",
    "lamp",
    "desk lamp",
    "LAMP*?",
    "Zürich",
    "ZÜRICH",
    "叉车",
    "a.b",
    "x\\y",
    "\"q\"",
    "zz",
    "~",
    "(k)",
    "été",
];
const TIMES: [&str; 6] = [
    "2024-05-01T10:00:00Z",
    "2024-05-01T00:00:00Z",
    "2023-12-31T23:59:59Z",
    "2026-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2024-05-02T00:00:01Z",
];
const TIME_LITERALS: [&str; 8] = [
    "2024-05-01T10:00:00Z",
    "2024-05-01",
    "2024",
    "2026-01-01T00:00:00Z",
    "2023-12-31T23:59:5",
    "never",
    "",
    "2024-05-01T10:00:00Z!",
];
const NUMBERS: [f64; 12] = [0.0, 1.0, 2.0, 3.0, 9.0, 10.0, 11.0, 99.0, 100.0, 0.5, 2.25, 1_000.0];
const NAMES: [&str; 4] = ["Mesh", "Xform", "(untyped)", "a.b"];

/// Documents that differ in every field.
pub fn documents(random: &mut Random, count: usize) -> Vec<Value> {
    (0..count).map(|number| document(random, number)).collect()
}

fn document(random: &mut Random, number: usize) -> Value {
    let text = |random: &mut Random| random.of(&TEXTS);
    let texts = |random: &mut Random| -> Vec<&str> {
        (0..random.below(4)).map(|_| random.of(&TEXTS)).collect()
    };
    let whole = |random: &mut Random| random.of(&NUMBERS).trunc() as u64;
    let counts = |random: &mut Random| -> Value {
        let some = NAMES.iter().filter(|_| random.once_in(2)).copied().collect::<Vec<_>>();
        some.into_iter()
            .map(|name| (name.to_owned(), json!(whole(random))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let mut usd = json!({
        "up_axis": random.of(&["Y", "Z"]), "meters_per_unit": random.of(&NUMBERS),
        "start_time": random.of(&NUMBERS), "end_time": random.of(&NUMBERS), "fps": random.of(&NUMBERS),
        "time_codes_per_second": random.of(&NUMBERS), "has_animation": random.once_in(2),
        "points": whole(random), "faces": whole(random), "instances": whole(random),
        "prims": counts(random), "kinds": counts(random), "applied_schemas": counts(random),
        "cameras": texts(random), "lights": texts(random), "skeletons": texts(random),
        "materials": texts(random), "custom_data_keys": texts(random), "dependencies": texts(random),
        "missing_dependencies": texts(random),
        "variant_sets": texts(random).into_iter().map(|name| json!({
            "prim": "/R", "name": name, "variants": ["a", "b"], "selection": "a",
        })).collect::<Vec<_>>(),
    });
    if random.once_in(2) {
        usd["default_prim"] = text(random).into();
    }
    if random.once_in(2) {
        usd["documentation"] = text(random).into();
    }
    if !random.once_in(4) {
        let size: Vec<f64> = (0..3).map(|_| random.of(&NUMBERS)).collect();
        usd["bounds"] = json!({"min": [0, 0, 0], "max": [1, 1, 1], "size_m": size});
    }
    let mut caption = json!({});
    for language in ["en", "zh"] {
        if random.once_in(2) {
            caption[language] = text(random).into();
        }
    }
    let mut all = json!({
        "asset_id": asset_id("random", &number.to_string()), "name": format!("{} {number}", text(random)),
        "library": "random", "pack": text(random), "uri": text(random), "path": text(random),
        "tags": texts(random), "size_bytes": whole(random), "modified": random.of(&TIMES),
        "fingerprint": text(random), "embedding_fingerprint": {}, "extractor_version": "1",
        "indexed_at": random.of(&TIMES), "used_by": whole(random), "caption": caption,
        "description": text(random), "usd": usd, "has_visual_embedding": random.once_in(2),
    });
    if random.once_in(2) {
        all["embedding_fingerprint"]["text"] = text(random).into();
    }
    if random.once_in(3) {
        all["thumbnail_uri"] = text(random).into();
    }
    // As the program writes it, and not as this file happens to.
    let document: Document = serde_json::from_value(all).unwrap();
    serde_json::to_value(document).unwrap()
}

/// An expression that nests at most `depth` deep.
pub fn expression(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.once_in(3) {
        return test(random);
    }
    let mut inside = || expression(random, depth - 1);
    let (a, b) = (inside(), inside());
    match random.below(3) {
        0 => format!("({a}) and ({b})"),
        1 => format!("({a}) or ({b})"),
        _ => format!("not ({a})"),
    }
}

fn test(random: &mut Random) -> String {
    let fields: Vec<_> = FIELDS.iter().chain(ALIASES).collect();
    let field = random.of(&fields);
    let name = field.name;
    let is_time = matches!(name, "modified" | "indexed_at");
    let compare = random.of(&["=", "!=", "<", "<=", ">", ">="]);
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let text = |random: &mut Random| match is_time {
        true => quoted(random.of(&TIME_LITERALS)),
        false => quoted(random.of(&TEXTS)),
    };
    let part = |random: &mut Random| {
        let whole: Vec<char> = random.of(&TEXTS).chars().collect();
        let start = random.below(whole.len() + 1);
        quoted(&whole[start..].iter().collect::<String>())
    };
    let contains = random.of(&["contains", "~"]);
    let number =
        |random: &mut Random| random.of(&NUMBERS) + random.of(&[0.0, 0.0, 0.5, -0.5, -1.0]);
    match (field.kind, random.below(4)) {
        (_, 0) => name.to_owned(),
        (Kind::Text, 1) if !is_time => format!("{name} {contains} {}", part(random)),
        (Kind::Text, 2) => format!("{name} in ({}, {})", text(random), text(random)),
        (Kind::Text, _) => format!("{name} {compare} {}", text(random)),
        (Kind::Number, 1) => format!("{name} not in ({}, {})", number(random), number(random)),
        (Kind::Number, _) => format!("{name} {compare} {}", number(random)),
        (Kind::Flag, _) => format!("{name} {} {}", random.of(&["=", "!="]), random.once_in(2)),
        (Kind::Texts, _) => format!("{name} {contains} {}", part(random)),
        (Kind::Counts, _) => {
            let key = quoted(random.of(&NAMES));
            format!("{name}.{key} {compare} {}", number(random))
        }
        (Kind::TextMap, _) => format!("{name}.text {compare} {}", text(random)),
        (Kind::Thing, _) => format!("not {name}"),
    }
}
