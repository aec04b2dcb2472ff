//! `vitrine show`: the document of one asset, and its picture where the terminal can.

use std::io::{IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::Value;
use vitrine_crds::run::Exit;

use super::Failure;
use super::output::{self, harmless, say};
use super::picture::Protocol;
use crate::catalog::layout;
use crate::search::{Library, SearchError, locate};

/// Arguments of `vitrine show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The asset: its id, its name, or pack/name.
    asset: String,
    /// Folder of the catalogue.
    #[arg(long, value_name = "DIR", env = "VITRINE_CATALOG", default_value = "catalog")]
    catalog: String,
    /// How to print the document.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Show no picture.
    #[arg(long)]
    no_picture: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Runs `vitrine show`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let failure = |error: SearchError| Failure::new(error.exit(), &error);
    let root = locate(&args.catalog).map_err(failure)?;
    let document = Library::open(&root).and_then(|library| library.find(&args.asset));
    let document = document.map_err(failure)?;
    match args.output {
        Output::Json => say!("{document:#}"),
        Output::Text => {
            if !args.no_picture {
                picture(&root, &document);
            }
            let mut out = String::new();
            lines(&document, 0, &mut out);
            output::print(format_args!("{out}"));
        }
    }
    Ok(Exit::Done)
}

/// Writes the thumbnail to the terminal; a picture that cannot be shown is no reason to fail.
fn picture(root: &Path, document: &Value) {
    let Some(inside) = document["thumbnail_uri"].as_str() else { return };
    let mut out = std::io::stdout();
    if !out.is_terminal() || !layout::is_inside(inside) {
        return;
    }
    let Some(protocol) = Protocol::of_terminal(|name| std::env::var(name).ok()) else { return };
    match std::fs::read(root.join(inside)) {
        Ok(png) => {
            let _ = out.write_all(protocol.encode(&png).as_bytes()).and_then(|()| out.flush());
        }
        Err(error) => eprintln!("note: cannot read the thumbnail {inside}: {error}"),
    }
}

/// `key: value` lines; what is inside stands further right, short lists on one line.
fn lines(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let Value::Object(object) = value else {
        out.push_str(&format!("{indent}{}\n", plain(value)));
        return;
    };
    let widest = object.keys().map(|key| console::measure_text_width(key)).max().unwrap_or(0);
    for (key, held) in object {
        match held {
            Value::Object(inner) if !inner.is_empty() => {
                out.push_str(&format!("{indent}{key}\n"));
                lines(held, depth + 1, out);
            }
            Value::Array(list) if list.iter().any(|one| one.is_object() || one.is_array()) => {
                out.push_str(&format!("{indent}{key}\n"));
                for one in list {
                    out.push_str(&format!("{indent}  {one}\n"));
                }
            }
            _ => {
                let gap = " ".repeat(widest - console::measure_text_width(key));
                out.push_str(&format!("{indent}{key}{gap}  {}\n", plain(held)));
            }
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => harmless(text),
        Value::Array(list) if list.is_empty() => "–".to_owned(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(_) => "–".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_printed_as_aligned_lines_without_control_characters() {
        let document = serde_json::json!({
            "name": "Fork\u{1b}[2Jlift", "tags": ["a", "b"], "caption": {},
            "usd": {"points": 12, "variant_sets": [{"name": "color"}]},
        });
        let mut out = String::new();
        lines(&document, 0, &mut out);
        let expected = "\
name     Fork [2Jlift
tags     a, b
caption  –
usd
  points        12
  variant_sets
    {\"name\":\"color\"}
";
        assert_eq!(out, expected);
    }
}
