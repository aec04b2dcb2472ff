//! Indices filled as a run fills them, without a run.

use std::time::Duration;

use serde_json::json;
use vitrine::asset::{Content, Document};
use vitrine::index::{
    Body, Cluster, FieldWanted, Filled, Holds, Owner, Settings, Wanted, complete, encode, look,
    prepare, swap,
};
use vitrine_crds::library::{Algorithm, VectorIndex, Vectors};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};

/// Documents sent in one request.
const BULK: usize = 500;

/// A document and its vector, where it has one.
pub type Item = (Document, Option<Vec<f32>>);

/// A document and its vectors by field.
pub type Vectored = (Document, Vec<(&'static str, Vec<f32>)>);

/// Makes an index of `items`, whose vectors are of `dims`, and puts the alias before it.
#[allow(dead_code, reason = "not every test needs both")]
pub fn filled(server: &Elasticsearch, kind: VectorIndex, dims: usize, items: &[Item]) -> Name {
    let field = field(("text_embedding", "text"), dims, (Algorithm::Text, Content::Description));
    let items: Vec<Vectored> = items
        .iter()
        .map(|(document, vector)| {
            let vectors = vector.iter().map(|vector| ("text_embedding", vector.clone()));
            (document.clone(), vectors.collect())
        })
        .collect();
    filled_with(server, kind, vec![field], &items)
}

/// A field of vectors of an embedding.
pub fn field(
    (field, embedding): (&str, &str),
    dims: usize,
    (algorithm, content): (Algorithm, Content),
) -> FieldWanted {
    FieldWanted {
        field: field.to_owned(),
        dims,
        embedding: embedding.to_owned(),
        algorithm,
        content,
        model_uri: "models/none".to_owned(),
        model_fingerprint: "model-1".to_owned(),
    }
}

/// As [`filled`], with several fields.
pub fn filled_with(
    server: &Elasticsearch,
    kind: VectorIndex,
    fields: Vec<FieldWanted>,
    items: &[Vectored],
) -> Name {
    let alias = server.name("filled");
    let cluster = Cluster::connect(&Settings::new(server.url()).unwrap()).unwrap();
    let wanted = Wanted {
        holds: Holds::Assets,
        alias: alias.to_string(),
        owner: Owner { name: "filled".to_owned(), ..Owner::default() },
        fields,
        vectors: Vectors { kind, ..Vectors::default() },
        shards: 1,
        replicas: Some(0),
        shared_alias: None,
        adopt: false,
        retain_old: Duration::ZERO,
    };
    let standing = look(&cluster, &wanted).unwrap();
    prepare(&cluster, &wanted, &standing, 1).unwrap();
    let target = &standing.target;
    for some in items.chunks(BULK) {
        let line = |(document, vectors): &Vectored| {
            let vectors: Vec<_> =
                vectors.iter().map(|(field, vector)| (*field, vector.as_slice())).collect();
            let body = Body {
                document: document.into(),
                state: "s",
                run_state: &json!({}),
                fields: &wanted.fields,
                vectors: &vectors,
            };
            let body = String::from_utf8(encode(&body, cluster.server())).unwrap();
            format!("{}\n{body}\n", json!({"index": {"_id": document.asset_id}}))
        };
        let body: String = some.iter().map(line).collect();
        let done = server.must("POST", &format!("/{target}/_bulk"), Some(&body.into()));
        assert_eq!(done["errors"], false, "{done}");
    }
    let documents = items.len() as u64;
    complete(&cluster, &wanted, &standing, Filled { run: 1, documents }).unwrap();
    swap(&cluster, &wanted, &standing).unwrap();
    alias
}
