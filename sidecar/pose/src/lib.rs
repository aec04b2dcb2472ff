//! People in frames to tracks, to a couple, to vectors: pure numbers.

mod person;

pub use person::{Bounds, Joint, Moment, Person};
