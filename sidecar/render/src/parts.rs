//! A scene made ready as plain data, for renderers elsewhere that are to show the same.
//!
//! What is decided before pixels (which draws there are, normals, decoded textures, light) is decided
//! here once; such a renderer adds only how it fills pixels.

use vitrine_scene::{AlphaMode, Channel, Scene, Wrap};

use crate::{
    Options, Renderer, View, light,
    material::{Slot, Surface},
    model::Normals,
    project::Projector,
    pyramid::Level,
    space::{Affine, product},
};

/// A scene made ready: what [`Renderer::parts`] gives.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// The scene, which was checked.
    pub scene: &'a Scene,
    /// What the pictures are to be.
    pub options: &'a Options,
    /// What is drawn, in the order of the scene's instances.
    pub draws: Vec<DrawPart>,
    /// What draws wear: the scene's materials, then two neutral ones.
    pub surfaces: Vec<SurfacePart>,
    /// Of each mesh, normals made by corner `[indices]`; none where it brings its own or needs none.
    pub corner_normals: Vec<Option<&'a [[f32; 3]]>>,
    /// Of each decoded picture, its sizes from the largest.
    pub pictures: Vec<Vec<LevelPart<'a>>>,
}

/// A run of one instance's primitives with one surface.
#[derive(Clone, Copy, Debug)]
pub struct DrawPart {
    /// Index of the instance.
    pub instance: u32,
    /// Index in [`Parts::surfaces`].
    pub surface: u32,
    /// Place of its first index in the mesh.
    pub first_index: u32,
    /// Triangles, segments or points.
    pub primitives: u32,
}

/// A material ready to be shaded; factors are within their ranges.
#[derive(Clone, Debug)]
pub struct SurfacePart {
    /// Linear base colour.
    pub base: [f32; 3],
    /// 0…1.
    pub metallic: f32,
    /// 0…1.
    pub roughness: f32,
    /// Linear light.
    pub emissive: [f32; 3],
    /// 0…1.
    pub opacity: f32,
    /// What opacity does.
    pub alpha: AlphaMode,
    /// The mesh's sets of coordinates, by slot; at most two.
    pub uv_sets: Vec<u32>,
    /// Readings of pictures.
    pub lookups: Vec<LookupPart>,
    /// What is read for base colour, metallic, roughness, emissive, normal, occlusion and opacity.
    pub slots: [Option<SlotPart>; 7],
}

/// One reading of a picture.
#[derive(Clone, Copy, Debug)]
pub struct LookupPart {
    /// Index in [`Parts::pictures`]; none where the picture is broken.
    pub picture: Option<usize>,
    /// Slot of the coordinates; none where a material has too many sets.
    pub uv: Option<usize>,
    /// Beyond 0…1, along and up.
    pub wrap: [Wrap; 2],
    /// `(u, v, 1) · transform` before reading.
    pub transform: [[f32; 2]; 3],
    /// Stands for what cannot be read, without scale and bias.
    pub fallback: [f32; 4],
}

/// What is taken of a reading.
#[derive(Clone, Copy, Debug)]
pub struct SlotPart {
    /// Index in [`SurfacePart::lookups`].
    pub lookup: usize,
    /// Where one number is wanted.
    pub channel: Channel,
    /// `value · scale + bias`, by channel.
    pub scale: [f32; 4],
    /// As `scale`.
    pub bias: [f32; 4],
}

/// One size of a picture: rows from the bottom, linear light and alpha as 0…65535.
#[derive(Clone, Copy, Debug)]
pub struct LevelPart<'a> {
    /// Texels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width · height` texels: red and green, blue and alpha, each pair with its first in the lower half.
    pub texels: &'a [[u32; 2]],
}

/// Where an instance stands in a view: rows for `x · a + y · b + z · c + shift`.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// For points: a, b, c, shift.
    pub points: [[f32; 3]; 4],
    /// For normals: a, b, c; results of any length.
    pub normals: [[f32; 3]; 3],
    /// Whether it turns left hands into right ones.
    pub mirrors: bool,
    /// How much it stretches its longest axis.
    pub stretch: f32,
}

/// How a view is put on the picture.
#[derive(Clone, Copy, Debug)]
pub struct Projection {
    /// Whether distance makes things smaller.
    pub is_perspective: bool,
    /// Pixels for one unit, at distance 1 with perspective.
    pub focal: f32,
    /// Half of the picture's width in pixels.
    pub middle: f32,
    /// Up of the world in the camera's space.
    pub sky: [f32; 3],
}

/// The light of every view, in the camera's space; directions are of any length.
#[derive(Clone, Copy, Debug)]
pub struct LightPart {
    /// Towards each light, and its colour.
    pub lights: [([f32; 3], [f32; 3]); 3],
    /// Light of the upper half of the surroundings.
    pub sky: [f32; 3],
    /// Light of the lower half.
    pub ground: [f32; 3],
    /// Bright panels: towards each, its sharpness, its brightness.
    pub panels: [([f32; 3], f32, f32); 3],
    /// Least roughness with which highlights are drawn.
    pub lamp_roughness: f32,
}

/// The light of every view.
pub const LIGHT: LightPart = LightPart {
    lights: light::LIGHTS,
    sky: light::SKY,
    ground: light::GROUND,
    panels: light::PANELS,
    lamp_roughness: light::LAMP_ROUGHNESS,
};

/// Nearest distance that is seen, in the camera's space.
pub const NEAR: f32 = crate::project::NEAR;

/// Coordinates in the camera's space beyond this count as not there.
pub const FAR_AWAY: f32 = crate::project::FAR_AWAY;

/// Thinnest segment or point in pixels.
pub const THINNEST_PX: f32 = crate::stroke::THINNEST_PX;

/// Cosine between faces of one surface above which they are shaded as one where they share a pixel.
pub const ALIKE: f32 = crate::resolve::ALIKE;

/// Linear light of a colour of 8 bits in sRGB.
pub fn linear([r, g, b]: [u8; 3]) -> [f32; 3] {
    crate::pyramid::linear([r, g, b, 255])
}

impl Placement {
    /// Of an instance in the world, seen by a view.
    pub fn new(to_world: &[[f64; 4]; 4], view: &View) -> Self {
        let place = Affine::of(&product(to_world, &view.to_camera));
        let zero = place.point([0.0; 3]);
        let row = |affine: &Affine, k: usize| {
            affine.direction(std::array::from_fn(|axis| f32::from(u8::from(axis == k))))
        };
        let for_normals = place.for_normals();
        Self {
            points: [row(&place, 0), row(&place, 1), row(&place, 2), zero],
            normals: [0, 1, 2].map(|k| row(&for_normals, k)),
            mirrors: place.mirrors(),
            stretch: place.stretch(),
        }
    }

    /// Where a point of the mesh lies in the camera's space.
    pub fn point(&self, p: [f32; 3]) -> [f32; 3] {
        let [a, b, c, shift] = &self.points;
        std::array::from_fn(|k| a[k] * p[0] + b[k] * p[1] + c[k] * p[2] + shift[k])
    }
}

impl Projection {
    /// Of a view on a picture of `size` pixels.
    pub fn new(view: &View, size: u32) -> Self {
        let Projector { is_perspective, focal, middle } = Projector::new(view.lens, size);
        Self { is_perspective, focal, middle, sky: view.sky() }
    }
}

impl Renderer<'_> {
    /// What this scene is made of, for a renderer elsewhere.
    pub fn parts(&self) -> Parts<'_> {
        let model = &self.model;
        let corner_normals = model.normals.iter().map(|normals| match normals {
            Normals::Corners(corners) => Some(corners.as_slice()),
            Normals::Own | Normals::Round => None,
        });
        let pictures =
            model.pyramids.iter().map(|pyramid| pyramid.levels.iter().map(level).collect());
        let draws = model.draws.iter().map(|draw| DrawPart {
            instance: draw.instance,
            surface: draw.surface,
            first_index: draw.first_index,
            primitives: draw.primitives,
        });
        Parts {
            scene: model.scene,
            options: &self.options,
            draws: draws.collect(),
            surfaces: model.surfaces.iter().map(surface).collect(),
            corner_normals: corner_normals.collect(),
            pictures: pictures.collect(),
        }
    }
}

fn surface(surface: &Surface) -> SurfacePart {
    let slot = |slot: &Option<Slot>| {
        slot.map(|Slot { lookup, channel, scale, bias }| SlotPart { lookup, channel, scale, bias })
    };
    let lookups = surface.lookups.iter().map(|lookup| LookupPart {
        picture: lookup.pyramid,
        uv: lookup.uv,
        wrap: lookup.wrap,
        transform: lookup.transform,
        fallback: lookup.fallback,
    });
    SurfacePart {
        base: surface.base,
        metallic: surface.metallic,
        roughness: surface.roughness,
        emissive: surface.emissive,
        opacity: surface.opacity,
        alpha: surface.alpha,
        uv_sets: surface.uv_sets.clone(),
        lookups: lookups.collect(),
        slots: [
            slot(&surface.base_slot),
            slot(&surface.metallic_slot),
            slot(&surface.roughness_slot),
            slot(&surface.emissive_slot),
            slot(&surface.normal_slot),
            slot(&surface.occlusion_slot),
            slot(&surface.opacity_slot),
        ],
    }
}

fn level(level: &Level) -> LevelPart<'_> {
    LevelPart { width: level.width, height: level.height, texels: &level.texels }
}
