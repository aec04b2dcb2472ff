//! One scene for each thing that a picture can show.

use vitrine_scene::{
    AlphaMode, Camera, Channel, Instance, Material, Mesh, Part, Projection, Scene, Texture,
    Topology, Up, Wrap,
};

use crate::shapes::{at, cube, painted, picture, scene, sphere, square, surface, torus};

/// Each with its name.
pub fn all() -> Vec<(&'static str, Scene)> {
    vec![
        ("sides", sides()),
        ("materials", materials()),
        ("normals", bare()),
        ("textures", textures()),
        ("wraps", wraps()),
        ("cut out", cut_out()),
        ("glass", glass()),
        ("strokes", strokes()),
        ("from inside", inside()),
        ("without perspective", flat()),
    ]
}

/// Six colours, one a side, two of them shining.
pub fn sides() -> Scene {
    let mut materials = [
        [0.8, 0.1, 0.1],
        [0.1, 0.7, 0.7],
        [0.1, 0.7, 0.1],
        [0.7, 0.1, 0.7],
        [0.1, 0.2, 0.8],
        [0.8, 0.7, 0.1],
    ]
    .map(painted);
    materials[4].emissive = [0.3, 0.0, 0.1];
    scene(vec![cube(std::array::from_fn(|k| Some(k as u32)))], materials.to_vec(), vec![])
}

/// Balls from smooth to rough, of metal and not, all instances of one mesh; one is mirrored.
fn materials() -> Scene {
    let mut scene =
        Scene { metres_per_unit: 0.01, meshes: vec![sphere(24, None)], ..Scene::default() };
    for k in 0..6_u32 {
        scene.materials.push(Material {
            base_colour: [[0.6, 0.05, 0.05], [0.9, 0.6, 0.25]][k as usize / 3],
            metallic: (k / 3) as f32,
            roughness: [0.05, 0.4, 1.0][k as usize % 3],
            ..Material::default()
        });
        let mut to_world = at(f64::from(k % 3) * 2.2, f64::from(k / 3) * 2.2, 0.0);
        to_world[0][0] = if k == 4 { -1.0 } else { 1.0 };
        scene.instances.push(Instance { mesh: 0, to_world, material: Some(k) });
    }
    scene
}

/// Without normals: smooth, sharp, mirrored and stretched; with colours of vertices.
fn bare() -> Scene {
    let bare = |mesh: Mesh| Mesh { normals: None, ..mesh };
    let mut ring = bare(torus(10, None));
    let colour = |p: &[f32; 3]| [p[0] * 0.5 + 0.5, p[1] + 0.5, 0.3, 1.0];
    ring.colours = Some(ring.positions.iter().map(colour).collect());
    let mut scene = scene(vec![bare(sphere(10, None)), cube([None; 6]), ring], vec![], vec![]);
    scene.instances[1].to_world = at(2.5, 0.0, 0.0);
    scene.instances[2].to_world =
        [[-1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [-2.5, 0.0, 0.0, 1.0]];
    scene
}

/// A floor of checks that recede, a ball with bumps, metal and roughness by picture.
fn textures() -> Scene {
    let checks = picture(128, 64, |x, y| {
        if (x / 8 + y / 8) % 2 == 0 { [30, 90, 30, 255] } else { [250, 200, 250, 255] }
    });
    let bumps = picture(64, 64, |x, y| {
        let (dx, dy) = ((x % 32) as f32 / 16.0 - 1.0, 1.0 - (y % 32) as f32 / 16.0);
        let up = (1.0 - 0.4 * (dx * dx + dy * dy)).sqrt();
        let byte = |v: f32| (v * 127.5 + 127.5) as u8;
        [byte(dx * 0.6), byte(dy * 0.6), byte(up), 255]
    });
    let ramp = picture(16, 16, |x, y| [x as u8 * 16, y as u8 * 16, 200, 255]);
    let colour = Texture { is_srgb: true, ..Texture::of(0) };
    let materials = vec![
        Material {
            base_colour: [1.0; 3],
            base_colour_texture: Some(Texture {
                transform: [[6.0, 1.0], [-1.0, 6.0], [0.3, 0.1]],
                ..colour.clone()
            }),
            ..Material::default()
        },
        Material {
            base_colour: [0.9, 0.8, 0.7],
            base_colour_texture: Some(colour),
            metallic: 1.0,
            metallic_texture: Some(Texture { channel: Channel::R, ..Texture::of(2) }),
            roughness: 1.0,
            roughness_texture: Some(Texture { channel: Channel::G, ..Texture::of(2) }),
            occlusion_texture: Some(Texture { channel: Channel::B, ..Texture::of(2) }),
            normal_texture: Some(Texture { scale: [2.0; 4], bias: [-1.0; 4], ..Texture::of(1) }),
            emissive: [0.1; 3],
            emissive_texture: Some(Texture::of(2)),
            ..Material::default()
        },
    ];
    let floor =
        surface(1, 1, Some(0), |u, v| ([u * 6.0 - 3.0, -1.01, 3.0 - v * 6.0], [0.0, 1.0, 0.0]));
    scene(vec![floor, sphere(24, Some(1))], materials, vec![checks, bumps, ramp])
}

/// What lies beyond a picture's edges, a broken picture and a mesh without coordinates.
fn wraps() -> Scene {
    let wraps = [Wrap::Repeat, Wrap::Mirror, Wrap::Clamp, Wrap::Black];
    let four = picture(2, 2, |x, y| {
        [[255, 40, 0, 255], [0, 255, 90, 255], [40, 0, 255, 255], [255; 4]][(2 * y + x) as usize]
    });
    let broken = vitrine_scene::Picture { name: "broken.png".into(), bytes: bytes::Bytes::new() };
    let mut materials: Vec<_> = (0..4)
        .map(|k| Texture {
            wrap_s: wraps[k],
            wrap_t: wraps[(k + 1) % 4],
            transform: [[3.0, 0.0], [0.0, 3.0], [-1.0, -1.0]],
            ..Texture::of(0)
        })
        .chain([Texture { fallback: [0.1, 0.8, 0.8, 1.0], ..Texture::of(1) }])
        .map(|texture| Material {
            base_colour: [0.9; 3],
            base_colour_texture: Some(texture),
            ..Material::default()
        })
        .collect();
    materials.push(materials[0].clone());
    let mut meshes: Vec<_> = (0..6).map(|k| square(0.0, Some(k))).collect();
    meshes[5].uvs.clear();
    let mut scene = scene(meshes, materials, vec![four, broken]);
    for (k, instance) in scene.instances.iter_mut().enumerate() {
        instance.to_world = at(k as f64 % 3.0 * 2.1, (k / 3) as f64 * 2.1, k as f64 * 0.1);
    }
    scene
}

/// A disc whose edge is masked, seen from both sides, before a square.
fn cut_out() -> Scene {
    let disc = picture(64, 64, |x, y| {
        let d = (x as f32 - 31.5).hypot(y as f32 - 31.5);
        [40, 140, 40, (255.0 - d * 6.0).max(0.0) as u8]
    });
    let leaf = Material {
        base_colour: [1.0; 3],
        base_colour_texture: Some(Texture { is_srgb: true, ..Texture::of(0) }),
        opacity_texture: Some(Texture { channel: Channel::A, ..Texture::of(0) }),
        alpha: AlphaMode::Mask(0.4),
        ..Material::default()
    };
    let meshes = vec![
        Mesh { is_double_sided: true, ..square(0.6, Some(0)) },
        Mesh { is_double_sided: true, ..square(-0.6, Some(1)) },
    ];
    scene(meshes, vec![leaf, painted([0.8, 0.2, 0.1])], vec![disc])
}

/// A clear ball around another, with a pane whose picture fades, and a veiled ring.
fn glass() -> Scene {
    let fading = picture(64, 64, |x, y| [200, 60, 40, (x * 2 + y * 2) as u8]);
    let materials = vec![
        painted([0.8, 0.2, 0.1]),
        Material {
            base_colour: [0.8, 0.9, 1.0],
            opacity: 0.15,
            roughness: 0.05,
            alpha: AlphaMode::Blend,
            ..Material::default()
        },
        Material {
            base_colour: [1.0; 3],
            base_colour_texture: Some(Texture { is_srgb: true, ..Texture::of(0) }),
            opacity_texture: Some(Texture { channel: Channel::A, ..Texture::of(0) }),
            alpha: AlphaMode::Blend,
            ..Material::default()
        },
    ];
    let double = |mesh: Mesh| Mesh { is_double_sided: true, ..mesh };
    let meshes = vec![
        sphere(16, Some(0)),
        double(sphere(16, Some(1))),
        double(square(1.6, Some(2))),
        torus(12, Some(1)),
    ];
    let mut scene = scene(meshes, materials, vec![fading]);
    (0..3).for_each(|k| scene.instances[1].to_world[k][k] = 1.4);
    scene.instances[3].to_world = at(2.0, 0.0, 0.0);
    scene
}

/// A helix of segments and two clouds of points, one of the thinnest; Z-up.
fn strokes() -> Scene {
    let helix: Vec<_> =
        (0..100).map(|k| k as f32 * 0.2).map(|t| [t.cos(), t.sin(), t / 12.0]).collect();
    let indices: Vec<u32> = (0..99).flat_map(|k| [k, k + 1]).collect();
    let thick = Mesh {
        positions: helix,
        colours: Some((0..100).map(|k| [k as f32 / 100.0, 0.2, 0.9, 1.0]).collect()),
        topology: Topology::Segments { width: 0.15 },
        parts: vec![Part { indices: indices.len() as u32, material: None }],
        indices,
        ..Mesh::default()
    };
    let place = |k: f32| [2.5 + (k * 12.9898).sin(), (k * 78.233).sin(), 1.0 + (k * 37.719).sin()];
    let cloud = |width| Mesh {
        positions: (0..200).map(|k| place(k as f32)).collect(),
        topology: Topology::Points { width },
        indices: (0..200).collect(),
        parts: vec![Part { indices: 200, material: None }],
        ..Mesh::default()
    };
    let mut scene = scene(vec![thick, cloud(0.2), cloud(0.0)], vec![], vec![]);
    scene.instances[2].to_world = at(-5.0, 0.0, 0.0);
    scene.up = Up::Z;
    scene
}

fn camera(projection: Projection, place: [f64; 3]) -> Camera {
    Camera { name: "own".into(), to_world: at(place[0], place[1], place[2]), projection }
}

/// A room around its camera, near walls and all.
fn inside() -> Scene {
    let room = Mesh { is_double_sided: true, ..cube(std::array::from_fn(|k| Some(k as u32))) };
    let mut scene = Scene { meshes: vec![room], ..sides() };
    let perspective = Projection::Perspective { fov_x: 2.0, aspect: 1.0 };
    scene.cameras = vec![camera(perspective, [0.6, -0.5, 0.7])];
    scene
}

fn flat() -> Scene {
    let mut scene = materials();
    let orthographic = Projection::Orthographic { width: 8.0, aspect: 1.0 };
    scene.cameras = vec![camera(orthographic, [2.0, 1.0, 9.0])];
    scene
}
