//! `vitrine clips`: the clips of an index, one of them, those like one.

use std::path::{Path, PathBuf};

use console::measure_text_width;
use serde_json::{Map, Value, json};
use vitrine_crds::embedding_job::DEFAULT_INDEX;
use vitrine_crds::run::Exit;

use super::output::{self, Format, harmless, say};
use super::progress::Noun;
use super::{Failure, elasticsearch};
use crate::asset::clip::VECTORS;
use crate::catalog::npy;
use crate::search::clips::{Alike, By, Clips, ClipsError, Found, Likeness};

/// Arguments of `vitrine clips`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine clips list
  vitrine clips list --elasticsearch https://es:9200 --index moves --output json
  vitrine clips get cross_body_lead_03 --output json
  vitrine clips get cross_body_lead_03 --output npy --out vectors
  vitrine clips like cross_body_lead_03 --by interaction
  vitrine clips like cross_body_lead_03 --by lead=2,audio=1 --top-k 5

Exit codes: 0 done; 1 worth a retry; 2 usage, also where there is no such clip; 3 permanent.
docs/clips.md has the same questions as plain requests to Elasticsearch.")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the clips of an index, in the order of their ids.
    List {
        #[command(flatten)]
        place: elasticsearch::Place,
        /// Only those after this id
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Text)]
        output: Format,
    },
    /// Print one clip with its vectors.
    Get {
        /// The clip's id: its file name without the suffix
        id: String,
        #[command(flatten)]
        place: elasticsearch::Place,
        /// Only this vector: lead, follow, interaction, audio or text
        #[arg(long, value_name = "NAME", value_parser = VECTORS.map(|field| field.name))]
        vector: Option<String>,
        /// How to print it; npy writes a file a vector, <ID>.<field>.npy
        #[arg(long, value_enum, default_value_t = Shape::Text)]
        output: Shape,
        /// Folder for files of npy
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Find the clips that are most like one.
    Like {
        /// The clip's id
        id: String,
        #[command(flatten)]
        place: elasticsearch::Place,
        /// What to compare: lead, follow, interaction, audio, text, all, or several with weights
        #[arg(long, value_name = "VECTORS", default_value = "interaction")]
        by: String,
        /// How many clips at most, 1 to 10000
        #[arg(long, value_name = "K", default_value_t = 10, value_parser = top_k)]
        top_k: usize,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Text)]
        output: Format,
    },
}

/// How one clip is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Shape {
    /// For people, without the numbers of vectors.
    Text,
    /// The document with all vectors.
    Json,
    /// Files for numpy.
    Npy,
}

fn top_k(text: &str) -> Result<usize, String> {
    let count: usize = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    match count {
        1..=crate::search::clips::HITS_MAX => Ok(count),
        _ => Err("has to be 1 to 10000".to_owned()),
    }
}

/// Runs `vitrine clips`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let failure = |error: ClipsError| Failure::new(error.exit(), &error);
    let open = |place: &elasticsearch::Place| {
        let (cluster, index) = place.connect(DEFAULT_INDEX)?;
        Ok::<_, Failure>(Clips::new(cluster, &index))
    };
    match args.command {
        Command::List { place, after, limit, output } => {
            let clips = open(&place)?.list(after.as_deref(), limit).map_err(failure)?;
            match output {
                Format::Json => say!("{:#}", json!(clips)),
                Format::Text => {
                    output::print(format_args!(
                        "{}",
                        table(&clips.iter().collect::<Vec<_>>(), None)
                    ));
                    say!("{}", Noun::Clips.count(clips.len() as u64));
                }
            }
        }
        Command::Get { id, place, vector, output, out } => {
            let mut found = open(&place)?.get(&id).map_err(failure)?;
            if let Some(wanted) = VECTORS.iter().find(|field| vector.as_deref() == Some(field.name))
            {
                found.needs(&id, std::slice::from_ref(wanted)).map_err(failure)?;
                found.vectors.retain(|(field, _)| field == wanted);
            }
            get(&id, found, output, &out)?;
        }
        Command::Like { id, place, by, top_k, output } => {
            let by = By::parse(&by).map_err(failure)?;
            let Likeness { by, hits } = open(&place)?.like(&id, &by, top_k).map_err(failure)?;
            match output {
                Format::Json => say!("{:#}", json!({"clip_id": id, "by": by, "hits": hits})),
                Format::Text => {
                    let scores: Vec<f64> = hits.iter().map(|one| one.score).collect();
                    let documents: Vec<_> =
                        hits.iter().map(|Alike { document, .. }| document).collect();
                    output::print(format_args!("{}", table(&documents, Some(&scores))));
                    let found = Noun::Clips.count(hits.len() as u64);
                    say!("{found} like {}, by {by}", harmless(&id));
                    if hits.is_empty() {
                        say!("no other clip has a vector of {by}; --by names others, or all");
                    }
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn get(id: &str, found: Found, shape: Shape, out: &Path) -> Result<(), Failure> {
    let Found { mut document, vectors } = found;
    match shape {
        Shape::Json => {
            for (field, vector) in vectors {
                document.insert(field.field.to_owned(), json!(vector));
            }
            say!("{:#}", Value::Object(document));
        }
        Shape::Npy => {
            std::fs::create_dir_all(out).map_err(|error| unwritten(out, &error))?;
            for (field, vector) in vectors {
                let path = out.join(format!("{}.{}.npy", safe(id), field.field));
                let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                std::fs::write(&path, npy::encode(&bytes, None))
                    .map_err(|error| unwritten(&path, &error))?;
                say!("{}", path.display());
            }
        }
        Shape::Text => {
            let mut rows: Vec<(String, String)> =
                document.iter().map(|(field, value)| (field.clone(), plain(value))).collect();
            rows.extend(vectors.iter().map(|(field, vector)| {
                (field.field.to_owned(), format!("{} numbers", vector.len()))
            }));
            let widest = rows.iter().map(|(field, _)| field.len()).max().unwrap_or(0);
            let lines = rows.iter().map(|(field, value)| format!("{field:<widest$}  {value}\n"));
            output::print(format_args!("{}", lines.collect::<String>()));
        }
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!(
        "cannot write {}: {error}; name another folder with --out",
        path.display()
    ))
}

/// An id as part of a file's name: strangers named the videos.
fn safe(id: &str) -> String {
    id.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect()
}

/// Columns of a table, each a field.
const COLUMNS: [(&str, &str); 6] = [
    ("clip_id", "clip"),
    ("move_label", "move"),
    ("difficulty", "difficulty"),
    ("energy_level", "energy"),
    ("quality_score", "quality"),
    ("video_path", "video"),
];

/// Rows of the columns above, after the score where there are scores.
fn table(documents: &[&Map<String, Value>], scores: Option<&[f64]>) -> String {
    if documents.is_empty() {
        return String::new();
    }
    let head = scores.map(|_| "score".to_owned()).into_iter();
    let mut rows = vec![head.chain(COLUMNS.map(|(_, title)| title.to_owned())).collect::<Vec<_>>()];
    for (at, document) in documents.iter().enumerate() {
        let score = scores.map(|scores| format!("{:.3}", scores[at])).into_iter();
        let cells = COLUMNS.map(|(field, _)| match document.get(field) {
            Some(Value::Number(number)) => format!("{:.2}", number.as_f64().unwrap_or_default()),
            Some(value) => plain(value),
            None => "–".to_owned(),
        });
        rows.push(score.chain(cells).collect());
    }
    let widest = |column: usize| rows.iter().map(|row| measure_text_width(&row[column])).max();
    let widths: Vec<usize> = (0..rows[0].len()).map(|at| widest(at).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - measure_text_width(cell))));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_a_clip_and_steers_no_terminal() {
        let one =
            json!({"clip_id": "step\u{1b}[2J", "move_label": "basic", "quality_score": 0.756});
        let other = json!({"clip_id": "walk", "move_label": "步", "difficulty": "beginner"});
        let documents = [one.as_object().unwrap(), other.as_object().unwrap()];
        let expected = "\
score  clip       move   difficulty  energy  quality  video
0.900  step [2J   basic  –           –       0.76     –
-0.100  walk       步     beginner    –       –        –
";
        let made = table(&documents, Some(&[0.9, -0.1]));
        assert_eq!(made.lines().count(), 3);
        assert!(!made.contains('\u{1b}'), "{made}");
        assert!(made.contains("basic  –           –       0.76"), "{made} {expected}");
        assert_eq!(table(&[], None), "");
    }
}
