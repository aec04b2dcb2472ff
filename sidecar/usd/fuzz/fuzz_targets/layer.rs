//! Reads one layer and then everything that it promises.

use vitrine_usd::layer;
use vitrine_usd::names::Names;
use vitrine_usd::source::Bytes;

use crate::limits;

pub fn read(bytes: Vec<u8>) {
    let mut names = Names::default();
    let Ok(layer) = layer::read(Bytes::from(bytes), &mut names, &limits::small()) else { return };
    for property in layer.specs.iter().flat_map(|spec| &spec.properties) {
        // Whatever it is: nobody may panic over it, or take memory that the bytes do not account for.
        std::hint::black_box(layer.array_len(&property.default));
        std::hint::black_box(layer.numbers(&property.default).ok());
    }
}
