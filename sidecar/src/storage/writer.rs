//! A file written piece by piece and seen only whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::bucket::Upload;
use super::{StorageError, folder};

/// A file that is written piece by piece and becomes visible, whole, by [`Writer::finish`].
/// Dropped before that, nothing of it is ever seen.
pub struct Writer {
    to: To,
}

enum To {
    File { file: BufWriter<File>, waiting: PathBuf, place: PathBuf },
    Upload(Upload),
}

impl Writer {
    pub(super) fn to_file(file: File, waiting: PathBuf, place: PathBuf) -> Self {
        Self { to: To::File { file: BufWriter::with_capacity(1 << 18, file), waiting, place } }
    }

    pub(super) fn to_upload(upload: Upload) -> Self {
        Self { to: To::Upload(upload) }
    }

    /// Makes the file visible. On disk it then survives a loss of power.
    ///
    /// # Errors
    ///
    /// When the last pieces cannot be written.
    pub fn finish(self) -> Result<(), StorageError> {
        match self.to {
            To::Upload(upload) => upload.finish(),
            To::File { file, waiting, place } => {
                let failed = |error| StorageError::disk("write", &place, error);
                let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
                file.sync_all().map_err(failed)?;
                folder::place(&waiting, &place)
            }
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::File { file, .. } => file.write(bytes),
            To::Upload(upload) => upload.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::File { file, .. } => file.flush(),
            To::Upload(_) => Ok(()),
        }
    }
}
