//! Frames of a render become a video.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use opencv::core::Vector;
use opencv::imgcodecs;

use crate::asking::watch;
use crate::films::{SPEED, picture, square_of};

const SIZE: (i32, i32) = (320, 176);

fn render(folder: &Path, name: &str, time_s: f64, size: (i32, i32)) {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    let none = Vector::<i32>::new();
    assert!(imgcodecs::imwrite(path.to_str().unwrap(), &picture(time_s, size), &none).unwrap());
}

fn compile(folder: &Path, out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vitrine-media"))
        .arg("compile-sequence")
        .args([folder, out])
        .args(more)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Twelve frames whose names are not in the order of bytes.
fn twelve(folder: &Path, size: (i32, i32)) -> PathBuf {
    let frames = folder.join("frames");
    for n in 1..=12 {
        render(&frames, &format!("frame{n}.png"), f64::from(n - 1) / 24.0, size);
    }
    frames
}

#[test]
fn frames_become_an_h264_video_in_natural_order() {
    let folder = tempfile::tempdir().unwrap();
    let frames = twelve(folder.path(), SIZE);
    let out = folder.path().join("deep/out.mp4");
    let output = compile(&frames, &out, &["--fps", "24", "--crf", "14"]);
    assert!(output.status.success(), "{}", said(&output));
    let answer = watch(&out, 240.0, None);
    let header = answer.header.as_ref().unwrap();
    assert!(["avc1", "h264"].contains(&header.codec.as_str()), "{header:?}");
    assert_eq!((answer.frames.len(), header.frame_rate), (12, Some(24.0)));
    for frame in &answer.frames {
        let (left, expected) = (square_of(frame).0, frame.time_s * SPEED);
        assert!((left - expected).abs() < 1.5, "{left} {expected}");
    }
    // Baseline of 4:2:0, 8 bits is what every player shows.
    let bytes = std::fs::read(&out).unwrap();
    let at = crate::surgery::find(&bytes, b"avcC").unwrap();
    assert!([66, 77, 100].contains(&bytes[at + 5]), "profile {}", bytes[at + 5]);
    let left: Vec<_> = std::fs::read_dir(out.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn quality_reaches_the_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let frames = twelve(folder.path(), SIZE);
    let size = |crf: &str| {
        let out = folder.path().join(format!("{crf}.mp4"));
        let output = compile(&frames, &out, &["--crf", crf]);
        assert!(output.status.success(), "{}", said(&output));
        std::fs::metadata(out).unwrap().len()
    };
    let (fine, coarse) = (size("1"), size("50"));
    assert!(fine > coarse, "{fine} {coarse}");
}

#[test]
fn odd_sizes_are_made_even_and_gaps_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let frames = twelve(folder.path(), (321, 177));
    std::fs::remove_file(frames.join("frame5.png")).unwrap();
    std::fs::write(frames.join("notes.txt"), "").unwrap();
    std::fs::write(frames.join("._frame5.png"), "").unwrap();
    let out = folder.path().join("out.mp4");
    let output = compile(&frames, &out, &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("note: frame 5 is missing"), "{}", said(&output));
    assert!(said(&output).contains("321 × 177 became 322 × 178"), "{}", said(&output));
    let answer = watch(&out, 240.0, None);
    let header = answer.header.as_ref().unwrap();
    assert_eq!((answer.frames.len(), header.width, header.height), (11, 322, 178));
}

#[test]
fn what_cannot_be_compiled_names_the_file_and_leaves_the_old_video() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.mp4");
    std::fs::write(&out, "old").unwrap();
    let frames = twelve(folder.path(), SIZE);
    render(&frames, "frame7.png", 0.0, (64, 64));
    let mixed = compile(&frames, &out, &[]);
    assert_eq!(mixed.status.code(), Some(3));
    assert!(said(&mixed).contains("frame7.png is 64 × 64"), "{}", said(&mixed));
    std::fs::write(frames.join("frame7.png"), "no picture, but long enough for a header").unwrap();
    let broken = compile(&frames, &out, &[]);
    assert_eq!(broken.status.code(), Some(3));
    assert!(said(&broken).contains("frame7.png is not a whole PNG"), "{}", said(&broken));
    render(&frames, "frame7.png", 0.0, SIZE);
    let whole = std::fs::read(frames.join("frame7.png")).unwrap();
    std::fs::write(frames.join("frame7.png"), &whole[..40]).unwrap();
    let cut = compile(&frames, &out, &[]);
    assert_eq!(cut.status.code(), Some(3));
    assert!(said(&cut).contains("frame7.png is not a whole PNG"), "{}", said(&cut));
    let none = compile(&folder.path().join("none"), &out, &[]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
    assert!(said(&none).contains("there is no folder"), "{}", said(&none));
    let named = compile(&frames, &folder.path().join("out.webm"), &[]);
    assert_eq!(named.status.code(), Some(2));
    let worse = compile(&frames, &out, &["--crf", "52"]);
    assert_eq!(worse.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "old");
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "frames and the old video");
}

/// Files beside the frames, hidden ones too.
fn beside(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "frames").collect()
}

#[test]
fn a_failure_in_the_middle_leaves_no_half_of_a_video() {
    let folder = tempfile::tempdir().unwrap();
    let frames = twelve(folder.path(), SIZE);
    // Its header is good, so that it is found when others are with the encoder already.
    let whole = std::fs::read(frames.join("frame12.png")).unwrap();
    std::fs::write(frames.join("frame12.png"), &whole[..60]).unwrap();
    for _ in 0..5 {
        let broken = compile(&frames, &folder.path().join("out.mp4"), &[]);
        assert_eq!(broken.status.code(), Some(3), "{}", said(&broken));
        assert_eq!(beside(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn whoever_is_ended_leaves_no_half_of_a_video() {
    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("frames");
    render(&frames, "frame0.png", 0.0, (2048, 1152));
    for n in 1..400 {
        std::fs::hard_link(frames.join("frame0.png"), frames.join(format!("frame{n}.png")))
            .unwrap();
    }
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vitrine-media"))
            .arg("compile-sequence")
            .args([&frames, &folder.path().join("out.mp4")])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while beside(folder.path()).is_empty() {
            assert!(began.elapsed() < Duration::from_secs(60), "it writes nothing");
            std::thread::sleep(Duration::from_millis(10));
        }
        let kill = ["-s", signal, &child.id().to_string()];
        assert!(Command::new("kill").args(kill).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(beside(folder.path()), Vec::<String>::new());
    }
}
