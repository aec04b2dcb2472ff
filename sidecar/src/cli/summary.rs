//! What a run came to, for people.

use std::time::Duration;

use vitrine_crds::embedding_job::REPORT;

use super::output;
use super::progress::Noun;
use crate::run::report::{Drawn, IndexReport, Report, Sight};
use crate::storage::{Filter, Location};

/// What the run came to, for people.
pub(super) fn of(report: &Report, out: &Location, noun: Noun) -> String {
    let Report { run, library, catalog, index, counts, found, steps, failures, .. } = report;
    let mut text = format!(
        "{library}: {}: {} {}, {} unchanged, {} failed, {} deleted (run {run})\n",
        noun.count(counts.read),
        counts.indexed,
        noun.done(index.is_some()),
        counts.skipped,
        counts.failed,
        counts.deleted
    );
    if found.resumed > 0 {
        let were = if found.resumed == 1 { "was" } else { "were" };
        text.push_str(&format!(
            "{} {were} done by an earlier, interrupted start\n",
            noun.count(found.resumed)
        ));
    }
    let secs = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    // A publish of its own knows only how long it took itself.
    let is_whole = steps.scan > Duration::ZERO;
    text.push_str(&match is_whole {
        false => format!("publishing took {}\n", secs(steps.publish)),
        true => format!(
            "took {}: scan {}, work {} (busy: read {}, embed {}, write {}), publish {}\n",
            secs(steps.total),
            secs(steps.scan),
            secs(steps.work),
            secs(steps.read_busy),
            secs(steps.embed_busy),
            secs(steps.write_busy),
            secs(steps.publish)
        ),
    });
    for Sight { model, pictures, batches, share, .. } in &steps.picture_models {
        if *batches > 0 {
            text.push_str(&format!(
                "{model}: busy {:.0} % of work, {pictures} pictures in batches of {:.1}\n",
                share * 100.0,
                *pictures as f64 / *batches as f64
            ));
        }
    }
    let done = counts.indexed as f64;
    if counts.indexed > 0 && is_whole {
        let rate = done / steps.total.as_secs_f64();
        text.push_str(&match noun {
            Noun::Assets => format!("{rate:.1} assets/s\n"),
            Noun::Clips => format!("{:.1} s a clip\n", 1.0 / rate),
        });
    }
    const SHOWN: usize = 10;
    for (path, reason) in report.undrawn.samples.iter().take(SHOWN) {
        text.push_str(&format!(
            "no pictures: {}\n",
            output::harmless(&format!("{path}: {reason}"))
        ));
    }
    if report.undrawn.count > SHOWN as u64 {
        let more = report.undrawn.count - SHOWN as u64;
        text.push_str(&format!("no pictures of {more} more: see the report\n"));
    }
    let Drawn { processor, gpu } = report.drawn;
    if gpu > 0 {
        let assets = if gpu == 1 { "asset" } else { "assets" };
        text.push_str(&format!("drawn: {gpu} {assets} by a GPU, {processor} by the processor\n"));
    }
    for failure in failures.iter().take(SHOWN) {
        // Names of files come from strangers.
        text.push_str(&format!("failed: {}\n", output::harmless(&failure.reason)));
    }
    if failures.len() > SHOWN {
        text.push_str(&format!("and {} more\n", failures.len() - SHOWN));
    }
    if !failures.is_empty() && catalog.is_some() && noun == Noun::Assets {
        let report = crate::catalog::layout::report(*run);
        text.push_str(&format!("all failures: {out}/{report}\n"));
    }
    if let Some(IndexReport { url, alias, name, documents, .. }) = index {
        let documents = match documents {
            1 => "1 document".to_owned(),
            some => format!("{some} documents"),
        };
        text.push_str(&format!("index: {alias} at {url} ({name}), {documents}\n"));
        if !failures.is_empty() {
            text.push_str(&format!("all failures: the index {alias}-failures\n"));
        }
    }
    if catalog.is_some() {
        text.push_str(&match noun {
            Noun::Assets => format!("catalogue: {out}\n"),
            Noun::Clips => format!("report: {out}/{REPORT}\n"),
        });
    }
    text
}

/// What to look at where a run has found nothing.
pub(super) fn nothing(source: &Location, filter: &Filter, noun: Noun) -> String {
    let nouns = noun.plural();
    format!(
        "{source} holds no {nouns}: no file in it or below is taken by {filter}; check the folder, \
         --include and --exclude\n"
    )
}
