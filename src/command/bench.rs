//! `hushgate bench`: this machine's figures, in seconds: kernels, garbling, oblivious transfer, sessions, circuit sizes.
//!
//! One thread a party, unless told. A rate is the best of the runs that fit in the time given: machines are noisy, and noise only slows down.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::SysRng;
use rand::{SeedableRng, TryRng};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value as Json, json};

use hushgate_runtime::garble::Threads;
use hushgate_runtime::kernel::Kernel;
use hushgate_runtime::ot::extension::Depth;

use crate::cli::{BenchArgs, BenchTopic, Common};
use crate::failure::Failure;
use crate::terminal::outln;

mod circuits;
mod garbling;
mod long;
mod programs;
mod session;
mod transfer;
mod workload;

/// Measures, and prints a line or an entry for each figure.
pub fn run(args: &BenchArgs, common: &Common) -> Result<(), Failure> {
    let valid = args.seconds.is_finite() && args.seconds >= 0.0 && args.seconds <= 3600.0;
    if !valid {
        return Err(Failure::Usage("--seconds: expected a number from 0 to 3600".to_owned()));
    }
    if !(args.millions.is_finite() && args.millions > 0.0 && args.millions <= 1e6) {
        return Err(Failure::Usage("--millions: expected a number above 0, up to a million".to_owned()));
    }
    if args.topic != Some(BenchTopic::Circuits) && (!args.rows.is_empty() || args.svg.is_some()) {
        return Err(Failure::Usage("--row and --svg are for `hushgate bench circuits`".to_owned()));
    }
    let mut bench = Bench::new(Duration::from_secs_f64(args.seconds), !common.json);
    bench.threads = Threads::new(common.threads.unwrap_or(1));
    if bench.prints && args.topic != Some(BenchTopic::Circuits) {
        let threads = match bench.threads.count() {
            1 => "one thread".to_owned(),
            n => format!("{n} threads"),
        };
        outln!("kernel {}, {threads} a party", bench.kernel.name());
    }
    let wants = |topic| args.topic.is_none_or(|wanted| wanted == topic);
    if wants(BenchTopic::Garble) {
        garbling::run(&mut bench);
    }
    if wants(BenchTopic::Ot) {
        transfer::run(&mut bench)?;
    }
    if wants(BenchTopic::Session) {
        session::run(&mut bench)?;
    }
    // Takes longer than all the rest, so that one has to ask for it.
    if args.topic == Some(BenchTopic::Long) {
        long::run(&mut bench, args.millions)?;
    }
    if wants(BenchTopic::Circuits) {
        circuits::run(&mut bench, args, common)?;
    }
    let is_measured_apart = matches!(args.topic, Some(BenchTopic::Circuits | BenchTopic::Long));
    if let Some(bytes) = circuits::peak_memory_bytes().filter(|_| !is_measured_apart) {
        bench.add("peak-memory", bytes as f64 / 1e6, "MB");
    }
    if common.json {
        outln!("{}", json!({ "machine": machine(&bench), "results": bench.results }));
    }
    Ok(())
}

/// Figures as they are measured.
struct Bench {
    /// How long each figure may take, about.
    budget: Duration,
    kernel: Kernel,
    /// Of each party.
    threads: Threads,
    rng: ChaCha20Rng,
    results: Vec<Json>,
    /// Whether figures are printed at once.
    prints: bool,
}

/// Seconds of both parties together for 128 base OTs, measured in a moment.
pub fn base_ots() -> f64 {
    transfer::base_ots(&mut Bench::new(Duration::ZERO, false))
}

/// Seconds of both parties together for an OT of the extension, measured in a moment.
pub fn extension(depth: Depth) -> f64 {
    transfer::extension(&mut Bench::new(Duration::ZERO, false), depth) / transfer::BATCH as f64
}

impl Bench {
    fn new(budget: Duration, prints: bool) -> Bench {
        Bench { budget, kernel: Kernel::detect(), threads: Threads::ONE, rng: rng(), results: Vec::new(), prints }
    }

    fn add(&mut self, name: &str, value: f64, unit: &str) {
        self.add_with(name, value, unit, &[]);
    }

    /// Adds a figure with others that belong to it.
    fn add_with(&mut self, name: &str, value: f64, unit: &str, more: &[(&str, f64)]) {
        let more: BTreeMap<&str, f64> = more.iter().map(|&(name, value)| (name, rounded(value))).collect();
        if self.prints {
            let more: Vec<String> = more.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let line = format!("{name:<28} {:>10} {unit:<9} {}", rounded(value), more.join(", "));
            outln!("{}", line.trim_end());
        }
        let mut result = json!({ "name": name, "value": rounded(value), "unit": unit });
        for (name, value) in more {
            result[name] = value.into();
        }
        self.results.push(result);
    }

    /// Seconds of the fastest run of `work`; runs it at least twice.
    fn fastest(&self, mut work: impl FnMut()) -> f64 {
        let (start, mut runs, mut best) = (Instant::now(), 0, f64::INFINITY);
        while runs < 2 || start.elapsed() < self.budget {
            let run = Instant::now();
            work();
            best = best.min(run.elapsed().as_secs_f64());
            runs += 1;
        }
        best
    }
}

/// What this command said when it was started once more and failed.
fn failed(output: &std::process::Output) -> Failure {
    Failure::Program(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Four digits are more than a measurement is worth.
fn rounded(value: f64) -> f64 {
    let shift = 10f64.powi(3 - value.abs().max(1e-9).log10().floor() as i32);
    if shift >= 1.0 && value.fract() != 0.0 { (value * shift).round() / shift } else { value.round() }
}

/// What the figures are of.
fn machine(bench: &Bench) -> Json {
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "cpu": cpu_name(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "kernel": bench.kernel.name(),
        "threads_per_party": bench.threads.count(),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// What Linux calls the processor.
fn cpu_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn rng() -> ChaCha20Rng {
    let mut seed = [0; 32];
    SysRng.try_fill_bytes(&mut seed).expect("the operating system has randomness");
    ChaCha20Rng::from_seed(seed)
}
