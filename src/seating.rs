//! Who computes and who only takes part: how values become the bits of the two who compute, and bits become results.
//!
//! # Invariants
//! - Bits are in the order in which [`mod@hushgate_runtime::shares::split`] makes ports: inputs of the program in order, then pads by output and recipient.

use std::collections::BTreeMap;

use rand::Rng;
use zeroize::Zeroizing;

use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::id::PartyId;
use hushgate_circuits::shape::Value;
use hushgate_runtime::shares::split::Parts;

use crate::data::list;
use crate::failure::Failure;
use crate::program::{Compiled, Outline, Ports};

/// Secret bits.
pub type Bits = Zeroizing<Vec<bool>>;

/// A program's parties, and the two that compute.
#[derive(Clone)]
pub struct Seating {
    border: Ports,
    computing: Vec<String>,
}

/// What an output of the plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An output of the program, for those who compute.
    Own(usize),
    /// An output of the program, masked for a participant.
    Masked(usize, usize),
    /// How many participants sent values out of range.
    OutOfRange,
}

/// The two who compute: as the user says; else the program's only two parties, or those that are in no family, or two hosts that take no part.
pub fn computing(parties: &[String], given: Option<&str>) -> Result<[String; 2], Failure> {
    if let Some(text) = given {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let fits = |name: &String| parties.contains(name) || is_name(name) && !is_family(parties, name);
        return match <[String; 2]>::try_from(names) {
            Ok([a, b]) if a != b && fits(&a) && fits(&b) => Ok([a, b]),
            _ => Err(Failure::Usage(format!(
                "--computing {text}: expected two different names, such as server_a,server_b; the program's parties are {}",
                list(parties.iter().map(String::as_str).take(20))
            ))),
        };
    }
    let single: Vec<&String> = parties.iter().filter(|name| !name.contains('[')).collect();
    let pair = |a: &String, b: &String| Ok([a.clone(), b.clone()]);
    match (parties, single.as_slice()) {
        ([a, b], _) => pair(a, b),
        (_, [a, b]) => pair(a, b),
        _ => Ok(["server_a".to_owned(), "server_b".to_owned()]),
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() <= 64 && name.chars().all(plain)
}

fn is_family(parties: &[String], name: &str) -> bool {
    parties.iter().any(|party| party.split_once('[').is_some_and(|(family, _)| family == name))
}

impl Seating {
    /// Of a compiled program.
    pub fn new(compiled: &Compiled) -> Seating {
        Seating { border: compiled.border.clone(), computing: compiled.plan.parties.clone() }
    }

    /// As those who take part without computing see it.
    pub fn of(outline: &Outline) -> Seating {
        Seating { border: outline.border.clone(), computing: outline.computing.clone() }
    }

    /// The program's own parties, inputs and outputs.
    pub fn border(&self) -> &Ports {
        &self.border
    }

    /// Which of the two who compute is called so.
    pub fn seat(&self, name: &str) -> Result<usize, Failure> {
        self.computing.iter().position(|computing| computing == name).ok_or_else(|| {
            let computing = list(self.computing.iter().map(String::as_str));
            let hint = match self.border.parties.iter().any(|party| party == name) {
                true => format!("{name} takes part by shares (see: hushgate share --help)"),
                false => format!("there is no party {name:?}"),
            };
            Failure::Usage(format!("{hint}; those who compute are {computing}"))
        })
    }

    /// The position of a party of the program.
    pub fn party(&self, name: &str) -> Option<usize> {
        self.border.parties.iter().position(|party| party == name)
    }

    /// The inputs that a party of this name gives itself, in order.
    pub fn ports(&self, name: &str) -> Vec<&InputPort> {
        let party = self.party(name).map(|party| PartyId(party as u32));
        self.border.inputs.iter().filter(|port| Some(port.party) == party).collect()
    }

    /// Those who take part and do not compute.
    pub fn participants(&self) -> Vec<usize> {
        let takes_part = |party: &usize| {
            let parts = self.parts(*party);
            !(self.computes(*party) || parts.inputs.is_empty() && parts.outputs.is_empty())
        };
        (0..self.border.parties.len()).filter(takes_part).collect()
    }

    /// What a participant shares.
    pub fn parts(&self, party: usize) -> Parts {
        Parts::of(PartyId(party as u32), &self.border.inputs, &self.border.outputs)
    }

    fn computes(&self, party: usize) -> bool {
        self.computing.contains(&self.border.parties[party])
    }

    /// The input bits of one who computes: its own values, and its shares of all others', by participant.
    pub fn bits(&self, seat: usize, own: &[Value], shares: &BTreeMap<usize, Bits>) -> Bits {
        let mut own = own.iter();
        let mut taken = BTreeMap::<usize, usize>::new();
        let mut bits = Zeroizing::new(Vec::new());
        let mut take = |bits: &mut Bits, party: usize, width: u64| {
            let start = taken.entry(party).or_default();
            let end = *start + width as usize;
            bits.extend_from_slice(&shares[&party][*start..end]);
            *start = end;
        };
        for port in &self.border.inputs {
            let party = port.party.0 as usize;
            if !self.computes(party) {
                take(&mut bits, party, port.shape.width());
            } else if self.computing[seat] == self.border.parties[party] {
                let value = own.next().expect("bound values are complete");
                bits.extend(port.shape.encode(value).expect("bound values fit their shapes"));
            }
        }
        for (port, party) in self.masked() {
            take(&mut bits, party, port.shape.width());
        }
        bits
    }

    /// Each output and each recipient that does not compute, in order.
    fn masked(&self) -> impl Iterator<Item = (&OutputPort, usize)> {
        self.border.outputs.iter().flat_map(move |port| {
            let others = port.recipients.iter().map(|party| party.0 as usize).filter(|&party| !self.computes(party));
            others.map(move |party| (port, party))
        })
    }

    /// What each output of the plan is, in order.
    pub fn meanings(&self, plan_outputs: &[OutputPort]) -> Vec<Meaning> {
        let mut meanings = Vec::new();
        for (index, port) in self.border.outputs.iter().enumerate() {
            let (own, others): (Vec<usize>, Vec<usize>) =
                port.recipients.iter().map(|party| party.0 as usize).partition(|&party| self.computes(party));
            meanings.extend((!own.is_empty()).then_some(Meaning::Own(index)));
            meanings.extend(others.into_iter().map(|party| Meaning::Masked(index, party)));
        }
        meanings.resize(plan_outputs.len(), Meaning::OutOfRange);
        meanings
    }
}

/// Splits bits into two shares.
pub fn share(bits: &[bool], rng: &mut impl Rng) -> [Bits; 2] {
    let first = random_bits(bits.len(), rng);
    let second = Zeroizing::new(bits.iter().zip(first.iter()).map(|(bit, share)| bit ^ share).collect());
    [first, second]
}

/// Bits that nobody can guess.
pub fn random_bits(n: usize, rng: &mut impl Rng) -> Bits {
    let mut bytes = Zeroizing::new(vec![0; n.div_ceil(8)]);
    rng.fill_bytes(&mut bytes);
    Zeroizing::new((0..n).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect())
}

/// One side's share of a participant that is not there: its inputs are `None`, and what it would learn nobody can read.
pub fn absent(parts: &Parts, rng: &mut impl Rng) -> Bits {
    let mut bits = Zeroizing::new(vec![false; parts.input_bits() as usize]);
    bits.extend_from_slice(&random_bits(parts.pad_bits() as usize, rng));
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_computes_follows_from_the_parties() {
        let names = |list: &[&str]| -> Vec<String> { list.iter().map(|&name| name.to_owned()).collect() };
        let pair = |parties: &[&str], given| computing(&names(parties), given).ok().map(|pair| pair.join(" "));
        assert_eq!(pair(&["a", "b"], None).as_deref(), Some("a b"));
        assert_eq!(pair(&["h[0]", "h[1]"], None).as_deref(), Some("h[0] h[1]"));
        assert_eq!(pair(&["h[0]", "h[1]", "h[2]", "a", "b"], None).as_deref(), Some("a b"));
        assert_eq!(pair(&["h[0]", "h[1]", "h[2]"], None).as_deref(), Some("server_a server_b"));
        assert_eq!(pair(&["h[0]", "h[1]", "h[2]"], Some("h[2], x")).as_deref(), Some("h[2] x"));
        for bad in ["h,x", "x", "x,x", "x,y,z", "x,", "x,y z", "h[9],x"] {
            assert_eq!(pair(&["h[0]", "h[1]", "h[2]"], Some(bad)), None, "{bad}");
        }
    }
}
