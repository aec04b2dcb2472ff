//! What a schema cannot say of a job: rules over values and between fields.

use super::{EmbeddingJob, EmbeddingJobSpec, KIND};
use crate::library::API_VERSION;
use crate::rules::{
    Mistake, STORES, check_model, check_reach, check_reach_elasticsearch, check_uri, elasticsearch,
};

/// Every mistake of `job` that its types let through.
pub fn mistakes(job: &EmbeddingJob) -> Vec<Mistake> {
    let EmbeddingJob { api_version, kind, metadata: _, spec } = job;
    let mut found = Vec::new();
    if api_version != API_VERSION {
        found.push(Mistake::new("apiVersion", format!("`{api_version}` is not {API_VERSION}")));
    }
    if kind != KIND {
        found.push(Mistake::new("kind", format!("`{kind}` is not {KIND}")));
    }
    values(spec, &mut found);
    found
}

/// Every mistake of a spec that pods are to follow: those of its values, and places that pods do not
/// have or must not reach.
pub fn on_cluster(spec: &EmbeddingJobSpec) -> Vec<Mistake> {
    let mut found = Vec::new();
    values(spec, &mut found);
    if spec.output.is_none() {
        let message =
            "is missing: name a place such as s3://bucket/folder, which keeps the state of the run";
        found.push(Mistake::new("output", message));
    }
    if spec.elasticsearch.is_none() {
        let message = "is missing: name elasticsearch.url or elasticsearch.eckRef, where clips are \
                       searched for";
        found.push(Mistake::new("elasticsearch", message));
    }
    let stores = [
        Some(("videos.uri", &spec.videos.uri)),
        spec.annotations.as_ref().map(|annotations| ("annotations.uri", &annotations.uri)),
        spec.output.as_ref().map(|output| ("output.uri", &output.uri)),
    ];
    for (path, uri) in stores.into_iter().flatten() {
        check_reach(path, uri, &mut found);
    }
    for (key, model) in spec.models.named() {
        check_reach(&format!("models.{key}.uri"), &model.uri, &mut found);
    }
    check_reach_elasticsearch(spec.elasticsearch.as_ref(), &mut found);
    found
}

fn values(spec: &EmbeddingJobSpec, found: &mut Vec<Mistake>) {
    check_uri("videos.uri", &spec.videos.uri, &STORES, found);
    for (list, patterns) in [("include", &spec.videos.include), ("exclude", &spec.videos.exclude)] {
        for (index, pattern) in patterns.iter().enumerate() {
            if pattern.is_empty() {
                let path = format!("videos.{list}[{index}]");
                found.push(Mistake::new(path, "is empty; write a pattern such as `**/*.mp4`"));
            }
        }
    }
    if let Some(annotations) = &spec.annotations {
        check_uri("annotations.uri", &annotations.uri, &STORES, found);
    }
    if let Some(output) = &spec.output {
        check_uri("output.uri", &output.uri, &STORES, found);
        if output.uri.trim_end_matches('/') == spec.videos.uri.trim_end_matches('/') {
            let message =
                "is where the videos are; name another folder, so that they stay as they are";
            found.push(Mistake::new("output.uri", message));
        }
    }
    for (key, model) in spec.models.named() {
        check_model(&format!("models.{key}"), model, found);
    }
    elasticsearch(spec.elasticsearch.as_ref(), found);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn job(spec: Value) -> EmbeddingJob {
        serde_json::from_value(json!({ "spec": spec })).unwrap()
    }

    fn paths(found: Vec<Mistake>) -> Vec<String> {
        found.into_iter().map(|mistake| mistake.path).collect()
    }

    #[test]
    fn videos_and_a_pose_model_are_a_whole_configuration_of_a_laptop() {
        let job =
            job(json!({"videos": {"uri": "clips"}, "models": {"pose": {"uri": "models/pose"}}}));
        assert_eq!(mistakes(&job), []);
        assert_eq!(job.spec.sampling.fps, 15);
        assert_eq!(paths(on_cluster(&job.spec))[..2], ["output", "elasticsearch"]);
    }

    #[test]
    fn each_wrong_field_is_named_not_only_the_first() {
        let job = job(json!({
            "videos": {"uri": "ftp://host/clips", "include": [""]},
            "annotations": {"uri": "s3://key:word@bucket/annotations.json"},
            "models": {
                "detector": {"uri": "s3://models/detector", "sha256": "12"},
                "pose": {"uri": "hf://"},
                "text": {"uri": "http://host/text"},
            },
            "output": {"uri": "ftp://host/clips/"},
            "elasticsearch": {"url": "es:9200", "index": "Moves"},
        }));
        assert_eq!(
            paths(mistakes(&job)),
            [
                "videos.uri",
                "videos.include[0]",
                "annotations.uri",
                "output.uri",
                "output.uri",
                "models.detector.sha256",
                "models.pose.uri",
                "models.text.uri",
                "elasticsearch.url",
                "elasticsearch.index",
            ]
        );
        assert!(mistakes(&job).iter().all(|mistake| !mistake.message.contains("word@")));
    }

    #[test]
    fn pods_have_no_folders_and_reach_no_metadata_service() {
        let job = job(json!({
            "videos": {"uri": "/home/clips"},
            "models": {
                "detector": {"uri": "pvc://models/detector"},
                "pose": {"uri": "./pose"},
                "text": {"uri": "https://169.254.169.254/text"},
            },
            "output": {"uri": "s3://bachata/report"},
            "elasticsearch": {"url": "http://localhost:9200"},
        }));
        assert_eq!(
            paths(on_cluster(&job.spec)),
            ["videos.uri", "models.pose.uri", "models.text.uri", "elasticsearch.url"]
        );
    }
}
