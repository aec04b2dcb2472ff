//! `vitrine search`.

use super::Failure;
use vitrine_crds::run::Exit;

#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<Exit, Failure> {
    Err(Failure::usage("`vitrine search` is not built yet"))
}
