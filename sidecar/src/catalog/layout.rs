//! Paths inside a catalogue.

/// The document of one asset.
pub fn individual(pack: &str, name: &str) -> String {
    format!("individual/{pack}/{name}.json")
}

/// One vector, or one per view, of one asset.
pub fn embedding(field: &str, asset_id: &str) -> String {
    format!("embeddings/{field}/{asset_id}.npy")
}

/// Files of single assets lie below these.
pub const ASSET_FOLDERS: [&str; 2] = ["individual", "embeddings"];

/// Everything of a catalogue but the index lies below one of these.
pub const FOLDERS: [&str; 3] = ["individual", "embeddings", ".vitrine"];

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

/// Receipts of a chunk by one writer, without the suffix that a journal adds.
pub fn part(run: u64, chunk: u32, writer: &str) -> String {
    format!("{RUNS}/{run}/part-{chunk}-{writer}")
}

/// What the source listed: path, size, version and time of every file.
pub fn files(run: u64) -> String {
    format!("{RUNS}/{run}/files.jsonl")
}

/// Assets that left.
pub fn gone(run: u64) -> String {
    format!("{RUNS}/{run}/gone.jsonl")
}

/// There while a run is being published: files of single assets may be ahead of the packed ones.
pub fn publishing(run: u64) -> String {
    format!("{RUNS}/{run}/publishing")
}

/// What a run came to.
pub fn report(run: u64) -> String {
    format!("{RUNS}/{run}/report.json")
}

/// A file that a published run packed.
pub fn packed(run: u64, file: &str) -> String {
    format!("{VECTORS}/{run}/{file}")
}
