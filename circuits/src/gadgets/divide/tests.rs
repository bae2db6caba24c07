use super::*;
use crate::gadgets::check::{check, mask};

fn words(division: Division) -> Vec<Vec<Wire>> {
    vec![division.quotient, division.remainder]
}

/// What the header promises for unsigned words.
fn expected(n: u32, k: u32, v: &[u128]) -> Vec<u128> {
    match v[1] {
        0 if k >= n => vec![mask(n), v[0]],
        0 => Vec::new(),
        d => vec![v[0] / d, v[0] % d],
    }
}

#[test]
fn unsigned_division() {
    for (n, k) in (0..7).flat_map(|n| (0..7).map(move |k| (n, k))).filter(|(n, k)| n + k <= 12) {
        check(&[n, k], |b, w| words(divide(b, w[0], w[1])), |v| expected(n, k, v));
    }
    let count = |n, k| check(&[n, k], |b, w| words(divide(b, w[0], w[1])), |v| expected(n, k, v));
    assert_eq!([(8, 8), (16, 16), (32, 32), (64, 64)].map(|(n, k)| count(n, k)), [76, 252, 892, 3_324]);
    assert_eq!(
        [(64, 32), (32, 8), (32, 64), (64, 10), (100, 50)].map(|(n, k)| count(n, k)),
        [1_916, 268, 987, 651, 4_571]
    );
}

#[test]
fn a_quotient_alone_is_cheaper() {
    let count = |n: u32| {
        let quotient = |b: &mut Builder, w: &[&[Wire]]| vec![divide(b, w[0], w[1]).quotient];
        check(&[n, n], quotient, |v| expected(n, n, v)[..1].to_vec())
    };
    assert_eq!([8, 16, 32, 64].map(count), [61, 221, 829, 3_197]);
}

#[test]
fn the_switch_is_the_best_one() {
    for (n, k) in [(8, 8), (16, 16), (32, 32), (24, 12), (20, 3)] {
        let count = |m| {
            and_count(n + k, |b, w| {
                let Division { quotient, remainder } = divide_switching(b, &w[..n], &w[n..], m);
                [quotient, remainder].concat()
            })
        };
        let best = (1..=n).map(count).min();
        assert_eq!(Some(count(switch(n, k))), best, "{n} by {k} bits");
    }
}

fn signed(x: u128, width: u32) -> i128 {
    if x >> (width - 1) & 1 == 1 { x as i128 - (1 << width) } else { x as i128 }
}

fn expected_signed(rounding: Rounding, n: u32, k: u32, v: &[u128]) -> Vec<u128> {
    let (x, d) = (signed(v[0], n), signed(v[1], k));
    if d == 0 {
        return Vec::new();
    }
    let (quotient, remainder) = match rounding {
        Rounding::Truncate => (x / d, x % d),
        Rounding::Euclid => (x.div_euclid(d), x.rem_euclid(d)),
        Rounding::Floor => {
            let is_rounded_up = x % d != 0 && (x < 0) != (d < 0);
            (x / d - i128::from(is_rounded_up), x % d + if is_rounded_up { d } else { 0 })
        }
    };
    vec![quotient as u128 & mask(n), remainder as u128 & mask(k)]
}

#[test]
fn signed_division() {
    let mut counts = Vec::new();
    for rounding in [Rounding::Truncate, Rounding::Floor, Rounding::Euclid] {
        let count = |n, k| {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| words(divide_signed(b, w[0], w[1], rounding));
            check(&[n, k], gadget, |v| expected_signed(rounding, n, k, v))
        };
        for (n, k) in (1..7).flat_map(|n| (1..7).map(move |k| (n, k))) {
            count(n, k);
        }
        counts.push([count(32, 32), count(64, 32)]);
    }
    assert_eq!(counts, [[1_016, 2_104], [1_049, 2_105], [1_028, 2_041]]);
}

#[test]
fn division_by_constants() {
    for divisor in 0..40u128 {
        for n in [1, 3, 7, 9] {
            let width = (128 - divisor.leading_zeros()) as usize;
            let gadget = |b: &mut Builder, w: &[&[Wire]]| {
                let division = divide_constant(b, w[0], &divisor.into(), |d| [&d.quotient[..], &d.remainder].concat());
                assert_eq!((division.quotient.len(), division.remainder.len()), (n, width));
                words(division)
            };
            check(&[n as u32], gadget, |v| match divisor {
                0 => vec![mask(n as u32), 0],
                _ => vec![v[0] / divisor, v[0] % divisor],
            });
        }
    }
}

#[test]
fn every_way_to_divide_by_a_constant_is_right() {
    for divisor in [3u128, 5, 7, 11, 25, 31, 45, 127] {
        let digit = (2..16).find(|bits| (1u128 << bits) % divisor == 1);
        let methods = [Method::Long(13), Method::Long(2), Method::Reciprocal];
        for method in methods.into_iter().chain(digit.map(Method::Digits)) {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| words(method.divide(b, w[0], &divisor.into()));
            check(&[13], gadget, |v| vec![v[0] / divisor, v[0] % divisor]);
        }
    }
}

#[test]
fn common_constants() {
    let quotient = |n: u32, divisor: u128| {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![quotient_constant(b, w[0], &divisor.into())];
        check(&[n], gadget, |v| vec![v[0] / divisor])
    };
    let remainder = |n: u32, divisor: u128| {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![remainder_constant(b, w[0], &divisor.into())];
        check(&[n], gadget, |v| vec![v[0] % divisor])
    };
    assert_eq!([3, 7, 10, 100, 1_000, 1_000_000].map(|d| quotient(32, d)), [31, 61, 59, 110, 152, 246]);
    assert_eq!([3, 7, 10, 100, 1_000, 1_000_000].map(|d| remainder(32, d)), [32, 40, 45, 114, 158, 259]);
    assert_eq!((quotient(64, 10), remainder(64, 10)), (123, 76));
}

#[test]
fn words_that_are_constant_divide_as_constants() {
    let word = |divisor: u128, width: usize| constant(&divisor.into(), width);
    for divisor in 1..16 {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| words(divide(b, w[0], &word(divisor, 4)));
        check(&[6], gadget, |v| vec![v[0] / divisor, v[0] % divisor]);
        for rounding in [Rounding::Truncate, Rounding::Floor, Rounding::Euclid] {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| words(divide_signed(b, w[0], &word(divisor, 4), rounding));
            check(&[6], gadget, |v| expected_signed(rounding, 6, 4, &[v[0], divisor]));
        }
    }
    let signed_tenth = |rounding| and_count(32, |b, w| divide_signed(b, w, &word(10, 5), rounding).quotient);
    assert_eq!([Rounding::Truncate, Rounding::Floor, Rounding::Euclid].map(signed_tenth), [121, 58, 57]);
}
