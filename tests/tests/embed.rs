//! `vitrine embed` as far as no video is looked at: flags, annotations, `.env`, exit codes.

use std::path::Path;

use serde_json::Value;
use vitrine_tests::program::{Ended, command, run};

/// A folder with videos that nobody decodes, and these files beside them.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let videos =
        ["videos/step_03.mp4", "videos/b/step_03.mov", "videos/b/Turn.mkv", "videos/x.txt"];
    for (name, text) in videos.iter().map(|name| (*name, "")).chain(files.iter().copied()) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a new folder");
        std::fs::write(path, text).expect("a new folder is writable");
    }
    folder
}

fn embed(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut call = command(&["embed"]);
    call.env_remove("MMPOSE_CHECKPOINT_PATH").env_remove("ENVIRONMENT");
    run(call.args(arguments).current_dir(folder).envs(variables.iter().copied()))
}

#[test]
fn a_dry_run_names_the_clips_and_what_was_written_for_nothing() {
    let annotations = r#"{"step_03": {"move_label": "basic"}, "gone": {}}"#;
    let folder = folder(&[("annotations.json", annotations), (".env", "ELASTICSEARCH_HOST=es\n")]);
    let arguments = ["videos", "--annotations", "annotations.json", "--pose-model", "models/none"];
    let ended = embed(
        folder.path(),
        &[],
        &[arguments.as_slice(), &["--dry-run", "--output", "json"]].concat(),
    );
    let plan: Value = ended.json(0);
    let ids: Vec<&str> = plan["clips"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|clip| clip["clip_id"].as_str())
        .collect();
    // In the order of paths: the first of a stem keeps it.
    assert_eq!(ids.len(), 3, "{plan}");
    assert_eq!(ids[..2], ["Turn", "step_03"]);
    assert!(ids[2].starts_with("step_03-"), "{plan}");
    assert_eq!(plan["annotated"], 1);
    assert_eq!(plan["unused_annotations"], serde_json::json!(["gone"]));
    assert_eq!(plan["index"]["url"], "http://es:9200");
    assert_eq!(plan["index"]["alias"], "bachata_move_embeddings");
    assert!(!folder.path().join("output").exists(), "a dry run writes nothing");
}

#[test]
fn wrong_annotations_end_with_2_and_a_line_each() {
    let text =
        "[\n {\"clip_id\": \"step_03\",\n  \"difficulty\": 3},\n {\"clip_id\": \"step_03\"}\n]";
    let folder = folder(&[("annotations.json", text)]);
    let arguments = ["videos", "--annotations", "annotations.json", "--pose-model", "models/none"];
    let ended = embed(folder.path(), &[], &arguments);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let line = "annotations.json:3: clip `step_03`: difficulty is a number, and must be a text";
    assert!(ended.stderr.contains(line), "{}", ended.stderr);
    assert!(ended.stderr.contains("the clip_id is there already, in line 2"), "{}", ended.stderr);
}

#[test]
fn the_environment_names_model_and_cluster_and_the_cloud_asks_for_more() {
    let folder = folder(&[(".env", "MMPOSE_CHECKPOINT_PATH=models/pose\nENVIRONMENT=cloud\n")]);
    let dry = ["videos", "--dry-run"];
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str)], &[&str], &str)] = &[
        (&[],                                                            &[], "ENVIRONMENT is cloud, and no Elasticsearch is named"),
        (&[("ELASTICSEARCH_HOST", "es")],                                &[], "is not https"),
        (&[("ELASTICSEARCH_HOST", "https://es")],                        &[], "there is no login"),
        (&[("ELASTICSEARCH_HOST", "es"), ("ELASTICSEARCH_API_KEY", "a")], &[], ""),
        (&[],                                      &["--environment", "local"], ""),
        (&[("ENVIRONMENT", "moon")],                                     &[], "has to be local or cloud"),
        (&[("ENVIRONMENT", "local"), ("MMPOSE_CHECKPOINT_PATH", "a/x.pth")], &[], "a PyTorch checkpoint"),
    ];
    for (variables, more, words) in cases {
        let ended = embed(folder.path(), variables, &[&dry, *more].concat());
        let expected = if words.is_empty() { Some(0) } else { Some(2) };
        assert_eq!(ended.code, expected, "{variables:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
    let nothing = tempfile::tempdir().expect("there is a place for temporary files");
    let ended = embed(nothing.path(), &[], &["videos"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("`models.pose.uri` is missing"), "{}", ended.stderr);
    assert!(ended.stderr.contains("MMPOSE_CHECKPOINT_PATH"), "{}", ended.stderr);
}

#[test]
fn a_file_of_a_job_is_checked_shown_and_given_its_schema() {
    let yaml = "kind: EmbeddingJob\nspec:\n  videos: {uri: videos}\n  models: {pose: {uri: models/pose}}\n  \
                sampling: {fps: 200}\n  output: {uri: videos}\n";
    let folder = folder(&[("job.yaml", yaml)]);
    let config = |arguments: &[&str]| {
        let mut call = command(&["config"]);
        run(call.args(arguments).current_dir(folder.path()))
    };
    let ended = config(&["check", "--config", "job.yaml"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stdout);
    for words in
        ["`sampling.fps` 200 is not a whole number from 1 to 120", "is where the videos are"]
    {
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
    for (of, key) in
        [("embeddingjob", "videos"), ("annotations", "move_label"), ("assetlibrary", "views")]
    {
        assert!(config(&["schema", of]).stdout.contains(&format!("\"{key}\"")), "{of}");
    }
}
