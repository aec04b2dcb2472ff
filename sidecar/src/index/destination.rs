//! Where a run's documents go: the configuration's `elasticsearch`, with the login found.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use vitrine_crds::library::{Elasticsearch, check};

use super::settings::{Login, Settings};
use super::wanted::{FieldWanted, Holds, Owner, Wanted};
use super::{IndexError, names};

/// Where a run's documents go.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The cluster, and how to log in.
    pub connection: Settings,
    /// The name that searches use.
    pub alias: String,
    /// What the documents are.
    pub holds: Holds,
    /// Whose the index is.
    pub owner: Owner,
    /// As configured.
    pub spec: Elasticsearch,
}

impl Destination {
    /// The index for these vector fields.
    pub fn wanted(&self, fields: Vec<FieldWanted>) -> Wanted {
        let Elasticsearch {
            url: _,
            eck_ref: _,
            secret_ref: _,
            ca_ref: _,
            index: _,
            shared_alias,
            adopt,
            retain_old_index_for,
            vectors,
            shards,
            replicas,
        } = &self.spec;
        let count = |number: i32| number.unsigned_abs();
        Wanted {
            holds: self.holds,
            alias: self.alias.clone(),
            owner: self.owner.clone(),
            fields,
            vectors: vectors.clone(),
            shards: count(*shards),
            replicas: replicas.map(count),
            shared_alias: shared_alias.clone(),
            adopt: *adopt,
            retain_old: Duration::from_secs(
                check::period_seconds(retain_old_index_for).unwrap_or_default(),
            ),
        }
    }

    /// Names cluster and alias: 16 hex digits, the same for the same.
    pub fn digest(&self) -> String {
        // The same cluster, in whichever order its nodes are named.
        let mut nodes: Vec<&str> = self.connection.urls.iter().map(url::Url::as_str).collect();
        nodes.sort_unstable();
        let hash = Sha256::digest(format!("{}\0{}", nodes.join(","), self.alias));
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An alias out of any name: what Elasticsearch does not take becomes `-`.
pub fn alias_of(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(names::ALIAS_CHARS_MAX)
        .collect();
    match plain.trim_start_matches(['-', '_']) {
        "" => "library".to_owned(),
        rest => rest.to_owned(),
    }
}

impl Settings {
    /// Logs in with the Secrets that pods mount: `<folder>/<secret>/{api-key, username, password,
    /// tls.crt, tls.key, ca.crt}`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Settings`] names the key that is missing.
    pub fn with_secrets(
        mut self,
        folder: &Path,
        (secret, ca): (Option<&str>, Option<&str>),
    ) -> Result<Self, IndexError> {
        let file = |secret: &str, key: &str| std::fs::read(folder.join(secret).join(key)).ok();
        let text = |secret: &str, key: &str| {
            let bytes = file(secret, key)?;
            Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
        };
        if let Some(secret) = secret {
            self.login = if let Some(key) = text(secret, "api-key") {
                Login::api_key(&key)
            } else if let (Some(user), Some(password)) =
                (text(secret, "username"), text(secret, "password"))
            {
                Login::Password { user, password }
            } else if let (Some(mut pem), Some(key)) =
                (file(secret, "tls.crt"), file(secret, "tls.key"))
            {
                pem.push(b'\n');
                pem.extend(key);
                Login::Certificate(pem)
            } else {
                return Err(IndexError::Settings {
                    message: format!(
                        "the Secret {secret} has no key `api-key`, nor `username` and `password`, \
                         nor `tls.crt` and `tls.key`; add one"
                    ),
                });
            };
        }
        if let Some(ca) = ca {
            self.ca = Some(file(ca, "ca.crt").ok_or_else(|| IndexError::Settings {
                message: format!("the Secret {ca} has no key `ca.crt`; add it"),
            })?);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_library_makes_an_alias() {
        for (name, alias) in
            [("Ware house!", "ware-house-"), ("仓库", "library"), ("_x.usd", "x-usd"), ("a", "a")]
        {
            assert_eq!(alias_of(name), alias);
            assert_eq!(check::index_name_mistake(alias), None);
        }
    }

    #[test]
    fn a_secret_without_a_login_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("half/username", "ada");
        put("key/api-key", "abc\n");
        let with = |secret, ca| {
            Settings::new("https://es:9200").unwrap().with_secrets(folder.path(), (secret, ca))
        };
        let error = with(Some("half"), None).unwrap_err().to_string();
        assert!(error.contains("the Secret half has no key `api-key`"), "{error}");
        assert!(with(None, Some("none")).unwrap_err().to_string().contains("`ca.crt`"));
        assert!(
            matches!(with(Some("key"), None).unwrap().login, Login::ApiKey(key) if key == "abc")
        );
    }
}
