//! Every rule of `validate` is broken once, and its error checked.

use super::*;
use crate::id::PartyId;
use crate::knowledge::{Knowledge, Known};
use crate::shape::Shape;

/// `main(a, b, c) = (helper twice over a, b; c)` with `helper(x, y) = (x ∧ y, x ⊕ y)`.
fn valid() -> Plan {
    let helper = PlanBlock {
        n_inputs: 2,
        n_slots: 4,
        steps: vec![Step::And(1), Step::Xor { n_operands: 2, n: 1 }],
        xors: [3, 0, 1].map(|slot| Operand::new(slot, false)).to_vec(),
        ands: vec![And { dst: 2, a: Operand::new(0, false), b: Operand::new(1, true) }],
        calls: vec![],
        outputs: vec![Operand::new(2, false), Operand::new(3, false)],
        ..PlanBlock::default()
    };
    let call = PlanCall {
        callee: BlockId(0),
        count: 2,
        n_state: 1,
        n_shared: 0,
        args: vec![Operand::new(0, false), Operand::new(1, false), Operand::CONSTANT],
        results: vec![3, 4, PlanCall::UNUSED],
    };
    let main = PlanBlock {
        n_inputs: 3,
        n_slots: 6,
        steps: vec![Step::Call, Step::And(2)],
        ands: vec![
            And { dst: 5, a: Operand::new(3, false), b: Operand::new(4, false) },
            And { dst: 0, a: Operand::new(1, false), b: Operand::new(2, true) },
        ],
        calls: vec![call],
        outputs: vec![Operand::new(0, false), Operand::new(5, true)],
        ..PlanBlock::default()
    };
    Plan {
        parties: vec!["alice".into(), "bob".into()],
        inputs: vec![
            InputPort { name: "a".into(), party: PartyId(0), shape: Shape::unsigned(2) },
            InputPort { name: "b".into(), party: PartyId(1), shape: Shape::Bool },
        ],
        outputs: vec![OutputPort { name: String::new(), recipients: vec![PartyId(1)], shape: Shape::unsigned(2) }],
        blocks: vec![helper, main],
        local: None,
    }
}

/// The text of the error after `break_it`.
fn check(break_it: impl FnOnce(&mut Plan), expected: &str) {
    let mut plan = valid();
    break_it(&mut plan);
    assert_eq!(plan.validate().expect_err("the plan is broken").to_string(), expected);
}

#[test]
fn a_valid_plan_passes_and_is_measured() {
    let plan = valid();
    assert_eq!(plan.validate(), Ok(()));
    let expected = [
        Measure { n_ands: 1, n_half: 0, n_local: 0, n_xors: 1, n_labels: 4, call_depth: 1, n_operations: 2 },
        Measure {
            n_ands: 4,
            n_half: 0,
            n_local: 0,
            n_xors: 2,
            n_labels: 10,
            call_depth: 2,
            n_operations: 2 + 6 + 2 * 3,
        },
    ];
    assert_eq!(plan.measure_blocks(), expected);
    assert_eq!((plan.n_ands(), plan.table_bytes(), plan.max_live_labels()), (4, 128, 10));
}

#[test]
fn it_runs() {
    // Iterations: (a0, a1) → a0 ∧ ¬a1, twice with the constant; then the state and the first XOR.
    for bits in 0..8 {
        let [a0, a1, b] = [0, 1, 2].map(|i| bits >> i & 1 == 1);
        let state = a0 & !a1;
        let expected = vec![a1 & !b, !(state & (a0 ^ a1))];
        assert_eq!(run(&valid(), &[a0, a1, b]), expected);
    }
}

#[test]
fn slots_are_checked() {
    check(|p| p.blocks[0].xors[0] = Operand::new(4, false), "block 0, step 1: slot 4 is outside the frame of 4");
    check(|p| p.blocks[0].xors[1] = Operand::new(9, false), "block 0, step 1: slot 9 is outside the frame of 4");
    check(|p| p.blocks[0].xors[1] = Operand::new(3, false), "block 0, step 1: slot 3 is read before it is written");
    check(
        |p| p.blocks[1].calls[0].args[0] = Operand::new(5, true),
        "block 1, step 0: slot 5 is read before it is written",
    );
    check(|p| p.blocks[1].calls[0].results[2] = 77, "block 1, step 0: slot 77 is outside the frame of 6");
    check(|p| p.blocks[0].outputs[0] = Operand::new(4, false), "block 0, step 2: slot 4 is outside the frame of 4");
    check(|p| p.blocks[0].n_slots = 1, "block 0: a frame of 1 slots for 2 inputs and 2 results");
    check(|p| p.blocks[0].n_slots = 5, "block 0: a frame of 5 slots for 2 inputs and 2 results");
}

#[test]
fn gates_are_checked() {
    let constant = "block 0, step 0: a gate reads the constant; constants belong in call arguments and outputs";
    check(|p| p.blocks[0].ands[0].a = Operand(Operand::CONSTANT.0 | 1), constant);
    let dependent = "block 1, step 1: slot 5 is written by one AND of the batch and used by another";
    check(|p| p.blocks[1].ands[1].dst = 5, dependent);
    let dependent = "block 1, step 1: slot 4 is written by one AND of the batch and used by another";
    check(|p| p.blocks[1].ands[1].dst = 4, dependent);
    let more = "block 0, step 0: the step takes more gates or calls than the block has left";
    check(|p| p.blocks[0].steps[0] = Step::And(2), more);
    check(|p| p.blocks[0].steps[0] = Step::Xor { n_operands: 2, n: 0 }, "block 0, step 0: the step has no gates");
    check(|p| p.blocks[1].steps.truncate(1), "block 1: 2 gates or calls belong to no step");
}

/// `main(x, y, z) = ((x ⊕ z) ∧ ¬y ⊕ y, x ∧ (y ⊕ z), x ⊕ y ⊕ z, x ⊕ y)`.
fn with_sums() -> Plan {
    let [x, y, z, nothing] = [0, 1, 2, 7].map(|slot| Operand::new(slot, false));
    let first = AndXor { and: And { dst: 3, a: x, b: Operand::new(1, true) }, a_plus: z, b_plus: nothing, c: y };
    let second = AndXor { and: And { dst: 4, a: x, b: y }, a_plus: nothing, b_plus: z, c: nothing };
    let [sum, short] = [5, 6].map(|slot| Operand::new(slot, false));
    let main = PlanBlock {
        n_inputs: 3,
        n_slots: 7,
        steps: vec![Step::AndXor(2), Step::Xor { n_operands: 3, n: 2 }],
        xors: vec![sum, x, y, z, short, x, y, nothing],
        and_xors: vec![first, second],
        outputs: (3..7).map(|slot| Operand::new(slot, false)).collect(),
        ..PlanBlock::default()
    };
    Plan {
        outputs: vec![OutputPort { name: String::new(), recipients: vec![], shape: Shape::unsigned(4) }],
        blocks: vec![main],
        ..valid()
    }
}

#[test]
fn sums_are_checked_measured_run_and_written() {
    let plan = with_sums();
    assert_eq!(plan.validate(), Ok(()));
    assert_eq!((plan.n_ands(), plan.n_xors(), plan.table_bytes()), (2, 6, 64));
    assert_eq!(Plan::from_bytes(&plan.to_bytes()), Ok(plan.clone()));
    for bits in 0..8 {
        let [x, y, z] = [0, 1, 2].map(|i| bits >> i & 1 == 1);
        assert_eq!(run(&plan, &[x, y, z]), [(x ^ z) & !y ^ y, x & (y ^ z), x ^ y ^ z, x ^ y]);
    }
    let check = |break_it: &dyn Fn(&mut PlanBlock), expected: &str| {
        let mut plan = with_sums();
        break_it(&mut plan.blocks[0]);
        assert_eq!(plan.validate().expect_err("the plan is broken").to_string(), expected);
    };
    let complemented = "block 0, step 0: an operand is complemented that never is";
    check(&|b| b.and_xors[0].c = Operand::new(1, true), complemented);
    check(&|b| b.and_xors[1].a_plus = Operand::new(7, true), complemented);
    check(&|b| b.xors[1] = Operand::new(0, true), &complemented.replace("step 0", "step 1"));
    let dependent = "block 0, step 0: slot 3 is written by one AND of the batch and used by another";
    check(&|b| b.and_xors[1].c = Operand::new(3, false), "block 0, step 0: slot 3 is read before it is written");
    check(&|b| (b.and_xors[0].and.dst, b.and_xors[1].c) = (2, Operand::new(2, false)), &dependent.replace('3', "2"));
    check(&|b| b.and_xors[1].and.dst = 3, dependent);
    check(&|b| b.and_xors[0].and.dst = 7, "block 0, step 0: slot 7 is outside the frame of 7");
    check(&|b| b.and_xors[0].b_plus = Operand::new(8, false), "block 0, step 0: slot 8 is outside the frame of 7");
    check(&|b| b.xors[0] = Operand::new(7, false), "block 0, step 1: slot 7 is outside the frame of 7");
    check(&|b| b.xors[1] = Operand::new(7, false), "block 0, step 1: slot 7 is outside the frame of 7");
    let more = "block 0, step 1: the step takes more gates or calls than the block has left";
    check(&|b| b.steps[1] = Step::Xor { n_operands: 3, n: 3 }, more);
    check(&|b| b.steps[1] = Step::Xor { n_operands: 4, n: 2 }, "block 0, step 1: XORs of 4 operands; expected 2 or 3");
}

#[test]
fn a_gate_may_overwrite_its_own_operand() {
    let mut plan = valid();
    plan.blocks[1].ands[1].dst = 1;
    plan.blocks[1].outputs[0] = Operand::new(1, false);
    assert_eq!(plan.validate(), Ok(()));
}

#[test]
fn calls_are_checked() {
    let own = "block 1, step 0: call of block 1, which is not an earlier one";
    check(|p| p.blocks[1].calls[0].callee = BlockId(1), own);
    let never = "block 1, step 0: a call repeats 0 times; expected at least once";
    check(|p| p.blocks[1].calls[0].count = 0, never);
    let layout = "block 1, step 0: state 1 and shared 2 exceed the callee's 2 inputs or 2 outputs";
    check(|p| p.blocks[1].calls[0].n_shared = 2, layout);
    let count = "block 1, step 0: the call has 3 arguments; its counts ask for 4";
    check(|p| p.blocks[1].calls[0].count = 3, count);
    let count = "block 1, step 0: the call has 2 results; its counts ask for 3";
    check(|p| p.blocks[1].calls[0].results.truncate(2), count);
    let huge = "block 1, step 0: the call has 3 arguments; its counts ask for too many";
    check(|p| p.blocks[1].calls[0].count = u64::MAX, huge);
    let twice = "block 1, step 0: slot 3 receives two results of one call";
    check(|p| p.blocks[1].calls[0].results[1] = 3, twice);
    let over = "block 1, step 0: slot 1 is an argument and a result of one call";
    check(|p| p.blocks[1].calls[0].results[0] = 1, over);
}

#[test]
fn ports_are_checked() {
    check(|p| p.inputs[0].shape = Shape::Bool, "main has 3 inputs; its ports have 2 bits");
    check(|p| drop(p.outputs.pop()), "main has 2 outputs; its ports have 0 bits");
    check(|p| p.inputs[0].party = PartyId(2), "input `a`: party 2 does not exist; there are 2");
    let both = vec![PartyId(1), PartyId(1)];
    check(|p| p.outputs[0].recipients = both, "output ``: recipients are not in ascending order");
    let nested = (0..100).fold(Shape::Bool, |shape, _| Shape::Tuple(vec![shape]));
    check(|p| p.inputs[1].shape = nested, "input `b`: the type is nested more than 64 deep");
    let empty = Shape::Int { name: String::new(), lo: 2.into(), hi: 1.into() };
    check(|p| p.inputs[1].shape = empty, "input `b`: the range 2..=1 is empty");
    let hollow = Shape::Array { element: Box::new(Shape::Tuple(vec![])), len: u64::MAX };
    check(|p| p.inputs[1].shape = hollow, "input `b`: the type has more than 1048576 values that take no bits");
    let never = Shape::Enum { name: "Never".into(), variants: vec![] };
    check(|p| p.inputs[1].shape = never, "input `b`: an enum without variants has no values");
    check(|p| p.blocks.clear(), "the plan has no blocks; expected at least main");
}

/// A tower of blocks, each of which calls the one below `count` times without arguments.
fn tower(height: usize, count: u64) -> Plan {
    let mut plan =
        Plan { parties: vec![], inputs: vec![], outputs: vec![], blocks: vec![PlanBlock::default()], local: None };
    for callee in 0..height as u32 {
        let call = PlanCall { callee: BlockId(callee), count, n_state: 0, n_shared: 0, args: vec![], results: vec![] };
        plan.blocks.push(PlanBlock { steps: vec![Step::Call], calls: vec![call], ..PlanBlock::default() });
    }
    plan
}

#[test]
fn limits_hold() {
    assert_eq!(tower(3, 1 << 20).validate(), Ok(()));
    assert!(matches!(tower(4, 1 << 20).validate(), Err(Invalid::TooMuch { what: "operations", .. })));
    assert!(matches!(tower(1, u64::MAX).validate(), Err(Invalid::TooMuch { what: "operations", .. })));
    assert_eq!(tower(255, 1).validate(), Ok(()));
    assert!(matches!(tower(256, 1).validate(), Err(Invalid::TooMuch { what: "nested calls", n: 257, .. })));
    let mut plan = tower(0, 1);
    plan.blocks[0].n_inputs = 1 << 31;
    plan.blocks[0].n_slots = 1 << 31;
    plan.inputs.push(InputPort {
        name: "x".into(),
        party: PartyId(0),
        shape: Shape::Array { element: Box::new(Shape::Bool), len: 1 << 31 },
    });
    plan.parties.push("alice".into());
    assert!(matches!(plan.validate(), Err(Invalid::TooMuch { what: "labels alive", .. })));
}

/// For the first party as the garbler: `main(g, e) = loop twice(state g∧g, each e); with a body that multiplies`.
fn known() -> Plan {
    let body = PlanBlock {
        n_inputs: 2,
        n_slots: 4,
        steps: vec![Step::Known(Known::Evaluator, 1), Step::Known(Known::EvaluatorBoth, 1)],
        ands: vec![
            And { dst: 2, a: Operand::new(0, false), b: Operand::new(1, true) },
            And { dst: 3, a: Operand::new(1, false), b: Operand::new(1, true) },
        ],
        outputs: vec![Operand::new(2, false), Operand::new(3, true)],
        input_knowledge: vec![Knowledge::Secret, Knowledge::Evaluator],
        output_knowledge: vec![Knowledge::Secret, Knowledge::Evaluator],
        ..PlanBlock::default()
    };
    let call = PlanCall {
        callee: BlockId(0),
        count: 2,
        n_state: 1,
        n_shared: 0,
        args: vec![Operand::new(2, false), Operand::new(1, true), Operand::CONSTANT],
        results: vec![3, 4, 5],
    };
    let main = PlanBlock {
        n_inputs: 2,
        n_slots: 7,
        steps: vec![Step::Known(Known::GarblerBoth, 1), Step::Call, Step::Known(Known::Garbler, 1)],
        ands: vec![
            And { dst: 2, a: Operand::new(0, false), b: Operand::new(0, true) },
            And { dst: 6, a: Operand::new(0, false), b: Operand::new(4, false) },
        ],
        calls: vec![call],
        outputs: vec![Operand::new(3, false), Operand::new(6, true)],
        input_knowledge: vec![Knowledge::Garbler, Knowledge::Evaluator],
        output_knowledge: vec![Knowledge::Secret; 2],
        ..PlanBlock::default()
    };
    let identity = PlanBlock { n_inputs: 1, n_slots: 1, outputs: vec![Operand::new(0, true)], ..PlanBlock::default() };
    Plan {
        parties: vec!["alice".into(), "bob".into()],
        inputs: vec![
            InputPort { name: "b".into(), party: PartyId(1), shape: Shape::Bool },
            InputPort { name: "a".into(), party: PartyId(0), shape: Shape::Bool },
        ],
        outputs: vec![OutputPort { name: String::new(), recipients: vec![PartyId(1)], shape: Shape::unsigned(2) }],
        blocks: vec![body, main],
        local: Some(Local { garbler: PartyId(0), own: vec![identity] }),
    }
}

#[test]
fn what_parties_know_is_checked() {
    let plan = known();
    assert_eq!(plan.validate(), Ok(()));
    assert_eq!((plan.n_ands(), plan.table_bytes(), plan.n_transfers(PartyId(0))), (6, 16 * 5, 1));
    let check = |break_it: &dyn Fn(&mut Plan), expected: &str| {
        let mut plan = known();
        break_it(&mut plan);
        assert_eq!(plan.validate().expect_err("the plan is broken").to_string(), expected);
    };
    let secret = |place| format!("block {place}: a value known to Secret where one known to");
    check(&|p| p.local = None, "block 0: it says of 2 of its 0 inputs who knows them");
    let nobody = "block 0, step 0: an AND of which somebody knows operands, in a plan for any garbler";
    let forget = |p: &mut Plan| {
        p.local = None;
        p.blocks.iter_mut().for_each(|block| block.input_knowledge.clear());
        p.blocks.iter_mut().for_each(|block| block.output_knowledge.clear());
    };
    check(&forget, nobody);
    let local = |p: &mut Plan| p.local.take().unwrap();
    check(&|p| p.local = Some(Local { garbler: PartyId(2), ..local(p) }), "the garbler is party 2; there are 2");
    let no_blocks = "in what the evaluator computes by itself: the plan has no blocks; expected at least main";
    check(&|p| p.local = Some(Local { own: vec![], ..local(p) }), no_blocks);
    check(&|p| p.inputs.truncate(1), "main has 1 inputs; its ports have 0 bits");
    check(
        &|p| p.inputs[0].shape = Shape::unsigned(2),
        "in what the evaluator computes by itself: main has 1 inputs; its ports have 2 bits",
    );
    check(&|p| p.local.as_mut().unwrap().own[0].outputs.clear(), "main has 2 inputs; its ports have 1 bits");
    check(&|p| p.blocks[1].input_knowledge.truncate(1), "block 1: it says of 1 of its 2 inputs who knows them");
    check(&|p| p.blocks[0].output_knowledge.truncate(1), "block 0: it says of 1 of its 2 outputs who knows them");
    let swapped = "main's input 0 is known to Evaluator; expected Garbler";
    check(&|p| p.blocks[1].input_knowledge.reverse(), swapped);
    check(&|p| p.blocks[0].input_knowledge[1] = Knowledge::Secret, &(secret("0, step 0") + " Evaluator is expected"));
    check(&|p| p.blocks[0].ands[1].a = Operand::new(0, false), &(secret("0, step 1") + " Evaluator is expected"));
    check(&|p| p.blocks[0].outputs.swap(0, 1), &(secret("0, step 2") + " Evaluator is expected"));
    check(&|p| p.blocks[0].output_knowledge[0] = Knowledge::Garbler, &(secret("0, step 2") + " Garbler is expected"));
    check(
        &|p| p.blocks[1].calls[0].args[1] = Operand::new(0, false),
        "block 1, step 1: a value known to Garbler where one known to Evaluator is expected",
    );
    check(&|p| p.blocks[1].ands[1].a = Operand::new(3, false), &(secret("1, step 2") + " Garbler is expected"));
    check(
        &|p| p.blocks[1].ands[0].b = Operand::new(1, false),
        "block 1, step 0: a value known to Evaluator where one known to Garbler is expected",
    );
    let state = |p: &mut Plan| {
        p.blocks[0].input_knowledge[0] = Knowledge::Evaluator;
        p.blocks[1].calls[0].args[0] = Operand::new(1, false);
    };
    check(&state, &(secret("1, step 1") + " Evaluator is expected"));
}

#[test]
fn a_plan_for_one_garbler_runs() {
    for [a, b] in [[false, false], [false, true], [true, false], [true, true]] {
        // The evaluator enters ¬b. The state is 0; each iteration also gives 1, complemented from what the evaluator knows to be 0.
        assert_eq!(run(&known(), &[b, a]), [false, !a]);
    }
}
