//! `vitrine embed-query`: texts in, vectors out, by the model of a catalogue or an index.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;
use vitrine_crds::run::Exit;

use super::output::{self, say};
use super::{Failure, elasticsearch};
use crate::embed::{Options, TextEmbedder};
use crate::search::{
    Index, Library, SearchError, Space, embed_all, embed_picture, embedder, locate, open,
    read_picture,
};

/// Texts that are embedded, and printed, at once.
const TEXTS_MAX: usize = 1_024;
/// Longest line of standard input, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Arguments of `vitrine embed-query`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints one vector a text, each a JSON array on a line of its own, as a query of Elasticsearch takes
it. The model is the one that made the vectors of the catalogue or index, so that scores mean something.

Examples:
  vitrine embed-query 'something to lift pallets with'
  vitrine embed-query --output json 'a chair' 'a lamp'
  vitrine embed-query --elasticsearch https://es:9200 --index warehouse 'a chair'
  vitrine embed-query --image photo.jpg --embedding look
  vitrine embed-query --model hf://sentence-transformers/all-MiniLM-L6-v2 - < sentences.txt")]
pub struct Args {
    /// The texts; `-` or none reads them from standard input, one a line.
    texts: Vec<String>,
    /// A picture to embed instead: PNG, JPEG, WebP, GIF, BMP or TIFF.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["texts", "model"])]
    image: Option<PathBuf>,
    /// Folder of the catalogue whose model to use.
    #[arg(long, value_name = "DIR", env = "VITRINE_CATALOG", default_value = "catalog")]
    catalog: String,
    #[command(flatten)]
    elasticsearch: elasticsearch::Flags,
    /// The model to use instead: a folder, or hf://owner/name.
    #[arg(long, value_name = "URI", conflicts_with = "elasticsearch")]
    model: Option<String>,
    /// Which embedding of the catalogue or index [default: text, else the first].
    #[arg(long, value_name = "NAME")]
    embedding: Option<String>,
    /// How to print: an array a line, or one object that also names text, field and model.
    #[arg(long, value_enum, default_value_t = Output::Vectors)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Output {
    Vectors,
    Json,
}

/// Runs `vitrine embed-query`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let failure = |error: SearchError| Failure::new(error.exit(), &error);
    if let Some(file) = &args.image {
        return picture(&args, file);
    }
    let mut from = source(&args)?;
    let mut texts = Texts::of(&args.texts)?;
    let mut rows = Vec::new();
    loop {
        let some = texts.take(TEXTS_MAX)?;
        if some.is_empty() {
            break;
        }
        let vectors = embed_all(from.embedder.as_mut(), &from.uri, &some).map_err(failure)?;
        match args.output {
            Output::Vectors => {
                let lines: String =
                    vectors.iter().map(|vector| format!("{}\n", json!(vector))).collect();
                output::print(format_args!("{lines}"));
            }
            Output::Json => rows.extend(
                some.iter()
                    .zip(vectors)
                    .map(|(text, vector)| json!({"text": text, "vector": vector})),
            ),
        }
    }
    if args.output == Output::Json {
        let Source { field, uri, embedder } = &from;
        let answer = json!({
            "field": field,
            "dims": embedder.dims(),
            "model_uri": uri,
            "model_fingerprint": embedder.fingerprint(),
            "vectors": rows,
        });
        say!("{answer}");
    }
    Ok(Exit::Done)
}

/// The vector of a picture, as those of texts are printed.
fn picture(args: &Args, file: &Path) -> Result<Exit, Failure> {
    let failure = |error: SearchError| Failure::new(error.exit(), &error);
    let picture = read_picture(file).map_err(failure)?;
    let spaces = spaces(args)?;
    let space = Space::choose(args.embedding.as_deref(), &spaces, true).map_err(failure)?;
    let vector = embed_picture(space, &picture.pixels, &Options::default()).map_err(failure)?;
    match args.output {
        Output::Vectors => say!("{}", json!(vector)),
        Output::Json => {
            let answer = json!({
                "field": space.field,
                "dims": vector.len(),
                "model_uri": space.model_uri,
                "model_fingerprint": space.model_fingerprint,
                "vectors": [{"image": picture.name, "vector": vector}],
            });
            say!("{answer}");
        }
    }
    Ok(Exit::Done)
}

/// A loaded model.
struct Source {
    /// The field whose vectors it made; none where it was named by itself.
    field: Option<String>,
    uri: String,
    embedder: Box<dyn TextEmbedder>,
}

fn source(args: &Args) -> Result<Source, Failure> {
    let failure = |error: SearchError| Failure::new(error.exit(), &error);
    let options = Options::default();
    if let Some(uri) = &args.model {
        let embedder = open("text", uri, &options).map_err(failure)?;
        return Ok(Source { field: None, uri: uri.clone(), embedder });
    }
    let spaces = spaces(args)?;
    let space = Space::choose(args.embedding.as_deref(), &spaces, false).map_err(failure)?;
    let embedder = embedder(space, &options).map_err(failure)?;
    Ok(Source { field: Some(space.field.clone()), uri: space.model_uri.clone(), embedder })
}

/// The fields of vectors of the catalogue or index.
fn spaces(args: &Args) -> Result<Vec<Space>, Failure> {
    let spaces = match args.elasticsearch.connect()? {
        Some((cluster, index)) => Index::open(cluster, &index).map(|index| index.spaces().to_vec()),
        None => locate(&args.catalog)
            .and_then(|root| Library::open(&root))
            .map(|library| library.spaces().to_vec()),
    };
    spaces.map_err(|error| Failure::new(error.exit(), &error))
}

/// Where texts come from.
enum Texts<'a> {
    Given(std::slice::Iter<'a, String>),
    Lines(std::io::StdinLock<'static>),
}

impl<'a> Texts<'a> {
    fn of(given: &'a [String]) -> Result<Self, Failure> {
        match given {
            [one] if one == "-" => Ok(Self::Lines(std::io::stdin().lock())),
            [] if std::io::stdin().is_terminal() => {
                Err(Failure::usage("no text; write one, or `-` to read them from standard input"))
            }
            [] => Ok(Self::Lines(std::io::stdin().lock())),
            given => Ok(Self::Given(given.iter())),
        }
    }

    /// The next texts, at most `count`; none at the end.
    fn take(&mut self, count: usize) -> Result<Vec<String>, Failure> {
        match self {
            Self::Given(texts) => Ok(texts.by_ref().take(count).cloned().collect()),
            Self::Lines(lines) => {
                let mut texts = Vec::new();
                while texts.len() < count {
                    match line(lines)? {
                        Some(text) => texts.push(text),
                        None => break,
                    }
                }
                Ok(texts)
            }
        }
    }
}

/// The next line without its end.
fn line(lines: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let mut text = String::new();
    let read = std::io::Read::take(lines, LINE_BYTES_MAX).read_line(&mut text);
    let read = read.map_err(|error| {
        Failure::usage(format!("cannot read texts from standard input: {error}"))
    })?;
    if read as u64 == LINE_BYTES_MAX {
        return Err(Failure::usage(format!(
            "a line of standard input has more than {LINE_BYTES_MAX} bytes; \
             write one text a line"
        )));
    }
    Ok((read > 0).then(|| text.trim_end_matches(['\n', '\r']).to_owned()))
}
