//! Oblivious transfer in memory, one party's work after the other's: two machines that overlap do up to twice as much.

use rand::RngExt;

use hushgate_runtime::block::Delta;
use hushgate_runtime::ot::Purpose;
use hushgate_runtime::ot::base::{self, BaseReceiver};
use hushgate_runtime::ot::extension::{CotReceiver, CotSetup, Depth};

use super::Bench;

const SESSION: [u8; 32] = [0; 32];

/// Base OTs that set up the extension.
const N_BASE: usize = 128;

/// OTs of a batch of the extension.
pub(super) const BATCH: usize = 1 << 16;

/// Base OTs, and the extension at each depth, its check included.
pub fn run(bench: &mut Bench) {
    let seconds = base_ots(bench);
    bench.add("ot/base128", seconds * 1e3, "ms");
    for depth in Depth::ALL {
        let seconds = extension(bench, depth);
        bench.add(&format!("ot/softspoken{}", depth.bits()), BATCH as f64 / seconds / 1e6, "M COT/s");
    }
}

/// Seconds of both parties for 128 base OTs.
pub(super) fn base_ots(bench: &mut Bench) -> f64 {
    let mut rng = bench.rng.clone();
    let choices: Vec<bool> = (0..N_BASE).map(|_| rng.random()).collect();
    bench.fastest(|| {
        let (receiver, points) = BaseReceiver::start(&SESSION, Purpose::Extension, &choices, &mut rng);
        let sent = base::send(&SESSION, Purpose::Extension, N_BASE, &points, &mut rng);
        let (_, reply) = sent.expect("the receiver is honest");
        receiver.finish(&reply).expect("the sender is honest");
    })
}

/// Seconds of both parties for a batch.
pub(super) fn extension(bench: &mut Bench, depth: Depth) -> f64 {
    let mut rng = bench.rng.clone();
    let choices: Vec<bool> = (0..BATCH).map(|_| rng.random()).collect();
    let (setup, points) = CotSetup::start(&SESSION, depth, &Delta::random(&mut rng), &mut rng);
    let (receiver, trees) = CotReceiver::accept(&SESSION, depth, &points, &mut rng).expect("the sender is honest");
    let mut parties = Some((setup.finish(&trees).expect("the receiver is honest"), receiver));
    bench.fastest(|| {
        let (sender, receiver) = parties.take().expect("every run puts them back");
        let (batch, matrix) = receiver.extend(&choices, &mut rng);
        let (pending, challenge) = sender.extend(BATCH, &matrix, &mut rng).expect("the receiver is honest");
        let (receiver, _, response) = batch.respond(&challenge).expect("the sender is honest");
        let (sender, _) = pending.verify(&response).expect("the receiver is honest");
        parties = Some((sender, receiver));
    })
}
