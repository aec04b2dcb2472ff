//! Model folders: what is read of them, and what is said where they are wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use vitrine_people::{Channels, Decoding, Element, Fit, Kind, Layout, Place, Port, Recipe};

const DEPLOY: &str = r#"{"version": "1.3.0", "task": "PoseDetector", "models": [{"name": "pose",
    "net": "end2end.onnx", "weights": "", "backend": "onnxruntime", "batch_size": 1}]}"#;

const POSE: &str = r#"{"pipeline": {"input": ["img"], "output": ["post_output"], "tasks": [
    {"type": "Task", "module": "Transform", "transforms": [
        {"type": "LoadImageFromFile"},
        {"type": "TopDownGetBboxCenterScale", "padding": 1.3, "image_size": [192, 256]},
        {"type": "TopDownAffine", "image_size": [192, 256]},
        {"type": "Normalize", "mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375], "to_rgb": true}]},
    {"type": "Task", "module": "Net", "output_map": {"output": "simcc_x", "700": "simcc_y"}},
    {"type": "Task", "module": "mmpose", "component": "SimCCLabelDecode",
        "params": {"type": "SimCCLabel", "input_size": [288, 384], "simcc_split_ratio": 2.0}}]}}"#;

const DETECTOR: &str = r#"{"pipeline": {"tasks": [
    {"module": "Transform", "transforms": [
        {"type": "Resize", "keep_ratio": true, "size": [320, 320]},
        {"type": "Pad", "size": [320, 320], "pad_val": {"img": [114, 114, 114]}},
        {"type": "Normalize", "mean": [103.53, 116.28, 123.675], "std": [57.375, 57.12, 58.395], "to_rgb": false}]},
    {"module": "Net"},
    {"module": "mmdet", "component": "ResizeBBox", "params": {"score_thr": 0.05}}]}}"#;

/// A port of floats; 0 for a dimension that is open.
fn port(name: &str, shape: &[usize]) -> Port {
    let shape = shape.iter().map(|&dim| (dim > 0).then_some(dim)).collect();
    Port { name: name.to_owned(), element: Element::F32, shape }
}

fn simcc(names: [&str; 2]) -> Vec<Port> {
    vec![port(names[0], &[0, 17, 576]), port(names[1], &[0, 17, 768])]
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn an_export_of_mmdeploy_says_all_and_its_network_is_right_about_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("deploy.json", DEPLOY), ("pipeline.json", POSE), ("end2end.onnx", "")];
    // As rtmlib's archives: folders in folders.
    for inside in ["", "20230831/rtmpose_onnx/rtmpose-l/"] {
        let place = folder.path().join(if inside.is_empty() { "flat" } else { "deep" });
        write(&place.join(inside), &files);
        let recipe = Recipe::read(&place).unwrap();
        assert!(recipe.weights().ends_with("end2end.onnx"));
        for names in [["simcc_x", "simcc_y"], ["output", "700"]] {
            let inputs = [port("input", &[0, 3, 384, 288])];
            let plan = recipe.settle(&inputs, &simcc(names)).unwrap();
            assert_eq!((plan.kind, plan.family.as_str()), (Kind::Pose, "mmpose"));
            assert_eq!((plan.input.width, plan.input.height), (288, 384));
            assert_eq!((plan.input.layout, plan.input.channels), (Layout::Planes, Channels::Rgb));
            assert_eq!(plan.input.mean, [123.675, 116.28, 103.53]);
            assert_eq!(plan.input.scale[0], 1.0 / 58.395);
            assert_eq!(plan.input.fit, Fit::Crop { padding: 1.3 });
            let [x, y] = names.map(str::to_owned);
            assert_eq!(plan.decoding, Decoding::Simcc { x, y, split_ratio: 2.0 });
        }
    }
}

#[test]
fn a_detector_of_mmdeploy_keeps_blue_first_and_its_padding() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("pipeline.json", DETECTOR), ("end2end.onnx", "")]);
    let outputs = [port("dets", &[0, 0, 5]), port("labels", &[0, 0])];
    let plan = Recipe::read(folder.path()).unwrap();
    let plan = plan.settle(&[port("input", &[0, 3, 0, 0])], &outputs).unwrap();
    assert_eq!((plan.kind, plan.input.channels), (Kind::Detector, Channels::Bgr));
    assert_eq!((plan.input.width, plan.input.height), (320, 320));
    assert_eq!(plan.input.fit, Fit::Letterbox { place: Place::TopLeft, pad: 114.0 });
    assert_eq!(plan.score_min, 0.3);
    let (boxes, labels) = ("dets".to_owned(), Some("labels".to_owned()));
    assert_eq!(plan.decoding, Decoding::Boxes { boxes, labels });
}

#[test]
fn our_own_description_reads_the_same_as_json_and_as_yaml() {
    let json = r#"{"kind": "hands", "family": "rtmpose-hand", "score_min": 0.4,
        "input": {"width": 256, "height": 256, "channels": "bgr", "mean": [1, 2, 3],
                  "std": [4, 5, 6], "padding": 1.1},
        "decoding": {"type": "heatmap", "quarter": false, "outputs": {"heatmap": "maps"}}}"#;
    let yaml = "kind: hands\nfamily: rtmpose-hand\nscore_min: 0.4\ninput:\n  width: 256\n  \
                height: 256\n  channels: bgr\n  mean: [1, 2, 3]\n  std: [4, 5, 6]\n  padding: 1.1\n\
                decoding:\n  type: heatmap\n  quarter: false\n  outputs:\n    heatmap: maps\n";
    let mut plans = Vec::new();
    for (name, text) in [("vitrine.json", json), ("model.yaml", yaml), ("net.json", json)] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[(name, text), ("net.onnx", "")]);
        let path = folder.path().join(if name == "net.json" { "net.onnx" } else { "" });
        let recipe = Recipe::read(&path).unwrap();
        let inputs = [port("image", &[0, 3, 0, 0])];
        plans.push(recipe.settle(&inputs, &[port("maps", &[0, 21, 64, 64])]).unwrap());
    }
    assert_eq!(plans[0].kind, Kind::Hands);
    assert_eq!(plans[0].input.scale, [0.25, 0.2, 1.0 / 6.0]);
    assert!(plans.iter().all(|plan| plan == &plans[0]));
}

#[test]
fn what_is_wrong_is_named_with_its_file_and_key() {
    let deep = "[".repeat(100_000);
    let large = " ".repeat((1 << 20) + 1);
    let udp =
        POSE.replace(r#""type": "TopDownAffine","#, r#""type": "TopDownAffine", "use_udp": true,"#);
    let mean = POSE.replace("[123.675, 116.28, 103.53]", r#"[1, "x", 3]"#);
    let trt = DEPLOY.replace("onnxruntime", "tensorrt");
    let above = DEPLOY.replace("end2end.onnx", "../end2end.onnx");
    let gone = DEPLOY.replace("end2end.onnx", "gone.onnx");
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("vitrine.json", "{\"kind\": \"person\"}")],                      "unknown variant `person`"),
        (&[("vitrine.json", "{\"input\": {\"widht\": 3}}")],                 "unknown field `widht`"),
        (&[("vitrine.json", "{")],                                           "vitrine.json is not readable"),
        (&[("vitrine.json", &deep)],                                         "vitrine.json is not readable"),
        (&[("vitrine.json", &large)],                                        "more than 1048576 bytes"),
        (&[("model.yaml", "kind: [")],                                       "model.yaml is not readable"),
        (&[("vitrine.json", "{\"input\": {\"width\": 100}}")],               "`input.width` is 100, but the network takes 288"),
        (&[("vitrine.json", "{\"input\": {\"std\": [1, 0, 1]}}")],           "`input.std` should be three numbers above 0"),
        (&[("vitrine.json", "{\"input\": {\"layout\": \"nhwc\"}}")],         "`input` has its 3 channels elsewhere"),
        (&[("vitrine.json", "{\"input\": {\"padding\": 90}}")],              "`input.padding` is 90"),
        (&[("vitrine.json", "{\"input\": {\"fit\": \"stretch\"}}")],         "`input.fit` should be `crop`"),
        (&[("vitrine.json", "{\"kind\": \"detector\"}")],                    "`kind` is `detector`, which outputs of `simcc`"),
        (&[("vitrine.json", "{\"score_min\": 2}")],                          "`score_min` is 2"),
        (&[("vitrine.json", "{\"decoding\": {\"split_ratio\": 3}}")],        "`simcc_x` should end with 864"),
        (&[("vitrine.json", "{\"decoding\": {\"outputs\": {\"x\": \"a\", \"y\": \"b\"}}}")], "`decoding.outputs.x` is no output"),
        (&[("pipeline.json", "{}")],                                         "`pipeline.tasks` is missing"),
        (&[("pipeline.json", &udp)],                                         "tasks[0].transforms[2].use_udp"),
        (&[("pipeline.json", &mean)],                                        "tasks[0].transforms[3].mean` is [1,\"x\",3], but should be 3 numbers"),
        (&[("pipeline.json", POSE), ("deploy.json", &trt)],                  "`models[0].backend` is `tensorrt`"),
        (&[("pipeline.json", POSE), ("deploy.json", &above)],                "should be an .onnx in the same folder"),
        (&[("pipeline.json", POSE), ("deploy.json", &gone)],                 "which is no file"),
        (&[("a.onnx", ""), ("b.onnx", "")],                                  "holds several models"),
    ];
    for (files, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("end2end.onnx", "")]);
        write(folder.path(), files);
        let inputs = [port("input", &[0, 3, 384, 288])];
        let settled = Recipe::read(folder.path())
            .and_then(|recipe| recipe.settle(&inputs, &simcc(["simcc_x", "simcc_y"])));
        let error = settled.expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = Recipe::read(empty.path()).unwrap_err().to_string();
    assert!(error.contains("holds no .onnx"), "{error}");
    let error = Recipe::read(&empty.path().join("gone")).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "{error}");
}

#[test]
fn a_folder_of_several_networks_gives_each() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("detector/pipeline.json", DETECTOR),
        ("detector/end2end.onnx", ""),
        ("pose/pipeline.json", POSE),
        ("pose/end2end.onnx", ""),
        (".hidden/x.onnx", ""),
    ];
    write(folder.path(), &files);
    let recipes = Recipe::read_all(folder.path()).unwrap();
    let parents: Vec<_> =
        recipes.iter().map(|r| r.weights().parent().unwrap().file_name()).collect();
    assert_eq!(parents, [Some("detector".as_ref()), Some("pose".as_ref())]);
}

#[test]
fn what_cannot_be_told_from_ports_asks_for_a_description() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("net.onnx", "")]);
    let recipe = Recipe::read(folder.path()).unwrap();
    let image = port("image", &[0, 3, 64, 64]);
    #[rustfmt::skip]
    let cases = [
        (vec![image.clone()],                vec![port("dets", &[0, 0, 5])],    "`input.mean` is missing"),
        (vec![image.clone()],                vec![port("logits", &[0, 1000])],  "write a vitrine.json"),
        (vec![image.clone(), image.clone()], simcc(["simcc_x", "simcc_y"]),     "write a vitrine.json"),
        (vec![port("image", &[0, 3])],       simcc(["simcc_x", "simcc_y"]),     "should be [N, 3, H, W]"),
        (vec![port("image", &[0, 3, 0, 0])], simcc(["simcc_x", "simcc_y"]),     "`input.height` is missing"),
        (vec![port("image", &[0, 3, 9000, 64])], simcc(["simcc_x", "simcc_y"]), "should be 16 to 2048 pixels"),
    ];
    for (inputs, outputs, expected) in cases {
        let error = recipe.settle(&inputs, &outputs).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
