//! Logging in, TLS and least privilege, against a server that has them.
#![allow(clippy::unwrap_used)] // A test that cannot reach what it made proves nothing.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use vitrine_tests::certificates::{self, Authority};
use vitrine_tests::elasticsearch::Elasticsearch;
use vitrine_tests::library::{Library, usda};
use vitrine_tests::program::{Ended, command, run};
use vitrine_tests::secured::{PASSWORD, Secured, USER};

/// A password that is not the administrator's.
const WRONG: &str = "wrong-secret";

/// A search by words for `desk` in `index`.
fn search(server: &Secured, url: &str, index: &str) -> Command {
    let mut call = command(&["search", "desk", "--algorithm", "words", "--output", "json"]);
    Elasticsearch::lend(&mut call, url, index).env("ELASTICSEARCH_CA_CERT", server.ca());
    call
}

fn as_user<'a>(call: &'a mut Command, user: &str, password: &str) -> &'a mut Command {
    call.env("ELASTICSEARCH_USERNAME", user).env("ELASTICSEARCH_PASSWORD", password)
}

fn with_key<'a>(call: &'a mut Command, key: &str) -> &'a mut Command {
    call.env("ELASTICSEARCH_API_KEY", key)
}

fn names(answer: &Value) -> Vec<&str> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["name"].as_str().unwrap()).collect()
}

/// Checks an error: its exit code and a sentence on a line.
fn fails(ended: &Ended, code: i32, words: &str) {
    assert_eq!(ended.code, Some(code), "{words}: {}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    let errors = ended.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{}", ended.stderr);
}

/// Removes the indices whose names begin so.
struct Removed(&'static Secured, &'static str);

impl Drop for Removed {
    fn drop(&mut self) {
        let Self(server, index) = self;
        let list = format!("/_cat/indices/{index}*?format=json&h=index");
        let listed = server.ask("GET", &list, None).body;
        for index in listed.as_array().into_iter().flatten() {
            server.ask("DELETE", &format!("/{}", index["index"].as_str().unwrap_or("-")), None);
        }
    }
}

/// An index with one document, by the program.
fn filled(server: &'static Secured, index: &'static str) -> Removed {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", ""));
    let mut call = library.call(&[]);
    Elasticsearch::lend(&mut call, &server.url, index).env("ELASTICSEARCH_CA_CERT", server.ca());
    let removed = Removed(server, index);
    let report = run(as_user(&mut call, USER, PASSWORD)).json(0);
    assert_eq!(report["index"]["documents"], 1, "{report}");
    removed
}

#[test]
fn a_password_an_api_key_in_both_forms_and_a_client_certificate_log_in() {
    let Some(server) = Secured::find() else { return };
    let filled = filled(server, "logins");
    let call = || search(server, &server.url, filled.1);
    let found = |call: &mut Command| assert_eq!(names(&run(call).json(0)), ["desk"]);
    found(as_user(&mut call(), USER, PASSWORD));
    let key = server.api_key(&json!({
        "indices": [{"names": ["logins"], "privileges": ["read", "view_index_metadata"]}],
    }));
    found(with_key(&mut call(), &key.encoded));
    found(with_key(&mut call(), &format!("{}:{}", key.id, key.key)));
    let client = server.authority.certify("robot", &[]);
    let pem = server.file("client/tls.crt", &client.pem);
    let key = server.file("client/tls.key", &client.key);
    found(call().env("ELASTICSEARCH_CLIENT_CERT", pem).env("ELASTICSEARCH_CLIENT_KEY", key));
}

#[test]
fn a_login_that_is_refused_ends_the_call_with_a_sentence() {
    let Some(server) = Secured::find() else { return };
    let call = || search(server, &server.url, "any");
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", ""));
    let mut catalog = library.call(&[]);
    Elasticsearch::lend(&mut catalog, &server.url, "any");
    catalog.env("ELASTICSEARCH_CA_CERT", server.ca());
    let none = "refused the login with no login; set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USER";
    fails(&run(&mut call()), 3, none);
    for mut call in [call(), catalog] {
        fails(&run(as_user(&mut call, USER, WRONG)), 3, "refused the login with user and password");
    }
    // Base64 of `id:key`, as a key looks that was taken back.
    fails(&run(with_key(&mut call(), "aWQ6a2V5")), 3, "refused the login with an API key");
    fails(&run(with_key(&mut call(), "id:key")), 3, "refused the login with an API key");
    let stranger = Authority::new("stranger").certify("robot", &[]);
    let pem = server.file("stranger/tls.crt", &stranger.pem);
    let key = server.file("stranger/tls.key", &stranger.key);
    let mut call = call();
    let ended =
        run(call.env("ELASTICSEARCH_CLIENT_CERT", pem).env("ELASTICSEARCH_CLIENT_KEY", key));
    fails(&ended, 3, "the server refused the client certificate");
}

#[test]
fn no_log_however_detailed_holds_a_secret() {
    let Some(server) = Secured::find() else { return };
    let filled = filled(server, "logs");
    let key = server.api_key(&json!({"cluster": ["all"], "indices": [
        {"names": ["*"], "privileges": ["all"]},
    ]}));
    // Of a password also what goes into the header: base64 of `admin:…` begins so.
    let _removed = Removed(server, "logs-catalog");
    let header = "YWRtaW46";
    let (mut calls, mut libraries) = (Vec::new(), Vec::new());
    for password in [PASSWORD, WRONG] {
        let mut call = search(server, &server.url, filled.1);
        as_user(&mut call, USER, password);
        calls.push((call, vec![password.to_owned(), header.to_owned()]));
    }
    for given in [key.encoded.clone(), format!("{}:{}", key.id, key.key)] {
        let mut call = search(server, &server.url, filled.1);
        with_key(&mut call, &given);
        calls.push((call, vec![key.encoded.clone(), key.key.clone()]));
    }
    for given in [key.encoded.as_str(), "aWQ6a2V5LXNlY3JldA=="] {
        let library = Library::new();
        library.write("office/desk.usda", usda("Desk", "", ""));
        let mut call = library.call(&[]);
        Elasticsearch::lend(&mut call, &server.url, "logs-catalog");
        with_key(call.env("ELASTICSEARCH_CA_CERT", server.ca()), given);
        libraries.push(library);
        calls.push((call, vec![given.to_owned()]));
    }
    for (mut call, secrets) in calls {
        let ended = run(call.env("VITRINE_LOG", "trace"));
        assert!(ended.stderr.contains("TRACE"), "this test reads logs: {}", ended.stderr);
        for secret in secrets {
            let told = [&ended.stdout, &ended.stderr].into_iter().flat_map(|text| text.lines());
            let line = told.into_iter().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}

#[test]
fn a_connection_that_is_not_secure_is_refused_with_the_cure() {
    let Some(server) = Secured::find() else { return };
    let plain = Elasticsearch::find().unwrap();
    let expired = certificates::serve(&server.authority.expired());
    let other = certificates::serve(&server.authority.certify("other", &["elsewhere.example"]));
    let stranger = server.file("stranger-ca.crt", &Authority::new("stranger").pem);
    let ca = server.ca();
    let not_tls = plain.url().replace("http://", "https://");
    let not_plain = server.url.replace("https://", "http://");
    let no_pem = server.file("no.pem", "this is no certificate\n");
    let none = Path::new("");
    #[rustfmt::skip]
    let cases: [(&str, &Path, i32, &str); 7] = [
        (&server.url, none,      3, "an authority that is not trusted here: name the authority's certificate in ELASTICSEARCH_CA_CERT"),
        (&server.url, &stranger, 3, "an authority that is not trusted here"),
        (&expired,    &ca,       3, "its certificate has expired: renew it on the server"),
        (&other,      &ca,       3, "its certificate is for another host name"),
        (&not_tls,    &ca,       3, "the other side speaks no TLS: is it http:// and not https://?"),
        (&not_plain,  &ca,       1, "is it https:// and not http://?"),
        (&server.url, &no_pem,   2, "certificate"),
    ];
    for (url, ca, code, words) in cases {
        let mut call = search(server, url, "any");
        call.env("ELASTICSEARCH_CA_CERT", ca);
        let ended = run(as_user(&mut call, USER, PASSWORD));
        fails(&ended, code, words);
        assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
    }
}

#[test]
fn one_dead_node_of_several_is_passed_over() {
    let Some(server) = Secured::find() else { return };
    let filled = filled(server, "nodes");
    for urls in [
        format!("https://localhost:1,{}", server.url),
        format!("{},https://localhost:1", server.url),
    ] {
        let mut call = search(server, &urls, filled.1);
        assert_eq!(names(&run(as_user(&mut call, USER, PASSWORD)).json(0)), ["desk"], "{urls}");
    }
}

/// The configuration of a library whose logins lie in Secrets, as pods mount them.
struct Pods {
    server: &'static Secured,
    library: Library,
    index: String,
}

impl Pods {
    fn new(server: &'static Secured, index: &str) -> Self {
        let pods = Self { server, library: Library::new(), index: index.to_owned() };
        pods.library.write("office/desk.usda", usda("Desk", "", ""));
        pods.secret("ca", "ca.crt", &server.authority.pem);
        pods
    }

    fn secret(&self, secret: &str, key: &str, text: &str) {
        let folder = self.library.path().parent().unwrap().join("secrets").join(secret);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(key), text).unwrap();
    }

    /// A step of `vitrine run` that logs in with `secret`.
    fn step(&self, step: &str, secret: &str) -> Ended {
        let Self { server, library, index } = self;
        let text = format!(
            "metadata: {{name: lib}}\nspec:\n  deletionPolicy: Delete\n  source: {{uri: {:?}}}\n  catalog: {{uri: {:?}}}\n  \
             embeddings: []\n  elasticsearch: {{url: {:?}, index: {index}, secretRef: {{name: \
             {secret}}}, caRef: {{name: ca}}}}\n",
            library.path().display().to_string(),
            library.catalog().display().to_string(),
            server.url,
        );
        let config = library.beside("vitrine.yaml", &text);
        let mut call = command(&["run", step, "--quiet", "--output", "json", "--config"]);
        let secrets = library.path().parent().unwrap().join("secrets");
        run(call.arg(config).env("VITRINE_SECRETS_DIR", secrets))
    }
}

#[test]
fn pods_log_in_with_what_their_secrets_hold() {
    let Some(server) = Secured::find() else { return };
    let pods = Pods::new(server, "pods");
    let key = server.api_key(&role("plan", "pods"));
    pods.secret("encoded", "api-key", &format!("{}\n", key.encoded));
    pods.secret("parts", "api-key", &format!("{}:{}\n", key.id, key.key));
    pods.secret("user", "username", USER);
    pods.secret("user", "password", PASSWORD);
    pods.secret("half", "username", USER);
    let client = server.authority.certify("robot", &[]);
    pods.secret("client", "tls.crt", &client.pem);
    pods.secret("client", "tls.key", &client.key);
    for secret in ["encoded", "parts", "user", "client"] {
        let ended = pods.step("scan", secret);
        assert_eq!(ended.code, Some(0), "{secret}: {}", ended.stderr);
    }
    fails(&pods.step("scan", "half"), 2, "the Secret half has no key `api-key`");
    pods.secret("ca", "ca.crt", &Authority::new("stranger").pem);
    fails(&pods.step("scan", "encoded"), 3, "an authority that is not trusted here");
}

/// A role as `docs/elasticsearch/roles` has it, for another index.
fn role(name: &str, index: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/elasticsearch/roles");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text.replace("warehouse", index)).unwrap()
}

#[test]
fn three_roles_are_enough_for_a_run_and_a_search_and_each_for_no_more() {
    let Some(server) = Secured::find() else { return };
    let index = "roles";
    let _removed = Removed(server, index);
    let pods = Pods::new(server, index);
    for name in ["plan", "work", "search"] {
        pods.secret(name, "api-key", &server.api_key(&role(name, index)).encoded);
    }
    // Who works may not begin.
    fails(&pods.step("scan", "work"), 3, "the login may not ");
    fails(&pods.step("scan", "search"), 3, "the login may not ");
    assert_eq!(pods.step("scan", "plan").json(0)["run"], 1);
    fails(&pods.step("work", "search"), 3, "the login may not ");
    assert_eq!(pods.step("work", "work").json(0)["counts"]["indexed"], 1);
    // Nor end.
    fails(&pods.step("publish", "work"), 3, "the login may not ");
    fails(&pods.step("publish", "search"), 3, "the login may not ");
    assert_eq!(server.ask("GET", &format!("/_alias/{index}"), None).status, 404);
    assert_eq!(pods.step("publish", "plan").json(0)["index"]["documents"], 1);
    // One asset comes, one goes, one is broken.
    pods.library.write("office/lamp.usda", usda("Lamp", "", ""));
    pods.library.write("office/broken.usda", "#usda 1.0\ndef Xform \"B\" {");
    assert_eq!(pods.step("scan", "plan").json(0)["run"], 2);
    assert_eq!(pods.step("work", "work").json(0)["counts"]["failed"], 1);
    assert_eq!(pods.step("publish", "plan").json(0)["index"]["documents"], 2);
    for number in 0..10 {
        pods.library.write(&format!("more/{number}.usda"), usda("More", "", ""));
    }
    pods.library.remove("office/lamp.usda");
    for (step, secret) in [("scan", "plan"), ("work", "work"), ("publish", "plan")] {
        let ended = pods.step(step, secret);
        assert_eq!(ended.code, Some(0), "{step}: {}", ended.stderr);
    }
    // What was written is found by users who have the roles as well as by keys.
    let user = json!({"password": PASSWORD, "roles": ["roles-search"]});
    server.must("PUT", "/_security/role/roles-search", Some(&role("search", index)));
    server.must("PUT", "/_security/user/roles-reader", Some(&user));
    let mut call = search(server, &server.url, index);
    let found = run(as_user(&mut call, "roles-reader", PASSWORD)).json(0);
    assert_eq!(names(&found), ["desk"]);
    let login = format!("roles-reader:{PASSWORD}");
    let physical = server.must("GET", &format!("/_alias/{index}"), None);
    let physical = physical.as_object().unwrap().keys().next().unwrap();
    for (method, path) in [
        ("PUT", format!("/{index}/_doc/1")),
        ("DELETE", format!("/{index}/_doc/1")),
        ("GET", format!("/{index}-runs/_search")),
        ("GET", format!("/{physical}/_search")),
        ("DELETE", format!("/{physical}")),
        ("GET", "/_cluster/state".to_owned()),
    ] {
        let body = (method == "PUT").then(|| json!({}));
        let answer = server.ask_as(&login, (method, &path), body.as_ref());
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
    fails(&pods.step("cleanup", "work"), 3, "the login may not ");
    assert_eq!(pods.step("cleanup", "plan").code, Some(0));
    assert_eq!(server.ask("GET", &format!("/{index}-runs"), None).status, 404);
}

#[test]
fn a_worker_cannot_harm_what_is_searched_or_claimed() {
    let Some(server) = Secured::find() else { return };
    let _removed = filled(server, "harm");
    let user = json!({"password": PASSWORD, "roles": ["harm-work"]});
    server.must("PUT", "/_security/role/harm-work", Some(&role("work", "harm")));
    server.must("PUT", "/_security/user/harm-worker", Some(&user));
    let login = format!("harm-worker:{PASSWORD}");
    let physical = server.must("GET", "/_alias/harm", None);
    let physical = physical.as_object().unwrap().keys().next().unwrap();
    for (method, path) in [
        ("PUT", "/harm-000000000000".to_owned()),
        ("PUT", "/harm-runs/_doc/9".to_owned()),
        ("DELETE", "/harm-runs/_doc/1".to_owned()),
        ("DELETE", format!("/{physical}")),
        ("DELETE", format!("/{physical}-write/_doc/1")),
        ("PUT", format!("/{physical}/_alias/other")),
        ("PUT", format!("/{physical}/_mapping")),
        ("GET", "/other-library/_search".to_owned()),
    ] {
        let body = (method == "PUT").then(|| json!({}));
        let answer = server.ask_as(&login, (method, &path), body.as_ref());
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
}

#[test]
fn analyzers_of_both_languages_are_chosen_and_a_chinese_word_is_found() {
    let Some(server) = Secured::find() else { return };
    let index = "analyzers";
    let _removed = Removed(server, index);
    let library = Library::new();
    library.write("warehouse/lift.usda", usda("Lift", "", ""));
    library.write("warehouse/rack.usda", usda("Rack", "", ""));
    let captions = library.beside(
        "captions.jsonl",
        "{\"path\": \"warehouse/lift.usda\", \"en\": \"trucks lifting pallets\", \"zh\": \"一辆叉车\"}\n\
         {\"path\": \"warehouse/rack.usda\", \"en\": \"a rack\", \"zh\": \"一个货架和一辆车\"}\n",
    );
    let mut call = library.call(&["--captions"]);
    call.arg(captions);
    Elasticsearch::lend(&mut call, &server.url, index);
    let key = server.api_key(&role("plan", index));
    let report = run(with_key(&mut call, &key.encoded).env("ELASTICSEARCH_CA_CERT", server.ca()));
    report.json(0);
    let mapping = server.must("GET", &format!("/{index}/_mapping"), None);
    let mapping = &mapping.as_object().unwrap().values().next().unwrap()["mappings"];
    let analyzers = &mapping["_meta"]["vitrine"]["analyzers"];
    assert_eq!(*analyzers, json!({"en": "english", "zh": "smartcn"}));
    assert_eq!(mapping["properties"]["caption"]["properties"]["zh"]["analyzer"], "smartcn");
    for (words, expected) in [("叉车", ["lift"]), ("lifted pallet", ["lift"])] {
        let mut call = command(&["search", words, "--algorithm", "words", "--output", "json"]);
        Elasticsearch::lend(&mut call, &server.url, index);
        call.env("ELASTICSEARCH_CA_CERT", server.ca());
        assert_eq!(names(&run(with_key(&mut call, &key.encoded)).json(0)), expected, "{words}");
    }
}
