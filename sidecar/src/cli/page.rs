//! The answer of a search as one page of HTML: pictures inside, no script, nothing loaded from
//! elsewhere.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use vitrine_crds::run::Exit;
use vitrine_image::{Limits, Rgb, to_jpeg};

use super::Failure;
use super::output::harmless;
use super::search::{length, turned};
use crate::catalog::picture;
use crate::search::{Answer, Hit, Query, locate};

const STYLE: &str = include_str!("page.css");

/// Longest side of a picture, in pixels: a card is 15 rem wide, and screens have two pixels for one.
const SIDE_MAX: usize = 480;

/// Pictures on one page: each is some 20 kB, and a page of more opens slowly on a phone.
const PICTURES_MAX: usize = 500;

/// Longest sentence of a card, in characters.
const ABOUT_CHARS_MAX: usize = 280;

/// What a thumbnail may take; ours have 512 × 512 pixels.
const LIMITS: Limits =
    Limits { file_bytes_max: 32 << 20, pixels_max: 32 << 20, memory_bytes_max: 256 << 20 };

/// Writes the page to `file`.
///
/// * `catalog`: where the pictures of the answer are.
pub fn save(file: &Path, query: &Query, answer: &Answer, catalog: &str) -> Result<(), Failure> {
    let root = locate(catalog).ok();
    let shown = answer.hits.iter().enumerate().map(|(place, hit)| {
        let root = root.as_deref().filter(|_| place < PICTURES_MAX)?;
        picture_of(hit, root)
    });
    let asked = match query {
        Query::Words(_) => None,
        Query::Picture(picture) => data_uri(&picture.pixels),
    };
    let page = page(answer, asked.as_deref(), &shown.collect::<Vec<_>>());
    std::fs::write(file, page).map_err(|error| Failure {
        exit: Exit::Usage,
        message: format!(
            "cannot write the page {}: {error}; name another file with --save-html",
            file.display()
        ),
    })
}

/// The best view of a hit, else its thumbnail; none where neither can be read.
fn picture_of(hit: &Hit, root: &Path) -> Option<String> {
    let paths =
        [hit.view.as_ref().and_then(|view| view.picture.as_ref()), hit.thumbnail_uri.as_ref()];
    paths
        .into_iter()
        .flatten()
        .find_map(|inside| data_uri(&picture::read(root, inside, &LIMITS)?.ok()?))
}

fn data_uri(pixels: &Rgb) -> Option<String> {
    Some(format!("data:image/jpeg;base64,{}", BASE64.encode(to_jpeg(pixels, SIDE_MAX)?)))
}

/// The page.
///
/// * `asked`: the picture that was searched by.
/// * `shown`: a picture for each hit; data URIs.
fn page(answer: &Answer, asked: Option<&str>, shown: &[Option<String>]) -> String {
    let Answer { query, image, algorithm, total, took_ms, note, hits } = answer;
    let asked_for = match (query, image) {
        (Some(words), _) => format!("“{}”", text(words)),
        (None, image) => format!("Like {}", text(file_name(image.as_deref().unwrap_or("")))),
    };
    let asked = asked.map_or_else(String::new, |uri| {
        format!("<img src=\"{uri}\" alt=\"the picture that was searched by\">\n")
    });
    let note = note.as_ref().map_or_else(String::new, |note| format!("\n<p>{}</p>", text(note)));
    let cards: String = hits
        .iter()
        .enumerate()
        .map(|(place, hit)| card(hit, place + 1, shown.get(place).and_then(Option::as_deref)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
         style-src 'unsafe-inline'\">\n<title>{asked_for}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<header>\n{asked}<div>\n<h1 dir=\"auto\">{asked_for}</h1>\n<p class=\"soft\">{} of \
         {total} assets, by {}, {took_ms:.0} ms</p>{note}\n</div>\n</header>\n<ol>\n{cards}</ol>\n\
         </body>\n</html>\n",
        hits.len(),
        text(algorithm),
    )
}

fn card(hit: &Hit, place: usize, shown: Option<&str>) -> String {
    let name = text(&hit.name);
    let view = hit.view.as_ref().map(turned);
    let figure = match shown {
        Some(uri) => {
            let seen = view.as_ref().map_or_else(String::new, |view| format!(", seen from {view}"));
            let caption = view
                .as_ref()
                .map_or_else(String::new, |view| format!("<figcaption>view {view}</figcaption>"));
            format!("<figure><img src=\"{uri}\" alt=\"{name}{seen}\">{caption}</figure>")
        }
        None => "<figure class=\"none\">no picture</figure>".to_owned(),
    };
    let size = hit.size_m.map_or_else(String::new, |size| format!(" · {}", length(size)));
    let about = hit.caption.as_ref().or(hit.description.as_ref());
    let about = about.map_or_else(String::new, |about| {
        format!("\n<p dir=\"auto\">{}</p>", text(&shortened(about)))
    });
    format!(
        "<li>\n{figure}\n<div class=\"about\">\n<h2><bdi>{place}. {name}</bdi><span>{:.3}</span></h2>\n\
         <p class=\"soft\"><bdi>{}</bdi>{size}</p>{about}\n<p class=\"soft\"><bdi>{}</bdi></p>\n\
         </div>\n</li>\n",
        hit.score,
        text(&hit.pack),
        text(&hit.uri),
    )
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

fn shortened(about: &str) -> String {
    match about.char_indices().nth(ABOUT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", about[..end].trim_end()),
        None => about.to_owned(),
    }
}

/// Text of strangers, as text: no markup, and nothing that turns the direction of writing.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in harmless(words).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::View;

    const BAD: &str = "<script>alert('\"1\" & 2')</script>";

    fn hit(id: &str) -> Hit {
        Hit {
            asset_id: id.to_owned(),
            name: BAD.to_owned(),
            pack: format!("\"onload=\"{BAD}"),
            uri: format!("file:///{BAD}"),
            score: 0.25,
            legs: Vec::new(),
            matched_tags: Vec::new(),
            size_m: Some(1.5),
            caption: Some("x".repeat(1_000)),
            description: None,
            thumbnail_uri: Some(format!("thumbnails/{id}.png")),
            model_uri: None,
            view: Some(View::of(id, 1, 8)),
        }
    }

    fn answer(hits: Vec<Hit>) -> Answer {
        Answer {
            query: Some(BAD.to_owned()),
            image: None,
            algorithm: "look".to_owned(),
            total: 7,
            took_ms: 1.0,
            note: Some(BAD.to_owned()),
            hits,
        }
    }

    fn png(folder: &Path, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/images/decode");
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(from.join("grey-alpha.png"), path).unwrap();
    }

    #[test]
    fn words_of_strangers_are_text_and_nothing_is_loaded_from_elsewhere() {
        let made =
            page(&answer(vec![hit("0a")]), None, &[Some("data:image/jpeg;base64,AA".into())]);
        // Every angle bracket left is one of ours, and none of ours begins a script or a link.
        assert!(!made.contains("<script") && !made.contains("onload=\"<"), "{made}");
        assert_eq!(made.matches("&lt;script&gt;").count(), 7, "title, heading, note, and the card");
        for word in ["src=\"http", "href", "url(", "@import"] {
            assert!(!made.contains(word), "{word}");
        }
        assert!(made.contains("<figcaption>view 45°</figcaption>"));
        assert!(made.contains(&format!("{}…</p>", "x".repeat(ABOUT_CHARS_MAX))), "cut");
    }

    #[test]
    fn a_card_shows_the_best_view_else_the_thumbnail_else_says_that_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        png(root.path(), "thumbnails/0a/045.png");
        png(root.path(), "thumbnails/0b.png");
        png(root.path(), "secret.png");
        let stray = Hit { thumbnail_uri: Some("../secret.png".to_owned()), ..hit("0c") };
        let inner = root.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        assert!(picture_of(&hit("0a"), root.path()).unwrap().starts_with("data:image/jpeg"));
        assert!(picture_of(&hit("0b"), root.path()).is_some());
        assert_eq!(picture_of(&hit("0c"), root.path()), None);
        assert_eq!(picture_of(&stray, &inner), None, "outside of the catalogue");
        let file = root.path().join("page.html");
        let catalog = root.path().to_str().unwrap();
        let query = Query::from("chairs");
        save(&file, &query, &answer(vec![hit("0a"), hit("0c")]), catalog).unwrap();
        let made = std::fs::read_to_string(&file).unwrap();
        assert_eq!(made.matches("<img src=\"data:image/jpeg;base64,").count(), 1);
        assert_eq!(made.matches("no picture").count(), 1);
        let failure = save(&inner, &query, &answer(Vec::new()), catalog).unwrap_err();
        assert!(failure.message.contains("--save-html"), "{}", failure.message);
    }
}
