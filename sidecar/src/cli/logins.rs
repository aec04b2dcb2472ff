//! How to get into the stores that a configuration names, each by its own login.

use std::collections::BTreeMap;
use std::path::Path;

use vitrine_crds::embedding_job::EmbeddingJobSpec;
use vitrine_crds::library::{AssetLibrarySpec, Credentials, SecretRef};
use vitrine_crds::secrets::STORE;

use super::{Failure, elasticsearch};
use crate::config::Environment;
use crate::storage::Access;

/// One login a place.
pub(super) struct Logins {
    /// Of the library.
    pub(super) source: Access,
    /// Of the catalogue.
    pub(super) catalog: Access,
    /// Of captions.
    pub(super) captions: Access,
    /// Of pictures that exist already.
    pub(super) views: Access,
    /// Of models in buckets.
    pub(super) models: Access,
}

impl Logins {
    /// Each by the Secret that the place names, where pods have it, else by the environment. What names
    /// none, or cannot, is asked with the source's, or with the catalogue's where the source has none.
    ///
    /// # Errors
    ///
    /// A Secret that is missing, or has none of our keys.
    pub(super) fn of(environment: &Environment, spec: &AssetLibrarySpec) -> Result<Self, Failure> {
        let source = Place::of(spec.source.secret_ref.as_ref(), spec.source.credentials);
        let catalog = spec.catalog.as_ref();
        let catalog = catalog.map(|at| Place::of(at.secret_ref.as_ref(), at.credentials));
        let catalog = catalog.unwrap_or_default();
        let common = if source.is_anonymous() { catalog } else { source };
        let own = |place: Option<Place<'_>>| {
            place.filter(|place| !place.is_anonymous()).unwrap_or(common).access(environment)
        };
        let captions = spec.captions.as_ref();
        let captions = captions.map(|at| Place::of(at.secret_ref.as_ref(), at.credentials));
        let views = spec.views.from.as_ref();
        let views = views.map(|at| Place::of(at.secret_ref.as_ref(), at.credentials));
        Ok(Self {
            source: source.access(environment)?,
            catalog: catalog.access(environment)?,
            captions: own(captions)?,
            views: own(views)?,
            models: common.access(environment)?,
        })
    }
}

/// One login a place of a job over videos.
pub(super) struct JobLogins {
    /// Of the videos.
    pub(super) videos: Access,
    /// Of the report.
    pub(super) output: Access,
    /// Of the annotations.
    pub(super) annotations: Access,
    /// Of models in buckets.
    pub(super) models: Access,
}

impl JobLogins {
    /// As [`Logins::of`].
    ///
    /// # Errors
    ///
    /// A Secret that is missing, or has none of our keys.
    pub(super) fn of(environment: &Environment, spec: &EmbeddingJobSpec) -> Result<Self, Failure> {
        let videos = Place::of(spec.videos.secret_ref.as_ref(), spec.videos.credentials);
        let output = spec.output.as_ref();
        let output = output.map(|at| Place::of(at.secret_ref.as_ref(), at.credentials));
        let output = output.unwrap_or_default();
        let common = if videos.is_anonymous() { output } else { videos };
        let own = spec.annotations.as_ref();
        let own = own.map(|at| Place::of(at.secret_ref.as_ref(), at.credentials));
        let annotations = own.filter(|place| !place.is_anonymous()).unwrap_or(common);
        Ok(Self {
            videos: videos.access(environment)?,
            output: output.access(environment)?,
            annotations: annotations.access(environment)?,
            models: common.access(environment)?,
        })
    }
}

/// What a configuration says of a place's login.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    secret: Option<&'a str>,
    credentials: Credentials,
}

impl<'a> Place<'a> {
    fn of(secret: Option<&'a SecretRef>, credentials: Credentials) -> Self {
        Self { secret: secret.map(|secret| secret.name.as_str()), credentials }
    }

    fn is_anonymous(self) -> bool {
        self.secret.is_none() && self.credentials != Credentials::WorkloadIdentity
    }

    fn access(self, environment: &Environment) -> Result<Access, Failure> {
        let variables =
            Access::PREFIXES.into_iter().flat_map(|prefix| environment.starting_with(prefix));
        let mut all: BTreeMap<String, String> =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if let Some(secret) = self.secret {
            all.extend(read_secret(&elasticsearch::secrets(environment).join(secret), secret)?);
        }
        let pairs = all.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(Access::new(pairs, self.credentials == Credentials::WorkloadIdentity))
    }
}

/// The variables that a mounted Secret holds, a file each. Where nothing is mounted, as on a laptop,
/// there are none; a mount without any is a Secret that is missing, or has other keys.
fn read_secret(folder: &Path, secret: &str) -> Result<Vec<(String, String)>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = |name: &&str| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        Some(((*name).to_owned(), text.trim_end_matches(['\r', '\n']).to_owned()))
    };
    let found: Vec<(String, String)> = STORE.iter().filter_map(read).collect();
    match found.is_empty() {
        true => Err(Failure::usage(format!(
            "the Secret {secret} is missing, or has none of the keys AWS_ACCESS_KEY_ID, \
             AWS_SECRET_ACCESS_KEY, GOOGLE_SERVICE_ACCOUNT_KEY, AZURE_STORAGE_ACCOUNT_KEY; add them"
        ))),
        false => Ok(found),
    }
}
