//! Floating-point operations by the machine's own arithmetic, which follows IEEE 754: independent of the gadgets.

use num_bigint::BigInt;

use crate::hir::{FloatOp, IntTy, Ty};

/// A binary floating-point format of the machine.
trait Float: Copy + PartialOrd {
    fn from_bits(bits: &BigInt) -> Option<Self>;
    fn to_bits(self) -> BigInt;
    fn arithmetic(op: FloatOp, x: Self, y: Self) -> Option<Self>;
    fn from_integer(n: &BigInt) -> Option<Self>;
    fn to_integer(self, signed: bool) -> BigInt;
}

macro_rules! machine_float {
    ($float:ty, $bits:ty, $nan:expr) => {
        impl Float for $float {
            fn from_bits(bits: &BigInt) -> Option<$float> {
                <$bits>::try_from(bits).ok().map(<$float>::from_bits)
            }

            fn to_bits(self) -> BigInt {
                BigInt::from(if self.is_nan() { $nan } else { self.to_bits() })
            }

            fn arithmetic(op: FloatOp, x: $float, y: $float) -> Option<$float> {
                match op {
                    FloatOp::Add => Some(x + y),
                    FloatOp::Sub => Some(x - y),
                    FloatOp::Mul => Some(x * y),
                    FloatOp::Div => Some(x / y),
                    FloatOp::Sqrt => Some(x.sqrt()),
                    _ => None,
                }
            }

            fn from_integer(n: &BigInt) -> Option<$float> {
                match u128::try_from(n) {
                    Ok(n) => Some(n as $float),
                    Err(_) => i128::try_from(n).ok().map(|n| n as $float),
                }
            }

            fn to_integer(self, signed: bool) -> BigInt {
                if signed { BigInt::from(self as i128) } else { BigInt::from(self as u128) }
            }
        }
    };
}

machine_float!(f32, u32, 0x7fc0_0000);
machine_float!(f64, u64, 0x7ff8_0000_0000_0000);

/// An operation on `values`, the first of which is of type `from`, with a result of type `to`: 0 or 1 for a bool. Nothing if the types
/// are not ones that the checker lets through.
pub(crate) fn float(op: FloatOp, values: &[BigInt], from: &IntTy, to: &Ty) -> Option<BigInt> {
    match (op, from.width, to) {
        (FloatOp::FromInt, _, Ty::Int(to)) if to.width == 32 => Some(Float::to_bits(f32::from_integer(&values[0])?)),
        (FloatOp::FromInt, ..) => Some(Float::to_bits(f64::from_integer(&values[0])?)),
        (FloatOp::Convert, 32, _) => Some(Float::to_bits(f64::from(<f32 as Float>::from_bits(&values[0])?))),
        (FloatOp::Convert, ..) => Some(Float::to_bits(<f64 as Float>::from_bits(&values[0])? as f32)),
        (_, 32, _) => of_format::<f32>(op, values, to),
        _ => of_format::<f64>(op, values, to),
    }
}

/// An operation whose operands, and result if it is a number, are of one format.
fn of_format<F: Float>(op: FloatOp, values: &[BigInt], to: &Ty) -> Option<BigInt> {
    let x = F::from_bits(&values[0])?;
    let y = values.get(1).map_or(Some(x), F::from_bits)?;
    match (op, to) {
        (FloatOp::Less, _) => Some(BigInt::from(x < y)),
        (FloatOp::AtMost, _) => Some(BigInt::from(x <= y)),
        (FloatOp::Equal, _) => Some(BigInt::from(x == y)),
        (FloatOp::ToInt, Ty::Int(to)) => Some(x.to_integer(to.signed).clamp(to.lo.clone(), to.hi.clone())),
        _ => F::arithmetic(op, x, y).map(F::to_bits),
    }
}
