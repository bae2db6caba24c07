//! The circuit that two computing parties run for all.
//!
//! Each input of a participant becomes two inputs of as many bits, one of each computing party; each output to a participant becomes one that is masked
//! with a pad, which both computing parties see and neither can read. Those who compute keep their own inputs and outputs.
//!
//! # Invariants
//! - What enters the program's circuit from a participant is a value of the parameter's shape, whatever bits were shared: the circuit checks ranges and
//!   tags. An [`Option`] that holds anything else enters as `None`; any other parameter as its neutral value, the one of least magnitude.
//! - How many participants sent something else is an output to both computing parties, named [`OUT_OF_RANGE`]; where every combination of bits is a
//!   value there is no check, no such output and no cost.
//! - A `None` has no payload.

use num_bigint::{BigInt, Sign};

use hushgate_circuits::build::{Blocks, Builder, CallSpec, TooLarge};
use hushgate_circuits::circuit::{Circuit, InputPort, OutputPort};
use hushgate_circuits::gadgets::compare::{all, equal, is_zero, less, less_signed};
use hushgate_circuits::gadgets::count::population_count;
use hushgate_circuits::gadgets::select::select;
use hushgate_circuits::id::{Origin, PartyId, Wire};
use hushgate_circuits::shape::{Shape, Value, int_width, tag_width};

#[cfg(test)]
mod tests;

/// The output that says how many participants sent values out of range; no identifier.
pub const OUT_OF_RANGE: &str = "(out of range)";

/// Why a circuit cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSplit {
    /// Both names are the same.
    #[error("{0:?} cannot be both of the two who compute")]
    OneParty(String),
    /// The circuit is too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// What one participant shares, in order: its inputs, then a pad for each output that it learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Inputs.
    pub inputs: Vec<InputPort>,
    /// Outputs.
    pub outputs: Vec<OutputPort>,
}

impl Parts {
    /// The part of `party` in a program with these inputs and outputs.
    #[must_use]
    pub fn of(party: PartyId, inputs: &[InputPort], outputs: &[OutputPort]) -> Parts {
        Parts {
            inputs: inputs.iter().filter(|port| port.party == party).cloned().collect(),
            outputs: outputs.iter().filter(|port| port.recipients.contains(&party)).cloned().collect(),
        }
    }

    /// Bits of inputs.
    #[must_use]
    pub fn input_bits(&self) -> u64 {
        self.inputs.iter().map(|port| port.shape.width()).sum()
    }

    /// Bits of pads.
    #[must_use]
    pub fn pad_bits(&self) -> u64 {
        self.outputs.iter().map(|port| port.shape.width()).sum()
    }

    /// Whether a run can go on without this participant: every input can be `None`.
    #[must_use]
    pub fn may_be_absent(&self) -> bool {
        self.inputs.iter().all(|port| may_be_absent(&port.shape))
    }
}

/// Whether the shape has a value that says that there is none: it is made of options alone.
#[must_use]
pub fn may_be_absent(shape: &Shape) -> bool {
    match shape {
        Shape::Array { element, .. } => may_be_absent(element),
        Shape::Tuple(items) => !items.is_empty() && items.iter().all(may_be_absent),
        Shape::Struct { fields, .. } => !fields.is_empty() && fields.iter().all(|(_, shape)| may_be_absent(shape)),
        shape => option(shape).is_some(),
    }
}

/// The circuit in which the parties called `computing` compute for all.
///
/// One that is no party of the circuit joins it, without inputs and outputs of its own. `origins` has for each of the circuit's input ports
/// what causes the gates that check it, or less.
///
/// # Errors
/// See [`CannotSplit`].
pub fn split(circuit: Circuit, computing: [&str; 2], origins: &[Origin]) -> Result<Circuit, CannotSplit> {
    if computing[0] == computing[1] {
        return Err(CannotSplit::OneParty(computing[0].to_owned()));
    }
    let border = Border { origins: origins.to_vec(), ..Border::new(&circuit, computing) };
    let inputs = border.inputs();
    let n_inputs: u64 = inputs.iter().map(|port| port.shape.width()).sum();
    let Circuit { mut blocks, .. } = circuit;
    let main = blocks.pop().expect("a verified circuit has a main block");
    let mut callees = Blocks::new();
    for block in blocks {
        callees.add(block);
    }
    let too_large = || TooLarge { block: "shares".to_owned(), nodes_max: Wire::NODES_MAX };
    let n_inputs = u32::try_from(n_inputs).ok().filter(|&n| (n as usize) < Wire::NODES_MAX).ok_or_else(too_large)?;
    let callee = callees.add(main);
    let mut builder = Builder::new("shares", n_inputs);
    let given = border.unshare(&mut builder);
    let results = builder.call(&callees, CallSpec::once(callee), given.wires)?;
    let (wires, outputs) = border.mask(&mut builder, &results, &given.pads, &given.dirty);
    let main = builder.finish(wires)?;
    Ok(callees.into_circuit(main, computing.map(str::to_owned).to_vec(), inputs, outputs))
}

/// The program's border as the two see it.
struct Border {
    computing: [String; 2],
    parties: Vec<String>,
    inputs: Vec<InputPort>,
    outputs: Vec<OutputPort>,
    /// What causes the checks of each input, as far as it is known.
    origins: Vec<Origin>,
}

/// What comes out of the shares.
struct Given {
    /// The inputs of the program's circuit.
    wires: Vec<Wire>,
    /// For each pair of output and participant in order, its pad.
    pads: Vec<Vec<Wire>>,
    /// For each participant that can send values out of range, whether it did.
    dirty: Vec<Wire>,
}

impl Border {
    fn new(circuit: &Circuit, computing: [&str; 2]) -> Border {
        Border {
            computing: computing.map(str::to_owned),
            parties: circuit.parties.clone(),
            inputs: circuit.inputs.clone(),
            outputs: circuit.outputs.clone(),
            origins: Vec::new(),
        }
    }

    /// Which of the two computes under this name.
    fn seat(&self, party: PartyId) -> Option<PartyId> {
        let name = &self.parties[party.0 as usize];
        self.computing.iter().position(|computing| computing == name).map(|seat| PartyId(seat as u32))
    }

    /// Each output and each of its recipients that does not compute.
    fn masked(&self) -> impl Iterator<Item = (&OutputPort, PartyId)> {
        self.outputs.iter().flat_map(|port| {
            port.recipients.iter().filter(|party| self.seat(**party).is_none()).map(move |party| (port, *party))
        })
    }

    fn inputs(&self) -> Vec<InputPort> {
        let mut ports = Vec::new();
        for port in &self.inputs {
            match self.seat(port.party) {
                Some(seat) => ports.push(InputPort { party: seat, ..port.clone() }),
                None => ports.extend(self.share_ports(port.party, &port.name, &port.shape)),
            }
        }
        for (port, party) in self.masked() {
            ports.extend(self.share_ports(party, &pad_name(port), &port.shape));
        }
        ports
    }

    fn share_ports(&self, party: PartyId, name: &str, shape: &Shape) -> [InputPort; 2] {
        let name = format!("{}.{name}", self.parties[party.0 as usize]);
        [0, 1].map(|seat| InputPort { name: name.clone(), party: PartyId(seat), shape: bits_of(shape) })
    }

    /// Puts shares together and checks what comes out.
    fn unshare(&self, b: &mut Builder) -> Given {
        let mut next = 0;
        let mut take = |b: &Builder, width: u64| -> Vec<Wire> {
            let wires = (next..next + width as u32).map(|i| b.input(i)).collect();
            next += width as u32;
            wires
        };
        let mut wires = Vec::new();
        let mut dirty: Vec<(PartyId, Wire)> = Vec::new();
        for (i, port) in self.inputs.iter().enumerate() {
            b.set_origin(self.origins.get(i).copied().unwrap_or_default());
            let first = take(b, port.shape.width());
            if self.seat(port.party).is_some() {
                wires.extend(first);
                continue;
            }
            let second = take(b, port.shape.width());
            let bits = xor_all(b, &first, &second);
            let admitted = admit(b, &port.shape, &bits);
            wires.extend(admitted.bits);
            if admitted.dirty != Wire::FALSE {
                dirty.push((port.party, admitted.dirty));
            }
        }
        let mut pads = Vec::new();
        for (port, _) in self.masked() {
            let (first, second) = (take(b, port.shape.width()), take(b, port.shape.width()));
            pads.push(xor_all(b, &first, &second));
        }
        Given { wires, pads, dirty: by_party(b, dirty) }
    }

    /// The outputs: those of the two as they are, masked ones for the others, and how many were out of range.
    fn mask(
        &self,
        b: &mut Builder,
        results: &[Wire],
        pads: &[Vec<Wire>],
        dirty: &[Wire],
    ) -> (Vec<Wire>, Vec<OutputPort>) {
        let (mut wires, mut ports) = (Vec::new(), Vec::new());
        let (mut rest, mut pads) = (results, pads.iter());
        let both = || vec![PartyId(0), PartyId(1)];
        for port in &self.outputs {
            let (bits, after) = rest.split_at(port.shape.width() as usize);
            rest = after;
            let mut seats: Vec<PartyId> = port.recipients.iter().filter_map(|&party| self.seat(party)).collect();
            seats.sort_unstable();
            if !seats.is_empty() {
                wires.extend_from_slice(bits);
                ports.push(OutputPort { recipients: seats, ..port.clone() });
            }
            for &party in port.recipients.iter().filter(|party| self.seat(**party).is_none()) {
                wires.extend(xor_all(b, bits, pads.next().expect("each masked output has a pad")));
                let name = format!("{}.{}", self.parties[party.0 as usize], port.name);
                ports.push(OutputPort { name, recipients: both(), shape: bits_of(&port.shape) });
            }
        }
        if !dirty.is_empty() {
            let count = population_count(b, dirty);
            ports.push(OutputPort {
                name: OUT_OF_RANGE.to_owned(),
                recipients: both(),
                shape: Shape::unsigned(count.len() as u32),
            });
            wires.extend(count);
        }
        (wires, ports)
    }
}

/// What a participant's pad for this output is called.
fn pad_name(port: &OutputPort) -> String {
    format!("pad of {}", port.name)
}

/// As many bits as the shape has, of no meaning.
fn bits_of(shape: &Shape) -> Shape {
    Shape::Array { element: Box::new(Shape::Bool), len: shape.width() }
}

fn xor_all(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    x.iter().zip(y).map(|(&x, &y)| b.xor(x, y)).collect()
}

/// Whether any of a participant's inputs was out of range, for each participant.
fn by_party(b: &mut Builder, mut dirty: Vec<(PartyId, Wire)>) -> Vec<Wire> {
    dirty.sort_by_key(|(party, _)| *party);
    let chunks = dirty.chunk_by(|(p, _), (q, _)| p == q);
    chunks.map(|chunk| chunk.iter().fold(Wire::FALSE, |any, &(_, one)| b.or(any, one))).collect()
}

/// A participant's value, made one of its shape.
struct Admitted {
    bits: Vec<Wire>,
    /// Whether it was none.
    dirty: Wire,
}

fn admit(b: &mut Builder, shape: &Shape, bits: &[Wire]) -> Admitted {
    match shape {
        Shape::Array { element, len } if has_option(element) => admit_all(b, (0..*len).map(|_| element.as_ref()), bits),
        Shape::Tuple(items) if items.iter().any(has_option) => admit_all(b, items.iter(), bits),
        Shape::Struct { fields, .. } if fields.iter().any(|(_, shape)| has_option(shape)) => {
            admit_all(b, fields.iter().map(|(_, shape)| shape), bits)
        }
        shape => match option(shape) {
            Some(payload) => admit_option(b, payload, bits),
            None => admit_or_neutral(b, shape, bits),
        },
    }
}

fn admit_all<'a>(b: &mut Builder, shapes: impl Iterator<Item = &'a Shape>, bits: &[Wire]) -> Admitted {
    let mut admitted = Admitted { bits: Vec::with_capacity(bits.len()), dirty: Wire::FALSE };
    let mut rest = bits;
    for shape in shapes {
        let (bits, after) = rest.split_at(shape.width() as usize);
        rest = after;
        let one = admit(b, shape, bits);
        admitted.bits.extend(one.bits);
        admitted.dirty = b.or(admitted.dirty, one.dirty);
    }
    admitted
}

/// `Some` only of what fits; `None` without anything in it.
fn admit_option(b: &mut Builder, payload: &Shape, bits: &[Wire]) -> Admitted {
    let (&tag, payload_bits) = bits.split_first().expect("an option has a tag");
    let fits = fits(b, payload, payload_bits);
    let some = b.and(tag, fits);
    let dirty = b.xor(tag, some);
    let payload_bits = payload_bits.iter().map(|&bit| b.and(some, bit));
    Admitted { bits: std::iter::once(some).chain(payload_bits).collect(), dirty }
}

fn admit_or_neutral(b: &mut Builder, shape: &Shape, bits: &[Wire]) -> Admitted {
    let fits = fits(b, shape, bits);
    if fits == Wire::TRUE {
        return Admitted { bits: bits.to_vec(), dirty: Wire::FALSE };
    }
    let neutral = shape.encode(&neutral(shape)).expect("the neutral value is one of the shape");
    let neutral: Vec<Wire> = neutral.into_iter().map(Wire::constant).collect();
    Admitted { bits: select(b, fits, bits, &neutral), dirty: !fits }
}

/// Whether the bits are the encoding of a value.
fn fits(b: &mut Builder, shape: &Shape, bits: &[Wire]) -> Wire {
    match shape {
        Shape::Bool => Wire::TRUE,
        Shape::Int { lo, hi, .. } => int_fits(b, lo, hi, bits),
        Shape::Array { element, len } => all_fit(b, (0..*len).map(|_| element.as_ref()), bits),
        Shape::Tuple(items) => all_fit(b, items.iter(), bits),
        Shape::Struct { fields, .. } => all_fit(b, fields.iter().map(|(_, shape)| shape), bits),
        Shape::Enum { variants, .. } => enum_fits(b, variants, bits),
    }
}

fn all_fit<'a>(b: &mut Builder, shapes: impl Iterator<Item = &'a Shape>, bits: &[Wire]) -> Wire {
    let mut rest = bits;
    let mut each = Vec::new();
    for shape in shapes {
        let (bits, after) = rest.split_at(shape.width() as usize);
        rest = after;
        each.push(fits(b, shape, bits));
    }
    all(b, &each)
}

fn int_fits(b: &mut Builder, lo: &BigInt, hi: &BigInt, bits: &[Wire]) -> Wire {
    let width = int_width(lo, hi);
    let constant = |n: &BigInt| -> Vec<Wire> { (0..width).map(|i| Wire::constant(n.bit(i))).collect() };
    let (lo_bits, hi_bits) = (constant(lo), constant(hi));
    let signed = lo.sign() == Sign::Minus;
    let mut below = |x: &[Wire], y: &[Wire]| if signed { less_signed(b, x, y) } else { less(b, x, y) };
    let (too_low, too_high) = (below(bits, &lo_bits), below(&hi_bits, bits));
    b.and(!too_low, !too_high)
}

/// A tag that exists, its payload, and nothing beyond it.
fn enum_fits(b: &mut Builder, variants: &[(String, Shape)], bits: &[Wire]) -> Wire {
    let (tag, payload) = bits.split_at(tag_width(variants.len()) as usize);
    let constant = |n: usize| -> Vec<Wire> { (0..tag.len()).map(|i| Wire::constant(n >> i & 1 == 1)).collect() };
    let mut each = Vec::new();
    for (n, (_, shape)) in variants.iter().enumerate() {
        let (inside, beyond) = payload.split_at(shape.width() as usize);
        let good = fits(b, shape, inside);
        let nothing = is_zero(b, beyond);
        let good = b.and(good, nothing);
        if good != Wire::TRUE {
            let is_this = equal(b, tag, &constant(n));
            let bad = b.and(is_this, !good);
            each.push(!bad);
        }
    }
    if !variants.len().is_power_of_two() {
        let last = constant(variants.len() - 1);
        let unknown = less(b, &last, tag);
        each.push(!unknown);
    }
    all(b, &each)
}

fn has_option(shape: &Shape) -> bool {
    match shape {
        Shape::Array { element, .. } => has_option(element),
        Shape::Tuple(items) => items.iter().any(has_option),
        Shape::Struct { fields, .. } => fields.iter().any(|(_, shape)| has_option(shape)),
        shape => option(shape).is_some(),
    }
}

/// The payload, if the shape is an `Option`.
fn option(shape: &Shape) -> Option<&Shape> {
    match shape {
        Shape::Enum { name, variants } if name.starts_with("Option<") => match &variants[..] {
            [(none, nothing), (some, payload)] if none == "None" && some == "Some" && nothing.width() == 0 => {
                Some(payload)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The value of least magnitude: false, zero or what is nearest to it, the first variant.
#[must_use]
pub fn neutral(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => Value::Bool(false),
        Shape::Int { lo, hi, .. } => Value::Int(BigInt::ZERO.max(lo.clone()).min(hi.clone())),
        Shape::Array { element, len } => Value::List(vec![neutral(element); *len as usize]),
        Shape::Tuple(items) => Value::List(items.iter().map(neutral).collect()),
        Shape::Struct { fields, .. } => Value::List(fields.iter().map(|(_, shape)| neutral(shape)).collect()),
        Shape::Enum { variants, .. } => Value::Variant(0, Box::new(neutral(&variants[0].1))),
    }
}
