//! A real S3 server over a folder.

use std::net::{TcpListener, TcpStream};
use std::path::{Path as FilePath, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use object_store::ObjectStoreExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::skip;

/// Credentials of the server: its own, of this test, of no use anywhere else.
const KEY: &str = "tester";
const SECRET: &str = "tester-secret";

/// A running server. Its buckets are folders below [`S3::folder`].
#[derive(Debug)]
pub struct S3 {
    server: Child,
    folder: TempDir,
    /// `http://HOST:PORT`
    endpoint: String,
}

impl S3 {
    /// Starts the server that `scripts/versitygw.sh` installs, for this machine alone; skips where
    /// it is not there.
    ///
    /// # Panics
    ///
    /// When it is there and does not start.
    pub fn start() -> Option<Self> {
        Self::start_at("127.0.0.1")
    }

    /// The same at another address of this machine.
    ///
    /// # Panics
    ///
    /// When it is there and does not start.
    pub fn start_at(host: &str) -> Option<Self> {
        let Some(program) = program() else {
            skip("no S3 server: run scripts/versitygw.sh, which needs Go");
            return None;
        };
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a new folder is writable");
        let free = TcpListener::bind((host, 0)).expect("there is a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let server = Command::new(program)
            .args(["--port", &address.to_string(), "posix"])
            .arg(&data)
            .envs([("ROOT_ACCESS_KEY", KEY), ("ROOT_SECRET_KEY", SECRET)])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server can be started");
        let started = Self { server, folder, endpoint: format!("http://{address}") };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(30), "the S3 server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(started)
    }

    /// Where its buckets are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes a bucket; returns the folder that it is.
    ///
    /// # Panics
    ///
    /// When it is there already.
    pub fn bucket(&self, name: &str) -> PathBuf {
        let bucket = self.folder().join(name);
        std::fs::create_dir(&bucket).expect("a new bucket");
        bucket
    }

    /// Writes objects by the S3 protocol: a file laid into the server's folder would have no ETag.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn put(&self, bucket: &str, objects: Vec<(String, Vec<u8>)>) {
        let store = AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_bucket_name(bucket)
            .build()
            .expect("the settings are complete");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            for (key, bytes) in objects {
                store.put(&Path::from(key), bytes.into()).await.expect("the bucket takes it");
            }
        });
    }

    /// Puts every file below `from` under `prefix`.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn put_folder(&self, bucket: &str, prefix: &str, from: &FilePath) {
        let mut objects = Vec::new();
        let mut folders = vec![(from.to_owned(), prefix.to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            for item in std::fs::read_dir(folder).expect("a folder").flatten() {
                let key = format!("{prefix}/{}", item.file_name().to_string_lossy());
                if item.path().is_dir() {
                    folders.push((item.path(), key));
                } else {
                    objects.push((key, std::fs::read(item.path()).expect("a file")));
                }
            }
        }
        self.put(bucket, objects);
    }

    /// The variables that tell a program how to reach it.
    pub fn variables(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT", &self.endpoint),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ]
    }

    /// Tells a command how to reach it.
    pub fn lend<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.variables())
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn program() -> Option<PathBuf> {
    let tools = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin");
    let mut found: Vec<PathBuf> = std::fs::read_dir(tools)
        .ok()?
        .flatten()
        .map(|item| item.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("versitygw-"))
        })
        .collect();
    found.sort();
    found.pop()
}
