//! What the cluster holds of a library before a run.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::analyzers::{self, Analyzers};
use super::meta::Meta;
use super::names::{self, escaped};
use super::wanted::{Owner, Wanted};
use super::{Cluster, IndexError, Request, claims, sides};

/// What the cluster holds of a library before a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The index that models and mapping lead to.
    pub target: String,
    /// Whether it is there already, perhaps half filled.
    pub exists: bool,
    /// The index behind the alias, where there is one.
    pub live: Option<Live>,
    /// The highest run that was ever claimed or written; 0 where there was none.
    pub newest_run: u64,
    /// The server's analyzers.
    pub analyzers: Analyzers,
}

/// The index behind the alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Its name.
    pub index: String,
    /// The run that published it.
    pub run: u64,
    /// Documents in it, as a search sees them.
    pub documents: u64,
    /// Its vector fields.
    pub meta: Meta,
}

/// Looks, and changes nothing but that the index of the runs may be made.
///
/// # Errors
///
/// [`IndexError::Foreign`], [`IndexError::NotAnAlias`], or what the cluster says.
pub fn look(cluster: &Cluster, wanted: &Wanted) -> Result<Standing, IndexError> {
    let alias = &wanted.alias;
    let mut found = listed(cluster, &names::pattern(alias))?;
    sides::check(&found, wanted)?;
    found.retain(|one| one.is_of(alias));
    if found.iter().any(|one| one.name == *alias) {
        return Err(IndexError::NotAnAlias { alias: alias.clone() });
    }
    check_shared(cluster, wanted)?;
    // Whoever else is behind the alias: the library's own index is the one that counts.
    let behind = || found.iter().filter(|one| one.aliases.contains(alias));
    let live = behind().find(|one| names::is_physical(alias, &one.name)).or(behind().next());
    // An index keeps its analyzers: a plugin that comes or goes does not make all anew, and who
    // only fills what another made need not ask for them.
    let metas = || found.iter().filter_map(|one| one.meta.as_ref());
    let made = || metas().filter(|meta| meta.owner.is(&wanted.owner)).max_by_key(|meta| meta.run);
    let analyzers = match live.and_then(|live| live.meta.as_ref()).or_else(made) {
        Some(meta) => meta.analyzers.clone(),
        None => analyzers::probe(cluster, wanted)?,
    };
    let target = wanted.target(&analyzers);
    let exists = found.iter().find(|one| one.name == target);
    for one in live.into_iter().chain(exists) {
        check_owner(one, wanted)?;
    }
    let newest = metas().map(|meta| meta.run).max();
    let live = match live.and_then(|live| Some((live.name.clone(), live.meta.clone()?))) {
        Some((index, meta)) => {
            let documents = count(cluster, &index)?;
            Some(Live { run: meta.published_run, documents, index, meta })
        }
        None => None,
    };
    Ok(Standing {
        exists: exists.is_some(),
        target,
        live,
        newest_run: newest.unwrap_or(0).max(claims::newest(cluster, alias)?),
        analyzers,
    })
}

/// An index as the cluster lists it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    /// None where it is no library's.
    pub(super) owner: Option<Owner>,
    /// None where it is no library's, or one beside those that are searched.
    pub(super) meta: Option<Meta>,
}

impl Listed {
    /// Whether it is a version of `alias`, stands behind it, or has its name.
    pub(super) fn is_of(&self, alias: &str) -> bool {
        let behind = self.aliases.iter().any(|one| one == alias);
        behind || self.name == alias || names::is_physical(alias, &self.name)
    }
}

/// The versions of `alias` among `pattern`, and whatever is behind the alias or has its name.
pub(super) fn indices(
    cluster: &Cluster,
    alias: &str,
    pattern: &str,
) -> Result<Vec<Listed>, IndexError> {
    let mut found = listed(cluster, pattern)?;
    found.retain(|one| one.is_of(alias));
    Ok(found)
}

/// Every index that `pattern` names.
pub(super) fn listed(cluster: &Cluster, pattern: &str) -> Result<Vec<Listed>, IndexError> {
    let request = Request::new(Method::Get, pattern)
        .query("features", "aliases,mappings")
        .query("ignore_unavailable", true)
        .query("expand_wildcards", "open,closed,hidden")
        .query("filter_path", "*.aliases,*.mappings._meta");
    let answer = match cluster.request(request) {
        Ok(answer) => answer,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for (name, body) in answer.as_object().into_iter().flatten() {
        let aliases: Vec<String> = body["aliases"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        let owner = serde_json::from_value(body["mappings"]["_meta"]["vitrine"]["owner"].clone());
        let meta = Meta::read(&body["mappings"]);
        found.push(Listed { name: name.clone(), aliases, owner: owner.ok(), meta });
    }
    Ok(found)
}

/// Refuses a shared alias that is an index, or another library's own.
fn check_shared(cluster: &Cluster, wanted: &Wanted) -> Result<(), IndexError> {
    let Some(shared) = &wanted.shared_alias else { return Ok(()) };
    for one in listed(cluster, &escaped(shared))? {
        let by = match one.name == *shared {
            true => "an index".to_owned(),
            false if names::is_physical(shared, &one.name) => {
                format!("the name of a library of its own, {}", one.name)
            }
            false => continue,
        };
        return Err(IndexError::Taken { name: shared.clone(), by });
    }
    Ok(())
}

/// Refuses an index of somebody else, unless it is to be adopted.
pub(super) fn check_owner(index: &Listed, wanted: &Wanted) -> Result<(), IndexError> {
    let foreign = |owner: String| IndexError::Foreign { index: index.name.clone(), owner };
    match &index.meta {
        _ if wanted.adopt => Ok(()),
        Some(meta) if meta.owner.is(&wanted.owner) => Ok(()),
        Some(meta) => Err(foreign(meta.owner.to_string())),
        None => Err(foreign("another program".to_owned())),
    }
}

/// Documents of an index, as a search sees them.
pub(super) fn count(cluster: &Cluster, index: &str) -> Result<u64, IndexError> {
    let request = Request::new(Method::Get, format!("{}/_count", escaped(index)));
    let answer = cluster.request(request)?;
    answer["count"].as_u64().ok_or_else(|| IndexError::Protocol {
        action: format!("GET /{index}/_count"),
        reason: format!("no count in {answer}"),
    })
}

/// Writes `_meta`, and whatever else of the mapping is given.
pub(super) fn write_meta(
    cluster: &Cluster,
    index: &str,
    meta: &Meta,
    properties: Option<Value>,
) -> Result<(), IndexError> {
    let mut body = json!({"_meta": meta.to_value()});
    if let Some(properties) = properties {
        body["properties"] = properties;
    }
    let path = format!("{}/_mapping", escaped(index));
    cluster.request(Request::new(Method::Put, path).json(&body))?;
    Ok(())
}
