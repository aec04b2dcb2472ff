//! Which analyzers the server has for English and Chinese.

use elasticsearch::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Cluster, IndexError, Request};

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

/// Asks the server for the best it has. A login that may not ask gets what every server has.
pub(super) fn probe(cluster: &Cluster) -> Result<Analyzers, IndexError> {
    let first = |names: &[&str]| -> Result<String, IndexError> {
        for name in names {
            let body = json!({"analyzer": name, "text": "a"});
            match cluster.request(Request::new(Method::Post, "_analyze").json(&body)) {
                Ok(_) => return Ok((*name).to_owned()),
                Err(IndexError::Answer { status: 400, .. } | IndexError::Forbidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(FALLBACK.to_owned())
    };
    Ok(Analyzers { en: first(&["english"])?, zh: first(&["smartcn", "cjk"])? })
}
