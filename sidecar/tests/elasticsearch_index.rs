//! The life of an index on a real server: made, filled, made searchable, replaced, removed.
#![allow(clippy::unwrap_used)] // A test that cannot reach what it made proves nothing.

use std::time::Duration;

use serde_json::{Value, json};
use vitrine::asset::{Content, Document};
use vitrine::index::{
    self, Body, Cluster, FieldWanted, Filled, Holds, IndexError, Owner, Settings, Standing, Wanted,
    claims, encode, failures, names,
};
use vitrine_bulk::{Action, BulkError, Operation, Options, Verdict, start};
use vitrine_crds::library::{Algorithm, VectorIndex, Vectors};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};

const DIMS: usize = 8;

/// A server, a connection to it and an alias of this test's own.
struct Ground {
    server: Elasticsearch,
    cluster: Cluster,
    alias: Name,
}

impl Ground {
    fn new(purpose: &str) -> Option<Self> {
        let server = Elasticsearch::find()?;
        let cluster = Cluster::connect(&Settings::new(server.url()).unwrap()).unwrap();
        let alias = server.name(purpose);
        Some(Self { server, cluster, alias })
    }

    fn wanted(&self, kind: VectorIndex) -> Wanted {
        Wanted {
            holds: Holds::Assets,
            alias: self.alias.to_string(),
            owner: Owner { name: "demo".to_owned(), ..Owner::default() },
            fields: vec![FieldWanted {
                field: "text_embedding".to_owned(),
                dims: DIMS,
                embedding: "text".to_owned(),
                algorithm: Algorithm::Text,
                content: Content::Description,
                model_uri: "models/tiny".to_owned(),
                model_fingerprint: "f1".to_owned(),
            }],
            vectors: Vectors { kind, ..Vectors::default() },
            shards: 1,
            replicas: None,
            shared_alias: None,
            adopt: false,
            retain_old: Duration::ZERO,
        }
    }

    /// Writes documents as run `run`, each with its vector; returns the verdicts that are no
    /// success.
    fn fill(&self, index: &str, run: u64, documents: &[(Document, Vec<f32>)]) -> Vec<Verdict> {
        let rows: Vec<_> = documents
            .iter()
            .map(|(document, vector)| (document, vec![("text_embedding", vector.as_slice())]))
            .collect();
        self.fill_fields(index, run, &[], &rows)
    }

    /// As `fill`, with the vectors of several fields.
    fn fill_fields(
        &self,
        index: &str,
        run: u64,
        fields: &[FieldWanted],
        documents: &[(&Document, Vec<(&str, &[f32])>)],
    ) -> Vec<Verdict> {
        let client = self.cluster.client().clone();
        let (sender, mut receiver) = start(self.cluster.runtime(), client, Options::default());
        std::thread::scope(|scope| {
            // In a thread of its own: the two ends bound each other.
            scope.spawn(move || {
                for (document, vectors) in documents {
                    let state = format!("state of {}", document.asset_id);
                    let body = Body {
                        document: (*document).into(),
                        state: &state,
                        run_state: &json!({"files": [document.path]}),
                        fields,
                        vectors,
                    };
                    let operation = Operation {
                        index: index.into(),
                        id: document.asset_id.clone(),
                        action: Action::Index(encode(&body, self.cluster.server()).into()),
                        version: Some(run),
                        tag: (),
                    };
                    sender.send(operation).unwrap();
                }
            });
            let done = std::iter::from_fn(|| receiver.recv());
            let verdicts = done.map(|done| done.unwrap().verdict);
            verdicts.filter(|verdict| *verdict != Verdict::Written).collect()
        })
    }

    /// A whole run: looks, claims, fills, completes, swaps, removes what is old.
    fn run(&self, wanted: &Wanted, documents: &[(Document, Vec<f32>)]) -> (Standing, u64) {
        let standing = index::look(&self.cluster, wanted).unwrap();
        let run =
            claims::claim(&self.cluster, wanted, standing.newest_run + 1, "somebody").unwrap();
        index::prepare(&self.cluster, wanted, &standing, run).unwrap();
        assert_eq!(self.fill(&standing.target, run, documents), []);
        let filled = Filled { run, documents: documents.len() as u64 };
        index::complete(&self.cluster, wanted, &standing, filled).unwrap();
        index::swap(&self.cluster, wanted, &standing).unwrap();
        index::remove_old(&self.cluster, wanted, &standing, run).unwrap();
        (standing, run)
    }
}

fn document(number: usize) -> Document {
    serde_json::from_value(json!({
        "asset_id": format!("{number:016x}"), "name": format!("thing{number}"), "library": "demo",
        "pack": "office", "uri": format!("file:///demo/thing{number}.usda"),
        "path": format!("thing{number}.usda"), "tags": ["thing"], "size_bytes": 1,
        "modified": "2026-01-01T00:00:00Z", "fingerprint": "f", "embedding_fingerprint": {},
        "extractor_version": "1", "indexed_at": "2026-01-01T00:00:00Z", "used_by": number,
        "caption": {}, "description": "a thing", "usd": {}, "has_visual_embedding": false,
    }))
    .unwrap()
}

/// A vector of length 1 that no other number has.
fn vector(number: usize) -> Vec<f32> {
    let raw: Vec<f32> = (0..DIMS).map(|at| ((number * 7 + at * 13) as f32).sin()).collect();
    let norm = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
    raw.into_iter().map(|value| value / norm).collect()
}

fn documents(count: usize) -> Vec<(Document, Vec<f32>)> {
    (0..count).map(|number| (document(number), vector(number))).collect()
}

fn nearest(ground: &Ground, number: usize) -> Value {
    let knn = json!({"field": "text_embedding", "query_vector": vector(number), "k": 1,
                     "num_candidates": 50});
    ground.server.search(&ground.alias, &json!({"knn": knn, "size": 1}))["hits"]["hits"][0].take()
}

#[test]
fn vectors_come_back_bit_by_bit_and_their_own_document_is_the_nearest() {
    let Some(ground) = Ground::new("bits") else { return };
    let wanted = ground.wanted(VectorIndex::Auto);
    let written = documents(20);
    let (standing, _) = ground.run(&wanted, &written);
    let fields = vec!["text_embedding".to_owned()];
    let read: Vec<index::Exported> =
        index::export(&ground.cluster, (&standing.target, Holds::Assets), fields)
            .unwrap()
            .map(Result::unwrap)
            .collect();
    assert_eq!(read.len(), 20);
    for (read, (document, vector)) in read.iter().zip(&written) {
        assert_eq!(read.document, *document);
        assert_eq!(read.vectors, [("text_embedding".to_owned(), vector.clone())]);
        assert_eq!(read.run_state["files"][0], document.path);
    }
    let hit = nearest(&ground, 7);
    assert_eq!(hit["_id"], written[7].0.asset_id);
    assert!((hit["_score"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{hit}");
}

/// Eight views that no other number has, one after another.
fn views(number: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let view = |_| {
        let raw: Vec<f32> = (0..DIMS).map(|_| random.f32() - 0.5).collect();
        let norm = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
        raw.into_iter().map(move |value| value / norm)
    };
    (0..8).flat_map(view).collect()
}

/// What a dual encoder makes: a caption for every other document, and eight views of each.
fn paired(ground: &Ground, kind: VectorIndex) -> Wanted {
    let mut wanted = ground.wanted(kind);
    for (field, content) in [("look_text", Content::Caption), ("look_views", Content::Views)] {
        let (field, embedding) = (field.to_owned(), "look".to_owned());
        let one = wanted.fields[0].clone();
        let algorithm = Algorithm::Clip;
        wanted.fields.push(FieldWanted { field, embedding, algorithm, content, ..one });
    }
    wanted
}

fn run_paired(ground: &Ground, wanted: &Wanted, count: usize) -> Standing {
    let written: Vec<_> =
        (0..count).map(|number| (document(number), vector(number), views(number))).collect();
    let rows: Vec<_> = written
        .iter()
        .enumerate()
        .map(|(number, (document, vector, views))| {
            let mut rows = vec![("text_embedding", &vector[..]), ("look_views", &views[..])];
            if number % 2 == 0 {
                rows.insert(1, ("look_text", &vector[..]));
            }
            (document, rows)
        })
        .collect();
    let standing = index::look(&ground.cluster, wanted).unwrap();
    let run = claims::claim(&ground.cluster, wanted, standing.newest_run + 1, "somebody").unwrap();
    index::prepare(&ground.cluster, wanted, &standing, run).unwrap();
    assert_eq!(ground.fill_fields(&standing.target, run, &wanted.fields, &rows), []);
    let filled = Filled { run, documents: count as u64 };
    index::complete(&ground.cluster, wanted, &standing, filled).unwrap();
    index::swap(&ground.cluster, wanted, &standing).unwrap();
    standing
}

/// The nearest asset to a view, and which of its views that is.
fn nearest_view(ground: &Ground, query: &[f32]) -> (String, u64, f64) {
    let inner = json!({"size": 1, "_source": false, "docvalue_fields": ["look_views.view"]});
    let knn = json!({"field": "look_views.vector", "query_vector": query, "k": 1,
                     "num_candidates": 100, "inner_hits": inner});
    let answer = ground.server.search(&ground.alias, &json!({"knn": knn, "size": 1}));
    let hit = &answer["hits"]["hits"][0];
    let best = &hit["inner_hits"]["look_views"]["hits"]["hits"][0];
    let view = best["fields"]["look_views.view"][0].as_u64().unwrap();
    // Vectors are big, and stay out of what a search returns where the server leaves them out.
    if ground.cluster.server().base64_vectors() {
        assert!(hit["_source"]["look_views"][0].get("vector").is_none(), "{hit}");
    }
    (hit["_id"].as_str().unwrap().to_owned(), view, hit["_score"].as_f64().unwrap())
}

#[test]
fn views_come_back_bit_by_bit_and_their_own_asset_is_the_nearest() {
    let Some(ground) = Ground::new("views") else { return };
    let wanted = paired(&ground, VectorIndex::Auto);
    let standing = run_paired(&ground, &wanted, 20);
    assert_eq!(ground.server.count(&standing.target), 20, "views are not counted as documents");
    let fields = wanted.fields.iter().map(|field| field.field.clone()).collect();
    let read: Vec<index::Exported> =
        index::export(&ground.cluster, (&standing.target, Holds::Assets), fields)
            .unwrap()
            .map(Result::unwrap)
            .collect();
    for (number, read) in read.iter().enumerate() {
        let one = |field: &str| {
            read.vectors.iter().find(|(name, _)| name == field).map(|(_, vector)| vector.clone())
        };
        assert_eq!(one("look_views"), Some(views(number)), "{number}");
        assert_eq!(one("look_text"), (number % 2 == 0).then(|| vector(number)), "{number}");
        assert_eq!(one("text_embedding"), Some(vector(number)), "{number}");
    }
    for (number, view) in [(0, 0), (7, 3), (19, 7)] {
        let query = &views(number)[view * DIMS..][..DIMS];
        let (id, best, score) = nearest_view(&ground, query);
        assert_eq!((id, best), (document(number).asset_id, view as u64));
        assert!((score - 1.0).abs() < 1e-6, "{score}");
    }
    let listed = index::list(&ground.cluster, (&standing.target, Holds::Assets)).unwrap().count();
    assert_eq!(listed, 20);
    // What is there is fit for the next run: it is the same index, and is filled again.
    let again = run_paired(&ground, &wanted, 20);
    assert_eq!((again.target, again.exists), (standing.target, true));
}

#[test]
fn views_of_few_assets_get_a_graph_where_sentences_of_as_many_do_not() {
    let Some(ground) = Ground::new("viewgraph") else { return };
    let wanted = paired(&ground, VectorIndex::Auto);
    let standing = run_paired(&ground, &wanted, 1_300);
    let properties = &ground.server.mapping(&standing.target)["properties"];
    assert_eq!(properties["text_embedding"]["index_options"]["type"], "flat");
    assert_eq!(properties["look_text"]["index_options"]["type"], "flat");
    let views_are = &properties["look_views"]["properties"]["vector"]["index_options"];
    assert_eq!(views_are["type"], "int8_hnsw", "10,400 views");
    let stats = ground.server.must("GET", &format!("/{}/_stats", standing.target), None);
    let dense = &stats["_all"]["primaries"]["dense_vector"];
    // A lone segment is merged only once a document of it was written again, and 9.1 goes on counting
    // the old one: a sentence, eight views and, where it has one, a caption.
    let counted = dense["value_count"].as_u64().unwrap();
    assert!([12_350, 12_359, 12_360].contains(&counted), "{counted} of 1,300 + 650 + 10,400");
    assert!(dense["off_heap"]["total_vex_size_bytes"].as_u64().unwrap() > 0, "no graph in {stats}");
    let (id, view, score) = nearest_view(&ground, &views(1_234)[5 * DIMS..][..DIMS]);
    assert_eq!((id, view), (document(1_234).asset_id, 5));
    assert!((score - 1.0).abs() < 1e-4, "{score}");
}

#[test]
fn a_first_load_builds_its_graph_once_and_serves_with_the_usual_settings() {
    let Some(ground) = Ground::new("graph") else { return };
    for (kind, shards, count) in
        [(VectorIndex::Auto, 1, 10_000), (VectorIndex::Int8Hnsw, 2, 21_000)]
    {
        let wanted = Wanted { shards, ..ground.wanted(kind) };
        let (standing, _) = ground.run(&wanted, &documents(count));
        let stats = ground.server.must("GET", &format!("/{}/_stats", standing.target), None);
        let graph = &stats["_all"]["primaries"]["dense_vector"]["off_heap"]["total_vex_size_bytes"];
        assert!(graph.as_u64().unwrap() > 0, "{kind:?}: no graph in {stats}");
        assert_eq!(stats["_all"]["primaries"]["segments"]["count"], shards, "{kind:?}");
        let settings = ground.server.settings(&standing.target);
        assert_eq!(settings["index.refresh_interval"], Value::Null, "{kind:?}");
        assert_eq!(settings["index.auto_expand_replicas"], "0-1", "{kind:?}");
        let score = nearest(&ground, 3)["_score"].as_f64().unwrap();
        assert!((score - 1.0).abs() < 1e-4, "{kind:?}: {score}");
        // Another run finds the graph and leaves it alone.
        let merged = forced_merges(&ground, &standing.target);
        assert_eq!(merged.len(), shards as usize);
        let (again, _) = ground.run(&wanted, &documents(count));
        assert_eq!(again.target, standing.target);
        assert_eq!(forced_merges(&ground, &standing.target), merged, "{kind:?}");
    }
}

/// By primary shard: names the last merge that somebody asked for.
fn forced_merges(ground: &Ground, index: &str) -> Vec<String> {
    let path = format!("/{index}/_stats/segments?level=shards");
    let stats = ground.server.must("GET", &path, None);
    let shards = stats["indices"][index]["shards"].as_object().unwrap().values();
    let primaries = shards.flat_map(|copies| copies.as_array().unwrap());
    let primaries = primaries.filter(|copy| copy["routing"]["primary"] == true);
    let named =
        |copy: &Value| copy["commit"]["user_data"]["force_merge_uuid"].as_str().map(str::to_owned);
    primaries.filter_map(named).collect()
}

#[test]
fn what_strangers_write_into_a_file_is_taken_or_refused_by_name() {
    let Some(ground) = Ground::new("hostile") else { return };
    let wanted = ground.wanted(VectorIndex::Auto);
    let mut hostile = document(0);
    let long = "长".repeat(50_000);
    hostile.name = long.clone();
    hostile.tags = vec![long.clone(); 3];
    hostile.path = long.clone();
    hostile.description = long.clone();
    hostile.usd.documentation = Some(long.clone());
    hostile.usd.cameras = vec!["\u{1b}[31m\u{202e}\u{0}".to_owned(), String::new()];
    hostile.usd.default_prim = Some(long.clone());
    hostile.usd.dependencies = (0..20_000).map(|number| format!("part{number}")).collect();
    for number in 0..100_000 {
        hostile.usd.prims.insert(format!("Type{number}"), number);
    }
    for key in ["", ".", "a.b.c", "..", " ", "{\"a\":1}"] {
        hostile.usd.kinds.insert(key.to_owned(), 1);
        hostile.usd.applied_schemas.insert(key.to_owned(), u64::MAX);
    }
    hostile.embedding_fingerprint.insert("x.y".to_owned(), "z".to_owned());
    let (standing, _) = ground.run(&wanted, &[(hostile.clone(), vector(0))]);
    let read =
        index::export::<Document>(&ground.cluster, (&standing.target, Holds::Assets), Vec::new())
            .unwrap();
    assert_eq!(read.map(Result::unwrap).next().unwrap().document, hostile);
    // No index takes these as keys: they are made fit.
    let mut unfit = document(1);
    unfit.usd.kinds.extend([("a\0b".to_owned(), 1), ("ab".to_owned(), 2), (long, 3)]);
    assert_eq!(ground.fill(&standing.target, 9, &[(unfit, vector(1))]), []);
    ground.server.refresh(&standing.target);
    let kept = ground.server.get(&standing.target, &document(1).asset_id).unwrap();
    assert_eq!(kept["_source"]["usd"]["kinds"]["ab"], 3);
}

#[test]
fn every_document_is_listed_in_the_order_of_ids_over_many_pages() {
    let Some(ground) = Ground::new("pages") else { return };
    let wanted = Wanted { fields: Vec::new(), ..ground.wanted(VectorIndex::Auto) };
    let standing = index::look(&ground.cluster, &wanted).unwrap();
    index::prepare(&ground.cluster, &wanted, &standing, 1).unwrap();
    let lines: String = (0..20_500)
        .map(|number| {
            let mut source = serde_json::to_value(document(number)).unwrap();
            source["state"] = json!(format!("s{number}"));
            let id = document(number).asset_id;
            format!("{}\n{source}\n", json!({"index": {"_id": id}}))
        })
        .collect();
    let path = format!("/{}/_bulk", standing.target);
    ground.server.must("POST", &path, Some(&Value::String(lines)));
    let listed: Vec<_> = index::list(&ground.cluster, (&standing.target, Holds::Assets))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(listed.len(), 20_500);
    for (number, entry) in listed.iter().enumerate() {
        assert_eq!(entry.id, document(number).asset_id);
        assert_eq!(entry.state, format!("s{number}"));
        assert_eq!(entry.used_by, number as u64);
    }
}

#[test]
fn another_model_fills_an_index_of_its_own_and_one_request_swaps_it_in() {
    let Some(ground) = Ground::new("swap") else { return };
    let first = ground.wanted(VectorIndex::Auto);
    let (old, _) = ground.run(&first, &documents(5));
    assert_eq!(ground.server.behind(&ground.alias), std::slice::from_ref(&old.target));
    let mut second = Wanted { retain_old: Duration::from_secs(3600), ..first.clone() };
    second.fields[0].model_fingerprint = "f2".to_owned();
    let (new, run) = ground.run(&second, &documents(6));
    assert_ne!(new.target, old.target);
    assert_eq!(new.live.as_ref().unwrap().index, old.target);
    assert_eq!(new.live.as_ref().unwrap().documents, 5);
    assert_eq!(ground.server.behind(&ground.alias), std::slice::from_ref(&new.target));
    assert_eq!(ground.server.count(&old.target), 5, "the old index is kept for an hour");
    let standing = index::look(&ground.cluster, &second).unwrap();
    assert_eq!((standing.live.unwrap().run, standing.newest_run), (run, run));
    // Its hour over, it goes.
    let later = Wanted { retain_old: Duration::ZERO, ..second };
    let (_, _) = ground.run(&later, &documents(6));
    assert_eq!(ground.server.indices(&old.target), Vec::<String>::new());
}

#[test]
fn an_index_whose_end_a_killed_run_did_not_note_goes_all_the_same() {
    let Some(ground) = Ground::new("unnoted") else { return };
    let first = ground.wanted(VectorIndex::Auto);
    let (old, _) = ground.run(&first, &documents(1));
    let meta = ground.server.mapping(&old.target)["_meta"].clone();
    let mut second = Wanted { retain_old: Duration::from_secs(3600), ..first };
    second.fields[0].model_fingerprint = "f2".to_owned();
    ground.run(&second, &documents(1));
    // As the kill left it: swapped out, and not noted.
    let path = format!("/{}/_mapping", old.target);
    ground.server.must("PUT", &path, Some(&json!({"_meta": meta})));
    ground.run(&second, &documents(1));
    let noted = &ground.server.mapping(&old.target)["_meta"]["vitrine"]["replaced_at"];
    assert!(noted.is_string(), "its hour begins now");
    ground.run(&Wanted { retain_old: Duration::ZERO, ..second }, &documents(1));
    assert_eq!(ground.server.indices(&old.target), Vec::<String>::new());
}

#[test]
fn a_shared_alias_moves_with_the_index_and_keeps_other_libraries() {
    let Some(ground) = Ground::new("shared") else { return };
    let shared = format!("{}-all", &*ground.alias);
    let first = Wanted { shared_alias: Some(shared.clone()), ..ground.wanted(VectorIndex::Auto) };
    let (old, _) = ground.run(&first, &documents(2));
    let other = format!("{}-other", &*ground.alias);
    ground.server.must("PUT", &format!("/{other}"), Some(&json!({"aliases": {&shared: {}}})));
    let mut second = first;
    second.fields[0].model_fingerprint = "f2".to_owned();
    let (new, _) = ground.run(&second, &documents(2));
    assert_ne!(old.target, new.target);
    let mut behind = ground.server.behind(&shared);
    behind.sort();
    let mut expected = vec![new.target, other];
    expected.sort();
    assert_eq!(behind, expected);
}

#[test]
fn an_index_of_somebody_else_is_left_alone_unless_it_is_adopted() {
    let Some(ground) = Ground::new("owner") else { return };
    let ours = ground.wanted(VectorIndex::Auto);
    ground.run(&ours, &documents(1));
    let owner = Owner { name: "other".to_owned(), ..Owner::default() };
    let theirs = Wanted { owner, ..ours.clone() };
    match index::look(&ground.cluster, &theirs) {
        Err(IndexError::Foreign { owner, .. }) => assert_eq!(owner, "`demo`"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(index::remove_all(&ground.cluster, &theirs), Err(IndexError::Foreign { .. })));
    let adopting = Wanted { adopt: true, ..theirs.clone() };
    ground.run(&adopting, &documents(1));
    assert!(index::look(&ground.cluster, &theirs).is_ok());
    assert!(matches!(index::look(&ground.cluster, &ours), Err(IndexError::Foreign { .. })));
    let greedy = Wanted { adopt: true, ..ours.clone() };
    let removed = index::remove_all(&ground.cluster, &greedy);
    assert!(
        matches!(removed, Err(IndexError::Foreign { .. })),
        "{removed:?}: cleaning adopts nothing"
    );
    index::remove_all(&ground.cluster, &theirs).unwrap();
    assert_eq!(ground.server.indices(&ground.alias), Vec::<String>::new());
}

#[test]
fn an_index_in_the_place_of_the_alias_is_named() {
    let Some(ground) = Ground::new("concrete") else { return };
    ground.server.must("PUT", &format!("/{}", &*ground.alias), None);
    let looked = index::look(&ground.cluster, &ground.wanted(VectorIndex::Auto));
    assert!(matches!(looked, Err(IndexError::NotAnAlias { .. })), "{looked:?}");
}

#[test]
fn a_number_is_claimed_once_and_the_lower_run_learns_of_the_higher() {
    let Some(ground) = Ground::new("claims") else { return };
    let wanted = ground.wanted(VectorIndex::Auto);
    let claim = |holder: &str| claims::claim(&ground.cluster, &wanted, 1, holder).unwrap();
    let mut numbers: Vec<u64> = std::thread::scope(|scope| {
        let claiming: Vec<_> =
            (0..6).map(|number| scope.spawn(move || claim(&format!("holder{number}")))).collect();
        claiming.into_iter().map(|one| one.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6], "each of six at once has a number of its own");
    assert_eq!(claim("again"), 7);
    assert_eq!(claim("again"), 7, "who has the newest gets it again");
    let newest = |run, holder| claims::still_newest(&ground.cluster, &wanted, run, holder);
    newest(7, "again").unwrap();
    assert!(matches!(newest(5, "x"), Err(IndexError::Superseded { run: 5, .. })));
    assert!(matches!(newest(7, "x"), Err(IndexError::Superseded { .. })), "not its holder");
}

#[test]
fn a_document_of_a_higher_run_is_not_written_over() {
    let Some(ground) = Ground::new("higher") else { return };
    let wanted = ground.wanted(VectorIndex::Auto);
    let standing = index::look(&ground.cluster, &wanted).unwrap();
    index::prepare(&ground.cluster, &wanted, &standing, 5).unwrap();
    let one = documents(1);
    assert_eq!(ground.fill(&standing.target, 5, &one), []);
    assert_eq!(ground.fill(&standing.target, 5, &one), [], "the same run may write again");
    let lower = ground.fill(&standing.target, 4, &one);
    assert_eq!(lower, [Verdict::Superseded { current: Some(5) }]);
    let prepared = index::prepare(&ground.cluster, &wanted, &standing, 4);
    assert!(matches!(prepared, Err(IndexError::Superseded { run: 4, by: 5 })), "{prepared:?}");
}

#[test]
fn an_index_that_is_removed_while_it_is_filled_is_not_made_anew() {
    let Some(ground) = Ground::new("removed") else { return };
    let wanted = ground.wanted(VectorIndex::Auto);
    let standing = index::look(&ground.cluster, &wanted).unwrap();
    index::prepare(&ground.cluster, &wanted, &standing, 1).unwrap();
    let options = Options { require_alias: true, ..Options::default() };
    let client = ground.cluster.client().clone();
    let (sender, mut receiver) = start(ground.cluster.runtime(), client, options);
    let send = |id: &str| {
        let index = names::write_alias(&standing.target).into();
        let (id, action) = (id.to_owned(), Action::Delete);
        sender.send(Operation { index, id, action, version: None, tag: () }).unwrap();
    };
    send("a");
    assert_eq!(receiver.recv().unwrap().unwrap().verdict, Verdict::Written);
    ground.server.must("DELETE", &format!("/{}", standing.target), None);
    send("b");
    match receiver.recv().unwrap() {
        Err(BulkError::IndexMissing { .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(receiver.recv().is_none(), "nothing comes after an error");
    assert_eq!(ground.server.indices(&standing.target), Vec::<String>::new());
}

#[test]
fn the_failures_index_says_what_the_newest_run_says() {
    let Some(ground) = Ground::new("failures") else { return };
    let index = names::failures(&ground.alias);
    let wanted = ground.wanted(VectorIndex::Auto);
    let failed = |id| failures::Failed {
        id,
        uri: "file:///x",
        step: "read",
        reason: "not USD",
        attempts: 2,
        time: "2026-01-01T00:00:00Z",
    };
    let record = |run, failed: &[failures::Failed<'_>]| {
        failures::record(&ground.cluster, &wanted, run, failed).unwrap();
        ground.server.refresh(&index);
    };
    failures::record(&ground.cluster, &wanted, 1, &[]).unwrap();
    assert_eq!(ground.server.indices(&index), Vec::<String>::new(), "nothing failed: no index");
    record(1, &[failed("a"), failed("b")]);
    assert_eq!(ground.server.count(&index), 2);
    record(2, &[failed("b")]);
    assert_eq!(ground.server.documents(&index).into_keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(ground.server.get(&index, "b").unwrap()["_source"]["run"], 2);
    record(3, &[]);
    assert_eq!(ground.server.count(&index), 0);
}
