//! A filled index becomes the one that is searched.
//!
//! ```text
//! refresh, count ─▶ vectors as they should be ─▶ graph ─▶ settings ─▶ _meta ─▶ alias ─▶ old ones
//! ```
//!
//! Every step can be done again: a run killed in the midst does so.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::names::{self, escaped};
use super::standing::{self, Listed, Standing};
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request, graph, load, mapping, retention};

/// What a run made of the index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Filled {
    /// The run.
    pub run: u64,
    /// Documents that the index is to hold.
    pub documents: u64,
}

/// Makes what run `filled.run` wrote whole and searchable: vectors, graph, settings, `_meta`.
///
/// # Errors
///
/// [`IndexError::Inconsistent`] when the index does not hold as many documents as it should: the
/// next run compares it document by document. [`IndexError::Superseded`] when a later run wrote to
/// it.
pub fn complete(
    cluster: &Cluster,
    wanted: &Wanted,
    standing: &Standing,
    filled: Filled,
) -> Result<(), IndexError> {
    let Filled { run, documents } = filled;
    let target = &standing.target;
    let path = |suffix: &str| format!("{}/{suffix}", escaped(target));
    cluster.request(Request::new(Method::Post, path("_refresh")))?;
    let found = standing::count(cluster, target)?;
    if found != documents {
        return Err(IndexError::Inconsistent {
            message: format!(
                "the index {target} holds {found} documents and should hold {documents}: somebody \
                 else changed it; run again, and what differs is written anew"
            ),
        });
    }
    let listed = standing::indices(cluster, target, &escaped(target))?;
    let Some(mut meta) = listed.into_iter().next().and_then(|one| one.meta) else {
        let message = format!("the index {target} is gone, or is no longer ours; run again");
        return Err(IndexError::Inconsistent { message });
    };
    if meta.run > run {
        return Err(IndexError::Superseded { run, by: meta.run });
    }
    graph::grow(cluster, wanted, target, documents)?;
    load::put_settings(cluster, target, &mapping::serving_settings(wanted))?;
    meta.run = run;
    meta.published_run = run;
    meta.documents = documents;
    meta.replaced_at = None;
    standing::write_meta(cluster, target, &meta, None)
}

/// Lets the aliases point to the target alone, in one request: a search sees the old index or the
/// new one, whole. Returns the index that was replaced, where it was another.
///
/// # Errors
///
/// What the cluster says.
pub fn swap(
    cluster: &Cluster,
    wanted: &Wanted,
    standing: &Standing,
) -> Result<Option<String>, IndexError> {
    let alias = &wanted.alias;
    let listed = standing::indices(cluster, alias, &names::pattern(alias))?;
    let replaced = point(cluster, wanted, &standing.target, &listed)?;
    for old in &replaced {
        let before = listed.iter().find(|one| one.name == *old).and_then(|one| one.meta.clone());
        if let Some(mut meta) = before {
            meta.replaced_at = Some(retention::now());
            standing::write_meta(cluster, old, &meta, None)?;
        }
    }
    Ok(replaced.into_iter().next())
}

/// An alias that is not where it was: done by an earlier try whose answer was lost, or somebody
/// else's doing.
fn moved_on(cluster: &Cluster, alias: &str, target: &str) -> Result<(), IndexError> {
    let listed = standing::indices(cluster, alias, &names::pattern(alias))?;
    let mut behind = listed.iter().filter(|one| one.aliases.iter().any(|name| name == alias));
    match (behind.next(), behind.next()) {
        (Some(one), None) if one.name == target => Ok(()),
        _ => Err(IndexError::Inconsistent {
            message: format!(
                "the alias {alias} was moved by somebody else while {target} was being finished; \
                 it stays where it is: run again"
            ),
        }),
    }
}

/// One `_aliases` request. Returns what the alias pointed to.
fn point(
    cluster: &Cluster,
    wanted: &Wanted,
    target: &str,
    listed: &[Listed],
) -> Result<Vec<String>, IndexError> {
    let alias = &wanted.alias;
    let mut actions: Vec<Value> = Vec::new();
    let behind = |index: &Listed, name: &str| index.aliases.iter().any(|alias| alias == name);
    for name in std::iter::once(alias).chain(&wanted.shared_alias) {
        // Of a shared alias the other libraries' indices stay: `listed` has this one's alone.
        for old in listed.iter().filter(|old| old.name != target && behind(old, name)) {
            // Where it has moved on, the whole request is refused: nothing is answered by two.
            let remove = json!({"index": old.name, "alias": name, "must_exist": true});
            actions.push(json!({ "remove": remove }));
        }
        if !listed.iter().any(|one| one.name == target && behind(one, name)) {
            actions.push(json!({"add": {"index": target, "alias": name}}));
        }
    }
    if !actions.is_empty() {
        let request = Request::new(Method::Post, "_aliases").json(&json!({"actions": actions}));
        match cluster.request(request) {
            Ok(_) => {}
            Err(IndexError::Answer { status: 404, kind, .. })
                if kind == "aliases_not_found_exception" =>
            {
                moved_on(cluster, alias, target)?;
            }
            Err(error) => return Err(error),
        }
    }
    let old = listed.iter().filter(|old| old.name != target && behind(old, alias));
    Ok(old.map(|old| old.name.clone()).collect())
}
