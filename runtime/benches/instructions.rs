//! Instructions per AND, counted by callgrind: what gets slower shows here, however noisy the machine is.
//!
//! `cargo bench -p hushgate-runtime --bench instructions` runs itself under valgrind: each workload of `hushgate bench garble` that is built from
//! gadgets, and a product of 32 bits, which is so small that what a run costs beside its gates shows; once each, with the kernels that valgrind knows,
//! the portable one and AES-NI. It compares with `instructions.txt` beside this file: more than [`TOLERANCE`] off in either direction
//! fails, and `UPDATE_GOLDEN=1` writes the file anew. Where there is no valgrind it says so and does nothing.
//!
//! The counts are those of one version of the compiler: another one may ask for a new file.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use hushgate_circuits::plan::Plan;
use hushgate_runtime::block::{Block, Delta, Label};
use hushgate_runtime::garble::{Evaluator, Garbler};
use hushgate_runtime::kernel::Kernel;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::workload::{Chunk, WORKLOADS, labels, small_product};

#[path = "../../src/command/bench/workload.rs"]
#[allow(dead_code, reason = "programs and sessions are not measured here")]
mod workload;

/// The file of pinned counts.
const PINNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");

/// How much a count may differ from the pinned one.
const TOLERANCE: f64 = 0.05;

/// What the child under valgrind is told.
const COUNTED: &str = "--counted";

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == COUNTED) {
        for measurement in measurements() {
            measurement.run();
        }
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions: skipped, as there is no valgrind");
        return ExitCode::SUCCESS;
    }
    let table = table();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PINNED, table).expect("the file of counts can be written");
        return ExitCode::SUCCESS;
    }
    let Ok(pinned) = std::fs::read_to_string(PINNED) else {
        print!("{table}");
        println!("instructions: nothing is pinned; UPDATE_GOLDEN=1 writes {PINNED}");
        return ExitCode::SUCCESS;
    };
    let is_same = table.lines().all(|now| pinned.lines().any(|pinned| is_close(pinned, now)));
    if is_same {
        print!("{table}");
        return ExitCode::SUCCESS;
    }
    eprint!("instructions: pinned in {PINNED}:\n{pinned}\nnow:\n{table}\n");
    eprintln!(
        "if that is meant, or the compiler is another one: UPDATE_GOLDEN=1 cargo bench -p hushgate-runtime --bench instructions"
    );
    ExitCode::FAILURE
}

/// Whether two lines of the table have the same names, and counts that differ little.
fn is_close(pinned: &str, now: &str) -> bool {
    let split = |line: &str| {
        let (name, count) = line.rsplit_once(' ')?;
        Some((name.trim().to_owned(), count.parse::<f64>().ok()?))
    };
    match (split(pinned), split(now)) {
        (Some((pinned_name, pinned)), Some((name, now))) => {
            pinned_name == name && (now - pinned).abs() <= TOLERANCE * pinned
        }
        _ => false,
    }
}

/// A line for each measurement.
fn table() -> String {
    let counts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counts");
    let child = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*instructions::counted*"])
        .arg("--dump-before=instructions::counted*")
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(std::env::current_exe().expect("a process has a file"))
        .arg(COUNTED)
        .output()
        .expect("valgrind runs");
    assert!(child.status.success(), "valgrind failed: {}", String::from_utf8_lossy(&child.stderr));
    let names = String::from_utf8(child.stdout).expect("names are text");
    let mut table = String::new();
    let n_measurements = names.lines().count();
    for (i, line) in names.lines().enumerate() {
        // A file is written before each measurement, and one at the end.
        let file = if i + 1 < n_measurements { counts.with_extension((i + 2).to_string()) } else { counts.clone() };
        let (name, n_ands) = line.rsplit_once(' ').expect("the child prints names and numbers of ANDs");
        let n_instructions = total(&file);
        let per_and = n_instructions as f64 / n_ands.parse::<f64>().expect("a number of ANDs");
        writeln!(table, "{name:<28} {per_and:.1}").expect("text takes lines");
    }
    assert!(!table.is_empty(), "something was measured");
    table
}

/// The sum of a file of callgrind's.
fn total(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let line = text.lines().find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    line.and_then(|number| number.trim().parse().ok()).expect("callgrind writes a sum")
}

/// One party's work on one workload with one kernel.
struct Measurement {
    workload: &'static str,
    plan: Plan,
    kernel: Kernel,
    evaluates: bool,
}

fn measurements() -> impl Iterator<Item = Measurement> {
    let plans = WORKLOADS.iter().map(|workload| (workload.name, workload.plan(1)));
    plans.chain([("product32", small_product())]).flat_map(|(workload, plan)| {
        let each = Kernel::available().into_iter().flat_map(|kernel| [(kernel, false), (kernel, true)]);
        each.map(move |(kernel, evaluates)| Measurement { workload, plan: plan.clone(), kernel, evaluates })
    })
}

impl Measurement {
    fn run(&self) {
        let verb = if self.evaluates { "evaluate" } else { "garble" };
        println!("{verb}/{}/{} {}", self.workload, self.kernel.name(), self.plan.n_ands());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (delta, s, constant) = (Delta::random(&mut rng), Block::random(&mut rng), Block::random(&mut rng));
        let inputs = labels(self.plan.main().n_inputs as usize, &mut rng);
        let (mut garbler, mut evaluator) =
            (Garbler::new(self.kernel, &delta, s, constant, 0), Evaluator::new(self.kernel, s, constant, 0));
        let mut chunk = Chunk::new();
        counted(|| {
            let Ok(outputs) = match self.evaluates {
                false => garbler.garble(&self.plan, &inputs, &mut chunk),
                true => evaluator.evaluate(&self.plan, &inputs, &mut chunk),
            };
            first(&outputs)
        });
    }
}

fn first(labels: &[Label]) -> Option<Label> {
    labels.first().copied()
}

/// What callgrind counts.
#[inline(never)]
fn counted(work: impl FnOnce() -> Option<Label>) {
    black_box(work());
}
