//! Built-in functions.

use std::rc::Rc;

use hushgate_circuits::gadgets::sort::{Comparator, merging_network, sorting_network};
use hushgate_circuits::shape::int_from_bits;
use num_bigint::{BigInt, Sign};

use super::{ErrorKind, Eval, Val, WIDTH_MAX, aes_sbox, declared, fail, float, operator};
use crate::hir::{Expr, IntTy, Intrinsic, Ty};
use crate::source::Span;

pub(super) fn apply(intrinsic: Intrinsic, expr: &Expr, args: &[Expr], values: Vec<Val>) -> Eval {
    let span = expr.span;
    let int = |i: usize| values[i].int(span);
    Ok(Val::Int(match intrinsic {
        Intrinsic::Min => int(0)?.min(int(1)?),
        Intrinsic::Max => int(0)?.max(int(1)?),
        Intrinsic::Abs => BigInt::from(int(0)?.magnitude().clone()),
        Intrinsic::DivOr if is_zero(&int(1)?) => int(2)?,
        Intrinsic::DivOr => operator::quotient(&int(0)?, &int(1)?, span)?,
        Intrinsic::RemOr if is_zero(&int(1)?) => int(2)?,
        Intrinsic::RemOr => operator::remainder(&int(0)?, &int(1)?, span)?,
        Intrinsic::RotateLeft => rotate_left(&int(0)?, &int(1)?, declared(&expr.ty, span)?, span)?,
        Intrinsic::RotateRight => rotate_left(&int(0)?, &-int(1)?, declared(&expr.ty, span)?, span)?,
        Intrinsic::CountOnes => BigInt::from(bits_of(&values[0], &args[0], span)?.iter().filter(|bit| **bit).count()),
        Intrinsic::LeadingZeros => {
            let bits = bits_of(&values[0], &args[0], span)?;
            BigInt::from(bits.iter().rev().take_while(|bit| !**bit).count())
        }
        Intrinsic::Bits => {
            let bits = bits_of(&values[0], &args[0], span)?;
            return Ok(Val::List(Rc::new(bits.into_iter().map(Val::Bool).collect())));
        }
        Intrinsic::FromBits => {
            let bits = bits_of(&values[0], &args[0], span)?;
            int_from_bits(bits.into_iter(), declared(&expr.ty, span)?.signed)
        }
        Intrinsic::Sum => sum(&values[0], span)?,
        Intrinsic::GetOr => {
            let index = int(1)?;
            let items = values[0].list(span)?;
            let found = usize::try_from(&index).ok().and_then(|i| items.get(i));
            return Ok(found.unwrap_or(&values[2]).clone());
        }
        Intrinsic::AesSbox => match u8::try_from(int(0)?) {
            Ok(byte) => BigInt::from(aes_sbox(byte)),
            Err(_) => return fail(span, ErrorKind::Internal("an S-box of more than a byte")),
        },
        Intrinsic::SortingNetwork | Intrinsic::MergingNetwork => {
            let sizes: Vec<u64> = values.iter().filter_map(|value| u64::try_from(value.int(span).ok()?).ok()).collect();
            let pair = |(i, j)| Val::List(Rc::new(vec![Val::Int(BigInt::from(i)), Val::Int(BigInt::from(j))]));
            return Ok(Val::List(Rc::new(network(intrinsic, &sizes).into_iter().map(pair).collect())));
        }
        Intrinsic::Tag => match &values[0] {
            Val::Variant(tag, _) => BigInt::from(*tag),
            _ => return fail(span, ErrorKind::Internal("expected an enum")),
        },
        Intrinsic::Isqrt => int(0)?.max(BigInt::ZERO).sqrt(),
        Intrinsic::Float(op) => {
            let values = values.iter().map(|value| value.int(span)).collect::<Result<Vec<_>, _>>()?;
            let Some(result) = float(op, &values, declared(&args[0].ty, span)?, &expr.ty) else {
                return fail(span, ErrorKind::Internal("a floating-point operation on other types"));
            };
            return Ok(if expr.ty == Ty::Bool { Val::Bool(result != BigInt::ZERO) } else { Val::Int(result) });
        }
    }))
}

/// The pairs of positions that a network of these sizes compares.
pub fn network(intrinsic: Intrinsic, sizes: &[u64]) -> Vec<Comparator> {
    let sizes: Vec<usize> = sizes.iter().map(|&size| size as usize).collect();
    match (intrinsic, &sizes[..]) {
        (Intrinsic::SortingNetwork, &[n]) => sorting_network(n),
        (Intrinsic::MergingNetwork, &[n, m]) => merging_network(n, m),
        _ => unreachable!("the checker has given each network its sizes"),
    }
}

fn is_zero(value: &BigInt) -> bool {
    value.sign() == Sign::NoSign
}

fn sum(array: &Val, span: Span) -> Eval<BigInt> {
    let mut total = BigInt::ZERO;
    for item in array.list(span)?.iter() {
        total += item.int(span)?;
    }
    if total.bits() > WIDTH_MAX { fail(span, ErrorKind::TooWide) } else { Ok(total) }
}

/// The bits of a declared integer in its width, or the elements of an array of bools; least significant first.
fn bits_of(value: &Val, arg: &Expr, span: Span) -> Eval<Vec<bool>> {
    match value {
        Val::Int(value) => Ok((0..declared(&arg.ty, span)?.width).map(|i| value.bit(u64::from(i))).collect()),
        value => value.list(span)?.iter().map(|item| item.bool(span)).collect(),
    }
}

fn rotate_left(value: &BigInt, amount: &BigInt, ty: &IntTy, span: Span) -> Eval<BigInt> {
    let width = i64::from(ty.width);
    let Ok(amount) = u64::try_from(((amount % width) + width) % width) else {
        return fail(span, ErrorKind::Internal("a rotation of no bits"));
    };
    let bits = (0..u64::from(ty.width)).map(|i| value.bit((i + u64::from(ty.width) - amount) % u64::from(ty.width)));
    Ok(int_from_bits(bits, ty.signed))
}
