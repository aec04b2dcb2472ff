//! Simple scenes for tests and examples.
#![allow(dead_code, reason = "each user takes a part")]

use bytes::Bytes;
use vitrine_render::{Background, Image, Lens, Options, View};
use vitrine_scene::{Instance, Material, Mesh, Part, Picture, Scene, Up};

pub const HERE: [[f64; 4]; 4] =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

pub fn at(x: f64, y: f64, z: f64) -> [[f64; 4]; 4] {
    [HERE[0], HERE[1], HERE[2], [x, y, z, 1.0]]
}

/// A scene of meshes where they are, with materials as their parts say.
pub fn scene(meshes: Vec<Mesh>, materials: Vec<Material>, pictures: Vec<Picture>) -> Scene {
    let instances = (0..meshes.len())
        .map(|mesh| Instance { mesh: mesh as u32, to_world: HERE, material: None })
        .collect();
    Scene { metres_per_unit: 1.0, meshes, materials, pictures, instances, ..Scene::default() }
}

fn whole(mesh: Mesh, material: Option<u32>) -> Mesh {
    Mesh { parts: vec![Part { indices: mesh.indices.len() as u32, material }], ..mesh }
}

/// A sphere of radius 1 with its pole up, `rings` by `2 · rings` quads, normals and coordinates.
pub fn sphere(rings: u32, material: Option<u32>) -> Mesh {
    surface(rings, 2 * rings, material, |u, v| {
        let (across, along) = (u * std::f32::consts::TAU, v * std::f32::consts::PI);
        let out = [across.sin() * along.sin(), -along.cos(), across.cos() * along.sin()];
        (out, out)
    })
}

/// A ring lying flat: radius 1, tube 0.4.
pub fn torus(rings: u32, material: Option<u32>) -> Mesh {
    surface(rings, 2 * rings, material, |u, v| {
        let (around, tube) = (u * std::f32::consts::TAU, -v * std::f32::consts::TAU);
        let out = [around.sin() * tube.cos(), -tube.sin(), around.cos() * tube.cos()];
        let hub = [around.sin(), 0.0, around.cos()];
        (std::array::from_fn(|k| hub[k] + out[k] * 0.4), out)
    })
}

/// A grid over (u, v), each 0…1: position and normal.
pub fn surface(
    rows: u32,
    columns: u32,
    material: Option<u32>,
    of: impl Fn(f32, f32) -> ([f32; 3], [f32; 3]),
) -> Mesh {
    let (mut positions, mut normals, mut uvs, mut indices) = (vec![], vec![], vec![], vec![]);
    for row in 0..=rows {
        for column in 0..=columns {
            let (u, v) = (column as f32 / columns as f32, row as f32 / rows as f32);
            let (position, normal) = of(u, v);
            positions.push(position);
            normals.push(normal);
            uvs.push([u, v]);
        }
    }
    for row in 0..rows {
        for column in 0..columns {
            let a = row * (columns + 1) + column;
            let c = a + columns + 1;
            indices.extend([a, a + 1, c + 1, a, c + 1, c]);
        }
    }
    let mesh =
        Mesh { positions, normals: Some(normals), uvs: vec![uvs], indices, ..Mesh::default() };
    whole(mesh, material)
}

/// A cube of side 2 around the origin. Sides in the order +x −x +y −y +z −z, each with coordinates
/// whose origin is its lower left; side k wears material `materials[k]`.
pub fn cube(materials: [Option<u32>; 6]) -> Mesh {
    let sides: [[[f32; 3]; 3]; 6] = [
        // Outwards, to the right, up, as one stands before the side.
        [[1., 0., 0.], [0., 0., -1.], [0., 1., 0.]],
        [[-1., 0., 0.], [0., 0., 1.], [0., 1., 0.]],
        [[0., 1., 0.], [1., 0., 0.], [0., 0., -1.]],
        [[0., -1., 0.], [1., 0., 0.], [0., 0., 1.]],
        [[0., 0., 1.], [1., 0., 0.], [0., 1., 0.]],
        [[0., 0., -1.], [-1., 0., 0.], [0., 1., 0.]],
    ];
    let mut mesh = Mesh { uvs: vec![vec![]], ..Mesh::default() };
    for ([out, right, up], material) in sides.into_iter().zip(materials) {
        let first = mesh.positions.len() as u32;
        for [u, v] in [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0_f32]] {
            let (a, b) = (u * 2.0 - 1.0, v * 2.0 - 1.0);
            mesh.positions.push(std::array::from_fn(|k| out[k] + right[k] * a + up[k] * b));
            mesh.uvs[0].push([u, v]);
        }
        mesh.indices.extend([0, 1, 2, 0, 2, 3].map(|corner| first + corner));
        mesh.parts.push(Part { indices: 6, material });
    }
    mesh
}

/// A square of side 2 that faces +z at the given depth.
pub fn square(z: f32, material: Option<u32>) -> Mesh {
    let positions = vec![[-1.0, -1.0, z], [1.0, -1.0, z], [1.0, 1.0, z], [-1.0, 1.0, z]];
    let uvs = vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]];
    let mesh = Mesh { positions, uvs, indices: vec![0, 1, 2, 0, 2, 3], ..Mesh::default() };
    whole(mesh, material)
}

/// A surface that only gives light: its colour is what the picture shows.
pub fn glowing(colour: [f32; 3]) -> Material {
    Material { base_colour: [0.0; 3], emissive: colour, roughness: 1.0, ..Material::default() }
}

pub fn painted(colour: [f32; 3]) -> Material {
    Material { base_colour: colour, ..Material::default() }
}

/// A PNG of RGBA pixels, rows from the top.
pub fn picture(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Picture {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let data: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect();
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&data));
    written.expect("a picture in memory can be written");
    Picture { name: "made.png".into(), bytes: Bytes::from(bytes) }
}

pub fn clear(size: u32) -> Options {
    Options { size, background: Background::Transparent, ..Options::default() }
}

/// Looks along −z from z = `back`; at z = 0 the picture reaches `tangent · back` to each side.
pub fn straight(back: f64, tangent: f64) -> View {
    View { to_camera: at(0.0, 0.0, -back), lens: Lens::Perspective { tangent }, up: Up::Y }
}

/// Covered part of the picture, in pixels.
pub fn covered(image: &Image) -> f64 {
    image.rgba.chunks_exact(4).map(|pixel| f64::from(pixel[3]) / 255.0).sum()
}

pub fn middle(image: &Image) -> [u8; 4] {
    image.pixel(image.width / 2, image.height / 2)
}

/// Which of red, green and blue is strongest.
pub fn strongest(pixel: [u8; 4]) -> usize {
    (0..3).max_by_key(|k| pixel[*k]).expect("a pixel has three colours")
}
