//! `vitrine clips`, over an index that this test fills as a run does.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use vitrine::asset::clip::{Clip, VECTORS, VectorField};
use vitrine::index::verify::{Held, Rights, held, rights};
use vitrine::index::{
    Body, Cluster, FieldWanted, Filled, Holds, Owner, Settings, Version, Wanted, complete, encode,
    list, look, prepare, swap,
};
use vitrine_crds::embedding_job::annotations::Annotation;
use vitrine_crds::library::{Algorithm, Vectors};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};

/// Id of a clip, which direction its vectors have by name of the field, and whether it has sound.
const CLIPS: [(&str, [usize; 5]); 4] = [
    ("basic_step", [0, 0, 0, 0, 0]),
    ("cross_body_lead", [0, 1, 0, 1, 1]),
    ("side_turn", [1, 0, 1, 0, 1]),
    ("silent_walk", [1, 1, 2, 9, 2]),
];

/// A vector of length 1 along one axis, tilted a little; none where `axis` is 9.
fn vector(field: &VectorField, axis: usize) -> Option<Vec<f32>> {
    let mut vector = vec![0.0; field.dims];
    *vector.get_mut(axis).filter(|_| axis != 9)? = 0.8;
    vector[field.dims - 1] = 0.6;
    Some(vector)
}

fn clip(id: &str) -> Clip {
    let annotation = Annotation {
        move_label: Some(id.to_owned()),
        difficulty: Some("beginner".to_owned()),
        estimated_tempo: Some(129.2),
        ..Annotation::default()
    };
    let annotation = Some(&annotation).filter(|_| id != "silent_walk");
    Clip {
        quality_score: 0.75,
        detection_rate: 0.9,
        frame_count: 150,
        processing_time: 1.5,
        version: "mmpose_v1".to_owned(),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        ..Clip::named(id, &format!("steps/{id}.mp4"), annotation)
    }
}

fn wanted(alias: &str) -> Wanted {
    let field = |vector: VectorField| FieldWanted {
        field: vector.field.to_owned(),
        dims: vector.dims,
        embedding: vector.name.to_owned(),
        algorithm: Algorithm::Text,
        content: vector.content,
        model_uri: "models/none".to_owned(),
        model_fingerprint: "model-1".to_owned(),
    };
    Wanted {
        holds: Holds::Clips,
        alias: alias.to_owned(),
        owner: Owner { name: "steps".to_owned(), ..Owner::default() },
        fields: VECTORS.map(field).into(),
        vectors: Vectors::default(),
        shards: 1,
        replicas: Some(0),
        shared_alias: None,
        adopt: false,
        retain_old: Duration::ZERO,
    }
}

fn connected(server: &Elasticsearch) -> Cluster {
    Cluster::connect(&Settings::new(server.url()).unwrap()).unwrap()
}

/// Writes the clips as run 1 does, and puts the alias before them.
fn filled(server: &Elasticsearch) -> Name {
    let alias = server.name("moves");
    let (cluster, wanted) = (connected(server), wanted(&alias));
    let standing = look(&cluster, &wanted).unwrap();
    prepare(&cluster, &wanted, &standing, 1).unwrap();
    let mut lines = String::new();
    for (id, axes) in CLIPS {
        let clip = clip(id);
        let held: Vec<(&str, Vec<f32>)> = VECTORS
            .iter()
            .zip(axes)
            .filter_map(|(field, axis)| Some((field.field, vector(field, axis)?)))
            .collect();
        let vectors: Vec<(&str, &[f32])> =
            held.iter().map(|(field, vector)| (*field, vector.as_slice())).collect();
        clip.check(vectors.iter().copied()).unwrap();
        let body = Body {
            document: (&clip).into(),
            state: &format!("state of {id}"),
            run_state: &json!({"files": [clip.video_path]}),
            fields: &wanted.fields,
            vectors: &vectors,
        };
        let body = String::from_utf8(encode(&body, cluster.server())).unwrap();
        lines.push_str(&format!("{}\n{body}\n", json!({"index": {"_id": id}})));
    }
    let done = server.must("POST", &format!("/{}/_bulk", standing.target), Some(&lines.into()));
    assert_eq!(done["errors"], false, "{done}");
    complete(&cluster, &wanted, &standing, Filled { run: 1, documents: 4 }).unwrap();
    swap(&cluster, &wanted, &standing).unwrap();
    alias
}

/// Calls `vitrine clips`: exit code, stdout, stderr.
fn clips(server: &Elasticsearch, alias: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut call = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    call.arg("clips").args(arguments).args(["--elasticsearch", server.url(), "--index", alias]);
    let ended = call.current_dir(std::env::temp_dir()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

fn asked(server: &Elasticsearch, alias: &str, arguments: &[&str]) -> Value {
    let (code, out, error) = clips(server, alias, &[arguments, &["--output", "json"]].concat());
    assert_eq!(code, Some(0), "{error}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn clips_are_listed_got_with_their_vectors_and_found_by_likeness() {
    let Some(server) = Elasticsearch::find() else { return };
    let alias = filled(&server);

    let all = asked(&server, &alias, &["list"]);
    let ids: Vec<&str> =
        all.as_array().unwrap().iter().map(|one| one["clip_id"].as_str().unwrap()).collect();
    assert_eq!(ids, CLIPS.map(|(id, _)| id));
    assert_eq!(all[0]["difficulty"], "beginner");
    assert!(all[0].get("lead_embedding").is_none() && all[0].get("state").is_none(), "{all}");
    let rest = asked(&server, &alias, &["list", "--after", "cross_body_lead", "--limit", "1"]);
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]["clip_id"]), (1, &json!("side_turn")));
    let (_, table, _) = clips(&server, &alias, &["list"]);
    assert!(table.contains("cross_body_lead  cross_body_lead  beginner"), "{table}");

    let one = asked(&server, &alias, &["get", "basic_step"]);
    for field in VECTORS {
        let numbers = one[field.field].as_array().unwrap();
        assert_eq!(numbers.len(), field.dims, "{}", field.field);
        assert!((numbers[0].as_f64().unwrap() - 0.8).abs() < 1e-6, "{}", field.field);
    }
    let silent = asked(&server, &alias, &["get", "silent_walk"]);
    assert!(silent.get("audio_embedding").is_none() && silent["has_annotation"] == false);

    let like = |by: &str| {
        let answer = asked(&server, &alias, &["like", "basic_step", "--by", by, "--top-k", "3"]);
        let hits = answer["hits"].as_array().unwrap().clone();
        let one = |hit: &Value| {
            (hit["clip_id"].as_str().unwrap().to_owned(), hit["score"].as_f64().unwrap())
        };
        hits.iter().map(one).collect::<Vec<_>>()
    };
    // Same axis: cosine 1. Another: 0.6 · 0.6.
    let by_lead = like("lead");
    assert_eq!(by_lead[0].0, "cross_body_lead");
    assert!((by_lead[0].1 - 1.0).abs() < 1e-3 && (by_lead[1].1 - 0.36).abs() < 1e-2, "{by_lead:?}");
    assert_eq!(like("audio").len(), 2, "one has no sound");
    // Lead says cross_body_lead, follow says side_turn: the weight decides.
    assert_eq!(like("lead=3,follow=1")[0].0, "cross_body_lead");
    let mixed = like("lead=1,follow=3,audio=1");
    assert_eq!(mixed[0].0, "side_turn");
    let expected = (0.36 + 3.0 + 1.0) / 5.0;
    assert!((mixed[0].1 - expected).abs() < 1e-3, "{mixed:?}");
    // A vector that is not there counts as 0.
    let silent = mixed.iter().find(|(id, _)| id == "silent_walk").unwrap();
    // Of all vectors those count that the clip has, and only those are named.
    let all = asked(&server, &alias, &["like", "silent_walk", "--by", "all"]);
    assert_eq!(all["by"], "lead, follow, interaction, text");
    // As docs/clips.md has it, in one request.
    let near = |at: usize, boost: f64| {
        json!({"field": VECTORS[at].field, "query_vector": vector(&VECTORS[at], 0), "k": 100,
               "num_candidates": 200, "boost": boost,
               "filter": {"bool": {"must_not": {"ids": {"values": ["basic_step"]}}}}})
    };
    let answer = server.search(&alias, &json!({"size": 10, "knn": [near(0, 0.75), near(1, 0.25)]}));
    assert_eq!(answer["hits"]["hits"][0]["_id"], "cross_body_lead", "{answer}");
    assert!((silent.1 - (0.36 + 3.0 * 0.36) / 5.0).abs() < 1e-3, "{mixed:?}");
}

#[test]
fn what_the_page_says_to_paste_answers() {
    let Some(server) = Elasticsearch::find() else { return };
    let alias = filled(&server);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/clips.md"));
    let page = page.unwrap();
    let blocks: Vec<&str> =
        page.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 8);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_vitrine")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let version = connected(&server).server().version;
    let excludes =
        version.is_none_or(|version| version >= Version { major: 9, minor: 2, patch: 0 });
    for block in blocks {
        if block.contains("exclude_vectors") && !excludes {
            continue; // The page says that it is to be left out.
        }
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", block]).current_dir(std::env::temp_dir());
        shell.env("PATH", &path).env("ES_URL", server.url()).env("INDEX", &*alias);
        let ended = shell.env("ID", "basic_step").output().unwrap();
        let (out, error) =
            (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success(), "{block}\n{out}{error}");
        assert!(!out.trim().is_empty() && !out.contains("null"), "{block}\n{out}{error}");
        // By lead it is the first, by interaction and audio another.
        if block.contains("by(\"lead") {
            assert!(out.contains("cross_body_lead") && !out.contains("basic_step"), "{out}");
        }
    }
}

#[test]
fn vectors_are_written_for_numpy() {
    let Some(server) = Elasticsearch::find() else { return };
    let alias = filled(&server);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (code, said, error) =
        clips(&server, &alias, &["get", "silent_walk", "--output", "npy", "--out", out]);
    assert_eq!((code, said.lines().count()), (Some(0), 4), "{said} {error}");
    let bytes = std::fs::read(folder.path().join("silent_walk.follow_embedding.npy")).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY") && bytes.len() == 128 + 4 * 512, "{}", bytes.len());
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let Some(server) = Elasticsearch::find() else { return };
    let alias = filled(&server);
    #[rustfmt::skip]
    let cases: &[(&[&str], &str)] = &[
        (&["get", "basic_stp"],                         "did you mean `basic_step`?"),
        (&["get", "silent_walk", "--vector", "audio"],  "no vector of audio (no sound is heard in it); it has lead, follow, interaction, text: name only those"),
        (&["like", "silent_walk", "--by", "audio"],     "no vector of audio (no sound is heard in it); it has lead"),
        (&["like", "silent_walk", "--by", "lead=2,audio=1"], "no vector of audio (no sound is heard in it); it has lead"),
        (&["like", "basic_step", "--by", "leed"],       "did you mean lead?"),
    ];
    for (arguments, words) in cases {
        let (code, _, error) = clips(&server, &alias, arguments);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains(words), "no {words:?} in {error}");
    }
    let (code, _, error) = clips(&server, &format!("{}-none", &*alias), &["list"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("vitrine embed VIDEO_DIR"), "{error}");
}

#[test]
fn an_index_of_assets_holds_no_clips() {
    let Some(server) = Elasticsearch::find() else { return };
    let alias = server.name("assets");
    let body = json!({"mappings": {"properties": {"asset_id": {"type": "keyword"}}}});
    server.must("PUT", &format!("/{}", &*alias), Some(&body));
    server.must(
        "POST",
        &format!("/{}/_doc?refresh=true", &*alias),
        Some(&json!({"asset_id": "a"})),
    );
    let (code, _, error) = clips(&server, &alias, &["list"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("holds no clips"), "{error}");
}

#[test]
fn a_run_and_a_check_see_what_is_there() {
    let Some(server) = Elasticsearch::find() else { return };
    let alias = filled(&server);
    let (cluster, wanted) = (connected(&server), wanted(&alias));
    let entries: Vec<_> =
        list(&cluster, (&alias, Holds::Clips)).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries[1].id, "cross_body_lead");
    assert_eq!(entries[1].path, "steps/cross_body_lead.mp4");
    assert_eq!(entries[1].state, "state of cross_body_lead");
    let mut dims: Vec<(String, usize)> =
        VECTORS.iter().map(|field| (field.field.to_owned(), field.dims)).collect();
    let Held::Index { documents: 4, wrong, .. } = held(&cluster, &wanted, &dims).unwrap() else {
        panic!("four clips")
    };
    assert_eq!(wrong, [""; 0]);
    dims[0].1 = 17;
    let Held::Index { wrong, .. } = held(&cluster, &wanted, &dims).unwrap() else {
        panic!("an index")
    };
    assert_eq!(wrong, ["lead_embedding has 512 dimensions, and the model makes 17"]);
    let enough = rights(&cluster, &alias).unwrap();
    assert!(matches!(enough, Rights::Unasked | Rights::Enough), "{enough:?}");
    let other = Wanted { alias: format!("{}-other", &*alias), ..wanted };
    assert_eq!(held(&cluster, &other, &dims).unwrap(), Held::Nothing);
}
