//! Party-aware compilation: what one party's inputs determine, that party computes by itself.
//!
//! [`split`] takes a circuit of two parties and who is to garble, and divides it:
//!
//! * The **evaluator's own part** is a circuit from its inputs to the bits that it *enters*: they get labels by oblivious transfer, in place
//!   of its inputs (`cut` chooses them). Whole calls belong to it where the evaluator knows all arguments.
//! * The **shared part** is everything else. Its inputs are the garbler's, then what the evaluator enters. It says for every node who knows
//!   it ([`mod@classify`]); [`Knowledge`] decides what an AND costs. What the garbler knows stays in the shared part, where it costs
//!   no rows and no labels: the garbler's zero label of a bit that it knows is that bit times Δ, the evaluator's label is zero.
//!
//! ANDs that the evaluator knows and that lie in blocks which others' values enter too are not taken out, but cost one row in place of
//! two: otherwise a loop of many iterations would need an input for each.
//!
//! # Security
//! Semi-honest only: the parties enter what they say that they have computed. See `SECURITY.md`.

pub mod classify;
mod cut;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::build::{Blocks, Builder, CallSpec, TooLarge, live_nodes};
use crate::circuit::{Block, Circuit, InputPort, Node, OutputPort};
use crate::id::{BlockId, NodeId, Origin, PartyId, Wire};
use crate::knowledge::{AndPrice, Knowledge, Known};
use crate::shape::Shape;
use crate::stats;

use self::classify::{Variant, classify};
use self::cut::{ROW_BYTES, View, Way};

/// A circuit, divided between what the evaluator computes by itself and what both compute together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Who garbles.
    pub garbler: PartyId,
    /// From the evaluator's inputs to the bits that it enters.
    pub own: Circuit,
    /// From the garbler's inputs and those bits to the outputs.
    pub shared: Circuit,
    /// The shared blocks, each for the ways in which its inputs are known: callees before callers, the last is main.
    pub variants: Vec<Variant>,
    /// The inputs and outputs of the whole.
    ports: (Vec<InputPort>, Vec<OutputPort>),
}

/// ANDs executed, by what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Ands {
    /// Two rows each.
    pub full: u64,
    /// One row each: somebody knows an operand.
    pub half: u64,
    /// No rows: one party computes them by itself.
    pub local: u64,
}

impl Ands {
    /// Those that take part of the garbled tables.
    #[must_use]
    pub const fn garbled(self) -> u64 {
        self.full.saturating_add(self.half)
    }

    /// Bytes of garbled tables.
    #[must_use]
    pub const fn table_bytes(self) -> u64 {
        self.full.saturating_mul(32).saturating_add(self.half.saturating_mul(16))
    }

    /// `times` as many.
    #[must_use]
    pub const fn times(self, times: u64) -> Ands {
        Ands {
            full: self.full.saturating_mul(times),
            half: self.half.saturating_mul(times),
            local: self.local.saturating_mul(times),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Ands) -> Ands {
        Ands {
            full: self.full.saturating_add(other.full),
            half: self.half.saturating_add(other.half),
            local: self.local.saturating_add(other.local),
        }
    }

    fn count(&mut self, price: AndPrice) {
        match price {
            AndPrice::Full => self.full += 1,
            AndPrice::Known(Known::GarblerBoth) => self.local += 1,
            AndPrice::Known(_) => self.half += 1,
        }
    }
}

/// Divides a verified circuit of two parties, `garbler` being one of them.
///
/// `transfer_bytes` says how many bytes so many oblivious transfers take.
///
/// # Errors
/// If a part has more nodes than a block may have.
pub fn split(circuit: &Circuit, garbler: PartyId, transfer_bytes: &dyn Fn(u64) -> u64) -> Result<Split, TooLarge> {
    Draft::new(circuit, garbler, transfer_bytes).split()
}

/// How a circuit would be divided, and what it would cost; the parts are not made yet.
///
/// It costs exactly that, unless gates fold while parts are made: in a circuit from a [`Builder`] none do.
pub struct Draft<'a> {
    circuit: &'a Circuit,
    garbler: PartyId,
    /// For each node of main, whether the evaluator can compute it by itself.
    own: Vec<bool>,
    ways: Vec<Way>,
    n_entered: u64,
    table_bytes: u64,
}

impl<'a> Draft<'a> {
    /// For a verified circuit of two parties, `garbler` being one of them.
    ///
    /// `transfer_bytes` says how many bytes so many oblivious transfers take.
    #[must_use]
    pub fn new(circuit: &'a Circuit, garbler: PartyId, transfer_bytes: &dyn Fn(u64) -> u64) -> Draft<'a> {
        let inputs: Vec<Knowledge> = circuit.inputs.iter().flat_map(|port| knowledge_of(port, garbler)).collect();
        let variants = classify(&circuit.blocks, inputs);
        let main = variants.last().expect("a circuit has a main block");
        let rows = rows_of_calls(circuit, &variants);
        let view = View::new(circuit.main(), main, rows);
        let cut = cut::choose(&view, transfer_bytes);
        let rows = view.rows_of_others(main).saturating_add(cut.n_rows);
        let table_bytes = rows.saturating_mul(ROW_BYTES);
        Draft { circuit, garbler, own: view.into_own(), ways: cut.ways, n_entered: cut.n_transfers, table_bytes }
    }

    /// Who garbles.
    #[must_use]
    pub fn garbler(&self) -> PartyId {
        self.garbler
    }

    /// Bits that the evaluator enters.
    #[must_use]
    pub fn n_entered(&self) -> u64 {
        self.n_entered
    }

    /// Bytes of garbled tables.
    #[must_use]
    pub fn table_bytes(&self) -> u64 {
        self.table_bytes
    }

    /// Makes the parts.
    ///
    /// # Errors
    /// If a part has more nodes than a block may have.
    pub fn split(self) -> Result<Split, TooLarge> {
        let (circuit, garbler) = (self.circuit, self.garbler);
        let (own, shared) = (self.own_part()?, self.shared_part()?);
        let inputs = shared.inputs.iter().flat_map(|port| knowledge_of(port, garbler)).collect();
        let variants = classify(&shared.blocks, inputs);
        Ok(Split { garbler, own, shared, variants, ports: (circuit.inputs.clone(), circuit.outputs.clone()) })
    }

    /// The evaluator's own part: from its inputs to what it enters.
    fn own_part(&self) -> Result<Circuit, TooLarge> {
        let circuit = self.circuit;
        let inputs: Vec<InputPort> = circuit.inputs.iter().filter(|port| port.party != self.garbler).cloned().collect();
        let n_inputs: usize = inputs.iter().map(width).sum();
        let mut copy = Copier::new(circuit, n_inputs as u32);
        let mut own_inputs = copy.builder.inputs().into_iter();
        let mut entered = Vec::new();
        for (i, way) in self.ways.iter().enumerate() {
            let wire = match circuit.main().nodes[i] {
                Node::False => Wire::FALSE,
                Node::Input if self.own[i] => own_inputs.next().expect("the evaluator's inputs are its own"),
                _ if self.own[i] => copy.node(i)?,
                _ => NOT_COPIED,
            };
            copy.wires.push(wire);
            if *way == Way::Enters {
                entered.push(wire);
            }
        }
        let port = OutputPort { name: String::new(), recipients: vec![], shape: bits(entered.len()) };
        copy.finish(entered, inputs, vec![port])
    }

    /// The shared part: from the garbler's inputs and what the evaluator enters to the outputs.
    fn shared_part(&self) -> Result<Circuit, TooLarge> {
        let (circuit, garbler) = (self.circuit, self.garbler);
        let mut inputs: Vec<InputPort> = circuit.inputs.iter().filter(|port| port.party == garbler).cloned().collect();
        let n_known: usize = inputs.iter().map(width).sum();
        let n_entered = self.n_entered as usize;
        let mut parties = circuit.parties.iter().enumerate().map(|(i, _)| PartyId(i as u32));
        if let Some(party) = parties.find(|&id| id != garbler) {
            inputs.push(InputPort { name: String::new(), party, shape: bits(n_entered) });
        }
        let mut copy = Copier::new(circuit, (n_known + n_entered) as u32);
        let all_inputs = copy.builder.inputs();
        let (known, entered) = all_inputs.split_at(n_known);
        let (mut known, mut entered) = (known.iter().copied(), entered.iter().copied());
        for (i, way) in self.ways.iter().enumerate() {
            let wire = match (way, circuit.main().nodes[i]) {
                (Way::None, _) => NOT_COPIED,
                (Way::Enters, _) => entered.next().expect("there is an input for everything that is entered"),
                (Way::Shared, Node::False) => Wire::FALSE,
                (Way::Shared, Node::Input) if !self.own[i] => known.next().expect("the other inputs are the garbler's"),
                (Way::Shared, _) => copy.node(i)?,
            };
            copy.wires.push(wire);
        }
        let outputs = circuit.main().outputs.iter().map(|&wire| copy.wire(wire)).collect();
        copy.finish(outputs, inputs, circuit.outputs.clone())
    }
}

impl Split {
    /// The inputs of the whole, as the parties give them.
    #[must_use]
    pub fn inputs(&self) -> &[InputPort] {
        &self.ports.0
    }

    /// The outputs of the whole.
    #[must_use]
    pub fn outputs(&self) -> &[OutputPort] {
        &self.ports.1
    }

    /// Bits that the evaluator enters: so many oblivious transfers are made.
    #[must_use]
    pub fn n_entered(&self) -> u64 {
        self.own.main().outputs.len() as u64
    }

    /// ANDs executed.
    #[must_use]
    pub fn ands(&self) -> Ands {
        self.ands_by_origin().into_values().fold(Ands::default(), Ands::plus)
    }

    /// ANDs executed, by what caused them.
    #[must_use]
    pub fn ands_by_origin(&self) -> BTreeMap<Origin, Ands> {
        let mut ands: BTreeMap<Origin, Ands> = BTreeMap::new();
        for (variant, times) in self.variants.iter().zip(runs(&self.shared, &self.variants)) {
            let block = &self.shared.blocks[variant.block.0 as usize];
            for (origin, price) in prices(block, variant) {
                let mut one = Ands::default();
                one.count(price);
                let sum = ands.entry(origin).or_default();
                *sum = sum.plus(one.times(times));
            }
        }
        for (origin, n) in stats::stats(&self.own).ands_by_origin {
            let sum = ands.entry(origin).or_default();
            *sum = sum.plus(Ands { local: u64::try_from(n).unwrap_or(u64::MAX), ..Ands::default() });
        }
        ands
    }
}

fn knowledge_of(port: &InputPort, garbler: PartyId) -> impl Iterator<Item = Knowledge> + use<> {
    let knowledge = if port.party == garbler { Knowledge::Garbler } else { Knowledge::Evaluator };
    std::iter::repeat_n(knowledge, width(port))
}

fn width(port: &InputPort) -> usize {
    port.shape.width() as usize
}

/// The ANDs of a block that its outputs need, and their prices.
fn prices(block: &Block, variant: &Variant) -> impl Iterator<Item = (Origin, AndPrice)> {
    let live = live_nodes(block);
    block.nodes.iter().zip(&block.origins).zip(live).filter_map(|((node, &origin), live)| match *node {
        Node::And(a, b) if live => Some((origin, AndPrice::of(variant.of(a), variant.of(b)))),
        _ => None,
    })
}

/// How often a block makes each of its calls: not at all where its outputs need no result.
fn counts_of_calls(block: &Block) -> Vec<u64> {
    let mut counts = vec![0; block.calls.len()];
    if counts.is_empty() {
        return counts;
    }
    for (node, live) in block.nodes.iter().zip(live_nodes(block)) {
        if let Node::Result { call, index: 0 } = *node
            && live
        {
            counts[call as usize] = block.calls[call as usize].count;
        }
    }
    counts
}

/// How often each variant runs.
fn runs(circuit: &Circuit, variants: &[Variant]) -> Vec<u64> {
    let mut runs = vec![0u64; variants.len()];
    if let Some(main) = runs.last_mut() {
        *main = 1;
    }
    for (i, variant) in variants.iter().enumerate().rev() {
        let counts = counts_of_calls(&circuit.blocks[variant.block.0 as usize]);
        for (count, &callee) in counts.into_iter().zip(&variant.callees) {
            runs[callee] = runs[callee].saturating_add(runs[i].saturating_mul(count));
        }
    }
    runs
}

/// For each call of main, the rows that it takes.
fn rows_of_calls(circuit: &Circuit, variants: &[Variant]) -> Vec<u64> {
    let mut ands: Vec<Ands> = Vec::with_capacity(variants.len());
    for variant in variants {
        let block = &circuit.blocks[variant.block.0 as usize];
        let of_calls = counts_of_calls(block).into_iter().zip(&variant.callees);
        let of_calls = of_calls.map(|(count, &callee): (u64, &usize)| ands[callee].times(count));
        if ands.len() + 1 == variants.len() {
            return of_calls.map(|ands| ands.table_bytes() / ROW_BYTES).collect();
        }
        let mut total = of_calls.fold(Ands::default(), Ands::plus);
        prices(block, variant).for_each(|(_, price)| total.count(price));
        ands.push(total);
    }
    Vec::new()
}

fn bits(n: usize) -> Shape {
    Shape::Array { element: Box::new(Shape::Bool), len: n as u64 }
}

/// The complement of the last node that a block could have, and none has: no memory holds so many.
const NOT_COPIED: Wire = Wire::from_bits(u32::MAX);

/// Copies some of main's nodes to a new main.
struct Copier<'a> {
    circuit: &'a Circuit,
    callees: Blocks,
    builder: Builder,
    /// For each node so far, where it is; [`NOT_COPIED`] for nodes that are not copied.
    wires: Vec<Wire>,
    /// The results of the last call that was copied, and which it was.
    results: (Option<u32>, Vec<Wire>),
}

impl Copier<'_> {
    fn new(circuit: &Circuit, n_inputs: u32) -> Copier<'_> {
        let main = circuit.main();
        let mut callees = Blocks::new();
        let n_callees = circuit.blocks.len() - 1;
        circuit.blocks[..n_callees].iter().for_each(|block| {
            callees.add(block.clone());
        });
        Copier {
            circuit,
            callees,
            builder: Builder::new(main.name.clone(), n_inputs).with_capacity(main.nodes.len()),
            wires: Vec::with_capacity(main.nodes.len()),
            results: (None, Vec::new()),
        }
    }

    fn wire(&self, wire: Wire) -> Wire {
        let NodeId(node) = wire.node();
        let there = self.wires[node as usize];
        assert!(there != NOT_COPIED, "a part has what it reads");
        there ^ wire.is_complemented()
    }

    /// Copies a gate or a result.
    fn node(&mut self, i: usize) -> Result<Wire, TooLarge> {
        let main = self.circuit.main();
        self.builder.set_origin(main.origins[i]);
        match main.nodes[i] {
            gate @ (Node::And(a, b) | Node::Xor(a, b)) => Ok(self.builder.copy(gate, self.wire(a), self.wire(b))),
            Node::Result { call, index } => {
                if self.results.0 != Some(call) {
                    let results = self.call(call as usize)?;
                    self.results = (Some(call), results);
                }
                Ok(self.results.1[index as usize])
            }
            Node::False | Node::Input => unreachable!("constants and inputs are not copied"),
        }
    }

    fn call(&mut self, call: usize) -> Result<Vec<Wire>, TooLarge> {
        let call = &self.circuit.main().calls[call];
        let args = call.args.iter().map(|&arg| self.wire(arg)).collect();
        let (callee, count): (BlockId, u64) = (call.callee, call.count);
        let spec = CallSpec { callee, count, n_state: call.n_state, n_shared: call.n_shared };
        self.builder.call(&self.callees, spec, args)
    }

    fn finish(
        self,
        outputs: Vec<Wire>,
        inputs: Vec<InputPort>,
        output_ports: Vec<OutputPort>,
    ) -> Result<Circuit, TooLarge> {
        let main = self.builder.finish(outputs)?;
        Ok(self.callees.into_circuit(main, self.circuit.parties.clone(), inputs, output_ports))
    }
}
