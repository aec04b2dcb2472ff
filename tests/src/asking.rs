//! Somebody who asks through an alias all the time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::elasticsearch::Elasticsearch;

/// Between two questions: the server has other things to do, too.
const PAUSE: Duration = Duration::from_millis(2);
/// Answers that were wrong and are told.
const WRONG_MAX: usize = 3;

/// Asks through the alias until told to stop.
pub struct Asking {
    stop: Arc<AtomicBool>,
    asked: JoinHandle<Asked>,
}

/// What was answered.
#[derive(Debug, Default)]
pub struct Asked {
    /// How many.
    pub answers: usize,
    /// Indices that answered, in the order of their first answers.
    pub indices: Vec<String>,
    /// What was wrong with an answer: an error, a part, another count of hits, hits of two indices.
    pub wrong: Vec<String>,
}

impl Asking {
    /// Asks `query` through `alias`, which is to find `hits` documents each time.
    pub fn start(server: &Elasticsearch, alias: &str, query: Value, hits: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (server, alias) = (server.clone(), alias.to_owned());
        let asked = std::thread::spawn(move || {
            let mut asked = Asked::default();
            while !stopped.load(Ordering::Relaxed) {
                asked.ask(&server, &alias, &query, hits);
                std::thread::sleep(PAUSE);
            }
            asked
        });
        Self { stop, asked }
    }

    /// Stops; what was answered until now.
    ///
    /// # Panics
    ///
    /// When the server did not answer at all.
    pub fn end(self) -> Asked {
        self.stop.store(true, Ordering::Relaxed);
        self.asked.join().expect("the server answers")
    }
}

impl Asked {
    fn ask(&mut self, server: &Elasticsearch, alias: &str, query: &Value, hits: usize) {
        let answer = server.ask("POST", &format!("/{alias}/_search"), Some(query));
        self.answers += 1;
        let found = answer.body["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let indices: BTreeSet<&str> =
            found.iter().filter_map(|hit| hit["_index"].as_str()).collect();
        let is_whole = answer.status == 200
            && answer.body["_shards"]["failed"] == 0
            && found.len() == hits
            && indices.len() == 1;
        if !is_whole && self.wrong.len() < WRONG_MAX {
            self.wrong.push(format!("{} {}", answer.status, answer.body));
        }
        for index in indices {
            if self.indices.last().is_none_or(|last| last != index) {
                self.indices.push(index.to_owned());
            }
        }
    }
}
