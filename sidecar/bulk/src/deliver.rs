//! Bodies to verdicts: what is sent, when, and how often.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use elasticsearch::http::Method;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use elasticsearch::{BulkParts, Elasticsearch};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use crate::answer::{self, Fate};
use crate::body::{Batch, Item};
use crate::pace::{Pace, pause};
use crate::queue::{Queue, Settled};
use crate::totals::Counters;
use crate::{BulkError, Done, Operation, Options, Verdict};

/// What all requests of one load share.
struct Load<T> {
    client: Elasticsearch,
    options: Options,
    pace: Pace,
    counters: Arc<Counters>,
    verdicts: UnboundedSender<Result<Settled<T>, BulkError>>,
    /// Somebody who waits was told why.
    has_warned: AtomicBool,
}

/// Takes operations until there are no more and sends them in bodies.
pub(crate) async fn drive<T: Send + 'static>(
    client: Elasticsearch,
    options: Options,
    queue: Queue<T>,
) {
    let Queue { mut operations, verdicts, counters, closing: _closing } = queue;
    let pace = Pace::new(options.requests_max);
    let has_warned = AtomicBool::new(false);
    let load = Arc::new(Load { client, options, pace, counters, verdicts, has_warned });
    let mut flying: JoinSet<Result<(), BulkError>> = JoinSet::new();
    let mut next: Option<Operation<T>> = None;
    let mut is_open = true;
    while is_open || next.is_some() {
        // 1. A free place; and no news of a load that has ended.
        while flying.len() >= load.pace.limit() {
            if !lands_well(&load, &mut flying).await {
                return;
            }
        }
        // 2. A body: what is at hand, and what comes in a moment. Whoever hands in may wait for
        // verdicts, so what lands meanwhile is looked at here too.
        let mut filling = std::pin::pin!(fill(&load.options, &mut operations, &mut next));
        let batch = loop {
            tokio::select! {
                batch = &mut filling => break batch,
                is_well = lands_well(&load, &mut flying) => if !is_well {
                    return;
                },
            }
        };
        let Some(batch) = batch else {
            is_open = false;
            continue;
        };
        flying.spawn({
            let load = Arc::clone(&load);
            async move { load.deliver(batch).await }
        });
    }
    while !flying.is_empty() {
        if !lands_well(&load, &mut flying).await {
            return;
        }
    }
}

/// Waits until a request has landed; whether to go on. Passes the reason on where not. Requests
/// still in flight are let go: their documents have no verdict, and the reason says so.
async fn lands_well<T>(load: &Load<T>, flying: &mut JoinSet<Result<(), BulkError>>) -> bool {
    let landed = tokio::select! {
        () = load.verdicts.closed() => return false,
        Some(landed) = flying.join_next() => landed,
    };
    let error = match landed {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error,
        // Receivers find that verdicts are missing.
        Err(_) => return false,
    };
    let _ = load.verdicts.send(Err(error)); // Nobody listens: then nobody wants to know.
    false
}

/// The next body's operations: full, or all that came within the time to linger. None when there
/// are no more.
async fn fill<T>(
    options: &Options,
    operations: &mut tokio::sync::mpsc::UnboundedReceiver<Operation<T>>,
    next: &mut Option<Operation<T>>,
) -> Option<Batch<T>> {
    let first = match next.take() {
        Some(first) => first,
        None => operations.recv().await?,
    };
    let mut bytes = first.weight_bytes();
    let index = Arc::clone(&first.index);
    let mut items = vec![Item { operation: first, attempts: 0 }];
    let until = tokio::time::Instant::now() + options.linger;
    while items.len() < options.body_documents_max && bytes < options.body_bytes_max {
        let operation = match operations.try_recv() {
            Ok(operation) => operation,
            Err(_) => match tokio::time::timeout_at(until, operations.recv()).await {
                Ok(Some(operation)) => operation,
                Ok(None) | Err(_) => break,
            },
        };
        let weight = operation.weight_bytes();
        if operation.index != index || bytes + weight > options.body_bytes_max {
            *next = Some(operation);
            break;
        }
        bytes += weight;
        items.push(Item { operation, attempts: 0 });
    }
    Some(Batch { index, items })
}

/// How one request ended.
enum Ended<T> {
    /// Everything has its verdict.
    Settled,
    /// The rest is to be sent again, after a pause.
    Again { rest: Batch<T>, sign: Sign },
    /// It was too large for the server: each half alone.
    Halve(Batch<T>),
}

/// Why to send again.
struct Sign {
    error: BulkError,
    asked: Option<Duration>,
    is_blocked: bool,
}

impl<T: Send + 'static> Load<T> {
    /// Sends a batch until every item has its verdict.
    async fn deliver(&self, batch: Batch<T>) -> Result<(), BulkError> {
        let mut waiting = vec![self.without_impossible(batch)];
        let (mut failed, mut since, mut was_blocked) = (0, Instant::now(), false);
        while let Some(batch) = waiting.pop() {
            if batch.items.is_empty() {
                continue;
            }
            match self.send(batch).await? {
                Ended::Settled => {
                    self.pace.taken();
                    (failed, since) = (0, Instant::now());
                }
                Ended::Halve(mut batch) if batch.items.len() > 1 => {
                    let second = batch.split();
                    waiting.extend([second, batch]);
                }
                Ended::Halve(batch) => {
                    for item in batch.items {
                        let reason = "the server takes no document this large \
                                      (http.max_content_length)"
                            .to_owned();
                        let kind = "content_too_large".to_owned();
                        self.settle(item, Verdict::Refused { status: 413, kind, reason });
                    }
                }
                Ended::Again { rest, sign } => {
                    self.pace.pushed_back(Instant::now());
                    let Sign { error, asked, is_blocked } = sign;
                    if is_blocked != was_blocked {
                        // What the one took is not held against the other.
                        (failed, since, was_blocked) = (0, Instant::now(), is_blocked);
                    }
                    failed += 1;
                    let pause = pause(&self.options, failed, asked, fastrand::f64());
                    let longest = match is_blocked {
                        true => self.options.blocked_for,
                        false => self.options.retry_for,
                    };
                    let too_often = !is_blocked && failed >= self.options.attempts_max;
                    if too_often || since.elapsed() + pause > longest {
                        return Err(error);
                    }
                    if is_blocked && !self.has_warned.swap(true, Ordering::Relaxed) {
                        tracing::warn!("{error}; trying again for up to {longest:?}");
                    }
                    tracing::debug!(%error, "sends {} documents again in {pause:?}", rest.items.len());
                    self.counters.retried(rest.items.len());
                    tokio::time::sleep(pause).await;
                    waiting.push(rest);
                }
            }
        }
        Ok(())
    }

    /// Refuses what no server would take.
    fn without_impossible(&self, batch: Batch<T>) -> Batch<T> {
        let Batch { index, items } = batch;
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            let reason = item.operation.impossible(self.options.document_bytes_max);
            match reason {
                None => kept.push(item),
                Some((status, reason)) => {
                    let kind = "impossible_document".to_owned();
                    self.settle(item, Verdict::Refused { status, kind, reason });
                }
            }
        }
        Batch { index, items: kept }
    }

    /// One request.
    async fn send(&self, mut batch: Batch<T>) -> Result<Ended<T>, BulkError> {
        for item in &mut batch.items {
            item.attempts += 1;
        }
        let body = batch.body();
        self.counters.sent(body.len());
        let path = BulkParts::Index(&batch.index).url();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        let require_alias = if self.options.require_alias { "true" } else { "false" };
        let query = [("filter_path", answer::FILTER_PATH), ("require_alias", require_alias)];
        let timeout = Some(self.options.request_timeout);
        let sent =
            self.client.send(Method::Post, &path, headers, Some(&query), Some(body), timeout).await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Ok(lost(batch, &error)),
        };
        let status = response.status_code().as_u16();
        let asked = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| Some(Duration::from_secs(value.to_str().ok()?.trim().parse().ok()?)));
        let answered = match response.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(lost(batch, &error)),
        };
        match status {
            200..=299 => self.judge(batch, &answered, asked).await,
            _ => turned_away(batch, (status, &answered), asked),
        }
    }

    /// Gives every item what its status says.
    async fn judge(
        &self,
        batch: Batch<T>,
        answered: &[u8],
        asked: Option<Duration>,
    ) -> Result<Ended<T>, BulkError> {
        let Batch { index, items } = batch;
        let fates: Vec<Fate> = {
            let ids = items.iter().map(|item| item.operation.id.as_str());
            // The answer borrows from the ids only while it is read.
            let statuses = answer::read(answered, ids)?;
            let pairs = statuses.iter().zip(&items);
            pairs.map(|(status, item)| status.fate(&item.operation.action, &index)).collect()
        };
        let (mut rest, mut conflicts, mut worst) = (Vec::new(), Vec::new(), None);
        let mut ending = None;
        for (item, fate) in items.into_iter().zip(fates) {
            match fate {
                Fate::Settled(verdict) => self.settle(item, verdict),
                Fate::Conflict => conflicts.push(item),
                Fate::Again { status, kind } => {
                    rest.push(item);
                    worst.get_or_insert(Pushed::Busy { status, kind });
                }
                Fate::Blocked { reason } => {
                    rest.push(item);
                    worst = Some(Pushed::Blocked { reason });
                }
                Fate::Ends(error) => ending = ending.or(Some(error)),
            }
        }
        if let Some(error) = ending {
            return Err(error);
        }
        if !conflicts.is_empty() {
            let ids = conflicts.iter().map(|item| item.operation.id.clone()).collect();
            let versions = self.versions(&index, ids).await;
            for item in conflicts {
                let current = versions.get(&item.operation.id).copied();
                self.settle(item, Verdict::Superseded { current });
            }
        }
        let Some(pushed) = worst else { return Ok(Ended::Settled) };
        let rest = Batch { index, items: rest };
        let sign = pushed.sign(&rest, asked);
        Ok(Ended::Again { rest, sign })
    }

    fn settle(&self, item: Item<T>, verdict: Verdict) {
        self.counters.settled(&verdict);
        let Item { operation, attempts } = item;
        let weight_bytes = operation.weight_bytes();
        let done = Done { id: operation.id, tag: operation.tag, verdict, attempts };
        // Nobody listens: the load is being given up.
        let _ = self.verdicts.send(Ok(Settled { done, weight_bytes }));
    }

    /// The versions that stand in the way of `ids`. What cannot be learnt is left out: the verdict
    /// is the same without.
    async fn versions(&self, index: &str, ids: Vec<String>) -> HashMap<String, u64> {
        let asked = self
            .client
            .mget(elasticsearch::MgetParts::Index(index))
            ._source(&["false"])
            .body(serde_json::json!({ "ids": ids }))
            .request_timeout(self.options.request_timeout)
            .send()
            .await;
        let answer: Option<Value> = match asked {
            Ok(response) => response.json().await.ok(),
            Err(_) => None,
        };
        let found = answer.as_ref().and_then(|answer| answer["docs"].as_array());
        let version =
            |doc: &Value| Some((doc["_id"].as_str()?.to_owned(), doc["_version"].as_u64()?));
        found.into_iter().flatten().filter_map(version).collect()
    }
}

/// Why items of an answered request are to be sent again.
enum Pushed {
    Busy { status: u16, kind: String },
    Blocked { reason: String },
}

impl Pushed {
    fn sign<T>(self, rest: &Batch<T>, asked: Option<Duration>) -> Sign {
        let attempts = rest.items.iter().map(|item| item.attempts).max().unwrap_or(0);
        let is_blocked = matches!(self, Self::Blocked { .. });
        let error = match self {
            Self::Blocked { reason } => {
                BulkError::Blocked { index: rest.index.to_string(), reason }
            }
            Self::Busy { status, kind } => {
                BulkError::Overloaded { waiting: rest.items.len(), attempts, status, kind }
            }
        };
        Sign { error, asked, is_blocked }
    }
}

/// No answer: the documents may have arrived, and are sent again all the same.
fn lost<T>(batch: Batch<T>, error: &elasticsearch::Error) -> Ended<T> {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason = inner.to_string();
        cause = inner.source();
    }
    let attempts = batch.items.iter().map(|item| item.attempts).max().unwrap_or(0);
    let error = BulkError::Unreachable { attempts, reason };
    Ended::Again { rest: batch, sign: Sign { error, asked: None, is_blocked: false } }
}

/// An answer that is an error as a whole.
fn turned_away<T>(
    batch: Batch<T>,
    (status, answered): (u16, &[u8]),
    asked: Option<Duration>,
) -> Result<Ended<T>, BulkError> {
    let (kind, reason) = answer::whole(answered);
    let index = batch.index.to_string();
    match (status, kind.as_str()) {
        (_, "cluster_block_exception") => {
            let sign = Pushed::Blocked { reason }.sign(&batch, asked);
            Ok(Ended::Again { rest: batch, sign })
        }
        (408 | 429 | 500..=599, _) => {
            let sign = Pushed::Busy { status, kind }.sign(&batch, asked);
            Ok(Ended::Again { rest: batch, sign })
        }
        (401, _) => Err(BulkError::Unauthorized { reason }),
        (403, _) => Err(BulkError::Forbidden { index, reason }),
        (404, "index_not_found_exception") => Err(BulkError::IndexMissing { index }),
        (413, _) => Ok(Ended::Halve(batch)),
        _ => Err(BulkError::Protocol { reason: format!("{status} {kind} {reason}") }),
    }
}
