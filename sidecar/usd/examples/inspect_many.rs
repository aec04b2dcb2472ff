//! Reads files by the public interface alone and says how long it took: our side of `benches/usd.py`.
//!
//! * `inspect_many set ROOT JOBS LIST`: reads all files of LIST, once for each line on stdin, by
//!   JOBS threads with a reader each; answers each line with the seconds it took.
//! * `inspect_many one FILE`: seconds, CPU seconds and peak memory of one file, as JSON.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use vitrine_usd::{Limits, Reader};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["set", root, jobs, list] => set(Path::new(root), jobs, Path::new(list)),
        ["one", file] => one(Path::new(file)),
        _ => {
            eprintln!("usage: inspect_many set ROOT JOBS LIST | inspect_many one FILE");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn set(root: &Path, jobs: &str, list: &Path) -> Result<(), Failure> {
    let jobs: usize = jobs.parse()?;
    let paths: Vec<String> = std::fs::read_to_string(list)?.lines().map(str::to_owned).collect();
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let started = Instant::now();
        round(root, jobs, &paths);
        writeln!(out, "{}", started.elapsed().as_secs_f64())?;
    }
    Ok(())
}

/// Readers are new in each round, so that no layer is remembered from the last one.
fn round(root: &Path, jobs: usize, paths: &[String]) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let mut reader = Reader::new(root, Limits::default());
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A file that does not open took its time too, on both sides.
                    std::hint::black_box(reader.inspect(path).ok());
                }
            });
        }
    });
}

fn one(file: &Path) -> Result<(), Failure> {
    let file: PathBuf = file.canonicalize()?;
    let (Some(root), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str()))
    else {
        return Err("the file has no folder or no name".into());
    };
    let started = Instant::now();
    let found = Reader::new(root, Limits::default()).inspect(name)?;
    let seconds = started.elapsed().as_secs_f64();
    let prims: u64 = found.metadata.prims.values().sum();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak_kb = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak_kb = peak_kb.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
    let peak_kb = peak_kb.ok_or("the kernel names no peak memory")?;
    let answer = serde_json::json!({
        "seconds": seconds,
        "cpu_seconds": cpu_seconds()?,
        "peak_mb": peak_kb / 1024.0,
        "prims": prims,
    });
    println!("{answer}");
    Ok(())
}

/// User and system time of this process, from its start.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may hold spaces: fields are counted from behind it.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err("the kernel names no CPU time".into());
    };
    const TICKS_PER_SECOND: f64 = 100.0; // USER_HZ, fixed on Linux.
    Ok((user + system) / TICKS_PER_SECOND)
}
