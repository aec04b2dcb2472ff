//! Receipts to what the catalogue is to hold: where each document is, who uses whom, the counts.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use vitrine_crds::run::Counts;

use super::fingerprint::now;
use super::lines::{LocalFile, Places};
use super::receipts::{self, Place};
use super::records::{
    Failure, Gone, Item, Known, Member, Outcome, Pictured, Plan, Receipt, Span, Stands,
};
use super::report::{Drawn, Undrawn};
use super::{Ground, RunError, plans};
use crate::catalog::layout;

/// Where a member's document comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A receipt, of this session or an earlier one.
    Receipt { place: Place, fresh: bool, pictured: Pictured },
    /// The previous run's files.
    Before { document: Span, known: Span, used_by: u64 },
    /// It has none: it failed and always did.
    Nowhere,
}

/// What the receipts come to.
pub(super) struct Merged {
    /// Every asset that the catalogue is to hold, by id.
    pub(super) roster: Vec<Member>,
    /// By place in the roster.
    pub(super) origins: Vec<Origin>,
    /// How many others use it, by place in the roster.
    pub(super) used_by: Vec<u64>,
    /// By part file.
    pub(super) places: Vec<Places>,
    pub(super) counts: Counts,
    pub(super) failures: Vec<Failure>,
    /// Documents of this run that have no pictures though some were wanted.
    pub(super) undrawn: Undrawn,
    /// What drew the assets that the catalogue is to hold.
    pub(super) drawn: Drawn,
    /// Files of vectors that no embedding makes any more, and of pictures that an asset had.
    pub(super) dropped: Vec<String>,
    /// Assets that left.
    pub(super) gone: Vec<Gone>,
    /// Places in the roster of what failed: the index may hold what a killed session sent.
    pub(super) unsure: Vec<u32>,
    /// Whether a session of this run may have left files that no receipt tells of.
    pub(super) mends: bool,
}

impl Merged {
    /// Documents that the catalogue is to hold.
    pub(super) fn documents(&self) -> u64 {
        self.origins.iter().filter(|origin| !matches!(origin, Origin::Nowhere)).count() as u64
    }
}

/// Merges the receipts of `plan`'s run. An asset without one failed: the catalogue keeps the
/// document it has of it.
pub(super) fn merge(ground: &Ground<'_>, plan: &Plan, scratch: &Path) -> Result<Merged, RunError> {
    let roster = plans::roster(ground, plan, scratch)?;
    let gone = plans::gone(ground, plan, scratch)?;
    let parts = receipts::parts(ground, plan.previous, plan.run)?
        .into_iter()
        .map(|part| {
            let file = part.fetch(ground, scratch)?;
            Ok((part, file))
        })
        .collect::<Result<Vec<_>, RunError>>()?;
    let mut words = receipts::words(plan, &roster, &parts)?;
    let mut places =
        parts.iter().map(|(_, file)| file.places()).collect::<Result<Vec<_>, RunError>>()?;

    let mut counts = Counts {
        read: plan.found.assets,
        skipped: plan.found.unchanged,
        deleted: gone.iter().filter(|gone| !gone.index_only).count() as u64,
        ..Counts::default()
    };
    let mut failures = Vec::new();
    let mut undrawn = Undrawn::default();
    let mut drawn = Drawn::default();
    let mut missing: HashMap<String, &Member> = HashMap::new();
    let mut unsure = Vec::new();
    let mut origins = vec![Origin::Nowhere; roster.len()];
    let mut used_by = vec![0_u64; roster.len()];
    for (at, member) in roster.iter().enumerate() {
        if member.stands != Stands::Receipt && !member.asked {
            continue;
        }
        let word = words.remove(&(at as u32)).unwrap_or_default();
        let beyond = member.stands == Stands::Beyond;
        let done = if member.asked { word.is_done } else { word.made.is_some() };
        if done {
            counts.indexed += u64::from(!beyond);
        } else {
            counts.failed += u64::from(!beyond);
            unsure.push(at as u32);
            match word.failed {
                None => {
                    missing.insert(member.id.clone(), member);
                }
                Some(place) => {
                    let receipt: Receipt = places[place.part].read(place.at)?;
                    if let Outcome::Failed(failure) = receipt.outcome {
                        failures.push(failure);
                    }
                }
            }
        }
        if member.stands != Stands::Receipt {
            continue;
        }
        if let Some(made) = word.made {
            let receipts::Made { place, fresh, uses, pictured, undrawn: reason } = made;
            if let Some(reason) = reason {
                undrawn.note(&member.path, reason);
            }
            drawn.note(pictured);
            origins[at] = Origin::Receipt { place, fresh, pictured };
            uses.iter().for_each(|&used| used_by[used as usize] += 1);
        }
    }
    let mends = plan.mends || !missing.is_empty();
    failures.extend(left_over(ground, plan, missing, scratch)?);
    failures.sort_by(|a, b| a.uri.cmp(&b.uri));

    let paths = receipts::by_path(&roster);
    let mut dropped = Vec::new();
    if let Some(current) = &ground.current {
        let mut lines = LocalFile::need(&ground.out, &current.known, scratch)?.lines()?;
        while let Some((span, known)) = lines.next::<Known>()? {
            let Ok(at) = roster.binary_search_by(|member| member.id.cmp(&known.id)) else {
                continue;
            };
            let stays = |field: &str| plan.embeddings.iter().any(|kept| kept.field == field);
            let is_asset = ground.settings.clips.is_none();
            let fields = known.embeddings.keys().filter(|field| is_asset && !stays(field));
            dropped.extend(fields.map(|field| layout::embedding(field, &known.id)));
            if let Origin::Receipt { pictured, .. } = origins[at]
                && pictured != known.pictured
            {
                let now: HashSet<String> = pictured.files(&known.id).into_iter().collect();
                let was = known.pictured.files(&known.id).into_iter();
                dropped.extend(was.filter(|file| !now.contains(file)));
            }
            if matches!(origins[at], Origin::Nowhere) {
                drawn.note(known.pictured);
                let (document, used) = (known.document, known.used_by);
                origins[at] = Origin::Before { document, known: span, used_by: used };
                for used in receipts::uses(&known.files, at as u32, &paths) {
                    used_by[used as usize] += 1;
                }
            }
        }
    }
    drop(paths);
    Ok(Merged {
        roster,
        origins,
        used_by,
        places,
        counts,
        failures,
        undrawn,
        drawn,
        dropped,
        gone,
        unsure,
        mends,
    })
}

/// Reasons for the assets that have no receipt: whose chunk it was.
fn left_over(
    ground: &Ground<'_>,
    plan: &Plan,
    mut missing: HashMap<String, &Member>,
    scratch: &Path,
) -> Result<Vec<Failure>, RunError> {
    let mut failures = Vec::new();
    let mut tell = |member: &Member, reason: String| {
        failures.push(Failure {
            id: member.key().to_owned(),
            uri: ground.source.uri(&member.path),
            path: member.path.clone(),
            step: "work".to_owned(),
            reason: format!("{}: {reason}", member.path),
            attempts: 0,
            time: now(),
        });
    };
    for chunk in 0..plan.chunks {
        if missing.is_empty() {
            break;
        }
        let name = layout::chunk(plan.run, chunk);
        let mut lines = LocalFile::need(&ground.out, &name, scratch)?.lines()?;
        while let Some((_, item)) = lines.next::<Item>()? {
            if let Some(member) = missing.remove(&item.id) {
                tell(member, format!("chunk {chunk} has no receipt for it"));
            }
        }
    }
    for member in missing.into_values() {
        tell(member, "no chunk has it".to_owned());
    }
    Ok(failures)
}
