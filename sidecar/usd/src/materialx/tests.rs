//! The parser by itself, on what it should read and on what nobody should write.

use super::*;
use crate::names::Name;
use crate::value::Value;

fn parse_with(text: &[u8], limits: &Limits) -> Result<(Layer, Names), String> {
    let mut names = Names::default();
    let found = read(Bytes::from(text.to_vec()), &mut names, limits);
    found.map(|layer| (layer, names)).map_err(|error| error.to_string())
}

fn parsed(text: &str) -> (Layer, Names) {
    let text = format!("<materialx version=\"1.38\">{text}</materialx>");
    parse_with(text.as_bytes(), &Limits::default()).unwrap()
}

/// Why `text` is refused.
fn reason(text: &[u8]) -> String {
    parse_with(text, &Limits::default()).err().unwrap_or_else(|| "nothing".to_owned())
}

/// `/A/B` with its type, for every prim below the materials.
fn paths(layer: &Layer, names: &Names) -> Vec<String> {
    let mut paths = vec![String::new()];
    for spec in &layer.specs[1..] {
        let above = &paths[spec.parent as usize];
        paths.push(format!("{above}/{}", names.text(spec.name)));
    }
    let tell = |(path, spec): (&String, &crate::layer::PrimSpec)| {
        let path = path.strip_prefix("/MaterialX/Materials/")?;
        Some(format!("{} {path}", names.text(spec.type_name)))
    };
    paths.iter().zip(&layer.specs).filter_map(tell).collect()
}

fn spec<'l>(layer: &'l Layer, names: &Names, name: &str) -> &'l crate::layer::PrimSpec {
    layer.specs.iter().find(|spec| names.text(spec.name) == name).unwrap()
}

/// The value of a property, or what it is connected to.
fn said(layer: &Layer, names: &Names, prim: &str, property: &str) -> Value {
    let name = names.find(property).unwrap();
    let found = spec(layer, names, prim).property(name).unwrap();
    match found.targets() {
        Value::PathEdits(edits) => Value::String(edits.brought().next().unwrap().clone()),
        _ => found.default.clone(),
    }
}

const MATERIAL: &str = "<surfacematerial name='M' type='material'>
    <input name='surfaceshader' type='surfaceshader' nodename='S'/></surfacematerial>";

#[test]
fn a_material_holds_its_shader_its_graph_and_its_loose_nodes() {
    let (layer, names) = parsed(&format!(
        "{MATERIAL}
        <standard_surface name='S' type='surfaceshader'>
            <input name='base_color' type='color3' nodegraph='G' output='colour'/>
            <input name='metalness' type='float' nodename='loose 1'/>
            <input name='base' type='float' value='0.5'/>
        </standard_surface>
        <nodegraph name='G'>
            <input name='file' type='filename' value='a.png' colorspace='srgb_texture'/>
            <image name='I' type='color3'><input name='file' type='filename' interfacename='file'/></image>
            <output name='colour' type='color3' nodename='I'/>
        </nodegraph>
        <constant name='loose 1' type='float'><input name='value' type='float' value='1'/></constant>
        <constant name='unused' type='float'/>"
    ));
    let mut found = paths(&layer, &names);
    found.sort();
    let expected = [
        " M/NodeGraphs",
        "Material M",
        "NodeGraph M/G",
        "Shader M/G/I",
        "Shader M/NodeGraphs/loose_1",
        "Shader M/S",
    ];
    assert_eq!(found, expected, "and nothing that it does not reach");
    let text = |prim: &str, property: &str| said(&layer, &names, prim, property);
    let path = |rest: &str| Value::String(format!("/MaterialX/Materials/M{rest}").into());
    assert_eq!(text("M", "outputs:mtlx:surface"), path("/S.outputs:out"));
    assert_eq!(text("S", "inputs:base_color"), path("/G.outputs:colour"));
    assert_eq!(text("S", "inputs:metalness"), path("/NodeGraphs/loose_1.outputs:out"));
    assert_eq!(text("S", "inputs:base"), path(".inputs:base"), "stronger layers change it there");
    assert_eq!(text("M", "inputs:base"), Value::Double(0.5));
    assert_eq!(text("G", "outputs:colour"), path("/G/I.outputs:out"));
    assert_eq!(text("I", "inputs:file"), path("/G.inputs:file"));
    assert_eq!(text("G", "inputs:file"), Value::Asset("a.png".into()));
    let file = names.find("inputs:file").unwrap();
    let fields = &spec(&layer, &names, "G").property(file).unwrap().rare.as_ref().unwrap().fields;
    assert_eq!(*fields, [(Name::COLOR_SPACE, Value::Token(names.find("srgb_texture").unwrap()))]);
}

#[test]
fn files_have_the_prefixes_and_the_colour_space_of_what_is_around_them() {
    let text = "<materialx colorspace='lin_rec709' fileprefix='tex/'>
        <surfacematerial name='M' type='material'>
            <input name='surfaceshader' type='surfaceshader' nodename='S'/></surfacematerial>
        <S name='S' type='surfaceshader'><input name='a' type='color3' nodegraph='G'/>
            <input name='b' type='color3' value='0.5, 0.5, 0.5' colorspace='srgb_texture'/></S>
        <nodegraph name='G' fileprefix='deep\\'>
            <image name='C' type='color3'><input name='file' type='filename' value='c.png'/></image>
            <image name='D' type='float'><input name='file' type='filename' value='d.png'/></image>
            <mix name='X' type='color3'><input name='fg' type='color3' nodename='C'/></mix>
            <output name='o' type='color3' nodename='X'/></nodegraph></materialx>";
    let (layer, names) = parse_with(text.as_bytes(), &Limits::default()).unwrap();
    let space = |prim: &str| {
        let property = spec(&layer, &names, prim).property(names.find("inputs:file").unwrap());
        match &property.unwrap().rare.as_ref().unwrap().fields[0].1 {
            Value::Token(space) => names.text(*space).to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(said(&layer, &names, "C", "inputs:file"), Value::Asset("tex/deep/c.png".into()));
    assert_eq!((space("C"), space("D")), ("lin_rec709".to_owned(), "raw".to_owned()));
    let Value::Tuple(grey) = said(&layer, &names, "M", "inputs:b") else { panic!() };
    assert!((grey[0] - 0.214_041).abs() < 1e-6, "constants are linear: {grey:?}");
}

#[test]
fn nodes_that_a_document_defines_become_graphs_and_end_where_they_hold_themselves() {
    let (layer, names) = parsed(&format!(
        "{MATERIAL}
        <S name='S' type='surfaceshader'><input name='base_color' type='color3' nodename='N'/></S>
        <mine name='N' type='color3'><input name='tint' type='color3' value='1,0,0'/></mine>
        <nodedef name='ND_mine' node='mine'>
            <input name='tint' type='color3' value='0,0,1'/>
            <input name='gain' type='float' value='2'/>
            <output name='out' type='color3'/></nodedef>
        <nodegraph name='NG_mine' nodedef='ND_mine'>
            <multiply name='P' type='color3'>
                <input name='in1' type='color3' interfacename='tint'/>
                <input name='in2' type='float' interfacename='gain'/></multiply>
            <mine name='again' type='color3'/>
            <output name='out' type='color3' nodename='P'/></nodegraph>"
    ));
    let tint = said(&layer, &names, "N", "inputs:tint");
    assert_eq!(tint, Value::Tuple([1.0, 0.0, 0.0].into()), "the node's own value");
    assert_eq!(said(&layer, &names, "N", "inputs:gain"), Value::Double(2.0), "the definition's");
    let path = |rest: &str| Value::String(format!("/MaterialX/Materials/M/{rest}").into());
    assert_eq!(said(&layer, &names, "P", "inputs:in1"), path("NodeGraphs/N.inputs:tint"));
    let found = paths(&layer, &names);
    assert!(found.contains(&"NodeGraph M/NodeGraphs/N".to_owned()), "{found:?}");
    assert!(found.len() < 40, "{} prims of a node that holds itself", found.len());
}

#[test]
fn nodes_of_several_outputs_are_told_by_their_definition() {
    let (layer, names) = parsed(&format!(
        "{MATERIAL}
        <S name='S' type='surfaceshader'>
            <input name='base_color' type='color3' nodename='N' output='b'/></S>
        <two name='N' type='multioutput' nodedef='ND_two'/>
        <nodedef name='ND_two' node='two'>
            <output name='a' type='float'/><output name='b' type='color3'/></nodedef>
        <nodegraph name='NG_two'><constant name='C' type='color3'/>
            <output name='b' type='color3' nodename='C'/></nodegraph>
        <implementation name='IM_two' nodedef='ND_two' nodegraph='NG_two'/>"
    ));
    let found = paths(&layer, &names);
    assert!(found.contains(&"NodeGraph M/NodeGraphs/N".to_owned()), "{found:?}");
    let path = Value::String("/MaterialX/Materials/M/NodeGraphs/N/C.outputs:out".into());
    assert_eq!(said(&layer, &names, "N", "outputs:b"), path);
}

#[test]
fn documents_of_before_1_38_have_their_shaders_in_their_materials_and_channels_at_inputs() {
    let (layer, names) = parsed(
        "<material name='M'><shaderref name='S' node='standard_surface'>
            <bindinput name='base_color' type='color3' nodegraph='G' output='o'/></shaderref></material>
        <nodegraph name='G'>
            <image name='I' type='color3'><parameter name='file' type='filename' value='a.png'/></image>
            <power name='P' type='float'><input name='in1' type='float' nodename='I' channels='g'/></power>
            <output name='o' type='float' nodename='P'/></nodegraph>",
    );
    let id = said(&layer, &names, "S", "info:id");
    assert_eq!(id, Value::Token(names.find("ND_standard_surface_surfaceshader").unwrap()));
    assert_eq!(said(&layer, &names, "I", "inputs:file"), Value::Asset("a.png".into()));
    let path = |rest: &str| Value::String(format!("/MaterialX/Materials/M/G/{rest}").into());
    assert_eq!(said(&layer, &names, "P", "inputs:in1"), path("P_in1_channel.outputs:out"));
    assert_eq!(said(&layer, &names, "P_in1_channel", "inputs:index"), Value::Int(1));
}

#[test]
fn what_is_no_document_is_refused_with_a_sentence() {
    let laughs: String = (1..10)
        .map(|at| format!("<!ENTITY l{at} '{}'>", format!("&l{};", at - 1).repeat(10)))
        .collect();
    let laughs = format!(
        "<?xml version='1.0'?><!DOCTYPE m [<!ENTITY l0 'ha'>{laughs}]><materialx a='&l9;'/>"
    );
    let outside = "<!DOCTYPE m [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><materialx a='&x;'/>";
    let deep = format!("<materialx>{}", "<nodegraph>".repeat(100_000));
    let wide = format!("<materialx>{}</materialx>", "<a/>".repeat(300_000));
    let attributes: String = (0..100_000).map(|at| format!(" a{at}=''")).collect();
    let attributes = format!("<materialx{attributes}/>");
    #[rustfmt::skip]
    let cases: &[(&str, &[u8], &str)] = &[
        ("nothing",             b"",                                  "it has no element"),
        ("no XML",              b"#usda 1.0",                         "it has no element"),
        ("another root",        b"<svg/>",                            "its root is not `materialx`"),
        ("two roots",           b"<materialx/><materialx/>",          "it has several roots"),
        ("truncated in a tag",  b"<materialx><image name='I",         "is no XML"),
        ("truncated outside",   b"<materialx><image name='I'/>",      "ends in the middle"),
        ("ends crossed",        b"<materialx><a><b></a></b></materialx>", "is no XML"),
        ("an end too many",     b"<materialx/></materialx>",          "is no XML"),
        ("an attribute twice",  b"<materialx a='' a=''/>",            "is no XML"),
        ("an unknown entity",   b"<materialx a='&x;'/>",              "is no XML"),
        ("not UTF-8",           b"<materialx a='\xff\xfe'/>",         "it is not UTF-8"),
        ("UTF-16",              b"\xff\xfe<\0m\0",                    "it is not UTF-8"),
        ("a billion laughs",    laughs.as_bytes(),                    "has a document type"),
        ("an outside entity",   outside.as_bytes(),                   "has a document type"),
        ("100,000 deep",        deep.as_bytes(),                      "is deeper than 64"),
        ("300,000 elements",    wide.as_bytes(),                      "has more than 250000 elements"),
        ("100,000 attributes",  attributes.as_bytes(),                "more than 64 attributes"),
        ("17 MiB",              &[b' '; 17 << 20],                    "more than a MaterialX document may"),
    ];
    for (because, text, expected) in cases {
        let found = reason(text);
        assert!(found.contains(expected), "{because}: {found}");
    }
    let few = Limits { prims_max: 3, ..Limits::default() };
    let found = parse_with(b"<materialx><a/><a/><a/></materialx>", &few).err().unwrap();
    assert!(found.contains("more than 3 elements"), "{found}");
}

/// Documents that promise little and would make much: each ends at a limit, and soon.
#[test]
fn documents_that_multiply_stop_at_a_limit() {
    let inputs: String = (0..60).map(|at| format!("<input name='i{at}' nodename='S'/>")).collect();
    let materials = |count: usize| -> String {
        (0..count).map(|at| MATERIAL.replace("'M'", &format!("'M{at}'"))).collect()
    };
    let shared = format!("{}<S name='S' type='surfaceshader'>{inputs}</S>", materials(20_000));
    let graph: String = (0..2000).map(|at| format!("<image name='i{at}' type='float'/>")).collect();
    let graphs = format!(
        "{}<S name='S' type='surfaceshader'><input name='a' nodegraph='G'/></S>
        <nodegraph name='G'>{graph}</nodegraph>",
        materials(500)
    );
    // Each node holds ten of the next, nine times over.
    let nested: String = (0..9)
        .map(|at| {
            let inner: String = (0..10)
                .map(|inside| format!("<n{} name='i{inside}' type='float'/>", at + 1))
                .collect();
            format!(
                "<nodedef name='D{at}' node='n{at}' type='float'/>
                <nodegraph name='G{at}' nodedef='D{at}'>{inner}</nodegraph>"
            )
        })
        .collect();
    let nested = format!(
        "{MATERIAL}<S name='S' type='surfaceshader'><input name='a' nodename='N'/></S>
        <n0 name='N' type='float'/>{nested}"
    );
    for (because, text, expected) in [
        ("materials that share a shader", shared, "makes prims of more than"),
        ("materials that share a graph", graphs, "makes more than 250000 prims"),
        ("nodes of nodes", nested, "makes more than 250000 prims"),
    ] {
        let text = format!("<materialx>{text}</materialx>");
        let found = reason(text.as_bytes());
        assert!(found.contains(expected), "{because}: {found}");
    }
}

#[test]
fn what_leads_round_in_a_circle_or_nowhere_is_left_out() {
    let (layer, names) = parsed(&format!(
        "{MATERIAL}
        <S name='S' type='surfaceshader'>
            <input name='a' type='color3' nodename='A'/>
            <input name='b' type='color3' output='o'/>
            <input name='c' type='color3' nodename='nobody'/>
            <input name='d' type='color3' interfacename='nobody'/>
            <input name='e' type='color3' value='no colour'/></S>
        <add name='A' type='color3'><input name='in1' type='color3' nodename='B'/></add>
        <add name='B' type='color3'><input name='in1' type='color3' nodename='A'/></add>
        <output name='o' type='color3' output='o'/>"
    ));
    let shader = spec(&layer, &names, "S");
    let found: Vec<&str> =
        shader.properties.iter().map(|property| names.text(property.name)).collect();
    assert_eq!(found, ["inputs:a", "info:id"]);
    assert_eq!(paths(&layer, &names).len(), 5, "the material, S, the loose A and B");
}

#[test]
fn no_damaged_document_crashes_the_reader() {
    let whole = format!(
        "<?xml version='1.0'?><materialx version='1.38' colorspace='lin_rec709'>{MATERIAL}
        <standard_surface name='S' type='surfaceshader'>
            <input name='base_color' type='color3' nodegraph='G' output='o'/></standard_surface>
        <nodegraph name='G'><image name='I' type='color3'>
            <input name='file' type='filename' value='a&amp;b.png'/></image>
            <output name='o' type='color3' nodename='I'/></nodegraph></materialx>"
    );
    let (mut refused, mut state) = (0, 1u64);
    for end in 0..whole.len() {
        refused += u32::from(reason(&whole.as_bytes()[..end]) != "nothing");
        let mut damaged = whole.clone().into_bytes();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 33) as usize % damaged.len();
            damaged[at] = (state >> 20) as u8;
        }
        // Read or refused: either is an answer.
        let _ = reason(&damaged);
    }
    assert_eq!(refused as usize, whole.len(), "no beginning of a document is a document");
}
