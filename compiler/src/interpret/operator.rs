//! Operators with two operands.

use num_bigint::{BigInt, Sign};

use super::{ErrorKind, Eval, Val, WIDTH_MAX, declared, fail};
use crate::hir::{BinaryOp, Expr};
use crate::ranges::wrap;
use crate::source::Span;

pub(super) fn binary(op: BinaryOp, left: Val, right: Val, expr: &Expr) -> Eval {
    match op {
        BinaryOp::Eq => return Ok(Val::Bool(left == right)),
        BinaryOp::Ne => return Ok(Val::Bool(left != right)),
        _ => {}
    }
    let order = || left.order(&right);
    match op {
        BinaryOp::Lt => return Ok(Val::Bool(order().is_lt())),
        BinaryOp::Le => return Ok(Val::Bool(order().is_le())),
        BinaryOp::Gt => return Ok(Val::Bool(order().is_gt())),
        BinaryOp::Ge => return Ok(Val::Bool(order().is_ge())),
        _ => {}
    }
    match (left, right) {
        (Val::Bool(a), Val::Bool(b)) => of_bools(op, a, b, expr.span),
        (Val::Int(a), Val::Int(b)) => of_ints(op, &a, &b, expr),
        _ => fail(expr.span, ErrorKind::Internal("an operator on the wrong types")),
    }
}

fn of_bools(op: BinaryOp, a: bool, b: bool, span: Span) -> Eval {
    Ok(Val::Bool(match op {
        BinaryOp::BitAnd => a & b,
        BinaryOp::BitOr => a | b,
        BinaryOp::BitXor => a ^ b,
        _ => return fail(span, ErrorKind::Internal("an operator on the wrong types")),
    }))
}

fn of_ints(op: BinaryOp, a: &BigInt, b: &BigInt, expr: &Expr) -> Eval {
    let span = expr.span;
    let value = match op {
        BinaryOp::Add | BinaryOp::WrapAdd | BinaryOp::SatAdd => a + b,
        BinaryOp::Sub | BinaryOp::WrapSub | BinaryOp::SatSub => a - b,
        BinaryOp::Mul | BinaryOp::WrapMul | BinaryOp::SatMul => multiply(a, b, span)?,
        BinaryOp::Div => quotient(a, b, span)?,
        BinaryOp::Rem => remainder(a, b, span)?,
        BinaryOp::BitAnd => a & b,
        BinaryOp::BitOr => a | b,
        BinaryOp::BitXor => a ^ b,
        BinaryOp::Shl => shift_left(a, b, span)?,
        BinaryOp::Shr => shift_right(a, b, span)?,
        BinaryOp::WrapShl => wrapping_shift(a, b, expr)?,
        _ => return fail(span, ErrorKind::Internal("an operator on the wrong types")),
    };
    Ok(Val::Int(match op {
        BinaryOp::WrapAdd | BinaryOp::WrapSub | BinaryOp::WrapMul => {
            let ty = declared(&expr.ty, span)?;
            wrap(&value, ty.signed, ty.width)
        }
        BinaryOp::SatAdd | BinaryOp::SatSub | BinaryOp::SatMul => {
            let ty = declared(&expr.ty, span)?;
            value.clamp(ty.lo.clone(), ty.hi.clone())
        }
        _ if value.bits() > WIDTH_MAX => return fail(span, ErrorKind::TooWide),
        _ => value,
    }))
}

fn multiply(a: &BigInt, b: &BigInt, span: Span) -> Eval<BigInt> {
    if a.bits() + b.bits() > 2 * WIDTH_MAX {
        return fail(span, ErrorKind::TooWide);
    }
    Ok(a * b)
}

pub(super) fn quotient(a: &BigInt, b: &BigInt, span: Span) -> Eval<BigInt> {
    if b.sign() == Sign::NoSign { fail(span, ErrorKind::DivisionByZero) } else { Ok(a / b) }
}

pub(super) fn remainder(a: &BigInt, b: &BigInt, span: Span) -> Eval<BigInt> {
    if b.sign() == Sign::NoSign { fail(span, ErrorKind::DivisionByZero) } else { Ok(a % b) }
}

fn not_negative(amount: &BigInt, span: Span) -> Eval<()> {
    if amount.sign() == Sign::Minus {
        return fail(span, ErrorKind::NegativeShift { amount: amount.clone() });
    }
    Ok(())
}

fn shift_left(a: &BigInt, amount: &BigInt, span: Span) -> Eval<BigInt> {
    not_negative(amount, span)?;
    match u64::try_from(amount) {
        _ if a.sign() == Sign::NoSign => Ok(BigInt::ZERO),
        Ok(amount) if amount <= WIDTH_MAX => Ok(a << amount),
        _ => fail(span, ErrorKind::TooWide),
    }
}

fn shift_right(a: &BigInt, amount: &BigInt, span: Span) -> Eval<BigInt> {
    not_negative(amount, span)?;
    let enough = a.bits() + 1;
    Ok(a >> u64::try_from(amount).map_or(enough, |amount| amount.min(enough)))
}

fn wrapping_shift(a: &BigInt, amount: &BigInt, expr: &Expr) -> Eval<BigInt> {
    not_negative(amount, expr.span)?;
    let ty = declared(&expr.ty, expr.span)?;
    let amount = u32::try_from(amount).map_or(ty.width, |amount| amount.min(ty.width));
    Ok(wrap(&(a << amount), ty.signed, ty.width))
}
