//! What a party's results can tell it about the others' inputs: what they depend on, how much they can hold, and what random trials show.
//!
//! A help for those who decide, not a proof: random data are not real data.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use hushgate_circuits::circuit::{Circuit, Node};
use hushgate_circuits::evaluate::evaluate_lanes;
use hushgate_circuits::id::Wire;
use hushgate_circuits::shape::Shape;

use crate::program::Compiled;

/// For each party of the program, sentences.
pub fn reveals(compiled: &Compiled) -> Vec<Vec<String>> {
    let border = &compiled.border;
    let Some(circuit) = compiled.whole() else { return vec![Vec::new(); border.parties.len()] };
    let sources = sources(circuit);
    // With many parties, those of a family are alike: one trial serves.
    let mut tried = BTreeMap::<String, Vec<String>>::new();
    (0..border.parties.len())
        .map(|party| {
            let sentences = sentences(circuit, party, &sources);
            if sentences.is_empty() {
                return sentences;
            }
            let key = format!("{}{sentences:?}", border.parties[party].split('[').next().unwrap_or_default());
            let trial = tried.entry(key).or_insert_with(|| trial(circuit, party).into_iter().collect());
            sentences.into_iter().chain(trial.iter().cloned()).collect()
        })
        .collect()
}

fn sentences(circuit: &Circuit, party: usize, sources: &[u64]) -> Vec<String> {
    let mut sentences = Vec::new();
    let (mut bits, mut at) = (0, 0);
    for port in &circuit.outputs {
        let width = port.shape.width() as usize;
        let range = at..at + width;
        at += width;
        if !port.recipients.iter().any(|recipient| recipient.0 as usize == party) {
            continue;
        }
        let name = if port.name.is_empty() { "the result" } else { &port.name };
        let mask = sources[range.clone()].iter().fold(0, |all, mask| all | mask);
        if mask & !bit(party) == 0 {
            continue;
        }
        bits += width;
        sentences.extend(handed_over(circuit, party, range).map(|input| format!("{name} holds {input} AS IT IS")));
        sentences.push(format!("{name}: at most {} about {}", plural(width), names(circuit, mask & !bit(party))));
    }
    if bits > 0 && sentences.len() > 1 {
        sentences.push(format!("together: at most {} in each run", plural(bits)));
    }
    sentences
}

/// Parties as bits; from the 64th on they share one.
fn bit(party: usize) -> u64 {
    1 << party.min(63)
}

fn names(circuit: &Circuit, mask: u64) -> String {
    let names: Vec<&str> = circuit
        .parties
        .iter()
        .enumerate()
        .filter(|(i, _)| mask & bit(*i) != 0)
        .map(|(_, name)| name.as_str())
        .collect();
    match names.as_slice() {
        [first, .., last] if names.len() > 4 => format!("{} parties from {first} to {last}", names.len()),
        names => names.join(", "),
    }
}

fn plural(bits: usize) -> String {
    if bits == 1 { "1 bit".to_owned() } else { format!("{bits} bits") }
}

/// For each output bit, the parties whose inputs it may depend on.
fn sources(circuit: &Circuit) -> Vec<u64> {
    let main = circuit.main();
    let mut masks = vec![0u64];
    for port in &circuit.inputs {
        masks.extend(std::iter::repeat_n(bit(port.party.0 as usize), port.shape.width() as usize));
    }
    let mut of_call = 0;
    for node in &main.nodes[masks.len()..] {
        let of = |wire: &Wire| masks[wire.node().0 as usize];
        let mask = match node {
            Node::And(a, b) | Node::Xor(a, b) => of(a) | of(b),
            Node::Result { call, index } => {
                if *index == 0 {
                    of_call = main.calls[*call as usize].args.iter().fold(0, |all, arg| all | of(arg));
                }
                of_call
            }
            Node::False | Node::Input => 0,
        };
        masks.push(mask);
    }
    main.outputs.iter().map(|wire| masks[wire.node().0 as usize]).collect()
}

/// Other parties' inputs that an output contains bit by bit.
fn handed_over(circuit: &Circuit, party: usize, range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    let mut held = BTreeSet::new();
    for wire in &circuit.main().outputs[range] {
        held.insert(wire.node().0 as usize);
    }
    let mut first = 1;
    let mut found = Vec::new();
    for port in &circuit.inputs {
        let width = port.shape.width() as usize;
        let all = width > 0 && (first..first + width).all(|node| held.contains(&node));
        if all && port.party.0 as usize != party {
            found.push(format!("{}'s {}", circuit.parties[port.party.0 as usize], port.name));
        }
        first += width;
    }
    found.into_iter()
}

/// What the results say in many runs, where the party's own inputs stay and all others are random.
fn trial(circuit: &Circuit, party: usize) -> Option<String> {
    let n_nodes: usize = circuit.blocks.iter().map(|block| block.nodes.len()).sum();
    let executed = crate::program::executed_nodes(circuit);
    if n_nodes > NODES_MAX || executed > NODES_MAX as u64 {
        return None;
    }
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let mut counts = BTreeMap::<Vec<bool>, u32>::new();
    let own: Vec<Vec<bool>> = circuit.inputs.iter().map(|port| random_bits(&port.shape, &mut rng)).collect();
    for _ in 0..TRIALS / 64 {
        let mut lanes = Vec::new();
        for (port, own) in circuit.inputs.iter().zip(&own) {
            if port.party.0 as usize == party {
                lanes.extend(own.iter().map(|&bit| u64::from(bit).wrapping_neg()));
                continue;
            }
            let runs: Vec<Vec<bool>> = (0..64).map(|_| random_bits(&port.shape, &mut rng)).collect();
            let lane = |i: usize| runs.iter().rev().fold(0, |lane, bits| lane << 1 | u64::from(bits[i]));
            lanes.extend((0..own.len()).map(lane));
        }
        let outputs = learned(circuit, party, &evaluate_lanes(circuit, &lanes));
        for run in 0..64 {
            let bits = outputs.iter().map(|lane| lane >> run & 1 == 1).collect();
            *counts.entry(bits).or_default() += 1;
        }
    }
    let distinct = counts.len();
    let entropy: f64 = counts.values().map(|&n| f64::from(n) / TRIALS as f64).map(|p| -p * p.log2()).sum();
    Some(if distinct * 10 > TRIALS * 9 {
        format!(
            "in {TRIALS} trials with random data of the others nearly every one gave another result: results may pin down their data"
        )
    } else {
        format!(
            "in {TRIALS} trials with random data of the others: {distinct} different results, {:.1} bits a run",
            entropy.abs()
        )
    })
}

/// The bits of the outputs that a party learns.
fn learned(circuit: &Circuit, party: usize, outputs: &[u64]) -> Vec<u64> {
    let mut rest = outputs;
    let mut learned = Vec::new();
    for port in &circuit.outputs {
        let (bits, after) = rest.split_at(port.shape.width() as usize);
        rest = after;
        if port.recipients.iter().any(|recipient| recipient.0 as usize == party) {
            learned.extend_from_slice(bits);
        }
    }
    learned
}

/// The bits of a random value of this shape.
fn random_bits(shape: &Shape, rng: &mut impl Rng) -> Vec<bool> {
    let value = crate::synth::random(shape, rng);
    shape.encode(&value).expect("a random value of a shape has it")
}

const TRIALS: usize = 1024;
const NODES_MAX: usize = 4_000_000;
