//! What pictures show, measured.

use vitrine_render::{Options, Renderer, View};
use vitrine_scene::{AlphaMode, Channel, Material, Mesh, Texture};

mod shapes;
use shapes::*;

#[test]
fn a_sphere_covers_the_area_of_its_outline() {
    let scene = scene(vec![sphere(200, None)], vec![], vec![]);
    let renderer = Renderer::new(&scene, &clear(512)).unwrap();
    let image = renderer.render(&straight(4.0, 0.5));
    // The outline of a unit ball at distance 4: a circle of tangent 1 / √(4² − 1).
    let radius = 1.0 / 15.0_f64.sqrt() / 0.5 * 256.0;
    let expected = std::f64::consts::PI * radius * radius;
    // 200 rings lose 0.01 %; a rim of 830 pixels with four samples errs by a few pixels.
    assert!((covered(&image) / expected - 1.0).abs() < 5e-4, "{} {expected}", covered(&image));
}

#[test]
fn a_cube_covers_the_area_of_its_front() {
    let scene = scene(vec![cube([None; 6])], vec![], vec![]);
    let image = Renderer::new(&scene, &clear(512)).unwrap().render(&straight(5.0, 0.5));
    // The near face, 2 wide at distance 4, hides the rest: 2 / (2 · 4 · 0.5) of 512 pixels.
    let expected = (512.0 * 0.5_f64).powi(2);
    assert!((covered(&image) - expected).abs() < 1.0, "{} {expected}", covered(&image));
}

#[test]
fn the_nearer_surface_is_seen_whatever_the_order() {
    let materials = vec![glowing([0.8, 0.0, 0.0]), glowing([0.0, 0.8, 0.0])];
    for order in [[0, 1], [1, 0]] {
        let squares = order.map(|k| square(f32::from(k as u8), Some(k as u32)));
        let scene = scene(squares.to_vec(), materials.clone(), vec![]);
        let image = Renderer::new(&scene, &clear(64)).unwrap().render(&straight(4.0, 0.2));
        assert_eq!(strongest(middle(&image)), 1, "{order:?}");
    }
}

#[test]
fn surfaces_that_cross_are_cut_where_they_meet() {
    // One square upright, one leaning through it around the horizontal middle.
    let mut leaning = square(0.0, Some(1));
    leaning.positions.iter_mut().for_each(|p| p[2] = p[1]);
    let materials = vec![glowing([0.8, 0.0, 0.0]), glowing([0.0, 0.8, 0.0])];
    let scene = scene(vec![square(0.0, Some(0)), leaning], materials, vec![]);
    let image = Renderer::new(&scene, &clear(64)).unwrap().render(&straight(6.0, 0.1));
    for x in 8..56 {
        assert_eq!(strongest(image.pixel(x, 28)), 1, "above the middle the leaning one is nearer");
        assert_eq!(strongest(image.pixel(x, 35)), 0, "below it is behind");
    }
}

#[test]
fn backs_are_seen_only_of_double_sided_meshes() {
    let behind = View {
        to_camera: [[-1.0, 0.0, 0.0, 0.0], HERE[1], [0.0, 0.0, -1.0, 0.0], [0.0, 0.0, -4.0, 1.0]],
        ..straight(4.0, 0.5)
    };
    for (is_double_sided, mirrored, view, seen) in [
        (false, false, straight(4.0, 0.5), true),
        (false, false, behind.clone(), false),
        (true, false, behind.clone(), true),
        // A mirrored instance keeps its front.
        (false, true, straight(4.0, 0.5), true),
        (false, true, behind, false),
    ] {
        let mut scene = scene(vec![Mesh { is_double_sided, ..square(0.0, None) }], vec![], vec![]);
        if mirrored {
            scene.instances[0].to_world[0][0] = -1.0;
        }
        let image = Renderer::new(&scene, &clear(32)).unwrap().render(&view);
        assert_eq!(covered(&image) > 0.0, seen, "{is_double_sided} {mirrored}");
    }
}

#[test]
fn backs_are_seen_of_every_mesh_where_asked() {
    let scene = scene(vec![square(0.0, None)], vec![], vec![]);
    let turned = [[-1.0, 0.0, 0.0, 0.0], HERE[1], [0.0, 0.0, -1.0, 0.0], [0.0, 0.0, -4.0, 1.0]];
    let behind = View { to_camera: turned, ..straight(4.0, 0.5) };
    for shows_backs in [false, true] {
        let options = Options { shows_backs, ..clear(32) };
        let image = Renderer::new(&scene, &options).unwrap().render(&behind);
        assert_eq!(covered(&image) > 0.0, shows_backs);
    }
}

#[test]
fn a_camera_inside_sees_the_walls_all_around() {
    let room = Mesh {
        is_double_sided: true,
        ..cube([Some(0), Some(0), Some(0), Some(0), Some(1), Some(2)])
    };
    let materials = vec![glowing([0.5; 3]), glowing([0.8, 0.0, 0.0]), glowing([0.0, 0.8, 0.0])];
    let scene = scene(vec![room], materials, vec![]);
    let renderer = Renderer::new(&scene, &clear(128)).unwrap();
    for (x, y, z) in [(0.0, 0.0, 0.0), (0.9, -0.8, 0.7), (0.0, 0.0, 0.9999)] {
        let view = View { to_camera: at(-x, -y, -z), ..straight(0.0, 2.0) };
        let image = renderer.render(&view);
        assert_eq!(covered(&image), 128.0 * 128.0, "{x} {y} {z}");
        assert_eq!(strongest(middle(&image)), 1, "−z lies ahead");
    }
}

#[test]
fn a_floor_through_the_camera_ends_at_the_horizon() {
    let floor =
        shapes::surface(1, 1, None, |u, v| ([u * 2e6 - 1e6, -1.0, 1e6 - v * 2e6], [0.0, 1.0, 0.0]));
    let scene = scene(vec![floor], vec![], vec![]);
    let image = Renderer::new(&scene, &clear(128)).unwrap().render(&straight(0.0, 0.5));
    for x in 0..128 {
        assert_eq!(image.pixel(x, 62)[3], 0);
        assert_eq!(image.pixel(x, 65)[3], 255);
    }
}

#[test]
fn what_shines_through_mixes_and_meets_without_seams() {
    let veil = Material { alpha: AlphaMode::Blend, opacity: 0.5, ..glowing([0.0, 0.6, 0.0]) };
    // An opacity texture of one pixel says that reflections fade with it.
    let half = picture(1, 1, |_, _| [255; 4]);
    let veil = Material { opacity_texture: Some(Texture::of(0)), ..veil };
    let materials = vec![glowing([0.6, 0.0, 0.0]), veil.clone(), Material { opacity: 1.0, ..veil }];
    let mixed = scene(
        vec![square(0.0, Some(0)), square(0.5, Some(1))],
        materials.clone(),
        vec![half.clone()],
    );
    let image = Renderer::new(&mixed, &clear(64)).unwrap().render(&straight(4.0, 0.1));
    let [r, g, _, a] = middle(&image);
    assert!(a == 255 && r.abs_diff(g) < 12, "{r} {g}: half and half");
    // Along the diagonal both triangles share pixels: full opacity may not let red through.
    let whole = scene(vec![square(0.0, Some(0)), square(0.5, Some(2))], materials, vec![half]);
    let image = Renderer::new(&whole, &clear(64)).unwrap().render(&straight(4.0, 0.1));
    let first = image.pixel(0, 1);
    assert!(image.rgba.chunks_exact(4).all(|pixel| pixel[0] == first[0]), "a seam");
}

#[test]
fn blended_surfaces_are_laid_from_back_to_front() {
    let veil = |colour| Material {
        alpha: AlphaMode::Blend,
        opacity: 0.7,
        opacity_texture: Some(Texture::of(0)),
        ..glowing(colour)
    };
    let materials = vec![veil([0.8, 0.0, 0.0]), veil([0.0, 0.8, 0.0])];
    for near in 0..2 {
        let squares = (0..2).map(|k| square(if k == near { 0.5 } else { 0.0 }, Some(k))).collect();
        let scene = scene(squares, materials.clone(), vec![picture(1, 1, |_, _| [255; 4])]);
        let image = Renderer::new(&scene, &clear(32)).unwrap().render(&straight(4.0, 0.1));
        assert_eq!(strongest(middle(&image)), near as usize);
        // 1 − 0.3² of the background is hidden.
        assert!(middle(&image)[3].abs_diff(232) <= 1, "{:?}", middle(&image));
    }
}

#[test]
fn masks_cut_by_their_threshold() {
    // Opacity grows from left to right; the mask keeps what is above 0.25.
    let ramp = picture(256, 1, |x, _| [255, 255, 255, x as u8]);
    let texture =
        Texture { channel: Channel::A, wrap_s: vitrine_scene::Wrap::Clamp, ..Texture::of(0) };
    let material = Material {
        alpha: AlphaMode::Mask(0.25),
        opacity_texture: Some(texture),
        ..Material::default()
    };
    let scene = scene(vec![square(0.0, Some(0))], vec![material], vec![ramp]);
    let image = Renderer::new(&scene, &clear(256)).unwrap().render(&straight(2.0, 0.5));
    // The square fills the picture.
    assert!((covered(&image) / (256.0 * 256.0) - 0.75).abs() < 0.005, "{}", covered(&image));
    assert_eq!((image.pixel(60, 128)[3], image.pixel(68, 128)[3]), (0, 255));
}

#[test]
fn textures_stand_upright_with_their_origin_at_the_lower_left() {
    // Red above left, green above right, blue below left, white below right.
    let four = picture(2, 2, |x, y| match (x, y) {
        (0, 0) => [255, 0, 0, 255],
        (1, 0) => [0, 255, 0, 255],
        (0, _) => [0, 0, 255, 255],
        _ => [255; 4],
    });
    let material = Material {
        emissive: [0.7; 3],
        emissive_texture: Some(Texture { is_srgb: true, ..Texture::of(0) }),
        ..glowing([0.0; 3])
    };
    let scene = scene(vec![square(0.0, Some(0))], vec![material], vec![four]);
    let image = Renderer::new(&scene, &clear(64)).unwrap().render(&straight(2.0, 0.5));
    assert_eq!(strongest(image.pixel(16, 16)), 0);
    assert_eq!(strongest(image.pixel(48, 16)), 1);
    assert_eq!(strongest(image.pixel(16, 48)), 2);
    let [r, g, b, _] = image.pixel(48, 48);
    assert!(r > 180 && g > 180 && b > 180, "{r} {g} {b}");
}

#[test]
fn perspective_keeps_textures_straight() {
    // A floor seen at a slant: where v = 0.5 lies follows from the projection.
    let halves = picture(1, 256, |_, y| if y < 128 { [255, 0, 0, 255] } else { [0, 0, 255, 255] });
    let material = Material {
        emissive: [0.7; 3],
        emissive_texture: Some(Texture { wrap_t: vitrine_scene::Wrap::Clamp, ..Texture::of(0) }),
        ..glowing([0.0; 3])
    };
    let floor = shapes::surface(1, 1, Some(0), |u, v| {
        ([u * 4.0 - 2.0, -1.0, -1.0 - v * 8.0], [0.0, 1.0, 0.0])
    });
    let scene = scene(vec![floor], vec![material], vec![halves]);
    let image = Renderer::new(&scene, &clear(256)).unwrap().render(&straight(0.0, 1.0));
    // z = −5 at y = −1: a fifth of the half picture below the middle, row 128 + 25.6.
    assert_eq!(strongest(image.pixel(128, 150)), 0, "beyond the half");
    assert_eq!(strongest(image.pixel(128, 157)), 2, "before it");
}
