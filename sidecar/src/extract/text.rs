//! Facts to the sentence that is embedded.

use std::collections::BTreeSet;

use vitrine_usd::Metadata;

use crate::asset::naming::words;

/// Raise it when the sentence of any asset changes: texts are embedded again, nothing is read.
pub const DESCRIBER_VERSION: &str = "text-1";

/// Most words taken from one source, so that one long list does not drown the name.
const WORDS_MAX: usize = 12;
/// Most characters of an author's documentation.
const DOCUMENTATION_CHARS_MAX: usize = 300;

/// What a sentence is made from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The asset's name.
    pub name: &'a str,
    /// Its pack.
    pub pack: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// `kind` of its default prim.
    pub kind: Option<&'a str>,
    /// Names of the models inside it.
    pub names: &'a [String],
    /// Facts of its stage.
    pub usd: &'a Metadata,
}

/// The given English caption, else a sentence of what is known, words that tell assets apart
/// first: `office chair, office furniture. Height-adjustable. with seat armrests. material blue
/// fabric. furniture sized, 1.1 m`.
///
/// Sentence encoders weigh every word, so what all assets have in common (formats, counts, the
/// word "asset") is left out.
pub fn describe(caption: Option<&str>, source: &Source<'_>) -> String {
    if let Some(caption) = caption {
        return caption.to_owned();
    }
    let mut said = BTreeSet::new();
    let mut parts = Vec::new();
    // 1. What it is called.
    let name = fresh_words(&mut said, words(source.name));
    let named = if name.is_empty() { source.name.to_owned() } else { name.join(" ") };
    // 2. Where it belongs: pack and tags.
    let place = words(source.pack).into_iter().chain(source.tags.iter().cloned());
    let place = fresh_words(&mut said, place.collect());
    parts.push(match place.is_empty() {
        true => named,
        false => format!("{named}, {}", place.join(" ")),
    });
    // 3. What its author says of it.
    let documentation = source.usd.documentation.as_deref().unwrap_or_default();
    parts.extend(first_sentences(documentation));
    // 4. What it contains.
    let inner = source.names.iter().flat_map(|name| words(name)).collect();
    let inner = fresh_words(&mut said, inner);
    if !inner.is_empty() {
        parts.push(format!("with {}", inner.join(" ")));
    }
    let materials = source.usd.materials.iter().filter_map(|path| path.rsplit('/').next());
    let materials = fresh_words(&mut said, materials.flat_map(words).collect());
    if !materials.is_empty() {
        parts.push(format!("material {}", materials.join(" ")));
    }
    let variants = source.usd.variant_sets.iter().flat_map(|set| set.variants.iter());
    let variants = fresh_words(&mut said, variants.flat_map(|name| words(name)).collect());
    if !variants.is_empty() {
        parts.push(format!("comes in {}", variants.join(" ")));
    }
    parts.extend(nature(source));
    // 5. How large it is.
    parts.extend(source.usd.bounds.as_ref().and_then(|bounds| size(bounds.size_m)));
    parts.join(". ")
}

/// The first [`WORDS_MAX`] of `words` that were not said yet and mean something.
fn fresh_words(said: &mut BTreeSet<String>, words: Vec<String>) -> Vec<String> {
    let telling = words.into_iter().filter(|word| !is_noise(word));
    telling.filter(|word| said.insert(word.clone())).take(WORDS_MAX).collect()
}

/// Words of pipelines and folders that say nothing of the thing itself.
fn is_noise(word: &str) -> bool {
    const NOISE: &[&str] = &[
        "asset",
        "assets",
        "default",
        "file",
        "full",
        "geo",
        "geom",
        "geometry",
        "grp",
        "group",
        "lod",
        "looks",
        "main",
        "mat",
        "material",
        "materials",
        "mesh",
        "mtl",
        "node",
        "obj",
        "object",
        "payload",
        "preview",
        "prim",
        "root",
        "scene",
        "scope",
        "shader",
        "sm",
        "subcomponents",
        "surface",
        "test",
        "tests",
        "usd",
        "usda",
        "usdc",
        "usdz",
        "version",
        "world",
        "xform",
    ];
    (word.is_ascii() && word.len() < 2)
        || word.chars().all(char::is_numeric)
        || NOISE.binary_search(&word).is_ok()
}

/// The beginning of the author's own words, whitespace made plain.
fn first_sentences(documentation: &str) -> Option<String> {
    let plain = documentation.split_whitespace().collect::<Vec<_>>().join(" ");
    // What exporters write by themselves describes the exporter.
    let exported = plain.starts_with("Blender v") || plain.starts_with("Generated ");
    if plain.is_empty() || exported {
        return None;
    }
    let mut cut: String = plain.chars().take(DOCUMENTATION_CHARS_MAX).collect();
    if cut.len() < plain.len()
        && let Some((whole, _)) = cut.rsplit_once(' ')
    {
        cut.truncate(whole.len());
    }
    Some(cut.trim_end_matches('.').to_owned())
}

/// What kind of thing it is, from what the stage holds.
fn nature(source: &Source<'_>) -> Option<String> {
    let usd = source.usd;
    let mut nature = Vec::new();
    if matches!(source.kind, Some("assembly" | "group")) {
        nature.push("assembly of several models");
    }
    if !usd.skeletons.is_empty() {
        nature.push("rigged character with skeleton");
    }
    if usd.has_animation {
        nature.push("animated");
    }
    if !usd.lights.is_empty() {
        nature.push(if usd.points == 0 { "lighting" } else { "with lights" });
    }
    if !usd.cameras.is_empty() {
        nature.push("with camera");
    }
    if usd.prims.contains_key("PointInstancer") {
        nature.push("many scattered copies");
    }
    if usd.prims.keys().any(|name| name.starts_with("Physics")) {
        nature.push("physics simulation");
    }
    (!nature.is_empty()).then(|| nature.join(", "))
}

/// Its longest side in words and metres, where bounds make sense.
fn size(size_m: [f64; 3]) -> Option<String> {
    let longest = size_m.iter().copied().fold(0.0, f64::max);
    if !longest.is_finite() || longest <= 0.0 || longest > 1e6 {
        return None;
    }
    let scale = match longest {
        ..0.05 => "tiny",
        ..0.5 => "small",
        ..3.0 => "furniture sized",
        ..15.0 => "large",
        _ => "huge",
    };
    Some(format!("{scale}, {} m", rounded(longest)))
}

/// Two significant digits: sizes are for meaning here, not for measuring.
fn rounded(metres: f64) -> String {
    if metres >= 10.0 {
        return format!("{metres:.0}");
    }
    if metres >= 1.0 {
        return format!("{metres:.1}");
    }
    format!("{metres:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_usd::Bounds;

    fn described(caption: Option<&str>, name: &str, usd: &Metadata) -> String {
        let tags = ["warehouse".to_owned(), "vehicles".to_owned()];
        let names = ["Mast".to_owned(), "SM_Forks_01".to_owned()];
        let source =
            Source { name, pack: "warehouse", tags: &tags, kind: None, names: &names, usd };
        describe(caption, &source)
    }

    #[test]
    fn a_caption_is_the_sentence() {
        let usd = Metadata::default();
        assert_eq!(described(Some("A yellow forklift"), "FL_01", &usd), "A yellow forklift");
    }

    #[test]
    fn the_name_comes_first_in_words_and_nothing_is_said_twice() {
        let bounds = Bounds { size_m: [1.2, 2.14, 3.5], ..Bounds::default() };
        let usd = Metadata {
            bounds: Some(bounds),
            materials: vec!["/World/Looks/YellowPaint".to_owned(), "/Looks/M_Paint".to_owned()],
            documentation: Some("Lifts   pallets.".to_owned()),
            ..Metadata::default()
        };
        assert_eq!(
            described(None, "SM_ForkLift_A02", &usd),
            "fork lift, warehouse vehicles. Lifts pallets. with mast forks. \
             material yellow paint. large, 3.5 m"
        );
    }

    #[test]
    fn a_name_of_noise_is_kept_rather_than_nothing() {
        assert!(described(None, "asset_01", &Metadata::default()).starts_with("asset_01"));
    }

    #[test]
    fn endless_documentation_is_cut_between_words() {
        let usd = Metadata { documentation: Some("lorem ".repeat(500)), ..Metadata::default() };
        let sentence = described(None, "chair", &usd);
        let said = sentence.split(". ").find(|part| part.starts_with("lorem")).unwrap();
        assert!(said.len() <= 300 && said.ends_with(" lorem"), "{sentence}");
    }

    #[test]
    fn the_noise_is_sorted_so_that_it_can_be_searched() {
        for noise in ["asset", "geom", "lod", "usdz", "xform", "scene", "mtl"] {
            assert!(is_noise(noise), "{noise}");
        }
        assert!(!is_noise("chair"));
    }
}
