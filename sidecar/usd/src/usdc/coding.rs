//! Compression of the crate encoding: LZ4 blocks and delta-coded integers.

use crate::layer::LayerError;

/// Largest block LZ4 takes at once, in bytes.
const LZ4_BLOCK_MAX: usize = 0x7E00_0000;

/// Undoes the chunked LZ4 of the crate encoding.
///
/// * `input`: one byte with the number of chunks, 0 for a single block without a header; then
///   each chunk behind its size.
/// * `size`: how many bytes come out at most.
///
/// # Errors
///
/// When the blocks are broken or more comes out than `size`.
pub(super) fn unpack(input: &[u8], size: usize) -> Result<Vec<u8>, LayerError> {
    let broken = || LayerError::new("a compressed block is broken");
    let (&chunks, mut rest) = input.split_first().ok_or_else(broken)?;
    // No LZ4 block expands more than 255 times: memory for a larger promise is never taken.
    let size = size.min(input.len().saturating_mul(256));
    let mut out = vec![0; size];
    if chunks == 0 {
        let written = lz4_flex::block::decompress_into(rest, &mut out).map_err(|_| broken())?;
        out.truncate(written);
        return Ok(out);
    }
    let mut at = 0;
    for _ in 0..chunks {
        let (head, tail) = rest.split_at_checked(4).ok_or_else(broken)?;
        let length = u32::from_le_bytes(head.try_into().expect("four bytes")) as usize;
        let (block, tail) = tail.split_at_checked(length).ok_or_else(broken)?;
        let end = size.min(at + LZ4_BLOCK_MAX);
        at += lz4_flex::block::decompress_into(block, &mut out[at..end]).map_err(|_| broken())?;
        rest = tail;
    }
    out.truncate(at);
    Ok(out)
}

/// Undoes delta coding of 32-bit integers.
///
/// Two bits an integer say how its difference to the one before is stored: the common value, or
/// 1, 2 or 4 bytes.
pub(super) fn integers32(input: &[u8], count: usize) -> Result<Vec<i32>, LayerError> {
    let broken = || LayerError::new("compressed integers are broken");
    if count == 0 {
        return Ok(Vec::new());
    }
    let head = codes_size(count);
    let bytes = unpack(input, 4 + head + 4 * count)?;
    let (common, rest) = bytes.split_at_checked(4).ok_or_else(broken)?;
    let common = i32::from_le_bytes(common.try_into().expect("four bytes"));
    let (codes, mut data) = rest.split_at_checked(head).ok_or_else(broken)?;
    let mut out = Vec::with_capacity(count);
    let mut previous = 0i32;
    for at in 0..count {
        let delta = match (codes[at / 4] >> (2 * (at % 4))) & 3 {
            0 => common,
            1 => i32::from(take::<1>(&mut data).ok_or_else(broken)?[0] as i8),
            2 => i32::from(i16::from_le_bytes(take(&mut data).ok_or_else(broken)?)),
            _ => i32::from_le_bytes(take(&mut data).ok_or_else(broken)?),
        };
        previous = previous.wrapping_add(delta);
        out.push(previous);
    }
    Ok(out)
}

/// Undoes delta coding of 64-bit integers; differences take 2, 4 or 8 bytes.
pub(super) fn integers64(input: &[u8], count: usize) -> Result<Vec<i64>, LayerError> {
    let broken = || LayerError::new("compressed integers are broken");
    if count == 0 {
        return Ok(Vec::new());
    }
    let head = codes_size(count);
    let bytes = unpack(input, 8 + head + 8 * count)?;
    let (common, rest) = bytes.split_at_checked(8).ok_or_else(broken)?;
    let common = i64::from_le_bytes(common.try_into().expect("eight bytes"));
    let (codes, mut data) = rest.split_at_checked(head).ok_or_else(broken)?;
    let mut out = Vec::with_capacity(count);
    let mut previous = 0i64;
    for at in 0..count {
        let delta = match (codes[at / 4] >> (2 * (at % 4))) & 3 {
            0 => common,
            1 => i64::from(i16::from_le_bytes(take(&mut data).ok_or_else(broken)?)),
            2 => i64::from(i32::from_le_bytes(take(&mut data).ok_or_else(broken)?)),
            _ => i64::from_le_bytes(take(&mut data).ok_or_else(broken)?),
        };
        previous = previous.wrapping_add(delta);
        out.push(previous);
    }
    Ok(out)
}

fn codes_size(count: usize) -> usize {
    count.div_ceil(4)
}

fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = data.split_at_checked(N)?;
    *data = tail;
    head.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_promises_too_much_takes_no_memory_for_it() {
        assert!(unpack(&[0, 1, 2, 3], usize::MAX / 2).is_err());
        assert!(integers32(&[0, 1, 2, 3], usize::MAX / 8).is_err());
        assert!(unpack(&[], 0).is_err());
        assert!(unpack(&[2, 255, 255, 255, 127], 100).is_err());
    }
}
