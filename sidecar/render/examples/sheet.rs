//! Contact sheets of a folder's USD files, seen from 45°, and a list of what is where:
//! `cargo run --release -p vitrine-render --example sheet -- FOLDER OUT [TEXT [PIXELS]]`.
//!
//! `OUT-1.png`, `OUT-2.png`… hold 60 assets each, ten a row, in the order of `OUT.txt`; with TEXT only
//! paths that contain it. A picture with a red rim failed, one with an orange rim shows nothing.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use vitrine_render::{Image, Options, Renderer};
use vitrine_usd::{Limits, Reader, SceneOptions};

const COLUMNS: usize = 10;
const ROWS: usize = 6;

/// One asset's picture and its line of the list.
struct Cell {
    rgba: Vec<u8>,
    line: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, rest @ ..] = &words[..] else {
        return Err("name a folder of USD files and the sheets' name".into());
    };
    let text = rest.first().map_or("", String::as_str);
    let size = rest.get(1).map_or(Ok(160), |pixels| pixels.parse())?;
    let root = Path::new(folder);
    let mut paths = Vec::new();
    gather(root, &mut paths)?;
    paths.sort();
    let names = paths.iter().filter_map(|path| path.strip_prefix(root).ok()?.to_str());
    let names: Vec<&str> = names.filter(|name| name.contains(text)).collect();
    let mut list = String::new();
    for (at, names) in names.chunks(COLUMNS * ROWS).enumerate() {
        let cells: Vec<Cell> = names.iter().map(|name| cell(root, name, size)).collect();
        writeln!(list, "sheet {}", at + 1)?;
        for (k, cell) in cells.iter().enumerate() {
            writeln!(list, "{:>2}.{:<2} {}", k / COLUMNS + 1, k % COLUMNS + 1, cell.line)?;
        }
        fs::write(format!("{out}-{}.png", at + 1), sheet(&cells, size as usize).to_png()?)?;
    }
    fs::write(format!("{out}.txt"), list)?;
    println!("{} assets: {out}-*.png, {out}.txt", names.len());
    Ok(())
}

/// All USD files below a folder.
fn gather(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, paths)?;
        } else if path.extension().is_some_and(|ext| {
            ["usd", "usda", "usdc", "usdz"].iter().any(|known| ext.eq_ignore_ascii_case(known))
        }) {
            paths.push(path);
        }
    }
    Ok(())
}

fn cell(root: &Path, name: &str, size: u32) -> Cell {
    match shown(root, name, size) {
        Ok(cell) => cell,
        Err(error) => {
            let rgba = rimmed(size as usize, [200, 30, 30]);
            Cell { rgba, line: format!("{name}: FAILED: {error}") }
        }
    }
}

fn shown(root: &Path, name: &str, size: u32) -> Result<Cell, Box<dyn Error>> {
    let started = Instant::now();
    let scene = Reader::new(root, Limits::default()).scene(name, &SceneOptions::default())?;
    let read = started.elapsed().as_secs_f64() * 1e3;
    let options = Options { size, shows_backs: true, ..Options::default() };
    let renderer = Renderer::new(&scene, &options)?;
    let prepared = started.elapsed().as_secs_f64() * 1e3 - read;
    // Eight views turn by 45° each, and the second is seen from the front's left.
    let views = renderer.views(8);
    let Some(view) = views.get(1) else {
        let why = scene.warnings.first().map_or("", String::as_str);
        let rgba = rimmed(size as usize, [230, 140, 20]);
        return Ok(Cell { rgba, line: format!("{name}: EMPTY {why}") });
    };
    let rgba = renderer.render(view).rgba;
    let drawn = started.elapsed().as_secs_f64() * 1e3 - read - prepared;
    let mut line = format!(
        "{name}: {} triangles, {} materials, {} pictures, {read:.0}+{prepared:.0}+{drawn:.0} ms",
        scene.triangles(),
        scene.materials.len(),
        scene.pictures.len()
    );
    for warning in scene.warnings.iter().chain(renderer.warnings()).take(4) {
        write!(line, "\n        {warning}")?;
    }
    Ok(Cell { rgba, line })
}

fn rimmed(size: usize, [r, g, b]: [u8; 3]) -> Vec<u8> {
    let at = |k: usize| (k % size).min(k / size).min(size - 1 - k % size).min(size - 1 - k / size);
    let pixels = (0..size * size).flat_map(|k| if at(k) < 3 { [r, g, b, 255] } else { [255; 4] });
    pixels.collect()
}

fn sheet(cells: &[Cell], size: usize) -> Image {
    let (width, height) = (size * COLUMNS, size * cells.len().div_ceil(COLUMNS));
    let mut rgba = vec![255; width * height * 4];
    for (k, cell) in cells.iter().enumerate() {
        for (y, row) in cell.rgba.chunks(size * 4).enumerate() {
            let at = ((k / COLUMNS * size + y) * width + k % COLUMNS * size) * 4;
            rgba[at..at + row.len()].copy_from_slice(row);
        }
    }
    Image { width: width as u32, height: height as u32, rgba }
}
