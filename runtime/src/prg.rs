//! The pseudorandom generator: AES-128 in counter mode, expanding a [`Seed`] in bulk.
//!
//! The seed's first 16 bytes are the key, the last 16 the first counter block, counted up as a 128-bit little-endian number.
//!
//! # Security
//! 128 bits, if AES-128 is a pseudorandom permutation; distinguishable from random after about 2^64 blocks, which no caller
//! reaches. Never use one seed for two purposes: derive one for each.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::{Zeroize, Zeroizing};

use crate::block::{BLOCK_BYTES, Block, Seed};

/// A stream of pseudorandom blocks.
pub struct Prg {
    cipher: Aes128Enc,
    counter: u128,
}

/// Blocks encrypted at one go, as many as the `aes` crate interleaves.
const BATCH: usize = 64;

impl Prg {
    /// The stream of `seed`, from its start.
    #[must_use]
    pub fn new(seed: &Seed) -> Prg {
        let (key, counter) = seed.bytes().split_at(BLOCK_BYTES);
        let key: [u8; BLOCK_BYTES] = key.try_into().expect("a seed is two blocks");
        let counter = u128::from_le_bytes(counter.try_into().expect("a seed is two blocks"));
        Prg { cipher: Aes128Enc::new(&key.into()), counter }
    }

    /// Fills `blocks` with the next blocks of the stream.
    pub fn fill(&mut self, blocks: &mut [Block]) {
        let mut batch = Zeroizing::new([[0; BLOCK_BYTES]; BATCH]);
        for chunk in blocks.chunks_mut(BATCH) {
            let batch = &mut batch[..chunk.len()];
            self.next_blocks(batch);
            for (block, bytes) in chunk.iter_mut().zip(batch) {
                *block = Block::from_bytes(*bytes);
            }
        }
    }

    /// Fills `bytes` with the next blocks of the stream. What is left of the last block is dropped.
    pub fn fill_bytes(&mut self, bytes: &mut [u8]) {
        let mut batch = Zeroizing::new([[0; BLOCK_BYTES]; BATCH]);
        for chunk in bytes.chunks_mut(BATCH * BLOCK_BYTES) {
            let batch = &mut batch[..chunk.len().div_ceil(BLOCK_BYTES)];
            self.next_blocks(batch);
            chunk.copy_from_slice(&batch.as_flattened()[..chunk.len()]);
        }
    }

    /// The next block of the stream.
    #[must_use]
    pub fn block(&mut self) -> Block {
        let mut blocks = [Block::ZERO];
        self.fill(&mut blocks);
        blocks[0]
    }

    fn next_blocks(&mut self, batch: &mut [[u8; BLOCK_BYTES]]) {
        for bytes in batch.iter_mut() {
            *bytes = self.counter.to_le_bytes();
            self.counter = self.counter.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(aes::Block::cast_slice_from_core_mut(batch));
    }
}

impl Drop for Prg {
    fn drop(&mut self) {
        self.counter.zeroize();
    }
}

impl std::fmt::Debug for Prg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prg(..)")
    }
}

#[cfg(test)]
mod tests;
