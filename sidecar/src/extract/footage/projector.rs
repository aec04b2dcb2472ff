//! Clips to frames and sound: the thread that owns a child.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use vitrine_audio::{Sound, analyse};
use vitrine_footage::{End, Failure, FailureKind, Frame, Header, Record, Request};

use super::child::{Child, Said, text};
use super::program::MediaError;
use super::{Bounds, Heard, LOOK_SIDE_MAX};
use crate::extract::Failed;
use crate::storage::{Storage, StorageError};

/// How often a clip is tried.
const ATTEMPTS_MAX: u32 = 2;
/// Beats that are kept for the report.
const BEATS_MAX: usize = 600;
/// Places of the curve of onsets that are kept for the report.
const ONSETS_MAX: usize = 240;

/// A clip to watch, and what the caller wants back with the answer.
#[derive(Debug)]
pub struct Task<T> {
    /// Path inside the collection.
    pub path: String,
    /// Its bytes, as listed.
    pub size_bytes: u64,
    /// Handed back.
    pub tag: T,
}

/// What comes of clips, one after another.
#[derive(Debug)]
pub enum Reel<T> {
    /// A clip begins.
    Start(T),
    /// What its file says.
    Header(Header),
    /// A frame.
    Frame(Frame),
    /// What came of it so far does not count: it is tried again.
    Again,
    /// It is over.
    End(Box<Ended>),
    /// It has failed.
    Failed(Failed),
    /// No clip can be decoded: the run ends.
    Broken(MediaError),
    /// The store does not give a file: the run ends.
    Unread(StorageError),
}

/// The end of a clip.
#[derive(Debug)]
pub struct Ended {
    /// How far it came.
    pub end: End,
    /// What was heard.
    pub sound: Option<Heard>,
    /// What of it was left out, for people.
    pub remarks: Vec<String>,
    /// When it was begun.
    pub began: Instant,
}

/// Decodes clips by a child that is started when it is needed, and again when it is gone.
pub struct Projector {
    program: PathBuf,
    bounds: Bounds,
    source: Storage,
    child: Option<Child>,
}

/// Nobody wants more.
struct Unheard;

impl Projector {
    /// * `source`: where the clips are.
    pub fn new(program: PathBuf, bounds: Bounds, source: Storage) -> Self {
        Self { program, bounds, source, child: None }
    }

    /// Shows what comes through `tasks` to `reel`, until either ends.
    pub fn run<T>(mut self, tasks: &Arc<Mutex<Receiver<Task<T>>>>, reel: &SyncSender<Reel<T>>) {
        loop {
            let task = {
                let tasks = tasks.lock().unwrap_or_else(|poison| poison.into_inner());
                tasks.recv()
            };
            let Ok(task) = task else { break };
            if self.show(task, reel).is_err() {
                break;
            }
        }
        if let Some(child) = self.child.take() {
            child.retire();
        }
    }

    fn show<T>(&mut self, task: Task<T>, reel: &SyncSender<Reel<T>>) -> Result<(), Unheard> {
        let began = Instant::now();
        let say = |what: Reel<T>| reel.send(what).map_err(|_| Unheard);
        let Task { path, size_bytes, tag } = task;
        say(Reel::Start(tag))?;
        let most = self.bounds.limits.file_bytes_max;
        if size_bytes > most {
            let reason = format!("it has {size_bytes} bytes, more than {most} (limit: file size)");
            return say(Reel::Failed(Failed { reason, attempts: 1 }));
        }
        // A copy goes when its clip is done.
        let scratch = tempfile::tempdir();
        let local = match &scratch {
            Ok(scratch) => self.source.local_copy(&path, scratch.path()),
            Err(error) => {
                let reason = format!("it cannot be copied to this machine: {error}");
                return say(Reel::Failed(Failed { reason, attempts: 1 }));
            }
        };
        let local = match local {
            Ok(local) => local,
            Err(error) => {
                say(Reel::Unread(error))?;
                return Err(Unheard);
            }
        };
        let Some(local) = local.as_deref().and_then(text) else {
            let reason = "it is not there any more, or its name is not UTF-8".to_owned();
            return say(Reel::Failed(Failed { reason, attempts: 1 }));
        };
        for attempt in 1..=ATTEMPTS_MAX {
            if attempt > 1 {
                say(Reel::Again)?;
            }
            match self.watch(&local, began, reel)? {
                Watched::End(ended) => return say(Reel::End(ended)),
                Watched::Refused(Failure { kind, reason }) => {
                    let is_last = kind != FailureKind::Unreachable || attempt == ATTEMPTS_MAX;
                    if is_last {
                        return say(Reel::Failed(Failed { reason, attempts: attempt }));
                    }
                }
                Watched::Gone(reason) => {
                    if let Some(mut child) = self.child.take() {
                        child.kill();
                    }
                    if attempt == ATTEMPTS_MAX {
                        return say(Reel::Failed(Failed { reason, attempts: attempt }));
                    }
                }
                Watched::Broken(error) => {
                    say(Reel::Broken(error))?;
                    return Err(Unheard);
                }
            }
        }
        Ok(())
    }

    /// One try at one clip.
    fn watch<T>(
        &mut self,
        path: &str,
        began: Instant,
        reel: &SyncSender<Reel<T>>,
    ) -> Result<Watched, Unheard> {
        let Self { program, bounds, .. } = self;
        let child = match &mut self.child {
            Some(child) => child,
            none => match Child::start_again(program, bounds) {
                Ok(child) => none.insert(child),
                Err(error) => return Ok(Watched::Broken(error)),
            },
        };
        let limits = bounds.limits.clone();
        let side_max = Some(LOOK_SIDE_MAX);
        let (path, fps) = (path.to_owned(), bounds.fps);
        child.ask(&Request::Watch { path: path.clone(), fps, side_max, limits: limits.clone() });
        let end = loop {
            match child.say() {
                Said::Record(Record::Header(header)) => {
                    reel.send(Reel::Header(header)).map_err(|_| Unheard)?;
                }
                Said::Record(Record::Frame(frame)) => {
                    reel.send(Reel::Frame(frame)).map_err(|_| Unheard)?;
                }
                Said::Record(Record::End(end)) => break end,
                Said::Record(Record::Failure(failure)) => return Ok(Watched::Refused(failure)),
                Said::Record(other) => return Ok(Watched::unexpected(&other)),
                Said::Gone(reason) => return Ok(Watched::Gone(reason)),
            }
        };
        let mut remarks: Vec<String> = end.remark.iter().cloned().collect();
        if end.is_truncated && remarks.is_empty() {
            remarks.push("the video claims to be longer than what could be decoded".to_owned());
        }
        child.ask(&Request::Listen { path, limits });
        let mut samples = Vec::new();
        let heard = loop {
            match child.say() {
                Said::Record(Record::SoundHeader(_)) => {}
                Said::Record(Record::Sound(block)) => {
                    let room = vitrine_audio::SAMPLES_MAX.saturating_sub(samples.len());
                    samples.extend(block.samples.into_iter().take(room));
                }
                Said::Record(Record::NoSound(no)) => remarks.push(no.reason),
                Said::Record(Record::End(end)) => {
                    remarks.extend(end.remark);
                    break listen(&samples, &mut remarks);
                }
                // The pictures are good: a sound that cannot be read costs the sound.
                Said::Record(Record::Failure(failure)) => {
                    remarks.push(format!("no sound: {}", failure.reason));
                    break None;
                }
                Said::Record(other) => return Ok(Watched::unexpected(&other)),
                Said::Gone(reason) => return Ok(Watched::Gone(format!("its sound: {reason}"))),
            }
        };
        Ok(Watched::End(Box::new(Ended { end, sound: heard, remarks, began })))
    }
}

/// What a try came to.
enum Watched {
    End(Box<Ended>),
    /// The decoder says why.
    Refused(Failure),
    /// The child is gone, or has to go.
    Gone(String),
    Broken(MediaError),
}

impl Watched {
    fn unexpected(record: &Record) -> Self {
        let mut said = format!("{record:?}");
        said.truncate(said.floor_char_boundary(80));
        Self::Gone(format!("decoding it gave an answer to another question: {said}"))
    }
}

/// Samples to what is kept of them.
fn listen(samples: &[f32], remarks: &mut Vec<String>) -> Option<Heard> {
    if samples.is_empty() {
        return None;
    }
    match analyse(samples) {
        Ok(sound) => {
            if sound.is_silent() {
                remarks.push("its sound is silence".to_owned());
            }
            Some(Heard::of(&sound))
        }
        Err(error) => {
            remarks.push(format!("no sound: {error}"));
            None
        }
    }
}

impl Heard {
    /// What of a sound a document and a report show.
    pub fn of(sound: &Sound) -> Self {
        let most = sound.onset_strength.iter().copied().fold(0.0_f32, f32::max);
        let frames = sound.onset_strength.len();
        let step = frames.div_ceil(ONSETS_MAX).max(1);
        let peak = |part: &[f32]| part.iter().copied().fold(0.0_f32, f32::max);
        let onsets = match most > 0.0 {
            true => sound.onset_strength.chunks(step).map(|part| peak(part) / most).collect(),
            false => Vec::new(),
        };
        Self {
            vector: sound.embedding(),
            tempo_bpm: Some(sound.tempo_bpm).filter(|tempo| *tempo > 0.0 && tempo.is_finite()),
            beat_times_s: sound.beat_times_s.iter().copied().take(BEATS_MAX).collect(),
            onsets,
            duration_s: f64::from(sound.duration_s),
        }
    }
}
