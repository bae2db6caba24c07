//! Floating-point operations: the gadgets, on the bits of numbers.

use hushgate_circuits::build::Builder;
use hushgate_circuits::gadgets::float::{self, F32, F64, Format, compare, convert};
use hushgate_circuits::id::Wire;
use num_bigint::BigInt;

use super::integer::extend;
use super::value::{Abstract, Bit, Int};
use super::walk::Walk;
use crate::hir::{FloatOp, IntTy, Ty};
use crate::ranges::Range;

impl Walk<'_> {
    /// An operation on operands of which the first is declared as `from`, with a result of type `to`.
    pub(super) fn float(&mut self, op: FloatOp, operands: &[Int], from: &IntTy, to: &Ty) -> Abstract {
        let operands: Vec<Int> = operands.iter().map(|operand| self.refresh(operand)).collect();
        let stage = operands.iter().fold(super::value::Stage::BUILD, |stage, operand| stage.join(operand.stage()));
        let known: Option<Vec<BigInt>> = operands.iter().map(|operand| operand.known().cloned()).collect();
        if let Some(result) = known.and_then(|known| crate::interpret::float(op, &known, from, to)) {
            return match to {
                Ty::Bool => Abstract::Bool(Bit { stage, ..Bit::known(result != BigInt::ZERO) }),
                _ => Abstract::Int(self.constant(result, stage)),
            };
        }
        match to {
            Ty::Bool => {
                let wire =
                    self.builder.as_mut().map_or(Wire::FALSE, |builder| comparison(builder, op, &operands, from));
                Abstract::Bool(self.unknown_bit(wire, stage))
            }
            to => {
                let to = to.declared();
                let range = Range::of_width(to.signed, to.width);
                Abstract::Int(self.opaque(range, stage, |builder, _| number(builder, op, &operands, from, to)))
            }
        }
    }
}

fn comparison(builder: &mut Builder, op: FloatOp, operands: &[Int], from: &IntTy) -> Wire {
    let format = format(from);
    let [x, y] = [&operands[0], &operands[1]].map(|operand| extend(operand, format.width()));
    match op {
        FloatOp::Less => compare::less(builder, format, &x, &y),
        FloatOp::AtMost => compare::less_equal(builder, format, &x, &y),
        _ => compare::equal(builder, format, &x, &y),
    }
}

fn number(builder: &mut Builder, op: FloatOp, operands: &[Int], from: &IntTy, to: &IntTy) -> Vec<Wire> {
    if op == FloatOp::FromInt {
        let n = &operands[0];
        let nearest = if n.range().is_signed() { convert::from_signed } else { convert::from_unsigned };
        return nearest(builder, format(to), n.wires());
    }
    let format = format(from);
    let x = extend(&operands[0], format.width());
    let y = operands.get(1).map_or(Vec::new(), |operand| extend(operand, format.width()));
    match op {
        FloatOp::Add => float::add(builder, format, &x, &y),
        FloatOp::Sub => float::subtract(builder, format, &x, &y),
        FloatOp::Mul => float::multiply(builder, format, &x, &y),
        FloatOp::Div => float::divide(builder, format, &x, &y),
        FloatOp::Sqrt => float::square_root(builder, format, &x),
        FloatOp::ToInt if to.signed => convert::to_signed(builder, format, &x, to.width as usize),
        FloatOp::ToInt => convert::to_unsigned(builder, format, &x, to.width as usize),
        _ if format == F32 => convert::widen(builder, F32, F64, &x),
        _ => convert::narrow(builder, F64, F32, &x),
    }
}

fn format(bits: &IntTy) -> Format {
    if bits.width == 32 { F32 } else { F64 }
}
