//! The uid of an object as a number: a quarter of the room that its text takes.

/// What names an object for good.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Uid(u128);

impl Uid {
    /// Of a uid as it is written: FNV-1a of 128 bits, so that any text will do.
    pub fn of(text: Option<&str>) -> Self {
        const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let bytes = text.unwrap_or_default().bytes();
        Self(bytes.fold(START, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
    }
}
