//! Curves as segments, and points.
//!
//! # Source
//!
//! `UsdGeomBasisCurves` (bases and wraps), `UsdGeomNurbsCurves` (de Boor's recursion),
//! `UsdGeomPoints`. Widths are taken as one: their mean.

use vitrine_scene::{Mesh, Topology};

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;
use super::primvar::{Interpolation, Sizes};
use super::shape::Dress;

/// Segments of one span of a curve.
const SPAN_SEGMENTS: u32 = 6;

/// What stands for a width that is not authored: a share of the points' extent.
const WIDTH_SHARE: f32 = 0.005;

/// Highest order of a NURBS curve that is evaluated; others are their control points.
const ORDER_MAX: usize = 16;

/// Weights of four control points at `t`, 0…1, in one span.
fn weights(basis: &str, t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    match basis {
        "bspline" => [
            (1.0 - t).powi(3) / 6.0,
            (3.0 * t3 - 6.0 * t2 + 4.0) / 6.0,
            (-3.0 * t3 + 3.0 * t2 + 3.0 * t + 1.0) / 6.0,
            t3 / 6.0,
        ],
        "catmullRom" => [
            (-t3 + 2.0 * t2 - t) / 2.0,
            (3.0 * t3 - 5.0 * t2 + 2.0) / 2.0,
            (-3.0 * t3 + 4.0 * t2 + t) / 2.0,
            (t3 - t2) / 2.0,
        ],
        _ => [(1.0 - t).powi(3), 3.0 * t * (1.0 - t).powi(2), 3.0 * t2 * (1.0 - t), t3],
    }
}

/// One polyline of a `BasisCurves` prim.
fn sampled(own: &[[f32; 3]], is_linear: bool, basis: &str, wrap: &str) -> Vec<[f32; 3]> {
    let count = own.len();
    let is_periodic = wrap == "periodic";
    if is_linear {
        let mut line = own.to_vec();
        if is_periodic && count > 2 {
            line.push(own[0]);
        }
        return line;
    }
    let mut control = own.to_vec();
    let stride = if matches!(basis, "bspline" | "catmullRom") { 1 } else { 3 };
    if is_periodic {
        // Round to the start: as many points again as a span reaches ahead.
        let again = if stride == 3 { 1 } else { 3 };
        control.extend((0..again).map(|at| own[at % count.max(1)]));
    } else if wrap == "pinned" && stride == 1 && count >= 2 {
        let beyond = |end: [f32; 3], inner: [f32; 3]| {
            std::array::from_fn(|axis| 2.0 * end[axis] - inner[axis])
        };
        control.insert(0, beyond(own[0], own[1]));
        control.push(beyond(own[count - 1], own[count - 2]));
    }
    if control.len() < 4 {
        return own.to_vec();
    }
    let mut line = Vec::new();
    for start in (0..=control.len() - 4).step_by(stride) {
        let span = &control[start..start + 4];
        let first = u32::from(start > 0);
        for step in first..=SPAN_SEGMENTS {
            let weights = weights(basis, step as f32 / SPAN_SEGMENTS as f32);
            let at = |axis: usize| span.iter().zip(weights).map(|(p, w)| p[axis] * w).sum();
            line.push(std::array::from_fn(at));
        }
    }
    line
}

/// One polyline of a NURBS curve; its control points where order and knots do not fit.
fn nurbs(own: &[[f32; 3]], order: usize, knots: &[f64]) -> Vec<[f32; 3]> {
    let fits = (2..=ORDER_MAX).contains(&order)
        && own.len() >= order
        && knots.len() == own.len() + order
        && knots.windows(2).all(|pair| pair[0] <= pair[1]);
    if !fits {
        return own.to_vec();
    }
    let mut line = Vec::new();
    for span in order - 1..own.len() {
        let (from, to) = (knots[span], knots[span + 1]);
        if from >= to {
            continue;
        }
        let first = u32::from(!line.is_empty());
        for step in first..=SPAN_SEGMENTS {
            let t = from + (to - from) * f64::from(step) / f64::from(SPAN_SEGMENTS);
            line.push(de_boor(own, order, knots, span, t));
        }
    }
    line
}

fn de_boor(own: &[[f32; 3]], order: usize, knots: &[f64], span: usize, t: f64) -> [f32; 3] {
    let degree = order - 1;
    let mut d: Vec<[f64; 3]> =
        (0..order).map(|at| own[span - degree + at].map(f64::from)).collect();
    for round in 1..order {
        for at in (round..order).rev() {
            let left = knots[span - degree + at];
            let right = knots[span + 1 + at - round];
            let by = if right > left { (t - left) / (right - left) } else { 0.0 };
            d[at] = std::array::from_fn(|axis| d[at - 1][axis] * (1.0 - by) + d[at][axis] * by);
        }
    }
    d[degree].map(|value| value as f32)
}

impl Build<'_, '_> {
    /// Basis, NURBS and Hermite curves.
    pub(super) fn curves(&mut self, prim: u32, dress: &Dress) -> Result<Option<Mesh>, LayerError> {
        let Some(points) = self.triples(prim, Name::POINTS)? else { return Ok(None) };
        let counts = self.indices(prim, Name::CURVE_VERTEX_COUNTS)?;
        let counts = counts.unwrap_or_else(|| vec![points.len() as u32]);
        let is_nurbs = self.type_text(prim) == "NurbsCurves";
        let is_hermite = self.type_text(prim) == "HermiteCurves";
        let is_linear = is_hermite || self.text(prim, Name::TYPE) == "linear";
        let basis = self.text(prim, Name::BASIS).to_owned();
        let wrap = self.text(prim, Name::WRAP).to_owned();
        let orders = self.indices(prim, Name::ORDER)?.unwrap_or_default();
        let knots = self.numbers(prim, Name::KNOTS)?.unwrap_or_default();
        let mut mesh = Mesh::default();
        let max = self.stage.store.limits.vertices_max as usize;
        let (mut start, mut knot) = (0usize, 0usize);
        for (curve, &count) in counts.iter().enumerate() {
            let Some(own) = points.get(start..start.saturating_add(count as usize)) else { break };
            start += own.len();
            let line = if is_nurbs {
                let order = orders.get(curve).or(orders.first()).map_or(4, |order| *order as usize);
                let length = own.len().saturating_add(order);
                let own_knots = knots.get(knot..knot.saturating_add(length)).unwrap_or_default();
                knot = knot.saturating_add(length);
                nurbs(own, order, own_knots)
            } else {
                sampled(own, is_linear, &basis, &wrap)
            };
            if mesh.positions.len() + line.len() > max {
                return Err(LayerError::new("it has too many curves (limit verticesMax)"));
            }
            let base = mesh.positions.len() as u32;
            mesh.indices.extend((1..line.len() as u32).flat_map(|at| [base + at - 1, base + at]));
            mesh.positions.extend(line);
        }
        mesh.topology = Topology::Segments { width: self.width(prim, &points)? };
        self.finish(prim, mesh, dress).map(Some)
    }

    /// Points, each a ball.
    pub(super) fn points(&mut self, prim: u32, dress: &Dress) -> Result<Option<Mesh>, LayerError> {
        let Some(points) = self.triples(prim, Name::POINTS)? else { return Ok(None) };
        let count = points.len();
        let topology = Topology::Points { width: self.width(prim, &points)? };
        let mut colours = None;
        if dress.whole.is_none() {
            let sizes = Sizes { faces: 1, points: count, corners: count };
            let found = self.primvar(prim, Name::DISPLAY_COLOR, 3)?;
            let found = found.and_then(|found| found.fitted(sizes));
            // Per point, whether it is called vertex or, carelessly, anything else of that length.
            colours = found.filter(|found| {
                matches!(found.interpolation(), Interpolation::Vertex | Interpolation::FaceVarying)
            });
        }
        let colours = colours.map(|found| {
            let of = |at: u32| {
                let corner = super::primvar::Corner { face: 0, point: at, corner: at };
                let [r, g, b, _] = found.value(found.at(corner)).map(|v| v.clamp(0.0, 1.0));
                [r, g, b, 1.0]
            };
            (0..count as u32).map(of).collect::<Vec<_>>()
        });
        let indices = (0..count as u32).collect();
        let mesh = Mesh { positions: points, topology, indices, ..Mesh::default() };
        let mut mesh = self.finish(prim, mesh, dress)?;
        if colours.is_some() {
            mesh.parts[0].material = Some(self.looks.white(false, &mut self.scene.materials));
            mesh.colours = colours;
        }
        Ok(Some(mesh))
    }

    /// The mean of `widths`.
    fn width(&self, prim: u32, points: &[[f32; 3]]) -> Result<f32, LayerError> {
        let widths = self.numbers(prim, Name::WIDTHS)?.unwrap_or_default();
        let mean = (widths.iter().sum::<f64>() / widths.len() as f64) as f32;
        if mean >= 0.0 && mean.is_finite() {
            return Ok(mean);
        }
        let (mut min, mut max) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for point in points {
            for axis in 0..3 {
                min[axis] = min[axis].min(point[axis]);
                max[axis] = max[axis].max(point[axis]);
            }
        }
        let size = (0..3).map(|axis| max[axis] - min[axis]).fold(0.0, f32::max);
        Ok(if size.is_finite() { size * WIDTH_SHARE } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: [f32; 3], b: [f32; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
    }

    #[test]
    fn curves_pass_where_their_bases_say() {
        let own = [[0., 0., 0.], [1., 2., 0.], [3., 2., 0.], [4., 0., 0.]];
        let bezier = sampled(&own, false, "bezier", "nonperiodic");
        assert!(near(bezier[0], own[0]) && near(bezier[6], own[3]));
        // B(1/2) = (P0 + 3 P1 + 3 P2 + P3) / 8
        assert!(near(bezier[3], [2.0, 1.5, 0.0]), "{bezier:?}");
        let roman = sampled(&own, false, "catmullRom", "pinned");
        assert_eq!(roman.len(), 3 * 6 + 1);
        assert!((0..4).all(|at| near(roman[6 * at], own[at])), "{roman:?}");
        let spline = sampled(&own, false, "bspline", "nonperiodic");
        assert!(near(spline[0], [7.0 / 6.0, 10.0 / 6.0, 0.0]), "{spline:?}");
        assert_eq!(sampled(&own, true, "", "periodic").len(), 5);
        let round = sampled(&own, false, "bspline", "periodic");
        assert!(near(round[0], round[round.len() - 1]), "a periodic curve is closed");
    }

    #[test]
    fn a_nurbs_curve_with_bezier_knots_is_the_bezier_curve() {
        let own = [[0., 0., 0.], [1., 2., 0.], [3., 2., 0.], [4., 0., 0.]];
        let knots = [0., 0., 0., 0., 1., 1., 1., 1.];
        let bezier = sampled(&own, false, "bezier", "nonperiodic");
        let line = nurbs(&own, 4, &knots);
        assert_eq!(line.len(), bezier.len());
        assert!(line.iter().zip(&bezier).all(|(a, b)| near(*a, *b)), "{line:?}");
        assert_eq!(nurbs(&own, 4, &knots[1..]), own, "knots that do not fit: control points");
    }
}
