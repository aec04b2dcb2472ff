//! Whole searches over small catalogues.

use std::collections::BTreeMap;

use super::super::answer::{Picture, QUERY_BYTES_MAX, Query};
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
    let query = query.into();
    Request { query, is_cross_modal: false, algorithm: None, filter: None, top_k: 10 }
}

fn names(answer: &Answer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.name.as_str()).collect()
}

fn along_x(_: &Space, _: &Query) -> Result<Vec<f32>, SearchError> {
    Ok(vec![1.0, 0.0])
}

fn no_model(space: &Space, _: &Query) -> Result<Vec<f32>, SearchError> {
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

/// As [`library`], with four views of each asset by an embedding `look` whose captions two have: view
/// n of every asset is its own, so that view 2 of the cup points along x most of all.
fn pictured() -> (tempfile::TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let names = [("Forklift", "warehouse"), ("Steel_Rack", "warehouse"), ("Cup", "kitchen")];
    let documents: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(row, (name, pack))| fixture::document(&fixture::row_id(row), name, pack, "a thing"))
        .collect();
    let unit = |degrees: f32| vec![degrees.to_radians().cos(), degrees.to_radians().sin()];
    let views: Vec<Vec<f32>> =
        [90.0, 80.0, 70.0, 30.0, 60.0, 20.0, 61.0, 62.0, 50.0, 40.0, 10.0, 85.0].map(unit).into();
    let captions = [unit(15.0), unit(5.0)];
    let root = folder.path();
    let mut packed = BTreeMap::new();
    packed.insert(
        "text_embedding".to_owned(),
        fixture::write_field(root, "text_embedding", &[unit(45.0), unit(50.0), unit(55.0)]),
    );
    packed.insert("look_views".to_owned(), fixture::write_views(root, "look_views", &views, 4));
    packed.insert("look_text".to_owned(), fixture::write_captions(root, "look_text", &captions));
    fixture::write(root, &documents, packed);
    let library = Library::open(root).unwrap();
    (folder, library)
}

fn picture() -> Query {
    let pixels = vitrine_image::Rgb::new(1, 1, vec![0; 3]).unwrap().into();
    Query::Picture(Picture { name: "photo.png".to_owned(), pixels })
}

fn cross(query: Query, algorithm: Option<&str>) -> Request {
    let algorithm = algorithm.map(str::to_owned);
    Request { query, is_cross_modal: true, algorithm, filter: None, top_k: 10 }
}

#[test]
fn a_picture_finds_each_asset_once_by_the_view_that_is_nearest() {
    let (_folder, library) = pictured();
    let request = Request { is_cross_modal: false, ..cross(picture(), None) };
    let answer = library.search(&request, &mut along_x).unwrap();
    assert_eq!(names(&answer), ["Cup", "Steel_Rack", "Forklift"]);
    assert_eq!((answer.query.as_deref(), answer.image.as_deref()), (None, Some("photo.png")));
    let best: Vec<_> = answer
        .hits
        .iter()
        .map(|hit| {
            let view = hit.view.as_ref().unwrap();
            (view.number, view.azimuth_degrees, hit.legs[0].field.as_str())
        })
        .collect();
    assert_eq!(best, [(2, 180.0, "look_views"), (1, 90.0, "look_views"), (3, 270.0, "look_views")]);
    let expected = format!("thumbnails/{}/180.png", fixture::row_id(2));
    assert_eq!(answer.hits[0].view.as_ref().unwrap().picture.as_ref(), Some(&expected));
    for (hit, degrees) in answer.hits.iter().zip([10.0_f64, 20.0, 30.0]) {
        assert!((hit.score - degrees.to_radians().cos()).abs() < 1e-6, "{hit:?}");
    }
    let one = library.search(&Request { top_k: 1, ..request.clone() }, &mut along_x).unwrap();
    assert_eq!(names(&one), ["Cup"]);
    let filter = Some(Filter::pack("warehouse"));
    let some = library.search(&Request { filter, ..request }, &mut along_x).unwrap();
    assert_eq!((names(&some), some.total), (vec!["Steel_Rack", "Forklift"], 2));
}

#[test]
fn words_find_pictures_and_a_picture_finds_captions() {
    let (_folder, library) = pictured();
    let mut asked = Vec::new();
    let mut embed = |space: &Space, query: &Query| {
        asked.push((space.field.clone(), format!("{query:?}")));
        Ok(vec![1.0, 0.0])
    };
    let words = library.search(&cross("a cup".into(), None), &mut embed).unwrap();
    assert_eq!((names(&words)[0], words.hits[0].view.as_ref().unwrap().number), ("Cup", 2));
    let captions = library.search(&cross(picture(), Some("look")), &mut embed).unwrap();
    assert_eq!(names(&captions), ["Steel_Rack", "Forklift"], "the cup has no caption");
    assert_eq!(captions.hits[0].view, None);
    let captions = Request { is_cross_modal: false, ..cross("a cup".into(), Some("look")) };
    let captions = library.search(&captions, &mut embed).unwrap();
    assert_eq!(names(&captions), ["Steel_Rack", "Forklift"]);
    let usual = library.search(&request("a cup"), &mut embed).unwrap();
    assert_eq!(usual.algorithm, "text", "words alone ask as they always did");
    let fields: Vec<&str> = asked.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["look_views", "look_text", "look_text", "text_embedding"]);
    let fused = library.search(&cross("cup".into(), Some("hybrid")), &mut along_x).unwrap();
    let legs: Vec<&str> = fused.hits[0].legs.iter().map(|leg| leg.field.as_str()).collect();
    assert_eq!((names(&fused)[0], legs), ("Cup", vec!["look_views", "words"]));
}

#[test]
fn combinations_that_mean_nothing_say_what_does() {
    let (_folder, with) = pictured();
    let (_folder, without) = library(true);
    let refuse = |library: &Library, request: &Request, words: &str| {
        let error = library.search(request, &mut no_model).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit(), vitrine_crds::run::Exit::Usage);
    };
    let alike = |algorithm| Request { is_cross_modal: false, ..cross(picture(), algorithm) };
    refuse(&without, &alike(None), "this catalogue has no vectors of pictures");
    refuse(&without, &cross("x".into(), None), "vitrine catalog SOURCE --siglip MODEL");
    refuse(&with, &alike(Some("words")), "--algorithm words needs words, and --image gives none");
    refuse(&with, &cross(picture(), Some("hybrid")), "--algorithm hybrid needs words");
    refuse(&with, &cross("x".into(), Some("words")), "--algorithm words compares with no pictures");
    refuse(&with, &alike(Some("text")), "`text` knows no pictures; use one of look");
    refuse(&with, &alike(Some("lok")), "there is no `lok` to search by; use one of look");
}

#[test]
fn a_catalogue_of_pictures_alone_compares_words_with_them_and_says_so() {
    let (folder, _) = pictured();
    let path = folder.path().join(CURRENT);
    let mut current: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    current["fields"].as_object_mut().unwrap().remove("text_embedding");
    std::fs::write(&path, current.to_string()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let answer = library.search(&request("a cup"), &mut along_x).unwrap();
    assert_eq!((names(&answer)[0], answer.algorithm.as_str()), ("Cup", "look"));
    assert!(answer.note.unwrap().contains("compared with pictures"));
}

#[test]
fn assets_without_captions_are_no_mistake_and_the_answer_says_why_it_is_empty() {
    let (folder, _) = pictured();
    let path = folder.path().join(CURRENT);
    let mut current: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let captions = &mut current["fields"]["look_text"];
    captions["count"] = 0.into();
    for file in ["vectors", "ids"] {
        std::fs::write(folder.path().join(captions[file].as_str().unwrap()), "").unwrap();
    }
    std::fs::write(&path, current.to_string()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let answer = library.search(&cross(picture(), None), &mut along_x).unwrap();
    assert_eq!(names(&answer).len(), 0);
    assert!(answer.note.unwrap().contains("no asset here has one"));
}
