//! Local transforms from `xformOpOrder`.

use crate::compose::{Stage, Time};
use crate::layer::LayerError;
use crate::matrix::Matrix;
use crate::names::Name;
use crate::value::Value;

/// The transform of a prim to its parent, and whether it starts again from the world.
///
/// # Source
///
/// "UsdGeomXformable: Xform Ops": ops apply from last to first, `!invert!` inverts one, and
/// `!resetXformStack!` cuts off the parents.
pub(crate) fn local(stage: &Stage, prim: u32, time: Time) -> Result<(Matrix, bool), LayerError> {
    let order = match stage.placed(prim).value(Name::XFORM_OP_ORDER, time) {
        Some((_, Value::Tokens(order))) => order,
        _ => return Ok((Matrix::IDENTITY, false)),
    };
    let mut total = Matrix::IDENTITY;
    let mut reset = false;
    for &op in order.iter().rev() {
        let text = stage.names.text(op);
        if text == "!resetXformStack!" {
            // What stands before a reset in the list has no effect.
            reset = true;
            break;
        }
        let (inverted, name) = match text.strip_prefix("!invert!") {
            Some(rest) => (true, stage.names.find(rest)),
            None => (false, Some(op)),
        };
        let Some(name) = name else { continue };
        let kind = stage.names.text(name).strip_prefix("xformOp:").unwrap_or("");
        let kind = kind.split(':').next().unwrap_or("");
        let Some(values) = stage.numbers(prim, name, time)? else { continue };
        let Some(matrix) = matrix(kind, &values) else { continue };
        total = total.then(&if inverted { matrix.inverse() } else { matrix });
    }
    Ok((total, reset))
}

fn matrix(kind: &str, values: &[f64]) -> Option<Matrix> {
    let triple = || <[f64; 3]>::try_from(values).ok();
    let euler = |axes: [usize; 3]| {
        let angles = triple()?;
        let turn = |axis: usize| Matrix::rotate(axis, angles[axis]);
        Some(turn(axes[0]).then(&turn(axes[1])).then(&turn(axes[2])))
    };
    let along = |axis: usize| {
        let mut by = [0.0; 3];
        by[axis] = *values.first()?;
        Some(Matrix::translate(by))
    };
    let stretch = |axis: usize| {
        let mut by = [1.0; 3];
        by[axis] = *values.first()?;
        Some(Matrix::scale(by))
    };
    match kind {
        "translate" => triple().map(Matrix::translate),
        "translateX" => along(0),
        "translateY" => along(1),
        "translateZ" => along(2),
        "scale" => triple().map(Matrix::scale),
        "scaleX" => stretch(0),
        "scaleY" => stretch(1),
        "scaleZ" => stretch(2),
        "rotateX" => Some(Matrix::rotate(0, *values.first()?)),
        "rotateY" => Some(Matrix::rotate(1, *values.first()?)),
        "rotateZ" => Some(Matrix::rotate(2, *values.first()?)),
        "rotateXYZ" => euler([0, 1, 2]),
        "rotateXZY" => euler([0, 2, 1]),
        "rotateYXZ" => euler([1, 0, 2]),
        "rotateYZX" => euler([1, 2, 0]),
        "rotateZXY" => euler([2, 0, 1]),
        "rotateZYX" => euler([2, 1, 0]),
        "orient" => <[f64; 4]>::try_from(values).ok().map(Matrix::quaternion),
        "transform" => Matrix::from_rows(values),
        _ => None,
    }
}
