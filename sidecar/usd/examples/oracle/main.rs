//! Prints how far our reading of a set of USD files agrees with pxr's, and every difference.
//!
//! `cargo run --release -p vitrine-usd --example oracle -- SET ORACLE.json [--only PART] [--markdown FILE]`

mod compare;
mod exceptions;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use compare::{Agreement, Difference, FIELDS, Weight};

struct Args {
    set: PathBuf,
    oracle: PathBuf,
    only: Option<String>,
    markdown: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(args) = parse(std::env::args().skip(1)) else {
        eprintln!("usage: oracle SET ORACLE.json [--only PART-OF-PATH] [--markdown FILE]");
        return ExitCode::from(2);
    };
    match report(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Args> {
    let mut args = Args {
        set: words.next()?.into(),
        oracle: words.next()?.into(),
        only: None,
        markdown: None,
    };
    while let Some(flag) = words.next() {
        match flag.as_str() {
            "--only" => args.only = Some(words.next()?),
            "--markdown" => args.markdown = Some(words.next()?.into()),
            _ => return None,
        }
    }
    Some(args)
}

fn report(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(&args.oracle)
        .map_err(|error| format!("cannot read {}: {error}", args.oracle.display()))?;
    let oracle: serde_json::Value = serde_json::from_str(&text)?;
    let started = Instant::now();
    let agreement = compare::compare_set(&args.set, &oracle, args.only.as_deref());
    let took = started.elapsed();
    for found in &agreement.differences {
        println!("{}  {}", found.file, found.field);
        println!("    ours: {}\n    pxr:  {}", found.ours, found.pxr);
        if let Some(reason) = exceptions::reason(&found.file, found.field) {
            println!("    known: {reason}");
        }
    }
    let page = markdown(&agreement, &oracle["tool"]);
    println!("\n{page}\nread {} files in {:.3} s, one thread", agreement.files, took.as_secs_f64());
    if let Some(path) = &args.markdown {
        write(path, &page)?;
    }
    Ok(())
}

fn write(path: &Path, page: &str) -> Result<(), String> {
    std::fs::write(path, page).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn markdown(agreement: &Agreement, tool: &serde_json::Value) -> String {
    let version = tool["usd_core"].as_str().unwrap_or("of unknown version");
    let mut page = format!(
        "# Agreement with pxr\n\nWritten by `make oracle-usd`: our reader against usd-core {version}, \
         on {} real files.\n\n**{} of {} files ({:.1} %) are equal in every core field.**\n\n\
         | field | core | compared | equal | share |\n|---|---|---:|---:|---:|\n",
        agreement.files,
        agreement.equal_core,
        agreement.files,
        100.0 * agreement.share(),
    );
    for &(field, weight) in FIELDS {
        let (compared, equal) = agreement.fields.get(field).copied().unwrap_or_default();
        let core = if weight == Weight::Core { "yes" } else { "" };
        let share = if compared == 0 { 0.0 } else { 100.0 * equal as f64 / compared as f64 };
        writeln!(page, "| `{field}` | {core} | {compared} | {equal} | {share:.1} % |")
            .expect("a String takes every write");
    }
    if agreement.inside_out > 0 {
        let files = agreement.inside_out;
        writeln!(
            page,
            "\nIn {files} of the equal files nothing has points, and pxr answers with an empty float \
             range turned inside out (±3.4e38), where ours has no bounds: taken as equal."
        )
        .expect("a String takes every write");
    }
    page.push_str("\n## Files that differ\n\n");
    if agreement.differences.is_empty() {
        page.push_str("None.\n");
    }
    for found in &agreement.differences {
        page.push_str(&row(found));
    }
    page
}

fn row(found: &Difference) -> String {
    let reason = exceptions::reason(&found.file, found.field).unwrap_or("not explained yet");
    let cut = |text: &str| text.chars().take(200).collect::<String>();
    let (ours, pxr) = (cut(&found.ours), cut(&found.pxr));
    format!("- `{}`, `{}`: ours {ours}; pxr {pxr}. {reason}\n", found.file, found.field)
}
