//! What a model folder says about its model.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{ModelError, known};

pub(super) const CONFIG_BYTES_MAX: u64 = 16 << 20;
/// BERT's own limit, for folders that name none.
const TOKENS_MAX_DEFAULT: usize = 512;
/// `model_max_length` above this means "none" (transformers writes 1e30).
const TOKENS_MAX_BELIEVED: f64 = 1e6;

/// How token vectors become one vector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pooling {
    /// Mean over the tokens that are not padding.
    Mean,
    /// The first token's vector.
    Cls,
}

impl Pooling {
    /// `mean` or `cls`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
        }
    }
}

/// A text model's folder, read and checked. `weights` and `tokenizer` exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TextModel {
    /// The folder.
    pub folder: PathBuf,
    /// The ONNX file.
    pub weights: PathBuf,
    /// Where the ONNX file keeps its tensors, if outside itself.
    pub external_data: Option<PathBuf>,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Tokens of a text that count, special ones included; the rest is cut.
    pub tokens_max: usize,
    /// Length of a vector as `config.json` says; the session has the last word.
    pub dims: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    hidden_size: Option<usize>,
    max_position_embeddings: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

impl TextModel {
    /// Reads the folder of a text model.
    ///
    /// # Errors
    ///
    /// [`ModelError::Folder`] says which file is missing or wrong, and what to do.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        if !folder.is_dir() {
            return Err(wrong(folder, "there is no such folder; check the model's uri"));
        }
        let weights = find_weights(folder)?;
        let tokenizer = folder.join("tokenizer.json");
        if !tokenizer.is_file() {
            return Err(wrong(
                folder,
                "tokenizer.json is missing; save the model's fast tokenizer there \
                 (`AutoTokenizer.from_pretrained(…).save_pretrained(folder)`)",
            ));
        }
        check_modules(folder)?;
        let config: Config = read_json(folder, "config.json")?.unwrap_or_default();
        Ok(Self {
            external_data: find_external_data(&weights),
            tokenizer,
            pooling: read_pooling(folder)?,
            tokens_max: read_tokens_max(folder, &config)?,
            dims: config.hidden_size,
            folder: folder.to_owned(),
            weights,
        })
    }
}

pub(super) fn wrong(folder: &Path, reason: impl Into<String>) -> ModelError {
    ModelError::Folder { folder: folder.to_owned(), reason: reason.into() }
}

fn find_weights(folder: &Path) -> Result<PathBuf, ModelError> {
    if let Some(found) =
        known::WEIGHTS.iter().map(|name| folder.join(name)).find(|path| path.is_file())
    {
        return Ok(found);
    }
    let mut others: Vec<PathBuf> = [folder.join("onnx"), folder.to_owned()]
        .iter()
        .filter_map(|place| fs::read_dir(place).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect();
    others.sort();
    match others.len() {
        1 => Ok(others.remove(0)),
        0 => Err(wrong(
            folder,
            "there is no ONNX file; export one to onnx/model.onnx (`optimum-cli export onnx --model \
             NAME --task feature-extraction FOLDER`)",
        )),
        _ => {
            let name =
                |path: &PathBuf| path.strip_prefix(folder).unwrap_or(path).display().to_string();
            let names: Vec<String> = others.iter().map(name).collect();
            let reason = format!("which of {} to use? name one onnx/model.onnx", names.join(", "));
            Err(wrong(folder, reason))
        }
    }
}

pub(super) fn find_external_data(weights: &Path) -> Option<PathBuf> {
    let candidates = known::EXTERNAL_DATA.iter().map(|suffix| {
        let mut name = weights.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    });
    candidates.into_iter().find(|path| path.is_file())
}

/// Layers behind the transformer that are weights of their own, which the ONNX file does not hold.
fn check_modules(folder: &Path) -> Result<(), ModelError> {
    let modules: Vec<Module> = read_json(folder, "modules.json")?.unwrap_or_default();
    for module in modules {
        let kind = module.kind.rsplit('.').next().unwrap_or_default();
        if !matches!(kind, "Transformer" | "Pooling" | "Normalize") {
            return Err(wrong(
                folder,
                format!(
                    "modules.json has a {kind} layer, which is not part of the ONNX file; export \
                     the whole pipeline into it, with one output per sentence"
                ),
            ));
        }
    }
    Ok(())
}

fn read_pooling(folder: &Path) -> Result<Pooling, ModelError> {
    let Some(config) = read_json::<PoolingConfig>(folder, "1_Pooling/config.json")? else {
        // What sentence-transformers does with a bare transformer.
        tracing::warn!(
            folder = %folder.display(),
            "1_Pooling/config.json is missing: taking the mean over tokens"
        );
        return Ok(Pooling::Mean);
    };
    let PoolingConfig {
        pooling_mode_cls_token: cls,
        pooling_mode_mean_tokens: mean,
        pooling_mode_max_tokens: max,
        pooling_mode_mean_sqrt_len_tokens: sqrt,
        pooling_mode_weightedmean_tokens: weighted,
        pooling_mode_lasttoken: last,
    } = config;
    match (mean, cls, max || sqrt || weighted || last) {
        (true, false, false) => Ok(Pooling::Mean),
        (false, true, false) => Ok(Pooling::Cls),
        _ => Err(wrong(
            folder,
            "1_Pooling/config.json must choose exactly one of pooling_mode_mean_tokens and \
             pooling_mode_cls_token; export models with another pooling so that the ONNX file \
             gives one vector per sentence",
        )),
    }
}

fn read_tokens_max(folder: &Path, config: &Config) -> Result<usize, ModelError> {
    let sentence: SentenceConfig =
        read_json(folder, "sentence_bert_config.json")?.unwrap_or_default();
    let tokenizer: TokenizerConfig =
        read_json(folder, "tokenizer_config.json")?.unwrap_or_default();
    let believed = tokenizer.model_max_length.filter(|&length| length < TOKENS_MAX_BELIEVED);
    let asked = sentence
        .max_seq_length
        .or(believed.map(|length| length as usize))
        .or(config.max_position_embeddings)
        .unwrap_or(TOKENS_MAX_DEFAULT);
    // More tokens than positions would read outside the table of positions.
    let tokens_max = asked.min(config.max_position_embeddings.unwrap_or(usize::MAX));
    if tokens_max < 3 {
        return Err(wrong(
            folder,
            format!(
                "a text of {tokens_max} tokens says nothing; correct max_seq_length in sentence_bert_config.json"
            ),
        ));
    }
    Ok(tokens_max)
}

/// The file's JSON, or `None` where there is no such file.
pub(super) fn read_json<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
) -> Result<Option<T>, ModelError> {
    let path = folder.join(name);
    let size = match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(ModelError::io("read", &path))?.len(),
    };
    if size > CONFIG_BYTES_MAX {
        let what = path.display().to_string();
        return Err(ModelError::TooLarge { what, bytes_max: CONFIG_BYTES_MAX });
    }
    let bytes = fs::read(&path).map_err(ModelError::io("read", &path))?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| wrong(folder, format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    const MEAN: (&str, &str) = ("1_Pooling/config.json", r#"{"pooling_mode_mean_tokens": true}"#);
    const CLS: (&str, &str) = ("1_Pooling/config.json", r#"{"pooling_mode_cls_token": true}"#);

    #[test]
    fn a_standard_folder_is_read() {
        let folder = folder(&[
            ("onnx/model.onnx", ""),
            ("onnx/model_O4.onnx", ""),
            ("tokenizer.json", ""),
            ("config.json", r#"{"hidden_size": 384, "max_position_embeddings": 512}"#),
            ("sentence_bert_config.json", r#"{"max_seq_length": 256, "do_lower_case": false}"#),
            MEAN,
        ]);
        let model = TextModel::read(folder.path()).unwrap();
        assert_eq!(model.weights, folder.path().join("onnx/model.onnx"));
        assert_eq!((model.pooling, model.tokens_max, model.dims), (Pooling::Mean, 256, Some(384)));
    }

    #[test]
    fn the_only_other_onnx_file_serves_too() {
        let folder = folder(&[("onnx/model_quantized.onnx", ""), ("tokenizer.json", ""), CLS]);
        let model = TextModel::read(folder.path()).unwrap();
        assert_eq!(model.weights, folder.path().join("onnx/model_quantized.onnx"));
        assert_eq!((model.pooling, model.tokens_max), (Pooling::Cls, 512));
    }

    #[test]
    fn the_length_never_passes_the_table_of_positions() {
        let cases = [
            (r#"{"model_max_length": 1e30}"#, 128),
            (r#"{"model_max_length": 64}"#, 64),
            (r#"{"model_max_length": 512}"#, 128),
        ];
        for (tokenizer, expected) in cases {
            let folder = folder(&[
                ("model.onnx", ""),
                ("tokenizer.json", ""),
                ("config.json", r#"{"max_position_embeddings": 128}"#),
                ("tokenizer_config.json", tokenizer),
                MEAN,
            ]);
            assert_eq!(TextModel::read(folder.path()).unwrap().tokens_max, expected, "{tokenizer}");
        }
    }

    #[test]
    fn a_folder_that_cannot_work_says_what_to_do() {
        let (onnx, tokenizer) = (("model.onnx", ""), ("tokenizer.json", ""));
        #[rustfmt::skip]
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[tokenizer],                                              "export one to onnx/model.onnx"),
            (&[("a.onnx", ""), ("b.onnx", ""), tokenizer],              "which of a.onnx, b.onnx"),
            (&[onnx],                                                   "tokenizer.json is missing"),
            (&[onnx, tokenizer, ("config.json", "{")],                  "config.json: EOF"),
            (&[onnx, tokenizer, ("1_Pooling/config.json", "{}")],       "exactly one of"),
            (&[onnx, tokenizer, MEAN, ("modules.json", r#"[{"type": "sentence_transformers.models.Dense"}]"#)],
                                                                        "has a Dense layer"),
            (&[onnx, tokenizer, MEAN, ("sentence_bert_config.json", r#"{"max_seq_length": 0}"#)],
                                                                        "correct max_seq_length"),
        ];
        for (files, expected) in cases {
            let folder = folder(files);
            let said = TextModel::read(folder.path()).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
            assert!(said.contains(&folder.path().display().to_string()), "{said}");
        }
        let said = TextModel::read(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(said.contains("there is no such folder"), "{said}");
    }
}
