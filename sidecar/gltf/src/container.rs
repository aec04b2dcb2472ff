//! GLB: a header, a chunk of JSON, a chunk of bytes.

use crate::GltfError;

const MAGIC: &[u8; 4] = b"glTF";
const CHUNK_JSON: u32 = 0x4E4F_534A;
const CHUNK_BIN: u32 = 0x004E_4942;

/// A file's JSON and, in a GLB, its bytes.
#[derive(Debug, PartialEq)]
pub struct Chunks<'a> {
    /// Text.
    pub json: &'a [u8],
    /// What buffer 0 holds where it has no address.
    pub bin: Option<&'a [u8]>,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// Splits a GLB, or takes the whole for JSON where it does not begin as one.
///
/// # Errors
///
/// When neither is there, the version is another, or chunks reach beyond the file.
pub fn split(file: &[u8]) -> Result<Chunks<'_>, GltfError> {
    if !file.starts_with(MAGIC) {
        let text = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        return match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Ok(Chunks { json: text, bin: None }),
            _ => Err(GltfError::Container("it begins neither as GLB nor as JSON".into())),
        };
    }
    let short = || GltfError::Container("its header is cut off".into());
    let version = word(file, 4).ok_or_else(short)?;
    if version != 2 {
        return Err(GltfError::Version(version.to_string()));
    }
    // The length of the header is what writers get wrong; chunks have lengths of their own.
    let mut at = 12_usize;
    let (mut json, mut bin) = (None, None);
    while let (Some(length), Some(kind)) = (word(file, at), word(file, at + 4)) {
        let begin = at + 8;
        let chunk = begin.checked_add(length as usize).and_then(|end| file.get(begin..end));
        let chunk = chunk
            .ok_or_else(|| GltfError::Container(format!("a chunk of {length} bytes is cut off")))?;
        match kind {
            CHUNK_JSON if json.is_none() => json = Some(chunk),
            CHUNK_BIN if bin.is_none() => bin = Some(chunk),
            _ => {}
        }
        at = begin + chunk.len();
    }
    let json = json.ok_or_else(|| GltfError::Container("it has no chunk of JSON".into()))?;
    // Spaces fill it; some writers take zeros.
    let end = json.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let json = &json[..end];
    Ok(Chunks { json, bin })
}

/// Puts a GLB together; chunks are padded to four bytes, as the format wants.
///
/// # Errors
///
/// When it would be more than `bytes_max` bytes, or more than 32 bits count.
pub fn join(json: &[u8], bin: &[u8], bytes_max: u64) -> Result<Vec<u8>, GltfError> {
    let padded = |length: usize| length.next_multiple_of(4);
    let bin_chunk = if bin.is_empty() { 0 } else { 8 + padded(bin.len()) };
    let bytes = 12 + 8 + padded(json.len()) + bin_chunk;
    let max = bytes_max.min(u64::from(u32::MAX));
    let total = u32::try_from(bytes)
        .ok()
        .filter(|&total| u64::from(total) <= max)
        .ok_or(GltfError::TooLarge { bytes: bytes as u64, max })?;
    let mut file = Vec::with_capacity(bytes);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&2_u32.to_le_bytes());
    file.extend_from_slice(&total.to_le_bytes());
    let mut chunk = |content: &[u8], kind: u32, filler: u8| {
        // Lengths fit: their sum does.
        file.extend_from_slice(&(padded(content.len()) as u32).to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(content);
        file.resize(file.len().next_multiple_of(4), filler);
    };
    chunk(json, CHUNK_JSON, b' ');
    if !bin.is_empty() {
        chunk(bin, CHUNK_BIN, 0);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{Chunks, join, split};

    #[test]
    fn what_was_joined_splits_again_and_cuts_are_told() {
        let file = join(b"{}", b"12345", u64::MAX).unwrap();
        assert_eq!(file.len() % 4, 0);
        let chunks = split(&file).unwrap();
        assert_eq!(chunks.json, b"{}  ");
        assert_eq!(chunks.bin, Some(&b"12345\0\0\0"[..]));
        assert!(split(&file[..file.len() - 1]).is_err());
        let zeros = String::from_utf8(file.clone()).unwrap().replace("{}  ", "{}\0\0");
        assert_eq!(split(zeros.as_bytes()).unwrap().json, b"{}");
        assert_eq!(split(b" {} ").unwrap(), Chunks { json: b" {} ", bin: None });
        assert!(split(b"solid cube").unwrap_err().to_string().contains("neither"));
        assert!(join(b"{}", &[0; 100], 99).unwrap_err().to_string().contains("at most 99"));
    }

    #[test]
    fn the_first_gltf_is_named() {
        let first = b"glTF\x01\0\0\0\x14\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(split(first).unwrap_err().to_string(), "it is glTF 1; 2.x is read");
    }
}
