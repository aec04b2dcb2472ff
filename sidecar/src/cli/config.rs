//! `vitrine config`: what is configured, where it came from, and whether it is right.

use std::path::PathBuf;

use super::Failure;
use super::output::{self, say};
use crate::config::{ConfigError, Loaded, Loader, print};
use vitrine_crds::run::Exit;

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
    /// Print the JSON Schema of the configuration file, for editors.
    Schema,
}

#[derive(Debug, clap::Args)]
struct File {
    /// The file; without it $VITRINE_CONFIG, else vitrine.yaml in the working directory.
    #[arg(long = "config", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Output {
    Yaml,
    Json,
}

/// Runs `vitrine config`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Check(File { config }) => {
            let loader = loader(config)?;
            let what = match loader.file() {
                Some(file) => file.display().to_string(),
                None => "the environment (there is no file)".to_owned(),
            };
            // A file that leaves the source to the command line is complete in itself.
            let loaded = load(loader)?;
            say!("{what}: no mistakes ({})", loaded.library.kind);
        }
        Command::Show { file: File { config }, output } => {
            let loader = loader(config)?;
            let environment = loader.environment().clone();
            let loaded = load(loader)?;
            match output {
                Output::Yaml => {
                    output::print(format_args!("{}", print::yaml(&loaded, &environment)))
                }
                Output::Json => say!("{:#}", print::json(&loaded, &environment)),
            }
        }
        Command::Schema => output::print(format_args!("{}", vitrine_crds::library::schema_json())),
    }
    Ok(Exit::Done)
}

fn loader(config: Option<PathBuf>) -> Result<Loader, Failure> {
    Ok(Loader::new(config).map_err(failure)?.source_optional())
}

fn load(loader: Loader) -> Result<Loaded, Failure> {
    let loaded = loader.load().map_err(failure)?;
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(loaded)
}

fn failure(error: ConfigError) -> Failure {
    Failure::new(Exit::Usage, &error)
}
