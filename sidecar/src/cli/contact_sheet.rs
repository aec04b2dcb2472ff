//! `vitrine contact-sheet`: all thumbnails of a catalogue on one picture.

use std::path::PathBuf;

use vitrine_crds::run::Exit;

use super::Failure;
use super::output::say;
use crate::catalog::sheet::{self, Layout};
use crate::search::{SearchError, locate};

/// Arguments of `vitrine contact-sheet`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine contact-sheet
  vitrine contact-sheet --catalog ~/catalog --out warehouse.png --columns 12 --tile 96")]
pub struct Args {
    /// Folder of the catalogue.
    #[arg(long, value_name = "DIR", env = "VITRINE_CATALOG", default_value = "catalog")]
    catalog: String,
    /// The PNG to write
    #[arg(long, short, value_name = "FILE", default_value = "contact-sheet.png")]
    out: PathBuf,
    /// Pictures of a row
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    columns: u16,
    /// Width and height of a picture
    #[arg(long, value_name = "PIXELS", default_value_t = 160, value_parser = clap::value_parser!(u16).range(16..=1024))]
    tile: u16,
    /// Most assets on the sheet, the first by pack and name
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=5000))]
    max: u16,
}

/// Runs `vitrine contact-sheet`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let root =
        locate(&args.catalog).map_err(|error: SearchError| Failure::new(error.exit(), &error))?;
    if args.out.extension().is_some_and(|suffix| !suffix.eq_ignore_ascii_case("png")) {
        return Err(Failure::usage(
            "a contact sheet is a PNG: let the name after --out end in .png",
        ));
    }
    let layout = Layout {
        columns: args.columns.into(),
        tile: args.tile.into(),
        assets_max: args.max.into(),
    };
    let sheet =
        sheet::draw(&root, &layout).map_err(|error| Failure::new(Exit::Permanent, &error))?;
    let out = args.out.display();
    std::fs::write(&args.out, &sheet.png).map_err(|error| Failure {
        exit: Exit::Permanent,
        message: format!("cannot write {out}: {error}"),
    })?;
    say!("{out}: {} assets", sheet.shown);
    if sheet.blank > 0 {
        say!("{} of them have no picture", sheet.blank);
    }
    if sheet.left_out > 0 {
        say!("{} more are left out; --max takes up to 5000", sheet.left_out);
    }
    Ok(Exit::Done)
}
