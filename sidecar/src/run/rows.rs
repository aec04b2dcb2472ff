//! Vectors that an earlier run packed, by id.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::lines::LocalFile;
use super::records::PlannedEmbedding;
use super::{Ground, RunError};
use crate::catalog::packed::Packed;

/// Bytes of one line of ids: 16 hex digits and a newline.
const ID_BYTES: usize = 17;

/// The vectors of one field.
pub(super) struct Rows {
    numbers: File,
    name: String,
    ids: Vec<u8>,
    row_bytes: usize,
    rows: Vec<u8>,
}

impl Rows {
    fn open(ground: &Ground<'_>, packed: &Packed, scratch: &Path) -> Result<Self, RunError> {
        let numbers = LocalFile::need(&ground.out, &packed.vectors, scratch)?;
        let ids = LocalFile::need(&ground.out, &packed.ids, scratch)?;
        let ids = std::fs::read(ids.path()).map_err(RunError::io("read", &packed.ids))?;
        if ids.len() % ID_BYTES != 0 {
            let reason = "its lines are not 17 bytes long".to_owned();
            return Err(RunError::Damaged { file: packed.ids.clone(), reason });
        }
        let name = packed.vectors.clone();
        let numbers = File::open(numbers.path()).map_err(RunError::io("read", &name))?;
        Ok(Self { numbers, name, ids, row_bytes: 4 * packed.dims, rows: Vec::new() })
    }

    /// The rows of `id`, one after another and little-endian as they are in the file, where it has
    /// any.
    pub(super) fn of(&mut self, id: &str) -> Result<Option<&[u8]>, RunError> {
        let (lines, _) = self.ids.as_chunks::<ID_BYTES>();
        let first = lines.partition_point(|line| line[..ID_BYTES - 1] < *id.as_bytes());
        let own = |line: &&[u8; ID_BYTES]| line[..ID_BYTES - 1] == *id.as_bytes();
        let count = lines[first..].iter().take_while(own).count();
        if count == 0 {
            return Ok(None);
        }
        self.rows.resize(count * self.row_bytes, 0);
        let offset = (first * self.row_bytes) as u64;
        let read = self.numbers.seek(SeekFrom::Start(offset));
        let read = read.and_then(|_| self.numbers.read_exact(&mut self.rows));
        read.map_err(RunError::io("read", &self.name))?;
        Ok(Some(&self.rows))
    }
}

/// The published vectors that the models of `wanted` made, by field.
pub(super) fn kept(
    ground: &Ground<'_>,
    wanted: &[PlannedEmbedding],
    scratch: &Path,
) -> Result<BTreeMap<String, Rows>, RunError> {
    let mut rows = BTreeMap::new();
    let Some(current) = &ground.current else { return Ok(rows) };
    for planned in wanted {
        let Some(packed) = current.fields.get(&planned.field) else { continue };
        if packed.model_fingerprint == planned.model_fingerprint && packed.dims == planned.dims {
            rows.insert(planned.field.clone(), Rows::open(ground, packed, scratch)?);
        }
    }
    Ok(rows)
}
