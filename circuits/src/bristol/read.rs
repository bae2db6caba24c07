//! The reader: text to circuit, one line at a time.

use nom::character::complete::{alphanumeric1, space0, space1, u64};
use nom::combinator::{all_consuming, opt};
use nom::multi::separated_list0;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use crate::build::{Blocks, Builder, TooLarge};
use crate::circuit::{Circuit, InputPort, OutputPort};
use crate::id::{PartyId, Wire};
use crate::shape::Shape;

/// Wires that a file may have beyond its length in bytes: inputs that no gate reads.
pub const SPARE_WIRES: u64 = 1 << 20;

/// Why a text is not a circuit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    /// The line, counted from 1; where something is missing, the last.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Problem {
    #[error("found {found}; expected {expected}")]
    Syntax { found: String, expected: &'static str },
    #[error("found gate `{0}`; expected XOR, AND, INV, EQ, EQW or MAND")]
    UnknownGate(String),
    #[error("{gate} with {found} numbers after the two counts; its counts ask for {expected}")]
    GateSize { gate: String, found: usize, expected: u64 },
    #[error("{gate} with {n_in} inputs and {n_out} outputs; expected {expected}")]
    GateShape { gate: String, n_in: u64, n_out: u64, expected: &'static str },
    #[error("EQ assigns {0}; expected 0 or 1")]
    NotABit(u64),
    #[error("wire {wire} does not exist: the header announces {n_wires} wires, 0 to {}", n_wires.saturating_sub(1))]
    NoSuchWire { wire: u64, n_wires: u64 },
    #[error("wire {0} is read before anything drives it; list the gates in the order of their evaluation")]
    NotDriven(u64),
    #[error("wire {0} is driven twice: by two gates, or by a gate and an input")]
    DrivenTwice(u64),
    #[error(
        "{found} wires are inputs or driven by gates; the header announces {expected}, and nothing drives wire {undriven}"
    )]
    WireCount { found: u64, expected: u64, undriven: u64 },
    #[error(
        "found three numbers and no line for outputs; expected the number of inputs and the width of each, or for the old format two widths \
         of inputs that together are the {n_undriven} wires that no gate drives, and a width of outputs"
    )]
    OldHeader { n_undriven: u64 },
    #[error("{found} gates; the header announces {expected}")]
    GateCount { found: u64, expected: u64 },
    #[error("the header announces {n_wires} wires, more than a file of {n_bytes} bytes can describe")]
    TooManyWires { n_wires: u64, n_bytes: usize },
    #[error("{what} of {found} bits in all; the circuit has only {n_wires} wires")]
    TooWide { what: &'static str, found: u64, n_wires: u64 },
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// The circuit that a Bristol file describes.
///
/// # Errors
/// If the text is not a Bristol file, with the line and what was found and expected there.
pub fn read(text: &str) -> Result<Circuit, ReadError> {
    // Some editors begin a text with a mark of its encoding.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Lines { lines: text.lines(), number: 0 };
    let mut header = Header::read(&mut lines, text.len())?;
    let mut reader = Reader::new(&header);
    let first_gate = header.first_gate.take();
    if let Some(line) = first_gate {
        reader.gate(&line).map_err(|problem| lines.error(problem))?;
    }
    while let Some(line) = lines.next_line()? {
        reader.gate(&line).map_err(|problem| lines.error(problem))?;
    }
    reader.finish(header).map_err(|problem| lines.error(problem))
}

/// A line that is not blank: numbers, and a gate's name if it ends in one.
struct Line<'a> {
    numbers: Vec<u64>,
    gate: Option<&'a str>,
}

fn line(input: &str) -> IResult<&str, Line<'_>> {
    let numbers = preceded(space0, separated_list0(space1, u64));
    let parts = (numbers, opt(preceded(space0, alphanumeric1)), space0);
    all_consuming(parts).map(|(numbers, gate, _)| Line { numbers, gate }).parse(input)
}

struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line that is not blank.
    fn next_line(&mut self) -> Result<Option<Line<'a>>, ReadError> {
        for text in self.lines.by_ref() {
            self.number += 1;
            if !text.trim().is_empty() {
                let expected = "numbers, and in a gate's line its name after them";
                return line(text).map(|(_, line)| Some(line)).map_err(|_| self.syntax(excerpt(text), expected));
            }
        }
        Ok(None)
    }

    fn header_line(&mut self, expected: &'static str) -> Result<Line<'a>, ReadError> {
        self.next_line()?.ok_or_else(|| self.syntax("the end of the file".into(), expected))
    }

    fn error(&self, problem: Problem) -> ReadError {
        ReadError { line: self.number.max(1), problem }
    }

    fn syntax(&self, found: String, expected: &'static str) -> ReadError {
        self.error(Problem::Syntax { found, expected })
    }
}

/// The start of a line, for messages.
fn excerpt(text: &str) -> String {
    let start: String = text.trim().chars().take(40).collect();
    format!("`{start}{}`", if start.len() < text.trim().len() { "…" } else { "" })
}

const COUNTS: &str = "the number of gates and the number of wires";
const INPUTS: &str = "the number of inputs, then the width of each";
const OUTPUTS: &str = "the number of outputs, then the width of each";

struct Header<'a> {
    n_gates: u64,
    n_wires: u64,
    inputs: Vec<u32>,
    /// None where the outputs are the last wires that no gate reads.
    outputs: Option<Vec<u32>>,
    /// The first line after the header, where the header ended without one of its own.
    first_gate: Option<Line<'a>>,
}

impl<'a> Header<'a> {
    fn read(lines: &mut Lines<'a>, n_bytes: usize) -> Result<Header<'a>, ReadError> {
        let Line { numbers, gate: None } = lines.header_line(COUNTS)? else {
            return Err(lines.syntax("a gate".into(), COUNTS));
        };
        let &[n_gates, n_wires] = &numbers[..] else {
            return Err(lines.syntax(format!("{} numbers", numbers.len()), COUNTS));
        };
        if n_wires > n_bytes as u64 + SPARE_WIRES || n_wires >= Wire::NODES_MAX as u64 {
            return Err(lines.error(Problem::TooManyWires { n_wires, n_bytes }));
        }
        let Line { numbers: second, gate: None } = lines.header_line(INPUTS)? else {
            return Err(lines.syntax("a gate".into(), INPUTS));
        };
        let second_line = lines.number;
        let third = lines.next_line()?;
        let widths = |numbers: &[u64], what, expected, line| {
            widths(numbers, what, expected, n_wires).map_err(|problem| ReadError { line, problem })
        };
        let header = |inputs, outputs, first_gate| Header { n_gates, n_wires, inputs, outputs, first_gate };
        match (third, &second[..]) {
            (Some(Line { numbers, gate: None }), _) => {
                let inputs = widths(&second, "inputs", INPUTS, second_line)?;
                let outputs = widths(&numbers, "outputs", OUTPUTS, lines.number)?;
                Ok(header(inputs, Some(outputs), None))
            }
            (first_gate, &[a, b, out]) if a.checked_add(b) == n_wires.checked_sub(n_gates) => {
                let inputs = if b == 0 { vec![1, a] } else { vec![2, a, b] };
                let inputs = widths(&inputs, "inputs", INPUTS, second_line)?;
                let outputs = widths(&[1, out], "outputs", OUTPUTS, second_line)?;
                Ok(header(inputs, Some(outputs), first_gate))
            }
            (_, &[n, ..]) if second.len() == 3 && n != 2 => {
                let n_undriven = n_wires.saturating_sub(n_gates);
                Err(ReadError { line: second_line, problem: Problem::OldHeader { n_undriven } })
            }
            (first_gate, _) => Ok(header(widths(&second, "inputs", INPUTS, second_line)?, None, first_gate)),
        }
    }
}

/// The widths after their number, which together are no more than the wires.
fn widths(numbers: &[u64], what: &'static str, expected: &'static str, n_wires: u64) -> Result<Vec<u32>, Problem> {
    let (&n, widths) = numbers.split_first().expect("a line that is not blank has a number or a gate");
    if n != widths.len() as u64 {
        return Err(Problem::Syntax { found: format!("{n}, then {} widths", widths.len()), expected });
    }
    let found = widths.iter().fold(0u64, |sum, &width| sum.saturating_add(width));
    if found > n_wires {
        return Err(Problem::TooWide { what, found, n_wires });
    }
    Ok(widths.iter().map(|&width| width as u32).collect())
}

/// What a wire carries that nothing drives yet.
const UNDRIVEN: Wire = Wire::from_bits(u32::MAX);

struct Reader {
    builder: Builder,
    /// For each wire of the file, what it carries.
    wires: Vec<Wire>,
    n_driven: u64,
    n_gates: u64,
    /// The last wire that a gate reads, plus 1.
    read_end: usize,
}

impl Reader {
    fn new(header: &Header) -> Reader {
        let n_inputs = header.inputs.iter().sum();
        let builder = Builder::new("main", n_inputs);
        let mut wires = builder.inputs();
        wires.resize(header.n_wires as usize, UNDRIVEN);
        Reader { builder, wires, n_driven: n_inputs.into(), n_gates: 0, read_end: 0 }
    }

    fn gate(&mut self, line: &Line) -> Result<(), Problem> {
        let expected = "a gate: its numbers of inputs and outputs, its wires, its name";
        let Some(name) = line.gate else {
            return Err(Problem::Syntax { found: "only numbers".into(), expected });
        };
        let &[n_in, n_out, ref wires @ ..] = &line.numbers[..] else {
            return Err(Problem::Syntax { found: format!("`{name}` without both counts"), expected });
        };
        let n_wires = n_in.saturating_add(n_out);
        if n_wires != wires.len() as u64 {
            return Err(Problem::GateSize { gate: name.into(), found: wires.len(), expected: n_wires });
        }
        self.n_gates += 1;
        let (operands, results) = wires.split_at(n_in as usize);
        match (name, operands, results) {
            ("XOR", &[a, b], &[c]) => {
                let value = (self.operand(a)?, self.operand(b)?);
                let value = self.builder.xor(value.0, value.1);
                self.drive(c, value)
            }
            ("AND", &[a, b], &[c]) => self.and(a, b, c),
            ("INV", &[a], &[c]) => self.operand(a).and_then(|value| self.drive(c, !value)),
            ("EQW", &[a], &[c]) => self.operand(a).and_then(|value| self.drive(c, value)),
            ("EQ", &[bit @ (0 | 1)], &[c]) => self.drive(c, Wire::constant(bit == 1)),
            ("EQ", &[other], &[_]) => Err(Problem::NotABit(other)),
            ("MAND", _, _) if n_in == n_out.saturating_mul(2) => self.mand(operands, results),
            _ => Err(misshapen(name, n_in, n_out)),
        }
    }

    fn mand(&mut self, operands: &[u64], results: &[u64]) -> Result<(), Problem> {
        let (left, right) = operands.split_at(results.len());
        let mut products = Vec::with_capacity(results.len());
        for (&a, &b) in left.iter().zip(right) {
            let (a, b) = (self.operand(a)?, self.operand(b)?);
            products.push(self.builder.and(a, b));
        }
        results.iter().zip(products).try_for_each(|(&c, product)| self.drive(c, product))
    }

    fn and(&mut self, a: u64, b: u64, c: u64) -> Result<(), Problem> {
        self.mand(&[a, b], &[c])
    }

    fn operand(&mut self, wire: u64) -> Result<Wire, Problem> {
        let value = *self.wire(wire)?;
        self.read_end = self.read_end.max(wire as usize + 1);
        if value == UNDRIVEN { Err(Problem::NotDriven(wire)) } else { Ok(value) }
    }

    fn drive(&mut self, wire: u64, value: Wire) -> Result<(), Problem> {
        let driven = self.wire(wire)?;
        if *driven != UNDRIVEN {
            return Err(Problem::DrivenTwice(wire));
        }
        *driven = value;
        self.n_driven += 1;
        Ok(())
    }

    fn wire(&mut self, wire: u64) -> Result<&mut Wire, Problem> {
        let n_wires = self.wires.len() as u64;
        self.wires.get_mut(wire as usize).ok_or(Problem::NoSuchWire { wire, n_wires })
    }

    fn finish(self, header: Header) -> Result<Circuit, Problem> {
        if self.n_gates != header.n_gates {
            return Err(Problem::GateCount { found: self.n_gates, expected: header.n_gates });
        }
        if self.n_driven != header.n_wires {
            let undriven = self.wires.iter().position(|&wire| wire == UNDRIVEN).unwrap_or(0) as u64;
            return Err(Problem::WireCount { found: self.n_driven, expected: header.n_wires, undriven });
        }
        let n_inputs: u32 = header.inputs.iter().sum();
        let unread = self.wires.len() - self.read_end.max(n_inputs as usize);
        let outputs = header.outputs.unwrap_or_else(|| vec![unread as u32]);
        let n_outputs: u32 = outputs.iter().sum();
        let main = self.builder.finish(self.wires[self.wires.len() - n_outputs as usize..].to_vec())?;
        let n_parties = header.inputs.len() as u32;
        let parties = (0..n_parties).map(|i| format!("p{i}")).collect();
        Ok(Blocks::new().into_circuit(main, parties, input_ports(&header.inputs), output_ports(&outputs, n_parties)))
    }
}

fn misshapen(name: &str, n_in: u64, n_out: u64) -> Problem {
    let expected = match name {
        "XOR" | "AND" => "2 and 1",
        "INV" | "EQ" | "EQW" => "1 and 1",
        "MAND" => "twice as many inputs as outputs",
        _ => return Problem::UnknownGate(name.into()),
    };
    Problem::GateShape { gate: name.into(), n_in, n_out, expected }
}

fn input_ports(widths: &[u32]) -> Vec<InputPort> {
    let port = |(i, &width): (usize, &u32)| InputPort {
        name: format!("in{i}"),
        party: PartyId(i as u32),
        shape: Shape::unsigned(width),
    };
    widths.iter().enumerate().map(port).collect()
}

fn output_ports(widths: &[u32], n_parties: u32) -> Vec<OutputPort> {
    let port = |(i, &width): (usize, &u32)| OutputPort {
        name: format!("out{i}"),
        recipients: (0..n_parties).map(PartyId).collect(),
        shape: Shape::unsigned(width),
    };
    widths.iter().enumerate().map(port).collect()
}
