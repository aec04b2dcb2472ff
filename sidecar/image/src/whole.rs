//! Whether a JPEG ends where it says: the decoder itself fills what is missing with grey. And of a PNG
//! what is the picture: its compressed profiles and texts unpack to whatever a stranger likes.

use std::borrow::Cow;

const MARKER: u8 = 0xFF;
const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Whether there is an end-of-image marker behind the first scan. Inside a scan `FF D9` is nothing
/// else: a byte `FF` of data is followed by 0 there.
pub(crate) fn jpeg(bytes: &[u8]) -> bool {
    scan(bytes).is_some_and(|scan| memchr::memmem::find(scan, &[MARKER, END_OF_IMAGE]).is_some())
}

/// What follows the first start-of-scan marker. Segments before it, a thumbnail's file among them, are
/// stepped over by their lengths.
fn scan(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(2..)?;
    loop {
        // Between segments anything that is no marker is skipped, as decoders do.
        rest = &rest[memchr::memchr(MARKER, rest)?..];
        match *rest.get(1)? {
            START_OF_SCAN => return rest.get(2..),
            MARKER => rest = &rest[1..],
            0 | 1 | 0xD0..=0xD8 => rest = &rest[2..],
            _ => {
                let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
                rest = rest.get(2 + length.max(2)..)?;
            }
        }
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The bytes without a PNG's compressed profile and texts, which nobody reads here and decoders unpack
/// all the same. Anything else is given back as it is.
pub(crate) fn without_extras(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_extra = |kind: &[u8]| matches!(kind, b"iCCP" | b"iTXt" | b"zTXt");
    let Some(mut rest) = bytes.strip_prefix(PNG) else { return Cow::Borrowed(bytes) };
    let mut kept = Vec::new();
    let mut has_extras = false;
    let mut first = 0;
    // Each chunk: length, kind, data, checksum.
    while let Some((head, body)) = rest.split_at_checked(8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let kind = &head[4..];
        let Some(next) = length.checked_add(4).and_then(|size| body.get(size..)) else { break };
        if kind == b"IDAT" {
            break; // What stands behind the picture is not read before it.
        }
        let at = bytes.len() - rest.len();
        if is_extra(kind) {
            kept.extend_from_slice(&bytes[first..at]);
            first = bytes.len() - next.len();
            has_extras = true;
        }
        rest = next;
    }
    if !has_extras {
        return Cow::Borrowed(bytes);
    }
    kept.extend_from_slice(&bytes[first..]);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u32).to_be_bytes();
        [&length[..], kind, data, &[0; 4]].concat()
    }

    #[test]
    fn profiles_and_texts_before_the_picture_are_cut_out_and_nothing_else() {
        let (head, gamma, data) =
            (chunk(b"IHDR", &[1; 13]), chunk(b"gAMA", &[2; 4]), chunk(b"IDAT", &[3; 9]));
        let (profile, text) = (chunk(b"iCCP", &[4; 99]), chunk(b"zTXt", b"words"));
        let plain = [PNG, &head, &gamma, &data].concat();
        let full = [PNG, &head, &profile, &gamma, &text, &data].concat();
        assert_eq!(*without_extras(&full), plain);
        for same in
            [&plain[..], &plain[..20], b"", PNG, b"\xff\xd8\xff", &[PNG, &[0xff; 40]].concat()]
        {
            assert!(matches!(without_extras(same), Cow::Borrowed(bytes) if bytes == same));
        }
    }
}
