//! HTTP/1.1 as far as a test needs it: one message read whole, one request sent and answered.

use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// No answer of a test server takes longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// The lines above a body.
#[derive(Clone, Debug)]
pub struct Head {
    /// `GET /path HTTP/1.1`, or `HTTP/1.1 200 OK`.
    pub first: String,
    /// Name, as it came, and value.
    pub fields: Vec<(String, String)>,
}

impl Head {
    /// Reads up to the empty line; `None` when the other side closed before the first byte.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or ends within the head.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = line(from)? else { return Ok(None) };
        let mut fields = Vec::new();
        loop {
            let next = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if next.is_empty() {
                return Ok(Some(Self { first, fields }));
            }
            if let Some((name, value)) = next.split_once(':') {
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }

    /// The value of a field, its name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Of an answer: its status.
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Bytes of the body that follow, as far as the head tells.
    pub fn length(&self) -> Option<usize> {
        self.field("content-length")?.parse().ok()
    }

    /// Reads the body that follows, in whichever of the two ways it comes.
    ///
    /// # Errors
    ///
    /// When the connection breaks or ends early.
    pub fn body(&self, from: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.field("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            loop {
                let size = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                let digits = size.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
                let from_here = body.len();
                body.resize(from_here + size, 0);
                from.read_exact(&mut body[from_here..])?;
                line(from)?; // The end of the chunk; after the last, of the message.
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        body.resize(self.length().unwrap_or(0), 0);
        from.read_exact(&mut body)?;
        Ok(body)
    }

    /// The head with `length` instead of whatever told the body's end before.
    pub fn bytes(&self, length: usize) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first);
        for (name, value) in &self.fields {
            let told = ["content-length", "transfer-encoding"];
            if !told.iter().any(|told| name.eq_ignore_ascii_case(told)) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str(&format!("content-length: {length}\r\n\r\n"));
        text.into_bytes()
    }
}

/// One line without its end; `None` at the end of everything.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    from.by_ref().take(65_536).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
}

/// What a server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP's status.
    pub status: u16,
    /// The body as JSON; as a string where it is none; null where it is empty.
    pub body: Value,
}

/// Sends one request to `http://host:port…` and reads the answer. A `body` that is a string goes
/// as it is (for `_bulk`), anything else as JSON.
///
/// # Errors
///
/// When there is no server, or no whole answer.
pub fn send(url: &str, method: &str, path: &str, body: Option<&Value>) -> io::Result<Answer> {
    let host = url.strip_prefix("http://").ok_or(io::ErrorKind::Unsupported)?.trim_end_matches('/');
    let stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_nodelay(true)?;
    let body = match body {
        None => String::new(),
        Some(Value::String(lines)) => lines.clone(),
        Some(json) => json.to_string(),
    };
    let mut request = Head {
        first: format!("{method} {path} HTTP/1.1"),
        fields: vec![("host".to_owned(), host.to_owned())],
    };
    request.fields.push(("connection".to_owned(), "close".to_owned()));
    if !body.is_empty() {
        let kind = if path.contains("_bulk") { "application/x-ndjson" } else { "application/json" };
        request.fields.push(("content-type".to_owned(), kind.to_owned()));
    }
    let mut bytes = request.bytes(body.len());
    bytes.extend_from_slice(body.as_bytes());
    (&stream).write_all(&bytes)?;
    let mut reader = io::BufReader::new(&stream);
    let head = Head::read(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let text = if method == "HEAD" { Vec::new() } else { head.body(&mut reader)? };
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&text)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&text).into_owned()))
    };
    Ok(Answer { status: head.status(), body })
}
