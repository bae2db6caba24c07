//! Garbling and evaluating in memory, one thread: the bare kernels, and the executor on real plans.
//!
//! * `kernel`: one batch of 256 gates over and over, labels and tables in L1: the bound that the rest is compared with;
//! * `wide`: a layer of 4,096 independent ANDs; `chain`: 4,096 ANDs, each waiting for the one before;
//! * `ripple`: a 2,048-bit adder; and the Bristol circuits of the folder `HUSHGATE_BRISTOL`, where it is set.
//!
//! Throughput counts AND gates. `cargo bench --bench garbling -- 'VAES-512'` runs one kernel.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use hushgate::circuits::bristol;
use hushgate::circuits::build::{Blocks, Builder};
use hushgate::circuits::circuit::{InputPort, OutputPort};
use hushgate::circuits::id::{PartyId, Wire};
use hushgate::circuits::plan::{And, Operand, Plan, PlanBlock, Step};
use hushgate::circuits::schedule::schedule;
use hushgate::circuits::shape::Shape;
use hushgate::runtime::block::{Block, Delta, Label};
use hushgate::runtime::garble::{Evaluator, Garbler, TABLE_BLOCKS_MAX, TableSink, TableSource};
use hushgate::runtime::kernel::{GateKeys, Gates, Kernel, Segment};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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

    fn labels(&mut self, n: usize) -> Vec<Label> {
        (0..n).map(|_| Block::random(&mut self.rng)).collect()
    }
}

fn bench_kernels(criterion: &mut Criterion) {
    let n = 256;
    let PlanBlock { ands, n_slots, .. } = layers(n as u32, 1);
    let steps = [Step::And(n as u32)];
    let segment = Segment::new(&steps, Gates::new(&[], &ands, n_slots));
    let mut session = Session::new();
    let (mut frame, mut tables) = (session.labels(n_slots as usize), session.labels(2 * n));
    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(n as u64));
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

fn bench_plans(criterion: &mut Criterion) {
    let mut plans = vec![
        ("wide".to_owned(), plan(layers(4096, 1))),
        ("chain".to_owned(), plan(chain(4096))),
        ("ripple".to_owned(), ripple_adder(2048)),
    ];
    plans.extend(bristol_plans(&["aes_128", "sha256", "mult64"]));
    for (name, plan) in plans {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(plan.n_ands()));
        for kernel in Kernel::available() {
            bench_plan(&mut group, &plan, kernel);
        }
    }
}

fn bench_plan(group: &mut BenchmarkGroup<'_, WallTime>, plan: &Plan, kernel: Kernel) {
    let mut session = Session::new();
    let inputs = session.labels(plan.main().n_inputs as usize);
    let mut garbler = Garbler::new(kernel, &session.delta, session.s, session.constant, 0);
    let mut chunk = Chunk(vec![Block::ZERO; TABLE_BLOCKS_MAX]);
    group.bench_function(format!("garble/{}", kernel.name()), |bencher| {
        bencher.iter(|| garbler.garble(plan, black_box(&inputs), &mut chunk));
    });
    let mut evaluator = Evaluator::new(kernel, session.s, session.constant, 0);
    group.bench_function(format!("evaluate/{}", kernel.name()), |bencher| {
        bencher.iter(|| evaluator.evaluate(plan, black_box(&inputs), &mut chunk));
    });
}

/// One chunk of tables, used over and over: measures no memory traffic. What is evaluated is nonsense, at the same cost.
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

fn plan(block: PlanBlock) -> Plan {
    Plan { parties: vec![], inputs: vec![], outputs: vec![], blocks: vec![block], local: None }
}

/// `depth` layers of `n` independent ANDs of the same `n` inputs.
fn layers(n: u32, depth: u32) -> PlanBlock {
    let and = |i: u32| And {
        dst: i,
        a: Operand::new(n + i * 7 % n, i.is_multiple_of(3)),
        b: Operand::new(n + i, i.is_multiple_of(2)),
    };
    PlanBlock {
        n_inputs: 2 * n,
        n_slots: 2 * n,
        steps: vec![Step::And(n); depth as usize],
        ands: (0..depth).flat_map(|_| (0..n).map(and)).collect(),
        ..PlanBlock::default()
    }
}

/// `n` ANDs, each of the one before and one of six inputs.
fn chain(n: u32) -> PlanBlock {
    let and =
        |i: u32| And { dst: i % 2, a: Operand::new(1 - i % 2, i.is_multiple_of(3)), b: Operand::new(2 + i % 6, false) };
    PlanBlock {
        n_inputs: 8,
        n_slots: 8,
        steps: vec![Step::And(1); n as usize],
        ands: (0..n).map(and).collect(),
        ..PlanBlock::default()
    }
}

/// An adder of `n` bits with carry out, one AND a bit.
fn ripple_adder(n: u32) -> Plan {
    let mut builder = Builder::new("add", 2 * n);
    let (mut carry, mut outputs) = (Wire::FALSE, Vec::new());
    for i in 0..n {
        let (x, y) = (builder.input(i), builder.input(n + i));
        let (x_carry, y_carry) = (builder.xor(x, carry), builder.xor(y, carry));
        outputs.push(builder.xor(x_carry, y));
        let and = builder.and(x_carry, y_carry);
        carry = builder.xor(and, carry);
    }
    outputs.push(carry);
    let port = |name: &str, party| InputPort { name: name.into(), party: PartyId(party), shape: Shape::unsigned(n) };
    let sum = OutputPort { name: "sum".into(), recipients: vec![PartyId(0)], shape: Shape::unsigned(n + 1) };
    let main = builder.finish(outputs).expect("an adder is small");
    let parties = vec!["alice".into(), "bob".into()];
    schedule(&Blocks::new().into_circuit(main, parties, vec![port("x", 0), port("y", 1)], vec![sum]))
}

fn bristol_plans(names: &[&str]) -> Vec<(String, Plan)> {
    let Some(folder) = std::env::var_os("HUSHGATE_BRISTOL") else {
        eprintln!("HUSHGATE_BRISTOL is not set: the Bristol circuits are left out");
        return vec![];
    };
    let plan = |name: &&str| {
        let path = std::path::Path::new(&folder).join(format!("{name}.txt"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let circuit = bristol::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        ((*name).to_owned(), schedule(&circuit))
    };
    names.iter().map(plan).collect()
}
