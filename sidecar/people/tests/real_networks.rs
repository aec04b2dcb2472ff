//! Real networks on real pictures, against what OpenCV and ONNX Runtime find in Python.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod onnx;

use onnx::{Data, seen};
use serde_json::Value;
use vitrine_people::{HandNet, Kind, Looker, Model, Options, RecipeError};
use vitrine_pose::{Bounds, Joint, Person};

const PICTURES: [&str; 3] = ["three_people.jpg", "000000000785.jpg", "000000040083.jpg"];
/// Joints that the oracle is less sure of are left out: their maxima are many and flat.
const SURE: f64 = 0.3;
/// COCO's: how far annotators are apart, by joint, in parts of the person's size.
const SIGMAS: [f64; 17] = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
];

fn looker(data: &Data, files: &[&str]) -> Looker {
    let models: Vec<Model> = files.iter().map(|file| data.model(file)).collect();
    Looker::new(models, Options::default()).unwrap()
}

fn json(path: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn oracle() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/oracles/top_down.json");
    json(std::path::Path::new(path))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Mean and greatest distance of the sure joints, in parts of `size`.
fn apart(joints: &[Joint], expected: &Value, size: f64) -> (f64, f64) {
    let pairs = joints.iter().zip(expected.as_array().unwrap());
    let apart: Vec<f64> = pairs
        .map(|(joint, expected)| (joint, numbers(expected)))
        .filter(|(_, expected)| expected[2] >= SURE)
        .map(|(joint, expected)| {
            (f64::from(joint.x) - expected[0]).hypot(f64::from(joint.y) - expected[1]) / size
        })
        .collect();
    assert!(!apart.is_empty(), "the oracle is sure of no joint");
    (apart.iter().sum::<f64>() / apart.len() as f64, apart.iter().copied().fold(0.0, f64::max))
}

fn nearest<'p>(people: &'p [Person], bounds: &[f64]) -> &'p Person {
    let off = |person: &Person| {
        let Bounds { left, top, right, bottom } = person.bounds;
        [left, top, right, bottom]
            .iter()
            .zip(bounds)
            .map(|(side, expected)| (f64::from(*side) - expected).abs())
            .sum::<f64>()
    };
    people.iter().min_by(|one, two| off(one).total_cmp(&off(two))).expect("somebody was found")
}

#[test]
fn movenet_multipose_finds_what_the_reference_found() {
    let Some(data) = Data::find() else { return };
    let reference = json(&data.media.join("pose-reference.json"));
    let mut looker = looker(&data, &["movenet-multipose.onnx"]);
    assert_eq!(looker.family(), "movenet");
    for file in PICTURES {
        let image = data.picture(file);
        let people = looker.look(&[seen(&image)]).unwrap().remove(0);
        let expected = reference["files"][file]["people"].as_array().unwrap();
        assert_eq!(people.len(), expected.len(), "{file}");
        let side = f64::from(image.width().max(image.height()));
        for expected in expected {
            let bounds = numbers(&expected["bbox_xyxy"]);
            let person = nearest(&people, &bounds);
            let (mean, most) = apart(&person.joints, &expected["keypoints_xy_score"], side);
            println!("{file}: mean {mean:.5}, most {most:.5} of the side");
            // A pixel of 256: decoders of JPEG differ by a level or two.
            assert!(mean < 0.25 / 256.0 && most < 2.0 / 256.0, "{file}: {mean} {most}");
            let score = expected["score"].as_f64().unwrap();
            assert!((f64::from(person.score) - score).abs() < 0.02, "{file}: {score}");
        }
    }
}

#[test]
fn nanodet_and_simcc_find_what_opencv_and_python_found() {
    let Some(data) = Data::find() else { return };
    let oracle = oracle();
    let files = ["nanodet.onnx", "movenet-thunder-as-rtmpose-simcc.onnx"];
    let mut looker = looker(&data, &files);
    assert_eq!(looker.family(), "mmpose");
    let images = PICTURES.map(|file| data.picture(file));
    let pictures: Vec<_> = images.iter().map(seen).collect();
    let found = looker.look(&pictures).unwrap();
    for (file, people) in PICTURES.iter().zip(&found) {
        let expected = oracle["files"][file]["people"].as_array().unwrap();
        assert_eq!(people.len(), expected.len(), "{file}");
        for expected in expected {
            let bounds = numbers(&expected["bounds"]);
            let person = nearest(people, &bounds);
            let height = bounds[3] - bounds[1];
            let Bounds { left, top, right, bottom } = person.bounds;
            for (side, expected) in [left, top, right, bottom].iter().zip(&bounds) {
                assert!((f64::from(*side) - expected).abs() < 0.01 * height, "{file}: {bounds:?}");
            }
            let (mean, most) = apart(&person.joints, &expected["joints"], height);
            println!("{file}: mean {mean:.5}, most {most:.5} of the height");
            assert!(mean < 0.01 && most < 0.05, "{file}: {mean} {most}");
        }
    }
}

#[test]
fn people_that_coco_annotates_are_found_where_coco_says() {
    let Some(data) = Data::find() else { return };
    let coco = json(&data.media.join("test_coco.json"));
    let top_down = ["nanodet.onnx", "movenet-thunder-as-rtmpose-simcc.onnx"];
    for (files, least) in [(&top_down[..], 0.6), (&["movenet-multipose.onnx"][..], 0.6)] {
        let mut looker = looker(&data, files);
        let mut agreements = Vec::new();
        for image in coco["images"].as_array().unwrap() {
            let file = image["file_name"].as_str().unwrap();
            if !PICTURES.contains(&file) {
                continue;
            }
            let picture = data.picture(file);
            let people = looker.look(&[seen(&picture)]).unwrap().remove(0);
            for annotation in coco["annotations"].as_array().unwrap() {
                if annotation["image_id"] != image["id"] || annotation["num_keypoints"] == 0 {
                    continue;
                }
                let best = people.iter().map(|person| agreement(person, annotation));
                agreements.push(best.fold(0.0, f64::max));
            }
        }
        println!("{files:?}: object keypoint similarity {agreements:.3?}");
        assert_eq!(agreements.len(), 3);
        assert!(agreements.iter().sum::<f64>() / 3.0 >= least, "{files:?}: {agreements:?}");
    }
}

/// COCO's object keypoint similarity, 0 to 1.
fn agreement(person: &Person, annotation: &Value) -> f64 {
    let area = annotation["area"].as_f64().unwrap();
    let keypoints = numbers(&annotation["keypoints"]);
    let joints = person.joints.iter().zip(keypoints.chunks(3)).zip(SIGMAS);
    let seen = joints.filter(|((_, keypoint), _)| keypoint[2] > 0.0);
    let each: Vec<f64> = seen
        .map(|((joint, keypoint), sigma)| {
            let off = (f64::from(joint.x) - keypoint[0]).powi(2)
                + (f64::from(joint.y) - keypoint[1]).powi(2);
            (-off / (2.0 * area * (2.0 * sigma).powi(2))).exp()
        })
        .collect();
    each.iter().sum::<f64>() / each.len() as f64
}

#[test]
fn movenet_lightning_alone_sees_one_person_in_the_whole_picture() {
    let Some(data) = Data::find() else { return };
    let mut looker = looker(&data, &["movenet-lightning.onnx"]);
    let file = "000000000785.jpg";
    let image = data.picture(file);
    let people = looker.look(&[seen(&image)]).unwrap().remove(0);
    assert_eq!(people.len(), 1);
    let side = f64::from(image.width());
    let (mean, most) = apart(&people[0].joints, &oracle()["files"][file]["lightning"], side);
    assert!(mean < 0.25 / 192.0 && most < 2.0 / 192.0, "{mean} {most}");
}

#[test]
fn a_hand_is_found_and_turns_with_its_forearm() {
    let Some(data) = Data::find() else { return };
    let both = data.picture("hands.jpg");
    let [width, height] = [both.width() / 2, both.height()];
    let upright = image::imageops::crop_imm(&both, 0, 0, width, height).to_image();
    let turned = image::imageops::rotate90(&upright); // Up is right now.
    let model = data.model("handlandmark-lite.onnx");
    let plan = model.recipe.settle(model.network.inputs(), model.network.outputs()).unwrap();
    assert_eq!(plan.kind, Kind::Hands);
    let mut net = HandNet::new(model.network, plan, &Options::default());

    let whole = net.find_whole(&seen(&upright)).unwrap().expect("there is a hand");
    assert!(whole[0].score > 0.9 && whole[12].y < whole[0].y, "fingers are up: {whole:?}");

    // A forearm below the picture, whose square is about the picture.
    let [wide, high] = [width as f32, height as f32];
    let forearm = high / 1.5;
    let wrist = (wide / 2.0, high / 2.0 + 0.33 * forearm);
    let elbow = (wide / 2.0, wrist.1 + forearm);
    let turn = |(x, y): (f32, f32)| (high - y, x);
    let mut ways = Vec::new();
    for (image, wrist, elbow) in [(&upright, wrist, elbow), (&turned, turn(wrist), turn(elbow))] {
        let mut joints = [Joint::default(); 17];
        joints[8] = Joint { x: elbow.0, y: elbow.1, score: 0.9 };
        joints[10] = Joint { x: wrist.0, y: wrist.1, score: 0.9 };
        let bounds = Bounds { left: 0.0, top: 0.0, right: 9.0, bottom: 9.0 };
        let mut people = [vec![Person { bounds, score: 1.0, joints, hands: [None, None] }]];
        net.add(&[seen(image)], &mut people).unwrap();
        let [left, right] = people[0].remove(0).hands;
        assert_eq!(left, None, "there is no left arm");
        ways.push(right.expect("there is a hand"));
    }
    for (upright, turned) in ways[0].iter().zip(ways[1].iter()) {
        let (x, y) = turn((upright.x, upright.y));
        let off = (x - turned.x).hypot(y - turned.y);
        assert!(off < 0.02 * high, "{upright:?} {turned:?}");
    }
}

#[test]
fn every_network_is_known_by_its_ports() {
    let Some(data) = Data::find() else { return };
    #[rustfmt::skip]
    let cases = [
        ("movenet-multipose.onnx",                    Kind::SingleStage, "movenet"),
        ("movenet-lightning.onnx",                    Kind::Pose,        "movenet"),
        ("movenet-thunder-as-rtmpose-simcc.onnx",     Kind::Pose,        "mmpose"),
        ("nanodet.onnx",                              Kind::Detector,    "nanodet"),
        ("handlandmark-lite.onnx",                    Kind::Hands,       "mediapipe"),
    ];
    for (file, kind, family) in cases {
        let Model { recipe, network } = data.model(file);
        let plan = recipe.settle(network.inputs(), network.outputs()).unwrap();
        assert_eq!((plan.kind, plan.family.as_str()), (kind, family), "{file}");
    }
    let Model { recipe, network } = data.model("conse-image-minilm384.onnx");
    let error = recipe.settle(network.inputs(), network.outputs()).unwrap_err();
    assert!(matches!(error, RecipeError::Unknown { .. }), "it finds nobody: {error}");
}
