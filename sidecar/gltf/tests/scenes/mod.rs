//! Scenes made by hand, each for one part of the format, shared by the tests.
#![allow(dead_code)] // Each test file uses some.

use std::f32::consts::FRAC_1_SQRT_2;
use std::io::Cursor;

use bytes::Bytes;
use image::{ImageFormat, Rgba, RgbaImage};
use vitrine_scene::{
    AlphaMode, Camera, Channel, Instance, Material, Mesh, Part, Picture, Projection, Scene,
    Texture, Topology, Up, Wrap,
};

pub const HERE: [[f64; 4]; 4] =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

/// A picture of `side` by `side` pixels that `pixel` says by column and row.
pub fn picture(
    name: &str,
    side: u32,
    format: ImageFormat,
    pixel: impl Fn(u32, u32) -> [u8; 4],
) -> Picture {
    let image = RgbaImage::from_fn(side, side, |x, y| Rgba(pixel(x, y)));
    let is_whole = image.pixels().all(|pixel| pixel.0[3] == 255);
    let mut bytes = Cursor::new(Vec::new());
    if is_whole {
        image::DynamicImage::ImageRgba8(image).into_rgb8().write_to(&mut bytes, format).unwrap();
    } else {
        image.write_to(&mut bytes, format).unwrap();
    }
    Picture { name: name.into(), bytes: Bytes::from(bytes.into_inner()) }
}

/// Two triangles, two materials, all attributes.
pub fn square() -> Mesh {
    Mesh {
        name: "square".into(),
        positions: vec![[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.25], [-1.0, 1.0, 0.0]],
        normals: Some(vec![
            [0.0, 0.0, 1.0],
            [0.6, 0.0, 0.8],
            [0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2],
            [0.0, 0.0, 1.0],
        ]),
        uvs: vec![
            vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]],
            vec![[0.25, 0.25], [3.5, 0.0], [1.0, -2.0], [0.0, 1.0]],
        ],
        colours: Some(vec![[1.0, 0.5, 0.25, 1.0], [0.1, 0.2, 0.3, 0.4], [0.0; 4], [1.0; 4]]),
        topology: Topology::Triangles,
        indices: vec![0, 1, 2, 0, 2, 3],
        parts: vec![Part { indices: 3, material: Some(0) }, Part { indices: 3, material: None }],
        is_double_sided: false,
    }
}

pub fn scene_of(meshes: Vec<Mesh>) -> Scene {
    let instances = (0..meshes.len() as u32)
        .map(|mesh| Instance { mesh, to_world: HERE, material: None })
        .collect();
    Scene { metres_per_unit: 1.0, meshes, instances, ..Scene::default() }
}

/// Shared meshes, Z up, centimetres, mirrored, flat and skewed places, a material of its own.
pub fn places() -> Scene {
    let mut scene = scene_of(vec![square()]);
    scene.up = Up::Z;
    scene.metres_per_unit = 0.01;
    scene.materials = vec![
        Material { name: "red".into(), base_colour: [1.0, 0.0, 0.0], ..Material::default() },
        Material { name: "steel".into(), metallic: 1.0, roughness: 0.25, ..Material::default() },
    ];
    let place = |linear: [[f64; 3]; 3], at: [f64; 3]| {
        let row = |row: [f64; 3], last| [row[0], row[1], row[2], last];
        [row(linear[0], 0.0), row(linear[1], 0.0), row(linear[2], 0.0), row(at, 1.0)]
    };
    let places = [
        place([[0.0, 2.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 0.0, 2.0]], [5.0, 0.0, 0.0]),
        place([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [10.0, 0.0, 0.0]),
        place([[1.0, 0.5, 0.0], [0.0, 1.0, 0.25], [0.3, 0.0, 1.0]], [15.0, 0.0, 0.0]),
        place([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [20.0, 0.0, 0.0]),
    ];
    for (at, to_world) in places.into_iter().enumerate() {
        let material = (at == 1).then_some(1);
        scene.instances.push(Instance { mesh: 0, to_world, material });
    }
    scene
}

/// A tube of segments, a cloud of points, an empty mesh and one with 70,000 vertices.
pub fn shapes() -> Scene {
    let line = Mesh {
        name: "line".into(),
        topology: Topology::Segments { width: 0.125 },
        positions: vec![[0.0; 3], [1.0, 0.0, 0.0], [1.0, 2.0, 0.0]],
        indices: vec![0, 1, 1, 2],
        parts: vec![Part { indices: 4, material: None }],
        ..Mesh::default()
    };
    let dots = Mesh {
        name: "dots".into(),
        topology: Topology::Points { width: 0.5 },
        colours: Some(vec![[0.123, 0.456, 0.789, 1.0]; 3]),
        indices: vec![2, 0],
        parts: vec![Part { indices: 2, material: None }],
        ..line.clone()
    };
    let empty = Mesh { name: "empty".into(), ..Mesh::default() };
    let many = 70_000_u32;
    let large = Mesh {
        name: "large".into(),
        positions: (0..many)
            .map(|at| [at as f32 / 1000.0, (at % 7) as f32, (at % 3) as f32])
            .collect(),
        normals: Some(vec![[0.0; 3]; many as usize]),
        indices: (0..many - 1).collect(),
        parts: vec![Part { indices: many - 1, material: None }],
        is_double_sided: true,
        ..Mesh::default()
    };
    scene_of(vec![line, dots, empty, large])
}

/// Materials whose textures glTF can use as they are.
pub fn plain_materials() -> Scene {
    let mut scene = scene_of(vec![square()]);
    scene.pictures = vec![
        picture("wood.png", 8, ImageFormat::Png, |x, y| {
            [x as u8 * 30, y as u8 * 30, 7, 128 + x as u8]
        }),
        picture("orm.jpg", 8, ImageFormat::Jpeg, |x, y| [x as u8 * 30, y as u8 * 30, 200, 255]),
        picture("bumps.png", 4, ImageFormat::Png, |x, _| [128 + x as u8, 128, 255, 255]),
    ];
    let normal =
        Texture { scale: [1.0, 1.0, 2.0, 1.0], bias: [-0.5, -0.5, -1.0, 0.0], ..Texture::of(2) };
    let colour = Texture {
        is_srgb: true,
        wrap_s: Wrap::Mirror,
        wrap_t: Wrap::Clamp,
        transform: [[2.0, 0.0], [0.0, 3.0], [0.25, 0.5]],
        ..Texture::of(0)
    };
    scene.materials = vec![Material {
        name: "wood".into(),
        base_colour: [0.5, 0.75, 1.0],
        opacity_texture: Some(Texture { channel: Channel::A, is_srgb: false, ..colour.clone() }),
        base_colour_texture: Some(colour.clone()),
        metallic: 0.5,
        metallic_texture: Some(Texture { channel: Channel::B, ..Texture::of(1) }),
        roughness: 0.75,
        roughness_texture: Some(Texture { channel: Channel::G, ..Texture::of(1) }),
        emissive: [4.0, 2.0, 0.0],
        emissive_texture: Some(Texture { is_srgb: true, uv_set: 1, ..Texture::of(0) }),
        normal_texture: Some(normal),
        occlusion_texture: Some(Texture {
            scale: [0.5, 1.0, 1.0, 1.0],
            bias: [0.5, 0.0, 0.0, 0.0],
            ..Texture::of(1)
        }),
        opacity: 0.5,
        alpha: AlphaMode::Blend,
    }];
    scene.meshes[0].parts[1].material = Some(0);
    scene
}

/// Materials whose textures must be packed, changed or left out.
pub fn packed_materials() -> Scene {
    let mut scene = scene_of(vec![square()]);
    scene.pictures = vec![
        picture("colour.png", 8, ImageFormat::Png, |x, _| [x as u8 * 30, 100, 50, 90]),
        picture("rough.tga", 16, ImageFormat::Tga, |x, _| [x as u8 * 16, 0, 0, 255]),
        picture("metal.bmp", 8, ImageFormat::Bmp, |_, y| [y as u8 * 30, 0, 0, 255]),
        picture("mask.png", 8, ImageFormat::Png, |x, y| [0, (x + y) as u8 * 17, 0, 255]),
        picture("directx.png", 8, ImageFormat::Png, |x, _| [128, 100 + x as u8, 255, 255]),
        Picture { name: "broken.png".into(), bytes: Bytes::from_static(b"no picture") },
    ];
    let colour = Texture { is_srgb: true, ..Texture::of(0) };
    let mask = Texture { channel: Channel::G, ..Texture::of(3) };
    let packed = Material {
        name: "packed".into(),
        base_colour: [1.0; 3],
        base_colour_texture: Some(colour.clone()),
        metallic: 1.0,
        metallic_texture: Some(Texture::of(2)),
        roughness: 1.0,
        roughness_texture: Some(Texture { scale: [0.5; 4], bias: [0.25; 4], ..Texture::of(1) }),
        occlusion_texture: Some(mask.clone()),
        opacity_texture: Some(mask.clone()),
        normal_texture: Some(Texture {
            scale: [2.0, -2.0, 2.0, 1.0],
            bias: [-1.0, 1.0, -1.0, 0.0],
            ..Texture::of(4)
        }),
        alpha: AlphaMode::Mask(0.25),
        ..Material::default()
    };
    let elsewhere = Texture { transform: [[1.0, 0.0], [0.5, 1.0], [0.0, 0.0]], ..mask };
    let approximated = Material {
        name: "approximated".into(),
        base_colour_texture: Some(Texture {
            is_srgb: false,
            wrap_s: Wrap::Black,
            ..colour.clone()
        }),
        opacity_texture: Some(elsewhere.clone()),
        metallic: 1.0,
        metallic_texture: Some(elsewhere.clone()),
        roughness_texture: Some(Texture::of(1)),
        emissive: [1.0; 3],
        emissive_texture: Some(elsewhere),
        alpha: AlphaMode::Blend,
        ..Material::default()
    };
    let missing = Material {
        name: "missing".into(),
        base_colour: [1.0; 3],
        base_colour_texture: Some(Texture { fallback: [0.5, 0.25, 0.125, 1.0], ..Texture::of(5) }),
        roughness: 1.0,
        roughness_texture: Some(Texture { uv_set: 7, fallback: [0.75; 4], ..Texture::of(1) }),
        normal_texture: Some(Texture { uv_set: 7, ..Texture::of(4) }),
        ..Material::default()
    };
    let stripped = Material {
        name: "stripped".into(),
        base_colour_texture: Some(colour),
        opacity: 0.5,
        alpha: AlphaMode::Blend,
        ..Material::default()
    };
    scene.materials = vec![packed, approximated, missing, stripped];
    scene.meshes[0].indices = [0, 1, 2, 0, 2, 3].repeat(2);
    let part = |material| Part { indices: 3, material: Some(material) };
    scene.meshes[0].parts = (0..4).map(part).collect();
    scene
}

/// Cameras of both kinds above a scene in centimetres.
pub fn cameras() -> Scene {
    let mut scene = places();
    let mut to_world = HERE;
    to_world[3] = [100.0, -200.0, 50.0, 1.0];
    scene.cameras = vec![
        Camera {
            name: "/cameras/near".into(),
            to_world,
            projection: Projection::Perspective { fov_x: 1.2, aspect: 1.5 },
        },
        Camera {
            name: "/cameras/plan".into(),
            to_world,
            projection: Projection::Orthographic { width: 300.0, aspect: 2.0 },
        },
    ];
    scene
}

/// All of them, and nothing at all.
pub fn all() -> Vec<(&'static str, Scene)> {
    vec![
        ("places", places()),
        ("shapes", shapes()),
        ("plain materials", plain_materials()),
        ("packed materials", packed_materials()),
        ("cameras", cameras()),
        ("nothing", Scene { metres_per_unit: 1.0, ..Scene::default() }),
    ]
}
