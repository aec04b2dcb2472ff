//! The flags that name an index.

use std::path::Path;
use std::time::Duration;

use vitrine_crds::run::Exit;

use super::Failure;
use crate::config::Environment;
use crate::index::{Cluster, IndexError, Settings};

/// How long a person waits for a cluster that does not answer.
const RETRY_FOR: Duration = Duration::from_secs(5);

/// Which index is meant, where one is.
#[derive(Debug, clap::Args)]
#[group(id = "elasticsearch flags")]
pub(super) struct Flags {
    /// Ask Elasticsearch instead of a catalogue: a URL, or several by commas; without one
    /// ELASTICSEARCH_HOST and ELASTICSEARCH_PORT say where it is. Logs in with
    /// ELASTICSEARCH_API_KEY, or _USERNAME and _PASSWORD, or _CLIENT_CERT and _CLIENT_KEY, and
    /// trusts _CA_CERT; a file `.env` may set all of them.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    elasticsearch: Option<String>,
    /// The index, or an alias of several [default: ELASTICSEARCH_INDEX].
    #[arg(long, value_name = "NAME", requires = "elasticsearch")]
    index: Option<String>,
}

impl Flags {
    /// Connects to the cluster that is meant; none where no flag asks for one. With the name of
    /// the index.
    pub(super) fn connect(&self) -> Result<Option<(Cluster, String)>, Failure> {
        let Some(urls) = &self.elasticsearch else { return Ok(None) };
        let environment =
            Environment::read(Path::new(".")).map_err(|error| Failure::new(Exit::Usage, &error))?;
        let index = match &self.index {
            Some(index) => Some(index.as_str()),
            None => environment.get("ELASTICSEARCH_INDEX").filter(|name| !name.is_empty()),
        };
        let Some(index) = index else {
            return Err(Failure::usage(
                "which index? name it with --index, or set ELASTICSEARCH_INDEX",
            ));
        };
        let failure = |error: IndexError| Failure::new(error.exit(), &error);
        let settings = Settings::from_variables(Some(urls), |name| environment.get(name));
        let settings = Settings { retry_for: RETRY_FOR, ..settings.map_err(failure)? };
        let cluster = Cluster::connect(&settings).map_err(failure)?;
        Ok(Some((cluster, index.to_owned())))
    }
}
