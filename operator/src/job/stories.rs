//! Stories of jobs, told to the plan: what it starts, what it says.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use chrono::TimeDelta;
use serde_json::{Value, json};
use vitrine_crds::condition::Status;
use vitrine_crds::embedding_job::{EmbeddingJobSpec, EmbeddingJobStatus, Resource};
use vitrine_crds::library::status::Phase;
use vitrine_crds::run::Step;

use crate::run::build::places::Places;
use crate::run::build::{Blueprint, configuration, job, policy};
use crate::run::found::{Pod, State};
use crate::run::names::{APPROVE_DELETIONS, SYNC_REQUESTED};
use crate::run::plan::Action;
use crate::run::world;

type Story = world::Story<Resource>;

fn spec(more: &Value) -> EmbeddingJobSpec {
    let mut spec = json!({
        "videos": {"uri": "s3://bachata/steps"},
        "annotations": {"uri": "s3://bachata/annotations.json"},
        "models": {"detector": {"uri": "pvc://models/detector"}, "pose": {"uri": "pvc://models/pose"}},
        "output": {"uri": "s3://bachata/report"},
        "elasticsearch": {"url": "https://es:9200"},
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

fn told(more: Value) -> Story {
    let mut job = Resource::new("steps", spec(&more));
    job.metadata.namespace = Some("studio".to_owned());
    job.metadata.uid = Some("11111111-2222-3333-4444-555555555555".to_owned());
    job.metadata.generation = Some(1);
    Story::of(job)
}

fn status(story: &Story) -> &EmbeddingJobStatus {
    story.resource.status.as_ref().unwrap()
}

/// What publish says of twenty clips of which one is torn.
fn published() -> Value {
    json!({
        "reason": "Published", "index": {"name": "m-1", "alias": "moves", "documents": 19},
        "counts": {"read": 20, "indexed": 19, "skipped": 0, "failed": 1, "deleted": 0},
        "quality": {"mean_score": 0.831_234_9, "mean_detection_rate": 0.9},
        "models": {"lead_embedding": "abc"},
        "failures": [{"uri": "s3://bachata/steps/torn.mp4", "reason": "ends early"}],
    })
}

fn complete(story: &mut Story) {
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 2, "needs_gpu": true})).settle();
    story.ends(Step::Work, 0, json!({})).settle();
    story.ends(Step::Publish, 0, published()).settle();
}

fn fails_to_scan(story: &mut Story, outcome: &str) {
    story.settle();
    let code = if outcome == "retry" { 1 } else { 3 };
    let words =
        json!({"outcome": outcome, "reason": "ElasticsearchUnreachable", "message": "down"});
    story.ends(Step::Scan, code, words).settle();
    story.found.jobs.clear();
}

#[test]
fn a_job_is_scanned_worked_on_and_published_and_is_complete_for_good() {
    let mut story = told(json!({}));
    assert_eq!(story.settle(), [Action::Start(Step::Scan)]);
    for kind in ["Complete", "Failed", "Ready"] {
        assert_eq!(story.says(kind).0, Status::False, "{kind}");
    }
    assert_eq!(story.says("Reconciling").0, Status::True);
    let work = story.ends(Step::Scan, 0, json!({"chunks": 2})).settle();
    assert_eq!(work, [Action::Start(Step::Work)]);
    assert_eq!(story.ends(Step::Work, 0, json!({})).settle(), [Action::Start(Step::Publish)]);
    assert_eq!(story.says("Reconciling").1, "run 1 publishes what was made");
    assert_eq!(story.ends(Step::Publish, 0, published()).settle(), []);
    assert_eq!(
        story.says("Complete"),
        (
            Status::True,
            "run 1: 20 clips: 19 indexed, 0 unchanged, 1 failed, 0 deleted; mean quality 0.83; \
             report: s3://bachata/report/embedding_generation_report.json"
                .to_owned()
        )
    );
    assert_eq!(
        story.says("Ready").1,
        "19 clips behind the alias moves, by run 1; 1 clip could not be read: the report says why"
    );
    for kind in ["Failed", "Reconciling", "Stalled"] {
        assert_eq!(story.says(kind).0, Status::False, "{kind}");
    }
    assert_eq!((status(&story).phase.as_str(), story.phase()), ("Complete", Phase::Succeeded));
    assert_eq!(story.events, ["Complete"]);
    story.now += TimeDelta::days(400);
    assert_eq!(story.settle(), []);
    assert_eq!(story.last.as_ref().unwrap().again_secs, None);
}

#[test]
fn what_publish_says_of_the_clips_stands_in_the_status() {
    let mut story = told(json!({}));
    complete(&mut story);
    let status = status(&story);
    let quality = status.quality.unwrap();
    assert_eq!((quality.mean_score, quality.mean_detection_rate), (0.8312, 0.9));
    assert_eq!(
        status.report_uri.as_deref(),
        Some("s3://bachata/report/embedding_generation_report.json")
    );
    assert_eq!(status.completion_time.as_deref(), Some("2026-01-01T00:00:00Z"));
    let counts = status.counts.unwrap();
    assert_eq!((counts.read, counts.indexed, counts.failed), (20, 19, 1));
    assert_eq!(status.failure_samples[0].reason, "ends early");
    assert_eq!(status.model_digests["lead_embedding"], "abc");
    assert_eq!(status.index.as_ref().unwrap().alias, "moves");
}

#[test]
fn clips_that_were_all_done_before_are_reported_again() {
    let mut story = told(json!({}));
    story.settle();
    let quiet = json!({"reason": "NothingChanged", "chunks": 0});
    assert_eq!(story.ends(Step::Scan, 0, quiet).settle(), [Action::Start(Step::Publish)]);
}

#[test]
fn a_suspended_job_ends_its_pods_and_goes_on_when_it_is_resumed() {
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 2})).settle();
    story.resource.spec.suspend = true;
    story.found.has_pods = true;
    assert_eq!(story.changes(2).settle(), [Action::Stop]);
    assert_eq!(story.phase(), Phase::Cancelling);
    story.found.has_pods = false;
    assert_eq!(story.settle(), []);
    assert_eq!(status(&story).phase, "Suspended");
    assert!(story.says("Complete").1.contains("not done again"), "{:?}", story.says("Complete"));
    assert_eq!(status(&story).completion_time, None);
    story.now += TimeDelta::days(1);
    assert_eq!(story.settle(), []);
    story.resource.spec.suspend = false;
    let resumed = story.changes(3).settle();
    assert_eq!(resumed, [Action::Forget(1), Action::Stop, Action::Start(Step::Scan)]);
    assert_eq!((story.number(), story.says("Reconciling").0), (2, Status::True));
}

#[test]
fn a_job_that_is_made_suspended_starts_when_it_is_resumed() {
    let mut story = told(json!({"suspend": true}));
    assert_eq!(story.settle(), []);
    assert_eq!(status(&story).phase, "Suspended");
    story.resource.spec.suspend = false;
    assert_eq!(story.changes(2).settle(), [Action::Start(Step::Scan)]);
}

#[test]
fn what_a_run_need_not_know_of_makes_no_new_one() {
    let mut story = told(json!({}));
    complete(&mut story);
    let changes: [fn(&mut EmbeddingJobSpec); 4] = [
        |spec| spec.suspend = true,
        |spec| spec.suspend = false,
        |spec| spec.ttl_seconds_after_finished = Some(86_400),
        |spec| spec.deletion_policy = vitrine_crds::library::DeletionPolicy::Delete,
    ];
    for (generation, change) in (2..).zip(changes) {
        change(&mut story.resource.spec);
        assert_eq!(story.changes(generation).settle(), []);
        assert_eq!(story.says("Complete").0, Status::True);
        assert_eq!(status(&story).observed_generation, Some(generation));
    }
    // Nor does it end one that is under way.
    let mut story = told(json!({}));
    story.settle();
    story.resource.spec.ttl_seconds_after_finished = Some(60);
    assert_eq!(story.changes(2).settle(), []);
    assert_eq!((story.number(), story.phase()), (1, Phase::Scanning));
}

#[test]
fn a_changed_spec_makes_a_new_run_and_the_clips_stay_searchable() {
    let mut story = told(json!({}));
    complete(&mut story);
    story.resource.spec = spec(&json!({"sampling": {"fps": 30}}));
    let again = story.changes(2).settle();
    assert_eq!(again, [Action::Forget(1), Action::Stop, Action::Start(Step::Scan)]);
    assert_eq!((story.number(), story.says("Complete").0), (2, Status::False));
    assert_eq!((story.says("Ready").0, &status(&story).completion_time), (Status::True, &None));
    // In the middle of a run, its pods end first.
    story.found.has_pods = true;
    story.resource.spec = spec(&json!({"sampling": {"fps": 10}}));
    assert_eq!(story.changes(3).settle(), [Action::Stop]);
    story.found.has_pods = false;
    assert_eq!(story.settle().last(), Some(&Action::Start(Step::Scan)));
    assert_eq!(story.number(), 3);
}

#[test]
fn a_cause_that_does_not_pass_fails_the_job_with_a_sentence_and_it_stays_so() {
    let mut story = told(json!({}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 2})).settle();
    let words = json!({"reason": "ModelFailed", "message": "models.pose: no such folder"});
    assert_eq!(story.ends(Step::Work, 3, words).settle(), []);
    let said = (Status::True, "run 1 failed: models.pose: no such folder".to_owned());
    assert_eq!(story.says("Failed"), said);
    assert_eq!(story.says("Stalled").1, "models.pose: no such folder");
    for kind in ["Complete", "Reconciling", "Ready"] {
        assert_eq!(story.says(kind).0, Status::False, "{kind}");
    }
    assert!(status(&story).completion_time.is_some());
    assert_eq!(story.events, ["ModelFailed"]);
    story.now += TimeDelta::days(2);
    assert_eq!(story.settle(), []);
    // Whoever mended the cause says so.
    let annotation = (SYNC_REQUESTED.to_owned(), "mended".to_owned());
    story.resource.metadata.annotations = Some([annotation].into());
    assert_eq!(story.settle().last(), Some(&Action::Start(Step::Scan)));
    assert_eq!((story.says("Failed").0, story.says("Stalled").0), (Status::False, Status::False));
}

#[test]
fn a_cause_that_may_pass_is_waited_for_later_each_time_and_not_for_ever() {
    let mut story = told(json!({}));
    let mut waits = Vec::new();
    for _ in 0..6 {
        fails_to_scan(&mut story, "retry");
        assert_eq!(story.says("Failed").0, Status::False);
        let (holds, said) = story.says("Reconciling");
        assert!(holds == Status::True && said.contains("down; the next try is in"), "{said}");
        let wait = story.last.as_ref().unwrap().again_secs.unwrap();
        waits.push(wait);
        story.now += TimeDelta::seconds(wait);
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320]);
    fails_to_scan(&mut story, "retry");
    let (holds, said) = story.says("Failed");
    assert_eq!(holds, Status::True);
    assert_eq!(said, "run 7, the last of 7 tries, failed: down");
    story.now += TimeDelta::days(1);
    assert_eq!(story.settle(), []);
}

#[test]
fn a_job_that_waits_for_its_next_try_can_be_suspended() {
    let mut story = told(json!({}));
    fails_to_scan(&mut story, "retry");
    story.resource.spec.suspend = true;
    story.now += TimeDelta::days(1);
    assert_eq!(story.changes(2).settle(), []);
    assert_eq!(status(&story).phase, "Suspended");
    story.resource.spec.suspend = false;
    assert_eq!(story.changes(3).settle().last(), Some(&Action::Start(Step::Scan)));
}

#[test]
fn clips_that_would_go_wait_for_a_person_who_names_the_run() {
    let mut story = told(json!({}));
    story.settle();
    let words = json!({"reason": "DeletionsNeedApproval", "message": "15 of 20 would go"});
    story.ends(Step::Scan, 3, words).settle();
    story.found.jobs.clear();
    let said = story.says("Stalled").1;
    assert!(
        said.contains("kubectl annotate ej steps -n studio vitrine.dev/approve-deletions=1"),
        "{said}"
    );
    let annotation = (APPROVE_DELETIONS.to_owned(), "1".to_owned());
    story.resource.metadata.annotations = Some([annotation].into());
    assert_eq!(story.settle().last(), Some(&Action::Start(Step::Scan)));
    assert!(story.run().deletions_approved);
}

#[test]
fn what_is_left_of_a_run_goes_when_its_time_is_over_and_the_job_stays() {
    for (ends_well, phase) in [(true, "Complete"), (false, "Failed")] {
        let mut story = told(json!({"ttlSecondsAfterFinished": 600}));
        match ends_well {
            true => complete(&mut story),
            false => {
                story.settle();
                let words = json!({"reason": "ModelFailed", "message": "no such model"});
                story.ends(Step::Scan, 3, words).settle();
            }
        }
        assert!(!story.found.jobs.is_empty());
        assert_eq!(story.last.as_ref().unwrap().again_secs, Some(600));
        story.now += TimeDelta::seconds(600);
        assert_eq!(story.settle(), [Action::Forget(1), Action::Stop]);
        assert_eq!((status(&story).phase.as_str(), story.number()), (phase, 1));
        story.now += TimeDelta::days(1);
        assert_eq!(story.settle(), []);
    }
}

#[test]
fn nothing_of_a_run_is_removed_before_its_end_is_written() {
    let mut story = told(json!({"ttlSecondsAfterFinished": 0}));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 0})).settle();
    story.ends(Step::Publish, 0, published());
    let first = crate::run::plan::plan(&story.resource, &story.found, world::LIMITS, story.now);
    assert_eq!((first.actions.as_slice(), first.again_secs), (&[][..], Some(0)));
    assert_eq!(story.settle(), [Action::Forget(1), Action::Stop]);
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
    assert!(story.says("Worked").1.contains("their clips keep the document they have"));
    story.ends(Step::Publish, 0, published()).settle();
    assert_eq!((story.says("Complete").0, story.says("Ready").0), (Status::False, Status::True));
    assert_eq!(
        story.says("Reconciling").1,
        "run 1 failed: 1 of 3 chunks given up; clips of the others are searchable; the next \
         try is in 10 s"
    );
    // The next run does what is missing.
    story.found.jobs.clear();
    story.now += TimeDelta::seconds(10);
    complete(&mut story);
    assert_eq!((story.number(), story.says("Complete").0), (2, Status::True));
    assert_eq!(status(&story).failures, 0);
}

#[test]
fn a_mistake_in_the_spec_names_its_field_and_starts_nothing() {
    #[rustfmt::skip]
    let cases = [
        (json!({"videos": {"uri": "/home/clips"}}),                          "spec.videos.uri"),
        (json!({"models": {"pose": {"uri": "https://169.254.169.254/x"}}}),  "spec.models.pose.uri"),
        (json!({"output": {"uri": "s3://bachata/steps"}}),                   "spec.output.uri"),
        (json!({"elasticsearch": null}),                                     "spec.elasticsearch"),
    ];
    for (spec, field) in cases {
        let mut story = told(spec);
        assert_eq!(story.settle(), []);
        for kind in ["Stalled", "Failed"] {
            let (status, said) = story.says(kind);
            assert!(status == Status::True && said.contains(field), "{said}");
        }
        assert_eq!(story.events, ["SpecWrong"]);
    }
}

#[test]
fn jobs_wait_for_room() {
    let mut story = told(json!({}));
    story.found.others_running = (2, 0);
    assert_eq!(story.settle(), []);
    assert_eq!(status(&story).phase, "Waiting");
    assert!(story.last.as_ref().unwrap().waits);
    story.found.others_running = (1, 0);
    assert_eq!(story.settle(), [Action::Start(Step::Scan)]);
}

#[test]
fn the_objects_of_a_run_are_these() {
    let mut story = told(json!({
        "videos": {"uri": "s3://bachata/steps", "secretRef": {"name": "store"}},
        "output": {"uri": "pvc://reports/steps"},
        "elasticsearch": {"url": "https://es:9243", "secretRef": {"name": "es-writer"}, "caRef": {"name": "es-ca"}},
        "workers": {"parallelism": 8, "gpu": {"count": 1}, "queueName": "gpus"},
        "ttlSecondsAfterFinished": 60,
    }));
    story.settle();
    story.ends(Step::Scan, 0, json!({"chunks": 3, "needs_gpu": true, "run": 7})).settle();
    let run = story.run().clone();
    let pods = world::pods();
    let blueprint = Blueprint { resource: &story.resource, run: &run, pods: &pods };
    let places = Places::of::<Resource>(&story.resource.spec, "studio", "steps-1-clips");
    insta::assert_yaml_snapshot!(
        "configuration",
        configuration::configuration(&blueprint, &places)
    );
    let made = |step| job::job(&blueprint, &places, step);
    insta::assert_yaml_snapshot!("work", made(Step::Work));
    insta::assert_yaml_snapshot!("policy", policy::policy(&story.resource, &[]));
    // A GPU is asked for by those pods alone that embed.
    for (step, asks) in [(Step::Scan, false), (Step::Work, true), (Step::Publish, false)] {
        let pod = made(step).spec.unwrap().template.spec.unwrap();
        let limits = pod.containers[0].resources.clone().unwrap().limits.unwrap_or_default();
        assert_eq!(limits.contains_key("nvidia.com/gpu"), asks, "{step:?}");
        assert_eq!(made(step).spec.unwrap().suspend, Some(true), "Kueue starts it");
        let label = made(step).metadata.labels.unwrap()["kueue.x-k8s.io/queue-name"].clone();
        assert_eq!(label, "gpus");
        assert_eq!(made(step).spec.unwrap().ttl_seconds_after_finished, None);
    }
    assert_eq!(made(Step::Cleanup).metadata.owner_references, None);
}
