//! Which rankings answer a request.

use vitrine_crds::library::Algorithm;

use super::answer::{Query, Request};
use super::error::SearchError;
use crate::asset::Content;
use crate::catalog::packed::Packed;

/// A field of vectors, and the model that made them and that embeds the query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Space {
    /// The field, `text_embedding` for one.
    pub field: String,
    /// Name of the embedding entry that made it, `text` for one.
    pub embedding: String,
    /// How its model is used.
    pub algorithm: Algorithm,
    /// What of an asset its vectors are made from.
    pub content: Content,
    /// Length of a vector.
    pub dims: usize,
    /// The model's URI as configured.
    pub model_uri: String,
    /// `fingerprint` of that model: a query by another is refused.
    pub model_fingerprint: String,
    /// The other half of a dual encoder, which makes vectors of the same space.
    pub pair: Option<Maker>,
}

/// A model that makes vectors.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Maker {
    /// How it is used.
    pub algorithm: Algorithm,
    /// As configured.
    pub uri: String,
    /// See [`Space::model_fingerprint`].
    pub fingerprint: String,
}

/// How a query becomes a vector of the space that is searched.
pub type Embed<'a> = dyn FnMut(&Space, &Query) -> Result<Vec<f32>, SearchError> + 'a;

/// How to come by vectors of pictures.
const NEEDED: &str = "`vitrine catalog SOURCE --siglip MODEL`, or --clip, makes some";

impl Space {
    /// The space of a packed field.
    pub fn of(field: &str, packed: &Packed) -> Self {
        Self {
            field: field.to_owned(),
            embedding: packed.embedding.clone(),
            algorithm: packed.algorithm,
            content: packed.content,
            dims: packed.dims,
            model_uri: packed.model_uri.clone(),
            model_fingerprint: packed.model_fingerprint.clone(),
            pair: None,
        }
    }

    /// The model that makes, of `content`, vectors of this space.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unpaired`].
    pub(super) fn maker_of(&self, content: Content) -> Result<Maker, SearchError> {
        let maker = if content == self.content { Some(self.maker()) } else { self.pair.clone() };
        maker.ok_or_else(|| SearchError::Unpaired { field: self.field.clone() })
    }

    fn maker(&self) -> Maker {
        Maker {
            algorithm: self.algorithm,
            uri: self.model_uri.clone(),
            fingerprint: self.model_fingerprint.clone(),
        }
    }

    /// Tells each of `spaces` about the other half of its dual encoder.
    pub(super) fn pair(spaces: &mut [Self]) {
        for at in 0..spaces.len() {
            let other = match spaces[at].content {
                Content::Description | Content::Motion | Content::Sound => continue,
                Content::Caption => Content::Views,
                Content::Views => Content::Caption,
            };
            let is_other = |one: &&Self| {
                (&one.embedding, one.content, one.dims)
                    == (&spaces[at].embedding, other, spaces[at].dims)
            };
            spaces[at].pair = spaces.iter().find(is_other).map(Self::maker);
        }
    }

    /// The space of the embedding `wanted` whose model takes such a query; without a wish for texts the
    /// one of `text`, else the first.
    ///
    /// * `is_picture`: whether a picture is to be embedded, and not a text.
    ///
    /// # Errors
    ///
    /// [`SearchError::Algorithm`], or [`SearchError::Request`] where there are no vectors.
    pub fn choose<'a>(
        wanted: Option<&str>,
        spaces: &'a [Self],
        is_picture: bool,
    ) -> Result<&'a Self, SearchError> {
        match (wanted, is_picture) {
            (wanted, true) => of_content(Content::Views, wanted, spaces, "catalogue or index"),
            (None, false) => usual(spaces).ok_or_else(|| {
                SearchError::Request("there are no vectors, and so there is no model".to_owned())
            }),
            (Some(wanted), false) => {
                let mut named = spaces.iter().filter(|one| one.embedding == wanted);
                let first = named.clone().find(|one| one.content != Content::Views);
                first.or(named.next()).ok_or_else(|| SearchError::Algorithm {
                    wanted: wanted.to_owned(),
                    known: names(spaces, |_| true).join(", "),
                })
            }
        }
    }

    /// The vector of `query`, of the right length.
    ///
    /// # Errors
    ///
    /// What `embed` says, or [`SearchError::Dims`].
    pub fn vector(&self, query: &Query, embed: &mut Embed<'_>) -> Result<Vec<f32>, SearchError> {
        let vector = embed(self, query)?;
        match vector.len() {
            made if made == self.dims => Ok(vector),
            made => Err(SearchError::Dims { field: self.field.clone(), held: self.dims, made }),
        }
    }
}

/// What words are compared with where nobody says: descriptions, by the embedding `text` or else the
/// first; else pictures.
fn usual(spaces: &[Space]) -> Option<&Space> {
    let of = |content| move |one: &&Space| one.content == content;
    let described = || spaces.iter().filter(of(Content::Description));
    described()
        .find(|one| one.embedding == "text")
        .or_else(|| described().next())
        .or_else(|| spaces.iter().find(of(Content::Views)))
        .or_else(|| spaces.first())
}

/// Names of embeddings, each once.
fn names(spaces: &[Space], filter: impl Fn(&Space) -> bool) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for one in spaces.iter().filter(|one| filter(one)) {
        if !names.contains(&one.embedding.as_str()) {
            names.push(&one.embedding);
        }
    }
    names
}

/// The space of a dual encoder that holds vectors of `content`; `what` has the spaces, for people.
fn of_content<'a>(
    content: Content,
    wanted: Option<&str>,
    spaces: &'a [Space],
    what: &str,
) -> Result<&'a Space, SearchError> {
    let fits = |one: &Space| one.content == content;
    let is_wanted = |one: &Space| wanted.is_none_or(|wanted| one.embedding == wanted);
    if let Some(found) = spaces.iter().find(|one| fits(one) && is_wanted(one)) {
        return Ok(found);
    }
    let known = names(spaces, fits).join(", ");
    let message = match wanted {
        _ if known.is_empty() => format!("this {what} has no vectors of pictures; {NEEDED}"),
        Some(wanted) if names(spaces, |_| true).contains(&wanted) => {
            format!("`{wanted}` knows no pictures; use one of {known}")
        }
        _ => {
            let wanted = wanted.unwrap_or_default().to_owned();
            return Err(SearchError::Algorithm { wanted, known });
        }
    };
    Err(SearchError::Request(message))
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
    /// Decides what `request` means where there are these `spaces`; `what` holds them, for people.
    ///
    /// # Errors
    ///
    /// [`SearchError::Algorithm`] or [`SearchError::Request`].
    pub fn of(request: &Request, spaces: &'a [Space], what: &str) -> Result<Self, SearchError> {
        let algorithm = request.algorithm.as_deref();
        match (&request.query, request.is_cross_modal) {
            (Query::Words(_), false) => Self::by_words(algorithm, spaces, what),
            (Query::Words(_), true) => match algorithm {
                Some("words") => refuse("--algorithm words compares with no pictures"),
                Some("hybrid") => {
                    let space = of_content(Content::Views, None, spaces, what)?;
                    let name = "hybrid".to_owned();
                    Ok(Self { name, space: Some(space), words: true, note: None })
                }
                _ => of_content(Content::Views, algorithm, spaces, what).map(Self::by),
            },
            (Query::Picture(_), is_cross_modal) => match algorithm {
                Some(wanted @ ("words" | "hybrid")) => {
                    refuse(&format!("--algorithm {wanted} needs words, and --image gives none"))
                }
                _ => {
                    let content = if is_cross_modal { Content::Caption } else { Content::Views };
                    of_content(content, algorithm, spaces, what).map(Self::by)
                }
            },
        }
    }

    fn by(space: &'a Space) -> Self {
        Self { name: space.embedding.clone(), space: Some(space), words: false, note: None }
    }

    /// Words are compared with words, as far as there are any.
    fn by_words(
        algorithm: Option<&str>,
        spaces: &'a [Space],
        what: &str,
    ) -> Result<Self, SearchError> {
        let plan =
            |name: &str, space, note| Self { name: name.to_owned(), space, words: true, note };
        let usual = usual(spaces);
        match (algorithm, usual) {
            (Some("words"), _) => Ok(plan("words", None, None)),
            (None | Some("hybrid"), None) => {
                let note = format!(
                    "the {what} has no vectors, so this is a search by words; \
                     `vitrine catalog` without --no-embeddings makes some"
                );
                Ok(plan("words", None, Some(note)))
            }
            (Some("hybrid"), space) => Ok(plan("hybrid", space, None)),
            (None, Some(space)) => {
                let note = (space.content == Content::Views).then(|| {
                    format!(
                        "the {what} has no embedding of algorithm `text`, so the words are \
                         compared with pictures"
                    )
                });
                Ok(Self { note, ..Self::by(space) })
            }
            (Some(wanted), _) => {
                let mut known = names(spaces, |_| true);
                if !known.contains(&wanted) {
                    known.extend(["words", "hybrid"]);
                    let (wanted, known) = (wanted.to_owned(), known.join(", "));
                    return Err(SearchError::Algorithm { wanted, known });
                }
                Space::choose(Some(wanted), spaces, false).map(Self::by)
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

    /// What to say beside an answer without hits, where documents passed the filter.
    pub fn explain_nothing(&mut self) {
        let Some(space) = self.space.filter(|_| self.note.is_none() && !self.words) else { return };
        let field = &space.field;
        self.note = match space.content {
            Content::Description | Content::Motion | Content::Sound => None,
            Content::Caption => Some(format!(
                "`{field}` is made from English captions, and no asset here has one; \
                 `vitrine catalog --captions FILE` takes them"
            )),
            Content::Views => {
                Some(format!("`{field}` is made from pictures, and no asset here has one"))
            }
        };
    }
}

fn refuse<T>(message: &str) -> Result<T, SearchError> {
    Err(SearchError::Request(format!("{message}; leave one of them out")))
}
