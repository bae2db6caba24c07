//! Every operation: on all pairs of a tiny format against exact arithmetic, and on the machine's formats against the machine.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;
use crate::circuit::Block;
use crate::evaluate::evaluate_block;
use crate::gadgets::check;

type Gadget = fn(&mut Builder, Format, &[Wire], &[Wire]) -> Vec<Wire>;

/// An operation's name, the gadget, and what it should compute.
type Operation = (&'static str, Gadget, fn(f64, f64) -> f64);
type Comparison = (&'static str, Gadget, fn(f64, f64) -> bool);

const OPERATIONS: [Operation; 5] = [
    ("add", add, |x, y| x + y),
    ("subtract", subtract, |x, y| x - y),
    ("multiply", multiply, |x, y| x * y),
    ("divide", divide, |x, y| x / y),
    ("square root", |b, format, x, _| square_root(b, format, x), |x, _| x.sqrt()),
];

const COMPARISONS: [Comparison; 4] = [
    ("less", |b, format, x, y| vec![compare::less(b, format, x, y)], |x, y| x < y),
    ("less or equal", |b, format, x, y| vec![compare::less_equal(b, format, x, y)], |x, y| x <= y),
    ("equal", |b, format, x, y| vec![compare::equal(b, format, x, y)], |x, y| x == y),
    ("is NaN", |b, format, x, _| vec![compare::is_nan(b, format, x)], |x, _| x.is_nan()),
];

type MachineCase = (Gadget, fn(f32, f32) -> f32);
type ConversionCase = (&'static str, Format, Gadget, fn(u64) -> u64);

/// Seven bits: all that a format has, and all pairs of numbers can be tried.
const TINY: Format = Format { exponent: 4, fraction: 2 };

const TINY_INFINITY: u64 = 0b011_1100;

/// The value of a tiny number, which f64 holds exactly.
fn tiny_value(bits: u64) -> f64 {
    let (fraction, field) = ((bits & 3) as f64, (bits >> 2 & 15) as i32);
    let magnitude = match field {
        0 => fraction / 4.0 * 2f64.powi(-6),
        15 if fraction == 0.0 => f64::INFINITY,
        15 => f64::NAN,
        _ => (1.0 + fraction / 4.0) * 2f64.powi(field - 7),
    };
    if bits >> 6 == 1 { -magnitude } else { magnitude }
}

/// The tiny number nearest to a value, ties to the even one; infinity stands where the next power of two would.
///
/// A result of one operation in f64 rounds to 3 bits as the exact one would: f64 has more than twice as many.
fn tiny_nearest(value: f64) -> u64 {
    if value.is_nan() {
        return TINY_INFINITY | 2;
    }
    let distance = |bits: &u64| {
        let candidate = if *bits == TINY_INFINITY { 256.0 } else { tiny_value(*bits) };
        (candidate - value.abs().min(256.0)).abs()
    };
    let nearest = (0..=TINY_INFINITY).min_by(|p, q| distance(p).total_cmp(&distance(q)).then((p & 1).cmp(&(q & 1))));
    nearest.unwrap() | u64::from(value.is_sign_negative()) << 6
}

/// Compares an operation on all tiny numbers, in pairs, with exact arithmetic.
#[track_caller]
fn on_all_pairs(name: &str, gadget: Gadget, expected: impl Fn(f64, f64) -> u64) {
    let block = block([7, 7], |b, x, y| gadget(b, TINY, x, y));
    let pairs: Vec<[u64; 2]> = (0..1 << 14).map(|i| [i >> 7, i & 127]).collect();
    for (&[x, y], found) in pairs.iter().zip(run(&block, [7, 7], &pairs)) {
        let (x, y) = (tiny_value(x), tiny_value(y));
        assert_eq!(found, expected(x, y), "{name} of {x:?}, {y:?}");
    }
}

#[test]
fn all_pairs_of_a_tiny_format() {
    for (name, gadget, expected) in OPERATIONS {
        on_all_pairs(name, gadget, |x, y| tiny_nearest(expected(x, y)));
    }
    for (name, gadget, expected) in COMPARISONS {
        on_all_pairs(name, gadget, |x, y| expected(x, y).into());
    }
}

#[test]
fn all_tiny_numbers_convert() {
    let truncated = |v: u128| if tiny_value(v as u64).is_nan() { 0.0 } else { tiny_value(v as u64).trunc() };
    for width in 2..=12 {
        let limit = 2f64.powi(width as i32 - 1);
        let unsigned = |v: &[u128]| vec![truncated(v[0]).clamp(0.0, 2.0 * limit - 1.0) as u128];
        check::check(&[7], |b, w| vec![convert::to_unsigned(b, TINY, w[0], width)], unsigned);
        let signed =
            |v: &[u128]| vec![truncated(v[0]).clamp(-limit, limit - 1.0) as i128 as u128 & check::mask(width as u32)];
        check::check(&[7], |b, w| vec![convert::to_signed(b, TINY, w[0], width)], signed);
        let from_unsigned = |v: &[u128]| vec![tiny_nearest(v[0] as f64).into()];
        check::check(&[width as u32], |b, w| vec![convert::from_unsigned(b, TINY, w[0])], from_unsigned);
        let from_signed = |v: &[u128]| {
            let shift = 128 - width as u32;
            vec![tiny_nearest(((v[0] << shift) as i128 >> shift) as f64).into()]
        };
        check::check(&[width as u32], |b, w| vec![convert::from_signed(b, TINY, w[0])], from_signed);
    }
    let value = |v: &[u128]| vec![f32_bits(tiny_value(v[0] as u64) as f32)];
    check::check(&[7], |b, w| vec![convert::widen(b, TINY, F32, w[0])], value);
}

/// A binary operation's block for operands of `widths`.
fn block(widths: [usize; 2], gadget: impl FnOnce(&mut Builder, &[Wire], &[Wire]) -> Vec<Wire>) -> Block {
    let mut builder = Builder::new("", (widths[0] + widths[1]) as u32);
    let inputs = builder.inputs();
    let outputs = gadget(&mut builder, &inputs[..widths[0]], &inputs[widths[0]..]);
    builder.finish(outputs).unwrap()
}

/// Runs a block on pairs of words, 64 at a time.
fn run(block: &Block, widths: [usize; 2], pairs: &[[u64; 2]]) -> Vec<u64> {
    let mut results = Vec::new();
    for pairs in pairs.chunks(64) {
        let lane = |word: usize, i: usize| pairs.iter().rev().fold(0, |lane, pair| lane << 1 | pair[word] >> i & 1);
        let lanes: Vec<u64> = (0..2).flat_map(|word| (0..widths[word]).map(move |i| lane(word, i))).collect();
        let outputs = evaluate_block(&[], block, &lanes);
        let result = |k: usize| outputs.iter().rev().fold(0, |word, lane| word << 1 | lane >> k & 1);
        results.extend((0..pairs.len()).map(result));
    }
    results
}

/// Pairs of numbers: edges against edges, then random ones of all bits, of near exponents, and of edges' bits.
fn pairs(format: Format, n: usize) -> Vec<[u64; 2]> {
    let (m, e) = (format.fraction, format.exponent);
    let (one, top) = ((format.bias() as u64) << m, (1u64 << e) - 1);
    let magnitudes = [
        0,
        1,
        2,
        3,
        (1 << m) - 1,
        1 << m,
        (1 << m) + 1,
        (1 << (m - 1)) + 1,
        one - 1,
        one,
        one + 1,
        one + (1 << (m - 1)),
        one + (3 << m),
        one - ((m as u64) << m),
        one + (((m as u64 + 1) << m) | 1),
        one + (31 << m),
        one + (32 << m),
        (top << m) - 1,
        ((top - 1) << m) | 1,
        top << m,
        (top << m) | 1,
        (top << m) | 1 << (m - 1),
        (1 << (m + e)) - 1,
    ];
    let edges: Vec<u64> = magnitudes.into_iter().flat_map(|x| [x, x | 1 << (m + e)]).collect();
    let mut pairs: Vec<[u64; 2]> = edges.iter().flat_map(|&x| edges.iter().map(move |&y| [x, y])).collect();
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let all = u64::MAX >> (64 - format.width());
    for i in pairs.len()..n {
        let (x, y): (u64, u64) = (rng.random::<u64>() & all, rng.random::<u64>() & all);
        let near = (y & !(top << m)) | ((x >> m & top).wrapping_add(rng.random_range(0..6)).wrapping_sub(3) & top) << m;
        let edge = edges[rng.random_range(0..edges.len())];
        let subnormal = y & !(top << m);
        pairs.push([x, [y, near, near ^ (near & y >> 3), edge, subnormal][i % 5]]);
    }
    pairs
}

fn f32_bits(value: f32) -> u128 {
    u128::from(if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() })
}

fn f64_bits(value: f64) -> u64 {
    if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() }
}

/// Compares an operation with the machine's on `n` pairs.
#[track_caller]
fn against_machine(name: &str, format: Format, gadget: Gadget, n: usize, expected: impl Fn(u64, u64) -> u64) {
    let widths = [format.width(); 2];
    let block = block(widths, |b, x, y| gadget(b, format, x, y));
    let pairs = pairs(format, n);
    for (pair, found) in pairs.iter().zip(run(&block, widths, &pairs)) {
        let expected = expected(pair[0], pair[1]);
        assert_eq!(found, expected, "{name} of {:#x}, {:#x}: {found:#x}, not {expected:#x}", pair[0], pair[1]);
    }
}

/// Pairs that each operation is tried on; more of them by the environment variable `HUSHGATE_FLOAT_PAIRS`.
fn n_pairs() -> usize {
    std::env::var("HUSHGATE_FLOAT_PAIRS").map_or(100_000, |n| n.parse().unwrap())
}

#[test]
fn f32_is_the_machines() {
    let value = |bits: u64| f32::from_bits(bits as u32);
    let operations: [MachineCase; 5] = [
        (add, |x, y| x + y),
        (subtract, |x, y| x - y),
        (multiply, |x, y| x * y),
        (divide, |x, y| x / y),
        (OPERATIONS[4].1, |x, _| x.sqrt()),
    ];
    for ((name, ..), (gadget, expected)) in OPERATIONS.into_iter().zip(operations) {
        against_machine(name, F32, gadget, n_pairs(), |x, y| f32_bits(expected(value(x), value(y))) as u64);
    }
    for (name, gadget, expected) in COMPARISONS {
        against_machine(name, F32, gadget, n_pairs(), |x, y| expected(value(x).into(), value(y).into()).into());
    }
}

#[test]
fn f64_is_the_machines() {
    let value = f64::from_bits;
    for (name, gadget, expected) in OPERATIONS {
        against_machine(name, F64, gadget, n_pairs(), |x, y| f64_bits(expected(value(x), value(y))));
    }
    for (name, gadget, expected) in COMPARISONS {
        against_machine(name, F64, gadget, n_pairs(), |x, y| expected(value(x), value(y)).into());
    }
}

#[test]
fn conversions_are_the_machines() {
    let cases: [ConversionCase; 12] = [
        ("f32 to u32", F32, |b, f, x, _| convert::to_unsigned(b, f, x, 32), |x| u64::from(single(x) as u32)),
        ("f32 to i32", F32, |b, f, x, _| convert::to_signed(b, f, x, 32), |x| u64::from(single(x) as i32 as u32)),
        ("f32 to u64", F32, |b, f, x, _| convert::to_unsigned(b, f, x, 64), |x| single(x) as u64),
        ("f64 to i64", F64, |b, f, x, _| convert::to_signed(b, f, x, 64), |x| f64::from_bits(x) as i64 as u64),
        ("f64 to u32", F64, |b, f, x, _| convert::to_unsigned(b, f, x, 32), |x| u64::from(f64::from_bits(x) as u32)),
        ("u32 to f32", F32, |b, f, x, _| convert::from_unsigned(b, f, x), |x| f32_bits(x as u32 as f32) as u64),
        ("i32 to f32", F32, |b, f, x, _| convert::from_signed(b, f, x), |x| f32_bits(x as u32 as i32 as f32) as u64),
        ("u64 to f64", F64, |b, f, x, _| convert::from_unsigned(b, f, x), |x| f64_bits(x as f64)),
        ("i64 to f64", F64, |b, f, x, _| convert::from_signed(b, f, x), |x| f64_bits(x as i64 as f64)),
        ("u64 to f32", F64, |b, _, x, _| convert::from_unsigned(b, F32, x), |x| f32_bits(x as f32) as u64),
        ("f32 to f64", F32, |b, f, x, _| convert::widen(b, f, F64, x), |x| f64_bits(single(x).into())),
        ("f64 to f32", F64, |b, f, x, _| convert::narrow(b, f, F32, x), |x| f32_bits(f64::from_bits(x) as f32) as u64),
    ];
    for (name, format, gadget, expected) in cases {
        against_machine(name, format, gadget, n_pairs(), |x, _| expected(x));
    }
}

fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

/// f64 numbers in the range of f32, where rounding to f32 is hard: few bits that matter, and many that do not.
#[test]
fn rounding_to_f32_at_its_edges() {
    let widths = [64, 0];
    let block = block(widths, |b, x, _| convert::narrow(b, F64, F32, x));
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let numbers: Vec<[u64; 2]> = (0..n_pairs())
        .map(|_| {
            let number = f64::from_bits(f64::from(f32::from_bits(rng.random())).to_bits());
            let half_way = number.to_bits() ^ 1 << 28;
            [half_way.wrapping_add_signed(rng.random_range(-1..=1)), 0]
        })
        .chain((0..2_000u64).map(|i| [(1023 - 160 + i % 40) << 52 | (i / 40) << 46, 0]))
        .collect();
    for (number, found) in numbers.iter().zip(run(&block, widths, &numbers)) {
        assert_eq!(u128::from(found), f32_bits(f64::from_bits(number[0]) as f32), "{:#x}", number[0]);
    }
}

#[test]
fn nan_is_what_operations_return() {
    let bits = |format: Format| {
        let nan = format.nan();
        nan.iter().enumerate().fold(0, |word, (i, &bit)| word | u128::from(bit == Wire::TRUE) << i)
    };
    assert_eq!(bits(F32), f32_bits(f32::NAN));
    assert_eq!(bits(F64), u128::from(f64_bits(f64::NAN)));
}

/// ANDs on unknown numbers: of f32 and f64, as built.
#[test]
fn counts() {
    let ands = |gadget: Gadget| {
        [F32, F64].map(|format| block([format.width(); 2], |b, x, y| gadget(b, format, x, y)).n_ands())
    };
    let operations = OPERATIONS.map(|(name, gadget, _)| (name, ands(gadget)));
    let comparisons = COMPARISONS.map(|(name, gadget, _)| (name, ands(gadget)));
    assert_eq!(
        operations,
        [
            ("add", [605, 1_317]),
            ("subtract", [605, 1_317]),
            ("multiply", [1_418, 4_862]),
            ("divide", [1_283, 4_433]),
            ("square root", [890, 3_513]),
        ]
    );
    assert_eq!(
        comparisons,
        [("less", [104, 206]), ("less or equal", [104, 206]), ("equal", [103, 205]), ("is NaN", [30, 62])]
    );
}
