//! Scenes: each rule by a stage that holds only what the rule needs, then all real files.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{dice, library};
use vitrine_scene::{AlphaMode, Channel, Projection, Scene, Topology, Up, Wrap};
use vitrine_usd::{Limits, Reader, SceneOptions};

const POLYGONS: SceneOptions = SceneOptions { subdivide: false, pictures: true };

fn scene_of(files: &[(&str, &[u8])], limits: Limits, options: &SceneOptions) -> Scene {
    let folder = library(files);
    let scene = Reader::new(folder.path(), limits).scene(files[0].0, options).unwrap();
    scene.check().unwrap_or_else(|wrong| panic!("{wrong}: {scene:?}"));
    scene
}

fn scene(text: &str) -> Scene {
    let text = format!("#usda 1.0\n{text}");
    scene_of(&[("a.usda", text.as_bytes())], Limits::default(), &POLYGONS)
}

/// A square in the plane z = 0, counter-clockwise from above.
const SQUARE: &str = "
    int[] faceVertexCounts = [4]
    int[] faceVertexIndices = [0, 1, 2, 3]
    point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    uniform token subdivisionScheme = \"none\"
";

/// Two triangles side by side.
const PAIR: &str = "
    int[] faceVertexCounts = [3, 3]
    int[] faceVertexIndices = [0, 1, 2, 2, 1, 3]
    point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
    uniform token subdivisionScheme = \"none\"
";

/// Where the instances stand: the translations.
fn places(scene: &Scene) -> Vec<[f64; 3]> {
    let of =
        |at: &vitrine_scene::Instance| [at.to_world[3][0], at.to_world[3][1], at.to_world[3][2]];
    scene.instances.iter().map(of).collect()
}

#[test]
fn units_and_the_upward_axis_are_the_root_layers() {
    let found = scene("( upAxis = \"Z\"\n metersPerUnit = 0.5 )");
    assert_eq!((found.up, found.metres_per_unit), (Up::Z, 0.5));
    let found = scene("( metersPerUnit = -1 )");
    assert_eq!(
        (found.up, found.metres_per_unit),
        (Up::Y, 0.01),
        "what makes no sense is not taken"
    );
}

#[test]
fn only_visible_active_defined_prims_of_the_right_purpose_are_shown() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, usize)] = &[
        ("plain",              "def Mesh \"M\" { BODY }", 1),
        ("invisible",          "def Xform \"A\" { token visibility = \"invisible\"\n def Mesh \"M\" { BODY } }", 0),
        ("visible again",      "def Xform \"A\" { token visibility = \"invisible\"\n def Mesh \"M\" { token visibility = \"inherited\"\n BODY } }", 0),
        ("inactive",           "def Xform \"A\" (active = false) { def Mesh \"M\" { BODY } }", 0),
        ("an over",            "over Mesh \"M\" { BODY }", 0),
        ("a class",            "class Mesh \"M\" { BODY }", 0),
        ("proxy",              "def Mesh \"M\" { uniform token purpose = \"proxy\"\n BODY }", 0),
        ("guide above",        "def Xform \"A\" { uniform token purpose = \"guide\"\n def Mesh \"M\" { BODY } }", 0),
        ("render",             "def Mesh \"M\" { uniform token purpose = \"render\"\n BODY }", 1),
        ("render below proxy", "def Xform \"A\" { uniform token purpose = \"proxy\"\n def Mesh \"M\" { uniform token purpose = \"render\"\n BODY } }", 1),
        ("first sample hides", "def Mesh \"M\" { token visibility.timeSamples = { 1: \"invisible\", 2: \"inherited\" }\n BODY }", 0),
    ];
    for (because, text, expected) in cases {
        let found = scene(&text.replace("BODY", SQUARE));
        assert_eq!(found.instances.len(), *expected, "{because}");
    }
}

#[test]
fn transforms_chain_at_the_earliest_time_and_can_be_reset() {
    let found = scene(&format!(
        "def Xform \"A\" {{
            double3 xformOp:translate.timeSamples = {{ 3: (1, 0, 0), 5: (9, 9, 9) }}
            uniform token[] xformOpOrder = [\"xformOp:translate\"]
            def Mesh \"M\" {{
                double3 xformOp:translate = (0, 2, 0)
                uniform token[] xformOpOrder = [\"xformOp:translate\"]
                {SQUARE} }}
            def Mesh \"R\" {{
                double3 xformOp:translate = (0, 0, 3)
                uniform token[] xformOpOrder = [\"!resetXformStack!\", \"xformOp:translate\"]
                {SQUARE} }}
        }}"
    ));
    assert_eq!(places(&found), [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]);
}

#[test]
fn holes_and_broken_faces_are_left_out_and_left_handed_ones_turned() {
    let found = scene(&format!("def Mesh \"M\" {{ {PAIR} int[] holeIndices = [0] }}"));
    assert_eq!(found.triangles(), 1);
    let broken = PAIR.replace("2, 1, 3]", "2, 1, 7]");
    let found = scene(&format!("def Mesh \"M\" {{ {broken} }}"));
    assert_eq!(found.triangles(), 1);
    assert!(found.warnings.iter().any(|warning| warning.contains("/M: 1 faces are broken")));

    let up = |text: &str| {
        let found = scene(text);
        let mesh = &found.meshes[0];
        let [a, b, c] = [0, 1, 2].map(|at| mesh.positions[mesh.indices[at] as usize]);
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    };
    assert_eq!(up(&format!("def Mesh \"M\" {{ {SQUARE} }}")), 1.0);
    let left =
        format!("def Mesh \"M\" {{ uniform token orientation = \"leftHanded\"\n {SQUARE} }}");
    assert_eq!(up(&left), -1.0);
}

#[test]
fn values_reach_their_corners_by_every_interpolation_and_index() {
    // The colour of the pair's six corners, by the red channel.
    #[rustfmt::skip]
    let cases: &[(&str, &str, [f32; 6], usize)] = &[
        ("vertex", "(0,0,0), (.25,0,0), (.5,0,0), (1,0,0)", [0., 0.25, 0.5, 0.5, 0.25, 1.], 4),
        ("varying", "(0,0,0), (.25,0,0), (.5,0,0), (1,0,0)", [0., 0.25, 0.5, 0.5, 0.25, 1.], 4),
        ("uniform", "(.25,0,0), (.5,0,0)", [0.25, 0.25, 0.25, 0.5, 0.5, 0.5], 6),
        ("faceVarying", "(0,0,0), (.25,0,0), (.5,0,0), (.5,0,0), (.25,0,0), (1,0,0)",
            [0., 0.25, 0.5, 0.5, 0.25, 1.], 4),
    ];
    for (interpolation, values, expected, vertices) in cases {
        let found = scene(&format!(
            "def Mesh \"M\" {{ {PAIR}
                color3f[] primvars:displayColor = [{values}] ( interpolation = \"{interpolation}\" ) }}"
        ));
        let mesh = &found.meshes[0];
        let colours = mesh.colours.as_ref().unwrap();
        let got: Vec<f32> = mesh.indices.iter().map(|&at| colours[at as usize][0]).collect();
        assert_eq!(got, expected, "{interpolation}");
        assert_eq!(mesh.positions.len(), *vertices, "{interpolation} shares what is equal");
        let material = &found.materials[mesh.parts[0].material.unwrap() as usize];
        assert_eq!(material.base_colour, [1.0; 3], "vertex colours multiply white");
    }
    let found = scene(&format!(
        "def Mesh \"M\" {{ {PAIR}
            color3f[] primvars:displayColor = [(0,0,0), (1,0,0)] ( interpolation = \"vertex\" )
            int[] primvars:displayColor:indices = [1, 0, 1, 0] }}"
    ));
    let mesh = &found.meshes[0];
    let colours = mesh.colours.as_ref().unwrap();
    let got: Vec<f32> = mesh.indices.iter().map(|&at| colours[at as usize][0]).collect();
    assert_eq!(got, [1., 0., 1., 1., 0., 0.], "indexed");
}

#[test]
fn one_colour_becomes_a_material_and_is_inherited() {
    let found = scene(&format!(
        "def Xform \"A\" {{
            color3f[] primvars:displayColor = [(0.25, 0.5, 1)]
            float[] primvars:displayOpacity = [0.5]
            def Mesh \"M\" {{ {SQUARE} }}
            def Sphere \"S\" {{}}
        }}"
    ));
    assert_eq!(found.materials.len(), 1, "equal colours are one material");
    assert_eq!(found.materials[0].base_colour, [0.25, 0.5, 1.0]);
    assert_eq!((found.materials[0].opacity, found.materials[0].alpha), (0.5, AlphaMode::Blend));
    for mesh in &found.meshes {
        assert_eq!((mesh.parts[0].material, &mesh.colours), (Some(0), &None), "{}", mesh.name);
    }
}

#[test]
fn equal_prims_share_a_mesh_and_a_material_and_different_ones_do_not() {
    let model = format!(
        "#usda 1.0\n( defaultPrim = \"Model\" )\ndef Xform \"Model\" (prepend apiSchemas = [\"MaterialBindingAPI\"]) {{
            rel material:binding = </Model/Look>
            def Material \"Look\" {{
                token outputs:surface.connect = </Model/Look/S.outputs:surface>
                def Shader \"S\" {{ uniform token info:id = \"UsdPreviewSurface\"
                    color3f inputs:diffuseColor = (1, 0, 0)
                    token outputs:surface }}
            }}
            def Mesh \"M\" {{ {SQUARE} }}
        }}"
    );
    let root = "#usda 1.0
        def \"A\" (instanceable = true\n references = @model.usda@) {}
        def \"B\" (instanceable = true\n references = @model.usda@) {}
        def \"C\" (references = @model.usda@) { over \"M\" { point3f[] points = [(0,0,0), (2,0,0), (2,2,0), (0,2,0)] } }";
    let files: &[(&str, &[u8])] = &[("a.usda", root.as_bytes()), ("model.usda", model.as_bytes())];
    let found = scene_of(files, Limits::default(), &POLYGONS);
    let meshes: Vec<u32> = found.instances.iter().map(|instance| instance.mesh).collect();
    assert_eq!(meshes, [0, 0, 1]);
    assert_eq!(found.materials.len(), 1);
}

#[test]
fn a_class_of_a_referenced_asset_keeps_its_materials() {
    let keyboard = format!(
        "#usda 1.0\n( defaultPrim = \"K\" )\ndef Xform \"K\" {{
            def Scope \"Looks\" {{ def Material \"White\" {{
                token outputs:surface.connect = </K/Looks/White/S.outputs:surface>
                def Shader \"S\" {{ uniform token info:id = \"UsdPreviewSurface\"\n token outputs:surface }} }} }}
            class Xform \"_class_Key\" {{ def Mesh \"Cap\" {{ {SQUARE} rel material:binding = </K/Looks/White> }} }}
            def Xform \"Key\" (instanceable = true\n inherits = </K/_class_Key>) {{}}
        }}"
    );
    let root = "#usda 1.0\ndef Xform \"Desk\" { def \"Board\" (references = @k.usda@) {} }";
    let files: &[(&str, &[u8])] = &[("a.usda", root.as_bytes()), ("k.usda", keyboard.as_bytes())];
    let found = scene_of(files, Limits::default(), &POLYGONS);
    assert_eq!(found.meshes[0].parts[0].material, Some(0), "{found:?}");
    assert_eq!(found.materials[0].name, "/Desk/Board/Looks/White");
}

#[test]
fn the_strongest_binding_dresses_each_part() {
    let materials = ["A", "B", "C"].map(|name| {
        format!(
            "def Material \"{name}\" {{
                token outputs:surface.connect = </{name}/S.outputs:surface>
                def Shader \"S\" {{ uniform token info:id = \"UsdPreviewSurface\"
                    token outputs:surface }} }}"
        )
    });
    let materials = materials.concat();
    let names = |text: &str| {
        let found = scene(&format!("{materials}\n{}", text.replace("BODY", PAIR)));
        let parts = found.meshes[0].parts.iter();
        let parts = parts.map(|part| {
            let name = part.material.map(|at| found.materials[at as usize].name.clone());
            (name.unwrap_or_default(), part.indices)
        });
        parts.collect::<Vec<_>>()
    };
    let whole = |name: &str| vec![(name.to_owned(), 6)];
    #[rustfmt::skip]
    let cases: &[(&str, &str, Vec<(String, u32)>)] = &[
        ("direct", "def Mesh \"M\" { rel material:binding = </A>\n BODY }", whole("/A")),
        ("inherited", "def Xform \"X\" { rel material:binding = </A>\n def Mesh \"M\" { BODY } }", whole("/A")),
        ("nearest", "def Xform \"X\" { rel material:binding = </A>\n def Mesh \"M\" { rel material:binding = </B>\n BODY } }", whole("/B")),
        ("stronger above", "def Xform \"X\" { rel material:binding = </A> ( bindMaterialAs = \"strongerThanDescendants\" )\n def Mesh \"M\" { rel material:binding = </B>\n BODY } }", whole("/A")),
        ("preview first", "def Mesh \"M\" { rel material:binding = </A>\n rel material:binding:preview = </C>\n BODY }", whole("/C")),
        ("full is not asked", "def Mesh \"M\" { rel material:binding:full = </A>\n BODY }", whole("")),
        ("no such material", "def Mesh \"M\" { rel material:binding = </Z>\n BODY }", whole("")),
        ("a collection", "def Xform \"X\" { rel material:binding = </A>\n rel material:binding:collection:c = [</X.collection:c>, </B>]
            rel collection:c:includes = </X/M>\n def Mesh \"M\" { BODY } }", whole("/B")),
        ("subsets", "def Mesh \"M\" { rel material:binding = </A>\n BODY
            def GeomSubset \"S\" { uniform token familyName = \"materialBind\"\n int[] indices = [0]\n rel material:binding = </B> } }",
            vec![("/A".to_owned(), 3), ("/B".to_owned(), 3)]),
        ("subsets of another family", "def Mesh \"M\" { rel material:binding = </A>\n BODY
            def GeomSubset \"S\" { uniform token familyName = \"other\"\n int[] indices = [0]\n rel material:binding = </B> } }", whole("/A")),
    ];
    for (because, text, expected) in cases {
        assert_eq!(names(text), *expected, "{because}");
    }
}

/// A square with texture coordinates, bound to `/L`, whose surface has these inputs and nodes.
fn textured(inputs: &str, nodes: &str) -> String {
    format!(
        "#usda 1.0
        def Mesh \"M\" {{ {SQUARE} rel material:binding = </L>
            texCoord2f[] primvars:map = [(0,0), (1,0), (1,1), (0,1)] ( interpolation = \"faceVarying\" )
            texCoord2f[] primvars:st = [(0,0), (.5,0), (.5,.5), (0,.5)] ( interpolation = \"vertex\" ) }}
        def Material \"L\" {{
            token inputs:coords = \"map\"
            token outputs:surface.connect = </L/G.outputs:out>
            def NodeGraph \"G\" {{
                token inputs:coords.connect = </L.inputs:coords>
                token outputs:out.connect = </L/G/S.outputs:surface>
                def Shader \"S\" {{ uniform token info:id = \"UsdPreviewSurface\"
                    {inputs}
                    token outputs:surface }}
                def Shader \"R\" {{ uniform token info:id = \"UsdPrimvarReader_float2\"
                    token inputs:varname.connect = </L/G.inputs:coords>
                    float2 outputs:result }}
                {nodes}
            }}
        }}"
    )
}

#[test]
fn a_network_of_textures_is_followed_through_graphs_and_interfaces() {
    let text = textured(
        "color3f inputs:diffuseColor.connect = </L/G/T.outputs:rgb>
         float inputs:roughness.connect = </L/G/D.outputs:g>
         normal3f inputs:normal.connect = </L/G/D.outputs:rgb>
         float inputs:opacity = 0.75
         float inputs:opacityThreshold = 0.5
         float inputs:metallic = 1",
        "def Shader \"T\" { uniform token info:id = \"UsdUVTexture\"
            asset inputs:file = @tex/colour.png@
            float2 inputs:st.connect = </L/G/X.outputs:result>
            token inputs:wrapS = \"clamp\"
            token inputs:wrapT = \"mirror\"
            float4 inputs:scale = (2, 2, 2, 1)
            float4 inputs:fallback = (1, 0, 1, 1) }
         def Shader \"X\" { uniform token info:id = \"UsdTransform2d\"
            float2 inputs:in.connect = </L/G/R.outputs:result>
            float2 inputs:scale = (2, 4)
            float2 inputs:translation = (0.5, 0.25) }
         def Shader \"D\" { uniform token info:id = \"UsdUVTexture\"
            asset inputs:file = @tex/data.<UDIM>.png@ }",
    );
    let files: &[(&str, &[u8])] = &[
        ("a.usda", text.as_bytes()),
        ("tex/colour.png", b"colour"),
        ("tex/data.1003.png", b"data"),
    ];
    let found = scene_of(files, Limits::default(), &POLYGONS);
    let material = &found.materials[found.meshes[0].parts[0].material.unwrap() as usize];
    let base = material.base_colour_texture.as_ref().unwrap();
    assert_eq!(&found.pictures[base.picture as usize].bytes[..], b"colour");
    assert!(base.is_srgb, "colours are sRGB unless said otherwise");
    assert_eq!((base.wrap_s, base.wrap_t), (Wrap::Clamp, Wrap::Mirror));
    assert_eq!(base.scale, [2.0, 2.0, 2.0, 1.0]);
    assert_eq!(base.fallback, [1.0, 0.0, 1.0, 1.0]);
    assert_eq!(base.transform, [[2.0, 0.0], [0.0, 4.0], [0.5, 0.25]]);
    let roughness = material.roughness_texture.as_ref().unwrap();
    assert_eq!((roughness.channel, roughness.is_srgb), (Channel::G, false));
    assert_eq!(found.pictures[roughness.picture as usize].name, "tex/data.1003.png");
    let normal = material.normal_texture.as_ref().unwrap();
    assert_eq!((normal.scale[0], normal.bias[0]), (2.0, -1.0), "normals are −1…1");
    assert_eq!(found.pictures.len(), 2, "a picture used twice is read once");
    assert_eq!((material.metallic, material.opacity), (1.0, 0.75));
    assert_eq!(material.alpha, AlphaMode::Mask(0.5));
    // The base colour's coordinates are `map`, the others' are `st`.
    let uvs = &found.meshes[0].uvs;
    let corner = |set: u32| uvs[set as usize].iter().flatten().copied().fold(0.0, f32::max);
    assert_eq!((corner(base.uv_set), corner(roughness.uv_set)), (1.0, 0.5));

    let without = text.replace("primvars:st", "primvars:other");
    let files = [files, &[("b.usda", without.as_bytes())]].concat();
    let folder = library(&files);
    let found = Reader::new(folder.path(), Limits::default()).scene("b.usda", &POLYGONS).unwrap();
    let roughness = found.materials[0].roughness_texture.as_ref().unwrap();
    let zeros = &found.meshes[0].uvs[roughness.uv_set as usize];
    assert!(zeros.iter().all(|uv| *uv == [0.0; 2]), "a primvar that is not there reads as (0, 0)");
}

#[test]
fn what_cannot_be_read_of_a_material_is_said_and_replaced() {
    let texture = "def Shader \"T\" { uniform token info:id = \"UsdUVTexture\"
        asset inputs:file = @gone.png@
        float4 inputs:fallback = (0.25, 0.5, 0.75, 1) }";
    let text = textured("color3f inputs:diffuseColor.connect = </L/G/T.outputs:rgb>", texture);
    let found = scene_of(&[("a.usda", text.as_bytes())], Limits::default(), &POLYGONS);
    assert_eq!(found.materials[0].base_colour, [0.25, 0.5, 0.75]);
    assert!(
        found.warnings.iter().any(|w| w.contains("gone.png is missing")),
        "{:?}",
        found.warnings
    );

    let files: &[(&str, &[u8])] = &[("a.usda", text.as_bytes()), ("gone.png", &[7; 100])];
    let limits = Limits { texture_bytes_max: 99, ..Limits::default() };
    let found = scene_of(files, limits, &POLYGONS);
    assert!(found.pictures.is_empty());
    assert!(found.warnings.iter().any(|w| w.contains("limit textureBytesMax")));

    let found = scene(&format!(
        "def Mesh \"M\" {{ {SQUARE} rel material:binding = </L> }}
        def Material \"L\" {{ token outputs:mtlx:surface.connect = </L/S.outputs:out>
            def Shader \"S\" {{ uniform token info:id = \"ND_standard_surface_surfaceshader\"
                color3f inputs:base_color = (0.5, 0.25, 0)
                float inputs:metalness = 1
                color3f inputs:emission_color = (1, 1, 1)
                token outputs:out }} }}"
    ));
    let material = &found.materials[0];
    assert_eq!((material.base_colour, material.metallic), ([0.5, 0.25, 0.0], 1.0));
    assert_eq!(material.emissive, [0.0; 3], "without weight nothing shines");
    assert!(found.warnings.iter().any(|w| w.contains("ND_standard_surface")));
}

#[test]
fn nested_point_instancers_share_their_prototypes_and_hide_what_is_hidden() {
    let found = scene(&format!(
        "def PointInstancer \"Outer\" {{
            rel prototypes = [</Outer/Inner>]
            int[] protoIndices = [0, 0, 0]
            int64[] ids = [10, 11, 12]
            int64[] invisibleIds = [11]
            point3f[] positions = [(0, 0, 0), (50, 0, 0), (100, 0, 0)]
            float3[] scales = [(1, 1, 1), (1, 1, 1), (2, 2, 2)]
            def PointInstancer \"Inner\" {{
                rel prototypes = [</Outer/Inner/P>]
                int[] protoIndices = [0, 0]
                point3f[] positions = [(1, 0, 0), (2, 0, 0)]
                quath[] orientations = [(1, 0, 0, 0), (0, 0, 0, 1)]
                def Mesh \"P\" {{
                    double3 xformOp:translate = (0.25, 0, 0)
                    uniform token[] xformOpOrder = [\"xformOp:translate\"]
                    {SQUARE} }}
            }}
        }}"
    ));
    assert_eq!(found.meshes.len(), 1);
    // A half turn about z takes the prototype's own 0.25 to −0.25; scale 2 doubles all of it.
    let expected = [[1.25, 0., 0.], [1.75, 0., 0.], [102.5, 0., 0.], [103.5, 0., 0.]];
    for (place, expected) in places(&found).iter().zip(expected) {
        assert!((place[0] - expected[0]).abs() < 1e-6, "{:?}", places(&found));
    }
    assert_eq!(found.instances.len(), 4);
}

#[test]
fn instancers_that_place_themselves_end_and_too_many_places_are_thinned() {
    let found = scene(&format!(
        "def PointInstancer \"A\" {{
            rel prototypes = [</A>, </A/P>]
            int[] protoIndices = [0, 1]
            point3f[] positions = [(0, 0, 0), (1, 0, 0)]
            def Mesh \"P\" {{ {SQUARE} }} }}"
    ));
    assert!(!found.instances.is_empty() && found.instances.len() < 20);

    let text = format!(
        "#usda 1.0\ndef PointInstancer \"A\" {{
            rel prototypes = [</A/P>]
            int[] protoIndices = [{}]
            point3f[] positions = [{}]
            def Mesh \"P\" {{ {SQUARE} }} }}",
        ["0"; 1000].join(", "),
        (0..1000).map(|at| format!("({at}, 0, 0)")).collect::<Vec<_>>().join(", "),
    );
    let files: &[(&str, &[u8])] = &[("a.usda", text.as_bytes())];
    let limits = Limits { places_max: 100, ..Limits::default() };
    let found = scene_of(files, limits, &POLYGONS);
    assert_eq!(found.instances.len(), 100);
    assert!(places(&found).last().unwrap()[0] >= 900.0, "what is left spans the whole");
    assert!(found.warnings.iter().any(|w| w.contains("one instance in 10 is shown")));
    let limits = Limits { shown_triangles_max: 500, ..Limits::default() };
    let found = scene_of(files, limits, &POLYGONS);
    assert_eq!(found.triangles(), 500);
    assert!(found.warnings.iter().any(|w| w.contains("shownTrianglesMax")));
}

#[test]
fn meshes_beyond_the_limits_are_left_out_with_a_sentence() {
    let text = format!("#usda 1.0\ndef Mesh \"A\" {{ {SQUARE} }}\ndef Mesh \"B\" {{ {PAIR} }}");
    for (limits, word) in [
        (Limits { triangles_max: 3, ..Limits::default() }, "trianglesMax"),
        (Limits { vertices_max: 7, ..Limits::default() }, "verticesMax"),
    ] {
        let found = scene_of(&[("a.usda", text.as_bytes())], limits, &POLYGONS);
        assert_eq!(found.instances.len(), 1);
        let said = found.warnings.iter().any(|w| w.contains("/B is left out") && w.contains(word));
        assert!(said, "{:?}", found.warnings);
    }
}

#[test]
fn subdivision_rounds_a_cube_and_only_where_it_is_meant() {
    let cube = |extra: &str| {
        format!(
            "#usda 1.0\ndef Mesh \"M\" {{ {extra}
            int[] faceVertexCounts = [4, 4, 4, 4, 4, 4]
            int[] faceVertexIndices = [0, 2, 3, 1, 4, 5, 7, 6, 0, 1, 5, 4, 2, 6, 7, 3, 0, 4, 6, 2, 1, 3, 7, 5]
            point3f[] points = [(-1,-1,-1), (1,-1,-1), (-1,1,-1), (1,1,-1), (-1,-1,1), (1,-1,1), (-1,1,1), (1,1,1)] }}"
        )
    };
    let radius = |text: &str, limits: Limits| {
        let found = scene_of(&[("a.usda", text.as_bytes())], limits, &SceneOptions::default());
        let mesh = found.meshes[0].clone();
        let length = |p: &[f32; 3]| p.iter().map(|v| v * v).sum::<f32>().sqrt();
        let far = mesh.positions.iter().map(length).fold(0.0, f32::max);
        (far, found.triangles(), mesh.normals.is_some())
    };
    let (far, triangles, has_normals) = radius(&cube(""), Limits::default());
    assert!(far < 1.1 && has_normals, "{far}");
    assert_eq!(triangles, 6 * 4 * 4 * 4 * 2);
    let normals = "normal3f[] normals = [(0,0,1), (0,0,1), (0,0,1), (0,0,1), (0,0,1), (0,0,1)] ( interpolation = \"uniform\" )";
    let scheme = |name: &str| format!("uniform token subdivisionScheme = \"{name}\"\n");
    let root = 3.0f32.sqrt();
    #[rustfmt::skip]
    let cases = [
        ("none", cube(&scheme("none")), Limits::default(), (root, 12, false)),
        ("normals and no word of subdivision", cube(normals), Limits::default(), (root, 12, true)),
        ("no room", cube(""), Limits { subdivided_triangles_max: 10, ..Limits::default() }, (root, 12, true)),
    ];
    for (because, text, limits, expected) in cases {
        let (far, triangles, has_normals) = radius(&text, limits);
        assert!((far - expected.0).abs() < 1e-5, "{because}: {far}");
        assert_eq!((triangles, has_normals), (expected.1, expected.2), "{because}");
    }
    let smooth = cube(&(scheme("catmullClark") + normals));
    assert!(radius(&smooth, Limits::default()).0 < 1.1, "an authored scheme outweighs normals");
}

#[test]
fn a_skinned_mesh_stands_in_its_first_pose() {
    let identity = "((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,0,0,1))";
    let lifted = "((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,0,5,1))";
    let found = scene(&format!(
        "def SkelRoot \"R\" {{
            rel skel:skeleton = </R/S>
            def Skeleton \"S\" {{
                uniform token[] joints = [\"a\", \"a/b\"]
                uniform matrix4d[] bindTransforms = [{identity}, {identity}]
                uniform matrix4d[] restTransforms = [{identity}, {identity}]
                rel skel:animationSource = </R/W>
            }}
            def SkelAnimation \"W\" {{
                uniform token[] joints = [\"a/b\"]
                float3[] translations.timeSamples = {{ 1: [(0, 0, 2)], 2: [(9, 9, 9)] }}
                quatf[] rotations = [(1, 0, 0, 0)]
                half3[] scales = [(1, 1, 1)]
            }}
            def Mesh \"M\" {{ {SQUARE}
                matrix4d primvars:skel:geomBindTransform = {lifted}
                int[] primvars:skel:jointIndices = [0, 1, 0, 1, 0, 1, 0, 1] ( elementSize = 2\n interpolation = \"vertex\" )
                float[] primvars:skel:jointWeights = [1, 0, 0, 1, .5, .5, 1, 0] ( elementSize = 2\n interpolation = \"vertex\" )
            }}
        }}"
    ));
    let heights: Vec<f32> = found.meshes[0].positions.iter().map(|point| point[2]).collect();
    // Lifted by 5 when bound; joint b moves by 2.
    assert_eq!(heights, [5.0, 7.0, 6.0, 5.0]);
}

#[test]
fn curves_become_segments_points_points_and_cameras_cameras() {
    let found = scene(
        "def BasisCurves \"C\" { uniform token type = \"linear\"
            int[] curveVertexCounts = [3, 2]
            point3f[] points = [(0,0,0), (1,0,0), (2,0,0), (0,1,0), (1,1,0)]
            float[] widths = [0.5] ( interpolation = \"constant\" ) }
        def Points \"P\" { point3f[] points = [(0,0,0), (1,0,0)]\n float[] widths = [0.25, 0.75] }
        def Camera \"Eye\" { float horizontalAperture = 20\n float verticalAperture = 10\n float focalLength = 10
            double3 xformOp:scale = (3, 3, 3)
            double3 xformOp:translate = (0, 0, 7)
            uniform token[] xformOpOrder = [\"xformOp:translate\", \"xformOp:scale\"] }",
    );
    assert_eq!(found.meshes[0].topology, Topology::Segments { width: 0.5 });
    assert_eq!(found.meshes[0].indices, [0, 1, 1, 2, 3, 4]);
    assert_eq!(found.meshes[1].topology, Topology::Points { width: 0.5 });
    let camera = &found.cameras[0];
    assert_eq!(camera.name, "/Eye");
    assert_eq!((camera.to_world[0][0], camera.to_world[3][2]), (1.0, 7.0));
    let Projection::Perspective { fov_x, aspect } = camera.projection else {
        panic!("{camera:?}");
    };
    assert!((fov_x - std::f64::consts::FRAC_PI_2).abs() < 1e-12 && aspect == 2.0);
}

fn layers_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or("");
        if path.is_dir() {
            layers_below(&path, found);
        } else if matches!(suffix, "usd" | "usda" | "usdc" | "usdz") {
            found.push(path);
        }
    }
}

/// Makes the scene of every file below `root`; returns how many there were, and how many of them
/// had triangles.
fn every_scene_keeps_its_promises(root: &Path) -> (usize, usize) {
    let mut paths = Vec::new();
    layers_below(root, &mut paths);
    let mut shown = 0;
    for path in &paths {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        let mut reader = Reader::new(root, Limits::default());
        let inspected = reader.inspect(name);
        match reader.scene(name, &SceneOptions::default()) {
            Ok(found) => {
                found.check().unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
                shown += usize::from(found.triangles() > 0);
            }
            Err(error) => assert!(inspected.is_err(), "only the scene fails: {error}"),
        }
    }
    (paths.len(), shown)
}

#[test]
fn scenes_of_the_demo_library_keep_their_promises() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (files, shown) = every_scene_keeps_its_promises(&project.join("demo/library"));
    assert!(files >= 50 && shown * 10 >= files * 9, "only {shown} of {files} show anything");
}

#[test]
fn scenes_of_real_files_keep_their_promises() {
    let Some(data) = std::env::var_os("VITRINE_TEST_DATA").map(PathBuf::from) else {
        let skips_allowed = std::env::var_os("VITRINE_NO_SKIPS").is_none();
        assert!(skips_allowed, "VITRINE_NO_SKIPS is set, but VITRINE_TEST_DATA is not");
        eprintln!(
            "SKIPPED: set VITRINE_TEST_DATA to the folder of real files to make their scenes"
        );
        return;
    };
    let (files, shown) = every_scene_keeps_its_promises(&data.join("usd"));
    assert!(files >= 250 && shown * 2 >= files, "only {shown} of {files} show anything");
}

#[test]
fn scenes_of_damaged_files_are_refused_or_keep_their_promises() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/library");
    let mut paths = Vec::new();
    layers_below(&project, &mut paths);
    paths.sort();
    let mut random = dice();
    let mut made = 0;
    for path in &paths {
        let bytes = fs::read(path).unwrap();
        if bytes.len() > 64 << 10 {
            continue;
        }
        let suffix = path.extension().unwrap().to_str().unwrap();
        for _ in 0..8 {
            let mut bytes = bytes.clone();
            for _ in 0..1 + random(6) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            let name = format!("a.{suffix}");
            let folder = library(&[(&name, &bytes)]);
            let limits =
                Limits { vertices_max: 100_000, triangles_max: 100_000, ..Limits::default() };
            if let Ok(found) =
                Reader::new(folder.path(), limits).scene(&name, &SceneOptions::default())
            {
                found.check().unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
                made += 1;
            }
        }
    }
    assert!(made >= 50, "only {made} damaged files were read at all");
}
