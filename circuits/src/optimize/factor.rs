//! XOR factoring: sums share their common parts.
//!
//! Gates of XOR alone compute sums of inputs, results and ANDs. A sum that only one other sum reads is part of that one; what
//! remains are sums that something else reads, or several. Among these, the pair of terms that the most sums have becomes a gate of its
//! own and a term in their place, again and again, until no two sums have two terms in common: each such step saves all but one of
//! so many XORs (Paar, "Optimized arithmetic for Reed-Solomon encoders", ISIT 1997). Before that, a term that is a
//! sum is replaced by its terms where that makes the sum that has it no longer, because they cancel.
//!
//! # Invariants
//! - A block is replaced only if that leaves fewer XORs, and no more ANDs.
//! - Sums are at most `TERMS_MAX` terms long, so that the work grows with the gates.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::{Gates, count_readers, gates, map_blocks};
use crate::build::{Blocks, Builder, CallSpec, TooLarge};
use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::{NodeId, Origin, Wire};
use crate::sweep::difference;

/// Factors the sums of every block.
#[must_use]
pub fn run(circuit: Circuit) -> Circuit {
    map_blocks(circuit, |callees, block| {
        let factored = factor(callees, block)?;
        let change = gates(&factored) - gates(block);
        Ok((change.n_ands <= 0 && change < Gates::NONE).then_some(factored))
    })
}

fn factor(callees: &Blocks, block: &Block) -> Result<Block, TooLarge> {
    let mut sums = Sums::of(block);
    sums.cancel();
    let pairs = sums.share();
    Emitter {
        old: block,
        sums: &sums,
        pairs: &pairs,
        builder: Builder::new(block.name.clone(), block.n_inputs).with_capacity(block.nodes.len()),
        wires: vec![None; block.nodes.len() + pairs.len()],
    }
    .run(callees)
}

/// Terms of a sum that is taken apart.
const TERMS_MAX: usize = 64;

/// A node, or, from the number of nodes on, a pair of terms.
type Term = u32;

/// The sums of a block that something besides one other sum reads.
struct Sums {
    /// For each node, the terms of its sum in ascending order, if it is one.
    terms: Vec<Option<Vec<Term>>>,
}

impl Sums {
    fn of(block: &Block) -> Sums {
        let is_part = parts(block);
        let mut terms: Vec<Option<Vec<Term>>> = vec![None; block.nodes.len()];
        for (id, node) in block.nodes.iter().enumerate() {
            let Node::Xor(a, b) = *node else { continue };
            let mut operand = |wire: Wire| {
                let at = wire.node().0 as usize;
                // A part that is long stays a sum of its own.
                let is_short = |terms: &Vec<Term>| terms.len() <= TERMS_MAX / 2;
                if is_part[at] && terms[at].as_ref().is_some_and(is_short) { terms[at].take() } else { None }
                    .unwrap_or_else(|| vec![wire.node().0])
            };
            let (a, b) = (operand(a), operand(b));
            terms[id] = Some(difference(&a, &b));
        }
        Sums { terms }
    }

    /// Replaces terms by what they are the sum of, where the sum becomes no longer.
    fn cancel(&mut self) {
        for id in 0..self.terms.len() {
            let Some(mut sum) = self.terms[id].take() else { continue };
            let mut i = sum.len();
            while i > 0 {
                i -= 1;
                let Some(inner) = self.terms[sum[i] as usize].as_ref() else { continue };
                let mut rest = sum.clone();
                rest.remove(i);
                let replaced = difference(&rest, inner);
                if replaced.len() <= sum.len() {
                    sum = replaced;
                    i = i.min(sum.len());
                }
            }
            self.terms[id] = Some(sum);
        }
    }

    /// Makes the most frequent pair of terms one term, as long as it is in two sums; returns the pairs, in the order of their numbers.
    fn share(&mut self) -> Vec<[Term; 2]> {
        let n_nodes = self.terms.len() as u32;
        let found = self.pairs();
        let mut queue: BinaryHeap<(usize, Reverse<u64>)> =
            found.iter().map(|(pair, sums)| (sums.len(), Reverse(*pair))).collect();
        let mut having: HashMap<u64, Vec<u32>> = found.into_iter().collect();
        let mut pairs = Vec::new();
        while let Some((n_sums, Reverse(pair))) = queue.pop() {
            let [a, b] = terms_of(pair);
            let Some(sums) = having.remove(&pair) else { continue };
            let sums: Vec<u32> = sums.into_iter().filter(|&sum| self.has(sum, a) && self.has(sum, b)).collect();
            if sums.len() < n_sums {
                if sums.len() > 1 {
                    queue.push((sums.len(), Reverse(pair)));
                    having.insert(pair, sums);
                }
                continue;
            }
            let new = n_nodes + pairs.len() as u32;
            pairs.push([a, b]);
            let mut with_new: BTreeMap<Term, Vec<u32>> = BTreeMap::new();
            for &id in &sums {
                let sum = self.terms[id as usize].as_mut().expect("only sums have terms");
                sum.retain(|&term| term != a && term != b);
                sum.iter().for_each(|&term| with_new.entry(term).or_default().push(id));
                sum.push(new);
            }
            for (term, sums) in with_new.into_iter().filter(|(_, sums)| sums.len() > 1) {
                queue.push((sums.len(), Reverse(pair_of(term, new))));
                having.insert(pair_of(term, new), sums);
            }
        }
        pairs
    }

    fn has(&self, sum: u32, term: Term) -> bool {
        self.terms[sum as usize].as_ref().is_some_and(|terms| terms.binary_search(&term).is_ok())
    }

    /// The pairs of terms that two sums have or more, with those sums, ascending.
    fn pairs(&self) -> Vec<(u64, Vec<u32>)> {
        let mut found: Vec<(u64, u32)> = Vec::new();
        for (id, sum) in self.terms.iter().enumerate() {
            let Some(sum) = sum else { continue };
            for (i, &a) in sum.iter().enumerate() {
                found.extend(sum[i + 1..].iter().map(|&b| (pair_of(a, b), id as u32)));
            }
        }
        found.sort_unstable();
        let groups = found.chunk_by(|(a, _), (b, _)| a == b).filter(|group| group.len() > 1);
        groups.map(|group| (group[0].0, group.iter().map(|&(_, sum)| sum).collect())).collect()
    }
}

/// For each node, whether nothing reads it but one XOR.
fn parts(block: &Block) -> Vec<bool> {
    let mut is_read_by_xor = vec![false; block.nodes.len()];
    for node in &block.nodes {
        if let Node::Xor(a, b) = node {
            is_read_by_xor[a.node().0 as usize] = true;
            is_read_by_xor[b.node().0 as usize] = true;
        }
    }
    count_readers(block).iter().zip(is_read_by_xor).map(|(&n, by_xor)| by_xor && n == 1).collect()
}

fn pair_of(a: Term, b: Term) -> u64 {
    u64::from(a.min(b)) << 32 | u64::from(a.max(b))
}

fn terms_of(pair: u64) -> [Term; 2] {
    [(pair >> 32) as u32, pair as u32]
}

/// Builds the block again from its sums.
struct Emitter<'a> {
    old: &'a Block,
    sums: &'a Sums,
    pairs: &'a [[Term; 2]],
    builder: Builder,
    /// What stands for each term, once it is built.
    wires: Vec<Option<Wire>>,
}

impl Emitter<'_> {
    fn run(mut self, callees: &Blocks) -> Result<Block, TooLarge> {
        for (id, (node, &origin)) in self.old.nodes.iter().zip(&self.old.origins).enumerate() {
            self.builder.set_origin(origin);
            match *node {
                Node::False => self.wires[id] = Some(Wire::FALSE),
                Node::Input => self.wires[id] = Some(Wire::new(NodeId(id as u32), false)),
                Node::And(a, b) => {
                    let (a, b) = (self.wire(a), self.wire(b));
                    self.wires[id] = Some(self.builder.and(a, b));
                }
                // A sum is built where it is read first.
                Node::Xor(..) => {}
                Node::Result { call, index: 0 } => self.call(callees, &self.old.calls[call as usize])?,
                // Its call has added it.
                Node::Result { .. } => {}
            }
        }
        let outputs = self.old.outputs.iter().map(|&wire| self.wire(wire)).collect();
        self.builder.finish(outputs)
    }

    fn call(&mut self, callees: &Blocks, call: &Call) -> Result<(), TooLarge> {
        let Call { callee, count, n_state, n_shared, ref args, first_result, .. } = *call;
        let args = args.iter().map(|&wire| self.wire(wire)).collect();
        let results = self.builder.call(callees, CallSpec { callee, count, n_state, n_shared }, args)?;
        let first = first_result.0 as usize;
        self.wires[first..first + results.len()].iter_mut().zip(results).for_each(|(wire, new)| *wire = Some(new));
        Ok(())
    }

    fn wire(&mut self, old: Wire) -> Wire {
        let term = old.node().0;
        if self.wires[term as usize].is_none() {
            let origin = self.builder.set_origin(Origin::default());
            self.build(term);
            self.builder.set_origin(origin);
        }
        self.wires[term as usize].expect("it is built") ^ old.is_complemented()
    }

    fn build(&mut self, term: Term) {
        // Terms of terms, without recursion: a chain of sums may be as long as the block.
        let mut todo = vec![term];
        while let Some(&term) = todo.last() {
            let pair = (term as usize).checked_sub(self.old.nodes.len()).map(|i| &self.pairs[i][..]);
            let terms = pair.or(self.sums.terms.get(term as usize).and_then(|terms| terms.as_deref()));
            let terms = terms.expect("whatever is no sum is built before it is read");
            let missing = todo.len();
            todo.extend(terms.iter().filter(|&&term| self.wires[term as usize].is_none()));
            if todo.len() == missing {
                if let Some(&origin) = self.old.origins.get(term as usize) {
                    self.builder.set_origin(origin);
                }
                let wire = terms.iter().filter_map(|&term| self.wires[term as usize]);
                let sum = wire.fold(Wire::FALSE, |sum, wire| self.builder.xor(sum, wire));
                self.wires[term as usize] = Some(sum);
                todo.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
