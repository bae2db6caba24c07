//! Each function against its definition, and against the portable text.

use proptest::prelude::*;

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
        transpose(&mut after);
        portable::transpose(&mut portable);
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
        hash_columns(&point, &mut fast, &tiles);
        portable::hash_columns(&point, &mut portable, &tiles);
        prop_assert_eq!(fast, expected);
        prop_assert_eq!(portable, expected);
    }

    #[test]
    fn fold_is_the_sum_over_the_field(k in 0usize..=4, seed: u8, start: u8) {
        let stream = |x: usize| -> Stream {
            std::array::from_fn(|i| std::array::from_fn(|j| blake3::hash(&[seed, x as u8, i as u8]).as_bytes()[j]))
        };
        let streams: Vec<Stream> = (0..1 << k).map(stream).collect();
        let mut folded = streams.clone();
        let mut columns = vec![[[start; 16]; GROUP]; k];
        fold(&mut folded, &mut columns);
        let sum = |first: u8, chosen: &dyn Fn(usize) -> bool| -> Stream {
            std::array::from_fn(|i| std::array::from_fn(|j| {
                (0..streams.len()).filter(|&x| chosen(x)).fold(first, |sum, x| sum ^ streams[x][i][j])
            }))
        };
        prop_assert_eq!(folded[0], sum(0, &|_| true));
        for (bit, column) in columns.iter().enumerate() {
            prop_assert_eq!(*column, sum(start, &|x| x >> bit & 1 == 1));
        }
    }
}
