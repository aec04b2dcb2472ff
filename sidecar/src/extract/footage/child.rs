//! One child that decodes: its pipes, its limits, its deadline.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit};
use vitrine_footage::{PROTOCOL, Reader, Record, Request, WireError};

use super::program::MediaError;
use super::{Bounds, LOOK_SIDE_MAX};
use crate::extract::running::{ended, first_words, started};

/// Records that wait between the pipe and who takes them.
const RECORDS_WAITING: usize = 2;
/// How long a new child may take to say that it is ready: it loads FFmpeg.
const START: Duration = Duration::from_secs(30);

/// What FFmpeg may take a file for, and that it opens nothing but files.
const DEMUXERS: &str = "format_whitelist;mov,mp4,matroska,webm,avi|protocol_whitelist;file";

/// A child and its pipes.
pub struct Child {
    child: std::process::Child,
    stdin: Option<ChildStdin>,
    records: Receiver<Result<Record, WireError>>,
    words: Option<JoinHandle<Vec<u8>>>,
    bounds: Bounds,
    /// Time that this request has waited for the child.
    waited: Duration,
    /// What decodes, with versions.
    decoder: String,
}

/// What a child says next.
#[derive(Debug)]
pub enum Said {
    /// A record.
    Record(Record),
    /// It is gone, or has to go: why.
    Gone(String),
}

impl Child {
    /// Starts `program` with limits.
    ///
    /// # Errors
    ///
    /// When it does not start or is of another version.
    pub fn start(program: &Path, bounds: &Bounds) -> Result<Self, MediaError> {
        let name = program.display().to_string();
        let failed = |source| MediaError::Spawn { program: name.clone(), source };
        // Without our environment: it holds credentials, and a child needs none.
        let mut child = Command::new(program)
            .arg("worker")
            .env_clear()
            // FFmpeg guesses by content, and a manifest would name other files.
            .env("OPENCV_FFMPEG_CAPTURE_OPTIONS", DEMUXERS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Err(error) = confine(&child, bounds) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(error.into()));
        }
        let stdin = child.stdin.take();
        let (record, records) = sync_channel(RECORDS_WAITING);
        let pixels_max = u64::from(LOOK_SIDE_MAX) * u64::from(LOOK_SIDE_MAX);
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let stdout = BufReader::with_capacity(1 << 18, stdout);
                let mut reader = Reader::new(stdout, pixels_max);
                loop {
                    let read = reader.read();
                    let is_last = read.is_err();
                    if record.send(read).is_err() || is_last {
                        return;
                    }
                }
            });
        }
        let stderr = child.stderr.take();
        let words = std::thread::spawn(move || stderr.map(first_words).unwrap_or_default());
        let mut this = Self {
            child,
            stdin,
            records,
            words: Some(words),
            bounds: bounds.clone(),
            waited: Duration::ZERO,
            decoder: String::new(),
        };
        match this.records.recv_timeout(START) {
            Ok(Ok(Record::Hello(hello))) if hello.protocol == PROTOCOL => {
                this.decoder = hello.decoder;
                Ok(this)
            }
            Ok(Ok(Record::Hello(hello))) => {
                this.kill();
                let (found, wanted) = (hello.protocol, PROTOCOL);
                Err(MediaError::Protocol { program: name, found, wanted })
            }
            _ => Err(MediaError::Stillborn { program: name, reason: this.ended() }),
        }
    }

    /// As [`Child::start`], again where the child ends before it is ready.
    ///
    /// # Errors
    ///
    /// As [`Child::start`].
    pub fn start_again(program: &Path, bounds: &Bounds) -> Result<Self, MediaError> {
        started(
            || Self::start(program, bounds),
            |error| match error {
                MediaError::Stillborn { .. } => true,
                MediaError::Missing { .. }
                | MediaError::Spawn { .. }
                | MediaError::Protocol { .. } => false,
            },
        )
    }

    /// What decodes, with versions.
    pub fn decoder(&self) -> &str {
        &self.decoder
    }

    /// Asks for something; its deadline begins now.
    pub fn ask(&mut self, request: &Request) {
        self.waited = Duration::ZERO;
        self.allow_cpu();
        // A child that is gone is noticed by its answer ending.
        if let Some(stdin) = &mut self.stdin {
            let _ = request.write(stdin);
        }
    }

    /// Lets the next request take so much CPU time as its deadline allows every core, counted from now.
    fn allow_cpu(&self) {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let secs = self.bounds.timeout.as_secs().max(1).saturating_mul(cores);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        // Behind the name, which may hold anything: user and system time are the 12th and 13th.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
        let used = ticks / rustix::param::clock_ticks_per_second().max(1);
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let current = Some(used.saturating_add(secs).saturating_add(1));
        // Where it is gone already, its answer tells.
        let _ = rustix::process::prlimit(pid, Resource::Cpu, Rlimit { current, maximum: None });
    }

    /// What it says next; after [`Said::Gone`] it is of no more use.
    pub fn say(&mut self) -> Said {
        let asked = Instant::now();
        let left = self.bounds.timeout.saturating_sub(self.waited);
        let said = self.records.recv_timeout(left);
        self.waited += asked.elapsed();
        match said {
            Ok(Ok(record)) => Said::Record(record),
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                let secs = self.bounds.timeout.as_secs_f64();
                Said::Gone(format!("decoding took longer than {secs} s (limit: timeout)"))
            }
            Ok(Err(WireError::Ended)) | Err(RecvTimeoutError::Disconnected) => {
                let (how, _) = ended(&mut self.child, self.words.take());
                let mib = self.bounds.memory_bytes_max >> 20;
                let secs = self.bounds.timeout.as_secs_f64();
                Said::Gone(format!(
                    "decoding it ended its process: {how} (limits: memory {mib} MiB, timeout {secs} s)"
                ))
            }
            Ok(Err(error @ (WireError::Pipe(_) | WireError::Malformed(_)))) => {
                let _ = self.child.kill();
                Said::Gone(format!("decoding it gave what is no answer: {error}"))
            }
        }
    }

    /// Lets it end by itself.
    pub fn retire(mut self) {
        drop(self.stdin.take());
        drop(self.records);
        let _ = self.child.wait();
    }

    /// Ends it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended, for people.
    fn ended(mut self) -> String {
        ended(&mut self.child, self.words.take()).0
    }
}

/// Bounds the child's memory and CPU time, whatever it bounds itself.
fn confine(child: &std::process::Child, bounds: &Bounds) -> Result<(), rustix::io::Errno> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let most = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::prlimit(pid, Resource::Data, most(bounds.memory_bytes_max))?;
    rustix::process::prlimit(pid, Resource::Core, most(0))?;
    rustix::process::prlimit(pid, Resource::Fsize, most(0))?;
    Ok(())
}

/// The path of a file, as a request takes it.
pub(super) fn text(path: &Path) -> Option<String> {
    let whole: PathBuf = std::path::absolute(path).ok()?;
    whole.to_str().map(str::to_owned)
}
