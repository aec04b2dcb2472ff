//! What things are called.
//!
//! ```text
//! <alias>                what searches use
//! <alias>-<12 hex>       one version: models, mapping and vector options make the digits
//! <alias>-<12 hex>-write an alias of that index, which documents are sent to
//! <alias>-failures       assets without a current document, and why
//! <alias>-runs           one document a run
//! ```

use sha2::{Digest, Sha256};

/// Longest alias, in characters: what is added to it has to fit into 255 bytes.
pub const ALIAS_CHARS_MAX: usize = 200;

/// The index of one version of models and mapping.
pub fn physical(alias: &str, version: &str) -> String {
    let hash = Sha256::digest(version.as_bytes());
    let digits: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{alias}-{digits}")
}

/// The alias that documents of an index are sent to. An index that somebody removes takes it along;
/// by its own name the next document would make it anew, without a mapping.
pub fn write_alias(index: &str) -> String {
    format!("{index}-write")
}

/// Whether `index` is named as [`physical`] names the versions of `alias`.
pub fn is_physical(alias: &str, index: &str) -> bool {
    let digits = index.strip_prefix(alias).and_then(|rest| rest.strip_prefix('-'));
    digits.is_some_and(|digits| {
        digits.len() == 12 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Assets without a current document.
pub fn failures(alias: &str) -> String {
    format!("{alias}-failures")
}

/// Runs and who claimed them.
pub fn runs(alias: &str) -> String {
    format!("{alias}-runs")
}

/// The alias and all that is called after it, as part of a path.
pub fn pattern(alias: &str) -> String {
    let alias = escaped(alias);
    format!("{alias},{alias}-*")
}

/// A name as part of a path.
pub fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte.into()),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_an_alias_are_told_from_other_libraries_of_a_longer_name() {
        let index = physical("assets", "version");
        assert!(is_physical("assets", &index), "{index}");
        assert!(!is_physical("assets", &physical("assets-2", "version")));
        assert!(!is_physical("assets", "assets-failures"));
        assert!(!is_physical("assets", "assets-0123456789AB"));
    }

    #[test]
    fn a_name_cannot_leave_its_part_of_the_path() {
        assert_eq!(escaped("a-b_1.c"), "a-b_1.c");
        assert_eq!(escaped("../a?b/库"), "..%2Fa%3Fb%2F%E5%BA%93");
    }
}
