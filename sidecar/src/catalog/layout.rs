//! Paths inside a catalogue.

/// The document of one asset.
pub fn individual(pack: &str, name: &str) -> String {
    format!("individual/{pack}/{name}.json")
}

/// One vector, or one per view, of one asset.
pub fn embedding(field: &str, asset_id: &str) -> String {
    format!("embeddings/{field}/{asset_id}.npy")
}

/// Below it, one folder a run.
pub const RUNS: &str = ".vitrine/runs";

/// Below it, one folder a published run.
pub const VECTORS: &str = ".vitrine/vectors";

/// Who is writing here.
pub const LOCK: &str = ".vitrine/lock";

/// What a run is to do.
pub fn plan(run: u64) -> String {
    format!("{RUNS}/{run}/plan.json")
}

/// Every asset that the catalogue is to hold after the run, sorted by id.
pub fn roster(run: u64) -> String {
    format!("{RUNS}/{run}/roster.jsonl")
}

/// Assets to work on.
pub fn chunk(run: u64, chunk: u32) -> String {
    format!("{RUNS}/{run}/chunk-{chunk}.jsonl")
}

/// Receipts of a chunk, without the suffix that a journal adds.
pub fn part(run: u64, chunk: u32) -> String {
    format!("{RUNS}/{run}/part-{chunk}")
}

/// What a run came to.
pub fn report(run: u64) -> String {
    format!("{RUNS}/{run}/report.json")
}

/// A file that a published run packed.
pub fn packed(run: u64, file: &str) -> String {
    format!("{VECTORS}/{run}/{file}")
}
