//! Outputs: from labels to bits, and the proof that the bits are right.
//!
//! A wire's value is y = d ⊕ e: `d` = lsb(X0) is the garbler's [`DecodeBits`], `e` = lsb(active label) the evaluator's
//! [`PermuteBits`]. Neither says anything alone.
//!
//! * To the evaluator the garbler sends `d` and, for output `i`, H(i, X0) and H(i, X1) ([`OutputDigests`]). The evaluator
//!   accepts only a label that matches the digest of its bit.
//! * To the garbler the evaluator sends `e` and one digest of all its active labels ([`OutputProof`]), which the garbler makes
//!   itself from X0 ⊕ yΔ. Without knowing Δ the evaluator cannot turn a bit.
//!
//! # Security
//! Send a wire's decode bits and digests only to a declared recipient: who holds an active label and either of them knows the
//! value. Use every index `i` once per session ([`TweakHash`] takes it as tweak), numbering all opened outputs. The proof is
//! bound to the session id. Comparisons take constant time and failures carry no position, since that depends on secrets.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::block::{Block, Delta, Label};
use crate::hash::{Domain, TweakHash, digest_labels};

/// What authenticates outputs besides labels: public values of the session.
#[derive(Clone, Copy, Debug)]
pub struct OutputContext<'a> {
    /// The session id.
    pub session: &'a [u8; 32],
    /// The public hash key S.
    pub s: Block,
    /// Number of the first of these outputs among all outputs opened in the session.
    pub first_output: u64,
}

/// Bits in bytes, least significant first; unused bits are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedBits {
    bytes: Vec<u8>,
    n_bits: usize,
}

/// The garbler's half of some outputs: the permute bits of their zero labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeBits(PackedBits);

/// The evaluator's half of some outputs: the permute bits of its active labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermuteBits(PackedBits);

/// H(i, X0) and H(i, X1) of each output, in order.
#[derive(Clone, Debug)]
pub struct OutputDigests(Vec<[Block; 2]>);

/// The evaluator's proof that it holds the active labels of some outputs.
#[derive(Clone, Copy, Debug)]
pub struct OutputProof([u8; OutputProof::BYTES]);

/// An output label is not one that the garbler made: tables, labels or digests were changed on the way, or by the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an output label does not match what the garbler authenticated")]
pub struct OutputForged;

/// Packed bits, or digests, of the wrong size or with padding that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} bytes with the right padding expected for {n_outputs} outputs")]
pub struct OutputsMalformed {
    /// Bytes that came.
    pub found: usize,
    /// How many outputs they should describe.
    pub n_outputs: usize,
}

impl DecodeBits {
    /// The decode bits of wires with these zero labels.
    #[must_use]
    pub fn of(zero_labels: &[Label]) -> DecodeBits {
        DecodeBits(PackedBits::permute_bits_of(zero_labels))
    }

    /// The bits, to be sent.
    #[must_use]
    pub const fn packed(&self) -> &PackedBits {
        &self.0
    }

    /// The bits as received.
    #[must_use]
    pub const fn from_packed(bits: PackedBits) -> DecodeBits {
        DecodeBits(bits)
    }

    /// The values, without authentication.
    ///
    /// # Panics
    /// If the halves are of different numbers of outputs.
    fn open(&self, permute: &PermuteBits) -> Vec<bool> {
        assert_eq!(self.0.n_bits, permute.0.n_bits, "both halves are of the same outputs");
        self.0.iter().zip(permute.0.iter()).map(|(d, e)| d ^ e).collect()
    }
}

impl PermuteBits {
    /// The permute bits of these active labels.
    #[must_use]
    pub fn of(active_labels: &[Label]) -> PermuteBits {
        PermuteBits(PackedBits::permute_bits_of(active_labels))
    }

    /// The bits, to be sent.
    #[must_use]
    pub const fn packed(&self) -> &PackedBits {
        &self.0
    }

    /// The bits as received.
    #[must_use]
    pub const fn from_packed(bits: PackedBits) -> PermuteBits {
        PermuteBits(bits)
    }
}

impl OutputDigests {
    /// Bytes per output.
    pub const BYTES: usize = 2 * crate::block::BLOCK_BYTES;

    /// The digests of wires with these zero labels; the garbler's side.
    #[must_use]
    pub fn new(context: OutputContext<'_>, delta: &Delta, zero_labels: &[Label]) -> OutputDigests {
        let hash = TweakHash::new(context.s, Domain::Output);
        let digest = |(i, x0): (u64, &Label)| hash.hash_each(i, [*x0, *x0 ^ delta.block()]);
        OutputDigests((context.first_output..).zip(zero_labels).map(digest).collect())
    }

    /// The wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().flat_map(|digest| digest.to_bytes()).collect()
    }

    /// The inverse of [`OutputDigests::to_bytes`] for `n_outputs` outputs.
    pub fn from_bytes(bytes: &[u8], n_outputs: usize) -> Result<OutputDigests, OutputsMalformed> {
        let (digests, rest) = bytes.as_chunks::<{ crate::block::BLOCK_BYTES }>();
        let (pairs, odd) = digests.as_chunks::<2>();
        if pairs.len() != n_outputs || !odd.is_empty() || !rest.is_empty() {
            return Err(OutputsMalformed { found: bytes.len(), n_outputs });
        }
        Ok(OutputDigests(pairs.iter().map(|pair| pair.map(Block::from_bytes)).collect()))
    }

    /// The values of wires with these active labels; the evaluator's side.
    ///
    /// # Errors
    /// If a label is not the one that the garbler made for its value.
    ///
    /// # Panics
    /// If labels, decode bits and digests are of different numbers of outputs.
    pub fn open(
        &self,
        context: OutputContext<'_>,
        decode: &DecodeBits,
        active_labels: &[Label],
    ) -> Result<Vec<bool>, OutputForged> {
        assert_eq!(self.0.len(), active_labels.len(), "each output has two digests");
        let values = decode.open(&PermuteBits::of(active_labels));
        let hash = TweakHash::new(context.s, Domain::Output);
        let mut all_match = subtle::Choice::from(1);
        for (i, ((label, digests), value)) in active_labels.iter().zip(&self.0).zip(&values).enumerate() {
            let expected = digests[0] ^ (digests[0] ^ digests[1]).masked(*value);
            all_match &= hash.hash(context.first_output + i as u64, *label).ct_eq(&expected);
        }
        if bool::from(all_match) { Ok(values) } else { Err(OutputForged) }
    }
}

impl OutputProof {
    /// Bytes of a proof.
    pub const BYTES: usize = 32;

    /// Proves the possession of these active labels; the evaluator's side.
    #[must_use]
    pub fn new(context: OutputContext<'_>, active_labels: &[Label]) -> OutputProof {
        OutputProof(proof_digest(context, active_labels).into())
    }

    /// The wire form.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; OutputProof::BYTES] {
        self.0
    }

    /// The inverse of [`OutputProof::to_bytes`].
    #[must_use]
    pub const fn from_bytes(bytes: [u8; OutputProof::BYTES]) -> OutputProof {
        OutputProof(bytes)
    }

    /// The values of wires with these zero labels; the garbler's side.
    ///
    /// # Errors
    /// If the evaluator does not hold the active labels of the values that it claims.
    ///
    /// # Panics
    /// If labels and bits are of different numbers of outputs.
    pub fn open(
        &self,
        context: OutputContext<'_>,
        delta: &Delta,
        permute: &PermuteBits,
        zero_labels: &[Label],
    ) -> Result<Vec<bool>, OutputForged> {
        let values = DecodeBits::of(zero_labels).open(permute);
        let active: Zeroizing<Vec<Label>> =
            Zeroizing::new(zero_labels.iter().zip(&values).map(|(x0, y)| *x0 ^ delta.times(*y)).collect());
        // `blake3::Hash` compares in constant time.
        if proof_digest(context, &active) == blake3::Hash::from(self.0) { Ok(values) } else { Err(OutputForged) }
    }
}

fn proof_digest(context: OutputContext<'_>, active_labels: &[Label]) -> blake3::Hash {
    digest_labels(context.session, &format!("hushgate output proof {}", context.first_output), active_labels)
}

impl PackedBits {
    /// Packs bits.
    #[must_use]
    pub fn new(bits: impl IntoIterator<Item = bool>) -> PackedBits {
        let mut packed = PackedBits { bytes: Vec::new(), n_bits: 0 };
        for bit in bits {
            if packed.n_bits.is_multiple_of(8) {
                packed.bytes.push(0);
            }
            packed.bytes[packed.n_bits / 8] |= u8::from(bit) << (packed.n_bits % 8);
            packed.n_bits += 1;
        }
        packed
    }

    /// `n_bits` bits in exactly as many bytes as they need, with zeros after the last.
    pub fn from_bytes(bytes: &[u8], n_bits: usize) -> Result<PackedBits, OutputsMalformed> {
        let padding = match n_bits % 8 {
            0 => 0,
            used => bytes.last().map_or(0, |last| last >> used),
        };
        if bytes.len() != n_bits.div_ceil(8) || padding != 0 {
            return Err(OutputsMalformed { found: bytes.len(), n_outputs: n_bits });
        }
        Ok(PackedBits { bytes: bytes.to_vec(), n_bits })
    }

    /// The bytes, the first bit in the lowest place of the first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bits there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.n_bits
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.n_bits == 0
    }

    /// The bits in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.n_bits).map(|i| self.bytes[i / 8] >> (i % 8) & 1 == 1)
    }

    fn permute_bits_of(labels: &[Label]) -> PackedBits {
        PackedBits::new(labels.iter().map(|label| label.lsb()))
    }
}
