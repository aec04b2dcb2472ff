//! A job of videos on a real cluster: pods decode real videos, real networks look at them, documents are
//! in a real index.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::clips::Clips;
use vitrine_tests::cluster::{
    Cluster, Namespace, PATIENCE, condition_of, counts, install, name_of, poll, secret, terminated,
};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};
use vitrine_tests::model::model;
use vitrine_tests::proxy::{Fault, Proxy, Rule};
use vitrine_tests::server::S3;

const KIND: &str = "embeddingjob.vitrine.dev";
const CONTAINER: &str = "vitrine";
const NETWORK: &str = "movenet-multipose.onnx";
/// The vectors of a clip with two people, sound and words, and how long each is.
const VECTORS: [(&str, usize); 5] = [
    ("lead_embedding", 512),
    ("follow_embedding", 512),
    ("interaction_embedding", 256),
    ("audio_embedding", 128),
    ("text_embedding", 384),
];

/// A namespace with an operator that looks after it, a bucket with a video and what people wrote of
/// it, networks, and an index.
struct Studio {
    space: Namespace,
    cluster: Cluster,
    store: S3,
    index: Elasticsearch,
    alias: Name,
    clips: Clips,
}

impl Studio {
    fn new(purpose: &str) -> Option<Self> {
        let cluster = Cluster::find()?;
        let index = Elasticsearch::find()?;
        let store = cluster.s3()?;
        let clips = Clips::new()?;
        let text = model()?;
        install(&cluster);
        for bucket in ["bachata", "models"] {
            store.bucket(bucket);
        }
        let network = std::fs::read(clips.model(NETWORK)).unwrap();
        store.put("models", vec![(NETWORK.to_owned(), network)]);
        store.put_folder("models", "minilm", &text);
        clips.take("duo_dev.mp4", "duo.mp4");
        let notes =
            json!([{"clip_id": "duo", "move_label": "basic step", "difficulty": "beginner"}]);
        store.put("bachata", vec![("notes.json".to_owned(), notes.to_string().into_bytes())]);
        let space = cluster.namespace(purpose);
        space.apply(&[secret("store", &store.variables())]);
        let alias = index.name(purpose);
        let studio = Self { space, cluster, store, index, alias, clips };
        studio.upload();
        Some(studio)
    }

    /// Brings the videos into the bucket.
    fn upload(&self) {
        self.store.put_folder("bachata", "steps", &self.clips.videos());
    }

    /// The job `steps`, that writes to `url` and looks with `network`.
    fn apply(&self, url: &str, network: &str) {
        let store = json!({"name": "store"});
        let spec = json!({
            "videos": {"uri": "s3://bachata/steps", "secretRef": store},
            "annotations": {"uri": "s3://bachata/notes.json", "secretRef": store},
            "models": {
                "pose": {"uri": format!("s3://models/{network}")},
                "text": {"uri": "s3://models/minilm"},
            },
            "output": {"uri": "s3://bachata/report", "secretRef": store},
            "elasticsearch": {"url": url, "index": &*self.alias},
            "workers": {"resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}},
        });
        self.space.apply(&[json!({
            "apiVersion": "vitrine.dev/v1alpha1", "kind": "EmbeddingJob",
            "metadata": {"name": "steps"}, "spec": spec,
        })]);
    }

    /// Elasticsearch as pods see it.
    fn url(&self) -> String {
        self.cluster.seen_from_pods(self.index.url())
    }

    /// A server before Elasticsearch that a test disturbs.
    fn proxy(&self) -> Proxy {
        Proxy::start_at(self.cluster.host(), self.index.url())
    }

    fn is(&self, condition: &str) -> Value {
        self.space.wait_for_condition(KIND, "steps", condition, "True");
        self.space.get(KIND, "steps").unwrap()
    }

    /// Waits until the job says `condition`=`status` in a sentence that has all `words`.
    fn says(&self, condition: &str, status: &str, words: &[&str]) {
        let mut last = String::new();
        let said = poll(PATIENCE, || {
            let job = self.space.get(KIND, "steps")?;
            let found = condition_of(&job, condition)?;
            let message = found["message"].as_str().unwrap_or_default();
            last = format!("{}: {message}", found["status"]);
            let fits = found["status"] == status && words.iter().all(|word| message.contains(word));
            fits.then_some(())
        });
        assert!(said.is_some(), "{condition} should say {words:?}, and says {last}");
    }

    /// The one clip as it is indexed, once.
    fn indexed(&self) -> Value {
        let documents = self.index.documents(&self.alias);
        assert_eq!(documents.keys().collect::<Vec<_>>(), ["duo"]);
        let [index] = <[String; 1]>::try_from(self.index.behind(&self.alias)).unwrap();
        let stats = self.index.must("GET", &format!("/{index}/_stats/indexing"), None);
        assert_eq!(stats["_all"]["primaries"]["indexing"]["index_total"], 1, "it was written once");
        documents["duo"].clone()
    }
}

#[test]
fn a_job_makes_five_vectors_of_a_real_video_and_names_the_one_that_is_none() {
    let Some(studio) = Studio::new("videos") else { return };
    studio.clips.write("torn.mp4", b"these are words");
    studio.upload();
    studio.apply(&studio.url(), NETWORK);
    let job = studio.is("Complete");
    assert_eq!(counts(&job), [2, 1, 0, 1, 0]);
    let sample = &job["status"]["failureSamples"][0];
    assert!(sample["uri"].as_str().unwrap().ends_with("torn.mp4"), "{sample}");
    assert!(job["status"]["quality"]["meanScore"].as_f64().unwrap() > 0.5, "{job:#}");
    let clip = studio.indexed();
    for (field, dims) in VECTORS {
        assert_eq!(clip[field].as_array().map(Vec::len), Some(dims), "{field}");
    }
    assert_eq!(clip["move_label"], "basic step");
    let uri = job["status"]["reportUri"].as_str().unwrap();
    let path = uri.strip_prefix("s3://").unwrap();
    let report = std::fs::read(studio.store.folder().join(path)).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["summary"]["total_videos"], 2);
    assert_eq!(report["summary"]["failed"], 1);
    println!("{}", studio.space.must(&["get", "ej", "-o", "wide"]));
}

#[test]
fn a_worker_that_is_killed_while_it_holds_a_clip_is_replaced_and_the_clip_is_indexed_once() {
    let Some(studio) = Studio::new("videos-killed") else { return };
    let proxy = studio.proxy();
    proxy.rule(Rule::on("POST", "_bulk", Fault::status(503)));
    studio.apply(&proxy.url(), NETWORK);
    studio.space.wait("work wants to write", || (proxy.count("POST", "_bulk") > 0).then_some(()));
    let first = name_of(&studio.space.pods_of("steps-1-clips-work")[0]).to_owned();
    studio.space.wait("its node says that it runs", || {
        (!studio.space.processes(&first, CONTAINER).is_empty()).then_some(())
    });
    studio.space.kill(&first, CONTAINER);
    studio.space.wait("another works", || {
        (studio.space.pods_of("steps-1-clips-work").len() > 1).then_some(())
    });
    let killed = studio.space.get("pod", &first).unwrap();
    assert_eq!(terminated(&killed, CONTAINER).unwrap()["exitCode"], 137, "{killed:#}");
    proxy.heal();
    assert_eq!(counts(&studio.is("Complete")), [1, 1, 0, 0, 0]);
    studio.indexed();
}

#[test]
fn an_elasticsearch_that_is_down_is_named_and_the_job_goes_on_when_it_is_back() {
    let Some(studio) = Studio::new("videos-down") else { return };
    let proxy = studio.proxy();
    proxy.rule(Rule::on("", "", Fault::Refuse));
    studio.apply(&proxy.url(), NETWORK);
    studio.says("Scanned", "False", &[&proxy.url()]);
    proxy.heal();
    assert_eq!(counts(&studio.is("Complete")), [1, 1, 0, 0, 0]);
    studio.indexed();
}

#[test]
fn a_network_that_is_missing_fails_the_job_with_its_place_and_the_right_one_completes_it() {
    let Some(studio) = Studio::new("videos-model") else { return };
    studio.apply(&studio.url(), "nobody.onnx");
    studio.says("Failed", "True", &["s3://models/nobody.onnx"]);
    studio.apply(&studio.url(), NETWORK);
    assert_eq!(counts(&studio.is("Complete")), [1, 1, 0, 0, 0]);
    studio.indexed();
}
