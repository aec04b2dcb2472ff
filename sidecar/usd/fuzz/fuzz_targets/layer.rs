//! Reads one layer and then everything that it promises.

use vitrine_usd::layer;
use vitrine_usd::names::Names;
use vitrine_usd::source::Bytes;

use crate::limits;

pub fn read(bytes: Vec<u8>) {
    let mut names = Names::default();
    let Ok(layer) = layer::read(Bytes::from(bytes), &mut names, &limits::small()) else { return };
    for property in layer.specs.iter().flat_map(|spec| &spec.properties) {
        let length = layer.array_len(&property.default);
        if let (Some(length), Ok(numbers)) = (length, layer.numbers(&property.default)) {
            // An element is one number or a tuple of up to sixteen.
            assert!(numbers.len() as u64 <= 16 * length, "{} numbers of {length}", numbers.len());
        }
    }
}
