//! The AES S-box, from its definition: FIPS 197, section 5.1.1.

/// The inverse in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (0 for 0), then the affine map. Not constant time: for tests and the oracle.
#[must_use]
pub fn aes_sbox(x: u8) -> u8 {
    let inverse = (0..253).fold(x, |power, _| multiply(power, x));
    (0..5).fold(0x63, |sum, i| sum ^ inverse.rotate_left(i))
}

fn multiply(a: u8, b: u8) -> u8 {
    let (mut product, mut a) = (0, a);
    for i in 0..8 {
        product ^= if b >> i & 1 == 1 { a } else { 0 };
        a = (a << 1) ^ if a >> 7 == 1 { 0x1b } else { 0 };
    }
    product
}

#[cfg(test)]
mod tests {
    use super::aes_sbox;

    #[test]
    fn the_sbox_has_the_values_of_the_standard() {
        let known = [(0x00, 0x63), (0x01, 0x7c), (0x53, 0xed), (0x10, 0xca), (0xff, 0x16), (0x9a, 0xb8)];
        for (x, y) in known {
            assert_eq!(aes_sbox(x), y, "{x:#x}");
        }
        let mut all: Vec<u8> = (0..=255).map(aes_sbox).collect();
        all.sort_unstable();
        assert_eq!(all, (0..=255).collect::<Vec<u8>>(), "a permutation");
    }
}
