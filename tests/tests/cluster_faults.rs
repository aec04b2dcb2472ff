//! What a cluster does to pods in the middle of a run: the API server goes, a node goes, there is no
//! GPU. Work goes on where it can.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::cluster::{Cluster, Namespace, condition_of, job, name_of, terminated};

const CONTAINER: &str = "vitrine";

/// A Job of one pod that runs until somebody ends it, or is done at once.
fn sleeper(name: &str, node: &str) -> Value {
    // `worker` reads its orders from a pipe that stays open.
    let mut job = job(name, CONTAINER, &["worker"]);
    job["spec"]["backoffLimit"] = json!(6);
    let pod = &mut job["spec"]["template"]["spec"];
    pod["containers"][0]["stdin"] = json!(true);
    // Rather there than elsewhere: when that node is lost, elsewhere.
    pod["affinity"] = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
        "weight": 100,
        "preference": {"matchExpressions": [
            {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]},
    }]}});
    pod["tolerations"] = json!([
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2},
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2},
    ]);
    job
}

/// Waits until a pod of the Job runs on a node; the pod.
fn runs_on(space: &Namespace, job: &str, node: &str) -> Value {
    space.wait(&format!("a pod of {job} runs on {node}"), || {
        space.pods_of(job).into_iter().find(|pod| {
            pod["spec"]["nodeName"] == node
                && pod["status"]["phase"] == "Running"
                && pod["metadata"]["deletionTimestamp"].is_null()
        })
    })
}

#[test]
fn a_pod_works_on_while_the_api_server_is_away_and_its_end_is_known_afterwards() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    let space = cluster.namespace("api-away");
    space.apply(&[sleeper("sleeper", "node-0")]);
    let pod = runs_on(&space, "sleeper", "node-0");
    let processes = space.processes(name_of(&pod), CONTAINER);
    let away = cluster.stop("kube-apiserver");
    assert_ne!(space.kubectl(&["get", "pods"]).code, Some(0), "nobody answers");
    let alive = |pid: &u32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    assert!(!processes.is_empty() && processes.iter().all(alive), "{processes:?}");
    vitrine_tests::program::signal("KILL", processes[0]);
    drop(away);
    space.wait("its end is known", || {
        let pod = space.get("pod", name_of(&pod))?;
        (terminated(&pod, CONTAINER)?["exitCode"] == 137).then_some(())
    });
    let next = runs_on(&space, "sleeper", "node-0");
    assert_ne!(name_of(&next), name_of(&pod), "the Job starts another");
}

#[test]
fn a_pod_of_a_lost_node_is_replaced_on_another_once_the_node_is_said_to_be_out_of_service() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    let node = cluster.start_node(1, 0);
    let space = cluster.namespace("node-lost");
    space.apply(&[sleeper("sleeper", &node.name())]);
    let pod = runs_on(&space, "sleeper", &node.name());
    let processes = space.processes(name_of(&pod), CONTAINER);
    node.lose();
    let alive = |pid: &u32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    assert!(!processes.is_empty() && !processes.iter().any(alive), "{processes:?}");
    space.wait("the node is not ready", || {
        let node = cluster.get("node", &node.name())?;
        (condition_of(&node, "Ready")?["status"] != "True").then_some(())
    });
    let taint = "node.kubernetes.io/out-of-service=lost:NoExecute";
    cluster.must(&["taint", "node", &node.name(), taint]);
    runs_on(&space, "sleeper", "node-0");
}

#[test]
fn a_pod_that_asks_for_a_gpu_waits_with_a_reason_until_a_node_has_one() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    let space = cluster.namespace("gpu");
    let mut job = job("embed", CONTAINER, &["--version"]);
    let container = &mut job["spec"]["template"]["spec"]["containers"][0];
    container["resources"] = json!({"limits": {"nvidia.com/gpu": 1}});
    space.apply(&[job]);
    let said = space.wait("the scheduler says why", || {
        let pod = space.pods_of("embed").into_iter().next()?;
        let said = condition_of(&pod, "PodScheduled").filter(|said| said["status"] == "False")?;
        Some(said["message"].as_str()?.to_owned())
    });
    assert!(said.contains("Insufficient nvidia.com/gpu"), "{said}");
    let node = cluster.start_node(2, 1);
    assert_eq!(space.job_ended("embed")["status"]["succeeded"], 1);
    assert_eq!(space.pods_of("embed")[0]["spec"]["nodeName"], node.name());
}
