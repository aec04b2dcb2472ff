//! Videos that are not what they say, in one collection with a good one: each has a line in the report
//! with its reason, and costs the others nothing.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use vitrine_tests::clips::Clips;
use vitrine_tests::program::run;

/// Makes a film by the program `ffmpeg`, which setup installs with OpenCV.
fn ffmpeg(arguments: &[&str], to: &Path) -> Vec<u8> {
    let mut call = Command::new("ffmpeg");
    let made = run(call.args(["-loglevel", "error", "-y"]).args(arguments).arg(to));
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    std::fs::read(to).unwrap()
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}

/// The reason of a clip that failed.
fn reason<'a>(report: &'a Value, path: &str) -> &'a str {
    let failed = report["failed_videos"].as_array().unwrap();
    let found = failed.iter().find(|failed| failed["video_path"] == path);
    found.unwrap_or_else(|| panic!("{path} failed: {report:#}"))["error"].as_str().unwrap()
}

#[test]
fn each_video_that_is_not_what_it_says_has_a_line_with_its_reason_and_the_good_ones_are_embedded() {
    let Some(clips) = Clips::new() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    clips.take("pose_1.mp4", "a/step.mp4").take("pose_1.mp4", "b/step.mp4");
    clips.write("words.mp4", b"once upon a time\n").write("empty.mp4", b"");
    clips.write("torn.mp4", &clips.beginning("duo_dev.mp4", 1_000));
    let dot = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "1x1", "-i", "/dev/zero"];
    let dot = [&dot[..], &["-frames:v", "15", "-c:v", "ffv1"]].concat();
    clips.write("dot.mkv", &ffmpeg(&dot, &at("dot.mkv")));
    let film = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=15:duration=2", "-c:v", "mjpeg"];
    let mut none = ffmpeg(&film, &at("none.avi"));
    none.truncate(find(&none, b"movi") + 4);
    clips.write("none.avi", &none);
    let mut lie = ffmpeg(&film, &at("lie.mkv"));
    let duration = find(&lie, b"\x44\x89\x88") + 3;
    lie[duration..duration + 8].copy_from_slice(&(8.0 * 3_600_000.0f64).to_be_bytes());
    clips.write("lie.mkv", &lie);
    let long = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=2:duration=605", "-c:v", "mjpeg"];
    clips.write("long.mkv", &ffmpeg(&long, &at("long.mkv")));
    // Neither a clip nor something to wait for.
    assert_eq!(run(Command::new("mkfifo").arg(clips.videos().join("pipe.mp4"))).code, Some(0));

    let began = Instant::now();
    let ended = run(&mut clips.call(&["--no-index", "--fps", "5"]));
    assert_eq!(ended.code, Some(0), "failed clips are in the report: {}", ended.stderr);
    assert!(began.elapsed() < Duration::from_secs(300), "eight hours are not believed");
    let report = clips.report();
    for (path, expected) in [
        ("words.mp4", "not a video: the file is text"),
        ("empty.mp4", "not a video: the file is empty"),
        ("torn.mp4", "not a video"),
        ("dot.mkv", "too small to see people"),
        ("none.avi", "no frame of it can be decoded"),
        ("long.mkv", "longer than the limit of 600 seconds; cut it into shorter clips"),
    ] {
        let said = reason(&report, path);
        assert!(said.contains(expected), "{path}: {said}");
        let alone = run(clips.settled(&["inspect"]).arg(clips.videos().join(path)));
        assert_eq!(alone.code, Some(3), "{path}: {}", alone.stdout);
        assert!(alone.stderr.contains(expected), "{path}: {}", alone.stderr);
    }
    assert_eq!(report["summary"]["failed"], 6, "{report:#}");
    let embedded = report["embeddings"].as_array().unwrap();
    let ids: Vec<&str> = embedded.iter().filter_map(|clip| clip["clip_id"].as_str()).collect();
    // The first of two of one stem keeps it.
    assert!(ids.contains(&"step") && ids.contains(&"lie"), "{ids:?}");
    assert!(ids.iter().any(|id| id.starts_with("step-")), "{ids:?}");
    let lie = embedded.iter().find(|clip| clip["clip_id"] == "lie").unwrap();
    assert!(lie["duration_seconds"].as_f64().unwrap() < 10.0, "{lie}");
    assert!(lie["remarks"].to_string().contains("cut short"), "{lie}");

    let strict = run(&mut clips.call(&["--no-index", "--fps", "5", "--strict"]));
    assert_eq!(strict.code, Some(4), "{}", strict.stderr);
}
