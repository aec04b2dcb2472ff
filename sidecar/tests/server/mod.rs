//! A small HTTP server for tests: replies by path, ranges, cut connections, a record of requests.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    headers: HashMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What is answered.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(String, String)>,
    etag: Option<String>,
    cut_after: Option<usize>,
    times: usize,
}

impl Reply {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    pub fn status(status: u16) -> Self {
        let (body, headers) = (Vec::new(), Vec::new());
        Self { status, body, headers, etag: None, cut_after: None, times: usize::MAX }
    }

    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(format!("\"{etag}\""));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Closes the connection after so many bytes of the body.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    /// Serves so often; then what [`Server::then`] added.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

#[derive(Default)]
struct State {
    replies: HashMap<String, Vec<Reply>>,
    requests: Vec<Request>,
}

/// Listens on a free port until the test's process ends.
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, path: &str, reply: Reply) {
        self.state.lock().unwrap().replies.insert(path.to_owned(), vec![reply]);
    }

    pub fn then(&self, path: &str, reply: Reply) {
        self.state.lock().unwrap().replies.get_mut(path).unwrap().push(reply);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn requests_of(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }
}

/// Answers one request; every answer closes its connection.
fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let request = Request { path, headers };
    let reply = next_reply(&mut state.lock().unwrap(), &request);
    // A client that hangs up early is what some tests are about.
    let _ = answer(&mut stream, &request, &reply);
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

fn next_reply(state: &mut State, request: &Request) -> Reply {
    state.requests.push(request.clone());
    let Some(replies) = state.replies.get_mut(&request.path) else { return Reply::status(404) };
    let reply = replies[0].clone();
    replies[0].times = reply.times.saturating_sub(1);
    if replies[0].times == 0 && replies.len() > 1 {
        replies.remove(0);
    }
    reply
}

fn answer(stream: &mut TcpStream, request: &Request, reply: &Reply) -> std::io::Result<()> {
    let asked = request.header("range").and_then(|r| r.strip_prefix("bytes="));
    let asked = asked.and_then(|r| r.strip_suffix('-')).and_then(|r| r.parse::<usize>().ok());
    let unchanged =
        request.header("if-range").is_none_or(|etag| Some(etag) == reply.etag.as_deref());
    let start = asked.filter(|_| unchanged && reply.status == 200);
    let body = &reply.body[start.unwrap_or(0)..];
    let status = if start.is_some() { 206 } else { reply.status };
    write!(stream, "HTTP/1.1 {status} Test\r\nContent-Length: {}\r\n", body.len())?;
    write!(stream, "Connection: close\r\n")?;
    if let Some(start) = start {
        let total = reply.body.len();
        write!(stream, "Content-Range: bytes {start}-{}/{total}\r\n", total - 1)?;
    }
    if let Some(etag) = &reply.etag {
        write!(stream, "ETag: {etag}\r\n")?;
    }
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&body[..reply.cut_after.unwrap_or(body.len()).min(body.len())])?;
    stream.flush()
}
