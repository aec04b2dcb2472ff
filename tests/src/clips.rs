//! Real videos and real networks, and a call of `vitrine embed` over them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{command, json_file, vitrine};
use crate::skip;

/// A folder of videos, and what a run over them needs.
pub struct Clips {
    folder: TempDir,
    media: PathBuf,
    models: PathBuf,
    decoder: PathBuf,
}

impl Clips {
    /// An empty collection; skips where videos, networks or the decoder are out of reach.
    ///
    /// # Panics
    ///
    /// When there is no place for temporary files.
    pub fn new() -> Option<Self> {
        let Some(data) = std::env::var_os("VITRINE_TEST_DATA").map(PathBuf::from) else {
            skip("VITRINE_TEST_DATA names no folder of real videos");
            return None;
        };
        let (media, models) = (data.join("media"), data.join("../models"));
        if !media.is_dir() || !models.is_dir() {
            skip(&format!(
                "no videos in {} or no networks in {}",
                media.display(),
                models.display()
            ));
            return None;
        }
        let beside = vitrine().with_file_name("vitrine-media");
        let decoder = std::env::var_os("VITRINE_MEDIA").map_or(beside, PathBuf::from);
        if !decoder.is_file() {
            skip(&format!(
                "no decoder of videos at {}: `cargo build -p vitrine-video` makes it, or \
                 VITRINE_MEDIA names it",
                decoder.display()
            ));
            return None;
        }
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        std::fs::create_dir(folder.path().join("videos")).expect("a new folder is writable");
        Some(Self { folder, media, models, decoder })
    }

    /// Puts one of the real videos into the collection.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub fn take(&self, name: &str, path: &str) -> &Self {
        let bytes = std::fs::read(self.media.join(name)).expect("the data is whole");
        self.write(path, &bytes)
    }

    /// Puts a file into the collection.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &str, bytes: &[u8]) -> &Self {
        let file = self.videos().join(path);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("a new folder");
        std::fs::write(file, bytes).expect("a new folder is writable");
        self
    }

    /// The first bytes of one of the real videos.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub fn beginning(&self, name: &str, bytes: usize) -> Vec<u8> {
        let mut all = std::fs::read(self.media.join(name)).expect("the data is whole");
        all.truncate(bytes);
        all
    }

    /// Writes the annotations.
    ///
    /// # Panics
    ///
    /// When they cannot be written.
    pub fn annotate(&self, annotations: &Value) {
        std::fs::write(self.beside("annotations.json"), annotations.to_string())
            .expect("a new folder is writable");
    }

    /// The collection.
    pub fn videos(&self) -> PathBuf {
        self.beside("videos")
    }

    /// Where report, contact sheets and state go.
    pub fn out(&self) -> PathBuf {
        self.beside("out")
    }

    /// A network by its file's name.
    pub fn model(&self, name: &str) -> PathBuf {
        self.models.join(name)
    }

    /// Something beside the collection.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The report of the last run.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn report(&self) -> Value {
        json_file(&self.out().join("embedding_generation_report.json"))
    }

    /// `vitrine embed` with a network that finds several people at once, with a JSON report.
    pub fn call(&self, more: &[&str]) -> Command {
        let mut call = self.settled(&["embed", "--quiet", "--output", "json"]);
        call.arg(self.videos()).arg("--out").arg(self.out());
        call.arg("--pose-model").arg(self.model("movenet-multipose.onnx"));
        if self.beside("annotations.json").is_file() {
            call.arg("--annotations").arg(self.beside("annotations.json"));
        }
        call.args(more);
        call
    }

    /// A call that finds the decoder, and nothing of the user's.
    pub fn settled(&self, arguments: &[&str]) -> Command {
        let mut call = command(arguments);
        call.env("VITRINE_MEDIA", &self.decoder).current_dir(self.folder.path());
        for name in ["MMPOSE_CHECKPOINT_PATH", "ENVIRONMENT"] {
            call.env_remove(name);
        }
        call
    }

    /// Lays a program of one's own in the decoder's place.
    pub fn decode_by(&mut self, program: &Path) {
        self.decoder = program.to_owned();
    }

    /// The decoder.
    pub fn decoder(&self) -> &Path {
        &self.decoder
    }
}
