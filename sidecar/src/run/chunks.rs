//! Chunk files: what work is to do, in pieces that pods share nothing of.

use super::lines::line;
use super::records::Item;
use super::{Ground, RunError};
use crate::catalog::layout;

/// Assets of one chunk, at least.
const CHUNK_ASSETS: usize = 1000;
/// Clips of one chunk, at least: about ten minutes of a processor's work.
const CHUNK_CLIPS: usize = 50;
/// Chunks of one run, at most.
const CHUNKS_MAX: usize = 1000;

/// Writes chunk files as items come.
pub(super) struct Writing<'a> {
    ground: &'a Ground<'a>,
    run: u64,
    size: usize,
    chunks: u32,
    items: usize,
    open: Vec<u8>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(ground: &'a Ground<'a>, run: u64, assets: usize) -> Self {
        let least = if ground.settings.clips.is_some() { CHUNK_CLIPS } else { CHUNK_ASSETS };
        let size = least.max(assets.div_ceil(CHUNKS_MAX));
        Self { ground, run, size, chunks: 0, items: 0, open: Vec::new() }
    }

    pub(super) fn add(&mut self, item: &Item) -> Result<(), RunError> {
        self.open.extend(line(item));
        self.items += 1;
        if self.items == self.size {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), RunError> {
        let lines = std::mem::take(&mut self.open);
        self.ground.out.put(&layout::chunk(self.run, self.chunks), lines)?;
        self.chunks += 1;
        self.items = 0;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<u32, RunError> {
        if self.items > 0 {
            self.close()?;
        }
        Ok(self.chunks)
    }
}
