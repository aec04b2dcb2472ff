//! Where a cluster is, and how to log in.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::IndexError;

/// How long one try may take, unless the request says more: a node that takes connections and
/// answers none must leave time for the others.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// How long one request may be tried again.
const RETRY_FOR: Duration = Duration::from_secs(60);

/// Where a cluster is, and how to log in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Nodes, at least one; taken in turn, and a dead one is passed over.
    pub urls: Vec<Url>,
    /// How to log in.
    pub login: Login,
    /// Certificates of the authorities to trust beside the usual ones, PEM.
    pub ca: Option<Vec<u8>>,
    /// How long one try may take, where a request does not say more.
    pub request_timeout: Duration,
    /// How long a request that fails for a while is tried again; every node has its try.
    pub retry_for: Duration,
}

/// How to log in. Printing it never prints a secret.
#[derive(Clone, Default)]
pub enum Login {
    /// Without a name.
    #[default]
    Anonymous,
    /// An API key, as Elasticsearch hands it out in `encoded`: base64 of `id:key`.
    ApiKey(String),
    /// A user.
    Password {
        /// Name.
        user: String,
        /// Password.
        password: String,
    },
    /// A client certificate with its key, PEM.
    Certificate(Vec<u8>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Login {
    /// An API key as Elasticsearch hands it out in `encoded`, or as its two parts `id:key`.
    pub fn api_key(key: &str) -> Self {
        Self::ApiKey(match key.contains(':') {
            true => STANDARD.encode(key),
            false => key.to_owned(),
        })
    }

    /// What kind of login it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "no login",
            Self::ApiKey(_) => "an API key",
            Self::Password { .. } => "user and password",
            Self::Certificate(_) => "a client certificate",
        }
    }
}

impl Settings {
    /// Reads one URL, or several separated by commas.
    ///
    /// # Errors
    ///
    /// [`IndexError::Settings`] names the URL that is none, without what may be secret in it.
    pub fn new(urls: &str) -> Result<Self, IndexError> {
        let wrong = |message: String| IndexError::Settings { message };
        // Before they are taken apart: a password may have commas, and is not repeated.
        if urls.contains('@') {
            return Err(wrong(
                "a URL of Elasticsearch has a user name: put it into ELASTICSEARCH_USERNAME and \
                 ELASTICSEARCH_PASSWORD, or into the Secret"
                    .to_owned(),
            ));
        }
        let mut parsed = Vec::new();
        for text in urls.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let mut url = Url::parse(text)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
                .ok_or_else(|| wrong(format!("`{text}` is no URL such as https://es:9200")))?;
            if url.query().is_some() || url.fragment().is_some() {
                return Err(wrong(format!(
                    "the URL of {} has a `?` or `#`: end it before that",
                    url.host_str().unwrap_or_default()
                )));
            }
            // Paths are joined: without the last slash a prefix would be replaced.
            if !url.path().ends_with('/') {
                let path = format!("{}/", url.path());
                url.set_path(&path);
            }
            parsed.push(url);
        }
        if parsed.is_empty() {
            return Err(wrong(
                "there is no URL of Elasticsearch, such as https://es:9200".to_owned(),
            ));
        }
        Ok(Self {
            urls: parsed,
            login: Login::Anonymous,
            ca: None,
            request_timeout: REQUEST_TIMEOUT,
            retry_for: RETRY_FOR,
        })
    }

    /// The nodes, for people.
    pub fn name(&self) -> String {
        let names: Vec<&str> =
            self.urls.iter().map(|url| url.as_str().trim_end_matches('/')).collect();
        names.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_urls_are_separated_by_commas_and_keep_their_prefix() {
        let settings = Settings::new("https://a:9200, http://b/es").unwrap();
        assert_eq!(settings.name(), "https://a:9200,http://b/es");
        assert_eq!(settings.urls[1].join("_bulk").unwrap().as_str(), "http://b/es/_bulk");
    }

    #[test]
    fn a_url_with_a_password_is_refused_and_not_repeated() {
        for url in ["https://ada:hunter2@es:9200", "ada:hunter2@es", "http://a:hunter2,b@es"] {
            let error = Settings::new(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let password = "hunter2".to_owned();
        let login = Login::Password { user: "ada".to_owned(), password };
        assert_eq!(format!("{login:?}"), "user and password");
    }
}
