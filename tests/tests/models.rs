//! `vitrine models` as a user calls it, and what it exits with.

use std::path::Path;

use serde_json::{Value, json};
use vitrine_tests::program::{Ended, command};

/// Calls with a cache of its own, a hub that nobody answers for, and no Maven on the PATH.
fn models(cache: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = command(&[&["models"], arguments].concat());
    for name in ["HF_HUB_OFFLINE", "HF_TOKEN"] {
        command.env_remove(name);
    }
    command.env("VITRINE_CACHE_DIR", cache).env("PATH", "/nonexistent");
    command.env("HF_ENDPOINT", "http://127.0.0.1:9"); // The discard port: nobody listens.
    command.envs(variables.iter().copied());
    Ended::new(command.output().expect("the program starts"))
}

fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).expect("standard output is JSON")
}

/// A cache that holds one model, as a fetch leaves it.
fn filled_cache() -> tempfile::TempDir {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let folder = cache.path().join("models/hf--owner--name--main");
    std::fs::create_dir_all(folder.join("onnx")).expect("the folder is writable");
    let record = json!({
        "v": 1, "uri": "hf://owner/name", "source": "https://hub/owner/name@0123",
        "files": {"onnx/model.onnx": {"size_bytes": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
            "tokenizer.json": {"size_bytes": 2,
            "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}},
    });
    for (name, text) in [
        ("onnx/model.onnx", "abc"),
        ("tokenizer.json", "{}"),
        ("vitrine.json", &record.to_string()),
    ] {
        std::fs::write(folder.join(name), text).expect("the folder is writable");
    }
    cache
}

#[test]
fn list_shows_what_the_cache_holds_and_what_is_known_by_name() {
    let cache = filled_cache();
    let ended = models(cache.path(), &["list", "--output", "json"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let listed = json_of(&ended);
    assert_eq!(listed["models"][0]["uri"], "hf://owner/name");
    assert_eq!(listed["models"][0]["size_bytes"], 5);
    assert_eq!(listed["known"][0]["name"], "all-minilm-l6-v2");

    let text = models(cache.path(), &["list"], &[]).stdout;
    assert!(
        text.contains("hf://owner/name  sentences, 0.0 MB, from https://hub/owner/name@0123"),
        "{text}"
    );
}

#[test]
fn a_cached_model_is_pulled_and_verified_without_any_network() {
    let cache = filled_cache();
    let offline = [("HF_HUB_OFFLINE", "1")];
    let ended = models(cache.path(), &["pull", "hf://owner/name", "--output", "json"], &offline);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(json_of(&ended)["pooling"], "mean");
    let ended = models(cache.path(), &["verify"], &offline);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "ok      hf://owner/name\n"));
}

#[test]
fn a_damaged_model_is_named_and_the_exit_code_says_permanent() {
    let cache = filled_cache();
    let weights = cache.path().join("models/hf--owner--name--main/onnx/model.onnx");
    std::fs::write(weights, "abd").expect("the file is writable");
    let ended = models(cache.path(), &["verify", "hf://owner/name", "--output", "json"], &[]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(json_of(&ended)["models"][0]["ok"], false);
    assert!(ended.stderr.contains("vitrine models pull --force"), "{}", ended.stderr);
}

#[test]
fn each_way_to_fail_has_its_exit_code_and_its_cure() {
    let cache = filled_cache();
    let (none, offline) = ([].as_slice(), [("HF_HUB_OFFLINE", "1")].as_slice());
    let pin = "0".repeat(64);
    #[rustfmt::skip]
    let cases: &[(&[&str], &[(&str, &str)], i32, &str)] = &[
        (&["pull", "hf://other/name"],                   none,    1, "cannot reach http://127.0.0.1:9"),
        (&["pull"],                                      none,    1, "install Maven"),
        (&["pull"],                                      offline, 3, "HF_HUB_OFFLINE"),
        (&["pull", "hf://owner/name", "--sha256", &pin], none,    3, "but 0000"),
        (&["pull", "pvc://claim/path"],                  none,    2, "volume of a cluster"),
        (&["pull", "hf://owner"],                        none,    2, "hf://owner/name"),
        (&["pull", "./nowhere"],                         none,    3, "there is no such folder"),
        (&["verify", "hf://other/name"],                 none,    2, "is not in the cache"),
        (&["verify", "./nowhere"],                       none,    2, "is a local folder"),
    ];
    for &(arguments, variables, code, says) in cases {
        let ended = models(cache.path(), arguments, variables);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
    }
}
