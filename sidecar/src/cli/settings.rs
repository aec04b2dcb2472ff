//! The configuration as a run takes it.

use std::path::PathBuf;
use std::time::Duration;

use vitrine_crds::library::{Algorithm, AssetLibrarySpec, DeletionPolicy, Metadata, Views};
use vitrine_crds::run::{Exit, Step};

use super::elasticsearch::Owned;
use super::logins::Logins;
use super::{Failure, elasticsearch};
use crate::asset::captions::Captions;
use crate::config::{self, Loader};
use crate::embed;
use crate::extract::brought::{Brought, BroughtError};
use crate::extract::pictures::Wanted;
use crate::extract::{Bounds, UseOfGpu};
use crate::index::{Destination, Holds};
use crate::model::Cache;
use crate::run::{Deletions, Embedding, Removal, Settings};
use crate::storage::{Access, Filter, Location, Storage};

/// What the configuration does not say.
#[derive(Clone, Default)]
pub(super) struct Wishes {
    /// The step of a run that is a process of its own; `None` where one process does all.
    pub(super) step: Option<Step>,
    /// Child processes that read; `None`: one per core.
    pub(super) jobs: Option<u16>,
    /// Whether any number of assets may leave.
    pub(super) deletions_approved: bool,
    /// What a collection of clips is called, where a flag says it.
    pub(super) name: Option<String>,
}

/// Loads the configuration and checks what only a run can check. Warnings go to stderr.
pub(super) fn load(loader: Loader, wishes: &Wishes) -> Result<Settings, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::new(Exit::Usage, error);
    let environment = loader.environment().clone();
    let loaded = loader.load().map_err(|error| usage(&error))?;
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    let metadata = loaded.resource.metadata;
    let spec = loaded.resource.spec;
    if spec.source.roots_only {
        return Err(Failure::usage(
            "`source.rootsOnly` is not known to this version yet: leave it out, and exclude the \
             folders of parts instead",
        ));
    }
    let place = |uri: &str| Location::parse(uri).map_err(|error| usage(&error));
    let source = place(&spec.source.uri)?;
    let given = spec.library_id.clone().or_else(|| named(&metadata, wishes));
    let is_named = given.is_some();
    let library = given.or_else(|| source.stem()).unwrap_or_else(|| "library".to_owned());
    let (metadata, holds) = (&metadata, Holds::Assets);
    let owned = Owned { metadata, library: &library, source: &source, is_named, holds };
    let index = elasticsearch::destination(spec.elasticsearch.as_ref(), &environment, owned)?;
    let logins = Logins::of(&environment, &spec)?;
    // Captions travel with the plan: no later step asks for them.
    let reads_pictures = matches!(wishes.step, None | Some(Step::Scan | Step::Work));
    let reads_captions = matches!(wishes.step, None | Some(Step::Scan));
    let writes_files = spec.catalog.is_some() || index.is_none();
    let pictures = pictures(&spec, writes_files);
    Ok(Settings {
        out: match (&spec.catalog, &index) {
            (Some(catalog), _) => place(&catalog.uri)?,
            (None, None) => place("catalog")?,
            (None, Some(index)) => Location::Folder(state_folder(index)?),
        },
        // Beside an index, a catalogue is written only where one is asked for.
        writes_files,
        filter: Filter::new(&spec.source.include, &spec.source.exclude)
            .map_err(|error| usage(&error))?,
        assets_max: spec.max_assets.and_then(|max| u64::try_from(max).ok()),
        captions: match spec.captions.as_ref().filter(|_| reads_captions) {
            Some(captions) => read_captions(&captions.uri, &logins.captions)?,
            None => Captions::default(),
        },
        bounds: Bounds {
            usd: config::limits(&spec.extraction),
            timeout: Duration::from_secs(spec.extraction.timeout_seconds.unsigned_abs().into()),
            memory_bytes_max: spec.extraction.memory_bytes_max.unsigned_abs(),
        },
        brought: brought(&spec, (&library, &logins), reads_pictures && pictures.is_some())?,
        pictures,
        jobs: wishes.jobs.map_or_else(cores, usize::from),
        embeddings: embeddings(&spec, &logins.models),
        deletions: match wishes.deletions_approved {
            true => Deletions::Approved,
            false => Deletions::Percent(spec.deletion_guard.max_percent.unsigned_abs()),
        },
        success_percent_min: spec.publish_policy.min_success_percent.unsigned_abs(),
        removal: match spec.deletion_policy {
            DeletionPolicy::Retain => Removal::Retain,
            DeletionPolicy::Delete => Removal::Remove,
        },
        clips: None,
        library,
        index,
        source,
        access: logins.source,
        out_access: logins.catalog,
    })
}

/// The pictures that somebody wants: people in the catalogue, or a model.
fn pictures(spec: &AssetLibrarySpec, writes_files: bool) -> Option<Wanted> {
    let Views { count, size, thumbnails, cameras, ref from } = spec.views;
    let files = thumbnails && writes_files;
    let is_seen = spec.embeddings.iter().any(|entry| entry.algorithm != Algorithm::Text);
    let wanted = Wanted {
        views: count.unsigned_abs().max(1),
        draws_views: from.is_none(),
        size: size.unsigned_abs(),
        cameras,
        files,
        preparations: Vec::new(), // The models say.
        gpu: UseOfGpu::default(),
    };
    let gpu = match wanted.is_drawn() {
        true => UseOfGpu::beside(spec.device.provider, !spec.embeddings.is_empty()),
        false => UseOfGpu::Never,
    };
    (files || is_seen).then_some(Wanted { gpu, ..wanted })
}

/// The pictures that exist already, where the library has some.
fn brought(
    spec: &AssetLibrarySpec,
    (library, logins): (&str, &Logins),
    reads: bool,
) -> Result<Option<Brought>, Failure> {
    let Some(from) = spec.views.from.as_ref().filter(|_| reads) else { return Ok(None) };
    let storage = |error: crate::storage::StorageError| Failure::new(error.exit(), &error);
    let location = Location::parse(&from.uri).map_err(storage)?;
    let opened = Storage::open(&location, &logins.views).map_err(storage)?;
    let source =
        Location::parse(&spec.source.uri).and_then(|at| Storage::open(&at, &logins.source));
    let source_uri = source.map_err(storage)?.uri("");
    let views = spec.views.count.unsigned_abs().max(1);
    let sizes = (views, spec.views.size.unsigned_abs());
    Brought::open(from, opened, (library, &source_uri), sizes).map(Some).map_err(
        |error| match error {
            BroughtError::Storage(error) => storage(error),
            BroughtError::Usage(sentence) => Failure::usage(sentence),
        },
    )
}

/// Where a run keeps what it knows when the index alone is wanted. It may be thrown away: the index
/// tells all of it.
fn state_folder(index: &Destination) -> Result<PathBuf, Failure> {
    let cache = Cache::from_env().map_err(|error| Failure::new(Exit::Usage, &error))?;
    Ok(cache.root().join("libraries").join(index.digest()))
}

/// The name in the metadata: with its namespace where pods run, where names are unique only there.
pub(super) fn named(metadata: &Metadata, wishes: &Wishes) -> Option<String> {
    let name = metadata.name.clone()?;
    match (&metadata.namespace, wishes.step) {
        (Some(namespace), Some(_)) => Some(format!("{namespace}-{name}")),
        _ => Some(name),
    }
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn embeddings(spec: &AssetLibrarySpec, access: &Access) -> Vec<Embedding> {
    let options = embed::Options::on(&spec.device);
    let options = embed::Options { storage: Some(access.clone()), ..options };
    let entries = spec.embeddings.iter();
    entries.map(|spec| Embedding { spec: spec.clone(), options: options.clone() }).collect()
}

/// The file at `uri`, of at most `bytes_max` bytes.
///
/// * `what`: for messages, as in `captions`.
pub(super) fn read_file(
    (what, uri): (&str, &str),
    access: &Access,
    bytes_max: u64,
) -> Result<Vec<u8>, Failure> {
    let storage = |error: crate::storage::StorageError| Failure::new(error.exit(), &error);
    let (folder, file) = match uri.rsplit_once('/') {
        Some(("", file)) => ("/", file),
        Some((folder, file)) => (folder, file),
        None => (".", uri),
    };
    let location = Location::parse(folder).map_err(storage)?;
    let from = Storage::open(&location, access).map_err(storage)?;
    let absent = || {
        let is_odd = matches!(&location, Location::Folder(folder) if folder.join(file).exists());
        Failure::usage(match is_odd {
            true => format!(
                "the {what} file {uri} is no regular file, or a link that leads out of its folder; \
                 name the file itself"
            ),
            false => format!("there is no {what} file {uri}"),
        })
    };
    let size = from.head(file).map_err(storage)?.ok_or_else(absent)?.size;
    if size > bytes_max {
        return Err(Failure::usage(format!(
            "the {what} file {uri} has {size} bytes, more than {bytes_max}; split it"
        )));
    }
    from.get(file).map_err(storage)?.ok_or_else(absent)
}

/// Largest captions file, in bytes: a million assets with two sentences each.
const CAPTIONS_BYTES_MAX: u64 = 512 << 20;

fn read_captions(uri: &str, access: &Access) -> Result<Captions, Failure> {
    let bytes = read_file(("captions", uri), access, CAPTIONS_BYTES_MAX)?;
    Captions::parse(uri, &bytes).map_err(|error| Failure::new(Exit::Usage, &error))
}
