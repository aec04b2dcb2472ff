/// What one number of the embedding is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Name {
    /// Short name, such as `mfcc_3_mean`.
    pub name: &'static str,
    /// Unit before standardisation.
    pub unit: &'static str,
    /// What it says, in a few words.
    pub says: &'static str,
}

/// Names of the numbers of an embedding, in order.
pub fn names() -> &'static [Name] {
    &[]
}
