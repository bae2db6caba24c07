//! One block's schedule: a window over its nodes, batches of the oldest computable ANDs.
//!
//! What is computed at which node says the block's [`Cover`]. A node of the window waits on one operand that is not available yet, in that operand's list of waiters; lists are
//! threaded through two arrays. When an operand becomes available its waiters look at their other operands.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cover::{Cover, Operation, PINNED};
use super::{BATCH_MAX, LANES, Unit, WINDOW};
use crate::circuit::{Block, Node};
use crate::id::{NodeId, Wire};
use crate::knowledge::{AndPrice, Knowledge, Known};
use crate::plan::{And, AndXor, Operand, PlanBlock, PlanCall, Slot, Step};

/// The plan of one block.
pub(super) fn schedule(unit: Unit<'_>) -> PlanBlock {
    let mut scheduler = Scheduler::new(unit);
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

struct Scheduler<'a> {
    unit: Unit<'a>,
    block: &'a Block,
    cover: Cover,
    frame: Frame,
    state: Vec<State>,
    first_waiter: Vec<u32>,
    next_waiter: Vec<u32>,
    /// Nodes that have to look at their operands again.
    woken: Vec<u32>,
    /// XORs that are to be gathered, the next on top.
    cone: Vec<u32>,
    /// XORs that are to be emitted in one run, operands first.
    gathered: Vec<u32>,
    /// For each node, how many gathered XORs lie on top of each other up to it; 0 if it is not gathered.
    level: Vec<u32>,
    /// ANDs whose operands are available, by price, the oldest on top.
    ready: [BinaryHeap<Reverse<u32>>; PRICES.len()],
    /// The oldest node that is not done.
    head: usize,
    /// The first node that has not entered the window.
    tail: usize,
    plan: PlanBlock,
}

impl<'a> Scheduler<'a> {
    fn new(unit: Unit<'a>) -> Self {
        let block = unit.block;
        let n_nodes = block.nodes.len();
        let first_gate = 1 + block.n_inputs as usize;
        let mut state = vec![State::Waiting; n_nodes];
        state[..first_gate].fill(State::Done);
        let cover = Cover::new(block, |a, b| unit.price(a, b) != AndPrice::Full);
        Scheduler {
            unit,
            block,
            frame: Frame::new(block, &cover),
            cover,
            state,
            first_waiter: vec![NONE; n_nodes],
            next_waiter: vec![NONE; n_nodes],
            woken: Vec::new(),
            cone: Vec::new(),
            gathered: Vec::new(),
            level: vec![0; n_nodes],
            ready: Default::default(),
            head: first_gate,
            tail: first_gate,
            plan: PlanBlock { n_inputs: block.n_inputs, ..PlanBlock::default() },
        }
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
            let node = self.tail;
            self.tail += 1;
            if self.cover.operation(node as u32) != Operation::None {
                self.look_for_operands(node as u32);
            }
        }
    }

    /// Moves the head past everything that is done, dead, an XOR or a call.
    fn retire(&mut self) {
        while self.head < self.tail {
            match self.cover.operation(self.head as u32) {
                Operation::Xor => self.gather_cone(self.head as u32),
                Operation::And | Operation::AndXor { .. } if self.state[self.head] != State::Done => return,
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
        let terms = self.cover.terms(node);
        let missing = terms.iter().find(|wire| self.state[wire.node().0 as usize] == State::Waiting);
        if let Some(wire) = missing {
            let list = &mut self.first_waiter[wire.node().0 as usize];
            self.next_waiter[node as usize] = std::mem::replace(list, node);
        } else if self.cover.operation(node) == Operation::Xor {
            self.state[node as usize] = State::Available;
            self.take_waiters(node);
        } else {
            let price = self.price(node);
            self.ready[price].push(Reverse(node));
        }
    }

    /// Moves the waiters of `node` to `woken`.
    fn take_waiters(&mut self, node: u32) {
        let mut waiter = std::mem::replace(&mut self.first_waiter[node as usize], NONE);
        while waiter != NONE {
            self.woken.push(waiter);
            waiter = self.next_waiter[waiter as usize];
        }
    }

    /// Marks an AND or a result as done and tells its waiters, and theirs.
    fn complete(&mut self, node: u32) {
        self.state[node as usize] = State::Done;
        self.take_waiters(node);
        while let Some(waiter) = self.woken.pop() {
            self.look_for_operands(waiter);
        }
    }

    /// The position in [`PRICES`] of what an AND costs.
    fn price(&self, and: u32) -> usize {
        let price = match (self.cover.operation(and), self.cover.terms(and)) {
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
            for i in 0..self.cover.terms(node).len() {
                self.gather_cone(self.cover.terms(node)[i].node().0);
            }
        }
        self.emit_gathered();
        let has_xors = batch.iter().any(|&node| matches!(self.cover.operation(node), Operation::AndXor { .. }));
        batch.iter().for_each(|&node| self.emit_and(PRICES[price], node));
        self.plan.steps.push(match PRICES[price] {
            AndPrice::Full if has_xors => Step::AndXor(width as u32),
            AndPrice::Full => Step::And(width as u32),
            AndPrice::Known(known) => Step::Known(known, width as u32),
        });
        for &node in &batch {
            self.frame.release(self.cover.terms(node));
        }
        for &node in &batch {
            self.complete(node);
        }
    }

    /// Either all ANDs of a block that cost the full price have XORs around them, or none has.
    fn emit_and(&mut self, price: AndPrice, node: u32) {
        let operation = self.cover.operation(node);
        let terms = self.cover.terms(node);
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
            if self.state[node as usize] == State::Done {
                self.cone.pop();
                continue;
            }
            let mut operands = self.cover.terms(node).iter().map(|wire| wire.node().0);
            match operands.find(|&operand| self.state[operand as usize] != State::Done) {
                Some(operand) => self.cone.push(operand),
                None => self.gather(node),
            }
        }
    }

    fn gather(&mut self, node: u32) {
        let levels = self.cover.terms(node).iter().map(|wire| self.level[wire.node().0 as usize]);
        self.level[node as usize] = 1 + levels.max().unwrap_or(0);
        self.state[node as usize] = State::Done;
        self.gathered.push(node);
    }

    /// Emits the gathered XORs by level: a label that has just been stored is slow to load, so those that do not wait for
    /// each other stand next to each other.
    fn emit_gathered(&mut self) {
        let mut run = std::mem::take(&mut self.gathered);
        run.sort_by_key(|&node| self.level[node as usize]);
        // XORs of two operands count as XORs of three, unless there are no others: a change of the kind costs the processor a wrong guess.
        let n_operands = run.iter().map(|&node| self.cover.terms(node).len()).max().unwrap_or(0);
        for &node in &run {
            self.level[node as usize] = 0;
            self.emit_xor(node, n_operands);
        }
        if !run.is_empty() {
            self.plan.steps.push(Step::Xor { n_operands: n_operands as u32, n: run.len() as u32 });
        }
        run.clear();
        self.gathered = run;
    }

    fn emit_xor(&mut self, node: u32, n_operands: usize) {
        let place = self.plan.xors.len();
        self.plan.xors.push(NOTHING);
        let terms = self.cover.terms(node);
        self.plan.xors.extend(terms.iter().map(|wire| Operand::new(self.frame.slot(wire.node()), false)));
        self.plan.xors.extend((terms.len()..n_operands).map(|_| NOTHING));
        self.frame.release(self.cover.terms(node));
        self.plan.xors[place] = Operand::new(self.frame.allocate(node), false);
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
    /// For each node, where its label stands. Meaningful between computation and last use.
    slots: Vec<Slot>,
    /// Slots that hold nothing; the last freed is the first taken, as it is the likeliest to be in cache.
    free: Vec<Slot>,
    n_slots: u32,
}

impl Frame {
    fn new(block: &Block, cover: &Cover) -> Frame {
        let uses = cover.uses.clone();
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
