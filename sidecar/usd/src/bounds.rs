//! World-space bounds of a composed stage.
//!
//! # Source
//!
//! The rules are those of `UsdGeomBBoxCache`: a boundable prim's extent stands for everything below
//! it; children gather in the space of the nearest component; invisible prims do not count.

use crate::compose::{ROOT, Stage, Time};
use crate::extent;
use crate::layer::LayerError;
use crate::matrix::{Aligned, Matrix};
use crate::names::Name;
use crate::schema::{self, Family, Shape};
use crate::value::Value;
use crate::xform;

/// What a prim is shown for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    Default,
    Render,
    Proxy,
    Guide,
    /// A word that USD does not know.
    Other,
}

/// A purpose, and whether children take it over.
#[derive(Clone, Copy)]
pub(crate) struct Inherited {
    pub(crate) purpose: Purpose,
    passes_on: bool,
}

impl Inherited {
    pub(crate) const NOTHING: Self = Self { purpose: Purpose::Default, passes_on: false };
}

/// Boxes by purpose, in a space that `to_local` takes to the prim's own.
pub(crate) struct Boxes {
    pub(crate) by_purpose: [Aligned; 5],
    pub(crate) to_local: Matrix,
}

/// The aligned world-space box of purposes default and render; `None` when nothing has bounds.
///
/// # Errors
///
/// When geometry cannot be decoded.
pub(crate) fn world(stage: &mut Stage) -> Result<Option<Aligned>, LayerError> {
    let boxes = below(stage, ROOT, &Matrix::IDENTITY, &Matrix::IDENTITY, Inherited::NOTHING)?;
    let mut total = boxes.by_purpose[Purpose::Default as usize].moved(&boxes.to_local);
    total.join(&boxes.by_purpose[Purpose::Render as usize].moved(&boxes.to_local));
    Ok((!total.is_empty()).then_some(total))
}

/// Family of a prim.
pub(crate) fn family(stage: &Stage, prim: u32) -> Family {
    let name = stage.placed(prim).type_name();
    let own = schema::family(stage.names.text(name));
    if own != Family::Unknown || stage.fallbacks.is_empty() {
        return own;
    }
    let instead = stage.fallbacks.get(&name).into_iter().flatten();
    let mut families = instead.map(|&name| schema::family(stage.names.text(name)));
    families.find(|family| *family != Family::Unknown).unwrap_or(Family::Unknown)
}

/// Transform to the parent at `time`, and whether the parents' are cut off; only for types that have
/// one.
pub(crate) fn local(stage: &Stage, prim: u32, time: Time) -> Result<(Matrix, bool), LayerError> {
    match family(stage, prim) {
        Family::Xformable | Family::Boundable(_) => xform::local(stage, prim, time),
        Family::Unknown | Family::Typed | Family::Imageable => Ok((Matrix::IDENTITY, false)),
    }
}

/// Transform of a prim to the world at `time`.
pub(crate) fn to_world(stage: &Stage, prim: u32, time: Time) -> Result<Matrix, LayerError> {
    let mut total = Matrix::IDENTITY;
    let mut at = prim;
    while at != ROOT {
        let (matrix, reset) = local(stage, at, time)?;
        total = total.then(&matrix);
        if reset {
            break;
        }
        at = stage.prims[at as usize].parent;
    }
    Ok(total)
}

/// Purpose of `prim` below a parent with `above`.
pub(crate) fn purpose(stage: &Stage, prim: u32, family: Family, above: Inherited) -> Inherited {
    let imageable = !matches!(family, Family::Unknown | Family::Typed);
    let placed = stage.placed(prim);
    if imageable && let Some(token) = placed.token(Name::PURPOSE) {
        let purpose = match stage.names.text(token) {
            "render" => Purpose::Render,
            "proxy" => Purpose::Proxy,
            "guide" => Purpose::Guide,
            "default" => Purpose::Default,
            _ => Purpose::Other,
        };
        return Inherited { purpose, passes_on: true };
    }
    if above.passes_on { above } else { Inherited::NOTHING }
}

/// Purpose of a prim with respect to all its ancestors.
pub(crate) fn purpose_of(stage: &Stage, prim: u32) -> Inherited {
    let mut chain = Vec::new();
    let mut at = prim;
    while at != ROOT {
        chain.push(at);
        at = stage.prims[at as usize].parent;
    }
    chain
        .iter()
        .rev()
        .fold(Inherited::NOTHING, |above, &prim| purpose(stage, prim, family(stage, prim), above))
}

fn is_component(stage: &Stage, prim: u32) -> bool {
    match stage.placed(prim).field(Name::KIND) {
        Some(Value::Token(kind)) => {
            matches!(stage.names.text(*kind), "component" | "subcomponent")
        }
        _ => false,
    }
}

/// Whether a child's bounds count for its parent.
fn counts(stage: &Stage, prim: u32, family: Family) -> bool {
    match family {
        Family::Unknown => true,
        Family::Typed => false,
        Family::Imageable | Family::Xformable | Family::Boundable(_) => {
            let visibility = stage.placed(prim).token(Name::VISIBILITY);
            visibility.is_none_or(|token| stage.names.text(token) != "invisible")
        }
    }
}

/// A prim whose children are being gathered.
struct Frame {
    /// From the prim to the world.
    world: Matrix,
    /// From the world to the nearest component.
    from_world: Matrix,
    purpose: Inherited,
    children: std::rc::Rc<[u32]>,
    next: usize,
    by_purpose: [Aligned; 5],
    any: bool,
}

impl Frame {
    fn open(
        stage: &mut Stage,
        prim: u32,
        world: Matrix,
        from_world: Matrix,
        purpose: Inherited,
    ) -> Result<Self, LayerError> {
        let component = prim != ROOT && is_component(stage, prim);
        Ok(Self {
            world,
            from_world: if component { world.inverse() } else { from_world },
            purpose,
            children: stage.children(prim)?,
            next: 0,
            by_purpose: [Aligned::EMPTY; 5],
            any: false,
        })
    }

    /// Takes a child's boxes in, in the space of the component.
    fn add(&mut self, boxes: &Boxes, child_world: &Matrix) {
        let to_component = boxes.to_local.then(child_world).then(&self.from_world);
        for (own, inner) in self.by_purpose.iter_mut().zip(&boxes.by_purpose) {
            if !inner.is_empty() {
                own.join(&inner.moved(&to_component));
                self.any = true;
            }
        }
    }

    fn close(&self) -> Boxes {
        let to_local =
            if self.any { self.world.then(&self.from_world).inverse() } else { Matrix::IDENTITY };
        Boxes { by_purpose: self.by_purpose, to_local }
    }
}

/// The boxes of a boundable prim: its extent, in its own space.
fn own_boxes(
    stage: &mut Stage,
    prim: u32,
    shape: Shape,
    purpose: Purpose,
) -> Result<Boxes, LayerError> {
    let mut boxes = Boxes { by_purpose: [Aligned::EMPTY; 5], to_local: Matrix::IDENTITY };
    if let Some(extent) = extent::of(stage, prim, shape)? {
        boxes.by_purpose[purpose as usize] = extent;
    }
    Ok(boxes)
}

/// The boxes of `prim` in its own space. No recursion: strangers choose the depth.
///
/// * `world`: from the prim to the world.
/// * `from_world`: from the world to the nearest component.
pub(crate) fn below(
    stage: &mut Stage,
    prim: u32,
    world: &Matrix,
    from_world: &Matrix,
    purpose_here: Inherited,
) -> Result<Boxes, LayerError> {
    if let Family::Boundable(shape) = family(stage, prim) {
        return own_boxes(stage, prim, shape, purpose_here.purpose);
    }
    let mut frames = vec![Frame::open(stage, prim, *world, *from_world, purpose_here)?];
    loop {
        let Some(frame) = frames.last_mut() else {
            return Err(LayerError::new("bounds have no prim to start from"));
        };
        let Some(&child) = frame.children.get(frame.next) else {
            let (done, child_world) = (frame.close(), frame.world);
            frames.pop();
            match frames.last_mut() {
                Some(parent) => parent.add(&done, &child_world),
                None => return Ok(done),
            }
            continue;
        };
        frame.next += 1;
        let flags = stage.prims[child as usize].flags;
        let kind = family(stage, child);
        if !flags.active || !flags.defined || flags.abstract_ || !counts(stage, child, kind) {
            continue;
        }
        let (local, reset) = local(stage, child, Time::Default)?;
        let child_world = if reset { local } else { local.then(&frame.world) };
        let inherited = purpose(stage, child, kind, frame.purpose);
        if let Family::Boundable(shape) = kind {
            let boxes = own_boxes(stage, child, shape, inherited.purpose)?;
            frame.add(&boxes, &child_world);
        } else {
            let from_world = frame.from_world;
            frames.push(Frame::open(stage, child, child_world, from_world, inherited)?);
        }
    }
}
