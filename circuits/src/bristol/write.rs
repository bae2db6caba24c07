//! The writer: circuit to text. Calls are expanded; complements become INV gates, one for each node that needs it.
//!
//! Outputs are the last wires and all different, so an output that is an input, a constant or a repetition gets a gate of
//! its own: EQW, EQ, or INV.

use std::fmt::Write;

use crate::circuit::{Block, Circuit, Node};
use crate::flatten::{TooManyGates, flatten};
use crate::id::{NodeId, Wire};
use crate::shape::Shape;

/// Gates in the largest file that [`write()`] makes: several gigabytes.
pub const GATES_MAX: u64 = 1 << 27;

/// Why a circuit has no Bristol file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// With its calls expanded it is too large.
    #[error(transparent)]
    TooManyGates(#[from] TooManyGates),
}

/// The Bristol Fashion file of a verified circuit; reading it gives the circuit back, but for names and types of ports.
///
/// # Errors
/// If the circuit, with its calls expanded, has more than [`GATES_MAX`] gates.
pub fn write(circuit: &Circuit) -> Result<String, WriteError> {
    let flat = flatten(circuit, GATES_MAX)?;
    let gates = Gates::of(flat.main());
    let n_wires = gates.next as usize + flat.main().outputs.len();
    let mut text = format!("{} {n_wires}\n", gates.n_gates);
    push_widths(&mut text, circuit.inputs.iter().map(|port| &port.shape));
    push_widths(&mut text, circuit.outputs.iter().map(|port| &port.shape));
    text.push('\n');
    text.push_str(&gates.text);
    Ok(text)
}

fn push_widths<'a>(text: &mut String, shapes: impl ExactSizeIterator<Item = &'a Shape>) {
    push(text, format_args!("{}", shapes.len()));
    shapes.for_each(|shape| push(text, format_args!(" {}", shape.width())));
    text.push('\n');
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    text.write_fmt(part).expect("writing to a string does not fail");
}

/// A wire's number in the file, where it has none yet.
const UNNUMBERED: u32 = u32::MAX;

/// The gates' lines, and the number of each circuit wire (by [`Wire::to_bits`]) in the file.
struct Gates {
    text: String,
    n_gates: usize,
    /// The next number to give out.
    next: u32,
    numbers: Vec<u32>,
}

impl Gates {
    fn of(block: &Block) -> Gates {
        let (needed, n_inner) = needed_wires(block);
        let mut gates =
            Gates { text: String::new(), n_gates: 0, next: 0, numbers: vec![UNNUMBERED; 2 * block.nodes.len()] };
        for input in 0..block.n_inputs {
            gates.number(Wire::new(NodeId(input + 1), false));
        }
        let copies = gates.number_outputs(block, block.n_inputs + n_inner);
        for (node, kind) in block.nodes.iter().enumerate() {
            let wire = Wire::new(NodeId(node as u32), false);
            match *kind {
                Node::And(a, b) => gates.binary("AND", a, b, wire),
                Node::Xor(a, b) => gates.binary("XOR", a, b, wire),
                Node::False | Node::Input => {}
                Node::Result { .. } => unreachable!("a flat circuit has no calls"),
            }
            if needed[(!wire).to_bits() as usize] {
                gates.unary("INV", wire, !wire);
            }
        }
        copies.into_iter().for_each(|(wire, number)| gates.copy(wire, number));
        gates
    }

    /// Lets gates and complements drive output wires where they can; the other outputs are returned.
    fn number_outputs(&mut self, block: &Block, first: u32) -> Vec<(Wire, u32)> {
        let mut copies = Vec::new();
        for (&wire, number) in block.outputs.iter().zip(first..) {
            let slot = &mut self.numbers[wire.to_bits() as usize];
            if wire.as_constant().is_none() && *slot == UNNUMBERED {
                *slot = number;
            } else {
                copies.push((wire, number));
            }
        }
        copies
    }

    /// The wire's number; a new one if it has none.
    fn number(&mut self, wire: Wire) -> u32 {
        let number = &mut self.numbers[wire.to_bits() as usize];
        if *number == UNNUMBERED {
            *number = self.next;
            self.next += 1;
        }
        *number
    }

    fn binary(&mut self, gate: &str, a: Wire, b: Wire, result: Wire) {
        let [a, b, result] = [a, b, result].map(|wire| self.number(wire));
        self.line(format_args!("2 1 {a} {b} {result} {gate}"));
    }

    fn unary(&mut self, gate: &str, a: Wire, result: Wire) {
        let [a, result] = [a, result].map(|wire| self.number(wire));
        self.line(format_args!("1 1 {a} {result} {gate}"));
    }

    fn copy(&mut self, wire: Wire, number: u32) {
        match wire.as_constant() {
            Some(bit) => self.line(format_args!("1 1 {} {number} EQ", u8::from(bit))),
            None => {
                let from = self.number(wire);
                self.line(format_args!("1 1 {from} {number} EQW"));
            }
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        push(&mut self.text, line);
        self.text.push('\n');
        self.n_gates += 1;
    }
}

/// Which wires the file has besides inputs (by [`Wire::to_bits`]): every gate, and every complement that is read. And how
/// many of them drive no output wire.
fn needed_wires(block: &Block) -> (Vec<bool>, u32) {
    let mut needed = vec![false; 2 * block.nodes.len()];
    for (node, kind) in block.nodes.iter().enumerate() {
        if let Node::And(a, b) | Node::Xor(a, b) = *kind {
            needed[2 * node] = true;
            [a, b].iter().filter(|wire| wire.is_complemented()).for_each(|wire| needed[wire.to_bits() as usize] = true);
        }
    }
    for wire in block.outputs.iter().filter(|wire| wire.is_complemented() && wire.as_constant().is_none()) {
        needed[wire.to_bits() as usize] = true;
    }
    let mut inner = needed.clone();
    block.outputs.iter().for_each(|wire| inner[wire.to_bits() as usize] = false);
    (needed, inner.into_iter().filter(|&inner| inner).count() as u32)
}
