//! `vitrine catalog` draws: what it writes, what it draws again, what happens to what cannot be drawn.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vitrine_tests::library::Library;
use vitrine_tests::program::{children, draws, json_file, run, signal, start};

/// A cube of one colour on a stage whose up axis is Z, with a texture where one is named.
fn cube(colour: &str, texture: Option<&str>) -> String {
    let (bound, look) = match texture {
        None => ("", String::new()),
        Some(file) => (
            "rel material:binding = </Cube/Look>",
            format!(
                r#"def Material "Look"
    {{
        token outputs:surface.connect = </Cube/Look/Surface.outputs:surface>
        def Shader "Surface"
        {{
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </Cube/Look/Picture.outputs:rgb>
            token outputs:surface
        }}
        def Shader "Picture"
        {{
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @{file}@
            float3 outputs:rgb
        }}
    }}"#
            ),
        ),
    };
    format!(
        r#"#usda 1.0
(
    defaultPrim = "Cube"
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "Cube"
{{
    def Cube "Shape" (prepend apiSchemas = ["MaterialBindingAPI"])
    {{
        double size = 1
        color3f[] primvars:displayColor = [{colour}]
        {bound}
    }}
    {look}
}}
"#
    )
}

/// A picture of one colour.
fn plain(colour: [u8; 3]) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb(colour));
    picture.write_to(&mut png, image::ImageFormat::Png).expect("memory can be written to");
    png.into_inner()
}

/// A configuration with the tiny CLIP alone, whose vectors mean nothing and are quick.
fn with_clip(library: &Library) -> String {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/images/clip");
    let yaml = format!(
        "spec:\n  source: {{uri: {}}}\n  embeddings:\n    - name: look\n      algorithm: clip\n      \
         model: {{uri: {}}}\n",
        library.path().display(),
        model.display()
    );
    library.beside("vitrine.yaml", &yaml).display().to_string()
}

/// Runs with that configuration.
fn seen(library: &Library, more: &[&str]) -> Value {
    let config = with_clip(library);
    let out = library.catalog().display().to_string();
    let mut call = vitrine_tests::program::command(&["catalog", "-q", "--output", "json"]);
    call.args(["--config", &config, "--out", &out, "--size", "128"]).args(more);
    run(draws(&mut call)).json(0)
}

/// All files below a folder of the catalogue, relative to it.
fn files(library: &Library, folder: &str) -> BTreeSet<String> {
    let root = library.catalog();
    let mut found = BTreeSet::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if item.path().is_dir() {
                folders.push(item.path());
            } else if let Ok(inside) = item.path().strip_prefix(&root) {
                found.insert(inside.display().to_string());
            }
        }
    }
    found
}

fn colours(path: &Path) -> image::RgbImage {
    let picture = image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    picture.to_rgb8()
}

/// The header of a `.npy` file and its numbers.
fn npy(path: &Path) -> (String, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (words, _) = bytes[header..].as_chunks::<4>();
    let numbers = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    (String::from_utf8_lossy(&bytes[10..header]).into_owned(), numbers)
}

fn id(library: &Library, path: &str) -> String {
    library.document(path)["asset_id"].as_str().expect("every document has an id").to_owned()
}

#[test]
fn every_asset_gets_views_a_thumbnail_a_glb_and_a_vector_of_each_view() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0.02, 0.02)", None));
    library.write("a/blue.usda", cube("(0.02, 0.02, 0.8)", None));
    let report = seen(&library, &["--views", "4"]);
    assert_eq!(report["counts"]["indexed"], 2, "{report}");
    assert_eq!(report["undrawn"]["count"], 0);

    let red = library.document("a/red.usda");
    let id = red["asset_id"].as_str().expect("an id");
    assert_eq!(red["thumbnail_uri"], format!("thumbnails/{id}.png"));
    assert_eq!(red["model_uri"], format!("models/{id}.glb"));
    assert_eq!(red["has_visual_embedding"], true);
    let root = library.catalog();
    let mut expected: BTreeSet<String> =
        ["000", "090", "180", "270"].map(|at| format!("thumbnails/{id}/{at}.png")).into();
    expected.insert(format!("thumbnails/{id}.png"));
    let own: BTreeSet<String> =
        files(&library, "thumbnails").into_iter().filter(|file| file.contains(id)).collect();
    assert_eq!(own, expected);
    for file in &expected {
        let picture = colours(&root.join(file));
        assert_eq!(picture.dimensions(), (128, 128), "{file}");
        let [r, g, b] = picture.get_pixel(64, 64).0;
        assert!(r > 90 && r > 2 * g && r > 2 * b, "{file}: the middle is red, not {r} {g} {b}");
        let [r, g, b] = picture.get_pixel(2, 2).0;
        assert!(r == g && g == b, "{file}: nothing is in the corner");
    }
    let glb = std::fs::read(root.join(format!("models/{id}.glb"))).expect("a GLB");
    assert_eq!(&glb[..4], b"glTF");

    let (header, numbers) = npy(&root.join(format!("embeddings/look_views/{id}.npy")));
    let dims = numbers.len() / 4;
    assert!(header.contains(&format!("'shape': (4, {dims})")), "{header}");
    for row in numbers.chunks(dims) {
        let norm: f32 = row.iter().map(|value| value * value).sum();
        // Sums of squares of float32: a part in a million, and room.
        assert!((norm - 1.0).abs() < 1e-5, "{norm}");
    }
    let current = json_file(&root.join(".vitrine/current.json"));
    let packed = &current["fields"]["look_views"];
    assert_eq!(packed["count"], 8, "{packed}");
    let ids = std::fs::read_to_string(root.join(packed["ids"].as_str().expect("a path")));
    let ids = ids.expect("ids are text");
    let lines: Vec<&str> = ids.lines().collect();
    assert_eq!(lines.iter().filter(|line| **line == id).count(), 4);
    assert!(lines.is_sorted());
    assert!(!root.join("embeddings/look_text").exists(), "nobody wrote a caption");
    let index = json_file(&root.join("master_index.json"));
    let entry =
        index["assets"].as_array().expect("a list").iter().find(|one| one["asset_id"] == id);
    assert_eq!(
        entry.expect("it is listed")["embedding"],
        format!("embeddings/look_views/{id}.npy")
    );
}

#[test]
fn captions_get_vectors_of_the_same_space_and_only_where_there_are_some() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0, 0)", None));
    library.write("a/blue.usda", cube("(0, 0, 0.8)", None));
    let captions = library.beside("captions.csv", "key,en\na/red.usda,a red cube\n");
    let captions = captions.display().to_string();
    seen(&library, &["--views", "2", "--captions", &captions]);
    let root = library.catalog();
    let (red, blue) = (id(&library, "a/red.usda"), id(&library, "a/blue.usda"));
    let (_, of_text) = npy(&root.join(format!("embeddings/look_text/{red}.npy")));
    let (_, of_views) = npy(&root.join(format!("embeddings/look_views/{red}.npy")));
    assert_eq!(of_text.len() * 2, of_views.len());
    assert!(!root.join(format!("embeddings/look_text/{blue}.npy")).exists());
    // Nothing is missing: the next run has nothing to do.
    let again = seen(&library, &["--views", "2", "--captions", &captions]);
    assert_eq!(again["counts"]["skipped"], 2, "{again}");
}

#[test]
fn a_picture_that_only_a_materialx_document_names_is_drawn_and_watched() {
    let library = Library::new();
    let bound = r#"
    def Material "Look" (references = @look/paper.mtlx@</MaterialX/Materials/Paper>) { }"#;
    let plain_cube = cube("(1, 1, 1)", None);
    let asset = plain_cube
        .replace("double size = 1", "double size = 1\n        rel material:binding = </Cube/Look>")
        .replace("def Cube", &format!("{}\n    def Cube", bound.trim_start()));
    library.write("a/wrapped.usda", asset);
    library.write(
        "a/look/paper.mtlx",
        "<?xml version='1.0'?><materialx version='1.38'>
        <surfacematerial name='Paper' type='material'>
            <input name='surfaceshader' type='surfaceshader' nodename='Surface'/></surfacematerial>
        <standard_surface name='Surface' type='surfaceshader'>
            <input name='base_color' type='color3' nodename='Picture'/></standard_surface>
        <image name='Picture' type='color3'>
            <input name='file' type='filename' value='paper.png' colorspace='srgb_texture'/></image>
        </materialx>",
    );
    library.write("a/look/paper.png", plain([20, 20, 220]));
    library.drawn(&["--views", "1", "--size", "128"]);
    let thumbnail = format!("thumbnails/{}.png", id(&library, "a/wrapped.usda"));
    let thumbnail = library.catalog().join(thumbnail);
    let seen = || colours(&thumbnail).get_pixel(64, 64).0.map(u32::from);
    let [r, _, b] = seen();
    assert!(b > 2 * r, "the picture is blue: {r} {b}");
    let document = library.document("a/wrapped.usda");
    assert_eq!(document["usd"]["dependencies"], serde_json::json!(["a/look/paper.mtlx"]));

    library.write("a/look/paper.png", plain([220, 20, 20]));
    let again = library.drawn(&["--views", "1", "--size", "128"]);
    assert_eq!(again["counts"]["indexed"], 1, "{again}");
    let [r, _, b] = seen();
    assert!(r > 2 * b, "and now red: {r} {b}");
    let again = library.drawn(&["--views", "1", "--size", "128"]);
    assert_eq!(again["counts"]["skipped"], 1, "{again}");
}

#[test]
fn only_what_looks_different_is_drawn_again_and_no_picture_of_the_past_stays() {
    let library = Library::new();
    library.write("a/plain.usda", cube("(0.8, 0, 0)", None));
    library.write("a/wrapped.usda", cube("(1, 1, 1)", Some("paper.png")));
    library.write("a/paper.png", plain([20, 20, 220]));
    seen(&library, &["--views", "4"]);
    let wrapped = id(&library, "a/wrapped.usda");
    let thumbnail = library.catalog().join(format!("thumbnails/{wrapped}.png"));
    let [r, _, b] = colours(&thumbnail).get_pixel(64, 64).0;
    assert!(b > 2 * r, "the texture is blue");

    let again = seen(&library, &["--views", "4"]);
    assert_eq!(again["counts"]["skipped"], 2, "{again}");

    library.write("a/paper.png", plain([220, 20, 20]));
    let again = seen(&library, &["--views", "4"]);
    assert_eq!(again["counts"]["indexed"], 1, "{again}");
    let [r, _, b] = colours(&thumbnail).get_pixel(64, 64).0;
    assert!(r > 2 * b, "and now red");

    let fewer = seen(&library, &["--views", "2"]);
    assert_eq!(fewer["counts"]["indexed"], 2, "{fewer}");
    let own: Vec<String> =
        files(&library, "thumbnails").into_iter().filter(|file| file.contains(&wrapped)).collect();
    let expected = [".png", "/000.png", "/180.png"].map(|end| format!("thumbnails/{wrapped}{end}"));
    assert_eq!(own, expected);

    library.remove("a/wrapped.usda");
    let gone = seen(&library, &["--views", "2"]);
    assert_eq!(gone["counts"]["deleted"], 1, "{gone}");
    for folder in ["thumbnails", "models", "embeddings", "individual"] {
        let left: Vec<_> =
            files(&library, folder).into_iter().filter(|file| file.contains(&wrapped)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    assert!(files(&library, "thumbnails").len() == 3, "the other's pictures stay");
}

#[test]
fn a_new_model_looks_at_the_pictures_that_are_there() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0.02, 0.02)", None));
    library.write("a/blue.usda", cube("(0.02, 0.02, 0.8)", None));
    library.write("a/light.usda", "#usda 1.0\ndef DistantLight \"Sun\" {}\n");
    seen(&library, &["--views", "4", "--no-embeddings"]);
    let red = id(&library, "a/red.usda");
    let has_vectors = || library.document("a/red.usda")["has_visual_embedding"].clone();
    let embeddings = || -> Vec<(String, Vec<f32>)> {
        let files = files(&library, "embeddings").into_iter();
        let read = files.map(|file| (file.clone(), npy(&library.catalog().join(file)).1));
        read.collect()
    };
    assert_eq!((has_vectors(), embeddings().len()), (false.into(), 0));

    // Nobody draws such a model: where it stays, nothing was drawn.
    let file = library.catalog().join(format!("models/{red}.glb"));
    std::fs::write(&file, "drawn once").expect("the catalogue can be written to");
    let missing = library.catalog().join(format!("thumbnails/{red}/090.png"));
    std::fs::remove_file(&missing).expect("the view is there");
    let looked = seen(&library, &["--views", "4"]);
    assert_eq!(looked["found"]["to_describe"], 3, "{looked}");
    assert_eq!(looked["undrawn"]["count"], 1, "{looked}");
    let reason = looked["undrawn"].to_string();
    assert!(reason.contains("090.png is missing"), "{reason}");
    assert_eq!((has_vectors(), embeddings().len()), (false.into(), 1), "{looked}");
    assert_eq!(std::fs::read(&file).expect("the model is there"), b"drawn once");

    let mended = seen(&library, &["--views", "4"]);
    assert_eq!((&mended["found"]["to_read"], &mended["undrawn"]["count"]), (&1.into(), &0.into()));
    assert_eq!((has_vectors(), embeddings().len()), (true.into(), 2), "{mended}");

    // Nobody can tell them from those of a run that drew and looked at once. A session may round
    // otherwise where its batch is another: 1e-6 of numbers below 1.
    let looked = embeddings();
    std::fs::remove_dir_all(library.catalog()).expect("the catalogue can be removed");
    seen(&library, &["--views", "4"]);
    let drawn = embeddings();
    assert_eq!(drawn.len(), looked.len());
    for ((file, numbers), (same_file, same)) in drawn.iter().zip(&looked) {
        assert_eq!((file, numbers.len()), (same_file, same.len()));
        let apart = numbers.iter().zip(same).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-6, "{file}: {apart}");
    }

    let without = seen(&library, &["--views", "4", "--no-embeddings"]);
    assert_eq!(without["found"]["to_read"], 0, "{without}");
    assert_eq!((has_vectors(), embeddings().len()), (false.into(), 0));
}

#[test]
fn a_model_that_was_named_from_one_folder_is_found_from_another() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0.02, 0.02)", None));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let config = std::fs::read_to_string(with_clip(&library)).expect("it was just written");
    assert!(config.contains(folder));
    let config = library.beside("relative.yaml", &config.replace(folder, ""));
    let (config, to) = (config.display().to_string(), library.catalog().display().to_string());
    let mut call = vitrine_tests::program::command(&["catalog", "--config", &config, "--out", &to]);
    call.args(["--views", "2", "--size", "64", "--output", "json"]);
    run(draws(call.current_dir(env!("CARGO_MANIFEST_DIR")))).json(0);
    let photo = library.beside("photo.png", "");
    std::fs::write(&photo, plain([200, 10, 10])).expect("a file can be written");
    let photo = photo.display().to_string();
    let mut search = vitrine_tests::program::command(&["search", "--output", "json"]);
    search.args(["--catalog", &to, "--image", &photo]);
    let found = run(search.current_dir(library.path())).json(0);
    assert_eq!(found["hits"][0]["name"], "red", "{found}");
}

#[test]
fn without_thumbnails_a_model_still_sees_the_views() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0, 0)", None));
    seen(&library, &["--no-thumbnails"]);
    assert!(files(&library, "thumbnails").is_empty() && files(&library, "models").is_empty());
    let red = library.document("a/red.usda");
    assert_eq!((&red["thumbnail_uri"], &red["model_uri"]), (&Value::Null, &Value::Null));
    assert_eq!(red["has_visual_embedding"], true);
    assert_eq!(files(&library, "embeddings").len(), 1);
}

#[test]
fn what_ends_its_process_while_it_is_drawn_is_catalogued_without_pictures() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0, 0)", None));
    library.write("a/lights.usda", "#usda 1.0\ndef SphereLight \"Light\" {}\n");
    // A picture of 4096 × 4096 takes more than the memory that the child may have.
    let mut call = library.call(&["--size", "4096"]);
    call.env("VITRINE_EXTRACTION__MEMORY_BYTES_MAX", "67108864");
    let ended = run(draws(&mut call));
    let report = ended.json(0);
    assert_eq!((&report["counts"]["indexed"], &report["counts"]["failed"]), (&2.into(), &0.into()));
    assert_eq!(report["undrawn"]["count"], 1, "lights alone are no reason: {report}");
    let sample = &report["undrawn"]["samples"][0];
    assert_eq!(sample[0], "a/red.usda");
    assert!(sample[1].as_str().is_some_and(|reason| reason.contains("memory")), "{sample}");
    assert_eq!(library.document("a/red.usda")["usd"]["prims"]["Cube"], 1, "its facts are there");
    assert!(files(&library, "thumbnails").is_empty());
    // It is not tried in every run.
    let mut call = library.call(&["--size", "4096"]);
    call.env("VITRINE_EXTRACTION__MEMORY_BYTES_MAX", "67108864");
    assert_eq!(run(draws(&mut call)).json(0)["counts"]["skipped"], 2);
}

#[test]
fn what_somebody_killed_while_it_was_drawn_is_drawn_by_the_next_run() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0, 0)", None));
    let mut call = library.call(&["--size", "512", "--views", "36"]);
    let mut run_of = start(draws(&mut call));
    // As the system does where memory ends: no child lives for long.
    while run_of.try_wait().expect("a child can be waited for").is_none() {
        for child in children(run_of.id()) {
            std::thread::sleep(std::time::Duration::from_millis(150));
            signal("KILL", child);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(files(&library, "thumbnails").is_empty());
    let next = library.drawn(&["--size", "512", "--views", "36"]);
    assert_eq!(next["counts"]["indexed"], 1, "{next}");
    let next = library.drawn(&["--size", "512", "--views", "36"]);
    assert_eq!(next["counts"]["skipped"], 1, "{next}");
}

#[test]
fn nothing_to_be_seen_gives_no_pictures_and_is_no_error() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0, 0)", None));
    let flat = r#"#usda 1.0
def Mesh "M" (
)
{
    int[] faceVertexCounts = [3]
    int[] faceVertexIndices = [0, 1, 2]
    point3f[] points = [(1, 1, 1), (1, 1, 1), (1, 1, 1)]
}
"#;
    library.write("a/flat.usda", flat);
    let report = seen(&library, &["--views", "4"]);
    assert_eq!((&report["counts"]["indexed"], &report["undrawn"]["count"]), (&2.into(), &0.into()));
    let flat = library.document("a/flat.usda");
    assert_eq!((&flat["thumbnail_uri"], &flat["model_uri"]), (&Value::Null, &Value::Null));
    assert_eq!(flat["has_visual_embedding"], false);
    assert_eq!(library.document("a/red.usda")["has_visual_embedding"], true);
}

#[test]
fn a_text_model_for_pictures_wants_a_model_of_pictures() {
    let library = Library::new();
    let out = library.catalog().display().to_string();
    let folder = library.path().display().to_string();
    let mut call = vitrine_tests::program::command(&["catalog", &folder, "--out", &out]);
    let ended = run(call.args(["--paired-text", "models/words"]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--clip"), "{}", ended.stderr);
}

#[test]
fn the_cameras_of_an_asset_give_pictures_when_they_are_asked_for() {
    let library = Library::new();
    let camera = r#"def Camera "Front" { double3 xformOp:translate = (0, -5, 0)
        float3 xformOp:rotateXYZ = (90, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateXYZ"] }"#;
    let with =
        cube("(0.8, 0, 0)", None).replacen("def Cube", &format!("{camera}\n    def Cube"), 1);
    library.write("a/red.usda", with);
    library.drawn(&["--size", "64", "--cameras"]);
    let red = id(&library, "a/red.usda");
    let picture: PathBuf = library.catalog().join(format!("thumbnails/{red}/camera-0.png"));
    let [r, g, _] = colours(&picture).get_pixel(32, 32).0;
    assert!(r > 90 && r > 2 * g, "it looks at the cube");
    library.drawn(&["--size", "64"]);
    assert!(!picture.exists(), "and is gone when nobody asks any more");
}

#[test]
fn a_contact_sheet_shows_every_asset() {
    let library = Library::new();
    library.write("a/red.usda", cube("(0.8, 0, 0)", None));
    library.write("a/lights.usda", "#usda 1.0\ndef SphereLight \"Light\" {}\n");
    library.drawn(&["--size", "64"]);
    let sheet = library.path().join("sheet.png").display().to_string();
    let catalog = library.catalog().display().to_string();
    let mut call = vitrine_tests::program::command(&["contact-sheet", "--catalog", &catalog]);
    let ended = run(call.args(["--out", &sheet, "--tile", "48"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("2 assets") && ended.stdout.contains("1 of them"), "{ended:?}");
    assert!(colours(Path::new(&sheet)).pixels().any(|pixel| pixel.0[0] > 100 && pixel.0[1] < 60));
}
