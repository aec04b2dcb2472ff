//! `views.from`: pictures that exist already, in G-Objaverse's layout.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vitrine_tests::library::{Library, usda};
use vitrine_tests::model::model;
use vitrine_tests::picture::grey;
use vitrine_tests::program::{Ended, command, draws, run};
use vitrine_tests::server::S3;

/// Longer side of kept pictures, in pixels.
const SIZE: u32 = 64;

/// Width and height of a PNG.
fn sides(png: &[u8]) -> [u32; 2] {
    assert!(png.starts_with(b"\x89PNG"), "it is a PNG");
    [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
}

struct Objaverse {
    library: Library,
    config: PathBuf,
}

impl Objaverse {
    /// Four assets; the last is in no map. Of 24 pictures each two are there: 0 and 12.
    fn new() -> Self {
        let library = Library::new();
        for path in ["000-000/abc.usda", "000-000/def.usda", "000-001/ghi.usda", "000-001/xyz.usda"]
        {
            library.write(path, usda("Thing", "", ""));
        }
        let config = library.beside("vitrine.yaml", "");
        let this = Self { library, config };
        for id in ["0/10005", "0/10006", "1/20"] {
            for view in [0, 12] {
                this.picture(id, view, &grey(100, 40 + view as u8));
            }
        }
        let map = json!({
            "0/10005": "000-000/abc.usda", "0/10006": "000-000/def.usda", "1/20": "000-001/ghi.usda",
            "9/9": "000-009/elsewhere.usda",
        });
        std::fs::write(this.renders().join("index.json"), map.to_string()).unwrap();
        this.configure("idMap: index.json");
        this
    }

    fn configure(&self, more: &str) {
        let uri = self.renders().display().to_string();
        let path = "{id}/campos_512_v4/{view:05}/{view:05}.png";
        let views = format!(
            "spec:\n  views:\n    count: 2\n    size: {SIZE}\n    from:\n      uri: {uri}\n      \
             path: '{path}'\n      count: 24\n      {more}\n"
        );
        std::fs::write(&self.config, views).unwrap();
    }

    fn renders(&self) -> PathBuf {
        self.config.with_file_name("renders")
    }

    fn picture(&self, id: &str, view: u32, bytes: &[u8]) {
        let folder = self.renders().join(format!("{id}/campos_512_v4/{view:05}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{view:05}.png")), bytes).unwrap();
    }

    fn run(&self) -> Ended {
        run(draws(&mut self.library.call(&["--config", self.config.to_str().unwrap()])))
    }

    fn report(&self) -> Value {
        self.run().json(0)
    }

    fn pictures(&self, path: &str) -> Vec<PathBuf> {
        let document = self.library.document(path);
        let folder = self.library.catalog().join("thumbnails");
        let folder = folder.join(document["asset_id"].as_str().unwrap());
        let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = found.map(|item| item.path()).collect();
        found.sort();
        found
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn pictures_are_brought_and_made_as_small_as_asked_for() {
    let objaverse = Objaverse::new();
    let report = objaverse.report();
    assert_eq!(report["counts"]["indexed"], 4, "{report:#}");
    let pictures = objaverse.pictures("000-000/abc.usda");
    assert_eq!(pictures.len(), 2);
    assert_eq!(sides(&read(&pictures[0])), [SIZE, SIZE]);
    assert_ne!(read(&pictures[0]), read(&pictures[1]), "two views of different greys");
    // The same pictures give the same bytes, whichever the asset.
    assert_eq!(read(&pictures[1]), read(&objaverse.pictures("000-001/ghi.usda")[1]));
    let document = objaverse.library.document("000-000/abc.usda");
    let catalog = objaverse.library.catalog();
    let thumbnail = read(&catalog.join(document["thumbnail_uri"].as_str().unwrap()));
    assert!(pictures.iter().any(|picture| read(picture) == thumbnail));
    let glb = read(&catalog.join(document["model_uri"].as_str().unwrap()));
    assert!(glb.starts_with(b"glTF"), "the GLB is made as ever");
}

#[test]
fn an_asset_without_all_of_its_pictures_has_none_and_says_which() {
    let objaverse = Objaverse::new();
    objaverse.picture("0/10006", 12, b"\x89PNG\r\n\x1a\nbroken");
    let view = objaverse.renders().join("1/20/campos_512_v4/00012/00012.png");
    std::fs::remove_file(&view).unwrap();
    let ended = objaverse.run();
    let report = ended.json(0);
    assert_eq!(report["counts"]["indexed"], 4, "all are indexed: {report:#}");
    assert_eq!(objaverse.pictures("000-000/abc.usda").len(), 2);
    for path in ["000-000/def.usda", "000-001/ghi.usda", "000-001/xyz.usda"] {
        assert_eq!(objaverse.pictures(path).len(), 0, "{path}");
        let document = objaverse.library.document(path);
        assert_eq!(document["thumbnail_uri"], Value::Null, "{path}");
        assert!(document["model_uri"].is_string(), "{path}");
    }
    for (path, reason) in [
        ("000-000/def.usda", "0/10006/campos_512_v4/00012/00012.png"),
        ("000-001/ghi.usda", "1/20/campos_512_v4/00012/00012.png is missing"),
        ("000-001/xyz.usda", "the map of ids does not name it"),
    ] {
        let said = ended.stderr.lines().any(|line| line.contains(path) && line.contains(reason));
        assert!(said, "{path}: {}", ended.stderr);
    }
    // What arrives is seen.
    std::fs::write(&view, grey(100, 52)).unwrap();
    assert_eq!(objaverse.report()["found"]["to_read"], 1);
    assert_eq!(objaverse.pictures("000-001/ghi.usda").len(), 2);
}

#[test]
fn an_id_that_leads_out_of_the_folder_leads_nowhere() {
    let objaverse = Objaverse::new();
    let outside = objaverse.renders().with_file_name("outside/campos_512_v4/00000");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("00000.png"), grey(100, 40)).unwrap();
    let map = json!({"../outside": "000-000/abc.usda", "0/10006": "000-000/def.usda"});
    std::fs::write(objaverse.renders().join("index.json"), map.to_string()).unwrap();
    let report = objaverse.report();
    assert_eq!(report["counts"]["indexed"], 4, "{report:#}");
    assert_eq!(objaverse.pictures("000-000/abc.usda").len(), 0);
    assert_eq!(objaverse.pictures("000-000/def.usda").len(), 2);
    assert_eq!(objaverse.report()["found"]["to_read"], 0);
}

#[test]
fn a_changed_picture_redoes_its_asset_and_nothing_else() {
    let objaverse = Objaverse::new();
    objaverse.report();
    assert_eq!(objaverse.report()["found"]["to_read"], 0);
    let before = read(&objaverse.pictures("000-000/def.usda")[0]);
    objaverse.picture("0/10006", 0, &grey(90, 200));
    objaverse.picture("0/10006", 5, &grey(90, 200)); // Not among those that are taken.
    assert_eq!(objaverse.report()["found"]["to_read"], 1);
    assert_ne!(read(&objaverse.pictures("000-000/def.usda")[0]), before);
    assert_eq!(objaverse.report()["found"]["to_read"], 0);
}

#[test]
fn what_is_no_map_of_ids_is_a_mistake_that_names_it() {
    let objaverse = Objaverse::new();
    std::fs::write(objaverse.renders().join("list.json"), "[1]").unwrap();
    for (file, reason) in [("nowhere.json", "there is no map of ids"), ("list.json", "is no JSON")]
    {
        objaverse.configure(&format!("idMap: {file}"));
        let ended = objaverse.run();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(file) && ended.stderr.contains(reason), "{}", ended.stderr);
    }
    std::fs::remove_dir_all(objaverse.renders()).unwrap();
    let ended = objaverse.run();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("there is no folder"), "{}", ended.stderr);
}

/// `vitrine catalog` with a model that sees views, into `out`; the vectors of the only asset.
fn views_seen(library: &Library, text: &str, out: &Path, more: &[&str]) -> Vec<f32> {
    let sees = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/models/conse-image");
    let mut call = command(&["catalog", "-q", "--output", "json", "--model", text]);
    call.arg(library.path()).arg("--out").arg(out).arg("--clip").arg(sees);
    let report = run(draws(call.args(["--paired-text", text]).args(more))).json(0);
    assert_eq!(report["counts"]["indexed"], 1, "{report:#}");
    let folder = out.join("embeddings/clip_views");
    let file = std::fs::read_dir(folder).unwrap().flatten().next().unwrap().path();
    let bytes = read(&file);
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]])) + 10;
    let (words, _) = bytes[header..].as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

#[test]
fn brought_pictures_give_the_vectors_that_the_same_pictures_drawn_give() {
    let Some(text) = model() else { return };
    let text = text.to_str().unwrap();
    let library = Library::new();
    library.write("thing.usda", usda("Thing", "", ""));
    let drawn = views_seen(&library, text, &library.catalog(), &["--views", "2", "--size", "64"]);
    assert_eq!(drawn.len(), 2 * 384);

    let id = library.document("thing.usda")["asset_id"].as_str().unwrap().to_owned();
    let views = std::fs::read_dir(library.catalog().join("thumbnails").join(id)).unwrap();
    let mut views: Vec<PathBuf> = views.flatten().map(|item| item.path()).collect();
    views.sort();
    let config = library.beside("vitrine.yaml", "");
    let renders = config.with_file_name("renders");
    std::fs::create_dir(&renders).unwrap();
    for (number, view) in views.iter().enumerate() {
        std::fs::copy(view, renders.join(format!("thing-{number}.png"))).unwrap();
    }
    let from = json!({"uri": renders, "path": "{name}-{view}.png", "count": 2});
    let views = json!({"count": 2, "size": 64, "from": from});
    std::fs::write(&config, json!({"spec": {"views": views}}).to_string()).unwrap();
    let out = config.with_file_name("other");
    let more = ["--config", config.to_str().unwrap(), "--no-thumbnails"];
    let brought = views_seen(&library, text, &out, &more);
    assert_eq!(brought.len(), drawn.len());
    // PNG loses nothing, so both saw the same pixels; what is left is the order of sums.
    for (drawn, brought) in drawn.iter().zip(&brought) {
        assert!((drawn - brought).abs() < 1e-5, "{drawn} and {brought}");
    }
    assert!(!out.join("thumbnails").exists() && !out.join("models").exists());
}

#[test]
fn in_the_librarys_own_bucket_pictures_and_glbs_are_found_and_changes_are_seen() {
    let Some(server) = S3::start() else { return };
    let library = Library::new();
    library.write("a/cup.usda", usda("Cup", "", "")).write("a/desk.usda", usda("Desk", "", ""));
    library.drawn(&["--views", "1", "--size", "64"]);
    let model = library.document("a/desk.usda")["model_uri"].as_str().unwrap().to_owned();
    library.write("a/desk.glb", read(&library.catalog().join(model)));
    library.remove("a/desk.usda");
    std::fs::remove_dir_all(library.catalog()).unwrap();
    for name in ["cup", "desk"] {
        library.write(&format!("renders/{name}/0.png"), grey(80, 90));
    }
    server.bucket("packs");
    server.put_folder("packs", "warehouse", &library.path());
    let from =
        json!({"uri": "s3://packs/warehouse/renders", "path": "{name}/{view}.png", "count": 1});
    let views = json!({"count": 1, "size": SIZE, "from": from});
    let config = library.beside("vitrine.yaml", &json!({"spec": {"views": views}}).to_string());
    let report = || {
        let out = library.catalog();
        let mut call = command(&["catalog", "s3://packs/warehouse", "--name", "lib", "-q"]);
        call.args(["--no-embeddings", "--output", "json", "--config"]).arg(&config);
        run(draws(server.lend(call.arg("--out").arg(out)))).json(0)
    };
    assert_eq!(report()["counts"]["indexed"], 2);
    for path in ["a/cup.usda", "a/desk.glb"] {
        let document = library.document(path);
        let thumbnail = document["thumbnail_uri"].as_str().unwrap();
        assert_eq!(sides(&read(&library.catalog().join(thumbnail))), [SIZE, SIZE], "{path}");
        assert!(document["model_uri"].is_string(), "{path}");
    }
    assert_eq!(library.document("a/desk.glb")["usd"]["bounds"]["size_m"], json!([1.0, 2.0, 0.0]));
    assert_eq!(report()["found"]["to_read"], 0);
    server.put("packs", vec![("warehouse/renders/cup/0.png".to_owned(), grey(80, 200))]);
    assert_eq!(report()["found"]["to_read"], 1);
}
