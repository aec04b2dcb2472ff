//! A run as pods do it, by hand: Jobs of the image that this build ships, a bucket, an index; no
//! operator.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::cluster::{
    Cluster, Namespace, config_map, job, last_words, name_of, secret, terminated,
};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};
use vitrine_tests::library::{Library, reference, usda};
use vitrine_tests::model::model;
use vitrine_tests::secured::Secured;
use vitrine_tests::server::S3;

const CONTAINER: &str = "vitrine";
/// Enough for two chunks: a chunk has 1,000 assets.
const ASSETS: usize = 1_100;

/// A namespace with a library in a bucket, an index, and what pods need to reach both.
struct Workplace {
    space: Namespace,
    alias: Name,
    index: Elasticsearch,
    _store: S3,
}

impl Workplace {
    fn new(purpose: &str, library: &Library, embeddings: &str) -> Option<Self> {
        let cluster = Cluster::find()?;
        let index = Elasticsearch::find()?;
        let store = cluster.s3()?;
        let space = cluster.namespace(purpose);
        let alias = index.name(purpose);
        store.bucket("packs");
        store.bucket("catalogs");
        store.put_folder("packs", "lib", &library.path());
        if !embeddings.is_empty() {
            store.bucket("models");
            store.put_folder("models", "minilm", &model()?);
        }
        space.apply(&[secret("store", &store.variables())]);
        let url = cluster.seen_from_pods(index.url());
        let place = Self { space, alias, index, _store: store };
        place.configure(embeddings, &format!("url: {url:?}"));
        Some(place)
    }

    /// Writes the configuration that pods read.
    fn configure(&self, embeddings: &str, elasticsearch: &str) {
        let text = format!(
            "metadata: {{name: lib, namespace: {}}}\nspec:\n  source: {{uri: s3://packs/lib}}\n  \
             catalog: {{uri: s3://catalogs/lib}}\n  views: {{thumbnails: false}}\n  \
             embeddings: [{embeddings}]\n  elasticsearch: {{{elasticsearch}, index: {:?}}}\n",
            self.space.name(),
            &*self.alias,
        );
        self.space.apply(&[config_map("lib", &[("vitrine.yaml", &text)])]);
    }

    /// Starts a Job of one step, called like it, of as many pods as there are chunks.
    fn start(&self, step: &str, chunks: u32) {
        let mut job = job(step, CONTAINER, &["run", step, "--config", "/config/vitrine.yaml"]);
        if step == "work" {
            let spec = job["spec"].as_object_mut().unwrap();
            spec.remove("backoffLimit");
            spec.insert("completionMode".to_owned(), json!("Indexed"));
            spec.insert("completions".to_owned(), json!(chunks));
            spec.insert("parallelism".to_owned(), json!(chunks));
            spec.insert("backoffLimitPerIndex".to_owned(), json!(3));
        }
        let pod = &mut job["spec"]["template"]["spec"];
        push(&mut pod["volumes"], json!({"name": "config", "configMap": {"name": "lib"}}));
        let login = json!({"secretName": "login", "optional": true});
        push(&mut pod["volumes"], json!({"name": "login", "secret": login}));
        let container = &mut pod["containers"][0];
        push(&mut container["volumeMounts"], json!({"name": "config", "mountPath": "/config"}));
        let login = json!({"name": "login", "mountPath": "/var/run/secrets/vitrine/login"});
        push(&mut container["volumeMounts"], login);
        container["envFrom"] = json!([{"secretRef": {"name": "store"}}]);
        self.space.apply(&[job]);
    }

    /// The last words of a step's pods, all of which must have ended well.
    fn step(&self, step: &str, chunks: u32) -> Vec<Value> {
        self.start(step, chunks);
        self.succeeded(step, chunks)
    }

    /// The last words of the pods of a Job that ended well.
    fn succeeded(&self, step: &str, chunks: u32) -> Vec<Value> {
        let job = self.space.job_ended(step);
        assert_eq!(job["status"]["succeeded"], chunks);
        let pods = self.space.pods_of(step);
        let pods = pods.iter().filter(|pod| pod["status"]["phase"] == "Succeeded");
        let words: Vec<Value> = pods.map(|pod| last_words(pod, CONTAINER)).collect();
        for said in &words {
            assert_eq!((&said["v"], &said["step"]), (&json!(1), &json!(step)), "{said}");
            assert_eq!((&said["run"], &said["outcome"]), (&json!(1), &json!("done")), "{said}");
        }
        words
    }
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().unwrap().push(item);
}

#[test]
fn jobs_of_the_shipped_image_make_a_library_in_a_bucket_searchable_and_say_so_in_their_pods() {
    let library = Library::new();
    for number in 0..ASSETS {
        library.write(&format!("pack/thing{number:04}.usda"), usda("Thing", "", ""));
    }
    let Some(place) = Workplace::new("run", &library, "") else { return };
    let scanned = place.step("scan", 1);
    assert_eq!((&scanned[0]["reason"], &scanned[0]["chunks"]), (&json!("Planned"), &json!(2)));
    assert_eq!(place.index.behind(&place.alias), Vec::<String>::new(), "nothing is visible yet");

    let worked = place.step("work", 2);
    let indexed: u64 = worked.iter().map(|said| said["counts"]["indexed"].as_u64().unwrap()).sum();
    assert_eq!(indexed, ASSETS as u64, "each pod did its chunk: {worked:?}");

    let published = &place.step("publish", 1)[0];
    let counts =
        json!({"read": ASSETS, "indexed": ASSETS, "skipped": 0, "failed": 0, "deleted": 0});
    assert_eq!((&published["reason"], &published["counts"]), (&json!("Published"), &counts));
    assert_eq!(published["index"]["alias"], *place.alias);
    assert_eq!(place.index.behind(&place.alias), [published["index"]["name"].as_str().unwrap()]);
    assert_eq!(place.index.count(&place.alias), ASSETS as u64);
    let query = json!({"query": {"term": {"path": "pack/thing0042.usda"}}});
    let found = place.index.search(&place.alias, &query);
    assert_eq!(found["hits"]["total"]["value"], 1, "{found}");
}

#[test]
fn a_pod_takes_its_model_from_a_bucket_and_its_vectors_answer_questions() {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", ""));
    library.write("office/room.usda", usda("Room", &reference("./desk.usda"), ""));
    library.write("kitchen/cup.usda", usda("Cup", "", ""));
    let embeddings = "{name: text, algorithm: text, model: {uri: s3://models/minilm}}";
    let Some(place) = Workplace::new("model", &library, embeddings) else { return };
    for step in ["scan", "work", "publish"] {
        place.step(step, 1);
    }
    let documents = place.index.documents(&place.alias);
    assert_eq!(documents.len(), 3);
    let cup = documents.values().find(|document| document["name"] == "cup").unwrap();
    let vector = &cup["text_embedding"];
    assert_eq!(vector.as_array().map(Vec::len), Some(384), "{cup}");
    let query = json!({"knn": {"field": "text_embedding", "query_vector": vector, "k": 1}});
    let answer = place.index.search(&place.alias, &query);
    assert_eq!(answer["hits"]["hits"][0]["_source"]["name"], "cup", "{answer}");
}

#[test]
fn a_pod_trusts_the_authority_of_a_secret_and_its_key_needs_rights_on_one_index_alone() {
    let library = Library::new();
    library.write("cup.usda", usda("Cup", "", ""));
    let Some(place) = Workplace::new("login", &library, "") else { return };
    let Some(server) = Secured::find() else { return };
    let url = Cluster::find().unwrap().seen_from_pods(&server.url);
    let alias = &*place.alias;
    let secured = format!("url: {url:?}, secretRef: {{name: login}}, caRef: {{name: login}}");
    place.configure("", &secured);

    place.start("scan", 1);
    let reason = |job: &str| {
        place.space.job_ended(job);
        let said = last_words(&place.space.pods_of(job)[0], CONTAINER);
        (said["reason"].as_str().unwrap().to_owned(), said["message"].as_str().unwrap().to_owned())
    };
    let (_, message) = reason("scan");
    assert!(message.contains("the Secret login has no key"), "{message}");
    place.space.must(&["delete", "job", "scan"]);

    let role = json!({"cluster": ["monitor"], "indices": [
        {"names": [format!("{alias}*")], "privileges": ["all"]}]});
    let key = server.api_key(&role);
    let authority = server.authority.pem.as_str();
    place.space.apply(&[secret("login", &[("api-key", &key.encoded), ("ca.crt", authority)])]);
    for step in ["scan", "work", "publish"] {
        place.step(step, 1);
    }
    server.must("POST", &format!("/{alias}/_refresh"), None);
    assert_eq!(server.must("GET", &format!("/{alias}/_count"), None)["count"], 1);
}

#[test]
fn a_mistake_in_the_configuration_ends_the_pod_with_2_and_a_sentence_in_its_status() {
    let library = Library::new();
    library.write("cup.usda", usda("Cup", "", ""));
    let Some(place) = Workplace::new("mistake", &library, "") else { return };
    let wrong = "metadata: {name: lib}\nspec: {source: {uri: s3://packs/lib}, sauce: 1}\n";
    place.space.apply(&[config_map("lib", &[("vitrine.yaml", wrong)])]);
    place.start("scan", 1);
    place.space.job_ended("scan");
    let pod = &place.space.pods_of("scan")[0];
    assert_eq!(terminated(pod, CONTAINER).unwrap()["exitCode"], 2, "{pod}");
    let said = last_words(pod, CONTAINER);
    assert_eq!(
        (&said["outcome"], &said["reason"]),
        (&json!("failed"), &json!("ConfigurationWrong"))
    );
    assert!(said["message"].as_str().unwrap().contains("sauce"), "{said}");
}

#[test]
fn a_worker_that_is_killed_is_replaced_and_the_run_is_whole() {
    let library = Library::new();
    for number in 0..300 {
        library.write(&format!("pack/thing{number:04}.usda"), usda("Thing", "", ""));
    }
    let Some(place) = Workplace::new("killed", &library, "") else { return };
    place.step("scan", 1);
    place.start("work", 1);
    let first = place.space.wait("a worker runs", || {
        let pods = place.space.pods_of("work");
        let pod = name_of(pods.first()?).to_owned();
        (!place.space.processes(&pod, CONTAINER).is_empty()).then_some(pod)
    });
    place.space.kill(&first, CONTAINER);
    place.succeeded("work", 1);
    let pods = place.space.pods_of("work");
    let codes = |pod: &Value| terminated(pod, CONTAINER).unwrap()["exitCode"].as_u64().unwrap();
    let mut codes: Vec<u64> = pods.iter().map(codes).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 137]);
    assert_eq!(place.step("publish", 1)[0]["counts"]["indexed"], 300);
    assert_eq!(place.index.count(&place.alias), 300);
}
