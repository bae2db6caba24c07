//! The algebraic leak detector: on small circuits no XOR of up to four blocks that the evaluator has is 0 or Δ.
//!
//! Its blocks: the active labels of inputs and ANDs, the constant, all rows, what the cipher gives backwards on rows, and the
//! digests of outputs. XORs are left out, as they are XORs of two labels by intent. Each known bug of the construction
//! is put in, and must be found.

use std::collections::HashMap;

use hushgate_circuits::id::BlockId;
use hushgate_circuits::knowledge::{Knowledge, Known};
use hushgate_circuits::plan::{Operand, PlanCall, Slot};

use super::super::output::{OutputContext, OutputDigests};
use super::plans::{Maker, not, plan, plan_for_garbler, repeated, yes};
use super::reference::{Flaw, Reference, Role};
use super::*;
use crate::garble::execute::execute;

/// Everything that the evaluator has after a run.
struct View {
    delta: u128,
    blocks: Vec<u128>,
}

impl View {
    /// Whether up to four blocks XOR to 0 or Δ. A pair of pairs with a block in common is a pair.
    fn leaks(&self) -> bool {
        let bad = |x: u128| x == 0 || x == self.delta;
        let mut pairs = HashMap::new();
        for (i, x) in self.blocks.iter().enumerate() {
            if bad(*x) {
                return true;
            }
            for (j, y) in self.blocks[..i].iter().enumerate() {
                let pair = x ^ y;
                let again = pairs.insert(pair, (i, j)).is_some() || pairs.contains_key(&(pair ^ self.delta));
                if bad(pair) || again {
                    return true;
                }
            }
        }
        self.blocks.iter().any(|x| pairs.contains_key(x) || pairs.contains_key(&(x ^ self.delta)))
    }
}

/// Garbles and evaluates `plan` with a flaw; the evaluator's view, digests of all outputs included.
fn view(plan: &Plan, flaw: Flaw, rng: &mut ChaCha8Rng) -> View {
    let n_inputs = plan.main().n_inputs as usize;
    let (mut session, labels, bits) = (Session::random(rng), random_labels(rng, n_inputs), random_bits(rng, n_inputs));
    if plan.local.is_some() {
        session.constant = Block::ZERO;
    }
    let zero_labels = in_form(plan, flaw, &session, labels, &bits);
    let mut garbler = Reference::garbler(flaw, &session);
    let zero_outputs = execute(&mut garbler, plan, &zero_labels).unwrap();
    let Role::Garbler { rows } = garbler.role else { unreachable!() };
    if flaw == Flaw::None {
        check_real_parties(&session, plan, &zero_labels, &rows, &zero_outputs);
    }
    let active = session.active(&zero_labels, &bits);
    let mut evaluator = Reference::evaluator(flaw, &session, &rows);
    let outputs = execute(&mut evaluator, plan, &active).unwrap();
    assert_eq!(session.values(&zero_outputs, &outputs), run_plain(plan, &bits), "{flaw:?}");
    let Role::Evaluator { view, .. } = evaluator.role else { unreachable!() };
    let mut blocks = [active, vec![session.constant], view].concat();
    // What the garbler knows has no label: everybody knows the zero that stands in its place.
    blocks.retain(|block| plan.local.is_none() || u128::from(*block) != 0);
    blocks.extend(digests(&session, &zero_outputs));
    View { delta: session.delta.block().into(), blocks: blocks.into_iter().map(u128::from).collect() }
}

/// The zero labels of main's inputs: these, in the form that those of known values have.
fn in_form(plan: &Plan, flaw: Flaw, session: &Session, labels: Vec<Label>, bits: &[bool]) -> Vec<Label> {
    let form = |(i, label): (usize, Label)| match plan.main().input_knowledge.get(i) {
        Some(Knowledge::Garbler) => session.delta.times(bits[i]),
        Some(Knowledge::Evaluator) if flaw != Flaw::PermuteBitOfKnown => label.with_lsb(false),
        _ => label,
    };
    labels.into_iter().enumerate().map(form).collect()
}

/// The reference without a flaw is what every kernel does.
fn check_real_parties(session: &Session, plan: &Plan, zero_labels: &[Label], rows: &[Block], zero_outputs: &[Label]) {
    let bits = |blocks: &[Block]| blocks.iter().map(|block| u128::from(*block)).collect::<Vec<_>>();
    for kernel in Kernel::available() {
        let mut tables = Vec::new();
        let outputs = session.garbler(kernel).garble(plan, zero_labels, &mut tables).unwrap();
        assert_eq!(bits(&tables), bits(rows), "{}", kernel.name());
        assert_eq!(bits(&outputs), bits(zero_outputs), "{}", kernel.name());
    }
}

fn digests(session: &Session, zero_outputs: &[Label]) -> Vec<Block> {
    let context = OutputContext { session: &[0; 32], s: session.s, first_output: 0 };
    let bytes = OutputDigests::new(context, &session.delta, zero_outputs).to_bytes();
    bytes.as_chunks().0.iter().map(|bytes| Block::from_bytes(*bytes)).collect()
}

/// x ∧ y used by two more gates.
fn fan_out() -> Plan {
    let mut main = Maker::new(3);
    let xy = main.and(yes(0), yes(1));
    let batch = main.ands(&[(yes(xy), yes(2)), (not(xy), yes(0)), (yes(0), yes(2))]);
    plan(vec![main.done(vec![yes(batch), yes(batch + 1), not(batch + 2)])])
}

/// Gates with XORs around them that share what is added, and one that adds to itself.
fn sums() -> Plan {
    let mut main = Maker::new(3);
    let none = [None; 3];
    let carry = main.and_xors(&[(yes(0), yes(1), [Some(2), Some(2), Some(2)]), (yes(0), not(1), none)]);
    let next = main.and_xors(&[(yes(0), yes(carry), [Some(carry), Some(1), Some(carry)])]);
    let sum = main.sum(0, 1, Some(next));
    plan(vec![main.done(vec![yes(carry), not(next), yes(sum)])])
}

fn and_of_same() -> Plan {
    let mut main = Maker::new(2);
    let batch = main.ands(&[(yes(0), yes(0)), (not(1), not(1))]);
    plan(vec![main.done(vec![yes(batch), yes(batch + 1)])])
}

fn and_of_opposites() -> Plan {
    let mut main = Maker::new(2);
    let batch = main.ands(&[(yes(0), not(0)), (not(1), yes(1))]);
    plan(vec![main.done(vec![yes(batch), yes(batch + 1)])])
}

fn calls_that_share_an_input() -> Plan {
    let mut callee = Maker::new(2);
    let and = callee.and(yes(0), yes(1));
    let callee = callee.done(vec![yes(and)]);
    let mut main = Maker::new(3);
    let first = main.call(0, vec![yes(0), yes(1)], 1);
    let second = main.call(0, vec![yes(0), yes(2)], 1);
    plan(vec![callee, main.done(vec![yes(first), yes(second)])])
}

/// state' = state ∧ shared, three times.
fn loop_that_shares_an_input() -> Plan {
    let mut body = Maker::new(2);
    let and = body.and(yes(0), yes(1));
    let body = body.done(vec![yes(and)]);
    let mut main = Maker::new(2);
    let args = vec![yes(0), yes(1)];
    let call = PlanCall { callee: BlockId(0), count: 3, n_state: 1, n_shared: 1, args, results: vec![0] };
    let state = main.repeat(call);
    plan(vec![body, main.done(vec![yes(state)])])
}

/// Outputs: one thing twice, an input, its complement, constants.
fn odd_outputs() -> Plan {
    let mut main = Maker::new(2);
    let and = main.and(yes(0), not(1));
    plan(vec![main.done(vec![yes(and), yes(and), not(and), yes(0), not(0), Operand::CONSTANT])])
}

fn xor_between() -> Plan {
    let mut main = Maker::new(3);
    let xor = main.xor(0, 1);
    let and = main.and(yes(xor), yes(2));
    let xor = main.xor(and, 0);
    let last = main.and(yes(xor), not(1));
    plan(vec![main.done(vec![yes(last)])])
}

const G: Knowledge = Knowledge::Garbler;
const E: Knowledge = Knowledge::Evaluator;
const S: Knowledge = Knowledge::Secret;

/// Every kind of gate, the same operands in several, and results in gates again. Slots: 0 and 1 the garbler knows, 2 and 3 the evaluator,
/// 4 and 5 nobody.
fn known_operands() -> Plan {
    let mut main = Maker::new(6);
    let own = main.known(Known::GarblerBoth, &[(yes(0), not(1)), (not(0), not(0))]);
    let by_garbler = main.known(
        Known::Garbler,
        &[(yes(0), yes(4)), (not(0), yes(4)), (yes(1), yes(4)), (yes(0), not(5)), (yes(own), yes(4)), (yes(1), yes(2))],
    );
    let by_evaluator = main.known(
        Known::Evaluator,
        &[
            (yes(4), yes(2)),
            (yes(5), yes(2)),
            (yes(4), not(2)),
            (not(4), yes(3)),
            (yes(4), yes(3)),
            (yes(by_garbler), yes(2)),
        ],
    );
    let both = main.known(Known::EvaluatorBoth, &[(yes(2), yes(3)), (not(2), yes(3)), (yes(2), not(3))]);
    let chained = main.known(Known::EvaluatorBoth, &[(yes(both), not(both + 1))]);
    let of_results = main.known(Known::Evaluator, &[(yes(by_evaluator), not(both)), (yes(4), yes(chained))]);
    let secret = main.ands(&[(yes(by_garbler), yes(by_evaluator)), (yes(4), yes(5)), (yes(of_results), yes(4))]);
    let outputs = [own, by_garbler, by_garbler + 5, by_evaluator, both, chained, of_results + 1, secret, secret + 2];
    let main = main.done_knowing(outputs.map(yes).to_vec(), &[G, G, E, E, S, S], &[S; 9]);
    plan_for_garbler(vec![main])
}

/// One operand in more gates of a row than a group has, so that tweaks that are too few meet.
fn known_fan_out(known: Known) -> Plan {
    let mut main = Maker::new(6);
    let operands: Vec<_> = (0..9)
        .map(|i| match known {
            Known::Garbler => (Operand::new(i % 2, i % 3 == 0), yes(4)),
            _ => (Operand::new(4 + i % 2, i % 3 == 0), yes(2)),
        })
        .collect();
    let first = main.known(known, &operands);
    let outputs: Vec<_> = (first..first + 9).map(yes).collect();
    plan_for_garbler(vec![main.done_knowing(outputs, &[G, G, E, E, S, S], &[S; 9])])
}

/// x ∧ x and x ∧ ¬x of what the evaluator knows, and of values that differ by what the garbler knows: they have one active label.
fn known_and_of_same() -> Plan {
    let mut main = Maker::new(6);
    let same = main.known(Known::EvaluatorBoth, &[(yes(2), yes(2)), (yes(2), not(2)), (not(3), not(3))]);
    let moved = main.xor(4, 0);
    let moved_too = main.xor(4, 1);
    let secret = main.ands(&[(yes(4), yes(moved)), (not(moved), yes(moved_too)), (yes(4), yes(4))]);
    let half = main.known(Known::Evaluator, &[(yes(4), yes(2)), (yes(moved), yes(2)), (not(moved_too), yes(2))]);
    let outputs =
        [same, same + 1, same + 2, secret, secret + 1, secret + 2, half, half + 1, half + 2].map(yes).to_vec();
    plan_for_garbler(vec![main.done_knowing(outputs, &[G, G, E, E, S, S], &[S; 9])])
}

/// A block to which everything is secret is called with what a party knows, complemented or not, and with constants.
fn known_as_secret() -> Plan {
    let mut callee = Maker::new(2);
    let and = callee.and(yes(0), not(1));
    let callee = callee.done_knowing(vec![yes(and), not(0)], &[S, S], &[S, S]);
    let mut main = Maker::new(4);
    let truth = Operand(Operand::CONSTANT.0 ^ 1);
    let results: Vec<Slot> =
        [(yes(0), yes(2)), (not(1), not(3)), (yes(2), truth), (Operand::CONSTANT, yes(0)), (yes(0), yes(1))]
            .into_iter()
            .flat_map(|(a, b)| {
                let first = main.call(0, vec![a, b], 2);
                [first, first + 1]
            })
            .collect();
    let outputs = results.into_iter().map(yes).collect();
    plan_for_garbler(vec![callee, main.done_knowing(outputs, &[G, G, E, E], &[S; 10])])
}

/// A loop whose state the evaluator knows: state' = ¬(state ∧ each), from a constant on; each iteration gives state ∧ shared, and its state.
fn known_loop() -> Plan {
    let mut body = Maker::new(3);
    let next = body.known(Known::EvaluatorBoth, &[(yes(0), yes(2))]);
    let half = body.known(Known::Evaluator, &[(yes(1), yes(0))]);
    let body = body.done_knowing(vec![not(next), yes(half), not(0)], &[E, S, E], &[E, S, E]);
    let mut main = Maker::new(4);
    let args = vec![Operand(Operand::CONSTANT.0 ^ 1), yes(0), yes(1), not(2), yes(3)];
    let call = PlanCall { callee: BlockId(0), count: 3, n_state: 1, n_shared: 1, args, results: vec![0; 7] };
    let first = main.repeat(call);
    // The last iteration's complemented state, in a gate that wants to know it.
    let last = main.known(Known::Evaluator, &[(yes(0), not(first)), (yes(0), yes(first + 6))]);
    let outputs: Vec<_> = (first..first + 7).chain([last, last + 1]).map(yes).collect();
    plan_for_garbler(vec![body, main.done_knowing(outputs, &[S, E, E, E], &[S; 9])])
}

/// shared ∧ each, three times, of which the garbler knows `each`.
fn known_loop_that_shares_an_input() -> Plan {
    let mut body = Maker::new(2);
    let and = body.known(Known::Garbler, &[(yes(1), yes(0))]);
    let body = body.done_knowing(vec![yes(and)], &[S, G], &[S]);
    let mut main = Maker::new(4);
    let args = vec![yes(0), yes(1), not(2), yes(3)];
    let call = PlanCall { callee: BlockId(0), count: 3, n_state: 0, n_shared: 1, args, results: vec![0; 3] };
    let first = main.repeat(call);
    let outputs = (first..first + 3).map(yes).collect();
    plan_for_garbler(vec![body, main.done_knowing(outputs, &[S, G, G, G], &[S; 3])])
}

fn known_circuits() -> [(&'static str, Plan); 7] {
    [
        ("known operands", known_operands()),
        ("fan-out, the garbler knows", known_fan_out(Known::Garbler)),
        ("fan-out, the evaluator knows", known_fan_out(Known::Evaluator)),
        ("known x and x", known_and_of_same()),
        ("known as secret", known_as_secret()),
        ("known loop", known_loop()),
        ("known loop that shares an input", known_loop_that_shares_an_input()),
    ]
}

fn small_circuits() -> [(&'static str, Plan); 9] {
    [
        ("fan-out", fan_out()),
        ("sums", sums()),
        ("x and x", and_of_same()),
        ("x and not x", and_of_opposites()),
        ("calls that share an input", calls_that_share_an_input()),
        ("loop that shares an input", loop_that_shares_an_input()),
        ("odd outputs", odd_outputs()),
        ("repetition", repeated()),
        ("XORs between", xor_between()),
    ]
}

#[test]
fn nothing_leaks() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    for (name, plan) in small_circuits().into_iter().chain(known_circuits()) {
        for _ in 0..20 {
            assert!(!view(&plan, Flaw::None, &mut rng).leaks(), "{name}");
        }
    }
}

fn check_found(flaw: Flaw, plan: &Plan) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    assert!((0..20).any(|_| view(plan, flaw, &mut rng).leaks()), "{flaw:?} is not found");
}

#[test]
fn a_hash_without_sigma_is_found() {
    check_found(Flaw::NoSigma, &fan_out());
    check_found(Flaw::NoSigma, &odd_outputs());
}

#[test]
fn one_key_for_all_gates_is_found() {
    check_found(Flaw::OneKey, &fan_out());
    check_found(Flaw::OneKey, &repeated());
}

#[test]
fn tweaks_that_restart_in_each_call_are_found() {
    check_found(Flaw::TweaksRestart, &calls_that_share_an_input());
    check_found(Flaw::TweaksRestart, &loop_that_shares_an_input());
}

#[test]
fn one_tweak_for_both_halves_is_found() {
    check_found(Flaw::OneTweakPerGate, &and_of_same());
    check_found(Flaw::OneTweakPerGate, &and_of_opposites());
}

#[test]
fn flaws_of_gates_with_known_operands_are_found() {
    for known in [Known::Garbler, Known::Evaluator] {
        check_found(Flaw::OneKey, &known_fan_out(known));
        check_found(Flaw::OneTweakPerBatch, &known_fan_out(known));
        check_found(Flaw::OneTweakPerPair, &known_fan_out(known));
        check_found(Flaw::NoSigma, &known_operands());
    }
    check_found(Flaw::OneHash, &known_fan_out(Known::Evaluator));
    check_found(Flaw::TweaksRestart, &known_loop_that_shares_an_input());
}

/// These make wrong results, which `view` refuses.
#[test]
fn flaws_that_use_other_bits_give_wrong_results() {
    let goes_wrong = |flaw, plan: &Plan| {
        let run = |seed| view(plan, flaw, &mut ChaCha8Rng::seed_from_u64(seed));
        (18..24).any(|seed| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed))).is_err())
    };
    for (flaw, plan) in [
        (Flaw::PermuteBitOfKnown, known_fan_out(Known::Evaluator)),
        (Flaw::ResultNotKnown, known_operands()),
        (Flaw::BitForgotten, known_fan_out(Known::Garbler)),
        (Flaw::NoComplements, known_loop()),
    ] {
        assert!(goes_wrong(flaw, &plan), "{flaw:?}");
        assert!(!goes_wrong(Flaw::None, &plan), "{flaw:?}");
    }
}

#[test]
#[should_panic(expected = "NoComplements")]
fn forgotten_complements_are_found() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    view(&odd_outputs(), Flaw::NoComplements, &mut rng);
}

/// 20: the same labels garbled again, as a retry would, is harmless only because the gates have new numbers.
#[test]
fn garbling_again_uses_new_tweaks() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let (session, zero_labels) = (Session::random(&mut rng), random_labels(&mut rng, 3));
    let rows = |first_garbler: &mut Garbler| {
        let mut tables = Vec::new();
        first_garbler.garble(&fan_out(), &zero_labels, &mut tables).unwrap();
        tables.into_iter().map(u128::from).collect::<Vec<_>>()
    };
    let delta = session.delta.block().into();
    let mut garbler = session.garbler(Kernel::detect());
    let same_garbler = [rows(&mut garbler), rows(&mut garbler)].concat();
    assert!(!View { delta, blocks: same_garbler }.leaks());
    let started_anew =
        [rows(&mut session.garbler(Kernel::detect())), rows(&mut session.garbler(Kernel::detect()))].concat();
    assert!(View { delta, blocks: started_anew }.leaks(), "garbling with used tweaks is found");
}

/// 18: a wire that is an output twice has different digests, because each output has its own index.
#[test]
fn digests_of_one_wire_with_one_index_are_found() {
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    let (session, label) = (Session::random(&mut rng), Block::random(&mut rng));
    let delta = session.delta.block().into();
    let blocks = |labels: &[&[Label]]| labels.iter().flat_map(|l| digests(&session, l)).map(u128::from).collect();
    assert!(!View { delta, blocks: blocks(&[&[label, label]]) }.leaks());
    assert!(View { delta, blocks: blocks(&[&[label], &[label]]) }.leaks());
}

/// 9: two sessions have nothing in common but the plan.
#[test]
fn sessions_share_no_block() {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    let [first, second] = [0, 1].map(|_| view(&fan_out(), Flaw::None, &mut rng));
    assert_ne!(first.delta, second.delta);
    let blocks = [first.blocks, second.blocks].concat();
    assert!(!View { delta: first.delta, blocks }.leaks());
}
