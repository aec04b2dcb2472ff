//! One way to facts and scenes for every format that assets have. A file's suffix says its format.

use vitrine_gltf::{Facts, GltfError};
use vitrine_scene::Scene;
use vitrine_usd::{Bounds, Inspection, Limits, Metadata, Reader, SceneOptions};

/// What an asset is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// USD in any of its encodings.
    Usd,
    /// glTF 2.0: GLB, or a `.gltf` with everything inside.
    Gltf,
}

impl Format {
    /// By the suffix of `path`; USD where it says nothing.
    pub fn of(path: &str) -> Self {
        let suffix = path.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        match suffix.eq_ignore_ascii_case("glb") || suffix.eq_ignore_ascii_case("gltf") {
            true => Self::Gltf,
            false => Self::Usd,
        }
    }
}

/// Names everything that changes what extraction writes of the asset at `path`. Raise the number of
/// a format when its output changes, and only then: all its assets are read again.
pub fn extractor_version(path: &str) -> &'static str {
    match Format::of(path) {
        Format::Usd => "usd-2",
        Format::Gltf => "gltf-1",
    }
}

/// Reads assets of one library, in any format.
pub(super) struct Formats {
    /// Of USD; opens the files of other formats too, so that the same rules hold for all.
    usd: Reader,
    limits: Limits,
    /// The scene that came with the last facts, where it will be asked for.
    at_hand: Option<(String, Scene)>,
}

impl Formats {
    /// Of the library in the folder `root`.
    pub(super) fn new(root: &str, limits: &Limits) -> Self {
        Self { usd: Reader::new(root, limits.clone()), limits: limits.clone(), at_hand: None }
    }

    /// What a catalogue wants to know of the asset at `path`.
    ///
    /// * `draws`: whether its scene will be asked for next.
    ///
    /// # Errors
    ///
    /// A sentence that names a file only where it is another one.
    pub(super) fn inspect(&mut self, path: &str, draws: bool) -> Result<Inspection, String> {
        self.at_hand = None;
        match Format::of(path) {
            Format::Usd => self.usd.inspect(path).map_err(|error| match error.path == path {
                true => error.reason,
                false => error.to_string(), // A layer below it: say which.
            }),
            Format::Gltf => {
                let (scene, facts) = self.gltf(path)?;
                let inspection = inspection(path, facts, &scene);
                self.at_hand = draws.then(|| (path.to_owned(), scene));
                Ok(inspection)
            }
        }
    }

    /// What a picture of the asset at `path` needs.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub(super) fn scene(&mut self, path: &str) -> Result<Scene, String> {
        match (Format::of(path), self.at_hand.take()) {
            (Format::Usd, _) => {
                let scene = self.usd.scene(path, &SceneOptions::default());
                scene.map_err(|error| error.to_string())
            }
            (Format::Gltf, at_hand) => {
                let at_hand = at_hand.filter(|(of, _)| of == path);
                let scene = match at_hand {
                    Some((_, scene)) => scene,
                    None => self.gltf(path)?.0,
                };
                let (shown, max) = (scene.triangles(), self.limits.shown_triangles_max);
                match shown > max {
                    false => Ok(scene),
                    true => Err(format!(
                        "it shows {shown} triangles, more than {max} (limit shownTrianglesMax)"
                    )),
                }
            }
        }
    }

    fn gltf(&mut self, path: &str) -> Result<(Scene, Facts), String> {
        let bytes = self.usd.file(path).map_err(|error| error.reason)?;
        let limits = vitrine_gltf::Limits {
            file_bytes_max: self.limits.file_bytes_max,
            nodes_max: self.limits.prims_max,
            depth_max: self.limits.depth_max,
            instances_max: self.limits.places_max,
            ..vitrine_gltf::Limits::default()
        };
        vitrine_gltf::read_with_facts(&bytes, &limits).map_err(|error| told(&error))
    }
}

/// With the cause, which the sentence itself leaves out.
fn told(error: &GltfError) -> String {
    let mut sentence = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        sentence.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    sentence
}

/// Facts of a glTF in the fields that USD has them in. What only USD knows stays empty.
fn inspection(path: &str, facts: Facts, scene: &Scene) -> Inspection {
    let Facts { points, faces, instances, counts, bounds, cameras, lights, skeletons, .. } = facts;
    let Facts { materials, has_animation, documentation, extras, names, warnings, .. } = facts;
    let usd_defaults = 24.0; // Time codes and frames a second where nothing is said.
    let metres = scene.metres_per_unit;
    let bounds = bounds.map(|found| Bounds {
        min: found.min,
        max: found.max,
        size_m: [0, 1, 2].map(|axis| (found.max[axis] - found.min[axis]) * metres),
    });
    let is_finite = |bounds: &Bounds| {
        let Bounds { min, max, size_m } = bounds;
        min.iter().chain(max).chain(size_m).all(|value| value.is_finite())
    };
    Inspection {
        metadata: Metadata {
            up_axis: "Y".to_owned(),
            meters_per_unit: metres,
            fps: usd_defaults,
            time_codes_per_second: usd_defaults,
            has_animation,
            points,
            faces,
            instances,
            prims: counts,
            bounds: bounds.filter(is_finite),
            cameras,
            lights,
            skeletons,
            materials,
            documentation,
            custom_data_keys: extras,
            ..Metadata::default()
        },
        kind: None,
        files: vec![path.to_owned()],
        absent: Vec::new(),
        names,
        warnings: scene.warnings.iter().cloned().chain(warnings).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_suffix_says_the_format_in_any_case() {
        for path in ["a/chair.glb", "chair.GLB", "a.usd/chair.gltf"] {
            assert_eq!(Format::of(path), Format::Gltf, "{path}");
        }
        for path in ["chair.usd", "a.glb/chair.usdz", "glb", "chair.glb.usda", ""] {
            assert_eq!(Format::of(path), Format::Usd, "{path}");
        }
    }
}
