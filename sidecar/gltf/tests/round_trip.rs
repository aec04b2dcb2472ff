//! What is written is read again as it was.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod scenes;

use image::RgbaImage;
use vitrine_gltf::{Limits, Options, read, write, write_with_warnings};
use vitrine_scene::{
    AlphaMode, Channel, Instance, Material, Projection, Scene, Texture, Topology, Up, Wrap,
};

/// Places are turned, scaled and rounded to single precision on the way: of 20 units, six digits.
const PLACE_TOLERANCE: f64 = 2e-5;

fn again(scene: &Scene) -> Scene {
    read(&write(scene, &Options::default()).unwrap(), &Limits::default()).unwrap()
}

/// Every corner of every instance in glTF's axes and metres, part by part.
fn corners(scene: &Scene) -> Vec<[f64; 3]> {
    let metres = scene.metres_per_unit;
    let mut all = Vec::new();
    for Instance { mesh, to_world, .. } in &scene.instances {
        let mesh = &scene.meshes[*mesh as usize];
        for &index in &mesh.indices {
            let [x, y, z] = mesh.positions[index as usize].map(f64::from);
            let [x, y, z]: [f64; 3] = std::array::from_fn(|axis| {
                x * to_world[0][axis]
                    + y * to_world[1][axis]
                    + z * to_world[2][axis]
                    + to_world[3][axis]
            });
            all.push(match scene.up {
                Up::Y => [x, y, z],
                Up::Z => [x, z, -y],
            });
        }
    }
    all.into_iter().map(|corner| corner.map(|value| value * metres)).collect()
}

fn pixels(scene: &Scene, texture: &Option<Texture>) -> RgbaImage {
    let texture = texture.as_ref().expect("a texture");
    let bytes = &scene.pictures[texture.picture as usize].bytes;
    image::load_from_memory(bytes).unwrap().into_rgba8()
}

#[test]
fn the_same_scene_gives_the_same_bytes() {
    for (name, scene) in scenes::all() {
        let options = Options::default();
        assert_eq!(write(&scene, &options).unwrap(), write(&scene, &options).unwrap(), "{name}");
    }
}

#[test]
fn every_corner_stands_where_it_stood() {
    for (name, scene) in scenes::all() {
        let read = again(&scene);
        assert_eq!((read.up, read.metres_per_unit), (Up::Y, 1.0));
        let (before, after) = (corners(&scene), corners(&read));
        assert_eq!(before.len(), after.len(), "{name}");
        for (before, after) in before.iter().flatten().zip(after.iter().flatten()) {
            assert!(
                (before - after).abs() < PLACE_TOLERANCE * scene.metres_per_unit.max(0.01),
                "{name}: {before} {after}"
            );
        }
    }
}

#[test]
fn meshes_are_shared_and_their_attributes_kept() {
    let before = scenes::places();
    let after = again(&before);
    // One for the parts' own materials, one for the instance that has its own.
    assert_eq!(after.meshes.len(), 2);
    assert_eq!(after.instances.len(), before.instances.len());
    let (one, other) = (&before.meshes[0], &after.meshes[0]);
    assert_eq!(one.positions, other.positions);
    assert_eq!(one.indices, other.indices);
    assert_eq!(one.name, other.name);
    let near = |one: &[f32], other: &[f32], tolerance: f32| {
        assert_eq!(one.len(), other.len());
        one.iter().zip(other).for_each(|(a, b)| assert!((a - b).abs() <= tolerance, "{a} {b}"));
    };
    // Normals are made unit again; 1 − v rounds; colours are kept in 16 bits.
    let normals = [one, other].map(|mesh| mesh.normals.as_ref().unwrap().as_flattened());
    near(normals[0], normals[1], 1e-6);
    assert_eq!(other.uvs.len(), 2);
    for set in 0..2 {
        near(one.uvs[set].as_flattened(), other.uvs[set].as_flattened(), 1e-6);
    }
    let colours = [one, other].map(|mesh| mesh.colours.as_ref().unwrap().as_flattened());
    near(colours[0], colours[1], 0.5 / 65535.0);
    let parts = |scene: &Scene, mesh: usize| {
        let name = |part: &vitrine_scene::Part| {
            scene.materials[part.material.unwrap() as usize].name.clone()
        };
        scene.meshes[mesh].parts.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(parts(&after, 0), ["red", "neutral"]);
    assert_eq!(parts(&after, 1), ["steel"]);
}

#[test]
fn segments_points_widths_and_sides_are_kept() {
    let after = again(&scenes::shapes());
    let topologies: Vec<Topology> = after.meshes.iter().map(|mesh| mesh.topology).collect();
    assert_eq!(
        topologies,
        [Topology::Segments { width: 0.125 }, Topology::Points { width: 0.5 }, Topology::Triangles]
    );
    assert_eq!(after.meshes[1].indices, [2, 0]);
    let sides: Vec<bool> = after.meshes.iter().map(|mesh| mesh.is_double_sided).collect();
    assert_eq!(sides, [false, false, true]);
    assert_eq!(after.meshes[2].indices.len(), 69_999);
}

#[test]
fn what_gltf_can_say_comes_back_as_it_was() {
    let before = scenes::plain_materials();
    let written = write_with_warnings(&before, &Options::default()).unwrap();
    assert!(written.warnings.is_empty(), "{:?}", written.warnings);
    let after = read(&written.glb, &Limits::default()).unwrap();
    let (one, other) = (&before.materials[0], &after.materials[0]);
    assert_eq!(after.materials.len(), 1);
    // Each file once and unchanged, in the order of their use.
    assert_eq!(after.pictures.len(), 3);
    for picture in &before.pictures {
        assert!(after.pictures.contains(picture), "{} was changed", picture.name);
    }
    assert_eq!(one.base_colour, other.base_colour);
    assert_eq!(
        (one.metallic, one.roughness, one.opacity),
        (other.metallic, other.roughness, other.opacity)
    );
    assert_eq!(one.emissive, other.emissive);
    assert_eq!(one.alpha, other.alpha);
    for (one, other) in one.textures().zip(other.textures()) {
        let named = |scene: &Scene, texture: &Texture| {
            scene.pictures[texture.picture as usize].name.clone()
        };
        assert_eq!(named(&before, one), named(&after, other));
        assert_eq!(
            (one.uv_set, one.wrap_s, one.wrap_t),
            (other.uv_set, other.wrap_s, other.wrap_t)
        );
        assert_eq!(one.is_srgb, other.is_srgb);
        for (a, b) in one.transform.iter().flatten().zip(other.transform.iter().flatten()) {
            assert!((a - b).abs() < 1e-5, "{:?} {:?}", one.transform, other.transform);
        }
    }
    let channels = |material: &Material| {
        let of = |texture: &Option<Texture>| texture.as_ref().map(|texture| texture.channel);
        [&material.metallic_texture, &material.roughness_texture, &material.opacity_texture].map(of)
    };
    assert_eq!(channels(other), [Some(Channel::B), Some(Channel::G), Some(Channel::A)]);
    let (one, other) =
        (one.normal_texture.as_ref().unwrap(), other.normal_texture.as_ref().unwrap());
    assert_eq!((one.scale, one.bias), (other.scale, other.bias));
    let occlusion = after.materials[0].occlusion_texture.as_ref().unwrap();
    assert_eq!((occlusion.scale[0], occlusion.bias[0]), (0.5, 0.5));
}

#[test]
fn what_gltf_reads_elsewhere_is_packed_there() {
    let before = scenes::packed_materials();
    let written = write_with_warnings(&before, &Options::default()).unwrap();
    let after = read(&written.glb, &Limits::default()).unwrap();
    let packed = &after.materials[0];
    assert_eq!(packed.alpha, AlphaMode::Mask(0.25));
    let colour = pixels(&after, &packed.base_colour_texture);
    // The colour keeps its bytes; its own alpha of 90 is not opacity, the mask's green is.
    assert_eq!(colour.get_pixel(3, 2).0, [90, 100, 50, 5 * 17]);
    let orm = pixels(&after, &packed.metallic_texture);
    assert_eq!(orm.dimensions(), (16, 16), "as large as the largest");
    assert_eq!(packed.metallic_texture.as_ref().unwrap().channel, Channel::B);
    assert_eq!(orm, pixels(&after, &packed.roughness_texture));
    assert_eq!(orm, pixels(&after, &packed.occlusion_texture));
    let expected = (8.0_f32 * 16.0 / 255.0 * 0.5 + 0.25) * 255.0;
    assert_eq!(orm.get_pixel(8, 5).0[1], expected.round() as u8, "scale and bias are baked");
    let metal: Vec<u8> = (0..16).map(|y| orm.get_pixel(0, y).0[2]).collect();
    assert!(metal.is_sorted() && metal[0] == 0 && metal[15] == 210, "{metal:?}");
    // Green of a normal that pointed down the picture points up it: 255 − green, to rounding.
    let normal = pixels(&after, &packed.normal_texture).get_pixel(4, 0).0;
    assert!(normal[1].abs_diff(255 - 104) <= 1 && normal[0].abs_diff(128) <= 1, "{normal:?}");
}

#[test]
fn what_gltf_cannot_say_is_approximated_and_told() {
    let before = scenes::packed_materials();
    let written = write_with_warnings(&before, &Options::default()).unwrap();
    let after = read(&written.glb, &Limits::default()).unwrap();
    for part in [
        "black beyond",
        "broken.png",
        "skew",
        "opacity that is placed",
        "metal texture that is placed",
    ] {
        let told = written.warnings.iter().any(|warning| warning.contains(part));
        assert!(told, "{part}: {:?}", written.warnings);
    }
    let approximated = &after.materials[1];
    // The mask's green is 17 · (x + y): its mean is 119 of 255, for opacity and metal.
    assert!((approximated.opacity - 119.0 / 255.0).abs() < 0.01, "{}", approximated.opacity);
    assert!((approximated.metallic - 119.0 / 255.0).abs() < 0.01, "{}", approximated.metallic);
    assert_eq!(approximated.base_colour_texture.as_ref().unwrap().wrap_s, Wrap::Clamp);
    // Linear 100 of 255 is 168 in sRGB (IEC 61966-2-1).
    let colour = pixels(&after, &approximated.base_colour_texture).get_pixel(0, 0).0;
    assert!(colour[1].abs_diff(168) <= 1, "{colour:?}");
    let missing = &after.materials[2];
    assert_eq!(missing.base_colour, [0.5, 0.25, 0.125]);
    assert_eq!(missing.roughness, 0.75);
    assert_eq!(missing.textures().count(), 0);
    // Alpha that is not opacity is taken out where it would be seen.
    let stripped = &after.materials[3];
    assert_eq!(stripped.opacity, 0.5);
    assert!(pixels(&after, &stripped.base_colour_texture).pixels().all(|pixel| pixel.0[3] == 255));
}

#[test]
fn a_picture_that_is_too_large_to_pack_is_left_out_and_told() {
    let options = Options { picture_pixels_max: 100, ..Options::default() };
    let written = write_with_warnings(&scenes::packed_materials(), &options).unwrap();
    let told = written.warnings.iter().any(|warning| warning.contains("at most 100 are decoded"));
    assert!(told, "{:?}", written.warnings);
}

#[test]
fn cameras_see_the_same_in_metres() {
    let before = scenes::cameras();
    let after = again(&before);
    assert_eq!(after.cameras.len(), 2);
    for (before, after) in before.cameras.iter().zip(&after.cameras) {
        assert_eq!(before.name, after.name);
        for (value, wanted) in after.to_world[3].iter().zip([1.0, 0.5, 2.0, 1.0]) {
            assert!((value - wanted).abs() < 1e-9, "{:?}", after.to_world);
        }
        // Down its own −Z is down −Y in the world now.
        assert!((after.to_world[2][1] - 1.0).abs() < 1e-9, "{:?}", after.to_world);
        match (before.projection, after.projection) {
            (
                Projection::Perspective { fov_x, aspect },
                Projection::Perspective { fov_x: x, aspect: a },
            ) => {
                assert!((fov_x - x).abs() < 1e-9 && (aspect - a).abs() < 1e-9);
            }
            (
                Projection::Orthographic { width, aspect },
                Projection::Orthographic { width: w, aspect: a },
            ) => {
                assert!((width * 0.01 - w).abs() < 1e-9 && (aspect - a).abs() < 1e-9);
            }
            (before, after) => panic!("{before:?} {after:?}"),
        }
    }
}

#[test]
fn a_file_that_would_be_too_large_is_refused_with_its_size() {
    let options = Options { bytes_max: 1000, ..Options::default() };
    let refused = write(&scenes::shapes(), &options).unwrap_err().to_string();
    assert!(refused.contains("a GLB of at most 1000 is made"), "{refused}");
    let mut wrong = scenes::places();
    wrong.instances[0].mesh = 9;
    assert!(write(&wrong, &Options::default()).is_err());
}
