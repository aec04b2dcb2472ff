//! Which specs make the same run.

use vitrine_crds::embedding_job::EmbeddingJobSpec;
use vitrine_crds::library::DeletionPolicy;

/// Digest of what a run is made of, 16 hex digits. What says when pods may run, and what happens after
/// the run, is not in it.
pub fn digest(spec: &EmbeddingJobSpec) -> String {
    let of_run = EmbeddingJobSpec {
        suspend: false,
        ttl_seconds_after_finished: None,
        deletion_policy: DeletionPolicy::default(),
        ..spec.clone()
    };
    let text = serde_json::to_string(&of_run).expect("what was read as JSON can be written as it");
    // FNV-1a, 64 bits: nobody gains by two specs of one digest, who could write either.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}
