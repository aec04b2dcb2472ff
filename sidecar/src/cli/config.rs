//! `vitrine config`: what is configured, where it came from, and whether it is right.

use std::path::PathBuf;

use vitrine_crds::embedding_job::{self, EmbeddingJob};
use vitrine_crds::library::{self, AssetLibrary};
use vitrine_crds::run::Exit;

use super::Failure;
use super::output::{self, say};
use crate::config::{ConfigError, Configured, Loaded, Loader, print};

/// Arguments of `vitrine config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Find every mistake of the configuration; exit code 2 when there is one.
    Check(File),
    /// Print the configuration in force and where each value came from. Secrets are never shown.
    Show {
        #[command(flatten)]
        file: File,
        /// How to print it; `yaml` carries origins as remarks, `json` beside the configuration.
        #[arg(long, value_enum, default_value_t = Output::Yaml)]
        output: Output,
    },
    /// Print a JSON Schema, for editors.
    #[command(after_help = "Examples:
  vitrine config schema > assetlibrary.json
  vitrine config schema embeddingjob > embeddingjob.json
  vitrine config schema annotations > annotations.json")]
    Schema {
        /// Of what: the configuration of a library, that of a job over videos, or the annotations of
        /// clips.
        #[arg(value_enum, default_value_t = Of::Assetlibrary)]
        of: Of,
    },
}

#[derive(Debug, clap::Args)]
struct File {
    /// The file, of either kind; without it $VITRINE_CONFIG, else vitrine.yaml in the working directory.
    #[arg(long = "config", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Output {
    Yaml,
    Json,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    Assetlibrary,
    Embeddingjob,
    Annotations,
}

/// Runs `vitrine config`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Check(File { config }) => {
            let loader = loader(config)?;
            match is_job(&loader)? {
                true => check::<EmbeddingJob>(loader)?,
                false => check::<AssetLibrary>(loader)?,
            }
        }
        Command::Show { file: File { config }, output } => {
            let loader = loader(config)?;
            match is_job(&loader)? {
                true => show::<EmbeddingJob>(loader, output)?,
                false => show::<AssetLibrary>(loader, output)?,
            }
        }
        Command::Schema { of } => {
            let schema = match of {
                Of::Assetlibrary => library::schema_json(),
                Of::Embeddingjob => embedding_job::schema_json(),
                Of::Annotations => embedding_job::annotations::schema_json(),
            };
            output::print(format_args!("{schema}"));
        }
    }
    Ok(Exit::Done)
}

fn check<T: Configured>(loader: Loader) -> Result<(), Failure> {
    let what = match loader.file() {
        Some(file) => file.display().to_string(),
        None => "the environment (there is no file)".to_owned(),
    };
    // A file that leaves the source to the command line is complete in itself.
    load::<T>(loader)?;
    say!("{what}: no mistakes ({})", T::KIND);
    Ok(())
}

fn show<T: Configured>(loader: Loader, output: Output) -> Result<(), Failure> {
    let environment = loader.environment().clone();
    let loaded = load::<T>(loader)?;
    match output {
        Output::Yaml => output::print(format_args!("{}", print::yaml(&loaded, &environment))),
        Output::Json => say!("{:#}", print::json(&loaded, &environment)),
    }
    Ok(())
}

/// Whether the file configures a job over videos, and not a library.
pub(super) fn is_job(loader: &Loader) -> Result<bool, Failure> {
    Ok(loader.kind().map_err(failure)?.as_deref() == Some(embedding_job::KIND))
}

fn loader(config: Option<PathBuf>) -> Result<Loader, Failure> {
    Ok(Loader::new(config).map_err(failure)?.given_optional())
}

fn load<T: Configured>(loader: Loader) -> Result<Loaded<T>, Failure> {
    let loaded = loader.load_as().map_err(failure)?;
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(loaded)
}

fn failure(error: ConfigError) -> Failure {
    Failure::new(Exit::Usage, &error)
}
