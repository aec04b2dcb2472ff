//! Bytes of a layer: a mapped file, a slice of one, or owned memory.

use std::ops::{Deref, Range};
use std::rc::Rc;

use crate::mapped::Mapped;

/// Shared, immutable bytes. Cloning is cheap.
#[derive(Clone)]
pub struct Bytes {
    owner: Rc<Owner>,
    range: Range<usize>,
}

enum Owner {
    Mapped(Mapped),
    Memory(Vec<u8>),
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { owner: Rc::new(Owner::Memory(bytes)), range }
    }
}

impl From<Mapped> for Bytes {
    fn from(mapped: Mapped) -> Self {
        let range = 0..mapped.len();
        Self { owner: Rc::new(Owner::Mapped(mapped)), range }
    }
}

impl Bytes {
    /// A part of these bytes, sharing them.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.range.len() {
            return None;
        }
        let start = self.range.start + range.start;
        Some(Self { owner: Rc::clone(&self.owner), range: start..start + range.len() })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &*self.owner {
            Owner::Mapped(mapped) => &mapped[self.range.clone()],
            Owner::Memory(bytes) => &bytes[self.range.clone()],
        }
    }
}
