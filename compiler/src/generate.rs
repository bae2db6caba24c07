//! Random programs for tests, as Hush text.
//!
//! The generator knows types, so that its programs are well-typed, and keeps stored values in range by `wrap` and `saturate` most of the
//! time. Now and then it leaves that out: such a program is either proven to be fine, and is then a test of the proof, or refused. Everything
//! comes from the random number generator that is passed in, so that a seed names a program.

mod control;
mod program;
mod types;

use hushgate_circuits::shape::{Shape, Value};
use num_bigint::BigInt;
use rand::{Rng, RngExt};

pub use program::program;

/// Some value of a shape; the ends of ranges more often than chance would have it.
pub fn value(shape: &Shape, rng: &mut impl Rng) -> Value {
    match shape {
        Shape::Bool => Value::Bool(rng.random()),
        Shape::Int { lo, hi, .. } => Value::Int(integer(lo, hi, rng)),
        Shape::Array { element, len } => Value::List((0..*len).map(|_| value(element, rng)).collect()),
        Shape::Tuple(items) => Value::List(items.iter().map(|shape| value(shape, rng)).collect()),
        Shape::Struct { fields, .. } => Value::List(fields.iter().map(|(_, shape)| value(shape, rng)).collect()),
        Shape::Enum { variants, .. } => {
            let tag = rng.random_range(0..variants.len());
            Value::Variant(tag as u32, Box::new(value(&variants[tag].1, rng)))
        }
    }
}

fn integer(lo: &BigInt, hi: &BigInt, rng: &mut impl Rng) -> BigInt {
    let size: BigInt = hi - lo + 1;
    match rng.random_range(0..8) {
        0 => lo.clone(),
        1 => hi.clone(),
        2 => lo + BigInt::from(rng.random_range(0..4u8)) % &size,
        _ => {
            let n_words = size.bits() / 32 + 2;
            let random = (0..n_words).fold(BigInt::ZERO, |x, _| (x << 32u32) + rng.random::<u32>());
            lo + random % size
        }
    }
}
