//! What a run tells whoever started it: exit codes and the termination message.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a program of Vitrine ends. The numbers are a contract: Job failure policies read them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Exit {
    /// Done. Assets may have failed: the report says which and why.
    Done = 0,
    /// Not done, but the same call may succeed later: a store was out of reach.
    Retry = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Not done, and trying again will not help: a broken model, a refused login.
    Permanent = 3,
    /// `--strict` was given and at least one asset failed.
    Strict = 4,
}

/// One of the steps of a run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Lists the source and decides what there is to do.
    Scan,
    /// Turns one chunk of assets into documents.
    Work,
    /// Merges the receipts and swaps the result in.
    Publish,
    /// Removes what a deleted library leaves.
    Cleanup,
}

/// How many assets a run saw. `read = indexed + skipped + failed` holds after publish.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Assets the source lists, after include and exclude.
    pub read: u64,
    /// Assets whose document was written in this run.
    pub indexed: u64,
    /// Assets whose document was already current.
    pub skipped: u64,
    /// Assets that could not be read; each has a reason.
    pub failed: u64,
    /// Assets that left the source and were removed.
    pub deleted: u64,
}

/// The last words of a step, at most 4 KB as JSON: what Kubernetes keeps of a finished container.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Termination {
    /// Version of this shape: 1.
    pub v: u32,
    /// The run's number.
    pub run: u64,
    /// The step that ended.
    pub step: Step,
    /// `done`, `retry` or `failed`.
    pub outcome: String,
    /// One word in CamelCase, for machines.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// What was counted.
    pub counts: Counts,
    /// Chunks that work is to be done on; what scan decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<u32>,
    /// Whether work has assets to read or pictures to see, which a GPU makes faster; what scan finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_gpu: Option<bool>,
    /// Where documents are indexed; what publish made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexState>,
    /// By vector field: the digest of its model and of what changes its vectors; what publish used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, String>,
    /// How good the clips are, of a run over clips; what publish found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityState>,
    /// Some assets that could not be read, as many as there is room for: at most [`FAILURES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureSample>,
}

/// How good the clips are that a run of an `EmbeddingJob` published. Both numbers are finite.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct QualityState {
    /// Mean of the clips' quality, 0 to 1: 0.6 · detection rate + 0.4 · mean confidence of joints.
    pub mean_score: f64,
    /// Mean of the clips' detection rate, 0 to 1: sampled frames with both dancers by sampled frames.
    pub mean_detection_rate: f64,
}

/// An asset that could not be read.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct FailureSample {
    /// Where it is.
    pub uri: String,
    /// Why.
    pub reason: String,
}

impl FailureSample {
    /// With texts of at most `FAILURE_BYTES_MAX` bytes each: of a place the end is kept, of a reason
    /// the beginning.
    pub fn new(uri: &str, reason: &str) -> Self {
        let uri = match uri.len() > FAILURE_BYTES_MAX {
            true => format!("…{}", &uri[uri.ceil_char_boundary(uri.len() - FAILURE_BYTES_MAX)..]),
            false => uri.to_owned(),
        };
        let reason = match reason.len() > FAILURE_BYTES_MAX {
            true => format!("{}…", &reason[..reason.floor_char_boundary(FAILURE_BYTES_MAX)]),
            false => reason.to_owned(),
        };
        Self { uri, reason }
    }
}

/// Assets that could not be read, in a termination message and in a status.
pub const FAILURES_MAX: usize = 10;

/// Bytes of the place, and of the reason, of such an asset.
const FAILURE_BYTES_MAX: usize = 160;

/// An index that searches see.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct IndexState {
    /// Its name.
    pub name: String,
    /// The alias that searches use.
    pub alias: String,
    /// Documents in it.
    pub documents: u64,
    /// The index before it, while that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// When a run may remove an index that is kept, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<String>,
}

/// Bytes of a termination message that Kubernetes keeps.
pub const TERMINATION_BYTES_MAX: usize = 4096;

impl Termination {
    /// As JSON of at most [`TERMINATION_BYTES_MAX`] bytes: where it is too long, assets that failed are
    /// left out, then the sentence is cut.
    pub fn to_json(&self) -> String {
        let json = |one: &Self| serde_json::to_string(one).expect("made of texts and numbers");
        let mut text = json(self);
        let mut cut = self.clone();
        while text.len() > TERMINATION_BYTES_MAX && cut.failures.pop().is_some() {
            text = json(&cut);
        }
        let mut kept = self.message.chars().count();
        while text.len() > TERMINATION_BYTES_MAX && kept > 0 {
            // A character takes at most six bytes as JSON: at worst a few rounds too many.
            kept -= (text.len() - TERMINATION_BYTES_MAX).div_ceil(6).min(kept);
            cut.message = self.message.chars().take(kept).chain(['…']).collect();
            text = json(&cut);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_termination_message_is_valid_json_of_at_most_4_kb_whatever_its_sentence_holds() {
        for sentence in ["short", &"x".repeat(9000), &"叉车".repeat(3000), &"\u{1}\"".repeat(5000)]
        {
            let said = Termination {
                v: 1,
                run: 7,
                step: Step::Publish,
                outcome: "failed".to_owned(),
                reason: "SourceEmpty".to_owned(),
                message: sentence.to_owned(),
                counts: Counts::default(),
                chunks: None,
                needs_gpu: None,
                index: None,
                models: BTreeMap::new(),
                quality: None,
                failures: Vec::new(),
            };
            let text = said.to_json();
            assert!(text.len() <= TERMINATION_BYTES_MAX, "{}", text.len());
            let read: Termination = serde_json::from_str(&text).unwrap();
            assert_eq!(read.message == sentence, sentence.len() < 4000);
            assert!(text.len() > TERMINATION_BYTES_MAX - 20 || sentence.len() < 4000);
        }
    }

    #[test]
    fn assets_that_failed_are_cut_to_what_fits_and_the_sentence_stays() {
        let long = "叉".repeat(400);
        let failures = vec![FailureSample::new(&format!("s3://packs/{long}/a.usd"), &long); 30];
        assert!(failures[0].uri.ends_with("/a.usd"), "{}", failures[0].uri);
        assert!(failures[0].reason.len() < 200);
        let said = Termination {
            v: 1,
            run: 7,
            step: Step::Publish,
            outcome: "done".to_owned(),
            reason: "Published".to_owned(),
            message: "30 assets failed".to_owned(),
            counts: Counts::default(),
            chunks: None,
            needs_gpu: None,
            index: None,
            models: BTreeMap::new(),
            quality: Some(QualityState { mean_score: 0.75, mean_detection_rate: 1.0 }),
            failures,
        };
        let text = said.to_json();
        assert!(text.len() <= TERMINATION_BYTES_MAX, "{}", text.len());
        let read: Termination = serde_json::from_str(&text).unwrap();
        assert!((5..20).contains(&read.failures.len()), "{}", read.failures.len());
        assert_eq!(read.message, said.message);
    }
}
