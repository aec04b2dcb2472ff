//! Scenes by chance, with numbers that no artist would use: each gives a picture or a sentence.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use vitrine_render::{Background, Options, Renderer};
use vitrine_scene::{
    AlphaMode, Channel, Instance, Material, Mesh, Part, Scene, Texture, Topology, Up, Wrap,
};

#[path = "shapes/mod.rs"]
mod shapes;

/// Mostly near 1, sometimes nothing, huge or tiny.
fn number(random: &mut fastrand::Rng) -> f32 {
    let near = random.f32() * 2.0 - 1.0;
    match random.u32(0..40) {
        0 => 0.0,
        1 => near * 1e30,
        2 => near * 1e-30,
        3 => near * 1e6,
        4 => f32::MAX,
        _ => near,
    }
}

/// As [`number`], or no number at all, where a scene does not promise one.
fn odd(random: &mut fastrand::Rng) -> f32 {
    match random.u32(0..20) {
        0 => f32::NAN,
        1 => f32::NEG_INFINITY,
        _ => number(random) * 3.0,
    }
}

fn numbers<const COUNT: usize>(random: &mut fastrand::Rng) -> [f32; COUNT] {
    std::array::from_fn(|_| number(random))
}

fn texture(random: &mut fastrand::Rng, pictures: u32) -> Option<Texture> {
    let wraps = [Wrap::Repeat, Wrap::Mirror, Wrap::Clamp, Wrap::Black];
    let channels = [Channel::R, Channel::G, Channel::B, Channel::A];
    random.bool().then(|| Texture {
        picture: random.u32(0..pictures),
        uv_set: random.u32(0..4),
        channel: channels[random.usize(0..4)],
        is_srgb: random.bool(),
        wrap_s: wraps[random.usize(0..4)],
        wrap_t: wraps[random.usize(0..4)],
        scale: std::array::from_fn(|_| odd(random)),
        bias: std::array::from_fn(|_| odd(random)),
        fallback: std::array::from_fn(|_| odd(random)),
        transform: std::array::from_fn(|_| std::array::from_fn(|_| odd(random))),
    })
}

fn material(random: &mut fastrand::Rng, pictures: u32) -> Material {
    let alphas = [AlphaMode::Opaque, AlphaMode::Mask(odd(random)), AlphaMode::Blend];
    Material {
        base_colour: std::array::from_fn(|_| odd(random)),
        base_colour_texture: texture(random, pictures),
        metallic: odd(random),
        metallic_texture: texture(random, pictures),
        roughness: odd(random),
        roughness_texture: texture(random, pictures),
        emissive: std::array::from_fn(|_| odd(random)),
        emissive_texture: texture(random, pictures),
        normal_texture: texture(random, pictures),
        occlusion_texture: texture(random, pictures),
        opacity: odd(random),
        opacity_texture: texture(random, pictures),
        alpha: alphas[random.usize(0..3)],
        ..Material::default()
    }
}

fn mesh(random: &mut fastrand::Rng, materials: u32) -> Mesh {
    let vertices = random.usize(1..40);
    let (topology, corners) = match random.u32(0..4) {
        0 => (Topology::Segments { width: number(random).abs() }, 2),
        1 => (Topology::Points { width: number(random).abs() }, 1),
        _ => (Topology::Triangles, 3),
    };
    let parts: Vec<Part> = (0..random.usize(0..4))
        .map(|_| Part {
            indices: random.u32(0..20) * corners,
            material: random.bool().then(|| random.u32(0..materials)),
        })
        .collect();
    let count: u32 = parts.iter().map(|part| part.indices).sum();
    let normals = random.bool().then(|| (0..vertices).map(|_| numbers(random)).collect());
    let colours = random.bool().then(|| (0..vertices).map(|_| numbers(random)).collect());
    let sets = random.usize(0..4);
    Mesh {
        positions: (0..vertices).map(|_| numbers(random)).collect(),
        normals,
        uvs: (0..sets).map(|_| (0..vertices).map(|_| numbers(random)).collect()).collect(),
        colours,
        topology,
        indices: (0..count).map(|_| random.u32(0..vertices as u32)).collect(),
        parts,
        is_double_sided: random.bool(),
        ..Mesh::default()
    }
}

fn scene(random: &mut fastrand::Rng) -> Scene {
    let size = |random: &mut fastrand::Rng| random.u32(1..9);
    let mut pictures: Vec<_> = (0..2)
        .map(|_| {
            let (width, height) = (size(random), size(random));
            shapes::picture(width, height, |x, y| {
                [(x * 30) as u8, (y * 30) as u8, 90, (x * 40) as u8]
            })
        })
        .collect();
    pictures.push(vitrine_scene::Picture { name: "broken".into(), bytes: vec![1, 2, 3].into() });
    let materials: Vec<_> = (0..3).map(|_| material(random, 3)).collect();
    let meshes: Vec<_> = (0..3).map(|_| mesh(random, 3)).collect();
    let instances = (0..4)
        .map(|_| {
            let mut to_world = [[0.0; 4]; 4];
            for row in &mut to_world {
                let values: [f32; 3] = numbers(random);
                row[..3].copy_from_slice(&values.map(f64::from));
            }
            to_world[3][3] = 1.0;
            let material = random.bool().then(|| random.u32(0..3));
            Instance { mesh: random.u32(0..3), to_world, material }
        })
        .collect();
    Scene {
        up: if random.bool() { Up::Y } else { Up::Z },
        metres_per_unit: 1.0,
        meshes,
        materials,
        pictures,
        instances,
        ..Scene::default()
    }
}

#[test]
fn any_scene_gives_a_whole_picture_twice_the_same() {
    let mut seen = 0;
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let scene = scene(&mut random);
        let background = if random.bool() {
            Background::Transparent
        } else {
            Background::Plain([200, 210, 220])
        };
        let options = Options {
            size: random.u32(1..70),
            background,
            shows_backs: true,
            ..Options::default()
        };
        let renderer = Renderer::new(&scene, &options).unwrap();
        for view in renderer.views(2) {
            let image = renderer.render(&view);
            assert_eq!(image.rgba.len() as u32, options.size * options.size * 4, "seed {seed}");
            if background != Background::Transparent {
                assert!(image.rgba.as_chunks::<4>().0.iter().all(|p| p[3] == 255), "seed {seed}");
            }
            assert_eq!(renderer.render(&view), image, "seed {seed}");
            seen += u32::from(image.rgba.as_chunks::<4>().0.iter().any(|p| *p != image.rgba[..4]));
        }
    }
    // Chance often hides everything behind one huge triangle or nowhere; not always.
    assert!(seen > 200, "{seen}");
}
