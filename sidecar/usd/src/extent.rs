//! The extent of one boundable prim: authored, else computed from its geometry.
//!
//! # Source
//!
//! `UsdGeomBoundable::ComputeExtent` and the functions that the schemas register for it.

use crate::bounds;
use crate::compose::{Prototype, Stage, Time};
use crate::layer::LayerError;
use crate::matrix::{Aligned, Matrix};
use crate::names::Name;
use crate::schema::Shape;
use crate::skel;

/// Instancers whose prototypes hold instancers whose … at most.
const NESTING_MAX: usize = 16;

/// The extent of `prim` in its own space at the default time; `None` when nothing tells.
pub(crate) fn of(
    stage: &mut Stage,
    prim: u32,
    shape: Shape,
) -> Result<Option<Aligned>, LayerError> {
    if let Some(values) = stage.numbers(prim, Name::EXTENT, Time::Default)?
        && let [a, b, c, d, e, f] = values[..]
    {
        return Ok(Some(Aligned { min: [a, b, c], max: [d, e, f] }));
    }
    computed(stage, prim, shape)
}

/// A number of a shape; `fallback` where none is authored, or one of another type than the schema's.
fn number(stage: &Stage, prim: u32, name: Name, fallback: f64) -> Result<f64, LayerError> {
    let expected = if stage.names.text(name).starts_with("inputs:") { "float" } else { "double" };
    let mut declared = stage.placed(prim).properties().filter(|property| property.name == name);
    if declared.next().is_some_and(|property| stage.names.text(property.type_name) != expected) {
        return Ok(fallback);
    }
    let values = stage.numbers(prim, name, Time::Default)?;
    Ok(values.and_then(|values| values.first().copied()).unwrap_or(fallback))
}

/// Axis 0, 1 or 2 of a shape; Z where none is authored; `None` where it is none of the three.
fn axis(stage: &Stage, prim: u32) -> Option<usize> {
    let token = stage.placed(prim).token(Name::AXIS);
    match token.map_or("Z", |token| stage.names.text(token)) {
        "X" => Some(0),
        "Y" => Some(1),
        "Z" => Some(2),
        _ => None,
    }
}

/// A box of half size `along` on `axis` and `across` on the others.
fn round(axis: Option<usize>, along: f64, across: f64) -> Option<Aligned> {
    let mut half = [across; 3];
    half[axis?] = along;
    Some(Aligned::centred(half))
}

fn computed(stage: &mut Stage, prim: u32, shape: Shape) -> Result<Option<Aligned>, LayerError> {
    let get = |name, fallback| number(stage, prim, name, fallback);
    Ok(match shape {
        Shape::Cube => Some(Aligned::centred([get(Name::SIZE, 2.0)? / 2.0; 3])),
        Shape::Sphere => Some(Aligned::centred([get(Name::RADIUS, 1.0)?; 3])),
        Shape::Cylinder | Shape::Cone => {
            let height = get(Name::HEIGHT, 2.0)?;
            round(axis(stage, prim), height / 2.0, get(Name::RADIUS, 1.0)?)
        }
        Shape::Cylinder1 => {
            let radius = get(Name::RADIUS_TOP, 1.0)?.max(get(Name::RADIUS_BOTTOM, 1.0)?);
            round(axis(stage, prim), get(Name::HEIGHT, 2.0)? / 2.0, radius)
        }
        Shape::Capsule => {
            let radius = get(Name::RADIUS, 0.5)?;
            round(axis(stage, prim), get(Name::HEIGHT, 1.0)? / 2.0 + radius, radius)
        }
        Shape::Capsule1 => {
            let radius = get(Name::RADIUS_TOP, 0.5)?.max(get(Name::RADIUS_BOTTOM, 0.5)?);
            round(axis(stage, prim), get(Name::HEIGHT, 1.0)? / 2.0 + radius, radius)
        }
        Shape::Plane => {
            let half = [get(Name::WIDTH, 2.0)? / 2.0, get(Name::LENGTH, 2.0)? / 2.0];
            axis(stage, prim).map(|axis| {
                Aligned::centred(match axis {
                    0 => [0.0, half[1], half[0]],
                    1 => [half[0], 0.0, half[1]],
                    _ => [half[0], half[1], 0.0],
                })
            })
        }
        Shape::Mesh | Shape::PointBased => points(stage, prim)?.map(|points| around(&points)),
        Shape::Curves => curves(stage, prim)?,
        Shape::Points => points_with_widths(stage, prim)?,
        Shape::PointInstancer => instancer(stage, prim)?,
        Shape::SkelRoot => skel::root_extent(stage, prim)?,
        Shape::Skeleton => skel::skeleton_extent(stage, prim)?,
        Shape::CylinderLight => {
            let radius = get(Name::INPUTS_RADIUS, 0.5)?;
            Some(Aligned::centred([radius, radius, get(Name::INPUTS_LENGTH, 1.0)? / 2.0]))
        }
        Shape::DiskLight => {
            let radius = get(Name::INPUTS_RADIUS, 0.5)?;
            Some(Aligned::centred([radius, radius, 0.0]))
        }
        Shape::PortalLight | Shape::RectLight => {
            let half = [get(Name::INPUTS_WIDTH, 1.0)? / 2.0, get(Name::INPUTS_HEIGHT, 1.0)? / 2.0];
            Some(Aligned::centred([half[0], half[1], 0.0]))
        }
        Shape::SphereLight => Some(Aligned::centred([get(Name::INPUTS_RADIUS, 0.5)?; 3])),
        Shape::Opaque => None,
    })
}

fn points(stage: &Stage, prim: u32) -> Result<Option<Vec<f64>>, LayerError> {
    stage.numbers(prim, Name::POINTS, Time::Default)
}

fn around(points: &[f64]) -> Aligned {
    let mut all = Aligned::EMPTY;
    for point in points.chunks_exact(3) {
        all.add([point[0], point[1], point[2]]);
    }
    all
}

fn curves(stage: &Stage, prim: u32) -> Result<Option<Aligned>, LayerError> {
    let Some(points) = points(stage, prim)? else { return Ok(None) };
    let widths = stage.numbers(prim, Name::WIDTHS, Time::Default)?.unwrap_or_default();
    let half = widths.iter().copied().fold(f64::NEG_INFINITY, f64::max) / 2.0;
    let half = if widths.is_empty() { 0.0 } else { half };
    let mut all = around(&points);
    if !all.is_empty() {
        all.min = all.min.map(|value| value - half);
        all.max = all.max.map(|value| value + half);
    }
    Ok(Some(all))
}

fn points_with_widths(stage: &Stage, prim: u32) -> Result<Option<Aligned>, LayerError> {
    let Some(points) = points(stage, prim)? else { return Ok(None) };
    let Some(widths) = stage.numbers(prim, Name::WIDTHS, Time::Default)? else {
        return Ok(Some(around(&points)));
    };
    if widths.len() != points.len() / 3 {
        return Ok(None);
    }
    let mut all = Aligned::EMPTY;
    for (point, width) in points.chunks_exact(3).zip(widths) {
        let half = width / 2.0;
        all.add([point[0] + half, point[1] + half, point[2] + half]);
        all.add([point[0] - half, point[1] - half, point[2] - half]);
    }
    Ok(Some(all))
}

/// Everything that a point instancer places.
fn instancer(stage: &mut Stage, prim: u32) -> Result<Option<Aligned>, LayerError> {
    let read = |name| stage.numbers(prim, name, Time::Default);
    let Some(indices) = read(Name::PROTO_INDICES)? else { return Ok(None) };
    let Some(positions) = read(Name::POSITIONS)? else { return Ok(None) };
    if positions.len() / 3 != indices.len() {
        return Ok(None);
    }
    let scales = read(Name::SCALES)?.filter(|scales| scales.len() == positions.len());
    let turns = match read(Name::ORIENTATIONSF)? {
        Some(turns) if !turns.is_empty() => Some(turns),
        _ => read(Name::ORIENTATIONS)?,
    };
    let turns = turns.filter(|turns| turns.len() / 4 == indices.len());
    let hidden = hidden(stage, prim, indices.len())?;

    let targets = stage.targets(prim, Name::PROTOTYPES);
    let mut prototypes = Vec::new();
    for path in &targets {
        prototypes.push(match stage.prim_at(path)? {
            Some(prim) => prototype(stage, prim)?,
            None => None,
        });
    }
    let mut all = Aligned::EMPTY;
    for (at, &index) in indices.iter().enumerate() {
        let Some(prototype) = prototypes.get(index as usize).filter(|_| index >= 0.0) else {
            return Ok(None);
        };
        if hidden.get(at).copied().unwrap_or(false) {
            continue;
        }
        let Some(prototype) = prototype else { continue };
        let triple = |values: &[f64]| [values[3 * at], values[3 * at + 1], values[3 * at + 2]];
        let mut matrix = prototype.local;
        if let Some(scales) = &scales {
            matrix = matrix.then(&Matrix::scale(triple(scales)));
        }
        if let Some(turns) = &turns {
            let q = [turns[4 * at], turns[4 * at + 1], turns[4 * at + 2], turns[4 * at + 3]];
            matrix = matrix.then(&Matrix::quaternion(q));
        }
        matrix = matrix.then(&Matrix::translate(triple(&positions)));
        all.join(&prototype.bounds.moved(&prototype.to_local.then(&matrix)));
    }
    Ok(Some(all))
}

/// Computes a prototype once, however many instancers place it. One that places itself is empty.
fn prototype(stage: &mut Stage, prim: u32) -> Result<Option<Prototype>, LayerError> {
    if let Some(known) = stage.prototypes.get(&prim) {
        return Ok(*known);
    }
    if stage.prototypes.values().filter(|known| known.is_none()).count() >= NESTING_MAX {
        stage.warn(format!("point instancers place each other deeper than {NESTING_MAX} times"));
        return Ok(None);
    }
    stage.prototypes.insert(prim, None);
    let world = bounds::to_world(stage, prim, Time::Default)?;
    let purpose = bounds::purpose_of(stage, prim);
    let boxes = bounds::below(stage, prim, &world, &Matrix::IDENTITY, purpose)?;
    let mut all = Aligned::EMPTY;
    // Guides are not part of what an instancer places.
    for own in &boxes.by_purpose[..bounds::Purpose::Guide as usize] {
        all.join(own);
    }
    let (local, _) = bounds::local(stage, prim, Time::Default)?;
    let found = Prototype { bounds: all, to_local: boxes.to_local, local };
    stage.prototypes.insert(prim, Some(found));
    Ok(Some(found))
}

/// Which instances are hidden by `invisibleIds`.
fn hidden(stage: &Stage, prim: u32, count: usize) -> Result<Vec<bool>, LayerError> {
    let invisible = stage.numbers(prim, Name::INVISIBLE_IDS, Time::Default)?.unwrap_or_default();
    if invisible.is_empty() {
        return Ok(Vec::new());
    }
    let ids = stage.numbers(prim, Name::IDS, Time::Default)?;
    let invisible: std::collections::HashSet<i64> =
        invisible.into_iter().map(|id| id as i64).collect();
    let id = |at: usize| match &ids {
        Some(ids) if ids.len() == count => ids[at] as i64,
        _ => at as i64,
    };
    Ok((0..count).map(|at| invisible.contains(&id(at))).collect())
}
