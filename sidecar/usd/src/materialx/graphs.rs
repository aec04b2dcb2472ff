//! Nodes that a document defines itself: the graphs that stand for them.

use std::collections::HashMap;

use super::document::Document;

/// Nodes that are known as they are, even where a document brings the graph they stand for.
const KNOWN: [&str; 12] = [
    "standard_surface",
    "open_pbr_surface",
    "gltf_pbr",
    "UsdPreviewSurface",
    "UsdUVTexture",
    "UsdPrimvarReader",
    "UsdTransform2d",
    "tiledimage",
    "place2d",
    "normalmap",
    "gltf_colorimage",
    "gltf_image",
];

/// Graphs that stand for nodes, and the definitions they implement: by the definition's name, and
/// by category and type of the node.
#[derive(Default)]
pub(super) struct Graphs<'a> {
    by_definition: HashMap<&'a str, (u32, u32)>,
    by_kind: HashMap<(&'a str, &'a str), (u32, u32)>,
}

impl<'a> Graphs<'a> {
    /// Those of a document.
    pub(super) fn of(document: &'a Document) -> Self {
        let mut implemented: HashMap<&str, u32> = HashMap::new();
        for &top in &document.top {
            let element = document.at(top);
            let graph = match &*element.category {
                "nodegraph" => Some(top),
                "implementation" => document.named(element.get("nodegraph")),
                _ => None,
            };
            if let (Some(graph), definition) = (graph, element.get("nodedef"))
                && !definition.is_empty()
            {
                implemented.entry(definition).or_insert(graph);
            }
        }
        let mut graphs = Self::default();
        for &top in &document.top {
            let definition = document.at(top);
            let (name, node) = (definition.get("name"), definition.get("node"));
            if &*definition.category != "nodedef" || KNOWN.contains(&node) {
                continue;
            }
            let Some(&graph) = implemented.get(name) else { continue };
            let kind = match definition.get("type") {
                "" => document.first_output(top).map_or("", |output| output.get("type")),
                kind => kind,
            };
            graphs.by_definition.entry(name).or_insert((graph, top));
            for kind in [kind, "multioutput"] {
                graphs.by_kind.entry((node, kind)).or_insert((graph, top));
            }
        }
        graphs
    }

    /// The graph and definition of a node.
    pub(super) fn get(&self, definition: &str, category: &str, kind: &str) -> Option<(u32, u32)> {
        let named = self.by_definition.get(definition);
        named.or_else(|| self.by_kind.get(&(category, kind))).copied()
    }
}
