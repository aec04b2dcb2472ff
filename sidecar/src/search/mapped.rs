//! Files seen as memory. The one place of this crate that may be `unsafe`.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::{Advice, Mmap};

/// A whole file, read-only; pages come from disk when they are first touched.
#[derive(Debug)]
pub struct Mapped(Option<Mmap>);

impl Mapped {
    /// Maps the file at `path`.
    ///
    /// # Errors
    ///
    /// What the system says when the file cannot be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Self(None));
        }
        // SAFETY: a mapping is undefined when the file changes below it. A run writes its packed
        // files once, into a folder of its own, and never opens them for writing again; files are
        // removed, which leaves mappings whole, and never shortened.
        let map = unsafe { Mmap::map(&file)? };
        // A search reads from front to back. Where the system takes no advice, nothing is lost.
        let _ = map.advise(Advice::Sequential);
        let _ = map.advise(Advice::WillNeed);
        Ok(Self(Some(map)))
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}
