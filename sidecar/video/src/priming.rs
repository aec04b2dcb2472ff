//! Samples before the sound begins: an encoder's run-up, which players leave out.
//!
//! In MP4 an edit list says how many (ISO/IEC 14496-12, 8.6.6); the sound's decoder does not look.

use std::io::{Read, Seek, SeekFrom};

/// Samples of run-up of the usual encoders of AAC, where a file does not say.
const AAC_SAMPLES: u64 = 1024;
/// More is no run-up: an edit that cuts into the piece, or a lie.
const SAMPLES_MAX: u64 = 1 << 16;
/// Boxes that are looked at before the search is given up.
const BOXES_MAX: u32 = 4096;

/// Samples at `rate_hz` to leave out at the start of the first track of sound of an MP4 file with AAC.
pub(crate) fn of_aac(mut file: impl Read + Seek, rate_hz: u32) -> u64 {
    let mut found = Track::default();
    let mut left = BOXES_MAX;
    let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
    search(&mut file, 0, length, &mut found, &mut left);
    let samples = match (found.media_time, found.timescale) {
        (Some(time), Some(scale @ 1..)) => {
            (u128::from(time) * u128::from(rate_hz) / u128::from(scale)) as u64
        }
        _ => AAC_SAMPLES,
    };
    if samples <= SAMPLES_MAX { samples } else { 0 }
}

/// What the boxes of one track say.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    is_sound: bool,
    /// Ticks a second of the track's media.
    timescale: Option<u32>,
    /// The first tick that is played.
    media_time: Option<u64>,
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
                *found = Track::default();
                search(file, content, end, found, left) || found.is_sound
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
                found.is_sound = read::<4>(file, content + 8).as_ref() == Some(b"soun");
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
            assert_eq!(of_aac(Cursor::new(&file), 44_100), *expected, "{because}");
            for length in 0..file.len() {
                of_aac(Cursor::new(&file[..length]), 44_100);
            }
        }
    }

    #[test]
    fn boxes_without_end_end_the_search() {
        let tiny = boxed(b"free", b"").repeat(BOXES_MAX as usize * 4);
        assert_eq!(of_aac(Cursor::new(tiny), 44_100), AAC_SAMPLES);
        assert_eq!(
            of_aac(Cursor::new([0, 0, 0, 1, b'm', b'o', b'o', b'v', 255, 255]), 48_000),
            1024
        );
    }
}
