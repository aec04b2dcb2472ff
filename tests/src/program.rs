//! Running `vitrine` as a user does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The program `vitrine` of this build.
///
/// # Panics
///
/// When it was not built.
pub fn vitrine() -> PathBuf {
    built("vitrine")
}

/// A program of this build: `cargo build --workspace --bins` makes it, `make test` does so.
///
/// # Panics
///
/// When it was not built.
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    // target/<profile>/deps/<test>
    let profile = test.ancestors().nth(2).expect("tests lie two folders below their profile's");
    let program = profile.join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build --workspace --bins` first, or `make test`",
        program.display()
    );
    program
}

/// What keeps runs from drawing.
const DRAWS_NOT: &str = "VITRINE_VIEWS__THUMBNAILS";

/// A call of the program that reads no configuration and no settings but those given. Runs draw
/// nothing, unless [`draws`] lets them: unoptimised, pictures would be most of the tests' time.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(vitrine());
    command.args(arguments).current_dir(std::env::temp_dir());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let kept = name == "VITRINE_CACHE_DIR";
        let foreign = ["VITRINE_", "AWS_", "ELASTICSEARCH_"];
        if !kept && foreign.iter().any(|start| name.starts_with(start)) {
            command.env_remove(name);
        }
    }
    if matches!(arguments, ["catalog" | "run", ..]) {
        command.env(DRAWS_NOT, "false");
    }
    command
}

/// Lets a call of the program draw, as it does for users.
pub fn draws(command: &mut Command) -> &mut Command {
    command.env_remove(DRAWS_NOT)
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Takes what the system says.
    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output as JSON, after a call that must have ended with `code`.
    ///
    /// # Panics
    ///
    /// When it did not.
    pub fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.stdout))
    }
}

/// Runs a command to its end.
///
/// # Panics
///
/// When it cannot be started.
pub fn run(command: &mut Command) -> Ended {
    Ended::new(command.output().expect("the program can be started"))
}

/// Starts a command and leaves it running, its output kept for later.
///
/// # Panics
///
/// When it cannot be started.
pub fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started")
}

/// Sends `signal` (`STOP`, `CONT`, `KILL`) to a process that may be gone already.
pub fn signal(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    assert!(sent.is_ok(), "`kill` is part of every system");
}

/// Processes that `pid` started and that still run.
pub fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task");
    let tasks = std::fs::read_dir(path).map(|tasks| tasks.flatten().collect::<Vec<_>>());
    let lists = tasks.unwrap_or_default().into_iter().map(|task| task.path().join("children"));
    let texts = lists.filter_map(|list| std::fs::read_to_string(list).ok());
    texts
        .flat_map(|text| text.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Parses a JSON file.
///
/// # Panics
///
/// When it is not there or not JSON.
pub fn json_file(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
