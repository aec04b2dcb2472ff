//! Videos, real and made, through the worker as a run asks it.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests too.

mod asking;
mod films;
mod frames;
mod hostile;
mod real;
mod sequence;
mod sound;
mod surgery;
