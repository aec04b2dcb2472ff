//! Items to documents, vectors and receipts.
//!
//! ```text
//! reading ──▶ describe and embed, in batches ──▶ write: document, vector, then the receipt
//! ```

use std::collections::HashSet;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vitrine_image::Preparation;

use super::describe::{BATCH_ASSETS, Describer};
use super::embedders::Embedders;
use super::journals::Journals;
use super::records::{Found, Indexed, Plan, Receipt};
use super::{Ground, RunError, bringing, clips, loading, plans, reading, step};
use crate::asset::Content;
use crate::catalog::{layout, npy};
use crate::embed::Load;
use crate::extract::pictures::{Part, Pictures, Wanted};
use crate::storage::Listing;

/// Batches that wait to be written.
pub(super) const BATCHES_WAITING: usize = 2;
/// How often work asks whether it is still wanted.
const ASK_EVERY: Duration = Duration::from_secs(20);

/// Where work's time went, and what it came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy {
    pub(super) read_busy: Duration,
    pub(super) embed_busy: Duration,
    pub(super) write_busy: Duration,
    /// How busy the models of pictures were.
    pub(super) loads: Vec<(String, Load)>,
    pub(super) indexed: u64,
    pub(super) failed: u64,
}

/// One asset's receipt and the chunk it belongs to.
pub(super) struct Finished {
    pub(super) chunk: u32,
    pub(super) path: String,
    pub(super) receipt: Receipt,
    /// The document to send, where it was made before.
    pub(super) recalled: Option<Box<Indexed>>,
    /// Its pictures, on their way to the catalogue.
    pub(super) pictures: Option<Box<Pictures>>,
    /// The contact sheet of a clip, as JPEG.
    pub(super) sheet: Option<Vec<u8>>,
}

/// What one call of [`work`] is to do.
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    /// The library as it was when the run was planned.
    pub(super) listing: &'a Listing,
    /// Chunks to work off, in order.
    pub(super) chunks: Vec<u32>,
    /// Assets of these chunks that have receipts already.
    pub(super) done: HashSet<String>,
    /// Assets to read.
    pub(super) to_read: u64,
    /// Assets to work on, those to read among them.
    pub(super) assets: u64,
}

impl<'a> Job<'a> {
    /// Everything that was planned.
    pub(super) fn whole(plan: &'a Plan, listing: &'a Listing) -> Self {
        let Found { to_read, to_describe, to_send, .. } = plan.found;
        let chunks = (0..plan.chunks).collect();
        let assets = to_read + to_describe + to_send;
        Self { plan, listing, chunks, done: HashSet::new(), to_read, assets }
    }
}

/// Works off the chunks of `job`.
pub(super) fn work(
    ground: &Ground<'_>,
    job: &Job<'_>,
    embedders: Embedders,
) -> Result<Busy, RunError> {
    if let Some(clips) = &ground.settings.clips {
        return clips::work(ground, job, (clips, embedders));
    }
    ground.watch.step("reading and embedding", Some(job.assets));
    let preparations = embedders.preparations();
    let preparations: Vec<Preparation> =
        preparations.iter().map(|preparation| (**preparation).clone()).collect();
    let brought = ground.settings.brought.as_ref();
    let wanted = ground.settings.pictures.clone();
    // Of brought views children see nothing: they make the other files, where some are wanted.
    let pictures = wanted.filter(|wanted| brought.is_none() || wanted.files).map(|wanted| {
        let drawn = if brought.is_none() { preparations.clone() } else { Vec::new() };
        Wanted { preparations: drawn, ..wanted }
    });
    let describer = Describer::new(ground, job, embedders)?;
    let (ready, to_describe) = step(BATCH_ASSETS);
    let (finished, to_write) = step(BATCHES_WAITING);
    std::thread::scope(|scope| {
        let reading = match brought.is_none() && preparations.is_empty() {
            true => scope.spawn(move || reading::read_all(ground, job, pictures, &ready)),
            false => {
                let (read, bare) = step(BATCH_ASSETS);
                let way = (bare, ready);
                scope.spawn(move || bringing::bring_all(ground, job, &preparations, way));
                scope.spawn(move || reading::read_all(ground, job, pictures, &read))
            }
        };
        let writing = scope.spawn(move || write_all(ground, job.plan, to_write));
        let described = describer.run(to_describe, &finished);
        drop(finished);
        let written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The step nearest the end knows the cause: the others only saw their neighbour leave.
        let Busy { write_busy, indexed, failed, .. } = written?;
        let busy = described?;
        read?;
        Ok(Busy { write_busy, indexed, failed, ..busy })
    })
}

/// Hands documents to the index, where there is one, and writes what it took.
pub(super) fn write_all(
    ground: &Ground<'_>,
    plan: &Plan,
    batches: Receiver<Vec<Finished>>,
) -> Result<Busy, RunError> {
    let mut journals = Journals::new(ground, plan);
    let mut asked = Instant::now();
    let batches = batches.into_iter().map(|batch| {
        if asked.elapsed() > ASK_EVERY {
            plans::still_newest(ground, plan)?;
            asked = Instant::now();
        }
        Ok(batch)
    });
    match &ground.target {
        None => {
            for batch in batches {
                journals.write(&mut batch?)?;
            }
        }
        Some(target) => loading::load(target, plan, batches, &mut journals)?,
    }
    Ok(journals.busy())
}

/// The files of one asset that people and other programs read, its pictures aside.
pub(super) fn artifacts(plan: &Plan, indexed: &Indexed) -> Vec<(String, Vec<u8>)> {
    let Some(document) = indexed.document.asset() else { return Vec::new() };
    let mut json = serde_json::to_vec_pretty(document).expect("documents are JSON");
    json.push(b'\n');
    let mut files = vec![(layout::individual(&document.pack, &document.name), json)];
    for (field, encoded) in &indexed.vectors {
        if !indexed.kept.contains(field) {
            let file = layout::embedding(field, &document.asset_id);
            let planned = plan.embeddings.iter().find(|planned| planned.field == *field);
            let views = planned.filter(|planned| planned.content == Content::Views);
            let dims = views.map(|planned| planned.dims);
            files.push((file, npy::encode(&decoded(encoded), dims)));
        }
    }
    files
}

/// The files of an asset's pictures; the pictures are gone then.
pub(super) fn pictures(id: &str, pictures: Pictures) -> Vec<(String, Vec<u8>)> {
    let views = pictures.views();
    let mut files = Vec::new();
    for (part, bytes) in pictures.parts {
        match part {
            Part::View(view) => {
                if view == layout::thumbnail_view(views) {
                    files.push((layout::thumbnail(id), bytes.clone()));
                }
                files.push((layout::view(id, view, views), bytes));
            }
            Part::Camera(camera) => files.push((layout::camera(id, camera), bytes)),
            Part::Model => files.push((layout::model(id), bytes)),
            Part::Prepared(_) => {}
        }
    }
    files
}

/// The numbers of a receipt's vector, little-endian float32.
pub(super) fn decoded(encoded: &str) -> Vec<u8> {
    STANDARD.decode(encoded).unwrap_or_default()
}

/// A vector as little-endian float32.
pub(super) fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// As it stands in a receipt.
pub(super) fn encoded(row: &[u8]) -> String {
    STANDARD.encode(row)
}
