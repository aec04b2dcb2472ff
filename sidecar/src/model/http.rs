//! Files over HTTP: resumed, bounded, retried.

use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_RANGE, ETAG, IF_RANGE, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};

use super::uri::redacted;
use super::{ModelError, digest};

const CONNECT_TIMEOUT_SECS: u64 = 10;
const SILENCE_TIMEOUT_SECS: u64 = 60;
const REDIRECTS_MAX: usize = 10;
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A try that brought this much is no failure: a slow line may cut a large file many times.
const PROGRESS_BYTES: u64 = 1 << 20;

/// How often to try, and how long to wait in between.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Tries in a row that bring nothing, the first included.
    pub tries_max: u32,
    /// Pause after the first failure; doubles with each, up to a minute.
    pub pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { tries_max: 4, pause: Duration::from_millis(500) }
    }
}

/// A client for one server.
pub struct Http {
    client: Client,
    /// Scheme, host and port that may see the token.
    origin: url::Origin,
    token: Option<String>,
    retry: Retry,
    progress: bool,
}

/// What a response told on its way through redirects.
struct Answer {
    response: Response,
    /// Names the content: the hub gives SHA-256 of large files.
    etag: Option<String>,
}

impl Http {
    /// A client that sends `token` to the server of `base` and to no other.
    ///
    /// # Errors
    ///
    /// [`ModelError::Uri`] where `base` is no http(s) address.
    pub fn new(
        base: &str,
        token: Option<String>,
        retry: Retry,
        progress: bool,
    ) -> Result<Self, ModelError> {
        let wrong = |reason: String| ModelError::Uri { uri: redacted(base), reason };
        let url = Url::parse(base).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("write https://host".to_owned()));
        }
        let client = Client::builder()
            .user_agent(concat!("vitrine/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(CONNECT_TIMEOUT_SECS))
            .read_timeout(Duration::from_secs(SILENCE_TIMEOUT_SECS))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| wrong(chain(&error)))?;
        Ok(Self { client, origin: url.origin(), token, retry, progress })
    }

    /// A small document.
    ///
    /// # Errors
    ///
    /// As [`ModelError`] says for HTTP; transient ones only after the last try.
    pub async fn get(&self, url: &str, bytes_max: u64) -> Result<Vec<u8>, ModelError> {
        let mut failures = 0;
        loop {
            match self.get_once(url, bytes_max).await {
                Err(error) if error.is_transient() => {
                    failures += 1;
                    self.pause_or_give_up(error, failures, None).await?;
                }
                done => return done,
            }
        }
    }

    async fn get_once(&self, url: &str, bytes_max: u64) -> Result<Vec<u8>, ModelError> {
        let mut response = ok(url, self.send(url, None).await?)?.response;
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(unreachable(url))? {
            bytes.extend_from_slice(&part);
            if bytes.len() as u64 > bytes_max {
                return Err(ModelError::TooLarge { what: redacted(url), bytes_max });
            }
        }
        Ok(bytes)
    }

    /// A file, into `to`. What an earlier try or an earlier process left beside it is continued
    /// where the server still has the same content.
    ///
    /// # Errors
    ///
    /// As [`ModelError`] says for HTTP; transient ones only after the last try.
    /// [`ModelError::Digest`] where the server names the content's SHA-256 and sent another.
    pub async fn download(&self, url: &str, to: &Path, bytes_max: u64) -> Result<(), ModelError> {
        let partial = Partial::of(to);
        let mut failures = 0;
        loop {
            let before = partial.len();
            match self.download_once(url, &partial, bytes_max).await {
                Ok(etag) => return partial.finish(to, url, etag.as_deref()),
                Err(error) if error.is_transient() => {
                    let brought = partial.len().saturating_sub(before);
                    failures = if brought >= PROGRESS_BYTES { 1 } else { failures + 1 };
                    self.pause_or_give_up(error, failures, Some(brought)).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn download_once(
        &self,
        url: &str,
        partial: &Partial,
        bytes_max: u64,
    ) -> Result<Option<String>, ModelError> {
        let have = partial.resumable();
        let resume = have.as_ref().map(|(bytes, etag)| (*bytes, etag.as_str()));
        let mut answer = self.send(url, resume).await?;
        if answer.response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            partial.discard()?;
            answer = self.send(url, None).await?;
        }
        let Answer { mut response, etag } = ok(url, answer)?;
        let offset = match (response.status(), &have) {
            (StatusCode::PARTIAL_CONTENT, Some((bytes, _))) if starts_at(&response, *bytes) => {
                *bytes
            }
            (StatusCode::PARTIAL_CONTENT, _) => {
                partial.discard()?;
                return Err(cut(url, "the server sent a part we did not ask for"));
            }
            _ => 0,
        };
        let total = response.content_length().map(|length| length + offset);
        if total.is_some_and(|total| total > bytes_max) {
            return Err(ModelError::TooLarge { what: redacted(url), bytes_max });
        }
        let mut file = partial.open(offset, etag.as_deref())?;
        let bar = self.bar(url, offset, total);
        let mut bytes = offset;
        while let Some(part) = response.chunk().await.map_err(unreachable(url))? {
            bytes += part.len() as u64;
            if bytes > bytes_max {
                return Err(ModelError::TooLarge { what: redacted(url), bytes_max });
            }
            file.write_all(&part).map_err(ModelError::io("write", &partial.path))?;
            bar.set_position(bytes);
        }
        bar.finish_and_clear();
        if total.is_some_and(|total| total != bytes) {
            return Err(cut(url, "the connection ended before the file"));
        }
        Ok(etag)
    }

    /// One request, through redirects. The token goes to our own server only.
    async fn send(&self, url: &str, resume: Option<(u64, &str)>) -> Result<Answer, ModelError> {
        let wrong = |error: String| ModelError::Uri { uri: redacted(url), reason: error };
        let mut at = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let mut etag = None;
        for _ in 0..REDIRECTS_MAX {
            let mut request = self.client.get(at.clone());
            if let (Some(token), true) = (&self.token, at.origin() == self.origin) {
                request = request.header(AUTHORIZATION, format!("Bearer {token}"));
            }
            if let Some((bytes, etag)) = resume {
                request = request.header(RANGE, format!("bytes={bytes}-")).header(IF_RANGE, etag);
            }
            let response = request.send().await.map_err(unreachable(url))?;
            let header = |name: &str| {
                response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
            };
            etag = etag.or_else(|| header("x-linked-etag"));
            if !response.status().is_redirection() {
                let etag = etag.or_else(|| header(ETAG.as_str()));
                return Ok(Answer { response, etag });
            }
            let next = header(LOCATION.as_str())
                .and_then(|location| at.join(&location).ok())
                .ok_or_else(|| wrong("it redirects to nowhere".to_owned()))?;
            if at.scheme() == "https" && next.scheme() != "https" {
                return Err(wrong("it redirects from https to an open connection".to_owned()));
            }
            at = next;
        }
        Err(wrong(format!("it redirects more than {REDIRECTS_MAX} times")))
    }

    async fn pause_or_give_up(
        &self,
        error: ModelError,
        failures: u32,
        brought: Option<u64>,
    ) -> Result<(), ModelError> {
        if failures >= self.retry.tries_max {
            return Err(error);
        }
        let doubled = self.retry.pause.saturating_mul(1 << (failures - 1).min(16));
        let pause = doubled.min(PAUSE_MAX).mul_f64(jitter());
        tracing::info!(%error, brought, pause_ms = pause.as_millis() as u64, "trying again");
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn bar(&self, url: &str, offset: u64, total: Option<u64>) -> indicatif::ProgressBar {
        let target = if self.progress && total.is_none_or(|total| total > PROGRESS_BYTES) {
            indicatif::ProgressDrawTarget::stderr() // Draws nothing where that is no terminal.
        } else {
            indicatif::ProgressDrawTarget::hidden()
        };
        let bar = indicatif::ProgressBar::with_draw_target(total, target);
        let style = indicatif::ProgressStyle::with_template(
            "{msg:20!} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        );
        bar.set_style(style.expect("the template is constant and tested by every download"));
        let url = redacted(url);
        bar.set_message(url.rsplit('/').next().unwrap_or_default().to_owned());
        bar.set_position(offset);
        bar.reset_eta();
        bar
    }
}

/// Between one half and one and a half, so that many processes do not come back as one.
fn jitter() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.subsec_nanos());
    0.5 + f64::from(nanos % 1_000) / 1_000.0
}

fn ok(url: &str, answer: Answer) -> Result<Answer, ModelError> {
    let status = answer.response.status();
    if let Some(after) = answer.response.headers().get(RETRY_AFTER) {
        tracing::debug!(?after, %status, "the server names a pause");
    }
    let url = || redacted(url);
    match status.as_u16() {
        200..=299 => Ok(answer),
        status @ (401 | 403) => Err(ModelError::Refused { url: url(), status }),
        404 | 410 => Err(ModelError::NotFound { url: url() }),
        status => Err(ModelError::Status { url: url(), status }),
    }
}

fn starts_at(response: &Response, bytes: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {bytes}-")))
}

fn cut(url: &str, reason: &str) -> ModelError {
    ModelError::Unreachable { url: redacted(url), reason: reason.to_owned() }
}

fn unreachable(url: &str) -> impl FnOnce(reqwest::Error) -> ModelError {
    let url = redacted(url);
    move |error| ModelError::Unreachable { url, reason: chain(&error.without_url()) }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A file under way: its bytes, and beside it the name of the content they belong to.
struct Partial {
    path: PathBuf,
    etag: PathBuf,
}

impl Partial {
    fn of(to: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = to.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self { path: beside(".partial"), etag: beside(".partial-etag") }
    }

    fn len(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// How much is there and of which content; `None` where a continuation could mix two files.
    fn resumable(&self) -> Option<(u64, String)> {
        let bytes = self.len();
        let etag = std::fs::read_to_string(&self.etag).ok()?;
        // A weak validator does not promise equal bytes.
        (bytes > 0 && !etag.starts_with("W/")).then_some((bytes, etag))
    }

    fn open(&self, offset: u64, etag: Option<&str>) -> Result<std::fs::File, ModelError> {
        let mut options = std::fs::File::options();
        options.create(true);
        if offset > 0 {
            options.append(true);
        } else {
            self.discard()?;
            if let Some(etag) = etag {
                std::fs::write(&self.etag, etag).map_err(ModelError::io("write", &self.etag))?;
            }
            options.write(true).truncate(true);
        }
        options.open(&self.path).map_err(ModelError::io("write", &self.path))
    }

    fn discard(&self) -> Result<(), ModelError> {
        for path in [&self.path, &self.etag] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ModelError::io("remove", path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(&self, to: &Path, url: &str, etag: Option<&str>) -> Result<(), ModelError> {
        let named = etag.map(|etag| etag.trim_matches('"'));
        if let Some(sha256) =
            named.filter(|e| e.len() == 64 && e.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            let actual = digest::of_file(&self.path)?;
            if let Err(error) = digest::check(&redacted(url), &actual, sha256) {
                self.discard()?;
                return Err(error);
            }
        }
        std::fs::rename(&self.path, to).map_err(ModelError::io("write", to))?;
        self.discard()
    }
}

/// Waits for `future` on a thread of its own, so that callers may stand in any runtime or none.
///
/// # Errors
///
/// [`ModelError::Io`] where the system gives no thread or event queue, else the future's own.
pub fn wait<T: Send>(
    future: impl Future<Output = Result<T, ModelError>> + Send,
) -> Result<T, ModelError> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(ModelError::io("start", "the network runtime"))?.block_on(future)
    };
    std::thread::scope(|scope| match scope.spawn(run).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
