//! What somebody waiting for a run wants to see of it.

/// Told how a run goes on. Called from several threads.
pub trait Watch: Sync {
    /// A step begins; `assets` of it will be reported by [`Watch::asset`].
    fn step(&self, name: &str, assets: Option<u64>);
    /// One asset is done.
    fn asset(&self, ending: Ending<'_>);
    /// More frames of a video were looked at; said of clips alone.
    ///
    /// * `path`: inside the collection.
    /// * `count`: how many since the last call for it.
    fn frames(&self, _path: &str, _count: u64) {}
}

/// How one asset ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// In the catalogue.
    Indexed,
    /// With a reason.
    Failed {
        /// Path inside the library.
        path: &'a str,
        /// A sentence.
        reason: &'a str,
    },
}

/// Looks away.
pub struct Nobody;

impl Watch for Nobody {
    fn step(&self, _name: &str, _assets: Option<u64>) {}
    fn asset(&self, _ending: Ending<'_>) {}
}
