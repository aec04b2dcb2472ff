//! The report of a run over clips as one page of HTML: pictures inside, no script, nothing loaded from
//! elsewhere.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::clip_report::{ClipReport, Embedded, FailedVideo, REVIEW_BELOW};
use super::records::Seen;

const STYLE: &str = include_str!("clip_page.css");

/// Rows of clips on the page.
const ROWS_MAX: usize = 5_000;
/// Beats that are drawn.
const BEATS_MAX: usize = 600;
/// Width and height of a plot, in its own units.
const PLOT: (f32, f32) = (480.0, 56.0);

/// A contact sheet.
pub(super) enum Picture {
    /// JPEG, to be inside the page.
    Inside(Vec<u8>),
    /// A file beside the page.
    Linked(String),
}

/// The page.
///
/// * `collection`, `run`: of whom the report is.
/// * `pictures`: by clip.
pub(super) fn page(
    report: &ClipReport,
    (collection, run): (&str, u64),
    pictures: &HashMap<String, Picture>,
) -> String {
    let title = format!("Clips of {}", text(collection));
    let failed = section("Failed", report.failed_videos.iter().map(failed));
    let (review, good): (Vec<&Embedded>, Vec<&Embedded>) =
        report.embeddings.iter().take(ROWS_MAX).partition(|clip| clip.needs_review);
    let row = |clip: &&Embedded| clip_row(clip, pictures.get(&clip.clip_id));
    let review =
        section(&format!("To review: quality below {REVIEW_BELOW}"), review.iter().map(row));
    let good = section("Clips", good.iter().map(row));
    let more = match report.embeddings.len().saturating_sub(ROWS_MAX) {
        0 => String::new(),
        more => format!("<p class=\"soft\">{more} more clips are in the JSON report.</p>\n"),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: \
         'self' file:; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<header>\n<h1 dir=\"auto\">{title}</h1>\n<p class=\"soft\">run {run} · \
         skeletons: <span class=\"lead\">lead</span>, <span class=\"follow\">follow</span>, others \
         grey · curve: how strongly notes begin · lines: beats</p>\n{}</header>\n\
         {failed}{review}{good}{more}</body>\n</html>\n",
        figures(report)
    )
}

fn figures(report: &ClipReport) -> String {
    let ClipReport { summary, timing, quality_metrics: quality, .. } = report;
    let score = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"));
    let review = report.embeddings.iter().filter(|clip| clip.needs_review).count();
    let figures = [
        (summary.total_videos.to_string(), "videos"),
        (summary.successful.to_string(), "with a document"),
        (summary.failed.to_string(), "failed"),
        (review.to_string(), "to review"),
        (score(quality.mean_quality_score), "mean quality"),
        (score(quality.median_quality_score), "median quality"),
        (score(quality.mean_detection_rate), "mean detection rate"),
        (format!("{:.1} s", timing.total_processing_time_seconds), "this run"),
        (format!("{:.1} s", timing.average_time_per_video_seconds), "a clip"),
    ];
    let figures =
        figures.map(|(value, what)| format!("<li><b>{value}</b><span>{what}</span></li>\n"));
    format!("<ul class=\"figures\">\n{}</ul>\n", figures.concat())
}

fn section(title: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    match rows.len() {
        0 => String::new(),
        count => format!("<h2>{title} ({count})</h2>\n{}", rows.concat()),
    }
}

fn failed(video: &FailedVideo) -> String {
    let FailedVideo { video_path, step, error, attempts, .. } = video;
    let times = match attempts {
        0 => "not tried".to_owned(),
        1 => "tried once".to_owned(),
        more => format!("tried {more} times"),
    };
    format!(
        "<article class=\"failed\"><div>\n<h3 dir=\"auto\">{}</h3>\n<p><span class=\"tag bad\">failed: \
         {}</span><span class=\"soft\">{times}</span></p>\n<p dir=\"auto\">{}</p>\n</div></article>\n",
        text(video_path),
        text(step),
        text(error)
    )
}

fn clip_row(clip: &Embedded, picture: Option<&Picture>) -> String {
    let name = text(&clip.clip_id);
    let picture = match picture {
        Some(Picture::Inside(jpeg)) => format!(
            "<img loading=\"lazy\" src=\"data:image/jpeg;base64,{}\" alt=\"frames of {name} with \
             skeletons\">",
            BASE64.encode(jpeg)
        ),
        Some(Picture::Linked(file)) => format!(
            "<a href=\"{0}\"><img loading=\"lazy\" src=\"{0}\" alt=\"frames of {name} with \
             skeletons\"></a>",
            text(&as_url(file))
        ),
        None => "<div class=\"none\">no picture</div>".to_owned(),
    };
    let class = if clip.needs_review { " class=\"review\"" } else { "" };
    let tag = |kind: &str, what: &str| format!("<span class=\"tag{kind}\">{what}</span>");
    let mut tags = String::new();
    if clip.needs_review {
        tags += &tag(" warn", "review");
    }
    if !clip.has_annotation {
        tags += &tag("", "no annotation");
    }
    if !clip.has_sound {
        tags += &tag("", "no sound");
    }
    let vectors: Vec<&str> =
        clip.vectors.iter().map(|field| field.trim_end_matches("_embedding")).collect();
    let mut facts = vec![
        ("detection rate", format!("{:.2}", clip.detection_rate)),
        ("confidence", format!("{:.2}", clip.confidence)),
        ("frames", format!("{} in {:.1} s", clip.frame_count, clip.duration_seconds)),
        ("vectors", vectors.join(", ")),
        ("took", format!("{:.1} s", clip.processing_time)),
    ];
    if let Some(tempo) = clip.tempo_bpm {
        let beats = clip.seen.beat_times_s.len();
        facts.insert(3, ("tempo", format!("{tempo:.1} beats a minute, {beats} beats")));
    }
    if !clip.remarks.is_empty() {
        facts.push(("remarks", clip.remarks.join("; ")));
    }
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd dir=\"auto\">{}</dd>\n", text(value)))
        .collect();
    format!(
        "<article{class}>\n<div>{picture}</div>\n<div>\n<h3 dir=\"auto\">{name}</h3>\n<p class=\"soft\" \
         dir=\"auto\">{} · {}</p>\n<p>{tags}</p>\n<div class=\"bar\"><span>quality {:.2}</span><i><b \
         style=\"width:{:.0}%\"></b></i></div>\n<dl>\n{facts}</dl>\n{}</div>\n</article>\n",
        text(&clip.move_label),
        text(&clip.video_path),
        clip.quality_score,
        clip.quality_score.clamp(0.0, 1.0) * 100.0,
        plot(&clip.seen)
    )
}

/// Onsets and beats over the time of the sound.
fn plot(seen: &Seen) -> String {
    let Seen { onsets, beat_times_s, sound_s, .. } = seen;
    let Some(length) = sound_s.filter(|length| *length > 0.0) else { return String::new() };
    let (width, height) = PLOT;
    let place = |time: f32| (time / length as f32 * width).clamp(0.0, width);
    let beats: String = beat_times_s
        .iter()
        .take(BEATS_MAX)
        .filter(|time| time.is_finite())
        .map(|time| format!("M{:.1} 0V{height}", place(*time)))
        .collect();
    let last = onsets.len().saturating_sub(1).max(1) as f32;
    let points: Vec<String> = onsets
        .iter()
        .enumerate()
        .filter(|(_, strength)| strength.is_finite())
        .map(|(at, strength)| {
            let y = (1.0 - strength.clamp(0.0, 1.0)) * (height - 2.0) + 1.0;
            format!("{:.1},{y:.1}", at as f32 / last * width)
        })
        .collect();
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"onsets and beats over {length:.1} seconds\"><path class=\"beat\" \
         d=\"{beats}\"/><polyline class=\"curve\" points=\"{}\"/></svg>\n",
        points.join(" ")
    )
}

/// A path as the address of a file beside the page.
fn as_url(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// As HTML, with what steers a terminal or a reader's direction left out.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            control if control.is_control() => out.push(' '),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::clip_report::tests::{clip, report};
    use super::*;

    #[test]
    fn a_page_holds_its_pictures_lists_what_to_review_and_runs_nothing_of_strangers() {
        let mut loud = clip("loud", 0.9);
        loud.remarks = vec!["\"><img src=x onerror=alert(1)>".to_owned()];
        loud.seen.sound_s = Some(10.0);
        loud.seen.beat_times_s = vec![0.5, 5.0, f32::NAN];
        loud.seen.onsets = vec![0.0, 1.0, 0.5];
        let made = report(vec![loud, clip("dim", 0.2)]);
        let pictures = HashMap::from([
            ("loud".to_owned(), Picture::Inside(vec![1, 2, 3])),
            ("dim".to_owned(), Picture::Linked("contact-sheets/a b#.jpg".to_owned())),
        ]);
        let page = page(&made, ("salsa <3", 7), &pictures);
        assert!(page.contains("data:image/jpeg;base64,AQID"), "{page}");
        assert!(page.contains("contact-sheets/a%20b%23.jpg"), "{page}");
        let review = page.find("To review").unwrap();
        assert!(page.find(">dim<").unwrap() > review && page.find(">loud<").unwrap() > review);
        assert!(page.contains("M24.0 0V56M240.0 0V56\""), "{page}");
        for stranger in ["<script", "<img src=x", "salsa <3"] {
            assert!(!page.contains(stranger), "{stranger}: {page}");
        }
    }
}
