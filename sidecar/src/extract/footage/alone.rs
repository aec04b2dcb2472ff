//! One file looked at and listened to, for a person who wants to see what a run would.

use std::path::Path;

use vitrine_audio::{Sound, analyse};
use vitrine_footage::{Frame, Header, Record, Request, SoundHeader};
use vitrine_people::Picture;
use vitrine_pose::{Moment, Options, Tracker, Tracks};

use super::child::{Child, Said, text};
use super::program::MediaError;
use super::{Bounds, LOOK_SIDE_MAX};
use crate::embed::EmbedError;
use crate::embed::people::{Lookers, with_causes};

/// Frames that are looked at together.
const BATCH_FRAMES: usize = 8;

/// What one file is.
#[derive(Debug, Default)]
pub struct Alone {
    /// Of its pictures, where it has some.
    pub header: Option<Header>,
    /// Frames that were sampled: number in the file, and seconds since the first.
    pub frames: Vec<(u64, f64)>,
    /// Width and height of the frames that were looked at, in pixels.
    pub looked_at: Option<(u32, u32)>,
    /// Seconds of pictures that could be decoded.
    pub seconds: f64,
    /// Who was where when, where somebody looked.
    pub tracks: Option<Tracks>,
    /// Of its sound, where it has some.
    pub sound_header: Option<SoundHeader>,
    /// What was heard.
    pub sound: Option<Sound>,
    /// What could not be read, and why.
    pub remarks: Vec<String>,
}

/// Why nothing can be said of a file.
#[derive(Debug, thiserror::Error)]
pub enum AloneError {
    /// Nothing can be decoded.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The networks are broken.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The file is not one that is read, or ended its decoder.
    #[error("{0}")]
    File(String),
}

/// Asks a child of `program` for all that is known of the file at `path`.
///
/// * `lookers`: who looks for people; without them nobody does.
///
/// # Errors
///
/// See [`AloneError`].
pub fn inspect(
    program: &Path,
    bounds: &Bounds,
    path: &Path,
    lookers: Option<&Lookers>,
) -> Result<Alone, AloneError> {
    let path = text(path).ok_or_else(|| AloneError::File("its name is not UTF-8".to_owned()))?;
    let mut child = Child::start(program, bounds)?;
    let mut alone = Alone::default();
    let limits = bounds.limits.clone();
    child.ask(&Request::Probe { path: path.clone(), limits: limits.clone() });
    answer(&mut child, |record| {
        match record {
            Record::Header(header) => alone.header = Some(header),
            Record::SoundHeader(header) => alone.sound_header = Some(header),
            Record::NoSound(no) => alone.remarks.push(no.reason),
            _ => {}
        }
        Ok(())
    })?;
    if alone.header.is_some() {
        let mut tracker = Tracker::new(Options::default());
        let mut waiting: Vec<Frame> = Vec::new();
        let side_max = Some(LOOK_SIDE_MAX);
        let (fps, limits) = (bounds.fps, limits.clone());
        child.ask(&Request::Watch { path: path.clone(), fps, side_max, limits });
        let (frames, looked_at) = (&mut alone.frames, &mut alone.looked_at);
        let end = answer(&mut child, |record| {
            let Record::Frame(frame) = record else { return Ok(()) };
            frames.push((frame.index, frame.time_s));
            *looked_at = Some((frame.width, frame.height));
            if let Some(lookers) = lookers {
                waiting.push(frame);
                if waiting.len() >= BATCH_FRAMES {
                    look(lookers, &mut waiting, &mut tracker)?;
                }
            }
            Ok(())
        })?;
        if let Some(lookers) = lookers {
            look(lookers, &mut waiting, &mut tracker)?;
            alone.tracks = Some(tracker.finish());
        }
        alone.seconds = end.seconds;
        alone.remarks.extend(end.remark);
    }
    if alone.sound_header.is_some() {
        let mut samples = Vec::new();
        child.ask(&Request::Listen { path, limits });
        let end = answer(&mut child, |record| {
            if let Record::Sound(block) = record {
                let room = vitrine_audio::SAMPLES_MAX.saturating_sub(samples.len());
                samples.extend(block.samples.into_iter().take(room));
            }
            Ok(())
        })?;
        alone.remarks.extend(end.remark);
        match analyse(&samples) {
            Ok(sound) => alone.sound = Some(sound),
            Err(error) => alone.remarks.push(format!("no sound: {error}")),
        }
    }
    child.retire();
    Ok(alone)
}

/// Hands each record of an answer to `take`, until its end.
fn answer(
    child: &mut Child,
    mut take: impl FnMut(Record) -> Result<(), AloneError>,
) -> Result<vitrine_footage::End, AloneError> {
    loop {
        match child.say() {
            Said::Record(Record::End(end)) => return Ok(end),
            Said::Record(Record::Failure(failure)) => return Err(AloneError::File(failure.reason)),
            Said::Record(record) => take(record)?,
            Said::Gone(reason) => return Err(AloneError::File(reason)),
        }
    }
}

fn look(
    lookers: &Lookers,
    waiting: &mut Vec<Frame>,
    tracker: &mut Tracker,
) -> Result<(), AloneError> {
    if waiting.is_empty() {
        return Ok(());
    }
    let broken = |error: vitrine_people::LookError| EmbedError::Model {
        model: lookers.uri().to_owned(),
        reason: with_causes(&error),
    };
    let pictures: Result<Vec<Picture<'_>>, _> =
        waiting.iter().map(|frame| Picture::new(frame.width, frame.height, &frame.rgb)).collect();
    let found = lookers.take(0).look(&pictures.map_err(broken)?).map_err(broken)?;
    for (frame, people) in waiting.drain(..).zip(found) {
        let Frame { time_s, width, height, .. } = frame;
        tracker.push(Moment { time_s, width, height, people });
    }
    Ok(())
}
