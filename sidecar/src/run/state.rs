//! The run's state made anew from an index, where nothing else holds it.
//!
//! With Elasticsearch alone, the state folder is a cache on this machine. Where it is not there,
//! or another machine published since, every document is fetched back once.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use super::fingerprint::now;
use super::lines::line;
use super::packing::Packing;
use super::records::{Found, Indexed, Plan, PlannedEmbedding, RunState};
use super::target::Target;
use super::work::{bytes, encoded};
use super::{Ground, RunError};
use crate::catalog::packed::{CURRENT, Current, IndexedAs};
use crate::index::{FieldWanted, Live};
use crate::storage::process_name;

/// Writes what the live index of `target` holds as the state of the run that published it.
pub(super) fn rebuild(ground: &Ground<'_>, target: &Target) -> Result<Option<Current>, RunError> {
    let Some(live) = target.live().filter(|live| live.run > 0) else { return Ok(None) };
    ground.watch.step("fetching the state from the index", None);
    let scratch = RunError::scratch()?;
    let plan = plan(ground, live);
    // What is there is of no use: the index is right.
    let anew = Ground {
        settings: ground.settings,
        source: ground.source.clone(),
        out: ground.out.clone(),
        current: None,
        cluster: None,
        target: None,
        watch: ground.watch,
    };
    let mut packing =
        Packing::start(&anew, &plan, (live.documents, HashSet::new()), scratch.path())?;
    let mut documents = 0;
    for exported in target.export(live)? {
        let exported = exported?;
        documents += 1;
        let run_state: RunState = serde_json::from_value(exported.run_state).unwrap_or_default();
        let vectors = exported.vectors.iter();
        let vectors = vectors.map(|(field, vector)| (field.clone(), encoded(&bytes(vector))));
        let vectors: BTreeMap<String, String> = vectors.collect();
        let kept = vectors.keys().cloned().collect();
        let known = run_state.with(&ground.settings.library, &exported.document);
        let document = exported.document;
        let used_by = document.used_by();
        packing.add_new(
            Indexed { known, document, vectors, kept, undrawn: None },
            used_by,
            true,
        )?;
    }
    let (alias, name) = (target.alias().to_owned(), live.index.clone());
    // How it is served is not known here: publish sets that anew.
    let served = String::new();
    let index = Some(IndexedAs { alias, name, documents, refused: 0, served });
    let current = Current { index, ..packing.finish()? };
    let mut swap = ground.out.writer(CURRENT)?;
    swap.write_all(&line(&current)).map_err(RunError::io("write", CURRENT))?;
    swap.finish()?;
    Ok(Some(current))
}

/// The run that published `live`, as far as its index tells.
fn plan(ground: &Ground<'_>, live: &Live) -> Plan {
    let fields = live.meta.embeddings.iter().map(|found| {
        let FieldWanted {
            field,
            dims,
            embedding,
            algorithm,
            content,
            model_uri,
            model_fingerprint,
        } = found.clone();
        PlannedEmbedding {
            field,
            name: embedding,
            algorithm,
            content,
            model_uri,
            model_fingerprint,
            dims,
        }
    });
    Plan {
        v: 1,
        run: live.run,
        session: 1,
        holder: process_name().to_owned(),
        planner: process_name().to_owned(),
        library: ground.settings.library.clone(),
        started_at: now(),
        previous: None,
        embeddings: fields.collect(),
        index: None,
        mends: false,
        chunks: 0,
        found: Found::default(),
    }
}
