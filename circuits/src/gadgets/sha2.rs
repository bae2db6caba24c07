//! SHA-256's compression function.
//!
//! FIPS 180-4, §6.2. `Ch` and `Maj` cost one AND per bit; sums of several words are added by column, which saves a carry or
//! more per sum over adding word by word, and constants fold. One block: 22,271 ANDs; with the standard's initial state
//! 21,890.

use super::count::sum;
use crate::build::Builder;
use crate::id::Wire;

/// 32 bits, least significant first.
pub type Word = [Wire; 32];

/// The state after one more block of 16 big-endian words.
pub fn sha256_compress(b: &mut Builder, state: [Word; 8], block: [Word; 16]) -> [Word; 8] {
    let schedule = message_schedule(b, block);
    let mut variables = state;
    for (word, constant) in schedule.into_iter().zip(round_constants()) {
        variables = round(b, variables, word, constant);
    }
    std::array::from_fn(|i| add_words(b, &[state[i], variables[i]]))
}

/// The initial state of SHA-256: the fractional parts of the square roots of the first primes.
#[must_use]
pub fn sha256_initial_state() -> [Word; 8] {
    let mut primes = primes();
    std::array::from_fn(|_| word(fraction_of_root(primes.next().unwrap_or_default(), 2)))
}

/// A public word.
#[must_use]
pub fn word(value: u32) -> Word {
    std::array::from_fn(|i| Wire::constant(value >> i & 1 == 1))
}

fn message_schedule(b: &mut Builder, block: [Word; 16]) -> Vec<Word> {
    let mut schedule = block.to_vec();
    for t in 16..64 {
        let (near, far) = (schedule[t - 2], schedule[t - 15]);
        let near = xor3(b, rotate(near, 17), rotate(near, 19), shift(near, 10));
        let far = xor3(b, rotate(far, 7), rotate(far, 18), shift(far, 3));
        schedule.push(add_words(b, &[near, schedule[t - 7], far, schedule[t - 16]]));
    }
    schedule
}

fn round(builder: &mut Builder, variables: [Word; 8], message: Word, constant: u32) -> [Word; 8] {
    let [a, b, c, d, e, f, g, h] = variables;
    let sum_e = xor3(builder, rotate(e, 6), rotate(e, 11), rotate(e, 25));
    let sum_a = xor3(builder, rotate(a, 2), rotate(a, 13), rotate(a, 22));
    let chosen: Word = std::array::from_fn(|i| builder.select(e[i], f[i], g[i]));
    let major: Word = std::array::from_fn(|i| majority(builder, a[i], b[i], c[i]));
    let first = add_words(builder, &[h, sum_e, chosen, message, word(constant)]);
    let next_a = add_words(builder, &[first, sum_a, major]);
    let next_e = add_words(builder, &[d, first]);
    [next_a, a, b, c, next_e, e, f, g]
}

fn add_words(b: &mut Builder, words: &[Word]) -> Word {
    let words: Vec<&[Wire]> = words.iter().map(|word| &word[..]).collect();
    let sum = sum(b, &words, 32);
    std::array::from_fn(|i| sum[i])
}

/// What at least two of three bits are; 1 AND.
fn majority(b: &mut Builder, x: Wire, y: Wire, z: Wire) -> Wire {
    let (xz, yz) = (b.xor(x, z), b.xor(y, z));
    let change = b.and(xz, yz);
    b.xor(z, change)
}

fn xor3(b: &mut Builder, x: Word, y: Word, z: Word) -> Word {
    std::array::from_fn(|i| {
        let xy = b.xor(x[i], y[i]);
        b.xor(xy, z[i])
    })
}

fn rotate(x: Word, amount: usize) -> Word {
    std::array::from_fn(|i| x[(i + amount) % 32])
}

fn shift(x: Word, amount: usize) -> Word {
    std::array::from_fn(|i| x.get(i + amount).copied().unwrap_or(Wire::FALSE))
}

/// The fractional parts of the cube roots of the first 64 primes.
fn round_constants() -> impl Iterator<Item = u32> {
    primes().take(64).map(|prime| fraction_of_root(prime, 3))
}

fn primes() -> impl Iterator<Item = u128> {
    (2u128..).filter(|&n| (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d)))
}

/// The first 32 bits after the binary point of the `degree`-th root.
fn fraction_of_root(number: u128, degree: u32) -> u32 {
    let scaled = number << (32 * degree);
    let set_bit = |root: u128, i: u32| {
        let next = root | 1 << i;
        if next.pow(degree) <= scaled { next } else { root }
    };
    (0..37).rev().fold(0, set_bit) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::and_count;
    use crate::gadgets::check::check_once;

    fn words<const N: usize>(wires: &[Wire]) -> [Word; N] {
        std::array::from_fn(|i| std::array::from_fn(|k| wires[32 * i + k]))
    }

    #[test]
    fn constants_are_the_standards() {
        assert_eq!(round_constants().next(), Some(0x428a_2f98));
        assert_eq!(round_constants().last(), Some(0xc671_78f2));
        assert_eq!(sha256_initial_state()[7], word(0x5be0_cd19));
    }

    /// FIPS 180-4 example: the message "abc".
    #[test]
    fn one_block_message() {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| {
            let digest = sha256_compress(b, sha256_initial_state(), words(&w.concat()));
            digest.map(|word| word.to_vec()).to_vec()
        };
        let mut block = [0; 16];
        (block[0], block[15]) = (0x6162_6380, 24);
        let digest =
            [0xba78_16bf, 0x8f01_cfea, 0x4141_40de, 0x5dae_2223, 0xb003_61a3, 0x9617_7a9c, 0xb410_ff61, 0xf200_15ad];
        assert_eq!(check_once(&[32; 16], gadget, &block, &digest), 21_890);
    }

    #[test]
    fn any_state() {
        let ands = and_count(24 * 32, |b, w| sha256_compress(b, words(&w[..256]), words(&w[256..])).concat());
        assert_eq!(ands, 22_271);
    }
}
