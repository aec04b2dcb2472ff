//! The chart's life: installed, replaced by an older one and back, removed; what the operator may do; who
//! of two copies acts. Each test changes the installation that others use: one at a time.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use vitrine_tests::cluster::{Cluster, HOME, KIND, Place, counts, install, install_from};
use vitrine_tests::program::run;

fn chart() -> PathBuf {
    root().join("charts/vitrine")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The chart before its last change, by this checkout's history. Where the history does not reach so far
/// it is the present one under an older version.
fn older(folder: &TempDir) -> PathBuf {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(root()).args(arguments);
        git
    };
    let log = run(&mut git(&["log", "--format=%H", "--max-count=2", "--", "charts/vitrine"]));
    let commits: Vec<&str> = log.stdout.lines().collect();
    let to = folder.path().join("charts/vitrine");
    if let [_, before] = commits[..] {
        let mut archive = git(&["archive", before, "charts/vitrine"]);
        let mut archive = archive.stdout(Stdio::piped()).spawn().unwrap();
        let mut tar = Command::new("tar");
        tar.arg("-x").arg("-C").arg(folder.path()).stdin(archive.stdout.take().unwrap());
        assert!(tar.status().unwrap().success() && archive.wait().unwrap().success());
        return to;
    }
    println!("no older chart in the history of this checkout: the present one, as 0.0.1");
    let copied = Command::new("cp").arg("-r").arg(chart()).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    let to = folder.path().join("vitrine");
    let about = std::fs::read_to_string(to.join("Chart.yaml")).unwrap();
    let about = about.replace("\nversion: 0.1.0", "\nversion: 0.0.1");
    std::fs::write(to.join("Chart.yaml"), about).unwrap();
    to
}

#[test]
fn an_older_chart_the_newer_one_again_and_no_chart_at_all_keep_libraries_and_data() {
    let Some(place) = Place::new("chart") else { return };
    let _alone = place.cluster.alone();
    place.secret();
    place.apply(json!({}));
    place.published(1);
    let folder = tempfile::tempdir().unwrap();
    install_from(&place.cluster, &older(&folder), &[]);
    place.sync("by the older one");
    assert_eq!(counts(&place.published(2)), [3, 0, 3, 0, 0]);
    install_from(&place.cluster, &chart(), &[]);
    place.sync("by the newer one");
    assert_eq!(counts(&place.published(3)), [3, 0, 3, 0, 0]);

    let mut helm = place.cluster.command("helm");
    let gone = run(helm.args(["uninstall", "vitrine", "--namespace", HOME, "--wait"]));
    assert_eq!(gone.code, Some(0), "{}", gone.stderr);
    assert_eq!(place.cluster.get("deployment", "vitrine-operator"), None);
    let lib = place.space.get(KIND, "lib").expect("the definition and the library stay");
    assert_eq!(lib["status"]["lastSuccessfulRun"], 3);
    assert_eq!(place.index.count(&place.alias), 3, "searches go on");

    install_from(&place.cluster, &chart(), &[]);
    place.sync("by the one that came back");
    assert_eq!(counts(&place.published(4)), [3, 0, 3, 0, 0]);
}

/// What the operator may do in a namespace that it looks after, and there alone where it says so.
#[rustfmt::skip]
const ALLOWED: &[(&str, &str, &[&str])] = &[
    ("vitrine.dev",               "assetlibraries",            &["get", "list", "watch", "patch"]),
    ("vitrine.dev",               "assetlibraries/status",     &["patch"]),
    ("vitrine.dev",               "assetlibraries/finalizers", &["update"]),
    ("vitrine.dev",               "embeddingjobs",             &["get", "list", "watch", "patch"]),
    ("vitrine.dev",               "embeddingjobs/status",      &["patch"]),
    ("vitrine.dev",               "embeddingjobs/finalizers",  &["update"]),
    ("batch",                     "jobs",                      &["get", "list", "watch", "create", "delete"]),
    ("",                          "pods",                      &["list"]),
    ("",                          "configmaps",                &["create", "delete"]),
    ("networking.k8s.io",         "networkpolicies",           &["create", "patch"]),
    ("events.k8s.io",             "events",                    &["create", "patch"]),
    ("",                          "namespaces",                &["get"]),
    ("vitrine.dev",               "scenegenschedules",         &[]),
    ("",                          "secrets",                   &[]),
    ("",                          "serviceaccounts",           &[]),
    ("",                          "serviceaccounts/token",     &[]),
    ("",                          "pods/exec",                 &[]),
    ("",                          "pods/log",                  &[]),
    ("",                          "pods/ephemeralcontainers",  &[]),
    ("",                          "nodes",                     &[]),
    ("",                          "persistentvolumeclaims",    &[]),
    ("",                          "persistentvolumes",         &[]),
    ("",                          "services",                  &[]),
    ("batch",                     "cronjobs",                  &[]),
    ("apps",                      "deployments",               &[]),
    ("apps",                      "daemonsets",                &[]),
    ("coordination.k8s.io",       "leases",                    &[]),
    ("rbac.authorization.k8s.io", "roles",                     &[]),
    ("rbac.authorization.k8s.io", "rolebindings",              &[]),
    ("rbac.authorization.k8s.io", "clusterroles",              &[]),
    ("rbac.authorization.k8s.io", "clusterrolebindings",       &[]),
    ("apiextensions.k8s.io",      "customresourcedefinitions", &[]),
    ("certificates.k8s.io",       "certificatesigningrequests", &[]),
];

const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "bind",
    "escalate",
    "impersonate",
    "approve",
];

#[test]
fn the_operators_account_may_do_what_it_needs_and_nothing_else() {
    let Some(cluster) = Cluster::find() else { return };
    let _alone = cluster.alone();
    install(&cluster);
    install_from(&cluster, &chart(), &[]);
    let space = cluster.namespace("rights");
    let account = format!("system:serviceaccount:{HOME}:vitrine-operator");
    // Whoever looks needs the name right: this account has at least one right.
    let can = cluster.kubectl(&["auth", "can-i", "list", "jobs.batch", "-A", "--as", &account]);
    assert_eq!(can.code, Some(0), "{}", can.stdout);
    let mut asked = Vec::new();
    for &(group, resource, allowed) in ALLOWED {
        for verb in VERBS {
            let (name, part) = resource.split_once('/').unwrap_or((resource, ""));
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": {"user": account, "resourceAttributes": {
                    "namespace": space.name(), "verb": verb, "group": group, "resource": name,
                    "subresource": part,
                }},
            });
            asked.push((review, allowed.contains(verb)));
        }
    }
    let list: Vec<&Value> = asked.iter().map(|(review, _)| review).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": list}).to_string();
    let answer = cluster.kubectl_with(&["create", "-f", "-", "--output", "json"], &list);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let answers = serde_json::Deserializer::from_str(&answer.stdout).into_iter::<Value>();
    let answers: Vec<Value> = answers.map(Result::unwrap).collect();
    let answers = match &answers[..] {
        [one] if one["kind"] == "List" => one["items"].as_array().unwrap().clone(),
        _ => answers,
    };
    assert_eq!(answers.len(), asked.len());
    for (answer, (_, expected)) in answers.iter().zip(&asked) {
        let attributes = &answer["spec"]["resourceAttributes"];
        assert_eq!(answer["status"]["allowed"], *expected, "{attributes}");
    }
}

#[test]
fn of_two_copies_one_acts_and_when_it_dies_the_other_goes_on() {
    let Some(place) = Place::new("copies") else { return };
    let _alone = place.cluster.alone();
    install_from(&place.cluster, &chart(), &["replicas=2"]);
    let holder = || {
        let lease = ["-n", HOME, "get", "lease", "vitrine-operator", "-o", "json"];
        let lease: Value = serde_json::from_str(&place.cluster.must(&lease)).unwrap();
        lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    };
    let pods = || {
        let pods =
            ["-n", HOME, "get", "pods", "--selector", "app.kubernetes.io/name=vitrine-operator"];
        let names = place.cluster.must(&[&pods[..], &["-o", "name"]].concat());
        names.lines().map(|line| line.trim_start_matches("pod/").to_owned()).collect::<Vec<_>>()
    };
    // A copy of the rollout before may hold it for a moment.
    let first = place.space.wait("one of the two holds the lease", || {
        let (pods, holder) = (pods(), holder());
        (pods.len() == 2 && pods.contains(&holder)).then_some(holder)
    });
    place.secret();
    place.apply(json!({}));
    place.space.wait_for(KIND, "lib", "has a run", |lib| lib["status"]["run"]["number"] == 1);
    place.cluster.must(&["-n", HOME, "delete", "pod", &first, "--force", "--grace-period=0"]);
    let lib = place.published(1);
    assert_eq!(counts(&lib), [3, 3, 0, 0, 0]);
    assert_eq!(lib["status"]["run"]["number"], 1, "one run, whoever led it");
    assert_ne!(holder(), first);
    let jobs: Vec<String> =
        place.space.list("job", "").iter().map(|job| job["metadata"]["name"].to_string()).collect();
    assert_eq!(jobs.len(), 3, "{jobs:?}");
    install_from(&place.cluster, &chart(), &[]);
}
