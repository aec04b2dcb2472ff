//! Finds people in pictures, by networks that it is given.
//!
//! ```text
//! Recipe::read_all(folder)   what the folder says; names the file of weights
//! (the caller opens them)    one Network each
//! Looker::new(models)        what each network's ports say, checked; roles dealt
//! looker.look(pictures)      crop -> network -> decode, in batches; Vec<Person> a picture
//! ```
//!
//! Here is no runtime of networks, no file but descriptions, no clock and no thread. What strangers
//! made (folders, networks, their answers) is bounded and checked: it gives errors, never panics.

mod boxes;
mod detector;
mod engine;
mod error;
mod geometry;
mod hand_net;
mod joints;
mod look;
mod network;
mod picture;
mod plan;
mod pose_net;
mod recipe;
mod sample;
mod single_stage;

pub use detector::{Detected, Detector};
pub use error::{LookError, RecipeError};
pub use hand_net::HandNet;
pub use look::{Looker, Model, Options};
pub use network::{Element, Network, Port, Tensor, Values};
pub use picture::Picture;
pub use plan::{Channels, Decoding, Fit, Input, Kind, Layout, Place, Plan};
pub use pose_net::{PoseNet, Posed};
pub use recipe::Recipe;
pub use single_stage::SingleStage;

/// The most people that one picture gives: the surest ones.
pub const PEOPLE_MAX: usize = 32;

/// Changes when the same pictures would give other people.
pub const VERSION: &str = "1";
