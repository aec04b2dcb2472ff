//! Conditions: what is true of a resource, one sentence each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One aspect of a resource's state, as Kubernetes' own `metav1.Condition`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Which aspect, such as `Ready`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 316))]
    pub kind: String,
    /// Whether it holds.
    pub status: Status,
    /// The `metadata.generation` that this was said of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When `status` last changed, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// One word in CamelCase, for machines.
    #[schemars(length(min = 1, max = 1024))]
    pub reason: String,
    /// A sentence for people, with what to do where something is to be done.
    #[schemars(length(max = 32768))]
    pub message: String,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Status {
    /// It does.
    True,
    /// It does not.
    False,
    /// Nobody can tell yet.
    Unknown,
}

/// The condition of `kind` among `conditions`.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// Conditions in the order in which people read them: what holds, then what is done for it.
const ORDER: [&str; 9] = [
    "Complete",
    "Failed",
    "Ready",
    "Stalled",
    "Reconciling",
    "Syncing",
    "Scanned",
    "Worked",
    "Published",
];

/// Puts `said` among `conditions`, in place of the one of its kind. The time of the transition stays
/// where the status does.
pub fn set(conditions: &mut Vec<Condition>, said: Condition) {
    match conditions.iter_mut().find(|condition| condition.kind == said.kind) {
        Some(found) => {
            let since = match found.status == said.status {
                true => found.last_transition_time.clone(),
                false => said.last_transition_time.clone(),
            };
            *found = Condition { last_transition_time: since, ..said };
        }
        None => {
            conditions.push(said);
            let place = |one: &Condition| ORDER.iter().position(|kind| *kind == one.kind);
            conditions.sort_by_key(|one| place(one).unwrap_or(ORDER.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(status: Status, at: &str, message: &str) -> Condition {
        Condition {
            kind: "Ready".to_owned(),
            status,
            observed_generation: Some(1),
            last_transition_time: at.to_owned(),
            reason: "Published".to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_transition_is_a_change_of_status_not_of_words() {
        let mut all = vec![ready(Status::True, "2026-01-01T00:00:00Z", "50 assets")];
        set(&mut all, ready(Status::True, "2026-01-02T00:00:00Z", "51 assets"));
        assert_eq!(all, [ready(Status::True, "2026-01-01T00:00:00Z", "51 assets")]);
        set(&mut all, ready(Status::False, "2026-01-03T00:00:00Z", "gone"));
        assert_eq!(find(&all, "Ready").unwrap().last_transition_time, "2026-01-03T00:00:00Z");
        assert_eq!(all.len(), 1);
    }
}
