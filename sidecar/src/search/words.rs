//! Search by words: which documents say what the query says, rarer words first.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::documents::Documents;
use super::error::SearchError;

/// How soon more of the same word stops counting.
const K1: f64 = 1.2;
/// How much long documents are held back, 0 to 1.
const B: f64 = 0.75;

/// Weight of a word in the name, in the tags and in the sentences.
const NAME_WEIGHT: f64 = 3.0;
const TAG_WEIGHT: f64 = 2.0;
const TEXT_WEIGHT: f64 = 1.0;

/// Most different words of a query that count.
const WORDS_MAX: usize = 64;

/// Words that say nothing of a thing.
#[rustfmt::skip]
const EMPTY_WORDS: &[&str] = &[
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "for", "from", "has", "i", "in",
    "is", "it", "me", "of", "on", "or", "some", "something", "that", "the", "thing", "this", "to",
    "used", "which", "with", "you",
];

/// The part of a document that words are looked for in.
#[derive(Debug, Deserialize)]
struct Spoken<'a> {
    #[serde(borrow)]
    asset_id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    tags: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    caption: Captions<'a>,
    #[serde(borrow, default)]
    description: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
struct Captions<'a> {
    #[serde(borrow)]
    en: Option<Cow<'a, str>>,
    #[serde(borrow)]
    zh: Option<Cow<'a, str>>,
}

/// How often a document says each word of the query, and how long it is, both weighted.
struct Said {
    asset_id: String,
    counts: Vec<f64>,
    length: f64,
}

/// Ids of the documents that say a word of `query`, with their scores, best first; of equal scores
/// the lower id first. With `only`, among those.
///
/// # Errors
///
/// [`SearchError::Broken`].
///
/// # Source
///
/// Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, BM25 and (with weighted
/// fields summed before saturation) section 3.6.
pub fn rank(
    documents: &Documents,
    query: &str,
    only: Option<&HashSet<String>>,
) -> Result<Vec<(String, f64)>, SearchError> {
    let mut seen = HashSet::new();
    let wanted: Vec<String> =
        words(query).into_iter().filter(|word| seen.insert(word.clone())).take(WORDS_MAX).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let place: HashMap<&str, usize> =
        wanted.iter().enumerate().map(|(place, word)| (word.as_str(), place)).collect();
    let parts = documents.each_part(|lines| {
        let (mut said, mut count, mut lengths) = (Vec::new(), 0_u64, 0.0);
        for line in lines {
            let spoken: Spoken = documents.read(line)?;
            if only.is_some_and(|only| !only.contains(&*spoken.asset_id)) {
                continue;
            }
            let one = listen(&spoken, &place);
            count += 1;
            lengths += one.length;
            if one.counts.iter().any(|count| *count > 0.0) {
                said.push(one);
            }
        }
        Ok::<_, SearchError>((said, count, lengths))
    });
    let (mut said, mut count, mut lengths) = (Vec::new(), 0_u64, 0.0);
    for part in parts {
        let (some, more, long) = part?;
        said.extend(some);
        count += more;
        lengths += long;
    }
    let rarity: Vec<f64> = (0..wanted.len())
        .map(|word| {
            let holders = said.iter().filter(|one| one.counts[word] > 0.0).count() as f64;
            (1.0 + (count as f64 - holders + 0.5) / (holders + 0.5)).ln()
        })
        .collect();
    let mean_length = lengths / (count.max(1) as f64);
    let mut ranked: Vec<(String, f64)> = said
        .into_iter()
        .map(|Said { asset_id, counts, length }| {
            let held_back = K1 * (1.0 - B + B * length / mean_length);
            let score = counts
                .iter()
                .zip(&rarity)
                .map(|(count, rarity)| rarity * count * (K1 + 1.0) / (count + held_back))
                .sum();
            (asset_id, score)
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(ranked)
}

fn listen(spoken: &Spoken<'_>, place: &HashMap<&str, usize>) -> Said {
    let mut said = Said {
        asset_id: spoken.asset_id.clone().into_owned(),
        counts: vec![0.0; place.len()],
        length: 0.0,
    };
    let Captions { en, zh } = &spoken.caption;
    let tags = spoken.tags.iter().map(|tag| (TAG_WEIGHT, &**tag));
    let sentences = [en.as_deref(), zh.as_deref(), Some(&*spoken.description)];
    let sentences = sentences.into_iter().flatten().map(|text| (TEXT_WEIGHT, text));
    for (weight, text) in std::iter::once((NAME_WEIGHT, &*spoken.name)).chain(tags).chain(sentences)
    {
        for word in words(text) {
            said.length += weight;
            if let Some(&place) = place.get(word.as_str()) {
                said.counts[place] += weight;
            }
        }
    }
    said
}

/// Those of `tags` that hold a word of `query`.
pub fn shared<'a>(query: &str, tags: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let query: HashSet<String> = words(query).into_iter().collect();
    let says = |tag: &&str| words(tag).iter().any(|word| query.contains(word));
    tags.into_iter().filter(says).map(str::to_owned).collect()
}

/// The words of a query as they are written, without those that say nothing of a thing: what an
/// analyzer elsewhere is to make of them as it pleases.
pub fn spoken(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let said = words.filter(|word| !EMPTY_WORDS.contains(&word.to_lowercase().as_str()));
    said.take(WORDS_MAX).map(str::to_owned).collect()
}

/// The words of a query, each once, in the forms that a tag may have: as written, singular and
/// plural.
pub fn forms(query: &str) -> Vec<Vec<String>> {
    let mut seen = HashSet::new();
    let written: Vec<String> = spoken(query).iter().map(|word| word.to_lowercase()).collect();
    let different = words(query).into_iter().filter(|word| seen.insert(word.clone()));
    different
        .take(WORDS_MAX)
        .map(|word| {
            let same = |one: &&String| meaning(one).as_deref() == Some(&word);
            let mut forms = vec![word.clone()];
            if word.is_ascii() {
                forms.push(format!("{word}s"));
            }
            forms.extend(written.iter().filter(same).cloned());
            forms.sort();
            forms.dedup();
            forms
        })
        .collect()
}

/// The words of a text that mean something: lower case, singular, `SteelRack_02` as three; Chinese
/// and Japanese as pairs of characters, because nothing separates their words.
pub fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut before = Class::Other;
    let mut pair_from: Option<char> = None;
    let mut paired = false;
    for c in text.chars().chain([' ']) {
        let class = Class::of(c);
        let goes_on = matches!(
            (before, class),
            (Class::Lower, Class::Lower)
                | (Class::Upper, Class::Lower | Class::Upper)
                | (Class::Digit, Class::Digit)
        );
        if !goes_on && !word.is_empty() {
            found.extend(meaning(&std::mem::take(&mut word)));
        }
        if class == Class::Ideograph {
            if let Some(first) = pair_from {
                found.push(format!("{first}{c}"));
                paired = true;
            }
            pair_from = Some(c);
        } else {
            // One alone is a word too.
            if let Some(alone) = pair_from.take()
                && !paired
            {
                found.push(alone.to_string());
            }
            paired = false;
            if class != Class::Other {
                word.extend(c.to_lowercase());
            }
        }
        before = class;
    }
    found
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Ideograph,
    Other,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
                Self::Ideograph
            }
            '\u{20000}'..='\u{3ffff}' => Self::Ideograph,
            c if c.is_numeric() => Self::Digit,
            c if c.is_uppercase() => Self::Upper,
            c if c.is_alphabetic() => Self::Lower,
            _ => Self::Other,
        }
    }
}

/// The singular of an English word; nothing for a word that says nothing.
///
/// # Source
///
/// Harman 1991, How Effective Is Suffixing?, the S stemmer.
fn meaning(word: &str) -> Option<String> {
    if EMPTY_WORDS.contains(&word) {
        return None;
    }
    let ends = |ending: &str| word.ends_with(ending);
    let cut = |letters: usize| &word[..word.len() - letters];
    Some(if word.len() < 4 || !word.is_ascii() {
        word.to_owned()
    } else if ends("ies") && !ends("eies") && !ends("aies") {
        format!("{}y", cut(3))
    } else if ends("sses") || ends("shes") || ends("ches") || ends("xes") {
        // "boxes" and "benches": Harman's rule would leave "boxe".
        cut(2).to_owned()
    } else if ends("s") && !ends("us") && !ends("ss") {
        cut(1).to_owned()
    } else {
        word.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn texts_fall_into_words_that_mean_something() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str])] = &[
            ("SteelRack_02",                    &["steel", "rack", "02"]),
            ("something to lift the pallets",   &["lift", "pallet"]),
            ("boxes, trolleys, glass, shelves", &["box", "trolley", "glass", "shelve"]),
            ("USD-file",                        &["usd", "file"]),
            ("叉车 car",                         &["叉车", "car"]),
            ("黄色叉车",                         &["黄色", "色叉", "叉车"]),
            ("杯",                              &["杯"]),
            ("",                                &[]),
        ];
        for &(text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn a_query_for_another_analyzer_keeps_its_words_and_loses_what_says_nothing() {
        assert_eq!(spoken("Something to lift the Pallets; 叉车"), ["lift", "Pallets", "叉车"]);
        assert_eq!(forms("the Boxes, the box"), [["box", "boxes", "boxs"]]);
        assert_eq!(forms("叉车"), [["叉车"]]);
        assert_eq!(spoken("the of"), Vec::<String>::new());
    }

    #[test]
    fn rare_words_and_names_count_for_more() {
        let folder = tempfile::tempdir().unwrap();
        let id = fixture::row_id;
        fixture::write_documents(
            folder.path(),
            &[
                fixture::document(&id(0), "Rack", "p", "a rack of steel for a warehouse"),
                fixture::document(&id(1), "Pallet", "p", "a pallet of wood for a warehouse"),
                fixture::document(&id(2), "Lamp", "p", "a lamp for a warehouse with one pallet"),
                fixture::document(&id(3), "Desk", "p", "a desk"),
            ],
        );
        let documents = Documents::open(folder.path(), fixture::DOCUMENTS).unwrap();
        let ranked = |query: &str| -> Vec<String> {
            rank(&documents, query, None).unwrap().into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ranked("pallets in a warehouse"), [id(1), id(2), id(0)]);
        assert_eq!(ranked("the of"), Vec::<String>::new());
        let only = HashSet::from([id(2)]);
        assert_eq!(rank(&documents, "pallet", Some(&only)).unwrap().len(), 1);
    }
}
