//! Stories of runs, told to the plan: what it starts, what it says.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use chrono::TimeDelta;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use vitrine_crds::condition::Status;
use vitrine_crds::library::status::Phase;
use vitrine_crds::library::{AssetLibrarySpec, Resource};
use vitrine_crds::run::Step;

use crate::run::build::places::Places;
use crate::run::build::{Blueprint, configuration, job, policy};
use crate::run::found::{Pod, State};
use crate::run::names::{APPROVE_DELETIONS, SYNC_REQUESTED};
use crate::run::plan::{Action, plan};
use crate::run::world::{self, LIMITS};

type Story = world::Story<Resource>;

fn library(more: Value) -> Resource {
    let mut spec = json!({
        "source": {"uri": "s3://packs/warehouse"},
        "catalog": {"uri": "s3://catalog/warehouse"},
        "elasticsearch": {"url": "https://es:9200"},
        "syncInterval": "1h",
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    let spec: AssetLibrarySpec = serde_json::from_value(spec).unwrap();
    let mut library = Resource::new("warehouse", spec);
    library.metadata.namespace = Some("assets".to_owned());
    library.metadata.uid = Some("11111111-2222-3333-4444-555555555555".to_owned());
    library.metadata.generation = Some(1);
    library
}

fn told(more: Value) -> Story {
    Story::of(library(more))
}

#[test]
fn a_new_library_is_scanned_worked_on_and_published_and_then_it_rests() {
    let mut story = told(json!({}));
    assert_eq!(story.settle(), [Action::Start(Step::Scan)]);
    assert_eq!(story.says("Ready").0, Status::False);
    let work = story.ends(Step::Scan, 0, json!({"chunks": 2})).settle();
    assert_eq!(work, [Action::Start(Step::Work)]);
    assert_eq!(story.ends(Step::Work, 0, json!({})).settle(), [Action::Start(Step::Publish)]);
    let index = json!({"name": "w-1", "alias": "w", "documents": 50});
    story.ends(Step::Publish, 0, json!({"index": index})).settle();
    let (ready, said) = story.says("Ready");
    assert_eq!((story.phase(), ready), (Phase::Succeeded, Status::True));
    assert_eq!(said, "50 documents behind the alias w, by run 1");
    assert_eq!(story.says("Reconciling").0, Status::False);
    assert_eq!(story.events, ["Published"]);
    // An hour and a little: the same little always.
    let again = story.last.as_ref().unwrap().again_secs.unwrap();
    assert!((3_600..=3_960).contains(&again), "{again}");
    assert_eq!(story.settle(), []);
}

#[test]
fn the_status_names_a_run_before_its_first_object_is_there() {
    let story = told(json!({}));
    let first = plan(&story.resource, &story.found, LIMITS, story.now);
    assert_eq!(first.actions, []);
    assert_eq!(first.status.run.unwrap().number, 1);
}

#[test]
fn an_unchanged_library_is_scanned_and_nothing_else() {
    let mut story = told(json!({}));
    story.whole_run();
    story.now += TimeDelta::hours(2);
    assert_eq!(story.settle(), [Action::Forget(1), Action::Start(Step::Scan)]);
    assert_eq!((story.number(), story.says("Ready").0), (2, Status::True));
    let quiet = json!({"reason": "NothingChanged", "chunks": 0, "run": 2,
        "counts": {"read": 50, "indexed": 0, "skipped": 50, "failed": 0, "deleted": 0}});
    assert_eq!(story.ends(Step::Scan, 0, quiet).settle(), []);
    assert_eq!(story.phase(), Phase::Succeeded);
    let counts = story.resource.status.as_ref().unwrap().counts.unwrap();
    assert_eq!((counts.read, counts.skipped, counts.indexed), (50, 50, 0));
    assert_eq!(story.events, ["Published"], "nothing happened that is worth an event");
}

#[test]
fn a_failed_step_says_why_and_is_tried_again_later_each_time() {
    let mut story = told(json!({}));
    let mut waits = Vec::new();
    for _ in 0..9 {
        story.settle();
        let words = json!({"reason": "ElasticsearchLoginRefused", "message": "check the Secret"});
        story.ends(Step::Scan, 3, words).settle();
        assert_eq!(story.says("Stalled"), (Status::True, "check the Secret".to_owned()));
        assert_eq!(story.says("Reconciling").0, Status::False, "a person is waited for");
        assert!(story.says("Ready").1.contains("check the Secret"), "{:?}", story.says("Ready"));
        let wait = story.last.as_ref().unwrap().again_secs.unwrap();
        waits.push(wait);
        story.found.jobs.clear();
        story.now += TimeDelta::seconds(wait);
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
    story.whole_run();
    assert_eq!(story.resource.status.as_ref().unwrap().failures, 0);
    assert_eq!(story.says("Stalled").0, Status::False);
}

#[test]
fn a_changed_spec_ends_the_run_waits_for_its_pods_and_starts_the_next() {
    let mut story = told(json!({}));
    story.settle();
    story.found.has_pods = true;
    assert_eq!(story.changes(2).settle(), [Action::Stop]);
    assert_eq!(story.phase(), Phase::Cancelling);
    story.found.has_pods = false;
    assert_eq!(story.settle(), [Action::Forget(1), Action::Start(Step::Scan)]);
    let run = story.resource.status.as_ref().unwrap().run.clone().unwrap();
    assert_eq!((run.number, run.generation, run.phase), (2, 2, Phase::Scanning));
}

#[test]
fn a_run_in_a_namespace_that_is_being_deleted_is_given_up_and_not_begun_again() {
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 2})).settle();
    story.found.namespace_ends = true;
    assert_eq!(story.settle(), [Action::Stop]);
    assert_eq!(story.phase(), Phase::Failed);
    assert!(story.says("Syncing").1.contains("the namespace is being deleted"));
    story.now += TimeDelta::days(1);
    assert_eq!(story.settle(), []);
}

#[test]
fn a_suspended_library_starts_nothing_and_stays_searchable() {
    let mut story = told(json!({}));
    story.whole_run();
    story.resource.spec.suspend = true;
    story.changes(2).now += TimeDelta::days(2);
    assert_eq!(story.settle(), []);
    let status = story.resource.status.as_ref().unwrap();
    assert_eq!((status.phase.as_str(), status.next_sync_time.as_ref()), ("Suspended", None));
    assert_eq!(story.says("Ready").0, Status::True);
    story.resource.spec.suspend = false;
    assert_eq!(story.changes(3).settle(), [Action::Forget(1), Action::Start(Step::Scan)]);
}

#[test]
fn an_annotation_asks_for_a_run_once() {
    let mut story = told(json!({}));
    story.whole_run();
    let annotation = (SYNC_REQUESTED.to_owned(), "now".to_owned());
    story.resource.metadata.annotations = Some([annotation].into());
    assert_eq!(story.settle(), [Action::Forget(1), Action::Start(Step::Scan)]);
    story.ends(Step::Scan, 0, json!({"reason": "NothingChanged", "chunks": 0})).settle();
    story.found.jobs.clear();
    assert_eq!(story.settle(), []);
}

#[test]
fn deletions_wait_for_a_person_who_names_the_run() {
    let mut story = told(json!({}));
    story.whole_run();
    story.now += TimeDelta::hours(2);
    story.settle();
    let words = json!({"reason": "DeletionsNeedApproval", "message": "40 of 50 would go"});
    story.ends(Step::Scan, 3, words).settle();
    story.found.jobs.clear();
    assert!(story.says("Stalled").1.contains("vitrine.dev/approve-deletions=2"));
    assert_eq!(story.says("Ready").0, Status::True, "what was published is still there");
    for (value, starts) in [("1", false), ("2", true)] {
        let annotation = (APPROVE_DELETIONS.to_owned(), value.to_owned());
        story.resource.metadata.annotations = Some([annotation].into());
        assert_eq!(!story.settle().is_empty(), starts, "{value}");
    }
    assert!(story.resource.status.as_ref().unwrap().run.as_ref().unwrap().deletions_approved);
}

#[test]
fn an_approval_holds_for_the_tries_that_follow_until_one_succeeds_or_the_spec_changes() {
    let mut story = told(json!({}));
    story.whole_run();
    let words = json!({"reason": "DeletionsNeedApproval", "message": "40 of 50 would go"});
    for _ in 0..2 {
        story.now += TimeDelta::hours(2);
        story.settle();
        story.ends(Step::Scan, 3, words.clone()).settle();
        story.found.jobs.clear();
    }
    // It was tried again while somebody read what run 2 asked.
    let approval = (APPROVE_DELETIONS.to_owned(), "2".to_owned());
    story.resource.metadata.annotations = Some([approval].into());
    assert_eq!(story.settle(), [Action::Forget(3), Action::Start(Step::Scan)]);
    story.ends(Step::Scan, 1, json!({"reason": "StorageFailed", "message": "away"})).settle();
    story.found.jobs.clear();
    assert_eq!(story.settle(), [], "it waits as any other run does");
    story.now += TimeDelta::hours(2);
    story.settle();
    assert!(story.run().deletions_approved);
    story.ends(Step::Scan, 3, words).settle();
    story.found.jobs.clear();
    assert_eq!(story.changes(2).settle(), [Action::Forget(5), Action::Start(Step::Scan)]);
    assert!(!story.run().deletions_approved, "another spec, another question");
}

#[test]
fn a_try_that_failed_is_explained_while_the_next_is_waited_for() {
    let mut story = told(json!({}));
    story.settle();
    let words =
        json!({"outcome": "retry", "reason": "ElasticsearchUnreachable", "message": "down"});
    story.ends(Step::Scan, 1, words);
    let job = story.found.jobs.first_mut().unwrap();
    job.state = State::Active;
    story.settle();
    let (status, said) = story.says("Scanned");
    assert_eq!((status, said.as_str()), (Status::False, "down; tries again by itself"));
    assert_eq!(story.events, ["ElasticsearchUnreachable"]);
}

#[test]
fn chunks_that_failed_do_not_keep_the_others_from_being_published() {
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 3})).settle();
    let work = story.found.jobs.iter_mut().find(|job| job.step == Step::Work).unwrap();
    work.indexes = (2, 1);
    work.state = State::Failed { reason: "FailedIndexes".into(), message: "1 index".into() };
    work.pods = vec![Pod { exit_code: Some(137), end: "OOMKilled".into(), ..Pod::default() }];
    assert_eq!(story.settle(), [Action::Start(Step::Publish)]);
    assert_eq!(story.says("Worked").0, Status::False);
    // What no try can mend ends the run instead.
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 3})).settle();
    let words = json!({"reason": "ModelFailed", "message": "no such model"});
    assert_eq!(story.ends(Step::Work, 3, words).settle(), []);
    assert_eq!(story.says("Stalled"), (Status::True, "no such model".to_owned()));
}

#[test]
fn a_pod_that_cannot_start_says_what_would_help() {
    #[rustfmt::skip]
    let cases = [
        (Pod { waits: Some(("Unschedulable".into(), "0/1 nodes: Insufficient nvidia.com/gpu".into())), ..Pod::default() }, "spec.workers.gpu"),
        (Pod { waits: Some(("ImagePullBackOff".into(), "no such image".into())), ..Pod::default() }, "imagePullSecrets"),
        (Pod { lost_node: Some("node-1".into()), ..Pod::default() }, "kubectl delete node node-1"),
        (Pod { given: Some(("node-1".into(), 0)), ..Pod::default() }, "describe pod"),
    ];
    for (pod, cure) in cases {
        let mut story = told(json!({}));
        story.settle();
        story.found.jobs[0].pods = vec![pod];
        story.settle();
        let (status, said) = story.says("Scanned");
        assert!(status == Status::False && said.contains(cure), "{said}");
    }
}

#[test]
fn a_job_that_somebody_removed_is_made_again_and_a_finished_step_is_not() {
    let mut story = told(json!({}));
    story.settle();
    story.found.jobs.clear();
    assert_eq!(story.settle(), [Action::Start(Step::Scan)]);
    story.ends(Step::Scan, 0, json!({"chunks": 1})).settle();
    story.found.jobs.retain(|job| job.step == Step::Work);
    assert_eq!(story.settle(), []);
}

#[test]
fn runs_wait_for_room() {
    for (others, starts) in [((0, 0), true), ((2, 0), false), ((1, 1), false), ((1, 0), true)] {
        let mut story = told(json!({}));
        story.found.others_running = others;
        assert_eq!(!story.settle().is_empty(), starts, "{others:?}");
    }
}

#[test]
fn a_mistake_in_the_spec_names_its_field_and_starts_nothing() {
    #[rustfmt::skip]
    let cases = [
        (json!({"source": {"uri": "/home/packs"}}),                              "spec.source.uri"),
        (json!({"source": {"uri": "https://169.254.169.254/latest"}}),           "metadata"),
        (json!({"source": {"uri": "https://[::ffff:169.254.169.254]/x"}}),       "metadata"),
        (json!({"elasticsearch": {"url": "http://metadata.google.internal"}}),   "spec.elasticsearch.url"),
        (json!({"elasticsearch": {"url": "https://u:p@es:9200"}}),               "spec.elasticsearch.url"),
        (json!({"catalog": {"uri": "s3://packs/warehouse"}}),                    "spec.catalog.uri"),
        (json!({"syncInterval": "often"}),                                       "spec.syncInterval"),
    ];
    for (spec, field) in cases {
        let mut story = told(spec);
        assert_eq!(story.settle(), []);
        let (status, said) = story.says("Stalled");
        assert!(status == Status::True && said.contains(field), "{said}");
        assert!(!said.contains("u:p"), "{said}");
        assert_eq!(story.events, ["SpecWrong"]);
    }
}

#[test]
fn the_objects_of_a_run_are_these() {
    let mut story = told(json!({
        "source": {"uri": "s3://packs/warehouse", "secretRef": {"name": "store"}},
        "catalog": {"uri": "pvc://catalogs/warehouse", "secretRef": {"name": "store"}},
        "elasticsearch": {"eckRef": {"name": "search"}},
        "workers": {
            "parallelism": 8, "gpu": {"count": 1}, "queueName": "gpus",
            "resources": {"limits": {"memory": "8Gi"}},
            "pod": {"labels": {"team": "assets", "vitrine.dev/library": "another"},
                    "tolerations": [{"key": "gpu", "operator": "Exists"}]},
        },
    }));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 3, "needs_gpu": true, "run": 7})).settle();
    story.resource.metadata.creation_timestamp = None::<Time>;
    let run = story.resource.status.as_ref().unwrap().run.clone().unwrap();
    let pods = world::pods();
    let blueprint = Blueprint { resource: &story.resource, run: &run, pods: &pods };
    let places = Places::of::<Resource>(&story.resource.spec, "assets", "warehouse-1");
    insta::assert_yaml_snapshot!(
        "configuration",
        configuration::configuration(&blueprint, &places)
    );
    insta::assert_yaml_snapshot!("work", job::job(&blueprint, &places, Step::Work));
    insta::assert_yaml_snapshot!("scan", job::job(&blueprint, &places, Step::Scan));
    insta::assert_yaml_snapshot!("policy", policy::policy(&story.resource, &[7070]));
}

#[test]
fn what_publish_says_of_models_and_of_assets_that_failed_stands_in_the_status() {
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 1, "needs_gpu": true})).settle();
    story.ends(Step::Work, 0, json!({})).settle();
    let failure = json!({"uri": "s3://packs/warehouse/torn.usd", "reason": "ends early"});
    let words = json!({
        "reason": "Published", "models": {"text_embedding": "abc"}, "failures": [failure],
        "counts": {"read": 50, "indexed": 49, "skipped": 0, "failed": 1, "deleted": 0},
    });
    story.ends(Step::Publish, 0, words).settle();
    let status = story.resource.status.clone().unwrap();
    assert_eq!(status.model_digests["text_embedding"], "abc");
    assert_eq!(status.failure_samples[0].uri, "s3://packs/warehouse/torn.usd");
    assert_eq!(status.failure_samples[0].reason, "ends early");
    let (holds, message) = story.says("Ready");
    assert_eq!(holds, Status::True);
    assert!(message.contains("1 asset could not be read"), "{message}");
}

#[test]
fn an_old_index_is_removed_by_a_run_when_its_time_is_over_though_nothing_changed() {
    let mut story = told(json!({"syncInterval": null}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 1, "needs_gpu": true})).settle();
    story.ends(Step::Work, 0, json!({})).settle();
    let until = story.now + TimeDelta::hours(24);
    let index = json!({
        "name": "w-2", "alias": "w", "documents": 50, "previous": "w-1", "kept_until": until,
    });
    story.ends(Step::Publish, 0, json!({"index": index, "reason": "Published"})).settle();
    story.found.jobs.clear();
    let status = story.resource.status.clone().unwrap();
    assert_eq!(status.index.unwrap().previous.unwrap(), "w-1");
    assert_eq!(status.next_sync_time.unwrap(), "2026-01-02T00:00:00Z");
    story.now = until;
    assert_eq!(story.settle().last(), Some(&Action::Start(Step::Scan)));
    let nothing = json!({"chunks": 0, "reason": "NothingChanged"});
    story.ends(Step::Scan, 0, nothing).settle();
    assert_eq!(story.phase(), Phase::Publishing);
    let index = json!({"name": "w-2", "alias": "w", "documents": 50});
    story.ends(Step::Publish, 0, json!({"index": index, "reason": "Published"})).settle();
    let status = story.resource.status.clone().unwrap();
    assert_eq!((status.index.unwrap().previous, status.next_sync_time), (None, None));
}

#[test]
fn who_waits_for_room_says_the_same_however_many_runs_there_are_and_asks_seldom() {
    let mut story = told(json!({}));
    story.found.others_running = (2, 0);
    story.settle();
    let said = story.resource.status.clone();
    story.found.others_running = (5, 0);
    story.now += TimeDelta::minutes(3);
    assert_eq!(story.settle(), []);
    assert_eq!(story.resource.status, said);
    let last = story.last.as_ref().unwrap();
    assert!(last.waits && last.again_secs >= Some(600), "it is woken when there is room");
}

#[test]
fn a_run_of_many_chunks_writes_its_progress_about_a_hundred_times() {
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 1000})).settle();
    let mut written = Vec::new();
    for done in 0..=1000 {
        let job = story.found.jobs.iter_mut().find(|job| job.step == Step::Work).unwrap();
        (job.indexes, job.is_up, job.is_asked) = ((done, 0), true, false);
        story.settle();
        assert!(story.last.as_ref().unwrap().again_secs >= Some(60), "its Job is watched");
        written.push(story.says("Worked").1);
    }
    written.dedup();
    assert_eq!(written.len(), 101);
    assert_eq!(written[100], "run 1: 1000 of 1000 chunks done");
}

#[test]
fn what_a_pod_said_stays_until_pods_are_asked_again_or_run() {
    let mut story = told(json!({}));
    story.settle();
    let waits = Some(("ErrImagePull".to_owned(), "not found".to_owned()));
    story.found.jobs[0].pods = vec![Pod { name: "p".into(), waits, ..Pod::default() }];
    story.settle();
    let said = story.says("Scanned");
    assert_eq!(said.0, Status::False);
    (story.found.jobs[0].pods, story.found.jobs[0].is_asked) = (Vec::new(), false);
    story.settle();
    assert_eq!(story.says("Scanned"), said);
    story.found.jobs[0].is_up = true;
    story.settle();
    assert_eq!(story.says("Scanned").0, Status::Unknown);
}
