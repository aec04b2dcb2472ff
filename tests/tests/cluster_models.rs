//! A library whose model changes: searches go over from the old index to the new one without a flaw.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::asking::Asking;
use vitrine_tests::cluster::{KIND, Place, condition_of, counts};
use vitrine_tests::model::{model, pooled_otherwise};

fn embeddings(folder: &str) -> Value {
    let uri = format!("s3://models/{folder}");
    json!([{"name": "text", "algorithm": "text", "model": {"uri": uri}}])
}

#[test]
fn a_changed_model_builds_an_index_beside_the_old_one_and_no_search_fails_meanwhile() {
    let Some(place) = Place::new("model") else { return };
    let Some(folder) = model() else { return };
    place.secret();
    place.store.bucket("models");
    place.store.put_folder("models", "mean", &folder);
    place.store.put_folder("models", "first-token", pooled_otherwise(&folder).path());
    let url = place.cluster.seen_from_pods(place.index.url());
    let index = |retain: &str| json!({"url": url, "retainOldIndexFor": retain});
    place.apply_elasticsearch(index("1h"), json!({"embeddings": embeddings("mean")}));
    place.published(1);
    let [old] = <[String; 1]>::try_from(place.index.behind(&place.alias)).unwrap();
    let documents = place.index.documents(&place.alias);
    let cup = documents.values().find(|document| document["name"] == "cup").unwrap();
    let near = json!({"field": "text_embedding", "query_vector": cup["text_embedding"], "k": 3});
    let asking = Asking::start(&place.index, &place.alias, json!({"knn": near}), 3);

    place.apply_elasticsearch(index("1h"), json!({"embeddings": embeddings("first-token")}));
    let lib = place.space.wait_for(KIND, "lib", "is realised", |lib| {
        // What was published before serves all the while.
        assert_eq!(condition_of(lib, "Ready").unwrap()["status"], "True", "{lib:#}");
        lib["status"]["lastSuccessfulGeneration"] == lib["metadata"]["generation"]
    });
    let [new] = <[String; 1]>::try_from(place.index.behind(&place.alias)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300)); // Some questions more.
    let asked = asking.end();
    assert_eq!(asked.wrong, Vec::<String>::new(), "of {} answers", asked.answers);
    assert_eq!(asked.indices, [old.clone(), new.clone()], "of {} answers", asked.answers);
    assert!(asked.answers > 100, "{asked:?}");
    assert_eq!(counts(&lib), [3, 3, 0, 0, 0]);
    assert_eq!(lib["status"]["index"]["name"], new);
    assert_eq!(lib["status"]["index"]["previous"], old);
    let changed = place.index.documents(&place.alias);
    let changed = changed.values().find(|document| document["name"] == "cup").unwrap();
    assert_ne!(changed["text_embedding"], cup["text_embedding"]);

    // It is kept for whoever wants to go back, and goes with the first run after its time.
    assert!(place.index.indices(&place.alias).contains(&old));
    let number = lib["status"]["lastSuccessfulRun"].as_i64().unwrap();
    place.apply_elasticsearch(index("1s"), json!({"embeddings": embeddings("first-token")}));
    place.published(number + 1);
    assert!(!place.index.indices(&place.alias).contains(&old));
    assert_eq!(place.index.count(&place.alias), 3);
}
