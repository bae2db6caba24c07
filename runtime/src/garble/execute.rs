//! Walks a plan: frames on a stack of labels, calls, repetitions. The same for both parties.
//!
//! A block's frame is `n_slots` labels, and one that the kernels use. Directly above the caller's frame stands what a call carries along, `state | shared`,
//! and above that the callee's frame, which every iteration enters anew:
//!
//! ```text
//! caller's frame | state | shared | callee's frame | ..
//! ```
//!
//! The stack is as deep as the plan's nesting, not as long as its execution, and is allocated once. There is no recursion, so a
//! deeply nested plan cannot overflow the thread's stack; and an execution can stop between any two segments, and go on later.
//!
//! A frame stays where it is from one iteration to the next: what iterations share is copied into it once, if the block does not write over it.
//!
//! A call reads its state and shared arguments before it writes any result. What an iteration alone reads is read after the
//! earlier iterations' results are written, so the slots of those and of results must differ if a call repeats.

use std::ops::Range;
use std::sync::OnceLock;

use hushgate_circuits::id::BlockId;
use hushgate_circuits::knowledge::Knowledge;
use hushgate_circuits::plan::{Operand, Plan, PlanBlock, PlanCall, Step};
use zeroize::Zeroizing;

use super::GATES_MAX;
use super::parallel::{Extent, Groups, Threads, Work};
use crate::block::Label;
use crate::kernel::{GateRanges, Gates, Segment};

/// What distinguishes the garbler from the evaluator.
pub(super) trait Party {
    /// Why tables cannot be had or handed on.
    type Error;

    /// The label of the constant false.
    fn constant(&self) -> Label;

    /// The label of the complement of what `label` stands for, if `complemented`, else `label`; in the form that a value has which
    /// `known` knows.
    fn complement(&self, label: Label, complemented: bool, known: Knowledge) -> Label;

    /// Whether to go on with a segment of so many rows.
    fn is_ready(&mut self, n_rows: usize) -> bool;

    /// Runs a segment of at most [`GATES_MAX`] ANDs.
    fn run(&mut self, segment: Segment<'_>, frame: &mut [Label]) -> Result<(), Self::Error>;

    /// How many threads it has.
    fn threads(&self) -> Threads;

    /// Runs jobs that take so much each, at the same time if there are threads; what each gives.
    fn run_jobs<W: Work>(&mut self, extents: &[Extent], work: &W) -> Result<Vec<Zeroizing<Vec<Label>>>, Self::Error>;
}

/// A plan on the way to its outputs.
pub struct Execution<'p> {
    program: Program<'p>,
    stack: Zeroizing<Vec<Label>>,
    /// The blocks that are being run; none when all is done.
    activations: Vec<Activation<'p>>,
}

impl<'p> Execution<'p> {
    pub(super) fn new(plan: &'p Plan, threads: Threads, inputs: &[Label]) -> Execution<'p> {
        assert_eq!(inputs.len(), plan.main().n_inputs as usize, "a plan is run on as many labels as it has inputs");
        let program = Program::new(plan, threads);
        let main = plan.blocks.len() - 1;
        let mut stack = Zeroizing::new(vec![Label::default(); program.depths[main]]);
        stack[..inputs.len()].copy_from_slice(inputs);
        let activations = vec![program.activate(main)];
        Execution { program, stack, activations }
    }

    /// The plan.
    pub(super) fn plan(&self) -> &'p Plan {
        self.program.plan
    }

    /// Goes on until the end, and then returns the outputs, or until the party is not ready for more.
    pub(super) fn advance<P: Party>(&mut self, party: &mut P) -> Result<Option<Zeroizing<Vec<Label>>>, P::Error> {
        let finished = run(party, &self.program, &mut self.activations, &mut self.stack)?;
        Ok(finished.map(|main| main.outputs(party, &self.stack)))
    }
}

/// Runs `plan` on `inputs`; its outputs.
pub(super) fn execute<P: Party>(
    party: &mut P,
    plan: &Plan,
    inputs: &[Label],
) -> Result<Zeroizing<Vec<Label>>, P::Error> {
    let mut execution = Execution::new(plan, party.threads(), inputs);
    loop {
        if let Some(outputs) = execution.advance(party)? {
            return Ok(outputs);
        }
    }
}

/// Runs one iteration of `call`, whose arguments stand in `frame`, on a stack of its own; appends what it returns to `outputs`.
pub(super) fn run_unit<'c, P: Party>(
    party: &mut P,
    program: &Program<'_>,
    (call, args): (&PlanCall, impl Iterator<Item = &'c Operand>),
    frame: &[Label],
    stack: &mut [Label],
    outputs: &mut Vec<Label>,
) -> Result<(), P::Error> {
    let callee = program.activate(call.callee.0 as usize);
    let PlanBlock { input_knowledge, output_knowledge, .. } = callee.block;
    for (i, operand) in args.enumerate() {
        stack[i] = read(party, *operand, known(input_knowledge, i), frame);
    }
    let finished = run(party, program, &mut vec![callee], stack)?.expect("whoever has all rows is always ready");
    for (i, operand) in finished.block.outputs.iter().enumerate() {
        let knowledge = if i < call.n_state as usize { input_knowledge } else { output_knowledge };
        outputs.push(finished.read(party, *operand, known(knowledge, i), stack));
    }
    Ok(())
}

/// Runs the first block to its end, which it returns; `None` where the party is not ready for more.
fn run<'p, P: Party>(
    party: &mut P,
    program: &Program<'p>,
    activations: &mut Vec<Activation<'p>>,
    stack: &mut [Label],
) -> Result<Option<Activation<'p>>, P::Error> {
    loop {
        let current = activations.last_mut().expect("a plan that has ended is not run on");
        let stop = current.run_to_call(party, stack)?;
        if let Stop::NotReady = stop {
            return Ok(None);
        }
        if let Stop::Call(call) = stop {
            if current.run_group(party, program, stack)? {
                continue;
            }
            current.save_carried(party, program, call, stack);
            let callee = current.start_iteration(party, program, call, stack);
            activations.push(callee);
            continue;
        }
        let finished = activations.pop().expect("a block is running");
        let Some(caller) = activations.last_mut() else {
            return Ok(Some(finished));
        };
        let next = caller.end_iteration(party, program, &finished, stack);
        activations.extend(next);
    }
}

/// A plan and the checked gates of its blocks.
pub(super) struct Program<'p> {
    plan: &'p Plan,
    gates: Vec<Gates<'p>>,
    /// Labels that a block's frame and all frames above it take together where its nesting is deepest.
    depths: Vec<usize>,
    /// Where there are threads.
    groups: Option<Groups>,
    /// Of each block, what it writes over, once somebody has asked.
    overwritten: Vec<OnceLock<Vec<Range<usize>>>>,
}

impl<'p> Program<'p> {
    fn new(plan: &'p Plan, threads: Threads) -> Program<'p> {
        let gates = plan.blocks.iter().map(Gates::new).collect();
        let groups = (threads.count() > 1).then(|| Groups::new(&plan.blocks, threads));
        let overwritten = plan.blocks.iter().map(|_| OnceLock::new()).collect();
        Program { plan, gates, depths: stack_depths(plan), groups, overwritten }
    }

    pub(super) fn block(&self, id: BlockId) -> &'p PlanBlock {
        &self.plan.blocks[id.0 as usize]
    }

    /// Which inputs of the block have other labels, or may have, when it has run.
    fn overwritten(&self, id: BlockId) -> &[Range<usize>] {
        self.overwritten[id.0 as usize].get_or_init(|| overwritten(self.block(id)))
    }

    /// Labels that a stack needs room for on which block `id` runs.
    pub(super) fn n_labels(&self, id: BlockId) -> usize {
        self.depths[id.0 as usize]
    }

    /// Block `id` at its start, its frame at the beginning of the stack.
    fn activate(&self, id: usize) -> Activation<'p> {
        self.activate_at(id, 0)
    }

    fn activate_at(&self, id: usize, base: usize) -> Activation<'p> {
        Activation::new(id, &self.plan.blocks[id], self.gates[id], base)
    }
}

/// Why a block does not go on.
enum Stop<'p> {
    /// It has come to a call.
    Call(&'p PlanCall),
    /// It has come to its end.
    End,
    /// The party is not ready for more.
    NotReady,
}

/// A block being run.
struct Activation<'p> {
    id: usize,
    block: &'p PlanBlock,
    gates: Gates<'p>,
    /// Where its frame starts in the stack.
    base: usize,
    /// Steps, gates and calls done. A call is done when its last iteration is.
    n_steps: usize,
    n_gates: NGates,
    n_calls: usize,
    /// ANDs done of the next step.
    n_of_step: u32,
    /// Iterations done of the next call.
    n_iterations: u64,
}

impl<'p> Activation<'p> {
    fn new(id: usize, block: &'p PlanBlock, gates: Gates<'p>, base: usize) -> Activation<'p> {
        Activation {
            id,
            block,
            gates,
            base,
            n_steps: 0,
            n_gates: NGates::default(),
            n_calls: 0,
            n_of_step: 0,
            n_iterations: 0,
        }
    }

    /// Runs XORs and ANDs up to the next call, or to the block's end, as long as the party is ready.
    fn run_to_call<P: Party>(&mut self, party: &mut P, stack: &mut [Label]) -> Result<Stop<'p>, P::Error> {
        let block = self.block;
        let frame = &mut stack[self.base..][..n_labels(block)];
        while let Some(step) = block.steps.get(self.n_steps) {
            let is_ready = match *step {
                Step::Call => {
                    self.n_steps += 1;
                    return Ok(Stop::Call(&block.calls[self.n_calls]));
                }
                Step::And(n) | Step::AndXor(n) | Step::Known(_, n) if n as usize > GATES_MAX => {
                    self.run_part(party, *step, frame)?
                }
                Step::And(_) | Step::AndXor(_) | Step::Known(..) | Step::Xor { .. } => self.run_steps(party, frame)?,
            };
            if !is_ready {
                return Ok(Stop::NotReady);
            }
        }
        Ok(Stop::End)
    }

    /// Runs the next call and those after it on several threads, if they do not wait for each other and are worth it.
    fn run_group<P: Party>(
        &mut self,
        party: &mut P,
        program: &Program<'p>,
        stack: &mut [Label],
    ) -> Result<bool, P::Error> {
        let Some(groups) = program.groups.as_ref().filter(|_| party.threads().count() > 1) else { return Ok(false) };
        let n = groups.n_calls(self.id, self.n_calls);
        if n == 0 {
            return Ok(false);
        }
        let calls = &self.block.calls[self.n_calls..][..n];
        groups.run(party, program, calls, &mut stack[self.base..][..n_labels(self.block)])?;
        self.n_calls += n;
        // The step of the first one is done.
        self.n_steps += n - 1;
        Ok(true)
    }

    /// Runs the longest run of steps from the next on that is a segment, if the party is ready.
    fn run_steps<P: Party>(&mut self, party: &mut P, frame: &mut [Label]) -> Result<bool, P::Error> {
        let steps = &self.block.steps[self.n_steps..];
        let (mut n_steps, mut n_gates, mut n_ands) = (0, self.n_gates, 0);
        for step in steps {
            match *step {
                Step::Xor { .. } => {}
                Step::And(n) | Step::AndXor(n) | Step::Known(_, n) if n_ands + n as usize <= GATES_MAX => {
                    n_ands += n as usize;
                }
                Step::And(_) | Step::AndXor(_) | Step::Known(..) | Step::Call => break,
            }
            n_gates.add(*step);
            n_steps += 1;
        }
        let segment = Segment::new(&steps[..n_steps], self.gates.part(self.n_gates.to(n_gates)));
        if !party.is_ready(segment.n_rows()) {
            return Ok(false);
        }
        party.run(segment, frame)?;
        (self.n_steps, self.n_gates) = (self.n_steps + n_steps, n_gates);
        Ok(true)
    }

    /// Runs the next gates of the next step, a batch of ANDs that is wider than a segment, if the party is ready.
    fn run_part<P: Party>(&mut self, party: &mut P, step: Step, frame: &mut [Label]) -> Result<bool, P::Error> {
        let (n, part): (_, &dyn Fn(u32) -> Step) = match step {
            Step::Known(known, n) => (n, &move |n| Step::Known(known, n)),
            Step::And(n) => (n, &Step::And),
            Step::AndXor(n) => (n, &Step::AndXor),
            Step::Xor { .. } | Step::Call => unreachable!("only batches of ANDs are wide"),
        };
        let n_now = (n - self.n_of_step).min(GATES_MAX as u32);
        let (now, mut n_gates) = ([part(n_now)], self.n_gates);
        n_gates.add(now[0]);
        let segment = Segment::new(&now, self.gates.part(self.n_gates.to(n_gates)));
        if !party.is_ready(segment.n_rows()) {
            return Ok(false);
        }
        party.run(segment, frame)?;
        (self.n_of_step, self.n_gates) = (self.n_of_step + n_now, n_gates);
        if self.n_of_step == n {
            (self.n_of_step, self.n_steps) = (0, self.n_steps + 1);
        }
        Ok(true)
    }

    /// Where the next call's carried values stand: state, then shared.
    fn carried(&self) -> usize {
        self.base + n_labels(self.block)
    }

    /// Evaluates the state and shared arguments of `call`.
    fn save_carried<P: Party>(&self, party: &P, program: &Program<'p>, call: &PlanCall, stack: &mut [Label]) {
        let callee = program.block(call.callee);
        for (i, operand) in call.args[..n_carried(call)].iter().enumerate() {
            stack[self.carried() + i] = self.read(party, *operand, known(&callee.input_knowledge, i), stack);
        }
    }

    /// Fills the callee's frame for the next iteration of `call`.
    fn start_iteration<P: Party>(
        &self,
        party: &P,
        program: &Program<'p>,
        call: &PlanCall,
        stack: &mut [Label],
    ) -> Activation<'p> {
        let callee = program.activate_at(call.callee.0 as usize, self.carried() + n_carried(call));
        let (carried, base, n_carried) = (self.carried(), callee.base, n_carried(call));
        let n_state = call.n_state as usize;
        // Earlier iterations have left what is shared where it was, but for what they wrote over.
        let n_new = if self.n_iterations == 0 { n_carried } else { n_state };
        stack.copy_within(carried..carried + n_new, base);
        if self.n_iterations > 0 {
            for inputs in program.overwritten(call.callee) {
                let shared = inputs.start.max(n_state)..inputs.end.min(n_carried);
                if !shared.is_empty() {
                    stack.copy_within(carried + shared.start..carried + shared.end, base + shared.start);
                }
            }
        }
        let n_each = callee.block.n_inputs as usize - n_carried;
        let each = &call.args[n_carried + self.n_iterations as usize * n_each..][..n_each];
        for (i, operand) in each.iter().enumerate() {
            let known = known(&callee.block.input_knowledge, n_carried + i);
            stack[base + n_carried + i] = self.read(party, *operand, known, stack);
        }
        callee
    }

    /// Takes the results of one iteration of the next call, and starts another if there is one.
    fn end_iteration<P: Party>(
        &mut self,
        party: &P,
        program: &Program<'p>,
        callee: &Activation<'p>,
        stack: &mut [Label],
    ) -> Option<Activation<'p>> {
        let call = &self.block.calls[self.n_calls];
        let (state, each) = callee.block.outputs.split_at(call.n_state as usize);
        for (i, operand) in state.iter().enumerate() {
            let known = known(&callee.block.input_knowledge, i);
            stack[self.carried() + i] = callee.read(party, *operand, known, stack);
        }
        let results = &call.results[state.len() + self.n_iterations as usize * each.len()..];
        for (i, (slot, operand)) in results.iter().zip(each).enumerate() {
            let known = known(&callee.block.output_knowledge, state.len() + i);
            let label = callee.read(party, *operand, known, stack);
            self.write(*slot, label, stack);
        }
        self.n_iterations += 1;
        if self.n_iterations < call.count {
            return Some(self.start_iteration(party, program, call, stack));
        }
        for (i, slot) in call.results[..state.len()].iter().enumerate() {
            self.write(*slot, stack[self.carried() + i], stack);
        }
        self.n_iterations = 0;
        self.n_calls += 1;
        None
    }

    fn outputs<P: Party>(&self, party: &P, stack: &[Label]) -> Zeroizing<Vec<Label>> {
        let mut outputs = Zeroizing::new(Vec::with_capacity(self.block.outputs.len()));
        let read = |operand: &Operand| self.read(party, *operand, Knowledge::Secret, stack);
        outputs.extend(self.block.outputs.iter().map(read));
        outputs
    }

    /// The label of an operand for a place whose values `known` knows.
    fn read<P: Party>(&self, party: &P, operand: Operand, known: Knowledge, stack: &[Label]) -> Label {
        read(party, operand, known, &stack[self.base..])
    }

    fn write(&self, slot: u32, label: Label, stack: &mut [Label]) {
        if slot != PlanCall::UNUSED {
            stack[self.base..][..self.block.n_slots as usize][slot as usize] = label;
        }
    }
}

/// The label of an operand in a frame, for a place whose values `known` knows.
fn read<P: Party>(party: &P, operand: Operand, known: Knowledge, frame: &[Label]) -> Label {
    let label = if operand.is_constant() { party.constant() } else { frame[operand.slot() as usize] };
    // What is complemented is no secret.
    if operand.is_complemented() { party.complement(label, true, known) } else { label }
}

/// How many of a block's slots of XORs, ANDs and ANDs with XORs.
#[derive(Clone, Copy, Default)]
struct NGates {
    xors: usize,
    ands: usize,
    and_xors: usize,
}

impl NGates {
    fn add(&mut self, step: Step) {
        match step {
            Step::Xor { n_operands, n } => self.xors += n as usize * (1 + n_operands as usize),
            Step::And(n) | Step::Known(_, n) => self.ands += n as usize,
            Step::AndXor(n) => self.and_xors += n as usize,
            Step::Call => {}
        }
    }

    fn to(self, end: NGates) -> GateRanges {
        GateRanges { xors: self.xors..end.xors, ands: self.ands..end.ands, and_xors: self.and_xors..end.and_xors }
    }
}

/// Labels of a block's frame: its slots, and the one that holds nothing.
fn n_labels(block: &PlanBlock) -> usize {
    block.n_slots as usize + 1
}

/// Who knows a block's input or output; nobody where the plan has no local part.
fn known(knowledge: &[Knowledge], i: usize) -> Knowledge {
    knowledge.get(i).copied().unwrap_or_default()
}

/// The input slots that a block's gates and calls write, in order.
fn overwritten(block: &PlanBlock) -> Vec<Range<usize>> {
    let mut is_written = vec![false; block.n_inputs as usize];
    let (mut xors, mut write) = (&block.xors[..], |slot: u32| {
        if let Some(input) = is_written.get_mut(slot as usize) {
            *input = true;
        }
    });
    for step in &block.steps {
        if let Step::Xor { n_operands, n } = *step {
            let (now, later) = xors.split_at(n as usize * (1 + n_operands as usize));
            now.chunks_exact(1 + n_operands as usize).for_each(|xor| write(xor[0].slot()));
            xors = later;
        }
    }
    block.ands.iter().for_each(|and| write(and.dst));
    block.and_xors.iter().for_each(|gate| write(gate.and.dst));
    block.calls.iter().flat_map(|call| &call.results).for_each(|slot| write(*slot));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for input in (0..is_written.len()).filter(|input| is_written[*input]) {
        match ranges.last_mut() {
            Some(last) if last.end == input => last.end += 1,
            _ => ranges.push(input..input + 1),
        }
    }
    ranges
}

/// Values that a call carries along: state and shared.
fn n_carried(call: &PlanCall) -> usize {
    call.n_state as usize + call.n_shared as usize
}

/// Of each block, how many labels its frame and all above it take together where its nesting is deepest.
fn stack_depths(plan: &Plan) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(plan.blocks.len());
    for block in &plan.blocks {
        let calls = block.calls.iter().map(|call| n_carried(call) + depths[call.callee.0 as usize]);
        depths.push(n_labels(block) + calls.max().unwrap_or(0));
    }
    depths
}
