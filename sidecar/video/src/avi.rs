//! The sound of an AVI file, as a file of sound alone: symphonia reads no AVI.
//!
//! header lists -> the first stream of sound -> where its chunks lie -> [`AviSound`], which reads as
//! a WAV or MP3 file
//!
//! # Source
//!
//! Microsoft, "AVI RIFF File Reference"; OpenDML 1.02 for files that go on in further RIFF lists.

use std::fs::File;
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

/// Chunks that are looked at; more sound than in these is not heard. Half an hour of video has some
/// 200,000.
const CHUNKS_MAX: u32 = 1 << 20;
/// Lists inside lists: RIFF, `movi`, `rec `.
const DEPTH_MAX: u32 = 4;
/// Bytes of what a stream says of its format: a `WAVEFORMATEX` and what belongs to a codec.
const FORMAT_BYTES_MAX: u64 = 1024;
/// Bytes of a `WAVEFORMAT` with its bits a sample: all that plain samples need.
const FORMAT_BYTES_MIN: usize = 16;

/// What is to be heard of an AVI file.
#[derive(Debug)]
pub(crate) enum Heard<F> {
    /// There is no stream of sound.
    Nothing,
    /// It cannot be decoded: why.
    Unread(String),
    /// It reads as a file of this kind.
    Sound(&'static str, AviSound<F>),
}

/// Looks for the first stream of sound.
pub(crate) fn sound_of<F: Read + Seek>(mut file: F) -> Heard<F> {
    let mut found = Found::default();
    let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
    let mut left = CHUNKS_MAX;
    let mut at = 0;
    // The first RIFF list, and those that an OpenDML file goes on in.
    while let Some(chunk) = chunk_at(&mut file, at, length, &mut left) {
        if &chunk.kind != b"RIFF" {
            break;
        }
        search(&mut file, chunk.content + 4, chunk.end, (&mut found, &mut left), DEPTH_MAX);
        at = chunk.next;
    }
    if found.sound.is_none() {
        return Heard::Nothing;
    }
    let bytes = found.pieces.iter().map(|piece| piece.length).sum::<u64>();
    if found.format.len() < FORMAT_BYTES_MIN {
        return Heard::Unread("the stream of sound does not say how it is coded".to_owned());
    }
    // Plain samples, whole or floating, A-law, µ-law, ADPCM, or what its format says further on.
    let (name, head) = match u16::from_le_bytes([found.format[0], found.format[1]]) {
        1 => ("wav", wav_head(&found.format[..FORMAT_BYTES_MIN], bytes)),
        2 | 3 | 6 | 7 | 0x11 | 0xfffe => ("wav", wav_head(&found.format, bytes)),
        0x55 => ("mp3", Vec::new()),
        kind => {
            return Heard::Unread(format!(
                "sound of the kind {kind:#06x} in AVI files is not read: convert the file to MP4 \
                 or MKV"
            ));
        }
    };
    Heard::Sound(name, AviSound { file, head, pieces: found.pieces, piece: 0, done: 0 })
}

/// The head of a WAV file.
fn wav_head(format: &[u8], bytes: u64) -> Vec<u8> {
    let length = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX - 1).to_le_bytes();
    let mut head = Vec::new();
    head.extend(b"RIFF");
    head.extend(length(bytes + format.len() as u64 + 20));
    head.extend(b"WAVEfmt ");
    head.extend(length(format.len() as u64));
    head.extend(format);
    head.extend(b"data");
    head.extend(length(bytes));
    head
}

/// What the lists say.
#[derive(Default)]
struct Found {
    /// Streams so far.
    streams: u32,
    /// Whether the last of them is the first that is sound.
    is_sound: bool,
    /// The first stream of sound.
    sound: Option<u32>,
    /// What it says of its format.
    format: Vec<u8>,
    pieces: Vec<Piece>,
}

/// Where bytes of the sound lie.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: u64,
    length: u64,
}

struct Chunk {
    kind: [u8; 4],
    content: u64,
    /// Of the content, inside of the list.
    end: u64,
    /// Where the next one begins.
    next: u64,
}

/// Looks through the chunks from `from` to `to`.
fn search(
    file: &mut (impl Read + Seek),
    from: u64,
    to: u64,
    (found, left): (&mut Found, &mut u32),
    depth: u32,
) {
    let mut at = from;
    while let Some(chunk) = chunk_at(file, at, to, left) {
        match &chunk.kind {
            b"LIST" if depth > 0 => {
                let inside = (&mut *found, &mut *left);
                search(file, chunk.content + 4, chunk.end, inside, depth - 1);
            }
            b"strh" => {
                found.streams += 1;
                found.is_sound = found.sound.is_none()
                    && read(file, chunk.content).is_some_and(|kind| &kind == b"auds");
                if found.is_sound {
                    found.sound = Some(found.streams - 1);
                }
            }
            b"strf" if found.is_sound && found.format.is_empty() => {
                let length = (chunk.end - chunk.content).min(FORMAT_BYTES_MAX);
                let wanted = file.seek(SeekFrom::Start(chunk.content));
                if wanted.is_err() || file.take(length).read_to_end(&mut found.format).is_err() {
                    found.format.clear();
                }
            }
            [tens, ones, b'w', b'b'] => {
                let digit = |digit: &u8| char::from(*digit).to_digit(10);
                let stream = digit(tens).zip(digit(ones)).map(|(tens, ones)| 10 * tens + ones);
                let length = chunk.end - chunk.content;
                if stream.is_some() && stream == found.sound && length > 0 {
                    found.pieces.push(Piece { at: chunk.content, length });
                }
            }
            _ => {}
        }
        at = chunk.next;
    }
}

/// The chunk at `at`, cut where the list that it is in ends; none where that has no room for its
/// head, or enough were looked at.
fn chunk_at(file: &mut (impl Read + Seek), at: u64, to: u64, left: &mut u32) -> Option<Chunk> {
    let content = at.checked_add(8).filter(|content| *content <= to)?;
    *left = left.checked_sub(1)?;
    let [a, b, c, d, length @ ..] = read::<8>(file, at)?;
    let length = u64::from(u32::from_le_bytes(length));
    let end = content.saturating_add(length);
    // Chunks begin at even places.
    let next = end.saturating_add(length % 2);
    Some(Chunk { kind: [a, b, c, d], content, end: end.min(to), next })
}

fn read<const N: usize>(file: &mut (impl Read + Seek), at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// A head, and then the bytes of the sound, piece by piece.
#[derive(Debug)]
pub(crate) struct AviSound<F = File> {
    file: F,
    /// What of the head was not read yet.
    head: Vec<u8>,
    pieces: Vec<Piece>,
    /// The piece that is read, and how much of it was.
    piece: usize,
    done: u64,
}

impl<F: Read + Seek> Read for AviSound<F> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if !self.head.is_empty() {
            let count = self.head.len().min(into.len());
            into[..count].copy_from_slice(&self.head[..count]);
            self.head.drain(..count);
            return Ok(count);
        }
        while let Some(&Piece { at, length }) = self.pieces.get(self.piece) {
            let left = length - self.done;
            if left == 0 {
                (self.piece, self.done) = (self.piece + 1, 0);
                continue;
            }
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
            self.file.seek(SeekFrom::Start(at + self.done))?;
            let count = match self.file.read(&mut into[..count]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.done += count as u64;
            return Ok(count);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        let padding = &[0][..content.len() % 2];
        [&kind[..], &length, content, padding].concat()
    }

    fn list(outer: &[u8; 4], kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
        chunk(outer, &[&kind[..], &chunks.concat()].concat())
    }

    fn stream(kind: &[u8; 4], format: &[u8]) -> Vec<u8> {
        let head = [&kind[..], &[0; 52]].concat();
        list(b"LIST", b"strl", &[chunk(b"strh", &head), chunk(b"strf", format)])
    }

    /// A `WAVEFORMATEX` of one channel.
    fn format(tag: u16) -> Vec<u8> {
        let bytes = [&tag.to_le_bytes()[..], &1u16.to_le_bytes(), &22_050u32.to_le_bytes()];
        [bytes.concat(), 44_100u32.to_le_bytes().to_vec(), vec![2, 0, 16, 0, 0, 0]].concat()
    }

    /// Pictures first, sound of `tag` second, in chunks of odd length, in a `rec ` list, among
    /// others, and in a second RIFF list.
    fn film(tag: u16) -> Vec<u8> {
        let streams =
            [stream(b"vids", &[0; 40]), stream(b"auds", &format(tag)), stream(b"auds", &[1; 18])];
        let record = list(b"LIST", b"rec ", &[chunk(b"01wb", b"def"), chunk(b"00dc", b"xx")]);
        let movie = [chunk(b"00dc", b"xyz"), chunk(b"01wb", b"abc"), record, chunk(b"02wb", b"no")];
        let first = [list(b"LIST", b"hdrl", &streams), list(b"LIST", b"movi", &movie)];
        let second = [list(b"LIST", b"movi", &[chunk(b"01wb", b""), chunk(b"01wb", b"g")])];
        [list(b"RIFF", b"AVI ", &first), list(b"RIFF", b"AVIX", &second)].concat()
    }

    #[test]
    fn the_first_stream_of_sound_reads_as_a_file_of_its_own() {
        let Heard::Sound("mp3", mut sound) = sound_of(Cursor::new(film(0x55))) else {
            panic!("it is MP3")
        };
        let mut bytes = Vec::new();
        sound.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"abcdefg");
        let Heard::Sound("wav", mut sound) = sound_of(Cursor::new(film(1))) else {
            panic!("it is PCM")
        };
        bytes.clear();
        sound.read_to_end(&mut bytes).unwrap();
        let expected = [chunk(b"fmt ", &format(1)[..16]), b"data\x07\0\0\0abcdefg".to_vec()];
        assert_eq!(bytes, [&b"RIFF\x2b\0\0\0WAVE"[..], &expected.concat()].concat());
    }

    #[test]
    fn what_is_not_read_says_what_it_is() {
        let Heard::Unread(reason) = sound_of(Cursor::new(film(0xff))) else { panic!("it is AAC") };
        assert!(
            reason.starts_with("sound of the kind 0x00ff in AVI files is not read"),
            "{reason}"
        );
        let mute = list(b"RIFF", b"AVI ", &[stream(b"vids", &[0; 40])]);
        assert!(matches!(sound_of(Cursor::new(mute)), Heard::Nothing));
        let short = list(b"RIFF", b"AVI ", &[stream(b"auds", &[1, 0])]);
        assert!(matches!(sound_of(Cursor::new(short)), Heard::Unread(_)));
    }

    #[test]
    fn a_file_that_is_cut_or_wrong_anywhere_comes_to_an_end() {
        let film = film(1);
        let mut bytes = Vec::new();
        for at in 0..film.len() {
            let mut wrong = film.clone();
            wrong[at] ^= 0xff;
            for file in [&film[..at], &wrong[..]] {
                if let Heard::Sound(_, mut sound) = sound_of(Cursor::new(file)) {
                    bytes.clear();
                    sound.read_to_end(&mut bytes).unwrap();
                    assert!(bytes.len() < 2 * film.len());
                }
            }
        }
    }

    #[test]
    fn lists_in_lists_and_chunks_without_end_end_the_search() {
        let mut deep = chunk(b"01wb", b"x");
        for _ in 0..1000 {
            deep = list(b"LIST", b"movi", &[deep]);
        }
        assert!(matches!(sound_of(Cursor::new(list(b"RIFF", b"AVI ", &[deep]))), Heard::Nothing));
        let mut left = 3;
        let tiny = chunk(b"JUNK", b"").repeat(10);
        let mut found = Found::default();
        let to = tiny.len() as u64;
        search(&mut Cursor::new(tiny), 0, to, (&mut found, &mut left), DEPTH_MAX);
        assert_eq!(left, 0);
    }
}
