//! A namespace that one test owns, and what it asks of the things in it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::ask::path_of;
use super::{Cluster, PATIENCE, poll};
use crate::program::{self, Ended};

/// Lines of each container's log that a report shows.
const LOG_LINES: &str = "--tail=40";

/// A namespace; it goes when the value goes. Where the test failed it prints what is in it, and with
/// `VITRINE_TEST_KEEP` it stays.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    cluster: Cluster,
}

impl Namespace {
    pub(super) fn create(cluster: &Cluster, purpose: &str) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_micros();
        let name = format!("test-{purpose}-{}-{now}-{number}", std::process::id());
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        cluster.apply(&[json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        })]);
        let space = Self { name, cluster: cluster.clone() };
        // Pods need the account that a controller makes, also those that do not use it.
        let account = poll(PATIENCE, || space.get("serviceaccount", "default"));
        assert!(account.is_some(), "no account in {}", space.name);
        space
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `kubectl` in this namespace.
    pub fn kubectl(&self, arguments: &[&str]) -> Ended {
        self.cluster.kubectl(&[&["--namespace", &self.name], arguments].concat())
    }

    /// `kubectl` in this namespace, which must succeed; its standard output.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn must(&self, arguments: &[&str]) -> String {
        self.cluster.must(&[&["--namespace", &self.name], arguments].concat())
    }

    /// Creates or changes objects, as `kubectl apply --server-side` does.
    ///
    /// # Panics
    ///
    /// When one is refused.
    pub fn apply(&self, objects: &[Value]) {
        for object in objects {
            let applied = self.try_apply(object);
            assert_eq!(applied.code, Some(0), "{object}: {}", applied.stderr);
        }
    }

    /// The same for an object that may be refused.
    pub fn try_apply(&self, object: &Value) -> Ended {
        let arguments = ["--namespace", &self.name, "apply", "--server-side", "-f", "-"];
        self.cluster.kubectl_with(&arguments, &object.to_string())
    }

    /// Changes one object by a merge patch.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub fn patch(&self, kind: &str, name: &str, patch: &Value) {
        self.must(&["patch", kind, name, "--type=merge", "--patch", &patch.to_string()]);
    }

    /// Removes one object and does not wait for its end.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub fn delete(&self, kind: &str, name: &str) {
        self.must(&["delete", kind, name, "--wait=false"]);
    }

    /// One object; `None` where there is none.
    ///
    /// # Panics
    ///
    /// When the API server answers otherwise.
    pub fn get(&self, kind: &str, name: &str) -> Option<Value> {
        if let Some(path) = path_of(kind, Some(&self.name)) {
            return self.cluster.ask(&format!("{path}/{name}"));
        }
        let get = ["get", kind, name, "--ignore-not-found", "--output", "json"];
        self.cluster.read(&[&["--namespace", &self.name], &get[..]].concat())
    }

    /// All objects of a kind that have these labels (`app=greet`; empty: all).
    ///
    /// # Panics
    ///
    /// When the API server refuses.
    pub fn list(&self, kind: &str, labels: &str) -> Vec<Value> {
        let list = match path_of(kind, Some(&self.name)) {
            Some(path) => {
                let labels = labels.replace('=', "%3D").replace(',', "%2C");
                self.cluster.ask(&format!("{path}?labelSelector={labels}")).unwrap_or_default()
            }
            None => {
                let text = self.must(&["get", kind, "--selector", labels, "--output", "json"]);
                serde_json::from_str(&text).expect("kubectl prints JSON")
            }
        };
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until `ask` has an answer, up to [`PATIENCE`].
    ///
    /// # Panics
    ///
    /// When the time is over: `what` was waited for. Then the namespace prints what is there instead.
    pub fn wait<T>(&self, what: &str, ask: impl FnMut() -> Option<T>) -> T {
        self.wait_up_to(PATIENCE, what, ask)
    }

    /// The same with another patience.
    ///
    /// # Panics
    ///
    /// When the time is over.
    pub fn wait_up_to<T>(
        &self,
        patience: Duration,
        what: &str,
        ask: impl FnMut() -> Option<T>,
    ) -> T {
        poll(patience, ask)
            .unwrap_or_else(|| panic!("after {} s not yet: {what}", patience.as_secs()))
    }

    /// Waits until an object is there and `is` as it should be; the object.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn wait_for(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        self.wait(&format!("{kind} {name} {what}"), || self.get(kind, name).filter(&is))
    }

    /// Waits until a condition of an object has a status; the condition.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn wait_for_condition(
        &self,
        kind: &str,
        name: &str,
        condition: &str,
        status: &str,
    ) -> Value {
        let what = format!("{kind} {name} says {condition}={status}");
        self.wait(&what, || {
            let object = self.get(kind, name)?;
            condition_of(&object, condition).filter(|found| found["status"] == status).cloned()
        })
    }

    /// Waits until nothing of this name is there.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn wait_gone(&self, kind: &str, name: &str) {
        self.wait(&format!("{kind} {name} is gone"), || {
            self.get(kind, name).is_none().then_some(())
        });
    }

    /// Waits until a Job has completed or failed; the Job.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn job_ended(&self, name: &str) -> Value {
        self.wait_for("job", name, "has ended", |job| {
            ["Complete", "Failed"]
                .iter()
                .any(|end| condition_of(job, end).is_some_and(|found| found["status"] == "True"))
        })
    }

    /// The pods of a Job, by completion index where they have one.
    pub fn pods_of(&self, job: &str) -> Vec<Value> {
        let mut pods = self.list("pod", &format!("batch.kubernetes.io/job-name={job}"));
        pods.sort_by_key(|pod| {
            let index = &pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"];
            (index.as_str().and_then(|index| index.parse::<u32>().ok()), name_of(pod).to_owned())
        });
        pods
    }

    /// The log of a pod's only container.
    pub fn log(&self, pod: &str) -> String {
        self.must(&["logs", pod])
    }

    /// Ends the first process of a pod's container by SIGKILL, as the kernel does when memory ends.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn kill(&self, pod: &str, container: &str) {
        let found = self.processes(pod, container);
        let first = found.first().unwrap_or_else(|| {
            panic!("{container} of {pod} does not run");
        });
        program::signal("KILL", *first);
    }

    /// The processes of a container, its first one first; empty when it does not run.
    pub fn processes(&self, pod: &str, container: &str) -> Vec<u32> {
        let Some(pod) = self.get("pod", pod) else { return Vec::new() };
        let statuses = pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
        let status = statuses.iter().find(|status| status["name"] == container);
        let id = status.and_then(|status| status["containerID"].as_str()).unwrap_or_default();
        let id = id.trim_start_matches("containerd://");
        if id.is_empty() {
            return Vec::new();
        }
        let processes = std::fs::read_dir("/proc").expect("Linux has it").flatten();
        let mut found: Vec<u32> = processes
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .filter(|pid| {
                let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup"));
                groups.is_ok_and(|groups| groups.contains(id))
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// What there is, for the words of a test that fails: objects, pods, events, logs.
    pub fn report(&self) -> String {
        let mut report = format!("in the namespace {}:\n", self.name);
        let mut add = |arguments: &[&str]| {
            let ended = self.kubectl(arguments);
            let _ = writeln!(report, "$ kubectl {}", arguments.join(" "));
            let _ = writeln!(report, "{}{}", ended.stdout.trim_end(), ended.stderr.trim_end());
        };
        add(&["get", "all", "--output", "wide"]);
        add(&["get", "events", "--sort-by=.lastTimestamp"]);
        let pods = self.kubectl(&["get", "pods", "--output", "name"]).stdout;
        for pod in pods.lines() {
            add(&["describe", pod]);
            add(&["logs", pod, "--all-containers", "--prefix", LOG_LINES]);
        }
        report
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.report());
            if std::env::var_os("VITRINE_TEST_KEEP").is_some() {
                eprintln!("kept for you to look at: namespace {}", self.name);
                return;
            }
        }
        self.cluster.kubectl(&["delete", "namespace", &self.name, "--wait=false"]);
    }
}

/// The name of an object.
pub fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("objects have names")
}

/// A condition of an object; `None` where it does not say.
pub fn condition_of<'a>(object: &'a Value, condition: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|found| found["type"] == condition)
}

/// How a pod's container ended: `exitCode`, `reason`, `message`; `None` while it has not.
pub fn terminated<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let statuses = pod["status"]["containerStatuses"].as_array()?;
    let status = statuses.iter().find(|status| status["name"] == container)?;
    Some(&status["state"]["terminated"]).filter(|terminated| terminated.is_object())
}

/// The last words of a step, as a pod's status keeps them.
///
/// # Panics
///
/// When there are none, or they are no JSON.
pub fn last_words(pod: &Value, container: &str) -> Value {
    let terminated = terminated(pod, container)
        .unwrap_or_else(|| panic!("{container} of {} has not ended: {pod}", name_of(pod)));
    let message = terminated["message"].as_str().unwrap_or_default();
    serde_json::from_str(message)
        .unwrap_or_else(|error| panic!("{}: no JSON ({error}): {terminated}", name_of(pod)))
}
