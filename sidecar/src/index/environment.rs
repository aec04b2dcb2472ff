//! Where a cluster is and how to log in, from environment variables.
//!
//! ```text
//! ELASTICSEARCH_HOST         hosts or URLs, several by commas; ELASTICSEARCH_PORT for those that
//!                            name none [9200].
//!                            A host is asked by https where any variable below is set, else by http
//! ELASTICSEARCH_API_KEY      as handed out in `encoded`, or id:key
//! ELASTICSEARCH_USERNAME, ELASTICSEARCH_PASSWORD
//! ELASTICSEARCH_CLIENT_CERT, ELASTICSEARCH_CLIENT_KEY, ELASTICSEARCH_CA_CERT     paths of PEM files
//! ```

use super::IndexError;
use super::settings::{Login, Settings};

/// Variables of servers that speak TLS: what they hold must not cross a network in the open.
const SECRETS: [&str; 4] = [
    "ELASTICSEARCH_API_KEY",
    "ELASTICSEARCH_PASSWORD",
    "ELASTICSEARCH_CLIENT_CERT",
    "ELASTICSEARCH_CA_CERT",
];

/// Port of a host without one.
const PORT: &str = "9200";

impl Settings {
    /// The cluster at `urls`, or the one that the variables name, with the login that they name:
    /// an API key before a user, a user before a client certificate.
    ///
    /// # Errors
    ///
    /// [`IndexError::Settings`] names the variable that is missing or wrong, never its value.
    pub fn from_variables<'a>(
        urls: Option<&str>,
        variable: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, IndexError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let urls = match (urls.filter(|urls| !urls.is_empty()), set("ELASTICSEARCH_HOST")) {
            (Some(urls), _) => urls.to_owned(),
            (None, Some(hosts)) => {
                let port = set("ELASTICSEARCH_PORT");
                let scheme =
                    if SECRETS.iter().any(|name| set(name).is_some()) { "https" } else { "http" };
                let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty());
                hosts.map(|host| url((scheme, host, port))).collect::<Vec<_>>().join(",")
            }
            (None, None) => {
                return Err(wrong(
                    "no URL of Elasticsearch: write --elasticsearch https://es:9200, or set \
                     ELASTICSEARCH_HOST",
                ));
            }
        };
        let mut settings = Self::new(&urls)?;
        let file = |name: &str| set(name).map(|path| read(name, path)).transpose();
        settings.login = if let Some(key) = set("ELASTICSEARCH_API_KEY") {
            Login::api_key(key)
        } else if let Some(user) = set("ELASTICSEARCH_USERNAME") {
            let password = set("ELASTICSEARCH_PASSWORD").ok_or_else(|| {
                wrong("ELASTICSEARCH_USERNAME is set and ELASTICSEARCH_PASSWORD is not")
            })?;
            Login::Password { user: user.to_owned(), password: password.to_owned() }
        } else if let Some(mut pem) = file("ELASTICSEARCH_CLIENT_CERT")? {
            let key = file("ELASTICSEARCH_CLIENT_KEY")?.ok_or_else(|| {
                wrong("ELASTICSEARCH_CLIENT_CERT is set and ELASTICSEARCH_CLIENT_KEY is not")
            })?;
            pem.push(b'\n');
            pem.extend(key);
            Login::Certificate(pem)
        } else {
            Login::Anonymous
        };
        settings.ca = file("ELASTICSEARCH_CA_CERT")?;
        Ok(settings)
    }
}

/// A host with scheme and port. What it says itself counts; a URL without a port gets one only
/// where one is set.
fn url((scheme, host, port): (&str, &str, Option<&str>)) -> String {
    let has_port = host.rsplit_once(':').is_some_and(|(_, end)| end.parse::<u16>().is_ok());
    let authority = host.split_once("://").map(|(_, rest)| rest);
    match (authority, port) {
        (Some(authority), Some(port)) if !has_port && !authority.contains(['/', ':']) => {
            format!("{host}:{port}")
        }
        (Some(_), _) => host.to_owned(),
        (None, _) if has_port => format!("{scheme}://{host}"),
        (None, port) => format!("{scheme}://{host}:{}", port.unwrap_or(PORT)),
    }
}

fn read(name: &str, path: &str) -> Result<Vec<u8>, IndexError> {
    std::fs::read(path).map_err(|error| {
        wrong(&format!("{name} names {path}, which cannot be read ({error}); name a PEM file"))
    })
}

fn wrong(message: &str) -> IndexError {
    IndexError::Settings { message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(
        urls: Option<&str>,
        variables: &[(&str, &'static str)],
    ) -> Result<Settings, IndexError> {
        let variable =
            |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| *value);
        Settings::from_variables(urls, variable)
    }

    #[test]
    fn a_url_on_the_command_line_comes_before_hosts_of_the_environment() {
        let hosts = [("ELASTICSEARCH_HOST", "a, b:9201,https://c"), ("ELASTICSEARCH_PORT", "9400")];
        let name = from(None, &hosts).unwrap().name();
        assert_eq!(name, "http://a:9400,http://b:9201,https://c:9400");
        assert_eq!(from(Some("https://d:1"), &hosts).unwrap().name(), "https://d:1");
        assert_eq!(from(None, &hosts[..1]).unwrap().urls[0].port(), Some(9200));
    }

    #[test]
    fn a_host_is_asked_in_the_open_only_where_there_is_nothing_to_hide() {
        let variables = [("ELASTICSEARCH_HOST", "es"), ("ELASTICSEARCH_API_KEY", "k")];
        assert_eq!(from(None, &variables).unwrap().name(), "https://es:9200");
        assert_eq!(from(None, &variables[..1]).unwrap().name(), "http://es:9200");
    }

    #[test]
    fn an_api_key_may_be_written_as_its_two_parts() {
        let at = |key| from(Some("http://a"), &[("ELASTICSEARCH_API_KEY", key)]).unwrap().login;
        assert!(matches!(at("aWQ6a2V5"), Login::ApiKey(key) if key == "aWQ6a2V5"));
        assert!(matches!(at("id:key"), Login::ApiKey(key) if key == "aWQ6a2V5"));
    }

    #[test]
    fn half_a_login_is_refused_by_the_name_of_the_other_half() {
        #[rustfmt::skip]
        let cases: &[(&[(&str, &'static str)], &str)] = &[
            (&[],                                               "set ELASTICSEARCH_HOST"),
            (&[("ELASTICSEARCH_HOST", "a"), ("ELASTICSEARCH_USERNAME", "ada")], "ELASTICSEARCH_PASSWORD is not"),
            (&[("ELASTICSEARCH_HOST", "a"), ("ELASTICSEARCH_CA_CERT", "/no/ca.pem")], "ELASTICSEARCH_CA_CERT names /no/ca.pem"),
        ];
        for (variables, words) in cases {
            let error = from(None, variables).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
