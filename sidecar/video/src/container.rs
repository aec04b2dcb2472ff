//! What kind of file it is, by its first bytes: decoders are given nothing else.
//!
//! FFmpeg reads playlists and lists of files too, which name other files and addresses: whatever is
//! not one of the containers here never reaches it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use vitrine_footage::{FailureKind, Limits};

use crate::Stop;

/// Bytes that tell the kind.
const HEAD_BYTES: u64 = 4096;

/// A container that is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Container {
    /// MPEG-4 part 14.
    Mp4,
    /// QuickTime.
    Mov,
    /// Matroska.
    Matroska,
    /// Matroska for the web.
    WebM,
    /// Audio Video Interleave.
    Avi,
    /// Sound alone: its name.
    Sound(&'static str),
}

impl Container {
    /// The container by a file's first bytes; nothing where it is none that is read.
    pub fn of(head: &[u8]) -> Option<Self> {
        let at = |from: usize, length: usize| head.get(from..from + length).unwrap_or_default();
        match (at(0, 4), at(4, 4)) {
            (_, b"ftyp") if at(8, 4) == b"qt  " => Some(Self::Mov),
            (_, b"ftyp") if at(8, 3) == b"M4A" => Some(Self::Sound("m4a")),
            (_, b"ftyp" | b"styp") => Some(Self::Mp4),
            (_, b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot") => Some(Self::Mov),
            (b"\x1a\x45\xdf\xa3", _) => {
                let is_web = at(0, head.len().min(64)).windows(4).any(|word| word == b"webm");
                Some(if is_web { Self::WebM } else { Self::Matroska })
            }
            (b"RIFF", _) if at(8, 4) == b"AVI " => Some(Self::Avi),
            (b"RIFF", _) if at(8, 4) == b"WAVE" => Some(Self::Sound("wav")),
            (b"fLaC", _) => Some(Self::Sound("flac")),
            (b"OggS", _) => Some(Self::Sound("ogg")),
            ([b'I', b'D', b'3', _], _) => Some(Self::Sound("mp3")),
            // A frame of MPEG layer III or of AAC in ADTS: eleven bits set, then a layer.
            ([0xff, second, ..], _) if second & 0xe6 == 0xe2 => Some(Self::Sound("mp3")),
            ([0xff, second, ..], _) if second & 0xf6 == 0xf0 => Some(Self::Sound("aac")),
            _ => None,
        }
    }

    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Matroska => "matroska",
            Self::WebM => "webm",
            Self::Avi => "avi",
            Self::Sound(name) => name,
        }
    }

    /// Looks at a file.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, is over the limit, or is of no kind that is read.
    pub fn look(path: &Path, limits: &Limits) -> Result<Self, Stop> {
        let unreachable = |error: std::io::Error| {
            Stop::refused(FailureKind::Unreachable, format!("it cannot be read: {error}"))
        };
        // Before it is opened: a named pipe would wait for somebody who writes.
        let facts = std::fs::metadata(path).map_err(unreachable)?;
        if !facts.is_file() {
            return Err(Stop::refused(FailureKind::NotVideo, "not a video: not a file"));
        }
        if facts.len() > limits.file_bytes_max {
            let (bytes, most) = (facts.len(), limits.file_bytes_max);
            let reason = format!("{bytes} bytes, over the limit of {most} bytes");
            return Err(Stop::refused(FailureKind::TooLarge, reason));
        }
        let mut head = Vec::new();
        let file = File::open(path).map_err(unreachable)?;
        file.take(HEAD_BYTES).read_to_end(&mut head).map_err(unreachable)?;
        // Whatever its first bytes name: FFmpeg would take a text for what it describes.
        let is_text = head.iter().all(is_text);
        Self::of(&head).filter(|_| !is_text).ok_or_else(|| {
            let reason = format!("not a video: {}", describe(&head));
            Stop::refused(FailureKind::NotVideo, reason)
        })
    }
}

fn is_text(byte: &u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte > 0x7f
}

/// What the bytes are, for people.
fn describe(head: &[u8]) -> &'static str {
    match head {
        [] => "the file is empty",
        [0, ..] if head.iter().all(|byte| *byte == 0) => "its first bytes are all zero",
        [b'\x89', b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => {
            "the file is a picture"
        }
        _ if head.iter().all(is_text) => "the file is text",
        _ => "its first bytes are of no container that is read (mp4, mov, mkv, webm, avi)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        #[rustfmt::skip]
        let cases: &[(&str, &[u8], Option<Container>)] = &[
            ("the brand of MPEG-4",     b"\0\0\0\x18ftypisom",              Some(Container::Mp4)),
            ("the brand of QuickTime",  b"\0\0\0\x14ftypqt  ",              Some(Container::Mov)),
            ("QuickTime without brand", b"\0\0\0\x08wide\0\0\0\0mdat",      Some(Container::Mov)),
            ("sound of MPEG-4",         b"\0\0\0\x18ftypM4A ",              Some(Container::Sound("m4a"))),
            ("EBML that says webm",     b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Some(Container::WebM)),
            ("EBML that does not",      b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", Some(Container::Matroska)),
            ("RIFF of pictures",        b"RIFF\0\0\0\0AVI LIST",            Some(Container::Avi)),
            ("RIFF of sound",           b"RIFF\0\0\0\0WAVEfmt ",            Some(Container::Sound("wav"))),
            ("RIFF of something else",  b"RIFF\0\0\0\0WEBPVP8 ",            None),
            ("a frame of MP3",          b"\xff\xfb\x90\x64",                Some(Container::Sound("mp3"))),
            ("a picture",               b"\xff\xd8\xff\xe0",                None),
            ("a playlist",              b"#EXTM3U\nhttp://example.com/a",   None),
            ("a list of files",         b"ffconcat version 1.0\nfile a",    None),
            ("nothing",                 b"",                                None),
        ];
        for (because, head, expected) in cases {
            assert_eq!(Container::of(head), *expected, "{because}");
        }
    }
}
