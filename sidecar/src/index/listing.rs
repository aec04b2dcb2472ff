//! What is in an index, page by page, in the order of ids.

use std::collections::VecDeque;
use std::time::Duration;

use elasticsearch::http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::document::Exported;
use super::names::escaped;
use super::server::Version;
use super::wanted::Holds;
use super::{Cluster, IndexError, Request};

/// Entries of one page: some hundred bytes each.
const ENTRIES_PAGE: usize = 10_000;
/// Whole documents of one page: some ten kilobytes each. Fewer where an answer grows too large.
const DOCUMENTS_PAGE: usize = 500;
/// How long the server keeps a view of the index between two pages.
const KEEP_ALIVE: &str = "5m";
/// How long one page may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(120);
/// From here on vectors are left out of answers unless asked for.
const VECTORS_EXCLUDED: Version = Version { major: 9, minor: 2, patch: 0 };

/// What a run compares of one document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The asset's or clip's id.
    pub id: String,
    /// Covers all that makes the document; empty where it has none.
    pub state: String,
    /// As written; 0 of clips.
    pub used_by: u64,
    /// Path inside the collection, of clips; empty of assets, whose id says it.
    pub path: String,
}

/// Every document of `index`: what a run compares of it. Refreshes first, so that nothing that was
/// written is missing.
///
/// # Errors
///
/// What the cluster says, on opening and on every page.
pub fn list<'a>(
    cluster: &'a Cluster,
    index: (&str, Holds),
) -> Result<impl Iterator<Item = Result<Entry, IndexError>> + use<'a>, IndexError> {
    let extra = match index.1 {
        Holds::Assets => "used_by",
        Holds::Clips => "video_path",
    };
    let body = json!({"_source": false, "docvalue_fields": ["state", extra]});
    Ok(Pages::open(cluster, index, (ENTRIES_PAGE, body))?.map(|hit| {
        let hit = hit?;
        let first = |field: &str| &hit["fields"][field][0];
        Ok(Entry {
            id: hit["_id"].as_str().unwrap_or_default().to_owned(),
            state: first("state").as_str().unwrap_or_default().to_owned(),
            used_by: first("used_by").as_u64().unwrap_or_default(),
            path: first("video_path").as_str().unwrap_or_default().to_owned(),
        })
    }))
}

/// Every document of `index` whole, with its vectors.
///
/// # Errors
///
/// As [`list`]; and [`IndexError::Inconsistent`] for a document that is none of ours.
pub fn export<'a, D: DeserializeOwned>(
    cluster: &'a Cluster,
    index: (&str, Holds),
    fields: Vec<String>,
) -> Result<impl Iterator<Item = Result<Exported<D>, IndexError>> + use<'a, D>, IndexError> {
    let mut body = json!({});
    if cluster.server().version.is_none_or(|version| version >= VECTORS_EXCLUDED) {
        body["_source"] = json!({"exclude_vectors": false});
    }
    let name = index.0.to_owned();
    Ok(Pages::open(cluster, index, (DOCUMENTS_PAGE, body))?.map(move |hit| {
        let mut hit = hit?;
        Exported::read(hit["_source"].take(), &fields).map_err(|reason| {
            let id = hit["_id"].as_str().unwrap_or_default();
            let message = format!("the document {id} of {name} cannot be read back: {reason}");
            IndexError::Inconsistent { message }
        })
    }))
}

/// Hits in the order of ids, over a view of the index that does not change. A view that
/// the server lost is taken anew after the last id.
struct Pages<'a> {
    cluster: &'a Cluster,
    index: String,
    holds: Holds,
    body: Value,
    size: usize,
    view: Option<String>,
    page: VecDeque<Value>,
    after: Option<Value>,
    is_last: bool,
}

impl<'a> Pages<'a> {
    fn open(
        cluster: &'a Cluster,
        (index, holds): (&str, Holds),
        (size, body): (usize, Value),
    ) -> Result<Self, IndexError> {
        let refresh = Request::new(Method::Post, format!("{}/_refresh", escaped(index)));
        cluster.request(refresh)?;
        Ok(Self {
            cluster,
            index: index.to_owned(),
            holds,
            body,
            size,
            view: None,
            page: VecDeque::new(),
            after: None,
            is_last: false,
        })
    }

    fn fetch(&mut self) -> Result<(), IndexError> {
        let mut answer = loop {
            match self.ask() {
                // A node that went away took the view with it.
                Err(error) if error.is_missing() && self.view.take().is_some() => {}
                Err(IndexError::Protocol { .. }) if self.size > 1 => self.size /= 2,
                answered => break answered?,
            }
        };
        let hits = match answer["hits"]["hits"].take() {
            Value::Array(hits) => hits,
            _ => Vec::new(),
        };
        self.is_last = hits.is_empty();
        if let Some(last) = hits.last() {
            self.after = Some(last["sort"].clone());
        }
        self.page = hits.into();
        Ok(())
    }

    fn ask(&mut self) -> Result<Value, IndexError> {
        let view = match &self.view {
            Some(view) => view.clone(),
            None => {
                let path = format!("{}/_pit", escaped(&self.index));
                let request = Request::new(Method::Post, path).query("keep_alive", KEEP_ALIVE);
                let answer = self.cluster.request(request)?;
                answer["id"].as_str().unwrap_or_default().to_owned()
            }
        };
        let mut body = self.body.clone();
        body["pit"] = json!({"id": view, "keep_alive": KEEP_ALIVE});
        self.view = Some(view);
        body["size"] = json!(self.size);
        body["sort"] = json!([{self.holds.id_field(): "asc"}]);
        body["track_total_hits"] = json!(false);
        if let Some(after) = &self.after {
            body["search_after"] = after.clone();
        }
        let request = Request::new(Method::Post, "_search")
            .query("allow_partial_search_results", false)
            .timeout(PAGE_TIMEOUT)
            .json(&body);
        let answer = self.cluster.request(request)?;
        if let Some(view) = answer["pit_id"].as_str() {
            self.view = Some(view.to_owned());
        }
        Ok(answer)
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Value, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.is_last
            && let Err(error) = self.fetch()
        {
            self.is_last = true;
            return Some(Err(error));
        }
        self.page.pop_front().map(Ok)
    }
}

impl Drop for Pages<'_> {
    fn drop(&mut self) {
        if let Some(view) = self.view.take() {
            // Where this fails the server lets go of it by itself.
            let request = Request::new(Method::Delete, "_pit").json(&json!({"id": view}));
            let _ = self.cluster.request(request);
        }
    }
}

/// Writes one document of a shard again as it is: what it says and its version stay.
pub(super) fn rewrite_one(cluster: &Cluster, index: &str, shard: &str) -> Result<(), IndexError> {
    let mut body = json!({"size": 1, "version": true});
    if cluster.server().version.is_none_or(|version| version >= VECTORS_EXCLUDED) {
        body["_source"] = json!({"exclude_vectors": false});
    }
    let path = |suffix: &str| format!("{}/{suffix}", escaped(index));
    let search = Request::new(Method::Post, path("_search"))
        .query("preference", format!("_shards:{shard}"))
        .json(&body);
    let answer = cluster.request(search)?;
    let hit = &answer["hits"]["hits"][0];
    let Some(id) = hit["_id"].as_str() else { return Ok(()) };
    let request = Request::new(Method::Put, path(&format!("_doc/{}", escaped(id))))
        .query("version", &hit["_version"])
        .query("version_type", "external_gte")
        .query("refresh", true)
        .json(&hit["_source"]);
    match cluster.request(request) {
        Ok(_) => Ok(()),
        // Somebody wrote a newer one: that makes a segment too.
        Err(IndexError::Answer { status: 409, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
