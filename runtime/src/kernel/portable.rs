//! Half-gates over the `aes` crate, gate by gate: the definition that the other kernels are compared with.
//!
//! The `aes` crate uses the CPU's AES instructions where there are some, and constant-time software elsewhere.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use super::{GROUP, Segment, sigma};
use crate::block::{Block, Delta, Label};

pub(super) fn garble(
    s: Block,
    first_gate: u64,
    delta: &Delta,
    segment: Segment<'_>,
    frame: &mut [Label],
    tables: &mut [Block],
) {
    let mut done = 0;
    segment.run(frame, |ands, frame| {
        let rows = &mut tables[2 * done..][..2 * ands.len()];
        let first_gate = first_gate + done as u64;
        done += ands.len();
        for (group, (ands, rows)) in ands.chunks(GROUP).zip(rows.chunks_mut(2 * GROUP)).enumerate() {
            let (tg, te) = rows.split_at_mut(ands.len());
            for (i, and) in ands.iter().enumerate() {
                let gate = first_gate + (group * GROUP + i) as u64;
                let a = frame.0[and.a.slot() as usize] ^ delta.times(and.a.is_complemented());
                let b = frame.0[and.b.slot() as usize] ^ delta.times(and.b.is_complemented());
                (frame.0[and.dst as usize], tg[i], te[i]) = garble_gate(s, gate, delta, a, b);
            }
        }
    });
}

pub(super) fn evaluate(s: Block, first_gate: u64, segment: Segment<'_>, frame: &mut [Label], tables: &[Block]) {
    let mut done = 0;
    segment.run(frame, |ands, frame| {
        let rows = &tables[2 * done..][..2 * ands.len()];
        let first_gate = first_gate + done as u64;
        done += ands.len();
        for (group, (ands, rows)) in ands.chunks(GROUP).zip(rows.chunks(2 * GROUP)).enumerate() {
            let (tg, te) = rows.split_at(ands.len());
            for (i, and) in ands.iter().enumerate() {
                let gate = first_gate + (group * GROUP + i) as u64;
                let (a, b) = (frame.0[and.a.slot() as usize], frame.0[and.b.slot() as usize]);
                let [ha] = hash(s, 2 * gate, [a]);
                let [hb] = hash(s, 2 * gate + 1, [b]);
                frame.0[and.dst as usize] = ha ^ hb ^ tg[i].masked(a.lsb()) ^ (te[i] ^ a).masked(b.lsb());
            }
        }
    });
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
pub(super) fn hash<const N: usize>(s: Block, tweak: u64, labels: [Label; N]) -> [Block; N] {
    let cipher = Aes128Enc::new(&(s ^ Block::new(tweak, 0)).to_bytes().into());
    let inputs = labels.map(sigma);
    let mut blocks = inputs.map(|input| input.to_bytes().into());
    cipher.encrypt_blocks(&mut blocks);
    std::array::from_fn(|i| Block::from_bytes(blocks[i].into()) ^ inputs[i])
}
