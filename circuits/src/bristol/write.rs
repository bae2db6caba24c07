//! The writer: circuit to text. Calls are expanded; complements become INV gates, one for each node that needs it.
//!
//! Outputs are the last wires and all different, so an output that is an input, a constant or a repetition gets a gate of
//! its own: EQW, EQ, or INV. The old format lacks the first two; there a wire that is 0, the XOR of an input with itself, and one more XOR or
//! INV take their place.

use std::borrow::Cow;
use std::fmt::Write;

use crate::circuit::{Block, Circuit, InputPort, Node};
use crate::flatten::{TooManyGates, flatten};
use crate::id::{NodeId, PartyId, Wire};
use crate::reorder::with_ports_in_order;
use crate::shape::Shape;

/// Gates in the largest file that [`write()`] makes: several gigabytes.
pub const GATES_MAX: u64 = 1 << 27;

/// Why a circuit has no Bristol file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// With its calls expanded it is too large.
    #[error(transparent)]
    TooManyGates(#[from] TooManyGates),
    /// It is to be in the old format.
    #[error("the old Bristol format has no constants, and the circuit has outputs but no inputs")]
    NoInputs,
}

/// The formats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Fashion,
    Old,
}

/// The Bristol Fashion file of a verified circuit; reading it gives the circuit back, but for names and types of ports.
///
/// # Errors
/// If the circuit, with its calls expanded, has more than [`GATES_MAX`] gates.
pub fn write(circuit: &Circuit) -> Result<String, WriteError> {
    let (header, gates) = gates(circuit, Format::Fashion)?;
    let mut text = header;
    push_widths(&mut text, circuit.inputs.iter().map(|port| &port.shape));
    push_widths(&mut text, circuit.outputs.iter().map(|port| &port.shape));
    text.push('\n');
    text.push_str(&gates);
    Ok(text)
}

/// The file of a verified circuit in the old Bristol format. The order of its inputs is that of [`in_old_order`].
///
/// # Errors
/// If the circuit, with its calls expanded, has more than [`GATES_MAX`] gates, or has only constants.
pub fn write_old(circuit: &Circuit) -> Result<String, WriteError> {
    let circuit = in_old_order(circuit);
    let (header, gates) = gates(&circuit, Format::Old)?;
    let bits = |is_first: bool| -> u64 {
        circuit.inputs.iter().filter(|port| (port.party == PartyId(0)) == is_first).map(|port| port.shape.width()).sum()
    };
    let outputs = circuit.main().outputs.len();
    Ok(format!("{header}{} {} {outputs}\n\n{gates}", bits(true), bits(false)))
}

/// The circuit with the inputs of the first party before those of others.
#[must_use]
pub fn in_old_order(circuit: &Circuit) -> Cow<'_, Circuit> {
    let is_first = |port: &InputPort| port.party == PartyId(0);
    if circuit.inputs.is_sorted_by_key(|port| !is_first(port)) {
        return Cow::Borrowed(circuit);
    }
    let mut order: Vec<usize> = (0..circuit.inputs.len()).collect();
    order.sort_by_key(|&i| !is_first(&circuit.inputs[i]));
    Cow::Owned(with_ports_in_order(circuit, &order, &(0..circuit.outputs.len()).collect::<Vec<_>>()))
}

/// The first line of the file, and those of the gates.
fn gates(circuit: &Circuit, format: Format) -> Result<(String, String), WriteError> {
    let flat = flatten(circuit, GATES_MAX)?;
    let main = flat.main();
    if format == Format::Old && main.n_inputs == 0 && !main.outputs.is_empty() {
        return Err(WriteError::NoInputs);
    }
    let gates = Gates::of(main, format);
    let n_wires = gates.next as usize + main.outputs.len();
    Ok((format!("{} {n_wires}\n", gates.n_gates), gates.text))
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
    /// The number of the wire that is 0, in the old format and only if something needs it.
    zero: Option<u32>,
}

impl Gates {
    fn of(block: &Block, format: Format) -> Gates {
        let (needed, n_inner) = needed_wires(block);
        let numbers = vec![UNNUMBERED; 2 * block.nodes.len()];
        let mut gates = Gates { text: String::new(), n_gates: 0, next: 0, numbers, zero: None };
        for input in 0..block.n_inputs {
            gates.number(Wire::new(NodeId(input + 1), false));
        }
        let copies = gates.number_outputs(block, block.n_inputs + n_inner, format);
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

    /// Lets gates and complements drive output wires where they can; the other outputs are returned. The first output has number
    /// `first`, or the one after it where there has to be a wire that is 0.
    fn number_outputs(&mut self, block: &Block, first: u32, format: Format) -> Vec<(Wire, u32)> {
        let is_copy: Vec<bool> = block
            .outputs
            .iter()
            .map(|&wire| {
                let slot = &mut self.numbers[wire.to_bits() as usize];
                let is_copy = wire.as_constant().is_some() || *slot != UNNUMBERED;
                *slot = if is_copy { *slot } else { first };
                is_copy
            })
            .collect();
        let needs_zero = format == Format::Old && is_copy.contains(&true);
        if needs_zero {
            let zero = self.next;
            self.line(format_args!("2 1 0 0 {zero} XOR"));
            (self.zero, self.next) = (Some(zero), zero + 1);
        }
        let mut copies = Vec::new();
        for ((&wire, is_copy), number) in block.outputs.iter().zip(is_copy).zip(first + u32::from(needs_zero)..) {
            match is_copy {
                true => copies.push((wire, number)),
                false => self.numbers[wire.to_bits() as usize] = number,
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
        match (wire.as_constant(), self.zero) {
            (Some(bit), None) => self.line(format_args!("1 1 {} {number} EQ", u8::from(bit))),
            (Some(true), Some(zero)) => self.line(format_args!("1 1 {zero} {number} INV")),
            (Some(false), Some(zero)) => self.line(format_args!("2 1 {zero} {zero} {number} XOR")),
            (None, zero) => {
                let from = self.number(wire);
                match zero {
                    None => self.line(format_args!("1 1 {from} {number} EQW")),
                    Some(zero) => self.line(format_args!("2 1 {from} {zero} {number} XOR")),
                }
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
