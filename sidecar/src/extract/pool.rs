//! The parent's side: child processes that read assets, each with limits and a deadline.
//!
//! Tasks come in groups of neighbouring paths; one child reads a whole group, because what
//! neighbours share stays parsed in it. A few requests wait in each child's pipe, so that it never
//! idles for an answer to travel. When a child dies or is late, the asset it was reading is tried
//! once more alone, in a new child, and then given up with a reason; the others go on.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use vitrine_usd::Inspection;

use super::budget::Budget;
use super::easels::Easels;
use super::pictures::{Pictures, Undrawn, Wanted};
use super::protocol::Request;
use super::running::Running;
use super::{Bounds, Failed, UseOfGpu};

/// Requests waiting in one child's pipe. A path has 4 KiB at most and a pipe holds 64 KiB, so
/// writing one never blocks.
pub(super) const WINDOW: usize = 8;
/// Bytes of pictures that all children together may have given and nobody taken away yet.
const PICTURES_WAITING_BYTES_MAX: u64 = 512 << 20;
/// A child that holds this much is replaced between two assets.
const RECYCLE_BYTES: u64 = 1 << 30;
/// How often an asset is tried; one that is to be drawn once more, without being drawn.
const ATTEMPTS_MAX: u32 = 2;

/// An asset to read, and what the caller wants back with the answer.
#[derive(Debug)]
pub struct Task<T> {
    /// Path inside the library.
    pub path: String,
    /// Whether files have arrived since this asset was read last.
    pub fresh: bool,
    /// Whether it is to be drawn as well, where pictures are wanted at all.
    pub draws: bool,
    /// Handed back in [`Done`].
    pub tag: T,
}

/// An asset that was read or given up.
#[derive(Debug)]
pub struct Done<T> {
    /// Path inside the library.
    pub path: String,
    /// From the [`Task`].
    pub tag: T,
    /// Facts, or why there are none.
    pub result: Result<Box<Inspection>, Failed>,
    /// Its pictures, or why there are none; neither where none were asked for.
    pub pictures: Option<Result<Box<Pictures>, Undrawn>>,
    /// Time it took its child, waiting in the pipe not counted.
    pub took: Duration,
}

/// Why no asset can be read at all. Ends the run.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The program could not be started again as a child.
    #[error("cannot start a child process of {program}")]
    Spawn {
        /// This program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A new child ended before it read anything.
    #[error(
        "a child process ended before it could read anything ({reason}); is the memory limit of \
         {memory_mib} MiB too small?"
    )]
    Stillborn {
        /// How it ended.
        reason: String,
        /// The limit in force.
        memory_mib: u64,
    },
    /// A GPU was demanded.
    #[error(
        "device.provider demands a GPU, this run has no model that would use it, and it cannot draw \
         pictures: {reason}; configure `auto` to have them drawn on the processor"
    )]
    NoGpu {
        /// Why none draws.
        reason: String,
    },
}

/// What every child is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The library's folder.
    pub root: PathBuf,
    /// Limits on one asset.
    pub bounds: Bounds,
    /// Children at once.
    pub jobs: usize,
    /// The pictures that they make, where they make any.
    pub pictures: Option<Wanted>,
}

/// Starts `settings.jobs` children that read what comes through `tasks` and answer through
/// `done`, in any order. It ends when `tasks` ends and all is answered, or when nobody listens.
///
/// # Errors
///
/// Where a GPU is demanded: that the first child has none, or does not start.
pub fn start<T: Send + 'static>(
    settings: &Settings,
    tasks: Receiver<Vec<Task<T>>>,
    done: &SyncSender<Result<Done<T>, PoolError>>,
) -> Result<Vec<JoinHandle<()>>, PoolError> {
    let tasks = Arc::new(Mutex::new(tasks));
    let budget = Budget::new(PICTURES_WAITING_BYTES_MAX);
    let easels = Arc::new(Easels::default());
    let mut first = match settings.pictures.as_ref().map(|wanted| wanted.gpu) {
        None | Some(UseOfGpu::Never | UseOfGpu::Possible) => None,
        Some(UseOfGpu::Demanded) => Some(with_gpu(settings, &budget, &easels)?),
    };
    let one = |_| {
        let slot = Slot {
            settings: settings.clone(),
            tasks: Arc::clone(&tasks),
            done: done.clone(),
            budget: Arc::clone(&budget),
            easels: Arc::clone(&easels),
            waiting: VecDeque::new(),
            in_flight: VecDeque::new(),
            running: first.take(),
            head_since: Instant::now(),
        };
        std::thread::spawn(move || slot.run())
    };
    Ok((0..settings.jobs.max(1)).map(one).collect())
}

/// A child that draws by a GPU.
fn with_gpu(
    settings: &Settings,
    budget: &Arc<Budget>,
    easels: &Easels,
) -> Result<Running, PoolError> {
    let running = Running::start_again(settings, budget, easels)?;
    match &running.gpu {
        Some(found @ Ok(_)) => easels.found(found),
        Some(Err(reason)) => return Err(PoolError::NoGpu { reason: reason.clone() }),
        None => {
            let reason = "opening it ended a child process".to_owned();
            return Err(PoolError::NoGpu { reason });
        }
    }
    Ok(running)
}

/// One place for a child, and the tasks it was given.
struct Slot<T> {
    settings: Settings,
    tasks: Arc<Mutex<Receiver<Vec<Task<T>>>>>,
    done: SyncSender<Result<Done<T>, PoolError>>,
    budget: Arc<Budget>,
    easels: Arc<Easels>,
    waiting: VecDeque<Try<T>>,
    in_flight: VecDeque<Try<T>>,
    running: Option<Running>,
    head_since: Instant,
}

struct Try<T> {
    task: Task<T>,
    failures: u32,
    /// Why it is not drawn this time: it ended a child twice.
    undrawn: Option<Undrawn>,
}

impl<T> Try<T> {
    fn draws(&self) -> bool {
        self.task.draws && self.undrawn.is_none()
    }
}

/// Nobody wants more answers.
struct Unheard;

impl<T: Send + 'static> Slot<T> {
    fn run(mut self) {
        loop {
            self.refill();
            if self.waiting.is_empty() && self.in_flight.is_empty() {
                break;
            }
            if let Err(error) = self.send() {
                let _ = self.done.send(Err(error)); // Not heard: the run has ended already.
                break;
            }
            if let Err(Unheard) = self.await_answer() {
                break;
            }
        }
        if let Some(running) = self.running.take() {
            running.retire();
        }
    }

    /// Takes the next group, waiting for it only where there is nothing else to do.
    fn refill(&mut self) {
        if !self.waiting.is_empty() || self.in_flight.len() > WINDOW / 2 {
            return;
        }
        let group = if self.in_flight.is_empty() {
            let tasks = self.tasks.lock().unwrap_or_else(|poison| poison.into_inner());
            tasks.recv().ok()
        } else {
            match self.tasks.try_lock() {
                Ok(tasks) => tasks.try_recv().ok(),
                // Another slot waits there for work: there is none to take.
                Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => None,
            }
        };
        let tries =
            group.into_iter().flatten().map(|task| Try { task, failures: 0, undrawn: None });
        self.waiting.extend(tries);
    }

    /// Fills the child's pipe. An asset that failed before is alone in its child.
    fn send(&mut self) -> Result<(), PoolError> {
        while let Some(next) = self.waiting.front() {
            let alone = |tried: &Try<T>| tried.failures > 0;
            let full = self.in_flight.len() >= WINDOW
                || (alone(next) && !self.in_flight.is_empty())
                || self.in_flight.iter().any(alone);
            if full {
                break;
            }
            if self.running.as_ref().is_some_and(|running| running.worn) {
                if !self.in_flight.is_empty() {
                    break;
                }
                if let Some(old) = self.running.take() {
                    old.retire();
                }
            }
            let running = match &mut self.running {
                Some(running) => running,
                none => {
                    let new = Running::start_again(&self.settings, &self.budget, &self.easels)?;
                    new.gpu.iter().for_each(|found| self.easels.found(found));
                    none.insert(new)
                }
            };
            let Some(next) = self.waiting.pop_front() else { break };
            if self.in_flight.is_empty() {
                self.head_since = Instant::now();
            }
            running.ask(&Request {
                path: next.task.path.clone(),
                fresh: next.task.fresh,
                draws: next.draws(),
                by_processor: next.failures > 0,
            });
            self.in_flight.push_back(next);
        }
        Ok(())
    }

    fn await_answer(&mut self) -> Result<(), Unheard> {
        let recycle_bytes = RECYCLE_BYTES.min(self.settings.bounds.memory_bytes_max / 2);
        let Some(running) = &mut self.running else { return Ok(()) };
        let left = self.settings.bounds.timeout.saturating_sub(self.head_since.elapsed());
        match running.answers.recv_timeout(left) {
            Ok(answer) => {
                let took = self.head_since.elapsed();
                running.worn = answer.resident_bytes > recycle_bytes;
                // Its pictures wait for room: that is not the asset's time.
                let parts = match answer.parts.is_empty() {
                    true => Ok(Pictures::default()),
                    false => running.pictures.recv(),
                };
                if let Some(remark) = &answer.remark {
                    self.easels.say(remark);
                }
                let Ok(pictures) = parts else { return self.ended() };
                let Some(Try { task, failures, undrawn }) = self.in_flight.pop_front() else {
                    return Ok(());
                };
                if let Some(by) = answer.by {
                    self.easels.drew(by, failures > 0);
                }
                let failed = |reason| Failed { reason, attempts: failures + 1 };
                let undrawn = undrawn.or(answer.undrawn.map(Undrawn::from));
                let pictures = task.draws.then(|| match undrawn {
                    None => Ok(Box::new(Pictures { by: answer.by, ..pictures })),
                    Some(reason) => Err(reason),
                });
                self.finish(task, answer.result.map_err(failed), pictures, took)
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(old) = self.running.take() {
                    old.kill();
                }
                let secs = self.settings.bounds.timeout.as_secs_f64();
                let reason = format!("reading took longer than {secs} s (limit: timeout)");
                self.blame(Undrawn { reason, may_pass: false })
            }
            Err(RecvTimeoutError::Disconnected) => self.ended(),
        }
    }

    /// The child is gone.
    fn ended(&mut self) -> Result<(), Unheard> {
        let (ended, is_foreign) = self.running.take().map(Running::ended).unwrap_or_default();
        let mib = self.settings.bounds.memory_bytes_max >> 20;
        let reason = format!(
            "reading it ended its process: {ended} (limits: memory {mib} MiB, timeout {} s)",
            self.settings.bounds.timeout.as_secs_f64()
        );
        self.blame(Undrawn { reason, may_pass: is_foreign })
    }

    /// The asset that was being read when the child went down is tried alone or given up; those
    /// behind it in the pipe are innocent.
    fn blame(&mut self, why: Undrawn) -> Result<(), Unheard> {
        let Some(mut head) = self.in_flight.pop_front() else { return Ok(()) };
        while let Some(innocent) = self.in_flight.pop_back() {
            self.waiting.push_front(innocent);
        }
        head.failures += 1;
        if head.failures < ATTEMPTS_MAX {
            self.waiting.push_front(head);
            return Ok(());
        }
        if head.draws() {
            // What cannot be drawn may still be read.
            head.undrawn = Some(why);
            self.waiting.push_front(head);
            return Ok(());
        }
        let failed = Failed { reason: why.reason, attempts: head.failures };
        let took = self.head_since.elapsed();
        self.finish(head.task, Err(failed), None, took)
    }

    fn finish(
        &mut self,
        task: Task<T>,
        result: Result<Box<Inspection>, Failed>,
        pictures: Option<Result<Box<Pictures>, Undrawn>>,
        took: Duration,
    ) -> Result<(), Unheard> {
        let Task { path, fresh: _, draws: _, tag } = task;
        let heard = self.done.send(Ok(Done { path, tag, result, pictures, took }));
        self.head_since = Instant::now(); // After sending: its wait is not the next one's time.
        heard.map_err(|_| Unheard)
    }
}
