//! How to get into object stores.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::location::Scheme;

/// The usual variables of object stores (`AWS_…`, `GOOGLE_…`, `AZURE_…`), and what to do where
/// they hold no credentials.
#[derive(Clone, Default)]
pub struct Access {
    variables: BTreeMap<String, String>,
    workload_identity: bool,
}

/// Never shows a value.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Access {
    /// Beginnings of the names that matter.
    pub const PREFIXES: [&'static str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];

    /// From variables by name; others than those of [`Access::PREFIXES`] are left aside.
    ///
    /// Requests go unsigned where there are no credentials, unless `workload_identity` says that
    /// the machine itself has some.
    pub fn new<'a>(
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        workload_identity: bool,
    ) -> Self {
        let matters = |name: &str| Self::PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let variables = variables
            .into_iter()
            .filter(|(name, _)| matters(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self { variables, workload_identity }
    }

    /// From the variables of the process.
    pub fn from_process() -> Self {
        let vars: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let pairs = vars.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self::new(pairs, false)
    }

    /// Whether requests are signed.
    pub(super) fn signs(&self, scheme: Scheme) -> bool {
        let names: &[&str] = match scheme {
            Scheme::S3 => &[
                "AWS_ACCESS_KEY_ID",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            ],
            Scheme::Gs => &[
                "GOOGLE_SERVICE_ACCOUNT",
                "GOOGLE_SERVICE_ACCOUNT_PATH",
                "GOOGLE_SERVICE_ACCOUNT_KEY",
                "GOOGLE_APPLICATION_CREDENTIALS",
            ],
            Scheme::Az => &[
                "AZURE_STORAGE_ACCOUNT_KEY",
                "AZURE_STORAGE_ACCESS_KEY",
                "AZURE_STORAGE_SAS_KEY",
                "AZURE_STORAGE_SAS_TOKEN",
                "AZURE_STORAGE_TOKEN",
                "AZURE_STORAGE_CLIENT_ID",
                "AZURE_FEDERATED_TOKEN_FILE",
            ],
            Scheme::Https => &[],
        };
        self.workload_identity || names.iter().any(|name| self.variables.contains_key(*name))
    }

    /// The variables that are settings of a client.
    pub(super) fn options<K: FromStr>(&self, scheme: Scheme) -> Vec<(K, String)> {
        let prefix = match scheme {
            Scheme::S3 => "AWS_",
            Scheme::Gs => "GOOGLE_",
            Scheme::Az => "AZURE_",
            Scheme::Https => return Vec::new(),
        };
        let ours = self.variables.iter().filter(|(name, _)| name.starts_with(prefix));
        ours.filter_map(|(name, value)| {
            Some((name.to_ascii_lowercase().parse().ok()?, value.clone()))
        })
        .collect()
    }
}
