//! The definitions, in safe code; the functions that vectorise are inlined into their compilations for wider vectors.

use aes::Aes128Enc;
use aes::cipher::BlockCipherEncrypt;

use super::{GROUP, Point, Stream, TILE, Tile, Tree, TreeSide, sum_tree};
use crate::block::Block;

/// One tree's part of a group of tiles.
pub(super) fn expand_tree(tree: Tree<'_, Aes128Enc>, side: TreeSide<'_>, tiles: &mut [Tile; GROUP]) {
    let counters: [[u8; 16]; GROUP] = std::array::from_fn(|i| u128::from(tree.first_tile + i as u64).to_le_bytes());
    let leaf = |leaf: usize| -> Stream {
        if tree.punctured && leaf == 0 {
            return [Block::ZERO; GROUP];
        }
        let mut stream = counters;
        tree.keys[leaf].encrypt_blocks(aes::Block::cast_slice_from_core_mut(&mut stream));
        stream.map(Block::from_bytes)
    };
    let add = |terms: &[Stream; 4], columns: &mut [Stream; 2]| -> Stream {
        let [a, b, c, d] = terms;
        std::array::from_fn(|i| {
            columns[0][i] ^= b[i] ^ d[i];
            columns[1][i] ^= c[i] ^ d[i];
            a[i] ^ b[i] ^ c[i] ^ d[i]
        })
    };
    let (parity, mut columns) = sum_tree(tree.keys.len(), [Block::ZERO; GROUP], leaf, add);
    let columns = &mut columns.as_flattened_mut()[..tree.keys.len().ilog2() as usize];
    match side {
        TreeSide::Whole(choices, corrections) => {
            for ((correction, parity), choice) in corrections.iter_mut().zip(parity).zip(choices) {
                *correction = (parity ^ *choice).to_bytes();
            }
        }
        TreeSide::Punctured(delta, corrections) => {
            for (bit, column) in columns.iter_mut().enumerate() {
                for (block, correction) in column.iter_mut().zip(corrections) {
                    *block ^= Block::from_bytes(*correction).masked(delta >> bit & 1 == 1);
                }
            }
        }
    }
    for (i, tile) in tiles.iter_mut().enumerate() {
        tile[tree.column..].iter_mut().zip(columns.iter()).for_each(|(target, column)| *target = column[i]);
    }
}

/// As [`super::transpose`].
#[inline(always)]
pub(super) fn transpose(tiles: &mut [Tile]) {
    for tile in tiles {
        let (top, bottom) = tile.split_at_mut(TILE / 2);
        for (top, bottom) in top.iter_mut().zip(bottom) {
            let ([a, b], [c, d]) = (top.halves(), bottom.halves());
            (*top, *bottom) = (Block::new(a, c), Block::new(b, d));
        }
        swap_quarters::<32>(tile, 0x0000_0000_ffff_ffff);
        swap_quarters::<16>(tile, 0x0000_ffff_0000_ffff);
        swap_quarters::<8>(tile, 0x00ff_00ff_00ff_00ff);
        swap_quarters::<4>(tile, 0x0f0f_0f0f_0f0f_0f0f);
        swap_quarters::<2>(tile, 0x3333_3333_3333_3333);
        swap_quarters::<1>(tile, 0x5555_5555_5555_5555);
    }
}

/// In each square of `2·SIZE` rows and columns: exchanges the top right and the bottom left quarter.
#[inline(always)]
fn swap_quarters<const SIZE: usize>(tile: &mut Tile, mask: u64) {
    for square in tile.chunks_exact_mut(2 * SIZE) {
        let (top, bottom) = square.split_at_mut(SIZE);
        for (top, bottom) in top.iter_mut().zip(bottom) {
            let ([a, b], [c, d]) = (top.halves(), bottom.halves());
            let (e, f) = ((a >> SIZE ^ c) & mask, (b >> SIZE ^ d) & mask);
            *top = Block::new(a ^ e << SIZE, b ^ f << SIZE);
            *bottom = Block::new(c ^ e, d ^ f);
        }
    }
}

/// As [`super::hash_columns`].
pub(super) fn hash_columns(point: &Point, hashes: &mut [u64; TILE], tiles: &[Tile]) {
    for tile in tiles {
        for (hash, word) in hashes.iter_mut().zip(tile) {
            *hash = hash_column(point, *hash, &[*word]);
        }
    }
}

/// As [`super::hash_column`]: Horner's rule, each block's low half first.
pub(super) fn hash_column(point: &Point, hash: u64, words: &[Block]) -> u64 {
    words.iter().fold(hash, |hash, word| {
        let [lo, hi] = word.halves();
        multiply(hash, point.powers[2]) ^ multiply(lo, point.powers[1]) ^ hi
    })
}

/// The product in the field.
pub(super) fn multiply(a: u64, b: u64) -> u64 {
    let mut product = 0u128;
    for i in 0..64 {
        let mask = u128::from(b >> i & 1).wrapping_neg();
        product ^= u128::from(a) << i & mask;
    }
    reduce(product)
}

/// The remainder of a product of two elements.
fn reduce(product: u128) -> u64 {
    let fold = |high: u64| u128::from(high) ^ u128::from(high) << 1 ^ u128::from(high) << 3 ^ u128::from(high) << 4;
    let once = fold((product >> 64) as u64); // At most 68 bits.
    let twice = fold((once >> 64) as u64);
    product as u64 ^ once as u64 ^ twice as u64
}
