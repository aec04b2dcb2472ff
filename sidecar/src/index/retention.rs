//! Old indices go, when their time has come and they are ours.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use elasticsearch::http::Method;

use super::meta::Meta;
use super::names::{self, escaped};
use super::standing::{self, Standing};
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request, sides};

/// Removes indices of `wanted.owner` that no alias points to: those replaced longer ago than
/// `wanted.retain_old`, and those that an earlier run than `run` began and never published.
/// Returns what is kept for now.
///
/// # Errors
///
/// What the cluster says.
pub fn remove_old(
    cluster: &Cluster,
    wanted: &Wanted,
    standing: &Standing,
    run: u64,
) -> Result<Option<Kept>, IndexError> {
    let (alias, target) = (&wanted.alias, &standing.target);
    let mut kept = Vec::new();
    for index in standing::indices(cluster, alias, &format!("{}-*", escaped(alias)))? {
        let Some(meta) = &index.meta else { continue };
        let ours = meta.owner.is(&wanted.owner) && names::is_physical(alias, &index.name);
        let own = names::write_alias(&index.name);
        let is_searched = index.aliases.iter().any(|alias| *alias != own);
        if !ours || index.name == *target || is_searched {
            continue;
        }
        let mut meta = meta.clone();
        if meta.published_run > 0 && meta.replaced_at.is_none() {
            // A run was killed between the swap and this note.
            meta.replaced_at = Some(now());
            standing::write_meta(cluster, &index.name, &meta, None)?;
        }
        if is_due(&meta, run, wanted.retain_old, Utc::now()) {
            remove(cluster, &index.name)?;
        } else if let Some(at) = replaced_at(&meta) {
            kept.push((at, index.name));
        }
    }
    kept.sort();
    let retain = TimeDelta::from_std(wanted.retain_old).unwrap_or(TimeDelta::MAX);
    Ok(kept.first().zip(kept.last()).and_then(|((first, _), (_, newest))| {
        let until = stamp(first.checked_add_signed(retain)?);
        Some(Kept { newest: newest.clone(), until })
    }))
}

/// Indices that were replaced and are kept for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// The one that was replaced last.
    pub newest: String,
    /// When the time of the first of them is over, RFC 3339 in UTC.
    pub until: String,
}

/// The time now, RFC 3339 in UTC, to the second.
pub(super) fn now() -> String {
    stamp(Utc::now())
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn replaced_at(meta: &Meta) -> Option<DateTime<Utc>> {
    meta.replaced_at.as_deref().and_then(|at| at.parse().ok())
}

fn is_due(meta: &Meta, run: u64, retain: std::time::Duration, now: DateTime<Utc>) -> bool {
    match replaced_at(meta) {
        Some(at) => (now - at).to_std().is_ok_and(|age| age >= retain),
        None => meta.published_run == 0 && meta.run < run,
    }
}

/// Removes everything that belongs to a library: indices, runs, failures. Returns their names.
///
/// # Errors
///
/// [`IndexError::Foreign`] when the alias is somebody else's; nothing is removed then.
pub fn remove_all(cluster: &Cluster, wanted: &Wanted) -> Result<Vec<String>, IndexError> {
    let alias = &wanted.alias;
    let all = standing::listed(cluster, &names::pattern(alias))?;
    // What was never taken over is not removed either.
    let strict = Wanted { adopt: false, ..wanted.clone() };
    sides::check(&all, &strict)?;
    let (sides, rest): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| sides::names(alias).contains(&one.name));
    let found: Vec<_> = rest.into_iter().filter(|one| one.is_of(alias)).collect();
    for index in &found {
        standing::check_owner(index, &strict)?;
    }
    let removed: Vec<String> = found.into_iter().chain(sides).map(|index| index.name).collect();
    for index in &removed {
        remove(cluster, index)?;
    }
    Ok(removed)
}

/// Removes one index; one that is not there is no error.
fn remove(cluster: &Cluster, index: &str) -> Result<(), IndexError> {
    match cluster.request(Request::new(Method::Delete, escaped(index))) {
        Ok(_) => Ok(()),
        Err(error) if error.is_missing() => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::index::{Analyzers, Owner};

    #[test]
    fn an_index_goes_when_its_time_is_over_or_when_it_was_never_finished() {
        let now: DateTime<Utc> = "2026-01-02T00:00:00Z".parse().unwrap();
        let meta = |run, published_run, replaced_at: Option<&str>| Meta {
            v: 1,
            owner: Owner::default(),
            run,
            published_run,
            documents: 0,
            embeddings: Vec::new(),
            analyzers: Analyzers::default(),
            replaced_at: replaced_at.map(str::to_owned),
        };
        let day = Duration::from_secs(86_400);
        #[rustfmt::skip]
        let cases = [
            ("replaced a day ago",        meta(3, 3, Some("2026-01-01T00:00:00Z")), true),
            ("replaced an hour ago",      meta(3, 3, Some("2026-01-01T23:00:00Z")), false),
            ("begun before, not ended",   meta(4, 0, None),                         true),
            ("being filled now",          meta(5, 0, None),                         false),
            ("published, not replaced",   meta(4, 4, None),                         false),
        ];
        for (because, meta, expected) in cases {
            assert_eq!(is_due(&meta, 5, day, now), expected, "{because}");
        }
    }
}
