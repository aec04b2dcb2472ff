//! An Elasticsearch with logins, roles, TLS and the analyzers of production, made for one test
//! program and gone with it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::certificates::{Authority, Certified};
use crate::cluster;
use crate::elasticsearch::Elasticsearch;
use crate::http::Answer;
use crate::skip;

/// The administrator: of this server alone, of no use anywhere else.
pub const USER: &str = "admin";
/// The administrator's password.
pub const PASSWORD: &str = "hunter2-secret";
/// Its hash, as `elasticsearch-users` writes it.
const PASSWORD_HASH: &str = "$2a$10$1A69YebTeGsdnp93j5j40ekTp8OVUqHLhHpxbppmYh05mrcEWW0MC";

/// `trial`: a basic licence has no login by client certificate.
const CONFIGURATION: &str = "\
xpack.security.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: certificates/http.key
xpack.security.http.ssl.certificate: certificates/http.crt
xpack.security.http.ssl.certificate_authorities: [\"certificates/ca.crt\"]
xpack.security.http.ssl.client_authentication: optional
xpack.license.self_generated.type: trial
xpack.security.authc.realms.pki.certificates.order: 1
xpack.security.authc.realms.pki.certificates.certificate_authorities: [\"certificates/ca.crt\"]";

/// The server.
pub struct Secured {
    folder: TempDir,
    /// `https://localhost:PORT`
    pub url: String,
    /// The authority of its certificate, and of those that it takes from clients.
    pub authority: Authority,
    /// Ends the server when this program ends: the script's command reads from here.
    _script: Child,
}

/// An API key.
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// The secret.
    pub key: String,
    /// Both, in base64.
    pub encoded: String,
}

impl Secured {
    /// The server, of the version under test; started by whoever asks first, in some 20 s. Skips
    /// where there is no Elasticsearch.
    pub fn find() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Secured>> = OnceLock::new();
        let [major, minor, patch] = Elasticsearch::find()?.version;
        let version = format!("{major}.{minor}.{patch}");
        let started = SERVER.get_or_init(|| start(&version)).as_ref();
        if started.is_none() {
            skip("no Elasticsearch with security: see scripts/elasticsearch-plugin.sh");
        }
        started
    }

    /// A file of the authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("certificates/ca.crt")
    }

    /// Writes a file that a test needs.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        put(self.folder.path(), name, text)
    }

    /// One request of the administrator.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask_as(&format!("{USER}:{PASSWORD}"), (method, path), body)
    }

    /// One request of a user, `name:password`.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn ask_as(
        &self,
        login: &str,
        (method, path): (&str, &str),
        body: Option<&Value>,
    ) -> Answer {
        let mut curl = Command::new("curl")
            .args(["-sS", "-w", "\n%{http_code}", "-X", method, "-u", login, "--cacert"])
            .arg(self.ca())
            .args(
                body.map(|_| ["-H", "content-type: application/json", "--data-binary", "@-"])
                    .into_iter()
                    .flatten(),
            )
            .arg(format!("{}{path}", self.url))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl can be started");
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut stdin = curl.stdin.take().expect("it is piped");
        // Without a body curl does not wait for any.
        let _ = stdin.write_all(text.as_bytes());
        drop(stdin);
        let ended = curl.wait_with_output().expect("curl ends");
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').expect("curl prints the status");
        let status = status.parse().expect("a status is a number");
        assert_ne!(status, 0, "{method} {path}: no answer");
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
        Answer { status, body }
    }

    /// One request of the administrator that must succeed.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.ask(method, path, body);
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    /// An API key that may do what `role` says, a body of `PUT /_security/role/NAME`.
    pub fn api_key(&self, role: &Value) -> ApiKey {
        let body = json!({"name": "test", "role_descriptors": {"only": role}});
        let made = self.must("POST", "/_security/api_key", Some(&body));
        let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
        ApiKey { id: text("id"), key: text("api_key"), encoded: text("encoded") }
    }
}

fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("files lie in folders")).expect("writable");
    std::fs::write(&path, text).expect("writable");
    path
}

/// None where the server cannot be had, after saying why.
fn start(version: &str) -> Option<Secured> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
    let home = Command::new(scripts.join("elasticsearch-plugin.sh"))
        .arg(version)
        .stderr(Stdio::inherit())
        .output()
        .expect("the script is there");
    if !home.status.success() {
        return None;
    }
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let authority = Authority::new("test");
    // In a cluster pods ask it, too, by another address.
    let cluster = std::env::var(cluster::HOST).ok();
    let mut hosts = vec!["localhost", "127.0.0.1"];
    hosts.extend(cluster.as_deref());
    let Certified { pem, key, .. } = authority.certify("server", &hosts);
    let everywhere = cluster.as_ref().map_or("", |_| "\nhttp.host: 0.0.0.0");
    let ca = put(folder.path(), "certificates/ca.crt", &authority.pem);
    let config = folder.path().join("config");
    put(&config, "certificates/ca.crt", &authority.pem);
    put(&config, "certificates/http.crt", &pem);
    put(&config, "certificates/http.key", &key);
    put(&config, "users", &format!("{USER}:{PASSWORD_HASH}\n"));
    put(&config, "users_roles", &format!("superuser:{USER}\n"));
    // The command ends when nobody holds the other end of its input any more; a shell gives what
    // it runs in the background no input but by another number.
    let command = "exec 3<&0; exec \"$0\" run \"$1\" -- \
                   sh -c 'echo $VITRINE_TEST_ELASTICSEARCH_URL; cat <&3'";
    let mut script = Command::new("bash")
        .args(["-c", command])
        .arg(scripts.join("elasticsearch.sh"))
        .arg(version)
        .env("ELASTICSEARCH_HOME", String::from_utf8_lossy(&home.stdout).trim())
        .env("ELASTICSEARCH_CONFIG", &config)
        .env("ELASTICSEARCH_YML", format!("{CONFIGURATION}{everywhere}"))
        .env("ELASTICSEARCH_CURL", format!("--cacert {} -u {USER}:{PASSWORD}", ca.display()))
        .env("ELASTICSEARCH_HEAP", "512m")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash can be started");
    let mut line = String::new();
    let mut output = BufReader::new(script.stdout.take().expect("it is piped"));
    output.read_line(&mut line).expect("the script prints a URL");
    let port = line.trim().rsplit(':').next().unwrap_or_default();
    assert!(!port.is_empty(), "Elasticsearch {version} did not start: the lines above say why");
    let url = format!("https://localhost:{port}");
    let started = Secured { folder, url, authority, _script: script };
    // Licence and users come a moment after the first answer.
    let mapping = json!({
        "roles": ["superuser"], "enabled": true, "rules": {"field": {"realm.name": "certificates"}},
    });
    let begin = Instant::now();
    loop {
        let licence = started.ask("GET", "/_license", None).body["license"]["type"] == "trial";
        let path = "/_security/role_mapping/certificates";
        if licence && started.ask("PUT", path, Some(&mapping)).status == 200 {
            return Some(started);
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "no licence after a minute");
        std::thread::sleep(Duration::from_millis(200));
    }
}
