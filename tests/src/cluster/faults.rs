//! What can go wrong in a cluster, on demand. Tests that use it disturb all others: they hold
//! [`Cluster::alone`] meanwhile.

use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Cluster;

/// Nodes that tests may start besides the first.
const NODES: std::ops::RangeInclusive<u32> = 1..=3;

/// A part of the control plane that does not run; it does again when the value goes.
#[derive(Debug)]
pub struct Stopped<'a> {
    cluster: &'a Cluster,
    part: &'static str,
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.cluster.script(&["part", "start", self.part]);
    }
}

/// A further node; it leaves the cluster when the value goes.
#[derive(Debug)]
pub struct Node<'a> {
    cluster: &'a Cluster,
    number: String,
}

impl Node<'_> {
    /// Its name: `node-1`.
    pub fn name(&self) -> String {
        format!("node-{}", self.number)
    }

    /// Ends everything on it at once, as a power cut does.
    pub fn lose(&self) {
        self.cluster.script(&["node", "lose", &self.number]);
    }

    /// Brings it back after [`Node::lose`], with its disk as it was.
    pub fn start(&self) {
        self.cluster.script(&["node", "start", &self.number]);
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        self.cluster.script(&["node", "remove", &self.number]);
    }
}

impl Cluster {
    /// The right to disturb, among the tests of one file; files run one after the other.
    pub fn alone(&self) -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops a part of the control plane: `kube-apiserver`, `etcd`, `kube-controller-manager`,
    /// `kube-scheduler` or `kube-proxy`.
    pub fn stop(&self, part: &'static str) -> Stopped<'_> {
        self.script(&["part", "stop", part]);
        Stopped { cluster: self, part }
    }

    /// Starts a further node, 1 to 3, which claims to have `gpus` devices `nvidia.com/gpu`.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub fn start_node(&self, number: u32, gpus: u32) -> Node<'_> {
        assert!(NODES.contains(&number), "nodes are numbered {NODES:?}");
        let number = number.to_string();
        self.script(&["node", "start", &number, "--gpus", &gpus.to_string()]);
        Node { cluster: self, number }
    }

    /// Runs `scripts/cluster.sh`. What it starts outlives it, so its words are not waited for.
    fn script(&self, arguments: &[&str]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/cluster.sh");
        let done = Command::new(script)
            .args(arguments)
            .env("VITRINE_TEST_CLUSTER", self.folder())
            .stdin(Stdio::null())
            .status();
        let done = done.expect("the script is part of the checkout");
        // Not in a test that fails already: its own words are the better ones.
        assert!(done.success() || std::thread::panicking(), "cluster.sh {arguments:?}: {done}");
    }
}
