//! Conditions in sentences.

use vitrine_crds::condition::{self, Condition, Status};
use vitrine_crds::run::Counts;

use super::kind::Standing;

/// Longest sentence of a condition, in bytes.
const MESSAGE_BYTES_MAX: usize = 2048;

/// A condition that is to be said.
#[derive(Clone, Copy, Debug)]
pub struct Say<'a> {
    /// Which.
    pub kind: &'a str,
    /// Whether it holds.
    pub status: Status,
    /// One word.
    pub reason: &'a str,
    /// A sentence.
    pub message: &'a str,
}

impl Say<'_> {
    /// Says it of `generation`, at the time `now`.
    pub fn to(self, status: &mut impl Standing, generation: i64, now: &str) {
        let Self { kind, status: holds, reason, message } = self;
        condition::set(
            status.shared().conditions,
            Condition {
                kind: kind.to_owned(),
                status: holds,
                observed_generation: Some(generation),
                last_transition_time: now.to_owned(),
                reason: word(reason),
                message: cut(message),
            },
        );
    }
}

/// What was said last of `kind`.
pub fn message<'a>(status: &'a impl Standing, kind: &str) -> Option<&'a str> {
    condition::find(status.conditions(), kind).map(|found| found.message.as_str())
}

/// Whether `kind` holds.
pub fn is(status: &impl Standing, kind: &str) -> bool {
    condition::find(status.conditions(), kind).is_some_and(|found| found.status == Status::True)
}

/// What a run over `things` came to.
pub fn counted(run: i64, counts: &Counts, things: &str) -> String {
    let Counts { read, indexed, skipped, failed, deleted } = counts;
    format!(
        "run {run}: {read} {things}: {indexed} indexed, {skipped} unchanged, {failed} failed, \
         {deleted} deleted"
    )
}

/// A reason as Kubernetes takes it: pods of strangers' images may say anything.
fn word(reason: &str) -> String {
    let is_word = !reason.is_empty()
        && reason.len() <= 128
        && reason.starts_with(|c: char| c.is_ascii_alphabetic())
        && reason.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_word { reason.to_owned() } else { "Unknown".to_owned() }
}

fn cut(message: &str) -> String {
    if message.len() <= MESSAGE_BYTES_MAX {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(MESSAGE_BYTES_MAX);
    format!("{}…", &message[..end])
}
