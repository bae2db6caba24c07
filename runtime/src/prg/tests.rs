//! Known answers, and bulk and piecewise reading agree.

use super::*;

fn stream(n: usize) -> Vec<u128> {
    let mut blocks = vec![Block::ZERO; n];
    Prg::new(&Seed::from_bytes(std::array::from_fn(|i| i as u8))).fill(&mut blocks);
    blocks.into_iter().map(u128::from).collect()
}

#[test]
fn first_block_is_aes_of_the_counter() {
    // FIPS 197 appendix C.1: key 00..0f, plaintext 0011..ff.
    let key = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
    let plain = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&key);
    seed[16..].copy_from_slice(&plain);
    let block = Prg::new(&Seed::from_bytes(seed)).block();
    assert_eq!(block.to_bytes(), 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128.to_be_bytes());
}

#[test]
fn pieces_are_the_whole() {
    let whole = stream(200);
    let mut prg = Prg::new(&Seed::from_bytes(std::array::from_fn(|i| i as u8)));
    let mut pieces = Vec::new();
    for n in [0, 1, 63, 64, 65, 7] {
        let mut blocks = vec![Block::ZERO; n];
        prg.fill(&mut blocks);
        pieces.extend(blocks.into_iter().map(u128::from));
    }
    assert_eq!(pieces, whole);
}

#[test]
fn bytes_are_the_blocks() {
    let whole: Vec<u8> = stream(130).into_iter().flat_map(u128::to_le_bytes).collect();
    for n in [0, 1, 15, 16, 17, 1024, 1025, 2070] {
        let mut bytes = vec![0; n];
        Prg::new(&Seed::from_bytes(std::array::from_fn(|i| i as u8))).fill_bytes(&mut bytes);
        assert_eq!(bytes, whole[..n]);
    }
}

#[test]
fn the_counter_wraps() {
    let mut prg = Prg::new(&Seed::from_bytes([0xff; 32]));
    let [last, first] = [prg.block(), prg.block()];
    let zero_counter = std::array::from_fn(|i| if i < 16 { 0xff } else { 0 });
    assert_ne!(u128::from(last), u128::from(first));
    assert_eq!(u128::from(first), u128::from(Prg::new(&Seed::from_bytes(zero_counter)).block()));
}
