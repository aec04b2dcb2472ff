//! `--where`: a small language over the fields of a document. See docs/where.md.
//!
//! Pure: text in, an expression or a placed mistake out; a document in, true or false out.

mod dsl;
mod fields;
mod lex;
mod parse;

use serde_json::Value;

pub use dsl::{DslError, Mapping, Stored};
pub use fields::{ALIASES, FIELDS, Kind, Known};
use fields::{Field, Held};

/// Longest expression, in bytes.
pub const LENGTH_BYTES_MAX: usize = 4096;

/// Deepest nesting of parentheses and `not`.
pub const DEPTH_MAX: usize = 64;

/// Decides which documents are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expression);

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Test(Field, Test),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// True, not zero, not empty.
    Something,
    Compare(Compare, Literal),
    In(Vec<Literal>),
    /// `part` is in lower case. `whole`: an element equals it; else something contains it.
    Contains {
        part: String,
        whole: bool,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Compare {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// A mistake of an expression and its place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("--where, column {column}: {mistake}")]
pub struct WhereError {
    /// Counted in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub mistake: Mistake,
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mistake {
    /// More than [`LENGTH_BYTES_MAX`].
    #[error("the expression has more than {LENGTH_BYTES_MAX} bytes; shorten it")]
    TooLong,
    /// More than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX}; write it flatter")]
    TooDeep,
    /// A quote without its partner.
    #[error("the text is not closed; end it with the quote it began with")]
    OpenQuote,
    /// Not a number, or not a finite one.
    #[error("`{0}` is not a number; write one such as 2, -0.5 or 1e6")]
    Number(String),
    /// A character that begins nothing.
    #[error("`{0}` has no meaning here")]
    Character(char),
    /// Something else belongs here.
    #[error("expected {wanted}, found {found}")]
    Expected {
        /// What belongs here.
        wanted: &'static str,
        /// What is here.
        found: String,
    },
    /// A text without quotes.
    #[error("texts stand in quotes: write '{0}'")]
    Unquoted(String),
    /// No field has this name.
    #[error("unknown field `{name}`; {}", did_you_mean(.nearest.as_deref()))]
    UnknownField {
        /// As written.
        name: String,
        /// The field that was probably meant.
        nearest: Option<String>,
    },
    /// The field cannot be compared like this.
    #[error("`{name}` {}", how_to(.name, *.kind))]
    Operator {
        /// The field.
        name: String,
        /// What it holds.
        kind: Kind,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "see `vitrine search --help` for the fields".to_owned(),
    }
}

fn how_to(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Text => "is text: use = != < > in contains ~".to_owned(),
        Kind::Number => "is a number: use = != < <= > >= in".to_owned(),
        Kind::Flag => format!("is true or false: write `{name}` or `not {name}`"),
        Kind::Texts => format!("is a list: write {name} contains 'word'"),
        Kind::Counts => format!("holds numbers by name: write {name}.Name > 0, or contains 'Name'"),
        Kind::TextMap => format!("holds texts by name: write {name}.name = 'text'"),
        Kind::Thing => format!("is there or not: write `{name}` or `not {name}`"),
    }
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// The first mistake, with its column. Never panics and takes linear time: strangers write
    /// expressions.
    pub fn parse(text: &str) -> Result<Self, WhereError> {
        if text.len() > LENGTH_BYTES_MAX {
            return Err(WhereError { column: 1, mistake: Mistake::TooLong });
        }
        let tokens = lex::tokens(text)?;
        parse::parse(&tokens, text.chars().count() + 1).map(Self)
    }

    /// Documents that carry the tag, upper and lower case aside.
    pub fn tag(tag: &str) -> Self {
        let test = Test::Contains { part: tag.to_lowercase(), whole: true };
        Self::of("tags", test)
    }

    /// Documents of the pack.
    pub fn pack(pack: &str) -> Self {
        let test = Test::Compare(Compare::Equal, Literal::Text(pack.to_owned()));
        Self::of("pack", test)
    }

    fn of(field: &str, test: Test) -> Self {
        let field = Field::find(&[field.to_owned()]).expect("named in `FIELDS`");
        Self(Expression::Test(field, test))
    }

    /// Documents that every one of `filters` lets through; none where there are no filters.
    pub fn all(filters: Vec<Self>) -> Option<Self> {
        let parts: Vec<Expression> = filters.into_iter().map(|Self(one)| one).collect();
        (!parts.is_empty()).then_some(Self(Expression::All(parts)))
    }

    /// Whether the filter lets `document` through.
    pub fn matches(&self, document: &Value) -> bool {
        self.0.matches(document)
    }
}

impl Expression {
    fn matches(&self, document: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Self::Not(part) => !part.matches(document),
            Self::Test(field, test) => {
                let held = match (field.value(document), field.kind) {
                    (Some(held), _) => Some(held),
                    // What is not counted is there zero times.
                    (None, Kind::Number) if field.is_count() => Some(Held::Number(0.0)),
                    (None, _) => None,
                };
                test.matches(held)
            }
        }
    }
}

impl Test {
    /// A value that is not there matches nothing but `!=`.
    fn matches(&self, held: Option<Held<'_>>) -> bool {
        match self {
            Self::Something => held.is_some_and(Held::is_something),
            Self::Compare(Compare::Unequal, literal) => !literal.equals(held),
            Self::Compare(compare, literal) => {
                literal.order(held).is_some_and(|held_to| match compare {
                    Compare::Equal => held_to.is_eq(),
                    Compare::Unequal => held_to.is_ne(),
                    Compare::Less => held_to.is_lt(),
                    Compare::LessOrEqual => held_to.is_le(),
                    Compare::Greater => held_to.is_gt(),
                    Compare::GreaterOrEqual => held_to.is_ge(),
                })
            }
            Self::In(literals) => literals.iter().any(|literal| literal.equals(held)),
            Self::Contains { part, whole } => held.is_some_and(|held| {
                let matches = |text: &str| {
                    let text = text.to_lowercase();
                    if *whole { text == *part } else { text.contains(part.as_str()) }
                };
                held.text().is_some_and(matches) || held.texts().into_iter().any(matches)
            }),
        }
    }
}

impl Literal {
    fn equals(&self, held: Option<Held<'_>>) -> bool {
        self.order(held).is_some_and(std::cmp::Ordering::is_eq)
    }

    /// How the held value compares to this one; none where it is absent or of another type.
    fn order(&self, held: Option<Held<'_>>) -> Option<std::cmp::Ordering> {
        let held = held?;
        match self {
            Self::Text(text) => held.text().map(|held| held.cmp(text.as_str())),
            Self::Number(number) => held.number()?.partial_cmp(number),
            Self::Flag(flag) => match held {
                Held::Json(Value::Bool(held)) => Some(held.cmp(flag)),
                Held::Json(_) | Held::Number(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
