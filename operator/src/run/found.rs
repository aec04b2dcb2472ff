//! What the cluster holds for a resource, as far as a plan needs it.

use vitrine_crds::run::{Step, Termination};

use crate::cache::seen;

/// Everything that was gathered.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The Jobs of the newest run that are there.
    pub jobs: Vec<Job>,
    /// Whether any pod of the newest run is still there.
    pub has_pods: bool,
    /// Whether the namespace is being deleted; asked for only where pods leave that nobody sent away.
    pub namespace_ends: bool,
    /// Runs under way, of other resources: in the whole cluster, and in this namespace.
    pub others_running: (usize, usize),
}

impl Found {
    /// The Job of `step`.
    pub fn job(&self, step: Step) -> Option<&Job> {
        self.jobs.iter().find(|job| job.step == step)
    }
}

/// A Job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which step it does.
    pub step: Step,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Indexes that are done, and given up.
    pub indexes: (i32, i32),
    /// Whether it is on its way out.
    pub is_leaving: bool,
    /// Whether all its pods run: then none has more to say than the Job.
    pub is_up: bool,
    /// Whether its pods were asked.
    pub is_asked: bool,
    /// What its pods say; asked for only where the Job does not say enough.
    pub pods: Vec<Pod>,
}

/// Of a Job what is kept of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobStatus {
    /// How it stands.
    pub state: State,
    /// Indexes that are done, and given up.
    pub indexes: (i32, i32),
    /// Whether it is on its way out.
    pub is_leaving: bool,
    /// Whether all its pods run.
    pub is_up: bool,
    /// When it was made, in seconds since 1970.
    pub made_secs: i64,
}

/// How a Job stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// It goes on.
    Active,
    /// It was told to wait: by a queue.
    Suspended,
    /// It is done.
    Complete,
    /// It is given up.
    Failed {
        /// As Kubernetes says it.
        reason: String,
        /// As Kubernetes says it.
        message: String,
    },
}

impl JobStatus {
    /// Of a Job as Kubernetes has it.
    pub fn of(job: &seen::Job) -> Self {
        let status = job.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let holds = |kind: &str| {
            conditions.iter().find(|found| found.type_ == kind && found.status == "True")
        };
        let state = match (holds("Complete"), holds("Failed"), holds("Suspended")) {
            (Some(_), _, _) => State::Complete,
            (_, Some(failed), _) => State::Failed {
                reason: failed.reason.clone().unwrap_or_else(|| "Failed".to_owned()),
                message: failed.message.clone().unwrap_or_default(),
            },
            (_, _, Some(_)) => State::Suspended,
            _ => State::Active,
        };
        let done = status.and_then(|status| status.completed_indexes.as_deref());
        let failed = status.and_then(|status| status.failed_indexes.as_deref());
        let active = status.and_then(|status| status.active).unwrap_or(0);
        let ready = status.and_then(|status| status.ready).unwrap_or(0);
        let made = job.metadata.creation_timestamp.as_ref();
        Self {
            state,
            indexes: (count(done), count(failed)),
            is_leaving: job.metadata.deletion_timestamp.is_some(),
            is_up: active > 0 && ready >= active,
            made_secs: made.map_or(0, |made| made.0.as_second()),
        }
    }

    /// As a plan reads it, without pods.
    pub fn named(self, step: Step, name: String) -> Job {
        let Self { state, indexes, is_leaving, is_up, made_secs: _ } = self;
        Job { step, name, state, indexes, is_leaving, is_up, is_asked: false, pods: Vec::new() }
    }
}

/// How many numbers `1,3-5` names.
fn count(ranges: Option<&str>) -> i32 {
    let one = |range: &str| match range.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (first.parse::<i32>().ok()?, last.parse::<i32>().ok()?);
            Some(last.saturating_sub(first).saturating_add(1).max(0))
        }
        None => range.parse::<i32>().ok().map(|_| 1),
    };
    let parts = ranges.unwrap_or_default().split(',').filter_map(one);
    parts.fold(0, i32::saturating_add)
}

/// A pod.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// When it began, for an order.
    pub began: String,
    /// Its last words.
    pub said: Option<Termination>,
    /// How its container ended.
    pub exit_code: Option<i32>,
    /// Kubernetes' word for that, such as `OOMKilled`.
    pub end: String,
    /// Why it does not run: Kubernetes' word and sentence.
    pub waits: Option<(String, String)>,
    /// The node that is to start it and has not, and since when, in seconds since 1970.
    pub given: Option<(String, i64)>,
    /// Whether it is on its way out.
    pub is_leaving: bool,
    /// The node that stopped answering.
    pub lost_node: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn indexes_are_counted_as_kubernetes_writes_them() {
        for (text, expected) in
            [(None, 0), (Some(""), 0), (Some("3"), 1), (Some("0-4"), 5), (Some("1,3-5,9"), 5)]
        {
            assert_eq!(count(text), expected, "{text:?}");
        }
    }
}
