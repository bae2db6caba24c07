//! How many fractional bits an integer expression has that a fixed-point number is made of: for messages, which speak of the number.
//!
//! The checker turns fixed-point arithmetic into that of integers; what is left of it are the structs that hold fixed-point numbers, and
//! the shifts that align their points.

use num_bigint::BigInt;

use crate::hir::{BinaryOp, Expr, ExprKind, Intrinsic, Program, Ty};

/// How deep expressions are looked into.
const DEPTH_MAX: u32 = 32;

/// Fractional bits of the number that `expr` is, 0 for an integer; nothing for a constant, which may be either.
pub(super) fn of(program: &Program, expr: &Expr) -> Option<u32> {
    within(program, expr, DEPTH_MAX)
}

fn within(program: &Program, expr: &Expr, depth: u32) -> Option<u32> {
    let depth = depth.checked_sub(1)?;
    let inner = |expr: &Expr| within(program, expr, depth);
    let fixed = |ty: &Ty| match ty {
        Ty::Struct(id) => program.structs[id.0 as usize].fraction,
        _ => None,
    };
    match &expr.kind {
        _ if fixed(&expr.ty).is_some() => fixed(&expr.ty),
        ExprKind::Int(_) => None,
        ExprKind::Field(whole, _) => fixed(&whole.ty).or(Some(0)),
        ExprKind::Fit(value) | ExprKind::Wrap(value) | ExprKind::Saturate(value) | ExprKind::Unary(_, value) => {
            inner(value)
        }
        ExprKind::Binary(op, left, right) => match (op, &right.kind) {
            (BinaryOp::Shl, ExprKind::Int(bits)) => Some(inner(left).unwrap_or(0) + small(bits)?),
            (BinaryOp::Shr, ExprKind::Int(bits)) => Some(inner(left)?.saturating_sub(small(bits)?)),
            (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, _) => inner(left).or(inner(right)),
            (BinaryOp::Mul, _) => match (inner(left), inner(right)) {
                (Some(left), Some(right)) => Some(left + right),
                _ => None,
            },
            (BinaryOp::Div, _) => match (inner(left), inner(right)) {
                (Some(left), Some(right)) => Some(left.saturating_sub(right)),
                _ => None,
            },
            _ => Some(0),
        },
        ExprKind::Block(_, value) => inner(value),
        ExprKind::Map(body) => inner(&body.body),
        ExprKind::If(_, then, otherwise) => inner(then).or(inner(otherwise)),
        ExprKind::Intrinsic(Intrinsic::Abs | Intrinsic::Min | Intrinsic::Max | Intrinsic::Sum, args) => {
            args.iter().find_map(inner)
        }
        ExprKind::Intrinsic(Intrinsic::DivOr | Intrinsic::RemOr, args) => args.last().and_then(inner),
        _ => Some(0),
    }
}

fn small(bits: &BigInt) -> Option<u32> {
    u32::try_from(bits).ok()
}
