//! Chunk files to facts: the first half of work.

use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use vitrine_usd::Inspection;

use super::bringing::Bringing;
use super::lines::LocalFile;
use super::records::{Item, Todo};
use super::work::Job;
use super::{Ground, RunError, step};
use crate::catalog::layout;
use crate::extract::Failed;
use crate::extract::footage::Film;
use crate::extract::mirror::{Mirror, ROUNDS_MAX};
use crate::extract::pictures::{Pictures, Undrawn, Wanted};
use crate::extract::pool::{self, Done, PoolError, Settings, Task};
use crate::storage::{Bucket, Listing, Storage};

/// Neighbours that one child reads in a row, at most.
const GROUP_MAX: u64 = 32;
/// Assets of a bucket that are fetched together.
const WINDOW: usize = 64;

/// An asset that can be described.
pub(super) struct Ready {
    /// The chunk it belongs to.
    pub(super) chunk: u32,
    pub(super) item: Item,
    pub(super) facts: Facts,
}

/// Where the facts of an asset come from.
pub(super) enum Facts {
    /// It was read.
    Read {
        result: Result<Box<Inspection>, Failed>,
        /// Its pictures, or why there are none; neither where none are wanted.
        pictures: Option<Result<Box<Pictures>, Undrawn>>,
        /// Where its views are brought: what came of that.
        brought: Option<Bringing>,
        took: Duration,
    },
    /// An earlier run or session has them.
    Known {
        /// What models are to see of its views, or why nothing; neither where none looks.
        pictures: Option<Result<Box<Pictures>, Undrawn>>,
    },
    /// It is a clip, and was looked at and listened to.
    Filmed { result: Result<Box<Film>, Failed>, took: Duration },
}

/// An asset on its way through a child.
pub(super) struct Travelling {
    pub(super) chunk: u32,
    pub(super) item: Item,
}

type Tasks = SyncSender<Vec<Task<Travelling>>>;
type Answers = Receiver<Result<Done<Travelling>, PoolError>>;

/// Hands every item of the job's chunks to `ready`, read where it has to be.
pub(super) fn read_all(
    ground: &Ground<'_>,
    job: &Job<'_>,
    pictures: Option<Wanted>,
    ready: &SyncSender<Result<Ready, RunError>>,
) -> Result<(), RunError> {
    let draws = pictures.is_some();
    let settings = |root| Settings {
        root,
        bounds: ground.settings.bounds.clone(),
        jobs: ground.settings.jobs,
        pictures,
    };
    let jobs = ground.settings.jobs.max(1);
    let group = job.to_read.div_ceil(8 * jobs as u64).clamp(1, GROUP_MAX) as usize;
    match &ground.source {
        Storage::Folder(folder) => {
            let (tasks, waiting) = step(2 * jobs);
            let (done, answers) = step(2 * GROUP_MAX as usize);
            let pool = pool::start(&settings(folder.root().to_owned()), waiting, &done)?;
            drop(done);
            std::thread::scope(|scope| {
                let forwarding = scope.spawn(|| forward(answers, ready));
                let direct = Direct { tasks, group, draws, open: Vec::new() };
                let fed = feed(ground, job, ready, direct);
                join(forwarding.join());
                fed
            })?;
            pool.into_iter().for_each(|slot| join(slot.join()));
            Ok(())
        }
        Storage::Bucket(bucket) => {
            let (tasks, waiting) = step(WINDOW);
            let (done, answers) = step(WINDOW);
            let mirror = mirror(ground, bucket, (job.listing, draws))?;
            let pool = pool::start(&settings(mirror.folder().to_owned()), waiting, &done)?;
            drop(done);
            let open = Vec::new();
            let mirrored = Mirrored { mirror, tasks, answers, ready, group, draws, open };
            feed(ground, job, ready, mirrored)?;
            pool.into_iter().for_each(|slot| join(slot.join()));
            Ok(())
        }
    }
}

pub(super) fn join<T>(ended: std::thread::Result<T>) -> T {
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn mirror<'a>(
    ground: &Ground<'_>,
    bucket: &'a Bucket,
    (listing, draws): (&'a Listing, bool),
) -> Result<Mirror<'a>, RunError> {
    let bytes_max = ground.settings.bounds.usd.file_bytes_max;
    let made = Mirror::new(bucket, listing, bytes_max, draws);
    made.map_err(RunError::io("write", "the folder for fetched files; see VITRINE_CACHE_DIR"))
}

/// Nobody wants more: the reason is told elsewhere.
pub(super) struct Unheard;

/// A way to get items read.
pub(super) trait Reading {
    /// Takes one.
    fn take(&mut self, travelling: Travelling) -> Result<Result<(), Unheard>, RunError>;
    /// There are no more.
    fn end(self) -> Result<(), RunError>;
}

pub(super) fn feed(
    ground: &Ground<'_>,
    job: &Job<'_>,
    ready: &SyncSender<Result<Ready, RunError>>,
    mut reading: impl Reading,
) -> Result<(), RunError> {
    let scratch = RunError::scratch()?;
    for &chunk in &job.chunks {
        let name = layout::chunk(job.plan.run, chunk);
        let mut lines = LocalFile::need(&ground.out, &name, scratch.path())?.lines()?;
        while let Some((_, item)) = lines.next::<Item>()? {
            if job.done.contains(&item.id) {
                continue;
            }
            let heard = match item.todo {
                Todo::Read => reading.take(Travelling { chunk, item })?.is_ok(),
                Todo::Describe { .. } | Todo::Send(_) => ready
                    .send(Ok(Ready { chunk, item, facts: Facts::Known { pictures: None } }))
                    .is_ok(),
            };
            if !heard {
                return Ok(());
            }
        }
    }
    reading.end()
}

fn forward(answers: Answers, ready: &SyncSender<Result<Ready, RunError>>) {
    for done in answers {
        if ready.send(done.map(finished).map_err(RunError::from)).is_err() {
            return;
        }
    }
}

fn finished(done: Done<Travelling>) -> Ready {
    let Done { path: _, tag: Travelling { chunk, item }, result, pictures, took } = done;
    Ready { chunk, item, facts: Facts::Read { result, pictures, brought: None, took } }
}

fn task(travelling: Travelling, fresh: bool, draws: bool) -> Task<Travelling> {
    Task { path: travelling.item.path.clone(), fresh, draws, tag: travelling }
}

/// Children read the library itself.
struct Direct {
    tasks: Tasks,
    group: usize,
    draws: bool,
    open: Vec<Task<Travelling>>,
}

impl Direct {
    fn send(&mut self) -> Result<(), Unheard> {
        self.tasks.send(std::mem::take(&mut self.open)).map_err(|_| Unheard)
    }
}

impl Reading for Direct {
    fn take(&mut self, travelling: Travelling) -> Result<Result<(), Unheard>, RunError> {
        self.open.push(task(travelling, false, self.draws));
        Ok(if self.open.len() < self.group { Ok(()) } else { self.send() })
    }

    fn end(mut self) -> Result<(), RunError> {
        if !self.open.is_empty() {
            let _ = self.send(); // Unheard: the reason is told by whoever stopped listening.
        }
        Ok(())
    }
}

/// Children read a mirror, window by window, until nothing new arrives.
struct Mirrored<'a> {
    mirror: Mirror<'a>,
    tasks: Tasks,
    answers: Answers,
    ready: &'a SyncSender<Result<Ready, RunError>>,
    group: usize,
    draws: bool,
    /// Assets of the window, and whether all that each needs is there.
    open: Vec<(Travelling, bool)>,
}

impl Mirrored<'_> {
    fn read_window(&mut self) -> Result<Result<(), Unheard>, RunError> {
        self.mirror.make_room();
        let mut wanted: Vec<String> =
            self.open.iter().map(|(travelling, _)| travelling.item.path.clone()).collect();
        for round in 0..ROUNDS_MAX {
            self.mirror.bring(&wanted)?;
            wanted.clear();
            let mut sent = 0;
            let mut group = Vec::new();
            for (travelling, is_whole) in std::mem::take(&mut self.open) {
                // What a child saw missing before may be there now.
                group.push(task(travelling, group.is_empty(), self.draws && is_whole));
                sent += 1;
                if group.len() >= self.group && self.tasks.send(std::mem::take(&mut group)).is_err()
                {
                    return Ok(Err(Unheard));
                }
            }
            if !group.is_empty() && self.tasks.send(group).is_err() {
                return Ok(Err(Unheard));
            }
            for _ in 0..sent {
                let Ok(done) = self.answers.recv() else { return Ok(Err(Unheard)) };
                let done = done?;
                let more = match &done.result {
                    Ok(inspection) => self.mirror.wanted(inspection),
                    Err(_) => Vec::new(),
                };
                let is_last = round + 1 == ROUNDS_MAX;
                // Drawn once, with all that came.
                let is_undrawn = self.draws && done.result.is_ok() && done.pictures.is_none();
                if more.is_empty() && is_undrawn && !is_last {
                    self.open.push((done.tag, true));
                } else if more.is_empty() || is_last {
                    if self.ready.send(Ok(finished(done))).is_err() {
                        return Ok(Err(Unheard));
                    }
                } else {
                    wanted.extend(more);
                    self.open.push((done.tag, false));
                }
            }
            if self.open.is_empty() {
                break;
            }
        }
        Ok(Ok(()))
    }
}

impl Reading for Mirrored<'_> {
    fn take(&mut self, travelling: Travelling) -> Result<Result<(), Unheard>, RunError> {
        self.open.push((travelling, false));
        if self.open.len() < WINDOW { Ok(Ok(())) } else { self.read_window() }
    }

    fn end(mut self) -> Result<(), RunError> {
        if !self.open.is_empty() {
            let _ = self.read_window()?; // Unheard: as above.
        }
        Ok(())
    }
}
