//! Which files are frames, in which order, and which seem to be missing.

use std::cmp::Ordering;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::SequenceError;

/// Gaps that are named before the rest is only counted.
const GAPS_NAMED_MAX: usize = 5;

/// The frames of a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sequence {
    /// PNG files in natural order.
    pub files: Vec<PathBuf>,
    /// What people should know of their numbers.
    pub gaps: Vec<String>,
}

impl Sequence {
    /// Finds the PNG files of a folder; hidden ones and folders in it are left out.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read or holds none.
    pub fn find(folder: &Path) -> Result<Self, SequenceError> {
        let failed = |source| SequenceError::Read { path: folder.to_owned(), source };
        let entries = std::fs::read_dir(folder).map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                SequenceError::NoFolder { folder: folder.to_owned() }
            }
            _ => failed(source),
        })?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let is_png = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("png"));
            let is_hidden = name(&path).starts_with('.');
            if is_png && !is_hidden && path.is_file() {
                files.push(path);
            }
        }
        if files.is_empty() {
            return Err(SequenceError::Empty { folder: folder.to_owned() });
        }
        files.sort_by(|a, b| natural(&name(a), &name(b)));
        let gaps = gaps(&files);
        Ok(Self { files, gaps })
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Orders names as people do: numbers by their value, so that `frame2` comes before `frame10`.
/// Names that differ only in leading zeros are ordered by bytes.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(first), Some(second)) = (left.first(), right.first()) {
        let order;
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let (one, other) = (digits(left), digits(right));
            // Without leading zeros the longer number is the larger.
            let (short, long) = (significant(one), significant(other));
            order = short.len().cmp(&long.len()).then_with(|| short.cmp(long));
            (left, right) = (&left[one.len()..], &right[other.len()..]);
        } else {
            order = first.cmp(second);
            (left, right) = (&left[1..], &right[1..]);
        }
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

fn digits(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    &bytes[..end]
}

fn significant(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    &digits[zeros..]
}

/// Says which numbers are missing, and whether files of several names are mixed.
fn gaps(files: &[PathBuf]) -> Vec<String> {
    let numbers: Vec<Option<(String, u64)>> = files.iter().map(|file| numbered(file)).collect();
    let mut said = Vec::new();
    let mut others = 0;
    for (pair, names) in numbers.windows(2).zip(files.windows(2)) {
        match (&pair[0], &pair[1]) {
            (Some((before, low)), Some((after, high))) if before == after => {
                match high.saturating_sub(*low) {
                    0 => said.push(format!("{} has the number of the one before", name(&names[1]))),
                    1 => {}
                    2 => said.push(format!("frame {} is missing", low + 1)),
                    _ => said.push(format!("frames {} to {} are missing", low + 1, high - 1)),
                }
            }
            _ => others += 1,
        }
    }
    let more = said.len().saturating_sub(GAPS_NAMED_MAX);
    said.truncate(GAPS_NAMED_MAX);
    if more > 0 {
        said.push(format!("{more} more gaps in the numbers"));
    }
    if others > 0 {
        said.push("the names are of several kinds: is this one render?".to_owned());
    }
    said
}

/// What stands before the last number of a name, and the number.
fn numbered(path: &Path) -> Option<(String, u64)> {
    let stem = path.file_stem()?.to_str()?;
    let end = stem.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let before = stem[..end].trim_end_matches(|letter: char| letter.is_ascii_digit());
    Some((before.to_owned(), stem[before.len()..end].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_their_value() {
        let mut names =
            ["f10", "f9", "f2b", "f02", "f2", "F1", "f", "f99999999999999999999999", "f2a"];
        names.sort_by(|a, b| natural(a, b));
        let expected =
            ["F1", "f", "f02", "f2", "f2a", "f2b", "f9", "f10", "f99999999999999999999999"];
        assert_eq!(names, expected);
    }

    #[test]
    fn missing_numbers_are_named() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("none is missing",      &["f8.png", "f9.png", "f10.png"],     &[]),
            ("one is",               &["f1.png", "f3.png"],                &["frame 2 is missing"]),
            ("several are",          &["f0001.png", "f0005.png"],          &["frames 2 to 4 are missing"]),
            ("one is there twice",   &["f1.png", "f01.png"],               &["f01.png has the number of the one before"]),
            ("the names are mixed",  &["a1.png", "b2.png"],                &["the names are of several kinds: is this one render?"]),
            ("the number is inside", &["f1_left.png", "f2_left.png"],      &[]),
            ("there is one alone",   &["still.png"],                       &[]),
        ];
        for (because, files, expected) in cases {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            assert_eq!(gaps(&files), *expected, "{because}");
        }
    }

    #[test]
    fn many_gaps_are_counted() {
        let files: Vec<PathBuf> =
            (0..20).map(|n| PathBuf::from(format!("{}.png", n * 2))).collect();
        let said = gaps(&files);
        assert_eq!((said.len(), said.last().unwrap().as_str()), (6, "14 more gaps in the numbers"));
    }
}
