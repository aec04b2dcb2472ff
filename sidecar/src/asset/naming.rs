//! What an asset is called: its pack, its name, its tags. Pure rules over paths.

use std::collections::{BTreeSet, HashMap};

/// Longest stem that becomes a name, in bytes: with `-<id>.json` it still fits a file name.
const NAME_BYTES_MAX: usize = 200;

/// The first folder of `path`; the library's name for a file at its root.
pub fn pack<'a>(library: &'a str, path: &'a str) -> &'a str {
    path.split_once('/').map_or(library, |(first, _)| first)
}

/// The file name of `path` without its last suffix.
pub fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mut end = stem.len().min(NAME_BYTES_MAX);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    if end == 0 { file } else { &stem[..end] }
}

/// Hands out names that are unique within their pack, whatever the case of their letters.
///
/// First take back what earlier runs gave ([`Names::keep`]), then name the new assets in path
/// order ([`Names::give`]): the first of a name keeps it plain, the others get `-<id>`.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashMap<String, BTreeSet<String>>,
}

impl Names {
    /// Takes a name that an earlier run gave.
    pub fn keep(&mut self, pack: &str, name: &str) {
        self.taken.entry(pack.to_lowercase()).or_default().insert(name.to_lowercase());
    }

    /// A name for the asset at `path`.
    pub fn give(&mut self, pack: &str, path: &str, id: &str) -> String {
        let plain = stem(path);
        let taken = self.taken.entry(pack.to_lowercase()).or_default();
        if taken.insert(plain.to_lowercase()) {
            return plain.to_owned();
        }
        let mut name = format!("{plain}-{id}");
        // Ids can be computed: somebody may have called a file so.
        while !taken.insert(name.to_lowercase()) {
            name.push('_');
        }
        name
    }
}

/// Lower-case words of `path`: its folders and its name, each once, in order; suffix, numbers and
/// single letters left out.
pub fn tags(path: &str) -> Vec<String> {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    let mut seen = BTreeSet::new();
    let parts = folders.split('/').chain([stem(path)]);
    parts
        .flat_map(words)
        .filter(|word| word.chars().any(char::is_alphabetic) && word.chars().nth(1).is_some())
        .filter(|word| seen.insert(word.clone()))
        .collect()
}

/// Splits a name as people write them in code and files, in lower case: `OfficeChair_02`,
/// `office-chair 02` and `officeChair02` all give `office chair 02`; `USDFile` gives `usd file`.
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]).filter(|c| c.is_alphanumeric());
        let after = letters.get(at + 1);
        let starts = before.is_some_and(|before| {
            (letter.is_uppercase() && before.is_lowercase())
                || (letter.is_uppercase()
                    && before.is_uppercase()
                    && after.is_some_and(|after| after.is_lowercase()))
                || (letter.is_numeric() != before.is_numeric())
        });
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(letter.to_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_is_the_pack_and_the_stem_is_the_name() {
        #[rustfmt::skip]
        let cases = [
            // because                     path                      pack        stem
            ("a file in a folder",         "office/chairs/a.usd",    "office",   "a"),
            ("a file at the root",         "chair.usdz",             "library",  "chair"),
            ("only the last suffix goes",  "p/chair.geo.usda",       "p",        "chair.geo"),
            ("nothing before the suffix",  "p/.usd",                 "p",        ".usd"),
        ];
        for (because, path, expected_pack, expected_stem) in cases {
            assert_eq!(pack("library", path), expected_pack, "{because}");
            assert_eq!(stem(path), expected_stem, "{because}");
        }
    }

    #[test]
    fn the_first_in_path_order_keeps_the_plain_name() {
        let mut names = Names::default();
        assert_eq!(names.give("p", "p/a/chair.usd", "01"), "chair");
        assert_eq!(names.give("p", "p/b/Chair.usd", "02"), "Chair-02");
        assert_eq!(names.give("q", "q/chair.usd", "03"), "chair", "another pack is another room");
    }

    #[test]
    fn a_name_once_given_is_kept_from_run_to_run() {
        let mut names = Names::default();
        names.keep("p", "chair"); // p/b/chair.usd had it before p/a/chair.usd arrived.
        assert_eq!(names.give("p", "p/a/chair.usd", "01"), "chair-01");
    }

    #[test]
    fn names_split_into_the_words_a_person_reads() {
        #[rustfmt::skip]
        let cases = [
            ("OfficeChair_02",     "office chair 02"),
            ("office-chair 02",    "office chair 02"),
            ("officeChair02",      "office chair 02"),
            ("USDFile",            "usd file"),
            ("SM_ForkLift_A01",    "sm fork lift a 01"),
            ("叉车",                "叉车"),
            ("__",                 ""),
        ];
        for (name, expected) in cases {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn tags_are_the_words_of_the_path_each_once() {
        assert_eq!(tags("office/Chairs_01/office_chair.usd"), ["office", "chairs", "chair"]);
    }
}
