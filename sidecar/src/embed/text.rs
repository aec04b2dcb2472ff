//! A text model on one device.

use tokenizers::{Tokenizer, TruncationParams};
use vitrine_crds::library::Provider;

use super::batch::{self, BatchLimits};
use super::device;
use super::network::{self, Network, Placed, Task};
use super::onnx::{RunError, Signature};
use super::pool::PoolError;
use super::{EmbedError, OpenError, Options, TextEmbedder};
use crate::model::Model;
use crate::model::folder::Pooling;

/// Changes with everything in this room that changes vectors beyond rounding.
const METHOD: &str = "text-1";
/// Texts tokenised at once: bounds what tokens of a long list take in memory.
const WINDOW_TEXTS: usize = 4_096;
/// What a batch of MiniLM's size may hold and still stay in a core's caches: 512 tokens cost a fifth
/// less processor time than 2,048.
const CPU_TOKENS_MAX: usize = 512;
/// Enough to keep a GPU busy between two launches.
const GPU_TOKENS_MAX: usize = 16_384;
/// What is read of one text, at most; no model here sees that many tokens.
const TEXT_BYTES_MAX: usize = 1 << 18;

/// A text model that is loaded and has answered once.
pub struct OnnxText {
    uri: String,
    network: Box<dyn Network>,
    signature: Signature,
    tokenizer: Tokenizer,
    pad_id: u32,
    pooling: Pooling,
    limits: BatchLimits,
    dims: usize,
    fingerprint: String,
}

impl OnnxText {
    /// Loads the model and lets it answer once.
    ///
    /// * `texts_max`: texts of one batch.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn load(model: &Model, texts_max: usize, options: &Options) -> Result<Self, OpenError> {
        let files = &model.files;
        let unusable = |reason: String| OpenError::Unusable { model: model.uri.clone(), reason };
        let (tokenizer, pad_id) = read_tokenizer(model).map_err(unusable)?;
        let Placed { network, provider } =
            network::place(&model.uri, &files.weights, Task::Sentences, options)?;
        let signature = Signature::read(&*network).map_err(unusable)?;
        let mut loaded = Self {
            uri: model.uri.clone(),
            network,
            signature,
            tokenizer,
            pad_id,
            pooling: files.pooling,
            limits: BatchLimits {
                texts_max,
                tokens_max: options.batch_tokens_max.unwrap_or(match provider {
                    Provider::Auto | Provider::Cpu => CPU_TOKENS_MAX,
                    Provider::Cuda | Provider::Tensorrt => GPU_TOKENS_MAX,
                }),
            },
            dims: 0,
            fingerprint: fingerprint(model),
        };
        // A model that cannot answer should say so now, not after an hour of reading assets.
        let probe = loaded.embed(&["a probe".to_owned()]);
        let probe = probe.map_err(|EmbedError::Model { reason, .. }| unusable(reason))?;
        loaded.dims = probe[0].len();
        if let Some(dims) = files.dims.filter(|&dims| dims != loaded.dims) {
            let found = loaded.dims;
            return Err(unusable(format!(
                "config.json says hidden_size {dims}, but the ONNX file gives vectors of {found}: \
                 the folder mixes two models; fetch it again"
            )));
        }
        tracing::debug!(
            model = %model.uri,
            dims = loaded.dims,
            provider = device::name(provider),
            pooling = files.pooling.name(),
            tokens_max = files.tokens_max,
            "text model is loaded"
        );
        Ok(loaded)
    }

    fn failed(&self, reason: String) -> EmbedError {
        EmbedError::Model { model: self.uri.clone(), reason }
    }

    /// Embeds texts whose tokens fit into memory together.
    fn embed_window(
        &mut self,
        texts: &[String],
        vectors: &mut [Vec<f32>],
    ) -> Result<(), EmbedError> {
        let texts: Vec<&str> = texts.iter().map(|text| bounded(text)).collect();
        let encoded = self.tokenizer.encode_batch_fast(texts.clone(), true);
        let encoded = encoded.map_err(|error| self.failed(format!("tokenizer: {error}")))?;
        let lengths: Vec<usize> = encoded.iter().map(|tokens| tokens.get_ids().len()).collect();
        for batch in batch::plan(&lengths, self.limits) {
            if lengths[batch[0]] == 0 {
                return Err(
                    self.failed("its tokenizer gives no token for an empty text".to_owned())
                );
            }
            let rows: Vec<&[u32]> = batch.iter().map(|&text| encoded[text].get_ids()).collect();
            let run = self.signature.run(&mut *self.network, &rows, self.pad_id, self.pooling);
            let pooled = run.map_err(|error| {
                self.failed(match error {
                    RunError::Model(reason) => reason,
                    RunError::Text(PoolError::NotFinite { text }) => {
                        format!("its vector of {:?} is not finite", shortened(texts[batch[text]]))
                    }
                    RunError::Text(PoolError::Zero { text }) => {
                        format!("its vector of {:?} is all zeros", shortened(texts[batch[text]]))
                    }
                })
            })?;
            for (text, vector) in batch.into_iter().zip(pooled) {
                vectors[text] = vector;
            }
        }
        Ok(())
    }
}

impl TextEmbedder for OnnxText {
    fn dims(&self) -> usize {
        self.dims
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = vec![Vec::new(); texts.len()];
        for (texts, vectors) in texts.chunks(WINDOW_TEXTS).zip(vectors.chunks_mut(WINDOW_TEXTS)) {
            self.embed_window(texts, vectors)?;
        }
        Ok(vectors)
    }
}

/// The tokenizer, cutting at the model's length and padding nothing, and the id that pads.
fn read_tokenizer(model: &Model) -> Result<(Tokenizer, u32), String> {
    let path = &model.files.tokenizer;
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut tokenizer = Tokenizer::from_file(path).map_err(|error| wrong(&error))?;
    let pad_id = tokenizer
        .get_padding()
        .map(|padding| padding.pad_id)
        .or_else(|| tokenizer.token_to_id("[PAD]"))
        .or_else(|| tokenizer.token_to_id("<pad>"))
        .unwrap_or_default();
    tokenizer.with_padding(None);
    let cut = TruncationParams { max_length: model.files.tokens_max, ..Default::default() };
    tokenizer.with_truncation(Some(cut)).map_err(|error| wrong(&error))?;
    Ok((tokenizer, pad_id))
}

/// Weights, pooling, length and method: whatever else the folder holds changes no vector.
fn fingerprint(model: &Model) -> String {
    let pooling = model.files.pooling.name();
    format!("{METHOD}:{}:{pooling}:{}", model.sha256, model.files.tokens_max)
}

/// The text up to [`TEXT_BYTES_MAX`], cut between characters.
pub(super) fn bounded(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
