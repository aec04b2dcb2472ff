//! A library on its way into an index, through a proxy that can do harm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::elasticsearch::{Elasticsearch, Name};
use crate::library::{Library, reference, usda};
use crate::program::{Ended, command, run};
use crate::proxy::Proxy;

/// Where a run leaves what it makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// In the index, and in a catalogue on disk.
    Both,
    /// In the index alone.
    Alone,
}

impl Place {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Both, Self::Alone];
}

/// A library, an alias of its own, and a proxy before the server.
pub struct Indexed {
    /// The library.
    pub library: Library,
    /// The server itself.
    pub server: Elasticsearch,
    /// The alias.
    pub alias: Name,
    /// What the program takes for the server.
    pub proxy: Proxy,
    cache: TempDir,
}

impl Indexed {
    /// An empty library; skips where there is no server.
    ///
    /// # Panics
    ///
    /// When there is no place for temporary files.
    pub fn new(purpose: &str) -> Option<Self> {
        let server = Elasticsearch::find()?;
        let alias = server.name(purpose);
        let proxy = Proxy::start(server.url());
        let cache = tempfile::tempdir().expect("there is a place for temporary files");
        Some(Self { library: Library::new(), server, alias, proxy, cache })
    }

    /// A desk, a room that shows the desk, and a cup.
    pub fn small(purpose: &str) -> Option<Self> {
        let indexed = Self::new(purpose)?;
        indexed.library.write("office/desk.usda", usda("Desk", "", ""));
        indexed.library.write("office/room.usda", usda("Room", &reference("./desk.usda"), ""));
        indexed.library.write("kitchen/cup.usda", usda("Cup", "", ""));
        Some(indexed)
    }

    /// `count` assets that know nothing of one another.
    pub fn many(purpose: &str, count: usize) -> Option<Self> {
        let indexed = Self::new(purpose)?;
        for number in 0..count {
            indexed.library.write(&format!("pack/thing{number:04}.usda"), usda("Thing", "", ""));
        }
        Some(indexed)
    }

    /// `vitrine catalog` without vectors, through the proxy, with a JSON report.
    pub fn call(&self, place: Place, more: &[&str]) -> Command {
        let mut call = self.with_vectors(place, more);
        call.arg("--no-embeddings");
        call
    }

    /// The same with vectors.
    pub fn with_vectors(&self, place: Place, more: &[&str]) -> Command {
        let mut call = command(&["catalog", "--quiet", "--output", "json"]);
        call.arg(self.library.path()).args(["--index", &self.alias]);
        call.args(["--elasticsearch", &self.proxy.url()]).args(more);
        if place == Place::Both {
            call.arg("--out").arg(self.library.catalog());
        }
        self.settle(&mut call);
        call
    }

    /// A call whose state lies with this test, and whose `./catalog` would, too.
    pub fn settle<'a>(&self, call: &'a mut Command) -> &'a mut Command {
        let beside = self.library.path();
        let beside = beside.parent().expect("a library lies in a folder");
        call.env("VITRINE_CACHE_DIR", self.cache()).current_dir(beside)
    }

    /// Where the state of an index without a catalogue lies.
    pub fn cache(&self) -> PathBuf {
        self.cache.path().to_owned()
    }

    /// Runs [`Indexed::call`].
    pub fn run(&self, place: Place, more: &[&str]) -> Ended {
        run(&mut self.call(place, more))
    }

    /// The report of a run that must end with 0.
    pub fn report(&self, place: Place, more: &[&str]) -> Value {
        self.run(place, more).json(0)
    }

    /// The index behind the alias.
    ///
    /// # Panics
    ///
    /// When there is not exactly one.
    pub fn index(&self) -> String {
        let behind = self.server.behind(&self.alias);
        let [index] = behind.as_slice() else {
            panic!("one index should be behind {}: {behind:?}", self.alias)
        };
        index.clone()
    }

    /// The documents behind the alias by path inside the library.
    ///
    /// # Panics
    ///
    /// When an asset has two.
    pub fn documents(&self) -> BTreeMap<String, Value> {
        let mut by_path = BTreeMap::new();
        for (id, document) in self.server.documents(&self.alias) {
            assert_eq!(document["asset_id"], id.as_str(), "{document}");
            let path = document["path"].as_str().expect("documents name their path").to_owned();
            let twice = by_path.insert(path, document);
            assert!(twice.is_none(), "{twice:?} is there twice");
        }
        by_path
    }

    /// How often each document was written: the number of the run that wrote it, by path.
    pub fn versions(&self) -> BTreeMap<String, u64> {
        self.server.refresh(&self.alias);
        let query = serde_json::json!({"size": 10_000, "version": true, "_source": ["path"]});
        let answer = self.server.search(&self.alias, &query);
        let hits = answer["hits"]["hits"].as_array().expect("hits are a list").iter();
        let path = |hit: &Value| hit["_source"]["path"].as_str().expect("a path").to_owned();
        hits.map(|hit| (path(hit), hit["_version"].as_u64().expect("a version"))).collect()
    }

    /// Documents written to the index behind the alias since it was made, each time counted.
    pub fn writes(&self) -> u64 {
        let stats = self.server.must("GET", &format!("/{}/_stats/indexing", self.index()), None);
        let total = &stats["_all"]["primaries"]["indexing"]["index_total"];
        total.as_u64().expect("a number")
    }

    /// Demands that the index is whole: each asset of the library once, behind the alias, in an
    /// index that is set for searching and says of itself what is true.
    ///
    /// # Panics
    ///
    /// When it is not; `because` says in which case.
    pub fn must_be_whole(&self, because: &str) {
        let found: Vec<String> = self.documents().into_keys().collect();
        assert_eq!(found, self.assets(), "{because}: each asset is there once");
        let index = self.index();
        let settings = self.server.settings(&index);
        assert_ne!(settings["index.refresh_interval"], "-1", "{because}: {settings}");
        assert_eq!(settings["index.auto_expand_replicas"], "0-1", "{because}: {settings}");
        let meta = &self.server.mapping(&index)["_meta"]["vitrine"];
        assert_eq!(meta["documents"], found.len(), "{because}: {meta}");
        assert_eq!(meta["published_run"], meta["run"], "{because}: {meta}");
    }

    /// The assets of the library, sorted.
    pub fn assets(&self) -> Vec<String> {
        let root = self.library.path();
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for item in std::fs::read_dir(&folder).expect("a folder").flatten() {
                let path = item.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "usda") {
                    found.push(inside(&root, &path));
                }
            }
        }
        found.sort();
        found
    }

    /// The failures that the index of failures holds, by asset id.
    pub fn failures(&self) -> BTreeMap<String, Value> {
        let index = format!("{}-failures", self.alias);
        match self.server.ask("HEAD", &format!("/{index}"), None).status {
            200 => {
                let all = self.server.documents(&index).into_values();
                all.map(|failure| (failure["asset_id"].as_str().unwrap_or("?").to_owned(), failure))
                    .collect()
            }
            _ => BTreeMap::new(),
        }
    }
}

/// `[read, indexed, skipped, failed]` of a report, which must add up.
///
/// # Panics
///
/// When they do not.
pub fn counts(report: &Value) -> [u64; 4] {
    let counts = ["read", "indexed", "skipped", "failed"]
        .map(|name| report["counts"][name].as_u64().expect("counts are numbers"));
    let [read, indexed, skipped, failed] = counts;
    assert_eq!(read, indexed + skipped + failed, "{report}");
    counts
}

fn inside(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("it lies below").to_string_lossy().into_owned()
}
