//! Pictures that tests make.

/// A picture of `side` × `side` pixels of one grey, opaque: a PNG whose data is not compressed; `side` is at most
/// 255.
pub fn grey(side: u32, level: u8) -> Vec<u8> {
    let row: Vec<u8> = [0].into_iter().chain((0..side).map(|_| level)).collect();
    let data = row.repeat(side as usize);
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend((data.len() as u16).to_le_bytes());
    zlib.extend((!(data.len() as u16)).to_le_bytes());
    zlib.extend(&data);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    zlib.extend(((b << 16) | a).to_be_bytes());
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let header: Vec<u8> = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", zlib), (b"IEND", Vec::new())] {
        file.extend((content.len() as u32).to_be_bytes());
        let named: Vec<u8> = kind.iter().copied().chain(content).collect();
        let crc = named.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        });
        file.extend(&named);
        file.extend((!crc).to_be_bytes());
    }
    file
}
