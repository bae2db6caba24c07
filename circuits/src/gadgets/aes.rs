//! AES: the S-box, and AES-128 with its key schedule.
//!
//! 32 ANDs, depth 6: Boyar, Peralta, "A new combinational logic minimization technique with applications to cryptology",
//! SEA 2010, <https://eprint.iacr.org/2009/191>: a linear layer in, inversion in GF(2⁸) over its subfields, a linear layer
//! out. 200 of them are AES-128 with its key schedule: 6,400 ANDs.

use crate::build::Builder;
use crate::id::Wire;

/// SubBytes of one byte, least significant bit first; 32 ANDs.
pub fn sbox(b: &mut Builder, byte: Byte) -> Byte {
    let top = top_layer(b, byte);
    let products = inversion(b, &top);
    bottom_layer(b, products)
}

/// A byte, least significant bit first.
pub type Byte = [Wire; 8];

/// AES-128 of one block, key schedule included (FIPS 197); 6,400 ANDs. Bytes are in the order of the standard's input.
pub fn aes_128(b: &mut Builder, key: [Byte; 16], block: [Byte; 16]) -> [Byte; 16] {
    let mut round_key = key;
    let mut state = add_round_key(b, &block, &round_key);
    let mut round_constant = 1u8;
    for round in 1..=10 {
        round_key = next_round_key(b, &round_key, round_constant);
        round_constant = round_constant << 1 ^ if round_constant >> 7 == 1 { 0x1b } else { 0 };
        let substituted = state.map(|byte| sbox(b, byte));
        state = std::array::from_fn(|i| substituted[(i + 4 * (i % 4)) % 16]);
        if round < 10 {
            state = mix_columns(b, &state);
        }
        state = add_round_key(b, &state, &round_key);
    }
    state
}

fn add_round_key(b: &mut Builder, state: &[Byte; 16], key: &[Byte; 16]) -> [Byte; 16] {
    std::array::from_fn(|i| xor_bytes(b, state[i], key[i]))
}

fn xor_bytes(b: &mut Builder, x: Byte, y: Byte) -> Byte {
    std::array::from_fn(|i| b.xor(x[i], y[i]))
}

fn next_round_key(b: &mut Builder, key: &[Byte; 16], round_constant: u8) -> [Byte; 16] {
    let mut next = *key;
    let mut previous: [Byte; 4] = std::array::from_fn(|i| sbox(b, key[12 + (i + 1) % 4]));
    previous[0] = std::array::from_fn(|i| previous[0][i] ^ (round_constant >> i & 1 == 1));
    for i in 0..16 {
        next[i] = xor_bytes(b, key[i], previous[i % 4]);
        previous[i % 4] = next[i];
    }
    next
}

/// Each byte becomes `2·a + 3·a' + a'' + a'''`, with b, c and d the next ones down its column, around the end.
fn mix_columns(b: &mut Builder, state: &[Byte; 16]) -> [Byte; 16] {
    std::array::from_fn(|i| {
        let below = |k: usize| state[i / 4 * 4 + (i + k) % 4];
        let pair = xor_bytes(b, below(0), below(1));
        let rest = xor_bytes(b, below(2), below(3));
        let sum = xor_bytes(b, below(1), rest);
        let doubled = double(b, pair);
        xor_bytes(b, doubled, sum)
    })
}

/// Times x in GF(2⁸).
fn double(b: &mut Builder, byte: Byte) -> Byte {
    let shifted: Byte = std::array::from_fn(|i| if i == 0 { Wire::FALSE } else { byte[i - 1] });
    std::array::from_fn(|i| if 0x1b >> i & 1 == 1 { b.xor(shifted[i], byte[7]) } else { shifted[i] })
}

/// The linear forms of the input that the products need; names as in the paper's Figure 5, index 0 being the input's x₇.
struct Top {
    /// y₁ … y₂₁, at their index; `y[0]` is x₇.
    y: [Wire; 22],
}

fn top_layer(b: &mut Builder, byte: Byte) -> Top {
    // The paper counts from the most significant bit.
    let [x7, x6, x5, x4, x3, x2, x1, x0] = byte;
    let mut x = |p, q| b.xor(p, q);
    let (y14, y13, y9, y8) = (x(x3, x5), x(x0, x6), x(x0, x3), x(x0, x5));
    let t0 = x(x1, x2);
    let y1 = x(t0, x7);
    let (y4, y12, y2, y5) = (x(y1, x3), x(y13, y14), x(y1, x0), x(y1, x6));
    let y3 = x(y5, y8);
    let t1 = x(x4, y12);
    let (y15, y20) = (x(t1, x5), x(t1, x1));
    let (y6, y10, y11) = (x(y15, x7), x(y15, t0), x(y20, y9));
    let (y7, y17, y19, y16) = (x(x7, y11), x(y10, y11), x(y10, y8), x(t0, y11));
    let (y21, y18) = (x(y13, y16), x(x0, y16));
    let y = [x7, y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15, y16, y17, y18, y19, y20, y21];
    Top { y }
}

/// The 18 products that the output is made of: 9 to form the norm, 5 to invert it, 18 to multiply it back.
fn inversion(b: &mut Builder, top: &Top) -> [Wire; 18] {
    let y = &top.y;
    let [t21, t22, t23, t24] = norm(b, y);
    let t25 = b.xor(t21, t22);
    let t26 = b.and(t21, t23);
    let t27 = b.xor(t24, t26);
    let t28 = b.and(t25, t27);
    let t29 = b.xor(t28, t22);
    let t30 = b.xor(t23, t24);
    let t31 = b.xor(t22, t26);
    let t32 = b.and(t31, t30);
    let t33 = b.xor(t32, t24);
    let t34 = b.xor(t23, t33);
    let t35 = b.xor(t27, t33);
    let t36 = b.and(t24, t35);
    let t37 = b.xor(t36, t34);
    let t38 = b.xor(t27, t36);
    let t39 = b.and(t29, t38);
    let t40 = b.xor(t25, t39);
    let t41 = b.xor(t40, t37);
    let t42 = b.xor(t29, t33);
    let t43 = b.xor(t29, t40);
    let t44 = b.xor(t33, t37);
    let t45 = b.xor(t42, t41);
    let inverse = [t44, t37, t33, t43, t40, t29, t42, t45, t41];
    let forms = [[15, 6, 0, 16, 1, 7, 11, 17, 10], [12, 3, 4, 13, 5, 2, 9, 14, 8]];
    std::array::from_fn(|i| b.and(inverse[i % 9], y[forms[i / 9][i % 9]]))
}

/// The element of GF(2⁴) to invert.
fn norm(b: &mut Builder, y: &[Wire; 22]) -> [Wire; 4] {
    let mut product = |i: usize, j: usize| b.and(y[i], y[j]);
    let (t2, t3, t5, t7) = (product(12, 15), product(3, 6), product(4, 0), product(13, 16));
    let (t8, t10, t12, t13, t15) = (product(5, 1), product(2, 7), product(9, 11), product(14, 17), product(8, 10));
    let mut sum = |terms: [Wire; 4]| terms.into_iter().fold(Wire::FALSE, |sum, term| b.xor(sum, term));
    let (t14, t16) = (sum([t13, t12, Wire::FALSE, Wire::FALSE]), sum([t15, t12, Wire::FALSE, Wire::FALSE]));
    [sum([t3, t2, t14, y[20]]), sum([t5, t2, t16, y[19]]), sum([t8, t7, t14, y[21]]), sum([t10, t7, t16, y[18]])]
}

fn bottom_layer(b: &mut Builder, z: [Wire; 18]) -> Byte {
    let mut x = |p, q| b.xor(p, q);
    let (t46, t47, t48, t49) = (x(z[15], z[16]), x(z[10], z[11]), x(z[5], z[13]), x(z[9], z[10]));
    let (t50, t51, t52, t53) = (x(z[2], z[12]), x(z[2], z[5]), x(z[7], z[8]), x(z[0], z[3]));
    let (t54, t55, t56, t57) = (x(z[6], z[7]), x(z[16], z[17]), x(z[12], t48), x(t50, t53));
    let (t58, t59, t60, t61) = (x(z[4], t46), x(z[3], t54), x(t46, t57), x(z[14], t57));
    let (t62, t63, t64) = (x(t52, t58), x(t49, t58), x(z[4], t59));
    let (t65, t66) = (x(t61, t62), x(z[1], t63));
    let t67 = x(t64, t65);
    let (s0, s3, s4, s5) = (x(t59, t63), x(t53, t66), x(t51, t66), x(t47, t65));
    let (s1, s2, s6, s7) = (x(t64, !s3), x(t55, !t67), x(t56, !t62), x(t48, !t60));
    [s7, s6, s5, s4, s3, s2, s1, s0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::{check, check_once};

    /// Multiplication in GF(2⁸), FIPS 197 §4.2.
    fn times(x: u8, y: u8) -> u8 {
        let double = |x: u8| x << 1 ^ if x >> 7 == 1 { 0x1b } else { 0 };
        (0..8).rev().fold(0, |product, i| double(product) ^ if y >> i & 1 == 1 { x } else { 0 })
    }

    /// FIPS 197 §5.1.1: the inverse, then an affine map.
    fn sub_byte(x: u8) -> u8 {
        let inverse = (0..=255).find(|&y| times(x, y) == 1).unwrap_or(0);
        (0..5).fold(0x63, |sum, i| sum ^ inverse.rotate_left(i))
    }

    #[test]
    fn every_byte() {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| {
            let byte = std::array::from_fn(|i| w[0][i]);
            vec![sbox(b, byte).to_vec()]
        };
        assert_eq!(check(&[8], gadget, |v| vec![sub_byte(v[0] as u8).into()]), 32);
        assert_eq!((sub_byte(0x00), sub_byte(0x53)), (0x63, 0xed));
    }

    /// FIPS 197, appendix B.
    #[test]
    fn the_standards_example() {
        let bytes = |w: &[Wire]| std::array::from_fn(|i| std::array::from_fn(|k| w[8 * i + k]));
        let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![aes_128(b, bytes(w[0]), bytes(w[1])).concat()];
        let key = u128::from_le_bytes(0x2b7e151628aed2a6abf7158809cf4f3c_u128.to_be_bytes());
        let block = u128::from_le_bytes(0x3243f6a8885a308d313198a2e0370734_u128.to_be_bytes());
        let expected = u128::from_le_bytes(0x3925841d02dc09fbdc118597196a0b32_u128.to_be_bytes());
        assert_eq!(check_once(&[128, 128], gadget, &[key, block], &[expected]), 6_400);
    }
}
