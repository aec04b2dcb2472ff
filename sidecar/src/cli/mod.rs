//! The command line: one file a command, wiring only.

mod catalog;
mod clip_settings;
mod clips;
mod compile_sequence;
mod config;
mod contact_sheet;
mod elasticsearch;
mod embed;
mod embed_query;
mod inspect;
mod inspect_media;
mod interrupt;
mod log;
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
mod verify;
mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use vitrine_crds::run::Exit;

/// Turns 3D assets and dance videos into vectors, and answers questions about them.
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
    /// Make dance videos searchable: five vectors each, a report, an index.
    Embed(Box<embed::Args>),
    /// One step of a run, of catalog or of embed, as a process of its own, for pods.
    Run(run::Args),
    /// Find assets by what they are or look like: words or a picture in, nearest assets out.
    Search(search::Args),
    /// Print the document of one asset of a catalogue.
    Show(show::Args),
    /// Put the pictures of a catalogue side by side.
    ContactSheet(contact_sheet::Args),
    /// Print what is known of one file: USD, GLB, video or sound; without a catalogue.
    Inspect(inspect::Args),
    /// List the clips of an index, print one with its vectors, find those like one.
    Clips(clips::Args),
    /// Turn texts or a picture into vectors, as a query of Elasticsearch needs them.
    EmbedQuery(embed_query::Args),
    /// Make an MP4 film of the numbered pictures of a folder.
    CompileSequence(compile_sequence::Args),
    /// List, fetch and verify models.
    Models(models::Args),
    /// Check and show the configuration.
    Config(config::Args),
    /// Check that models, Elasticsearch and storage are as a run needs them.
    Verify(verify::Args),
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
    /// What failed and what to do: one line, of several mistakes one each.
    pub message: String,
}

impl Failure {
    /// Chains `error` and its sources by colons.
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

/// How much a command tells by itself: work that takes long tells what it does, and answers come
/// without remarks.
fn loudness(command: &Command) -> log::Loudness {
    let telling =
        |quiet: bool| if quiet { log::Loudness::Warnings } else { log::Loudness::Telling };
    match command {
        Command::Catalog(args) => telling(args.quiet),
        Command::Run(args) => telling(args.quiet),
        Command::Embed(args) if args.debug => log::Loudness::Debug,
        Command::Embed(args) => telling(args.quiet),
        Command::Models(_) => log::Loudness::Telling,
        _ => log::Loudness::Warnings,
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    log::start(loudness(&command));
    let done = match command {
        Command::Catalog(args) => catalog::run(args),
        Command::Run(args) => run::run(args),
        Command::Search(args) => search::run(args),
        Command::Show(args) => show::run(args),
        Command::ContactSheet(args) => contact_sheet::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Embed(args) => embed::run(*args),
        Command::Clips(args) => clips::run(args),
        Command::EmbedQuery(args) => embed_query::run(args),
        Command::CompileSequence(args) => compile_sequence::run(args),
        Command::Models(args) => models::run(args),
        Command::Config(args) => config::run(args),
        Command::Verify(args) => verify::run(args),
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
            eprintln!("error: {}", output::harmless_lines(&failure.message));
            ExitCode::from(failure.exit as u8)
        }
    }
}
