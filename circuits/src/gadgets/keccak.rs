//! Keccak-f\[1600\], the permutation of SHA-3.
//!
//! FIPS 202, §3. One AND per bit and round, in χ; all else is XOR and wiring: 38,400 ANDs, depth 24.

use crate::build::Builder;
use crate::id::Wire;

/// 64 bits, least significant first.
pub type Lane = [Wire; 64];

/// The permutation of 25 lanes; lane `x + 5y` is the standard's `A[x, y]`.
pub fn keccak_f1600(b: &mut Builder, state: [Lane; 25]) -> [Lane; 25] {
    round_constants().into_iter().fold(state, |state, constant| {
        let mixed = theta(b, state);
        let mut next = chi(b, rho_pi(mixed));
        next[0] = std::array::from_fn(|z| next[0][z] ^ (constant >> z & 1 == 1));
        next
    })
}

fn theta(b: &mut Builder, state: [Lane; 25]) -> [Lane; 25] {
    let mut xor = |x: Lane, y: Lane| -> Lane { std::array::from_fn(|z| b.xor(x[z], y[z])) };
    let parity: [Lane; 5] = std::array::from_fn(|x| (1..5).fold(state[x], |sum, y| xor(sum, state[x + 5 * y])));
    let change: [Lane; 5] = std::array::from_fn(|x| xor(parity[(x + 4) % 5], rotate(parity[(x + 1) % 5], 1)));
    std::array::from_fn(|i| xor(state[i], change[i % 5]))
}

/// Rotates the lanes, and moves lane (x, y) to (y, 2x + 3y).
fn rho_pi(state: [Lane; 25]) -> [Lane; 25] {
    let mut moved = state;
    let (mut x, mut y) = (1, 0);
    for t in 0..24 {
        let rotated = rotate(state[x + 5 * y], (t + 1) * (t + 2) / 2);
        (x, y) = (y, (2 * x + 3 * y) % 5);
        moved[x + 5 * y] = rotated;
    }
    moved
}

fn chi(b: &mut Builder, state: [Lane; 25]) -> [Lane; 25] {
    std::array::from_fn(|i| {
        let (this, next, after) = (state[i], lane_at(&state, i, 1), lane_at(&state, i, 2));
        std::array::from_fn(|z| {
            let change = b.and(!next[z], after[z]);
            b.xor(this[z], change)
        })
    })
}

/// The lane `k` places further in the row of lane `i`.
fn lane_at(state: &[Lane; 25], i: usize, k: usize) -> Lane {
    state[i / 5 * 5 + (i % 5 + k) % 5]
}

fn rotate(lane: Lane, amount: usize) -> Lane {
    std::array::from_fn(|z| lane[(z + 64 - amount % 64) % 64])
}

/// The round constants, from the standard's shift register.
fn round_constants() -> [u64; 24] {
    let mut register = 1u8;
    std::array::from_fn(|_| {
        (0..7).fold(0, |constant, j| {
            let bit = u64::from(register & 1);
            register = register << 1 ^ if register >> 7 == 1 { 0x71 } else { 0 };
            constant | bit << ((1 << j) - 1)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::check_once;

    /// The first lanes of the permutation of the zero state, from the Keccak team's known answers.
    #[test]
    fn the_zero_state() {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| {
            let lanes = std::array::from_fn(|i| std::array::from_fn(|z| w[i][z]));
            keccak_f1600(b, lanes)[..3].iter().map(|lane| lane.to_vec()).collect()
        };
        let expected = [0xf125_8f79_40e1_dde7, 0x84d5_ccf9_33c0_478a, 0xd598_261e_a65a_a9ee];
        check_once(&[64; 25], gadget, &[0; 25], &expected);
    }

    #[test]
    fn one_and_per_bit_and_round() {
        let gadget = |b: &mut Builder, w: &[Wire]| {
            keccak_f1600(b, std::array::from_fn(|i| std::array::from_fn(|z| w[64 * i + z]))).concat()
        };
        assert_eq!(crate::gadgets::and_count(1_600, gadget), 38_400);
        assert_eq!(round_constants()[23], 0x8000_0000_8000_8008);
    }
}
