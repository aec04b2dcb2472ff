//! Receipts to a catalogue: merge, count, pack, swap.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use vitrine_crds::run::Counts;

use super::lines::{LocalFile, line};
use super::packing::Packing;
use super::records::{Failure, Known, Member, Outcome, Plan, Receipt, Span, Stands};
use super::scan::{self, Scanned};
use super::{Ground, RunError};
use crate::catalog::layout;
use crate::catalog::packed::CURRENT;

/// Where a member's document comes from.
#[derive(Clone, Debug)]
enum Origin {
    /// A receipt: which part file, and where in it.
    Receipt { part: usize, at: Span, session: u32 },
    /// The previous run's files.
    Before { document: Span, known: Span, used_by: u64 },
    /// It has none: it failed and always did.
    Nowhere,
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
    Indexed { known: SlipKnown },
    Failed(IgnoredAny),
}

#[derive(Deserialize)]
struct SlipKnown {
    files: Vec<String>,
}

/// The newest receipt of one asset.
struct Newest {
    session: u32,
    part: usize,
    at: Span,
    indexed: bool,
    /// Members it uses, by their place in the roster.
    uses: Vec<u32>,
}

/// Makes what the receipts say visible. Nothing is written when nothing changed.
pub(super) fn publish(
    ground: &Ground<'_>,
    scanned: &Scanned,
    failures: &mut Vec<Failure>,
) -> Result<Counts, RunError> {
    let plan = &scanned.plan;
    let scratch = scanned.scratch.path();
    let roster = read_roster(ground, plan, scratch)?;
    let parts = scan::parts(ground, plan.run)?
        .iter()
        .map(|name| LocalFile::need(&ground.out, name, scratch))
        .collect::<Result<Vec<_>, _>>()?;
    let newest = newest_receipts(&roster, &parts)?;

    // 1. Where each document is, and who uses whom.
    let mut counts =
        Counts { read: plan.found.assets, skipped: plan.found.unchanged, ..Counts::default() };
    let mut origins = vec![Origin::Nowhere; roster.len()];
    let mut used_by = vec![0_u64; roster.len()];
    let mut places = parts.iter().map(LocalFile::places).collect::<Result<Vec<_>, _>>()?;
    for (at, member) in roster.iter().enumerate() {
        if member.stands != Stands::Receipt {
            continue;
        }
        let Some(receipt) = newest.get(&(at as u32)) else {
            let reason = format!("there is no receipt for {}", member.path);
            return Err(RunError::Damaged { file: layout::roster(plan.run), reason });
        };
        let Newest { session, part, at: place, indexed, ref uses } = *receipt;
        if indexed {
            counts.indexed += 1;
            origins[at] = Origin::Receipt { part, at: place, session };
            uses.iter().for_each(|&used| used_by[used as usize] += 1);
        } else {
            counts.failed += 1;
            if let Outcome::Failed(failure) = places[part].read::<Receipt>(place)?.outcome {
                failures.push(failure);
            }
        }
    }
    failures.sort_by(|a, b| a.uri.cmp(&b.uri));
    counts.deleted = scanned.gone.len() as u64;
    let paths: HashMap<&str, u32> =
        roster.iter().enumerate().map(|(at, member)| (member.path.as_str(), at as u32)).collect();
    let mut dropped = Vec::new();
    if let Some(current) = &ground.current {
        let known = LocalFile::need(&ground.out, &current.known, scratch)?;
        let mut lines = known.lines()?;
        while let Some((span, known)) = lines.next::<Known>()? {
            let Ok(at) = roster.binary_search_by(|member| member.id.cmp(&known.id)) else {
                continue;
            };
            let stays = |field: &str| plan.embeddings.iter().any(|kept| kept.field == field);
            let fields = known.embeddings.keys().filter(|field| !stays(field));
            dropped.extend(fields.map(|field| layout::embedding(field, &known.id)));
            if matches!(origins[at], Origin::Nowhere) {
                let (document, used) = (known.document, known.used_by);
                origins[at] = Origin::Before { document, known: span, used_by: used };
                for used in uses(&known.files, at as u32, &paths) {
                    used_by[used as usize] += 1;
                }
            }
        }
    }
    drop(paths);
    let total = origins.iter().filter(|origin| !matches!(origin, Origin::Nowhere)).count() as u64;
    let same = ground.current.as_ref().is_some_and(|current| current.documents_count == total);
    if same && counts.indexed == 0 && counts.deleted == 0 {
        return Ok(counts);
    }

    // 2. The files of this run, in the order of ids.
    ground.watch.step("publishing", None);
    let mut packing = Packing::start(ground, plan, total, scratch)?;
    for ((member, origin), used_by) in roster.iter().zip(origins).zip(used_by) {
        match origin {
            Origin::Nowhere => {}
            Origin::Receipt { part, at, session } => {
                let receipt: Receipt = places[part].read(at)?;
                if let Outcome::Indexed(indexed) = receipt.outcome {
                    packing.add_new(*indexed, used_by, session)?;
                }
            }
            Origin::Before { document, known, used_by: before } => {
                packing.add_known(&member.id, document, known, (before, used_by))?;
            }
        }
    }
    let gone = scanned.gone.iter().flat_map(|gone| {
        let fields = gone.fields.iter().map(|field| layout::embedding(field, &gone.id));
        fields.chain([layout::individual(&gone.pack, &gone.name)])
    });
    dropped.extend(gone);
    ground.out.delete_all(&dropped)?;
    let current = packing.finish()?;

    // 3. The swap: one small file, last.
    ground.out.sync()?;
    let mut swap = ground.out.writer(CURRENT)?;
    swap.write_all(&line(&current)).map_err(RunError::io("write", CURRENT))?;
    swap.finish()?;
    Ok(counts)
}

fn read_roster(ground: &Ground<'_>, plan: &Plan, scratch: &Path) -> Result<Vec<Member>, RunError> {
    let mut lines = LocalFile::need(&ground.out, &layout::roster(plan.run), scratch)?.lines()?;
    let mut roster = Vec::new();
    while let Some((_, member)) = lines.next()? {
        roster.push(member);
    }
    Ok(roster)
}

/// By place in the roster. Of two receipts of one session the later counts.
fn newest_receipts(
    roster: &[Member],
    parts: &[LocalFile],
) -> Result<HashMap<u32, Newest>, RunError> {
    let paths: HashMap<&str, u32> =
        roster.iter().enumerate().map(|(at, member)| (member.path.as_str(), at as u32)).collect();
    let mut newest: HashMap<u32, Newest> = HashMap::new();
    for (part, file) in parts.iter().enumerate() {
        let mut lines = file.lines()?;
        while let Some((at, slip)) = lines.next::<Slip>()? {
            let Slip { id, session, outcome } = slip;
            let Ok(member) = roster.binary_search_by(|member| member.id.cmp(&id)) else {
                continue;
            };
            let member = member as u32;
            if newest.get(&member).is_some_and(|known| known.session > session) {
                continue;
            }
            let (indexed, uses) = match outcome {
                SlipOutcome::Indexed { known } => (true, uses(&known.files, member, &paths)),
                SlipOutcome::Failed(_) => (false, Vec::new()),
            };
            newest.insert(member, Newest { session, part, at, indexed, uses });
        }
    }
    Ok(newest)
}

/// Which members are among `files`, `own` aside.
fn uses(files: &[String], own: u32, paths: &HashMap<&str, u32>) -> Vec<u32> {
    let found = files.iter().filter_map(|file| paths.get(file.as_str()).copied());
    found.filter(|&used| used != own).collect()
}
