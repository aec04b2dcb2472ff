//! Runs in a cluster in which something breaks, or is missing: the API server, a node, a GPU. Each test
//! has the cluster for itself.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::time::Duration;

use serde_json::{Value, json};
use vitrine_tests::cluster::{Cluster, Place, condition_of, counts};
use vitrine_tests::proxy::{Fault, Proxy, Rule};

/// A library whose work waits in the middle: read, and not yet written.
fn in_the_middle(place: &Place, workers: Value) -> Proxy {
    place.secret();
    let proxy = Proxy::start_at(place.cluster.host(), place.index.url());
    proxy.rule(Rule::on("POST", "_bulk", Fault::status(503)));
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({"workers": workers}));
    place.space.wait("work wants to write", || (proxy.count("POST", "_bulk") > 0).then_some(()));
    proxy
}

fn small() -> Value {
    json!({"resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}})
}

#[test]
fn a_run_goes_on_while_the_api_server_is_away_and_ends_when_it_is_back() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    let Some(place) = Place::new("api") else { return };
    let proxy = in_the_middle(&place, small());
    let away = cluster.stop("kube-apiserver");
    assert_ne!(place.space.kubectl(&["get", "pods"]).code, Some(0), "nobody answers");
    proxy.heal();
    proxy.forget();
    let begin = std::time::Instant::now();
    while proxy.count("POST", "_bulk") == 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "work goes on meanwhile");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(away);
    assert_eq!(counts(&place.published(1)), [3, 3, 0, 0, 0]);
    assert_eq!(place.index.count(&place.alias), 3);
    assert_eq!(place.space.pods_of("lib-1-work").len(), 1, "no pod was needed twice");
}

#[test]
fn a_node_that_is_lost_is_named_with_the_cure_and_after_it_the_run_ends() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    let node = cluster.start_node(1, 0);
    let Some(place) = Place::new("lost") else { return };
    let mut workers = small();
    // Rather there than elsewhere: when that node is lost, elsewhere.
    workers["pod"] = json!({"affinity": {"nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": {
            "matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [node.name()]}]}}],
    }}});
    let proxy = in_the_middle(&place, workers);
    assert_eq!(place.space.pods_of("lib-1-work")[0]["spec"]["nodeName"], node.name());
    place.space.wait("its node says that it runs", || {
        (place.space.pods_of("lib-1-work")[0]["status"]["phase"] == "Running").then_some(())
    });
    node.lose();
    let said = place.says("Worked", "False", &[&node.name(), "kubectl delete node"]);
    proxy.heal();
    // What it says is done.
    let (_, command) = said.split_once("kubectl ").unwrap();
    let command: Vec<&str> = command.split(';').next().unwrap().split_whitespace().collect();
    cluster.must(&command);
    assert_eq!(counts(&place.published(1)), [3, 3, 0, 0, 0]);
    assert_eq!(place.index.count(&place.alias), 3);
}

/// What the only pod of a Job asks for.
fn gpus(place: &Place, job: &str) -> Value {
    let pods = place.space.pods_of(job);
    assert_eq!(pods.len(), 1, "{job}");
    pods[0]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"].clone()
}

#[test]
fn a_gpu_is_asked_for_by_work_alone_and_waited_for_and_not_where_captions_changed() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    let Some(place) = Place::new("gpu") else { return };
    place.secret();
    let captions = |text: &str| {
        let line = json!({"path": "kitchen/cup.usda", "en": text}).to_string();
        place.store.put("packs", vec![("captions.jsonl".to_owned(), line.into_bytes())]);
    };
    captions("a cup");
    let mut workers = small();
    workers["gpu"] = json!({"count": 1});
    let secret = json!({"name": "store"});
    let from = json!({"uri": "s3://packs/captions.jsonl", "secretRef": secret});
    place.apply(json!({"workers": workers, "captions": from}));
    let said = place.says("Worked", "False", &["nvidia.com/gpu"]);
    assert!(said.contains("spec.workers.gpu"), "it says what to do: {said}");
    let lib = place.space.get(vitrine_tests::cluster::KIND, "lib").unwrap();
    assert_eq!(condition_of(&lib, "Worked").unwrap()["reason"], "Unschedulable");

    let node = cluster.start_node(2, 1);
    assert_eq!(counts(&place.published(1)), [3, 3, 0, 0, 0]);
    assert_eq!(gpus(&place, "lib-1-work"), "1");
    assert_eq!(place.space.pods_of("lib-1-work")[0]["spec"]["nodeName"], node.name());
    assert_eq!(
        [gpus(&place, "lib-1-scan"), gpus(&place, "lib-1-publish")],
        [Value::Null, Value::Null]
    );

    captions("a blue cup");
    place.sync("captions");
    assert_eq!(counts(&place.published(2)), [3, 1, 2, 0, 0]);
    assert_eq!(gpus(&place, "lib-2-work"), Value::Null);
    let documents = place.index.documents(&place.alias);
    let cup = documents.values().find(|document| document["name"] == "cup").unwrap();
    assert_eq!(cup["caption"]["en"], "a blue cup", "{cup}");
}
