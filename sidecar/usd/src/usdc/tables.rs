//! The tables of a crate file: tokens, strings, fields, field sets, paths, specs.

use super::coding;
use crate::layer::LayerError;
use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::source::Bytes;

/// Reads little-endian numbers one after another, never past the end.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) fn take(&mut self, size: usize) -> Result<&'a [u8], LayerError> {
        let end = self.at.checked_add(size).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| LayerError::new("the file ends too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, LayerError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32, LayerError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes")))
    }

    pub(super) fn u64(&mut self) -> Result<u64, LayerError> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into().expect("eight bytes")))
    }

    pub(super) fn f64(&mut self) -> Result<f64, LayerError> {
        Ok(f64::from_bits(self.u64()?))
    }

    /// A count of things of at least `size` bytes each: never more than the file has left.
    pub(super) fn count(&mut self, size: usize) -> Result<usize, LayerError> {
        let count = self.u64()?;
        let left = self.bytes.len().saturating_sub(self.at);
        if count > (left / size.max(1)) as u64 {
            return Err(LayerError::new("a table promises more than the file holds"));
        }
        Ok(count as usize)
    }

    /// Bytes behind their 64-bit size.
    fn sized(&mut self) -> Result<&'a [u8], LayerError> {
        let size = self.u64()?;
        self.take(usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// Compressed 32-bit integers behind their size.
    fn integers(&mut self, count: usize) -> Result<Vec<u32>, LayerError> {
        let packed = self.sized()?;
        // Two bits an integer at least, 255 times packed at most.
        if count > packed.len().saturating_mul(1024) {
            return Err(LayerError::new("a table promises more than the file holds"));
        }
        Ok(coding::integers32(packed, count)?.into_iter().map(|value| value as u32).collect())
    }
}

/// One element of a path of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathElement {
    /// Index of the parent path; its own for the root, [`u32::MAX`] for the empty path.
    pub(super) parent: u32,
    /// Token of the element.
    pub(super) token: u32,
    /// Whether it names a property.
    pub(super) property: bool,
}

impl PathElement {
    /// What a number that the tree leaves out stands for: no path at all.
    const EMPTY: Self = Self { parent: u32::MAX, token: 0, property: false };

    /// Whether the path ends here: the root, or no path.
    pub(super) fn is_top(self, own: u32) -> bool {
        self.parent == own || self.parent == u32::MAX
    }
}

/// A crate file: its bytes and tables.
pub(crate) struct Crate {
    pub(super) bytes: Bytes,
    pub(super) version: (u8, u8, u8),
    pub(super) tokens: Vec<Name>,
    pub(super) strings: Vec<u32>,
    /// Token of the field's name, value representation.
    pub(super) fields: Vec<(u32, u64)>,
    /// Field indices; `u32::MAX` ends a set.
    pub(super) field_sets: Vec<u32>,
    pub(super) paths: Vec<PathElement>,
    /// Path, field set, type.
    pub(super) specs: Vec<(u32, u32, u32)>,
}

struct Sections<'a> {
    bytes: &'a [u8],
    sections: Vec<(&'a [u8], u64, u64)>,
}

impl<'a> Sections<'a> {
    fn cursor(&self, name: &str) -> Result<Cursor<'a>, LayerError> {
        let found = self
            .sections
            .iter()
            .find(|(section, ..)| section.split(|&byte| byte == 0).next() == Some(name.as_bytes()));
        let &(_, start, size) =
            found.ok_or_else(|| LayerError::new(format!("has no section {name}")))?;
        let end = start.checked_add(size).filter(|&end| end <= self.bytes.len() as u64);
        let end = end.ok_or_else(|| LayerError::new(format!("section {name} passes the end")))?;
        Ok(Cursor::new(&self.bytes[..end as usize], start as usize))
    }
}

impl Crate {
    pub(super) fn open(
        bytes: Bytes,
        names: &mut Names,
        limits: &Limits,
    ) -> Result<Self, LayerError> {
        let shared = bytes.clone();
        let data: &[u8] = &shared;
        let mut head = Cursor::new(data, 8);
        let version = head.take(8)?;
        let version = (version[0], version[1], version[2]);
        if version.0 != 0 || version.1 == 0 || version.1 > 99 {
            let (major, minor, patch) = version;
            return Err(LayerError::new(format!(
                "is usdc of unknown version {major}.{minor}.{patch}"
            )));
        }
        let toc = usize::try_from(head.u64()?).unwrap_or(usize::MAX);
        if toc > data.len() {
            return Err(LayerError::new("its table of contents lies past the end"));
        }
        let mut toc = Cursor::new(data, toc);
        let mut sections = Vec::new();
        for _ in 0..toc.count(32)? {
            sections.push((toc.take(16)?, toc.u64()?, toc.u64()?));
        }
        let sections = Sections { bytes: data, sections };
        let packed = version >= (0, 4, 0);
        let mut file = Self {
            bytes,
            version,
            tokens: Vec::new(),
            strings: Vec::new(),
            fields: Vec::new(),
            field_sets: Vec::new(),
            paths: Vec::new(),
            specs: Vec::new(),
        };
        file.read_tokens(sections.cursor("TOKENS")?, packed, names, limits)?;
        let mut cursor = sections.cursor("STRINGS")?;
        for _ in 0..cursor.count(4)? {
            let token = cursor.u32()?;
            file.strings.push(token);
        }
        file.read_fields(sections.cursor("FIELDS")?, packed)?;
        let mut cursor = sections.cursor("FIELDSETS")?;
        if packed {
            let count = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
            file.field_sets = cursor.integers(count)?;
        } else {
            for _ in 0..cursor.count(4)? {
                let field = cursor.u32()?;
                file.field_sets.push(field);
            }
        }
        if file.field_sets.last().is_some_and(|&last| last != u32::MAX) {
            return Err(LayerError::new("the last field set does not end"));
        }
        let cursor = sections.cursor("PATHS")?;
        if packed {
            file.read_paths(cursor)?
        } else {
            file.read_plain_paths(cursor)?
        }
        file.read_specs(sections.cursor("SPECS")?, packed)?;
        Ok(file)
    }

    fn read_tokens(
        &mut self,
        mut cursor: Cursor,
        packed: bool,
        names: &mut Names,
        limits: &Limits,
    ) -> Result<(), LayerError> {
        let count = cursor.u64()?;
        let size = cursor.u64()?;
        let unpacked;
        let text: &[u8] = if packed {
            if size > limits.unpacked_bytes_max {
                return Err(LayerError::new("its tokens pass the limit unpackedBytesMax"));
            }
            let input = cursor.sized()?;
            unpacked = coding::unpack(input, size as usize)?;
            &unpacked
        } else {
            cursor.take(usize::try_from(size).unwrap_or(usize::MAX))?
        };
        for token in text.split(|&byte| byte == 0).take(usize::try_from(count).unwrap_or(0)) {
            self.tokens.push(names.intern(&String::from_utf8_lossy(token)));
        }
        if self.tokens.len() as u64 != count {
            return Err(LayerError::new("has fewer tokens than it promises"));
        }
        Ok(())
    }

    fn read_fields(&mut self, mut cursor: Cursor, packed: bool) -> Result<(), LayerError> {
        if !packed {
            for _ in 0..cursor.count(16)? {
                cursor.u32()?;
                let token = cursor.u32()?;
                let rep = cursor.u64()?;
                self.fields.push((token, rep));
            }
            return Ok(());
        }
        let count = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
        let tokens = cursor.integers(count)?;
        let reps = coding::unpack(cursor.sized()?, count.saturating_mul(8))?;
        if reps.len() != count * 8 {
            return Err(LayerError::new("has fewer fields than it promises"));
        }
        let reps = reps.chunks_exact(8);
        let reps = reps.map(|rep| u64::from_le_bytes(rep.try_into().expect("eight bytes")));
        self.fields = tokens.into_iter().zip(reps).collect();
        Ok(())
    }

    fn read_paths(&mut self, mut cursor: Cursor) -> Result<(), LayerError> {
        let broken = || LayerError::new("the path table is broken");
        let total = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
        let count = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
        let indices = cursor.integers(count)?;
        let elements = cursor.integers(count)?;
        let jumps = cursor.integers(count)?;
        // Files may number more paths than they have, but each takes room somewhere.
        if total > self.bytes.len() {
            return Err(broken());
        }
        self.paths = vec![PathElement::EMPTY; total];
        if count == 0 {
            return Ok(());
        }
        // Positions still to visit, each with its parent path: recursion by hand, since strangers
        // choose the depth. Every position is visited once.
        let mut visited = vec![false; count];
        let mut waiting = vec![(0usize, u32::MAX)];
        while let Some((mut at, mut parent)) = waiting.pop() {
            loop {
                if at >= count || std::mem::replace(&mut visited[at], true) {
                    return Err(broken());
                }
                let own = indices[at];
                let path = self.paths.get_mut(own as usize).ok_or_else(broken)?;
                if parent == u32::MAX {
                    *path = PathElement { parent: own, token: 0, property: false };
                } else {
                    let token = elements[at] as i32;
                    *path =
                        PathElement { parent, token: token.unsigned_abs(), property: token < 0 };
                }
                let jump = jumps[at] as i32;
                let (child, sibling) = (jump > 0 || jump == -1, jump >= 0);
                if child && sibling {
                    waiting.push((at + jump as usize, parent));
                }
                if child {
                    parent = own;
                } else if !sibling {
                    break;
                }
                at += 1;
            }
        }
        Ok(())
    }

    /// Paths of files before 0.4: a tree written in place.
    fn read_plain_paths(&mut self, mut cursor: Cursor) -> Result<(), LayerError> {
        let broken = || LayerError::new("the path table is broken");
        let total = cursor.count(1)?;
        self.paths = vec![PathElement::EMPTY; total];
        let mut waiting = vec![(cursor.at, u32::MAX)];
        let mut seen = 0usize;
        while let Some((at, mut parent)) = waiting.pop() {
            cursor.at = at;
            loop {
                seen += 1;
                if seen > total {
                    return Err(broken());
                }
                let own = cursor.u32()?;
                let token = cursor.u32()?;
                let bits = cursor.u8()?;
                // The header is padded to four bytes.
                cursor.take(3)?;
                let path = self.paths.get_mut(own as usize).ok_or_else(broken)?;
                let property = bits & 4 != 0;
                let up = if parent == u32::MAX { own } else { parent };
                *path = PathElement { parent: up, token, property };
                let (child, sibling) = (bits & 1 != 0, bits & 2 != 0);
                if child && sibling {
                    let next = usize::try_from(cursor.u64()?).map_err(|_| broken())?;
                    waiting.push((next, parent));
                }
                if child {
                    parent = own;
                } else if !sibling {
                    break;
                }
            }
        }
        Ok(())
    }

    fn read_specs(&mut self, mut cursor: Cursor, packed: bool) -> Result<(), LayerError> {
        if packed {
            let count = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
            let paths = cursor.integers(count)?;
            let sets = cursor.integers(count)?;
            let types = cursor.integers(count)?;
            self.specs =
                paths.into_iter().zip(sets).zip(types).map(|((p, s), t)| (p, s, t)).collect();
            return Ok(());
        }
        for _ in 0..cursor.count(12)? {
            let spec = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
            self.specs.push(spec);
        }
        Ok(())
    }

    /// The fields of the set that starts at `start`.
    pub(super) fn field_set(&self, start: u32) -> impl Iterator<Item = (Name, u64)> + '_ {
        let fields = self.field_sets.get(start as usize..).unwrap_or_default();
        let fields = fields.iter().take_while(|&&field| field != u32::MAX);
        fields.filter_map(|&field| {
            let &(token, rep) = self.fields.get(field as usize)?;
            Some((*self.tokens.get(token as usize)?, rep))
        })
    }

    pub(super) fn token(&self, index: u32) -> Result<Name, LayerError> {
        let name = self.tokens.get(index as usize).copied();
        name.ok_or_else(|| LayerError::new("a token index lies past the table"))
    }

    pub(super) fn string(&self, index: u32) -> Result<Name, LayerError> {
        let token = self.strings.get(index as usize).copied();
        self.token(token.ok_or_else(|| LayerError::new("a string index lies past the table"))?)
    }
}
