//! Oblivious transfer in memory: base OTs, direct labels, the extension with its check, random OTs.
//!
//! Both parties' work is done one after the other on one thread (base OTs use all threads): two machines that overlap do
//! twice as many OTs a second.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hushgate_runtime::block::Delta;
use hushgate_runtime::ot::base::{self, BaseReceiver};
use hushgate_runtime::ot::direct::{self, DirectReceiver};
use hushgate_runtime::ot::extension::{CotReceiver, CotSender, CotSetup, Depth};
use hushgate_runtime::ot::random::RandomOt;
use hushgate_runtime::ot::{Labels, Purpose};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

const SESSION: [u8; 32] = [1; 32];

/// OTs of one batch of the extension.
const BATCH: usize = 1 << 16;

fn choices(n: usize, rng: &mut ChaCha20Rng) -> Vec<bool> {
    (0..n).map(|_| rng.random()).collect()
}

fn base_ots(criterion: &mut Criterion) {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let delta = Delta::random(rng);
    for n in [1, 64, 128] {
        let choices = choices(n, rng);
        criterion.bench_function(&format!("ot/base{n}"), |bencher| {
            bencher.iter(|| {
                let (receiver, points) = BaseReceiver::start(&SESSION, Purpose::Extension, &choices, rng);
                let (pairs, reply) = base::send(&SESSION, Purpose::Extension, n, &points, rng).expect("honest");
                (pairs, receiver.finish(&reply).expect("honest"))
            });
        });
    }
    let choices = choices(64, rng);
    criterion.bench_function("ot/direct64", |bencher| {
        bencher.iter(|| {
            let (receiver, request) = DirectReceiver::start(&SESSION, &choices, rng);
            let (zero, reply) = direct::send(&SESSION, &delta, 64, &request, rng).expect("honest");
            (zero, receiver.finish(&reply).expect("honest"))
        });
    });
}

/// Both parties of a fresh extension.
fn setup(depth: Depth, rng: &mut ChaCha20Rng) -> (CotSender, CotReceiver) {
    let (sender, points) = CotSetup::start(&SESSION, depth, &Delta::random(rng), rng);
    let (receiver, trees) = CotReceiver::accept(&SESSION, depth, &points, rng).expect("honest");
    (sender.finish(&trees).expect("honest"), receiver)
}

fn extension(criterion: &mut Criterion) {
    let rng = &mut ChaCha20Rng::seed_from_u64(2);
    let choices = choices(BATCH, rng);
    for depth in Depth::ALL {
        let name = format!("ot/softspoken{}", depth.bits());
        criterion.bench_function(&format!("{name}/setup"), |bencher| bencher.iter(|| setup(depth, rng)));
        let mut group = criterion.benchmark_group(&name);
        group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
        let (sender, receiver) = setup(depth, rng);
        let mut parties = Some((sender, receiver));
        group.bench_function("both", |bencher| {
            bencher.iter(|| {
                let (sender, receiver) = parties.take().expect("put back below");
                let (batch, matrix) = receiver.extend(&choices, rng);
                let (pending, challenge) = sender.extend(BATCH, &matrix, rng).expect("honest");
                let (receiver, active, response) = batch.respond(&challenge).expect("honest");
                let (sender, zero) = pending.verify(&response).expect("honest");
                black_box((active, zero));
                parties = Some((sender, receiver));
            });
        });
        group.finish();
    }
}

fn random(criterion: &mut Criterion) {
    let rng = &mut ChaCha20Rng::seed_from_u64(3);
    let delta = Delta::random(rng);
    let labels: Vec<_> = (0..BATCH).map(|_| hushgate_runtime::block::Block::random(rng)).collect();
    let mut group = criterion.benchmark_group("ot/random");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    group.bench_function("sender", |bencher| {
        bencher.iter_batched(|| RandomOt::new(&SESSION), |mut ots| ots.sender(&delta, &labels), BatchSize::LargeInput);
    });
    group.bench_function("receiver", |bencher| {
        let start = || (RandomOt::new(&SESSION), Labels::new(labels.clone()));
        bencher.iter_batched(start, |(mut ots, labels)| ots.receiver(labels), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, base_ots, extension, random);
criterion_main!(benches);
