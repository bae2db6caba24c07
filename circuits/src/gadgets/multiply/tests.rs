use super::*;
use crate::gadgets::and_count;
use crate::gadgets::check::{check, mask};

fn signed(x: u128, width: u32) -> i128 {
    if width > 0 && x >> (width - 1) & 1 == 1 { x as i128 - (1 << width) } else { x as i128 }
}

fn check_full(n: u32, m: u32) -> u64 {
    check(&[n, m], |b, w| vec![multiply(b, w[0], w[1])], |v| vec![v[0] * v[1]])
}

fn check_wrapping(n: u32, m: u32, width: u32) -> u64 {
    let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![multiply_wrapping(b, w[0], w[1], width as usize)];
    check(&[n, m], gadget, |v| vec![v[0].wrapping_mul(v[1]) & mask(width)])
}

#[test]
fn full_products() {
    for (n, ands) in [(1, 1), (2, 6), (4, 28), (8, 120), (16, 445), (24, 912), (32, 1_508), (64, 4_873)] {
        assert_eq!(check_full(n, n), ands, "{n} bits");
    }
    for (n, m) in (0..7).flat_map(|n| (0..6).map(move |m| (n, m))) {
        check_full(n, m);
    }
    let ands = [(32, 1), (32, 16), (33, 32), (64, 32), (40, 12), (100, 20)].map(|(n, m)| check_full(n, m));
    assert_eq!(ands, [32, 906, 1_572, 3_003, 920, 3_432]);
}

#[test]
fn wrapping_products() {
    for (n, ands) in [(1, 1), (2, 3), (4, 13), (8, 57), (16, 241), (32, 943), (64, 3_337)] {
        assert_eq!(check_wrapping(n, n, n), ands, "{n} bits");
    }
    for (n, m) in (0..6).flat_map(|n| (0..6).map(move |m| (n, m))) {
        for width in 0..9 {
            check_wrapping(n, m, width);
        }
    }
    let ands = [(64, 32, 64), (32, 32, 48), (64, 20, 64), (40, 12, 45)];
    assert_eq!(ands.map(|(n, m, width)| check_wrapping(n, m, width)), [2_482, 1_490, 1_893, 871]);
}

#[test]
fn the_searched_costs_are_those_of_the_circuits() {
    for n in 1..=64 {
        let full = and_count(2 * n, |b, w| multiply(b, &w[..n], &w[n..]));
        assert!(full <= SPLITS.full[n], "{n}: {full} > {}", SPLITS.full[n]);
        let wrapping = and_count(2 * n, |b, w| multiply_wrapping(b, &w[..n], &w[n..], n));
        assert!(wrapping <= SPLITS.wrapping[n], "{n}: {wrapping} > {}", SPLITS.wrapping[n]);
    }
}

#[test]
fn wide_words_multiply() {
    let schoolbook = 2 * 300 * 300 - 300;
    assert!(and_count(600, |b, w| multiply(b, &w[..300], &w[300..])) < schoolbook / 2);
    assert!(and_count(600, |b, w| multiply_wrapping(b, &w[..300], &w[300..], 300)) < schoolbook / 3);
}

#[test]
fn signed_products() {
    for (n, m) in (1..7).flat_map(|n| (1..6).map(move |m| (n, m))).chain([(32, 32), (64, 64), (40, 17)]) {
        let expected = |v: &[u128]| vec![signed(v[0], n).wrapping_mul(signed(v[1], m)) as u128 & mask(n + m)];
        check(&[n, m], |b, w| vec![multiply_signed(b, w[0], w[1])], expected);
    }
    let ands = |n: usize| and_count(2 * n, |b, w| multiply_signed(b, &w[..n], &w[n..]));
    assert_eq!((ands(8), ands(32), ands(64)), (121, 1_571, 5_000));
}

#[test]
fn squares() {
    let count = |n: u32| {
        let ands = check(&[n], |b, w| vec![square(b, w[0])], |v| vec![v[0] * v[0]]);
        assert!(ands <= square_cost(n as usize), "{n}: {ands} > {}", square_cost(n as usize));
        ands
    };
    assert_eq!([1, 2, 4, 8, 12, 16, 24, 32, 64].map(count), [0, 1, 11, 55, 131, 230, 494, 827, 2_762]);
}

#[test]
fn products_with_constants() {
    for factor in 0..70u128 {
        for width in [1, 5, 8, 14] {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![multiply_constant(b, w[0], &factor.into(), width)];
            check(&[7], gadget, |v| vec![(v[0] * factor) & mask(width as u32)]);
            let gadget =
                |b: &mut Builder, w: &[&[Wire]]| vec![multiply_constant_signed(b, w[0], &factor.into(), width)];
            check(&[7], gadget, |v| vec![signed(v[0], 7).wrapping_mul(factor as i128) as u128 & mask(width as u32)]);
        }
    }
    let count = |factor: u128| {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![multiply_constant(b, w[0], &factor.into(), 64)];
        check(&[32], gadget, |v| vec![v[0] * factor])
    };
    assert_eq!([10, 255, 0xCCCC_CCCD, 1_000_000_007].map(count), [32, 38, 257, 361]);
}
