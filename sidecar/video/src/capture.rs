//! One open video: its frames in order, with their times.

use std::fs::File;

use opencv::core::{self, Mat, MatTraitConst, MatTraitConstManual, Size};
use opencv::prelude::{VideoCaptureTrait, VideoCaptureTraitConst};
use opencv::{imgproc, videoio};
use vitrine_footage::{FailureKind, Header, Limits, SIDE_MIN, reduced};

use crate::container::Container;
use crate::{Stop, boxes};

/// Frames a second of a file that claims none, and gives no times.
const RATE_OF_SILENCE: f64 = 25.0;
/// Rates that a file can mean.
const RATES: std::ops::RangeInclusive<f64> = 0.01..=1000.0;

/// A jump may end some frames before where it was wanted to.
const FRAMES_AFTER_JUMP: u32 = 64;

/// An open video.
pub(crate) struct Capture {
    video: videoio::VideoCapture,
    header: Header,
    clock: Clock,
    pixels_max: u64,
    bgr: Mat,
    smaller: Mat,
    upright: Mat,
    rgb: Mat,
}

/// A frame whose pixels can be had until the next one is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Taken {
    /// Number in the file, from 0.
    pub index: u64,
    /// Seconds since the first frame.
    pub time_s: f64,
}

impl Capture {
    /// Opens a video and reads what it claims.
    pub fn open(path: &str, container: Container, limits: &Limits) -> Result<Self, Stop> {
        let video = videoio::VideoCapture::from_file(path, videoio::CAP_FFMPEG);
        let mut video = video.map_err(|error| Stop::opencv(&error))?;
        if !video.is_opened().unwrap_or(false) {
            let reason = "not a video: it holds no pictures that can be decoded, or was cut off \
                          before the index that says where they are";
            return Err(Stop::refused(FailureKind::NotVideo, reason));
        }
        // It would turn them by itself, in some releases to the wrong side.
        let _ = video.set(videoio::CAP_PROP_ORIENTATION_AUTO, 0.0);
        let rotation_degrees = match (container, File::open(path)) {
            (Container::Mp4 | Container::Mov, Ok(file)) => boxes::rotation_degrees(file),
            _ => 0,
        };
        let get = |property| video.get(property).unwrap_or(0.0);
        let claimed =
            |property| Some(get(property)).filter(|claim| claim.is_finite() && *claim > 0.0);
        let frame_rate = claimed(videoio::CAP_PROP_FPS).filter(|rate| RATES.contains(rate));
        let frames = claimed(videoio::CAP_PROP_FRAME_COUNT).filter(|count| *count < 1e15);
        let header = Header {
            container: container.name().to_owned(),
            codec: letters(get(videoio::CAP_PROP_FOURCC)),
            width: get(videoio::CAP_PROP_FRAME_WIDTH) as u32,
            height: get(videoio::CAP_PROP_FRAME_HEIGHT) as u32,
            rotation_degrees,
            duration_s: frames.zip(frame_rate).map(|(frames, rate)| frames / rate),
            frame_rate,
            frames: frames.map(|frames| frames as u64),
        };
        let pixels_max = limits.frame_pixels_max;
        within(header.width, header.height, pixels_max)?;
        let clock = Clock::new(frame_rate.unwrap_or(RATE_OF_SILENCE));
        let [bgr, smaller, upright, rgb] = [(); 4].map(|()| Mat::default());
        Ok(Self { video, header, clock, pixels_max, bgr, smaller, upright, rgb })
    }

    /// What the file claims. Its size is that of a decoded frame from the first [`Self::picture`] on.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Decodes the next frame; nothing where no more can be decoded.
    pub fn take(&mut self) -> Option<Taken> {
        if !self.video.grab().unwrap_or(false) {
            return None;
        }
        let at_s = self.video.get(videoio::CAP_PROP_POS_MSEC).unwrap_or(f64::NAN) / 1000.0;
        Some(self.clock.next(at_s))
    }

    /// Seconds from the first frame to the end of the last that was taken.
    pub fn seconds(&self) -> f64 {
        self.clock.end_s()
    }

    /// Makes the pixels of the frame that was taken last, reduced to `side_max`: their width and
    /// height, or nothing where they cannot be had.
    pub fn picture(&mut self, side_max: Option<u32>) -> Result<Option<(u32, u32)>, Stop> {
        if !self.video.retrieve(&mut self.bgr, 0).unwrap_or(false) || self.bgr.empty() {
            return Ok(None);
        }
        let side = |length: i32| u32::try_from(length).unwrap_or(0);
        let (width, height) = (side(self.bgr.cols()), side(self.bgr.rows()));
        within(width, height, self.pixels_max)?;
        let turn = match self.header.rotation_degrees {
            90 => Some(core::ROTATE_90_CLOCKWISE),
            180 => Some(core::ROTATE_180),
            270 => Some(core::ROTATE_90_COUNTERCLOCKWISE),
            _ => None,
        };
        let swap = |(a, b): (u32, u32)| {
            if turn.is_some_and(|turn| turn != core::ROTATE_180) { (b, a) } else { (a, b) }
        };
        (self.header.width, self.header.height) = swap((width, height));
        let (columns, rows) = reduced(width, height, side_max);
        let failed = |error| Stop::opencv(&error);
        let mut source = &self.bgr;
        if (columns, rows) != (width, height) {
            let size = Size::new(columns as i32, rows as i32);
            imgproc::resize(source, &mut self.smaller, size, 0.0, 0.0, imgproc::INTER_AREA)
                .map_err(failed)?;
            source = &self.smaller;
        }
        if let Some(turn) = turn {
            core::rotate(source, &mut self.upright, turn).map_err(failed)?;
            source = &self.upright;
        }
        imgproc::cvt_color_def(source, &mut self.rgb, imgproc::COLOR_BGR2RGB).map_err(failed)?;
        let (columns, rows) = swap((columns, rows));
        Ok(Some((columns, rows)))
    }

    /// The pixels that [`Self::picture`] made last: `[height, width, 3]` in RGB.
    pub fn rgb(&self) -> Result<&[u8], Stop> {
        self.rgb.data_bytes().map_err(|error| Stop::opencv(&error))
    }
}

/// Whether a frame can be decoded that is more than `seconds` after the first: found by a jump, so that
/// little of the file is decoded. A file that cannot be jumped in says no.
pub(crate) fn has_frame_after(path: &str, seconds: f64) -> bool {
    // A video of its own: after a jump, the first would not begin where it stood.
    let Ok(mut video) = videoio::VideoCapture::from_file(path, videoio::CAP_FFMPEG) else {
        return false;
    };
    let Some(first_s) = next_s(&mut video) else { return false };
    let wanted_ms = (first_s + seconds) * 1000.0;
    video.set(videoio::CAP_PROP_POS_MSEC, wanted_ms).unwrap_or(false)
        && (0..FRAMES_AFTER_JUMP)
            .map_while(|_| next_s(&mut video))
            .any(|at_s| at_s - first_s > seconds)
}

/// Decodes the next frame: the seconds that the file says of it.
fn next_s(video: &mut videoio::VideoCapture) -> Option<f64> {
    let is_there = video.grab().unwrap_or(false);
    is_there.then(|| video.get(videoio::CAP_PROP_POS_MSEC).unwrap_or(f64::NAN) / 1000.0)
}

/// Fails for frames on which nobody can be seen, and for those over the limit.
fn within(width: u32, height: u32, pixels_max: u64) -> Result<(), Stop> {
    if width.min(height) < SIDE_MIN {
        let reason = format!(
            "frames of {width} × {height} are too small to see people: both sides need {SIDE_MIN} \
             pixels"
        );
        return Err(Stop::refused(FailureKind::TooSmall, reason));
    }
    if u64::from(width) * u64::from(height) > pixels_max {
        let reason =
            format!("frames of {width} × {height} are over the limit of {pixels_max} pixels");
        return Err(Stop::refused(FailureKind::TooLarge, reason));
    }
    Ok(())
}

/// The four letters of a codec; none where they are not letters.
fn letters(code: f64) -> String {
    let bytes = (code as u32).to_le_bytes();
    let is_fine = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if is_fine {
        bytes.map(char::from).iter().collect::<String>().trim().to_owned()
    } else {
        String::new()
    }
}

/// Turns what a file says of time into seconds since the first frame that never fall.
#[derive(Clone, Debug)]
struct Clock {
    interval_s: f64,
    index: u64,
    /// What the file said for the first frame.
    origin_s: f64,
    last_s: f64,
    /// Whether any time differed from the first: else the file has none.
    is_timed: bool,
}

impl Clock {
    /// `rate`: frames a second where times are missing.
    fn new(rate: f64) -> Self {
        Self { interval_s: 1.0 / rate, index: 0, origin_s: 0.0, last_s: 0.0, is_timed: false }
    }

    fn next(&mut self, said_s: f64) -> Taken {
        let index = self.index;
        self.index += 1;
        if index == 0 {
            self.origin_s = if said_s.is_finite() { said_s } else { 0.0 };
            return Taken { index, time_s: 0.0 };
        }
        let since_s = said_s - self.origin_s;
        let time_s = if since_s.is_finite() && since_s > self.last_s {
            self.is_timed = true;
            since_s
        } else if self.is_timed {
            // One frame without a time of its own: it comes after the one before.
            self.last_s + self.interval_s
        } else {
            index as f64 * self.interval_s
        };
        self.last_s = time_s;
        Taken { index, time_s }
    }

    fn end_s(&self) -> f64 {
        if self.index == 0 { 0.0 } else { self.last_s + self.interval_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(said: &[f64]) -> Vec<f64> {
        let mut clock = Clock::new(10.0);
        said.iter().map(|said| (clock.next(*said).time_s * 1000.0).round() / 1000.0).collect()
    }

    #[test]
    fn times_begin_at_0_and_never_fall() {
        #[rustfmt::skip]
        let cases: &[(&str, &[f64], &[f64])] = &[
            ("they are good",             &[0.0, 0.04, 0.1],           &[0.0, 0.04, 0.1]),
            ("they begin late",           &[3.0, 3.5, 4.0],            &[0.0, 0.5, 1.0]),
            ("they begin before 0",       &[-0.1, 0.0, 0.1],           &[0.0, 0.1, 0.2]),
            ("there are none",            &[0.0, 0.0, 0.0, 0.0],       &[0.0, 0.1, 0.2, 0.3]),
            ("they are not numbers",      &[f64::NAN, f64::NAN],       &[0.0, 0.1]),
            ("one is missing",            &[0.0, 0.5, 0.0, 1.0],       &[0.0, 0.5, 0.6, 1.0]),
            ("they fall for a while",     &[0.0, 0.5, 0.4, 0.45, 0.9], &[0.0, 0.5, 0.6, 0.7, 0.9]),
        ];
        for (because, said, expected) in cases {
            assert_eq!(times(said), *expected, "{because}");
        }
    }
}
