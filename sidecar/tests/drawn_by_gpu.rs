//! Runs whose pictures are made by Vulkan: on a GPU where there is one, else on Mesa's software.
//! `make test-gpu` runs these; other builds know the processor alone.

#![cfg(feature = "gpu")]
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use image::RgbImage;
use serde_json::json;
use vitrine_render_gpu::{Choice, Gpu};
use vitrine_tests::library::Library;
use vitrine_tests::program::{Ended, command, draws, run};

/// Where nothing else is asked for, `vitrine` leaves software that speaks Vulkan alone.
const SOFTWARE: (&str, &str) = ("VITRINE_TEST_VULKAN", "software");
const PROCESSOR: (&str, &str) = ("VITRINE_DEVICE__PROVIDER", "cpu");
const BY_VULKAN: &str = "pictures are made by Vulkan on ";
const BY_PROCESSOR: &str = "pictures are made on the processor: ";
/// Where no driver is, and what is said then.
const NOTHING: [(&str, &str); 2] =
    [("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent")];
const REASONS: [&str; 2] = ["Vulkan finds no device", "there is no Vulkan loader"];
const CUBE: &str = "#usda 1.0\n(\n    defaultPrim = \"Cube\"\n)\ndef Cube \"Cube\"\n{\n}\n";

/// Two assets of the demonstration: colours and materials, and a package with textures.
fn library() -> Library {
    let library = Library::new();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/library");
    for path in ["kitchen/toaster.usda", "kitchen/kitchen_scales.usdz", "office/rubber_tree.usdc"] {
        library.write(path, std::fs::read(demo.join(path)).unwrap());
    }
    library
}

fn call(library: &Library, variables: &[(&str, &str)]) -> Command {
    let mut call = library.call(&["--size", "192", "--views", "3"]);
    // Software draws slowly, and the machine may be busy.
    draws(&mut call).env("VITRINE_EXTRACTION__TIMEOUT_SECONDS", "1200");
    call.env("VITRINE_LOG", "warn,vitrine=info"); // Quiet runs keep remarks to themselves.
    call.envs(variables.iter().copied());
    call
}

/// The pictures of a run that drew all assets, by their place in the catalogue; and its words.
fn drawn(library: &Library, variables: &[(&str, &str)]) -> (BTreeMap<String, RgbImage>, Ended) {
    std::fs::remove_dir_all(library.catalog()).unwrap_or_default();
    let ended = run(&mut call(library, variables));
    let report = ended.json(0);
    assert_eq!((&report["counts"]["indexed"], &report["undrawn"]["count"]), (&3.into(), &0.into()));
    let mut pictures = BTreeMap::new();
    let folder = library.catalog().join("thumbnails");
    for item in std::fs::read_dir(&folder).unwrap().map(|item| item.unwrap().path()) {
        let Ok(views) = std::fs::read_dir(&item) else { continue };
        for view in views.map(|view| view.unwrap().path()) {
            let name = view.strip_prefix(&folder).unwrap().display().to_string();
            pictures.insert(name, image::open(&view).unwrap().to_rgb8());
        }
    }
    assert_eq!(pictures.len(), 9);
    (pictures, ended)
}

/// How two pictures differ where either shows the asset: the mean of all channels in levels of 255
/// where they are alike, and the share of pixels that are not, because a sample of their four shows
/// something else.
fn difference(a: &RgbImage, b: &RgbImage) -> (f64, f64) {
    let background = *a.get_pixel(0, 0);
    let (mut sum, mut seen, mut other) = (0, 0_u32, 0_u32);
    for (a, b) in a.pixels().zip(b.pixels()).filter(|(a, b)| **a != background || **b != background)
    {
        seen += 1;
        let apart = std::array::from_fn::<_, 3, _>(|k| u32::from(a.0[k].abs_diff(b.0[k])));
        match apart.iter().any(|levels| *levels > 32) {
            true => other += 1,
            false => sum += apart.iter().sum::<u32>(),
        }
    }
    assert!(seen > 1000, "it shows something");
    (f64::from(sum) / f64::from(3 * seen), f64::from(other) / f64::from(seen))
}

/// Whether a test must be skipped: there is no Vulkan at all.
fn has_none() -> bool {
    let Err(reason) = Gpu::open(Choice::AlsoSoftware) else { return false };
    assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "{reason}");
    println!("skipped: {reason}");
    true
}

/// Variables that leave one driver, written in C; it lies beside the library.
fn only_driver(library: &Library, source: &str) -> [(&'static str, String); 2] {
    let source = library.beside("driver.c", source);
    let driver = source.with_extension("so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([&driver, &source])
        .status();
    assert!(built.unwrap().success());
    let manifest = format!(
        r#"{{"file_format_version": "1.0.0",
            "ICD": {{"library_path": "{}", "api_version": "1.3.0"}}}}"#,
        driver.display()
    );
    let manifest = library.beside("driver.json", &manifest).display().to_string();
    ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].map(|name| (name, manifest.clone()))
}

fn by_software<'a>(more: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    let more = more.iter().map(|(name, value)| (*name, value.as_str()));
    [SOFTWARE].into_iter().chain(more).collect()
}

#[test]
fn a_catalogue_drawn_by_vulkan_is_that_of_the_processor_and_says_so() {
    if has_none() {
        return;
    }
    let library = library();
    let (expected, ended) = drawn(&library, &[PROCESSOR]);
    assert!(!ended.stderr.contains("pictures are made"), "{}", ended.stderr);
    assert_eq!(ended.json(0)["drawn"], json!({"processor": 3, "gpu": 0}));
    let (found, ended) = drawn(&library, &[SOFTWARE]);
    assert_eq!(ended.stderr.matches(BY_VULKAN).count(), 1, "once: {}", ended.stderr);
    assert!(!ended.stderr.contains("processor"), "{}", ended.stderr);
    assert_eq!(ended.json(0)["drawn"], json!({"processor": 0, "gpu": 3}));
    assert!(found != expected, "nothing was drawn by Vulkan");
    for ((name, a), (other, b)) in found.iter().zip(&expected) {
        assert_eq!(name, other);
        // The tolerances of the renderer's own tests, which give the reasons.
        let (mean, uncovered) = difference(a, b);
        assert!(mean <= 0.2 && uncovered <= 0.016, "{name}: {mean} levels, {uncovered} of pixels");
    }
    // Another device is no reason to draw again; what is drawn for another reason is told apart.
    library.write("cube.usda", CUBE);
    let again = run(&mut call(&library, &[PROCESSOR])).json(0);
    assert_eq!(again["counts"]["skipped"], 3, "{again}");
    assert_eq!(again["drawn"], json!({"processor": 1, "gpu": 3}));
}

#[test]
fn what_the_gpu_does_not_take_the_processor_draws_and_the_run_says_so() {
    if has_none() {
        return;
    }
    let library = Library::new();
    library.write("cube.usda", CUBE);
    // Too large for numbers of 32 bits, which the GPU computes with.
    library.write("huge.usda", CUBE.replace("{", "{\n    double size = 1e38"));
    let ended = run(&mut call(&library, &[SOFTWARE]));
    let report = ended.json(0);
    assert_eq!(report["undrawn"]["count"], 0, "{report}");
    assert_eq!(report["drawn"], json!({"processor": 1, "gpu": 1}), "{}", ended.stderr);
    let said = "the processor draws an asset: the scene's coordinates";
    assert_eq!(ended.stderr.matches(said).count(), 1, "{}", ended.stderr);
    let mut again = command(&["catalog", "--no-embeddings", "--size", "192", "--views", "3"]);
    again.arg(library.path()).arg("--out").arg(library.catalog());
    let ended = run(draws(&mut again));
    let said = "drawn: 1 asset by a GPU, 1 by the processor";
    assert!(ended.stdout.contains(said) && ended.stdout.contains("2 unchanged"), "{ended:?}");
}

#[test]
fn software_that_speaks_vulkan_is_no_gpu() {
    let library = library();
    let (_, ended) = drawn(&library, &[]);
    if ended.stderr.contains(BY_VULKAN) {
        return println!("skipped: there is a GPU");
    }
    assert_eq!(ended.stderr.matches(BY_PROCESSOR).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.json(0)["drawn"], json!({"processor": 3, "gpu": 0}));
}

#[test]
fn without_a_driver_the_processor_draws_and_the_log_says_why() {
    let library = library();
    let (expected, _) = drawn(&library, &[PROCESSOR]);
    let (found, ended) = drawn(&library, &[SOFTWARE, NOTHING[0], NOTHING[1]]);
    assert_eq!(ended.stderr.matches(BY_PROCESSOR).count(), 1, "{}", ended.stderr);
    assert!(REASONS.iter().any(|reason| ended.stderr.contains(reason)), "{}", ended.stderr);
    assert!(found == expected, "and they are its pictures, to the byte");
}

#[test]
fn where_a_gpu_is_demanded_for_pictures_and_none_draws_the_run_ends_before_it_reads() {
    let library = library();
    for provider in ["cuda", "tensorrt"] {
        let demanded = ("VITRINE_DEVICE__PROVIDER", provider);
        let ended = run(&mut call(&library, &[SOFTWARE, demanded, NOTHING[0], NOTHING[1]]));
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        assert!(ended.stderr.contains("device.provider demands a GPU"), "{}", ended.stderr);
        assert!(REASONS.iter().any(|reason| ended.stderr.contains(reason)), "{}", ended.stderr);
        assert!(ended.stderr.contains("configure `auto`"), "{}", ended.stderr);
        assert!(!ended.stderr.contains(BY_PROCESSOR), "{}", ended.stderr);
        assert!(library.documents().is_empty());
    }
    if has_none() {
        return;
    }
    let (_, ended) = drawn(&library, &[SOFTWARE, ("VITRINE_DEVICE__PROVIDER", "cuda")]);
    assert_eq!(ended.stderr.matches(BY_VULKAN).count(), 1, "{}", ended.stderr);
}

#[test]
fn a_driver_that_ends_its_process_when_it_is_loaded_is_left_alone() {
    if has_none() {
        return;
    }
    let library = library();
    let driver = only_driver(
        &library,
        "#include <stdlib.h>\n__attribute__((constructor)) static void load(void) { abort(); }\n",
    );
    let (_, ended) = drawn(&library, &by_software(&driver));
    let said = format!("{BY_PROCESSOR}opening the GPU ended a child process: aborted");
    assert_eq!(ended.stderr.matches(&said).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.json(0)["drawn"], json!({"processor": 3, "gpu": 0}));
}

#[test]
fn a_driver_that_ends_its_process_while_it_draws_costs_no_asset_its_pictures() {
    if has_none() {
        return;
    }
    let library = library();
    for cube in 0..6 {
        library.write(&format!("cube_{cube}.usda"), CUBE);
    }
    let Some(mesa) = software_driver() else { return };
    let driver = only_driver(&library, &CRASHING.replace("MESA", &mesa));
    let mut call = call(&library, &by_software(&driver));
    let ended = run(call.args(["--jobs", "1"]));
    let report = ended.json(0);
    assert_eq!((&report["counts"]["indexed"], &report["undrawn"]["count"]), (&9.into(), &0.into()));
    assert_eq!(report["drawn"], json!({"processor": 9, "gpu": 0}), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches(BY_VULKAN).count(), 1, "{}", ended.stderr);
    let said = format!("{BY_PROCESSOR}drawing on the GPU ended 3 child processes");
    assert_eq!(ended.stderr.matches(&said).count(), 1, "{}", ended.stderr);
}

/// Mesa's software, where its manifest says that it is.
fn software_driver() -> Option<String> {
    let manifests = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?;
    let mut paths = manifests.map(|item| item.unwrap().path());
    let manifest = std::fs::read(paths.find(|path| path.to_string_lossy().contains("lvp_icd"))?);
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.unwrap()).unwrap();
    Some(manifest["ICD"]["library_path"].as_str()?.to_owned())
}

/// A driver that hands everything on to the one at MESA, and ends the process at the first triangles.
const CRASHING: &str = r#"
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef void (*function)(void);
typedef function (*lookup)(void *, const char *);
static function named(const char *name) {
    static void *mesa;
    if (!mesa) mesa = dlopen("MESA", RTLD_NOW | RTLD_LOCAL);
    return mesa ? (function)(uintptr_t)dlsym(mesa, name) : NULL;
}
static void draw(void) { abort(); }
static lookup original;
static function device_lookup(void *device, const char *name) {
    if (!strncmp(name, "vkCmdDraw", 9)) return draw;
    return original(device, name);
}
function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
    function found = ((lookup)named("vk_icdGetInstanceProcAddr"))(instance, name);
    if (!strcmp(name, "vkGetDeviceProcAddr") && found) {
        original = (lookup)found;
        return (function)device_lookup;
    }
    return found;
}
int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
    return ((int (*)(uint32_t *))named("vk_icdNegotiateLoaderICDInterfaceVersion"))(version);
}
function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) {
    return ((lookup)named("vk_icdGetPhysicalDeviceProcAddr"))(instance, name);
}
"#;
