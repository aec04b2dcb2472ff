//! `vitrine search --image` and `--cross-modal` as a person calls it, with a small CLIP.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

mod pictured;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pictured::{Model, id, write};
use serde_json::Value;
use vitrine::embed::{self, Options};
use vitrine::model::Access;
use vitrine_crds::library::{Device, Provider};
use vitrine_image::{Alpha, Limits, Rgb, decode, to_jpeg};

/// Assets of the catalogue; each has four views, and every other one a caption.
const ASSETS: usize = 6;

struct Ground {
    folder: tempfile::TempDir,
    model: PathBuf,
}

/// A picture that no other number gives: a disc on a ground, both of their own colour.
fn drawn(number: usize) -> Rgb {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut colour = || [random.u8(..), random.u8(..), random.u8(..)];
    let (disc, ground) = (colour(), colour());
    let (x0, y0) = (random.usize(10..54), random.usize(10..54));
    let pixel = |at: usize| {
        let (x, y) = (at % 64, at / 64);
        if x.abs_diff(x0).pow(2) + y.abs_diff(y0).pow(2) < 200 { disc } else { ground }
    };
    Rgb::new(64, 64, (0..64 * 64).flat_map(pixel).collect()).unwrap()
}

/// Words that the small model can tell apart.
fn caption(number: usize) -> &'static str {
    ["a red chair", "", "a photo of two wooden tables", "", "forklift", ""][number]
}

impl Ground {
    /// A catalogue with the vectors that the model makes of `drawn` and `caption`. The pictures lie
    /// where a run leaves them.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("clip");
        std::fs::create_dir(&model).unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/images/clip");
        for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), model.join(file.file_name())).unwrap();
        }
        let options = Options::on(&Device { provider: Provider::Cpu, ..Device::default() });
        let access = Access::from_env(None, false).unwrap();
        let mut pictures = embed::open_images(&access, &model, None, &options).unwrap();
        let mut texts = embed::open_paired(&access, &model, &options).unwrap();
        let root = folder.path().join("catalog");
        let views = |number: usize| {
            let all: Vec<Rgb> = (0..4)
                .map(|view| {
                    let path = format!("thumbnails/{}/{:03}.png", id(number), view * 90);
                    let path = root.join(path);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    // JPEG, whatever the name says: as decoded, so that it is the same everywhere.
                    let jpeg = to_jpeg(&drawn(4 * number + view), 64).unwrap();
                    std::fs::write(path, &jpeg).unwrap();
                    decode("it", &jpeg, Alpha::TRANSFORMERS, &Limits::default()).unwrap()
                })
                .collect();
            (number, pictures.embed(&all).unwrap())
        };
        let views = (0..ASSETS).map(views).collect();
        let captions = (0..ASSETS)
            .step_by(2)
            .map(|number| (number, texts.embed(&[caption(number).to_owned()]).unwrap()))
            .collect();
        let (uri, texts, pictures) =
            (model.to_str().unwrap(), texts.fingerprint(), pictures.fingerprint());
        write(&root, ASSETS, &Model { uri, texts, pictures }, &captions, &views);
        Self { folder, model }
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    fn search(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_vitrine"))
            .args(["search", "--catalog"])
            .arg(self.path("catalog"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    fn answer(&self, arguments: &[&str]) -> Value {
        let done = self.search(&[arguments, &["--output", "json"]].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// What the program says when it refuses, after ending with `code`.
    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let done = self.search(arguments);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }
}

#[test]
fn a_picture_finds_its_asset_and_view_and_the_page_shows_it() {
    let ground = Ground::new();
    let view = format!("catalog/thumbnails/{}/180.png", id(3));
    let answer = ground.answer(&["--image", &view]);
    let hit = &answer["hits"][0];
    assert_eq!((&hit["asset_id"], &hit["view"]["number"]), (&id(3).into(), &2.into()), "{answer}");
    assert_eq!(hit["view"]["azimuth_degrees"], 180.0);
    assert!(view.ends_with(hit["view"]["picture"].as_str().unwrap()), "{hit}");
    assert!((hit["score"].as_f64().unwrap() - 1.0).abs() < 1e-5, "its own picture: {hit}");
    assert_eq!(answer["hits"].as_array().unwrap().len(), ASSETS, "each asset once");
    assert_eq!(answer["image"], view.as_str());

    let done = ground.search(&["--image", &view, "--save-html", "page.html", "--top-k", "2"]);
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("180°") && table.contains("2 of 6 assets, by look"), "{table}");
    let page = std::fs::read_to_string(ground.path("page.html")).unwrap();
    let pictures = page.matches("<img src=\"data:image/jpeg;base64,").count();
    assert_eq!(pictures, 3, "the query and two hits");
    assert!(page.contains("<figcaption>view 180°</figcaption>"), "{page}");
}

#[test]
fn words_are_compared_with_pictures_and_pictures_with_captions_by_the_same_model() {
    let ground = Ground::new();
    let words = ground.answer(&["a red disc", "--cross-modal"]);
    assert_eq!(words["hits"][0]["legs"][0]["field"], "look_views", "{words}");
    assert_eq!(words["hits"].as_array().unwrap().len(), ASSETS);
    assert!(words["hits"][0]["view"]["picture"].is_string());
    let picture = format!("catalog/thumbnails/{}/000.png", id(1));
    let captions = ground.answer(&["--image", &picture, "--cross-modal"]);
    assert_eq!(captions["hits"].as_array().unwrap().len(), ASSETS / 2, "those with captions");
    assert_eq!(captions["hits"][0]["legs"][0]["field"], "look_text");
    assert!(captions["hits"][0]["view"].is_null());
    // The same two vectors, from either side: the score of a pair does not depend on who asks.
    let same = ground.answer(&[caption(2), "--algorithm", "look"]);
    let first = &same["hits"][0];
    assert_eq!(first["asset_id"], id(2));
    assert!((first["score"].as_f64().unwrap() - 1.0).abs() < 1e-5, "its own caption: {first}");
    let of = |answer: &Value, number: usize| {
        let hits = answer["hits"].as_array().unwrap().clone();
        hits.into_iter().find(|hit| hit["asset_id"] == id(number)).unwrap()
    };
    let there = of(&ground.answer(&[caption(2), "--cross-modal"]), 5);
    let view = format!("catalog/{}", there["view"]["picture"].as_str().unwrap());
    let back = of(&ground.answer(&["--image", &view, "--cross-modal"]), 2);
    let scores = [&there, &back].map(|hit| hit["score"].as_f64().unwrap());
    assert!((scores[0] - scores[1]).abs() < 1e-5, "{scores:?}");
}

#[test]
fn what_cannot_be_asked_is_refused_with_what_can() {
    let ground = Ground::new();
    std::fs::write(ground.path("notes.txt"), "a chair").unwrap();
    let picture = format!("catalog/thumbnails/{}/000.png", id(0));
    #[rustfmt::skip]
    let cases: &[(&[&str], &str)] = &[
        (&[],                                                "name a picture with --image"),
        (&["chair", "--image", &picture],                    "ask one at a time"),
        (&["--image", "absent.png"],                         "absent.png"),
        (&["--image", "notes.txt"],                          "notes.txt; name another with --image: it is no picture"),
        (&["--image", &picture, "--algorithm", "words"],     "--algorithm words needs words"),
        (&["chair", "--cross-modal", "--algorithm", "words"], "compares with no pictures"),
        (&["--image", &picture, "--algorithm", "siglip"],    "use one of look"),
        (&["chair", "--algorithm", "words", "--save-html", "no/such/page.html"], "cannot write the page"),
    ];
    for (arguments, words) in cases {
        let said = ground.refused(arguments, 2);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    // The model is there and is another one now.
    let config = ground.model.join("preprocessor_config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["image_mean"] = serde_json::json!([0.1, 0.2, 0.3]);
    std::fs::write(&config, changed.to_string()).unwrap();
    let said = ground.refused(&["--image", &picture], 3);
    assert!(said.contains("is not the model that made the vectors any more"), "{said}");
    let words = ground.answer(&["a disc", "--cross-modal"]);
    assert_eq!(words["hits"].as_array().unwrap().len(), ASSETS, "its texts are as they were");
}
