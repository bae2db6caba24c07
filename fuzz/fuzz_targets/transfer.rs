//! Arbitrary bytes as each message of the oblivious transfer, and as what opens outputs.

#![no_main]

use hushgate_runtime::block::{Block, Delta};
use hushgate_runtime::garble::output::{OutputDigests, PackedBits};
use hushgate_runtime::ot::base::{self, BaseReceiver};
use hushgate_runtime::ot::direct::{self, DirectReceiver};
use hushgate_runtime::ot::extension::{CotReceiver, CotSender, CotSetup, Depth};
use hushgate_runtime::ot::pool::{self, PoolSender};
use hushgate_runtime::ot::random::RandomOt;
use hushgate_runtime::ot::{Labels, Purpose, chosen};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const SESSION: [u8; 32] = [3; 32];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[message, n], bytes)) = bytes.split_first_chunk() else { return };
    let (n, depth) = (usize::from(n) % 5, Depth::ALL[usize::from(n) % 3]);
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let delta = Delta::random(rng);
    match message % 11 {
        0 => drop(base::send(&SESSION, Purpose::Direct, n, &fitted(bytes, base::points_bytes(n)), rng)),
        1 => drop(BaseReceiver::start(&SESSION, Purpose::Direct, &[true], rng).0.finish(bytes)),
        2 => drop(direct::send(&SESSION, &delta, n, bytes, rng)),
        3 => drop(DirectReceiver::start(&SESSION, &[true, false], rng).0.finish(bytes)),
        4 => drop(CotReceiver::accept(&SESSION, depth, bytes, rng)),
        5 => drop(CotSetup::start(&SESSION, depth, &delta, rng).0.finish(&fitted(bytes, depth.trees_bytes()))),
        6 => batch(depth, n, bytes, rng),
        7 => flow(&delta, n, bytes),
        8 => drop(PackedBits::from_bytes(bytes, n).map(|bits| assert_eq!(bits.bytes(), bytes))),
        9 => masked(n, bytes),
        _ => drop(OutputDigests::from_bytes(bytes, n).map(|digests| assert_eq!(digests.to_bytes(), bytes))),
    }
});

/// The bytes again and again, as many as a message has: else only its length would be read.
fn fitted(bytes: &[u8], n: usize) -> Vec<u8> {
    if bytes.is_empty() { Vec::new() } else { bytes.iter().copied().cycle().take(n).collect() }
}

/// A matrix, and an answer to its challenge.
fn batch(depth: Depth, n: usize, bytes: &[u8], rng: &mut ChaCha8Rng) {
    let sender = sender(depth, rng);
    let matrix = fitted(bytes, sender.matrix_bytes(n));
    if let Ok((pending, _)) = sender.extend(n, &matrix, rng) {
        pending.verify(bytes).err().expect("nobody guesses an answer");
    }
}

fn sender(depth: Depth, rng: &mut ChaCha8Rng) -> CotSender {
    let (setup, points) = CotSetup::start(&SESSION, depth, &Delta::random(rng), rng);
    let (_, trees) = CotReceiver::accept(&SESSION, depth, &points, rng).expect("honest points");
    setup.finish(&trees).expect("honest trees")
}

fn masked(n: usize, bytes: &[u8]) {
    let received =
        chosen::receive(&mut RandomOt::new(&SESSION), Labels::new(vec![Block::ZERO; n]), &vec![true; n], bytes);
    assert_eq!(received.is_ok(), bytes.len() == chosen::masked_bytes(n));
}

fn flow(delta: &Delta, n: usize, bytes: &[u8]) {
    let mut pool = PoolSender::new(delta);
    pool.add(Labels::new(vec![Block::ZERO; 8]));
    if let Ok((rest, labels)) = pool.take(n, bytes) {
        assert_eq!((bytes.len(), labels.len(), rest.left()), (pool::flow_bytes(n), n, 8 - n));
    }
}
