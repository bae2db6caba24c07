//! Where the evaluator's own computation ends: which of the values that it knows enter the shared part as inputs.
//!
//! What the evaluator knows and the shared part reads must get a label there: by an oblivious transfer; or from labels that are there
//! already, through an XOR for nothing, or through an AND for a row of 16 bytes. What is cheapest depends on how many transfers there are and on how
//! values are shared, so several cuts are made greedily, for different prices of a transfer, and the one that takes the fewest bytes is
//! kept. One of them enters the inputs alone, so no cut costs more than none.

use std::ops::Range;

use crate::build::live_nodes;
use crate::circuit::{Block, Node};
use crate::id::Wire;
use crate::knowledge::{AndPrice, Knowledge};

use super::classify::Variant;

/// Bytes of an AND whose operands have labels and are known to the evaluator.
pub(super) const ROW_BYTES: u64 = 16;

/// Prices of a transfer, in bytes, that cuts are made for, all at once.
const PRICES: [u32; N_PRICES] = [1, 3, 6, 10, 15, 24, 48, 96];
const N_PRICES: usize = 8;

/// A cut of each price, as a bit.
type Cuts = u8;

/// Those for which an AND that has become free but for its row is worth it.
const CUTS_OF_ROWS: Cuts = 0b1110_0000;

/// Fractions of a byte that prices are shared in.
const SCALE: u32 = 1 << 16;

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

/// The cut that was chosen.
pub(super) struct Cut {
    /// For every node of main how it gets its label; nodes that the evaluator does not compute by itself, in the shared part.
    pub(super) ways: Vec<Way>,
    pub(super) n_transfers: u64,
    /// Rows of gates and calls that the evaluator could have computed by itself.
    pub(super) n_rows: u64,
}

/// The cut that takes the fewest bytes.
pub(super) fn choose(view: &View<'_>, transfer_bytes: &dyn Fn(u64) -> u64) -> Cut {
    let graph = Own::new(view);
    let needed = graph.needed_in_cuts();
    let (alone, count_alone) = graph.inputs_alone();
    let cuts = graph.count(&needed).into_iter().zip(0..).map(|(count, i)| (count, Some(i)));
    let cost = |((n_transfers, n_rows), _): &((u64, u64), _)| {
        let bytes = transfer_bytes(*n_transfers).saturating_add(ROW_BYTES.saturating_mul(*n_rows));
        (bytes, *n_transfers, *n_rows)
    };
    let ((n_transfers, n_rows), cut) =
        cuts.chain([(count_alone, None)]).min_by_key(cost).expect("there are several cuts");
    let ways = match cut {
        Some(cut) => view.ways(&graph, |i| graph.way(&needed, i, cut)),
        None => view.ways(&graph, |i| graph.way_alone(&alone, i)),
    };
    Cut { ways, n_transfers, n_rows }
}

/// Main as the evaluator sees it.
pub(super) struct View<'a> {
    block: &'a Block,
    /// For each node, whether an output needs it.
    live: Vec<bool>,
    /// For each node, whether the evaluator can compute it from its inputs.
    own: Vec<bool>,
    /// For each call, the rows that it takes in the shared part.
    call_rows: Vec<u64>,
}

impl<'a> View<'a> {
    /// `call_rows`: for each call of main, the rows that it takes in the shared part.
    pub(super) fn new(block: &'a Block, main: &Variant, call_rows: Vec<u64>) -> View<'a> {
        View { block, live: live_nodes(block), own: own_nodes(block, main), call_rows }
    }

    /// For each node, whether the evaluator can compute it by itself.
    pub(super) fn into_own(self) -> Vec<bool> {
        self.own
    }

    /// Rows of what the evaluator cannot compute by itself.
    pub(super) fn rows_of_others(&self, main: &Variant) -> u64 {
        let rows = |(i, node): (usize, &Node)| match *node {
            _ if self.own[i] || !self.live[i] => 0,
            Node::And(a, b) => match AndPrice::of(main.of(a), main.of(b)) {
                AndPrice::Full => 2,
                AndPrice::Known(known) => u64::from(known.rows()),
            },
            Node::Result { call, index: 0 } => self.call_rows[call as usize],
            _ => 0,
        };
        self.block.nodes.iter().enumerate().map(rows).fold(0, u64::saturating_add)
    }

    fn ways(&self, graph: &Own, mut of_own: impl FnMut(usize) -> Way) -> Vec<Way> {
        let mut own = 0..graph.gates.len();
        let way = |i: usize| match (self.own[i], self.live[i]) {
            (true, _) => own.next().map_or(Way::None, &mut of_own),
            (false, true) => Way::Shared,
            (false, false) => Way::None,
        };
        (0..self.own.len()).map(way).collect()
    }
}

/// What the evaluator can compute by itself, with numbers of its own.
struct Own {
    gates: Vec<Gate>,
    /// How many gates and calls of the evaluator's own computation read each; what no output needs does not count.
    n_readers: Vec<u32>,
    /// Whether the shared part or an output reads it.
    leaves: Vec<bool>,
    calls: Vec<OwnCall>,
}

/// A call of which the evaluator knows all arguments.
struct OwnCall {
    /// Its rows in the shared part.
    rows: u64,
    args: Vec<u32>,
    results: Range<usize>,
}

/// How one of the evaluator's own values comes about.
#[derive(Clone, Copy)]
enum Gate {
    Input,
    And(u32, u32),
    Xor(u32, u32),
    /// Of an own call.
    Result,
}

impl Own {
    fn new(view: &View<'_>) -> Own {
        let (block, own) = (view.block, &view.own);
        let n_own = own.iter().filter(|own| **own).count();
        let mut numbers = vec![0; own.len()];
        let mut graph = Own {
            gates: Vec::with_capacity(n_own),
            n_readers: vec![0; n_own],
            leaves: vec![false; n_own],
            calls: Vec::new(),
        };
        for (i, node) in block.nodes.iter().enumerate() {
            match *node {
                _ if !view.live[i] => {}
                Node::And(a, b) | Node::Xor(a, b) => graph.read(view, own[i], &[a, b], &numbers),
                Node::Result { call, index: 0 } => {
                    graph.read(view, own[i], &block.calls[call as usize].args, &numbers);
                }
                _ => {}
            }
            if own[i] {
                numbers[i] = graph.gates.len() as u32;
                graph.add(view, *node, &numbers);
            }
        }
        graph.read(view, false, &block.outputs, &numbers);
        graph
    }

    fn add(&mut self, view: &View<'_>, node: Node, numbers: &[u32]) {
        let number = |wire: Wire| numbers[wire.node().0 as usize];
        let n_gates = self.gates.len();
        self.gates.push(match node {
            Node::And(a, b) => Gate::And(number(a), number(b)),
            Node::Xor(a, b) => Gate::Xor(number(a), number(b)),
            Node::Result { call, index } => {
                if index == 0 {
                    let (call, rows) = (&view.block.calls[call as usize], view.call_rows[call as usize]);
                    let args = call.args.iter().filter(|arg| arg.as_constant().is_none());
                    let results = n_gates..n_gates + call.n_results as usize;
                    self.calls.push(OwnCall { rows, args: args.map(|&arg| number(arg)).collect(), results });
                }
                Gate::Result
            }
            Node::Input | Node::False => Gate::Input,
        });
    }

    fn read(&mut self, view: &View<'_>, by_own: bool, wires: &[Wire], numbers: &[u32]) {
        for wire in wires.iter().filter(|wire| view.own[wire.node().0 as usize]) {
            let number = numbers[wire.node().0 as usize] as usize;
            self.n_readers[number] += u32::from(by_own);
            self.leaves[number] |= !by_own;
        }
    }

    /// For each value, the cuts in which it needs a label: for each price of a transfer the one that is cheapest if every reader of a value
    /// bears its share.
    fn needed_in_cuts(&self) -> Vec<Cuts> {
        let by_gate = self.gates_worth_their_price();
        let mut needed: Vec<Cuts> = self.leaves.iter().map(|&leaf| if leaf { Cuts::MAX } else { 0 }).collect();
        for (i, gate) in self.gates.iter().enumerate().rev() {
            if let Gate::And(a, b) | Gate::Xor(a, b) = *gate {
                let by_gate = needed[i] & by_gate[i];
                needed[a as usize] |= by_gate;
                needed[b as usize] |= by_gate;
            }
        }
        needed
    }

    /// For which prices values get their label more cheaply by their gate than by a transfer.
    fn gates_worth_their_price(&self) -> Vec<Cuts> {
        // At most the price of a transfer each, so that sums of two and a row do not overflow.
        let mut shares = vec![[0u32; N_PRICES]; self.gates.len()];
        let mut by_gate = vec![0; self.gates.len()];
        for (i, gate) in self.gates.iter().enumerate() {
            let of_gate = match *gate {
                Gate::Xor(a, b) => sum(&shares[a as usize], &shares[b as usize], 0),
                Gate::And(a, b) => sum(&shares[a as usize], &shares[b as usize], ROW_BYTES as u32 * SCALE),
                Gate::Input | Gate::Result => [u32::MAX; N_PRICES],
            };
            let n_shares = (self.n_readers[i] + u32::from(self.leaves[i])).max(1);
            for (cut, (of_gate, price)) in of_gate.into_iter().zip(PRICES).enumerate() {
                by_gate[i] |= Cuts::from(of_gate <= price * SCALE) << cut;
                shares[i][cut] = of_gate.min(price * SCALE) / n_shares;
            }
        }
        by_gate
    }

    /// In which cuts a value that needs a label gets it by its gate: where its operands have labels anyway.
    fn shared(&self, needed: &[Cuts], i: usize) -> Cuts {
        let both = |a: u32, b: u32| needed[i] & needed[a as usize] & needed[b as usize];
        match self.gates[i] {
            Gate::Xor(a, b) => both(a, b),
            Gate::And(a, b) => both(a, b) & CUTS_OF_ROWS,
            Gate::Input | Gate::Result => 0,
        }
    }

    /// For each cut, its transfers, and its rows.
    fn count(&self, needed: &[Cuts]) -> [(u64, u64); N_PRICES] {
        let mut counts = [(0, 0); N_PRICES];
        for (i, gate) in self.gates.iter().enumerate().filter(|&(i, _)| needed[i] != 0) {
            let shared = self.shared(needed, i);
            let rows = if matches!(gate, Gate::And(..)) { shared } else { 0 };
            for (cut, (n_transfers, n_rows)) in counts.iter_mut().enumerate() {
                *n_transfers += u64::from((needed[i] & !shared) >> cut & 1);
                *n_rows += u64::from(rows >> cut & 1);
            }
        }
        counts
    }

    fn way(&self, needed: &[Cuts], i: usize, cut: usize) -> Way {
        match (needed[i] >> cut & 1 == 1, self.shared(needed, i) >> cut & 1 == 1) {
            (false, _) => Way::None,
            (true, true) => Way::Shared,
            (true, false) => Way::Enters,
        }
    }

    /// Which values need labels where everything is in the shared part, from the inputs on, and the transfers and rows that this takes.
    fn inputs_alone(&self) -> (Vec<bool>, (u64, u64)) {
        let mut needed = self.leaves.clone();
        let (mut n_transfers, mut n_rows) = (0u64, 0u64);
        let mut calls = self.calls.iter().rev().peekable();
        for (i, gate) in self.gates.iter().enumerate().rev() {
            match *gate {
                Gate::And(a, b) | Gate::Xor(a, b) if needed[i] => {
                    n_rows = n_rows.saturating_add(u64::from(matches!(gate, Gate::And(..))));
                    needed[a as usize] = true;
                    needed[b as usize] = true;
                }
                Gate::Input => n_transfers += u64::from(needed[i]),
                Gate::Result => {
                    // All of a call's results are needed, or none.
                    if let Some(call) = calls.next_if(|call| call.results.start == i)
                        && needed[call.results.clone()].contains(&true)
                    {
                        needed[call.results.clone()].fill(true);
                        call.args.iter().for_each(|&arg| needed[arg as usize] = true);
                        n_rows = n_rows.saturating_add(call.rows);
                    }
                }
                _ => {}
            }
        }
        (needed, (n_transfers, n_rows))
    }

    fn way_alone(&self, needed: &[bool], i: usize) -> Way {
        match (needed[i], self.gates[i]) {
            (false, _) => Way::None,
            (true, Gate::Input) => Way::Enters,
            (true, _) => Way::Shared,
        }
    }
}

/// For each price, both shares and `more`.
fn sum(a: &[u32; N_PRICES], b: &[u32; N_PRICES], more: u32) -> [u32; N_PRICES] {
    std::array::from_fn(|cut| a[cut] + b[cut] + more)
}

/// The nodes that the evaluator knows and that depend on no call of which it does not know all arguments and all results that are read.
fn own_nodes(block: &Block, main: &Variant) -> Vec<bool> {
    let mut own: Vec<bool> = Vec::with_capacity(block.nodes.len());
    let is_read = if block.calls.is_empty() { Vec::new() } else { read_nodes(block) };
    let mut is_own_call = false;
    for (i, node) in block.nodes.iter().enumerate() {
        let of = |wire: Wire| own[wire.node().0 as usize];
        let is_own = match *node {
            Node::False => false,
            Node::Input => main.nodes[i] == Knowledge::Evaluator,
            Node::And(a, b) | Node::Xor(a, b) => of(a) && of(b),
            Node::Result { call, index } => {
                if index == 0 {
                    let call = &block.calls[call as usize];
                    let mut results = i..i + call.n_results as usize;
                    is_own_call = call.args.iter().any(|&arg| of(arg))
                        && call.args.iter().all(|&arg| arg.as_constant().is_some() || of(arg))
                        && results.all(|result| !is_read[result] || main.nodes[result] == Knowledge::Evaluator);
                }
                is_own_call
            }
        };
        own.push(is_own);
    }
    own
}

/// For each node, whether anything reads it.
fn read_nodes(block: &Block) -> Vec<bool> {
    let mut is_read = vec![false; block.nodes.len()];
    let mut read = |wire: &Wire| is_read[wire.node().0 as usize] = true;
    for node in &block.nodes {
        if let Node::And(a, b) | Node::Xor(a, b) = node {
            read(a);
            read(b);
        }
    }
    block.calls.iter().flat_map(|call| &call.args).chain(&block.outputs).for_each(read);
    is_read
}
