//! What the numbers of an embedding are called, and what they say.

use std::sync::LazyLock;

use crate::DIMS;

/// What one number of an embedding is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name {
    /// Short name, such as `mfcc_mean_3`.
    pub name: String,
    /// Unit before standardisation.
    pub unit: &'static str,
    /// What it says.
    pub says: &'static str,
}

/// Names of the numbers of an embedding, in order.
pub fn names() -> &'static [Name; DIMS] {
    static NAMES: LazyLock<[Name; DIMS]> = LazyLock::new(|| {
        let names = FAMILIES.iter().flat_map(|family| {
            family.names().map(|name| Name { name, unit: family.unit, says: family.says })
        });
        names.collect::<Vec<_>>().try_into().expect("a test counts the families")
    });
    &NAMES
}

/// The table of `docs/audio.md`: a row per family, in Markdown.
pub fn table() -> String {
    let mut table = String::from("| numbers | names | unit | what it says |\n|---|---|---|---|\n");
    let mut first = 0;
    for family in FAMILIES {
        let names: Vec<String> = family.names().collect();
        let last = first + names.len() - 1;
        let (numbers, named) = match (names.as_slice(), family.index) {
            ([only], _) => (first.to_string(), format!("`{only}`")),
            ([low, .., high], Index::Numbers { .. }) => {
                (format!("{first}–{last}"), format!("`{low}` … `{high}`"))
            }
            (all, _) => {
                let quoted: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
                (format!("{first}–{last}"), quoted.join(" "))
            }
        };
        table += &format!("| {numbers} | {named} | {} | {} |\n", family.unit, family.says);
        first = last + 1;
    }
    table
}

/// Numbers that are made alike.
pub(crate) struct Family {
    /// What their names begin with.
    pub key: &'static str,
    /// What their names end with.
    pub index: Index,
    unit: &'static str,
    says: &'static str,
}

/// What tells the numbers of a family apart.
#[derive(Clone, Copy)]
pub(crate) enum Index {
    /// There is one.
    None,
    /// Whole numbers, both ends included.
    Numbers { first: usize, last: usize },
    /// Words.
    Words(&'static [&'static str]),
}

impl Family {
    /// How many numbers there are.
    pub(crate) fn count(&self) -> usize {
        match self.index {
            Index::None => 1,
            Index::Numbers { first, last } => last + 1 - first,
            Index::Words(words) => words.len(),
        }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        (0..self.count()).map(|at| match self.index {
            Index::None => self.key.to_owned(),
            Index::Numbers { first, .. } => format!("{}_{}", self.key, first + at),
            Index::Words(words) => format!("{}_{}", self.key, words[at]),
        })
    }
}

const fn one(key: &'static str, unit: &'static str, says: &'static str) -> Family {
    Family { key, index: Index::None, unit, says }
}

const PITCH_CLASSES: Index =
    Index::Words(&["c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b"]);

const MEAN_AND_DEVIATION: Index = Index::Words(&["mean", "deviation"]);

const LAGS_OF_BEAT: Index = Index::Words(&[
    "quarter",
    "third",
    "half",
    "two_thirds",
    "one_and_half",
    "two",
    "three",
    "four",
]);

/// Every number, in order.
#[rustfmt::skip]
pub(crate) const FAMILIES: &[Family] = &[
    Family { key: "mfcc_mean", index: Index::Numbers { first: 1, last: 19 }, unit: "dB",
        says: "mean of a cepstral coefficient: colour of the sound; coefficient 0, which is loudness, is left out" },
    Family { key: "mfcc_deviation", index: Index::Numbers { first: 0, last: 19 }, unit: "dB",
        says: "deviation of a cepstral coefficient" },
    Family { key: "mfcc_change", index: Index::Numbers { first: 0, last: 12 }, unit: "dB",
        says: "mean absolute change of a cepstral coefficient from frame to frame" },
    Family { key: "contrast_mean", index: Index::Numbers { first: 0, last: 6 }, unit: "dB",
        says: "mean of peaks above valleys, below 200 Hz and in six octaves from there: tones against noise" },
    Family { key: "contrast_deviation", index: Index::Numbers { first: 0, last: 6 }, unit: "dB",
        says: "deviation of peaks above valleys" },
    Family { key: "centroid", index: MEAN_AND_DEVIATION, unit: "octaves above 1 Hz",
        says: "mean frequency of the spectrum: brightness" },
    Family { key: "bandwidth", index: MEAN_AND_DEVIATION, unit: "octaves above 1 Hz",
        says: "deviation of frequency about the centroid" },
    Family { key: "rolloff", index: MEAN_AND_DEVIATION, unit: "octaves above 1 Hz",
        says: "frequency with 85 % of the magnitude below it" },
    Family { key: "flatness", index: MEAN_AND_DEVIATION, unit: "dB",
        says: "geometric by arithmetic mean of the power: 0 is noise, far below 0 a tone" },
    Family { key: "zero_crossing", index: MEAN_AND_DEVIATION, unit: "share of samples",
        says: "samples whose sign is not that of the one before" },
    one("level_variation", "1", "deviation of the RMS by its mean"),
    one("level_peak", "dB", "largest RMS above the mean"),
    one("level_low_share", "share of frames", "frames below half of the mean RMS"),
    one("level_change", "1", "mean absolute change of the RMS from frame to frame, by its mean"),
    Family { key: "chroma", index: PITCH_CLASSES, unit: "share",
        says: "mean of a pitch class, tuned; the twelve add up to 1" },
    Family { key: "chroma_wave", index: Index::Numbers { first: 1, last: 6 }, unit: "1",
        says: "size of the twelve's Fourier coefficient: what is in the harmony whatever the key; 5 is how diatonic it is" },
    one("chroma_change", "1", "mean absolute change of the pitch classes from frame to frame"),
    one("chroma_spread", "bit", "entropy of the twelve: 0 is one pitch class, 3.58 all alike"),
    Family { key: "chroma_focus", index: MEAN_AND_DEVIATION, unit: "share",
        says: "share that a frame's strongest pitch class has" },
    one("onset_mean", "dB", "mean onset strength"),
    one("onset_variation", "1", "deviation of the onset strength by its mean"),
    one("onset_peak", "dB", "largest onset strength above the mean"),
    one("onset_high_share", "share of frames", "frames above the mean onset strength"),
    one("onset_rate", "1/s", "peaks of the onset strength above its mean and deviation"),
    one("tempo", "octaves above 120 bpm", "tempo"),
    Family { key: "tempo_round", index: Index::Words(&["cos", "sin"]), unit: "1",
        says: "the tempo on a circle that an octave goes once around: half and double are the same" },
    one("pulse_beat", "1", "autocorrelation of the onsets at the beat's period"),
    Family { key: "pulse", index: LAGS_OF_BEAT, unit: "1",
        says: "autocorrelation of the onsets at so many periods: how the beat is divided and grouped" },
    one("beat_rate", "1/s", "beats by duration"),
    one("beat_regularity", "1", "1 less the relative deviation of the intervals between beats"),
    one("beat_onset", "dB", "mean onset strength at beats above the mean of all frames"),
    one("beat_onset_variation", "1", "deviation of the onset strength at beats by its mean"),
    one("beat_level", "dB", "mean RMS at beats above the mean of all frames"),
    Family { key: "accent", index: Index::Words(&["of_two", "of_four"]), unit: "1",
        says: "how much stronger the strongest beat of a group is than their mean" },
    one("onset_low", "dB", "mean onset strength below about 280 Hz above that of all bands"),
    one("onset_high", "dB", "mean onset strength above about 4.8 kHz above that of all bands"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_128_names_and_no_two_are_alike() {
        assert_eq!(FAMILIES.iter().map(Family::count).sum::<usize>(), DIMS);
        let unlike: BTreeSet<&str> = names().iter().map(|name| name.name.as_str()).collect();
        assert_eq!(unlike.len(), DIMS);
    }

    #[test]
    fn the_table_of_the_docs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audio.md");
        let docs = std::fs::read_to_string(path).unwrap();
        assert!(docs.contains(&table()), "put this into {path}:\n{}", table());
    }
}
