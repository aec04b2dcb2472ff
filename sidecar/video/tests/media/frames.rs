//! Which frames are sent, and what is on them.

use crate::asking::{probe, watch};
use crate::films::{HEIGHT, SPEED, WIDTH, film, red_film, square_of};
use crate::surgery::{ticks, turned, with_durations};

const FPS: f64 = 15.0;
const SECONDS: u32 = 4;

#[test]
fn films_of_all_rates_and_containers_agree_in_times_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    #[rustfmt::skip]
    let cases = [
        ("24.mp4",    "mp4v", 24.0),
        ("25.mov",    "avc1", 25.0),
        ("29.97.mp4", "avc1", 30_000.0 / 1001.0),
        ("30.mkv",    "avc1", 30.0),
        ("30.avi",    "MJPG", 30.0),
        ("30.webm",   "VP80", 30.0),
        ("60.mp4",    "mp4v", 60.0),
    ];
    for (name, letters, rate) in cases {
        let frames = (rate * f64::from(SECONDS)).round() as u32;
        let answer = watch(&film(folder.path(), name, letters, rate, frames), FPS, None);
        let end = answer.end();
        assert_eq!((end.frames_read, end.is_truncated), (u64::from(frames), false), "{name}");
        assert_eq!(answer.frames.len(), (FPS * f64::from(SECONDS)) as usize, "{name}");
        assert!((end.seconds - f64::from(SECONDS)).abs() < 0.05, "{name}: {}", end.seconds);
        for (k, frame) in answer.frames.iter().enumerate() {
            let off_s = (frame.time_s - k as f64 / FPS).abs();
            // Matroska counts in milliseconds.
            assert!(off_s < 0.5 / rate + 0.002, "{name}: sample {k} at {}", frame.time_s);
            assert_eq!((frame.width, frame.height), (WIDTH as u32, HEIGHT as u32), "{name}");
            let (left, _) = square_of(frame);
            let expected = frame.time_s * SPEED;
            assert!((left - expected).abs() < 1.5, "{name}: {left}, not {expected}, at sample {k}");
        }
    }
}

#[test]
fn a_rate_that_varies_gives_the_same_samples() {
    let folder = tempfile::tempdir().unwrap();
    let steady = film(folder.path(), "steady.mp4", "mp4v", 60.0, 180);
    let bytes = std::fs::read(&steady).unwrap();
    let tick = ticks(&bytes);
    // One second at 60 frames, two at 30, three at 20.
    let varied = with_durations(&bytes, &[(60, tick), (60, tick * 2), (60, tick * 3)]);
    let path = folder.path().join("varied.mp4");
    std::fs::write(&path, varied).unwrap();
    let answer = watch(&path, FPS, None);
    assert_eq!(answer.end().frames_read, 180);
    assert_eq!(answer.frames.len(), 90);
    for (k, frame) in answer.frames.iter().enumerate() {
        let off_s = (frame.time_s - k as f64 / FPS).abs();
        assert!(off_s < 0.5 / 20.0 + 0.002, "sample {k} at {}", frame.time_s);
    }
}

#[test]
fn frames_come_upright_where_the_file_says_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lying.mp4", "lying.mov"] {
        let path = film(folder.path(), name, "mp4v", 30.0, 30);
        std::fs::write(&path, turned(&std::fs::read(&path).unwrap())).unwrap();
        let answer = watch(&path, FPS, None);
        let header = answer.header.as_ref().unwrap();
        assert_eq!((header.width, header.height), (HEIGHT as u32, WIDTH as u32), "{name}");
        assert_eq!(header.rotation_degrees, 90, "{name}");
        let (left, top) = square_of(&answer.frames[0]);
        // The top left corner of a picture that is turned clockwise comes to the right.
        let expected = (f64::from(HEIGHT - 16 - 32), 0.0);
        assert!((left - expected.0).abs() < 1.5 && (top - expected.1).abs() < 1.5, "{left} {top}");
        let probed = probe(&path).header.unwrap();
        assert_eq!((probed.width, probed.height), (header.width, header.height), "{name}");
    }
}

#[test]
fn frames_are_reduced_to_the_side_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path(), "large.mp4", "mp4v", 30.0, 30);
    let answer = watch(&path, FPS, Some(160));
    assert_eq!((answer.frames[0].width, answer.frames[0].height), (160, 88));
    assert_eq!(answer.frames[0].rgb.len(), 160 * 88 * 3);
    let header = answer.header.unwrap();
    assert_eq!((header.width, header.height), (WIDTH as u32, HEIGHT as u32));
}

#[test]
fn colours_are_in_the_order_of_rgb() {
    let folder = tempfile::tempdir().unwrap();
    for (name, letters) in [("red.avi", "MJPG"), ("red.mp4", "mp4v")] {
        let answer = watch(&red_film(folder.path(), name, letters), FPS, None);
        let [red, green, blue] = answer.frames[0].rgb[..3] else { panic!("no pixel") };
        assert!(red > 200 && green < 60 && blue < 60, "{name}: {red} {green} {blue}");
    }
}
