//! The shaders, put together once for a device.

use wgpu::ShaderStages as Stage;

use crate::{
    geometry::Pass,
    targets::{BLENDED, DEPTH, SEEN},
};

const SCENE: &str = concat!(
    include_str!("shaders/scene.wgsl"),
    include_str!("shaders/stroke.wgsl"),
    include_str!("shaders/facet.wgsl"),
    include_str!("shaders/texture.wgsl"),
    include_str!("shaders/light.wgsl"),
    include_str!("shaders/fragment.wgsl"),
    include_str!("shaders/samples.wgsl"),
);
const VISIBLE: &str = include_str!("shaders/visible.wgsl");
const RESOLVE: &str =
    concat!(include_str!("shaders/store.wgsl"), include_str!("shaders/resolve.wgsl"));
const BLEND: &str = include_str!("shaders/blend.wgsl");
const FINISH: &str =
    concat!(include_str!("shaders/store.wgsl"), include_str!("shaders/finish.wgsl"));

/// Everything that is compiled.
#[derive(Debug)]
pub(crate) struct Pipelines {
    /// Uniforms and storage that every step reads.
    pub(crate) scene: wgpu::BindGroupLayout,
    pub(crate) resolving: wgpu::BindGroupLayout,
    pub(crate) blending: wgpu::BindGroupLayout,
    pub(crate) finishing: wgpu::BindGroupLayout,
    /// Solid and cut, each with and without backs.
    visible: [wgpu::RenderPipeline; 4],
    pub(crate) resolve: wgpu::ComputePipeline,
    pub(crate) spread: wgpu::RenderPipeline,
    pub(crate) lay: wgpu::RenderPipeline,
    pub(crate) finish: wgpu::ComputePipeline,
}

impl Pipelines {
    pub(crate) fn new(device: &wgpu::Device) -> Self {
        let every = Stage::VERTEX | Stage::FRAGMENT | Stage::COMPUTE;
        let uniform = wgpu::BufferBindingType::Uniform;
        let read = wgpu::BufferBindingType::Storage { read_only: true };
        let write = wgpu::BufferBindingType::Storage { read_only: false };
        let mut entries = vec![buffer(0, every, uniform)];
        entries.extend((1..=8).map(|at| buffer(at, every, read)));
        let scene = group(device, "scene", &entries);
        let resolving = group(
            device,
            "resolve",
            &[
                texture(0, true),
                texture(1, true),
                buffer(2, Stage::COMPUTE, write),
                buffer(3, Stage::COMPUTE, write),
            ],
        );
        let blending = group(device, "blend", &[buffer(0, Stage::FRAGMENT, read)]);
        let finishing =
            group(device, "finish", &[texture(0, false), buffer(1, Stage::COMPUTE, write)]);
        let layout = |groups: &[Option<&wgpu::BindGroupLayout>]| {
            device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                bind_group_layouts: groups,
                ..Default::default()
            })
        };
        let module = |label, sources: &[&str]| {
            device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(label),
                source: wgpu::ShaderSource::Wgsl(sources.concat().into()),
            })
        };
        let visible = module("visible", &[SCENE, VISIBLE]);
        let blend = module("blend", &[SCENE, VISIBLE, BLEND]);
        let only_scene = layout(&[Some(&scene)]);
        let with_under = layout(&[Some(&scene), Some(&blending)]);
        let seen = [Some(SEEN.into()), Some(SEEN.into())];
        let each =
            [(Pass::Solid, false), (Pass::Solid, true), (Pass::Cut, false), (Pass::Cut, true)];
        let visible = each.map(|(pass, both)| {
            Drawn {
                layout: &only_scene,
                module: &visible,
                vertex: "corner",
                fragment: if pass == Pass::Cut { "cut" } else { "solid" },
                targets: &seen,
                cull: (!both).then_some(wgpu::Face::Back),
                depth: (true, wgpu::CompareFunction::Greater),
            }
            .pipeline(device)
        });
        let premultiplied = wgpu::ColorTargetState {
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            ..BLENDED.into()
        };
        let spread = Drawn {
            layout: &with_under,
            module: &blend,
            vertex: "everywhere",
            fragment: "spread",
            targets: &[Some(BLENDED.into())],
            cull: None,
            depth: (false, wgpu::CompareFunction::Always),
        };
        let lay = Drawn {
            vertex: "veil_corner",
            fragment: "lay",
            targets: &[Some(premultiplied)],
            depth: (false, wgpu::CompareFunction::Greater),
            ..spread
        };
        let compute = |label, own: &wgpu::BindGroupLayout, source: &str| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(label),
                layout: Some(&layout(&[Some(&scene), Some(own)])),
                module: &module(label, &[SCENE, source]),
                entry_point: Some(label),
                compilation_options: Default::default(),
                cache: None,
            })
        };
        Self {
            visible,
            resolve: compute("resolve", &resolving, RESOLVE),
            spread: spread.pipeline(device),
            lay: lay.pipeline(device),
            finish: compute("finish", &finishing, FINISH),
            scene,
            resolving,
            blending,
            finishing,
        }
    }

    /// What draws something opaque.
    pub(crate) fn visible(&self, pass: Pass, both: bool) -> &wgpu::RenderPipeline {
        &self.visible[2 * usize::from(pass == Pass::Cut) + usize::from(both)]
    }
}

/// What sets one pipeline of the rasteriser apart.
#[derive(Clone, Copy)]
struct Drawn<'a> {
    layout: &'a wgpu::PipelineLayout,
    module: &'a wgpu::ShaderModule,
    vertex: &'a str,
    fragment: &'a str,
    targets: &'a [Option<wgpu::ColorTargetState>],
    cull: Option<wgpu::Face>,
    /// Whether it is written, and what may pass.
    depth: (bool, wgpu::CompareFunction),
}

impl Drawn<'_> {
    fn pipeline(&self, device: &wgpu::Device) -> wgpu::RenderPipeline {
        device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(self.fragment),
            layout: Some(self.layout),
            vertex: wgpu::VertexState {
                module: self.module,
                entry_point: Some(self.vertex),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState { cull_mode: self.cull, ..Default::default() },
            depth_stencil: Some(wgpu::DepthStencilState {
                format: DEPTH,
                depth_write_enabled: Some(self.depth.0),
                depth_compare: Some(self.depth.1),
                stencil: Default::default(),
                bias: Default::default(),
            }),
            multisample: wgpu::MultisampleState { count: 4, ..Default::default() },
            fragment: Some(wgpu::FragmentState {
                module: self.module,
                entry_point: Some(self.fragment),
                compilation_options: Default::default(),
                targets: self.targets,
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

fn group(
    device: &wgpu::Device,
    label: &str,
    entries: &[wgpu::BindGroupLayoutEntry],
) -> wgpu::BindGroupLayout {
    device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries })
}

fn buffer(
    binding: u32,
    visibility: Stage,
    ty: wgpu::BufferBindingType,
) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

fn texture(binding: u32, multisampled: bool) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: Stage::COMPUTE,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled,
        },
        count: None,
    }
}
