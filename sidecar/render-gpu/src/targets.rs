//! What pictures are made in; kept from view to view.

use crate::buffers::Kept;

/// Depth: reversed, so that distance keeps its precision.
pub(crate) const DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// What each sample sees: whole numbers as floats, which may have four samples everywhere.
pub(crate) const SEEN: wgpu::TextureFormat = wgpu::TextureFormat::R32Float;

/// Colours that are laid over one another.
pub(crate) const BLENDED: wgpu::TextureFormat = wgpu::TextureFormat::Rgba16Float;

/// Bytes of a pixel while it is made: of what is opaque, and what more of what shines through.
const SOLID_BYTES: u64 = 4 * (4 + 4 + 4) + 4;
const VEILED_BYTES: u64 = 4 * (8 + 8) + 8;

/// Textures and buffers of one size.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) size: u32,
    pub(crate) draws: wgpu::TextureView,
    pub(crate) numbers: wgpu::TextureView,
    pub(crate) depth: wgpu::TextureView,
    pub(crate) veiled: Option<Veiled>,
}

/// What only scenes need in which something shines through.
#[derive(Debug)]
pub(crate) struct Veiled {
    pub(crate) samples: wgpu::TextureView,
    pub(crate) mean: wgpu::TextureView,
}

/// Buffers of pixels.
#[derive(Debug)]
pub(crate) struct Pixels {
    /// One picture, 4 bytes a pixel.
    pub(crate) stored: Kept,
    /// Four colours of 8 bytes a pixel.
    pub(crate) apart: Kept,
    /// Several pictures on their way back.
    pub(crate) back: Kept,
}

impl Pixels {
    pub(crate) fn new() -> Self {
        use wgpu::BufferUsages as Usage;
        Self {
            stored: Kept::new("picture", Usage::STORAGE | Usage::COPY_SRC),
            apart: Kept::new("samples", Usage::STORAGE),
            back: Kept::new("pictures", Usage::COPY_DST | Usage::MAP_READ),
        }
    }
}

/// Device memory that a picture takes while it is made.
pub(crate) fn bytes(size: u32, is_veiled: bool) -> u64 {
    u64::from(size).pow(2) * (SOLID_BYTES + if is_veiled { VEILED_BYTES } else { 0 })
}

impl Targets {
    pub(crate) fn new(device: &wgpu::Device, size: u32, is_veiled: bool) -> Self {
        let texture = |label, format, sample_count| {
            let texture = device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d { width: size, height: size, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                    | wgpu::TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            });
            texture.create_view(&wgpu::TextureViewDescriptor::default())
        };
        Self {
            size,
            draws: texture("draws", SEEN, 4),
            numbers: texture("numbers", SEEN, 4),
            depth: texture("depth", DEPTH, 4),
            veiled: is_veiled.then(|| Veiled {
                samples: texture("blended samples", BLENDED, 4),
                mean: texture("blended", BLENDED, 1),
            }),
        }
    }
}
