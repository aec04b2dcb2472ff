//! `vitrine search`: words in, nearest assets out.

use clap::ValueEnum;
use console::{Term, measure_text_width, truncate_str};
use vitrine_crds::run::Exit;

use super::output::{self, harmless, say};
use super::{Failure, elasticsearch};
use crate::embed::Options;
use crate::search::filter::Filter;
use crate::search::{
    Answer, Hit, Index, Library, Request, SearchError, Space, embed_query, locate,
};

/// What stands under `vitrine search --help`.
const EXAMPLES: &str = "\
Examples:
  vitrine search \"something to lift pallets with\"
  vitrine search chair --pack office --where \"size_m < 1.2 and not missing_dependencies\"
  vitrine search 叉车 --algorithm words --output json
  vitrine search \"a desk lamp\" --elasticsearch https://es:9200 --index warehouse

Expressions of --where compare fields of the document: = != < <= > >= in contains ~ and or not ( ).
  numbers   size_m (longest side) height_m size_x_m points faces instances size_bytes used_by
            prims.Mesh kinds.component meters_per_unit fps …
  texts     name pack path uri library caption.en caption.zh description up_axis modified …
  lists     tags cameras lights skeletons materials variant_sets dependencies missing_dependencies …
  flags     has_animation has_visual_embedding
The page docs/where.md has the grammar and every field.";

/// Arguments of `vitrine search`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What you look for, in your own words.
    query: String,
    /// Folder of the catalogue.
    #[arg(long, value_name = "DIR", env = "VITRINE_CATALOG", default_value = "catalog")]
    catalog: String,
    #[command(flatten)]
    elasticsearch: elasticsearch::Flags,
    /// Only assets with this tag; given several times, with all of them.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only assets of this pack.
    #[arg(long)]
    pack: Option<String>,
    /// Only assets for which the expression is true, such as `size_m < 2 and has_animation`.
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
    /// How to rank: `text` by meaning (or another embedding of the catalogue), `words` by the
    /// words themselves, `hybrid` by both. Default: by meaning where the catalogue has vectors,
    /// which finds what is described and not named.
    #[arg(long)]
    algorithm: Option<String>,
    /// How many assets at most, 1 to 10000.
    #[arg(long, value_name = "K", default_value_t = 10)]
    top_k: usize,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// Runs `vitrine search`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let answer = search(&args)?;
    match args.output {
        Output::Json => {
            let text = serde_json::to_string_pretty(&answer)
                .expect("an answer is made of texts and finite numbers");
            say!("{text}");
        }
        Output::Table => {
            let term = Term::stdout();
            let width = term.is_term().then(|| usize::from(term.size().1));
            output::print(format_args!("{}", table(&answer, width)));
            if let Some(note) = &answer.note {
                eprintln!("note: {note}");
            }
        }
    }
    Ok(Exit::Done)
}

fn search(args: &Args) -> Result<Answer, Failure> {
    let failure = |error: SearchError| Failure::new(error.exit(), &error);
    let request = request(args).map_err(failure)?;
    let options = Options::default();
    let mut embed = |space: &Space, query: &str| embed_query(space, query, &options);
    let answer = match args.elasticsearch.connect()? {
        Some((cluster, index)) => {
            Index::open(cluster, &index).and_then(|mut index| index.search(&request, &mut embed))
        }
        None => locate(&args.catalog)
            .and_then(|root| Library::open(&root))
            .and_then(|library| library.search(&request, &mut embed)),
    };
    answer.map_err(failure)
}

fn request(args: &Args) -> Result<Request, SearchError> {
    let mut filters: Vec<Filter> = args.tags.iter().map(|tag| Filter::tag(tag)).collect();
    filters.extend(args.pack.as_deref().map(Filter::pack));
    if let Some(expression) = &args.expression {
        filters.push(Filter::parse(expression)?);
    }
    Ok(Request {
        query: args.query.clone(),
        algorithm: args.algorithm.clone(),
        filter: Filter::all(filters),
        top_k: args.top_k,
    })
}

/// Rows of score, name, pack, size and reason; cut to `width` columns where there is one.
fn table(answer: &Answer, width: Option<usize>) -> String {
    let mut rows = vec![["score", "name", "pack", "size", "why"].map(str::to_owned)];
    rows.extend(answer.hits.iter().map(|hit| {
        let size = hit.size_m.map_or_else(|| "–".to_owned(), length);
        let why = harmless(&why(hit, answer));
        [format!("{:.3}", hit.score), harmless(&hit.name), harmless(&hit.pack), size, why]
    }));
    let widths: Vec<usize> = (0..4)
        .map(|column| {
            let cells = rows.iter().map(|row| measure_text_width(&row[column]));
            cells.max().unwrap_or(0).min(40)
        })
        .collect();
    let mut out = String::new();
    if !answer.hits.is_empty() {
        for row in &rows {
            let mut line = String::new();
            for (cell, &wide) in row.iter().zip(&widths) {
                let cell = truncate_str(cell, wide, "…");
                let gap = wide - measure_text_width(&cell);
                line.push_str(&format!("{cell}{}  ", " ".repeat(gap)));
            }
            line.push_str(&row[4]);
            let line = match width {
                Some(width) => truncate_str(line.trim_end(), width, "…").into_owned(),
                None => line.trim_end().to_owned(),
            };
            out.push_str(&line);
            out.push('\n');
        }
    }
    let Answer { hits, total, took_ms, algorithm, .. } = answer;
    out.push_str(&match (hits.len(), total) {
        (0, 0) => "no asset passes the filters; loosen --where, --tag or --pack\n".to_owned(),
        (0, total) => format!("none of {total} assets says any of these words\n"),
        (shown, total) => format!("{shown} of {total} assets, by {algorithm}, {took_ms:.0} ms\n"),
    });
    out
}

/// `text 0.61; tags lift, forklift`; where rankings are fused, with the place in each.
fn why(hit: &Hit, answer: &Answer) -> String {
    let is_fused = answer.algorithm == "hybrid";
    let leg = |leg: &crate::search::Leg| {
        let name = leg.field.strip_suffix("_embedding").unwrap_or(&leg.field);
        match is_fused {
            false => format!("{name} {:.2}", leg.score),
            true => format!("{name} {:.2} (no. {})", leg.score, leg.rank),
        }
    };
    let mut reason = hit.legs.iter().map(leg).collect::<Vec<_>>().join(", ");
    match hit.matched_tags.as_slice() {
        [] => {}
        [one] => reason.push_str(&format!("; tag {one}")),
        several => reason.push_str(&format!("; tags {}", several.join(", "))),
    }
    reason
}

/// Metres as people say them.
fn length(metres: f64) -> String {
    match metres {
        m if m >= 1_000.0 => format!("{:.1} km", m / 1_000.0),
        m if m >= 1.0 => format!("{m:.1} m"),
        m if m >= 0.01 => format!("{:.0} cm", m * 100.0),
        m => format!("{:.1} mm", m * 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Leg;

    fn answer() -> Answer {
        let hit = |name: &str, size_m| Hit {
            asset_id: "0".repeat(16),
            name: name.to_owned(),
            pack: "warehouse".to_owned(),
            uri: "file:///a".to_owned(),
            score: 0.6123,
            legs: vec![Leg { field: "text_embedding".to_owned(), score: 0.6123, rank: 1 }],
            matched_tags: vec!["lift".to_owned(), "truck".to_owned()],
            size_m,
            thumbnail_uri: None,
        };
        Answer {
            query: "x".to_owned(),
            algorithm: "text".to_owned(),
            total: 26,
            took_ms: 12.3,
            note: None,
            hits: vec![hit("叉车", Some(3.25)), hit("Forklift", None)],
        }
    }

    #[test]
    fn a_table_shows_score_size_and_reason_in_columns() {
        let expected = "\
score  name      pack       size   why
0.612  叉车      warehouse  3.2 m  text 0.61; tags lift, truck
0.612  Forklift  warehouse  –      text 0.61; tags lift, truck
2 of 26 assets, by text, 12 ms
";
        assert_eq!(table(&answer(), None), expected);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for line in table(&answer(), Some(30)).lines().take(3) {
            assert!(measure_text_width(line) <= 30, "{line}");
        }
    }
}
