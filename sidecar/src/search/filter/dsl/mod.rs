//! An expression as a query of Elasticsearch, which means the same documents.
//!
//! expression, mapping → clauses → `bool` queries; what needs a script is refused with a sentence

mod mapping;
mod number;
mod query;
mod text;
mod time;

use serde_json::{Value, json};
use vitrine_crds::run::Exit;

use super::fields::{AXES, Field, Kind, Place};
use super::{Compare, Expression, Filter, Literal, Test};
pub use mapping::{Mapping, Stored};
use query::Query;

/// Deepest nesting of `bool` queries: Elasticsearch takes 30, and the search around takes some.
const DEPTH_MAX: usize = 24;

/// Why an expression cannot be asked of an index.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DslError {
    /// A comparison that Elasticsearch does not make without a script.
    #[error("--where: an index cannot be asked for `{field}` like this: {reason}")]
    Field {
        /// The field.
        field: String,
        /// Why, and what can be asked for.
        reason: String,
    },
    /// Too many parentheses.
    #[error(
        "--where: the expression nests deeper than {DEPTH_MAX}, which Elasticsearch refuses; \
         write it flatter"
    )]
    TooDeep,
}

impl DslError {
    /// What a program that ends with this error should exit with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Field { .. } | Self::TooDeep => Exit::Usage,
        }
    }
}

impl Filter {
    /// The query that means the same documents of an index with this mapping.
    ///
    /// # Errors
    ///
    /// [`DslError`] for what the index cannot be asked.
    pub fn to_dsl(&self, mapping: &Mapping) -> Result<Value, DslError> {
        let query = translate(&self.0, mapping)?;
        if query.depth() > DEPTH_MAX {
            return Err(DslError::TooDeep);
        }
        Ok(query.into_value())
    }
}

fn translate(expression: &Expression, mapping: &Mapping) -> Result<Query, DslError> {
    let each = |parts: &[Expression]| -> Result<Vec<Query>, DslError> {
        parts.iter().map(|part| translate(part, mapping)).collect()
    };
    Ok(match expression {
        Expression::All(parts) => Query::all(each(parts)?),
        Expression::Any(parts) => Query::any(each(parts)?),
        Expression::Not(part) => translate(part, mapping)?.negated(),
        Expression::Test(field, test) => test_of(field, test, mapping)?,
    })
}

/// One test of one field.
fn test_of(field: &Field, test: &Test, mapping: &Mapping) -> Result<Query, DslError> {
    // `!=` and `in` are said by what `=` says.
    match test {
        Test::Compare(Compare::Unequal, literal) => {
            let equal = Test::Compare(Compare::Equal, literal.clone());
            return Ok(test_of(field, &equal, mapping)?.negated());
        }
        Test::In(literals) => {
            let equal = |literal: &Literal| {
                test_of(field, &Test::Compare(Compare::Equal, literal.clone()), mapping)
            };
            return Ok(Query::any(literals.iter().map(equal).collect::<Result<Vec<_>, _>>()?));
        }
        Test::Something | Test::Compare(..) | Test::Contains { .. } => {}
    }
    let asked = match &field.place {
        Place::Keys(keys) => by_keys(field, keys, test, mapping),
        Place::LongestSide => extent("longest", test, mapping),
        Place::Side(axis) => extent(AXES[*axis], test, mapping),
        Place::Height => extent("height", test, mapping),
    };
    asked.map_err(|reason| DslError::Field { field: field.to_string(), reason })
}

/// Why a field that is there gives no answer.
const UNSEARCHED: &str = "the index keeps it and does not search it";

fn by_keys(
    field: &Field,
    keys: &[String],
    test: &Test,
    mapping: &Mapping,
) -> Result<Query, String> {
    let texts = |path: &str| match (field.kind, test) {
        // A list is something where it has elements, whatever they are.
        (Kind::Texts, Test::Something) => Ok(exists(path)),
        _ => text::keyword(path, test),
    };
    let named = || match mapping.stored(&[keys, &path(&["name"])].concat()) {
        Stored::Keyword(name) => texts(&name),
        _ => Err(UNSEARCHED.to_owned()),
    };
    match mapping.stored(keys) {
        Stored::Absent if field.is_count() => number::count(None, test),
        Stored::Absent => Ok(Query::None),
        Stored::Opaque => Err(UNSEARCHED.to_owned()),
        Stored::Keyword(path) => texts(&path),
        Stored::Text { words, whole } => match test {
            Test::Something => Ok(Query::all([exists(&words), term(&whole, "").negated()])),
            _ => text::keyword(&whole, test),
        },
        Stored::Words(path) => match test {
            Test::Something => Ok(exists(&path)),
            _ => Err("it is indexed word by word, so only `--algorithm words` looks into it; \
                      here it can be there or `not`"
                .to_owned()),
        },
        Stored::Date(path) => time::moment(&path, test),
        Stored::Whole(path) => number::whole(&path, test),
        Stored::Real(path) => number::real(&path, test),
        Stored::Flag(path) => number::flag(&path, test),
        Stored::Key(path) if field.is_count() => number::count(Some(&path), test),
        Stored::Key(path) => text::key(&path, test),
        // A variant set is an object; what is compared is its name.
        Stored::Object(_) if field.kind == Kind::Texts => named(),
        Stored::Nested(path) => {
            let query = named()?.into_value();
            Ok(Query::Clause(json!({"nested": {"path": path, "query": query}})))
        }
        Stored::Flattened(path) | Stored::Object(path) => match test {
            Test::Something => Ok(exists(&path)),
            _ => Err(format!("names themselves are not indexed; write {field}.Name")),
        },
    }
}

/// An extent in metres. The index keeps each under a name of its own, because a list has no order
/// there.
fn extent(name: &str, test: &Test, mapping: &Mapping) -> Result<Query, String> {
    match mapping.stored(&path(&["extent_m", name])) {
        Stored::Absent => Ok(Query::None),
        Stored::Real(path) => number::real(&path, test),
        _ => Err(UNSEARCHED.to_owned()),
    }
}

fn path(segments: &[&str]) -> Vec<String> {
    segments.iter().map(|one| (*one).to_owned()).collect()
}

fn exists(path: &str) -> Query {
    Query::Clause(json!({"exists": {"field": path}}))
}

fn term(path: &str, value: impl Into<Value>) -> Query {
    Query::Clause(json!({"term": {path: {"value": value.into()}}}))
}

fn range(path: &str, compare: Compare, value: impl Into<Value>) -> Query {
    let bound = match compare {
        Compare::Equal | Compare::Unequal => return term(path, value),
        Compare::Less => "lt",
        Compare::LessOrEqual => "lte",
        Compare::Greater => "gt",
        Compare::GreaterOrEqual => "gte",
    };
    Query::Clause(json!({"range": {path: {bound: value.into()}}}))
}

#[cfg(test)]
mod tests;
