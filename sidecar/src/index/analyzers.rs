//! Which analyzers the server has for English and Chinese.

use elasticsearch::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::names::{self, escaped};
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request, claims};

/// Analyzers of every server.
const FALLBACK: &str = "standard";

/// The analyzer of each language.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Analyzers {
    /// English: `english` where the server has it.
    pub en: String,
    /// Chinese: `smartcn` where its plugin is installed, else `cjk`.
    pub zh: String,
}

impl Default for Analyzers {
    fn default() -> Self {
        Self { en: FALLBACK.to_owned(), zh: FALLBACK.to_owned() }
    }
}

/// Asks the server for the best it has.
///
/// Without an index that takes the cluster's `manage`. A login that lacks it asks the index of the
/// runs, which is made for it where it is not there yet.
pub(super) fn probe(cluster: &Cluster, wanted: &Wanted) -> Result<Analyzers, IndexError> {
    match best(cluster, "_analyze") {
        Err(IndexError::Forbidden { .. }) => {
            claims::create_index(cluster, wanted)?;
            best(cluster, &format!("{}/_analyze", escaped(&names::runs(&wanted.alias))))
        }
        other => other,
    }
}

fn best(cluster: &Cluster, path: &str) -> Result<Analyzers, IndexError> {
    let first = |names: &[&str]| -> Result<String, IndexError> {
        for name in names {
            let body = json!({"analyzer": name, "text": "a"});
            match cluster.request(Request::new(Method::Post, path).json(&body)) {
                Ok(_) => return Ok((*name).to_owned()),
                Err(IndexError::Answer { status: 400, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(FALLBACK.to_owned())
    };
    Ok(Analyzers { en: first(&["english"])?, zh: first(&["smartcn", "cjk"])? })
}
