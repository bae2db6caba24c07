//! Building blocks and circuits: constant folding, local rules, hash-consing, dead code.
//!
//! A [`Builder`] holds one block under construction. Its functions take and give wires; what is constant or already there
//! costs nothing. [`Blocks`] collects finished blocks, which later ones may call, and becomes the circuit.
//!
//! # Local rules
//! - `0`, `1`, `x·x`, `x·x̄`, `x⊕x`; `x⊕(x⊕y) = y`; `(x⊕y)⊕(x⊕z) = y⊕z`.
//! - `a·b`, where `b` is simpler given that `a` is true, is `a` and that simpler thing: `a·(a·y) = a·y`,
//!   `a·¬(a·y) = a·ȳ`, `ā·(a·y) = 0`, `a·(a⊕y) = a·ȳ`, also where a factor of `a` says so: `(x·y)·(x·z) = (x·y)·z`.
//! - Each pair of nodes is multiplied once: `x·ȳ = x⊕(x·y)` where `x·y` is there already.
//!
//! # Invariants
//! Those of [`crate::circuit`], by construction. A builder that reaches its limit of nodes adds no more, and
//! [`Builder::finish`] says so: callers need not ask before each gate.

mod table;

use crate::circuit::{Block, Call, Circuit, InputPort, Node, OutputPort};
use crate::id::{BlockId, NodeId, Origin, Wire};
use crate::work;

use table::Table;

/// One block under construction.
pub struct Builder {
    block: Block,
    table: Table,
    origin: Origin,
    n_ands: u64,
    nodes_max: usize,
    is_full: bool,
    /// Nodes that are counted as [`work`].
    n_counted: usize,
}

/// A block has more nodes than its builder may make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{block}` needs more than {nodes_max} nodes")]
pub struct TooLarge {
    /// The block's name.
    pub block: String,
    /// How many nodes it may have.
    pub nodes_max: usize,
}

/// What to call and how often; see [`Call`] for the meaning of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSpec {
    /// The block to call.
    pub callee: BlockId,
    /// How often; at least 1.
    pub count: u64,
    /// How many values each iteration hands to the next.
    pub n_state: u32,
    /// How many values all iterations share.
    pub n_shared: u32,
}

impl CallSpec {
    /// One call, without state.
    #[must_use]
    pub const fn once(callee: BlockId) -> CallSpec {
        CallSpec { callee, count: 1, n_state: 0, n_shared: 0 }
    }
}

/// The finished blocks of a circuit under construction.
#[derive(Clone, Debug, Default)]
pub struct Blocks(Vec<Block>);

impl Builder {
    /// A block with `n_inputs` inputs and nothing else.
    ///
    /// # Panics
    /// If the inputs alone are more than [`Wire::NODES_MAX`] nodes.
    #[must_use]
    pub fn new(name: impl Into<String>, n_inputs: u32) -> Builder {
        let n_nodes = n_inputs as usize + 1;
        assert!(n_nodes <= Wire::NODES_MAX, "{n_inputs} inputs are more than a block may have");
        let mut nodes = vec![Node::Input; n_nodes];
        nodes[0] = Node::False;
        let origins = vec![Origin::default(); n_nodes];
        Builder {
            block: Block { name: name.into(), n_inputs, nodes, origins, ..Block::default() },
            table: Table::default(),
            origin: Origin::default(),
            n_ands: 0,
            nodes_max: Wire::NODES_MAX,
            is_full: false,
            n_counted: 0,
        }
    }

    /// Lets the block have at most `nodes_max` nodes (and never more than [`Wire::NODES_MAX`]).
    #[must_use]
    pub fn with_nodes_max(mut self, nodes_max: usize) -> Builder {
        self.nodes_max = nodes_max.min(Wire::NODES_MAX);
        self
    }

    /// Makes room for about so many nodes, before there are any but inputs.
    #[must_use]
    pub(crate) fn with_capacity(mut self, n_nodes: usize) -> Builder {
        let n_nodes = n_nodes + n_nodes / 8;
        self.block.nodes.reserve(n_nodes.saturating_sub(self.n_nodes()));
        self.block.origins.reserve(n_nodes.saturating_sub(self.block.origins.len()));
        self.table.reserve(n_nodes);
        self
    }

    /// Input `i`.
    ///
    /// # Panics
    /// If there is no such input.
    #[must_use]
    pub fn input(&self, i: u32) -> Wire {
        assert!(i < self.block.n_inputs, "input {i} of {}", self.block.n_inputs);
        Wire::new(NodeId(i + 1), false)
    }

    /// All inputs, in order.
    #[must_use]
    pub fn inputs(&self) -> Vec<Wire> {
        (0..self.block.n_inputs).map(|i| self.input(i)).collect()
    }

    /// Says what causes the nodes from here on; returns what caused those before.
    pub fn set_origin(&mut self, origin: Origin) -> Origin {
        std::mem::replace(&mut self.origin, origin)
    }

    /// Nodes so far, dead ones included.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.block.nodes.len()
    }

    /// The node with this id.
    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.block.nodes[id.0 as usize]
    }

    /// AND gates so far, dead ones included, those of called blocks not.
    #[must_use]
    pub fn n_ands(&self) -> u64 {
        self.n_ands
    }

    /// Whether the limit of nodes stopped the builder: wires since then are meaningless and [`Builder::finish`] fails.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Both; 1 AND.
    pub fn and(&mut self, a: Wire, b: Wire) -> Wire {
        let (a, b) = if a.node() <= b.node() { (a, b) } else { (b, a) };
        if let Some(value) = a.as_constant() {
            return if value { b } else { Wire::FALSE };
        }
        if let Some(b) = self.given(a, b) {
            return self.and(a, b);
        }
        if let Some(a) = self.given(b, a) {
            return self.and(a, b);
        }
        let id = self.intern(Node::And(a, b));
        match self.block.nodes[id.0 as usize] {
            Node::And(c, d) => self.adapt(id, (c, d), (a, b)),
            _ => Wire::FALSE,
        }
    }

    /// Exactly one; free.
    pub fn xor(&mut self, a: Wire, b: Wire) -> Wire {
        let complement = a.is_complemented() != b.is_complemented();
        let (a, b) = if a.node() <= b.node() { (a, b) } else { (b, a) };
        let (a, b) = (a ^ a.is_complemented(), b ^ b.is_complemented());
        if a == Wire::FALSE {
            return b ^ complement;
        }
        if a == b {
            return Wire::constant(complement);
        }
        if let Some((a, b)) = self.cancel(a, b) {
            return self.xor(a, b) ^ complement;
        }
        Wire::new(self.intern(Node::Xor(a, b)), complement)
    }

    /// A gate of the same kind as one that a block has, on what stands here for its operands: different nodes for different nodes, so that
    /// no rule applies that did not apply there. It is not looked for, nor found later.
    pub(crate) fn copy(&mut self, gate: Node, a: Wire, b: Wire) -> Wire {
        let is_and = matches!(gate, Node::And(..));
        if a.as_constant().is_some() || b.as_constant().is_some() || a.node() == b.node() || self.room_for(1).is_none()
        {
            return if is_and { self.and(a, b) } else { self.xor(a, b) };
        }
        let (a, b) = if a.node() < b.node() { (a, b) } else { (b, a) };
        if is_and {
            self.n_ands += 1;
            return Wire::new(self.push(Node::And(a, b)), false);
        }
        let complement = a.is_complemented() != b.is_complemented();
        let (a, b) = (a ^ a.is_complemented(), b ^ b.is_complemented());
        Wire::new(self.push(Node::Xor(a, b)), complement)
    }

    /// At least one; 1 AND.
    pub fn or(&mut self, a: Wire, b: Wire) -> Wire {
        !self.and(!a, !b)
    }

    /// `on_true` where `choice`, else `on_false`; 1 AND.
    pub fn select(&mut self, choice: Wire, on_true: Wire, on_false: Wire) -> Wire {
        let on_true = if on_true.node() == choice.node() { Wire::constant(on_true == choice) } else { on_true };
        let on_false = if on_false.node() == choice.node() { Wire::constant(on_false != choice) } else { on_false };
        let difference = self.xor(on_true, on_false);
        let change = self.and(choice, difference);
        self.xor(on_false, change)
    }

    /// Calls a finished block and returns the results: the last iteration's state, then every iteration's other outputs.
    ///
    /// Results that are constant, or an argument handed through, come back as such.
    ///
    /// # Errors
    /// If the results are more than the limit of nodes has room for.
    ///
    /// # Panics
    /// If the counts or the arguments do not fit the callee.
    pub fn call(&mut self, callees: &Blocks, spec: CallSpec, args: Vec<Wire>) -> Result<Vec<Wire>, TooLarge> {
        let callee = callees.block(spec.callee);
        let layout = Layout::new(callee, spec);
        assert_eq!(args.len() as u64, layout.n_args(), "arguments of a call of `{}`", callee.name);
        let Some(n_results) = self.room_for(layout.n_results()) else { return Err(self.too_large()) };
        if n_results == 0 {
            return Ok(Vec::new());
        }
        let first_result = NodeId(self.n_nodes() as u32);
        let results = (0..n_results)
            .map(|i| {
                let node = Wire::new(self.push(Node::Result { call: self.block.calls.len() as u32, index: i }), false);
                layout.shortcut(callee, &args, i).unwrap_or(node)
            })
            .collect();
        let CallSpec { callee, count, n_state, n_shared } = spec;
        self.block.calls.push(Call { callee, count, n_state, n_shared, args, first_result, n_results });
        Ok(results)
    }

    /// The block, without what its outputs do not need; inputs stay.
    ///
    /// # Errors
    /// If the builder reached its limit of nodes.
    pub fn finish(mut self, outputs: Vec<Wire>) -> Result<Block, TooLarge> {
        if self.is_full {
            return Err(self.too_large());
        }
        self.count();
        self.block.outputs = outputs;
        remove_dead_nodes(&mut self.block);
        Ok(self.block)
    }

    /// Something simpler that equals `wire` wherever `fact` is true.
    fn given(&self, fact: Wire, wire: Wire) -> Option<Wire> {
        let factors = match self.block.nodes[fact.node().0 as usize] {
            Node::And(p, q) if !fact.is_complemented() => [fact, p, q],
            _ => [fact; 3],
        };
        factors.into_iter().find_map(|factor| self.given_factor(factor, wire))
    }

    fn given_factor(&self, fact: Wire, wire: Wire) -> Option<Wire> {
        if wire.node() == fact.node() {
            return Some(Wire::constant(wire == fact));
        }
        let complement = wire.is_complemented();
        match self.block.nodes[wire.node().0 as usize] {
            Node::And(p, q) if p == fact => Some(q ^ complement),
            Node::And(p, q) if q == fact => Some(p ^ complement),
            Node::And(p, q) if p == !fact || q == !fact => Some(Wire::constant(complement)),
            Node::Xor(p, q) if p.node() == fact.node() => Some(q ^ (p == fact) ^ complement),
            Node::Xor(p, q) if q.node() == fact.node() => Some(p ^ (q == fact) ^ complement),
            _ => None,
        }
    }

    /// Two wires with the same XOR as `a < b`, where an operand occurs on both sides.
    fn cancel(&self, a: Wire, b: Wire) -> Option<(Wire, Wire)> {
        let Node::Xor(r, s) = self.block.nodes[b.node().0 as usize] else { return None };
        if r == a {
            return Some((Wire::FALSE, s));
        }
        if s == a {
            return Some((Wire::FALSE, r));
        }
        let Node::Xor(p, q) = self.block.nodes[a.node().0 as usize] else { return None };
        match () {
            () if p == r => Some((q, s)),
            () if p == s => Some((q, r)),
            () if q == r => Some((p, s)),
            () if q == s => Some((p, r)),
            () => None,
        }
    }

    /// The product `wanted` from the product `there` of the same two nodes: only complements may differ.
    fn adapt(&mut self, id: NodeId, there: (Wire, Wire), wanted: (Wire, Wire)) -> Wire {
        let (flip_a, flip_b) = (there.0 != wanted.0, there.1 != wanted.1);
        let mut product = Wire::new(id, flip_a && flip_b);
        if flip_b {
            product = self.xor(product, there.0);
        }
        if flip_a {
            product = self.xor(product, there.1);
        }
        product
    }

    /// The gate's node: the one that is there (for ANDs, whatever its complements), or a new one.
    fn intern(&mut self, node: Node) -> NodeId {
        match self.table.find(&self.block.nodes, node) {
            Ok(id) => id,
            Err(_) if self.room_for(1).is_none() => NodeId(0),
            Err(vacancy) => {
                self.n_ands += u64::from(matches!(node, Node::And(..)));
                let id = self.push(node);
                self.table.insert(vacancy, id);
                id
            }
        }
    }

    fn too_large(&self) -> TooLarge {
        TooLarge { block: self.block.name.clone(), nodes_max: self.nodes_max }
    }

    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.n_nodes() as u32);
        self.block.nodes.push(node);
        self.block.origins.push(self.origin);
        if self.n_nodes() >= self.n_counted + work::STEP {
            self.count();
        }
        id
    }

    /// Counts the nodes since the last time as work that is done.
    fn count(&mut self) {
        work::count(self.n_nodes().saturating_sub(self.n_counted));
        self.n_counted = self.n_nodes();
    }

    fn room_for(&mut self, n: u64) -> Option<u32> {
        let room = self.nodes_max.saturating_sub(self.n_nodes()) as u64;
        self.is_full |= n > room;
        (!self.is_full).then_some(n as u32)
    }
}

impl Blocks {
    /// None yet.
    #[must_use]
    pub fn new() -> Blocks {
        Blocks::default()
    }

    /// Adds a finished block; it may call those before it.
    pub fn add(&mut self, block: Block) -> BlockId {
        self.0.push(block);
        BlockId(self.0.len() as u32 - 1)
    }

    /// The block with this id.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.0[id.0 as usize]
    }

    /// The circuit that `main` and the blocks that it calls make; the others are left out.
    #[must_use]
    pub fn into_circuit(
        mut self,
        main: Block,
        parties: Vec<String>,
        inputs: Vec<InputPort>,
        outputs: Vec<OutputPort>,
    ) -> Circuit {
        self.0.push(main);
        Circuit { parties, inputs, outputs, blocks: reachable(self.0) }
    }
}

/// The counts of a call; see [`Call`].
struct Layout {
    count: u64,
    state: u64,
    shared: u64,
    each_in: u64,
    each_out: u64,
}

impl Layout {
    fn new(callee: &Block, spec: CallSpec) -> Layout {
        let (state, shared) = (u64::from(spec.n_state), u64::from(spec.n_shared));
        let each_in = u64::from(callee.n_inputs).checked_sub(state + shared);
        let each_out = (callee.outputs.len() as u64).checked_sub(state);
        let (Some(each_in), Some(each_out)) = (each_in, each_out) else {
            panic!("`{}` has fewer inputs or outputs than the call's state and shared values", callee.name)
        };
        assert!(spec.count > 0, "a call of `{}` has at least one iteration", callee.name);
        Layout { count: spec.count, state, shared, each_in, each_out }
    }

    fn n_args(&self) -> u64 {
        self.count.saturating_mul(self.each_in).saturating_add(self.state + self.shared)
    }

    fn n_results(&self) -> u64 {
        self.count.saturating_mul(self.each_out).saturating_add(self.state)
    }

    /// Result `index` where the callee does not compute it but hands it through.
    fn shortcut(&self, callee: &Block, args: &[Wire], index: u32) -> Option<Wire> {
        let index = u64::from(index);
        let (iteration, output) = match index.checked_sub(self.state) {
            None => (self.count - 1, index),
            Some(i) => (i / self.each_out, self.state + i % self.each_out),
        };
        let wire = callee.outputs[output as usize];
        if wire.as_constant().is_some() {
            return Some(wire);
        }
        let input = u64::from(wire.node().0 - 1);
        let arg = if input >= u64::from(callee.n_inputs) {
            return None;
        } else if input >= self.state + self.shared {
            input + iteration * self.each_in
        } else if input >= self.state || iteration == 0 {
            input
        } else {
            return None;
        };
        Some(args[arg as usize] ^ wire.is_complemented())
    }
}

/// Drops nodes that no output needs, and calls none of whose results is needed.
fn remove_dead_nodes(block: &mut Block) {
    let keep = live_nodes(block);
    let mut new_ids = Vec::with_capacity(keep.len());
    let mut n_kept = 0;
    for &kept in &keep {
        new_ids.push(n_kept);
        n_kept += u32::from(kept);
    }
    let renumber = |wire: Wire| Wire::new(NodeId(new_ids[wire.node().0 as usize]), wire.is_complemented());

    block.calls.retain(|call| keep[call.first_result.0 as usize]);
    for (i, call) in block.calls.iter_mut().enumerate() {
        let first = call.first_result.0 as usize;
        for node in &mut block.nodes[first..first + call.n_results as usize] {
            if let Node::Result { call, .. } = node {
                *call = i as u32;
            }
        }
        call.first_result = NodeId(new_ids[first]);
        call.args.iter_mut().for_each(|arg| *arg = renumber(*arg));
    }
    for node in &mut block.nodes {
        if let Node::And(a, b) | Node::Xor(a, b) = node {
            (*a, *b) = (renumber(*a), renumber(*b));
        }
    }
    block.outputs.iter_mut().for_each(|output| *output = renumber(*output));
    let mut kept = keep.iter();
    block.nodes.retain(|_| kept.next() == Some(&true));
    let mut kept = keep.iter();
    block.origins.retain(|_| kept.next() == Some(&true));
}

/// Which nodes the outputs need; a call's results are all needed or none.
pub(crate) fn live_nodes(block: &Block) -> Vec<bool> {
    let mut live = vec![false; block.nodes.len()];
    live[..=block.n_inputs as usize].fill(true);
    for output in &block.outputs {
        live[output.node().0 as usize] = true;
    }
    for (i, node) in block.nodes.iter().enumerate().rev() {
        match *node {
            Node::And(a, b) | Node::Xor(a, b) if live[i] => {
                live[a.node().0 as usize] = true;
                live[b.node().0 as usize] = true;
            }
            // The first result comes last here: by now every user of any result has been seen.
            Node::Result { call, index: 0 } => {
                let call = &block.calls[call as usize];
                let results = i..i + call.n_results as usize;
                if live[results.clone()].contains(&true) {
                    live[results].fill(true);
                    call.args.iter().for_each(|arg| live[arg.node().0 as usize] = true);
                }
            }
            _ => {}
        }
    }
    live
}

/// The blocks that the last one needs, callees renumbered.
fn reachable(mut blocks: Vec<Block>) -> Vec<Block> {
    let mut needed = vec![false; blocks.len()];
    for (i, block) in blocks.iter().enumerate().rev() {
        if i + 1 == blocks.len() || needed[i] {
            needed[i] = true;
            block.calls.iter().for_each(|call| needed[call.callee.0 as usize] = true);
        }
    }
    let mut new_ids = Vec::with_capacity(blocks.len());
    let mut n_kept = 0;
    for &kept in &needed {
        new_ids.push(BlockId(n_kept));
        n_kept += u32::from(kept);
    }
    let mut kept = needed.iter();
    blocks.retain(|_| kept.next() == Some(&true));
    for call in blocks.iter_mut().flat_map(|block| &mut block.calls) {
        call.callee = new_ids[call.callee.0 as usize];
    }
    blocks
}

#[cfg(test)]
mod tests;
