//! Whether a cluster is as a run needs it: asked, and nothing changed.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::names::escaped;
use super::standing;
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request};

/// Privileges on an alias and all that is called after it.
const INDEX_PRIVILEGES: [&str; 5] = ["read", "index", "delete", "create_index", "manage"];
/// Privileges on the cluster.
const CLUSTER_PRIVILEGES: [&str; 1] = ["monitor"];

/// What a login may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rights {
    /// The server asks nobody who they are.
    Unasked,
    /// All that a run needs.
    Enough,
    /// Not these: each as `manage on <name>`.
    Missing(Vec<String>),
}

/// Asks what the login may do with the indices of `alias`.
///
/// # Errors
///
/// What the cluster says.
pub fn rights(cluster: &Cluster, alias: &str) -> Result<Rights, IndexError> {
    let names = [alias.to_owned(), format!("{alias}-*")];
    let body = json!({
        "cluster": CLUSTER_PRIVILEGES,
        "index": [{"names": names, "privileges": INDEX_PRIVILEGES}],
    });
    let asked = Request::new(Method::Post, "_security/user/_has_privileges").json(&body);
    let answer = match cluster.request(asked) {
        Ok(answer) => answer,
        // Security is off, or this distribution has none.
        Err(IndexError::Answer { status: 400 | 404 | 405 | 500 | 501, .. }) => {
            return Ok(Rights::Unasked);
        }
        Err(error) => return Err(error),
    };
    Ok(missing(&answer))
}

fn missing(answer: &Value) -> Rights {
    if answer["has_all_requested"] == true {
        return Rights::Enough;
    }
    let denied = |rights: &Value, place: &str| -> Vec<String> {
        let rights = rights.as_object().into_iter().flatten();
        let denied = rights.filter(|(_, given)| **given == false);
        denied.map(|(right, _)| format!("{right} on {place}")).collect()
    };
    let mut all = denied(&answer["cluster"], "the cluster");
    for (name, rights) in answer["index"].as_object().into_iter().flatten() {
        all.extend(denied(rights, name));
    }
    Rights::Missing(all)
}

/// What is behind an alias.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Held {
    /// Nothing yet.
    Nothing,
    /// An index of ours.
    Index {
        /// Its name.
        name: String,
        /// Documents in it.
        documents: u64,
        /// Vector fields that are not as their models make them; empty where all are.
        wrong: Vec<String>,
    },
}

/// Looks at what is behind the alias, and compares its vector fields with `dims`.
///
/// * `dims`: by field, numbers of a vector.
///
/// # Errors
///
/// [`IndexError::Foreign`], [`IndexError::NotAnAlias`], [`IndexError::Taken`], or what the cluster
/// says.
pub fn held(
    cluster: &Cluster,
    wanted: &Wanted,
    dims: &[(String, usize)],
) -> Result<Held, IndexError> {
    let standing = standing::look(cluster, wanted)?;
    let Some(live) = standing.live else { return Ok(Held::Nothing) };
    let asked = Request::new(Method::Get, format!("{}/_mapping", escaped(&live.index)));
    let answer = cluster.request(asked)?;
    let properties = &answer[&live.index]["mappings"]["properties"];
    let wrong = wrong_fields(properties, dims);
    Ok(Held::Index { name: live.index, documents: live.documents, wrong })
}

fn wrong_fields(properties: &Value, dims: &[(String, usize)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (field, dims) in dims {
        let property = match &properties[field]["properties"]["vector"] {
            Value::Null => &properties[field],
            vector => vector,
        };
        match (property["type"].as_str(), property["dims"].as_u64()) {
            (Some("dense_vector"), Some(found)) if found == *dims as u64 => {}
            (Some("dense_vector"), Some(found)) => {
                wrong.push(format!("{field} has {found} dimensions, and the model makes {dims}"));
            }
            (None, _) => wrong.push(format!("{field} is not there")),
            (Some(kind), _) => wrong.push(format!("{field} is a {kind} and no dense_vector")),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_that_are_missing_are_named_with_their_place() {
        assert_eq!(missing(&json!({"has_all_requested": true})), Rights::Enough);
        let answer = json!({
            "has_all_requested": false, "cluster": {"monitor": false},
            "index": {"moves": {"read": true, "manage": false}, "moves-*": {"read": true}},
        });
        let expected = ["monitor on the cluster", "manage on moves"].map(str::to_owned).to_vec();
        assert_eq!(missing(&answer), Rights::Missing(expected));
    }

    #[test]
    fn a_field_of_other_dimensions_or_type_is_named() {
        let vector = |dims: u64| json!({"type": "dense_vector", "dims": dims});
        let properties = json!({
            "a": vector(3), "b": vector(4), "c": {"type": "keyword"},
            "d": {"type": "nested", "properties": {"vector": vector(3)}},
        });
        let dims = ["a", "b", "c", "d", "e"].map(|field| (field.to_owned(), 3));
        let expected = [
            "b has 4 dimensions, and the model makes 3",
            "c is a keyword and no dense_vector",
            "e is not there",
        ];
        assert_eq!(wrong_fields(&properties, &dims), expected);
    }
}
