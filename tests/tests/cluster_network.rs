//! What pods reach, and what they do not: the ground that a controller in a pod stands on.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::process::Command;

use serde_json::json;
use vitrine_tests::cluster::{Cluster, job, name_of};
use vitrine_tests::program::{Ended, run};

const CONTAINER: &str = "vitrine";

/// `curl` in the network of a process.
fn ask(process: u32, url: &str) -> Ended {
    let mut call = Command::new("nsenter");
    call.args(["--net", "--target", &process.to_string()]);
    run(call.args(["curl", "-ksS", "-m", "10", "-w", "%{http_code}", "-o", "/dev/null", url]))
}

#[test]
fn a_pod_reaches_the_api_server_by_its_service_and_the_servers_of_a_test_and_nothing_outside() {
    let Some(cluster) = Cluster::find() else { return };
    let Some(store) = cluster.s3() else { return };
    let space = cluster.namespace("network");
    let mut job = job("sleeper", CONTAINER, &["worker"]);
    job["spec"]["template"]["spec"]["containers"][0]["stdin"] = json!(true);
    space.apply(&[job]);
    let process = space.wait("a pod runs", || {
        let pods = space.pods_of("sleeper");
        space.processes(name_of(pods.first()?), CONTAINER).first().copied()
    });
    let service =
        cluster.must(&["get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"]);
    let service = format!("https://{service}/readyz");
    assert_eq!(ask(process, &service).stdout, "200");
    assert_eq!(ask(std::process::id(), &service).stdout, "200", "tests reach services, too");
    let [(_, endpoint), ..] = store.variables();
    assert_eq!(ask(process, endpoint).stdout, "403", "the store wants a login");
    assert_eq!(ask(process, "http://192.0.2.1").stdout, "000", "there is no way out");
}
