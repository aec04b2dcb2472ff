//! `vitrine search`: words or a picture in, nearest assets out.

use std::path::PathBuf;

use clap::ValueEnum;
use console::{Term, measure_text_width, truncate_str};
use vitrine_crds::run::Exit;

use super::output::{self, harmless, say};
use super::{Failure, elasticsearch, page};
use crate::embed::Options;
use crate::search::filter::Filter;
use crate::search::{
    Answer, Hit, Index, Library, Query, Request, SearchError, Space, View, embed_query, locate,
    read_picture,
};

/// What stands under `vitrine search --help`.
const EXAMPLES: &str = "\
Examples:
  vitrine search \"something to lift pallets with\"
  vitrine search chair --pack office --where \"size_m < 1.2 and not missing_dependencies\"
  vitrine search 叉车 --algorithm words --output json
  vitrine search \"a desk lamp\" --elasticsearch https://es:9200 --index warehouse
  vitrine search --image photo.jpg --save-html answer.html
  vitrine search \"a red armchair\" --cross-modal
  vitrine search --image photo.jpg --cross-modal --algorithm look

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
    query: Option<String>,
    /// Look for what looks like this picture instead: PNG, JPEG, WebP, GIF, BMP or TIFF.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Compare words with pictures, or the picture of --image with captions.
    #[arg(long)]
    cross_modal: bool,
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
    /// which finds what is described and not named. With --image and --cross-modal: the name of
    /// an embedding of pictures, or `hybrid` for words and pictures.
    #[arg(long)]
    algorithm: Option<String>,
    /// How many assets at most, 1 to 10000.
    #[arg(long, value_name = "K", default_value_t = 10)]
    top_k: usize,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Also write the answer as a page with pictures, which needs nothing beside it.
    #[arg(long, value_name = "FILE")]
    save_html: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// Runs `vitrine search`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let request = request(&args)?;
    let answer = search(&args, &request)?;
    if let Some(file) = &args.save_html {
        page::save(file, &request.query, &answer, &args.catalog)?;
    }
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

fn search(args: &Args, request: &Request) -> Result<Answer, Failure> {
    let options = Options::default();
    let mut embed = |space: &Space, query: &Query| embed_query(space, query, &options);
    let answer = match args.elasticsearch.connect()? {
        Some((cluster, index)) => {
            Index::open(cluster, &index).and_then(|mut index| index.search(request, &mut embed))
        }
        None => locate(&args.catalog)
            .and_then(|root| Library::open(&root))
            .and_then(|library| library.search(request, &mut embed)),
    };
    answer.map_err(|error| Failure::new(error.exit(), &error))
}

fn request(args: &Args) -> Result<Request, Failure> {
    let failure = |error: SearchError| Failure::new(error.exit(), &error);
    let query = match (&args.query, &args.image) {
        (Some(words), None) => Query::Words(words.clone()),
        (None, Some(file)) => Query::Picture(read_picture(file).map_err(failure)?),
        (None, None) => {
            let message = "nothing is looked for; say it in words, or name a picture with --image";
            return Err(Failure::usage(message));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "words and --image are two questions; ask one at a time (--cross-modal compares \
                 words with pictures, or the picture with captions)",
            ));
        }
    };
    let mut filters: Vec<Filter> = args.tags.iter().map(|tag| Filter::tag(tag)).collect();
    filters.extend(args.pack.as_deref().map(Filter::pack));
    if let Some(expression) = &args.expression {
        let parsed = Filter::parse(expression).map_err(SearchError::from);
        filters.push(parsed.map_err(failure)?);
    }
    Ok(Request {
        query,
        is_cross_modal: args.cross_modal,
        algorithm: args.algorithm.clone(),
        filter: Filter::all(filters),
        top_k: args.top_k,
    })
}

/// Rows of score, name, pack, size, the best view where views were compared, and reason; cut to
/// `width` columns where there is one.
fn table(answer: &Answer, width: Option<usize>) -> String {
    let has_views = answer.hits.iter().any(|hit| hit.view.is_some());
    let row = |cells: [String; 4], view: String, why: String| {
        cells.into_iter().chain(has_views.then_some(view)).chain([why]).collect::<Vec<_>>()
    };
    let head = ["score", "name", "pack", "size"].map(str::to_owned);
    let mut rows = vec![row(head, "view".to_owned(), "why".to_owned())];
    rows.extend(answer.hits.iter().map(|hit| {
        let size = hit.size_m.map_or_else(|| "–".to_owned(), length);
        let view = hit.view.as_ref().map_or_else(|| "–".to_owned(), turned);
        let cells = [format!("{:.3}", hit.score), harmless(&hit.name), harmless(&hit.pack), size];
        row(cells, view, harmless(&why(hit, answer)))
    }));
    let widths: Vec<usize> = (0..rows[0].len() - 1)
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
            line.push_str(row.last().map_or("", String::as_str));
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
        (0, total) if algorithm == "words" || algorithm == "hybrid" => {
            format!("none of {total} assets says any of these words\n")
        }
        (0, total) => format!("none of {total} assets can be compared by {algorithm}\n"),
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

/// `45°`: how far the camera went around.
pub(super) fn turned(view: &View) -> String {
    format!("{:.0}°", view.azimuth_degrees)
}

/// Metres as people say them.
pub(super) fn length(metres: f64) -> String {
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
            caption: None,
            description: None,
            thumbnail_uri: None,
            model_uri: None,
            view: None,
        };
        Answer {
            query: Some("x".to_owned()),
            image: None,
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
    fn the_best_view_is_named_where_views_were_compared() {
        let mut answer = answer();
        answer.hits[1].view = Some(View::of("0", 3, 8));
        answer.hits.iter_mut().for_each(|hit| hit.matched_tags.clear());
        let expected = "\
score  name      pack       size   view  why
0.612  叉车      warehouse  3.2 m  –     text 0.61
0.612  Forklift  warehouse  –      135°  text 0.61
2 of 26 assets, by text, 12 ms
";
        assert_eq!(table(&answer, None), expected);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for line in table(&answer(), Some(30)).lines().take(3) {
            assert!(measure_text_width(line) <= 30, "{line}");
        }
    }
}
