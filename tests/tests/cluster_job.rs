//! A job of videos as a platform team meets it: the chart installed, an `EmbeddingJob` applied,
//! conditions read. Its pods are played: no node takes them, and the test says what a kubelet would.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::cluster::{Cluster, Namespace, condition_of, install, name_of};

const KIND: &str = "embeddingjob.vitrine.dev";
const REPORT: &str = "s3://bachata/report/embedding_generation_report.json";

/// A namespace with an operator that looks after it, whose pods are played.
struct Studio {
    space: Namespace,
}

impl Studio {
    fn new(purpose: &str) -> Option<Self> {
        let cluster = Cluster::find()?;
        install(&cluster);
        Some(Self { space: cluster.namespace(purpose) })
    }

    /// The job `steps`, with `more` laid over its spec.
    fn job(more: &Value) -> Value {
        let mut spec = json!({
            "videos": {"uri": "s3://bachata/steps", "secretRef": {"name": "store"}},
            "models": {"detector": {"uri": "s3://models/detector"}, "pose": {"uri": "s3://models/pose"}},
            "output": {"uri": "s3://bachata/report", "secretRef": {"name": "store"}},
            "elasticsearch": {"url": "https://elasticsearch:9200", "index": "moves"},
            "workers": {},
        });
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        // No node is called so.
        spec["workers"]["pod"] = json!({"nodeSelector": {"vitrine.test/played": "yes"}});
        json!({
            "apiVersion": "vitrine.dev/v1alpha1", "kind": "EmbeddingJob",
            "metadata": {"name": "steps"}, "spec": spec,
        })
    }

    fn apply(&self, more: Value) {
        self.space.apply(&[Self::job(&more)]);
    }

    /// The Job of a step of run `run`, once it is there.
    fn step(&self, run: i64, step: &str) -> Value {
        let name = format!("steps-{run}-clips-{step}");
        self.space.wait(&format!("there is a Job {name}"), || self.space.get("job", &name))
    }

    /// Its pods end, all with these words, until the Job has ended.
    fn ends(&self, run: i64, step: &str, code: i32, words: &Value) {
        let job = self.step(run, step);
        let name = name_of(&job);
        let outcome = if code == 0 { "done" } else { "failed" };
        let mut said = json!({
            "v": 1, "run": run, "step": step, "outcome": outcome, "reason": "Done", "message": step,
            "counts": {"read": 20, "indexed": 0, "skipped": 0, "failed": 0, "deleted": 0},
        });
        for (key, value) in words.as_object().unwrap() {
            said[key] = value.clone();
        }
        let at = "2026-01-01T00:00:00Z";
        let ended = json!({"status": {
            "phase": if code == 0 { "Succeeded" } else { "Failed" },
            "containerStatuses": [{
                "name": "vitrine", "image": "played", "imageID": "played", "ready": false,
                "restartCount": 0,
                "state": {"terminated": {
                    "exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
                    "message": said.to_string(), "startedAt": at, "finishedAt": at,
                }},
            }],
        }})
        .to_string();
        self.space.wait(&format!("the Job {name} has ended"), || {
            for pod in self.space.pods_of(name) {
                if pod["status"]["phase"] == "Pending" {
                    let patch = ["patch", "pod", name_of(&pod), "--subresource=status"];
                    // It may be gone by now.
                    self.space.kubectl(&[&patch[..], &["--type=merge", "-p", &ended]].concat());
                }
            }
            let Some(job) = self.space.get("job", name) else { return Some(()) };
            let ends = ["Complete", "Failed"].iter().filter_map(|kind| condition_of(&job, kind));
            ends.map(|end| &end["status"]).any(|status| status == "True").then_some(())
        });
    }

    /// A whole run, with two chunks.
    fn completes(&self, run: i64) -> Value {
        self.ends(run, "scan", 0, &json!({"chunks": 2, "needs_gpu": true, "reason": "Planned"}));
        self.ends(run, "work", 0, &json!({}));
        self.ends(run, "publish", 0, &published());
        self.says("Complete", "True")
    }

    fn says(&self, condition: &str, status: &str) -> Value {
        self.space.wait_for_condition(KIND, "steps", condition, status);
        self.get()
    }

    fn get(&self) -> Value {
        self.space.get(KIND, "steps").unwrap()
    }

    fn waits_for_phase(&self, phase: &str) -> Value {
        self.space.wait_for(KIND, "steps", phase, |job| job["status"]["phase"] == phase)
    }

    fn patch(&self, spec: Value) {
        self.space.patch(KIND, "steps", &json!({ "spec": spec }));
    }

    fn has(&self, kind: &str, name: &str) -> bool {
        self.space.get(kind, name).is_some()
    }

    /// Waits for an Event of this reason; its sentence.
    fn event(&self, reason: &str) -> String {
        self.space.wait(&format!("there is an Event {reason}"), || {
            let events = self.space.list("event", "");
            let found = events.iter().find(|event| event["reason"] == reason)?;
            Some(found["message"].as_str().unwrap_or_default().to_owned())
        })
    }
}

/// What publish says of twenty clips, one of which is torn.
fn published() -> Value {
    json!({
        "reason": "Published",
        "index": {"name": "moves-0123456789ab-1", "alias": "moves", "documents": 19},
        "counts": {"read": 20, "indexed": 19, "skipped": 0, "failed": 1, "deleted": 0},
        "quality": {"mean_score": 0.8312, "mean_detection_rate": 0.9},
        "failures": [{"uri": "s3://bachata/steps/torn.mp4", "reason": "ends early"}],
    })
}

fn pod_of(job: &Value) -> &Value {
    &job["spec"]["template"]["spec"]
}

#[test]
fn an_applied_job_becomes_complete_and_says_how_good_its_clips_are() {
    let Some(studio) = Studio::new("job-story") else { return };
    studio.apply(json!({"workers": {"parallelism": 2, "gpu": {"count": 1}, "queueName": "gpus"}}));
    for step in ["scan", "work", "publish"] {
        let job = studio.step(1, step);
        let name = name_of(&job).to_owned();
        assert_eq!(job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"], "gpus", "{step}");
        assert_eq!(job["spec"]["suspend"], true, "Kueue decides when {step} starts");
        let gpus = &pod_of(&job)["containers"][0]["resources"]["limits"]["nvidia.com/gpu"];
        assert_eq!(gpus.as_str(), (step == "work").then_some("1"), "{step}");
        let arguments = &pod_of(&job)["containers"][0]["args"];
        assert_eq!(arguments[2], "--config=/etc/vitrine/job.yaml");
        // As Kueue admits it.
        studio.space.patch("job", &name, &json!({"spec": {"suspend": false}}));
        match step {
            "scan" => studio.ends(1, step, 0, &json!({"chunks": 2, "needs_gpu": true})),
            "work" => {
                assert_eq!(job["spec"]["completions"], 2);
                studio.ends(1, step, 0, &json!({}));
            }
            _ => studio.ends(1, step, 0, &published()),
        }
    }
    let job = studio.says("Complete", "True");
    let status = &job["status"];
    assert_eq!(status["phase"], "Complete");
    assert_eq!(status["counts"]["indexed"], 19);
    assert_eq!(status["quality"], json!({"meanScore": 0.8312, "meanDetectionRate": 0.9}));
    assert_eq!(status["reportUri"], REPORT);
    assert_eq!(status["index"]["alias"], "moves");
    assert_eq!(status["failureSamples"][0]["reason"], "ends early");
    assert!(status["completionTime"].is_string());
    for (kind, expected) in [("Failed", "False"), ("Ready", "True"), ("Reconciling", "False")] {
        assert_eq!(condition_of(&job, kind).unwrap()["status"], expected, "{kind}: {job:#}");
    }
    assert!(studio.event("Complete").contains("mean quality 0.83"));
    let map = studio.space.get("configmap", "steps-1-clips").unwrap();
    assert!(map["data"]["job.yaml"].as_str().unwrap().contains("kind: EmbeddingJob"));
    assert!(studio.has("networkpolicy", "steps-vitrine-clips"));
    println!("{}", studio.space.must(&["get", "ej", "-o", "wide"]));
    println!("{}", studio.space.must(&["describe", "ej", "steps"]));
}

#[test]
fn a_suspended_job_ends_its_pods_and_goes_on_when_it_is_resumed() {
    let Some(studio) = Studio::new("job-suspended") else { return };
    studio.apply(json!({"suspend": true}));
    studio.waits_for_phase("Suspended");
    assert!(!studio.has("job", "steps-1-clips-scan"));
    studio.patch(json!({"suspend": false}));
    studio.ends(1, "scan", 0, &json!({"chunks": 2}));
    studio.step(1, "work");
    studio.space.wait("its pods are there", || {
        (studio.space.pods_of("steps-1-clips-work").len() == 2).then_some(())
    });
    studio.patch(json!({"suspend": true}));
    studio.waits_for_phase("Suspended");
    assert_eq!(studio.space.pods_of("steps-1-clips-work"), Vec::<Value>::new());
    studio.patch(json!({"suspend": false}));
    studio.completes(2);
}

#[test]
fn what_is_left_of_a_run_goes_when_its_time_is_over_and_another_spec_runs_again() {
    let Some(studio) = Studio::new("job-again") else { return };
    studio.apply(json!({}));
    studio.completes(1);
    // Neither makes a run.
    studio.patch(json!({"suspend": true}));
    studio.patch(json!({"suspend": false, "ttlSecondsAfterFinished": 1}));
    for step in ["scan", "work", "publish"] {
        studio.space.wait_gone("job", &format!("steps-1-clips-{step}"));
    }
    studio.space.wait_gone("configmap", "steps-1-clips");
    let job = studio.get();
    assert_eq!(condition_of(&job, "Complete").unwrap()["status"], "True");
    assert_eq!(job["status"]["run"]["number"], 1);
    studio.patch(json!({"sampling": {"fps": 30}, "ttlSecondsAfterFinished": null}));
    studio.step(2, "scan");
    assert_eq!(studio.says("Complete", "False")["status"]["run"]["number"], 2);
    assert_eq!(condition_of(&studio.get(), "Ready").unwrap()["status"], "True");
    // In the middle of a run, too.
    studio.patch(json!({"sampling": {"fps": 10}}));
    studio.step(3, "scan");
    studio.completes(3);
    assert!(!studio.has("job", "steps-2-clips-scan"));
}

#[test]
fn a_step_that_fails_for_good_fails_the_job_with_its_sentence() {
    let Some(studio) = Studio::new("job-failed") else { return };
    studio.apply(json!({}));
    studio.ends(1, "scan", 0, &json!({"chunks": 1}));
    let words = json!({"reason": "ModelFailed", "message": "spec.models.pose: no weights in s3://models/pose"});
    studio.ends(1, "work", 3, &words);
    let job = studio.says("Failed", "True");
    let said = condition_of(&job, "Failed").unwrap();
    assert_eq!(said["reason"], "ModelFailed");
    assert_eq!(said["message"], "run 1 failed: spec.models.pose: no weights in s3://models/pose");
    assert_eq!(condition_of(&job, "Stalled").unwrap()["status"], "True");
    assert_eq!(condition_of(&job, "Complete").unwrap()["status"], "False");
    assert!(!studio.has("job", "steps-1-clips-publish"));
    // Whoever put the weights there says so.
    studio.space.must(&["annotate", KIND, "steps", "vitrine.dev/sync-requested=weights"]);
    studio.completes(2);
    assert_eq!(condition_of(&studio.get(), "Failed").unwrap()["status"], "False");
}

#[test]
fn a_deleted_job_keeps_its_index_unless_it_says_otherwise() {
    let Some(studio) = Studio::new("job-deleted") else { return };
    studio.apply(json!({}));
    studio.completes(1);
    studio.space.delete(KIND, "steps");
    studio.space.wait_gone(KIND, "steps");
    let said = studio.event("Retained");
    assert!(said.contains("alias moves") && said.contains("s3://bachata/report"), "{said}");
    studio.space.wait_gone("job", "steps-1-clips-publish");
    assert!(!studio.has("job", "steps-1-clips-cleanup"));

    studio.apply(json!({"deletionPolicy": "Delete"}));
    studio.ends(1, "scan", 0, &json!({"chunks": 2}));
    studio.step(1, "work");
    studio.space.delete(KIND, "steps");
    let cleanup = studio.step(1, "cleanup");
    assert_eq!(cleanup["metadata"]["ownerReferences"], Value::Null, "it outlives the job");
    assert!(!studio.has("job", "steps-1-clips-work"), "who still writes is ended first");
    studio.ends(1, "cleanup", 0, &json!({}));
    studio.space.wait_gone(KIND, "steps");
    studio.event("Cleaned");
}

#[test]
fn a_spec_that_cannot_be_followed_is_refused_or_explained() {
    let Some(studio) = Studio::new("job-refused") else { return };
    for (spec, expected) in [
        (json!({"output": null}), "name a place for the report"),
        (json!({"output": {"uri": "s3://bachata/steps"}}), "a place of its own"),
        (json!({"elasticsearch": null}), "name an Elasticsearch"),
        (json!({"sampling": {"fps": 0}}), "sampling.fps"),
    ] {
        let refused = studio.space.try_apply(&Studio::job(&spec));
        assert_ne!(refused.code, Some(0), "{spec}");
        assert!(refused.stderr.contains(expected), "{spec}: {}", refused.stderr);
    }
    studio.apply(json!({"videos": {"uri": "/home/clips"}}));
    let job = studio.says("Stalled", "True");
    let said = condition_of(&job, "Stalled").unwrap()["message"].as_str().unwrap();
    assert!(said.contains("spec.videos.uri"), "{said}");
    let patch = json!({"spec": {"videos": {"uri": "s3://bachata/others"}}}).to_string();
    let moved = studio.space.kubectl(&["patch", KIND, "steps", "--type=merge", "-p", &patch]);
    assert!(moved.stderr.contains("make a new EmbeddingJob"), "{}", moved.stderr);
}
