//! A few scenes as PNG, to be looked at: `cargo run --release -p vitrine-render --example gallery -- FOLDER`.

use std::{error::Error, path::Path};

use vitrine_render::{Background, Image, Options, Renderer};
use vitrine_scene::{
    AlphaMode, Channel, Instance, Material, Mesh, Part, Scene, Texture, Topology, Up, Wrap,
};

#[path = "../tests/shapes/mod.rs"]
mod shapes;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder for the pictures")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let plain = Options::default();
    let clear = Options { background: Background::Transparent, ..Options::default() };
    turntable(folder, "cube", &sides(), &plain)?;
    turntable(folder, "materials", &materials(), &plain)?;
    turntable(folder, "textures", &textures(), &plain)?;
    turntable(folder, "alpha", &alpha(), &clear)?;
    turntable(folder, "strokes", &strokes(), &plain)?;
    turntable(folder, "normals", &bare(), &plain)?;
    Ok(())
}

/// Four of the eight views side by side.
fn turntable(
    folder: &Path,
    name: &str,
    scene: &Scene,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    let renderer = Renderer::new(scene, options)?;
    let views: Vec<_> = renderer.views(8).into_iter().take(4).collect();
    let images = renderer.render_all(&views, 2);
    let (width, height) = (images[0].width, images[0].height);
    let mut rgba = Vec::new();
    for y in 0..height as usize {
        for image in &images {
            let row = y * width as usize * 4;
            rgba.extend_from_slice(&image.rgba[row..row + width as usize * 4]);
        }
    }
    let sheet = Image { width: width * images.len() as u32, height, rgba };
    std::fs::write(folder.join(format!("{name}.png")), sheet.to_png()?)?;
    for warning in renderer.warnings() {
        println!("{name}: {warning}");
    }
    Ok(())
}

/// Six colours, one a side: the front (+z) is blue.
fn sides() -> Scene {
    let colours = [
        [0.8, 0.1, 0.1],
        [0.1, 0.7, 0.7],
        [0.1, 0.7, 0.1],
        [0.7, 0.1, 0.7],
        [0.1, 0.2, 0.8],
        [0.8, 0.7, 0.1],
    ];
    let materials = colours.map(shapes::painted).to_vec();
    shapes::scene(vec![shapes::cube(std::array::from_fn(|k| Some(k as u32)))], materials, vec![])
}

/// Balls from rough to smooth, matte below and metal above.
fn materials() -> Scene {
    let mut scene =
        Scene { metres_per_unit: 1.0, meshes: vec![shapes::sphere(48, None)], ..Scene::default() };
    for row in 0..3_u32 {
        for column in 0..4_u32 {
            scene.materials.push(Material {
                base_colour: [[0.6, 0.05, 0.05], [0.9, 0.6, 0.25], [0.9, 0.9, 0.9]][row as usize],
                metallic: if row == 0 { 0.0 } else { 1.0 },
                roughness: [0.05, 0.25, 0.5, 1.0][column as usize],
                ..Material::default()
            });
            let to_world = shapes::at(f64::from(column) * 2.2, f64::from(row) * 2.2, 0.0);
            let material = Some(row * 4 + column);
            scene.instances.push(Instance { mesh: 0, to_world, material });
        }
    }
    scene
}

/// A letter, mip-mapped stripes on a floor, and a normal map.
fn textures() -> Scene {
    let letter = shapes::picture(64, 64, |x, y| {
        let on = (12..20).contains(&x) && (8..56).contains(&y)
            || (12..50).contains(&x) && (8..16).contains(&y)
            || (12..40).contains(&x) && (28..36).contains(&y);
        if on { [200, 30, 30, 255] } else { [240, 230, 200, 255] }
    });
    let checks = shapes::picture(256, 256, |x, y| {
        if (x / 8 + y / 8) % 2 == 0 { [30, 30, 30, 255] } else { [250, 250, 250, 255] }
    });
    let bumps = shapes::picture(256, 256, |x, y| {
        let (dx, dy) = ((x % 32) as f32 / 16.0 - 1.0, 1.0 - (y % 32) as f32 / 16.0);
        let inside = dx * dx + dy * dy < 0.8;
        let (nx, ny) = if inside { (dx * 0.7, dy * 0.7) } else { (0.0, 0.0) };
        let nz = (1.0 - nx * nx - ny * ny).sqrt();
        [nx, ny, nz]
            .map(|v| (v * 127.5 + 127.5) as u8)
            .into_iter()
            .chain([255])
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or([0; 4])
    });
    let colour = |picture, wrap| Texture {
        is_srgb: true,
        wrap_s: wrap,
        wrap_t: wrap,
        ..Texture::of(picture)
    };
    let materials = vec![
        Material {
            base_colour: [1.0; 3],
            base_colour_texture: Some(colour(0, Wrap::Clamp)),
            ..Material::default()
        },
        Material {
            base_colour: [1.0; 3],
            base_colour_texture: Some(Texture {
                transform: [[8.0, 0.0], [0.0, 8.0], [0.0; 2]],
                ..colour(1, Wrap::Repeat)
            }),
            ..Material::default()
        },
        Material {
            base_colour: [0.2, 0.4, 0.7],
            roughness: 0.4,
            normal_texture: Some(Texture { scale: [2.0; 4], bias: [-1.0; 4], ..Texture::of(2) }),
            ..Material::default()
        },
    ];
    let floor = shapes::surface(1, 1, Some(1), |u, v| {
        ([u * 12.0 - 6.0, -1.01, 6.0 - v * 12.0], [0.0, 1.0, 0.0])
    });
    let mut scene = shapes::scene(
        vec![shapes::cube([Some(0); 6]), floor, shapes::sphere(32, Some(2))],
        materials,
        vec![letter, checks, bumps],
    );
    scene.instances[0].to_world = shapes::at(-1.5, 0.0, 0.0);
    scene.instances[2].to_world = shapes::at(1.5, 0.0, 0.0);
    scene
}

/// Glass before a ball, a cut-out leaf, a pane with a fading picture.
fn alpha() -> Scene {
    let disc = shapes::picture(128, 128, |x, y| {
        let d = ((x as f32 - 63.5).powi(2) + (y as f32 - 63.5).powi(2)).sqrt();
        [40, 140, 40, if d < 55.0 { (255.0 - d * 3.0) as u8 } else { 0 }]
    });
    let base = Some(Texture { is_srgb: true, ..Texture::of(0) });
    let opacity = Some(Texture { channel: Channel::A, ..Texture::of(0) });
    let seen = Material {
        base_colour: [1.0; 3],
        base_colour_texture: base,
        opacity_texture: opacity,
        ..Material::default()
    };
    let materials = vec![
        shapes::painted([0.8, 0.2, 0.1]),
        Material {
            base_colour: [0.8, 0.9, 1.0],
            opacity: 0.15,
            roughness: 0.05,
            alpha: AlphaMode::Blend,
            ..Material::default()
        },
        Material { alpha: AlphaMode::Mask(0.5), ..seen.clone() },
        Material { alpha: AlphaMode::Blend, ..seen },
    ];
    let double = |mesh: Mesh| Mesh { is_double_sided: true, ..mesh };
    let meshes = vec![
        shapes::sphere(32, Some(0)),
        double(shapes::sphere(32, Some(1))),
        double(shapes::square(0.0, Some(2))),
        double(shapes::square(0.0, Some(3))),
    ];
    let mut scene = shapes::scene(meshes, materials, vec![disc]);
    scene.instances[1].to_world =
        [[1.4, 0.0, 0.0, 0.0], [0.0, 1.4, 0.0, 0.0], [0.0, 0.0, 1.4, 0.0], [0.0, 0.0, 0.0, 1.0]];
    scene.instances[2].to_world = shapes::at(-2.5, 0.0, 0.0);
    scene.instances[3].to_world = shapes::at(2.5, 0.0, 0.0);
    scene
}

/// A helix of segments and a cloud of points, Z-up.
fn strokes() -> Scene {
    let helix: Vec<_> =
        (0..200).map(|k| k as f32 * 0.15).map(|t| [t.cos(), t.sin(), t / 15.0]).collect();
    let colours = (0..200).map(|k| [k as f32 / 200.0, 0.2, 1.0 - k as f32 / 200.0, 1.0]).collect();
    let indices: Vec<u32> = (0..199).flat_map(|k| [k, k + 1]).collect();
    let thick = Mesh {
        positions: helix,
        colours: Some(colours),
        topology: Topology::Segments { width: 0.12 },
        parts: vec![Part { indices: indices.len() as u32, material: None }],
        indices,
        ..Mesh::default()
    };
    let points: Vec<_> = (0..300)
        .map(|k| k as f32)
        .map(|k| {
            [
                2.5 + (k * 12.9898).sin() * 0.8,
                (k * 78.233).sin() * 0.8,
                1.0 + (k * 37.719).sin() * 0.9,
            ]
        })
        .collect();
    let cloud = |width| Mesh {
        positions: points.clone(),
        topology: Topology::Points { width },
        indices: (0..300).collect(),
        parts: vec![Part { indices: 300, material: None }],
        ..Mesh::default()
    };
    let mut scene = shapes::scene(vec![thick, cloud(0.15), cloud(0.0)], vec![], vec![]);
    scene.instances[2].to_world = shapes::at(-5.0, 0.0, 0.0);
    scene.up = Up::Z;
    scene
}

/// Without normals: a ball of few faces is smooth, a cube is sharp; a mirrored and stretched one.
fn bare() -> Scene {
    let bare = |mesh: Mesh| Mesh { normals: None, ..mesh };
    let meshes = vec![
        bare(shapes::sphere(12, None)),
        shapes::cube([None; 6]),
        bare(shapes::torus(12, None)),
    ];
    let mut scene = shapes::scene(meshes, vec![], vec![]);
    scene.instances[1].to_world = shapes::at(2.5, 0.0, 0.0);
    scene.instances[2].to_world =
        [[-1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [-2.5, 0.0, 0.0, 1.0]];
    scene
}
