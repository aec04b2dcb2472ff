//! Models over the hub's protocol, spoken by a small server on a real socket.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use server::{Reply, Server};
use vitrine::embed;
use vitrine::model::http::{self, Http, Retry};
use vitrine::model::known::Kind;
use vitrine::model::{Access, Cache, ModelError, digest, store};
use vitrine_crds::library::{Algorithm, Device, EmbeddingSpec, ModelSpec, Provider};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const LISTING: &str = "/api/models/owner/name/revision/main";

/// A repository with weights of `size` bytes and a tokenizer.
fn repository(size: usize) -> Server {
    let weights = weights(size);
    let sha256 = digest::of_bytes(&weights);
    let names = ["onnx/model.onnx", "tokenizer.json", "config.json", "README.md", "../../evil"];
    let siblings: Vec<_> =
        names.iter().map(|name| serde_json::json!({"rfilename": name})).collect();
    let listing = serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string();
    let server = Server::start();
    server.set(LISTING, Reply::ok(listing));
    server.set(&file("onnx/model.onnx"), Reply::ok(weights).etag(&sha256));
    server.set(&file("tokenizer.json"), Reply::ok("{}"));
    server.set(&file("config.json"), Reply::ok(r#"{"hidden_size": 384}"#));
    server
}

fn file(name: &str) -> String {
    format!("/owner/name/resolve/{COMMIT}/{name}")
}

fn weights(size: usize) -> Vec<u8> {
    (0..size).map(|byte| ((byte * 7_919) >> 3) as u8).collect()
}

fn access(endpoint: &str, cache: &Path) -> Access {
    Access {
        cache: Cache::new(cache),
        offline: false,
        endpoint: endpoint.to_owned(),
        token: None,
        storage: Default::default(),
        maven: PathBuf::from("/nonexistent/mvn"),
        retry: Retry { tries_max: 3, pause: Duration::from_millis(5) },
        progress: false,
    }
}

fn spec(sha256: Option<String>) -> ModelSpec {
    ModelSpec { uri: "hf://owner/name".to_owned(), sha256 }
}

#[test]
fn a_model_is_fetched_once_and_then_no_network_is_touched() {
    let (server, folder) = (repository(50_000), tempfile::tempdir().unwrap());
    let mut access = access(&server.url(), folder.path());
    let model = access.resolve(&spec(None)).unwrap();
    assert_eq!(std::fs::read(&model.files.weights).unwrap(), weights(50_000));
    assert_eq!(model.sha256, digest::of_bytes(&weights(50_000)));
    assert_eq!(model.source.as_deref(), Some(&*format!("{}/owner/name@{COMMIT}", server.url())));
    assert_eq!(model.files.dims, Some(384));
    // Only what a text model needs: no README, and no name that climbs.
    let asked: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked.len(), 4, "{asked:?}");

    access.offline = true;
    assert_eq!(access.resolve(&spec(None)).unwrap().sha256, model.sha256);
    access.offline = false;
    access.resolve(&spec(None)).unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn what_came_instead_of_a_network_of_people_is_told_and_not_kept() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let listing = serde_json::json!({"sha": COMMIT, "siblings": [{"rfilename": "end2end.onnx"}]});
    server.set(LISTING, Reply::ok(listing.to_string()));
    server.set(&file("end2end.onnx"), Reply::ok("<html>come back later</html>"));
    let access = access(&server.url(), folder.path());
    let error = access.networks(&spec(None)).unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("model hf://owner/name: end2end.onnx is no ONNX file; name"),
        "{said}"
    );
    assert!(!error.is_transient());
    let kept = std::fs::read_dir(folder.path().join("models")).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept.len(), 1, "the lock alone: {kept:?}");

    server.set(&file("end2end.onnx"), Reply::ok(b"\x08\x07".to_vec()));
    let here = access.networks(&spec(None)).unwrap();
    assert_eq!(std::fs::read(here.join("end2end.onnx")).unwrap(), b"\x08\x07");
    // One that an older version kept.
    let entry = &access.cache.list().unwrap()[0];
    entry.verify().unwrap();
    std::fs::write(here.join("end2end.onnx"), "no").unwrap();
    assert!(entry.verify().is_err());
}

#[test]
fn a_cut_download_continues_where_it_stopped() {
    let (server, folder) = (repository(300_000), tempfile::tempdir().unwrap());
    let path = file("onnx/model.onnx");
    let sha256 = digest::of_bytes(&weights(300_000));
    server.set(&path, Reply::ok(weights(300_000)).etag(&sha256).cut_after(100_000).times(1));
    server.then(&path, Reply::ok(weights(300_000)).etag(&sha256).cut_after(150_000).times(1));
    server.then(&path, Reply::ok(weights(300_000)).etag(&sha256));
    let model = access(&server.url(), folder.path()).resolve(&spec(Some(sha256))).unwrap();
    assert_eq!(std::fs::read(&model.files.weights).unwrap(), weights(300_000));
    let requests = server.requests_of(&path);
    let ranges: Vec<Option<&str>> = requests.iter().map(|r| r.header("range")).collect();
    assert_eq!(ranges, [None, Some("bytes=100000-"), Some("bytes=250000-")]);
}

#[test]
fn another_process_continues_what_a_killed_one_left() {
    let (server, folder) = (repository(300_000), tempfile::tempdir().unwrap());
    let path = file("onnx/model.onnx");
    let sha256 = digest::of_bytes(&weights(300_000));
    server.set(&path, Reply::ok(weights(300_000)).etag(&sha256).cut_after(100_000).times(1));
    server.then(&path, Reply::status(503).times(2));
    server.then(&path, Reply::ok(weights(300_000)).etag(&sha256));
    let access = access(&server.url(), folder.path());
    let error = access.resolve(&spec(None)).unwrap_err();
    assert!(error.is_transient(), "{error}");
    let model = access.resolve(&spec(None)).unwrap();
    assert_eq!(model.sha256, sha256);
    assert_eq!(server.requests_of(&path)[3].header("range"), Some("bytes=100000-"));
}

#[test]
fn a_file_that_changed_in_between_starts_anew() {
    let (server, folder) = (repository(0), tempfile::tempdir().unwrap());
    let path = file("onnx/model.onnx");
    let (old, new) = (weights(300_000), vec![7; 200_000]);
    server.set(&path, Reply::ok(old).etag("one").cut_after(100_000).times(1));
    server.then(&path, Reply::ok(new.clone()).etag("two"));
    let model = access(&server.url(), folder.path()).resolve(&spec(None)).unwrap();
    assert_eq!(std::fs::read(&model.files.weights).unwrap(), new);
}

#[test]
fn a_wrong_pin_names_both_digests_and_leaves_nothing_behind() {
    let (server, folder) = (repository(1_000), tempfile::tempdir().unwrap());
    let access = access(&server.url(), folder.path());
    let (pin, found) = ("0".repeat(64), digest::of_bytes(&weights(1_000)));
    let error = access.resolve(&spec(Some(pin.clone()))).unwrap_err();
    assert!(!error.is_transient());
    let said = error.to_string();
    assert!(said.contains(&pin) && said.contains(&found), "{said}");
    assert!(access.cache.list().unwrap().is_empty());

    // The pin holds for a cached model too.
    access.resolve(&spec(Some(found))).unwrap();
    assert!(matches!(access.resolve(&spec(Some(pin))), Err(ModelError::Digest { .. })));
}

#[test]
fn bytes_other_than_the_hub_promised_are_refused() {
    let (server, folder) = (repository(1_000), tempfile::tempdir().unwrap());
    let promised = digest::of_bytes(b"something else");
    server.set(&file("onnx/model.onnx"), Reply::ok(weights(1_000)).etag(&promised));
    let error = access(&server.url(), folder.path()).resolve(&spec(None)).unwrap_err();
    assert!(matches!(error, ModelError::Digest { .. }), "{error}");
}

#[test]
fn each_refusal_says_what_to_do() {
    #[rustfmt::skip]
    let cases = [
        (401, "HF_TOKEN",            false),
        (403, "HF_TOKEN",            false),
        (500, "answered 500",        true),
        (429, "answered 429",        true),
    ];
    for (status, expected, transient) in cases {
        let (server, folder) = (repository(10), tempfile::tempdir().unwrap());
        server.set(LISTING, Reply::status(status));
        let error = access(&server.url(), folder.path()).resolve(&spec(None)).unwrap_err();
        assert!(error.to_string().contains(expected), "{status}: {error}");
        assert_eq!(error.is_transient(), transient, "{status}: {error}");
        // What may pass is tried three times, what will not is tried once.
        assert_eq!(server.requests().len(), if transient { 3 } else { 1 }, "{status}");
    }
}

#[test]
fn a_repository_without_onnx_says_how_to_make_one() {
    let (server, folder) = (repository(10), tempfile::tempdir().unwrap());
    let listing = serde_json::json!({"sha": COMMIT, "siblings": [{"rfilename": "pytorch.bin"}]});
    server.set(LISTING, Reply::ok(listing.to_string()));
    let said = access(&server.url(), folder.path()).resolve(&spec(None)).unwrap_err().to_string();
    assert!(said.contains("no ONNX file") && said.contains("hf://owner/name"), "{said}");
}

#[test]
fn a_mirror_without_listings_is_asked_for_the_known_names() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    server.set("/owner/name/resolve/v1/model.onnx", Reply::ok(weights(10)));
    server.set("/owner/name/resolve/v1/tokenizer.json", Reply::ok("{}"));
    let spec = ModelSpec { uri: "hf://owner/name@v1".to_owned(), sha256: None };
    let model = access(&server.url(), folder.path()).resolve(&spec).unwrap();
    assert!(model.files.weights.ends_with("model.onnx"));
    assert_eq!(std::fs::read(&model.files.weights).unwrap(), weights(10));
}

#[test]
fn the_token_goes_to_the_hub_and_not_where_the_hub_redirects() {
    let (hub, store) = (repository(10), Server::start());
    let folder = tempfile::tempdir().unwrap();
    let sha256 = digest::of_bytes(&weights(10));
    store.set("/blob", Reply::ok(weights(10)));
    let location = format!("{}/blob?signature=secret", store.url());
    let redirect = Reply::status(302).header("Location", &location);
    hub.set(&file("onnx/model.onnx"), redirect.header("X-Linked-Etag", &format!("\"{sha256}\"")));
    let mut access = access(&hub.url(), folder.path());
    access.token = Some("hf_secret".to_owned());
    assert_eq!(access.resolve(&spec(None)).unwrap().sha256, sha256);
    assert!(hub.requests().iter().all(|r| r.header("authorization") == Some("Bearer hf_secret")));
    assert_eq!(store.requests()[0].header("authorization"), None);
}

#[test]
fn a_redirected_failure_does_not_tell_the_signature() {
    let (hub, store) = (repository(10), Server::start());
    let folder = tempfile::tempdir().unwrap();
    store.set("/blob", Reply::status(403));
    let location = format!("{}/blob?signature=secret", store.url());
    hub.set(&file("onnx/model.onnx"), Reply::status(302).header("Location", &location));
    let said = access(&hub.url(), folder.path()).resolve(&spec(None)).unwrap_err().to_string();
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn offline_with_an_empty_cache_names_the_cure() {
    let (server, folder) = (repository(10), tempfile::tempdir().unwrap());
    let mut access = access(&server.url(), folder.path());
    access.offline = true;
    let error = access.resolve(&spec(None)).unwrap_err();
    assert!(!error.is_transient());
    let said = error.to_string();
    assert!(said.contains("HF_HUB_OFFLINE") && said.contains("vitrine models pull"), "{said}");
    assert!(server.requests().is_empty());
}

#[test]
fn where_neither_hub_nor_maven_answers_both_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let access = access("http://127.0.0.1:9", folder.path()); // The discard port: nobody listens.
    let uri = "hf://sentence-transformers/all-MiniLM-L6-v2".to_owned();
    let error = access.resolve(&ModelSpec { uri, sha256: None }).unwrap_err();
    assert!(error.is_transient());
    let said = error.to_string();
    assert!(said.contains("127.0.0.1:9") && said.contains("/nonexistent/mvn"), "{said}");
}

#[test]
fn processes_that_start_together_fetch_once() {
    let (server, folder) = (repository(400_000), tempfile::tempdir().unwrap());
    let access = access(&server.url(), folder.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| access.resolve(&spec(None)).unwrap());
        }
    });
    assert_eq!(server.requests_of(&file("onnx/model.onnx")).len(), 1);
}

#[test]
fn a_folder_below_a_web_address_is_fetched_and_continued() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let path = "/models/x/onnx/model.onnx";
    server.set(path, Reply::ok(weights(300_000)).etag("one").cut_after(100_000).times(1));
    server.then(path, Reply::status(503).times(2));
    server.then(path, Reply::ok(weights(300_000)).etag("one"));
    server.set("/models/x/tokenizer.json", Reply::ok("{}"));
    let base = format!("{}/models/x", server.url());
    let fetch = || {
        let retry = Retry { tries_max: 3, pause: Duration::from_millis(5) };
        let http = Http::new(&base, None, retry, false).unwrap();
        http::wait(store::fetch_web(&http, &base, Kind::Sentence, folder.path()))
    };
    std::fs::write(folder.path().join("config.json"), "old").unwrap();
    assert!(fetch().unwrap_err().is_transient());
    assert_eq!(fetch().unwrap(), ["onnx/model.onnx", "tokenizer.json"]);
    assert_eq!(std::fs::read(folder.path().join("onnx/model.onnx")).unwrap(), weights(300_000));
    assert_eq!(server.requests_of(path)[3].header("range"), Some("bytes=100000-"));
    assert!(!folder.path().join("config.json").exists());
}

#[test]
fn a_web_folder_without_weights_is_named() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let retry = Retry { tries_max: 1, pause: Duration::ZERO };
    let http = Http::new(&server.url(), None, retry, false).unwrap();
    let fetched = http::wait(store::fetch_web(&http, &server.url(), Kind::Sentence, folder.path()));
    let said = fetched.unwrap_err().to_string();
    assert!(said.contains("neither onnx/model.onnx nor model.onnx is there"), "{said}");
}

/// A repository of a dual encoder with these files of weights, each of 1,000 bytes and its own.
fn dual(weights: &[&str]) -> Server {
    let mut names = weights.to_vec();
    names.extend(["config.json", "preprocessor_config.json", "tokenizer.json", "README.md"]);
    let siblings: Vec<_> =
        names.iter().map(|name| serde_json::json!({"rfilename": name})).collect();
    let listing = serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string();
    let server = Server::start();
    server.set(LISTING, Reply::ok(listing));
    for name in weights {
        server.set(&file(name), Reply::ok(bytes_of(name)));
    }
    server.set(&file("config.json"), Reply::ok(r#"{"model_type": "siglip"}"#));
    server.set(&file("preprocessor_config.json"), Reply::ok("{}"));
    server.set(&file("tokenizer.json"), Reply::ok("{}"));
    server
}

fn bytes_of(name: &str) -> String {
    name.repeat(1_000 / name.len())
}

#[test]
fn of_a_dual_encoder_both_encoders_come_and_the_pin_covers_all_their_files() {
    let weights = ["onnx/vision_model.onnx", "onnx/vision_model.onnx_data", "onnx/text_model.onnx"];
    let mut all = weights.to_vec();
    all.extend(["onnx/model.onnx", "onnx/vision_model_quantized.onnx"]);
    let (server, folder) = (dual(&all), tempfile::tempdir().unwrap());
    let mut access = access(&server.url(), folder.path());
    let model = access.resolve_dual(&spec(None)).unwrap();
    let found: Vec<_> = weights.iter().map(|name| model.files.folder.join(name)).collect();
    assert_eq!(model.files.weights, found);
    // As a person would: sha256sum of each, a space between, sha256sum of that.
    let each = weights.map(|name| digest::of_bytes(bytes_of(name).as_bytes()));
    assert_eq!(model.sha256, digest::of_bytes(each.join(" ").as_bytes()));
    assert_eq!(server.requests().len(), 1 + weights.len() + 3, "{:?}", server.requests());
    for unwanted in ["onnx/model.onnx", "onnx/vision_model_quantized.onnx", "README.md"] {
        assert!(server.requests_of(&file(unwanted)).is_empty(), "{unwanted}");
    }

    access.offline = true;
    assert_eq!(
        access.resolve_dual(&spec(Some(model.sha256.clone()))).unwrap().sha256,
        model.sha256
    );
    // One encoder's digest says nothing of the other.
    let error = access.resolve_dual(&spec(Some(each[0].clone()))).unwrap_err();
    assert!(matches!(error, ModelError::Digest { .. }), "{error}");
    // As a sentence model the same repository is another set of files, which is not here.
    assert!(matches!(access.resolve(&spec(None)), Err(ModelError::Offline { .. })));
    let listed = access.cache.list().unwrap();
    assert_eq!(listed.iter().map(|entry| entry.kind()).collect::<Vec<_>>(), [Kind::Dual]);
    listed[0].verify().unwrap();
}

#[test]
fn one_file_may_hold_both_encoders_and_a_model_of_pictures_needs_no_texts() {
    #[rustfmt::skip]
    let cases: &[(&[&str], &[&str])] = &[
        (&["onnx/model.onnx"],                       &["onnx/model.onnx"]),
        (&["vision_model.onnx"],                     &["vision_model.onnx"]),
        (&["vision_model.onnx", "model.onnx"],       &["vision_model.onnx", "model.onnx"]),
        (&["vision_model.onnx", "text_model.onnx"],  &["vision_model.onnx", "text_model.onnx"]),
    ];
    for (there, expected) in cases {
        let (server, folder) = (dual(there), tempfile::tempdir().unwrap());
        let sha256 = match expected {
            [one] => digest::of_bytes(bytes_of(one).as_bytes()),
            more => {
                let each: Vec<_> =
                    more.iter().map(|name| digest::of_bytes(bytes_of(name).as_bytes())).collect();
                digest::of_bytes(each.join(" ").as_bytes())
            }
        };
        let model = access(&server.url(), folder.path()).resolve_dual(&spec(Some(sha256)));
        let model = model.unwrap();
        let found: Vec<_> = expected.iter().map(|name| model.files.folder.join(name)).collect();
        assert_eq!(model.files.weights, found);
    }
}

#[test]
fn a_dual_encoder_with_a_wrong_pin_leaves_nothing_behind() {
    let server = dual(&["onnx/vision_model.onnx", "onnx/text_model.onnx"]);
    let folder = tempfile::tempdir().unwrap();
    let access = access(&server.url(), folder.path());
    let said = access.resolve_dual(&spec(Some("0".repeat(64)))).unwrap_err().to_string();
    assert!(said.contains("vision_model.onnx with") && said.contains("text_model.onnx"), "{said}");
    assert!(access.cache.list().unwrap().is_empty());
}

#[test]
fn a_repository_without_an_encoder_of_pictures_says_how_to_make_one() {
    let (server, folder) = (dual(&["onnx/text_model.onnx"]), tempfile::tempdir().unwrap());
    let access = access(&server.url(), folder.path());
    let said = access.resolve_dual(&spec(None)).unwrap_err().to_string();
    assert!(said.contains("neither vision_model.onnx nor model.onnx"), "{said}");
    assert!(said.contains("optimum-cli export onnx"), "{said}");
}

#[test]
fn a_dual_encoder_is_fetched_below_a_web_address() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let names = ["vision_model.onnx", "text_model.onnx", "preprocessor_config.json"];
    for name in names {
        server.set(&format!("/models/x/{name}"), Reply::ok(bytes_of(name)));
    }
    let base = format!("{}/models/x", server.url());
    let retry = Retry { tries_max: 1, pause: Duration::ZERO };
    let http = Http::new(&base, None, retry, false).unwrap();
    let files = http::wait(store::fetch_web(&http, &base, Kind::Dual, folder.path())).unwrap();
    assert_eq!(files, names);
    for name in names {
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), bytes_of(name));
    }
}

#[test]
fn a_real_dual_encoder_from_the_hub_gives_pictures_and_texts_of_one_space() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/images/clip");
    let names = [
        "vision_model.onnx",
        "text_model.onnx",
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    let server = Server::start();
    let siblings: Vec<_> =
        names.iter().map(|name| serde_json::json!({"rfilename": name})).collect();
    let listing = serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string();
    server.set(LISTING, Reply::ok(listing));
    for name in names {
        server.set(&file(name), Reply::ok(std::fs::read(data.join(name)).unwrap()));
    }
    let folder = tempfile::tempdir().unwrap();
    let access = access(&server.url(), folder.path());
    let device = Device { provider: Provider::Cpu, ..Device::default() };
    let options = embed::Options::on(&device);
    let of = |algorithm| EmbeddingSpec {
        name: "clip".to_owned(),
        algorithm,
        model: spec(None),
        text_model: None,
        batch: Some(3),
    };
    let clip = of(Algorithm::Clip);
    let mut pictures = embed::open_pictures_from(&access, &clip, &options).unwrap();
    let mut texts = embed::open_from(&access, &clip, &options).unwrap();
    assert_eq!((pictures.dims(), pictures.pictures_max()), (texts.dims(), 3));
    let grey = vitrine_image::Rgb::new(5, 7, vec![128; 105]).unwrap();
    let vector = pictures.embed(&[grey]).unwrap().remove(0);
    let length = vector.iter().map(|value| value * value).sum::<f32>();
    assert!((length - 1.0).abs() < 1e-5);
    assert_eq!(texts.embed(&["a chair".to_owned()]).unwrap()[0].len(), vector.len());

    let said = embed::open_pictures_from(&access, &of(Algorithm::Siglip), &options);
    let said = said.err().unwrap().to_string();
    assert!(said.contains("it is clip") && said.contains("configure `clip`"), "{said}");
    assert!(said.contains("hf://owner/name"), "{said}");
    let said = embed::open_pictures_from(&access, &of(Algorithm::Text), &options);
    let said = said.err().unwrap().to_string();
    assert!(said.contains("embeds no pictures"), "{said}");
}
