//! Frames of a video, sampled and sent as they are decoded.

use std::io::Write;
use std::path::Path;

use vitrine_footage::{End, FailureKind, Frame, Limits, Record, Sampler, Writer};

use crate::Stop;
use crate::capture::{self, Capture, Taken};
use crate::container::Container;

/// What a file may claim beyond what it holds, in seconds and as a part, before it counts as cut.
const SLACK_S: f64 = 0.5;
const SLACK_PART: f64 = 0.02;

/// Which frames are sent, and how large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Samples a second.
    pub fps: f64,
    /// Longest side in pixels.
    pub side_max: Option<u32>,
}

/// Sends a header, then frames; says how far it came.
pub(crate) fn watch(
    path: &str,
    wanted: Wanted,
    limits: &Limits,
    out: &mut Writer<impl Write>,
) -> Result<End, Stop> {
    let mut video = open(path, limits)?;
    let mut sampler = Sampler::new(wanted.fps);
    let mut end = End::default();
    let mut undecoded: u64 = 0;
    while let Some(taken) = video.take() {
        end.frames_read += 1;
        if end.frames_read > limits.frames_max {
            let reason = format!("more frames than the limit of {}", limits.frames_max);
            return Err(Stop::refused(FailureKind::TooLarge, reason));
        }
        if taken.time_s > f64::from(limits.seconds_max) {
            return Err(too_long(limits));
        }
        if !sampler.keeps(taken.time_s) {
            continue;
        }
        let Some((width, height)) = video.picture(wanted.side_max)? else {
            undecoded += 1;
            continue;
        };
        if end.frames_sent == 0 {
            out.write(&Record::Header(video.header().clone()))?; // Its size is known only now.
        }
        let Taken { index, time_s } = taken;
        out.frame(&Frame { index, time_s, width, height, rgb: Vec::new() }, video.rgb()?)?;
        end.frames_sent += 1;
    }
    if end.frames_sent == 0 {
        let reason = "no frame of it can be decoded";
        return Err(Stop::refused(FailureKind::NoFrames, reason));
    }
    end.seconds = video.seconds();
    let claimed_s = video.header().duration_s.unwrap_or(0.0);
    end.is_truncated = end.seconds + SLACK_S.max(claimed_s * SLACK_PART) < claimed_s;
    let cut = end.is_truncated.then(|| {
        format!("cut short: {:.1} s of a claimed {claimed_s:.1} s can be decoded", end.seconds)
    });
    let lost = (undecoded > 0).then(|| format!("{undecoded} sampled frames cannot be decoded"));
    end.remark = [cut, lost].into_iter().flatten().reduce(|both, one| format!("{both}; {one}"));
    Ok(end)
}

/// Sends a header, checked by decoding one frame.
pub(crate) fn probe(path: &str, limits: &Limits, out: &mut Writer<impl Write>) -> Result<(), Stop> {
    let mut video = open(path, limits)?;
    let is_decoded = video.take().is_some() && video.picture(None)?.is_some();
    if !is_decoded {
        return Err(Stop::refused(FailureKind::NoFrames, "no frame of it can be decoded"));
    }
    Ok(out.write(&Record::Header(video.header().clone()))?)
}

fn open(path: &str, limits: &Limits) -> Result<Capture, Stop> {
    let container = Container::look(Path::new(path), limits)?;
    if let Container::Sound(name) = container {
        let reason = format!("not a video: the file is sound ({name})");
        return Err(Stop::refused(FailureKind::NotVideo, reason));
    }
    let video = Capture::open(path, container, limits)?;
    let most_s = f64::from(limits.seconds_max);
    // Decoding up to the limit takes minutes; a claim may be a lie, and a frame behind the limit is none.
    let claims_more = video.header().duration_s.is_some_and(|claimed_s| claimed_s > most_s);
    match claims_more && capture::has_frame_after(path, most_s) {
        true => Err(too_long(limits)),
        false => Ok(video),
    }
}

fn too_long(limits: &Limits) -> Stop {
    let seconds = limits.seconds_max;
    let reason = format!("longer than the limit of {seconds} seconds; cut it into shorter clips");
    Stop::refused(FailureKind::TooLarge, reason)
}
