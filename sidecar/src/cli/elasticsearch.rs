//! Which index is meant, and how to log in: from flags, the configuration and the environment.

use std::path::Path;
use std::time::Duration;

use vitrine_crds::embedding_job::DEFAULT_INDEX;
use vitrine_crds::library::{Elasticsearch, Metadata};
use vitrine_crds::run::Exit;

use super::Failure;
use crate::config::Environment;
use crate::index::{Cluster, Destination, Holds, IndexError, Owner, Settings, alias_of};
use crate::storage::Location;

/// Where pods mount Secrets, unless VITRINE_SECRETS_DIR says otherwise.
const SECRETS: &str = "/var/run/secrets/vitrine";

/// Where a laptop has its Elasticsearch.
const LOCAL: &str = "http://localhost:9200";

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

/// Which index is meant, where there is always one.
#[derive(Debug, clap::Args)]
#[group(id = "place flags")]
pub(super) struct Place {
    /// Elasticsearch: a URL, or several by commas [default: ELASTICSEARCH_HOST and
    /// ELASTICSEARCH_PORT, else http://localhost:9200]. Logs in as `vitrine embed` does; a file `.env`
    /// may set the variables
    #[arg(long, value_name = "URL")]
    elasticsearch: Option<String>,
    /// The index, or an alias of several [default: ELASTICSEARCH_INDEX, else
    /// bachata_move_embeddings]
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
}

impl Place {
    /// Connects. With the name of the index: `usual` where nobody names one.
    pub(super) fn connect(&self, usual: &str) -> Result<(Cluster, String), Failure> {
        let environment =
            Environment::read(Path::new(".")).map_err(|error| Failure::new(Exit::Usage, &error))?;
        let failure = |error: IndexError| Failure::new(error.exit(), &error);
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let index = self.index.as_deref().or_else(|| set("ELASTICSEARCH_INDEX")).unwrap_or(usual);
        let urls = self.elasticsearch.as_deref().filter(|urls| !urls.is_empty());
        let is_named = urls.is_some() || set("ELASTICSEARCH_HOST").is_some();
        let urls = if is_named { urls } else { Some(LOCAL) };
        let settings = Settings::from_variables(urls, |name| environment.get(name));
        let settings = Settings { retry_for: RETRY_FOR, ..settings.map_err(failure)? };
        let cluster = Cluster::connect(&settings).map_err(failure)?;
        Ok((cluster, index.to_owned()))
    }
}

/// The nodes that `--elasticsearch` names, or those of the environment where it names none.
pub(super) fn urls(urls: &str, environment: &Environment) -> Result<String, Failure> {
    let settings = Settings::from_variables(Some(urls), |name| environment.get(name));
    Ok(settings.map_err(|error| failure(&error))?.name())
}

/// Where Secrets are mounted.
pub(super) fn secrets(environment: &Environment) -> &Path {
    Path::new(environment.get("VITRINE_SECRETS_DIR").unwrap_or(SECRETS))
}

/// Whose index it is, and what it holds.
pub(super) struct Owned<'a> {
    pub(super) metadata: &'a Metadata,
    /// The library's or collection's id.
    pub(super) library: &'a str,
    /// Where its assets or clips come from.
    pub(super) source: &'a Location,
    /// Whether somebody gave it its name; else it is called as its folder is.
    pub(super) is_named: bool,
    pub(super) holds: Holds,
}

/// Where the configuration sends documents, with the login found; none where it sends none.
///
/// A Secret that the configuration names lends the login; without one the environment does.
pub(super) fn destination(
    spec: Option<&Elasticsearch>,
    environment: &Environment,
    Owned { metadata, library, source, is_named, holds }: Owned<'_>,
) -> Result<Option<Destination>, Failure> {
    let Some(spec) = spec else { return Ok(None) };
    if spec.eck_ref.is_some() {
        return Err(Failure::usage(
            "`elasticsearch.eckRef` is resolved on a cluster alone: write elasticsearch.url here",
        ));
    }
    let secret = spec.secret_ref.as_ref().map(|secret| secret.name.as_str());
    let ca = spec.ca_ref.as_ref().map(|secret| secret.name.as_str());
    let folder = secrets(environment);
    // Half a login left over in the environment does not stand in the way of a whole Secret.
    let found = match (secret, spec.url.as_deref()) {
        (Some(_), Some(urls)) => Settings::new(urls),
        (_, urls) => Settings::from_variables(urls, |name| environment.get(name)),
    };
    let connection = found
        .and_then(|settings| settings.with_secrets(folder, (secret, ca)))
        .map_err(|error| failure(&error))?;
    let named = spec.index.as_deref().or_else(|| environment.get("ELASTICSEARCH_INDEX"));
    let alias = match named.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => match (&metadata.namespace, &metadata.name) {
            (Some(namespace), Some(name)) => Elasticsearch::default_index(namespace, name),
            _ => match holds {
                Holds::Assets => alias_of(library),
                Holds::Clips => DEFAULT_INDEX.to_owned(),
            },
        },
    };
    if let Some(mistake) = vitrine_crds::library::check::index_name_mistake(&alias) {
        return Err(Failure::usage(format!("the name of the index: {mistake}")));
    }
    let owner = Owner {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: library.to_owned(),
        source: if is_named { String::new() } else { source.lasting() },
        ..Owner::default()
    };
    Ok(Some(Destination { connection, alias, holds, owner, spec: spec.clone() }))
}

fn failure(error: &IndexError) -> Failure {
    Failure::new(error.exit(), error)
}
