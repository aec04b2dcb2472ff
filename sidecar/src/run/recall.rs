//! Documents and vectors that an earlier run or session made.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use tempfile::TempDir;

use super::lines::{LocalFile, Places};
use super::records::{Indexed, Known, Outcome, Plan, Receipt, Span};
use super::rows::{self, Rows};
use super::work::encoded;
use super::{Ground, RunError};
use crate::asset::Content;
use crate::catalog::layout;
use crate::storage::Storage;

/// Opened files of earlier runs and sessions.
pub(super) struct Recall {
    out: Storage,
    earlier: Option<Earlier>,
    parts: HashMap<String, Places>,
    scratch: TempDir,
}

/// What the previous run packed.
pub(super) struct Earlier {
    pub(super) documents: Places,
    pub(super) known: Places,
    /// By field: the vectors that the planned models made.
    pub(super) rows: BTreeMap<String, Rows>,
    /// Fields that an asset need not have: nobody wrote a caption, or nothing is to be seen.
    optional: BTreeSet<String>,
}

impl Earlier {
    /// Opens the files; none where nothing was published.
    pub(super) fn open(
        ground: &Ground<'_>,
        plan: &Plan,
        scratch: &Path,
    ) -> Result<Option<Self>, RunError> {
        let Some(current) = &ground.current else { return Ok(None) };
        Ok(Some(Self {
            documents: LocalFile::need(&ground.out, &current.documents, scratch)?.places()?,
            known: LocalFile::need(&ground.out, &current.known, scratch)?.places()?,
            rows: rows::kept(ground, &plan.embeddings, scratch)?,
            optional: plan
                .embeddings
                .iter()
                .filter(|planned| planned.content != Content::Description)
                .map(|planned| planned.field.clone())
                .collect(),
        }))
    }

    /// Lets `known` forget models whose vectors it does not have any more.
    pub(super) fn retain(&self, known: &mut Known, has: impl Fn(&str) -> bool) {
        known.embeddings.retain(|field, _| {
            has(field) || self.optional.contains(field) && self.rows.contains_key(field)
        });
    }
}

impl Recall {
    pub(super) fn open(ground: &Ground<'_>, plan: &Plan) -> Result<Self, RunError> {
        let scratch = RunError::scratch()?;
        let earlier = Earlier::open(ground, plan, scratch.path())?;
        Ok(Self { out: ground.out.clone(), earlier, parts: HashMap::new(), scratch })
    }

    /// What the previous run published, with the vectors that still count.
    pub(super) fn packed(&mut self, document: Span, known: Span) -> Result<Indexed, RunError> {
        let Some(packed) = &mut self.earlier else {
            let reason = "an asset is called known, and nothing was published".to_owned();
            return Err(RunError::Damaged { file: layout::RUNS.to_owned(), reason });
        };
        let document = packed.documents.read(document)?;
        let mut known: Known = packed.known.read(known)?;
        let mut vectors = BTreeMap::new();
        for (field, rows) in &mut packed.rows {
            if let Some(row) = rows.of(&known.id)? {
                vectors.insert(field.clone(), encoded(row));
            }
        }
        packed.retain(&mut known, |field| vectors.contains_key(field));
        Ok(Indexed { known, document, vectors, ..Indexed::default() })
    }

    /// What a killed session made.
    pub(super) fn receipt(&mut self, part: String, at: Span) -> Result<Indexed, RunError> {
        let places = match self.parts.get_mut(&part) {
            Some(places) => places,
            None => {
                let file = LocalFile::need(&self.out, &part, self.scratch.path())?;
                self.parts.entry(part.clone()).or_insert(file.places()?)
            }
        };
        match places.read::<Receipt>(at)?.outcome {
            Outcome::Indexed(indexed) => Ok(*indexed),
            Outcome::Sent | Outcome::Failed(_) => {
                let reason = format!("at byte {} it holds no document", at.offset);
                Err(RunError::Damaged { file: part, reason })
            }
        }
    }
}
