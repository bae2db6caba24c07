//! Plans made by hand and at random, and what they compute in the clear.

use hushgate_circuits::id::{BlockId, PartyId};
use hushgate_circuits::knowledge::{Knowledge, Known};
use hushgate_circuits::plan::{And, AndXor, Local, Operand, Plan, PlanBlock, PlanCall, Slot, Step};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

pub(super) fn plan(blocks: Vec<PlanBlock>) -> Plan {
    Plan { parties: vec!["a".into(), "b".into()], inputs: vec![], outputs: vec![], blocks, local: None }
}

/// A plan for one garbler whose main has these inputs, whoever gives them.
pub(super) fn plan_for_garbler(blocks: Vec<PlanBlock>) -> Plan {
    Plan { local: Some(Local { garbler: PartyId(0), own: vec![] }), ..plan(blocks) }
}

/// [`PlanBlock::nothing`] until the block's size is known.
const NOTHING: Operand = Operand(u32::MAX);

/// Builds one block, each value in a new slot.
pub(super) struct Maker(pub(super) PlanBlock);

impl Maker {
    pub(super) fn new(n_inputs: u32) -> Maker {
        Maker(PlanBlock { n_inputs, n_slots: n_inputs, ..PlanBlock::default() })
    }

    fn slot(&mut self) -> Slot {
        self.0.n_slots += 1;
        self.0.n_slots - 1
    }

    pub(super) fn xor(&mut self, a: Slot, b: Slot) -> Slot {
        let dst = self.slot();
        self.0.xors.extend([dst, a, b].map(yes));
        self.0.steps.push(Step::Xor { n_operands: 2, n: 1 });
        dst
    }

    /// Of three, or of two.
    pub(super) fn sum(&mut self, a: Slot, b: Slot, c: Option<Slot>) -> Slot {
        let dst = self.slot();
        self.0.xors.extend([yes(dst), yes(a), yes(b), c.map_or(NOTHING, yes)]);
        self.0.steps.push(Step::Xor { n_operands: 3, n: 1 });
        dst
    }

    /// One batch of ANDs, with what is added to their operands and results; the slot of the first result, the others follow.
    pub(super) fn and_xors(&mut self, operands: &[(Operand, Operand, [Option<Slot>; 3])]) -> Slot {
        let first = self.0.n_slots;
        for &(a, b, added) in operands {
            let and = And { dst: self.slot(), a, b };
            let [a_plus, b_plus, c] = added.map(|slot| slot.map_or(NOTHING, yes));
            self.0.and_xors.push(AndXor { and, a_plus, b_plus, c });
        }
        self.0.steps.push(Step::AndXor(operands.len() as u32));
        first
    }

    pub(super) fn and(&mut self, a: Operand, b: Operand) -> Slot {
        self.ands(&[(a, b)])
    }

    /// One batch; the slot of the first result, the others follow.
    pub(super) fn ands(&mut self, operands: &[(Operand, Operand)]) -> Slot {
        let first = self.0.n_slots;
        for (a, b) in operands {
            let dst = self.slot();
            self.0.ands.push(And { dst, a: *a, b: *b });
        }
        self.0.steps.push(Step::And(operands.len() as u32));
        first
    }

    /// One batch of ANDs of which somebody knows operands; the slot of the first result, the others follow.
    pub(super) fn known(&mut self, known: Known, operands: &[(Operand, Operand)]) -> Slot {
        let first = self.ands(operands);
        *self.0.steps.last_mut().unwrap() = Step::Known(known, operands.len() as u32);
        first
    }

    /// The slot of the first result, the others follow.
    pub(super) fn call(&mut self, callee: u32, args: Vec<Operand>, n_results: u32) -> Slot {
        self.repeat(PlanCall {
            callee: BlockId(callee),
            count: 1,
            n_state: 0,
            n_shared: args.len() as u32,
            args,
            results: vec![0; n_results as usize],
        })
    }

    /// As `call`; fills in the results' slots.
    pub(super) fn repeat(&mut self, mut call: PlanCall) -> Slot {
        let first = self.0.n_slots;
        call.results.iter_mut().for_each(|slot| *slot = self.slot());
        self.0.calls.push(call);
        self.0.steps.push(Step::Call);
        first
    }

    pub(super) fn done(mut self, outputs: Vec<Operand>) -> PlanBlock {
        self.0.outputs = outputs;
        let nothing = self.0.nothing();
        let added = self.0.and_xors.iter_mut().flat_map(|gate| [&mut gate.a_plus, &mut gate.b_plus, &mut gate.c]);
        added.chain(&mut self.0.xors).filter(|operand| **operand == NOTHING).for_each(|operand| *operand = nothing);
        self.0
    }

    /// As `done`, and says who knows the inputs and outputs.
    pub(super) fn done_knowing(
        self,
        outputs: Vec<Operand>,
        of_inputs: &[Knowledge],
        of_outputs: &[Knowledge],
    ) -> PlanBlock {
        let mut block = self.done(outputs);
        (block.input_knowledge, block.output_knowledge) = (of_inputs.to_vec(), of_outputs.to_vec());
        block
    }
}

pub(super) fn yes(slot: Slot) -> Operand {
    Operand::new(slot, false)
}

pub(super) fn not(slot: Slot) -> Operand {
    Operand::new(slot, true)
}

/// `n` ANDs in one batch, of two inputs that are swapped every other time.
pub(super) fn wide(n: u32) -> Plan {
    let mut main = Maker::new(2);
    let operands: Vec<_> = (0..n).map(|i| (Operand::new(i % 2, i % 3 == 0), Operand::new(1, i % 5 == 0))).collect();
    let first = main.ands(&operands);
    let outputs = (first..first + n).map(yes).collect();
    plan(vec![main.done(outputs)])
}

/// A loop with state, shared and own inputs: state' = (state ∧ shared) ⊕ own, and each iteration returns state ∧ ¬own.
pub(super) fn repeated() -> Plan {
    let mut body = Maker::new(3);
    let first = body.ands(&[(yes(0), yes(1)), (yes(0), not(2))]);
    let state = body.xor(first, 2);
    let body = body.done(vec![not(state), yes(first + 1)]);
    let mut main = Maker::new(7);
    let args = vec![yes(0), not(1), yes(2), yes(3), Operand(Operand::CONSTANT.0 ^ 1), yes(4), not(5)];
    let call = PlanCall { callee: BlockId(0), count: 5, n_state: 1, n_shared: 1, args, results: vec![0; 6] };
    let first = main.repeat(call);
    let outputs = (first..first + 6).map(yes).chain([not(0), yes(0), Operand::CONSTANT]).collect();
    plan(vec![body, main.done(outputs)])
}

/// As `repeated`, with a body that writes over what its iterations share, and over what each has for itself.
pub(super) fn overwriting() -> Plan {
    let and = |dst, a, b| And { dst, a, b };
    let body = PlanBlock {
        n_inputs: 3,
        n_slots: 4,
        steps: vec![Step::And(1), Step::Xor { n_operands: 2, n: 1 }, Step::And(1)],
        ands: vec![and(3, yes(0), not(1)), and(2, yes(1), not(0))],
        xors: vec![yes(1), yes(3), yes(2)],
        outputs: vec![not(1), yes(2)],
        ..PlanBlock::default()
    };
    let mut plan = repeated();
    plan.blocks[0] = body;
    plan
}

/// Up to four blocks of random gates, calls and repetitions.
pub(super) fn random_plan(rng: &mut ChaCha8Rng) -> Plan {
    let mut blocks: Vec<PlanBlock> = Vec::new();
    for _ in 0..rng.random_range(1..5) {
        let block = random_block(rng, &blocks);
        blocks.push(block);
    }
    plan(blocks)
}

fn random_block(rng: &mut ChaCha8Rng, callees: &[PlanBlock]) -> PlanBlock {
    let mut block = Maker::new(rng.random_range(1..9));
    for _ in 0..rng.random_range(0..12) {
        match rng.random_range(0..5) {
            0 if !callees.is_empty() => {
                let call = random_call(rng, block.0.n_slots, callees);
                block.repeat(call);
                drop_or_reuse_a_result(rng, &mut block.0);
            }
            1 => {
                let [a, b, c] = [(); 3].map(|()| rng.random_range(0..block.0.n_slots));
                match rng.random_range(0..3) {
                    0 => block.xor(a, b),
                    1 => block.sum(a, b, None),
                    _ => block.sum(a, b, Some(c)),
                };
            }
            2 => {
                let n_slots = block.0.n_slots;
                let operands: Vec<_> = (0..rng.random_range(1..20))
                    .map(|_| {
                        let [a, b] = [(); 2].map(|()| Operand::new(rng.random_range(0..n_slots), rng.random()));
                        let added = [(); 3].map(|()| rng.random::<bool>().then(|| rng.random_range(0..n_slots)));
                        (a, b, added)
                    })
                    .collect();
                block.and_xors(&operands);
            }
            _ => {
                let n_slots = block.0.n_slots;
                let mut operand = || Operand::new(rng.random_range(0..n_slots), rng.random());
                let operands: Vec<_> = (0..operand().0 % 14 + 1).map(|_| (operand(), operand())).collect();
                block.ands(&operands);
            }
        }
    }
    let outputs = (0..rng.random_range(0..10)).map(|_| any_operand(rng, block.0.n_slots)).collect();
    block.done(outputs)
}

/// Sometimes drops the last call's first result: its slot must be written all the same, so another result takes it.
fn drop_or_reuse_a_result(rng: &mut ChaCha8Rng, block: &mut PlanBlock) {
    let call = block.calls.last_mut().unwrap();
    if rng.random_range(0..4) == 0 && call.results.last() == Some(&(block.n_slots - 1)) {
        *call.results.last_mut().unwrap() = PlanCall::UNUSED;
        block.n_slots -= 1;
    }
}

fn random_call(rng: &mut ChaCha8Rng, n_slots: u32, callees: &[PlanBlock]) -> PlanCall {
    let id = rng.random_range(0..callees.len());
    let (n_inputs, n_outputs) = (callees[id].n_inputs, callees[id].outputs.len() as u32);
    let n_state = rng.random_range(0..=n_inputs.min(n_outputs));
    let n_shared = rng.random_range(0..=n_inputs - n_state);
    let count = rng.random_range(1..4u64);
    let n_args = n_state + n_shared + count as u32 * (n_inputs - n_state - n_shared);
    let n_results = n_state + count as u32 * (n_outputs - n_state);
    let args = (0..n_args).map(|_| any_operand(rng, n_slots)).collect();
    PlanCall { callee: BlockId(id as u32), count, n_state, n_shared, args, results: vec![0; n_results as usize] }
}

/// A slot or the constant, complemented or not.
fn any_operand(rng: &mut ChaCha8Rng, n_slots: u32) -> Operand {
    match rng.random_range(0..8) {
        0 => Operand(Operand::CONSTANT.0 ^ u32::from(rng.random::<bool>())),
        _ => Operand::new(rng.random_range(0..n_slots), rng.random()),
    }
}

/// What `plan` computes, written down anew: recursion instead of a stack, copies instead of frames.
pub(super) fn run_plain(plan: &Plan, inputs: &[bool]) -> Vec<bool> {
    run_block(plan, plan.blocks.len() - 1, inputs)
}

fn run_block(plan: &Plan, id: usize, inputs: &[bool]) -> Vec<bool> {
    let block = &plan.blocks[id];
    let mut slots = inputs.to_vec();
    slots.resize(block.n_slots as usize + 1, false);
    let (mut xors, mut ands, mut calls) = (&block.xors[..], block.ands.iter(), block.calls.iter());
    let mut and_xors = block.and_xors.iter();
    for step in &block.steps {
        match *step {
            Step::Xor { n_operands, n } => {
                for _ in 0..n {
                    let xor = xors.split_off(..1 + n_operands as usize).unwrap();
                    slots[xor[0].slot() as usize] = xor[1..].iter().fold(false, |sum, &x| sum ^ value(&slots, x));
                }
            }
            Step::And(n) | Step::Known(_, n) => ands.by_ref().take(n as usize).for_each(|and| {
                slots[and.dst as usize] = value(&slots, and.a) & value(&slots, and.b);
            }),
            Step::AndXor(n) => and_xors.by_ref().take(n as usize).for_each(|AndXor { and, a_plus, b_plus, c }| {
                let [a, b] =
                    [(and.a, a_plus), (and.b, b_plus)].map(|(x, plus)| value(&slots, x) ^ value(&slots, *plus));
                slots[and.dst as usize] = a & b ^ value(&slots, *c);
            }),
            Step::Call => run_call(plan, calls.next().unwrap(), &mut slots),
        }
    }
    block.outputs.iter().map(|operand| value(&slots, *operand)).collect()
}

fn run_call(plan: &Plan, call: &PlanCall, slots: &mut [bool]) {
    let args: Vec<bool> = call.args.iter().map(|operand| value(slots, *operand)).collect();
    let (state, rest) = args.split_at(call.n_state as usize);
    let (shared, each) = rest.split_at(call.n_shared as usize);
    let (mut state, mut results) = (state.to_vec(), Vec::new());
    for i in 0..call.count as usize {
        let n_each = each.len() / call.count as usize;
        let inputs = [&state, shared, &each[i * n_each..][..n_each]].concat();
        let outputs = run_block(plan, call.callee.0 as usize, &inputs);
        state = outputs[..state.len()].to_vec();
        results.extend_from_slice(&outputs[state.len()..]);
    }
    for (slot, result) in call.results.iter().zip(state.iter().chain(&results)) {
        if *slot != PlanCall::UNUSED {
            slots[*slot as usize] = *result;
        }
    }
}

fn value(slots: &[bool], operand: Operand) -> bool {
    let value = !operand.is_constant() && slots[operand.slot() as usize];
    value ^ operand.is_complemented()
}
