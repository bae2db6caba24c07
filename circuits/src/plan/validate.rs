//! Checks every invariant of a plan, before anything is executed or allocated for it.
//!
//! Memory is bounded by the plan's own size: written slots are tracked in a bit set that covers only slots that the
//! plan writes, because inputs are written from the start.

use super::measure::measure_all;
use super::{And, AndXor, Local, Operand, Plan, PlanBlock, PlanCall, Slot, Step, XOR_OPERANDS};
use crate::circuit::{InputPort, OutputPort};
use crate::id::{BlockId, PartyId};
use crate::knowledge::{AndPrice, Knowledge};
use crate::shape::Shape;

/// Operations (gates, iterations, labels handed over in calls) that a plan may execute; tweaks, two per AND, fit 64 bits.
pub const LIMIT_OPERATIONS: u64 = 1 << 62;

/// Labels that all frames of a plan may hold at a time: 16 GiB of them.
pub const LIMIT_LABELS: u64 = 1 << 30;

/// Blocks that may be running at a time, each called by the one before.
pub const LIMIT_CALL_DEPTH: u32 = 256;

/// Values in a port that take no bits, such as elements of `[(); n]`.
const LIMIT_EMPTY_VALUES: u64 = 1 << 20;

/// Types within types, in a port.
pub(super) const LIMIT_SHAPE_DEPTH: u32 = 64;

/// Where in a plan something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block.
    pub block: BlockId,
    /// Position among the block's steps; as many as there are steps for its outputs.
    pub step: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "block {}, step {}", self.block.0, self.step)
    }
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Invalid {
    #[error("the plan has no blocks; expected at least main")]
    NoBlocks,
    #[error("{at}: slot {slot} is outside the frame of {n_slots}")]
    SlotOutsideFrame { at: Place, slot: Slot, n_slots: u32 },
    #[error("{at}: slot {slot} is read before it is written")]
    ReadBeforeWrite { at: Place, slot: Slot },
    #[error("{at}: a gate reads the constant; constants belong in call arguments and outputs")]
    ConstantOperand { at: Place },
    #[error("{at}: slot {slot} is written by one AND of the batch and used by another")]
    DependentBatch { at: Place, slot: Slot },
    #[error("{at}: the step takes more gates or calls than the block has left")]
    StepsExceedBlock { at: Place },
    #[error("block {}: {n} gates or calls belong to no step", block.0)]
    LeftOver { block: BlockId, n: usize },
    #[error("{at}: the step has no gates")]
    EmptyStep { at: Place },
    #[error("{at}: XORs of {n_operands} operands; expected 2 or 3")]
    XorOperands { at: Place, n_operands: u32 },
    #[error("{at}: an operand is complemented that never is")]
    Complemented { at: Place },
    #[error("block {}: a frame of {n_slots} slots for {n_inputs} inputs and {n_writes} results", block.0)]
    FrameSize { block: BlockId, n_slots: u32, n_inputs: u32, n_writes: usize },
    #[error("{at}: call of block {}, which is not an earlier one", callee.0)]
    NotEarlier { at: Place, callee: BlockId },
    #[error("{at}: a call repeats 0 times; expected at least once")]
    NoIterations { at: Place },
    #[error("{at}: state {n_state} and shared {n_shared} exceed the callee's {n_inputs} inputs or {n_outputs} outputs")]
    CallLayout { at: Place, n_state: u32, n_shared: u32, n_inputs: u32, n_outputs: usize },
    #[error("{at}: the call has {found} {what}; its counts ask for {}", expected.map_or("too many".to_owned(), |n| n.to_string()))]
    CallCount { at: Place, what: &'static str, found: usize, expected: Option<u64> },
    #[error("{at}: slot {slot} receives two results of one call")]
    RepeatedResult { at: Place, slot: Slot },
    #[error("{at}: slot {slot} is an argument and a result of one call")]
    ResultOverArgument { at: Place, slot: Slot },
    #[error("main has {found} {what}; its ports have {expected} bits")]
    PortWidth { what: &'static str, found: u64, expected: u64 },
    #[error("{what} `{name}`: {why}")]
    Port { what: &'static str, name: String, why: InvalidPort },
    #[error("{n} {what}; the limit is {limit}")]
    TooMuch { what: &'static str, n: u64, limit: u64 },
    #[error("the garbler is party {}; there are {n_parties}", party.0)]
    NoSuchGarbler { party: PartyId, n_parties: usize },
    #[error("in what the evaluator computes by itself: {0}")]
    Own(Box<Invalid>),
    #[error("block {}: it says of {found} of its {expected} {what} who knows them", block.0)]
    KnowledgeCount { block: BlockId, what: &'static str, found: usize, expected: usize },
    #[error("main's input {input} is known to {found:?}; expected {expected:?}")]
    MainKnowledge { input: usize, found: Knowledge, expected: Knowledge },
    #[error("{at}: a value known to {found:?} where one known to {expected:?} is expected")]
    NotKnown { at: Place, found: Knowledge, expected: Knowledge },
    #[error("{at}: an AND of which somebody knows operands, in a plan for any garbler")]
    NoGarbler { at: Place },
}

/// What is wrong with a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum InvalidPort {
    #[error("party {} does not exist; there are {n_parties}", party.0)]
    NoSuchParty { party: PartyId, n_parties: usize },
    #[error("recipients are not in ascending order")]
    RecipientOrder,
    #[error("the type is nested more than {LIMIT_SHAPE_DEPTH} deep")]
    ShapeDepth,
    #[error("the range {lo}..={hi} is empty")]
    EmptyRange { lo: String, hi: String },
    #[error("an enum without variants has no values")]
    NoVariants,
    #[error("the type has more than {LIMIT_EMPTY_VALUES} values that take no bits")]
    TooManyValues,
}

impl Plan {
    /// Checks the invariants of [`crate::plan`] and the limits of this module.
    pub fn validate(&self) -> Result<(), Invalid> {
        let main = self.blocks.last().ok_or(Invalid::NoBlocks)?;
        self.validate_ports()?;
        check_width("outputs", main.outputs.len() as u64, self.outputs.iter().map(|port| &port.shape))?;
        match &self.local {
            None => check_width("inputs", u64::from(main.n_inputs), self.inputs.iter().map(|port| &port.shape))?,
            Some(local) => self.validate_local(local, main)?,
        }
        check_blocks(&self.blocks, self.local.is_some())
    }

    fn validate_local(&self, local: &Local, main: &PlanBlock) -> Result<(), Invalid> {
        let (party, n_parties) = (local.garbler, self.parties.len());
        check_party(party, n_parties).map_err(|_| Invalid::NoSuchGarbler { party, n_parties })?;
        let own = |invalid| Invalid::Own(Box::new(invalid));
        let own_main = local.own.last().ok_or_else(|| own(Invalid::NoBlocks))?;
        let others = self.inputs.iter().filter(|port| port.party != party).map(|port| &port.shape);
        check_width("inputs", u64::from(own_main.n_inputs), others).map_err(own)?;
        check_blocks(&local.own, false).map_err(own)?;
        let (found, n_entered) = (u64::from(main.n_inputs), local.n_entered());
        let n_known =
            found.checked_sub(n_entered).ok_or(Invalid::PortWidth { what: "inputs", found, expected: n_entered })?;
        check_width("inputs", n_known, self.inputs.iter().filter(|port| port.party == party).map(|port| &port.shape))?;
        for (input, &found) in main.input_knowledge.iter().enumerate() {
            let expected = if (input as u64) < n_known { Knowledge::Garbler } else { Knowledge::Evaluator };
            if found != expected {
                return Err(Invalid::MainKnowledge { input, found, expected });
            }
        }
        Ok(())
    }

    fn validate_ports(&self) -> Result<(), Invalid> {
        check_ports(self.parties.len(), &self.inputs, &self.outputs)
    }
}

/// Checks each block on its own, then their sizes together: every block counts, also those that main never reaches.
fn check_blocks(blocks: &[PlanBlock], has_garbler: bool) -> Result<(), Invalid> {
    for (id, block) in blocks.iter().enumerate() {
        BlockCheck::new(&blocks[..id], BlockId(id as u32), block, has_garbler)?.run()?;
    }
    for measure in measure_all(blocks) {
        check_limit("operations", measure.n_operations, LIMIT_OPERATIONS)?;
        check_limit("labels alive", measure.n_labels, LIMIT_LABELS)?;
        check_limit("nested calls", u64::from(measure.call_depth), u64::from(LIMIT_CALL_DEPTH))?;
    }
    Ok(())
}

fn check_knowledge(block: BlockId, what: &'static str, found: usize, expected: usize) -> Result<(), Invalid> {
    if found == expected { Ok(()) } else { Err(Invalid::KnowledgeCount { block, what, found, expected }) }
}

fn check_limit(what: &'static str, n: u64, limit: u64) -> Result<(), Invalid> {
    if n > limit { Err(Invalid::TooMuch { what, n, limit }) } else { Ok(()) }
}

fn check_width<'a>(what: &'static str, found: u64, mut shapes: impl Iterator<Item = &'a Shape>) -> Result<(), Invalid> {
    let expected = shapes.try_fold(0u64, |sum, shape| sum.checked_add(shape.width())).unwrap_or(u64::MAX);
    if found == expected { Ok(()) } else { Err(Invalid::PortWidth { what, found, expected }) }
}

/// Checks owners, recipients and types.
pub(crate) fn check_ports(n_parties: usize, inputs: &[InputPort], outputs: &[OutputPort]) -> Result<(), Invalid> {
    for port in inputs {
        let checked = check_party(port.party, n_parties).and_then(|()| check_shape(&port.shape));
        checked.map_err(|why| Invalid::Port { what: "input", name: port.name.clone(), why })?;
    }
    for port in outputs {
        let checked = check_recipients(&port.recipients, n_parties).and_then(|()| check_shape(&port.shape));
        checked.map_err(|why| Invalid::Port { what: "output", name: port.name.clone(), why })?;
    }
    Ok(())
}

fn check_party(party: PartyId, n_parties: usize) -> Result<(), InvalidPort> {
    if (party.0 as usize) < n_parties { Ok(()) } else { Err(InvalidPort::NoSuchParty { party, n_parties }) }
}

fn check_recipients(recipients: &[PartyId], n_parties: usize) -> Result<(), InvalidPort> {
    recipients.iter().try_for_each(|&party| check_party(party, n_parties))?;
    if recipients.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(InvalidPort::RecipientOrder) }
}

fn check_shape(shape: &Shape) -> Result<(), InvalidPort> {
    let n_values = count_values(shape, 0)?;
    if n_values > shape.width().saturating_add(LIMIT_EMPTY_VALUES) { Err(InvalidPort::TooManyValues) } else { Ok(()) }
}

/// Values without parts in a value of this shape: what decoding one allocates.
fn count_values(shape: &Shape, depth: u32) -> Result<u64, InvalidPort> {
    if depth > LIMIT_SHAPE_DEPTH {
        return Err(InvalidPort::ShapeDepth);
    }
    let count = |shape: &Shape| count_values(shape, depth + 1);
    let sum = |sum: u64, n: Result<u64, InvalidPort>| Ok(sum.saturating_add(n?));
    match shape {
        Shape::Bool => Ok(1),
        Shape::Int { lo, hi, .. } if lo > hi => Err(InvalidPort::EmptyRange { lo: lo.to_string(), hi: hi.to_string() }),
        Shape::Int { .. } => Ok(1),
        Shape::Array { element, len } => Ok(count(element)?.saturating_mul(*len)),
        Shape::Tuple(items) => items.iter().map(count).try_fold(1, sum),
        Shape::Struct { fields, .. } => fields.iter().map(|(_, shape)| count(shape)).try_fold(1, sum),
        Shape::Enum { variants, .. } if variants.is_empty() => Err(InvalidPort::NoVariants),
        Shape::Enum { variants, .. } => variants.iter().map(|(_, shape)| count(shape)).try_fold(1, sum),
    }
}

/// XORs that the steps of a block speak of; at most as many as there are slots of XORs.
fn n_xors(block: &PlanBlock) -> usize {
    let n_xors = block.steps.iter().map(|step| if let Step::Xor { n, .. } = *step { n as usize } else { 0 });
    n_xors.fold(0, usize::saturating_add).min(block.xors.len())
}

/// The state of the walk over one block.
struct BlockCheck<'a> {
    earlier: &'a [PlanBlock],
    block: &'a PlanBlock,
    at: Place,
    /// Which slots above the inputs are written.
    written: Vec<u64>,
    /// Destinations of the batch or call at hand, sorted.
    destinations: Vec<Slot>,
    /// Who knows what stands in each slot; nothing in a plan for any garbler.
    knowledge: Option<Vec<Knowledge>>,
}

impl<'a> BlockCheck<'a> {
    fn new(earlier: &'a [PlanBlock], id: BlockId, block: &'a PlanBlock, has_garbler: bool) -> Result<Self, Invalid> {
        let n_results: usize = block.calls.iter().map(|call| call.results.len()).sum();
        let n_writes = block.ands.len() + block.and_xors.len() + n_xors(block) + n_results;
        let n_inputs = block.n_inputs;
        let n_above = block.n_slots.checked_sub(n_inputs).filter(|&n| n as usize <= n_writes);
        let error = Invalid::FrameSize { block: id, n_slots: block.n_slots, n_inputs, n_writes };
        let written = vec![0; n_above.ok_or(error)?.div_ceil(u64::BITS) as usize];
        let n_said = |n: usize| if has_garbler { n } else { 0 };
        check_knowledge(id, "inputs", block.input_knowledge.len(), n_said(n_inputs as usize))?;
        check_knowledge(id, "outputs", block.output_knowledge.len(), n_said(block.outputs.len()))?;
        let knowledge = has_garbler.then(|| {
            let mut knowledge = block.input_knowledge.clone();
            knowledge.iter_mut().for_each(|known| *known = known.of_one_party());
            knowledge.resize(block.n_slots as usize, Knowledge::Secret);
            knowledge
        });
        Ok(BlockCheck {
            earlier,
            block,
            at: Place { block: id, step: 0 },
            written,
            destinations: Vec::new(),
            knowledge,
        })
    }

    fn run(mut self) -> Result<(), Invalid> {
        let (mut xors, mut ands, mut calls) = (&self.block.xors[..], &self.block.ands[..], &self.block.calls[..]);
        let mut and_xors = &self.block.and_xors[..];
        for (index, step) in self.block.steps.iter().enumerate() {
            self.at.step = index;
            match *step {
                Step::Xor { n: 0, .. } | Step::And(0) | Step::AndXor(0) | Step::Known(_, 0) => {
                    return Err(Invalid::EmptyStep { at: self.at });
                }
                Step::Xor { n_operands, .. } if !XOR_OPERANDS.contains(&n_operands) => {
                    return Err(Invalid::XorOperands { at: self.at, n_operands });
                }
                Step::Xor { n_operands, n } => {
                    let n_slots = u64::from(n) * u64::from(1 + n_operands);
                    let gates = self.take(&mut xors, n_slots)?.chunks(1 + n_operands as usize);
                    gates.into_iter().try_for_each(|gate| self.xor(gate))?;
                }
                Step::And(n) => {
                    let batch = self.take(&mut ands, n.into())?;
                    self.batch(batch, AndPrice::Full)?;
                }
                Step::AndXor(n) => {
                    let batch = self.take(&mut and_xors, n.into())?;
                    self.batch_of_sums(batch)?;
                }
                Step::Known(known, n) => {
                    let batch = self.take(&mut ands, n.into())?;
                    self.batch(batch, AndPrice::Known(known))?;
                }
                Step::Call => self.take(&mut calls, 1)?.iter().try_for_each(|call| self.call(call))?,
            }
        }
        self.at.step = self.block.steps.len();
        let left_over = xors.len() + ands.len() + and_xors.len() + calls.len();
        if left_over > 0 {
            return Err(Invalid::LeftOver { block: self.at.block, n: left_over });
        }
        self.block.outputs.iter().try_for_each(|&operand| self.read_or_constant(operand))?;
        let said = self.block.outputs.iter().zip(&self.block.output_knowledge);
        said.into_iter().try_for_each(|(&operand, &expected)| self.expect(operand, expected))
    }

    fn take<T>(&self, items: &mut &'a [T], n: u64) -> Result<&'a [T], Invalid> {
        let split = usize::try_from(n).ok().and_then(|n| items.split_at_checked(n));
        let (taken, rest) = split.ok_or(Invalid::StepsExceedBlock { at: self.at })?;
        *items = rest;
        Ok(taken)
    }

    /// An XOR: the destination, two operands, and perhaps a third, which may be missing.
    fn xor(&mut self, gate: &[Operand]) -> Result<(), Invalid> {
        let [dst, a, b, added @ ..] = gate else { unreachable!("XORs have two operands or three") };
        self.plain(gate)?;
        let nothing = self.block.nothing();
        let operands = [a, b].into_iter().chain(added.iter().filter(|&&operand| operand != nothing));
        operands.clone().try_for_each(|operand| self.read(operand.slot()))?;
        self.write(dst.slot())?;
        if let Some(knowledge) = &mut self.knowledge {
            let known = operands.map(|operand| knowledge[operand.slot() as usize]).reduce(Knowledge::join);
            knowledge[dst.slot() as usize] = known.expect("XORs have operands");
        }
        Ok(())
    }

    /// None of these is complemented; so none is the constant true.
    fn plain(&self, operands: &[Operand]) -> Result<(), Invalid> {
        let complemented = operands.iter().any(|operand| operand.is_complemented());
        if complemented { Err(Invalid::Complemented { at: self.at }) } else { Ok(()) }
    }

    /// ANDs of which nobody knows an operand, with XORs around them.
    fn batch_of_sums(&mut self, batch: &[AndXor]) -> Result<(), Invalid> {
        let nothing = self.block.nothing();
        let operands = |gate: &AndXor| {
            let added = gate.added().into_iter().filter(move |&operand| operand != nothing);
            [gate.and.a, gate.and.b].into_iter().chain(added).map(Operand::slot)
        };
        for gate in batch {
            if gate.and.a.is_constant() || gate.and.b.is_constant() {
                return Err(Invalid::ConstantOperand { at: self.at });
            }
            self.plain(&gate.added())?;
            operands(gate).try_for_each(|slot| self.read(slot))?;
        }
        self.independent(batch.iter().map(|gate| (gate.and.dst, operands(gate))))?;
        batch.iter().try_for_each(|gate| self.write_known(gate.and.dst, Knowledge::Secret))
    }

    fn batch(&mut self, batch: &[And], price: AndPrice) -> Result<(), Invalid> {
        for operand in batch.iter().flat_map(|gate| [gate.a, gate.b]) {
            if operand.is_constant() {
                return Err(Invalid::ConstantOperand { at: self.at });
            }
            self.read(operand.slot())?;
        }
        self.independent(batch.iter().map(|gate| (gate.dst, [gate.a.slot(), gate.b.slot()])))?;
        let result = self.check_price(batch, price)?;
        batch.iter().try_for_each(|gate| self.write_known(gate.dst, result))
    }

    /// No gate's destination is a destination or an operand of another; of each its destination and its operands.
    fn independent<I: IntoIterator<Item = Slot>>(
        &mut self,
        gates: impl Iterator<Item = (Slot, I)> + Clone,
    ) -> Result<(), Invalid> {
        let at = self.at;
        self.set_destinations(gates.clone().map(|(dst, _)| dst), |slot| Invalid::DependentBatch { at, slot })?;
        for (dst, operands) in gates {
            let mut others = operands.into_iter().filter(|&slot| slot != dst);
            if let Some(slot) = others.find(|&slot| self.is_destination(slot)) {
                return Err(Invalid::DependentBatch { at, slot });
            }
        }
        Ok(())
    }

    /// Whether those who must know operands do; who knows the results.
    fn check_price(&self, batch: &[And], price: AndPrice) -> Result<Knowledge, Invalid> {
        let AndPrice::Known(known) = price else { return Ok(Knowledge::Secret) };
        if self.knowledge.is_none() {
            return Err(Invalid::NoGarbler { at: self.at });
        }
        let [a, b] = known.operands();
        for gate in batch {
            self.expect(gate.a, a)?;
            self.expect(gate.b, b)?;
        }
        Ok(known.result())
    }

    fn call(&mut self, call: &PlanCall) -> Result<(), Invalid> {
        self.call_layout(call)?;
        call.args.iter().try_for_each(|&operand| self.read_or_constant(operand))?;
        let at = self.at;
        let results = call.results.iter().copied().filter(|&slot| slot != PlanCall::UNUSED);
        self.set_destinations(results.clone(), |slot| Invalid::RepeatedResult { at, slot })?;
        for operand in call.args.iter().filter(|operand| !operand.is_constant()) {
            if self.is_destination(operand.slot()) {
                return Err(Invalid::ResultOverArgument { at, slot: operand.slot() });
            }
        }
        self.call_knowledge(call)?;
        let callee = &self.earlier[call.callee.0 as usize];
        let n_state = call.n_state as usize;
        for (i, &slot) in call.results.iter().enumerate().filter(|&(_, &slot)| slot != PlanCall::UNUSED) {
            let known = match i.checked_sub(n_state) {
                None => callee.input_knowledge.get(i),
                Some(i) => callee.output_knowledge.get(n_state + i % (callee.outputs.len() - n_state)),
            };
            self.write_known(slot, known.copied().unwrap_or_default())?;
        }
        Ok(())
    }

    /// Arguments, and the state that an iteration hands to the next, are known to whom the callee says.
    fn call_knowledge(&self, call: &PlanCall) -> Result<(), Invalid> {
        let callee = &self.earlier[call.callee.0 as usize];
        let n_carried = (call.n_state + call.n_shared) as usize;
        let n_each = callee.n_inputs as usize - n_carried;
        for (i, &arg) in call.args.iter().enumerate() {
            let input = i.checked_sub(n_carried).map_or(i, |i| n_carried + i % n_each);
            let expected = callee.input_knowledge.get(input).copied().unwrap_or_default();
            self.expect(arg, expected)?;
        }
        let state = callee.output_knowledge.iter().zip(&callee.input_knowledge).take(call.n_state as usize);
        for (&found, &expected) in state {
            self.expect_known(found, expected)?;
        }
        Ok(())
    }

    fn expect(&self, operand: Operand, expected: Knowledge) -> Result<(), Invalid> {
        let Some(knowledge) = &self.knowledge else { return Ok(()) };
        let found = if operand.is_constant() { Knowledge::Public } else { knowledge[operand.slot() as usize] };
        self.expect_known(found, expected)
    }

    fn expect_known(&self, found: Knowledge, expected: Knowledge) -> Result<(), Invalid> {
        if found.is_at_least(expected) { Ok(()) } else { Err(Invalid::NotKnown { at: self.at, found, expected }) }
    }

    fn write_known(&mut self, slot: Slot, known: Knowledge) -> Result<(), Invalid> {
        self.write(slot)?;
        if let Some(knowledge) = &mut self.knowledge {
            knowledge[slot as usize] = known.of_one_party();
        }
        Ok(())
    }

    /// The counts of a call agree with each other and with the callee.
    fn call_layout(&self, call: &PlanCall) -> Result<(), Invalid> {
        let (at, callee) = (self.at, call.callee);
        let block = self.earlier.get(callee.0 as usize).ok_or(Invalid::NotEarlier { at, callee })?;
        if call.count == 0 {
            return Err(Invalid::NoIterations { at });
        }
        let (n_state, n_shared) = (u64::from(call.n_state), u64::from(call.n_shared));
        let (n_inputs, n_outputs) = (block.n_inputs, block.outputs.len());
        let each_in = u64::from(n_inputs).checked_sub(n_state + n_shared);
        let each_out = (n_outputs as u64).checked_sub(n_state);
        let (Some(each_in), Some(each_out)) = (each_in, each_out) else {
            let (n_state, n_shared) = (call.n_state, call.n_shared);
            return Err(Invalid::CallLayout { at, n_state, n_shared, n_inputs, n_outputs });
        };
        let total = |fixed: u64, each: u64| each.checked_mul(call.count).and_then(|n| n.checked_add(fixed));
        self.call_count("arguments", call.args.len(), total(n_state + n_shared, each_in))?;
        self.call_count("results", call.results.len(), total(n_state, each_out))
    }

    fn call_count(&self, what: &'static str, found: usize, expected: Option<u64>) -> Result<(), Invalid> {
        let at = self.at;
        if expected == Some(found as u64) { Ok(()) } else { Err(Invalid::CallCount { at, what, found, expected }) }
    }

    fn read_or_constant(&self, operand: Operand) -> Result<(), Invalid> {
        if operand.is_constant() { Ok(()) } else { self.read(operand.slot()) }
    }

    fn read(&self, slot: Slot) -> Result<(), Invalid> {
        self.check_slot(slot)?;
        let Some(above) = slot.checked_sub(self.block.n_inputs) else { return Ok(()) };
        let is_written = self.written[(above / u64::BITS) as usize] >> (above % u64::BITS) & 1 == 1;
        if is_written { Ok(()) } else { Err(Invalid::ReadBeforeWrite { at: self.at, slot }) }
    }

    fn write(&mut self, slot: Slot) -> Result<(), Invalid> {
        self.check_slot(slot)?;
        if let Some(above) = slot.checked_sub(self.block.n_inputs) {
            self.written[(above / u64::BITS) as usize] |= 1 << (above % u64::BITS);
        }
        Ok(())
    }

    fn check_slot(&self, slot: Slot) -> Result<(), Invalid> {
        let n_slots = self.block.n_slots;
        if slot < n_slots { Ok(()) } else { Err(Invalid::SlotOutsideFrame { at: self.at, slot, n_slots }) }
    }

    /// Remembers these destinations, all different.
    fn set_destinations(
        &mut self,
        slots: impl Iterator<Item = Slot>,
        error: impl FnOnce(Slot) -> Invalid,
    ) -> Result<(), Invalid> {
        self.destinations.clear();
        self.destinations.extend(slots);
        self.destinations.sort_unstable();
        match self.destinations.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(error(pair[0])),
            None => Ok(()),
        }
    }

    fn is_destination(&self, slot: Slot) -> bool {
        self.destinations.binary_search(&slot).is_ok()
    }
}
