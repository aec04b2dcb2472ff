//! A prefix of an object store.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{
    ClientOptions, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, RetryConfig,
    UpdateVersion,
};
use tokio::runtime::{Builder, Runtime};

use super::access::Access;
use super::location::{BucketLocation, Location, Scheme};
use super::{Entry, Listing, StorageError, Writer};

/// Requests in flight at once.
const REQUESTS_MAX: usize = 16;
/// Bytes of one part of a streamed upload; S3 wants at least 5 MiB.
const PART_BYTES: usize = 8 << 20;
/// A key that is asked for to learn why a listing failed.
const PROBE: &str = ".vitrine/probe";
/// How long one request may be retried.
const RETRY: Duration = Duration::from_secs(60);

/// A prefix of an object store.
#[derive(Clone, Debug)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    at: BucketLocation,
}

/// The version of an object, for [`Bucket::replace`].
#[derive(Clone, Debug)]
pub struct Held(UpdateVersion);

impl Bucket {
    pub(super) fn open(at: &BucketLocation, access: &Access) -> Result<Self, StorageError> {
        let retry = RetryConfig { max_retries: 6, retry_timeout: RETRY, ..RetryConfig::default() };
        let signed = access.signs(at.scheme);
        let built: Result<Arc<dyn ObjectStore>, object_store::Error> = match at.scheme {
            Scheme::S3 => {
                let mut builder = AmazonS3Builder::new().with_bucket_name(&at.bucket);
                for (key, value) in access.options(at.scheme) {
                    builder = builder.with_config(key, value);
                }
                if !signed {
                    builder = builder.with_skip_signature(true);
                }
                builder.with_retry(retry).build().map(|store| Arc::new(store) as _)
            }
            Scheme::Gs => {
                let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name(&at.bucket);
                for (key, value) in access.options(at.scheme) {
                    builder = builder.with_config(key, value);
                }
                if !signed {
                    builder = builder.with_skip_signature(true);
                }
                builder.with_retry(retry).build().map(|store| Arc::new(store) as _)
            }
            Scheme::Az => {
                let mut builder = MicrosoftAzureBuilder::new().with_container_name(&at.bucket);
                for (key, value) in access.options(at.scheme) {
                    builder = builder.with_config(key, value);
                }
                if !signed {
                    builder = builder.with_skip_signature(true);
                }
                builder.with_retry(retry).build().map(|store| Arc::new(store) as _)
            }
            Scheme::Https => HttpBuilder::new()
                .with_url(format!("https://{}", at.bucket))
                .with_client_options(ClientOptions::default())
                .with_retry(retry)
                .build()
                .map(|store| Arc::new(store) as _),
        };
        let store = built.map_err(|error| StorageError::Location {
            uri: Location::Bucket(at.clone()).to_string(),
            reason: super::error::redact_queries(&error.to_string()),
        })?;
        Ok(Self { store, at: at.clone() })
    }

    pub(super) fn uri(&self, path: &str) -> String {
        let base = Location::Bucket(self.at.clone());
        if path.is_empty() { base.to_string() } else { format!("{base}/{path}") }
    }

    fn key(&self, path: &str) -> Result<Key, StorageError> {
        let whole = if self.at.prefix.is_empty() {
            path.to_owned()
        } else {
            format!("{}/{path}", self.at.prefix)
        };
        Key::parse(whole).map_err(|error| StorageError::Location {
            uri: self.uri(path),
            reason: error.to_string(),
        })
    }

    fn failed(
        &self,
        action: &'static str,
        path: &str,
    ) -> impl Fn(object_store::Error) -> StorageError {
        let uri = self.uri(path);
        move |error| StorageError::store(action, uri.clone(), &error)
    }

    fn entry(&self, path: &str, meta: ObjectMeta) -> Entry {
        let version = match meta.e_tag {
            Some(tag) if !tag.trim_matches('"').is_empty() => tag,
            // Some stores have none for what was laid into them from behind.
            _ => format!("{}-{}", meta.size, meta.last_modified.timestamp_micros()),
        };
        Entry {
            path: path.to_owned(),
            size: meta.size,
            modified: meta.last_modified,
            version: version.into(),
        }
    }

    fn objects(&self, below: &str) -> Result<Vec<Entry>, StorageError> {
        let prefix = match (self.at.prefix.as_str(), below) {
            ("", "") => None,
            ("", below) => Some(Key::from(below)),
            (_, "") => Some(self.key("")?),
            _ => Some(self.key(below)?),
        };
        let cut = if self.at.prefix.is_empty() { 0 } else { self.at.prefix.len() + 1 };
        let listed = self.store.list(prefix.as_ref()).map_ok(|meta| {
            let path = meta.location.as_ref().get(cut..).unwrap_or_default().to_owned();
            self.entry(&path, meta)
        });
        block_on(listed.try_collect()).map_err(|error| self.list_failed(below, error))
    }

    /// A listing's error has no type that says why; that of a read of one object has. So one is
    /// asked for: where it is merely not found, the store answers and it is the bucket that is
    /// missing.
    fn list_failed(&self, below: &str, error: object_store::Error) -> StorageError {
        let listing = self.failed("list", below);
        let object_store::Error::Generic { .. } = &error else { return listing(error) };
        let probed = block_on(self.store.head(&Key::from(PROBE)));
        match probed {
            Err(typed) if !matches!(typed, object_store::Error::Generic { .. }) => listing(typed),
            Ok(_) | Err(_) => listing(error),
        }
    }

    pub(super) fn list(&self) -> Result<Listing, StorageError> {
        let mut entries = self.objects("")?;
        entries.retain(|entry| {
            !entry.path.is_empty() && !entry.path.split('/').any(|part| part.starts_with('.'))
        });
        Ok(Listing::new(entries))
    }

    pub(super) fn list_below(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let mut paths: Vec<_> = self.objects(prefix)?.into_iter().map(|entry| entry.path).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    pub(super) fn head(&self, path: &str) -> Result<Option<Entry>, StorageError> {
        let key = self.key(path)?;
        match block_on(self.store.head(&key)) {
            Ok(meta) => Ok(Some(self.entry(path, meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path)(error)),
        }
    }

    pub(super) fn get(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let key = self.key(path)?;
        let got = block_on(async { self.store.get(&key).await?.bytes().await });
        match got {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path)(error)),
        }
    }

    pub(super) fn get_at_most(
        &self,
        path: &str,
        bytes_max: u64,
    ) -> Result<Option<Result<Vec<u8>, u64>>, StorageError> {
        let key = self.key(path)?;
        let got = block_on(async {
            let found = self.store.get(&key).await?;
            match found.meta.size {
                size if size > bytes_max => Ok(Err(size)), // Dropped before its bytes arrive.
                _ => Ok(Ok(found.bytes().await?)),
            }
        });
        match got {
            Ok(bytes) => Ok(Some(bytes.map(Into::into))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path)(error)),
        }
    }

    pub(super) fn put_all(&self, files: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        let keyed = files
            .into_iter()
            .map(|(path, bytes)| Ok((self.key(&path)?, path, bytes)))
            .collect::<Result<Vec<_>, StorageError>>()?;
        block_on(
            stream::iter(keyed)
                .map(|(key, path, bytes)| async move {
                    let put = self.store.put(&key, bytes.into()).await;
                    put.map(drop).map_err(self.failed("write", &path))
                })
                .buffer_unordered(REQUESTS_MAX)
                .try_collect(),
        )
    }

    pub(super) fn delete_all(&self, paths: &[String]) -> Result<(), StorageError> {
        let keyed = paths
            .iter()
            .map(|path| Ok((self.key(path)?, path)))
            .collect::<Result<Vec<_>, StorageError>>()?;
        block_on(
            stream::iter(keyed)
                .map(|(key, path)| async move {
                    match self.store.delete(&key).await {
                        Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => {
                            Err(self.failed("remove", path)(error))
                        }
                        _ => Ok(()),
                    }
                })
                .buffer_unordered(REQUESTS_MAX)
                .try_collect(),
        )
    }

    /// Fetches each of `paths` into the file beside it, several at once.
    ///
    /// # Errors
    ///
    /// On the first that cannot be fetched or written; one that vanished meanwhile is left out.
    pub fn fetch_all(&self, paths: Vec<(String, PathBuf)>) -> Result<(), StorageError> {
        block_on(
            stream::iter(paths)
                .map(|(path, file)| async move { self.fetch(&path, &file).await.map(drop) })
                .buffer_unordered(REQUESTS_MAX)
                .try_collect(),
        )
    }

    async fn fetch(&self, path: &str, file: &Path) -> Result<bool, StorageError> {
        let key = self.key(path)?;
        let got = match self.store.get(&key).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(self.failed("read", path)(error)),
        };
        let disk = |error| StorageError::disk("write", file, error);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(disk)?;
        }
        // Written under another name first: a half-fetched layer must not look like one.
        let mut waiting = file.as_os_str().to_owned();
        waiting.push(".part");
        let waiting = PathBuf::from(waiting);
        let mut out = std::fs::File::create(&waiting).map_err(disk)?;
        let mut pieces = got.into_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(self.failed("read", path))?;
            out.write_all(&piece).map_err(disk)?;
        }
        std::fs::rename(&waiting, file).map_err(disk)?;
        Ok(true)
    }

    pub(super) fn download(
        &self,
        path: &str,
        scratch: &Path,
    ) -> Result<Option<PathBuf>, StorageError> {
        let file = scratch.join(path);
        Ok(block_on(self.fetch(path, &file))?.then_some(file))
    }

    pub(super) fn writer(&self, path: &str) -> Result<Writer, StorageError> {
        let upload = Upload {
            bucket: self.clone(),
            path: path.to_owned(),
            key: self.key(path)?,
            buffer: Vec::new(),
            parts: None,
        };
        Ok(Writer::to_upload(upload))
    }

    /// Creates `path` only where nothing is; `None` where something is.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached or knows no conditional writes.
    pub fn create(&self, path: &str, bytes: Vec<u8>) -> Result<Option<Held>, StorageError> {
        self.put_if(path, bytes, PutMode::Create)
    }

    /// Replaces `path` only while it is still `held`; `None` where it is not.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached or knows no conditional writes.
    pub fn replace(
        &self,
        path: &str,
        bytes: Vec<u8>,
        held: &Held,
    ) -> Result<Option<Held>, StorageError> {
        self.put_if(path, bytes, PutMode::Update(held.0.clone()))
    }

    fn put_if(
        &self,
        path: &str,
        bytes: Vec<u8>,
        mode: PutMode,
    ) -> Result<Option<Held>, StorageError> {
        use object_store::Error::{AlreadyExists, NotFound, Precondition};
        let key = self.key(path)?;
        match block_on(self.store.put_opts(&key, bytes.into(), mode.into())) {
            Ok(put) => Ok(Some(Held(UpdateVersion { e_tag: put.e_tag, version: put.version }))),
            Err(AlreadyExists { .. } | Precondition { .. } | NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("write", path)(error)),
        }
    }

    /// The bytes at `path` and the version they have; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn get_held(&self, path: &str) -> Result<Option<(Vec<u8>, Held)>, StorageError> {
        let key = self.key(path)?;
        let got = block_on(async {
            let got = self.store.get(&key).await?;
            let held =
                UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            Ok((got.bytes().await?.to_vec(), Held(held)))
        });
        match got {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path)(error)),
        }
    }
}

/// A streamed upload. Small ones become one request.
pub(super) struct Upload {
    bucket: Bucket,
    path: String,
    key: Key,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART_BYTES {
            self.send().map_err(io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn send(&mut self) -> Result<(), StorageError> {
        let part = std::mem::take(&mut self.buffer);
        let sent = block_on(async {
            let parts = match &mut self.parts {
                Some(parts) => parts,
                none => none.insert(self.bucket.store.put_multipart(&self.key).await?),
            };
            parts.put_part(part.into()).await
        });
        sent.map_err(self.bucket.failed("write", &self.path))
    }

    pub(super) fn finish(mut self) -> Result<(), StorageError> {
        if self.parts.is_none() {
            let bytes = std::mem::take(&mut self.buffer);
            return self.bucket.put_all(vec![(self.path.clone(), bytes)]);
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        let Some(mut parts) = self.parts.take() else { return Ok(()) };
        let done = block_on(parts.complete());
        done.map(drop).map_err(self.bucket.failed("write", &self.path))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            // Best effort: a store also drops uploads that stay incomplete.
            let _ = block_on(parts.abort());
        }
    }
}

/// Runs a request to its end on the runtime that all buckets share.
fn block_on<F: Future>(request: F) -> F::Output {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let built = builder.worker_threads(1).thread_name("bucket").enable_all().build();
        built.expect("a thread can be started")
    });
    runtime.block_on(request)
}
