//! Garbled runs give the plain answers.

mod circuits;
mod leaks;
mod outputs;
mod plans;
mod reference;
mod threads;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::plans::{random_plan, run_plain};
use super::*;
use crate::kernel::secrecy::{hide, reveal};

/// What a session needs besides the plan.
struct Session {
    delta: Delta,
    s: Block,
    constant: Label,
}

impl Session {
    fn random(rng: &mut ChaCha8Rng) -> Session {
        Session { delta: Delta::random(rng), s: Block::random(rng), constant: Block::random(rng) }
    }

    fn garbler(&self, kernel: Kernel) -> Garbler {
        Garbler::new(kernel, &self.delta, self.s, self.constant, 0)
    }

    fn evaluator(&self, kernel: Kernel) -> Evaluator {
        Evaluator::new(kernel, self.s, self.constant, 0)
    }

    fn active(&self, zero_labels: &[Label], values: &[bool]) -> Vec<Label> {
        zero_labels.iter().zip(values).map(|(x0, x)| *x0 ^ self.delta.times(*x)).collect()
    }

    /// The values that these labels stand for; panics if one is neither of the wire's two.
    fn values(&self, zero_labels: &[Label], active: &[Label]) -> Vec<bool> {
        let value = |(x0, x): (&Label, &Label)| match u128::from(*x0 ^ *x) {
            0 => false,
            difference => {
                assert_eq!(difference, u128::from(self.delta.block()), "an active label is one of the wire's two");
                true
            }
        };
        zero_labels.iter().zip(active).map(value).collect()
    }
}

fn random_labels(rng: &mut ChaCha8Rng, n: usize) -> Vec<Label> {
    (0..n).map(|_| Block::random(rng)).collect()
}

fn random_bits(rng: &mut ChaCha8Rng, n: usize) -> Vec<bool> {
    (0..n).map(|_| rng.random()).collect()
}

/// Runs `plan` plain and garbled, with each pair of kernels.
fn check_garbled_is_plain(plan: &Plan, rng: &mut ChaCha8Rng) {
    let n_inputs = plan.main().n_inputs as usize;
    let (session, zero_labels, bits) = (Session::random(rng), random_labels(rng, n_inputs), random_bits(rng, n_inputs));
    let expected = run_plain(plan, &bits);
    let active = session.active(&zero_labels, &bits);
    for kernel in Kernel::available() {
        let mut tables = Vec::new();
        hide(&zero_labels);
        hide(std::slice::from_ref(&session.delta));
        let zero_outputs = session.garbler(kernel).garble(plan, &zero_labels, &mut tables).unwrap();
        [&zero_labels, &tables, &*zero_outputs].into_iter().for_each(|labels| reveal(labels));
        reveal(std::slice::from_ref(&session.delta));
        for kernel in Kernel::available() {
            let mut source = &tables[..];
            hide(&active);
            let outputs = session.evaluator(kernel).evaluate(plan, &active, &mut source).unwrap();
            reveal(&active);
            reveal(&outputs);
            assert!(source.is_empty(), "both parties use the same number of rows");
            assert_eq!(session.values(&zero_outputs, &outputs), expected);
        }
    }
}

#[test]
fn garbled_is_plain_on_random_plans() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..300 {
        check_garbled_is_plain(&random_plan(&mut rng), &mut rng);
    }
}

#[test]
fn what_iterations_share_stays_whatever_they_write() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    for _ in 0..16 {
        check_garbled_is_plain(&plans::overwriting(), &mut rng);
    }
}

#[test]
fn a_batch_wider_than_a_segment_is_split() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for n in [GATES_MAX, GATES_MAX + 1, 2 * GATES_MAX + 7] {
        let plan = plans::wide(n as u32);
        check_garbled_is_plain(&plan, &mut rng);
    }
}

#[test]
fn gates_are_numbered_across_plans() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let session = Session::random(&mut rng);
    let plan = plans::repeated();
    let zero_labels = random_labels(&mut rng, plan.main().n_inputs as usize);
    let (mut garbler, mut evaluator) = (session.garbler(Kernel::detect()), session.evaluator(Kernel::detect()));
    let mut runs = Vec::new();
    for _ in 0..3 {
        let first_gate = garbler.next_gate();
        let mut tables = Vec::new();
        let zero_outputs = garbler.garble(&plan, &zero_labels, &mut tables).unwrap();
        let bits = random_bits(&mut rng, zero_labels.len());
        let active = session.active(&zero_labels, &bits);
        let outputs = evaluator.evaluate(&plan, &active, &mut &tables[..]).unwrap();
        assert_eq!(session.values(&zero_outputs, &outputs), run_plain(&plan, &bits));
        assert_eq!(garbler.next_gate() - first_gate, tables.len() as u64 / 2);
        assert_eq!(garbler.next_gate(), evaluator.next_gate());
        runs.push(tables.into_iter().map(u128::from).collect::<Vec<_>>());
    }
    assert!(runs[0].iter().all(|row| !runs[1].contains(row) && !runs[2].contains(row)), "no row is made twice");
}

#[test]
fn missing_tables_are_an_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let session = Session::random(&mut rng);
    let plan = plans::repeated();
    let labels = random_labels(&mut rng, plan.main().n_inputs as usize);
    let mut tables = Vec::new();
    session.garbler(Kernel::detect()).garble(&plan, &labels, &mut tables).unwrap();
    for n in 0..tables.len() {
        let result = session.evaluator(Kernel::detect()).evaluate(&plan, &labels, &mut &tables[..n]);
        assert_eq!(result.unwrap_err(), TablesEnd);
    }
}
