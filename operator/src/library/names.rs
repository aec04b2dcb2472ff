//! What the objects of a library are called, and how they are found again.

use std::collections::BTreeMap;

use kube::ResourceExt;
use vitrine_crds::library::Resource;
use vitrine_crds::run::Step;

/// Who manages an object, for selectors.
pub const MANAGER: &str = "vitrine-operator";
/// Label: the library that an object belongs to.
pub const LIBRARY: &str = "vitrine.dev/library";
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

/// `<name>-<run>-<step>`, the name cut where it is long, with a digest then.
pub fn job(library: &str, run: i64, step: Step) -> String {
    fitted(library, &format!("-{run}-{}", word(step)))
}

/// `<name>-<run>`: the configuration of a run.
pub fn configuration(library: &str, run: i64) -> String {
    fitted(library, &format!("-{run}"))
}

/// What is named after the library alone.
pub fn policy(library: &str) -> String {
    fitted(library, "-vitrine")
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

/// The value of [`LIBRARY`]: names longer than a label are cut, with a digest.
pub fn label(library: &str) -> String {
    match library.len() <= 63 {
        true => library.to_owned(),
        false => fitted(library, ""),
    }
}

/// Labels of everything that belongs to `library`.
pub fn labels(library: &Resource) -> BTreeMap<String, String> {
    [
        ("app.kubernetes.io/name", "vitrine".to_owned()),
        ("app.kubernetes.io/managed-by", MANAGER.to_owned()),
        (LIBRARY, label(&library.name_any())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// FNV-1a, 32 bits: short, stable, and nobody is to be kept from finding another of the same.
pub fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_whatever_a_library_is_called() {
        assert_eq!(job("warehouse", 7, Step::Scan), "warehouse-7-scan");
        let long = "a".repeat(253);
        let other = format!("{}b", "a".repeat(252));
        for name in [&long, &other] {
            for made in [job(name, 1_000_000, Step::Publish), configuration(name, 3), policy(name)]
            {
                assert!(made.len() <= NAME_MAX, "{made}");
            }
        }
        assert_ne!(job(&long, 1, Step::Work), job(&other, 1, Step::Work));
        assert_ne!(label(&long), label(&other));
    }
}
