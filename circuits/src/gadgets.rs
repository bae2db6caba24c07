//! Gadgets: words and algorithms out of gates, with as few ANDs as are known.
//!
//! One file a family; its header states AND counts, depth and source, and its tests pin them. Words are slices of wires,
//! least significant bit first; signed words are two's complement. XOR and NOT are free, and depth is never bought with
//! more ANDs. Counts are upper bounds: constant and repeated bits make any gadget cheaper by [`Builder`]'s rules.

pub mod add;
pub mod compare;
pub mod select;

pub mod shift;

pub mod count;
pub mod multiply;

pub mod divide;

pub mod index;
pub mod sort;

pub mod aes;
pub mod keccak;
pub mod sha2;

pub mod edit_distance;
pub mod root;

pub mod float;

pub mod table;

use num_bigint::BigUint;

use crate::build::Builder;
use crate::id::Wire;

/// `x` in `width` bits: zeros added, or high bits dropped.
#[must_use]
pub fn zero_extend(x: &[Wire], width: usize) -> Vec<Wire> {
    (0..width).map(|i| x.get(i).copied().unwrap_or(Wire::FALSE)).collect()
}

/// `x` in `width` bits: copies of the sign bit added, or high bits dropped. The empty word is 0.
#[must_use]
pub fn sign_extend(x: &[Wire], width: usize) -> Vec<Wire> {
    let sign = x.last().copied().unwrap_or(Wire::FALSE);
    (0..width).map(|i| x.get(i).copied().unwrap_or(sign)).collect()
}

/// The low `width` bits of a public number.
#[must_use]
pub fn constant(value: &BigUint, width: usize) -> Vec<Wire> {
    (0..width).map(|i| Wire::constant(value.bit(i as u64))).collect()
}

/// The number that an unsigned word is, where all its bits are constant.
#[must_use]
pub fn as_constant(x: &[Wire]) -> Option<BigUint> {
    let mut value = BigUint::ZERO;
    for (i, bit) in x.iter().enumerate() {
        value.set_bit(i as u64, bit.as_constant()?);
    }
    Some(value)
}

/// ANDs that `gadget` needs on `n_inputs` unknown bits, dead ones not counted.
pub(crate) fn and_count(n_inputs: usize, gadget: impl FnOnce(&mut Builder, &[Wire]) -> Vec<Wire>) -> u64 {
    let mut builder = Builder::new("", n_inputs as u32);
    let inputs = builder.inputs();
    let outputs = gadget(&mut builder, &inputs);
    builder.finish(outputs).map_or(u64::MAX, |block| block.n_ands())
}

#[cfg(test)]
mod check;
