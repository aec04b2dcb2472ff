//! What a scene promises.

use crate::{Projection, Scene, Topology};

/// A promise that a scene breaks; the sentence says which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wrong(pub String);

impl std::fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl Scene {
    /// Checks all that the fields' descriptions promise, so that whoever takes the scene need not.
    ///
    /// # Errors
    ///
    /// The first broken promise.
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = |sentence: String| Err(Wrong(sentence));
        if !(self.metres_per_unit > 0.0 && self.metres_per_unit.is_finite()) {
            return wrong(format!("{} metres in a unit", self.metres_per_unit));
        }
        let (materials, pictures) = (self.materials.len(), self.pictures.len());
        let is_material =
            |material: Option<u32>| material.is_none_or(|material| (material as usize) < materials);
        for (at, mesh) in self.meshes.iter().enumerate() {
            let vertices = mesh.positions.len();
            let lengths =
                [mesh.normals.as_ref().map(Vec::len), mesh.colours.as_ref().map(Vec::len)];
            let uvs = mesh.uvs.iter().map(|set| Some(set.len()));
            if lengths.into_iter().chain(uvs).flatten().any(|length| length != vertices) {
                return wrong(format!("mesh {at}: an array is not as long as its positions"));
            }
            let finite = mesh.positions.iter().flatten().all(|value| value.is_finite())
                && mesh.normals.iter().flatten().flatten().all(|value| value.is_finite())
                && mesh.uvs.iter().flatten().flatten().all(|value| value.is_finite())
                && mesh.colours.iter().flatten().flatten().all(|value| value.is_finite());
            if !finite {
                return wrong(format!("mesh {at}: a number is not finite"));
            }
            if mesh.indices.iter().any(|&index| index as usize >= vertices) {
                return wrong(format!("mesh {at}: an index is beyond its {vertices} vertices"));
            }
            let (corners, width) = match mesh.topology {
                Topology::Triangles => (3, 0.0),
                Topology::Segments { width } => (2, width),
                Topology::Points { width } => (1, width),
            };
            if !(width >= 0.0 && width.is_finite()) {
                return wrong(format!("mesh {at}: the width {width}"));
            }
            let parts = mesh.parts.iter().map(|part| u64::from(part.indices)).sum::<u64>();
            let whole = mesh.parts.iter().all(|part| part.indices.is_multiple_of(corners));
            if parts != mesh.indices.len() as u64 || !whole {
                return wrong(format!("mesh {at}: its parts are not its indices"));
            }
            if !mesh.parts.iter().all(|part| is_material(part.material)) {
                return wrong(format!("mesh {at}: a material that is not there"));
            }
        }
        for (at, instance) in self.instances.iter().enumerate() {
            if instance.mesh as usize >= self.meshes.len() || !is_material(instance.material) {
                return wrong(format!("instance {at}: a mesh or material that is not there"));
            }
            if !instance.to_world.iter().flatten().all(|value| value.is_finite()) {
                return wrong(format!("instance {at}: its place is not finite"));
            }
        }
        for material in &self.materials {
            if material.textures().any(|texture| texture.picture as usize >= pictures) {
                return wrong(format!("material {}: a picture that is not there", material.name));
            }
        }
        for camera in &self.cameras {
            let fine = match camera.projection {
                Projection::Perspective { fov_x, aspect } => {
                    fov_x > 0.0
                        && fov_x < std::f64::consts::PI
                        && aspect > 0.0
                        && aspect.is_finite()
                }
                Projection::Orthographic { width, aspect } => {
                    width > 0.0 && width.is_finite() && aspect > 0.0 && aspect.is_finite()
                }
            };
            if !fine || !camera.to_world.iter().flatten().all(|value| value.is_finite()) {
                return wrong(format!("camera {}: it sees nothing", camera.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Instance, Material, Mesh, Part, Scene, Texture};

    const HERE: [[f64; 4]; 4] =
        [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

    fn triangle() -> Scene {
        Scene {
            metres_per_unit: 0.01,
            meshes: vec![Mesh {
                positions: vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
                indices: vec![0, 1, 2],
                parts: vec![Part { indices: 3, material: Some(0) }],
                ..Mesh::default()
            }],
            materials: vec![Material::default()],
            instances: vec![Instance { mesh: 0, to_world: HERE, material: None }],
            ..Scene::default()
        }
    }

    #[test]
    fn each_broken_promise_is_found() {
        assert_eq!(triangle().check(), Ok(()));
        let breaks: [fn(&mut Scene); 9] = [
            |scene| scene.metres_per_unit = 0.0,
            |scene| scene.meshes[0].indices[2] = 3,
            |scene| scene.meshes[0].positions[1][1] = f32::NAN,
            |scene| scene.meshes[0].normals = Some(vec![[0.0, 0.0, 1.0]]),
            |scene| scene.meshes[0].uvs.push(vec![[0.0; 2]; 2]),
            |scene| scene.meshes[0].parts[0].indices = 2,
            |scene| scene.meshes[0].parts[0].material = Some(1),
            |scene| scene.instances[0].to_world[3][0] = f64::INFINITY,
            |scene| scene.materials[0].base_colour_texture = Some(Texture::of(0)),
        ];
        for (at, broken) in breaks.into_iter().enumerate() {
            let mut scene = triangle();
            broken(&mut scene);
            assert!(scene.check().is_err(), "{at}");
        }
    }
}
