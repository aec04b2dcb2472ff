//! A model of texts that has said what it will be asked.

use std::collections::HashMap;

use vitrine_crds::library::EmbeddingSpec;

use super::{EmbedError, Options, TextEmbedder, freed, open};

/// Texts that a model is given at once.
const TEXTS_AT_ONCE: usize = 256;

/// What a model said of some texts; the model itself is gone, and its memory free.
struct Said {
    by: (EmbeddingSpec, Options),
    dims: usize,
    fingerprint: String,
    vectors: HashMap<String, Vec<f32>>,
}

/// Lets `model` embed `texts`, and then go. What comes back answers like it: by heart where the text
/// is one of these, else by loading the model again.
///
/// * `by`: what `model` was opened by.
///
/// # Errors
///
/// As [`TextEmbedder::embed`].
pub fn said(
    mut model: Box<dyn TextEmbedder>,
    texts: &[String],
    by: (EmbeddingSpec, Options),
) -> Result<Box<dyn TextEmbedder>, EmbedError> {
    let mut vectors = HashMap::with_capacity(texts.len());
    for texts in texts.chunks(TEXTS_AT_ONCE) {
        vectors.extend(texts.iter().cloned().zip(model.embed(texts)?));
    }
    let (dims, fingerprint) = (model.dims(), model.fingerprint().to_owned());
    drop(model);
    freed::give_back();
    Ok(Box::new(Said { by, dims, fingerprint, vectors }))
}

impl TextEmbedder for Said {
    fn dims(&self) -> usize {
        self.dims
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let known: Option<Vec<Vec<f32>>> =
            texts.iter().map(|text| self.vectors.get(text).cloned()).collect();
        if let Some(known) = known {
            return Ok(known);
        }
        let (spec, options) = &self.by;
        let mut model = open(spec, options).map_err(|error| EmbedError::Model {
            model: spec.model.uri.clone(),
            reason: format!("it cannot be loaded again: {error}"),
        })?;
        model.embed(texts)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::embed::default_text;

    /// Counts the texts it is asked, and how often it is dropped.
    struct Counting(Arc<[AtomicUsize; 2]>);

    impl TextEmbedder for Counting {
        fn dims(&self) -> usize {
            1
        }

        fn fingerprint(&self) -> &str {
            "counting"
        }

        fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
            assert!(texts.len() <= TEXTS_AT_ONCE);
            self.0[0].fetch_add(texts.len(), Ordering::Relaxed);
            Ok(texts.iter().map(|text| vec![text.len() as f32]).collect())
        }
    }

    impl Drop for Counting {
        fn drop(&mut self) {
            self.0[1].fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_was_said_is_known_by_heart_and_the_model_is_gone() {
        let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let texts: Vec<String> = (0..300).map(|n| "a".repeat(n + 1)).collect();
        let model = Box::new(Counting(Arc::clone(&counts)));
        // A model that is nowhere: whatever is not known by heart fails.
        let mut spec = default_text();
        spec.model.uri = "/nowhere".to_owned();
        let mut said = said(model, &texts, (spec, Options::default())).unwrap();
        assert_eq!((said.dims(), said.fingerprint()), (1, "counting"));
        assert_eq!(counts[1].load(Ordering::Relaxed), 1, "the model is still there");
        let asked = [texts[4].clone(), texts[299].clone(), texts[4].clone()];
        assert_eq!(said.embed(&asked).unwrap(), [[5.0], [300.0], [5.0]]);
        assert_eq!(counts[0].load(Ordering::Relaxed), 300);
        let error = said.embed(&["unheard of".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("/nowhere") && error.contains("loaded again"), "{error}");
    }
}
