//! Changes made to files: what no encoder at hand writes.

/// Boxes of MP4 that hold boxes.
const HOLDERS: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];

/// The file with each box of `kind` given another content, and the lengths around it made right.
pub fn with_box(file: &[u8], kind: &[u8; 4], change: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut made = Vec::new();
    let mut rest = file;
    while rest.len() >= 8 {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let length = if length < 8 { rest.len() } else { length.min(rest.len()) };
        let its: &[u8; 4] = rest[4..8].try_into().unwrap();
        let content = if its == kind {
            change(&rest[8..length])
        } else if HOLDERS.contains(&its) {
            with_box(&rest[8..length], kind, change)
        } else {
            rest[8..length].to_vec()
        };
        let whole = u32::try_from(content.len() + 8).unwrap();
        made.extend(whole.to_be_bytes());
        made.extend(its);
        made.extend(content);
        rest = &rest[length..];
    }
    made.extend(rest);
    made
}

/// The file without its edit lists.
pub fn without_edits(file: &[u8]) -> Vec<u8> {
    let mut made = file.to_vec();
    while let Some(at) = find(&made, b"edts") {
        made[at..at + 4].copy_from_slice(b"free");
    }
    made
}

/// The file with frames that last as `runs` says: how many, and how many ticks each.
pub fn with_durations(file: &[u8], runs: &[(u32, u32)]) -> Vec<u8> {
    with_box(&without_edits(file), b"stts", &|_| {
        let mut table = vec![0; 4];
        table.extend(u32::try_from(runs.len()).unwrap().to_be_bytes());
        for (count, ticks) in runs {
            table.extend(count.to_be_bytes());
            table.extend(ticks.to_be_bytes());
        }
        table
    })
}

/// Ticks that the first frames last.
pub fn ticks(file: &[u8]) -> u32 {
    let at = find(file, b"stts").unwrap();
    u32::from_be_bytes(file[at + 16..at + 20].try_into().unwrap())
}

/// The file with a matrix that turns its pictures, clockwise by a quarter.
pub fn turned(file: &[u8]) -> Vec<u8> {
    with_box(file, b"tkhd", &|content| {
        let mut content = content.to_vec();
        let one = 0x1_0000_u32.to_be_bytes();
        let minus = (-0x1_0000_i32).to_be_bytes();
        let end = 0x4000_0000_u32.to_be_bytes();
        let none = [0; 4];
        let matrix = [none, one, none, minus, none, none, none, none, end].concat();
        content[40..76].copy_from_slice(&matrix);
        content
    })
}

pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
