//! The two indices beside the library's own: its failures and its runs. They bear their owner too.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::meta::VERSION;
use super::names::{self, escaped};
use super::standing::Listed;
use super::wanted::{Owner, Wanted};
use super::{Cluster, IndexError, Request, load};

/// Names of both.
pub(super) fn names(alias: &str) -> [String; 2] {
    [names::failures(alias), names::runs(alias)]
}

/// Makes one, where it is not there.
pub(super) fn create(
    cluster: &Cluster,
    (index, owner): (&str, &Owner),
    mut body: Value,
) -> Result<(), IndexError> {
    body["mappings"]["_meta"] = meta(owner);
    load::create(cluster, index, &body)
}

/// Refuses names that somebody else has: what is written there would be mixed with theirs, and what
/// no asset of ours stands for would be removed.
///
/// * `found`: what the cluster has of names that begin with the library's.
pub(super) fn check(found: &[Listed], wanted: &Wanted) -> Result<(), IndexError> {
    for name in names(&wanted.alias) {
        if let Some(other) = found.iter().find(|one| one.aliases.contains(&name)) {
            let by = format!("an alias of the index {}", other.name);
            return Err(IndexError::Taken { name, by });
        }
        let Some(own) = found.iter().find(|one| one.name == name) else { continue };
        match &own.owner {
            Some(owner) if owner.is(&wanted.owner) || wanted.adopt => {}
            Some(owner) => {
                return Err(IndexError::Foreign { index: name, owner: owner.to_string() });
            }
            None => {
                return Err(IndexError::Taken { name, by: "an index of another program".into() });
            }
        }
    }
    Ok(())
}

/// Writes the owner into both, where they are there.
pub(super) fn take_over(cluster: &Cluster, wanted: &Wanted) -> Result<(), IndexError> {
    for name in names(&wanted.alias) {
        let body = json!({"_meta": meta(&wanted.owner)});
        let request = Request::new(Method::Put, format!("{}/_mapping", escaped(&name)));
        match cluster.request(request.json(&body)) {
            Ok(_) => {}
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn meta(owner: &Owner) -> Value {
    json!({"vitrine": {"v": VERSION, "owner": owner}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use vitrine_crds::library::Vectors;

    fn wanted(adopt: bool) -> Wanted {
        Wanted {
            holds: Default::default(),
            alias: "m".to_owned(),
            owner: Owner { name: "m".to_owned(), ..Owner::default() },
            fields: Vec::new(),
            vectors: Vectors::default(),
            shards: 1,
            replicas: None,
            shared_alias: None,
            adopt,
            retain_old: Duration::ZERO,
        }
    }

    #[test]
    fn an_index_beside_ours_has_to_be_ours_too() {
        let listed = |name: &str, alias: Option<&str>, owner: Option<&str>| Listed {
            name: name.to_owned(),
            aliases: alias.map(str::to_owned).into_iter().collect(),
            owner: owner.map(|name| Owner { name: name.to_owned(), ..Owner::default() }),
            meta: None,
        };
        #[rustfmt::skip]
        let cases = [
            ("nothing there",         listed("m-other", None, None),                              true,  true),
            ("ours",                  listed("m-failures", None, Some("m")),                      true,  true),
            ("another library's",     listed("m-runs", None, Some("x")),                          false, true),
            ("another program's",     listed("m-failures", None, None),                           false, false),
            ("another library's own", listed("m-failures-0123456789ab", Some("m-failures"), None), false, false),
        ];
        for (because, one, is_fine, when_adopting) in cases {
            let found = [one];
            assert_eq!(check(&found, &wanted(false)).is_ok(), is_fine, "{because}");
            assert_eq!(check(&found, &wanted(true)).is_ok(), when_adopting, "{because}");
        }
    }
}
