//! Each function against its definition, and against the portable text.

use proptest::prelude::*;

use super::super::secrecy::{hide, reveal};
use super::*;

fn multiply_naive(a: u64, b: u64) -> u64 {
    (0..64).rev().fold(0, |sum: u64, i| {
        let doubled = sum << 1 ^ if sum >> 63 == 1 { 0b11011 } else { 0 };
        doubled ^ if b >> i & 1 == 1 { a } else { 0 }
    })
}

#[test]
fn the_modulus_is_irreducible() {
    // x^(2^64) = x, and x^(2^32) − x shares no factor with the modulus: it has an inverse.
    let square_times = |n: usize| (0..n).fold(2, |x, _| portable::multiply(x, x));
    assert_eq!(square_times(64), 2);
    let difference = square_times(32) ^ 2;
    let (_, inverse) = (1..64).fold((difference, 1), |(power, product), _| {
        let power = portable::multiply(power, power);
        (power, portable::multiply(product, power))
    });
    assert_eq!(portable::multiply(difference, inverse), 1);
}

fn tiles(n: usize) -> impl Strategy<Value = Vec<Tile>> {
    prop::collection::vec(any::<u128>(), n * TILE).prop_map(move |bits| {
        let blocks: Vec<Block> = bits.into_iter().map(Block::from).collect();
        blocks.as_chunks().0.to_vec()
    })
}

fn bits(tile: &Tile) -> [u128; TILE] {
    tile.map(u128::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn products_agree_with_shift_and_add(a: u64, b: u64) {
        prop_assert_eq!(portable::multiply(a, b), multiply_naive(a, b));
    }

    #[test]
    fn transposition_agrees_with_the_definition(before in tiles(3)) {
        let (mut after, mut portable) = (before.clone(), before.clone());
        hide(&after);
        hide(&portable);
        transpose(&mut after);
        portable::transpose(&mut portable);
        reveal(&after);
        reveal(&portable);
        for ((before, after), portable) in before.iter().zip(&after).zip(&portable) {
            let before = bits(before);
            let expected = std::array::from_fn(|i| (0..TILE).fold(0, |row, j| row | (before[j] >> i & 1) << j));
            prop_assert_eq!(bits(after), expected);
            prop_assert_eq!(bits(portable), expected);
        }
    }

    #[test]
    fn hash_is_the_polynomial(tiles in (0usize..20).prop_flat_map(tiles), point: u64, start: u64) {
        let expected: [u64; TILE] = std::array::from_fn(|column| {
            let halves = tiles.iter().flat_map(|tile| tile[column].halves());
            halves.fold(start, |hash, word| multiply_naive(hash, point) ^ word)
        });
        let point = Point::new(point);
        let (mut fast, mut portable) = ([start; TILE], [start; TILE]);
        hide(&tiles);
        hash_columns(&point, &mut fast, &tiles);
        portable::hash_columns(&point, &mut portable, &tiles);
        reveal(&fast);
        reveal(&portable);
        prop_assert_eq!(fast, expected);
        prop_assert_eq!(portable, expected);
    }

    #[test]
    fn expansion_is_the_sum_over_the_field(
        k in prop::sample::select(vec![2usize, 4, 8]),
        n in 1usize..40,
        first_tile: u32,
        punctured: bool,
        seed: u8,
    ) {
        let n_trees = 128 / k;
        let leaf = |i: usize| Block::from_bytes(*blake3::hash(&[seed, i as u8, (i >> 8) as u8]).as_bytes().first_chunk().expect("32 bytes"));
        let leaves: Vec<Block> = (0..n_trees << k).map(leaf).collect();
        let stream = |leaf: usize, tile: usize| -> Block {
            use aes::cipher::BlockCipherEncrypt;
            let mut block = aes::Block::from(u128::from(u64::from(first_tile) + tile as u64).to_le_bytes());
            Aes128Enc::new(&leaves[leaf].to_bytes().into()).encrypt_block(&mut block);
            Block::from_bytes(block.into()).masked(!punctured || !leaf.is_multiple_of(1 << k))
        };
        let sum = |tree: usize, tile: usize, chosen: &dyn Fn(usize) -> bool| {
            let terms = (0..1 << k).filter(|&x| chosen(x)).map(|x| stream((tree << k) + x, tile));
            u128::from(terms.fold(Block::ZERO, |sum, term| sum ^ term))
        };
        let (delta, choices) = (leaf(1 << 15), (0..n).map(|tile| leaf(1 << 14 | tile)).collect::<Vec<_>>());
        let expand = |leaves: Leaves| {
            let mut tiles = vec![[Block::ZERO; TILE]; n];
            let mut corrections: Vec<[u8; 16]> = (0..n * n_trees).map(|i| leaf(1 << 13 | i).to_bytes()).collect();
            let side = match punctured {
                true => Side::Punctured { delta, corrections: &corrections },
                false => Side::Whole { choices: &choices, corrections: &mut corrections },
            };
            leaves.expand(u64::from(first_tile), &mut tiles, side);
            reveal(&tiles);
            reveal(&corrections);
            (tiles.iter().map(bits).collect::<Vec<_>>(), corrections)
        };
        hide(&leaves);
        hide(&choices);
        hide(std::slice::from_ref(&delta));
        let (tiles, corrections) = expand(Leaves::new(k, &leaves, punctured));
        prop_assert_eq!(&(tiles.clone(), corrections.clone()), &expand(Leaves::portable(k, &leaves, punctured)));
        reveal(&leaves);
        reveal(&choices);
        reveal(std::slice::from_ref(&delta));
        for (tree, tile) in (0..n_trees * n).step_by(7).map(|i| (i / n, i % n)) {
            let group = tile / GROUP * GROUP;
            let correction = corrections[group * n_trees + tree * (n - group).min(GROUP) + tile - group];
            if !punctured {
                prop_assert_eq!(u128::from_le_bytes(correction), sum(tree, tile, &|_| true) ^ u128::from(choices[tile]));
            }
            for bit in 0..k {
                let added = punctured && u128::from(delta) >> (tree * k + bit) & 1 == 1;
                let added = if added { u128::from_le_bytes(correction) } else { 0 };
                prop_assert_eq!(tiles[tile][tree * k + bit], sum(tree, tile, &|x| x >> bit & 1 == 1) ^ added);
            }
        }
    }
}
