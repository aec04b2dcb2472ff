//! Records as bytes: a letter for the kind, a length (u32, little-endian), then so many bytes.
//!
//! Facts are JSON. A frame is its index (u64), time (f64), width and height (u32), then its bytes;
//! sound is f32; all little-endian.

use std::io::{ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Frame, Record, SoundBlock};

/// Longest record of facts, in bytes.
const FACTS_BYTES_MAX: u32 = 64 << 10;
/// Samples of one block of sound at most: about three seconds.
pub const SOUND_BLOCK_SAMPLES_MAX: usize = 1 << 16;
/// Numbers before the bytes of a frame.
const FRAME_HEAD_BYTES: u32 = 24;
/// What is taken at once of a record that claims to be long.
const FIRST_BYTES_MAX: u32 = 8 << 20;

/// Why there is no next record.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The stream ends where a record should begin or go on: the other side is gone.
    #[error("the decoder is gone")]
    Ended,
    /// The pipe failed.
    #[error("records cannot be passed on")]
    Pipe(#[source] std::io::Error),
    /// What came is not of this protocol, or over its bounds.
    #[error("not a record of the decoder: {0}")]
    Malformed(String),
}

impl From<std::io::Error> for WireError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => Self::Ended,
            _ => Self::Pipe(error),
        }
    }
}

/// Reads records, none larger than agreed.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    frame_pixels_max: u64,
}

impl<R: Read> Reader<R> {
    /// Reads from `from`; wrap a pipe in a [`std::io::BufReader`]. `frame_pixels_max`: most pixels of
    /// a frame that was asked for.
    pub fn new(from: R, frame_pixels_max: u64) -> Self {
        Self { from, frame_pixels_max }
    }

    /// The next record.
    ///
    /// # Errors
    ///
    /// [`WireError::Ended`] where the stream ends. After any error the stream is of no more use.
    pub fn read(&mut self) -> Result<Record, WireError> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_le_bytes(length);
        Ok(match kind {
            b'h' => Record::Hello(self.facts(length)?),
            b'V' => Record::Header(self.facts(length)?),
            b'F' => Record::Frame(self.frame(length)?),
            b'A' => Record::SoundHeader(self.facts(length)?),
            b'S' => Record::Sound(self.sound(length)?),
            b'N' => Record::NoSound(self.facts(length)?),
            b'E' => Record::End(self.facts(length)?),
            b'X' => Record::Failure(self.facts(length)?),
            _ => return Err(WireError::Malformed(format!("kind {kind}"))),
        })
    }

    fn facts<T: DeserializeOwned>(&mut self, length: u32) -> Result<T, WireError> {
        if length > FACTS_BYTES_MAX {
            return Err(WireError::Malformed(format!("facts of {length} bytes")));
        }
        let bytes = self.bytes(length)?;
        serde_json::from_slice(&bytes).map_err(|error| WireError::Malformed(error.to_string()))
    }

    fn frame(&mut self, length: u32) -> Result<Frame, WireError> {
        let mut head = [0; FRAME_HEAD_BYTES as usize];
        let Some(left) = length.checked_sub(FRAME_HEAD_BYTES) else {
            return Err(WireError::Malformed(format!("a frame of {length} bytes")));
        };
        self.from.read_exact(&mut head)?;
        let (long, short) = head.split_at(16);
        let mut long = long.chunks_exact(8).map(|bytes| bytes.try_into().expect("8 bytes"));
        let mut short = short.chunks_exact(4).map(|bytes| bytes.try_into().expect("4 bytes"));
        let index = u64::from_le_bytes(long.next().expect("two"));
        let time_s = f64::from_le_bytes(long.next().expect("two"));
        let width = u32::from_le_bytes(short.next().expect("two"));
        let height = u32::from_le_bytes(short.next().expect("two"));
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0
            || pixels > self.frame_pixels_max
            || pixels.checked_mul(3) != Some(u64::from(left))
        {
            return Err(WireError::Malformed(format!("a frame of {width} × {height}")));
        }
        if !time_s.is_finite() {
            return Err(WireError::Malformed(format!("a frame at {time_s} seconds")));
        }
        Ok(Frame { index, time_s, width, height, rgb: self.bytes(left)? })
    }

    fn sound(&mut self, length: u32) -> Result<SoundBlock, WireError> {
        if length as usize > SOUND_BLOCK_SAMPLES_MAX * 4 || !length.is_multiple_of(4) {
            return Err(WireError::Malformed(format!("sound of {length} bytes")));
        }
        let bytes = self.bytes(length)?;
        let samples = bytes.chunks_exact(4);
        let samples = samples.map(|bytes| f32::from_le_bytes(bytes.try_into().expect("4 bytes")));
        let samples: Vec<f32> = samples.collect();
        match samples.iter().all(|sample| sample.is_finite()) {
            true => Ok(SoundBlock { samples }),
            false => Err(WireError::Malformed("sound that is not finite".to_owned())),
        }
    }

    /// So many bytes; memory is taken as they come.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::with_capacity(length.min(FIRST_BYTES_MAX) as usize);
        let read = self.from.by_ref().take(u64::from(length)).read_to_end(&mut bytes)?;
        if read as u64 == u64::from(length) { Ok(bytes) } else { Err(WireError::Ended) }
    }
}

/// Writes records.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
}

impl<W: Write> Writer<W> {
    /// Writes to `to`; wrap a pipe in a [`std::io::BufWriter`].
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// Writes a record of facts, or any other that is at hand as a whole.
    ///
    /// # Errors
    ///
    /// When the other side is gone, or when the record breaks the protocol's bounds.
    pub fn write(&mut self, record: &Record) -> Result<(), WireError> {
        match record {
            Record::Hello(facts) => self.facts(b'h', facts),
            Record::Header(facts) => self.facts(b'V', facts),
            Record::Frame(frame) => self.frame(frame, &frame.rgb),
            Record::SoundHeader(facts) => self.facts(b'A', facts),
            Record::Sound(block) => self.sound(&block.samples),
            Record::NoSound(facts) => self.facts(b'N', facts),
            Record::End(facts) => self.facts(b'E', facts),
            Record::Failure(facts) => self.facts(b'X', facts),
        }
    }

    /// Writes a frame whose bytes lie elsewhere than in `frame.rgb`.
    ///
    /// # Errors
    ///
    /// When the other side is gone, or when there are not `width · height · 3` bytes.
    pub fn frame(&mut self, frame: &Frame, rgb: &[u8]) -> Result<(), WireError> {
        let expected = u64::from(frame.width) * u64::from(frame.height) * 3;
        if rgb.len() as u64 != expected {
            return Err(WireError::Malformed(format!("{} bytes, not {expected}", rgb.len())));
        }
        self.head(b'F', rgb.len() + FRAME_HEAD_BYTES as usize)?;
        self.to.write_all(&frame.index.to_le_bytes())?;
        self.to.write_all(&frame.time_s.to_le_bytes())?;
        self.to.write_all(&frame.width.to_le_bytes())?;
        self.to.write_all(&frame.height.to_le_bytes())?;
        Ok(self.to.write_all(rgb)?)
    }

    /// Writes samples, in blocks of at most [`SOUND_BLOCK_SAMPLES_MAX`].
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn sound(&mut self, samples: &[f32]) -> Result<(), WireError> {
        for block in samples.chunks(SOUND_BLOCK_SAMPLES_MAX) {
            self.head(b'S', block.len() * 4)?;
            let bytes: Vec<u8> = block.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            self.to.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Sends what was written.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn flush(&mut self) -> Result<(), WireError> {
        Ok(self.to.flush()?)
    }

    fn facts(&mut self, kind: u8, facts: &impl Serialize) -> Result<(), WireError> {
        let bytes =
            serde_json::to_vec(facts).map_err(|error| WireError::Malformed(error.to_string()))?;
        if bytes.len() > FACTS_BYTES_MAX as usize {
            return Err(WireError::Malformed(format!("facts of {} bytes", bytes.len())));
        }
        self.head(kind, bytes.len())?;
        Ok(self.to.write_all(&bytes)?)
    }

    fn head(&mut self, kind: u8, length: usize) -> Result<(), WireError> {
        let length = u32::try_from(length)
            .map_err(|_| WireError::Malformed(format!("a record of {length} bytes")))?;
        let [a, b, c, d] = length.to_le_bytes();
        Ok(self.to.write_all(&[kind, a, b, c, d])?)
    }
}
