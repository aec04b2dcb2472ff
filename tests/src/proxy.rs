//! A proxy before a server that does harm on purpose, and counts what passes.
//!
//! ```no_run
//! # use vitrine_tests::proxy::{Fault, Proxy, Rule};
//! let proxy = Proxy::start("http://127.0.0.1:9200");
//! // The second and third bulk request fall upon a server that is busy.
//! proxy.rule(Rule::on("POST", "_bulk", Fault::status(503)).nth(2).times(2));
//! assert_eq!(proxy.count("POST", "_bulk"), 0);
//! ```

mod bulk;
mod fault;

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

pub use fault::{Fault, Gate, ItemError, Rule};

use crate::http::Head;

/// One request that came by.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `POST`.
    pub method: String,
    /// Path, without what follows `?`.
    pub path: String,
    /// What follows `?`.
    pub query: String,
    /// Bytes of its body.
    pub request_bytes: usize,
    /// What the client got; 0 where the connection was cut.
    pub status: u16,
    /// Bytes of the answer's body.
    pub answer_bytes: usize,
    /// Whether a rule had a hand in it.
    pub harmed: bool,
    /// Whether the server got it, or a part of it.
    pub forwarded: bool,
}

struct Shared {
    upstream: String,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
}

/// A running proxy; it stops when dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Proxy {
    /// Starts one before `upstream`, `http://host:port`.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub fn start(upstream: &str) -> Self {
        Self::start_at("127.0.0.1", upstream)
    }

    /// The same at another address of this machine.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub fn start_at(host: &str, upstream: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let shared = Arc::new(Shared {
            upstream,
            rules: Mutex::default(),
            seen: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let here = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if here.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&here);
                // A connection that breaks is what this is for.
                std::thread::spawn(move || shared.serve(&client));
            }
        });
        Self { shared, address }
    }

    /// Where clients reach it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. Of several that fit a request, the first added acts.
    pub fn rule(&self, rule: Rule) {
        lock(&self.shared.rules).push(rule);
    }

    /// Forgets all rules: the server is well again.
    pub fn heal(&self) {
        lock(&self.shared.rules).clear();
    }

    /// Every request so far, in the order of their ends.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        lock(&self.shared.seen).clear();
    }

    /// Requests so far with this method (any, where empty) whose path holds `part`.
    pub fn count(&self, method: &str, part: &str) -> usize {
        let seen = self.seen();
        let fits =
            |one: &&Seen| (method.is_empty() || one.method == method) && one.path.contains(part);
        seen.iter().filter(fits).count()
    }

    /// Bytes of all requests' bodies so far.
    pub fn request_bytes(&self) -> usize {
        self.seen().iter().map(|one| one.request_bytes).sum()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for clients, so that it sees the word.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The connection to the server, kept for the next request of the same client.
type Upstream = BufReader<TcpStream>;

/// An answer on its way: its head, its body.
type Reply = (Head, Vec<u8>);

impl Shared {
    /// Serves one client until either side ends.
    fn serve(&self, client: &TcpStream) -> Option<()> {
        client.set_nodelay(true).ok()?;
        let mut from_client = BufReader::new(client);
        let mut upstream = None;
        while let Ok(Some(head)) = Head::read(&mut from_client) {
            if self.stopped.load(Ordering::Relaxed) {
                break;
            }
            if self.exchange(head, &mut from_client, &mut upstream).is_err() {
                break;
            }
        }
        client.shutdown(Shutdown::Both).ok()
    }

    /// One request and its answer. An error ends the connection.
    fn exchange(
        &self,
        mut head: Head,
        client: &mut BufReader<&TcpStream>,
        upstream: &mut Option<Upstream>,
    ) -> io::Result<()> {
        // Answers are read here, and changed: they must come as they are.
        head.remove("accept-encoding");
        let mut words = head.first.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut seen = Seen {
            method: method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            request_bytes: head.length().unwrap_or(0),
            status: 0,
            answer_bytes: 0,
            harmed: false,
            forwarded: true,
        };
        let fault = self.fault(&method, path);
        seen.harmed = fault.is_some();
        let reply = self.reply(fault, &head, client, upstream, &mut seen);
        if let Ok((answer, body)) = &reply {
            seen.status = answer.status();
            seen.answer_bytes = body.len();
        }
        // Noted before the client can know of it, so that a test that asks now counts it.
        lock(&self.seen).push(seen);
        let (answer, body) = reply?;
        let mut bytes =
            if method == "HEAD" { answer_head(&answer) } else { answer.bytes(body.len()) };
        if method != "HEAD" {
            bytes.extend_from_slice(&body);
        }
        client.get_mut().write_all(&bytes)
    }

    /// What the client is told; an error where it is told nothing, or not all.
    fn reply(
        &self,
        fault: Option<Fault>,
        head: &Head,
        client: &mut BufReader<&TcpStream>,
        upstream: &mut Option<Upstream>,
        seen: &mut Seen,
    ) -> io::Result<Reply> {
        if let Some(Fault::CutRequest) = &fault {
            let mut half = vec![0; seen.request_bytes / 2];
            client.read_exact(&mut half)?;
            let server = self.upstream(upstream)?.get_mut();
            server.write_all(&head.bytes(seen.request_bytes))?;
            server.write_all(&half)?;
            server.shutdown(Shutdown::Both)?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let body = head.body(client)?;
        seen.request_bytes = body.len();
        match fault {
            None => self.forward(head, &body, upstream),
            Some(Fault::Delay(time)) => {
                std::thread::sleep(time);
                self.forward(head, &body, upstream)
            }
            Some(Fault::Hold(gate)) => {
                gate.pass();
                self.forward(head, &body, upstream)
            }
            Some(Fault::Answer { status, fields, body }) => {
                seen.forwarded = false;
                Ok(fault::answer(status, &fields, body.into_bytes()))
            }
            Some(Fault::Refuse) => {
                seen.forwarded = false;
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Some(Fault::CutAnswer) => {
                let (answer, body) = self.forward(head, &body, upstream)?;
                client.get_mut().write_all(&answer.bytes(body.len()))?;
                client.get_mut().write_all(&body[..body.len() / 2])?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Some(Fault::NoAnswer) => {
                self.forward(head, &body, upstream)?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Some(Fault::Items { pick, error }) => {
                let split = bulk::split(&body, |number, id| pick(number, id));
                let reply = if split.kept == 0 {
                    seen.forwarded = false;
                    fault::answer(200, &[], br#"{"took":0,"errors":false,"items":[]}"#.to_vec())
                } else {
                    self.forward(head, &split.body, upstream)?
                };
                Ok(bulk::merge(reply, &split, &error))
            }
            Some(Fault::Rewrite(rewrite)) => {
                let (answer, body) = self.forward(head, &body, upstream)?;
                Ok((answer, rewrite(body)))
            }
            Some(Fault::CutRequest) => unreachable!("dealt with above"),
        }
    }

    /// Passes a request on and reads the whole answer.
    fn forward(
        &self,
        head: &Head,
        body: &[u8],
        upstream: &mut Option<Upstream>,
    ) -> io::Result<Reply> {
        let server = self.upstream(upstream)?;
        let mut bytes = head.bytes(body.len());
        bytes.extend_from_slice(body);
        server.get_mut().write_all(&bytes)?;
        let answer = Head::read(server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let body =
            if head.first.starts_with("HEAD ") { Vec::new() } else { answer.body(server)? };
        Ok((answer, body))
    }

    fn upstream<'a>(&self, kept: &'a mut Option<Upstream>) -> io::Result<&'a mut Upstream> {
        match kept {
            Some(server) => Ok(server),
            None => {
                let server = TcpStream::connect(&self.upstream)?;
                server.set_nodelay(true)?;
                Ok(kept.insert(BufReader::new(server)))
            }
        }
    }

    /// What the rules want done to this request. Every rule that fits it counts it.
    fn fault(&self, method: &str, path: &str) -> Option<Fault> {
        let mut chosen = None;
        for rule in lock(&self.rules).iter_mut() {
            let acts = rule.meets(method, path);
            if acts && chosen.is_none() {
                chosen = Some(rule.fault.clone());
            }
        }
        chosen
    }
}

/// The head of an answer to HEAD: its length is of a body that does not come.
fn answer_head(answer: &Head) -> Vec<u8> {
    answer.bytes(answer.length().unwrap_or(0))
}
