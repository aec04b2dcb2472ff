//! `vitrine catalog` with the real text model: what it writes, and what it embeds again.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vitrine_tests::library::{Library, usda};
use vitrine_tests::model::{model, pooled_otherwise};
use vitrine_tests::program::{command, json_file, run};

const FIELD: &str = "text_embedding";

fn library() -> Library {
    let library = Library::new();
    library.write("warehouse/forklift.usda", usda("Forklift", "", ""));
    library.write("kitchen/cup.usda", usda("Cup", "", ""));
    library.write("office/desk.usda", usda("Desk", "", ""));
    library
}

fn catalog(library: &Library, more: &[&str]) -> Value {
    let mut call = command(&["catalog", "-q", "--output", "json"]);
    call.arg(library.path()).arg("--out").arg(library.catalog()).args(more);
    run(&mut call).json(0)
}

/// The packed vectors of the field, by asset id.
fn packed(library: &Library) -> Vec<(String, Vec<f32>)> {
    packed_field(library, FIELD)
}

fn packed_field(library: &Library, field: &str) -> Vec<(String, Vec<f32>)> {
    let root = library.catalog();
    let current = json_file(&root.join(".vitrine/current.json"));
    let field = &current["fields"][field];
    let dims = field["dims"].as_u64().expect("dims") as usize;
    let read = |name: &str| std::fs::read(root.join(field[name].as_str().expect("a path")));
    let numbers = floats(&read("vectors").expect("packed vectors"));
    let ids = String::from_utf8(read("ids").expect("packed ids")).expect("ids are text");
    let ids: Vec<&str> = ids.lines().collect();
    assert_eq!(numbers.len(), ids.len() * dims);
    assert!(ids.is_sorted(), "rows are in the order of ids");
    ids.iter().zip(numbers.chunks(dims)).map(|(id, row)| (id.to_string(), row.to_vec())).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect()
}

/// The numbers of a `.npy` file, its header read by hand.
fn npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).expect("headers are text");
    assert!(header.contains("'descr': '<f4'") && header.contains("'shape': (384,)"), "{header}");
    floats(&bytes[10 + length..])
}

#[test]
fn every_document_has_a_unit_vector_that_numpy_reads() {
    let Some(_) = model() else { return };
    let library = library();
    catalog(&library, &[]);
    let packed = packed(&library);
    assert_eq!(packed.len(), 3);
    let folder = library.catalog().join("embeddings").join(FIELD);
    for (id, vector) in &packed {
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!((norm - 1.0).abs() < 1e-5, "{id}: {norm}");
        assert_eq!(&npy(&folder.join(format!("{id}.npy"))), vector);
    }
    let index = json_file(&library.catalog().join("master_index.json"));
    for asset in index["assets"].as_array().expect("assets are a list") {
        let file = library.catalog().join(asset["embedding"].as_str().expect("a path"));
        assert!(file.is_file(), "{}", file.display());
    }
    let python = Command::new("python3")
        .args(["-c", "import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, a.shape)"])
        .arg(folder.join(format!("{}.npy", packed[0].0)))
        .output();
    match python {
        Ok(read) if read.status.success() => {
            assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), "float32 (384,)");
        }
        // Not `skip`: the header was read by hand above.
        _ => eprintln!("numpy is not installed: it was not asked"),
    }
}

#[test]
fn a_changed_caption_changes_one_vector() {
    let Some(_) = model() else { return };
    let library = library();
    catalog(&library, &[]);
    let before = packed(&library);
    let captions = library.beside("captions.csv", "path,en\nkitchen/cup.usda,Holds hot coffee\n");
    let report = catalog(&library, &["--captions", captions.to_str().unwrap()]);
    assert_eq!(
        (&report["found"]["to_read"], &report["found"]["to_describe"]),
        (&0.into(), &1.into())
    );
    let cup = library.document("kitchen/cup.usda")["asset_id"].as_str().unwrap().to_owned();
    for ((id, old), (same, new)) in before.iter().zip(&packed(&library)) {
        assert_eq!(id, same);
        assert_eq!(old != new, *id == cup, "{id}");
    }
}

#[test]
fn another_model_redoes_all_vectors_and_reads_nothing() {
    let Some(folder) = model() else { return };
    let other = pooled_otherwise(&folder);
    let library = library();
    catalog(&library, &[]);
    let before = packed(&library);
    let report = catalog(&library, &["--model", other.path().to_str().unwrap()]);
    assert_eq!(
        (&report["found"]["to_read"], &report["found"]["to_describe"]),
        (&0.into(), &3.into())
    );
    for ((id, old), (same, new)) in before.iter().zip(&packed(&library)) {
        assert_eq!(id, same);
        assert_ne!(old, new, "{id}");
        let file = library.catalog().join("embeddings").join(FIELD).join(format!("{id}.npy"));
        assert_eq!(&npy(&file), new);
    }
}

#[test]
fn of_two_embeddings_only_the_one_whose_model_changed_is_done_again() {
    let Some(folder) = model() else { return };
    let other = pooled_otherwise(&folder);
    let library = library();
    let run = |second: &Path| {
        let config = format!(
            "spec:\n  source: {{uri: {}}}\n  embeddings:\n    \
             - {{name: text, algorithm: text, model: {{uri: {}}}}}\n    \
             - {{name: second, algorithm: text, model: {{uri: {}}}}}\n",
            library.path().display(),
            folder.display(),
            second.display()
        );
        let config = library.beside("vitrine.yaml", &config);
        catalog(&library, &["--config", config.to_str().unwrap()])
    };
    run(&folder);
    let (text, second) = (packed(&library), packed_field(&library, "second_embedding"));
    assert_eq!(text, second, "the same model makes the same vectors");
    let file = |field: &str, id: &str| {
        library.catalog().join("embeddings").join(field).join(format!("{id}.npy"))
    };
    let written = |field: &str| file(field, &text[0].0).metadata().unwrap().modified().unwrap();
    let before = (written(FIELD), written("second_embedding"));
    let report = run(other.path());
    assert_eq!(
        (&report["found"]["to_read"], &report["found"]["to_describe"]),
        (&0.into(), &3.into())
    );
    assert_eq!(packed(&library), text);
    for ((id, old), (same, new)) in second.iter().zip(&packed_field(&library, "second_embedding")) {
        assert_eq!(id, same);
        assert_ne!(old, new, "{id}");
        assert_eq!(&npy(&file("second_embedding", id)), new);
        assert_eq!(&npy(&file(FIELD, id)), old);
    }
    assert_eq!(written(FIELD), before.0, "what is kept is not written again");
    assert_ne!(written("second_embedding"), before.1);
    let index = json_file(&library.catalog().join("master_index.json"));
    assert!(index["assets"][0]["embedding"].as_str().unwrap().contains(FIELD));
    assert_eq!(run(other.path())["counts"]["skipped"], 3);
}

#[test]
fn without_embeddings_the_vectors_leave_and_the_documents_stay() {
    let Some(_) = model() else { return };
    let library = library();
    catalog(&library, &[]);
    let report = catalog(&library, &["--no-embeddings"]);
    assert_eq!(report["found"]["to_read"], 0);
    assert!(!library.catalog().join("embeddings").exists());
    assert_eq!(library.documents().len(), 3);
}

#[test]
fn a_model_that_is_not_there_ends_the_run_with_a_sentence() {
    let library = library();
    let mut call = command(&["catalog", "-q", "--model", "/nowhere/model"]);
    let ended = run(call.arg(library.path()).arg("--out").arg(library.catalog()));
    assert!(matches!(ended.code, Some(2 | 3)), "{:?} {}", ended.code, ended.stderr);
    assert!(ended.stderr.contains("/nowhere/model"), "{}", ended.stderr);
    assert!(library.documents().is_empty());
}
