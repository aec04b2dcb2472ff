//! Point instancers: prototypes shared as meshes, one place for each instance.
//!
//! # Source
//!
//! `UsdGeomPointInstancer`, "Computing an instance transform": the prototype's own transform, then
//! scale, orientation and position.

use std::collections::HashSet;
use std::rc::Rc;

use crate::layer::LayerError;
use crate::matrix::Matrix;
use crate::names::Name;

use super::Build;
use super::walk::Shown;

/// Instancers whose prototypes hold instancers whose … at most.
const NESTING_MAX: u32 = 16;

/// What the arrays of an instancer say, checked to have one length.
struct Arrays {
    prototypes: Vec<u32>,
    positions: Vec<f64>,
    scales: Option<Vec<f64>>,
    turns: Option<Vec<f64>>,
    hidden: Vec<bool>,
}

impl Arrays {
    fn place(&self, at: usize) -> Matrix {
        let triple = |values: &[f64]| [values[3 * at], values[3 * at + 1], values[3 * at + 2]];
        let mut matrix = Matrix::IDENTITY;
        if let Some(scales) = &self.scales {
            matrix = Matrix::scale(triple(scales));
        }
        if let Some(turns) = &self.turns {
            let q = [turns[4 * at], turns[4 * at + 1], turns[4 * at + 2], turns[4 * at + 3]];
            matrix = matrix.then(&Matrix::quaternion(q));
        }
        matrix.then(&Matrix::translate(triple(&self.positions)))
    }
}

impl Build<'_, '_> {
    /// Adds what the point instancer `prim` places; `to_root` is its own place.
    pub(super) fn instancer(
        &mut self,
        prim: u32,
        to_root: &Matrix,
        depth: u32,
        shown: &mut Vec<Shown>,
    ) -> Result<(), LayerError> {
        let path = self.stage.path_text(prim);
        let arrays = match self.arrays(prim) {
            Ok(Some(arrays)) => arrays,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.stage.warn(format!("the point instancer {path} shows nothing: {error}"));
                return Ok(());
            }
        };
        let mut prototypes = Vec::new();
        for target in self.stage.targets(prim, Name::PROTOTYPES) {
            let found = self.stage.prim_at(&target)?;
            prototypes.push(match found {
                Some(found) => self.prototype(found, depth + 1)?,
                None => Rc::from([]),
            });
        }
        let visible = |at: &usize| !arrays.hidden.get(*at).copied().unwrap_or(false);
        let prototype = |at: usize| prototypes.get(arrays.prototypes[at] as usize);
        let count = arrays.prototypes.len();
        let wanted: u64 =
            (0..count).filter(visible).filter_map(prototype).map(|shown| shown.len() as u64).sum();
        let room = self.stage.store.limits.places_max.saturating_sub(shown.len() as u64);
        // Every n-th instance, so that what is left keeps the shape of the whole.
        let step = if wanted > room { wanted.div_ceil(room.max(1)) as usize } else { 1 };
        if step > 1 {
            self.stage.warn(format!(
                "of the point instancer {path} one instance in {step} is shown (limit placesMax)"
            ));
        }
        for at in (0..count).filter(visible).step_by(step) {
            let Some(prototype) = prototype(at) else { continue };
            let place = arrays.place(at).then(to_root);
            for inner in prototype.iter() {
                let to_root = inner.to_root.then(&place);
                self.show(shown, Shown { mesh: inner.mesh, to_root });
            }
        }
        Ok(())
    }

    fn arrays(&self, prim: u32) -> Result<Option<Arrays>, LayerError> {
        let Some(prototypes) = self.indices(prim, Name::PROTO_INDICES)? else { return Ok(None) };
        let Some(positions) = self.numbers(prim, Name::POSITIONS)? else { return Ok(None) };
        let count = prototypes.len();
        if positions.len() != 3 * count {
            return Err(LayerError::new(format!(
                "it has {count} protoIndices and {} positions",
                positions.len() / 3
            )));
        }
        let scales = self.numbers(prim, Name::SCALES)?.filter(|scales| scales.len() == 3 * count);
        let turns = match self.numbers(prim, Name::ORIENTATIONSF)? {
            Some(turns) if !turns.is_empty() => Some(turns),
            _ => self.numbers(prim, Name::ORIENTATIONS)?,
        };
        let turns = turns.filter(|turns| turns.len() == 4 * count);
        let hidden = self.hidden(prim, count)?;
        Ok(Some(Arrays { prototypes, positions, scales, turns, hidden }))
    }

    /// Which instances are hidden, by `invisibleIds` or the metadata `inactiveIds`.
    fn hidden(&self, prim: u32, count: usize) -> Result<Vec<bool>, LayerError> {
        let mut invisible = self.numbers(prim, Name::INVISIBLE_IDS)?.unwrap_or_default();
        let inactive = self.stage.placed(prim).specs().find_map(|(_, layer, spec)| {
            spec.field(Name::INACTIVE_IDS).and_then(|ids| layer.numbers(ids).ok())
        });
        invisible.extend(inactive.unwrap_or_default());
        if invisible.is_empty() {
            return Ok(Vec::new());
        }
        let ids = self.numbers(prim, Name::IDS)?.filter(|ids| ids.len() == count);
        let invisible: HashSet<i64> = invisible.into_iter().map(|id| id as i64).collect();
        let id = |at: usize| ids.as_ref().map_or(at as i64, |ids| ids[at] as i64);
        Ok((0..count).map(|at| invisible.contains(&id(at))).collect())
    }

    /// What a prototype shows, gathered once. One that places itself shows nothing.
    fn prototype(&mut self, prim: u32, depth: u32) -> Result<Rc<[Shown]>, LayerError> {
        if let Some(known) = self.prototypes.get(&prim) {
            return Ok(known.clone().unwrap_or_else(|| Rc::from([])));
        }
        if depth > NESTING_MAX {
            self.stage
                .warn(format!("point instancers place each other deeper than {NESTING_MAX} times"));
            return Ok(Rc::from([]));
        }
        self.prototypes.insert(prim, None);
        let shown: Rc<[Shown]> = self.walk_prototype(prim, depth)?.into();
        self.prototypes.insert(prim, Some(Rc::clone(&shown)));
        Ok(shown)
    }
}
