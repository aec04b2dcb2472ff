//! A real Kubernetes that `make test-cluster` starts.
//!
//! Tests that need one live in files called `cluster*.rs`, in the `tests/` folder of any crate:
//! `make test-local` leaves those out, `make test-cluster` runs them alone. They run inside the
//! cluster's network, where pods reach what a test listens on at [`Cluster::host`].
//!
//! ```no_run
//! # use vitrine_tests::cluster::{Cluster, job};
//! let Some(cluster) = Cluster::find() else { return };
//! let space = cluster.namespace("example");
//! space.apply(&[job("greet", "vitrine", &["--version"])]);
//! let job = space.job_ended("greet");
//! assert_eq!(job["status"]["succeeded"], 1); // Where it fails, the namespace says what is in it.
//! ```

mod ask;
mod faults;
mod manifest;
mod namespace;
mod place;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use faults::{Node, Stopped};
pub use manifest::{IMAGE, OPERATOR_IMAGE, config_map, job, secret};
pub use namespace::{Namespace, condition_of, last_words, name_of, terminated};
pub use place::{HOME, KIND, Place, counts, install, install_from, install_with};

use crate::program::Ended;
use crate::server::S3;
use crate::skip;

/// The cluster's folder; `scripts/cluster.sh` sets it.
const FOLDER: &str = "VITRINE_TEST_CLUSTER";
/// This machine's address as pods see it; `scripts/cluster.sh` sets it.
pub const HOST: &str = "VITRINE_TEST_CLUSTER_HOST";
/// How long anything may take that a cluster does by itself: others may use the same processors.
pub const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(250);

/// A cluster to test in. Tests run side by side in it, each in a [`Namespace`] of its own.
#[derive(Clone, Debug)]
pub struct Cluster {
    folder: PathBuf,
    host: String,
}

impl Cluster {
    /// The cluster that the environment names; skips where it names none.
    pub fn find() -> Option<Self> {
        let (Some(folder), Ok(host)) = (std::env::var_os(FOLDER), std::env::var(HOST)) else {
            skip("no Kubernetes: run `make test-cluster`, or under `scripts/cluster.sh run`");
            return None;
        };
        Some(Self { folder: PathBuf::from(folder), host })
    }

    /// Where its logs are, and its kubeconfig.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A kubeconfig that may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// This machine's address as pods see it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address that pods use for a server of this machine, which must listen on all addresses.
    pub fn seen_from_pods(&self, url: &str) -> String {
        url.replace("127.0.0.1", &self.host).replace("localhost", &self.host)
    }

    /// An S3 server that pods reach under the address that this test uses, too; skips where there
    /// is none.
    pub fn s3(&self) -> Option<S3> {
        S3::start_at(&self.host)
    }

    /// `kubectl` with these arguments.
    pub fn kubectl(&self, arguments: &[&str]) -> Ended {
        self.kubectl_with(arguments, "")
    }

    /// `kubectl` with these arguments, which reads `input`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.command("kubectl");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl is part of the cluster");
        let mut stdin = child.stdin.take().expect("it is piped");
        // Who refuses its arguments does not read its input.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ended::new(child.wait_with_output().expect("it was started"))
    }

    /// `kubectl`, or `helm`, of the cluster's version, logged in; for calls that need more than
    /// [`Cluster::kubectl`] gives.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(program));
        command.env("KUBECONFIG", self.kubeconfig()).current_dir(std::env::temp_dir());
        command
    }

    /// `kubectl` that must succeed; its standard output.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn must(&self, arguments: &[&str]) -> String {
        let ended = self.kubectl(arguments);
        assert_eq!(ended.code, Some(0), "kubectl {}: {}", arguments.join(" "), ended.stderr);
        ended.stdout
    }

    /// Creates or changes objects of the whole cluster: CRDs, roles.
    ///
    /// # Panics
    ///
    /// When one is refused.
    pub fn apply(&self, objects: &[Value]) {
        for object in objects {
            let applied =
                self.kubectl_with(&["apply", "--server-side", "-f", "-"], &object.to_string());
            assert_eq!(applied.code, Some(0), "{object}: {}", applied.stderr);
        }
    }

    /// Applies the YAML of a file.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub fn apply_file(&self, path: &Path) {
        self.must(&["apply", "--server-side", "-f", &path.to_string_lossy()]);
    }

    /// One object of the whole cluster, `kubectl get KIND NAME`; `None` where there is none.
    ///
    /// # Panics
    ///
    /// When the API server answers otherwise.
    pub fn get(&self, kind: &str, name: &str) -> Option<Value> {
        if let Some(path) = ask::path_of(kind, None) {
            return self.ask(&format!("{path}/{name}"));
        }
        self.read(&["get", kind, name, "--ignore-not-found", "--output", "json"])
    }

    /// The answer of a `kubectl get … --output json`; `None` where it is empty.
    fn read(&self, arguments: &[&str]) -> Option<Value> {
        let text = self.must(arguments);
        if text.trim().is_empty() {
            return None;
        }
        Some(serde_json::from_str(&text).expect("kubectl prints JSON"))
    }

    /// A namespace of this test alone, which admits only pods that follow the profile
    /// `restricted`; it goes when the value goes.
    pub fn namespace(&self, purpose: &str) -> Namespace {
        Namespace::create(self, purpose)
    }
}

/// Asks until there is an answer; `None` after `patience`.
pub fn poll<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if begin.elapsed() > patience {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}
