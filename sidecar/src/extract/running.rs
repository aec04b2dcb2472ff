//! One child process and its pipes, from start to end.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::UseOfGpu;
use super::budget::Budget;
use super::easels::Easels;
use super::pictures::{Part, Pictures};
use super::pool::{PoolError, Settings, WINDOW};
use super::protocol::{Answer, Hello, Ready, Request};

/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Bytes of pictures behind one answer.
const PICTURES_BYTES_MAX: u64 = 1 << 30;
/// What is kept of a child's last words, in bytes.
const STDERR_BYTES_MAX: usize = 4 << 10;
/// How long a new child may take to say that it is ready.
const START: Duration = Duration::from_secs(30);
/// How long a child whose pipes are closed may take to be gone.
const LEAVES: Duration = Duration::from_millis(300);
/// How often a child is started before the run is given up.
const STARTS_MAX: u32 = 3;

/// A child and its pipes.
pub(super) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(super) answers: Receiver<Answer>,
    /// For each answer that announces some.
    pub(super) pictures: Receiver<Pictures>,
    words: JoinHandle<Vec<u8>>,
    /// The GPU that it draws by, or why by none; nothing where it did not look for one.
    pub(super) gpu: Option<Result<String, String>>,
    /// It has grown and should be replaced.
    pub(super) worn: bool,
}

impl Running {
    /// A child, also where somebody ends the first one or two before they are ready.
    pub(super) fn start_again(
        settings: &Settings,
        budget: &Arc<Budget>,
        easels: &Easels,
    ) -> Result<Self, PoolError> {
        started(
            || Self::start(settings, budget, easels),
            |error| match error {
                PoolError::Stillborn { .. } => true,
                PoolError::Spawn { .. } | PoolError::NoGpu { .. } => false,
            },
        )
    }

    fn start(
        settings: &Settings,
        budget: &Arc<Budget>,
        easels: &Easels,
    ) -> Result<Self, PoolError> {
        let wanted = easels.next(settings.pictures.as_ref());
        let gpu = wanted.as_ref().map_or(UseOfGpu::Never, |wanted| wanted.gpu);
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
        let failed = |source| PoolError::Spawn { program: program.display().to_string(), source };
        // Without our environment: it holds credentials, and a child needs none.
        let mut child = Command::new(&program)
            .arg("worker")
            .env_clear()
            .envs(gpu.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take();
        let (ready, is_ready) = sync_channel(1);
        let (answer, answers) = sync_channel(WINDOW);
        let (picture, pictures) = sync_channel(1);
        let budget = Arc::clone(budget);
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut stdout = BufReader::with_capacity(1 << 16, stdout);
                let mut line = Vec::new();
                if !matches!(stdout.read_until(b'\n', &mut line), Ok(1..)) {
                    return;
                }
                let Ok(said) = serde_json::from_slice::<Ready>(&line) else { return };
                let _ = ready.send(said);
                // Anything but a whole answer ends the conversation; the slot then sees why.
                while let Some(parsed) = next_answer(&mut stdout, &mut line) {
                    let parts = parsed.parts.clone();
                    if answer.send(parsed).is_err() {
                        return;
                    }
                    if parts.is_empty() {
                        continue;
                    }
                    let Some(read) = next_pictures(&mut stdout, parts, &budget) else { return };
                    if picture.send(read).is_err() {
                        return;
                    }
                }
            });
        }
        let stderr = child.stderr.take();
        let words = std::thread::spawn(move || stderr.map(first_words).unwrap_or_default());
        let mut running = Self { child, stdin, answers, pictures, words, gpu: None, worn: false };
        running.tell(&Hello {
            root: settings.root.to_string_lossy().into_owned(),
            limits: settings.bounds.usd.clone(),
            memory_bytes_max: settings.bounds.memory_bytes_max,
            cpu_secs_max: settings.bounds.timeout.as_secs().max(1),
            pictures: wanted,
        });
        match is_ready.recv_timeout(START) {
            Ok(Ready { gpu }) => Ok(Self { gpu, ..running }),
            Err(_) => {
                let (reason, _) = running.ended();
                if gpu != UseOfGpu::Never {
                    easels.ended_opening(&reason);
                }
                let memory_mib = settings.bounds.memory_bytes_max >> 20;
                Err(PoolError::Stillborn { reason, memory_mib })
            }
        }
    }

    pub(super) fn ask(&mut self, request: &Request) {
        self.tell(request);
    }

    fn tell(&mut self, message: &impl serde::Serialize) {
        let Some(stdin) = &mut self.stdin else { return };
        let mut line = serde_json::to_vec(message).expect("our own messages are JSON");
        line.push(b'\n');
        // A child that is gone is noticed by its answers ending.
        let _ = stdin.write_all(&line);
    }

    /// Lets the child end by itself.
    pub(super) fn retire(mut self) {
        drop(self.stdin.take());
        drop((self.answers, self.pictures));
        let _ = self.child.wait();
    }

    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended: see [`ended`].
    pub(super) fn ended(mut self) -> (String, bool) {
        ended(&mut self.child, Some(self.words))
    }
}

/// What `start` gives, which is called again where a child ended before it was ready: a machine without
/// memory, or a person, may end one at any time.
///
/// * `is_stillborn`: whether an error says so.
pub(super) fn started<T, E>(
    start: impl Fn() -> Result<T, E>,
    is_stillborn: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 1..STARTS_MAX {
        match start() {
            Err(error) if is_stillborn(&error) => {}
            started => return started,
        }
    }
    start()
}

/// How a child ended, for people, and whether somebody else ended it: the system without memory, a
/// person.
///
/// * `words`: its standard error.
pub(super) fn ended(child: &mut Child, words: Option<JoinHandle<Vec<u8>>>) -> (String, bool) {
    // Its pipes close a moment before it is gone; and it may still run after it said something that
    // is no answer.
    let asked = Instant::now();
    let mut ended_itself = None;
    while ended_itself.is_none() && asked.elapsed() < LEAVES {
        ended_itself = child.try_wait().ok().flatten();
        std::thread::sleep(LEAVES / 100);
    }
    let _ = child.kill();
    let status = child.wait();
    let signal = ended_itself.and_then(|status| status.signal());
    let is_foreign = signal == Some(Signal::KILL.as_raw());
    let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let words = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let ended = status.map_or_else(|error| error.to_string(), describe);
    // Programs put the reason first and hints below it.
    let said = match words.take(2).collect::<Vec<_>>().join("; ") {
        words if words.is_empty() => ended,
        words => format!("{ended}, saying `{words}`"),
    };
    (said, is_foreign)
}

fn next_answer(stdout: &mut impl BufRead, line: &mut Vec<u8>) -> Option<Answer> {
    line.clear();
    let read = stdout.take(ANSWER_BYTES_MAX).read_until(b'\n', line).ok()?;
    if read == 0 || line.last() != Some(&b'\n') {
        return None;
    }
    let parsed = serde_json::from_slice(line).ok();
    if line.capacity() > 1 << 20 {
        *line = Vec::new(); // One large answer is not kept for ever.
    }
    parsed
}

/// The bytes behind an answer, as soon as there is room for them.
fn next_pictures(
    stdout: &mut impl Read,
    announced: Vec<(Part, u64)>,
    budget: &Arc<Budget>,
) -> Option<Pictures> {
    let bytes = announced.iter().fold(0, |sum: u64, (_, bytes)| sum.saturating_add(*bytes));
    if bytes > PICTURES_BYTES_MAX {
        return None;
    }
    let mut pictures = Pictures { permits: vec![budget.take(bytes)], parts: Vec::new(), by: None };
    for (part, bytes) in announced {
        let mut read = vec![0; usize::try_from(bytes).ok()?];
        stdout.read_exact(&mut read).ok()?;
        pictures.parts.push((part, read));
    }
    Some(pictures)
}

fn describe(status: ExitStatus) -> String {
    match status.signal() {
        None => status.to_string(),
        Some(signal) if signal == Signal::XCPU.as_raw() => "out of CPU time".to_owned(),
        Some(signal) if signal == Signal::ABORT.as_raw() => "aborted".to_owned(),
        Some(signal) if signal == Signal::SEGV.as_raw() => "memory fault".to_owned(),
        Some(signal) if signal == Signal::KILL.as_raw() => "killed".to_owned(),
        Some(signal) => format!("signal {signal}"),
    }
}

/// Reads to the end, keeping the first bytes: where a program says why it ends.
pub(super) fn first_words(mut from: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut piece = [0; 1024];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        let room = STDERR_BYTES_MAX - kept.len();
        kept.extend_from_slice(&piece[..read.min(room)]);
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_child_that_ends_before_it_is_ready_is_started_again_and_other_errors_are_final() {
        for (because, dies, is_stillborn, starts, is_running) in [
            ("it lives", 0, true, 1, true),
            ("the second lives", 1, true, 2, true),
            ("none lives", 9, true, 3, false),
            ("there is no program", 9, false, 1, false),
        ] {
            let calls = Cell::new(0);
            let start = || {
                calls.set(calls.get() + 1);
                if calls.get() > dies { Ok(()) } else { Err(is_stillborn) }
            };
            assert_eq!(started(start, |dead| *dead).is_ok(), is_running, "{because}");
            assert_eq!(calls.get(), starts, "{because}");
        }
    }
}
