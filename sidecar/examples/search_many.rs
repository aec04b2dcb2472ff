//! Answers the same queries again and again, for the benchmark of search.
//!
//! `search_many DIR K`: DIR holds `packed.json` (one [`Packed`]), the files that it names, and
//! `queries.f32`. Prints `{"open": seconds}`, then for each line of standard input one JSON object:
//! seconds of each query, and the rows that were found.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;
use vitrine::catalog::packed::Packed;
use vitrine::search::Field;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: search_many DIR K")?);
    let k: usize = arguments.next().ok_or("usage: search_many DIR K")?.parse()?;
    let packed: Packed = serde_json::from_slice(&std::fs::read(folder.join("packed.json"))?)?;
    let began = Instant::now();
    let field = Field::open(&folder, "text_embedding", &packed)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({ "open": began.elapsed().as_secs_f64() }))?;
    out.flush()?;
    let queries: Vec<f32> = std::fs::read(folder.join("queries.f32"))?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    for _ in std::io::stdin().lock().lines() {
        let (mut seconds, mut found) = (Vec::new(), Vec::new());
        for query in queries.chunks_exact(packed.dims) {
            let began = Instant::now();
            let nearest = field.nearest(query, None, k);
            seconds.push(began.elapsed().as_secs_f64());
            found.push(nearest.iter().map(|one| one.row).collect::<Vec<_>>());
        }
        writeln!(out, "{}", json!({ "seconds": seconds, "found": found }))?;
        out.flush()?;
    }
    Ok(())
}
