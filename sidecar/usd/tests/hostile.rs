//! Broken and hostile input: every answer is an error or a warning that names the file, and never
//! a crash, a hang or a byte from outside the library.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;

use common::{dice, library};
use tempfile::TempDir;
use vitrine_usd::{Inspection, Limits, Reader, UsdError};

fn inspect(folder: &Path, path: &str) -> Result<Inspection, UsdError> {
    Reader::new(folder, Limits::default()).inspect(path)
}

fn reason(files: &[(&str, &[u8])], limits: Limits) -> String {
    let folder = library(files);
    let error = Reader::new(folder.path(), limits).inspect(files[0].0).unwrap_err();
    assert_eq!(error.path, files[0].0, "an error names its file");
    error.reason
}

#[test]
fn what_is_no_usd_is_refused_by_its_content() {
    #[rustfmt::skip]
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty.usd",  b"",                     "is not USD"),
        ("photo.usdc", b"\x89PNG\r\n\x1a\n",    "is not USD"),
        ("short.usdc", b"PXR-USDC",             "ends too early"),
        ("short.usdz", b"PK\x03\x04",           "broken package"),
        ("odd.usda",   b"#usda 9.9\n",          "only 1.x is known"),
        ("utf8.usda",  b"#usda 1.0\ndef X\xff \"A\" {}", "UTF-8"),
    ];
    for (name, bytes, expected) in cases {
        let reason = reason(&[(name, bytes)], Limits::default());
        assert!(reason.contains(expected), "{name}: {reason}");
    }
}

#[test]
fn references_and_sublayers_in_circles_end() {
    let folder = library(&[
        ("self.usda", b"#usda 1.0\n(defaultPrim = \"A\")\ndef \"A\" (references = @self.usda@) { def \"B\" {} }"),
        ("a.usda", b"#usda 1.0\n(defaultPrim = \"A\")\ndef Xform \"A\" (references = @b.usda@) {}"),
        ("b.usda", b"#usda 1.0\n(defaultPrim = \"A\")\ndef \"A\" (references = @a.usda@) { def \"B\" {} }"),
        ("s.usda", b"#usda 1.0\n(subLayers = [@t.usda@])\ndef \"S\" {}"),
        ("t.usda", b"#usda 1.0\n(subLayers = [@s.usda@])\ndef \"T\" {}"),
        ("inner.usda", b"#usda 1.0\ndef \"A\" { def \"B\" (references = </A>) {} }"),
        ("class.usda", b"#usda 1.0\nclass \"C\" (inherits = </D>) {}\ndef \"D\" (inherits = </C>) {}"),
    ]);
    for name in ["self.usda", "a.usda", "s.usda", "inner.usda", "class.usda"] {
        let found = inspect(folder.path(), name).unwrap();
        assert!(
            found.warnings.iter().any(|warning| warning.contains("circle")),
            "{name}: {:?}",
            found.warnings
        );
    }
    let found = inspect(folder.path(), "a.usda").unwrap();
    assert_eq!(found.metadata.prims["Xform"], 1);
    assert_eq!(found.metadata.dependencies, ["b.usda"]);
}

#[test]
fn no_path_leads_out_of_the_library() {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret.usda"), b"#usda 1.0\ndef Mesh \"Secret\" {}").unwrap();
    let secret = outside.path().join("secret.usda");
    let asset = format!(
        "#usda 1.0\ndef \"A\" (references = [@{0}@</Secret>, @../{1}/secret.usda@</Secret>, \
         @file:{0}@</Secret>, @http://example.com/x.usda@</X>, @link.usda@</Secret>, \
         @folder/secret.usda@</Secret>]) {{ asset t = @../../etc/passwd@ }}",
        secret.display(),
        outside.path().file_name().unwrap().to_string_lossy(),
    );
    let folder = library(&[("asset.usda", asset.as_bytes())]);
    std::os::unix::fs::symlink(&secret, folder.path().join("link.usda")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("folder")).unwrap();
    let found = inspect(folder.path(), "asset.usda").unwrap();
    assert!(!found.metadata.prims.contains_key("Mesh"), "nothing from outside was read");
    assert_eq!(found.metadata.dependencies, [""; 0]);
    assert_eq!(found.metadata.missing_dependencies.len(), 7);
    assert_eq!(found.files, ["asset.usda"]);
    let error = inspect(folder.path(), "../x.usda").unwrap_err();
    assert!(error.reason.contains("outside"), "{error}");
}

/// A package with one stored file; `size` is what its directory claims.
fn package(name: &str, content: &[u8], size: u32, method: u16) -> Vec<u8> {
    let mut zip = Vec::new();
    let sizes = |out: &mut Vec<u8>| {
        out.extend((content.len() as u32).to_le_bytes());
        out.extend(size.to_le_bytes());
        out.extend((name.len() as u16).to_le_bytes());
        out.extend(0u16.to_le_bytes());
    };
    zip.extend(b"PK\x03\x04\x0a\0\0\0");
    zip.extend(method.to_le_bytes());
    zip.extend([0; 8]);
    sizes(&mut zip);
    zip.extend(name.as_bytes());
    zip.extend(content);
    let start = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x0a\0\x0a\0\0\0");
    zip.extend(method.to_le_bytes());
    zip.extend([0; 8]);
    sizes(&mut zip);
    zip.extend([0; 14]);
    zip.extend(name.as_bytes());
    let length = zip.len() as u32 - start;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(length.to_le_bytes());
    zip.extend(start.to_le_bytes());
    zip.extend(0u16.to_le_bytes());
    zip
}

#[test]
fn packages_cannot_expand_or_reach_out() {
    let layer = b"#usda 1.0\ndef Mesh \"M\" {}";
    let good = package("a.usda", layer, layer.len() as u32, 0);
    let bomb = package("a.usda", layer, u32::MAX, 8);
    let past = package("a.usda", layer, 1 << 30, 0);
    let slip = package("../../evil.usda", layer, layer.len() as u32, 0);
    let text = package("readme.txt", b"hello", 5, 0);
    let folder = library(&[
        ("good.usdz", &good),
        ("bomb.usdz", &bomb),
        ("past.usdz", &past),
        ("slip.usdz", &slip),
        ("text.usdz", &text),
    ]);
    assert_eq!(inspect(folder.path(), "good.usdz").unwrap().metadata.prims["Mesh"], 1);
    for (name, expected) in
        [("bomb.usdz", "compressed"), ("past.usdz", "compressed"), ("text.usdz", "no USD layer")]
    {
        let error = inspect(folder.path(), name).unwrap_err();
        assert!(error.reason.contains(expected), "{name}: {error}");
    }
    // A name is only a name: nothing is ever written.
    inspect(folder.path(), "slip.usdz").unwrap();
    assert!(!folder.path().join("../../evil.usda").exists());
}

#[test]
fn too_many_prims_too_deep_or_too_large_is_said_with_the_limit() {
    let mut many = b"#usda 1.0\n".to_vec();
    for at in 0..1_000_000 {
        writeln!(many, "def \"p{at}\" {{}}").unwrap();
    }
    let limits = Limits { prims_max: 100_000, ..Limits::default() };
    let said = reason(&[("many.usda", &many)], limits);
    assert!(said.contains("100000 prims (limit primsMax)"), "{said}");

    let deep = format!("#usda 1.0\n{}{}", "def \"a\" {".repeat(10_000), "}".repeat(10_000));
    let said = reason(&[("deep.usda", deep.as_bytes())], Limits::default());
    assert!(said.contains("deeper than 500 (limit depthMax)"), "{said}");

    let limits = Limits { file_bytes_max: 1000, ..Limits::default() };
    let said = reason(&[("large.usda", &many)], limits);
    assert!(said.contains("(limit fileBytesMax)"), "{said}");
}

#[test]
fn the_deepest_allowed_stage_is_read() {
    let depth = Limits::default().depth_max as usize - 1;
    let deep = format!(
        "#usda 1.0\n{}def Cube \"c\" {{}}{}",
        "def Xform \"a\" {".repeat(depth - 1),
        "}".repeat(depth - 1)
    );
    let folder = library(&[("deep.usda", deep.as_bytes())]);
    let found = inspect(folder.path(), "deep.usda").unwrap();
    assert_eq!(found.metadata.bounds.unwrap().max, [1.0; 3]);
}

#[test]
fn an_instancer_that_places_itself_ends() {
    let text = b"#usda 1.0
def PointInstancer \"I\" {
    int[] protoIndices = [0, 1]
    point3f[] positions = [(0, 0, 0), (5, 0, 0)]
    rel prototypes = [</I>, </I/Proto>]
    def Xform \"Proto\" { def Cube \"c\" {} }
}";
    let folder = library(&[("loop.usda", text)]);
    let found = inspect(folder.path(), "loop.usda").unwrap();
    assert_eq!(found.metadata.bounds.unwrap().max, [6.0, 1.0, 1.0]);
    assert_eq!(found.metadata.instances, 2);
}

#[test]
fn numbers_that_are_none_are_left_out() {
    for field in ["metersPerUnit", "startTimeCode", "endTimeCode", "timeCodesPerSecond"] {
        for value in ["inf", "-inf", "nan", "1e999"] {
            let text = format!("#usda 1.0\n(\n{field} = {value}\n)\ndef Cube \"A\" {{}}\n");
            let folder = library(&[("x.usda", text.as_bytes())]);
            let found = inspect(folder.path(), "x.usda").unwrap();
            let json = serde_json::to_string(&found).unwrap();
            let back: Inspection = serde_json::from_str(&json).unwrap();
            assert_eq!(back, found, "{field} = {value} survives the way to the parent");
        }
    }
    let text = b"#usda 1.0\n(\nmetersPerUnit = 1e308\n)\ndef Cube \"A\" { double size = 100 }\n";
    let folder = library(&[("x.usda", text)]);
    assert_eq!(inspect(folder.path(), "x.usda").unwrap().metadata.bounds, None);
}

#[test]
fn references_that_multiply_stop_at_a_limit() {
    // Each level brings the one below ten times: 10^9 prims if nobody counts.
    let mut text = "#usda 1.0\n".to_owned();
    for level in 0..9 {
        text.push_str(&format!("class \"L{level}\" {{\n"));
        for copy in 0..10 {
            let below = level + 1;
            text.push_str(&format!("def \"c{copy}\" (references = </L{below}>) {{}}\n"));
        }
        text.push_str("}\n");
    }
    text.push_str("class \"L9\" { def \"leaf\" {} }\ndef \"Root\" (references = </L0>) {}\n");
    let limits = Limits { prims_max: 50_000, ..Limits::default() };
    let said = reason(&[("laughs.usda", text.as_bytes())], limits);
    assert!(said.contains("limit primsMax"), "{said}");
}

#[test]
fn truncated_and_scrambled_real_files_never_crash_a_reader() {
    let library_of_ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/library");
    let mut seeds = Vec::new();
    let mut folders = vec![library_of_ours];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind.to_string_lossy().starts_with("usd"))
            {
                seeds.push(fs::read(path).unwrap());
            }
        }
    }
    assert!(seeds.len() > 10, "the demo library is there");
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.usd");
    let mut random = dice();
    let mut refused = 0;
    for seed in &seeds {
        for _ in 0..20 {
            let mut bytes = seed.clone();
            if random(2) == 0 {
                bytes.truncate(random(bytes.len()));
            }
            for _ in 0..random(8) {
                let at = random(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random(256) as u8;
                }
            }
            fs::write(&file, &bytes).unwrap();
            refused += usize::from(inspect(folder.path(), "x.usd").is_err());
        }
    }
    assert!(refused > seeds.len(), "most broken files are refused: {refused}");
}

#[test]
fn a_crate_that_promises_huge_tables_takes_no_memory_for_them() {
    let mut file = b"PXR-USDC\0\x08\0\0\0\0\0\0".to_vec();
    file.extend(88u64.to_le_bytes());
    file.resize(88, 0);
    file.extend(u64::MAX.to_le_bytes());
    let said = reason(&[("toc.usdc", &file)], Limits::default());
    assert!(said.contains("promises more than the file holds"), "{said}");
}
