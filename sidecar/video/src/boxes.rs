//! What the boxes of an MP4 file say and decoders do not pass on (ISO/IEC 14496-12).
//!
//! - Samples before the sound begins, an encoder's run-up: in the edit list (8.6.6), which symphonia does
//!   not read.
//! - How pictures are turned: in the matrix of the track (8.3.2). OpenCV reads it, but its release 4.6 on
//!   FFmpeg 5 turns a quarter to the wrong side.

use std::io::{Read, Seek, SeekFrom};

/// Samples of run-up of the usual encoders of AAC, where a file does not say.
const AAC_SAMPLES: u64 = 1024;
/// More is no run-up: an edit that cuts into the piece, or a lie.
const SAMPLES_MAX: u64 = 1 << 16;
/// Boxes that are looked at before the search is given up.
const BOXES_MAX: u32 = 4096;

/// Samples at `rate_hz` to leave out at the start of the first track of sound of an MP4 file with AAC.
pub(crate) fn aac_run_up(file: impl Read + Seek, rate_hz: u32) -> u64 {
    let found = first(file, *b"soun");
    let samples = match (found.media_time, found.timescale) {
        (Some(time), Some(scale @ 1..)) => {
            (u128::from(time) * u128::from(rate_hz) / u128::from(scale)) as u64
        }
        _ => AAC_SAMPLES,
    };
    if samples <= SAMPLES_MAX { samples } else { 0 }
}

/// Degrees, clockwise, by which the first track of pictures is to be turned: 0, 90, 180 or 270.
pub(crate) fn rotation_degrees(file: impl Read + Seek) -> u32 {
    // It maps a point to (a·x + c·y, b·x + d·y), y down. Other turns than quarters are not honoured.
    match first(file, *b"vide").matrix.map(|[a, b, c, d]| [a, b, c, d].map(i32::signum)) {
        Some([0, 1, -1, 0]) => 90,
        Some([-1, 0, 0, -1]) => 180,
        Some([0, -1, 1, 0]) => 270,
        _ => 0,
    }
}

/// The first track of a kind; nothing of it where there is none.
fn first(mut file: impl Read + Seek, handler: [u8; 4]) -> Track {
    let mut found = Track { wanted: handler, ..Track::default() };
    let mut left = BOXES_MAX;
    let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
    search(&mut file, 0, length, &mut found, &mut left);
    if found.is_wanted() { found } else { Track::default() }
}

/// What the boxes of one track say.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    /// The kind that is looked for.
    wanted: [u8; 4],
    /// Its kind.
    handler: [u8; 4],
    /// Of its matrix a, b, c and d, as fixed-point numbers.
    matrix: Option<[i32; 4]>,
    /// Ticks a second of the track's media.
    timescale: Option<u32>,
    /// The first tick that is played.
    media_time: Option<u64>,
}

impl Track {
    fn is_wanted(&self) -> bool {
        self.handler == self.wanted
    }
}

/// Looks through the boxes from `from` to `to`; whether the search is over.
fn search(
    file: &mut (impl Read + Seek),
    from: u64,
    to: u64,
    found: &mut Track,
    left: &mut u32,
) -> bool {
    let mut at = from;
    while at + 8 <= to {
        if *left == 0 {
            return true;
        }
        *left -= 1;
        let Some((kind, content, end)) = box_at(file, at, to) else { return false };
        let is_over = match &kind {
            b"moov" | b"edts" | b"mdia" => search(file, content, end, found, left),
            b"trak" => {
                *found = Track { wanted: found.wanted, ..Track::default() };
                search(file, content, end, found, left) || found.is_wanted()
            }
            b"elst" => {
                found.media_time = first_edit(file, content, end);
                false
            }
            b"mdhd" => {
                found.timescale = timescale(file, content);
                false
            }
            b"hdlr" => {
                found.handler = read(file, content + 8).unwrap_or_default();
                false
            }
            b"tkhd" => {
                found.matrix = matrix(file, content);
                false
            }
            _ => false,
        };
        if is_over {
            return true;
        }
        at = end;
    }
    false
}

/// Kind, start of content and end of the box at `at`.
fn box_at(file: &mut (impl Read + Seek), at: u64, to: u64) -> Option<([u8; 4], u64, u64)> {
    let length = u64::from(u32::from_be_bytes(read(file, at)?));
    let kind = read(file, at + 4)?;
    let (head, length) = match length {
        0 => (8, to - at),
        1 => (16, u64::from_be_bytes(read(file, at + 8)?)),
        length => (8, length),
    };
    let end = at.checked_add(length).filter(|end| length >= head && *end <= to)?;
    Some((kind, at + head, end))
}

/// The media time of the first edit that plays something.
fn first_edit(file: &mut (impl Read + Seek), content: u64, end: u64) -> Option<u64> {
    let [version, ..] = read::<4>(file, content)?;
    let entries = u32::from_be_bytes(read(file, content + 4)?).min(16);
    let entry_bytes = if version == 1 { 20 } else { 12 };
    let starts = (0..u64::from(entries)).map(|entry| content + 8 + entry * entry_bytes);
    let times = starts.take_while(|start| start + entry_bytes <= end).map(|start| match version {
        1 => read(file, start + 8).map(i64::from_be_bytes),
        _ => read(file, start + 4).map(|bytes| i64::from(i32::from_be_bytes(bytes))),
    });
    // A negative time is a pause.
    times.flatten().find_map(|time| u64::try_from(time).ok())
}

fn timescale(file: &mut (impl Read + Seek), content: u64) -> Option<u32> {
    let [version, ..] = read::<4>(file, content)?;
    let at = if version == 1 { 20 } else { 12 };
    read(file, content + at).map(u32::from_be_bytes)
}

fn matrix(file: &mut (impl Read + Seek), content: u64) -> Option<[i32; 4]> {
    let [version, ..] = read::<4>(file, content)?;
    let at = content + if version == 1 { 52 } else { 40 };
    let mut number = |index: u64| read(file, at + index * 4).map(i32::from_be_bytes);
    Some([number(0)?, number(1)?, number(3)?, number(4)?])
}

fn read<const N: usize>(file: &mut (impl Read + Seek), at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes(), &kind[..], content].concat()
    }

    fn track(handler: &[u8; 4], scale: u32, edits: Option<&[(u32, i32)]>) -> Vec<u8> {
        let list = edits.map(|edits| {
            let mut list = [[0; 4], u32::try_from(edits.len()).unwrap().to_be_bytes()].concat();
            for (duration, time) in edits {
                list.extend([duration.to_be_bytes(), time.to_be_bytes(), [0, 1, 0, 0]].concat());
            }
            boxed(b"edts", &boxed(b"elst", &list))
        });
        let head = [&[0; 12][..], &scale.to_be_bytes(), &[0; 8]].concat();
        let handler = [&[0; 8][..], handler, &[0; 12]].concat();
        let media = [boxed(b"mdhd", &head), boxed(b"hdlr", &handler)].concat();
        boxed(b"trak", &[list.unwrap_or_default(), boxed(b"mdia", &media)].concat())
    }

    #[test]
    fn the_edit_list_of_the_sound_says_what_is_left_out() {
        let picture = track(b"vide", 12_288, Some(&[(9, 77)]));
        #[rustfmt::skip]
        let cases: &[(&str, Vec<u8>, u64)] = &[
            ("it says so",             track(b"soun", 44_100, Some(&[(9, 2112)])),         2112),
            ("it says nothing is",     track(b"soun", 44_100, Some(&[(9, 0)])),            0),
            ("a pause comes first",    track(b"soun", 44_100, Some(&[(9, -1), (9, 1600)])), 1600),
            ("ticks are not samples",  track(b"soun", 22_050, Some(&[(9, 1024)])),         2048),
            ("there is no edit list",  track(b"soun", 44_100, None),                       1024),
            ("it cuts into the piece", track(b"soun", 44_100, Some(&[(9, 1 << 20)])),      0),
        ];
        for (because, sound, expected) in cases {
            let movie = boxed(b"moov", &[picture.clone(), sound.clone()].concat());
            let file = [boxed(b"ftyp", b"isom"), movie].concat();
            assert_eq!(aac_run_up(Cursor::new(&file), 44_100), *expected, "{because}");
            for length in 0..file.len() {
                aac_run_up(Cursor::new(&file[..length]), 44_100);
            }
        }
    }

    #[test]
    fn the_matrix_of_the_pictures_says_how_they_are_turned() {
        let one = 0x1_0000;
        #[rustfmt::skip]
        let cases = [
            ("upright",           [one, 0, 0, one],   0),
            ("a quarter",         [0, one, -one, 0],  90),
            ("a half",            [-one, 0, 0, -one], 180),
            ("three quarters",    [0, -one, one, 0],  270),
            ("mirrored: as it is", [-one, 0, 0, one], 0),
        ];
        for (because, [a, b, c, d], expected) in cases {
            let numbers = [a, b, 0, c, d, 0, 0, 0, 0x4000_0000i32];
            let numbers: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
            let head = boxed(b"tkhd", &[&[0; 40][..], &numbers, &[0; 8]].concat());
            let handler = boxed(b"hdlr", &[&[0; 8][..], b"vide", &[0; 12]].concat());
            let picture = boxed(b"trak", &[head, boxed(b"mdia", &handler)].concat());
            let sound = track(b"soun", 44_100, None);
            let file = boxed(b"moov", &[sound, picture].concat());
            assert_eq!(rotation_degrees(Cursor::new(file)), expected, "{because}");
        }
    }

    #[test]
    fn boxes_without_end_end_the_search() {
        let tiny = boxed(b"free", b"").repeat(BOXES_MAX as usize * 4);
        assert_eq!(aac_run_up(Cursor::new(tiny), 44_100), AAC_SAMPLES);
        assert_eq!(
            aac_run_up(Cursor::new([0, 0, 0, 1, b'm', b'o', b'o', b'v', 255, 255]), 48_000),
            1024
        );
    }
}
