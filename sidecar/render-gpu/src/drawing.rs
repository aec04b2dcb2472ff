//! One scene on the device: its views, one after the other, and their way back.

use std::time::Instant;

use vitrine_render::{Image, Lens, Renderer, View, parts::Parts};

use crate::{
    GpuError, blend,
    buffers::Kept,
    geometry::{Pass, Run},
    open::Opened,
    pipelines::Pipelines,
    targets::Targets,
    views::{Places, camera},
};

/// Triangles after which the device is waited for, so that it is left alone in time.
const SUBMIT_TRIANGLES_MAX: u64 = 4 << 20;

/// Pixels along a workgroup's side.
const GROUP: u32 = 8;

/// A scene that lies on the device.
pub(crate) struct Drawing<'a> {
    pub(crate) opened: &'a Opened,
    pub(crate) pipelines: &'a Pipelines,
    pub(crate) renderer: &'a Renderer<'a>,
    pub(crate) parts: &'a Parts<'a>,
    pub(crate) runs: Vec<Run>,
    /// Of each mesh, the greatest magnitude of its coordinates.
    pub(crate) reaches: Vec<f32>,
    pub(crate) targets: &'a Targets,
    pub(crate) back: &'a mut Kept,
    pub(crate) buffers: Buffers,
    pub(crate) scene: wgpu::BindGroup,
    pub(crate) resolving: wgpu::BindGroup,
    /// For laying and for finishing; only where something shines through.
    pub(crate) blending: Option<(wgpu::BindGroup, wgpu::BindGroup)>,
    pub(crate) deadline: Instant,
    pub(crate) seconds_max: u64,
}

/// Buffers that change from view to view, and the one that pictures end in.
pub(crate) struct Buffers {
    pub(crate) camera: wgpu::Buffer,
    pub(crate) places: wgpu::Buffer,
    pub(crate) veils: wgpu::Buffer,
    pub(crate) stored: wgpu::Buffer,
}

/// A part of the triangles of one or more draws.
#[derive(Clone, Copy)]
struct Piece {
    pass: Pass,
    both: bool,
    draws: [u32; 2],
    triangles: [u32; 2],
}

impl Drawing<'_> {
    /// Renders some views and waits for their pictures.
    pub(crate) fn views(&mut self, views: &[View], out: &mut Vec<Image>) -> Result<(), GpuError> {
        let device = &self.opened.device;
        let size = self.parts.options.size;
        let bytes = u64::from(size).pow(2) * 4;
        let all = bytes * views.len() as u64;
        let back = self.back.with(device, all, u64::MAX);
        for (at, view) in views.iter().enumerate() {
            let mut encoder = self.view(view)?;
            let to = at as u64 * bytes;
            encoder.copy_buffer_to_buffer(&self.buffers.stored, 0, &back, to, bytes);
            self.opened.queue.submit([encoder.finish()]);
        }
        back.map_async(wgpu::MapMode::Read, 0..all, |_| {}); // What fails shows below.
        self.wait()?;
        let pixels = back.get_mapped_range(0..all);
        let pixels = pixels.map_err(|error| GpuError::Driver(error.to_string()))?;
        for rgba in pixels.chunks_exact(bytes as usize) {
            out.push(Image { width: size, height: size, rgba: rgba.to_vec() });
        }
        drop(pixels);
        back.unmap();
        Ok(())
    }

    /// Commands that make one picture; those before the last are on their way already.
    fn view(&self, view: &View) -> Result<wgpu::CommandEncoder, GpuError> {
        let queue = &self.opened.queue;
        let is_perspective = matches!(view.lens, Lens::Perspective { .. });
        let Places { placements, words } = Places::new(self.parts, view, &self.reaches)?;
        let is_veiled = self.blending.is_some();
        let seen_from = camera(self.parts, view, self.renderer.bounds(), is_veiled);
        queue.write_buffer(&self.buffers.camera, 0, seen_from.bytes());
        queue.write_buffer(&self.buffers.places, 0, words.bytes());
        let mut veils = 0;
        if is_veiled {
            let (words, count) = blend::sorted(self.parts, &self.runs, &placements, is_perspective);
            queue.write_buffer(&self.buffers.veils, 0, words.bytes());
            veils = count;
        }
        let mut encoder = self.encoder();
        let solid = pieces(&self.runs);
        let mut is_first = true;
        for batch in batches(&solid) {
            if !is_first {
                encoder = self.submitted(encoder)?;
            }
            self.visible(&mut encoder, batch, is_first);
            is_first = false;
        }
        if is_first {
            self.visible(&mut encoder, &[], true);
        }
        let groups = self.parts.options.size.div_ceil(GROUP);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.pipelines.resolve);
        pass.set_bind_group(0, &self.scene, &[]);
        pass.set_bind_group(1, &self.resolving, &[]);
        pass.dispatch_workgroups(groups, groups, 1);
        drop(pass);
        if let (Some((blending, finishing)), Some(_)) = (&self.blending, &self.targets.veiled) {
            let step = SUBMIT_TRIANGLES_MAX as u32;
            let mut from = 0;
            while from == 0 || from < veils {
                if from > 0 {
                    encoder = self.submitted(encoder)?;
                }
                self.blend(&mut encoder, blending, [from, veils.min(from + step)]);
                from += step;
            }
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&self.pipelines.finish);
            pass.set_bind_group(0, &self.scene, &[]);
            pass.set_bind_group(1, finishing, &[]);
            pass.dispatch_workgroups(groups, groups, 1);
        }
        Ok(encoder)
    }

    /// Finds what each sample sees.
    fn visible(&self, encoder: &mut wgpu::CommandEncoder, pieces: &[Piece], is_first: bool) {
        let clear = wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT);
        let load = if is_first { clear } else { wgpu::LoadOp::Load };
        let colour = |view| {
            Some(wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
            })
        };
        // Greater is nearer.
        let load = if is_first { wgpu::LoadOp::Clear(0.0) } else { wgpu::LoadOp::Load };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[colour(&self.targets.draws), colour(&self.targets.numbers)],
            depth_stencil_attachment: Some(self.depth(load)),
            ..Default::default()
        });
        pass.set_bind_group(0, &self.scene, &[]);
        let mut last = None;
        for piece in pieces {
            if last != Some((piece.pass, piece.both)) {
                pass.set_pipeline(self.pipelines.visible(piece.pass, piece.both));
                last = Some((piece.pass, piece.both));
            }
            let [from, to] = piece.triangles;
            pass.draw(from * 3..to * 3, piece.draws[0]..piece.draws[1]);
        }
    }

    /// Lays some of what shines through over what is there.
    fn blend(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        blending: &wgpu::BindGroup,
        [from, to]: [u32; 2],
    ) {
        let Some(veiled) = &self.targets.veiled else { return };
        let clear = wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT);
        let load = if from == 0 { clear } else { wgpu::LoadOp::Load };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &veiled.samples,
                depth_slice: None,
                resolve_target: Some(&veiled.mean),
                ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
            })],
            depth_stencil_attachment: Some(self.depth(wgpu::LoadOp::Load)),
            ..Default::default()
        });
        pass.set_bind_group(0, &self.scene, &[]);
        pass.set_bind_group(1, blending, &[]);
        if from == 0 {
            pass.set_pipeline(&self.pipelines.spread);
            pass.draw(0..3, 0..1);
        }
        pass.set_pipeline(&self.pipelines.lay);
        pass.draw(from * 3..to * 3, 0..1);
    }

    fn depth(&self, load: wgpu::LoadOp<f32>) -> wgpu::RenderPassDepthStencilAttachment<'_> {
        wgpu::RenderPassDepthStencilAttachment {
            view: &self.targets.depth,
            depth_ops: Some(wgpu::Operations { load, store: wgpu::StoreOp::Store }),
            stencil_ops: None,
        }
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Sends commands, waits for them and begins new ones.
    fn submitted(&self, encoder: wgpu::CommandEncoder) -> Result<wgpu::CommandEncoder, GpuError> {
        self.opened.queue.submit([encoder.finish()]);
        self.wait()?;
        Ok(self.encoder())
    }

    /// Waits for all that was sent.
    fn wait(&self) -> Result<(), GpuError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let poll = wgpu::PollType::Wait { submission_index: None, timeout: Some(left) };
        match self.opened.device.poll(poll) {
            Ok(_) => Ok(()),
            Err(wgpu::PollError::Timeout) => Err(GpuError::Slow { seconds_max: self.seconds_max }),
            Err(error) => Err(GpuError::Driver(error.to_string())),
        }
    }
}

/// What is opaque, in the scene's order, which decides where two are equally near. Neighbours with as
/// many triangles, such as instances of one mesh, go as one.
fn pieces(runs: &[Run]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, run) in (0..).zip(runs).filter(|(_, run)| run.pass != Pass::Veil) {
        let (pass, both, triangles) = (run.pass, run.both, run.triangles);
        let step = SUBMIT_TRIANGLES_MAX as u32;
        if let Some(last) = pieces.last_mut()
            && (last.pass, last.both) == (pass, both)
            && last.draws[1] == at
            && last.triangles == [0, triangles]
            && u64::from(triangles) * u64::from(at - last.draws[0]) < SUBMIT_TRIANGLES_MAX
        {
            last.draws[1] += 1;
            continue;
        }
        for from in (0..triangles).step_by(step as usize) {
            let triangles = [from, triangles.min(from + step)];
            pieces.push(Piece { pass, both, draws: [at, at + 1], triangles });
        }
    }
    pieces
}

/// Pieces that are sent together.
fn batches(mut pieces: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    std::iter::from_fn(move || {
        let mut sum = 0;
        let end = pieces.iter().position(|piece| {
            let [from, to] = piece.triangles;
            let own = u64::from(to - from) * u64::from(piece.draws[1] - piece.draws[0]);
            sum += own;
            sum > SUBMIT_TRIANGLES_MAX && sum > own
        });
        let (batch, rest) = pieces.split_at(end.unwrap_or(pieces.len()));
        pieces = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pass: Pass, triangles: u32) -> Run {
        Run { pass, both: false, instance: 0, first_index: 0, triangles }
    }

    #[test]
    fn every_opaque_triangle_is_sent_once_and_in_order() {
        let most = SUBMIT_TRIANGLES_MAX as u32;
        let runs = [
            run(Pass::Solid, 12),
            run(Pass::Solid, 12),
            run(Pass::Veil, 7),
            run(Pass::Cut, 12),
            run(Pass::Solid, most * 2 - 1),
            run(Pass::Solid, most),
        ];
        let pieces = pieces(&runs);
        let mut sent = vec![0; runs.len()];
        for piece in &pieces {
            for at in piece.draws[0]..piece.draws[1] {
                assert_eq!(sent[at as usize], piece.triangles[0]);
                assert_eq!(piece.pass, runs[at as usize].pass);
                sent[at as usize] = piece.triangles[1];
            }
        }
        assert_eq!(sent, [12, 12, 0, 12, most * 2 - 1, most]);
        assert_eq!(pieces.len(), 5, "two equal neighbours are one");
        let lengths: Vec<_> = batches(&pieces).map(<[Piece]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 1]);
        assert_eq!(batches(&[]).count(), 0);
    }
}
