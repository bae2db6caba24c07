//! Multiplication: full, wrapping, signed, squares, by constants.
//!
//! Schoolbook rows, and above a dozen bits Karatsuba with differences: `x₁y₀ + x₀y₁ = x₀y₀ + x₁y₁ − (x₁−x₀)(y₁−y₀)`, where
//! absolute differences are multiplied and the sign is a free complement. Wrapping products need a full product of low
//! halves only. Where to split is found by search over the costs below (at build time); above 128 bits
//! words are halved. By a constant: additions and subtractions of shifted words.
//!
//! | gadget | ANDs |
//! |---|---|
//! | schoolbook n×m, n ≥ m | 2nm − n |
//! | schoolbook n×n→n | n² − n + 1 |
//! | [`multiply`] 8, 16, 32, 64 bits | 120, 445, 1,508, 4,873 |
//! | [`multiply_wrapping`] 8, 16, 32, 64 bits | 57, 241, 943, 3,337 |
//! | [`multiply_signed`] 8, 32, 64 bits | 121, 1,571, 5,000 |
//! | [`square`] 8, 16, 32, 64 bits | 55, 230, 827, 2,762 |
//!
//! Depth: O(n). Sources: Karatsuba, Ofman 1962; the counts are our own.

use num_bigint::BigUint;

use super::add::{absolute_difference, add, add_or_subtract, add_wide, subtract};
use super::compare::flip_sign;
use super::count::sum_columns;
use super::select::mask_if;
use super::{sign_extend, zero_extend};
use crate::build::Builder;
use crate::id::Wire;

/// `x·y` of unsigned words, in as many bits as both together.
pub fn multiply(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (x, y) = if x.len() >= y.len() { (x, y) } else { (y, x) };
    let (n, m) = (x.len(), y.len());
    if m == 0 {
        return vec![Wire::FALSE; n];
    }
    match full_method(n, m) {
        Method::School => school(b, x, y, n + m),
        Method::Split(h) if n == m => karatsuba(b, x, y, h),
        Method::Split(h) => {
            let (low, high) = (multiply(b, &x[..h], y), multiply(b, &x[h..], y));
            add_above(b, low, &high, h, n + m)
        }
    }
}

/// `x·y` modulo 2^`width`; of unsigned words, and of signed ones that are at least `width` bits wide.
pub fn multiply_wrapping(b: &mut Builder, x: &[Wire], y: &[Wire], width: usize) -> Vec<Wire> {
    let (x, y) = if x.len() >= y.len() { (x, y) } else { (y, x) };
    let (x, y) = (&x[..x.len().min(width)], &y[..y.len().min(width)]);
    let (n, m) = (x.len(), y.len());
    if m == 0 || n + m <= width {
        let product = multiply(b, x, y);
        return zero_extend(&product, width);
    }
    match wrapping_method(n, m, width) {
        WrappingMethod::School => school(b, x, y, width),
        WrappingMethod::Full => zero_extend(&multiply(b, x, y), width),
        WrappingMethod::Rows(h) => {
            let low = multiply(b, &x[..h], y);
            let high = multiply_wrapping(b, &x[h..], y, width - h);
            add_above(b, low, &high, h, width)
        }
        WrappingMethod::Corner(h) => {
            let low = zero_extend(&multiply(b, &x[..h], &y[..h]), width);
            let xy = multiply_wrapping(b, &x[h..], &y[..width - h], width - h);
            let yx = multiply_wrapping(b, &x[..width - h], &y[h..], width - h);
            let high = add(b, &xy, &yx);
            add_above(b, low, &high, h, width)
        }
    }
}

/// `x·y` of signed words, in as many bits as both together.
pub fn multiply_signed(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let n = x.len();
    let is_signed = |word: &[Wire]| word.last().is_some_and(|sign| sign.as_constant().is_none());
    let is_offset_cheaper = n == y.len()
        && n > 0
        && is_signed(x)
        && is_signed(y)
        && full_cost(n, n) + 2 * (n as u64) < full_cost(n - 1, n - 1) + 4 * (n as u64) - 2;
    if is_offset_cheaper { signed_by_offset(b, x, y) } else { signed_by_sign_bits(b, x, y) }
}

/// With `u = x + 2^(n−1)` and `v` likewise, which only flip the sign bits: `x·y = u·v − (u + y)·2^(n−1)`.
fn signed_by_offset(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let n = x.len();
    let u = flip_sign(x);
    let mut product = multiply(b, &u, &flip_sign(y));
    let offset = add(b, &zero_extend(&u, n + 1), &sign_extend(y, n + 1));
    let high = subtract(b, &product[n - 1..], &offset);
    product.splice(n - 1.., high);
    product
}

/// The product without sign bits, from which their products with the other word are subtracted.
fn signed_by_sign_bits(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let width = x.len() + y.len();
    let (Some((&x_sign, x)), Some((&y_sign, y))) = (x.split_last(), y.split_last()) else {
        return vec![Wire::FALSE; width];
    };
    let mut product = multiply(b, x, y);
    product.extend([b.and(x_sign, y_sign), Wire::FALSE]);
    let (of_x, of_y) = (mask_if(b, x_sign, y), mask_if(b, y_sign, x));
    // The correction 2^|x|·of_x + 2^|y|·of_y, without the zeros below both.
    let base = x.len().min(y.len());
    let of_x = [vec![Wire::FALSE; x.len() - base], of_x].concat();
    let of_y = [vec![Wire::FALSE; y.len() - base], of_y].concat();
    let correction = add_wide(b, &of_x, &of_y);
    let high = subtract(b, &product[base..], &zero_extend(&correction, width - base));
    product.splice(base.., high);
    product
}

/// `x²` of an unsigned word, in twice its bits.
pub fn square(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let n = x.len();
    let h = n.div_ceil(2);
    if square_cost(n) == school_square_cost(n) {
        return school_square(b, x);
    }
    let (low, high) = x.split_at(h);
    let (difference, _) = absolute_difference(b, &zero_extend(high, h), low);
    let [low, high, middle] = [low, high, &difference].map(|word| square(b, word));
    combine(b, Parts { low, high, middle, subtract: Wire::TRUE })
}

/// `x·factor` modulo 2^`width`, of an unsigned word, or of a signed one that is at least `width` bits wide.
pub fn multiply_constant(b: &mut Builder, x: &[Wire], factor: &BigUint, width: usize) -> Vec<Wire> {
    let product = scaled(b, x, factor, width);
    zero_extend(&product, width)
}

/// `x·factor` modulo 2^`width`, of a signed word.
pub fn multiply_constant_signed(b: &mut Builder, x: &[Wire], factor: &BigUint, width: usize) -> Vec<Wire> {
    multiply_constant(b, &sign_extend(x, width.max(x.len())), factor, width)
}

/// How to make a full product.
enum Method {
    School,
    /// Of equal words: Karatsuba at this bit. Of others: cut the longer one there.
    Split(usize),
}

/// How to make a product modulo a power of two.
enum WrappingMethod {
    School,
    /// The full product, cut off.
    Full,
    /// The longer word cut at this bit: full product of its low part, wrapping one of its high part.
    Rows(usize),
    /// Both words cut at this bit: full product of low parts, wrapping ones across.
    Corner(usize),
}

/// Words up to this width have their best split searched.
const SEARCHED_BITS: usize = 128;

/// The best splits of equal words, and what they cost. The search is exact for the cost formulas of this file.
struct Splits {
    /// ANDs of a full product.
    full: [u64; SEARCHED_BITS + 1],
    /// Where Karatsuba splits; 0 for schoolbook.
    full_at: [usize; SEARCHED_BITS + 1],
    /// ANDs of a product modulo 2^n.
    wrapping: [u64; SEARCHED_BITS + 1],
    /// Where a wrapping product splits; 0 for schoolbook.
    wrapping_at: [usize; SEARCHED_BITS + 1],
}

static SPLITS: Splits = Splits::search();

impl Splits {
    const fn search() -> Splits {
        let zero = [0; SEARCHED_BITS + 1];
        let mut splits =
            Splits { full: zero, full_at: [0; SEARCHED_BITS + 1], wrapping: zero, wrapping_at: [0; SEARCHED_BITS + 1] };
        let mut n = 1;
        while n <= SEARCHED_BITS {
            splits.search_full(n);
            splits.search_wrapping(n);
            n += 1;
        }
        splits
    }

    const fn search_full(&mut self, n: usize) {
        self.full[n] = school_cost(n, n, 2 * n);
        let mut h = n.div_ceil(2);
        while h < n {
            let cost = karatsuba_cost(n, h, self.full[h], self.full[n - h]);
            if cost < self.full[n] {
                self.full[n] = cost;
                self.full_at[n] = h;
            }
            h += 1;
        }
    }

    const fn search_wrapping(&mut self, n: usize) {
        self.wrapping[n] = school_cost(n, n, n);
        let mut h = n.div_ceil(2);
        while h < n {
            let dropped = 2 * h - n;
            let low = match self.full_at[h] {
                0 => school_cost(h, h, n),
                _ => self.full[h] - dropped as u64,
            };
            let cost = low + 2 * self.wrapping[n - h] + 2 * (n - h - 1) as u64;
            if cost < self.wrapping[n] {
                self.wrapping[n] = cost;
                self.wrapping_at[n] = h;
            }
            h += 1;
        }
    }
}

/// ANDs of the low `width` bits of a schoolbook product: rows of n bits, m of them.
const fn school_cost(n: usize, m: usize, width: usize) -> u64 {
    let mut cost = 0;
    let mut row = 0;
    while row < m && row < width {
        cost += min(n, width - row);
        if row > 0 {
            cost += min(n, width - row - 1);
        }
        row += 1;
    }
    cost as u64
}

/// ANDs of Karatsuba for equal words, given those of the full products of `h` and of `n − h` bits.
const fn karatsuba_cost(n: usize, h: usize, low: u64, high: u64) -> u64 {
    let differences = 2 * (2 * h - 1);
    let additions = 2 * h + 2 * h + (2 * n - h - 1);
    2 * low + high + (differences + additions) as u64
}

const fn min(x: usize, y: usize) -> usize {
    if x < y { x } else { y }
}

fn full_method(n: usize, m: usize) -> Method {
    if n > m {
        let cut = full_cost(m, m) + full_cost(m.max(n - m), m.min(n - m)) + n as u64 - 1;
        return if cut < school_cost(n, m, n + m) { Method::Split(m) } else { Method::School };
    }
    match SPLITS.full_at.get(n) {
        Some(0) => Method::School,
        Some(&h) => Method::Split(h),
        None => Method::Split(n.div_ceil(2)),
    }
}

/// ANDs of a full product, n ≥ m.
fn full_cost(n: usize, m: usize) -> u64 {
    match full_method(n, m) {
        _ if m == 0 => 0,
        Method::School => school_cost(n, m, n + m),
        Method::Split(_) if n == m && n <= SEARCHED_BITS => SPLITS.full[n],
        Method::Split(h) if n == m => karatsuba_cost(n, h, full_cost(h, h), full_cost(n - h, n - h)),
        Method::Split(h) => full_cost(h, m) + full_cost(m.max(n - h), m.min(n - h)) + n as u64 - 1,
    }
}

/// n ≥ m, n ≤ width < n + m.
fn wrapping_method(n: usize, m: usize, width: usize) -> WrappingMethod {
    if m < n {
        let cut = full_cost(m, m) + wrapping_cost(n - m, m, width - m) + (width - m) as u64 - 1;
        return if cut < school_cost(n, m, width) { WrappingMethod::Rows(m) } else { WrappingMethod::School };
    }
    match width {
        _ if width > n => WrappingMethod::Full,
        _ => match SPLITS.wrapping_at.get(n) {
            Some(0) => WrappingMethod::School,
            Some(&h) => WrappingMethod::Corner(h),
            None => WrappingMethod::Corner(n.div_ceil(2)),
        },
    }
}

/// An upper bound of the ANDs of a wrapping product.
fn wrapping_cost(n: usize, m: usize, width: usize) -> u64 {
    let (n, m) = (n.max(m).min(width), n.min(m).min(width));
    if m == 0 || n + m <= width || n == m && n < width {
        return full_cost(n, m);
    }
    match wrapping_method(n, m, width) {
        WrappingMethod::School => school_cost(n, m, width),
        WrappingMethod::Full => full_cost(n, m),
        WrappingMethod::Rows(h) => full_cost(h, m) + wrapping_cost(n - h, m, width - h) + (width - h) as u64,
        WrappingMethod::Corner(_) if n <= SEARCHED_BITS => SPLITS.wrapping[n],
        WrappingMethod::Corner(h) => full_cost(h, h) + 2 * wrapping_cost(n - h, n - h, n - h) + 2 * (n - h) as u64,
    }
}

/// Rows of partial products, added one after the other; the low `width` bits.
fn school(b: &mut Builder, x: &[Wire], y: &[Wire], width: usize) -> Vec<Wire> {
    let mut product = zero_extend(&mask_if(b, y[0], &x[..x.len().min(width)]), width);
    for (i, &bit) in y.iter().enumerate().take(width).skip(1) {
        let end = width.min(i + x.len() + 1);
        let row = mask_if(b, bit, &x[..x.len().min(end - i)]);
        let sum = add(b, &product[i..end], &zero_extend(&row, end - i));
        product.splice(i..end, sum);
    }
    product
}

/// One level of Karatsuba with absolute differences, for equal words, at bit `h` of the upper half.
fn karatsuba(b: &mut Builder, x: &[Wire], y: &[Wire], h: usize) -> Vec<Wire> {
    let ((x_low, x_high), (y_low, y_high)) = (x.split_at(h), y.split_at(h));
    let low = multiply(b, x_low, y_low);
    let high = multiply(b, x_high, y_high);
    let (x_difference, x_sign) = absolute_difference(b, &zero_extend(x_high, h), x_low);
    let (y_difference, y_sign) = absolute_difference(b, &zero_extend(y_high, h), y_low);
    let middle = multiply(b, &x_difference, &y_difference);
    let subtract = !b.xor(x_sign, y_sign);
    combine(b, Parts { low, high, middle, subtract })
}

/// The three products of one level of Karatsuba.
struct Parts {
    low: Vec<Wire>,
    high: Vec<Wire>,
    /// The product of the absolute differences, as wide as `low`.
    middle: Vec<Wire>,
    /// Whether `middle` is to be subtracted.
    subtract: Wire,
}

/// `low + (low + high ∓ middle)·2^h + high·2^2h`, where `low` has 2h bits.
fn combine(b: &mut Builder, parts: Parts) -> Vec<Wire> {
    let Parts { low, high, middle, subtract } = parts;
    let h = low.len() / 2;
    let outer = add_wide(b, &low, &high);
    let middle = add_or_subtract(b, subtract, &outer, &zero_extend(&middle, outer.len()));
    let base = [low, high].concat();
    let width = base.len();
    add_above(b, base, &middle, h, width)
}

/// `low + high·2^shift` modulo 2^`width`.
fn add_above(b: &mut Builder, low: Vec<Wire>, high: &[Wire], shift: usize, width: usize) -> Vec<Wire> {
    let mut sum = zero_extend(&low, width);
    let top = add(b, &sum[shift..], &zero_extend(high, width - shift));
    sum.splice(shift.., top);
    sum
}

/// Each product of two different bits once, at twice its weight; a bit's square is the bit.
fn school_square(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let width = 2 * x.len();
    let mut columns = vec![Vec::new(); width];
    for (i, &bit) in x.iter().enumerate() {
        columns[2 * i].push(bit);
        for (j, &other) in x.iter().enumerate().skip(i + 1) {
            columns[i + j + 1].push(b.and(bit, other));
        }
    }
    sum_columns(b, columns, width)
}

fn school_square_cost(n: usize) -> u64 {
    let products = n * n.saturating_sub(1) / 2;
    let (mut carries, mut adders) = (0, 0);
    for column in 0..(2 * n).saturating_sub(1) {
        let pairs = (column / 2).saturating_sub(column.saturating_sub(n));
        carries = (pairs + usize::from(column % 2 == 0) + carries) / 2;
        adders += carries;
    }
    (products + adders) as u64
}

fn square_cost(n: usize) -> u64 {
    let school = school_square_cost(n);
    if n < 12 {
        return school;
    }
    let h = n.div_ceil(2);
    let additions = (2 * h - 1) + 2 * h + 2 * h + (2 * n - h - 1);
    school.min(2 * square_cost(h) + square_cost(n - h) + additions as u64)
}

/// `x·factor` modulo 2^`width`, in no more bits than it needs.
fn scaled(b: &mut Builder, x: &[Wire], factor: &BigUint, width: usize) -> Vec<Wire> {
    let Some(zeros) = factor.trailing_zeros().filter(|&zeros| zeros < width as u64) else { return Vec::new() };
    if zeros > 0 {
        let mut shifted = vec![Wire::FALSE; zeros as usize];
        shifted.extend(scaled(b, x, &(factor >> zeros), width - zeros as usize));
        return shifted;
    }
    let width = width.min(x.len() + factor.bits() as usize);
    let Some((_, step)) = ScaleStep::best(factor, 3) else { return zero_extend(x, width.min(x.len())) };
    let (inner, shift) = (&step.inner, step.shift as usize);
    let term_width = width.saturating_sub(shift);
    let [term, word] = match step.kind {
        ScaleKind::Digit => [scaled(b, x, inner, term_width), x.to_vec()],
        ScaleKind::Factor => {
            let word = scaled(b, x, inner, width);
            [word.clone(), word]
        }
    };
    let shifted = [vec![Wire::FALSE; width - term_width], zero_extend(&term, term_width)].concat();
    let word = zero_extend(&word, width);
    if step.is_minus { subtract(b, &shifted, &word) } else { add(b, &shifted, &word) }
}

/// One addition or subtraction on the way to a multiple.
struct ScaleStep {
    kind: ScaleKind,
    /// The multiple before.
    inner: BigUint,
    shift: u64,
    is_minus: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ScaleKind {
    /// `x·inner·2^shift ± x`
    Digit,
    /// `(x·inner)·2^shift ± (x·inner)`
    Factor,
}

impl ScaleStep {
    /// The last step towards an odd `factor` by the fewest found, and how many; `None` for 1.
    fn best(factor: &BigUint, depth: u32) -> Option<(usize, ScaleStep)> {
        if depth == 0 {
            let step = ScaleStep::digit(factor)?;
            return Some((nonzero_digits(factor) - 1, step));
        }
        let counted = ScaleStep::candidates(factor).into_iter().map(|step| {
            let odd = &step.inner >> step.inner.trailing_zeros().unwrap_or(0);
            (1 + ScaleStep::best(&odd, depth - 1).map_or(0, |(n_steps, _)| n_steps), step)
        });
        counted.min_by_key(|(n_steps, _)| *n_steps)
    }

    /// Adds or subtracts the lowest digit of the non-adjacent form.
    fn digit(factor: &BigUint) -> Option<ScaleStep> {
        let one = BigUint::from(1u32);
        let is_minus = factor.bit(1);
        let rest = if is_minus { factor + &one } else { factor - &one };
        let shift = rest.trailing_zeros()?;
        (*factor > one).then(|| ScaleStep { kind: ScaleKind::Digit, inner: rest >> shift, shift, is_minus })
    }

    fn candidates(factor: &BigUint) -> Vec<ScaleStep> {
        let one = BigUint::from(1u32);
        let mut candidates: Vec<ScaleStep> = ScaleStep::digit(factor).into_iter().collect();
        for (shift, is_minus) in (1..factor.bits()).flat_map(|shift| [(shift, false), (shift, true)]) {
            let divisor = if is_minus { (&one << shift) - &one } else { (&one << shift) + &one };
            if divisor > one && factor % &divisor == BigUint::ZERO {
                candidates.push(ScaleStep { kind: ScaleKind::Factor, inner: factor / divisor, shift, is_minus });
            }
        }
        candidates
    }
}

/// Digits of a number's non-adjacent form that are not 0.
fn nonzero_digits(number: &BigUint) -> usize {
    let triple = number * 3u32;
    (0..triple.bits()).filter(|&i| triple.bit(i) != number.bit(i)).count()
}

#[cfg(test)]
mod tests;
