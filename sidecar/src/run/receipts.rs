//! Receipts: what was done for which asset, and who says so.
//!
//! Every process writes part files of its own, so two that work on one chunk by accident disturb
//! nobody. Receipts of runs that were never published count for the next one too.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lines::LocalFile;
use super::records::{Kept, Known, Member, Outcome, Pictured, Plan, Receipt, Span};
use super::{Ground, RunError};
use crate::catalog::layout;

/// A file of receipts.
pub(super) struct Part {
    run: u64,
    chunk: u32,
    name: String,
}

impl Part {
    pub(super) fn fetch(&self, ground: &Ground<'_>, scratch: &Path) -> Result<LocalFile, RunError> {
        LocalFile::need(&ground.out, &self.name, scratch)
    }
}

/// The part files of `run` and of the runs after `previous` that were never published.
pub(super) fn parts(
    ground: &Ground<'_>,
    previous: Option<u64>,
    run: u64,
) -> Result<Vec<Part>, RunError> {
    let parse = |name: String| {
        let rest = name.strip_prefix(layout::RUNS)?.strip_prefix('/')?;
        let (run, file) = rest.split_once('/')?;
        let (chunk, _) = file.strip_prefix("part-")?.split_once(['-', '.'])?;
        Some(Part { run: run.parse().ok()?, chunk: chunk.parse().ok()?, name })
    };
    let names = ground.out.list_below(layout::RUNS)?;
    let mut parts: Vec<Part> = names.into_iter().filter_map(parse).collect();
    parts.retain(|part| part.run <= run && previous.is_none_or(|previous| part.run > previous));
    parts.sort_by(|a, b| (a.run, &a.name).cmp(&(b.run, &b.name)));
    Ok(parts)
}

/// A document that an earlier session made.
pub(super) struct Resumable {
    age: (u64, u32),
    pub(super) known: Known,
    /// Where it is.
    pub(super) kept: Kept,
    pub(super) used_by: u64,
}

/// The last success of each asset, and how many sessions of `run` wrote receipts.
pub(super) fn resumable(
    ground: &Ground<'_>,
    (previous, run): (Option<u64>, u64),
    scratch: &Path,
) -> Result<(u32, HashMap<String, Resumable>), RunError> {
    let mut found: HashMap<String, Resumable> = HashMap::new();
    let mut sessions = 0;
    for part in parts(ground, previous, run)? {
        let mut lines = part.fetch(ground, scratch)?.lines()?;
        while let Some((at, receipt)) = lines.next::<Receipt>()? {
            let Receipt { id, session, outcome } = receipt;
            if part.run == run {
                sessions = sessions.max(session);
            }
            let Outcome::Indexed(indexed) = outcome else { continue };
            let age = (part.run, session);
            if found.get(&id).is_none_or(|other| other.age <= age) {
                let kept = Kept::Receipt { part: part.name.clone(), at };
                let used_by = indexed.document.used_by();
                found.insert(id, Resumable { age, known: indexed.known, kept, used_by });
            }
        }
    }
    Ok((sessions, found))
}

/// A receipt without its weight.
#[derive(Deserialize)]
struct Slip {
    id: String,
    session: u32,
    outcome: SlipOutcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SlipOutcome {
    Indexed {
        known: SlipKnown,
        #[serde(default)]
        undrawn: Option<String>,
    },
    Sent,
    Failed(IgnoredAny),
}

#[derive(Deserialize)]
struct SlipKnown {
    files: Vec<String>,
    #[serde(default)]
    pictured: Pictured,
}

/// The assets of `chunk` that this session of the run has receipts for.
pub(super) fn done(
    ground: &Ground<'_>,
    plan: &Plan,
    chunk: u32,
    scratch: &Path,
) -> Result<HashSet<String>, RunError> {
    let mut done = HashSet::new();
    let parts = parts(ground, plan.previous, plan.run)?;
    for part in parts.iter().filter(|part| (part.run, part.chunk) == (plan.run, chunk)) {
        let mut lines = part.fetch(ground, scratch)?.lines()?;
        while let Some((_, slip)) = lines.next::<Slip>()? {
            if slip.session == plan.session {
                done.insert(slip.id);
            }
        }
    }
    Ok(done)
}

/// What the receipts say of one asset.
#[derive(Default)]
pub(super) struct Word {
    /// The newest document.
    pub(super) made: Option<Made>,
    /// The newest receipt of this session, where that is a failure.
    pub(super) failed: Option<Place>,
    /// Whether this session's work has ended well.
    pub(super) is_done: bool,
    made_at: Age,
    newest: Age,
}

/// A receipt that holds a document.
pub(super) struct Made {
    pub(super) place: Place,
    /// Whether this session wrote it.
    pub(super) fresh: bool,
    /// Members it uses, by their place in the roster.
    pub(super) uses: Vec<u32>,
    /// The pictures it has.
    pub(super) pictured: Pictured,
    /// Why it has none, where some were wanted.
    pub(super) undrawn: Option<String>,
}

/// Where a receipt is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Which of the part files.
    pub(super) part: usize,
    pub(super) at: Span,
}

/// Later is greater: run, session, and in one session success.
type Age = (u64, u32, bool);

/// What the receipts of `parts` say, by place in the roster.
pub(super) fn words(
    plan: &Plan,
    roster: &[Member],
    parts: &[(Part, LocalFile)],
) -> Result<HashMap<u32, Word>, RunError> {
    let paths = by_path(roster);
    let mut words: HashMap<u32, Word> = HashMap::new();
    for (part, (Part { run, .. }, file)) in parts.iter().enumerate() {
        let mut lines = file.lines()?;
        while let Some((at, slip)) = lines.next::<Slip>()? {
            let Slip { id, session, outcome } = slip;
            let Ok(member) = roster.binary_search_by(|member| member.id.cmp(&id)) else {
                continue;
            };
            let member = member as u32;
            let well = !matches!(outcome, SlipOutcome::Failed(_));
            let age = (*run, session, well);
            let fresh = (*run, session) == (plan.run, plan.session);
            let word = words.entry(member).or_default();
            let place = Place { part, at };
            if let SlipOutcome::Indexed { known, undrawn } = outcome
                && age >= word.made_at
            {
                let uses = uses(&known.files, member, &paths);
                let pictured = known.pictured;
                let made = Made { place, fresh, uses, pictured, undrawn };
                (word.made, word.made_at) = (Some(made), age);
            }
            if age >= word.newest {
                (word.failed, word.newest) = ((!well && fresh).then_some(place), age);
                word.is_done = well && fresh;
            }
        }
    }
    Ok(words)
}

/// Places in the roster by path.
pub(super) fn by_path(roster: &[Member]) -> HashMap<&str, u32> {
    roster.iter().enumerate().map(|(at, member)| (member.path.as_str(), at as u32)).collect()
}

/// Which members are among `files`, `own` aside.
pub(super) fn uses(files: &[String], own: u32, paths: &HashMap<&str, u32>) -> Vec<u32> {
    let found = files.iter().filter_map(|file| paths.get(file.as_str()).copied());
    found.filter(|&used| used != own).collect()
}
