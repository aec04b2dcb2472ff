//! Assets whose materials are MaterialX documents: scenes see them, facts are what pxr sees.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod common;

use std::fs;
use std::path::Path;

use common::library;
use vitrine_scene::{AlphaMode, Channel, Material, Scene, Texture, Wrap};
use vitrine_usd::{Inspection, Limits, Reader, SceneOptions};

/// A square whose material is `M` of the document `look/m.mtlx`.
const ASSET: &str = "#usda 1.0
    def Xform \"A\" {
        def Mesh \"Square\" {
            int[] faceVertexCounts = [4]
            int[] faceVertexIndices = [0, 1, 2, 3]
            point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
            texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] ( interpolation = \"vertex\" )
            rel material:binding = </A/Looks/M>
        }
        def Scope \"Looks\" ( references = @./look/m.mtlx@</MaterialX/Materials> ) { }
    }";

/// A document whose material `M` is a surface of this kind with these inputs, beside these elements.
fn document(kind: &str, inputs: &str, beside: &str) -> String {
    format!(
        "<?xml version='1.0'?><materialx version='1.38' colorspace='lin_rec709'>
        <surfacematerial name='M' type='material'>
            <input name='surfaceshader' type='surfaceshader' nodename='S'/></surfacematerial>
        <{kind} name='S' type='surfaceshader'>{inputs}</{kind}>{beside}</materialx>"
    )
}

fn read(folder: &Path) -> (Scene, Inspection) {
    let mut reader = Reader::new(folder, Limits::default());
    let scene = reader.scene("a.usda", &SceneOptions::default()).unwrap();
    scene.check().unwrap_or_else(|wrong| panic!("{wrong}: {scene:?}"));
    (scene, reader.inspect("a.usda").unwrap())
}

fn of(document: &str, others: &[(&str, &[u8])]) -> (Scene, Inspection) {
    let files = [("a.usda", ASSET.as_bytes()), ("look/m.mtlx", document.as_bytes())];
    read(library(&[&files, others].concat()).path())
}

fn material(scene: &Scene) -> &Material {
    &scene.materials[scene.meshes[0].parts[0].material.unwrap() as usize]
}

fn picture<'s>(scene: &'s Scene, texture: Option<&Texture>) -> &'s str {
    &scene.pictures[texture.unwrap().picture as usize].name
}

#[test]
fn a_document_gives_its_textures_through_graphs_channels_and_tiling() {
    let text = document(
        "standard_surface",
        "<input name='base_color' type='color3' nodegraph='G' output='colour'/>
         <input name='base' type='float' value='0.5'/>
         <input name='metalness' type='float' nodegraph='G' output='metal'/>
         <input name='specular_roughness' type='float' value='0.25'/>
         <input name='normal' type='vector3' nodegraph='G' output='normal'/>
         <input name='opacity' type='color3' value='0.5, 0.5, 0.5'/>
         <input name='emission' type='float' value='1'/>
         <input name='emission_color' type='color3' value='0, 1, 0'/>",
        "<nodegraph name='G'>
            <tiledimage name='C' type='color3'>
                <input name='file' type='filename' value='tex/c.png' colorspace='srgb_texture'/>
                <input name='uvtiling' type='vector2' value='4, 2'/>
                <input name='uaddressmode' type='string' value='clamp'/></tiledimage>
            <image name='L' type='vector3'>
                <input name='file' type='filename' value='tex/data.png'/>
                <input name='texcoord' type='vector2' nodename='P'/></image>
            <place2d name='P' type='vector2'><input name='scale' type='vector2' value='0.5, 1'/>
                <input name='offset' type='vector2' value='0.25, 0'/></place2d>
            <separate3 name='X' type='multioutput'><input name='in' type='vector3' nodename='L'/></separate3>
            <image name='N' type='vector3'><input name='file' type='filename' value='tex/n.png'/></image>
            <normalmap name='T' type='vector3'><input name='in' type='vector3' nodename='N'/></normalmap>
            <multiply name='H' type='color3'><input name='in1' type='color3' nodename='C'/>
                <input name='in2' type='float' value='0.5'/></multiply>
            <output name='colour' type='color3' nodename='H'/>
            <output name='metal' type='float' nodename='X' output='outb'/>
            <output name='normal' type='vector3' nodename='T'/>
        </nodegraph>",
    );
    let pictures: &[(&str, &[u8])] =
        &[("look/tex/c.png", b"c"), ("look/tex/data.png", b"d"), ("look/tex/n.png", b"n")];
    let (scene, _) = of(&text, pictures);
    let material = material(&scene);
    assert_eq!(material.name, "/A/Looks/M");
    let base = material.base_colour_texture.as_ref().unwrap();
    assert_eq!(picture(&scene, Some(base)), "look/tex/c.png");
    assert_eq!((base.is_srgb, base.wrap_s, base.wrap_t), (true, Wrap::Clamp, Wrap::Repeat));
    assert_eq!(base.transform, [[4.0, 0.0], [0.0, 2.0], [0.0, 0.0]]);
    assert_eq!((base.scale, material.base_colour), ([0.5, 0.5, 0.5, 1.0], [0.5; 3]));
    let metallic = material.metallic_texture.as_ref().unwrap();
    assert_eq!((metallic.channel, metallic.is_srgb), (Channel::B, false));
    // Half as large, and moved back by a quarter.
    assert_eq!(metallic.transform, [[2.0, 0.0], [0.0, 1.0], [-0.25, 0.0]]);
    let normal = material.normal_texture.as_ref().unwrap();
    assert_eq!(picture(&scene, Some(normal)), "look/tex/n.png");
    assert_eq!((normal.scale[0], normal.bias[0]), (2.0, -1.0), "normals are −1…1");
    assert_eq!((material.roughness, material.opacity), (0.25, 0.5));
    assert_eq!((material.alpha, material.emissive), (AlphaMode::Blend, [0.0, 1.0, 0.0]));
}

#[test]
fn surfaces_have_the_defaults_of_their_specifications() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, f32, f32, f32)] = &[
        // kind               inputs                                                base metallic roughness
        ("standard_surface",  "",                                                   0.8, 0.0, 0.2),
        ("open_pbr_surface",  "",                                                   0.8, 0.0, 0.3),
        ("gltf_pbr",          "",                                                   1.0, 1.0, 1.0),
        ("UsdPreviewSurface", "",                                                   0.18, 0.0, 0.5),
        ("open_pbr_surface",  "<input name='base_weight' type='float' value='.5'/>", 0.4, 0.0, 0.3),
        ("gltf_pbr",          "<input name='metallic' type='float' value='0'/>",    1.0, 0.0, 1.0),
    ];
    for (kind, inputs, base, metallic, roughness) in cases {
        let (scene, _) = of(&document(kind, inputs, ""), &[]);
        let material = material(&scene);
        let found = (material.base_colour[0], material.metallic, material.roughness);
        assert_eq!(found, (*base, *metallic, *roughness), "{kind} {inputs}");
    }
}

#[test]
fn colours_are_taken_as_their_colour_space_says_and_glass_lets_through() {
    let image = |space: &str| {
        let image = format!(
            "<image name='I' type='color3'><input name='file' type='filename' value='c.png'{space}/></image>"
        );
        let input = "<input name='base_color' type='color3' nodename='I'/>";
        let (scene, _) = of(&document("gltf_pbr", input, &image), &[("look/c.png", b"c")]);
        material(&scene).base_colour_texture.as_ref().unwrap().is_srgb
    };
    assert!(image(" colorspace='srgb_texture'"));
    assert!(!image(""), "the document's own is linear");
    let (scene, _) = of(
        &document(
            "standard_surface",
            "<input name='transmission' type='float' value='1'/>
             <input name='transmission_color' type='color3' value='0.5, 0.25, 0'/>",
            "",
        ),
        &[],
    );
    let glass = material(&scene);
    assert_eq!((glass.base_colour, glass.alpha), ([0.5, 0.25, 0.0], AlphaMode::Blend));
    assert!((glass.opacity - 0.6).abs() < 1e-6, "{}", glass.opacity);
}

#[test]
fn a_surface_of_gltf_does_with_opacity_what_its_mode_says() {
    let alpha = "<input name='alpha' type='float' value='0.5'/>";
    #[rustfmt::skip]
    let cases: &[(&str, f32, AlphaMode)] = &[
        ("",                                                      1.0, AlphaMode::Opaque),
        ("<input name='alpha_mode' type='integer' value='0'/>",   1.0, AlphaMode::Opaque),
        ("<input name='alpha_mode' type='integer' value='2'/>",   0.5, AlphaMode::Blend),
        ("<input name='alpha_mode' type='integer' value='1'/>
          <input name='alpha_cutoff' type='float' value='0.25'/>", 0.5, AlphaMode::Mask(0.25)),
        ("<input name='transmission' type='float' value='1'/>",   0.2, AlphaMode::Blend),
    ];
    for (inputs, opacity, mode) in cases {
        let (scene, _) = of(&document("gltf_pbr", &format!("{alpha}{inputs}"), ""), &[]);
        let material = material(&scene);
        assert!((material.opacity - opacity).abs() < 1e-6, "{inputs}: {}", material.opacity);
        assert_eq!(material.alpha, *mode, "{inputs}");
    }
}

#[test]
fn facts_are_the_same_with_and_without_materials_and_what_they_name_is_watched() {
    let text = document(
        "standard_surface",
        "<input name='base_color' type='color3' nodename='I'/>
         <input name='opacity' type='color3' nodename='J'/>",
        "<xi:include href='more.mtlx'/><xi:include href='stdlib.mtlx'/>
         <image name='I' type='color3'><input name='file' type='filename' value='c.png'/></image>",
    );
    let more = "<materialx><image name='J' type='color3'>
        <input name='file' type='filename' value='deep/o.<UDIM>.png'/></image></materialx>";
    let pictures: &[(&str, &[u8])] = &[
        ("look/more.mtlx", more.as_bytes()),
        ("look/c.png", b"c"),
        ("look/deep/o.1001.png", b"o"),
        ("look/deep/o.1002.png", b"o"),
    ];
    let (scene, with) = of(&text, pictures);
    let opacity = material(&scene).opacity_texture.as_ref();
    assert_eq!(picture(&scene, opacity), "look/deep/o.1001.png", "an included node");
    // As pxr 26.11 has it: it warns that it knows no format for the document, and goes on.
    assert_eq!(with.metadata.dependencies, ["look/m.mtlx"]);
    assert!(with.metadata.missing_dependencies.is_empty());
    assert!(with.metadata.materials.is_empty());
    let prims: Vec<(&str, u64)> =
        with.metadata.prims.iter().map(|(kind, count)| (&**kind, *count)).collect();
    assert_eq!(prims, [("Mesh", 1), ("Scope", 1), ("Xform", 1)]);
    assert!(with.warnings.is_empty(), "{:?}", with.warnings);
    // Whatever changes a picture makes the asset worth reading again.
    let watched = [
        "a.usda",
        "look/c.png",
        "look/deep/o.1001.png",
        "look/deep/o.1002.png",
        "look/m.mtlx",
        "look/more.mtlx",
    ];
    assert_eq!(with.files, watched);
    assert!(with.absent.contains(&"look/stdlib.mtlx".to_owned()), "{:?}", with.absent);

    let (_, without) = of("<materialx/>", &[]);
    assert_eq!(with.metadata, without.metadata);
}

#[test]
fn a_document_that_changes_is_read_again_and_every_asset_that_shares_it_watches_all_of_it() {
    let text = document(
        "standard_surface",
        "<input name='base_color' type='color3' nodename='I'/>",
        "<xi:include href='more.mtlx'/>",
    );
    let more = |colour: &str| {
        format!(
            "<materialx><constant name='I' type='color3'>
            <input name='value' type='color3' value='{colour}'/></constant></materialx>"
        )
    };
    let folder = library(&[
        ("a.usda", ASSET.as_bytes()),
        ("b.usda", ASSET.as_bytes()),
        ("look/m.mtlx", text.as_bytes()),
        ("look/more.mtlx", more("1, 0, 0").as_bytes()),
    ]);
    let mut reader = Reader::new(folder.path(), Limits::default());
    let colour = |reader: &mut Reader| {
        let scene = reader.scene("a.usda", &SceneOptions::default()).unwrap();
        material(&scene).base_colour
    };
    assert_eq!(colour(&mut reader), [1.0, 0.0, 0.0]);
    let (a, b) = (reader.inspect("a.usda").unwrap(), reader.inspect("b.usda").unwrap());
    assert_eq!(a.files[1..], b.files[1..], "the document comes from the cache the second time");
    assert!(b.files.contains(&"look/more.mtlx".to_owned()));
    fs::write(folder.path().join("look/more.mtlx"), more("0, 1.0, 0")).unwrap();
    assert_eq!(colour(&mut reader), [0.0, 1.0, 0.0]);
}

#[test]
fn documents_reach_nothing_outside_and_broken_ones_leave_the_shape() {
    let outside = document(
        "standard_surface",
        "<input name='base_color' type='color3' nodename='I'/>",
        "<xi:include href='../../out.mtlx'/><xi:include href='/etc/passwd'/><xi:include href='m.mtlx'/>
         <image name='I' type='color3'><input name='file' type='filename' value='../../../secret.png'/></image>",
    );
    let folder = library(&[
        ("lib/a.usda", ASSET.as_bytes()),
        ("lib/look/m.mtlx", outside.as_bytes()),
        ("out.mtlx", b"<materialx/>"),
        ("secret.png", b"secret"),
    ]);
    let (scene, inspection) = read(&folder.path().join("lib"));
    assert!(scene.pictures.is_empty());
    assert_eq!(inspection.files, ["a.usda", "look/m.mtlx"]);

    let (scene, inspection) = of("<materialx><surfacematerial", &[]);
    assert_eq!(scene.instances.len(), 1);
    let said = |warnings: &[String]| warnings.iter().any(|w| w.contains("look/m.mtlx"));
    assert!(said(&inspection.warnings) && inspection.warnings[0].contains("is no XML"));
    assert!(scene.warnings.iter().any(|w| w.contains("m.mtlx")), "{:?}", scene.warnings);

    let mut reader = Reader::new(folder.path(), Limits::default());
    let refused = reader.inspect("out.mtlx").unwrap_err().to_string();
    assert!(refused.contains("read an asset that references it"), "{refused}");
}

/// The whole of the Open Chess Set: black and white, stone, gold and glass.
#[test]
fn the_open_chess_set_has_its_textures() {
    let Some(data) = std::env::var_os("VITRINE_TEST_DATA") else {
        let skips_allowed = std::env::var_os("VITRINE_NO_SKIPS").is_none();
        assert!(skips_allowed, "VITRINE_NO_SKIPS is set, but VITRINE_TEST_DATA is not");
        eprintln!("SKIPPED: set VITRINE_TEST_DATA to the folder of real files");
        return;
    };
    let root = Path::new(&data).join("usd/usd-wg+assets/full_assets/OpenChessSet");
    let mut reader = Reader::new(&root, Limits::default());
    let scene = reader.scene("assets/Bishop/Bishop.usd", &SceneOptions::default()).unwrap();
    scene.check().unwrap();
    let bishop = material(&scene);
    let base = bishop.base_colour_texture.as_ref().unwrap();
    assert!(base.is_srgb);
    assert_eq!(picture(&scene, Some(base)), "assets/Bishop/tex/bishop_black_base_color.jpg");
    let roughness = bishop.roughness_texture.as_ref();
    assert_eq!(picture(&scene, roughness), "assets/Bishop/tex/bishop_black_roughness.jpg");
    assert!(!roughness.unwrap().is_srgb);
    let metallic = bishop.metallic_texture.as_ref();
    assert_eq!(picture(&scene, metallic), "assets/Bishop/tex/bishop_shared_metallic.jpg");
    let normal = bishop.normal_texture.as_ref();
    assert_eq!(picture(&scene, normal), "assets/Bishop/tex/bishop_black_normal.jpg");
    let inspection = reader.inspect("assets/Bishop/Bishop.usd").unwrap();
    let files = &inspection.files;
    assert!(
        files.contains(&"assets/Bishop/tex/bishop_white_base_color.jpg".to_owned()),
        "{files:?}"
    );
    assert_eq!(
        inspection.metadata.dependencies,
        [
            "assets/Bishop/Bishop_geom.usd",
            "assets/Bishop/Bishop_look.usd",
            "assets/Bishop/Bishop_mat.mtlx",
            "assets/Bishop/Bishop_payload.usd",
        ]
    );

    let scene = reader.scene("chess_set.usda", &SceneOptions::default()).unwrap();
    scene.check().unwrap();
    let bound = scene.meshes.iter().flat_map(|mesh| &mesh.parts).map(|part| {
        let material = &scene.materials[part.material.unwrap() as usize];
        material.base_colour_texture.as_ref().map_or("glass", |base| picture(&scene, Some(base)))
    });
    let mut found: Vec<&str> = bound.map(|path| path.rsplit('/').next().unwrap()).collect();
    found.sort_unstable();
    found.dedup();
    let mut expected = vec!["chessboard_base_color.jpg".to_owned(), "glass".to_owned()];
    for piece in ["bishop", "king", "knight", "pawn", "queen", "rook"] {
        for side in ["black", "white"] {
            expected.push(format!("{piece}_{side}_base_color.jpg"));
        }
    }
    expected.sort_unstable();
    assert_eq!(found, expected);
}
