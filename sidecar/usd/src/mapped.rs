//! The one room with `unsafe`: files mapped into memory.

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A read-only, private mapping of a whole file.
///
/// A file that another process truncates while it is mapped kills this process with SIGBUS. That
/// is why assets are read in child processes: the parent reports the asset and goes on.
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps `file`.
    ///
    /// # Errors
    ///
    /// When the operating system refuses: not a regular file, no address space.
    #[allow(unsafe_code)]
    pub fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is private and read-only, and is only ever read as bytes. Its pages
        // can change under us if somebody writes the file in place; parsers here never rely on
        // reading the same byte twice for memory safety, since all access is bounds-checked.
        unsafe { memmap2::Mmap::map(file) }.map(Self)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
