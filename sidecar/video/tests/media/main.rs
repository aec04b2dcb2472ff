//! Videos, real and made, through the worker as a run asks it.

mod asking;
mod films;
mod frames;
mod hostile;
mod real;
mod sequence;
mod sound;
mod surgery;
