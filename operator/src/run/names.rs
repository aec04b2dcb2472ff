//! What the objects of a run are called, and how they are found again.

use std::collections::BTreeMap;

use vitrine_crds::run::Step;

/// Who manages an object, for selectors.
pub const MANAGER: &str = "vitrine-operator";
/// Label: the number of the run.
pub const RUN: &str = "vitrine.dev/run";
/// Label: the step of the run.
pub const STEP: &str = "vitrine.dev/step";
/// Annotation: any new value asks for a run now.
pub const SYNC_REQUESTED: &str = "vitrine.dev/sync-requested";
/// Annotation: the number of the run whose deletions a person approves of.
pub const APPROVE_DELETIONS: &str = "vitrine.dev/approve-deletions";
/// The finalizer.
pub const FINALIZER: &str = "vitrine.dev/cleanup";

/// Longest name of a Job whose pods still have names: 63 less what Kubernetes appends.
const NAME_MAX: usize = 52;

/// The steps of a run, in their order.
pub const STEPS: [Step; 3] = [Step::Scan, Step::Work, Step::Publish];

/// The word for a step.
pub fn word(step: Step) -> &'static str {
    match step {
        Step::Scan => "scan",
        Step::Work => "work",
        Step::Publish => "publish",
        Step::Cleanup => "cleanup",
    }
}

/// The step that a word is for.
pub fn step(said: &str) -> Option<Step> {
    STEPS.into_iter().chain([Step::Cleanup]).find(|&step| word(step) == said)
}

/// What the objects of one kind of resource are called. Two resources of different kinds may have the
/// same name in one namespace; their objects have not.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// Label: the resource that an object belongs to.
    pub label: &'static str,
    /// Stands in names behind the run's number: no other kind has it there.
    pub mark: &'static str,
}

impl Names {
    /// `<name>-<run>-<step>`, the name cut where it is long, with a digest then.
    pub fn job(&self, name: &str, run: i64, step: Step) -> String {
        fitted(name, &format!("-{run}{}-{}", self.mark, word(step)))
    }

    /// `<name>-<run>`: the configuration of a run.
    pub fn configuration(&self, name: &str, run: i64) -> String {
        fitted(name, &format!("-{run}{}", self.mark))
    }

    /// What is named after the resource alone.
    pub fn policy(&self, name: &str) -> String {
        fitted(name, &format!("-vitrine{}", self.mark))
    }

    /// Labels of everything that belongs to the resource `name`.
    pub fn labels(&self, name: &str) -> BTreeMap<String, String> {
        [
            ("app.kubernetes.io/name", "vitrine".to_owned()),
            ("app.kubernetes.io/managed-by", MANAGER.to_owned()),
            (self.label, label(name)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }
}

fn fitted(name: &str, end: &str) -> String {
    if name.len() + end.len() <= NAME_MAX {
        return format!("{name}{end}");
    }
    let digest = format!("-{:08x}", fnv(name));
    let kept = NAME_MAX.saturating_sub(end.len() + digest.len());
    let kept = name.get(..kept).unwrap_or_default().trim_end_matches(['-', '.']);
    format!("{kept}{digest}{end}")
}

/// The value of [`Names::label`]: names longer than a label are cut, with a digest.
pub fn label(name: &str) -> String {
    match name.len() <= 63 {
        true => name.to_owned(),
        false => fitted(name, ""),
    }
}

/// FNV-1a, 32 bits: short, stable, and nobody is to be kept from finding another of the same.
pub fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::NAMES as JOB;
    use crate::library::NAMES as LIBRARY;

    #[test]
    fn names_fit_whatever_a_library_is_called() {
        assert_eq!(LIBRARY.job("warehouse", 7, Step::Scan), "warehouse-7-scan");
        let long = "a".repeat(253);
        let other = format!("{}b", "a".repeat(252));
        for name in [&long, &other] {
            for names in [LIBRARY, JOB] {
                let job = names.job(name, 1_000_000, Step::Publish);
                for made in [job, names.configuration(name, 3), names.policy(name)] {
                    assert!(made.len() <= NAME_MAX, "{made}");
                }
            }
        }
        assert_ne!(LIBRARY.job(&long, 1, Step::Work), LIBRARY.job(&other, 1, Step::Work));
        assert_ne!(label(&long), label(&other));
    }

    #[test]
    fn a_job_and_a_library_of_one_name_have_objects_of_different_names() {
        let all = |names: Names, name: &str| {
            let jobs = STEPS.map(|step| names.job(name, 1, step));
            jobs.into_iter().chain([names.configuration(name, 1), names.policy(name)])
        };
        assert_eq!(JOB.job("steps", 1, Step::Work), "steps-1-clips-work");
        let theirs: Vec<String> = all(LIBRARY, "steps").collect();
        assert!(all(JOB, "steps").all(|name| !theirs.contains(&name)));
        // Nor is there a library whose objects end as a job's do.
        let ends = |name: &String| {
            ["-clips-scan", "-1-clips", "-vitrine-clips"].iter().any(|end| name.ends_with(end))
        };
        assert!(!all(LIBRARY, "steps-1-clips").any(|name| ends(&name)));
    }
}
