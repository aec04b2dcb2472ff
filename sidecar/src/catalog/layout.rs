//! Paths inside a catalogue.

use std::path::{Component, Path};

/// Whether a path that a catalogue or an index names lies below the catalogue: somebody else may have
/// written it.
pub fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The document of one asset.
pub fn individual(pack: &str, name: &str) -> String {
    format!("individual/{pack}/{name}.json")
}

/// One vector, or one per view, of one asset.
pub fn embedding(field: &str, asset_id: &str) -> String {
    format!("embeddings/{field}/{asset_id}.npy")
}

/// The picture of one asset.
pub fn thumbnail(asset_id: &str) -> String {
    format!("thumbnails/{asset_id}.png")
}

/// The picture of one asset from the side: `view` of `count`, evenly around it, named by its azimuth
/// in whole degrees.
pub fn view(asset_id: &str, view: u32, count: u32) -> String {
    format!("thumbnails/{asset_id}/{:03}.png", u64::from(view) * 360 / u64::from(count.max(1)))
}

/// Which of `count` views is the thumbnail: the one nearest to 45°, of two such the one nearer to the
/// front.
pub fn thumbnail_view(count: u32) -> u32 {
    (count + 3) / 8
}

/// What one of an asset's own cameras sees: `camera` counts from 0.
pub fn camera(asset_id: &str, camera: u32) -> String {
    format!("thumbnails/{asset_id}/camera-{camera}.png")
}

/// The GLB of one asset.
pub fn model(asset_id: &str) -> String {
    format!("models/{asset_id}.glb")
}

/// The contact sheet of one clip.
pub fn clip_sheet(clip_id: &str) -> String {
    format!("contact-sheets/{clip_id}.jpg")
}

/// Files of single assets lie below these.
pub const ASSET_FOLDERS: [&str; 4] = ["individual", "embeddings", "thumbnails", "models"];

/// Files of single clips lie below these. What else is in their output may be somebody's.
pub const CLIP_FOLDERS: [&str; 1] = ["contact-sheets"];

/// Whether a file below those folders is named as ours are: what else lies there somebody put there.
pub fn is_own(path: &str) -> bool {
    let is_id = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_file = |file: &str, suffix| file.strip_suffix(suffix).is_some_and(is_id);
    match path.split('/').collect::<Vec<_>>()[..] {
        ["individual", _, file] => file.ends_with(".json"),
        ["embeddings", _, file] => is_file(file, ".npy"),
        ["thumbnails", file] => is_file(file, ".png"),
        ["thumbnails", id, file] => is_id(id) && file.ends_with(".png"),
        ["models", file] => is_file(file, ".glb"),
        ["contact-sheets", file] => file.ends_with(".jpg"),
        _ => false,
    }
}

/// What a run keeps for the next one lies below this.
pub const STATE: &str = ".vitrine";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_files_are_told_from_what_somebody_put_beside_them() {
        let id = "0123456789abcdef";
        let ours = [individual("pack", "name"), embedding("text_embedding", id), thumbnail(id)];
        let more = [view(id, 1, 8), camera(id, 0), model(id), clip_sheet("step")];
        for path in ours.iter().chain(&more) {
            assert!(is_own(path), "{path}");
        }
        for path in ["models/rtmpose.onnx", "models/readme.glb", "thumbnails/a/b.png", "mine.json"]
        {
            assert!(!is_own(path), "{path}");
        }
    }

    #[test]
    fn the_thumbnail_is_the_view_nearest_to_45_degrees_and_of_two_the_one_nearer_to_the_front() {
        for (count, expected) in
            [(1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (6, 1), (8, 1), (12, 1), (36, 4)]
        {
            assert_eq!(thumbnail_view(count), expected, "{count}");
        }
    }
}
