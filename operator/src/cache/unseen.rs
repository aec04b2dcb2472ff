//! What we wrote and have not yet heard of: a pass over what it was before would write it again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cache::kept::Kept;
use crate::cache::uid::Uid;
use crate::run::kind::Kind;

/// How long a watch may take to tell us. After that a pass goes on: the API server refuses to write
/// over what is newer.
const WAIT: Duration = Duration::from_secs(2);

/// Versions that we wrote, by resource.
#[derive(Default)]
pub struct Unseen(Mutex<HashMap<Uid, (u64, Instant)>>);

impl Unseen {
    /// We wrote `resource`, as the API server answered. Versions that are no numbers are not waited for.
    pub fn wrote<K: Kind>(&self, resource: &K) {
        let version = resource.meta().resource_version.as_deref();
        if let Some(version) = version.and_then(|version| version.parse().ok()) {
            let uid = Uid::of(resource.meta().uid.as_deref());
            self.all().insert(uid, (version, Instant::now()));
        }
    }

    /// Whether `kept` is older than what we wrote.
    pub fn is_old<K: Kind>(&self, kept: &Kept<K>) -> bool {
        let mut all = self.all();
        let Some((version, since)) = all.get(&kept.uid()) else { return false };
        let is_old = kept.version().is_some_and(|seen| seen < *version) && since.elapsed() < WAIT;
        if !is_old {
            all.remove(&kept.uid());
        }
        is_old
    }

    /// `kept` was heard of: it may be what we wrote.
    pub fn heard<K: Kind>(&self, kept: &Kept<K>) {
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
    use vitrine_crds::library::Resource;

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
