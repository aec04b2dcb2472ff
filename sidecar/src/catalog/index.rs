//! `master_index.json`: one line of every asset, written as a stream.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::layout;

/// Path of the index inside the catalogue.
pub const MASTER_INDEX: &str = "master_index.json";

/// What of a [`crate::asset::Document`] the index repeats.
#[derive(Clone, Debug, Deserialize)]
pub struct Summary {
    asset_id: String,
    name: String,
    pack: String,
    uri: String,
    tags: Vec<String>,
    size_bytes: u64,
    #[serde(default)]
    thumbnail_uri: Option<String>,
    has_visual_embedding: bool,
}

/// What the index says of one asset.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    asset_id: &'a str,
    name: &'a str,
    pack: &'a str,
    uri: &'a str,
    tags: &'a [String],
    /// Megabytes of 1,000,000 bytes.
    file_size_mb: f64,
    thumbnail: Option<&'a str>,
    /// Path of the `.npy` inside the catalogue.
    embedding: Option<&'a str>,
    has_visual_embedding: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_s3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_s3: Option<String>,
}

/// Writes the index one asset at a time: `{"total_assets": …, "assets": […]}`.
pub struct IndexWriter<W> {
    to: W,
    /// The catalogue's URI where it lies in S3.
    s3: Option<String>,
    first: bool,
}

impl<W: Write> IndexWriter<W> {
    /// * `total`: how many entries will follow.
    /// * `catalog_uri`: where the catalogue is; in `s3://` the entries carry S3's names too.
    ///
    /// # Errors
    ///
    /// When `to` cannot be written.
    pub fn start(mut to: W, total: u64, catalog_uri: &str) -> io::Result<Self> {
        write!(to, "{{\"total_assets\":{total},\"assets\":[")?;
        let s3 = catalog_uri.starts_with("s3://").then(|| catalog_uri.to_owned());
        Ok(Self { to, s3, first: true })
    }

    /// * `field`: the vector field that the index names, where the asset has it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn add(&mut self, document: &Summary, field: Option<&str>) -> io::Result<()> {
        self.to.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        let embedding = field.map(|field| layout::embedding(field, &document.asset_id));
        let in_s3 = |path: Option<&str>| {
            let base = self.s3.as_ref()?;
            path.map(|path| format!("{base}/{path}"))
        };
        let thumbnail = document.thumbnail_uri.as_deref();
        let entry = Entry {
            asset_id: &document.asset_id,
            name: &document.name,
            pack: &document.pack,
            uri: &document.uri,
            tags: &document.tags,
            file_size_mb: document.size_bytes as f64 / 1e6,
            thumbnail,
            embedding: embedding.as_deref(),
            has_visual_embedding: document.has_visual_embedding,
            s3_path: self.s3.as_ref().map(|_| document.uri.as_str()),
            thumbnail_s3: in_s3(thumbnail),
            embedding_s3: in_s3(embedding.as_deref()),
        };
        serde_json::to_writer(&mut self.to, &entry)?;
        Ok(())
    }

    /// Ends the document and gives the writer back.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.to.write_all(b"\n]}\n")?;
        Ok(self.to)
    }
}
