//! One block's schedule: a window over its nodes, batches of the oldest computable ANDs.
//!
//! What is computed at which node says the block's [`Cover`]. A node of the window waits on one operand that is not available yet, in that
//! operand's list of waiters. When an operand becomes available its waiters look at their other operands. All of that is kept for the nodes
//! of the window only, in a ring: what lies before it is done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::cover::{Cover, Operation, PINNED, Terms};
use super::{BATCH_MAX, LANES, Unit, WINDOW};
use crate::circuit::{Block, Node};
use crate::id::{NodeId, Wire};
use crate::knowledge::{AndPrice, Knowledge, Known};
use crate::plan::{And, AndXor, Operand, PlanBlock, PlanCall, Slot, Step};

/// The plan of one block, in which these inputs keep their slots to the end.
pub(super) fn schedule(unit: Unit<'_>, shared: Range<u32>) -> PlanBlock {
    let mut scheduler = Scheduler::new(unit, shared);
    scheduler.run();
    scheduler.finish()
}

/// How far a node has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Some operand is not available.
    Waiting,
    /// An XOR that can be computed whenever it is needed.
    Available,
    /// Computed, or an XOR of the run that is being gathered: its slot holds the label until the last use.
    Done,
}

/// [`PlanBlock::nothing`] until the frame's size is known.
const NOTHING: Operand = Operand(u32::MAX);

/// No node, in the lists of waiters.
const NONE: u32 = u32::MAX;

/// What ANDs cost, in the order in which batches of the same width are taken.
const PRICES: [AndPrice; 5] = [
    AndPrice::Known(Known::GarblerBoth),
    AndPrice::Full,
    AndPrice::Known(Known::Garbler),
    AndPrice::Known(Known::Evaluator),
    AndPrice::Known(Known::EvaluatorBoth),
];

/// A node of the window.
#[derive(Clone, Copy)]
struct Pending {
    operation: Operation,
    terms: Terms,
    state: State,
    /// The nodes that wait for this one: the first, and after that their `next_waiter`s.
    first_waiter: u32,
    next_waiter: u32,
}

/// An XOR that is to be emitted.
struct Gathered {
    node: u32,
    /// How many gathered XORs lie on top of each other up to it.
    level: u32,
    terms: Terms,
}

struct Scheduler<'a> {
    unit: Unit<'a>,
    block: &'a Block,
    cover: Cover<'a>,
    frame: Frame,
    /// Node `n` is at `n % WINDOW`.
    window: Vec<Pending>,
    /// Nodes that have to look at their operands again.
    woken: Vec<u32>,
    /// XORs that are to be gathered, the next on top.
    cone: Vec<u32>,
    /// XORs that are to be emitted in one run, operands first.
    gathered: Vec<Gathered>,
    /// ANDs whose operands are available, by price, the oldest on top.
    ready: [BinaryHeap<Reverse<u32>>; PRICES.len()],
    /// The oldest node that is not done.
    head: usize,
    /// The first node that has not entered the window.
    tail: usize,
    /// Where the results of the latest call end: they are done, too.
    results_end: usize,
    plan: PlanBlock,
}

impl<'a> Scheduler<'a> {
    fn new(unit: Unit<'a>, shared: Range<u32>) -> Self {
        let block = unit.block;
        let first_gate = 1 + block.n_inputs as usize;
        let cover = Cover::new(unit);
        let nobody = Pending {
            operation: Operation::None,
            terms: Terms::default(),
            state: State::Waiting,
            first_waiter: NONE,
            next_waiter: NONE,
        };
        Scheduler {
            unit,
            block,
            frame: Frame::new(block, cover.uses(), shared),
            cover,
            window: vec![nobody; WINDOW.min(block.nodes.len())],
            woken: Vec::new(),
            cone: Vec::new(),
            gathered: Vec::new(),
            ready: Default::default(),
            head: first_gate,
            tail: first_gate,
            results_end: 0,
            plan: PlanBlock { n_inputs: block.n_inputs, ..PlanBlock::default() },
        }
    }

    fn pending(&self, node: u32) -> &Pending {
        &self.window[node as usize % WINDOW]
    }

    fn pending_mut(&mut self, node: u32) -> &mut Pending {
        &mut self.window[node as usize % WINDOW]
    }

    fn state(&self, node: NodeId) -> State {
        let is_past = (node.0 as usize) < self.head.max(self.results_end);
        if is_past { State::Done } else { self.pending(node.0).state }
    }

    fn run(&mut self) {
        while self.head < self.block.nodes.len() {
            self.fill_window();
            let head_before = self.head;
            self.retire();
            if self.head == head_before {
                self.emit_batch();
            }
        }
    }

    fn finish(mut self) -> PlanBlock {
        self.emit_gathered();
        self.plan.outputs = self.block.outputs.iter().map(|&wire| self.frame.operand(wire)).collect();
        self.plan.n_slots = self.frame.n_slots;
        let nothing = self.plan.nothing();
        let added = self.plan.and_xors.iter_mut().flat_map(|gate| [&mut gate.a_plus, &mut gate.b_plus, &mut gate.c]);
        for operand in self.plan.xors.iter_mut().chain(added).filter(|operand| **operand == NOTHING) {
            *operand = nothing;
        }
        if let Some(variant) = self.unit.variant {
            self.plan.input_knowledge = variant.inputs.clone();
            self.plan.output_knowledge = self.block.outputs.iter().map(|&wire| variant.of(wire)).collect();
        }
        self.plan
    }

    /// Lets nodes enter until the window is full.
    fn fill_window(&mut self) {
        let end = (self.head + WINDOW).min(self.block.nodes.len());
        while self.tail < end {
            let node = self.tail as u32;
            self.tail += 1;
            let (operation, terms) = self.cover.operation(node as usize);
            *self.pending_mut(node) =
                Pending { operation, terms, state: State::Waiting, first_waiter: NONE, next_waiter: NONE };
            if operation != Operation::None {
                self.look_for_operands(node);
            }
        }
    }

    /// Moves the head past everything that is done, dead, an XOR or a call.
    fn retire(&mut self) {
        while self.head < self.tail {
            let Pending { operation, state, .. } = *self.pending(self.head as u32);
            match operation {
                Operation::Xor => self.gather_cone(self.head as u32),
                Operation::And | Operation::AndXor { .. } if state != State::Done => return,
                _ => {}
            }
            if let Node::Result { call, index: 0 } = self.block.nodes[self.head] {
                self.emit_call(call as usize);
            }
            self.head += 1;
        }
    }

    /// Puts `node` on the list of an operand that is missing; if none is, the node is available.
    fn look_for_operands(&mut self, node: u32) {
        let Pending { operation, terms, .. } = *self.pending(node);
        let missing = terms.iter().find(|wire| self.state(wire.node()) == State::Waiting);
        if let Some(wire) = missing {
            let list = &mut self.pending_mut(wire.node().0).first_waiter;
            let next = std::mem::replace(list, node);
            self.pending_mut(node).next_waiter = next;
        } else if operation == Operation::Xor {
            self.pending_mut(node).state = State::Available;
            self.take_waiters(node);
        } else {
            let price = self.price(operation, &terms);
            self.ready[price].push(Reverse(node));
        }
    }

    /// Moves the waiters of `node` to `woken`.
    fn take_waiters(&mut self, node: u32) {
        let mut waiter = std::mem::replace(&mut self.pending_mut(node).first_waiter, NONE);
        while waiter != NONE {
            self.woken.push(waiter);
            waiter = self.pending(waiter).next_waiter;
        }
    }

    /// Marks an AND or a result as done and tells its waiters, and theirs. Nobody waits yet for what has not entered the window.
    fn complete(&mut self, node: u32) {
        if node as usize >= self.tail {
            return;
        }
        self.pending_mut(node).state = State::Done;
        self.take_waiters(node);
        while let Some(waiter) = self.woken.pop() {
            self.look_for_operands(waiter);
        }
    }

    /// The position in [`PRICES`] of what an AND costs.
    fn price(&self, and: Operation, terms: &[Wire]) -> usize {
        let price = match (and, terms) {
            (Operation::And, &[a, b]) => self.unit.price(a, b),
            _ => AndPrice::Full,
        };
        PRICES.iter().position(|other| *other == price).expect("every price is one of the list")
    }

    /// The price of the widest batch that is ready; the first in the list among equals.
    fn widest(&self) -> usize {
        let width = |price: &usize| (self.ready[*price].len().min(BATCH_MAX), Reverse(*price));
        (0..PRICES.len()).max_by_key(width).expect("there are prices")
    }

    fn emit_batch(&mut self) {
        let price = self.widest();
        let n_ready = self.ready[price].len().min(BATCH_MAX);
        let width = if n_ready < LANES { n_ready } else { n_ready / LANES * LANES };
        let batch: Vec<u32> = (0..width).filter_map(|_| self.ready[price].pop()).map(|Reverse(node)| node).collect();
        for &node in &batch {
            let terms = self.pending(node).terms;
            for wire in terms.iter() {
                self.gather_cone(wire.node().0);
            }
        }
        self.emit_gathered();
        let has_xors = batch.iter().any(|&node| matches!(self.pending(node).operation, Operation::AndXor { .. }));
        batch.iter().for_each(|&node| self.emit_and(PRICES[price], node));
        self.plan.steps.push(match PRICES[price] {
            AndPrice::Full if has_xors => Step::AndXor(width as u32),
            AndPrice::Full => Step::And(width as u32),
            AndPrice::Known(known) => Step::Known(known, width as u32),
        });
        for &node in &batch {
            self.frame.release(&self.window[node as usize % WINDOW].terms);
        }
        for &node in &batch {
            self.complete(node);
        }
    }

    /// Either all ANDs of a block that cost the full price have XORs around them, or none has.
    fn emit_and(&mut self, price: AndPrice, node: u32) {
        let Pending { operation, terms, .. } = *self.pending(node);
        if let Operation::AndXor { a: n_a, b: n_b } = operation {
            let (a, rest) = terms.split_at(n_a.into());
            let (b, c) = rest.split_at(n_b.into());
            let added = [a.get(1), b.get(1), c.first()].map(|wire| wire.map(|wire| self.frame.slot(wire.node())));
            let [a, b] = [a[0], b[0]].map(|wire| self.frame.operand(wire));
            let and = And { dst: self.frame.allocate(node), a, b };
            // The frame grows until the end, and with it the slot that stands for nothing.
            let [a_plus, b_plus, c] = added.map(|slot| slot.map_or(NOTHING, |slot| Operand::new(slot, false)));
            self.plan.and_xors.push(AndXor { and, a_plus, b_plus, c });
        } else {
            let [a, b] = self.in_order(price, [terms[0], terms[1]]).map(|wire| self.frame.operand(wire));
            self.plan.ands.push(And { dst: self.frame.allocate(node), a, b });
        }
    }

    /// The operands with the one that is known in its place.
    fn in_order(&self, price: AndPrice, [a, b]: [Wire; 2]) -> [Wire; 2] {
        let knows = |wire: Wire, who: Knowledge| self.unit.variant.is_some_and(|variant| variant.of(wire) == who);
        let swap = match price {
            AndPrice::Known(Known::Garbler) => !knows(a, Knowledge::Garbler),
            AndPrice::Known(Known::Evaluator) => !knows(b, Knowledge::Evaluator),
            _ => false,
        };
        if swap { [b, a] } else { [a, b] }
    }

    /// Gathers the XOR `root`, after the XORs below it that are still to do. Does nothing if it is done.
    fn gather_cone(&mut self, root: u32) {
        self.cone.push(root);
        while let Some(&node) = self.cone.last() {
            if self.state(NodeId(node)) == State::Done {
                self.cone.pop();
                continue;
            }
            let mut operands = self.pending(node).terms.iter().map(|wire| wire.node());
            match operands.find(|&operand| self.state(operand) != State::Done) {
                Some(operand) => self.cone.push(operand.0),
                None => self.gather(node),
            }
        }
    }

    fn gather(&mut self, node: u32) {
        let terms = self.pending(node).terms;
        let levels = terms.iter().map(|wire| self.frame.level(wire.node()));
        let level = 1 + levels.max().unwrap_or(0);
        self.frame.set_level(node, level);
        self.pending_mut(node).state = State::Done;
        self.gathered.push(Gathered { node, level, terms });
    }

    /// Emits the gathered XORs by level: a label that has just been stored is slow to load, so those that do not wait for
    /// each other stand next to each other.
    fn emit_gathered(&mut self) {
        let mut run = std::mem::take(&mut self.gathered);
        run.sort_by_key(|xor| xor.level);
        // XORs of two operands count as XORs of three, unless there are no others: a change of the kind costs the processor a wrong guess.
        let n_operands = run.iter().map(|xor| xor.terms.len()).max().unwrap_or(0);
        run.iter().for_each(|xor| self.emit_xor(xor, n_operands));
        if !run.is_empty() {
            self.plan.steps.push(Step::Xor { n_operands: n_operands as u32, n: run.len() as u32 });
        }
        run.clear();
        self.gathered = run;
    }

    fn emit_xor(&mut self, xor: &Gathered, n_operands: usize) {
        let place = self.plan.xors.len();
        self.plan.xors.push(NOTHING);
        self.plan.xors.extend(xor.terms.iter().map(|wire| Operand::new(self.frame.slot(wire.node()), false)));
        self.plan.xors.extend((xor.terms.len()..n_operands).map(|_| NOTHING));
        self.frame.release(&xor.terms);
        self.plan.xors[place] = Operand::new(self.frame.allocate(xor.node), false);
    }

    /// Emits a call if anybody wants one of its results. Results never share a slot with arguments: the results of
    /// one iteration are written before the arguments of the next are read.
    fn emit_call(&mut self, index: usize) {
        let call = &self.block.calls[index];
        let results = call.first_result.0..call.first_result.0 + call.n_results;
        if !results.clone().any(|node| self.frame.is_live(node as usize)) {
            return;
        }
        self.emit_gathered();
        let args = call.args.iter().map(|&wire| self.frame.operand(wire)).collect();
        let slots = results.clone().map(|node| self.allocate_result(node)).collect();
        self.frame.release(&call.args);
        self.plan.calls.push(PlanCall {
            callee: self.unit.callee(index),
            count: call.count,
            n_state: call.n_state,
            n_shared: call.n_shared,
            args,
            results: slots,
        });
        self.plan.steps.push(Step::Call);
        self.results_end = results.end as usize;
        results.for_each(|node| self.complete(node));
    }

    fn allocate_result(&mut self, node: u32) -> Slot {
        if self.frame.is_live(node as usize) { self.frame.allocate(node) } else { PlanCall::UNUSED }
    }
}

/// Which label stands where, and for how long.
struct Frame {
    /// For each node, how often it will still be read; [`PINNED`] if until the end.
    uses: Vec<u32>,
    /// For each node, where its label stands. Meaningful between computation and last use; for an XOR that is gathered and not emitted
    /// yet, its level with [`GATHERED`].
    slots: Vec<Slot>,
    /// Slots that hold nothing; the last freed is the first taken, as it is the likeliest to be in cache.
    free: Vec<Slot>,
    n_slots: u32,
}

/// No slot has this bit: there are no more slots than nodes.
const GATHERED: u32 = 1 << 31;

impl Frame {
    fn new(block: &Block, mut uses: Vec<u32>, shared: Range<u32>) -> Frame {
        for input in shared {
            uses[input as usize + 1] = PINNED;
        }
        let mut slots = vec![0; block.nodes.len()];
        for input in 0..block.n_inputs {
            slots[input as usize + 1] = input;
        }
        let free = (0..block.n_inputs).rev().filter(|&input| uses[input as usize + 1] == 0).collect();
        Frame { uses, slots, free, n_slots: block.n_inputs }
    }

    fn is_live(&self, node: usize) -> bool {
        self.uses[node] > 0
    }

    fn slot(&self, node: NodeId) -> Slot {
        self.slots[node.0 as usize]
    }

    /// How many gathered XORs lie on top of each other up to this node; 0 if it is not gathered.
    fn level(&self, node: NodeId) -> u32 {
        let slot = self.slot(node);
        if slot & GATHERED == 0 { 0 } else { slot & !GATHERED }
    }

    fn set_level(&mut self, node: u32, level: u32) {
        self.slots[node as usize] = GATHERED | level;
    }

    fn operand(&self, wire: Wire) -> Operand {
        match wire.as_constant() {
            Some(value) => Operand(Operand::CONSTANT.0 | u32::from(value)),
            None => Operand::new(self.slot(wire.node()), wire.is_complemented()),
        }
    }

    fn allocate(&mut self, node: u32) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.n_slots += 1;
            self.n_slots - 1
        });
        self.slots[node as usize] = slot;
        slot
    }

    /// One use less of each; frees slots that nobody will read any more.
    fn release(&mut self, wires: &[Wire]) {
        for wire in wires {
            let node = wire.node().0 as usize;
            if node == 0 || self.uses[node] == PINNED {
                continue;
            }
            self.uses[node] -= 1;
            if self.uses[node] == 0 {
                self.free.push(self.slots[node]);
            }
        }
    }
}
