//! Garbling and evaluating in memory on one thread: the bare kernel, then real plans. Tables go to one buffer over and over.

use std::convert::Infallible;

use hushgate_circuits::plan::{And, Operand, Plan, Step};
use hushgate_runtime::block::{Block, Delta, Label};
use hushgate_runtime::garble::{Evaluator, Garbler, TABLE_BLOCKS_MAX, TableSink, TableSource};
use hushgate_runtime::kernel::{GateKeys, Gates, Segment};

use super::Bench;
use super::workload::WORKLOADS;

/// ANDs of one run: a few milliseconds, so that some run is not disturbed.
const RUN_ANDS: u64 = 1 << 17;

/// Independent gates of the bare kernel: labels and tables stay in L1.
const KERNEL_ANDS: u32 = 256;

/// Nanoseconds for one AND.
struct Cost {
    garble: f64,
    evaluate: f64,
}

/// The kernel, then each workload with its ratio to it.
pub fn run(bench: &mut Bench) {
    let kernel = bare_kernel(bench);
    bench.add_with("kernel/garble", 1e3 / kernel.garble, "M AND/s", &[("ns_per_and", kernel.garble)]);
    bench.add_with("kernel/evaluate", 1e3 / kernel.evaluate, "M AND/s", &[("ns_per_and", kernel.evaluate)]);
    for workload in &WORKLOADS {
        let cost = of_plan(bench, &workload.plan(RUN_ANDS));
        for (name, ns, bound) in [("garble", cost.garble, kernel.garble), ("evaluate", cost.evaluate, kernel.evaluate)]
        {
            let more = [("ns_per_and", ns), ("ratio_to_kernel", bound / ns)];
            bench.add_with(&format!("{name}/{}", workload.name), 1e3 / ns, "M AND/s", &more);
        }
    }
}

fn bare_kernel(bench: &mut Bench) -> Cost {
    let n = KERNEL_ANDS;
    let and = |i: u32| And {
        dst: i,
        a: Operand::new(n + i * 7 % n, i.is_multiple_of(3)),
        b: Operand::new(n + i, i.is_multiple_of(2)),
    };
    let ands: Vec<And> = (0..n).map(and).collect();
    let steps = [Step::And(n)];
    let segment = Segment::new(&steps, Gates::new(&[], &ands, 2 * n));
    let delta = Delta::random(&mut bench.rng);
    let mut keys = GateKeys::new(Block::random(&mut bench.rng), 0);
    let (mut frame, mut tables) = (labels(bench, 2 * n), labels(bench, 2 * n));
    let rounds = RUN_ANDS / u64::from(n);
    let garble = bench.fastest(|| {
        (0..rounds).for_each(|_| bench.kernel.garble(&mut keys, &delta, segment, &mut frame, &mut tables));
    });
    let evaluate = bench.fastest(|| {
        (0..rounds).for_each(|_| bench.kernel.evaluate(&mut keys, segment, &mut frame, &tables));
    });
    let per_and = 1e9 / (rounds * u64::from(n)) as f64;
    Cost { garble: garble * per_and, evaluate: evaluate * per_and }
}

fn of_plan(bench: &mut Bench, plan: &Plan) -> Cost {
    let delta = Delta::random(&mut bench.rng);
    let (s, constant) = (Block::random(&mut bench.rng), Block::random(&mut bench.rng));
    let inputs = labels(bench, plan.main().n_inputs);
    let mut chunk = Chunk(vec![Block::ZERO; TABLE_BLOCKS_MAX]);
    let mut garbler = Garbler::new(bench.kernel, &delta, s, constant, 0);
    let garble = bench.fastest(|| {
        let Ok(_) = garbler.garble(plan, &inputs, &mut chunk);
    });
    let mut evaluator = Evaluator::new(bench.kernel, s, constant, 0);
    let evaluate = bench.fastest(|| {
        let Ok(_) = evaluator.evaluate(plan, &inputs, &mut chunk);
    });
    let per_and = 1e9 / plan.n_ands() as f64;
    Cost { garble: garble * per_and, evaluate: evaluate * per_and }
}

fn labels(bench: &mut Bench, n: u32) -> Vec<Label> {
    (0..n).map(|_| Block::random(&mut bench.rng)).collect()
}

/// One buffer of tables. What is evaluated from it is nonsense, at the same cost.
struct Chunk(Vec<Block>);

impl TableSink for Chunk {
    type Error = Infallible;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Infallible> {
        Ok(&mut self.0[..n_blocks])
    }
}

impl TableSource for Chunk {
    type Error = Infallible;

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], Infallible> {
        Ok(&self.0[..n_blocks])
    }
}
