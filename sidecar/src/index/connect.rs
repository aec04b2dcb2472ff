//! A connection, and one request over it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use elasticsearch::Elasticsearch;
use elasticsearch::auth::{ClientCertificate, Credentials};
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::response::Response;
use elasticsearch::http::transport::{MultiNodeConnectionPool, TransportBuilder};
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};

use super::server::Server;
use super::settings::{Login, Settings};
use super::{IndexError, error};

pub use elasticsearch::http::Method;

/// Most bytes of one answer.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// How long the first request may be tried again: an address that nobody answers at is more often
/// wrong than early, and somebody waits to be told.
const CONNECT_FOR: Duration = Duration::from_secs(8);
/// Longest pause before the second try; doubled before each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// Longest pause of all.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<bytes::Bytes>,
    is_ndjson: bool,
    timeout: Option<Duration>,
}

impl Request {
    /// * `path`: without a leading slash, escaped where it has to be.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let (query, body) = (Vec::new(), None);
        Self { method, path: path.into(), query, body, is_ndjson: false, timeout: None }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into());
        self
    }

    /// Sends one JSON value a line, as `_msearch` wants it.
    #[must_use]
    pub fn lines(mut self, lines: &[Value]) -> Self {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.body = Some(text.into());
        self.is_ndjson = true;
        self
    }

    /// Waits longer, or less long.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Method and path, for messages.
    fn action(&self) -> String {
        let method = match self.method {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
            Method::Delete => "DELETE",
            Method::Head => "HEAD",
        };
        format!("{method} /{}", self.path)
    }
}

/// A cluster that answered.
#[derive(Clone, Debug)]
pub struct Cluster {
    client: Elasticsearch,
    settings: Arc<Settings>,
    server: Server,
}

impl Cluster {
    /// Connects, logs in and asks what the server is.
    ///
    /// # Errors
    ///
    /// When no node answers, or the login is refused.
    pub fn connect(settings: &Settings) -> Result<Self, IndexError> {
        let client = Elasticsearch::new(transport(settings)?);
        let wanted = Arc::new(settings.clone());
        let hasty = Settings { retry_for: CONNECT_FOR.min(wanted.retry_for), ..settings.clone() };
        let mut cluster = Self { client, settings: Arc::new(hasty), server: Server::default() };
        let asked = Request::new(Method::Get, "_nodes/_local")
            .query("filter_path", "cluster_name,nodes.*.version");
        cluster.server = match cluster.request(asked) {
            Ok(answer) => Server::read(&answer),
            Err(IndexError::Forbidden { .. }) => {
                tracing::info!(
                    "the login may not ask for the server's version (privilege `monitor`): vectors \
                     are sent as numbers, which takes more time"
                );
                Server::default()
            }
            Err(error) => return Err(error),
        };
        cluster.settings = wanted;
        Ok(cluster)
    }

    /// The official client, for the bulk sender.
    pub fn client(&self) -> &Elasticsearch {
        &self.client
    }

    /// What drives requests.
    pub fn runtime(&self) -> &'static Handle {
        runtime().handle()
    }

    /// What the server is and can.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The nodes, for people.
    pub fn name(&self) -> String {
        self.settings.name()
    }

    /// Asks, and asks again while the cluster is out of reach or busy (connection lost, 429, 502,
    /// 503, 504). Whatever is sent here must bear being done twice.
    ///
    /// # Errors
    ///
    /// The last try's, or at once what will not pass by itself.
    pub fn request(&self, request: Request) -> Result<Value, IndexError> {
        runtime().block_on(self.ask(request))
    }

    async fn ask(&self, request: Request) -> Result<Value, IndexError> {
        let begin = Instant::now();
        let mut pause = PAUSE_FIRST;
        let mut tries = 0;
        loop {
            tries += 1;
            // Another node may be well where this one is out of reach, or is not who it should be.
            let is_last_node = tries >= self.settings.urls.len();
            let error = match self.try_once(&request).await {
                Ok(answer) => return Ok(answer),
                Err(Tried { error, end: End::Answer }) => return Err(error),
                Err(Tried { error, end: End::Node }) if is_last_node => return Err(error),
                Err(Tried { error: _, end: End::Node | End::Lost }) if !is_last_node => continue,
                Err(Tried { error, end: _ }) => error,
            };
            // Full jitter: clients that failed together do not come back together.
            let wait = pause.mul_f64(fastrand::f64());
            if begin.elapsed() + wait > self.settings.retry_for {
                return Err(error);
            }
            tracing::debug!(action = request.action(), %error, "again in {wait:?}");
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn try_once(&self, request: &Request) -> Result<Value, Tried> {
        let mut headers = HeaderMap::new();
        if request.is_ndjson {
            let kind = HeaderValue::from_static("application/x-ndjson");
            headers.insert(CONTENT_TYPE, kind);
        }
        let query = (!request.query.is_empty()).then_some(&request.query);
        let timeout = Some(request.timeout.unwrap_or(self.settings.request_timeout));
        let body = request.body.clone();
        let sent = self.client.send(request.method, &request.path, headers, query, body, timeout);
        let response = match sent.await {
            Ok(response) => response,
            Err(error) => return Err(self.lost(&error)),
        };
        let status = response.status_code().as_u16();
        let bytes = match read(response).await {
            Ok(bytes) => bytes,
            Err(Unread::Lost(error)) => return Err(self.lost(&error)),
            Err(Unread::TooLarge) => {
                let reason = format!("more than {ANSWER_BYTES_MAX} bytes");
                let error = IndexError::Protocol { action: request.action(), reason };
                return Err(Tried { error, end: End::Answer });
            }
        };
        if (200..300).contains(&status) {
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&bytes).map_err(|error| Tried {
                error: IndexError::Protocol {
                    action: request.action(),
                    reason: format!("no JSON ({error})"),
                },
                end: End::Answer,
            });
        }
        Err(self.refused(request, status, &bytes))
    }

    fn lost(&self, error: &elasticsearch::Error) -> Tried {
        let urls = self.name();
        match error::tls(error) {
            Some(reason) => Tried { error: IndexError::Tls { urls, reason }, end: End::Node },
            None => {
                let mut reason = error::innermost(error);
                let is_plain = self.settings.urls.iter().any(|url| url.scheme() == "http");
                if is_plain && reason.contains("closed before message completed") {
                    reason.push_str("; is it https:// and not http://?");
                }
                Tried { error: IndexError::Unreachable { urls, reason }, end: End::Lost }
            }
        }
    }

    fn refused(&self, request: &Request, status: u16, body: &[u8]) -> Tried {
        let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let of = |key: &str| match &answer["error"] {
            Value::Object(error) => error.get(key).and_then(Value::as_str).unwrap_or_default(),
            Value::String(text) if key == "reason" => text,
            _ => "",
        };
        let (kind, reason) = (of("type").to_owned(), of("reason").to_owned());
        let action = request.action();
        let error = match status {
            401 => {
                IndexError::Unauthorized { urls: self.name(), login: self.settings.login.kind() }
            }
            403 if kind == "security_exception" => IndexError::Forbidden { action, reason },
            403 | 429 if kind == error::BLOCK => IndexError::Blocked { index: action, reason },
            _ => IndexError::Answer { action, status, kind, reason },
        };
        let end = match status {
            _ if matches!(error, IndexError::Blocked { .. }) => End::Answer,
            429 | 502 | 503 | 504 => End::Busy,
            _ => End::Answer,
        };
        Tried { error, end }
    }
}

/// A try that failed.
struct Tried {
    error: IndexError,
    end: End,
}

/// How a try failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// Every node would say the same, now and later.
    Answer,
    /// This node will not do; another may.
    Node,
    /// No answer of this node.
    Lost,
    /// The cluster is busy.
    Busy,
}

enum Unread {
    Lost(elasticsearch::Error),
    TooLarge,
}

async fn read(response: Response) -> Result<bytes::Bytes, Unread> {
    if response.content_length().is_some_and(|bytes| bytes > ANSWER_BYTES_MAX as u64) {
        return Err(Unread::TooLarge);
    }
    response.bytes().await.map_err(Unread::Lost)
}

fn transport(settings: &Settings) -> Result<elasticsearch::http::transport::Transport, IndexError> {
    let pool = MultiNodeConnectionPool::round_robin(settings.urls.clone(), None);
    // A cluster is reached as it is named: a proxy of the environment would see the login.
    let mut builder = TransportBuilder::new(pool).disable_proxy();
    builder = match &settings.login {
        Login::Anonymous => builder,
        Login::ApiKey(encoded) if !encoded.bytes().all(|byte| byte.is_ascii_graphic()) => {
            return Err(IndexError::Settings {
                message: "the API key has a character that none has, such as a line break or a \
                          space: copy it anew (ELASTICSEARCH_API_KEY; on a cluster: api-key of \
                          secretRef)"
                    .to_owned(),
            });
        }
        Login::ApiKey(encoded) => builder.auth(Credentials::EncodedApiKey(encoded.clone())),
        Login::Password { user, password } => {
            builder.auth(Credentials::Basic(user.clone(), password.clone()))
        }
        Login::Certificate(pem) => {
            builder.auth(Credentials::Certificate(ClientCertificate::Pem(pem.clone())))
        }
    };
    let wrong = |what: &str, error: &dyn std::error::Error| IndexError::Settings {
        message: format!("{what}: {}", error::innermost(error)),
    };
    if let Some(pem) = &settings.ca {
        let chain = Certificate::from_pem(pem)
            .map_err(|error| wrong("the CA certificate is no PEM certificate", &error))?;
        builder = builder.cert_validation(CertificateValidation::Full(chain));
    }
    builder.build().map_err(|error| wrong("the client certificate or key is unusable", &error))
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("elasticsearch")
            .enable_all()
            .build()
            .expect("threads can be started")
    })
}
