//! Labels of values that a party knows in the clear, in plans for one garbler.
//!
//! ```text
//!                         garbler's zero label     evaluator's active label
//! the garbler knows a     a·Δ                      0                           no traffic at all
//! the evaluator knows b   B0 with lsb(B0) = 0      B0 ⊕ b·Δ, so its lsb is b   from correlated OT; each side sets the lowest bit
//! ```
//!
//! So the lowest bit of a label tells the party that knows a value what it is, as lsb(Δ) = 1; and XORs of labels of one form have that form.
//! The complement of what the evaluator knows is its XOR with the constant true in this form: 1 ⊕ Δ and 1.
//!
//! # Security
//! Labels of the first form hide nothing from the garbler and say nothing to the evaluator. Those of the second lose a bit of randomness, which
//! the permute bit would need to hide a value from the evaluator: it knows this one. What is hidden is Δ.

use hushgate_circuits::knowledge::Knowledge;
use zeroize::Zeroizing;

use crate::block::{Block, Delta, Label};

/// One label for each bit; wiped when dropped.
type Labels = Zeroizing<Vec<Label>>;

/// The zero labels of bits that the garbler knows.
#[must_use]
pub fn zeros_of_garbler(delta: &Delta, bits: &[bool]) -> Labels {
    Labels::new(bits.iter().map(|&bit| delta.times(bit)).collect())
}

/// The active labels of so many bits that the garbler knows.
#[must_use]
pub fn actives_of_garbler(n: usize) -> Labels {
    Labels::new(vec![Block::ZERO; n])
}

/// The zero labels of bits that the evaluator knows, from those that correlated OT gave.
#[must_use]
pub fn zeros_of_evaluator(mut labels: Labels) -> Labels {
    labels.iter_mut().for_each(|label| *label = label.with_lsb(false));
    labels
}

/// The active labels of bits that the evaluator knows, from those that correlated OT gave.
///
/// # Panics
/// If there are more or fewer labels than bits.
#[must_use]
pub fn actives_of_evaluator(mut labels: Labels, bits: &[bool]) -> Labels {
    assert_eq!(labels.len(), bits.len(), "each bit has a label");
    labels.iter_mut().zip(bits).for_each(|(label, &bit)| *label = label.with_lsb(bit));
    labels
}

/// The zero label of the complement, if `complemented`, which the plan says and so is no secret.
pub(super) fn complement_zero(label: Label, delta: &Delta, complemented: bool, known: Knowledge) -> Label {
    if complemented { complement_active(label ^ delta.block(), true, known) } else { label }
}

/// The active label of the complement, if `complemented`.
pub(super) fn complement_active(label: Label, complemented: bool, known: Knowledge) -> Label {
    if complemented && matches!(known, Knowledge::Evaluator) { label ^ ONE } else { label }
}

const ONE: Block = Block::new(1, 0);
