//! `vitrine embed`: real videos through real networks into a real index.
#![allow(clippy::unwrap_used)] // A test that cannot read what it made proves nothing.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::clips::Clips;
use vitrine_tests::elasticsearch::Elasticsearch;
use vitrine_tests::indexed::counts;
use vitrine_tests::program::{run, start};

/// The vector fields and their numbers.
const VECTORS: [(&str, usize); 5] = [
    ("lead_embedding", 512),
    ("follow_embedding", 512),
    ("interaction_embedding", 256),
    ("audio_embedding", 128),
    ("text_embedding", 384),
];

/// A server and a collection; skips where either is out of reach.
fn both() -> Option<(Elasticsearch, Clips)> {
    Some((Elasticsearch::find()?, Clips::new()?))
}

fn length(vector: &Value) -> f64 {
    let numbers = vector.as_array().unwrap().iter().map(|number| number.as_f64().unwrap());
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}

/// Which vector fields a document has.
fn fields(document: &Value) -> Vec<&str> {
    VECTORS.iter().map(|(field, _)| *field).filter(|field| document.get(field).is_some()).collect()
}

fn embed(clips: &Clips, server: &Elasticsearch, index: &str) -> Value {
    run(Elasticsearch::lend(&mut clips.call(&[]), server.url(), index)).json(0)
}

#[test]
fn a_couple_has_five_vectors_and_a_second_run_looks_at_nothing() {
    let Some((server, clips)) = both() else { return };
    let index = server.name("clips");
    clips.take("duo_dev.mp4", "a/duo_dev.mp4");
    clips.annotate(&json!([
        {"clip_id": "duo_dev", "move_label": "cross_body_lead", "difficulty": "intermediate"}
    ]));
    let report = embed(&clips, &server, &index);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    let found = server.documents(&index);
    let clip = &found["duo_dev"];
    for (field, dims) in VECTORS {
        let vector = &clip[field];
        assert_eq!(vector.as_array().map(Vec::len), Some(dims), "{field}: {clip}");
        assert!((length(vector) - 1.0).abs() < 1e-3, "{field}: {}", length(vector));
    }
    assert_eq!(clip["move_label"], "cross_body_lead");
    assert_eq!((&clip["has_annotation"], &clip["has_sound"]), (&json!(true), &json!(true)));
    let score = clip["quality_score"].as_f64().unwrap();
    assert!(score > 0.3 && score <= 1.0, "{clip}");
    assert!(clip["frame_count"].as_u64().unwrap() > 100, "{clip}");
    let told = clips.report();
    assert_eq!(told["summary"]["success_rate"], 1.0, "{told}");
    assert_eq!(told["embeddings"][0]["quality_score"], clip["quality_score"]);
    assert!(told["embeddings"][0]["tempo_bpm"].as_f64().unwrap() > 30.0, "{told}");
    assert!(clips.out().join("contact-sheets/duo_dev.jpg").is_file());
    let page = clips.out().join("embedding_generation_report.html");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("data:image/jpeg;base64,") && page.contains("<svg"));
    // Nothing changed: no video is opened, not even the decoder started.
    let mut again = clips.call(&[]);
    Elasticsearch::lend(again.env("VITRINE_MEDIA", "/nowhere"), server.url(), &index);
    let report = run(&mut again).json(0);
    assert_eq!(counts(&report), [1, 0, 1, 0], "{report}");
    assert_eq!(clips.report()["embeddings"], told["embeddings"]);
    // What people write is new: the text is, and nothing else.
    clips.annotate(&json!({"duo_dev": {"move_label": "basic_step"}}));
    let mut again = clips.call(&[]);
    Elasticsearch::lend(again.env("VITRINE_MEDIA", "/nowhere"), server.url(), &index);
    let report = run(&mut again).json(0);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    let now = &server.documents(&index)["duo_dev"];
    assert_eq!(now["move_label"], "basic_step");
    for (field, _) in VECTORS {
        let is_same = now[field] == clip[field];
        assert_eq!(is_same, field != "text_embedding", "{field}");
    }
    // Another rate of frames is another look.
    let mut again = clips.call(&["--fps", "10"]);
    let report = run(Elasticsearch::lend(&mut again, server.url(), &index)).json(0);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    let count = server.documents(&index)["duo_dev"]["frame_count"].as_u64().unwrap();
    assert!((95..=105).contains(&count), "{count}");
}

#[test]
fn a_broken_video_costs_itself_alone_and_one_that_left_leaves_the_index() {
    let Some((server, clips)) = both() else { return };
    let index = server.name("broken");
    clips.take("pose_1.mp4", "good.mp4").take("pose_1.mp4", "again/good.mp4");
    clips.write("text.mp4", b"this is no video").write("empty.mp4", b"");
    clips.write("cut.mp4", &clips.beginning("duo_dev.mp4", 40_000));
    let report = embed(&clips, &server, &index);
    assert_eq!(counts(&report), [5, 2, 0, 3], "{report}");
    let found = server.documents(&index);
    let ids: Vec<&str> = found.keys().map(String::as_str).collect();
    // In the order of paths, the first of a stem keeps it.
    assert_eq!((ids.len(), ids[0]), (2, "good"), "{ids:?}");
    assert!(ids[1].starts_with("good-"), "{ids:?}");
    assert_eq!(found["good"]["video_path"], "again/good.mp4");
    // One person, no sound: what has no source is left out.
    assert!(!fields(&found["good"]).contains(&"audio_embedding"), "{:?}", fields(&found["good"]));
    assert!(fields(&found["good"]).contains(&"text_embedding"));
    assert_eq!(found["good"]["has_sound"], false);
    let told = clips.report();
    let mut failed: Vec<(&str, bool)> = told["failed_videos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["clip_id"].as_str().unwrap(), !one["error"].as_str().unwrap().is_empty()))
        .collect();
    failed.sort_unstable();
    assert_eq!(failed, [("cut", true), ("empty", true), ("text", true)], "{told}");
    let page = clips.out().join("embedding_generation_report.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("text.mp4"));
    let failures = server.documents(&format!("{}-failures", &*index));
    assert_eq!(failures.len(), 3, "{failures:?}");
    // The clip that has the plain name goes: the other keeps its own.
    std::fs::remove_file(clips.videos().join("again/good.mp4")).unwrap();
    for broken in ["text.mp4", "empty.mp4", "cut.mp4"] {
        std::fs::remove_file(clips.videos().join(broken)).unwrap();
    }
    let report = embed(&clips, &server, &index);
    assert_eq!(counts(&report), [1, 0, 1, 0], "{report}");
    assert_eq!(report["counts"]["deleted"], 1);
    let left: Vec<String> = server.documents(&index).into_keys().collect();
    assert_eq!(left, [ids[1]]);
    assert!(!clips.out().join("contact-sheets/good.jpg").exists());
}

#[test]
fn a_killed_run_goes_on_with_what_it_had_not_done() {
    let Some((server, mut clips)) = both() else { return };
    let index = server.name("killed");
    for name in ["a", "b", "c"] {
        clips.take("pose_1.mp4", &format!("{name}.mp4"));
    }
    // A decoder that takes its time: the run is killed in the middle of the third clip.
    let slow = clips.beside("slow-media");
    let script = format!(
        "#!/bin/sh\nif [ -e {0} ]; then sleep 30; fi\nexec {1} \"$@\"\n",
        clips.beside("stand-still").display(),
        clips.decoder().display()
    );
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let usual = clips.decoder().to_owned();
    clips.decode_by(&slow);
    let mut call = clips.call(&["--jobs", "1"]);
    let mut running = start(Elasticsearch::lend(&mut call, server.url(), &index));
    let part = clips.out().join(".vitrine/runs/1");
    let lines = || {
        let items = std::fs::read_dir(&part).into_iter().flatten().flatten();
        let parts = items.filter(|item| item.file_name().to_string_lossy().starts_with("part-"));
        let text =
            |item: std::fs::DirEntry| std::fs::read_to_string(item.path()).unwrap_or_default();
        parts.map(|item| text(item).lines().count()).sum::<usize>()
    };
    let began = Instant::now();
    while lines() == 0 && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    // Somebody's own, beside what the run writes.
    let own = clips.out().join("models/mine.onnx");
    std::fs::create_dir_all(own.parent().unwrap()).unwrap();
    std::fs::write(&own, "weights").unwrap();
    let done = lines();
    assert!((1..3).contains(&done), "{done} of 3 were done when it was killed");
    clips.decode_by(&usual);
    let report = embed(&clips, &server, &index);
    assert_eq!(report["run"], 1, "{report}");
    assert_eq!(report["found"]["resumed"], done, "{report}");
    assert_eq!(report["found"]["to_read"], 3 - done, "{report}");
    assert_eq!(counts(&report), [3, 3, 0, 0], "{report}");
    assert_eq!(server.documents(&index).len(), 3);
    assert!(own.is_file(), "what is not the run's stays");
}

#[test]
fn a_decoder_that_dies_costs_its_clip_a_second_try_and_then_a_reason() {
    let Some((server, mut clips)) = both() else { return };
    let index = server.name("deadly");
    clips.take("pose_1.mp4", "good.mp4").take("pose_1.mp4", "poison.mp4");
    let deadly = clips.beside("deadly-media");
    let script = format!(
        "#!/bin/bash\nexec 3< <(exec 2>/dev/null; while read -r line; do case $line in *poison*) kill \
         -ABRT $$;; *) printf '%s\\n' \"$line\";; esac; done)\nexec {} \"$@\" <&3\n",
        clips.decoder().display()
    );
    std::fs::write(&deadly, script).unwrap();
    std::fs::set_permissions(&deadly, std::fs::Permissions::from_mode(0o755)).unwrap();
    clips.decode_by(&deadly);
    let report = embed(&clips, &server, &index);
    assert_eq!(counts(&report), [2, 1, 0, 1], "{report}");
    let failed = &clips.report()["failed_videos"][0];
    assert_eq!(
        (&failed["clip_id"], &failed["attempts"]),
        (&json!("poison"), &json!(2)),
        "{failed}"
    );
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("aborted") && error.contains("limits: memory"), "{error}");
}

#[test]
fn a_detector_and_a_top_down_network_find_the_couple_too() {
    let Some((server, clips)) = both() else { return };
    let index = server.name("topdown");
    clips.take("duo_dev.mp4", "duo_dev.mp4");
    let mut call = clips.settled(&["embed", "--quiet", "--output", "json", "--fps", "5"]);
    call.arg(clips.videos()).arg("--out").arg(clips.out());
    call.arg("--detector").arg(clips.model("nanodet.onnx"));
    call.arg("--pose-model").arg(clips.model("movenet-thunder-as-rtmpose-simcc.onnx"));
    let report = run(Elasticsearch::lend(&mut call, server.url(), &index)).json(0);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    let clip = &server.documents(&index)["duo_dev"];
    assert!(fields(clip).contains(&"lead_embedding"), "{:?}", fields(clip));
    assert!(clip["version"].as_str().unwrap().ends_with("_v1"), "{}", clip["version"]);
}

#[test]
fn the_same_network_at_another_place_makes_nothing_new() {
    let Some((server, clips)) = both() else { return };
    let index = server.name("moved");
    clips.take("pose_1.mp4", "pose_1.mp4");
    assert_eq!(counts(&embed(&clips, &server, &index)), [1, 1, 0, 0]);
    let behind = server.behind(&index);
    let moved = clips.beside("moved.onnx");
    std::fs::copy(clips.model("movenet-multipose.onnx"), &moved).unwrap();
    // Something to do, so that the index is looked at.
    clips.take("pose_1.mp4", "second.mp4");
    let mut call = clips.settled(&["embed", "--quiet", "--output", "json", "--pose-model"]);
    call.arg(&moved).arg(clips.videos()).arg("--out").arg(clips.out());
    let report = run(Elasticsearch::lend(&mut call, server.url(), &index)).json(0);
    assert_eq!(counts(&report), [2, 1, 1, 0], "{report}");
    assert_eq!(server.behind(&index), behind);
    // Who asks questions loads the network from where it is now.
    let mapping = server.mapping(&index);
    let said = mapping["_meta"]["vitrine"]["embeddings"].to_string();
    assert!(said.contains("moved.onnx") && !said.contains("multipose.onnx"), "{said}");
}

#[test]
fn another_folder_of_the_same_name_is_another_collection() {
    let Some((server, first)) = both() else { return };
    let second = Clips::new().unwrap();
    let index = server.name("videos");
    first.take("pose_1.mp4", "mine.mp4");
    second.take("pose_1.mp4", "yours.mp4");
    assert_eq!(counts(&embed(&first, &server, &index)), [1, 1, 0, 0]);
    let ended = run(Elasticsearch::lend(&mut second.call(&[]), server.url(), &index));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let folder = first.videos().canonicalize().unwrap().display().to_string();
    assert!(ended.stderr.contains(&folder) && ended.stderr.contains("--adopt"), "{}", ended.stderr);
    assert_eq!(server.documents(&index).keys().collect::<Vec<_>>(), ["mine"]);
    // A folder that moved is the same collection where somebody says so.
    let mut call = second.call(&["--adopt", "--approve-deletions"]);
    let report = run(Elasticsearch::lend(&mut call, server.url(), &index)).json(0);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    assert_eq!(server.documents(&index).keys().collect::<Vec<_>>(), ["yours"]);
    let ended = run(Elasticsearch::lend(&mut first.call(&[]), server.url(), &index));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    // A name that somebody gave stands for itself, wherever the videos lie.
    let named = server.name("named");
    for clips in [&first, &second] {
        std::fs::remove_dir_all(clips.out()).unwrap();
        clips.take("pose_1.mp4", "same.mp4");
        let mut call = clips.call(&["--name", "steps", "--approve-deletions"]);
        run(Elasticsearch::lend(&mut call, server.url(), &named)).json(0);
    }
    assert_eq!(server.documents(&named).keys().collect::<Vec<_>>(), ["same", "yours"]);
}

#[test]
fn without_its_decoder_a_run_says_how_to_get_it() {
    let Some(clips) = Clips::new() else { return };
    clips.take("pose_1.mp4", "a.mp4");
    let ended = run(clips.call(&["--no-index"]).env("VITRINE_MEDIA", "/nowhere/vitrine-media"));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("make build-video"), "{}", ended.stderr);
    let ended = run(clips.call(&["--no-index"]).arg("--pose-model").arg("/nowhere/pose.onnx"));
    assert_ne!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn three_processes_do_what_one_does_and_the_last_words_say_how_good_the_clips_are() {
    let Some((server, clips)) = both() else { return };
    let index = server.name("steps");
    clips.take("pose_1.mp4", "a.mp4").write("bad.mp4", b"no video");
    let job = json!({
        "apiVersion": "vitrine.dev/v1alpha1",
        "kind": "EmbeddingJob",
        "metadata": {"name": "steps"},
        "spec": {
            "videos": {"uri": clips.videos()},
            "models": {"pose": {"uri": clips.model("movenet-multipose.onnx")}},
            "output": {"uri": clips.out()},
            "elasticsearch": {"url": server.url(), "index": &*index},
        },
    });
    let file = clips.beside("job.yaml");
    std::fs::write(&file, job.to_string()).unwrap();
    let last_words = clips.beside("last-words");
    let step = |name: &str, more: &[&str]| -> (Value, Value) {
        let mut call = clips.settled(&["run", name, "-q", "--output", "json"]);
        call.arg("--config").arg(&file).arg("--termination-log").arg(&last_words).args(more);
        let said = run(&mut call).json(0);
        (said, serde_json::from_slice(&std::fs::read(&last_words).unwrap()).unwrap())
    };
    let (plan, told) = step("scan", &[]);
    assert_eq!((&plan["chunks"], &plan["found"]["to_read"]), (&json!(1), &json!(2)), "{plan}");
    assert_eq!((&told["needs_gpu"], &told["reason"]), (&json!(true), &json!("Planned")), "{told}");
    let (worked, _) = step("work", &["--chunk", "0"]);
    assert_eq!(counts(&worked), [2, 1, 0, 1], "{worked}");
    // Again: what has its receipt is left alone.
    assert_eq!(step("work", &["--chunk", "0"]).0["counts"]["indexed"], 0);
    let (report, told) = step("publish", &[]);
    assert_eq!(counts(&report), [2, 1, 0, 1], "{report}");
    assert_eq!(told["counts"]["failed"], 1, "{told}");
    let score = server.documents(&index)["a"]["quality_score"].as_f64().unwrap();
    assert!((told["quality"]["mean_score"].as_f64().unwrap() - score).abs() < 1e-3, "{told}");
    assert_eq!(clips.report()["summary"]["total_videos"], 2);
}
