//! The command line: one file a command, wiring only.

mod catalog;
mod config;
mod contact_sheet;
mod elasticsearch;
mod embed;
mod inspect;
mod logins;
mod models;
mod output;
mod page;
mod picture;
mod progress;
mod run;
mod search;
mod settings;
mod show;
mod summary;
mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use vitrine_crds::run::Exit;

/// Turns libraries of 3D assets into vectors, and answers questions about them.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Read a library of USD and GLB files into a catalogue that can be searched.
    Catalog(catalog::Args),
    /// One step of the same as a process of its own, for pods.
    Run(run::Args),
    /// Find assets by what they are or look like: words or a picture in, nearest assets out.
    Search(search::Args),
    /// Print the document of one asset of a catalogue.
    Show(show::Args),
    /// Put the pictures of a catalogue side by side.
    ContactSheet(contact_sheet::Args),
    /// Print what is known of one USD or GLB file, without a catalogue.
    Inspect(inspect::Args),
    /// Turn texts into vectors, as a query of Elasticsearch needs them.
    Embed(embed::Args),
    /// List, fetch and verify models.
    Models(models::Args),
    /// Check and show the configuration.
    Config(config::Args),
    /// Print the completion script of a shell.
    #[command(
        after_help = "Examples:\n  vitrine completions bash > ~/.local/share/bash-completion/completions/vitrine"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Read assets for a parent process: requests on stdin, answers on stdout.
    #[command(hide = true)]
    Worker(worker::Args),
}

/// Why a command ended early: the code for scripts, the message for people.
#[derive(Debug)]
pub struct Failure {
    /// What the process exits with.
    pub exit: Exit,
    /// One line: what failed and what to do.
    pub message: String,
}

impl Failure {
    /// Chains `error` and its sources on one line.
    pub fn new(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { exit, message }
    }

    /// A mistake in the command line or the configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }
}

/// Sends log lines to stderr; `VITRINE_LOG` chooses them in the words of `RUST_LOG`. Without it, work
/// that takes long tells what it does, and answers come without remarks.
fn log(command: &Command) {
    let telling = match command {
        Command::Catalog(args) => !args.quiet,
        Command::Run(args) => !args.quiet,
        Command::Models(_) => true,
        _ => false,
    };
    let default = if telling { "warn,vitrine=info" } else { "warn" };
    let chosen = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .with_env_var("VITRINE_LOG");
    let filter = match std::env::var_os("VITRINE_LOG") {
        Some(_) => chosen.from_env_lossy(),
        None => EnvFilter::new(default),
    };
    let plain = tracing_subscriber::fmt().without_time().with_target(false);
    let ansi = console::Term::stderr().is_term();
    plain.with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr).init();
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    log(&command);
    let done = match command {
        Command::Catalog(args) => catalog::run(args),
        Command::Run(args) => run::run(args),
        Command::Search(args) => search::run(args),
        Command::Show(args) => show::run(args),
        Command::ContactSheet(args) => contact_sheet::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Embed(args) => embed::run(args),
        Command::Models(args) => models::run(args),
        Command::Config(args) => config::run(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "vitrine", &mut script);
            output::print(format_args!("{}", String::from_utf8_lossy(&script)));
            Ok(Exit::Done)
        }
        Command::Worker(args) => worker::run(args),
    };
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            eprintln!("error: {}", output::harmless(&failure.message));
            ExitCode::from(failure.exit as u8)
        }
    }
}
