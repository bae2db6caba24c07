//! Counting ones, adding many words, finding the first one.
//!
//! Sums of columns: full adders turn three bits of one weight into one, plus one of twice the weight (carry-save), so
//! nothing is spent on words that are longer than what they hold. For single bits: n − weight(n) ANDs, which is optimal
//! (Boyar, Peralta, "Tight bounds for the multiplicative complexity of symmetric functions", TCS 2008).
//!
//! | gadget | ANDs | depth |
//! |---|---|---|
//! | [`population_count`] of n bits | n − weight(n) | O(log n) to O(log² n) |
//! | [`first_one`] in n bits | n−1 | n−1 |

use std::collections::VecDeque;

use crate::build::Builder;
use crate::gadgets::add::full_adder;
use crate::id::Wire;

/// How many of the bits are 1, in as few bits as hold n; n − weight(n) ANDs.
pub fn population_count(b: &mut Builder, bits: &[Wire]) -> Vec<Wire> {
    let width = (usize::BITS - bits.len().leading_zeros()) as usize;
    sum_columns(b, vec![bits.to_vec()], width)
}

/// The sum of unsigned words of any widths, modulo 2^`width`.
pub fn sum(b: &mut Builder, words: &[&[Wire]], width: usize) -> Vec<Wire> {
    let column = |i: usize| words.iter().filter_map(|word| word.get(i).copied()).collect();
    sum_columns(b, (0..width).map(column).collect(), width)
}

/// The sum of bits, modulo 2^`width`; those in `columns[i]` weigh 2^i.
pub fn sum_columns(b: &mut Builder, columns: Vec<Vec<Wire>>, width: usize) -> Vec<Wire> {
    let mut sum = Vec::with_capacity(width);
    let mut carries = Vec::new();
    let mut columns = columns.into_iter();
    for _ in 0..width {
        let mut column = columns.next().unwrap_or_default();
        column.append(&mut carries);
        column.retain(|&bit| bit != Wire::FALSE);
        sum.push(compress(b, column, &mut carries));
    }
    sum
}

/// The sum's bit of this weight; the rest goes to `carries`, of twice the weight.
///
/// First in, first out, so that late carries wait and depth stays low; a constant 1 last, where it may be free.
fn compress(b: &mut Builder, column: Vec<Wire>, carries: &mut Vec<Wire>) -> Wire {
    let (ones, bits): (Vec<Wire>, Vec<Wire>) = column.into_iter().partition(|&bit| bit == Wire::TRUE);
    carries.extend(vec![Wire::TRUE; ones.len() / 2]);
    let mut one = Wire::constant(ones.len() % 2 == 1);
    let mut queue = VecDeque::from(bits);
    loop {
        let Some(x) = queue.pop_front() else { return one };
        let Some(y) = queue.pop_front() else {
            let (sum, carry) = full_adder(b, x, one, Wire::FALSE);
            carries.push(carry);
            return sum;
        };
        let third = queue.pop_front().unwrap_or_else(|| std::mem::replace(&mut one, Wire::FALSE));
        let (sum, carry) = full_adder(b, x, y, third);
        queue.push_back(sum);
        carries.push(carry);
    }
}

/// Where the least significant 1 is.
pub struct FirstOne {
    /// One bit per bit of the word: 1 at the first 1 and nowhere else.
    pub one_hot: Vec<Wire>,
    /// Its position, in as few bits as positions need; 0 where there is none.
    pub position: Vec<Wire>,
    /// Whether there is a 1 at all.
    pub found: Wire,
}

/// Where the least significant 1 of `x` is (a priority encoder); n−1 ANDs.
pub fn first_one(b: &mut Builder, x: &[Wire]) -> FirstOne {
    let mut found = Wire::FALSE;
    let mut one_hot = Vec::with_capacity(x.len());
    for &bit in x {
        let before = found;
        found = b.or(before, bit);
        one_hot.push(b.xor(before, found));
    }
    let position = encode(b, &one_hot);
    FirstOne { one_hot, position, found }
}

/// The position of the only 1 of a word that has at most one; 0 where there is none. Free.
pub fn encode(b: &mut Builder, one_hot: &[Wire]) -> Vec<Wire> {
    let width = (usize::BITS - one_hot.len().saturating_sub(1).leading_zeros()) as usize;
    let bit = |k: usize| {
        let members = one_hot.iter().enumerate().filter(move |(i, _)| i >> k & 1 == 1);
        members.fold(Wire::FALSE, |sum, (_, &hot)| b.xor(sum, hot))
    };
    (0..width).map(bit).collect()
}

/// How many zeros are below the least significant 1, n where there is no 1, in as few bits as hold n.
pub fn trailing_zeros(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let mut with_end = x.to_vec();
    with_end.push(Wire::TRUE);
    first_one(b, &with_end).position
}

/// How many zeros are above the most significant 1, n where there is no 1, in as few bits as hold n.
pub fn leading_zeros(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let reversed: Vec<Wire> = x.iter().rev().copied().collect();
    trailing_zeros(b, &reversed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::check;

    #[test]
    fn ones() {
        for n in [0u32, 1, 2, 3, 5, 7, 11, 32, 64, 100] {
            let expected = |v: &[u128]| vec![u128::from(v[0].count_ones())];
            let ands = check(&[n], |b, w| vec![population_count(b, w[0])], expected);
            assert_eq!(ands, u64::from(n - n.count_ones()), "{n} bits");
        }
        for (n, ands) in [(160usize, 158), (1_600, 1_597)] {
            assert_eq!(crate::gadgets::and_count(n, population_count), ands);
        }
    }

    #[test]
    fn sums_of_many_words() {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![sum(b, w, 6)];
        assert_eq!(check(&[4, 4, 4], gadget, |v| vec![v.iter().sum()]), 8);
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![sum(b, w, 4)];
        assert_eq!(check(&[4, 2, 3, 1], gadget, |v| vec![v.iter().sum::<u128>() & 15]), 6);
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![sum(b, w, 35)];
        assert_eq!(check(&[32; 8], gadget, |v| vec![v.iter().sum()]), 224);
    }

    #[test]
    fn first_ones() {
        for n in [1u32, 2, 5, 8, 11, 32] {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| {
                let first = first_one(b, w[0]);
                vec![first.one_hot, first.position, vec![first.found]]
            };
            let expected = |v: &[u128]| match v[0] {
                0 => vec![0, 0, 0],
                x => vec![x & x.wrapping_neg(), x.trailing_zeros().into(), 1],
            };
            assert_eq!(check(&[n], gadget, expected), u64::from(n - 1));
            let zeros = |v: &[u128]| vec![u128::from(v[0].trailing_zeros().min(n))];
            assert_eq!(check(&[n], |b, w| vec![trailing_zeros(b, w[0])], zeros), u64::from(n - 1));
            let zeros = |v: &[u128]| vec![u128::from(v[0].leading_zeros() - (128 - n))];
            assert_eq!(check(&[n], |b, w| vec![leading_zeros(b, w[0])], zeros), u64::from(n - 1));
        }
    }
}
