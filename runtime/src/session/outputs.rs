//! The messages that open outputs.
//!
//! ```text
//! decoding = packed decode bits | H(i, X0) H(i, X1) of each of the evaluator's outputs
//! results  = packed permute bits | proof, of all of the garbler's outputs
//! ```
//!
//! Both are sent also where there are no outputs: the results tell the garbler that everything arrived.

use crate::garble::output::{DecodeBits, OutputDigests, OutputProof, PackedBits, PermuteBits};
use crate::wire::{Decoder, MalformedPayload};

/// Bytes of the messages that open so many output bits to the garbler and to the evaluator.
#[must_use]
pub const fn output_bytes(n_garbler: usize, n_evaluator: usize) -> usize {
    results_bytes(n_garbler) + decoding_bytes(n_evaluator)
}

/// Bytes of the decoding of `n` outputs.
pub(super) const fn decoding_bytes(n: usize) -> usize {
    n.div_ceil(8) + n * OutputDigests::BYTES
}

/// Bytes of the results of `n` outputs.
pub(super) const fn results_bytes(n: usize) -> usize {
    n.div_ceil(8) + OutputProof::BYTES
}

/// Reads the decoding of `n` outputs.
pub(super) fn decode_decoding(bytes: &[u8], n: usize) -> Result<(DecodeBits, OutputDigests), MalformedPayload> {
    let mut decoder = Decoder::new(bytes);
    let bits = packed_bits(decoder.field("decode bits"), n)?;
    let digests = decoder.field("output digests").take(n * OutputDigests::BYTES)?;
    let digests = OutputDigests::from_bytes(digests, n).map_err(|_| decoder.malformed("have a wrong length"))?;
    decoder.finish()?;
    Ok((DecodeBits::from_packed(bits), digests))
}

/// Reads the results of `n` outputs.
pub(super) fn decode_results(bytes: &[u8], n: usize) -> Result<(PermuteBits, OutputProof), MalformedPayload> {
    let mut decoder = Decoder::new(bytes);
    let bits = packed_bits(decoder.field("permute bits"), n)?;
    let proof = OutputProof::from_bytes(decoder.field("output proof").array()?);
    decoder.finish()?;
    Ok((PermuteBits::from_packed(bits), proof))
}

fn packed_bits(decoder: &mut Decoder<'_>, n: usize) -> Result<PackedBits, MalformedPayload> {
    let bytes = decoder.take(n.div_ceil(8))?;
    PackedBits::from_bytes(bytes, n).map_err(|_| decoder.malformed("have bits beyond their end"))
}
