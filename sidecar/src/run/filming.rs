//! Chunk files to films: the first half of work, where a run carries clips.

use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use vitrine_pose::RoleHint;

use super::clips::{Clips, role_hint};
use super::reading::{Facts, Reading, Ready, Travelling, Unheard, feed, join};
use super::watch::Watch;
use super::work::Job;
use super::{Ground, RunError, step};
use crate::embed::people::Lookers;
use crate::extract::Failed;
use crate::extract::footage::{self, Audience, Film, Projector, Reel, Seat, Task, view};

/// Frames and other news between a projector and its viewer: with the records behind it in the pipe,
/// a batch is decoded while the one before it is looked at, and no more. A frame has 1.5 MB.
const REEL_WAITING: usize = 6;

type Tasks = SyncSender<Task<Travelling>>;

/// Hands every item of the job's chunks to `ready`, watched where it has to be.
///
/// * `people`: none where no clip has to be.
pub(super) fn film_all(
    ground: &Ground<'_>,
    job: &Job<'_>,
    (clips, people): (&Clips, Option<Lookers>),
    ready: &SyncSender<Result<Ready, RunError>>,
) -> Result<(), RunError> {
    let Some(lookers) = &people else {
        return feed(ground, job, ready, Nothing);
    };
    let program = footage::program()?;
    let bounds = clips.footage();
    let jobs = ground.settings.jobs.clamp(1, usize::try_from(job.to_read).unwrap_or(1).max(1));
    let (tasks, waiting) = step(1);
    let waiting: Arc<Mutex<Receiver<Task<Travelling>>>> = Arc::new(Mutex::new(waiting));
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..jobs)
            .map(|lane| {
                let (reel, shown) = step::<Reel<Travelling>>(REEL_WAITING);
                let projector =
                    Projector::new(program.clone(), bounds.clone(), ground.source.clone());
                let waiting = Arc::clone(&waiting);
                scope.spawn(move || projector.run(&waiting, &reel));
                scope.spawn(move || {
                    let watch = ground.watch;
                    let mut audience = Waiting { ready, watch, began: Instant::now() };
                    let ended = view(shown, Seat { lookers, lane }, &mut audience);
                    if let Err(error) = ended {
                        // Whoever describes ends the run with it; unheard, it has ended already.
                        let _ = ready.send(Err(RunError::from(error)));
                    }
                })
            })
            .collect();
        drop(waiting);
        let fed = feed(ground, job, ready, Filming { tasks });
        lanes.into_iter().for_each(|lane| join(lane.join()));
        fed
    })
}

/// Clips on their way to the projectors.
struct Filming {
    tasks: Tasks,
}

impl Reading for Filming {
    fn take(&mut self, travelling: Travelling) -> Result<Result<(), Unheard>, RunError> {
        let (path, size_bytes) = (travelling.item.path.clone(), travelling.item.size_bytes);
        let task = Task { path, size_bytes, tag: travelling };
        Ok(self.tasks.send(task).map_err(|_| Unheard))
    }

    fn end(self) -> Result<(), RunError> {
        Ok(())
    }
}

/// Where no clip is to be watched.
struct Nothing;

impl Reading for Nothing {
    fn take(&mut self, _: Travelling) -> Result<Result<(), Unheard>, RunError> {
        Ok(Err(Unheard))
    }

    fn end(self) -> Result<(), RunError> {
        Ok(())
    }
}

/// Whoever describes.
struct Waiting<'a> {
    ready: &'a SyncSender<Result<Ready, RunError>>,
    watch: &'a dyn Watch,
    /// When the clip that is done next was begun, or the one before it was done.
    began: Instant,
}

impl Audience<Travelling> for Waiting<'_> {
    fn hint(&self, tag: &Travelling) -> RoleHint {
        role_hint(tag.item.annotation.as_deref())
    }

    fn looked(&self, tag: &Travelling, frames: u64) {
        self.watch.frames(&tag.item.path, frames);
    }

    fn done(&mut self, tag: Travelling, film: Result<Box<Film>, Failed>) -> bool {
        let Travelling { chunk, item } = tag;
        let took = self.began.elapsed();
        self.began = Instant::now();
        let facts = Facts::Filmed { result: film, took };
        self.ready.send(Ok(Ready { chunk, item, facts })).is_ok()
    }
}
