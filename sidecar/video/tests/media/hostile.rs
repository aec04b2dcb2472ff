//! Files that are not what they say.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use vitrine_footage::{FailureKind, Limits, Reader, Record, Request};

use crate::asking::{ask, listen, probe, text, watch};
use crate::films::{film, sized_film};
use crate::surgery::find;

const FPS: f64 = 15.0;

fn limited(path: &Path, limits: Limits) -> Request {
    Request::Watch { path: text(path), fps: FPS, side_max: None, limits }
}

#[test]
fn what_is_no_video_fails_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let film = film(folder.path(), "good.mp4", "mp4v", 30.0, 30);
    let good = std::fs::read(film).unwrap();
    let headless = good[..good.len() / 2].to_vec(); // Its index stood at the end.
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<u8>, FailureKind, &str)> = vec![
        ("text.mp4",     b"once upon a time\n".to_vec(),        FailureKind::NotVideo, "not a video: the file is text"),
        ("playlist.mp4", b"#EXTM3U\n/etc/passwd\n".to_vec(),    FailureKind::NotVideo, "not a video: the file is text"),
        ("list.mp4",     b"ffconcat version 1.0\nfile good.mp4\n".to_vec(), FailureKind::NotVideo, "not a video: the file is text"),
        ("dash.mp4",     b"<!--free--><MPD><BaseURL>good.mp4</BaseURL></MPD>".to_vec(), FailureKind::NotVideo, "not a video: the file is text"),
        ("empty.mp4",    Vec::new(),                            FailureKind::NotVideo, "not a video: the file is empty"),
        ("zeros.mkv",    vec![0; 9000],                         FailureKind::NotVideo, "not a video: its first bytes are all zero"),
        ("picture.avi",  b"\x89PNG\r\n\x1a\n\0\0".to_vec(),     FailureKind::NotVideo, "not a video: the file is a picture"),
        ("sound.mp4",    b"fLaC\0\0\0\x22".to_vec(),            FailureKind::NotVideo, "not a video: the file is sound (flac)"),
        ("brand.mp4",    b"\0\0\0\x10ftypisom\0\0\0\0".to_vec(), FailureKind::NotVideo, "not a video: it holds no pictures"),
        ("headless.mp4", headless,                              FailureKind::NotVideo, "not a video: it holds no pictures"),
    ];
    for (name, bytes, kind, reason) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let answer = watch(&path, FPS, None);
        let failure = answer.failure();
        assert_eq!(failure.kind, kind, "{name}: {}", failure.reason);
        assert!(failure.reason.starts_with(reason), "{name}: {}", failure.reason);
    }
    let missing = watch(&folder.path().join("missing.mp4"), FPS, None);
    assert_eq!(missing.failure().kind, FailureKind::Unreachable);
    let itself = watch(folder.path(), FPS, None);
    assert_eq!(itself.failure().reason, "not a video: not a file");
    let pipe = folder.path().join("pipe.mp4");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(watch(&pipe, FPS, None).failure().reason, "not a video: not a file");
    let relative = watch(Path::new("good.mp4"), FPS, None);
    assert_eq!(relative.failure().kind, FailureKind::BadRequest);
}

#[test]
fn a_file_cut_short_gives_the_frames_that_are_there_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for (name, letters) in [("cut.avi", "MJPG"), ("cut.mkv", "mp4v")] {
        let path = film(folder.path(), name, letters, 30.0, 120);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let answer = watch(&path, FPS, None);
        let end = answer.end();
        assert!(end.is_truncated, "{name}: {end:?}");
        assert!((20..100).contains(&end.frames_read), "{name}: {end:?}");
        assert!((10..50).contains(&answer.frames.len()), "{name}: {end:?}");
        assert!(end.remark.as_ref().unwrap().starts_with("cut short: "), "{name}: {end:?}");
    }
}

#[test]
fn frames_too_small_for_people_and_films_without_frames_fail() {
    let folder = tempfile::tempdir().unwrap();
    let dot = sized_film(folder.path(), "dot.avi", "MJPG", (30.0, 5), (2, 2));
    let mut bytes = std::fs::read(&dot).unwrap();
    let failure = watch(&dot, FPS, None);
    assert_eq!(failure.failure().kind, FailureKind::TooSmall, "{:?}", failure.failure());
    // The header of the format: its sizes stand behind the length of the structure.
    let at = find(&bytes, b"strf").unwrap() + 12;
    bytes[at..at + 8].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
    std::fs::write(&dot, bytes).unwrap();
    let failure = watch(&dot, FPS, None);
    assert_eq!(failure.failure().kind, FailureKind::TooSmall, "{:?}", failure.failure());
    assert!(failure.failure().reason.contains("too small to see people"));

    let none = film(folder.path(), "none.avi", "MJPG", 30.0, 3);
    let mut bytes = std::fs::read(&none).unwrap();
    let at = find(&bytes, b"movi").unwrap() + 4;
    bytes.truncate(at);
    std::fs::write(&none, bytes).unwrap();
    let failure = watch(&none, FPS, None);
    let failure = failure.failure();
    assert!(matches!(failure.kind, FailureKind::NoFrames | FailureKind::NotVideo), "{failure:?}");
}

#[test]
fn a_claim_of_eight_hours_costs_nothing_and_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path(), "lie.mkv", "mp4v", 30.0, 60);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = find(&bytes, b"\x44\x89\x88").unwrap() + 3; // Duration, of 8 bytes.
    bytes[at..at + 8].copy_from_slice(&(8.0 * 3_600.0 * 1_000.0f64).to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    let began = Instant::now();
    let answer = watch(&path, FPS, None);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(answer.header.as_ref().unwrap().duration_s.map(f64::round), Some(28_800.0));
    assert_eq!((answer.end().frames_read, answer.frames.len()), (60, 30));
    assert!(answer.end().is_truncated, "{:?}", answer.end());
}

#[test]
fn what_is_over_a_limit_fails_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path(), "long.mp4", "mp4v", 30.0, 90);
    let all = Limits::default;
    #[rustfmt::skip]
    let cases = [
        (Limits { file_bytes_max: 100, ..all() },      "over the limit of 100 bytes"),
        (Limits { frame_pixels_max: 10_000, ..all() }, "over the limit of 10000 pixels"),
        (Limits { frames_max: 50, ..all() },           "more frames than the limit of 50"),
        (Limits { seconds_max: 2, ..all() },           "longer than the limit of 2 seconds"),
    ];
    for (limits, reason) in cases {
        let answer = ask(&limited(&path, limits));
        assert_eq!(answer.failure().kind, FailureKind::TooLarge, "{reason}");
        assert!(answer.failure().reason.contains(reason), "{:?}", answer.failure());
    }
}

#[test]
fn a_film_that_is_as_long_as_it_says_is_refused_before_it_is_decoded_and_a_lie_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { seconds_max: 2, ..Limits::default() };
    for (name, letters) in [("long.mp4", "mp4v"), ("long.mkv", "mp4v"), ("long.avi", "MJPG")] {
        let path = film(folder.path(), name, letters, 30.0, 90);
        let watched = ask(&limited(&path, limits.clone()));
        assert!(watched.frames.is_empty(), "{name}: {} frames came", watched.frames.len());
        let probed = ask(&Request::Probe { path: text(&path), limits: limits.clone() });
        for answer in [watched, probed] {
            let reason = &answer.failure().reason;
            assert!(reason.starts_with("longer than the limit of 2 seconds; cut it"), "{reason}");
        }
    }
    let path = film(folder.path(), "lie.mkv", "mp4v", 30.0, 45);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = find(&bytes, b"\x44\x89\x88").unwrap() + 3; // Duration, of 8 bytes.
    bytes[at..at + 8].copy_from_slice(&(8.0 * 3_600.0 * 1_000.0f64).to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(ask(&limited(&path, limits)).end().frames_read, 45);
}

#[test]
fn a_film_with_any_byte_broken_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    for (name, letters) in [("a.mp4", "mp4v"), ("a.mkv", "mp4v"), ("a.avi", "MJPG")] {
        let path = film(folder.path(), name, letters, 30.0, 12);
        let whole = std::fs::read(&path).unwrap();
        let broken = folder.path().join(format!("broken-{name}"));
        for step in 0..60 {
            let mut bytes = whole.clone();
            let at = (step * 7_919) % bytes.len();
            let to = (at + 4).min(bytes.len());
            bytes[at..to].fill(0xff);
            std::fs::write(&broken, bytes).unwrap();
            let _ = watch(&broken, FPS, Some(64)); // It answers: `ask` checks the form.
            let _ = listen(&broken);
            let _ = probe(&broken);
        }
    }
}

#[test]
fn the_program_answers_many_requests_and_ends_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let good = film(folder.path(), "good.mp4", "mp4v", 30.0, 30);
    let bad = folder.path().join("bad.mp4");
    std::fs::write(&bad, "no").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vitrine-media"))
        .arg("worker")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for path in [&good, &bad, &good] {
        limited(path, Limits::default()).write(&mut stdin).unwrap();
    }
    stdin.write_all(b"what?\n").unwrap();
    drop(stdin);
    let mut reader = Reader::new(child.stdout.take().unwrap(), 1 << 24);
    let mut said = String::new();
    while let Ok(record) = reader.read() {
        said.push(match record {
            Record::Hello(hello) => {
                assert_eq!(hello.protocol, vitrine_footage::PROTOCOL);
                assert!(hello.decoder.starts_with("opencv 4"), "{}", hello.decoder);
                'h'
            }
            Record::Header(_) => 'V',
            Record::Frame(_) => '.',
            Record::End(_) => 'E',
            Record::Failure(failure) => match failure.kind {
                FailureKind::BadRequest => '?',
                _ => 'X',
            },
            other => panic!("{other:?}"),
        });
    }
    let frames = ".".repeat(15);
    assert_eq!(said, format!("hV{frames}EXV{frames}E?"));
    assert!(child.wait().unwrap().success());
}
