//! The text encoder of a dual encoder on one device.

use ndarray::Array4;
use tokenizers::{PaddingDirection, Tokenizer, TruncationParams};

use super::device;
use super::network::{self, Network, Placed, Task};
use super::sides::{Feed, RunError, Side, Sides};
use super::{EmbedError, OpenError, Options, TextEmbedder, text};
use crate::model::PairedText;
use crate::model::dual::Family;

/// Changes with everything in this room that changes vectors beyond rounding.
const METHOD: &str = "paired-text-1";
/// Texts of one batch: queries come one by one, captions by the hundred.
const TEXTS_MAX: usize = 32;

/// A text encoder that is loaded and has answered once.
pub struct OnnxPaired {
    name: String,
    network: Box<dyn Network>,
    sides: Sides,
    tokenizer: Tokenizer,
    pad_id: u32,
    is_padded_left: bool,
    family: Family,
    tokens: usize,
    picture: Option<(usize, usize)>,
    dims: usize,
    fingerprint: String,
}

impl OnnxPaired {
    /// Loads the model and lets it answer once.
    ///
    /// * `name`: the model in messages.
    /// * `sha256`: of weights and tokenizer.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn load(
        model: &PairedText,
        name: &str,
        sha256: &str,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let unusable = |reason: String| OpenError::Unusable { model: name.to_owned(), reason };
        let (tokenizer, pad_id, is_padded_left) = read_tokenizer(model).map_err(unusable)?;
        let task = Task::Texts { family: model.family, tokens: model.tokens };
        let Placed { network, provider } = network::place(name, &model.weights, task, options)?;
        let sides = Sides::read(&*network, Side::Text).map_err(unusable)?;
        if sides.takes_pixels() && model.picture.is_none() {
            let reason = "its file wants a picture beside each text, and preprocessor_config.json \
                          does not say of which size";
            return Err(unusable(reason.to_owned()));
        }
        let mut loaded = Self {
            name: name.to_owned(),
            network,
            sides,
            tokenizer,
            pad_id,
            is_padded_left,
            family: model.family,
            tokens: model.tokens,
            picture: model.picture,
            dims: 0,
            fingerprint: format!("{METHOD}:{sha256}:{}", model.tokens),
        };
        let probe = loaded.embed(&["a probe".to_owned()]);
        let probe = probe.map_err(|EmbedError::Model { reason, .. }| unusable(reason))?;
        loaded.dims = probe[0].len();
        tracing::debug!(
            model = name,
            dims = loaded.dims,
            provider = device::name(provider),
            "text encoder of pictures is loaded"
        );
        Ok(loaded)
    }

    /// Every text as long as the model was trained with: SigLIP reads its padding.
    fn padded(&self, texts: &[String]) -> Result<Vec<Vec<(u32, bool)>>, EmbedError> {
        let texts: Vec<&str> = texts.iter().map(|text| text::bounded(text)).collect();
        let encoded = self.tokenizer.encode_batch_fast(texts, true).map_err(|error| {
            EmbedError::Model { model: self.name.clone(), reason: format!("tokenizer: {error}") }
        })?;
        let rows = encoded.iter().map(|tokens| {
            let mut row: Vec<(u32, bool)> =
                tokens.get_ids().iter().map(|&id| (id, true)).take(self.tokens).collect();
            let padding = (self.pad_id, self.family == Family::Siglip);
            let missing = std::iter::repeat_n(padding, self.tokens - row.len());
            if self.is_padded_left {
                row.splice(0..0, missing);
            } else {
                row.extend(missing);
            }
            if self.family == Family::Clip && self.network.finds_last_maximum() {
                keep_first_end(&mut row);
            }
            row
        });
        Ok(rows.collect())
    }
}

impl TextEmbedder for OnnxPaired {
    fn dims(&self) -> usize {
        self.dims
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(TEXTS_MAX) {
            let rows = self.padded(batch)?;
            let pixels = self.picture.filter(|_| self.sides.takes_pixels());
            let pixels = pixels.map(|(width, height)| Array4::zeros((1, 3, height, width)));
            let feed = Feed { pixels, texts: &rows };
            let answer = self.sides.run(&mut *self.network, feed, rows.len());
            vectors.extend(answer.map_err(|error| {
                let reason = match error {
                    RunError::Model(reason) => reason,
                    RunError::Row(row) => format!("it gives no direction to a text: {row:?}"),
                };
                EmbedError::Model { model: self.name.clone(), reason }
            })?);
        }
        Ok(vectors)
    }
}

/// Leaves a text of CLIP one end.
///
/// CLIP reads its vector at the first token that ends a text, by `ArgMax`, and many pad with that
/// very token. Its attention is causal, so what stands behind the first changes no vector.
fn keep_first_end(row: &mut [(u32, bool)]) {
    let Some(&(end, _)) = row.iter().rfind(|(_, counts)| *counts) else { return };
    let other = u32::from(end == 0);
    for (id, _) in row.iter_mut().skip_while(|(id, _)| *id != end).skip(1) {
        *id = other;
    }
}

/// The tokenizer, cutting at the model's length and padding nothing; the id that pads; on which side.
fn read_tokenizer(model: &PairedText) -> Result<(Tokenizer, u32, bool), String> {
    let path = &model.tokenizer;
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut tokenizer = Tokenizer::from_file(path).map_err(|error| wrong(&error))?;
    let own = tokenizer.get_padding().map(|padding| (padding.pad_id, padding.direction));
    let named = model.pad_token.as_deref().and_then(|token| tokenizer.token_to_id(token));
    let usual = ["<pad>", "[PAD]", "<|endoftext|>", "</s>"];
    let pad_id = named
        .or(own.map(|(id, _)| id))
        .or_else(|| usual.iter().find_map(|token| tokenizer.token_to_id(token)))
        .ok_or_else(|| wrong(&"it has no token that pads; name it in tokenizer_config.json"))?;
    let is_padded_left = own.is_some_and(|(_, side)| matches!(side, PaddingDirection::Left));
    tokenizer.with_padding(None);
    let cut = TruncationParams { max_length: model.tokens, ..Default::default() };
    tokenizer.with_truncation(Some(cut)).map_err(|error| wrong(&error))?;
    Ok((tokenizer, pad_id, is_padded_left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_first_end_of_a_text_is_never_another_end() {
        #[rustfmt::skip]
        let cases: &[(&str, &[(u32, bool)], &[u32])] = &[
            // because                    tokens, and whether each counts                     ids then
            ("padding is the end",        &[(8, true), (3, true), (9, true), (9, false)],     &[8, 3, 9, 0]),
            ("the text says the end",     &[(8, true), (9, true), (3, true), (9, true)],      &[8, 9, 0, 0]),
            ("a full row has one",        &[(8, true), (3, true), (9, true)],                 &[8, 3, 9]),
            ("the end may be token 0",    &[(8, true), (0, true), (0, false), (0, false)],    &[8, 0, 1, 1]),
            ("nothing counts",            &[(9, false), (9, false)],                          &[9, 9]),
        ];
        for &(because, tokens, expected) in cases {
            let mut row = tokens.to_vec();
            keep_first_end(&mut row);
            let ids: Vec<u32> = row.iter().map(|&(id, _)| id).collect();
            assert_eq!(ids, expected, "{because}");
        }
    }
}
