//! Which rankings answer a request.

use super::error::SearchError;
use crate::catalog::packed::Packed;

/// A field of vectors, and the model that made them and that embeds the query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Space {
    /// The field, `text_embedding` for one.
    pub field: String,
    /// Name of the embedding entry that made it, `text` for one.
    pub embedding: String,
    /// Length of a vector.
    pub dims: usize,
    /// The model's URI as configured.
    pub model_uri: String,
    /// `TextEmbedder::fingerprint` of that model: a query by another is refused.
    pub model_fingerprint: String,
}

/// How a query becomes a vector of the space that is searched.
pub type Embed<'a> = dyn FnMut(&Space, &str) -> Result<Vec<f32>, SearchError> + 'a;

impl Space {
    /// The space of a packed field.
    pub fn of(field: &str, packed: &Packed) -> Self {
        Self {
            field: field.to_owned(),
            embedding: packed.embedding.clone(),
            dims: packed.dims,
            model_uri: packed.model_uri.clone(),
            model_fingerprint: packed.model_fingerprint.clone(),
        }
    }

    /// The space of the embedding `wanted`; without a wish the one of `text`, else the first.
    ///
    /// # Errors
    ///
    /// [`SearchError::Algorithm`], or [`SearchError::Request`] where there are no vectors.
    pub fn choose<'a>(wanted: Option<&str>, spaces: &'a [Self]) -> Result<&'a Self, SearchError> {
        let found = match wanted {
            Some(wanted) => spaces.iter().find(|one| one.embedding == wanted),
            None => default(spaces),
        };
        found.ok_or_else(|| match wanted {
            Some(wanted) if !spaces.is_empty() => SearchError::Algorithm {
                wanted: wanted.to_owned(),
                known: spaces.iter().map(|one| &*one.embedding).collect::<Vec<_>>().join(", "),
            },
            _ => SearchError::Request("there are no vectors, and so there is no model".to_owned()),
        })
    }

    /// The vector of `query`, of the right length.
    ///
    /// # Errors
    ///
    /// What `embed` says, or [`SearchError::Dims`].
    pub fn vector(&self, query: &str, embed: &mut Embed<'_>) -> Result<Vec<f32>, SearchError> {
        let vector = embed(self, query)?;
        match vector.len() {
            made if made == self.dims => Ok(vector),
            made => Err(SearchError::Dims { field: self.field.clone(), held: self.dims, made }),
        }
    }
}

/// The embedding `text`, else the first.
fn default(spaces: &[Space]) -> Option<&Space> {
    spaces.iter().find(|one| one.embedding == "text").or(spaces.first())
}

/// Which rankings a request needs.
#[derive(Debug)]
pub struct Plan<'a> {
    /// How the answer says that it was searched.
    pub name: String,
    /// The vectors to compare with.
    pub space: Option<&'a Space>,
    /// Whether to rank by words.
    pub words: bool,
    /// What a reader should know.
    pub note: Option<String>,
}

impl<'a> Plan<'a> {
    /// Decides what `algorithm` means where there are these `spaces`; `what` holds them, for
    /// people.
    ///
    /// # Errors
    ///
    /// [`SearchError::Algorithm`].
    pub fn of(
        algorithm: Option<&str>,
        spaces: &'a [Space],
        what: &str,
    ) -> Result<Self, SearchError> {
        let by_words = |note| Plan { name: "words".to_owned(), space: None, words: true, note };
        let known = || {
            let names = spaces.iter().map(|space| space.embedding.as_str());
            names.chain(["words", "hybrid"]).collect::<Vec<_>>().join(", ")
        };
        match (algorithm, default(spaces)) {
            (Some("words"), _) => Ok(by_words(None)),
            (None | Some("hybrid"), None) => Ok(by_words(Some(format!(
                "the {what} has no vectors, so this is a search by words; \
                 `vitrine catalog` without --no-embeddings makes some"
            )))),
            (Some("hybrid"), space) => {
                Ok(Plan { name: "hybrid".to_owned(), space, words: true, note: None })
            }
            (None, Some(space)) => Ok(Plan {
                name: space.embedding.clone(),
                space: Some(space),
                words: false,
                note: None,
            }),
            (Some(wanted), _) => {
                let space = spaces.iter().find(|one| one.embedding == wanted);
                if space.is_none() {
                    let wanted = wanted.to_owned();
                    return Err(SearchError::Algorithm { wanted, known: known() });
                }
                Ok(Plan { name: wanted.to_owned(), space, words: false, note: None })
            }
        }
    }

    /// Whether rankings are put together.
    pub fn is_fused(&self) -> bool {
        self.space.is_some() && self.words
    }

    /// How many places of each ranking count towards `top_k` hits.
    pub fn depth(&self, top_k: usize) -> usize {
        if self.is_fused() { super::fuse::PLACES_MIN.max(top_k) } else { top_k }
    }
}
