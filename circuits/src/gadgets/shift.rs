//! Shifts and rotations, by public and by secret amounts.
//!
//! By a public amount they are wiring. By a secret amount of k bits: one select per bit of the amount (a barrel shifter).
//!
//! | gadget, n bits | ANDs | depth |
//! |---|---|---|
//! | [`shift_by`] `Left`, `Right` | n·min(k, ⌈log₂ n⌉), and at most n + k more if the amount may reach n | k+1 |
//! | [`shift_by`] `ArithmeticRight` | (n−1)·min(k, ⌈log₂ n⌉), and at most n + k more | k+1 |
//! | [`shift_by`] `RotateLeft`, `RotateRight` | n − gcd(n, 2^i) per bit i of the amount | k |
//!
//! A rotation by s moves bits along gcd(n, s) cycles. The differences `x_i ⊕ x_{i+s}` along a cycle add up to 0, and so do
//! their products with the amount's bit: one per cycle is free.

use super::compare::any;
use super::select::select;
use crate::build::Builder;
use crate::id::Wire;

/// What happens to the bits that leave a word, and to the places they leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Towards the most significant bit; zeros come in.
    Left,
    /// Towards the least significant bit; zeros come in.
    Right,
    /// Towards the least significant bit; copies of the sign bit come in.
    ArithmeticRight,
    /// Towards the most significant bit; what leaves comes in.
    RotateLeft,
    /// Towards the least significant bit; what leaves comes in.
    RotateRight,
}

/// `x` shifted by a public amount; free. An amount of n or more leaves nothing of `x`; rotations take it modulo n.
#[must_use]
pub fn shift(kind: Shift, x: &[Wire], amount: u64) -> Vec<Wire> {
    let n = x.len() as u64;
    let filler = if kind == Shift::ArithmeticRight { x.last().copied() } else { None }.unwrap_or(Wire::FALSE);
    let from = |i: u64| match kind {
        Shift::Left => i.checked_sub(amount),
        Shift::Right | Shift::ArithmeticRight => i.checked_add(amount).filter(|&i| i < n),
        Shift::RotateLeft => Some((i + n - amount % n) % n),
        Shift::RotateRight => Some((i + amount % n) % n),
    };
    (0..n).map(|i| from(i).map_or(filler, |i| x[i as usize])).collect()
}

/// `x` shifted by a secret, unsigned amount. An amount of n or more leaves nothing of `x`; rotations take it modulo n.
pub fn shift_by(b: &mut Builder, kind: Shift, x: &[Wire], amount: &[Wire]) -> Vec<Wire> {
    let n = x.len() as u64;
    if n == 0 {
        return Vec::new();
    }
    let rotates = matches!(kind, Shift::RotateLeft | Shift::RotateRight);
    let n_stages = if rotates && !n.is_power_of_two() { amount.len() } else { bits_below(n).min(amount.len()) };
    let (stages, beyond) = amount.split_at(n_stages);
    let mut shifted = x.to_vec();
    for (k, &bit) in stages.iter().enumerate() {
        let distance = power_of_two(k, n, rotates);
        let moved = shift(kind, &shifted, distance);
        shifted =
            if rotates { select_rotated(b, bit, &moved, &shifted, distance) } else { select(b, bit, &moved, &shifted) };
    }
    if rotates || beyond.is_empty() {
        return shifted;
    }
    let leaves = any(b, beyond);
    let nothing = shift(kind, x, n);
    select(b, leaves, &nothing, &shifted)
}

/// `moved` where `choice`, else `x`, where `moved` is `x` rotated by `distance` either way.
fn select_rotated(b: &mut Builder, choice: Wire, moved: &[Wire], x: &[Wire], distance: u64) -> Vec<Wire> {
    let n = x.len();
    let mut selected = x.to_vec();
    for start in 0..gcd(n as u64, distance) as usize {
        let mut sum = Wire::FALSE;
        let cycle: Vec<usize> = std::iter::successors(Some(start), |&i| {
            let next = (i + distance as usize) % n;
            (next != start).then_some(next)
        })
        .collect();
        for (k, &i) in cycle.iter().enumerate() {
            let difference = b.xor(moved[i], x[i]);
            let change = if k + 1 == cycle.len() { sum } else { b.and(choice, difference) };
            sum = b.xor(sum, change);
            selected[i] = b.xor(x[i], change);
        }
    }
    selected
}

fn gcd(x: u64, y: u64) -> u64 {
    if y == 0 { x } else { gcd(y, x % y) }
}

/// Bits of the numbers below `n`.
fn bits_below(n: u64) -> usize {
    (u64::BITS - (n - 1).leading_zeros()) as usize
}

/// 2^k; for rotations modulo n.
fn power_of_two(k: usize, n: u64, rotates: bool) -> u64 {
    if rotates { (0..k).fold(1 % n, |power, _| power * 2 % n) } else { 1 << k }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::check;

    const KINDS: [Shift; 5] =
        [Shift::Left, Shift::Right, Shift::ArithmeticRight, Shift::RotateLeft, Shift::RotateRight];

    fn expected(kind: Shift, n: u32, x: u128, amount: u128) -> u128 {
        let sign = x >> (n - 1) & 1;
        let bit = |i: u32| {
            let (i, n) = (i128::from(i), i128::from(n));
            let amount = amount as i128;
            let source = match kind {
                Shift::Left => i - amount,
                Shift::Right | Shift::ArithmeticRight => i + amount,
                Shift::RotateLeft => (i - amount).rem_euclid(n),
                Shift::RotateRight => (i + amount).rem_euclid(n),
            };
            let outside = if kind == Shift::ArithmeticRight { sign } else { 0 };
            if (0..n).contains(&source) { x >> source & 1 } else { outside }
        };
        (0..n).fold(0, |word, i| word | bit(i) << i)
    }

    #[test]
    fn every_kind_by_every_amount() {
        for (n, k) in [(1, 1), (2, 3), (5, 2), (5, 4), (6, 6), (8, 3)] {
            for kind in KINDS {
                check(&[n, k], |b, w| vec![shift_by(b, kind, w[0], w[1])], |v| vec![expected(kind, n, v[0], v[1])]);
                for amount in 0..10 {
                    check(
                        &[n],
                        |_, w| vec![shift(kind, w[0], amount)],
                        |v| vec![expected(kind, n, v[0], amount.into())],
                    );
                }
            }
        }
    }

    #[test]
    fn a_stage_costs_one_select() {
        for kind in KINDS {
            let count = |n, k| {
                check(&[n, k], |b, w| vec![shift_by(b, kind, w[0], w[1])], |v| vec![expected(kind, n, v[0], v[1])])
            };
            let (ands_32, ands_64) = match kind {
                Shift::Left | Shift::Right => (160, 384),
                Shift::ArithmeticRight => (155, 378),
                Shift::RotateLeft | Shift::RotateRight => (129, 321),
            };
            assert_eq!(count(32, 5), ands_32, "{kind:?}");
            assert_eq!(count(64, 6), ands_64, "{kind:?}");
            assert!(count(32, 8) <= 160 + 32 + 2, "{kind:?}");
        }
    }
}
