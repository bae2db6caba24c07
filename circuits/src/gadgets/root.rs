//! Integer square root.
//!
//! Two bits of the number a step, restoring: try `4·root + 1`, keep the difference where it is not negative. With the root in
//! k bits, k² + O(k) ANDs: 70, 270, 1,054 for 16, 32, 64 bits. Depth O(k²).

use super::add::subtract_borrow;
use super::compare::{any, less};
use super::select::select;
use super::zero_extend;
use crate::build::Builder;
use crate::id::Wire;

/// `⌊√x⌋` of an unsigned word, in half its bits, rounded up.
pub fn square_root(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    square_root_and_remainder(b, x).0
}

/// `r = ⌊√x⌋` of an unsigned word, in half its bits, rounded up; and `x − r²`, in one bit more.
pub fn square_root_and_remainder(b: &mut Builder, x: &[Wire]) -> (Vec<Wire>, Vec<Wire>) {
    let k = x.len().div_ceil(2);
    let x = zero_extend(x, 2 * k);
    let mut root: Vec<Wire> = Vec::new();
    let mut remainder: Vec<Wire> = Vec::new();
    for pair in x.rchunks_exact(2) {
        remainder.splice(0..0, [pair[0], pair[1]]);
        let trial = [vec![Wire::TRUE, Wire::FALSE], root.clone()].concat();
        let width = remainder.len().max(trial.len());
        let (difference, borrow) = subtract_borrow(b, &zero_extend(&remainder, width), &zero_extend(&trial, width));
        remainder = select(b, borrow, &zero_extend(&remainder, width), &difference);
        root.insert(0, !borrow);
        // A remainder is at most twice the root.
        remainder.truncate(root.len() + 1);
    }
    (root, remainder)
}

/// `⌊√(4x)⌋` in as many bits as needed, and whether `4x` is no square: the last step needs no difference.
pub fn square_root_of_four_times(b: &mut Builder, x: &[Wire]) -> (Vec<Wire>, Wire) {
    let (root, remainder) = square_root_and_remainder(b, x);
    let low = [Wire::FALSE; 2];
    let four_times = [&low, &remainder[..]].concat();
    let trial = zero_extend(&[&[Wire::TRUE, Wire::FALSE], &root[..]].concat(), four_times.len());
    let is_even = less(b, &four_times, &trial);
    // What is left after a subtraction is not 0: four times something is not one more than four times something else.
    let is_left = any(b, &remainder);
    let is_inexact = b.or(!is_even, is_left);
    ([&[!is_even], &root[..]].concat(), is_inexact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::check;

    #[test]
    fn roots() {
        for n in 0..=12 {
            check(&[n], |b, w| vec![square_root(b, w[0])], |v| vec![v[0].isqrt()]);
        }
        let count = |n| check(&[n], |b, w| vec![square_root(b, w[0])], |v| vec![v[0].isqrt()]);
        assert_eq!([16, 32, 64].map(count), [70, 270, 1_054]);
    }

    #[test]
    fn roots_of_multiples_of_four() {
        for n in [1, 2, 5, 8, 12, 32] {
            let both = |b: &mut Builder, w: &[&[Wire]]| {
                let (root, is_inexact) = square_root_of_four_times(b, w[0]);
                vec![root, vec![is_inexact]]
            };
            check(&[n], both, |v| {
                let root = (4 * v[0]).isqrt();
                vec![root, u128::from(root * root != 4 * v[0])]
            });
        }
    }

    #[test]
    fn remainders() {
        for n in [1, 2, 7, 12, 32] {
            let both = |b: &mut Builder, w: &[&[Wire]]| {
                let (root, remainder) = square_root_and_remainder(b, w[0]);
                vec![root, remainder]
            };
            check(&[n], both, |v| vec![v[0].isqrt(), v[0] - v[0].isqrt().pow(2)]);
        }
    }
}
