//! What a party's results can tell it about the others' inputs: what they depend on, how much they can hold, and what random trials show.
//!
//! A help for those who decide, not a proof: random data are not real data.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use hushgate_circuits::circuit::{Circuit, InputPort, Node};
use hushgate_circuits::id::Wire;
use hushgate_circuits::shape::Value;

use crate::program::Compiled;
use crate::results::named_output;
use crate::synth::{self, Draws};

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
    let (mut told, mut at) = (BTreeSet::new(), 0);
    let from_others = |mask: u64| (0..circuit.parties.len()).any(|other| other != party && mask & bit(other) != 0);
    for port in &circuit.outputs {
        let width = port.shape.width() as usize;
        let range = at..at + width;
        at += width;
        if !port.recipients.iter().any(|recipient| recipient.0 as usize == party) {
            continue;
        }
        let name = named_output(port).unwrap_or("the result");
        let mask = sources[range.clone()].iter().fold(0, |all, mask| all | mask);
        if !from_others(mask) {
            continue;
        }
        // What is the same in every run, what the party knows by itself, and what is there twice, tells nothing.
        let outputs = circuit.main().outputs[range.clone()].iter().zip(&sources[range.clone()]);
        let telling = outputs.filter(|(_, mask)| from_others(**mask)).map(|(wire, _)| wire.node().0);
        let telling: BTreeSet<u32> = telling.collect();
        let n_bits = telling.len();
        told.extend(telling);
        sentences.extend(handed_over(circuit, party, range).map(|input| format!("{name} holds {input} AS IT IS")));
        sentences.push(format!("{name}: at most {} about {}", plural(n_bits), others(circuit, mask, party)));
    }
    if !told.is_empty() && sentences.len() > 1 {
        sentences.push(format!("together: at most {} in each run", plural(told.len())));
    }
    sentences
}

/// Parties as bits; from the 64th on they share one.
fn bit(party: usize) -> u64 {
    1 << party.min(63)
}

/// The parties in `mask` without `party`; many of one family by its name.
fn others(circuit: &Circuit, mask: u64, party: usize) -> String {
    let names = &circuit.parties;
    let family = |i: usize| names[i].split_once('[').map(|(family, _)| family);
    let mut parts: Vec<String> = Vec::new();
    let mut i = 0;
    while i < names.len() {
        let end = (i..names.len()).find(|&j| family(j).is_none() || family(j) != family(i)).unwrap_or(names.len());
        let members = i..end.max(i + 1);
        let others: Vec<usize> = members.clone().filter(|&j| j != party).collect();
        let meant: Vec<&str> = others.iter().filter(|&&j| mask & bit(j) != 0).map(|&j| names[j].as_str()).collect();
        match (family(i), meant.len()) {
            (Some(name), n) if n > 1 && n == others.len() && n < members.len() => {
                parts.push(format!("the other {n} of {name}"));
            }
            (Some(name), n) if n > 1 && n == others.len() => parts.push(format!("all {n} of {name}")),
            (Some(name), n) if n > 4 => parts.push(format!("{n} of {name}")),
            _ => parts.extend(meant.into_iter().map(str::to_owned)),
        }
        i = members.end;
    }
    parts.join(", ")
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
    let Some(values) = synth::meeting(circuit, &mut rng) else {
        return Some("no trial with random data met what the program requires: trials say nothing here".to_owned());
    };
    let is_own = |port: &InputPort| port.party.0 as usize == party;
    let own: Vec<Value> =
        circuit.inputs.iter().zip(values).filter(|(port, _)| is_own(port)).map(|(_, value)| value).collect();
    let mut counts = BTreeMap::<Vec<bool>, u32>::new();
    for _ in 0..TRIALS / 64 {
        let draws = Draws::new(circuit, Some((party, &own)), &mut rng);
        let outputs = learned(circuit, party, &draws.outputs);
        for run in (0..64).filter(|run| draws.met >> run & 1 == 1) {
            let bits = outputs.iter().map(|lane| lane >> run & 1 == 1).collect();
            *counts.entry(bits).or_default() += 1;
        }
    }
    Some(verdict(&counts.into_values().collect::<Vec<u32>>()))
}

/// What trials say, by how many of them gave each result.
fn verdict(counts: &[u32]) -> String {
    let met: u32 = counts.iter().sum();
    let most = counts.iter().max().copied().unwrap_or(0);
    let distinct = counts.len();
    if met < TRIALS_MIN {
        return format!(
            "only {met} of {TRIALS} trials with random data met what the program requires: trials say nothing here"
        );
    }
    if most * 50 > met * 49 {
        return format!(
            "in {met} trials nearly all random data gave the same result, so trials say nothing here: data that somebody chooses, or guesses, can differ"
        );
    }
    if distinct * 10 > met as usize * 9 {
        return format!(
            "in {met} trials with random data of the others nearly every one gave another result: results may pin down their data"
        );
    }
    let share = |n: &u32| f64::from(*n) / f64::from(met);
    let entropy: f64 = counts.iter().map(share).map(|p| -p * p.log2()).sum();
    format!(
        "in {met} trials with random data of the others: {distinct} different results, {:.1} bits a run",
        entropy.abs()
    )
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

const TRIALS: usize = 1024;
const NODES_MAX: usize = 4_000_000;
/// Trials that count, at least, for a figure to mean something.
const TRIALS_MIN: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_speak_only_where_results_vary() {
        assert!(verdict(&[512, 512]).ends_with("2 different results, 1.0 bits a run"));
        assert!(verdict(&vec![1; 1024]).contains("may pin down"));
        for counts in [&[1024][..], &[1023, 1], &[1010, 14], &[30, 33], &[]] {
            let said = verdict(counts);
            assert!(said.contains("say nothing here") && !said.contains(" bits"), "{said}");
        }
    }
}
