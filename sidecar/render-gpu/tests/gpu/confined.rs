//! A GPU in a process that was confined as those are which read strangers' assets.

use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};
use vitrine_render::Renderer;
use vitrine_render_gpu::{Choice, Gpu};

use crate::{gpu, scenes, shapes::clear};

/// Which limit is set, and whether before or after the device is opened.
const ORDER: &str = "VITRINE_TEST_CONFINED";

fn limit(resource: Resource, most: u64) {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
        .expect("a lower limit");
}

/// What a child sets, with an asset's share of memory of 1 GiB.
fn confine(with_address_space: bool) {
    limit(Resource::Data, 1280 << 20);
    if with_address_space {
        limit(Resource::As, 1280 << 20);
    }
    limit(Resource::Core, 0);
    limit(Resource::Fsize, 0);
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn renders_confined() {
    let order = std::env::var(ORDER).unwrap();
    let with_address_space = order.contains("address space");
    if order.contains("before") {
        confine(with_address_space);
    }
    let opened = Gpu::open(Choice::AlsoSoftware);
    if order.contains("after") {
        confine(with_address_space);
    }
    let mut gpu = match opened {
        Ok(gpu) => gpu,
        Err(reason) => {
            println!("not opened: {reason}");
            return;
        }
    };
    let scene = scenes::sides();
    let renderer = Renderer::new(&scene, &clear(64)).unwrap();
    match gpu.render_prepared(&renderer, &renderer.views(2)) {
        Ok(images) => println!("rendered {}", images.len()),
        Err(error) => println!("failed: {error}"),
    }
}

#[test]
fn confined_processes_render_too() {
    let Some(is_software) = gpu().map(|gpu| gpu.is_software()) else { return };
    for order in [
        "limits after opening",
        "limits before opening",
        "limits with address space after opening",
        "limits with address space before opening",
    ] {
        // Drivers of GPUs reserve address space by the device's memory, which costs nothing; a limit
        // of it is what a process with a GPU goes without.
        if order.contains("address space") && !is_software {
            continue;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "confined::renders_confined", "--nocapture"])
            .env(ORDER, order)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("rendered 2"), "{order}: {output:?}");
    }
}
