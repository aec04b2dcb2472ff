//! What a catalogue wants to know of a file: counts, names, words.

use std::collections::{BTreeMap, BTreeSet};

use vitrine_scene::{Bounds, Instance, Scene, Topology};

use crate::json;

/// Entries a list of names may have.
const LIST_MAX: usize = 1_000;
/// Names for a sentence, at most.
const NAMES_MAX: usize = 16;
/// Corners that are looked at for the bounds, at most: some seconds.
const CORNERS_MAX: u64 = 1 << 30;

/// Facts of what a file shows: its default scene, at rest. Lengths are in metres, Y is up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Vertices of all triangle meshes, each counted as often as it is shown.
    pub points: u64,
    /// Triangles, each counted as often as it is shown.
    pub faces: u64,
    /// Places of meshes that are shown at several.
    pub instances: u64,
    /// What the file is made of, by kind: `Node`, `Mesh` (places of meshes) and `Camera` of what is
    /// shown; `Material`, `Skin` and `Animation` of the whole file.
    pub counts: BTreeMap<String, u64>,
    /// The box around everything shown; absent where nothing is.
    pub bounds: Option<Bounds>,
    /// Names of cameras.
    pub cameras: Vec<String>,
    /// Names of nodes that are lights, by `KHR_lights_punctual`.
    pub lights: Vec<String>,
    /// Names of skins that shown nodes wear.
    pub skeletons: Vec<String>,
    /// Names of materials on something shown, sorted; `material 3` for the fourth of the file where
    /// it has none.
    pub materials: Vec<String>,
    /// Whether the file has animations.
    pub has_animation: bool,
    /// What the asset's `extras` say under `title` and `description`, where Sketchfab and others put
    /// them. Not the copyright and the generator, which say nothing of the thing itself.
    pub documentation: Option<String>,
    /// Keys of the asset's `extras`, sorted.
    pub extras: Vec<String>,
    /// Names of the first nodes that show something, and of their meshes.
    pub names: Vec<String>,
    /// What was left out of all this, for people.
    pub warnings: Vec<String>,
    is_cut: bool,
}

impl Facts {
    /// What the JSON says.
    ///
    /// * `shown`: nodes of the scene that is shown; all of them are there.
    pub(crate) fn told(root: &json::Root, shown: &[u32]) -> Self {
        let mut facts = Self { has_animation: !root.animations.is_empty(), ..Self::default() };
        let mut uses: BTreeMap<u32, u64> = BTreeMap::new();
        let mut skins = BTreeSet::new();
        let mut names = Names::default();
        let nodes = || shown.iter().filter_map(|&at| Some((at, root.nodes.get(at as usize)?)));
        for (at, node) in nodes() {
            if let Some(mesh) = node.mesh {
                *uses.entry(mesh).or_default() += 1;
                names.add(&node.name);
            }
            skins.extend(node.skin.filter(|_| node.mesh.is_some()));
            if node.extensions.light.is_some() {
                facts.is_cut |= !push(&mut facts.lights, named(&node.name, "light", at));
            }
        }
        for mesh in nodes().filter_map(|(_, node)| root.meshes.get(node.mesh? as usize)) {
            if names.list.len() >= NAMES_MAX {
                break;
            }
            names.add(&mesh.name);
        }
        facts.names = names.list;
        for skin in skins {
            let name = root.skins.get(skin as usize).map_or("", |skin| &skin.name);
            facts.is_cut |= !push(&mut facts.skeletons, named(name, "skin", skin));
        }
        facts.instances = uses.values().filter(|&&uses| uses > 1).sum();
        for (kind, count) in [
            ("Node", shown.len() as u64),
            ("Mesh", uses.values().sum()),
            ("Material", root.materials.len() as u64),
            ("Skin", root.skins.len() as u64),
            ("Animation", root.animations.len() as u64),
        ] {
            if count > 0 {
                facts.counts.insert(kind.to_owned(), count);
            }
        }
        let json::Extras(extras) = &root.asset.extras;
        let words =
            ["title", "description"].iter().filter_map(|key| extras.get(*key)?.0.as_deref());
        let words: Vec<&str> = words.map(str::trim).filter(|text| !text.is_empty()).collect();
        facts.documentation = (!words.is_empty()).then(|| words.join(". "));
        facts.extras = extras.keys().cloned().collect();
        facts
    }

    /// With what only the scene tells.
    pub(crate) fn with(mut self, scene: &Scene) -> Self {
        let mut used = BTreeSet::new();
        for instance in &scene.instances {
            let mesh = &scene.meshes[instance.mesh as usize];
            if mesh.topology == Topology::Triangles {
                self.points = self.points.saturating_add(mesh.positions.len() as u64);
            }
        }
        for mesh in &scene.meshes {
            used.extend(mesh.parts.iter().filter_map(|part| part.material));
        }
        let mut materials = BTreeSet::new();
        for at in used {
            if materials.len() >= LIST_MAX {
                self.is_cut = true;
                break;
            }
            let name = &scene.materials[at as usize].name;
            materials.insert(named(name, "material", at));
        }
        self.materials = materials.into_iter().collect();
        for camera in &scene.cameras {
            self.is_cut |= !push(&mut self.cameras, camera.name.clone());
        }
        if !scene.cameras.is_empty() {
            self.counts.insert("Camera".to_owned(), scene.cameras.len() as u64);
        }
        self.faces = scene.triangles();
        let corners = |instance: &Instance| {
            scene.meshes.get(instance.mesh as usize).map_or(0, |mesh| mesh.indices.len() as u64)
        };
        match scene.instances.iter().map(corners).fold(0, u64::saturating_add) {
            ..=CORNERS_MAX => self.bounds = scene.bounds(),
            more => self.warnings.push(format!("it shows {more} corners: too many for its bounds")),
        }
        if self.is_cut {
            self.warnings.push(format!("lists of names are cut at {LIST_MAX} entries"));
        }
        self
    }
}

/// Names, each once, in order.
#[derive(Default)]
struct Names {
    list: Vec<String>,
    seen: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.list.len() < NAMES_MAX && !name.is_empty() && self.seen.insert(name.to_owned()) {
            self.list.push(name.to_owned());
        }
    }
}

fn named(name: &str, kind: &str, at: u32) -> String {
    match name.is_empty() {
        true => format!("{kind} {at}"),
        false => name.to_owned(),
    }
}

/// Adds to a bounded list; `false` when it is full.
fn push(list: &mut Vec<String>, text: String) -> bool {
    let has_room = list.len() < LIST_MAX;
    if has_room {
        list.push(text);
    }
    has_room
}
