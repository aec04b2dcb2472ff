//! What the GPU does not take is an error that leaves it usable, and no GPU is a sentence.

use std::process::Command;

use vitrine_render::{Options, Renderer};
use vitrine_render_gpu::{Choice, Gpu, GpuError, Limits, NoGpu};
use vitrine_scene::{Instance, Scene};

use crate::{gpu, scenes, shapes::*};

#[test]
fn scenes_beyond_the_limits_are_left_to_the_processor() {
    let Ok(gpu) = Gpu::open(Choice::AlsoSoftware) else { return };
    let small = Limits {
        geometry_bytes_max: 10_000,
        texture_bytes_max: 1_000,
        picture_bytes_max: 64 * 64 * 60,
        seconds_max: 60,
    };
    let mut gpu = gpu.with_limits(small);
    let mut refused = |scene: &Scene, size| {
        let options = Options { size, ..Options::default() };
        let views = Renderer::new(scene, &options).unwrap().views(1);
        match gpu.render(scene, &options, &views) {
            Err(GpuError::TooLarge { what, found, max }) => {
                assert!(found > max);
                Some(what)
            }
            Err(error) => panic!("{error}"),
            Ok(images) => {
                assert_eq!(images.len(), 1);
                None
            }
        }
    };
    let little = scene(vec![sphere(4, None)], vec![], vec![]);
    assert_eq!(refused(&little, 64), None);
    assert_eq!(refused(&scene(vec![sphere(40, None)], vec![], vec![]), 64), Some("meshes"));
    assert_eq!(refused(&little, 128), Some("pictures"));
    let mut many = little.clone();
    many.instances = vec![Instance { mesh: 0, to_world: HERE, material: None }; 100];
    assert_eq!(refused(&many, 64), Some("instances"));
    let mut dressed = scenes::all().swap_remove(3).1;
    dressed.meshes[1] = square(0.0, Some(1));
    assert_eq!(refused(&dressed, 64), Some("textures"));
    assert_eq!(refused(&little, 64), None, "what was refused leaves no trace");
}

#[test]
fn what_gpus_do_not_compute_with_is_refused() {
    let Some(mut gpu) = gpu() else { return };
    let mut huge = sphere(4, None);
    huge.positions.iter_mut().flatten().for_each(|value| *value *= 1e38);
    let huge = scene(vec![huge], vec![], vec![]);
    let views = Renderer::new(&huge, &clear(32)).unwrap().views(1);
    let error = gpu.render(&huge, &clear(32), &views).unwrap_err();
    assert!(matches!(error, GpuError::OutOfRange) && !error.is_last(), "{error}");
    let mut broken = scene(vec![sphere(4, None)], vec![], vec![]);
    broken.meshes[0].indices[0] = 9999;
    assert!(matches!(gpu.render(&broken, &clear(32), &[]), Err(GpuError::Scene(_))));
}

#[test]
fn scenes_that_show_nothing_are_background() {
    let Some(mut gpu) = gpu() else { return };
    let nothing = scene(vec![], vec![], vec![]);
    let images = gpu.render(&nothing, &clear(32), &vec![straight(2.0, 0.5); 2]).unwrap();
    assert_eq!(images.iter().map(covered).collect::<Vec<_>>(), [0.0, 0.0]);
    assert!(gpu.render(&nothing, &clear(32), &[]).unwrap().is_empty());
    let plain =
        gpu.render(&nothing, &Options { size: 8, ..Options::default() }, &[straight(2.0, 0.5)]);
    assert_eq!(plain.unwrap()[0].pixel(3, 3), [235, 235, 235, 255]);
}

/// Opens a device in a process of its own, in which the loader finds what `drivers` says.
fn opened_with(drivers: &str) -> String {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "refusals::prints_what_is_opened", "--nocapture"])
        .env("VK_DRIVER_FILES", drivers)
        .env("VK_ICD_FILENAMES", drivers)
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn prints_what_is_opened() {
    let found = [Choice::Hardware, Choice::AlsoSoftware].map(Gpu::open);
    println!("found: {:?}", found.map(|found| found.map(|gpu| gpu.name().to_owned())));
}

#[test]
fn without_a_driver_the_reason_says_so() {
    let folder = std::env::temp_dir().join(format!("vitrine-drivers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let library = folder.join("libnothing.so");
    std::fs::write(&library, "not a library").unwrap();
    let manifest = folder.join("broken.json");
    let json = format!(
        r#"{{"file_format_version":"1.0.0","ICD":{{"library_path":{library:?},"api_version":"1.3.0"}}}}"#
    );
    std::fs::write(&manifest, json).unwrap();
    for drivers in ["/nowhere/at/all.json", manifest.to_str().unwrap()] {
        let said = opened_with(drivers);
        assert_eq!(said.matches("Err(No").count(), 2, "{said}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn software_is_used_only_where_it_is_asked_for() {
    let Some(gpu) = gpu() else { return };
    match Gpu::open(Choice::Hardware) {
        Ok(other) => assert!(!other.is_software()),
        Err(reason) => {
            assert!(gpu.is_software() && matches!(reason, NoGpu::OnlySoftware { .. }), "{reason}");
            assert!(reason.to_string().contains(gpu.name()));
        }
    }
}
