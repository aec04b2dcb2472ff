//! Clauses joined by and, or, not: made simple, then written as `bool` queries.

use serde_json::{Value, json};

/// A query that decides yes or no and scores nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Every document.
    Every,
    /// No document.
    None,
    /// One clause as Elasticsearch reads it.
    Clause(Value),
    /// All of these.
    All(Vec<Query>),
    /// Any of these.
    Any(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
}

impl Query {
    /// The documents that this one does not mean.
    pub fn negated(self) -> Self {
        match self {
            Self::Every => Self::None,
            Self::None => Self::Every,
            Self::Not(inner) => *inner,
            // None of them: each becomes one `must_not` of the query around it.
            Self::Any(parts) => Self::all(parts.into_iter().map(Self::negated)),
            other @ (Self::Clause(_) | Self::All(_)) => Self::Not(Box::new(other)),
        }
    }

    /// What all of `parts` mean; every document where there are none.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Every => {}
                Self::None => return Self::None,
                Self::All(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Every,
            1 => kept.remove(0),
            _ => Self::All(kept),
        }
    }

    /// What any of `parts` means; no document where there are none.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::None => {}
                Self::Every => return Self::Every,
                Self::Any(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::None,
            1 => kept.remove(0),
            _ => Self::Any(kept),
        }
    }

    /// How many `bool` queries stand inside one another.
    pub fn depth(&self) -> usize {
        match self {
            Self::Every | Self::None | Self::Clause(_) => 0,
            Self::All(parts) => {
                // `must_not` takes the inside of a negation as it is.
                let inside = |part: &Self| match part {
                    Self::Not(inner) => inner.depth(),
                    other => other.depth(),
                };
                1 + parts.iter().map(inside).max().unwrap_or(0)
            }
            Self::Any(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(inner) => 1 + inner.depth(),
        }
    }

    /// As Elasticsearch reads it.
    pub fn into_value(self) -> Value {
        match self {
            Self::Every => json!({"match_all": {}}),
            Self::None => json!({"match_none": {}}),
            Self::Clause(clause) => clause,
            Self::All(parts) => {
                let (mut filter, mut must_not) = (Vec::new(), Vec::new());
                for part in parts {
                    match part {
                        Self::Not(inner) => must_not.push(inner.into_value()),
                        other => filter.push(other.into_value()),
                    }
                }
                let mut inside = serde_json::Map::new();
                for (occur, clauses) in [("filter", filter), ("must_not", must_not)] {
                    if !clauses.is_empty() {
                        inside.insert(occur.to_owned(), Value::Array(clauses));
                    }
                }
                json!({"bool": inside})
            }
            Self::Any(parts) => {
                let should: Vec<Value> = parts.into_iter().map(Self::into_value).collect();
                json!({"bool": {"should": should, "minimum_should_match": 1}})
            }
            Self::Not(inner) => json!({"bool": {"must_not": [inner.into_value()]}}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(name: &str) -> Query {
        Query::Clause(json!(name))
    }

    #[test]
    fn clauses_nest_no_deeper_than_their_meaning_needs() {
        let [a, b, c] = ["a", "b", "c"].map(clause);
        let none_of = Query::any([a.clone(), b.clone()]).negated();
        let query = Query::all([c.clone(), Query::all([none_of, Query::Every])]);
        assert_eq!(query.depth(), 1);
        assert_eq!(query.into_value(), json!({"bool": {"filter": ["c"], "must_not": ["a", "b"]}}));
        let not_both = Query::all([a.clone(), b.clone()]).negated();
        assert_eq!(not_both.clone().negated(), Query::all([a, b]));
        assert_eq!(Query::any([Query::None, not_both.clone()]), not_both);
        assert_eq!(Query::any([c, Query::Every]), Query::Every);
    }
}
