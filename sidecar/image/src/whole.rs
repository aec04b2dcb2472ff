//! Whether a JPEG ends where it says: the decoder itself fills what is missing with grey.

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
