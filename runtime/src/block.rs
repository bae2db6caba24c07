//! The 128-bit values that everything secret is made of: labels, Δ, seeds.
//!
//! # Security
//! None of these types shows its contents in `Debug`, none has a comparison that branches on secrets, and the ones that
//! own a long-lived secret ([`Delta`], [`Seed`]) wipe it when dropped. Buffers of labels are kept in
//! [`zeroize::Zeroizing`].

use std::fmt;
use std::ops::{BitXor, BitXorAssign};

use rand::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a block on the wire.
pub const BLOCK_BYTES: usize = 16;

/// 128 bits; on the wire, 16 bytes, least significant first.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(16))]
pub struct Block([u64; 2]);

/// A wire's label. Its lowest bit is the permute bit.
pub type Label = Block;

impl Block {
    /// All zeros.
    pub const ZERO: Block = Block([0; 2]);

    /// The block with these halves, low first.
    #[must_use]
    pub const fn new(lo: u64, hi: u64) -> Block {
        Block([lo, hi])
    }

    /// A uniformly random block.
    pub fn random(rng: &mut impl CryptoRng) -> Block {
        Block([rng.next_u64(), rng.next_u64()])
    }

    /// The halves, low first.
    #[must_use]
    pub const fn halves(self) -> [u64; 2] {
        self.0
    }

    /// The lowest bit: a label's permute bit.
    #[must_use]
    pub const fn lsb(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// The block with another lowest bit; without a branch.
    #[must_use]
    pub const fn with_lsb(self, bit: bool) -> Block {
        Block([self.0[0] & !1 | bit as u64, self.0[1]])
    }

    /// The block itself where `choice` is true, zero elsewhere; without a branch, which the compiler would otherwise make of the mask where it
    /// thinks that faster.
    #[must_use]
    pub const fn masked(self, choice: bool) -> Block {
        let mask = std::hint::black_box((choice as u64).wrapping_neg());
        Block([self.0[0] & mask, self.0[1] & mask])
    }

    /// The wire form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; BLOCK_BYTES] {
        u128::from(self).to_le_bytes()
    }

    /// The inverse of [`Block::to_bytes`].
    #[must_use]
    pub const fn from_bytes(bytes: [u8; BLOCK_BYTES]) -> Block {
        let bits = u128::from_le_bytes(bytes);
        Block([bits as u64, (bits >> 64) as u64])
    }
}

impl From<u128> for Block {
    fn from(bits: u128) -> Block {
        Block([bits as u64, (bits >> 64) as u64])
    }
}

impl From<Block> for u128 {
    fn from(block: Block) -> u128 {
        u128::from(block.0[0]) | u128::from(block.0[1]) << 64
    }
}

impl BitXor for Block {
    type Output = Block;

    fn bitxor(self, rhs: Block) -> Block {
        Block([self.0[0] ^ rhs.0[0], self.0[1] ^ rhs.0[1]])
    }
}

impl BitXorAssign for Block {
    fn bitxor_assign(&mut self, rhs: Block) {
        *self = *self ^ rhs;
    }
}

impl ConstantTimeEq for Block {
    fn ct_eq(&self, other: &Block) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Block(..)")
    }
}

/// The garbler's global offset Δ: a wire's two labels differ by it.
///
/// Its lowest bit is 1, so that the two labels differ in their permute bit. It never leaves the garbler and is never used
/// in two sessions.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Delta(Block);

impl Delta {
    /// A fresh offset.
    pub fn random(rng: &mut impl CryptoRng) -> Delta {
        let Block([lo, hi]) = Block::random(rng);
        Delta(Block([lo | 1, hi]))
    }

    /// The offset as a block, for the kernels and for correlated OT.
    #[must_use]
    pub const fn block(&self) -> Block {
        self.0
    }

    /// Δ where `choice` is true, zero elsewhere; without a branch.
    #[must_use]
    pub const fn times(&self, choice: bool) -> Block {
        self.0.masked(choice)
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delta(..)")
    }
}

/// 256 secret bits that expand to many.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A fresh seed.
    pub fn random(rng: &mut impl CryptoRng) -> Seed {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Seed(bytes)
    }

    /// The seed with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Seed {
        Seed(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}
