//! `vitrine inspect`: one file, no catalogue.

use serde_json::json;
use vitrine_tests::library::{Library, texture, usda};
use vitrine_tests::program::{command, run};

#[test]
fn json_has_the_field_names_of_the_documents() {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", &texture("./wood.png")));
    let mut call = command(&["inspect", "--output", "json", "--root"]);
    let found = run(call.arg(library.path()).arg(library.path().join("office/desk.usda"))).json(0);
    library.report(&[]);
    let document = library.document("office/desk.usda");
    for field in ["name", "path", "size_bytes", "tags", "description", "usd"] {
        assert_eq!(found[field], document[field], "{field}");
    }
    assert_eq!(found["usd"]["missing_dependencies"], json!(["office/wood.png"]));
    assert_eq!(found["kind"], "component");
}

#[test]
fn people_get_a_table() {
    let library = Library::new();
    library.write("desk.usda", usda("Desk", "", ""));
    let ended = run(command(&["inspect", "desk.usda"]).current_dir(library.path()));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let row = ended.stdout.lines().find(|line| line.starts_with("bounds.size_m"));
    assert_eq!(
        row.map(|row| row.split_whitespace().skip(1).collect()),
        Some(vec!["1,", "2,", "0"])
    );
}

#[test]
fn a_broken_file_is_named_with_its_reason() {
    let library = Library::new();
    library.write("broken.usda", "#usda 1.0\ndef {");
    let ended = run(command(&["inspect", "broken.usda"]).current_dir(library.path()));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("broken.usda: line 2"), "{}", ended.stderr);
}

#[test]
fn a_file_outside_the_root_is_a_mistake() {
    let library = Library::new();
    library.write("a/desk.usda", usda("Desk", "", "")).write("b/x", "");
    let mut call = command(&["inspect", "a/desk.usda", "--root", "b"]);
    let ended = run(call.current_dir(library.path()));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--root"), "{}", ended.stderr);
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    for name in ["pipe.mp4", "pipe.usd"] {
        let made = run(std::process::Command::new("mkfifo").arg(folder.path().join(name)));
        assert_eq!(made.code, Some(0), "{}", made.stderr);
    }
    for name in ["folder.mp4", "folder.usd"] {
        std::fs::create_dir(folder.path().join(name)).expect("a new folder is writable");
    }
    for (name, words) in [
        ("pipe.mp4", "pipe.mp4 is no regular file; copy what it gives into a file"),
        ("pipe.usd", "pipe.usd is no regular file; copy what it gives into a file"),
        ("folder.mp4", "folder.mp4 is a folder; `vitrine embed` reads folders"),
        ("folder.usd", "folder.usd is a folder; `vitrine catalog` reads folders"),
        ("/dev/zero", "no regular file"),
    ] {
        let ended = run(command(&["inspect", name]).current_dir(folder.path()));
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{name}: {}", ended.stderr);
    }
}
