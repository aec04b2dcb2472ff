//! Whole searches over small catalogues.

use std::collections::BTreeMap;

use super::super::answer::QUERY_BYTES_MAX;
use super::super::filter::Filter;
use super::super::fixture;
use super::*;

/// Three assets whose vectors point along x, along y, and between.
fn library(fields: bool) -> (tempfile::TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let names = [("Forklift", "warehouse"), ("Steel_Rack", "warehouse"), ("Cup", "kitchen")];
    let documents: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(row, (name, pack))| fixture::document(&fixture::row_id(row), name, pack, "a thing"))
        .collect();
    let mut packed = BTreeMap::new();
    if fields {
        let half = 0.5_f32.sqrt();
        let rows = [vec![1.0, 0.0], vec![half, half], vec![0.0, 1.0]];
        let field = fixture::write_field(folder.path(), "text_embedding", &rows);
        packed.insert("text_embedding".to_owned(), field);
    }
    fixture::write(folder.path(), &documents, packed);
    let library = Library::open(folder.path()).unwrap();
    (folder, library)
}

fn request(query: &str) -> Request {
    Request { query: query.to_owned(), algorithm: None, filter: None, top_k: 10 }
}

fn names(answer: &Answer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.name.as_str()).collect()
}

fn along_x(_: &Space, _: &str) -> Result<Vec<f32>, SearchError> {
    Ok(vec![1.0, 0.0])
}

fn no_model(space: &Space, _: &str) -> Result<Vec<f32>, SearchError> {
    panic!("the model {} must not be loaded", space.model_uri)
}

#[test]
fn the_nearest_come_first_and_say_why() {
    let (_folder, library) = library(true);
    let answer = library.search(&request("lifts with steel"), &mut along_x).unwrap();
    assert_eq!(names(&answer), ["Forklift", "Steel_Rack", "Cup"]);
    assert_eq!((answer.algorithm.as_str(), answer.total), ("text", 3));
    let second = &answer.hits[1];
    assert_eq!(second.matched_tags, ["steel"]);
    assert_eq!(second.size_m, Some(2.0));
    let [leg] = second.legs.as_slice() else { panic!("one leg") };
    assert_eq!((leg.field.as_str(), leg.rank), ("text_embedding", 2));
    assert!((leg.score - 0.5_f64.sqrt()).abs() < 1e-6);
    let one = library.search(&Request { top_k: 1, ..request("x") }, &mut along_x).unwrap();
    assert_eq!((names(&one), one.total), (vec!["Forklift"], 3));
}

#[test]
fn a_filter_leaves_the_best_of_what_it_lets_through() {
    let (_folder, library) = library(true);
    let filter =
        Filter::all(vec![Filter::parse("not name ~ 'fork'").unwrap(), Filter::pack("warehouse")]);
    let answer = library.search(&Request { filter, ..request("x") }, &mut along_x).unwrap();
    assert_eq!((names(&answer), answer.total), (vec!["Steel_Rack"], 1));
    let nothing = Some(Filter::tag("nowhere"));
    let answer =
        library.search(&Request { filter: nothing, ..request("x") }, &mut no_model).unwrap();
    assert_eq!((names(&answer).len(), answer.total), (0, 0));
}

#[test]
fn words_need_no_model_and_a_catalogue_without_vectors_says_so() {
    let (_folder, with) = library(true);
    let words = Request { algorithm: Some("words".to_owned()), ..request("steel racks") };
    let answer = with.search(&words, &mut no_model).unwrap();
    assert_eq!((names(&answer), &answer.note), (vec!["Steel_Rack"], &None));
    let (_folder, without) = library(false);
    let answer = without.search(&request("cups"), &mut no_model).unwrap();
    assert_eq!((names(&answer), answer.algorithm.as_str()), (vec!["Cup"], "words"));
    assert!(answer.note.unwrap().contains("has no vectors"));
}

#[test]
fn a_hybrid_search_rewards_what_both_rankings_like() {
    let (_folder, library) = library(true);
    let hybrid = Request { algorithm: Some("hybrid".to_owned()), ..request("steel") };
    let answer = library.search(&hybrid, &mut along_x).unwrap();
    assert_eq!(names(&answer), ["Steel_Rack", "Forklift", "Cup"]);
    let fields: Vec<&str> = answer.hits[0].legs.iter().map(|leg| leg.field.as_str()).collect();
    assert_eq!(fields, ["text_embedding", "words"]);
    assert!((answer.hits[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-12);
}

#[test]
fn requests_that_cannot_be_answered_say_what_can() {
    let (_folder, library) = library(true);
    let refuse = |request: Request, words: &str| {
        let error = library.search(&request, &mut no_model).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit(), vitrine_crds::run::Exit::Usage);
    };
    refuse(request(" "), "the query is empty");
    refuse(request(&"x".repeat(QUERY_BYTES_MAX + 1)), "shorten it");
    refuse(Request { top_k: 0, ..request("x") }, "1 to 10000");
    refuse(Request { algorithm: Some("clip".to_owned()), ..request("x") }, "text, words, hybrid");
}

#[test]
fn assets_are_found_by_id_by_name_and_by_pack_and_name() {
    let (_folder, library) = library(true);
    for wanted in ["Forklift", "warehouse/Forklift", "0000000000000000"] {
        assert_eq!(library.find(wanted).unwrap()["name"], "Forklift", "{wanted}");
    }
    let error = library.find("Forklfit").unwrap_err().to_string();
    assert!(error.contains("did you mean `Forklift`?"), "{error}");
}

#[test]
fn what_was_not_published_or_is_from_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Library::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("vitrine catalog SOURCE --out"), "{error}");
    let (folder, _) = library(true);
    let current = folder.path().join(CURRENT);
    let text = std::fs::read_to_string(&current).unwrap();
    std::fs::write(&current, text.replace("\"v\":1", "\"v\":2")).unwrap();
    assert!(matches!(Library::open(folder.path()), Err(SearchError::Version { version: 2, .. })));
    std::fs::write(&current, text.replace(".vitrine/vectors/1/text", "../../etc/text")).unwrap();
    let error = Library::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("not inside the catalogue"), "{error}");
}
