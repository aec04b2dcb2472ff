//! Turntables, cameras, threads, and scenes that are odd or hostile.

use bytes::Bytes;
use vitrine_render::{Options, Renderer, views};
use vitrine_scene::{
    AlphaMode, Bounds, Camera, Instance, Material, Mesh, Part, Picture, Projection, Texture,
    Topology, Up,
};

mod shapes;
use shapes::*;

#[test]
fn eight_azimuths_show_the_right_sides() {
    // Sides in the order +x −x +y −y +z −z; up is never strongest seen from 20° above.
    let colours =
        [[0.6, 0.0, 0.0], [0.0, 0.6, 0.6], [0.1; 3], [0.1; 3], [0.0, 0.0, 0.6], [0.6, 0.6, 0.0]];
    let materials: Vec<_> = colours.map(glowing).to_vec();
    let is =
        |pixel: [u8; 4], side: usize| (0..3).all(|k| (pixel[k] > 120) == (colours[side][k] > 0.3));
    let mut scene = scene(vec![cube(std::array::from_fn(|k| Some(k as u32)))], materials, vec![]);
    for up in [Up::Y, Up::Z] {
        scene.up = up;
        if up == Up::Z {
            // The same cube lying as Z-up files have it: +z becomes −y, +y becomes +z.
            scene.instances[0].to_world = [HERE[0], HERE[2], [0.0, -1.0, 0.0, 0.0], HERE[3]];
        }
        let renderer = Renderer::new(&scene, &clear(128)).unwrap();
        let images = renderer.render_all(&renderer.views(8), 2);
        // Front, right, back, left; between them the left half shows the one before.
        let sides = [4, 0, 5, 1];
        for (at, image) in images.iter().enumerate() {
            if at % 2 == 0 {
                assert!(is(image.pixel(64, 74), sides[at / 2]), "{up:?} {at}");
            } else {
                assert!(is(image.pixel(40, 74), sides[at / 2]), "{up:?} {at} left");
                assert!(is(image.pixel(88, 74), sides[(at / 2 + 1) % 4]), "{up:?} {at} right");
            }
        }
    }
}

#[test]
fn turntables_frame_everything_tightly_from_one_distance() {
    let mut long = cube([None; 6]);
    long.positions.iter_mut().for_each(|p| *p = [p[0] * 5.0 + 100.0, p[1] * 0.5, p[2] - 40.0]);
    let tall = Mesh {
        positions: cube([None; 6]).positions.iter().map(|p| [p[0], p[1] * 6.0, p[2]]).collect(),
        ..cube([None; 6])
    };
    for mesh in [long, tall, sphere(24, None)] {
        let scene = scene(vec![mesh], vec![], vec![]);
        let renderer = Renderer::new(&scene, &clear(256)).unwrap();
        let mut closest = u32::MAX;
        for (at, image) in renderer.render_all(&renderer.views(8), 2).iter().enumerate() {
            let seen = |x: u32, y: u32| image.pixel(x, y)[3] > 0;
            let margin = (0..128)
                .find(|m| {
                    (0..256)
                        .any(|k| seen(*m, k) || seen(255 - m, k) || seen(k, *m) || seen(k, 255 - m))
                })
                .unwrap();
            assert!(margin >= 5, "view {at}: {margin}");
            closest = closest.min(margin);
        }
        // 6 % of the half picture are 7.7 pixels.
        assert!(closest <= 9, "{closest}");
    }
    let bounds = Bounds { min: [0.0; 3], max: [1.0; 3] };
    let scales: Vec<_> = views(8, &bounds, Up::Z).iter().map(|v| v.to_camera[2][1]).collect();
    assert!(scales.iter().all(|scale| (scale - scales[0]).abs() < 1e-12));
}

#[test]
fn the_same_scene_gives_the_same_bytes_on_any_number_of_threads() {
    let veil = Material { alpha: AlphaMode::Blend, opacity: 0.4, ..Material::default() };
    let scene = scene(vec![sphere(40, None), shapes::torus(30, Some(0))], vec![veil], vec![]);
    let png = |threads| -> Vec<Vec<u8>> {
        let renderer = Renderer::new(&scene, &Options { size: 200, ..Options::default() }).unwrap();
        let images = renderer.render_all(&renderer.views(8), threads);
        images.iter().map(|image| image.to_png().unwrap()).collect()
    };
    let one = png(1);
    assert_eq!(one.len(), 8);
    assert!(one == png(2) && one == png(7));
    let decoded = png::Decoder::new(std::io::Cursor::new(&one[0])).read_info().unwrap();
    assert_eq!((decoded.info().width, decoded.info().color_type), (200, png::ColorType::Rgb));
}

#[test]
fn broken_textures_show_their_fallback_and_a_warning() {
    let good = picture(4, 4, |_, _| [255, 0, 0, 255]).bytes;
    let files: [(&str, Bytes); 5] = [
        ("empty", Bytes::new()),
        ("text", Bytes::from_static(b"not a picture")),
        ("cut", good.slice(..good.len() / 2)),
        ("huge", {
            // A header that promises 60,000 × 60,000 pixels; the decoder checks the header's sum.
            let mut bytes = Vec::new();
            let encoder = png::Encoder::new(&mut bytes, 60_000, 60_000);
            drop(encoder.write_header().unwrap());
            Bytes::from(bytes)
        }),
        ("jpeg", Bytes::from_static(b"\xff\xd8\xff\xe0 cut")),
    ];
    for (name, bytes) in files {
        let texture = Texture { fallback: [0.0, 0.9, 0.0, 1.0], ..Texture::of(0) };
        let material =
            Material { emissive: [0.8; 3], emissive_texture: Some(texture), ..glowing([0.0; 3]) };
        let scene = scene(
            vec![square(0.0, Some(0))],
            vec![material],
            vec![Picture { name: name.into(), bytes }],
        );
        let renderer = Renderer::new(&scene, &clear(32)).unwrap();
        assert!(
            renderer.warnings().len() == 1 && renderer.warnings()[0].contains(name),
            "{:?}",
            renderer.warnings()
        );
        assert_eq!(strongest(middle(&renderer.render(&straight(2.0, 0.5)))), 1, "{name}");
    }
}

#[test]
fn odd_scenes_give_pictures_too() {
    let empty = scene(vec![], vec![], vec![]);
    let renderer = Renderer::new(&empty, &clear(64)).unwrap();
    assert!(renderer.views(8).is_empty() && renderer.bounds().is_none());
    assert_eq!(covered(&renderer.render(&straight(1.0, 0.5))), 0.0);

    let mut point = square(0.0, None);
    point.positions.iter_mut().for_each(|p| *p = [7.0; 3]);
    let mut huge = sphere(8, None);
    huge.positions.iter_mut().flatten().for_each(|v| *v *= 3e38);
    let mut tiny = sphere(8, None);
    tiny.positions.iter_mut().flatten().for_each(|v| *v *= 1e-38);
    for (name, mesh, scale, is_seen) in [
        ("a point", point, 1.0, false),
        ("huge", huge.clone(), 1.0, true),
        ("tiny", tiny, 1.0, true),
        ("beyond doubles", huge, 1e300, false),
        ("flattened", sphere(8, None), 0.0, false),
    ] {
        let mut scene = scene(vec![mesh], vec![], vec![]);
        (0..3).for_each(|k| scene.instances[0].to_world[k][k] = scale);
        let renderer = Renderer::new(&scene, &clear(64)).unwrap();
        for view in renderer.views(8) {
            assert_eq!(covered(&renderer.render(&view)) > 100.0, is_seen, "{name}");
        }
    }
}

#[test]
fn points_are_discs_and_segments_have_their_width() {
    let points = |topology, indices: Vec<u32>| Mesh {
        positions: vec![[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]],
        topology,
        parts: vec![Part { indices: indices.len() as u32, material: None }],
        indices,
        ..Mesh::default()
    };
    let area = |mesh| {
        let scene = scene(vec![mesh], vec![], vec![]);
        covered(&Renderer::new(&scene, &clear(256)).unwrap().render(&straight(20.0, 0.05)))
    };
    // One unit is 128 pixels. Perspective turns the disc at 0.5 a little: 2 % is generous.
    let disc = std::f64::consts::PI * 12.8 * 12.8;
    let found = area(points(Topology::Points { width: 0.2 }, vec![0, 1]));
    assert!((found / (2.0 * disc) - 1.0).abs() < 0.02, "{found}");
    let found = area(points(Topology::Segments { width: 0.2 }, vec![0, 1]));
    let capsule = 128.0 * 25.6 + disc;
    assert!((found / capsule - 1.0).abs() < 0.02, "{found} {capsule}");
    // Without width they are still seen.
    assert!(area(points(Topology::Segments { width: 0.0 }, vec![0, 1])) > 128.0);
}

#[test]
fn authored_cameras_see_what_they_frame() {
    let mut scene = scene(vec![square(0.0, None)], vec![], vec![]);
    let camera = |name: &str, projection| Camera {
        name: name.into(),
        to_world: at(0.0, 0.0, 4.0),
        projection,
    };
    scene.cameras = vec![
        camera("flat", Projection::Orthographic { width: 4.0, aspect: 1.0 }),
        // Twice as wide as high: the square picture shows as much upwards as to the sides.
        camera("wide", Projection::Perspective { fov_x: 2.0 * 0.5_f64.atan(), aspect: 2.0 }),
        camera("high", Projection::Perspective { fov_x: 2.0 * 0.25_f64.atan(), aspect: 0.5 }),
        Camera {
            to_world: [[0.0; 4]; 4],
            ..camera("broken", Projection::Orthographic { width: 4.0, aspect: 1.0 })
        },
    ];
    let renderer = Renderer::new(&scene, &clear(128)).unwrap();
    let found: Vec<_> = renderer.camera_views().collect();
    assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["flat", "wide", "high"]);
    for (name, view) in found {
        // Each sees 4 × 4 units at the square's distance: a quarter is covered.
        let part = covered(&renderer.render(&view)) / (128.0 * 128.0);
        assert!((part - 0.25).abs() < 0.002, "{name}: {part}");
    }
}

#[test]
fn limits_are_errors_that_say_so() {
    let scene = scene(vec![sphere(10, None)], vec![], vec![]);
    let few = Options { primitives_max: 399, ..Options::default() };
    let error = Renderer::new(&scene, &few).unwrap_err().to_string();
    assert!(error.contains("400") && error.contains("399"), "{error}");
    assert!(Renderer::new(&scene, &Options { size: 0, ..Options::default() }).is_err());
    let mut broken = scene.clone();
    broken.instances.push(Instance { mesh: 9, to_world: HERE, material: None });
    assert!(Renderer::new(&broken, &Options::default()).is_err());
}
