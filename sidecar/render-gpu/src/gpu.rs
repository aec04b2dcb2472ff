//! The whole way from a scene to pictures.

use std::time::{Duration, Instant};

use vitrine_render::{Image, Options, Renderer, View, parts::Parts};
use vitrine_scene::Scene;

use crate::{
    Choice, GpuError, NoGpu, blend,
    buffers::{Kept, Uploader},
    drawing::{Buffers, Drawing},
    geometry::{DRAWS_MAX, Geometry},
    open::{Opened, caught, open},
    pipelines::Pipelines,
    surfaces::Surfaces,
    targets::{Pixels, Targets, bytes},
    views::reaches,
};

/// Bytes of pictures that come back at once, at least one picture.
const BACK_BYTES_MAX: u64 = 64 << 20;

/// What one scene may take of a GPU. Scenes beyond it are the processor's.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Meshes, instances and the order of what shines through, in bytes.
    pub geometry_bytes_max: u64,
    /// Decoded textures, in bytes; each texel takes 8, its smaller sizes a third more.
    pub texture_bytes_max: u64,
    /// What a picture takes while it is made: 52 bytes a pixel, 124 where something shines through.
    pub picture_bytes_max: u64,
    /// All pictures of one scene together, in seconds.
    pub seconds_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            geometry_bytes_max: 2 << 30,
            texture_bytes_max: 1 << 30,
            picture_bytes_max: 1 << 30,
            seconds_max: 60,
        }
    }
}

/// An open GPU: one is enough for a process, and one scene is rendered at a time.
#[derive(Debug)]
pub struct Gpu {
    opened: Opened,
    limits: Limits,
    pipelines: Pipelines,
    held: Held,
}

/// Memory kept from scene to scene.
#[derive(Debug)]
struct Held {
    camera: Kept,
    places: Kept,
    draws: Kept,
    words: Kept,
    surfaces: Kept,
    lookups: Kept,
    levels: Kept,
    texels: Kept,
    veils: Kept,
    pixels: Pixels,
    targets: Option<Targets>,
}

impl Held {
    fn new() -> Self {
        let storage =
            |label| Kept::new(label, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST);
        Self {
            camera: Kept::new("camera", wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST),
            places: storage("places"),
            draws: storage("draws"),
            words: storage("geometry"),
            surfaces: storage("surfaces"),
            lookups: storage("lookups"),
            levels: storage("levels"),
            texels: storage("texels"),
            veils: storage("veils"),
            pixels: Pixels::new(),
            targets: None,
        }
    }
}

impl Gpu {
    /// Opens the best GPU that there is.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is none; it never panics, whatever loader and drivers do.
    pub fn open(choice: Choice) -> Result<Self, NoGpu> {
        let opened = open(choice)?;
        let broken = |reason| NoGpu::Broken { name: opened.name.clone(), reason };
        let pipelines = caught(|| Pipelines::new(&opened.device)).map_err(broken)?;
        if let Some(reason) = opened.faults.lost().or_else(|| opened.faults.take()) {
            return Err(broken(reason));
        }
        Ok(Self { opened, limits: Limits::default(), pipelines, held: Held::new() })
    }

    /// The same with other limits.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The device, as its driver names it.
    pub fn name(&self) -> &str {
        &self.opened.name
    }

    /// The driver and its version.
    pub fn driver(&self) -> &str {
        &self.opened.driver
    }

    /// Whether it is software that only speaks Vulkan.
    pub fn is_software(&self) -> bool {
        self.opened.is_software
    }

    /// Pictures of a scene from several places, in their order.
    ///
    /// # Errors
    ///
    /// When the scene is not sound or more than the GPU is given, or the GPU fails; unless the
    /// error says that it is the last, other scenes may be tried. The processor's renderer takes what
    /// fails here.
    pub fn render(
        &mut self,
        scene: &Scene,
        options: &Options,
        views: &[View],
    ) -> Result<Vec<Image>, GpuError> {
        self.render_prepared(&Renderer::new(scene, options)?, views)
    }

    /// As [`Gpu::render`], of a scene that was made ready, which the processor can then take too.
    ///
    /// # Errors
    ///
    /// As [`Gpu::render`].
    pub fn render_prepared(
        &mut self,
        renderer: &Renderer<'_>,
        views: &[View],
    ) -> Result<Vec<Image>, GpuError> {
        if let Some(reason) = self.opened.faults.lost() {
            return Err(GpuError::Lost(reason));
        }
        let _ = self.opened.faults.take();
        let found = caught(|| self.try_render(renderer, views));
        if let Some(reason) = self.opened.faults.lost() {
            return Err(GpuError::Lost(reason));
        }
        let fault = self.opened.faults.take();
        match (found, fault) {
            (Ok(Err(error @ GpuError::Slow { .. })), _) => {
                self.opened.faults.lose(error.to_string());
                Err(error)
            }
            (Ok(found), None) => found,
            (_, Some(reason)) => {
                self.held = Held::new(); // It may be for want of memory.
                Err(GpuError::Driver(reason))
            }
            (Err(panic), None) => {
                self.opened.faults.lose(panic.clone());
                Err(GpuError::Lost(panic))
            }
        }
    }

    fn try_render(
        &mut self,
        renderer: &Renderer<'_>,
        views: &[View],
    ) -> Result<Vec<Image>, GpuError> {
        let deadline = Instant::now() + Duration::from_secs(self.limits.seconds_max);
        let parts = renderer.parts();
        let geometry = Geometry::new(&parts);
        let surfaces = Surfaces::new(&parts);
        self.check(&parts, &geometry, &surfaces)?;
        let mut drawing = self.upload(renderer, &parts, &geometry, &surfaces, deadline);
        let size = u64::from(parts.options.size);
        let at_once = (BACK_BYTES_MAX / (size * size * 4)).max(1) as usize;
        let mut images = Vec::with_capacity(views.len());
        for views in views.chunks(at_once) {
            drawing.views(views, &mut images)?;
        }
        Ok(images)
    }

    /// Refuses what is more than the GPU is given.
    fn check(
        &self,
        parts: &Parts,
        geometry: &Geometry,
        surfaces: &Surfaces,
    ) -> Result<(), GpuError> {
        let binding = self.opened.device.limits().max_storage_buffer_binding_size;
        // Places are counted in words of 32 bits.
        let geometry_max = self.limits.geometry_bytes_max.min(binding).min(u64::from(u32::MAX));
        let veils = blend::count(&geometry.runs);
        let size = u64::from(parts.options.size);
        let picture_max = self.limits.picture_bytes_max;
        let draws = geometry.runs.len() as u64;
        let counts: [(&'static str, u64, u64); 6] = [
            ("meshes", geometry.bytes, geometry_max),
            ("instances", 112 * parts.scene.instances.len() as u64, geometry_max),
            ("parts of meshes", 48 * draws, geometry_max.min(48 * DRAWS_MAX)),
            ("transparent triangles", 8 * veils, geometry_max),
            ("textures", 8 * surfaces.texels, self.limits.texture_bytes_max.min(binding)),
            ("pictures", bytes(parts.options.size, veils > 0), picture_max),
        ];
        for (what, found, max) in counts {
            if found > max {
                return Err(GpuError::TooLarge { what, found, max });
            }
        }
        if veils > 0 && size * size * 32 > binding {
            return Err(GpuError::TooLarge {
                what: "pictures",
                found: size * size * 32,
                max: binding,
            });
        }
        Ok(())
    }

    /// Brings a scene to the device.
    fn upload<'a>(
        &'a mut self,
        renderer: &'a Renderer<'a>,
        parts: &'a Parts<'a>,
        geometry: &Geometry<'a>,
        surfaces: &Surfaces,
        deadline: Instant,
    ) -> Drawing<'a> {
        let Self { opened, pipelines, held, limits } = self;
        let device = &opened.device;
        let max = device.limits().max_storage_buffer_binding_size;
        let mut uploader = Uploader::new(device, &opened.queue);
        let is_veiled = blend::count(&geometry.runs) > 0;
        let mut put = |kept: &mut Kept, bytes: &[u8]| {
            let buffer = kept.with(device, bytes.len() as u64, max);
            uploader.write(&buffer, 0, bytes);
            buffer
        };
        let draws = put(&mut held.draws, geometry.draws.bytes());
        let all = put(&mut held.surfaces, surfaces.surfaces.bytes());
        let lookups = put(&mut held.lookups, surfaces.lookups.bytes());
        let levels = put(&mut held.levels, surfaces.levels.bytes());
        let words = held.words.with(device, geometry.bytes, max);
        let mut at = 0;
        for bytes in &geometry.arrays {
            uploader.write(&words, at, bytes);
            at += bytes.len() as u64;
        }
        let texels = held.texels.with(device, surfaces.texels * 8, max);
        let mut at = 0;
        for level in parts.pictures.iter().flatten() {
            let bytes: &[u8] = bytemuck::cast_slice(level.texels);
            uploader.write(&texels, at, bytes);
            at += bytes.len() as u64;
        }
        let size = parts.options.size;
        let fits = |kept: &Targets| kept.size == size && (!is_veiled || kept.veiled.is_some());
        if !held.targets.as_ref().is_some_and(fits) {
            held.targets = None;
        }
        let targets = held.targets.get_or_insert_with(|| Targets::new(device, size, is_veiled));
        let places = 112 * parts.scene.instances.len() as u64;
        let places = held.places.with(device, places, max);
        let veils = held.veils.with(device, 8 * blend::count(&geometry.runs), max);
        let camera = held.camera.with(device, 320, max);
        let buffers = [&camera, &places, &draws, &words, &all, &lookups, &levels, &texels, &veils];
        let entries: Vec<_> = (0..).zip(buffers).map(|(at, buffer)| entry(at, buffer)).collect();
        let scene = bind(device, &pipelines.scene, &entries);
        let pixels = u64::from(size).pow(2);
        let stored = held.pixels.stored.with(device, pixels * 4, max);
        let apart = held.pixels.apart.with(device, if is_veiled { pixels * 32 } else { 0 }, max);
        let texture = |binding, view| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::TextureView(view),
        };
        let resolving = [
            texture(0, &targets.draws),
            texture(1, &targets.numbers),
            entry(2, &stored),
            entry(3, &apart),
        ];
        let resolving = bind(device, &pipelines.resolving, &resolving);
        let blending = targets.veiled.as_ref().filter(|_| is_veiled).map(|veiled| {
            let finishing = [texture(0, &veiled.mean), entry(1, &stored)];
            let finishing = bind(device, &pipelines.finishing, &finishing);
            (bind(device, &pipelines.blending, &[entry(0, &apart)]), finishing)
        });
        Drawing {
            opened,
            pipelines,
            renderer,
            parts,
            runs: geometry.runs.clone(),
            reaches: reaches(&parts.scene.meshes),
            targets,
            back: &mut held.pixels.back,
            buffers: Buffers { camera, places, veils, stored },
            scene,
            resolving,
            blending,
            deadline,
            seconds_max: limits.seconds_max,
        }
    }
}

fn entry(binding: u32, buffer: &wgpu::Buffer) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }
}

fn bind(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    entries: &[wgpu::BindGroupEntry<'_>],
) -> wgpu::BindGroup {
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries })
}
