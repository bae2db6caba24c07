//! The test bench of all gadgets: meaning against plain arithmetic, and the AND count.
//!
//! Small gadgets are tried on every input, others on edge values of every operand and on 10,000 random ones.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::build::Builder;
use crate::circuit::Block;
use crate::evaluate::evaluate_block;
use crate::id::Wire;
use crate::verify::verify_block;

const BITS_EXHAUSTIVE_MAX: u32 = 12;
const N_RANDOM: usize = 10_000;

/// The greatest number of `width` bits.
pub(crate) fn mask(width: u32) -> u128 {
    u128::MAX.checked_shr(128 - width).unwrap_or(0)
}

/// Checks that `gadget`, on operands of these `widths`, computes `expected`; returns its AND count.
///
/// Operands for which `expected` returns nothing are outside the gadget's promise.
pub(crate) fn check(
    widths: &[u32],
    gadget: impl FnOnce(&mut Builder, &[&[Wire]]) -> Vec<Vec<Wire>>,
    expected: impl Fn(&[u128]) -> Vec<u128>,
) -> u64 {
    let (block, out_widths) = build(widths, gadget);
    for operands in samples(widths).chunks(64) {
        let lanes = evaluate_block(&[], &block, &to_lanes(operands, widths));
        for (k, operands) in operands.iter().enumerate() {
            let found: Vec<u128> = split(&lanes, &out_widths).into_iter().map(|word| from_lanes(word, k)).collect();
            let expected = expected(operands);
            assert!(expected.is_empty() || found == expected, "{operands:?} gives {found:?}, not {expected:?}");
        }
    }
    block.n_ands()
}

/// Checks `gadget` on one known answer; returns its AND count.
pub(crate) fn check_once(
    widths: &[u32],
    gadget: impl FnOnce(&mut Builder, &[&[Wire]]) -> Vec<Vec<Wire>>,
    operands: &[u128],
    expected: &[u128],
) -> u64 {
    let (block, out_widths) = build(widths, gadget);
    let lanes = evaluate_block(&[], &block, &to_lanes(&[operands.to_vec()], widths));
    let found: Vec<u128> = split(&lanes, &out_widths).into_iter().map(|word| from_lanes(word, 0)).collect();
    assert_eq!(found, expected);
    block.n_ands()
}

fn build(widths: &[u32], gadget: impl FnOnce(&mut Builder, &[&[Wire]]) -> Vec<Vec<Wire>>) -> (Block, Vec<u32>) {
    let mut builder = Builder::new("gadget", widths.iter().sum());
    let inputs = builder.inputs();
    let outputs = gadget(&mut builder, &split(&inputs, widths));
    let out_widths: Vec<u32> = outputs.iter().map(|word| word.len() as u32).collect();
    let block = builder.finish(outputs.concat()).unwrap();
    assert_eq!(verify_block(&[], &block), Ok(()));
    (block, out_widths)
}

fn split<'a, T>(mut items: &'a [T], widths: &[u32]) -> Vec<&'a [T]> {
    let mut words = Vec::new();
    for &width in widths {
        let (word, rest) = items.split_at(width as usize);
        words.push(word);
        items = rest;
    }
    words
}

fn samples(widths: &[u32]) -> Vec<Vec<u128>> {
    let n_bits: u32 = widths.iter().sum();
    if n_bits <= BITS_EXHAUSTIVE_MAX {
        let operands = |mut bits: u128| {
            let mut next = |&width: &u32| {
                let operand = bits & mask(width);
                bits >>= width;
                operand
            };
            widths.iter().map(&mut next).collect()
        };
        return (0..1u128 << n_bits).map(operands).collect();
    }
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let random = |_| widths.iter().map(|&width| random_operand(&mut rng, width)).collect();
    let mut samples: Vec<Vec<u128>> = (0..N_RANDOM).map(random).collect();
    samples.extend(edges(widths));
    samples
}

/// Half of them of all bits, half short.
fn random_operand(rng: &mut impl Rng, width: u32) -> u128 {
    let bits = if rng.random() { width } else { rng.random_range(0..=width) };
    rng.random::<u128>() & mask(bits)
}

/// Edge values of every operand against those of the next, all others being equal to one of them.
fn edges(widths: &[u32]) -> Vec<Vec<u128>> {
    let values = |width: u32| {
        let top = 1u128.checked_shl(width.saturating_sub(1)).unwrap_or(0);
        [0, 1, 2, 3, top.wrapping_sub(1), top, top + 1, mask(width) - mask(width).min(1), mask(width)]
            .map(|value| value & mask(width))
    };
    let mut samples = Vec::new();
    for (i, j) in (0..81).map(|k| (k / 9, k % 9)) {
        let pick = |(k, &width): (usize, &u32)| values(width)[if k % 2 == 0 { i } else { j }];
        samples.push(widths.iter().enumerate().map(pick).collect());
    }
    samples
}

fn to_lanes(operands: &[Vec<u128>], widths: &[u32]) -> Vec<u64> {
    let bits = widths.iter().enumerate().flat_map(|(word, &width)| (0..width).map(move |i| (word, i)));
    let lane = |(word, i): (usize, u32)| {
        operands.iter().enumerate().fold(0, |lane, (k, operands)| lane | ((operands[word] >> i & 1) as u64) << k)
    };
    bits.map(lane).collect()
}

fn from_lanes(word: &[u64], k: usize) -> u128 {
    word.iter().enumerate().fold(0, |value, (i, lane)| value | u128::from(lane >> k & 1) << i)
}
