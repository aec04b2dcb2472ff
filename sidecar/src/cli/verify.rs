//! `vitrine verify`: whether models, Elasticsearch and storage are as a run needs them.

use std::error::Error;

use console::measure_text_width;
use serde::Serialize;
use serde_json::json;
use vitrine_crds::library::{Algorithm, EmbeddingSpec, ModelSpec};
use vitrine_crds::run::Exit;

use super::Failure;
use super::embed::Inputs;
use super::output::{self, Format, harmless, say};
use super::settings::{self, Wishes};
use crate::asset::clip::VECTORS;
use crate::embed::people::PeopleModels;
use crate::embed::{self, OpenError, Options};
use crate::extract::footage::program;
use crate::index::verify::{Held, Rights, held, rights};
use crate::index::{Cluster, Destination, Version};
use crate::run::{ClipModels, Settings};
use crate::storage::{Access, Filter, Location, Storage, StorageError, process_name};

/// The first version of Elasticsearch that the tests run against.
const VERSION_MIN: Version = Version { major: 9, minor: 1, patch: 0 };
/// Largest file that is read whole to see that reading works, in bytes.
const PROBE_BYTES_MAX: u64 = 64 << 20;

/// Arguments of `vitrine verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine verify --config job.yaml
  vitrine verify --config library.yaml --output json
  vitrine verify videos --pose-model models/rtmpose --elasticsearch https://es:9200

Takes configurations of both kinds. Models are loaded, and their checksums compared where the
configuration names them; of Elasticsearch are checked reach, version, privileges and mapping; of
storage listing, reading and, by a small file that goes again, writing.

Exit codes: 0 all is well; 1 something is out of reach, try again; 2 usage: the configuration or a
place it names; 3 permanent: a broken model, a refused login, a wrong mapping.")]
pub struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    /// `ok`, `failed` or `skipped`.
    outcome: &'static str,
    /// What was checked.
    check: String,
    /// What was found.
    found: String,
    /// What to do, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

/// The table while it grows.
#[derive(Debug, Default)]
struct Table {
    lines: Vec<Line>,
}

impl Table {
    fn ok(&mut self, check: &str, found: impl Into<String>) {
        self.add("ok", check, (found.into(), None, Exit::Done));
    }

    fn skipped(&mut self, check: &str, found: impl Into<String>) {
        self.add("skipped", check, (found.into(), None, Exit::Done));
    }

    /// * `cure`: where the reason brings none of its own after a semicolon.
    fn failed(&mut self, check: &str, (exit, reason): (Exit, String), cure: &str) {
        let (found, cure) = match reason.split_once("; ") {
            Some((found, cure)) => (found.to_owned(), cure.to_owned()),
            None => (reason, cure.to_owned()),
        };
        self.add("failed", check, (found, Some(cure), exit));
    }

    fn add(
        &mut self,
        outcome: &'static str,
        check: &str,
        (found, cure, exit): (String, Option<String>, Exit),
    ) {
        self.lines.push(Line { outcome, check: check.to_owned(), found, cure, exit });
    }

    /// What waiting mends counts only where nothing else is wrong.
    fn exit(&self) -> Exit {
        let has = |exit: Exit| self.lines.iter().any(|line| line.exit == exit);
        [Exit::Permanent, Exit::Usage, Exit::Retry]
            .into_iter()
            .find(|exit| has(*exit))
            .unwrap_or(Exit::Done)
    }

    fn text(&self) -> String {
        let widest = self.lines.iter().map(|line| measure_text_width(&line.check)).max();
        let widest = widest.unwrap_or(0);
        let mut text = String::new();
        for Line { outcome, check, found, cure, .. } in &self.lines {
            let gap = " ".repeat(widest - measure_text_width(check));
            text.push_str(&format!("{outcome:<7}  {check}{gap}  {}\n", harmless(found)));
            if let Some(cure) = cure {
                text.push_str(&format!("         {}  → {}\n", " ".repeat(widest), harmless(cure)));
            }
        }
        let count = |outcome| self.lines.iter().filter(|line| line.outcome == outcome).count();
        let (failed, skipped) = (count("failed"), count("skipped"));
        let made = self.lines.len() - skipped;
        text.push_str(&match failed {
            0 => format!("all {made} checks passed"),
            some => format!("{some} of {made} checks failed"),
        });
        text.push_str(&match skipped {
            0 => "\n".to_owned(),
            some => format!(", {some} skipped\n"),
        });
        text
    }
}

/// Runs `vitrine verify`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let Args { inputs, output } = args;
    let wishes = Wishes::default();
    let loader = inputs.loader()?;
    let has_pose = loader.environment().get("MMPOSE_CHECKPOINT_PATH").is_some();
    let is_job = super::config::is_job(&loader)?
        || inputs.names_job()
        || (loader.file().is_none() && has_pose);
    let settings = match is_job {
        true => inputs.settings(loader, &wishes)?.into(),
        false => {
            let has_file = loader.file().is_some();
            settings::load(loader, &wishes).map_err(|failure| match has_file {
                true => failure,
                false => Failure {
                    message: format!(
                        "nothing says what to verify: give --config FILE, or VIDEO_DIR and \
                         --pose-model; {}",
                        failure.message
                    ),
                    ..failure
                },
            })?
        }
    };
    let mut table = Table::default();
    let dims = models(&settings, &mut table);
    match &settings.index {
        Some(index) => elasticsearch(index, &dims, &mut table),
        None => table.skipped("elasticsearch", "none is configured"),
    }
    source(&settings, &mut table);
    out(&settings.out, &settings.out_access, &mut table);
    let exit = table.exit();
    match output {
        Format::Text => output::print(format_args!("{}", table.text())),
        Format::Json => {
            say!("{:#}", json!({"v": 1, "ok": exit == Exit::Done, "checks": table.lines}))
        }
    }
    Ok(exit)
}

/// The error and its causes.
fn told(exit: Exit, error: &dyn Error) -> (Exit, String) {
    (exit, Failure::new(exit, error).message)
}

const MODEL_CURE: &str = "name another model, or fetch this one anew with `vitrine models pull`";

/// Loads every model. By vector field, numbers of a vector.
fn models(settings: &Settings, table: &mut Table) -> Vec<(String, usize)> {
    let mut dims = Vec::new();
    if let Some(clips) = &settings.clips {
        match program() {
            Ok(path) => table.ok("program vitrine-media", path.display().to_string()),
            Err(error) => {
                let cure = "build it, put it beside vitrine, or set VITRINE_MEDIA";
                table.failed("program vitrine-media", told(Exit::Permanent, &error), cure);
            }
        }
        people(&clips.models, &clips.options, table);
        dims.extend(VECTORS.iter().map(|vector| (vector.field.to_owned(), vector.dims)));
    }
    for embedding in &settings.embeddings {
        let (spec, options) = (&embedding.spec, &embedding.options);
        let check = match settings.clips {
            Some(_) => "model models.text".to_owned(),
            None => format!("model {}", spec.name),
        };
        let texts = match &spec.text_model {
            None => spec.clone(),
            Some(model) => {
                EmbeddingSpec { algorithm: Algorithm::Text, model: model.clone(), ..spec.clone() }
            }
        };
        let needs = VECTORS.iter().find(|one| one.name == "text").map(|one| one.dims);
        let needs = needs.filter(|_| settings.clips.is_some());
        match embed::open(&texts, options).map(|model| model.dims()) {
            Ok(made) if needs.is_some_and(|needs| needs != made) => {
                let reason = format!("{} makes {made} numbers, and clips have 384", spec.model.uri);
                let cure = "name a model of 384 dimensions, such as all-MiniLM-L6-v2";
                table.failed(&check, (Exit::Permanent, reason), cure);
            }
            Ok(made) => {
                table.ok(
                    &check,
                    format!("{}, {made} dims{}", texts.model.uri, pinned(&texts.model)),
                );
                if settings.clips.is_none() && spec.algorithm == Algorithm::Text {
                    dims.push((format!("{}_embedding", spec.name), made));
                }
            }
            Err(error) => table.failed(&check, told(error.exit(), &error), MODEL_CURE),
        }
        if spec.algorithm != Algorithm::Text {
            let check = format!("{check} (pictures)");
            match embed::open_pictures(spec, options).map(|model| model.dims()) {
                Ok(made) => {
                    table.ok(
                        &check,
                        format!("{}, {made} dims{}", spec.model.uri, pinned(&spec.model)),
                    );
                    dims.push((format!("{}_views", spec.name), made));
                }
                Err(error) => table.failed(&check, told(error.exit(), &error), MODEL_CURE),
            }
        }
    }
    dims
}

fn pinned(model: &ModelSpec) -> String {
    match &model.sha256 {
        Some(sha256) => format!(", sha256 {}… as pinned", sha256.get(..12).unwrap_or(sha256)),
        None => ", not pinned".to_owned(),
    }
}

/// The networks that look at frames: each found, then all loaded together.
fn people(models: &ClipModels, options: &Options, table: &mut Table) {
    let ClipModels { detector, pose, hands, text: _ } = models;
    let named = [("detector", detector.as_ref()), ("pose", Some(pose)), ("hands", hands.as_ref())];
    let cure = "name a folder with an ONNX export (docs/clips.md says what it holds), or fetch this one \
                anew with `vitrine models pull --force --algorithm people`";
    let mut all_found = true;
    for (key, spec) in named {
        let Some(spec) = spec else { continue };
        let check = format!("model models.{key}");
        let found = PeopleModels::find([spec], options);
        match found.and_then(|found| found.check_each(options)) {
            Ok(()) => table.ok(&check, format!("{}{}", spec.uri, pinned(spec))),
            Err(error) => {
                all_found = false;
                table.failed(&check, told(error.exit(), &error), cure);
            }
        }
    }
    if !all_found {
        return;
    }
    let specs = detector.iter().chain([pose]).chain(hands);
    let opened = PeopleModels::find(specs, options).and_then(|found| found.open(options, 1));
    match opened {
        Ok(lookers) => table.ok("models together", format!("load, family {}", lookers.family())),
        Err(error) => {
            let exit = OpenError::exit(&error);
            table.failed("models together", told(exit, &error), cure);
        }
    }
}

fn elasticsearch(index: &Destination, dims: &[(String, usize)], table: &mut Table) {
    let name = index.connection.name();
    let cluster = match Cluster::connect(&index.connection) {
        Ok(cluster) => cluster,
        Err(error) => {
            let cure = "check the address, and that the server runs";
            return table.failed("elasticsearch", told(error.exit(), &error), cure);
        }
    };
    let login = index.connection.login.kind();
    match cluster.server().version {
        Some(version) if version < VERSION_MIN => {
            let reason = format!("{name} is version {version}");
            let cure = format!("use version {VERSION_MIN} or later");
            table.failed("elasticsearch", (Exit::Permanent, reason), &cure);
        }
        Some(version) => table.ok("elasticsearch", format!("{name}, {version}, {login}")),
        None => table.ok("elasticsearch", format!("{name}, version not told, {login}")),
    }
    match rights(&cluster, &index.alias) {
        Ok(Rights::Unasked) => table.ok("privileges", "the server asks for none"),
        Ok(Rights::Enough) => table.ok("privileges", "all that a run needs"),
        Ok(Rights::Missing(missing)) => {
            let reason = format!("missing: {}", missing.join(", "));
            let cure = "give the login the role in docs/elasticsearch/roles";
            table.failed("privileges", (Exit::Permanent, reason), cure);
        }
        Err(error) => {
            let cure = "give the login the role in docs/elasticsearch/roles";
            table.failed("privileges", told(error.exit(), &error), cure);
        }
    }
    let check = format!("index {}", index.alias);
    match held(&cluster, &index.wanted(Vec::new()), dims) {
        Ok(Held::Nothing) => table.ok(&check, "not there yet: the first run makes it"),
        Ok(Held::Index { name, documents, wrong }) if wrong.is_empty() => {
            table.ok(
                &check,
                format!("{name}, {documents} documents, fields as the models make them"),
            );
        }
        Ok(Held::Index { name, wrong, .. }) => {
            let reason = format!("{name}: {}", wrong.join(", "));
            let cure = "the next run builds a new index beside it and swaps it in";
            table.failed(&check, (Exit::Permanent, reason), cure);
        }
        Err(error) => {
            table.failed(&check, told(error.exit(), &error), "choose another index, or adopt it");
        }
    }
}

fn source(settings: &Settings, table: &mut Table) {
    let (kind, key) = match settings.clips {
        Some(_) => ("videos", "videos.uri"),
        None => ("library", "source.uri"),
    };
    let cure = format!("name another place in {key}, or mend its login");
    let check = format!("storage {kind}: list");
    let found = match listed(&settings.source, &settings.access, &settings.filter) {
        Ok(found) => found,
        Err(reason) => return table.failed(&check, reason, &cure),
    };
    let Listed { storage, count, sample } = found;
    if count == 0 {
        let reason = format!("{} has nothing that include takes", settings.source);
        return table.failed(&check, (Exit::Usage, reason), &cure);
    }
    table.ok(&check, format!("{}: {count} files", settings.source));
    let check = format!("storage {kind}: read");
    let Some(path) = sample else { return };
    match storage.get_at_most(&path, PROBE_BYTES_MAX) {
        Ok(Some(Ok(bytes))) => table.ok(&check, format!("{path}, {} bytes", bytes.len())),
        Ok(Some(Err(bytes))) => table.ok(&check, format!("{path}, {bytes} bytes, not read whole")),
        Ok(None) => table.failed(&check, (Exit::Retry, format!("{path} is gone again")), &cure),
        Err(error) => table.failed(&check, told(error.exit(), &error), &cure),
    }
}

/// What a listing found.
struct Listed {
    storage: Storage,
    count: usize,
    /// The smallest of them.
    sample: Option<String>,
}

fn listed(location: &Location, access: &Access, filter: &Filter) -> Result<Listed, (Exit, String)> {
    let storage = |error: StorageError| told(error.exit(), &error);
    if let Location::Folder(folder) = location
        && !folder.is_dir()
    {
        return Err((Exit::Usage, format!("there is no folder {location}")));
    }
    let opened = Storage::open(location, access).map_err(storage)?;
    let listing = opened.list().map_err(storage)?;
    let taken = || listing.iter().filter(|entry| filter.takes(&entry.path));
    let sample = taken().min_by_key(|entry| entry.size).map(|entry| entry.path.clone());
    Ok(Listed { count: taken().count(), sample, storage: opened })
}

/// Writes a small file, reads it and removes it.
fn out(location: &Location, access: &Access, table: &mut Table) {
    let check = "storage output: write";
    let path = format!(".vitrine/verify-{}", process_name());
    let bytes = b"vitrine verify\n".to_vec();
    let written = Storage::open(location, access).and_then(|storage| {
        storage.put(&path, bytes.clone())?;
        let read = storage.get(&path)?;
        storage.delete_all(std::slice::from_ref(&path))?;
        Ok(read)
    });
    let cure = "name another place for the output, or mend its login";
    match written {
        Ok(Some(read)) if read == bytes => table.ok(check, location.to_string()),
        Ok(_) => {
            let reason = format!("{location} does not give back what was written");
            table.failed(check, (Exit::Permanent, reason), cure);
        }
        Err(error) => table.failed(check, told(error.exit(), &error), cure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failing_line_has_a_cure_and_the_worst_decides_the_exit_code() {
        let mut table = Table::default();
        table.ok("model a", "fine");
        assert_eq!(table.exit(), Exit::Done);
        let reason = (Exit::Retry, "cannot reach it; is it running there?".to_owned());
        table.failed("elasticsearch", reason, "unused");
        assert_eq!(table.exit(), Exit::Retry);
        table.failed("storage", (Exit::Usage, "no folder".to_owned()), "name another");
        assert_eq!(table.exit(), Exit::Usage);
        let expected = "\
ok       model a        fine
failed   elasticsearch  cannot reach it
                        → is it running there?
failed   storage        no folder
                        → name another
2 of 3 checks failed
";
        assert_eq!(table.text(), expected);
    }
}
