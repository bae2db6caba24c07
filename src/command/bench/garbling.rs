//! Garbling and evaluating in memory, on one thread unless told: the bare kernel, then real plans. Tables go to one buffer over and over.

use hushgate_circuits::plan::Plan;
use hushgate_runtime::block::{Block, Delta};
use hushgate_runtime::garble::{Evaluator, Garbler};
use hushgate_runtime::kernel::{GateKeys, Gates, Kernel, Segment};

use super::Bench;
use super::programs::plans;
use super::workload::{Chunk, KERNEL_ANDS, kernel_batch, labels, small_product};

/// ANDs of one run: a few milliseconds, so that some run is not disturbed.
pub const RUN_ANDS: u64 = 1 << 17;

/// Nanoseconds for one AND.
pub struct Cost {
    pub garble: f64,
    pub evaluate: f64,
}

/// The kernels, each workload with its ratio to the fastest of them, and what running a small program takes beyond its gates.
pub fn run(bench: &mut Bench) {
    let fastest = bench.kernel;
    let kernel = bare_kernel(bench, fastest);
    bench.add_with("kernel/garble", 1e3 / kernel.garble, "M AND/s", &[("ns_per_and", kernel.garble)]);
    bench.add_with("kernel/evaluate", 1e3 / kernel.evaluate, "M AND/s", &[("ns_per_and", kernel.evaluate)]);
    for (name, plan) in plans(RUN_ANDS) {
        let cost = of_plan(bench, &plan);
        for (verb, ns, bound) in [("garble", cost.garble, kernel.garble), ("evaluate", cost.evaluate, kernel.evaluate)]
        {
            let bytes = plan.table_bytes() as f64 / plan.n_ands() as f64;
            let more = [("ns_per_and", ns), ("ratio_to_kernel", bound / ns), ("bytes_per_and", bytes)];
            bench.add_with(&format!("{verb}/{name}"), 1e3 / ns, "M AND/s", &more);
        }
    }
    let plan = small_product();
    let (cost, n_ands) = (of_plan(bench, &plan), plan.n_ands() as f64);
    let [garble, evaluate] = [cost.garble - kernel.garble, cost.evaluate - kernel.evaluate].map(|ns| ns * n_ands / 1e3);
    let more = [("garble_us", garble), ("evaluate_us", evaluate), ("and_gates", n_ands)];
    bench.add_with("overhead/thousand-gates", garble + evaluate, "µs", &more);
    for slower in Kernel::available().into_iter().filter(|&slower| slower != fastest) {
        let cost = bare_kernel(bench, slower);
        for (verb, ns) in [("garble", cost.garble), ("evaluate", cost.evaluate)] {
            bench.add_with(&format!("kernel/{}/{verb}", slower.name()), 1e3 / ns, "M AND/s", &[("ns_per_and", ns)]);
        }
    }
}

fn bare_kernel(bench: &mut Bench, kernel: Kernel) -> Cost {
    let block = kernel_batch();
    let gates = Gates::new(&block);
    let segment = Segment::new(&block.steps, gates);
    let delta = Delta::random(&mut bench.rng);
    let mut keys = GateKeys::new(Block::random(&mut bench.rng), 0);
    let mut frame = labels(gates.n_labels(), &mut bench.rng);
    let mut tables = labels(segment.n_rows(), &mut bench.rng);
    let rounds = RUN_ANDS / u64::from(KERNEL_ANDS);
    let garble = bench.fastest(|| {
        (0..rounds).for_each(|_| kernel.garble(&mut keys, &delta, segment, &mut frame, &mut tables));
    });
    let evaluate = bench.fastest(|| {
        (0..rounds).for_each(|_| kernel.evaluate(&mut keys, segment, &mut frame, &tables));
    });
    let per_and = 1e9 / (rounds * u64::from(KERNEL_ANDS)) as f64;
    Cost { garble: garble * per_and, evaluate: evaluate * per_and }
}

/// What garbling and evaluating a plan costs in memory.
pub fn of_plan(bench: &mut Bench, plan: &Plan) -> Cost {
    let delta = Delta::random(&mut bench.rng);
    let (s, constant) = (Block::random(&mut bench.rng), Block::random(&mut bench.rng));
    let inputs = labels(plan.main().n_inputs as usize, &mut bench.rng);
    let mut chunk = Chunk::new();
    let mut garbler = Garbler::new(bench.kernel, &delta, s, constant, 0).on(bench.threads);
    let garble = bench.fastest(|| {
        let Ok(_) = garbler.garble(plan, &inputs, &mut chunk);
    });
    let mut evaluator = Evaluator::new(bench.kernel, s, constant, 0).on(bench.threads);
    let evaluate = bench.fastest(|| {
        let Ok(_) = evaluator.evaluate(plan, &inputs, &mut chunk);
    });
    let per_and = 1e9 / plan.n_ands() as f64;
    Cost { garble: garble * per_and, evaluate: evaluate * per_and }
}
