//! Where the evaluator's own computation ends: which of the values that it knows enter the shared part as inputs.
//!
//! What the evaluator knows and the shared part reads must get a label there: by an oblivious transfer; or from labels that are there
//! already, through an XOR for nothing, or through an AND for a row of 16 bytes. What is cheapest depends on how many transfers there are and on how
//! values are shared, so several cuts are made greedily, for different prices of a transfer, and the one that takes the fewest bytes is
//! kept. One of them enters the inputs alone, so no cut costs more than none.

use crate::build::live_nodes;
use crate::circuit::{Block, Node};
use crate::id::Wire;
use crate::knowledge::Knowledge;

use super::classify::Variant;

/// Bytes of an AND whose operands have labels and are known to the evaluator.
const ROW_BYTES: u64 = 16;

/// Prices of a transfer, in bytes, that cuts are made for.
const PRICES: [u64; 8] = [1, 3, 6, 10, 15, 24, 48, 96];

/// Fractions of a byte that prices are shared in.
const SCALE: u64 = 1 << 16;

/// How a value that the evaluator knows gets its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It needs none.
    None,
    /// By a transfer: it is an input of the shared part.
    Enters,
    /// By its gate or call in the shared part.
    Shared,
}

/// For every node of main how it gets its label; nodes that the evaluator does not compute by itself, in the shared part.
pub(super) fn choose(view: &View<'_>, transfer_bytes: &dyn Fn(u64) -> u64) -> Vec<Way> {
    let cuts = PRICES.iter().map(|&price| view.cut(price)).chain([view.inputs_alone()]);
    let cost = |ways: &Vec<Way>| {
        let (n_transfers, n_rows) = view.count(ways);
        let bytes = transfer_bytes(n_transfers).saturating_add(ROW_BYTES.saturating_mul(n_rows));
        (bytes, n_transfers, n_rows)
    };
    cuts.min_by_key(cost).expect("there are several cuts")
}

/// Main as the evaluator sees it.
pub(super) struct View<'a> {
    block: &'a Block,
    /// For each node, whether an output needs it.
    live: Vec<bool>,
    /// For each node, whether the evaluator can compute it from its inputs.
    own: Vec<bool>,
    /// For each node, how many gates and calls of its own computation read it; what no output needs does not count.
    n_readers: Vec<u32>,
    /// For each node of its own, whether the shared part or an output reads it.
    leaves: Vec<bool>,
    /// For each call, the rows that it takes in the shared part.
    call_rows: Vec<u64>,
}

impl<'a> View<'a> {
    /// `call_rows`: for each call of main, the rows that it takes in the shared part.
    pub(super) fn new(block: &'a Block, main: &Variant, call_rows: Vec<u64>) -> View<'a> {
        let (live, own) = (live_nodes(block), own_nodes(block, main));
        let (n_readers, leaves) = (vec![0; own.len()], vec![false; own.len()]);
        let mut view = View { block, live, own, n_readers, leaves, call_rows };
        view.look_at_readers();
        view
    }

    /// Whether the evaluator can compute a node by itself.
    pub(super) fn is_own(&self, node: usize) -> bool {
        self.own[node]
    }

    fn look_at_readers(&mut self) {
        let block = self.block;
        for (i, node) in block.nodes.iter().enumerate() {
            match *node {
                _ if !self.live[i] => {}
                Node::And(a, b) | Node::Xor(a, b) => self.read(self.own[i], &[a, b]),
                Node::Result { call, index: 0 } => self.read(self.own[i], &block.calls[call as usize].args),
                _ => {}
            }
        }
        self.read(false, &block.outputs);
    }

    fn read(&mut self, by_own: bool, wires: &[Wire]) {
        for wire in wires {
            let node = wire.node().0 as usize;
            self.n_readers[node] += u32::from(by_own);
            self.leaves[node] |= self.own[node] && !by_own;
        }
    }

    /// Everything in the shared part, from the inputs on.
    fn inputs_alone(&self) -> Vec<Way> {
        let mut needed = self.leaves.clone();
        for i in (0..needed.len()).rev().filter(|&i| self.own[i]) {
            match self.block.nodes[i] {
                Node::And(a, b) | Node::Xor(a, b) if needed[i] => mark(&mut needed, &[a, b]),
                Node::Result { call, index: 0 } => {
                    let call = &self.block.calls[call as usize];
                    let results = i..i + call.n_results as usize;
                    if needed[results.clone()].contains(&true) {
                        needed[results].fill(true);
                        mark(&mut needed, &call.args);
                    }
                }
                _ => {}
            }
        }
        self.ways(&needed, |i| !matches!(self.block.nodes[i], Node::Input))
    }

    /// The cut that is cheapest for this price of a transfer if every reader of a value bears its share; then what has become free of
    /// charge, because its operands have labels anyway, is made so.
    fn cut(&self, price: u64) -> Vec<Way> {
        let by_gate = self.gates_worth_their_price(price);
        let mut needed = self.leaves.clone();
        for i in (0..needed.len()).rev().filter(|&i| self.own[i]) {
            if let Some(operands) = self.gate(i).filter(|_| needed[i] && by_gate[i]) {
                mark(&mut needed, &operands);
            }
        }
        let has_label = |wire: Wire| needed[wire.node().0 as usize];
        let is_shared = |i: usize| match self.block.nodes[i] {
            Node::Xor(a, b) => has_label(a) && has_label(b),
            Node::And(a, b) => has_label(a) && has_label(b) && price >= ROW_BYTES,
            _ => false,
        };
        self.ways(&needed, is_shared)
    }

    /// Which nodes get their label more cheaply by their gate than by a transfer.
    fn gates_worth_their_price(&self, price: u64) -> Vec<bool> {
        let mut shares = vec![0u64; self.own.len()];
        let mut by_gate = vec![false; self.own.len()];
        for i in (0..self.own.len()).filter(|&i| self.own[i]) {
            let share = |wire: Wire| shares[wire.node().0 as usize];
            let of_gate = match self.block.nodes[i] {
                Node::Xor(a, b) => share(a).saturating_add(share(b)),
                Node::And(a, b) => share(a).saturating_add(share(b)).saturating_add(ROW_BYTES * SCALE),
                _ => u64::MAX,
            };
            by_gate[i] = of_gate <= price * SCALE;
            let n_shares = self.n_readers[i] + u32::from(self.leaves[i]);
            shares[i] = of_gate.min(price * SCALE) / u64::from(n_shares.max(1));
        }
        by_gate
    }

    fn ways(&self, needed: &[bool], is_shared: impl Fn(usize) -> bool) -> Vec<Way> {
        let way = |i: usize| match (self.own[i], needed[i]) {
            (false, _) if self.live[i] => Way::Shared,
            (false, _) => Way::None,
            (true, false) => Way::None,
            (true, true) if is_shared(i) => Way::Shared,
            (true, true) => Way::Enters,
        };
        (0..self.own.len()).map(way).collect()
    }

    /// Transfers, and rows of the evaluator's own gates and calls.
    fn count(&self, ways: &[Way]) -> (u64, u64) {
        let (mut n_transfers, mut n_rows) = (0u64, 0u64);
        for (i, way) in ways.iter().enumerate().filter(|&(i, _)| self.own[i]) {
            match (way, self.block.nodes[i]) {
                (Way::Enters, _) => n_transfers += 1,
                (Way::Shared, Node::And(..)) => n_rows = n_rows.saturating_add(1),
                (Way::Shared, Node::Result { call, index: 0 }) => {
                    n_rows = n_rows.saturating_add(self.call_rows[call as usize]);
                }
                _ => {}
            }
        }
        (n_transfers, n_rows)
    }

    fn gate(&self, node: usize) -> Option<[Wire; 2]> {
        match self.block.nodes[node] {
            Node::And(a, b) | Node::Xor(a, b) => Some([a, b]),
            _ => None,
        }
    }
}

fn mark(needed: &mut [bool], wires: &[Wire]) {
    for wire in wires {
        needed[wire.node().0 as usize] |= wire.as_constant().is_none();
    }
}

/// The nodes that the evaluator knows and that depend on no call of which it does not know all arguments.
fn own_nodes(block: &Block, main: &Variant) -> Vec<bool> {
    let mut own: Vec<bool> = Vec::with_capacity(block.nodes.len());
    let mut is_own_call = false;
    for (i, node) in block.nodes.iter().enumerate() {
        let of = |wire: Wire| own[wire.node().0 as usize];
        let is_own = match *node {
            Node::False => false,
            Node::Input => main.nodes[i] == Knowledge::Evaluator,
            Node::And(a, b) | Node::Xor(a, b) => of(a) && of(b),
            Node::Result { call, index } => {
                if index == 0 {
                    let args = &block.calls[call as usize].args;
                    is_own_call = args.iter().any(|&arg| of(arg))
                        && args.iter().all(|&arg| arg.as_constant().is_some() || of(arg));
                }
                is_own_call
            }
        };
        own.push(is_own);
    }
    own
}
