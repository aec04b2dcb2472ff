//! The name that a person probably meant.

/// Longer names are nobody's slip, and comparing them takes time.
const NAME_CHARS_MAX: usize = 100;

/// The entry of `known` that is nearest to `name`, where one is near enough to be worth showing:
/// at most a third of its letters differ, or one begins with the other. Upper and lower case, `_`
/// and `-` count as equal.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    if name.len() > NAME_CHARS_MAX {
        return None;
    }
    known
        .into_iter()
        .filter_map(|candidate| {
            let other = plain(candidate);
            let distance = distance(&name, &other);
            let begins = name.len() >= 3 && (other.starts_with(&name) || name.starts_with(&other));
            let near = distance * 3 <= name.len().max(other.len());
            (near || begins && !other.is_empty()).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Lower case without separators: how names are compared.
pub fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name_and_nonsense_finds_none() {
        let known = ["elasticsearch", "embeddings", "source", "syncInterval"];
        #[rustfmt::skip]
        let cases: &[(&str, Option<&str>)] = &[
            ("elastcsearch",  Some("elasticsearch")),
            ("soruce",        Some("source")),
            ("sync_interval", Some("syncInterval")),
            ("embed",         Some("embeddings")),
            ("banana",        None),
            ("",              None),
        ];
        for &(name, expected) in cases {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
