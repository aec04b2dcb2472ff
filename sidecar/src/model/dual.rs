//! What a folder says about a model of pictures, and about the text encoder that shares its space.
//!
//! CLIP and SigLIP come as two ONNX files (`vision_model.onnx`, `text_model.onnx`) or as one with both
//! (`model.onnx`), at the folder's root or below `onnx/`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use vitrine_image::Preparation;

use super::folder::{find_external_data, read_json, wrong};
use super::{ModelError, digest, known};

/// The weights of a dual encoder's folder, found and not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DualFiles {
    /// The folder.
    pub folder: PathBuf,
    /// Files of weights, each once: those of pictures, then those of texts where there are any, each
    /// with its tensors outside behind it.
    pub weights: Vec<PathBuf>,
    /// What `config.json` says it is, where it says anything we know.
    pub family: Option<Family>,
}

/// A model of pictures, read and checked. `weights` exists.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageModel {
    /// The folder.
    pub folder: PathBuf,
    /// The ONNX file that takes `pixel_values`.
    pub weights: PathBuf,
    /// Where the ONNX file keeps its tensors, if outside itself.
    pub external_data: Option<PathBuf>,
    /// What is done to pictures before.
    pub preparation: Preparation,
}

/// The text encoder of a dual encoder, read and checked. `weights` and `tokenizer` exist.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedText {
    /// The folder.
    pub folder: PathBuf,
    /// The ONNX file that takes `input_ids`.
    pub weights: PathBuf,
    /// Where the ONNX file keeps its tensors, if outside itself.
    pub external_data: Option<PathBuf>,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Whose text encoder it is.
    pub family: Family,
    /// Tokens of every text, special ones and padding included.
    pub tokens: usize,
    /// The token that pads, where `tokenizer_config.json` or `special_tokens_map.json` names it.
    pub pad_token: Option<String>,
    /// Width and height of a picture, for a file that wants one beside the text.
    pub picture: Option<(usize, usize)>,
}

/// How texts were shown to a text encoder when it was trained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// Padding is masked.
    Clip,
    /// Padding is read like words: SigLIP knows no mask.
    Siglip,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    model_type: Option<String>,
    text_config: TextConfig,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TextConfig {
    max_position_embeddings: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SpecialTokens {
    pad_token: Option<Token>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Token {
    Bare(String),
    Described { content: String },
}

/// Tokens above this are a mistake of the file.
const TOKENS_MAX: usize = 4_096;

impl DualFiles {
    /// Looks for both encoders; that of texts may be absent.
    ///
    /// # Errors
    ///
    /// [`ModelError::Folder`] where there is no encoder of pictures, or `config.json` is broken.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let mut found = vec![find(folder, &known::VISION)?];
        found.extend(find(folder, &known::TEXT).ok());
        found.dedup();
        let weights = found
            .into_iter()
            .flat_map(|weights| {
                let data = find_external_data(&weights);
                [Some(weights), data]
            })
            .flatten()
            .collect();
        let config: Config = read_json(folder, "config.json")?.unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), weights, family: config.family() })
    }

    /// What pins all weights at once: of one file its own SHA-256, of more the SHA-256 over theirs as
    /// hex digits with a space between, in the order of [`DualFiles::weights`].
    ///
    /// # Errors
    ///
    /// Whatever `of_file` says.
    pub fn sha256(
        &self,
        of_file: impl Fn(&Path) -> Result<String, ModelError>,
    ) -> Result<String, ModelError> {
        let each: Vec<String> =
            self.weights.iter().map(|file| of_file(file)).collect::<Result<_, _>>()?;
        match &each[..] {
            [one] => Ok(one.clone()),
            all => Ok(digest::of_bytes(all.join(" ").as_bytes())),
        }
    }

    /// What the pin is of, for a message.
    pub fn named(&self) -> String {
        let names: Vec<String> =
            self.weights.iter().map(|file| file.display().to_string()).collect();
        names.join(" with ")
    }
}

impl Family {
    /// `clip` or `siglip`, as the configuration's algorithms are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::Siglip => "siglip",
        }
    }
}

impl Config {
    fn family(&self) -> Option<Family> {
        match self.model_type.as_deref()? {
            "clip" | "clip_vision_model" => Some(Family::Clip),
            "siglip" | "siglip2" | "siglip_vision_model" => Some(Family::Siglip),
            _ => None,
        }
    }
}

impl ImageModel {
    /// Reads the folder of a model of pictures.
    ///
    /// # Errors
    ///
    /// [`ModelError::Folder`] says which file is missing or wrong, and what to do.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let weights = find(folder, &known::VISION)?;
        Ok(Self {
            external_data: find_external_data(&weights),
            preparation: read_preparation(folder)?,
            folder: folder.to_owned(),
            weights,
        })
    }
}

impl PairedText {
    /// Reads the folder of a dual encoder for its texts.
    ///
    /// # Errors
    ///
    /// [`ModelError::Folder`] says which file is missing or wrong, and what to do.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let weights = find(folder, &known::TEXT)?;
        let tokenizer = folder.join("tokenizer.json");
        if !tokenizer.is_file() {
            return Err(wrong(
                folder,
                "tokenizer.json is missing; save the model's fast tokenizer there \
                 (`AutoTokenizer.from_pretrained(…).save_pretrained(folder)`)",
            ));
        }
        let config: Config = read_json(folder, "config.json")?.unwrap_or_default();
        let family = config.family().ok_or_else(|| {
            let reason = format!(
                "config.json must say model_type clip, siglip or siglip2, but says {}",
                config.model_type.as_deref().unwrap_or("none")
            );
            wrong(folder, reason)
        })?;
        let usual = match family {
            Family::Clip => 77,
            Family::Siglip => 64,
        };
        let tokens = config.text_config.max_position_embeddings.unwrap_or(usual);
        if !(3..=TOKENS_MAX).contains(&tokens) {
            let reason = format!("text_config.max_position_embeddings is {tokens} in config.json");
            return Err(wrong(folder, reason));
        }
        let picture = read_preparation(folder).ok().map(|read| (read.width(), read.height()));
        Ok(Self {
            external_data: find_external_data(&weights),
            pad_token: read_pad_token(folder)?,
            folder: folder.to_owned(),
            weights,
            tokenizer,
            family,
            tokens,
            picture,
        })
    }
}

/// The first of `names` that is there.
fn find(folder: &Path, names: &[&str; 5]) -> Result<PathBuf, ModelError> {
    if !folder.is_dir() {
        return Err(wrong(folder, "there is no such folder; check the model's uri"));
    }
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        wrong(
            folder,
            format!(
                "there is neither {} nor {}, nor either below onnx/; export one (`optimum-cli export \
                 onnx --model NAME FOLDER`)",
                names[1], names[3]
            ),
        )
    })
}

fn read_preparation(folder: &Path) -> Result<Preparation, ModelError> {
    for name in ["preprocessor_config.json", "processor_config.json"] {
        // A value first: its size is bounded there, and its mistakes are named.
        if let Some(json) = read_json::<serde_json::Value>(folder, name)? {
            let read = Preparation::from_json(json.to_string().as_bytes());
            return read.map_err(|error| wrong(folder, format!("{name}: {error}")));
        }
    }
    Err(wrong(
        folder,
        "preprocessor_config.json is missing; save the model's image processor there \
         (`AutoImageProcessor.from_pretrained(…).save_pretrained(folder)`)",
    ))
}

fn read_pad_token(folder: &Path) -> Result<Option<String>, ModelError> {
    for name in ["tokenizer_config.json", "special_tokens_map.json"] {
        let tokens: SpecialTokens = read_json(folder, name)?.unwrap_or_default();
        match tokens.pad_token {
            Some(Token::Bare(content) | Token::Described { content }) => return Ok(Some(content)),
            None => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    const SIGLIP: (&str, &str) = ("config.json", r#"{"model_type": "siglip"}"#);
    const PREPARATION: (&str, &str) =
        ("preprocessor_config.json", r#"{"image_processor_type": "SiglipImageProcessor"}"#);

    #[test]
    fn two_files_and_one_with_both_are_found() {
        let two = folder(&[
            ("onnx/vision_model.onnx", ""),
            ("onnx/text_model.onnx", ""),
            ("model.onnx", ""),
            ("tokenizer.json", ""),
            ("tokenizer_config.json", r#"{"pad_token": {"content": "</s>"}}"#),
            SIGLIP,
            PREPARATION,
        ]);
        let image = ImageModel::read(two.path()).unwrap();
        assert_eq!(image.weights, two.path().join("onnx/vision_model.onnx"));
        let text = PairedText::read(two.path()).unwrap();
        assert_eq!(text.weights, two.path().join("onnx/text_model.onnx"));
        assert_eq!((text.family, text.tokens), (Family::Siglip, 64));
        assert_eq!((text.pad_token.as_deref(), text.picture), (Some("</s>"), Some((224, 224))));

        let clip = r#"{"model_type": "clip", "text_config": {"max_position_embeddings": 20}}"#;
        let one = folder(&[
            ("model.onnx", ""),
            ("tokenizer.json", ""),
            ("config.json", clip),
            ("special_tokens_map.json", r#"{"pad_token": "!"}"#),
        ]);
        let text = PairedText::read(one.path()).unwrap();
        assert_eq!(text.weights, one.path().join("model.onnx"));
        assert_eq!((text.family, text.tokens), (Family::Clip, 20));
        assert_eq!((text.pad_token.as_deref(), text.picture), (Some("!"), None));
    }

    #[test]
    fn a_folder_that_cannot_work_says_what_to_do() {
        let (onnx, tokenizer) = (("model.onnx", ""), ("tokenizer.json", ""));
        let long = r#"{"model_type": "clip", "text_config": {"max_position_embeddings": 99999}}"#;
        #[rustfmt::skip]
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[],                                                       "neither text_model.onnx nor model.onnx"),
            (&[onnx, SIGLIP],                                           "tokenizer.json is missing"),
            (&[onnx, tokenizer],                                        "must say model_type clip"),
            (&[onnx, tokenizer, ("config.json", r#"{"model_type": "bert"}"#)], "but says bert"),
            (&[onnx, tokenizer, ("config.json", long)],                 "max_position_embeddings is 99999"),
        ];
        for (files, expected) in cases {
            let folder = folder(files);
            let said = PairedText::read(folder.path()).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        let bare = folder(&[onnx]);
        let said = ImageModel::read(bare.path()).unwrap_err().to_string();
        assert!(said.contains("preprocessor_config.json is missing"), "{said}");
        let bare = folder(&[onnx, ("preprocessor_config.json", r#"{"resample": 9}"#)]);
        let said = ImageModel::read(bare.path()).unwrap_err().to_string();
        assert!(said.contains("preprocessor_config.json: resample 9"), "{said}");
        let said = ImageModel::read(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(said.contains("there is no such folder"), "{said}");
    }
}
