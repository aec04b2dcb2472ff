//! Reads the arrays that numpy wrote.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// An array of 32-bit numbers, the last dimension running fastest.
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// The arrays of an archive by name.
pub fn read(path: &Path) -> BTreeMap<String, Array> {
    let file = std::fs::File::open(path).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut arrays = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let key = entry.name().unwrap().trim_end_matches(".npy").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        arrays.insert(key, array(&bytes));
    }
    arrays
}

/// Version 1 of numpy's format: a magic, the length of a Python dictionary, itself, the values.
fn array(bytes: &[u8]) -> Array {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    let after = |key: &str| header.split_once(key).unwrap().1;
    let shape = after("'shape': (").split_once(')').unwrap().0;
    let shape: Vec<usize> =
        shape.split(',').filter_map(|length| length.trim().parse().ok()).collect();
    let words = bytes[10 + length..].chunks_exact(4).map(|word| word.try_into().unwrap());
    let stored: Vec<f32> = if header.contains("'<f4'") {
        words.map(f32::from_le_bytes).collect()
    } else {
        assert!(header.contains("'<i4'"), "{header}");
        words.map(|word| i32::from_le_bytes(word) as f32).collect()
    };
    let values = match shape.as_slice() {
        // Column by column.
        &[rows, columns] if header.contains("'fortran_order': True") => {
            (0..rows * columns).map(|at| stored[at % columns * rows + at / columns]).collect()
        }
        _ => stored,
    };
    Array { shape, values }
}
