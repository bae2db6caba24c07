//! Half-gates over the `aes` crate, gate by gate: the definition that the other kernels are compared with.
//!
//! The `aes` crate uses the CPU's AES instructions where there are some, and constant-time software elsewhere.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hushgate_circuits::knowledge::Known;
use hushgate_circuits::plan::{And, Operand};

use super::{Ands, Frame, GROUP, Gate, Place, Segment, evaluate_own, garble_own, sigma};
use crate::block::{Block, Delta, Label};

/// As [`super::Kernel::hash_each`].
pub(super) fn hash_each(s: Block, first_index: u64, blocks: &mut [Block]) {
    for (index, block) in (first_index..).zip(blocks) {
        [*block] = hash(s, index, [*block]);
    }
}

/// As [`super::Kernel::hash_both`].
pub(super) fn hash_both(s: Block, first_index: u64, delta: Block, labels: &[Block], hashes: &mut [[Block; 2]]) {
    for ((index, label), hashes) in (first_index..).zip(labels).zip(hashes) {
        *hashes = hash(s, index, [*label, *label ^ delta]);
    }
}

pub(super) fn garble(
    s: Block,
    first_gate: u64,
    delta: &Delta,
    segment: Segment<'_>,
    frame: &mut [Label],
    tables: &mut [Block],
) {
    let mut place = Place { row: 0, pair: first_gate };
    let session = Session { s, delta };
    segment.run(frame, |ands, frame| {
        let (rows, first) = place.take(ands);
        let rows = &mut tables[rows];
        match ands {
            Ands::Plain(ands) => session.garble_batch(first, ands, frame, rows),
            Ands::WithXors(ands) => session.garble_batch(first, ands, frame, rows),
            Ands::Known(Known::GarblerBoth, ands) => garble_own(ands, delta, frame),
            Ands::Known(known, ands) => {
                for (i, (and, row)) in ands.iter().zip(rows).enumerate() {
                    let (a, b) = (session.zero_label(frame, and.a), session.zero_label(frame, and.b));
                    (frame.0[and.dst as usize], *row) = garble_half(s, tweak(first, i), known, delta, a, b);
                }
            }
        }
    });
}

pub(super) fn evaluate(s: Block, first_gate: u64, segment: Segment<'_>, frame: &mut [Label], tables: &[Block]) {
    let mut place = Place { row: 0, pair: first_gate };
    segment.run(frame, |ands, frame| {
        let (rows, first) = place.take(ands);
        let rows = &tables[rows];
        match ands {
            Ands::Plain(ands) => evaluate_batch(s, first, ands, frame, rows),
            Ands::WithXors(ands) => evaluate_batch(s, first, ands, frame, rows),
            Ands::Known(Known::GarblerBoth, ands) => evaluate_own(ands, frame),
            Ands::Known(known, ands) => {
                for (i, (and, row)) in ands.iter().zip(rows).enumerate() {
                    frame.0[and.dst as usize] = evaluate_half(s, tweak(first, i), known, *row, and, frame);
                }
            }
        }
    });
}

/// What is the same for all gates of the garbler.
struct Session<'a> {
    s: Block,
    delta: &'a Delta,
}

impl Session<'_> {
    fn zero_label(&self, frame: &Frame<'_>, operand: Operand) -> Label {
        frame.0[operand.slot() as usize] ^ self.delta.times(operand.is_complemented())
    }

    fn garble_batch<G: Gate>(&self, first: u64, ands: &[G], frame: &mut Frame<'_>, rows: &mut [Block]) {
        for (group, (ands, rows)) in ands.chunks(GROUP).zip(rows.chunks_mut(2 * GROUP)).enumerate() {
            let (tg, te) = rows.split_at_mut(ands.len());
            for (i, and) in ands.iter().enumerate() {
                let gate = first + (group * GROUP + i) as u64;
                let [a, b] = and.operands().map(|operand| self.zero_label(frame, operand));
                let [a_plus, b_plus, c] = added(*and, frame);
                let (product, tg_row, te_row) = garble_gate(self.s, gate, self.delta, a ^ a_plus, b ^ b_plus);
                (frame.0[and.dst() as usize], tg[i], te[i]) = (product ^ c, tg_row, te_row);
            }
        }
    }
}

fn evaluate_batch<G: Gate>(s: Block, first: u64, ands: &[G], frame: &mut Frame<'_>, rows: &[Block]) {
    for (group, (ands, rows)) in ands.chunks(GROUP).zip(rows.chunks(2 * GROUP)).enumerate() {
        let (tg, te) = rows.split_at(ands.len());
        for (i, and) in ands.iter().enumerate() {
            let gate = first + (group * GROUP + i) as u64;
            let [a, b] = and.operands().map(|operand| frame.0[operand.slot() as usize]);
            let [a_plus, b_plus, c] = added(*and, frame);
            let (a, b) = (a ^ a_plus, b ^ b_plus);
            let [ha] = hash(s, 2 * gate, [a]);
            let [hb] = hash(s, 2 * gate + 1, [b]);
            let product = ha ^ hb ^ tg[i].masked(a.lsb()) ^ (te[i] ^ a).masked(b.lsb());
            frame.0[and.dst() as usize] = product ^ c;
        }
    }
}

/// The labels that a gate adds.
fn added<G: Gate>(gate: G, frame: &Frame<'_>) -> [Label; 3] {
    if G::HAS_XORS { gate.added().map(|operand| frame.0[operand.slot() as usize]) } else { [Block::ZERO; 3] }
}

/// The tweak of gate `i` of a batch of gates of one row.
pub(super) fn tweak(first_pair: u64, i: usize) -> u64 {
    let (group, i) = (i / (2 * GROUP), i % (2 * GROUP));
    2 * (first_pair + (group * GROUP + i % GROUP) as u64) + (i / GROUP) as u64
}

/// The output's zero label and the row.
fn garble_half(s: Block, tweak: u64, known: Known, delta: &Delta, a0: Label, b0: Label) -> (Label, Block) {
    let [h0, h1] = hash(s, tweak, [b0, b0 ^ delta.block()]);
    match known {
        Known::Garbler => {
            let row = h0 ^ h1 ^ delta.times(a0.lsb());
            (h0 ^ row.masked(b0.lsb()), row)
        }
        Known::EvaluatorBoth => (h0.with_lsb(false), h0 ^ h1 ^ a0),
        _ => (h0, h0 ^ h1 ^ a0),
    }
}

/// The output's active label.
fn evaluate_half(s: Block, tweak: u64, known: Known, row: Block, and: &And, frame: &Frame<'_>) -> Label {
    let [a, b] = [and.a, and.b].map(|x| frame.0[x.slot() as usize]);
    let [a_bit, b_bit] = [a.lsb() ^ and.a.is_complemented(), b.lsb() ^ and.b.is_complemented()];
    let [h] = hash(s, tweak, [b]);
    match known {
        Known::Garbler => h ^ row.masked(b.lsb()),
        Known::EvaluatorBoth => (h ^ (row ^ a).masked(b_bit)).with_lsb(a_bit & b_bit),
        _ => h ^ (row ^ a).masked(b_bit),
    }
}

/// The output's zero label, TG and TE.
fn garble_gate(s: Block, gate: u64, delta: &Delta, a0: Label, b0: Label) -> (Label, Block, Block) {
    let [ha0, ha1] = hash(s, 2 * gate, [a0, a0 ^ delta.block()]);
    let [hb0, hb1] = hash(s, 2 * gate + 1, [b0, b0 ^ delta.block()]);
    let tg = ha0 ^ ha1 ^ delta.times(b0.lsb());
    let te = hb0 ^ hb1 ^ a0;
    let c0 = ha0 ^ tg.masked(a0.lsb()) ^ hb0 ^ (te ^ a0).masked(b0.lsb());
    (c0, tg, te)
}

/// H(x, tweak) of several labels under one tweak.
#[inline]
pub(crate) fn hash<const N: usize>(s: Block, tweak: u64, labels: [Label; N]) -> [Block; N] {
    let cipher = Aes128Enc::new(&(s ^ Block::new(tweak, 0)).to_bytes().into());
    let inputs = labels.map(sigma);
    let mut blocks = inputs.map(|input| input.to_bytes().into());
    cipher.encrypt_blocks(&mut blocks);
    std::array::from_fn(|i| Block::from_bytes(blocks[i].into()) ^ inputs[i])
}
