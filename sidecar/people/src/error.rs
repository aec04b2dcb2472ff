//! What can go wrong, and what to do.

use std::io;
use std::path::PathBuf;

/// Why a folder or a network is not usable.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A description larger than descriptions are.
    #[error("{} has more than {bytes_max} bytes; is it a description of a model?", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// What is allowed.
        bytes_max: u64,
    },

    /// A description that is no JSON or YAML, or has a key of the wrong type.
    #[error("{} is not readable: {reason}", path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },

    /// A value that cannot be.
    #[error("{}: `{key}` {reason}", path.display())]
    Key {
        /// The description.
        path: PathBuf,
        /// The key, with dots from the root.
        key: String,
        /// What it is and what it should be.
        reason: String,
    },

    /// No network where one was promised.
    #[error("{} {reason}", path.display())]
    Weights {
        /// Where it was looked for.
        path: PathBuf,
        /// What was found, what to do.
        reason: String,
    },

    /// Nothing says what the network is.
    #[error(
        "cannot tell what {} is ({ports}); write a vitrine.json beside it that says its kind, \
         input and decoding",
        weights.display()
    )]
    Unknown {
        /// The network's file.
        weights: PathBuf,
        /// Its inputs and outputs.
        ports: String,
    },

    /// The network does not fit its description.
    #[error("{}: `{port}` {reason}", weights.display())]
    Port {
        /// The network's file.
        weights: PathBuf,
        /// The input or output.
        port: String,
        /// What it is and what it should be.
        reason: String,
    },

    /// The networks together do not make a way to find people.
    #[error("these networks cannot find people together: {reason}")]
    Set {
        /// What is missing or double.
        reason: String,
    },
}

/// Why a picture could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The picture itself is wrong.
    #[error("the picture cannot be looked at: {reason}")]
    Picture {
        /// What is wrong.
        reason: String,
    },

    /// The network refused.
    #[error("network `{network}` did not run: {reason}")]
    Run {
        /// Which.
        network: String,
        /// In the runtime's words.
        reason: String,
    },

    /// An output is missing or has another shape than its decoding needs.
    #[error("output `{output}` of network `{network}` is {found}, but should be {expected}")]
    Output {
        /// Which network.
        network: String,
        /// Which output.
        output: String,
        /// Shape and type that were expected.
        expected: String,
        /// Shape and type that came, or `missing`.
        found: String,
    },

    /// An output holds a number that is not finite.
    #[error(
        "output `{output}` of network `{network}` holds NaN or infinity; the weights are broken, \
         or do not fit the precision they run in"
    )]
    NotFinite {
        /// Which network.
        network: String,
        /// Which output.
        output: String,
    },
}
