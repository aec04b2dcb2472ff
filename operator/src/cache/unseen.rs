//! What we wrote and have not yet heard of: a pass over what it was before would write it again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vitrine_crds::library::Resource;

use crate::cache::kept::Kept;
use crate::cache::uid::Uid;

/// How long a watch may take to tell us. After that a pass goes on: the API server refuses to write
/// over what is newer.
const WAIT: Duration = Duration::from_secs(2);

/// Versions that we wrote, by library.
#[derive(Default)]
pub struct Unseen(Mutex<HashMap<Uid, (u64, Instant)>>);

impl Unseen {
    /// We wrote `library`, as the API server answered. Versions that are no numbers are not waited for.
    pub fn wrote(&self, library: &Resource) {
        let version = library.metadata.resource_version.as_deref();
        if let Some(version) = version.and_then(|version| version.parse().ok()) {
            let uid = Uid::of(library.metadata.uid.as_deref());
            self.all().insert(uid, (version, Instant::now()));
        }
    }

    /// Whether `kept` is older than what we wrote.
    pub fn is_old(&self, kept: &Kept) -> bool {
        let mut all = self.all();
        let Some((version, since)) = all.get(&kept.uid()) else { return false };
        let is_old = kept.version().is_some_and(|seen| seen < *version) && since.elapsed() < WAIT;
        if !is_old {
            all.remove(&kept.uid());
        }
        is_old
    }

    /// `library` was heard of: it may be what we wrote.
    pub fn heard(&self, kept: &Kept) {
        self.is_old(kept);
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<Uid, (u64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_library_is_old_until_it_was_heard_of_as_it_was_written() {
        let library = |version: &str| -> Resource {
            serde_json::from_value(json!({
                "apiVersion": "vitrine.dev/v1alpha1", "kind": "AssetLibrary",
                "metadata": {"name": "a", "uid": "u", "resourceVersion": version},
                "spec": {"source": {"uri": "s3://a/b"}},
            }))
            .unwrap()
        };
        let version = |version: &str| Kept::of(&library(version));
        let unseen = Unseen::default();
        assert!(!unseen.is_old(&version("7")));
        unseen.wrote(&library("9"));
        assert!(unseen.is_old(&version("7")));
        unseen.heard(&version("8"));
        assert!(unseen.is_old(&version("8")));
        unseen.heard(&version("10"));
        assert!(!unseen.is_old(&version("10")));
        assert!(unseen.all().is_empty(), "what was heard of is not kept");
    }
}
