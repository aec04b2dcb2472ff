//! The configuration of a job over videos as a run takes it.

use vitrine_crds::embedding_job::{EmbeddingJob, EmbeddingJobSpec};
use vitrine_crds::library::DeletionPolicy;
use vitrine_crds::run::{Exit, Step};

use super::elasticsearch::Owned;
use super::logins::JobLogins;
use super::settings::{self, Wishes};
use super::{Failure, elasticsearch};
use crate::asset::annotations::{self, Annotations};
use crate::config::{Environment, Loaded, Loader};
use crate::embed;
use crate::index::{Destination, Holds, Login};
use crate::run::{ClipBounds, ClipModels, ClipSettings, Deletions, Removal};
use crate::storage::{Filter, Location};

/// Where the report goes where nobody says.
pub(super) const DEFAULT_OUT: &str = "output";

/// Loads the configuration and checks what only a run can check. Warnings go to stderr.
pub(super) fn load(loader: Loader, wishes: &Wishes) -> Result<ClipSettings, Failure> {
    let environment = loader.environment().clone();
    let loaded = loader.load_job().map_err(|error| Failure::new(Exit::Usage, &error))?;
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    of(loaded, &environment, wishes)
}

/// The same of a configuration that is loaded.
pub(super) fn of(
    loaded: Loaded<EmbeddingJob>,
    environment: &Environment,
    wishes: &Wishes,
) -> Result<ClipSettings, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::new(Exit::Usage, error);
    let EmbeddingJob { metadata, spec, .. } = loaded.resource;
    check_models(&spec)?;
    let place = |uri: &str| Location::parse(uri).map_err(|error| usage(&error));
    let videos = place(&spec.videos.uri)?;
    let given = wishes.name.clone().or_else(|| settings::named(&metadata, wishes));
    let is_named = given.is_some();
    let collection = given.or_else(|| videos.stem()).unwrap_or_else(|| "clips".to_owned());
    let (metadata, holds) = (&metadata, Holds::Clips);
    let owned = Owned { metadata, library: &collection, source: &videos, is_named, holds };
    let index = elasticsearch::destination(spec.elasticsearch.as_ref(), environment, owned)?;
    if wishes.step.is_none() {
        check_environment(environment, index.as_ref())?;
    }
    let logins = JobLogins::of(environment, &spec)?;
    // Annotations travel with the plan: no later step asks for them.
    let reads_annotations = matches!(wishes.step, None | Some(Step::Scan));
    let annotations = match spec.annotations.as_ref().filter(|_| reads_annotations) {
        None => Annotations::default(),
        Some(at) => {
            let named = ("annotations", at.uri.as_str());
            let bytes =
                settings::read_file(named, &logins.annotations, annotations::FILE_BYTES_MAX)?;
            let read = Annotations::parse(&at.uri, &bytes).map_err(|error| usage(&error))?;
            read.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
            read
        }
    };
    let options = embed::Options::on(&spec.device);
    Ok(ClipSettings {
        access: logins.videos,
        filter: Filter::new(&spec.videos.include, &spec.videos.exclude)
            .map_err(|error| usage(&error))?,
        clips_max: None,
        annotations,
        models: ClipModels {
            detector: spec.models.detector,
            pose: spec.models.pose,
            hands: spec.models.hands,
            text: spec.models.text,
        },
        options: embed::Options { storage: Some(logins.models), ..options },
        fps: spec.sampling.fps.unsigned_abs().max(1),
        out: place(spec.output.as_ref().map_or(DEFAULT_OUT, |output| output.uri.as_str()))?,
        out_access: logins.output,
        jobs: wishes.jobs.map_or_else(settings::cores, usize::from),
        bounds: ClipBounds::default(),
        deletions: match wishes.deletions_approved {
            true => Deletions::Approved,
            false => Deletions::Percent(spec.deletion_guard.max_percent.unsigned_abs()),
        },
        success_percent_min: spec.publish_policy.min_success_percent.unsigned_abs(),
        removal: match spec.deletion_policy {
            DeletionPolicy::Retain => Removal::Retain,
            DeletionPolicy::Delete => Removal::Remove,
        },
        collection,
        index,
        videos,
    })
}

/// With the Elasticsearch of ELASTICSEARCH_HOST, where that is set and the configuration names none: as
/// a laptop does.
pub(super) fn with_environment(loader: Loader) -> Result<Loader, Failure> {
    let environment = loader.environment();
    if environment.get("ELASTICSEARCH_HOST").is_none_or(str::is_empty) {
        return Ok(loader);
    }
    let urls = elasticsearch::urls("", environment)?;
    Ok(loader.fallback("elasticsearch.url", urls, "ELASTICSEARCH_HOST"))
}

/// What `ENVIRONMENT` promises: in the cloud, an index behind TLS and a login.
fn check_environment(
    environment: &Environment,
    index: Option<&Destination>,
) -> Result<(), Failure> {
    match environment.get("ENVIRONMENT").unwrap_or_default() {
        "" | "local" => Ok(()),
        "cloud" => {
            let Some(Destination { connection, .. }) = index else {
                return Err(Failure::usage(
                    "ENVIRONMENT is cloud, and no Elasticsearch is named: set ELASTICSEARCH_HOST, or \
                     write --elasticsearch https://es:9200",
                ));
            };
            if connection.urls.iter().any(|url| url.scheme() != "https") {
                return Err(Failure::usage(format!(
                    "ENVIRONMENT is cloud, and {} is not https: documents and logins would travel in \
                     the open",
                    connection.name()
                )));
            }
            if matches!(connection.login, Login::Anonymous) {
                return Err(Failure::usage(
                    "ENVIRONMENT is cloud, and there is no login: set ELASTICSEARCH_API_KEY, or \
                     ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD",
                ));
            }
            Ok(())
        }
        other => Err(Failure::usage(format!(
            "ENVIRONMENT is `{other}`, and has to be local or cloud; --environment says it too"
        ))),
    }
}

/// Files that no runtime of ours reads.
fn check_models(spec: &EmbeddingJobSpec) -> Result<(), Failure> {
    for (key, model) in spec.models.named() {
        let uri = model.uri.to_ascii_lowercase();
        if [".pth", ".ckpt"].iter().any(|suffix| uri.ends_with(suffix)) {
            return Err(Failure::usage(format!(
                "`models.{key}.uri` is {}, a PyTorch checkpoint: export it to ONNX with MMDeploy and \
                 name the folder of the export (docs/clips.md says how)",
                model.uri
            )));
        }
    }
    Ok(())
}
