//! Where the program that decodes is.

use std::path::{Path, PathBuf};

use vitrine_footage::{PROGRAM, PROGRAM_VARIABLE};

/// Why no video can be decoded at all. Ends the run.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The program is not there.
    #[error(
        "the program {PROGRAM} that decodes videos is not there ({reason}); build it with `make \
         build-video`, put it beside vitrine, or set {PROGRAM_VARIABLE} to it"
    )]
    Missing {
        /// Where it was looked for.
        reason: String,
    },
    /// It does not start.
    #[error("cannot start {program}")]
    Spawn {
        /// The program.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It ended before it decoded anything.
    #[error("{program} ended before it decoded anything: {reason}")]
    Stillborn {
        /// The program.
        program: String,
        /// How it ended.
        reason: String,
    },
    /// It is of another version.
    #[error(
        "{program} speaks version {found} of the protocol, and this program {wanted}; build both \
         from the same sources"
    )]
    Protocol {
        /// The program.
        program: String,
        /// Its version.
        found: u32,
        /// Ours.
        wanted: u32,
    },
}

/// The program: what `VITRINE_MEDIA` names, else the one beside this program.
///
/// # Errors
///
/// [`MediaError::Missing`].
pub fn program() -> Result<PathBuf, MediaError> {
    let missing = |reason: String| MediaError::Missing { reason };
    if let Some(named) = std::env::var_os(PROGRAM_VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        let reason = format!("{PROGRAM_VARIABLE} names {}, which is no file", named.display());
        return if named.is_file() { Ok(named) } else { Err(missing(reason)) };
    }
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(|folder| folder.join(PROGRAM));
    match beside {
        Some(beside) if beside.is_file() => Ok(beside),
        Some(beside) => Err(missing(format!("no {}", beside.display()))),
        None => Err(missing("nobody knows where this program is".to_owned())),
    }
}
