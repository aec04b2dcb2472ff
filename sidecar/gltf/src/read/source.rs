//! The file while it is read: its JSON, its buffers, and what may still be spent on it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::{GltfError, Limits, json};

/// Writers differ about the padding at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A file whose JSON was read.
pub struct Source<'a> {
    pub root: json::Root,
    pub limits: &'a Limits,
    /// None: a buffer in another file.
    buffers: Vec<Option<Cow<'a, [u8]>>>,
    spent: Cell<u64>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Source<'a> {
    /// Decodes what buffers hold in their addresses.
    ///
    /// # Errors
    ///
    /// When an address that begins with `data:` is not base64.
    pub fn new(
        root: json::Root,
        bin: Option<&'a [u8]>,
        limits: &'a Limits,
    ) -> Result<Self, GltfError> {
        let mut buffers = Vec::with_capacity(root.buffers.len());
        for (at, buffer) in root.buffers.iter().enumerate() {
            buffers.push(match &buffer.uri {
                Some(uri) => data_of(uri)
                    .map_err(|why| GltfError::broken(format!("buffer {at}: {why}")))?
                    .map(Cow::Owned),
                None if at == 0 => bin.map(Cow::Borrowed),
                None => None,
            });
        }
        let spent = Cell::new(0);
        Ok(Self { root, limits, buffers, spent, warnings: RefCell::default() })
    }

    /// Notes that `numbers` are about to be unpacked.
    ///
    /// # Errors
    ///
    /// When that is too much, all in all.
    pub fn spend(&self, numbers: u64) -> Result<(), GltfError> {
        self.spent.set(self.spent.get().saturating_add(numbers));
        let max = self.limits.numbers_max;
        if self.spent.get() > max {
            return Err(GltfError::TooMuch { what: "numbers", max });
        }
        Ok(())
    }

    /// Tells people what was left out or changed; each sentence once.
    pub fn warn(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < self.limits.warnings_max && !warnings.contains(&sentence) {
            warnings.push(sentence);
        }
    }

    /// What was told.
    pub fn into_warnings(self) -> Vec<String> {
        self.warnings.into_inner()
    }

    /// A buffer view's bytes and its stride.
    ///
    /// # Errors
    ///
    /// When it is not there, compressed, in another file, or reaches beyond its buffer.
    pub fn view(&self, index: u32) -> Result<(&[u8], Option<u64>), GltfError> {
        let broken = |why: &str| GltfError::broken(format!("buffer view {index}: {why}"));
        let view =
            self.root.buffer_views.get(index as usize).ok_or_else(|| broken("it is missing"))?;
        for name in ["EXT_meshopt_compression", "KHR_meshopt_compression"] {
            if view.extensions.contains_key(name) {
                return Err(GltfError::Extension(name.into()));
            }
        }
        let buffer = self
            .buffers
            .get(view.buffer as usize)
            .ok_or_else(|| broken("its buffer is missing"))?;
        let buffer = buffer.as_ref().ok_or_else(|| broken("its buffer is in another file"))?;
        let range =
            usize::try_from(view.byte_offset).ok().zip(usize::try_from(view.byte_length).ok());
        let bytes = range
            .and_then(|(begin, length)| buffer.get(begin..begin.checked_add(length)?))
            .ok_or_else(|| broken("it reaches beyond its buffer"))?;
        Ok((bytes, view.byte_stride))
    }
}

/// The bytes of a `data:` address; none for any other.
///
/// # Errors
///
/// When they are not base64.
pub fn data_of(uri: &str) -> Result<Option<Vec<u8>>, String> {
    let Some(rest) = uri.strip_prefix("data:") else {
        return Ok(None);
    };
    let (head, body) = rest.split_once(',').ok_or("its data address has no comma")?;
    if !head.ends_with(";base64") {
        return Err("its data address is not base64".into());
    }
    BASE64.decode(body).map(Some).map_err(|error| format!("its data address is broken: {error}"))
}
