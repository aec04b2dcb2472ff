//! The whole way from a scene to a picture.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use vitrine_scene::{Bounds, Scene, Topology};

use crate::{
    Background, Image, Options, RenderError, SIZE_MAX, View,
    draw::{Veil, draw_all},
    frame::Frame,
    light::Light,
    model::Model,
    project::{Placed, Projector},
    pyramid::encoder,
    resolve::Painter,
    view::{corners, dot, turntable},
};

/// Vertices by which a turntable is framed exactly; scenes with more use their meshes' boxes.
const FRAMED_MAX: u64 = 4_000_000;

/// Makes pictures of one scene; prepared once, used for any number of views, from any threads.
#[derive(Debug)]
pub struct Renderer<'scene> {
    pub(crate) model: Model<'scene>,
    pub(crate) options: Options,
    bounds: Option<Bounds>,
    /// Memory kept from view to view, one for each thread that renders at a time.
    desks: Mutex<Vec<Desk>>,
}

/// What one picture needs while it is made.
#[derive(Debug)]
struct Desk {
    frame: Frame,
    placed: Vec<Placed>,
    veils: Vec<Veil>,
}

/// Where the time of a picture went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    /// Transforming vertices and finding what each sample sees.
    pub draw: Duration,
    /// Shading what is opaque.
    pub shade: Duration,
    /// Laying what shines through over it.
    pub blend: Duration,
    /// Encoding colours and clearing.
    pub finish: Duration,
}

impl<'scene> Renderer<'scene> {
    /// Checks the scene, decodes its textures and makes the normals it lacks.
    ///
    /// # Errors
    ///
    /// When the scene breaks its promises, shows more than the options allow, or pictures of this
    /// size are not made. A broken texture is a warning.
    pub fn new(scene: &'scene Scene, options: &Options) -> Result<Self, RenderError> {
        if !(1..=SIZE_MAX).contains(&options.size) {
            return Err(RenderError::Size { found: options.size, max: SIZE_MAX });
        }
        let model = Model::new(scene, options)?;
        let bounds = scene.bounds();
        Ok(Self { model, options: options.clone(), bounds, desks: Mutex::default() })
    }

    /// What was taken in another way, such as textures that cannot be read.
    pub fn warnings(&self) -> &[String] {
        &self.model.warnings
    }

    /// What the scene takes up; none where it shows nothing.
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// As [`crate::views`], framed by the vertices themselves: the nearest distance, common to all
    /// views, from which none of them cuts anything off. Empty where the scene shows nothing.
    pub fn views(&self, count: usize) -> Vec<View> {
        let Some(bounds) = &self.bounds else { return Vec::new() };
        let scene = self.model.scene;
        let vertices: u64 = scene
            .instances
            .iter()
            .map(|instance| scene.meshes[instance.mesh as usize].indices.len() as u64)
            .fold(0, u64::saturating_add);
        let round = scene.meshes.iter().any(|mesh| mesh.topology != Topology::Triangles);
        if vertices > FRAMED_MAX || round {
            return crate::views(count, bounds, scene.up);
        }
        let mut points: Vec<[f64; 3]> = Vec::new();
        for instance in &scene.instances {
            let mesh = &scene.meshes[instance.mesh as usize];
            let mut is_used = vec![false; mesh.positions.len()];
            mesh.indices.iter().for_each(|&index| is_used[index as usize] = true);
            let used = mesh.positions.iter().zip(is_used).filter(|(_, used)| *used);
            points.extend(
                used.map(|(p, _)| crate::space::moved(p.map(f64::from), &instance.to_world)),
            );
        }
        if points.is_empty() {
            points.extend(corners(bounds));
        }
        turntable(count, bounds, scene.up, |direction| {
            points.iter().map(|point| dot(*point, direction)).fold(f64::NEG_INFINITY, f64::max)
        })
    }

    /// What the scene's own cameras see, in their order; those that cannot be used are left out.
    pub fn camera_views(&self) -> impl Iterator<Item = (&'scene str, View)> {
        let scene = self.model.scene;
        scene.cameras.iter().filter_map(|camera| {
            let view = View::of_camera(camera, self.bounds.as_ref(), scene.up)?;
            Some((camera.name.as_str(), view))
        })
    }

    /// The picture from one place.
    pub fn render(&self, view: &View) -> Image {
        self.render_staged(view).0
    }

    /// The pictures of several views, in their order, made by up to `threads` threads; each holds
    /// about 52 bytes a pixel. The pictures do not depend on the number of threads.
    pub fn render_all(&self, views: &[View], threads: usize) -> Vec<Image> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<Option<Image>>> = Mutex::new(views.iter().map(|_| None).collect());
        let work = || {
            while let Some((at, view)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                views.get(at).map(|view| (at, view))
            } {
                let image = self.render(view);
                done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(image);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(views.len()) {
                scope.spawn(work);
            }
            work();
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.into_iter().flatten().collect()
    }

    /// As [`Renderer::render`], and where the time went.
    pub fn render_staged(&self, view: &View) -> (Image, Stages) {
        let size = self.options.size;
        let mut stages = Stages::default();
        let mut clock = Instant::now();
        let mut lap = |stage: &mut Duration| {
            *stage = clock.elapsed();
            clock = Instant::now();
        };
        let kept = self.desks.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut desk = kept.unwrap_or_else(|| Desk {
            frame: Frame::new(size),
            placed: Vec::new(),
            veils: Vec::new(),
        });
        let projector = Projector::new(view.lens, size);
        let Desk { frame, placed, veils } = &mut desk;
        draw_all(&self.model, &view.to_camera, &projector, frame, placed, veils);
        lap(&mut stages.draw);
        let light = Light::new(view.sky());
        let mut painter = Painter::new(&self.model, &view.to_camera, projector, light);
        painter.resolve(frame);
        lap(&mut stages.shade);
        painter.blend(frame, veils);
        lap(&mut stages.blend);
        let image = self.encoded(frame);
        frame.clear();
        veils.clear();
        lap(&mut stages.finish);
        self.desks.lock().unwrap_or_else(PoisonError::into_inner).push(desk);
        (image, stages)
    }

    /// The frame's colours in sRGB, before the background.
    fn encoded(&self, frame: &Frame) -> Image {
        let size = self.options.size;
        let encode = encoder();
        let behind = match self.options.background {
            Background::Transparent => [0; 4],
            Background::Plain([r, g, b]) => [r, g, b, 255],
        };
        let mut rgba = behind.repeat(size as usize * size as usize);
        let linear = crate::pyramid::linear(behind);
        let touched = frame.touched;
        let rows = if touched.is_empty() { 0..0 } else { touched.y[0]..touched.y[1] };
        let columns = touched.x[0] as usize..touched.x[1] as usize;
        for y in rows {
            let row = y as usize * size as usize;
            let row = row + columns.start..row + columns.end;
            let out = &mut rgba.as_chunks_mut::<4>().0[row.clone()];
            for ([r, g, b, a], out) in frame.colour[row].iter().zip(out) {
                if *a <= 0.0 {
                    continue;
                }
                if behind[3] == 255 {
                    let rest = 1.0 - a;
                    out[0] = encode(r + linear[0] * rest);
                    out[1] = encode(g + linear[1] * rest);
                    out[2] = encode(b + linear[2] * rest);
                } else {
                    let by = 1.0 / a;
                    *out =
                        [encode(r * by), encode(g * by), encode(b * by), (a * 255.0 + 0.5) as u8];
                }
            }
        }
        Image { width: size, height: size, rgba }
    }
}
