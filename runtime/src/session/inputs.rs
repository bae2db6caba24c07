//! Labels of inputs: those of the garbler's from a public seed, those of the evaluator's by oblivious transfer.
//!
//! ```text
//! seed, from the garbler     ──►   S, the constant's label K, and the *active* labels of the garbler's inputs
//! garbler                          X0 = label ⊕ x·Δ
//! ```
//!
//! So the garbler's inputs cost no traffic: the evaluator holds labels that do not depend on them.

use zeroize::Zeroizing;

use crate::block::{Block, Delta, Seed};
use crate::ot::Labels;
use crate::prg::Prg;

/// Bytes of the message that carries the seed.
pub(super) const SEED_BYTES: usize = 32;

/// What the garbler's seed expands to. None of it is secret, all of it is independent of Δ.
#[derive(Debug)]
pub(super) struct PublicLabels {
    /// The hash key S.
    pub(super) s: Block,
    /// The label of the public constant.
    pub(super) constant: Block,
    /// The active labels of the garbler's inputs.
    pub(super) inputs: Labels,
}

impl PublicLabels {
    /// Expands the seed for a run, named by `run`, in which the garbler has `n_inputs` input bits.
    pub(super) fn new(run: &[u8; 32], seed: &[u8; SEED_BYTES], n_inputs: usize) -> PublicLabels {
        let prg = |context| Prg::new(&derived(context, run, seed));
        let mut inputs = Labels::new(vec![Block::ZERO; n_inputs]);
        prg("hushgate garbler seed v1: input labels").fill(&mut inputs);
        PublicLabels {
            s: prg("hushgate garbler seed v1: hash key").block(),
            constant: prg("hushgate garbler seed v1: constant").block(),
            inputs,
        }
    }

    /// The zero labels of the garbler's inputs, which are `bits`.
    ///
    /// # Panics
    /// If there are more or fewer bits than labels.
    pub(super) fn zero_labels(&self, delta: &Delta, bits: &[bool]) -> Labels {
        assert_eq!(bits.len(), self.inputs.len(), "each input bit has a label");
        Zeroizing::new(self.inputs.iter().zip(bits).map(|(&label, &bit)| label ^ delta.times(bit)).collect())
    }
}

fn derived(context: &str, run: &[u8; 32], seed: &[u8; SEED_BYTES]) -> Seed {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    Seed::from_bytes(*hasher.update(run).update(seed).finalize().as_bytes())
}
