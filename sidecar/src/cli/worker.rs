//! `vitrine worker`: the child side of the pool that reads assets.

use vitrine_crds::run::Exit;

use super::Failure;
use crate::extract::child;

#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(Args {}: Args) -> Result<Exit, Failure> {
    child::serve().map_err(|error| Failure::new(Exit::Permanent, &error))?;
    Ok(Exit::Done)
}
