//! Tables and labels are byte for byte the same on any number of threads, with any kernel, in jobs and pieces of any size.

use super::plans::{Maker, not, plan, plan_for_garbler, repeated, yes};
use super::*;
use hushgate_circuits::id::BlockId;
use hushgate_circuits::knowledge::{Knowledge, Known};
use hushgate_circuits::plan::{Operand, PlanBlock, PlanCall};

/// Digests of all tables, and of the outputs and next gates of both parties.
type Transcript = [blake3::Hash; 2];

/// Rows in memory, which let gates wait every so many times that they ask.
struct Pausing<T> {
    rows: T,
    every: u32,
    n_asked: u32,
}

impl<T> Pausing<T> {
    fn new(rows: T, every: u32) -> Pausing<T> {
        Pausing { rows, every, n_asked: 0 }
    }

    fn asked(&mut self) -> bool {
        self.n_asked += 1;
        !self.n_asked.is_multiple_of(self.every)
    }
}

impl TableSink for Pausing<Vec<Block>> {
    type Error = Infallible;

    fn is_ready(&mut self, _: usize) -> bool {
        self.asked()
    }

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Infallible> {
        self.rows.room(n_blocks)
    }
}

impl TableSource for Pausing<&[Block]> {
    type Error = TablesEnd;

    fn is_ready(&mut self, _: usize) -> bool {
        self.asked()
    }

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], TablesEnd> {
        self.rows.take(n_blocks)
    }
}

/// What a session sends and computes, in pieces of any size.
fn transcript(plan: &Plan, seed: u64, kernels: [Kernel; 2], threads: Threads, every: u32) -> Transcript {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n_inputs = plan.main().n_inputs as usize;
    let (session, zero_labels, bits) =
        (Session::random(&mut rng), random_labels(&mut rng, n_inputs), random_bits(&mut rng, n_inputs));
    let mut garbler = session.garbler(kernels[0]).on(threads);
    let mut evaluator = session.evaluator(kernels[1]).on(threads);
    let (mut tables, mut ends) = (blake3::Hasher::new(), blake3::Hasher::new());
    // The second time gates have other numbers.
    for _ in 0..2 {
        let mut sink = Pausing::new(Vec::new(), every);
        let mut execution = garbler.begin(plan, &zero_labels);
        let zero_outputs = loop {
            let Ok(outputs) = garbler.advance(&mut execution, &mut sink);
            if let Some(outputs) = outputs {
                break outputs;
            }
        };
        let rows = sink.rows;
        let mut source = Pausing::new(&rows[..], every + 1);
        let active = session.active(&zero_labels, &bits);
        let mut execution = evaluator.begin(plan, &active);
        let outputs = loop {
            if let Some(outputs) = evaluator.advance(&mut execution, &mut source).unwrap() {
                break outputs;
            }
        };
        assert!(source.rows.is_empty(), "both parties use the same number of rows");
        for row in rows {
            tables.update(&row.to_bytes());
        }
        for label in zero_outputs.iter().chain(outputs.iter()) {
            ends.update(&label.to_bytes());
        }
        assert_eq!(garbler.next_gate(), evaluator.next_gate());
        ends.update(&garbler.next_gate().to_le_bytes());
        if plan.local.is_none() {
            assert_eq!(session.values(&zero_outputs, &outputs), run_plain(plan, &bits));
        }
    }
    [tables.finalize(), ends.finalize()]
}

/// Compares with one thread and the portable kernel.
fn check(name: &str, plan: &Plan, seed: u64) {
    let expected = transcript(plan, seed, [Kernel::portable(); 2], Threads::ONE, u32::MAX - 1);
    let kernels = Kernel::available();
    for (i, kernel) in kernels.iter().enumerate() {
        let pair = [*kernel, kernels[(i + 1) % kernels.len()]];
        for n in [1, 2, 4, 64] {
            for (job_rows, every) in [(1, 2), (7, 3), (100, 50), (JOB_ROWS, u32::MAX - 1)] {
                let found = transcript(plan, seed, pair, Threads::new(n).with_job_rows(job_rows), every);
                assert_eq!(
                    found, expected,
                    "{name}: {pair:?}, {n} threads, jobs of {job_rows} rows, pieces of {every}"
                );
            }
        }
    }
}

/// As many as no plan here has.
const JOB_ROWS: u64 = 1 << 15;

/// A body with `n` inputs, of a number of gates that is no multiple of anything, and three outputs.
fn body(n: u32, n_ands: u32) -> PlanBlock {
    let mut body = Maker::new(n);
    let mut last = body.ands(&[(yes(0), not(n - 1)), (not(1 % n), yes(0)), (yes(n / 2), yes(0))]);
    for i in 0..n_ands {
        let sum = body.xor(last, i % n);
        last = body.and(Operand::new(sum, i % 3 == 0), yes((i + 1) % n));
    }
    body.done(vec![yes(last), not(last), not(0)])
}

fn call(callee: u32, count: u64, n_shared: u32, args: Vec<Operand>, n_results: u32) -> PlanCall {
    PlanCall { callee: BlockId(callee), count, n_state: 0, n_shared, args, results: vec![0; n_results as usize] }
}

/// Iterations without state; some of their results are dropped, arguments are constants and complements.
fn iterations() -> Plan {
    let mut main = Maker::new(8);
    let constant = Operand(Operand::CONSTANT.0 ^ 1);
    let args =
        [vec![not(7)], (0..26).map(|i| if i % 9 == 4 { constant } else { Operand::new(i % 8, i % 4 == 1) }).collect()];
    let first = main.repeat(call(0, 13, 1, args.concat(), 39));
    main.0.calls[0].results[5] = PlanCall::UNUSED;
    let last = main.xor(first, first + 38);
    let again = main.repeat(call(0, 5, 3, vec![yes(last), not(0), yes(first)], 15));
    let outputs = (first..first + 5).chain(first + 6..first + 39).chain(again..again + 15).map(yes).collect();
    plan(vec![body(3, 10), main.done(outputs)])
}

/// Calls in a row: some wait for earlier ones, some do not; one writes where an earlier one has read.
fn calls() -> Plan {
    let mut main = Maker::new(4);
    let a = main.repeat(call(0, 1, 3, vec![yes(0), yes(1), not(2)], 3));
    let b = main.repeat(call(1, 1, 2, vec![yes(3), not(0)], 3));
    let c = main.repeat(call(0, 3, 2, vec![yes(0), yes(1), yes(2), yes(3), not(3)], 9));
    // Waits for the first and the third.
    let d = main.repeat(call(0, 1, 3, vec![yes(a), not(c + 8), yes(b)], 3));
    let e = main.repeat(call(1, 2, 0, vec![yes(0), yes(1), yes(2), yes(3)], 6));
    let mut loops = call(1, 4, 1, vec![yes(1), yes(2)], 0);
    (loops.n_state, loops.results) = (1, vec![0; 9]);
    // Hands state on.
    let f = main.repeat(loops);
    let g = main.repeat(PlanCall { n_state: 2, ..call(1, 1, 0, vec![yes(d), yes(e)], 3) });
    // After everything has read it.
    main.0.calls.last_mut().unwrap().results[0] = 2;
    let outputs = [a, b, c, c + 4, d, e + 5, f, f + 8, g + 1, g + 2, 2].map(yes).to_vec();
    plan(vec![body(3, 7), body(2, 5), main.done(outputs)])
}

/// Groups inside a loop with state, two calls deep.
fn nested() -> Plan {
    let mut middle = Maker::new(3);
    let first = middle.repeat(call(0, 4, 2, vec![yes(0), not(1), yes(2), yes(0), not(2), yes(1)], 12));
    let sum = middle.xor(first, first + 4);
    let middle = middle.done(vec![not(sum), yes(first + 11)]);
    let mut main = Maker::new(3);
    let (args, results) = (vec![yes(0), not(1), yes(2)], vec![0; 6]);
    let first = main.repeat(PlanCall { callee: BlockId(1), count: 5, n_state: 1, n_shared: 2, args, results });
    let again = main.repeat(call(1, 2, 1, vec![yes(first), yes(0), yes(1), yes(2), not(2)], 4));
    let outputs = (first..first + 6).chain(again..again + 4).map(yes).collect();
    plan(vec![body(3, 9), middle, main.done(outputs)])
}

/// Iterations whose gates take one row, in batches that share pairs of tweaks, or none.
fn known_operands() -> Plan {
    const G: Knowledge = Knowledge::Garbler;
    const E: Knowledge = Knowledge::Evaluator;
    const S: Knowledge = Knowledge::Secret;
    let mut body = Maker::new(3);
    let own = body.known(Known::GarblerBoth, &[(yes(0), not(0))]);
    let half = body.known(Known::Garbler, &[(yes(0), yes(2)); 11]);
    let other = body.known(Known::Evaluator, &[(not(half), yes(1)), (yes(2), not(1)), (yes(half + 10), yes(1))]);
    let full = body.and(yes(other), yes(other + 2));
    let body = body.done_knowing(vec![not(own), not(1), yes(full)], &[G, E, S], &[G, E, S]);
    let mut main = Maker::new(3);
    let args = [vec![not(0), not(1)], (0..9).map(|i| Operand::new(2, i % 2 == 0)).collect()].concat();
    let first = main.repeat(call(0, 9, 2, args, 27));
    let (outputs, knowledge) = ((first..first + 27).map(yes).collect(), [S; 27]);
    plan_for_garbler(vec![body, main.done_knowing(outputs, &[G, E, S], &knowledge)])
}

#[test]
fn tables_do_not_depend_on_threads_jobs_or_kernels() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build().unwrap();
    pool.install(|| {
        for (name, plan) in [
            ("iterations", iterations()),
            ("calls", calls()),
            ("nested", nested()),
            ("known operands", known_operands()),
            ("state", repeated()),
            ("wide", super::plans::wide(3 * GATES_MAX as u32 + 5)),
        ] {
            check(name, &plan, 1);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        for seed in 0..25 {
            check("random", &random_plan(&mut rng), seed);
        }
    });
}

/// Plans in which nothing can be shared out would prove nothing.
#[test]
fn independent_calls_form_groups() {
    let groups = |plan: &Plan| -> Vec<Vec<usize>> {
        let groups = parallel::Groups::new(&plan.blocks, Threads::new(2).with_job_rows(1));
        let of_block =
            |(id, block): (usize, &PlanBlock)| (0..block.calls.len()).map(|i| groups.n_calls(id, i)).collect();
        plan.blocks.iter().enumerate().map(of_block).collect()
    };
    assert_eq!(groups(&iterations()), [vec![], vec![1, 1]]);
    // A call that was taken into a group has none of its own.
    assert_eq!(groups(&calls()), [vec![], vec![], vec![3, 0, 0, 2, 0, 0, 0]]);
    assert_eq!(groups(&nested()), [vec![], vec![1], vec![0, 1]]);
    assert_eq!(groups(&repeated()), [vec![], vec![0]]);
    let threads = Threads::new(2);
    let small = parallel::Groups::new(&iterations().blocks, threads);
    assert_eq!(small.n_calls(1, 0), 0, "few gates are not worth a thread");
}

#[test]
#[should_panic(expected = "a part of it as many as it was given")]
fn a_job_cannot_take_the_next_ones_tweaks() {
    let mut keys = GateKeys::new(Block::ZERO, 0);
    let mut part = keys.split_off(2);
    assert_eq!((part.next_gate(), keys.next_gate()), (0, 2));
    let _ = part.split_off(2);
    assert!(part.is_used_up());
    let _ = part.split_off(1);
}
