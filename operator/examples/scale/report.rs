//! What was measured, as a table, and which limits it breaks.

use serde::Serialize;

use crate::measure::{Requests, Sample};

/// Jobs of one run of a library: scan, work, publish.
const JOBS: f64 = 3.0;
/// Requests for one library at rest in ten minutes, less than which is no storm.
const REST_REQUESTS_MAX: f64 = 1.0;

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Libraries.
    pub libraries: usize,
    /// Seconds until a tenth, a half, nine tenths and all were Ready.
    pub reached: [f64; 4],
    /// The operator when all were Ready.
    pub ready: Sample,
    /// Its requests until then.
    pub requests: Requests,
    /// Processor seconds of the API server and of etcd until then, which played pods cost, too.
    pub server_cpu_secs: f64,
    /// The rest after that.
    pub rest: Rest,
    /// Most memory of the first process.
    pub peak_mb: f64,
    /// The rest of a process that was started when all were Ready.
    pub again: Rest,
}

/// Some time without anything to do.
#[derive(Debug, Default, Serialize)]
pub struct Rest {
    /// How long it was.
    pub secs: u64,
    /// What was asked of the API server.
    pub requests: Requests,
    /// Passes over libraries.
    pub passes: u64,
    /// Memory at its end.
    pub resident_mb: f64,
    /// Most memory since the process began.
    pub peak_mb: f64,
}

impl Rest {
    /// Requests for one of `libraries` in ten minutes.
    fn requests_each(&self, libraries: usize) -> f64 {
        self.requests.total() as f64 / libraries as f64 * 600.0 / self.secs as f64
    }
}

impl Figures {
    /// Jobs a second, from the operator's start until the last library was Ready.
    fn jobs_a_second(&self) -> f64 {
        self.libraries as f64 * JOBS / self.reached[3]
    }

    /// Prints two tables.
    pub fn print(&self) {
        let [tenth, half, most, all] = self.reached;
        let each = |count: u64| count as f64 / self.libraries as f64;
        println!("| {} libraries | |\n|---|---:|", self.libraries);
        println!(
            "| all Ready after, s (10 %, 50 %, 90 %) | {all:.1} ({tenth:.1}, {half:.1}, {most:.1}) |"
        );
        println!("| Jobs reconciled a second | {:.0} |", self.jobs_a_second());
        println!("| passes a second | {:.0} |", self.ready.passes as f64 / all);
        println!("| passes a library | {:.1} |", each(self.ready.passes));
        println!("| requests a library | {:.1} |", each(self.requests.total()));
        println!(
            "| CPU s of the operator; of the API server and etcd | {:.1}; {:.1} |",
            self.ready.cpu_secs, self.server_cpu_secs
        );
        println!(
            "| MB resident when all are Ready; at most | {:.1}; {:.1} |",
            self.ready.resident_mb, self.peak_mb
        );
        for (what, rest) in [("at rest", &self.rest), ("started again, at rest", &self.again)] {
            println!(
                "| {what}: MB resident; at most | {:.1}; {:.1} |",
                rest.resident_mb, rest.peak_mb
            );
            println!(
                "| {what}: requests, passes in {} s | {}, {} |",
                rest.secs,
                rest.requests.total(),
                rest.passes
            );
            println!(
                "| {what}: requests a library in 10 min | {:.2} |",
                rest.requests_each(self.libraries)
            );
        }
        println!("\n| requests | each library |\n|---|---:|");
        for (what, count) in &self.requests.0 {
            println!("| {what} | {:.2} |", each(*count));
        }
        for (what, count) in self.rest.requests.0.iter().chain(&self.again.requests.0) {
            println!("| at rest: {what} | {:.4} |", each(*count));
        }
        println!();
    }

    /// The limits that these figures break, in sentences.
    pub fn broken(&self, memory_mb_max: Option<f64>) -> Vec<String> {
        let mut broken = Vec::new();
        for (what, rest) in [("at rest", &self.rest), ("started again", &self.again)] {
            let each = rest.requests_each(self.libraries);
            if each >= REST_REQUESTS_MAX {
                broken.push(format!("{what}: {each:.2} requests a library in ten minutes"));
            }
            if let Some(most) = memory_mb_max.filter(|most| rest.resident_mb > *most) {
                let resident = rest.resident_mb;
                broken.push(format!("{what}: {resident:.1} MB are resident, allowed are {most}"));
            }
        }
        broken
    }
}
