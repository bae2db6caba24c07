//! Garbling and evaluating in memory, one thread: the workloads of `hushgate bench garble` with every kernel.
//!
//! * `kernel`: one batch of 256 gates over and over, labels and tables in L1: the bound that the rest is compared with;
//! * `aes128`, `sha256`, `mul64`, `chain`, `wide`; `hush-aes128`, `hush-sha256`, `hush-mul64`; and the Bristol circuits of the folder
//!   `HUSHGATE_BRISTOL`, where it is set.
//!
//! Throughput counts AND gates. `cargo bench --bench garbling -- 'VAES-512'` runs one kernel.

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use hushgate::circuits::plan::Plan;
use hushgate::runtime::block::{Block, Delta, Label};
use hushgate::runtime::garble::{Evaluator, Garbler};
use hushgate::runtime::kernel::{GateKeys, Gates, Kernel, Segment};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::programs::plans;
use self::workload::{Chunk, KERNEL_ANDS, kernel_batch, labels};

#[path = "../src/command/bench/programs.rs"]
mod programs;

#[path = "../src/command/bench/workload.rs"]
#[allow(dead_code, reason = "some workloads are for sessions")]
mod workload;

criterion_main!(benches);
criterion_group!(benches, bench_kernels, bench_plans);

/// Public and secret values of one session.
struct Session {
    delta: Delta,
    s: Block,
    constant: Label,
    rng: ChaCha8Rng,
}

impl Session {
    fn new() -> Session {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (delta, s, constant) = (Delta::random(&mut rng), Block::random(&mut rng), Block::random(&mut rng));
        Session { delta, s, constant, rng }
    }
}

fn bench_kernels(criterion: &mut Criterion) {
    let block = kernel_batch();
    let gates = Gates::new(&block);
    let segment = Segment::new(&block.steps, gates);
    let mut session = Session::new();
    let mut frame = labels(gates.n_labels(), &mut session.rng);
    let mut tables = labels(segment.n_rows(), &mut session.rng);
    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(KERNEL_ANDS.into()));
    for kernel in Kernel::available() {
        let mut keys = GateKeys::new(session.s, 0);
        group.bench_function(format!("garble/{}", kernel.name()), |bencher| {
            bencher.iter(|| kernel.garble(&mut keys, &session.delta, segment, black_box(&mut frame), &mut tables));
        });
        group.bench_function(format!("evaluate/{}", kernel.name()), |bencher| {
            bencher.iter(|| kernel.evaluate(&mut keys, segment, black_box(&mut frame), &tables));
        });
    }
}

/// One iteration of each workload's block.
fn bench_plans(criterion: &mut Criterion) {
    for (name, plan) in plans(1) {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(plan.n_ands()));
        for kernel in Kernel::available() {
            bench_plan(&mut group, &plan, kernel);
        }
    }
}

fn bench_plan(group: &mut BenchmarkGroup<'_, WallTime>, plan: &Plan, kernel: Kernel) {
    let mut session = Session::new();
    let inputs = labels(plan.main().n_inputs as usize, &mut session.rng);
    let mut garbler = Garbler::new(kernel, &session.delta, session.s, session.constant, 0);
    let mut chunk = Chunk::new();
    group.bench_function(format!("garble/{}", kernel.name()), |bencher| {
        bencher.iter(|| garbler.garble(plan, black_box(&inputs), &mut chunk));
    });
    let mut evaluator = Evaluator::new(kernel, session.s, session.constant, 0);
    group.bench_function(format!("evaluate/{}", kernel.name()), |bencher| {
        bencher.iter(|| evaluator.evaluate(plan, black_box(&inputs), &mut chunk));
    });
}
