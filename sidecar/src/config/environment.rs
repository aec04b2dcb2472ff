//! Environment variables, those of the process and those of a `.env` file.
//!
//! A `.env` file lends credentials, not settings: only variables of object stores, model hubs and
//! Elasticsearch are taken from it, and two more that say where a laptop has its pose model
//! ([`DOTENV_NAMES`]). What the process has wins.

use std::collections::BTreeMap;
use std::path::Path;

/// Every variable that sets a key of the configuration begins so.
pub const PREFIX: &str = "VITRINE_";

/// Variables with our prefix that are no keys: other commands and the tests read them.
pub const RESERVED: &[&str] = &[
    "VITRINE_CATALOG",
    "VITRINE_CACHE_DIR",
    "VITRINE_CONFIG",
    "VITRINE_CRASH_AT",
    "VITRINE_LOG",
    "VITRINE_MEDIA",
    "VITRINE_SECRETS_DIR",
];

/// Beginnings of reserved names.
pub const RESERVED_PREFIXES: &[&str] = &["VITRINE_TEST_", "VITRINE_BENCH_"];

/// Beginnings of the names that `.env` may set.
pub const CREDENTIAL_PREFIXES: &[&str] =
    &["AWS_", "GOOGLE_", "AZURE_", "HF_", "ELASTICSEARCH_", "VITRINE_ELASTICSEARCH__"];

/// Other names that `.env` may set: which pose model a laptop has, and where it is.
pub const DOTENV_NAMES: &[&str] = &["ENVIRONMENT", "MMPOSE_CHECKPOINT_PATH"];

/// Variables by name, each with where it was set.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
    /// Names of [`PREFIX`] that `.env` sets and may not.
    pub refused: Vec<String>,
}

#[derive(Clone, Debug)]
struct Variable {
    value: String,
    from_file: bool,
}

/// Why `.env` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// It is there and cannot be read.
    #[error("cannot read {file}; make it readable or remove it")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not `NAME=value`.
    #[error("{file}, line {line}: write NAME=value")]
    Line {
        /// The file.
        file: String,
        /// Counted from 1. The line itself is not shown: it may hold a secret.
        line: usize,
    },
}

impl Environment {
    /// The process's variables and those of `.env` in `folder`, where there is one.
    ///
    /// # Errors
    ///
    /// See [`DotenvError`]. Variables of the process that are not Unicode are left out.
    pub fn read(folder: &Path) -> Result<Self, DotenvError> {
        let process = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let file = folder.join(".env");
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::from_parts(process, &text, &file.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::from_parts(process, "", "")
            }
            Err(source) => {
                Err(DotenvError::Unreadable { file: file.display().to_string(), source })
            }
        }
    }

    /// The same from values: `dotenv` is the text of the file called `file`.
    ///
    /// # Errors
    ///
    /// [`DotenvError::Line`].
    pub fn from_parts(
        process: impl IntoIterator<Item = (String, String)>,
        dotenv: &str,
        file: &str,
    ) -> Result<Self, DotenvError> {
        let mut environment = Self::default();
        for (index, line) in dotenv.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = assignment(line)
                .ok_or_else(|| DotenvError::Line { file: file.to_owned(), line: index + 1 })?;
            if CREDENTIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                || DOTENV_NAMES.contains(&name.as_str())
            {
                environment.variables.insert(name, Variable { value, from_file: true });
            } else if name.starts_with(PREFIX) {
                environment.refused.push(name);
            }
        }
        for (name, value) in process {
            environment.variables.insert(name, Variable { value, from_file: false });
        }
        Ok(environment)
    }

    /// Sets one variable, as if the process had it.
    pub fn set(&mut self, name: &str, value: &str) {
        let value = Variable { value: value.to_owned(), from_file: false };
        self.variables.insert(name.to_owned(), value);
    }

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }

    /// Variables whose names begin with `prefix`, sorted.
    pub fn starting_with(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let from = self.variables.range(prefix.to_owned()..);
        from.take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, variable)| (name.as_str(), variable.value.as_str()))
    }

    /// Whether a variable came from the `.env` file.
    pub fn is_from_file(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|variable| variable.from_file)
    }

    /// Names of the credentials that are set, never their values; sorted.
    pub fn credential_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = CREDENTIAL_PREFIXES
            .iter()
            .filter(|prefix| !prefix.starts_with(PREFIX))
            .flat_map(|prefix| self.starting_with(prefix).map(|(name, _)| name))
            .collect();
        names.sort_unstable();
        names
    }
}

/// `NAME=value`, `export NAME='value'`, `NAME="value" # remark`.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return None;
    }
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inside, after) = rest.split_once(quote)?;
            let after = after.trim_start();
            return (after.is_empty() || after.starts_with('#'))
                .then(|| (name.to_owned(), inside.to_owned()));
        }
    }
    let bare = value.split(" #").next().unwrap_or_default().trim_end();
    Some((name.to_owned(), bare.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotenv_lends_credentials_and_nothing_else() {
        let text = "# keys\nexport AWS_ACCESS_KEY_ID='a b' # mine\nAWS_REGION=eu # here\n\
                    MMPOSE_CHECKPOINT_PATH=models/pose\nVITRINE_SUSPEND=true\nPATH=/evil\nVITRINE_ELASTICSEARCH__URL=\"http://es\"\n";
        let process = [("AWS_REGION".to_owned(), "us".to_owned())];
        let environment = Environment::from_parts(process, text, ".env").unwrap();
        assert_eq!(environment.get("AWS_ACCESS_KEY_ID"), Some("a b"));
        assert_eq!(environment.get("AWS_REGION"), Some("us"), "the process wins");
        assert_eq!(environment.get("VITRINE_ELASTICSEARCH__URL"), Some("http://es"));
        assert_eq!(environment.get("MMPOSE_CHECKPOINT_PATH"), Some("models/pose"));
        assert_eq!(environment.get("PATH"), None);
        assert_eq!(environment.get("VITRINE_SUSPEND"), None);
        assert_eq!(environment.refused, ["VITRINE_SUSPEND"]);
        assert_eq!(environment.credential_names(), ["AWS_ACCESS_KEY_ID", "AWS_REGION"]);
    }

    #[test]
    fn a_line_that_is_no_assignment_is_named_by_number_and_not_shown() {
        let error = Environment::from_parts([], "A=1\nhunter2\n", ".env").unwrap_err();
        assert_eq!(error.to_string(), ".env, line 2: write NAME=value");
    }
}
