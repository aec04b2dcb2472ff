//! `vitrine embed` as far as no video is looked at: flags, annotations, `.env`, exit codes.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::clips::Clips;
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
    let Some(clips) = Clips::new() else { return };
    for path in ["step_03.mp4", "b/step_03.mov", "b/Turn.mkv", "x.txt"] {
        clips.write(path, b"");
    }
    clips.annotate(&json!({"step_03": {"move_label": "basic"}, "gone": {}}));
    std::fs::write(clips.beside(".env"), "ELASTICSEARCH_HOST=es\n").expect("a new file");
    let plan: Value = run(&mut clips.call(&["--dry-run"])).json(0);
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
    assert_eq!(plan["unused_annotations"], json!(["gone"]));
    assert_eq!(plan["index"]["url"], "http://es:9200");
    assert_eq!(plan["index"]["alias"], "bachata_move_embeddings");
    assert!(!clips.out().exists(), "a dry run writes nothing");
}

#[test]
fn a_dry_run_says_of_models_what_a_run_would() {
    let Some(clips) = Clips::new() else { return };
    clips.take("pose_1.mp4", "step.mp4");
    std::fs::write(clips.beside("page.onnx"), "<html>").expect("a new file");
    std::fs::write(clips.beside("page.zip"), "<html>").expect("a new file");
    for (model, words) in [
        ("gone", "there is no such folder or file"),
        ("videos", "holds no .onnx"),
        ("page.onnx", "page.onnx"),
        ("page.zip", "it is no archive"),
    ] {
        let model = ["--no-index", "--pose-model", model, "--output", "text"];
        let told = |more: &[&str]| {
            let mut call = clips.settled(&["embed", "--quiet", "videos", "--out", "out"]);
            run(call.args(model).args(more))
        };
        let (dry, real) = (told(&["--dry-run"]), told(&[]));
        assert!(dry.stderr.contains(words), "no {words:?} in {}", dry.stderr);
        assert_eq!((dry.code, &dry.stderr), (Some(3), &real.stderr));
    }
}

#[test]
fn a_run_that_finds_no_clip_says_where_and_by_which_patterns_it_looked() {
    let Some(clips) = Clips::new() else { return };
    clips.write("notes.txt", b"").annotate(&json!([{"clip_id": "step"}]));
    for more in ["--quiet", "--dry-run"] {
        let mut call = clips.settled(&["embed", "videos", "--no-index", "--out", "out", more]);
        call.arg("--pose-model").arg(clips.model("movenet-multipose.onnx"));
        let ended = run(call.args(["--include", "**/*.mp4"]));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        for words in ["videos holds no clips", "include **/*.mp4", "--include and --exclude"] {
            assert!(ended.stdout.contains(words), "no {words:?} in {}", ended.stdout);
        }
    }
}

#[test]
fn wrong_annotations_end_with_2_and_a_line_each() {
    let text =
        "[\n {\"clip_id\": \"step_03\",\n  \"difficulty\": 3},\n {\"clip_id\": \"step_03\"}\n]";
    let folder = folder(&[("annotations.json", text)]);
    let arguments = ["videos", "--annotations", "annotations.json", "--pose-model", "models/none"];
    let ended = embed(folder.path(), &[], &arguments);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let expected = "\
error: 2 mistakes in the annotations
  annotations.json:3: clip `step_03`: difficulty is a number, and must be a text
  annotations.json:4: clip `step_03`: the clip_id is there already, in line 2; keep one entry
";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn the_environment_names_model_and_cluster_and_the_cloud_asks_for_more() {
    let folder = folder(&[(".env", "MMPOSE_CHECKPOINT_PATH=models/pose\nENVIRONMENT=cloud\n")]);
    let dry = ["videos", "--dry-run"];
    /// The configuration is as it should be, and names a model that is not there.
    const FOUND: &str = "model folder models/pose: there is no such folder";
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str)], &[&str], &str)] = &[
        (&[],                                                            &[], "ENVIRONMENT is cloud, and no Elasticsearch is named"),
        (&[("ELASTICSEARCH_HOST", "es")],                                &[], "is not https"),
        (&[("ELASTICSEARCH_HOST", "https://es")],                        &[], "there is no login"),
        (&[("ELASTICSEARCH_HOST", "es"), ("ELASTICSEARCH_API_KEY", "a")], &[], FOUND),
        (&[],                                      &["--environment", "local"], FOUND),
        (&[("ENVIRONMENT", "moon")],                                     &[], "has to be local or cloud"),
        (&[("ENVIRONMENT", "local"), ("MMPOSE_CHECKPOINT_PATH", "a/x.pth")], &[], "a PyTorch checkpoint"),
    ];
    for (variables, more, words) in cases {
        let ended = embed(folder.path(), variables, &[&dry, *more].concat());
        let expected = if *words == FOUND { Some(3) } else { Some(2) };
        assert_eq!(ended.code, expected, "{variables:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
    let nothing = tempfile::tempdir().expect("there is a place for temporary files");
    let ended = embed(nothing.path(), &[], &["videos"]);
    assert_eq!(ended.code, Some(2));
    for words in ["`models.pose.uri` is missing", "give --pose-model, ", "MMPOSE_CHECKPOINT_PATH"] {
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
    let ended = embed(nothing.path(), &[], &[]);
    assert_eq!(ended.code, Some(2));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "each mistake has a line of its own: {}", ended.stderr);
    assert!(lines[1].starts_with("  `videos.uri` is missing"), "{}", ended.stderr);
    assert!(lines[1].contains("give VIDEO_DIR, "), "{}", ended.stderr);
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

#[test]
fn whoever_interrupts_a_run_is_told_how_to_go_on_and_can() {
    let Some(clips) = Clips::new() else { return };
    clips.take("pose_1.mp4", "step.mp4").take("pose_squats.mp4", "turn.mp4");
    let mut call = clips.call(&["--no-index", "--jobs", "1"]);
    let mut child = call.stderr(Stdio::piped()).spawn().expect("the program is there");
    let log = clips.out().join("embedding_generation.log");
    let began = Instant::now();
    let is_at_work = || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("watching"));
    while !is_at_work() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(
        run(Command::new("kill").args(["-s", "INT", &child.id().to_string()])).code,
        Some(0)
    );
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{said}");
    assert!(said.starts_with("interrupted") && said.contains("the same command"), "{said}");
    let logged = std::fs::read_to_string(&log).expect("it is there");
    assert!(logged.lines().any(|line| line.contains(" WARN interrupted")), "{logged}");
    let report = run(&mut clips.call(&["--no-index", "--fps", "2"])).json(0);
    assert_eq!(report["counts"]["failed"], 0, "{report:#}");
}
