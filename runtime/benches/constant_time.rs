//! Whether garbling and evaluating take the same time whatever the secrets are.
//!
//! The method of dudect (Reparaz, Balasch, Verbauwhede, DATE 2017, <https://eprint.iacr.org/2016/1123>): runs with fixed and with random
//! secrets alternate at random, and Welch's t-test compares their times. Both classes fill memory in the same way before each run. The slowest tenth,
//! disturbed by the machine, is left out. |t| above 10 says that times differ; below 5 nothing was found. That is no proof: the kernels'
//! assembly is the other half of the argument.
//!
//! `cargo bench -p hushgate-runtime --bench constant_time`; with `--test`, a few runs of each.

use std::time::Instant;

use hushgate_runtime::block::{Block, Delta, Label};
use hushgate_runtime::kernel::{GateKeys, Gates, Kernel, Segment};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::workload::{kernel_batch, labels};

#[path = "../../src/command/bench/workload.rs"]
#[allow(dead_code, reason = "only the kernel's batch is measured here")]
mod workload;

/// Runs of both classes together.
const RUNS: usize = 200_000;

fn main() {
    let n_runs = if std::env::args().any(|arg| arg == "--test") { 200 } else { RUNS };
    for kernel in Kernel::available() {
        for (name, evaluates) in [("garble", false), ("evaluate", true)] {
            let [fixed, random] = times(kernel, evaluates, n_runs);
            println!(
                "{:<10} {name:<10} t = {:+.2} ({n_runs} runs)",
                kernel.name(),
                welch(&trimmed(fixed), &trimmed(random))
            );
        }
    }
}

/// Nanoseconds of each run with fixed and with random labels, Δ and rows.
fn times(kernel: Kernel, evaluates: bool, n_runs: usize) -> [Vec<f64>; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let block = kernel_batch();
    let gates = Gates::new(&block);
    let segment = Segment::new(&block.steps, gates);
    let mut keys = GateKeys::new(Block::random(&mut rng), 0);
    let mut times = [Vec::new(), Vec::new()];
    let mut secrets: Vec<Label> = vec![Block::ZERO; gates.n_labels() + segment.n_rows()];
    for _ in 0..n_runs {
        let class = usize::from(rng.random::<bool>());
        // Both classes come out of the same instructions and the same memory: what they leave in the caches is alike.
        let random = labels(secrets.len(), &mut rng);
        secrets.iter_mut().zip(&random).for_each(|(secret, random)| *secret = random.masked(class == 1));
        let delta = Delta::random(&mut ChaCha8Rng::seed_from_u64(rng.random::<u64>() * class as u64));
        let (frame, rows) = secrets.split_at_mut(gates.n_labels());
        let start = Instant::now();
        if evaluates {
            kernel.evaluate(&mut keys, segment, frame, rows);
        } else {
            kernel.garble(&mut keys, &delta, segment, frame, rows);
        }
        times[class].push(start.elapsed().as_nanos() as f64);
    }
    times
}

/// Without the slowest tenth.
fn trimmed(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times.truncate(times.len() - times.len() / 10);
    times
}

/// Welch's t of two samples.
fn welch(x: &[f64], y: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let error = |x: &[f64], mean: f64| {
        let squares: f64 = x.iter().map(|value| (value - mean).powi(2)).sum();
        squares / (x.len() as f64 - 1.0) / x.len() as f64
    };
    (mean_x - mean_y) / (error(x, mean_x) + error(y, mean_y)).sqrt()
}
