//! `vitrine catalog` from and into a real S3 server.

use std::process::Command;

use serde_json::Value;
use vitrine_tests::library::{Library, documents, reference, texture, usda};
use vitrine_tests::program::{Ended, command, json_file, run, start};
use vitrine_tests::server::S3;

fn small() -> Library {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", &texture("./wood.png")));
    library.write("office/wood.png", "wood");
    library.write("office/room.usda", usda("Room", &reference("../office/desk.usda"), ""));
    library.write("kitchen/cup with handle.usda", usda("Cup", "", &texture("./no.png")));
    library
}

fn catalog(server: &S3, source: &str, out: &str) -> Ended {
    let arguments = [
        "catalog",
        source,
        "--out",
        out,
        "--name",
        "lib",
        "-q",
        "--no-embeddings",
        "--output",
        "json",
    ];
    let mut call: Command = command(&arguments);
    run(server.lend(&mut call))
}

fn counts(report: &Value) -> [u64; 4] {
    ["read", "indexed", "skipped", "failed"]
        .map(|name| report["counts"][name].as_u64().expect("counts are numbers"))
}

#[test]
fn a_bucket_is_cataloged_like_a_folder_and_only_what_changed_again() {
    let Some(server) = S3::start() else { return };
    let library = small();
    server.bucket("packs");
    server.put_folder("packs", "warehouse", &library.path());
    let out = library.catalog();
    let out = out.to_str().unwrap();
    let report = catalog(&server, "s3://packs/warehouse", out).json(0);
    assert_eq!(counts(&report), [3, 3, 0, 0]);

    // The same facts as from the folder itself.
    let from_bucket = documents(&library.catalog());
    std::fs::remove_dir_all(library.catalog()).unwrap();
    library.report(&[]);
    let from_folder = library.documents();
    for (path, document) in &from_folder {
        assert_eq!(from_bucket[path]["usd"], document["usd"], "{path}");
        assert_eq!(from_bucket[path]["asset_id"], document["asset_id"], "{path}");
    }
    let uri = from_bucket["office/desk.usda"]["uri"].as_str().unwrap();
    assert_eq!(uri, "s3://packs/warehouse/office/desk.usda");

    // Incremental by ETag.
    std::fs::remove_dir_all(library.catalog()).unwrap();
    catalog(&server, "s3://packs/warehouse", out).json(0);
    assert_eq!(counts(&catalog(&server, "s3://packs/warehouse", out).json(0)), [3, 0, 3, 0]);
    put(&server, "packs", "warehouse/office/wood.png", "other wood");
    assert_eq!(counts(&catalog(&server, "s3://packs/warehouse", out).json(0)), [3, 2, 1, 0]);
}

#[test]
fn a_catalogue_in_a_bucket_has_the_same_layout_and_is_kept_up_to_date() {
    let Some(server) = S3::start() else { return };
    let library = small();
    let bucket = server.bucket("catalogs");
    let source = library.path();
    let source = source.to_str().unwrap();
    let report = catalog(&server, source, "s3://catalogs/lib").json(0);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
    let found = documents(&bucket.join("lib"));
    assert_eq!(found.len(), 3);
    let index = json_file(&bucket.join("lib/master_index.json"));
    assert_eq!(index["total_assets"], 3);
    assert_eq!(index["assets"][0]["s3_path"], index["assets"][0]["uri"]);
    assert!(!bucket.join("lib/.vitrine/lock").exists(), "the lock is gone with its run");
    assert_eq!(counts(&catalog(&server, source, "s3://catalogs/lib").json(0)), [3, 0, 3, 0]);
    library.remove("kitchen/cup with handle.usda");
    let report = catalog(&server, source, "s3://catalogs/lib").json(0);
    assert_eq!(report["counts"]["deleted"], 1);
    assert_eq!(documents(&bucket.join("lib")).len(), 2);
}

#[test]
fn pods_work_through_a_bucket_and_a_late_one_disturbs_nobody() {
    let Some(server) = S3::start() else { return };
    let library = Library::new();
    for number in 0..1100 {
        library.write(&format!("pack/thing{number:04}.usda"), usda("Thing", "", ""));
    }
    let bucket = server.bucket("catalogs");
    let config = library.beside(
        "vitrine.yaml",
        &format!(
            "metadata: {{name: lib}}\nspec: {{source: {{uri: {:?}}}, catalog: {{uri: s3://catalogs/lib}}, \
             embeddings: []}}\n",
            library.path().display().to_string()
        ),
    );
    let call = |name: &str, more: &[&str]| {
        let mut call = command(&["run", name, "-q", "--output", "json", "--config"]);
        call.arg(&config).args(more);
        server.lend(&mut call);
        call
    };
    assert_eq!(run(&mut call("scan", &[])).json(0)["chunks"], 2);
    let pods = ["0", "1", "1"].map(|chunk| start(&mut call("work", &["--chunk", chunk])));
    for pod in pods {
        Ended::new(pod.wait_with_output().expect("it was started")).json(0);
    }
    let report = run(&mut call("publish", &[])).json(0);
    assert_eq!(counts(&report), [1100, 1100, 0, 0]);
    assert_eq!(documents(&bucket.join("lib")).len(), 1100);
    let late = run(&mut call("work", &["--run", "1"]));
    assert_eq!(late.code, Some(2), "{}", late.stderr);
    assert_eq!(run(&mut call("scan", &[])).json(0)["found"]["unchanged"], 1100);
}

#[test]
fn a_lock_in_a_bucket_is_respected_while_fresh_and_taken_over_when_stale() {
    let Some(server) = S3::start() else { return };
    let library = small();
    server.bucket("catalogs");
    let source = library.path();
    let source = source.to_str().unwrap();
    let lock = |beat: &str| {
        format!(
            r#"{{"host":"elsewhere","pid":7,"ticks":1,"since":"2026-01-01T00:00:00Z","beat":"{beat}"}}"#
        )
    };
    put(&server, "catalogs", "lib/.vitrine/lock", &lock("2999-01-01T00:00:00Z"));
    let refused = catalog(&server, source, "s3://catalogs/lib");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("process 7 on elsewhere"), "{}", refused.stderr);
    put(&server, "catalogs", "lib/.vitrine/lock", &lock("2026-01-01T00:00:00Z"));
    let report = catalog(&server, source, "s3://catalogs/lib").json(0);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
}

#[test]
fn a_refused_login_and_a_missing_bucket_say_what_to_do() {
    let Some(server) = S3::start() else { return };
    let library = small();
    let out = library.catalog();
    let mut call = command(&["catalog", "s3://nowhere/x", "--no-embeddings", "-q", "--out"]);
    let missing = run(server.lend(call.arg(&out)));
    assert_eq!(missing.code, Some(3), "{}", missing.stderr);
    assert!(missing.stderr.contains("check the bucket's name"), "{}", missing.stderr);
    server.bucket("packs");
    let mut call = command(&["catalog", "s3://packs/x", "--no-embeddings", "-q", "--out"]);
    let refused = run(server.lend(call.arg(&out)).env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("check the credentials"), "{}", refused.stderr);
}

fn put(server: &S3, bucket: &str, key: &str, content: &str) {
    server.put(bucket, vec![(key.to_owned(), content.as_bytes().to_vec())]);
}

#[test]
fn what_materialx_documents_of_a_bucket_name_is_watched() {
    let Some(server) = S3::start() else { return };
    let library = Library::new();
    library.write("a/cup.usda", usda("Cup", &reference("./cup.mtlx"), ""));
    let file = |name: &str| {
        format!(
            "<image name='{name}' type='color3'><input name='file' type='filename' value='{name}.png'/></image>"
        )
    };
    let surface = "<surfacematerial name='M' type='material'>
        <input name='surfaceshader' type='surfaceshader' nodename='S'/></surfacematerial>
        <gltf_pbr name='S' type='surfaceshader'>
            <input name='base_color' type='color3' nodename='clay'/>
            <input name='emissive' type='color3' nodename='glow'/></gltf_pbr>";
    library.write(
        "a/cup.mtlx",
        format!("<materialx>{surface}{}<xi:include href='more.mtlx'/></materialx>", file("clay")),
    );
    library.write("a/more.mtlx", format!("<materialx>{}</materialx>", file("glow")));
    library.write("a/clay.png", "clay");
    server.bucket("mugs");
    server.put_folder("mugs", "all", &library.path());
    let out = library.catalog();
    let out = out.to_str().unwrap();
    catalog(&server, "s3://mugs/all", out).json(0);
    let read = |expected: [u64; 4], because: &str| {
        let report = catalog(&server, "s3://mugs/all", out).json(0);
        assert_eq!(counts(&report), expected, "{because}");
    };
    read([1, 0, 1, 0], "nothing changed");
    put(&server, "mugs", "all/a/clay.png", "other clay");
    read([1, 1, 0, 0], "a picture changed");
    put(&server, "mugs", "all/a/glow.png", "glow");
    read([1, 1, 0, 0], "a picture came that an included document names");
    read([1, 0, 1, 0], "nothing changed");
}

#[test]
fn library_and_catalogue_lie_in_stores_with_logins_of_their_own() {
    let (Some(packs), Some(catalogs)) = (S3::start(), S3::start()) else { return };
    let library = small();
    packs.bucket("packs");
    packs.put_folder("packs", "warehouse", &library.path());
    put(&packs, "packs", "captions.csv", "path,en\nkitchen/cup with handle.usda,A chipped cup\n");
    let bucket = catalogs.bucket("catalogs");
    let secrets = tempfile::tempdir().unwrap();
    for (name, server) in [("from", &packs), ("to", &catalogs)] {
        std::fs::create_dir(secrets.path().join(name)).unwrap();
        for (key, value) in server.variables() {
            std::fs::write(secrets.path().join(name).join(key), value).unwrap();
        }
    }
    // Captions name no Secret: the source's serves.
    let configuration = "apiVersion: vitrine.dev/v1alpha1\nkind: AssetLibrary\nmetadata: {name: lib}\nspec:\n  \
         source: {uri: \"s3://packs/warehouse\", secretRef: {name: from}}\n  \
         captions: {uri: \"s3://packs/captions.csv\"}\n  \
         catalog: {uri: \"s3://catalogs/lib\", secretRef: {name: to}}\n  embeddings: []\n";
    let file = library.beside("vitrine.yaml", configuration);
    let mut call = command(&["catalog", "-q", "--output", "json", "--config"]);
    let report = run(call.arg(file).env("VITRINE_SECRETS_DIR", secrets.path())).json(0);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
    let cup = json_file(&bucket.join("lib/individual/kitchen/cup with handle.json"));
    assert_eq!(cup["caption"]["en"], "A chipped cup");
}
