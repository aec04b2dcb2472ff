//! A real Elasticsearch that `make test-elasticsearch` starts, or any other that may be written to.
//!
//! Tests that need one live in files called `elasticsearch*.rs`, in the `tests/` folder of any
//! crate: `make test-local` leaves those out, `make test-elasticsearch` runs them alone, once a
//! version.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::http::{self, Answer};
use crate::skip;

/// Where the server is, `http://127.0.0.1:9200`.
const URL: &str = "VITRINE_TEST_ELASTICSEARCH_URL";

/// A server to test against.
#[derive(Clone, Debug)]
pub struct Elasticsearch {
    url: String,
    /// Major, minor, patch.
    pub version: [u32; 3],
}

impl Elasticsearch {
    /// The server that the environment names; skips where it names none.
    ///
    /// # Panics
    ///
    /// When it is named and does not answer.
    pub fn find() -> Option<Self> {
        let Ok(url) = std::env::var(URL) else {
            skip(&format!("no Elasticsearch: set {URL}, or run `make test-elasticsearch`"));
            return None;
        };
        let url = url.trim_end_matches('/').to_owned();
        let nodes = http::send(&url, "GET", "/_nodes/_local?filter_path=nodes.*.version", None)
            .unwrap_or_else(|error| panic!("{URL} is {url}: {error}"));
        let nodes = nodes.body["nodes"].as_object().expect("a node describes itself").clone();
        let node = nodes.values().next().expect("one node answers");
        let parts = node["version"].as_str().expect("a version").split(['.', '-']);
        let mut parts = parts.map(|part| part.parse().unwrap_or(0));
        let version = [0; 3].map(|zero: u32| parts.next().unwrap_or(zero));
        Some(Self { url, version })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends one request; a `body` that is a string goes as it is.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        http::send(&self.url, method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends one request that must succeed; the answer's body.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.ask(method, path, body);
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    /// A name that no other test has; all that begins with it goes when the value goes.
    pub fn name(&self, purpose: &str) -> Name {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_micros();
        let name = format!("test-{purpose}-{}-{now}-{number}", std::process::id());
        Name { name, server: self.clone() }
    }

    /// Makes what was written visible.
    pub fn refresh(&self, index: &str) {
        self.must("POST", &format!("/{index}/_refresh"), None);
    }

    /// Documents of an index or alias, after a refresh.
    ///
    /// # Panics
    ///
    /// When there is no such index.
    pub fn count(&self, index: &str) -> u64 {
        self.refresh(index);
        let counted = self.must("GET", &format!("/{index}/_count"), None);
        counted["count"].as_u64().expect("a count is a number")
    }

    /// A search's whole answer.
    pub fn search(&self, index: &str, query: &Value) -> Value {
        self.must("POST", &format!("/{index}/_search"), Some(query))
    }

    /// One document with its metadata (`_version`, `_source`); `None` where there is none.
    pub fn get(&self, index: &str, id: &str) -> Option<Value> {
        let answer = self.ask("GET", &format!("/{index}/_doc/{id}"), None);
        (answer.status == 200).then_some(answer.body)
    }

    /// Every document, vectors included, by its `_id`; up to 10,000.
    ///
    /// # Panics
    ///
    /// When there is no such index, or a search comes back in parts.
    pub fn documents(&self, index: &str) -> BTreeMap<String, Value> {
        self.refresh(index);
        let mut query = json!({"size": 10_000, "query": {"match_all": {}}, "version": true});
        if self.version >= [9, 2, 0] {
            query["_source"] = json!({"exclude_vectors": false});
        }
        let answer = self.search(index, &query);
        assert_eq!(answer["_shards"]["failed"], 0, "{answer}");
        let hits = answer["hits"]["hits"].as_array().expect("hits are a list").iter();
        hits.map(|hit| (hit["_id"].as_str().expect("an id").to_owned(), hit["_source"].clone()))
            .collect()
    }

    /// The physical indices behind an alias, sorted; empty where there is no such alias.
    pub fn behind(&self, alias: &str) -> Vec<String> {
        let answer = self.ask("GET", &format!("/_alias/{alias}"), None);
        let found = answer.body.as_object().filter(|_| answer.status == 200);
        found.map(|found| found.keys().cloned().collect()).unwrap_or_default()
    }

    /// The indices whose names begin with `start`, sorted.
    pub fn indices(&self, start: &str) -> Vec<String> {
        let path = format!("/_cat/indices/{start}*?format=json&h=index&expand_wildcards=all");
        let listed = self.must("GET", &path, None);
        let names = listed.as_array().expect("a list").iter();
        let mut names: Vec<String> =
            names.filter_map(|item| item["index"].as_str().map(str::to_owned)).collect();
        names.sort();
        names
    }

    /// The settings of one index, flat: `index.refresh_interval` and so on.
    pub fn settings(&self, index: &str) -> Value {
        let answer = self.must("GET", &format!("/{index}/_settings?flat_settings=true"), None);
        let first = answer.as_object().and_then(|all| all.values().next().cloned());
        first.expect("one index")["settings"].clone()
    }

    /// The mapping of one index, with `_meta` and `properties`.
    pub fn mapping(&self, index: &str) -> Value {
        let answer = self.must("GET", &format!("/{index}/_mapping"), None);
        let first = answer.as_object().and_then(|all| all.values().next().cloned());
        first.expect("one index")["mappings"].clone()
    }

    /// Tells a call of the program to use this server, or a proxy at `url` before it.
    pub fn lend<'a>(command: &'a mut Command, url: &str, index: &str) -> &'a mut Command {
        command.arg("--elasticsearch").arg(url).arg("--index").arg(index)
    }
}

/// A name of indices, aliases and templates that one test owns.
#[derive(Debug)]
pub struct Name {
    name: String,
    server: Elasticsearch,
}

impl std::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.name)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("VITRINE_TEST_KEEP").is_some() {
            eprintln!("kept for you to look at: {}*", self.name);
            return;
        }
        // Wildcards are refused in deletions, so each goes by its name.
        for index in self.server.indices(&self.name) {
            let _ = http::send(&self.server.url, "DELETE", &format!("/{index}"), None);
        }
    }
}
