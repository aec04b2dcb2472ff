//! Joints come back where they were drawn, whatever the box; nonsense is refused by name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fakes;

use fakes::{Fake, brightest_heatmap, brightest_simcc, floats, port};
use std::path::{Path, PathBuf};
use vitrine_people::{
    LookError, Looker, Model, Network, Options, Picture, PoseNet, Posed, Recipe, Tensor, Values,
};
use vitrine_pose::Bounds;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;

/// A recipe of a file that says nothing.
fn bare(folder: &Path) -> Recipe {
    let weights = folder.join("fake.onnx");
    std::fs::write(&weights, "").unwrap();
    Recipe::read(&weights).unwrap()
}

fn pose_net(fake: Fake) -> PoseNet {
    let folder = tempfile::tempdir().unwrap();
    let plan = bare(folder.path()).settle(fake.inputs(), fake.outputs()).unwrap();
    PoseNet::new(Box::new(fake), plan, &Options::default())
}

/// A dark picture with a light that is brightest at a place.
fn lit(x: f32, y: f32) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for line in 0..HEIGHT {
        for column in 0..WIDTH {
            let off = (column as f32 - x).hypot(line as f32 - y);
            let level = (250.0 - 4.0 * off).max(10.0) as u8;
            rgb.extend([level, level / 2, 0]);
        }
    }
    rgb
}

fn picture(rgb: &[u8]) -> Picture<'_> {
    Picture::new(WIDTH as u32, HEIGHT as u32, rgb).unwrap()
}

fn bounds([left, top, right, bottom]: [f32; 4]) -> Bounds {
    Bounds { left, top, right, bottom }
}

#[test]
fn joints_come_back_where_they_were_drawn() {
    #[rustfmt::skip]
    let cases = [
        // because                          light            box
        ("it is in the middle",             [80.0, 60.0],    [40.0, 10.0, 120.0, 110.0]),
        ("the box is wide",                 [80.0, 60.0],    [10.0, 50.0, 150.0, 70.0]),
        ("the box is at the left border",   [3.0, 60.0],     [0.0, 30.0, 30.0, 90.0]),
        ("the box is in the corner",        [157.0, 117.0],  [130.0, 80.0, 160.0, 120.0]),
        ("the box goes beyond the border",  [150.0, 20.0],   [120.0, -40.0, 220.0, 60.0]),
        ("the box is tiny",                 [80.0, 60.0],    [79.0, 59.0, 81.0, 61.0]),
        ("the box is larger than all",      [80.0, 60.0],    [-500.0, -500.0, 700.0, 700.0]),
    ];
    for (because, [x, y], box_) in cases {
        let rgb = lit(x, y);
        for fake in [brightest_simcc(0), brightest_simcc(1), brightest_heatmap()] {
            let found = pose_net(fake).pose(&[picture(&rgb)], &[(0, Some(bounds(box_)))]).unwrap();
            let [left, top, right, bottom] = box_;
            // A pixel of the input, or of the picture where that is larger.
            let step = ((right - left) * 1.25 / 48.0).max((bottom - top) * 1.25 / 64.0).max(1.0);
            for joint in found[0].joints {
                let off = (joint.x - x).abs().max((joint.y - y).abs());
                assert!(off <= step, "{because}: {joint:?} is {off} from {x}, {y}");
                assert_eq!(joint.score, 0.75);
            }
        }
    }
}

#[test]
fn boxes_outside_or_without_area_are_answered_by_finite_joints() {
    let rgb = lit(80.0, 60.0);
    let boxes = [
        [5_000.0, 5_000.0, 5_100.0, 5_100.0],
        [-1e9, -1e9, -0.9e9, -0.9e9],
        [50.0, 50.0, 50.0, 50.0],
        [60.0, 60.0, 40.0, 40.0],
    ];
    let boxes: Vec<_> = boxes.iter().map(|&box_| (0, Some(bounds(box_)))).collect();
    let found = pose_net(brightest_simcc(0)).pose(&[picture(&rgb)], &boxes).unwrap();
    assert_eq!(found.len(), boxes.len());
    let finite = |posed: &Posed| posed.joints.iter().all(|j| j.x.is_finite() && j.y.is_finite());
    assert!(found.iter().all(finite));
}

#[test]
fn a_fixed_batch_and_an_open_one_answer_the_same() {
    let lights: Vec<Vec<u8>> = (0..5).map(|at| lit(20.0 + 25.0 * at as f32, 60.0)).collect();
    let pictures: Vec<Picture> = lights.iter().map(|rgb| picture(rgb)).collect();
    let boxes: Vec<_> = (0..5).map(|at| (at, Some(bounds([0.0, 0.0, 160.0, 120.0])))).collect();
    let one = pose_net(brightest_simcc(0)).pose(&pictures, &boxes).unwrap();
    for batch in [1, 2, 5, 8] {
        assert_eq!(pose_net(brightest_simcc(batch)).pose(&pictures, &boxes).unwrap(), one);
    }
}

/// A detector that answers the same rows for each picture: `[left, top, right, bottom, score]`.
fn detector(rows: Vec<[f32; 5]>) -> Fake {
    Fake {
        inputs: vec![port("input", &[0, 3, 96, 96])],
        outputs: vec![port("dets", &[0, 0, 5])],
        answer: Box::new(move |tensor| {
            let batch = tensor.shape[0];
            let all = rows.concat().repeat(batch);
            vec![floats("dets", &[batch, rows.len(), 5], all)]
        }),
    }
}

fn described(folder: &Path, description: &str) -> Recipe {
    std::fs::write(folder.join("net.onnx"), "").unwrap();
    std::fs::write(folder.join("vitrine.json"), description).unwrap();
    Recipe::read(folder).unwrap()
}

fn looker(detector: Fake, pose: Fake, options: Options) -> Looker {
    let folders: [PathBuf; 2] =
        [tempfile::tempdir().unwrap().keep(), tempfile::tempdir().unwrap().keep()];
    let said = r#"{"input": {"mean": [0, 0, 0], "std": [1, 1, 1]}}"#;
    let models = vec![
        Model { recipe: bare(&folders[1]), network: Box::new(pose) },
        Model { recipe: described(&folders[0], said), network: Box::new(detector) },
    ];
    let looker = Looker::new(models, options);
    folders.iter().for_each(|folder| std::fs::remove_dir_all(folder).unwrap());
    looker.unwrap()
}

#[test]
fn a_detectors_boxes_come_back_in_pixels_and_end_at_the_border() {
    // 160 x 120 in 96 x 96: scaled by 0.6.
    let rows = vec![[30.0, 6.0, 60.0, 66.0, 0.6], [-9.0, -9.0, 30.0, 900.0, 0.9], [0.0; 5]];
    let rgb = lit(80.0, 60.0);
    let mut looker = looker(detector(rows), brightest_simcc(0), Options::default());
    let people = looker.look(&[picture(&rgb), picture(&rgb)]).unwrap();
    assert_eq!(people.len(), 2);
    for people in &people {
        assert_eq!(people.len(), 2, "what has no score is left out");
        assert_eq!(people[0].bounds, bounds([0.0, 0.0, 50.0, 120.0]));
        let Bounds { left, top, right, bottom } = people[1].bounds;
        for (side, expected) in
            [left, top, right, bottom].into_iter().zip([50.0, 10.0, 100.0, 110.0])
        {
            assert!((side - expected).abs() < 1e-3);
        }
        assert!((people[1].joints[0].x - 80.0).abs() < 3.0);
    }
}

#[test]
fn the_surest_people_are_kept_where_there_are_too_many() {
    let rows: Vec<[f32; 5]> =
        (0..500).map(|at| [1.0, 1.0, 9.0, 9.0, 0.4 + at as f32 / 1e3]).collect();
    let rgb = lit(80.0, 60.0);
    let options = Options { people_max: 1_000, batch_max: 7 };
    let people =
        looker(detector(rows), brightest_simcc(0), options).look(&[picture(&rgb)]).unwrap();
    assert_eq!(people[0].len(), vitrine_people::PEOPLE_MAX);
    assert!((people[0][0].score - 0.899).abs() < 1e-6);
}

#[test]
fn nonsense_is_refused_by_network_and_output() {
    let rgb = lit(80.0, 60.0);
    let answers: [(&str, fn(usize) -> Vec<(String, Tensor)>); 6] = [
        ("holds NaN or infinity", |n| {
            vec![floats("dets", &[n, 1, 5], vec![f32::NAN, 1.0, 2.0, 3.0, 0.9])]
        }),
        ("holds NaN or infinity", |n| {
            vec![floats("dets", &[n, 2, 5], [0.0; 9].into_iter().chain([f32::INFINITY]).collect())]
        }),
        ("`dets` of network `net` is missing", |_| Vec::new()),
        ("is float32 [1, 1, 6], but should be float32 [1, N, 5]", |n| {
            vec![floats("dets", &[n, 1, 6], vec![0.5; 6])]
        }),
        ("is float32 [1, 3, 5] of 2 numbers", |n| vec![floats("dets", &[n, 3, 5], vec![0.5; 2])]),
        ("is int64 [1, 1, 5], but should be float32", |n| {
            let values = Values::I64(vec![1; 5]);
            vec![("dets".to_owned(), Tensor { shape: vec![n, 1, 5], values })]
        }),
    ];
    for (expected, answer) in answers {
        let mut fake = detector(Vec::new());
        fake.answer = Box::new(move |tensor| answer(tensor.shape[0]));
        let mut looker = looker(fake, brightest_simcc(0), Options::default());
        let error = looker.look(&[picture(&rgb)]).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("`net`"), "{error}");
    }
}

#[test]
fn no_person_no_picture_and_a_single_pixel_are_looked_at_too() {
    let options = Options::default();
    let mut looker = looker(detector(Vec::new()), brightest_simcc(0), options);
    assert!(looker.look(&[]).unwrap().is_empty());
    let pixel = Picture::new(1, 1, &[1, 2, 3]).unwrap();
    assert_eq!(looker.look(&[pixel]).unwrap(), [Vec::new()]);
    for (width, height, bytes) in [(0, 1, 0), (1, 1, 4), (20_000, 1, 60_000)] {
        let rgb = vec![0; bytes];
        let error = Picture::new(width, height, &rgb).unwrap_err();
        assert!(matches!(error, LookError::Picture { .. }), "{error}");
    }
}
