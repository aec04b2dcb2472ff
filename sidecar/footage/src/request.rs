//! What a run asks of the decoder: one JSON object a line.

use std::io::{BufRead, Read, Write};

use serde::{Deserialize, Serialize};

use crate::Limits;

/// Longest request, in bytes: a path and a few numbers.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// Most samples a second.
const FPS_MAX: f64 = 240.0;

/// One thing to do with one file. Paths are absolute; they are opened as files, never as addresses.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Say what the file is, decoding its first frame only.
    Probe {
        /// The file.
        path: String,
        /// How much of it is read.
        #[serde(default)]
        limits: Limits,
    },
    /// Send frames, sampled by their timestamps: see [`Sampler`](crate::Sampler).
    Watch {
        /// The file.
        path: String,
        /// Samples a second, over 0 and at most 240.
        fps: f64,
        /// Longest side of the frames that are sent, in pixels: larger ones are reduced to it.
        /// Nothing: as they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        side_max: Option<u32>,
        /// How much of it is read.
        #[serde(default)]
        limits: Limits,
    },
    /// Send the sound: one channel at [`SOUND_RATE_HZ`](crate::SOUND_RATE_HZ).
    Listen {
        /// The file.
        path: String,
        /// How much of it is read.
        #[serde(default)]
        limits: Limits,
    },
}

/// Why a request cannot be passed on.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The pipe failed.
    #[error("a request cannot be passed on")]
    Pipe(#[from] std::io::Error),
    /// Longer than any request.
    #[error("a request is longer than {LINE_BYTES_MAX} bytes: give the file a shorter path")]
    Long,
    /// It is not one of ours.
    #[error("not a request: {0}")]
    Unknown(String),
}

impl Request {
    /// The file that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Probe { path, .. } | Self::Watch { path, .. } | Self::Listen { path, .. } => path,
        }
    }

    /// Writes it as one line and flushes.
    ///
    /// # Errors
    ///
    /// When its numbers are out of range, when it is too long, or when the pipe fails.
    pub fn write(&self, to: &mut impl Write) -> Result<(), RequestError> {
        self.check()?;
        let mut line =
            serde_json::to_vec(self).map_err(|error| RequestError::Unknown(error.to_string()))?;
        line.push(b'\n');
        if line.len() as u64 > LINE_BYTES_MAX {
            return Err(RequestError::Long);
        }
        to.write_all(&line)?;
        Ok(to.flush()?)
    }

    /// Reads the next one; nothing where the requests end.
    ///
    /// # Errors
    ///
    /// When the line is no request or is too long, or when the pipe fails.
    pub fn read(from: &mut impl BufRead) -> Result<Option<Self>, RequestError> {
        let mut line = Vec::new();
        from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LINE_BYTES_MAX {
            return Err(RequestError::Long);
        }
        let request: Self = serde_json::from_slice(&line)
            .map_err(|error| RequestError::Unknown(error.to_string()))?;
        request.check()?;
        Ok(Some(request))
    }

    fn check(&self) -> Result<(), RequestError> {
        if let Self::Watch { fps, side_max, .. } = self {
            if !(fps.is_finite() && *fps > 0.0 && *fps <= FPS_MAX) {
                let said = format!("{fps} samples a second: give a number over 0, to {FPS_MAX}");
                return Err(RequestError::Unknown(said));
            }
            if *side_max == Some(0) {
                return Err(RequestError::Unknown("frames of side 0".to_owned()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_as_it_was_written() {
        let limits = Limits { seconds_max: 5, ..Limits::default() };
        let requests = [
            Request::Probe { path: "/a.mp4".to_owned(), limits: limits.clone() },
            Request::Watch {
                path: "/a b\n.mkv".to_owned(),
                fps: 15.0,
                side_max: Some(640),
                limits,
            },
            Request::Listen { path: "/é.mov".to_owned(), limits: Limits::default() },
        ];
        let mut line = Vec::new();
        for request in &requests {
            request.write(&mut line).unwrap();
        }
        let mut from = line.as_slice();
        for request in requests {
            assert_eq!(Request::read(&mut from).unwrap(), Some(request));
        }
        assert_eq!(Request::read(&mut from).unwrap(), None);
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        #[rustfmt::skip]
        let cases: &[(&str, &str)] = &[
            ("not JSON",             "watch\n"),
            ("nothing of ours",      "{\"do\":\"format\",\"path\":\"/\"}\n"),
            ("no samples",           "{\"do\":\"watch\",\"path\":\"/a\",\"fps\":0}\n"),
            ("samples without end",  "{\"do\":\"watch\",\"path\":\"/a\",\"fps\":1e9}\n"),
            ("frames without sides", "{\"do\":\"watch\",\"path\":\"/a\",\"fps\":1,\"side_max\":0}\n"),
            ("a word too many",      "{\"do\":\"listen\",\"path\":\"/a\",\"rate\":1}\n"),
        ];
        for (because, line) in cases {
            assert!(Request::read(&mut line.as_bytes()).is_err(), "{because}: {line}");
        }
        let long = vec![b' '; LINE_BYTES_MAX as usize + 1];
        assert!(matches!(Request::read(&mut long.as_slice()), Err(RequestError::Long)));
    }
}
