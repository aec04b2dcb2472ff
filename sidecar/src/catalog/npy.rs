//! Vectors as numpy reads them.

/// `row`, the bytes of little-endian float32, as a `.npy` file of version 1.0.
///
/// * `dims`: length of a vector, where there is one a view: the shape is `[views, dims]`; `None` makes
///   it `[dims]`.
pub fn encode(row: &[u8], dims: Option<usize>) -> Vec<u8> {
    const ALIGN: usize = 64; // So that the numbers can be mapped.
    const BEFORE: usize = 10; // Magic, version and length of the header.
    let numbers = row.len() / 4;
    let shape = match dims {
        None => format!("{numbers},"),
        Some(dims) => format!("{}, {dims}", numbers / dims.max(1)),
    };
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    let unpadded = BEFORE + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGN) - unpadded));
    header.push('\n');
    let mut bytes = Vec::with_capacity(BEFORE + header.len() + row.len());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(row);
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_start_at_a_multiple_of_64_after_the_header() {
        let bytes = super::encode(&[0, 0, 128, 63, 0, 0, 32, 192], None);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + header) % 64, 0);
        let text = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
        assert_eq!(text.trim_end(), "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
        assert_eq!(&bytes[10 + header..], [0, 0, 128, 63, 0, 0, 32, 192]);
        let bytes = super::encode(&[0; 24], Some(3));
        assert!(String::from_utf8_lossy(&bytes[10..]).contains("'shape': (2, 3), "));
    }
}
