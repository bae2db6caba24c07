//! Sweeping: while a block is copied, nodes that compute the same become one.
//!
//! Mishchenko, Chatterjee, Jiang, Brayton, "FRAIGs: a unifying representation for logic synthesis and verification", 2005. Every
//! node is simulated on many inputs at once. A new node that agrees with an earlier one, or with its complement, on all
//! of them is a candidate; [`crate::sat`] proves or refutes it, first in small cones, then in larger ones. A refutation is one
//! more input for all nodes, together with its neighbours. Since operands are merged before what is computed
//! from them, most questions are about a few gates.
//!
//! Solvers are bad at sums of many XORs, so those are compared as sets: a node's *sum* is the set of inputs,
//! results and ANDs that it is the XOR of; equal sets, equal nodes.
//!
//! # Invariants
//! - Nodes become one only if they are proven equal: by their sums or by the solver.
//! - What comes out depends on what goes in alone: effort is counted in conflicts and gates.

use std::collections::HashMap;

use crate::build::{Blocks, Builder, CallSpec, TooLarge};
use crate::circuit::{Block, Node};
use crate::id::{NodeId, Origin, Wire};
use crate::sat::{self, Answer, Limits};

/// How much a sweep may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Words of 64 random inputs that every node is simulated on from the start.
    pub(crate) n_words: usize,
    /// The cones in which a candidate is looked at, one after the other.
    pub(crate) cones: &'static [Limits],
    /// Conflicts of all questions together; after that no more are asked.
    pub(crate) conflicts_max: u64,
    /// Refutations that become inputs of all nodes.
    pub(crate) refutations_max: usize,
    /// Whether ANDs may become sums of other nodes.
    pub(crate) finds_sums: bool,
}

/// A block under construction in which equal nodes are one.
pub(crate) struct Sweeper {
    builder: Builder,
    effort: Effort,
    conflicts_left: u64,
    /// What stands for each node: itself, or an earlier one.
    stands: Vec<Wire>,
    simulation: Simulation,
    /// Nodes that stand for themselves, by their values in the words of the start.
    by_values: HashMap<u64, Vec<NodeId>>,
    sums: Sums,
    /// For each node, the ANDs that read it.
    products: HashMap<NodeId, Vec<NodeId>>,
}

impl Sweeper {
    /// A block with so many inputs and nothing else.
    pub(crate) fn new(name: &str, n_inputs: u32, effort: Effort) -> Sweeper {
        let mut sweeper = Sweeper {
            builder: Builder::new(name, n_inputs),
            effort,
            conflicts_left: effort.conflicts_max,
            stands: Vec::new(),
            simulation: Simulation::new(effort.n_words, n_inputs as usize),
            by_values: HashMap::new(),
            sums: Sums::default(),
            products: HashMap::new(),
        };
        for id in 0..=n_inputs {
            sweeper.track(NodeId(id));
        }
        sweeper
    }

    /// All inputs, in order.
    pub(crate) fn inputs(&self) -> Vec<Wire> {
        self.builder.inputs()
    }

    /// Says what causes the nodes from here on.
    pub(crate) fn set_origin(&mut self, origin: Origin) {
        self.builder.set_origin(origin);
    }

    /// A gate of the same kind on these operands, or what is equal to it.
    pub(crate) fn gate(&mut self, gate: Node, a: Wire, b: Wire) -> Wire {
        let wire = if matches!(gate, Node::And(..)) { self.builder.and(a, b) } else { self.builder.xor(a, b) };
        self.settle(wire)
    }

    /// [`Builder::call`]; results may have any value.
    pub(crate) fn call(&mut self, callees: &Blocks, spec: CallSpec, args: Vec<Wire>) -> Result<Vec<Wire>, TooLarge> {
        let results = self.builder.call(callees, spec, args)?;
        Ok(results.into_iter().map(|wire| self.settle(wire)).collect())
    }

    /// [`Builder::finish`].
    pub(crate) fn finish(self, outputs: Vec<Wire>) -> Result<Block, TooLarge> {
        self.builder.finish(outputs)
    }

    /// Runs that every node has been simulated in.
    pub(crate) fn n_runs(&self) -> u64 {
        64 * self.simulation.words.len() as u64
    }

    /// Whether two wires ever differ, with an effort of its own: as far as `limits` allow.
    pub(crate) fn differ(&mut self, a: Wire, b: Wire, limits: Limits) -> Difference {
        if a == b {
            return Difference::None;
        }
        if let Some(run) = self.simulation.run_that_tells_apart(a, b) {
            return Difference::In(self.simulation.inputs_of(run));
        }
        let conflicts_max = limits.conflicts_max.min(self.conflicts_left);
        let found = sat::differ(|id| self.builder.node(id), [a, b], Limits { conflicts_max, ..limits });
        self.conflicts_left -= found.n_conflicts.min(self.conflicts_left);
        match found.answer {
            Answer::Never => Difference::None,
            Answer::Where(values) => {
                Difference::In(self.inputs().iter().map(|input| values.get(&input.node()) == Some(&true)).collect())
            }
            Answer::Perhaps | Answer::Unknown => Difference::Unknown,
        }
    }

    /// Takes up the nodes that the builder has made since, and gives what stands for `wire`.
    fn settle(&mut self, wire: Wire) -> Wire {
        while self.stands.len() < self.builder.n_nodes() {
            let id = NodeId(self.stands.len() as u32);
            self.track(id);
            self.find_equal(id);
        }
        self.stands[wire.node().0 as usize] ^ wire.is_complemented()
    }

    fn track(&mut self, id: NodeId) {
        let node = self.builder.node(id);
        self.stands.push(Wire::new(id, false));
        self.simulation.push(node);
        self.sums.push(id, node);
        if !matches!(node, Node::And(..) | Node::Xor(..)) {
            self.add(id);
        }
    }

    fn add(&mut self, id: NodeId) {
        self.by_values.entry(self.simulation.hash(id)).or_default().push(id);
    }

    /// Lets an earlier node, or a sum of earlier nodes, stand for a new gate if it is proven to be equal.
    fn find_equal(&mut self, id: NodeId) {
        let node = self.builder.node(id);
        let earlier = self.sums.earlier(id).or_else(|| self.candidate(id).filter(|&wire| self.is_proven(id, wire)));
        if let Some(wire) = earlier {
            self.stands[id.0 as usize] = self.stands[wire.node().0 as usize] ^ wire.is_complemented();
            return;
        }
        if let Node::And(a, b) = node
            && self.effort.finds_sums
        {
            if let Some(wire) = self.sum_instead(id) {
                self.stands[id.0 as usize] = wire;
                self.add(wire.node());
                return;
            }
            for operand in [a, b] {
                self.products.entry(operand.node()).or_default().push(id);
            }
        }
        if matches!(node, Node::And(..) | Node::Xor(..)) {
            self.add(id);
        }
    }

    /// A sum of earlier nodes that is proven to equal this product.
    fn sum_instead(&mut self, id: NodeId) -> Option<Wire> {
        let near = self.near(id);
        let (terms, complement) = self.simulation.sum_of(id, &near)?;
        let sum =
            terms.iter().fold(Wire::constant(complement), |sum, &term| self.builder.xor(sum, Wire::new(term, false)));
        for id in self.stands.len()..self.builder.n_nodes() {
            self.track(NodeId(id as u32));
        }
        // The solver looks from the later node down, so the sum is a part of what it sees.
        self.is_proven(id, sum).then_some(sum)
    }

    /// Some of the nodes that are close: what the product is made of, and products with a factor in common.
    fn near(&self, id: NodeId) -> Vec<NodeId> {
        let Node::And(a, b) = self.builder.node(id) else { return Vec::new() };
        let mut near: Vec<NodeId> = Vec::new();
        for factor in [a, b] {
            near.extend(self.sums.of(factor.node()).iter().take(NEAR_MAX / 4));
            let products = self.products.get(&factor.node()).map_or(&[][..], Vec::as_slice);
            near.extend(products.iter().rev().take(NEAR_MAX / 4));
        }
        let mut below: Vec<NodeId> = Vec::new();
        for &node in &near {
            if let Node::And(a, b) = self.builder.node(node) {
                for factor in [a, b] {
                    below.extend(self.sums.of(factor.node()).iter().take(4));
                }
            }
        }
        near.extend(below);
        near.retain(|&node| node != id && node.0 != 0);
        near.sort_unstable();
        near.dedup();
        near.truncate(NEAR_MAX);
        near
    }

    /// An earlier node, or its complement, that nothing so far tells apart from this one.
    fn candidate(&self, id: NodeId) -> Option<Wire> {
        if !matches!(self.builder.node(id), Node::And(..) | Node::Xor(..)) {
            return None;
        }
        let like = self.by_values.get(&self.simulation.hash(id))?;
        let wire = Wire::new(id, false);
        like.iter().find_map(|&other| {
            let other = Wire::new(other, self.simulation.sign(id) != self.simulation.sign(other));
            self.simulation.run_that_tells_apart(wire, other).is_none().then_some(other)
        })
    }

    /// Whether the solver proves it; what it refutes with tells nodes apart from now on.
    fn is_proven(&mut self, id: NodeId, other: Wire) -> bool {
        for limits in self.effort.cones {
            let conflicts_max = limits.conflicts_max.min(self.conflicts_left);
            if conflicts_max == 0 {
                return false;
            }
            let wires = [other, Wire::new(id, false)];
            let found = sat::differ(|id| self.builder.node(id), wires, Limits { conflicts_max, ..*limits });
            self.conflicts_left -= found.n_conflicts.min(self.conflicts_left);
            match found.answer {
                Answer::Never => return true,
                Answer::Where(values) => {
                    if self.simulation.n_refutations() < self.effort.refutations_max {
                        self.simulation.refute(&self.builder, |leaf| values.get(&leaf).copied());
                    }
                    return false;
                }
                Answer::Perhaps => {}
                Answer::Unknown => return false,
            }
        }
        false
    }
}

/// How two wires differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Not at all.
    None,
    /// For these inputs.
    In(Vec<bool>),
    /// The effort was not enough to tell.
    Unknown,
}

/// The values of all nodes on many inputs.
struct Simulation {
    /// For each word of 64 runs, the values of all nodes.
    words: Vec<Vec<u64>>,
    /// Words that every node is hashed by; those after them come from refutations.
    n_words_hashed: usize,
    n_inputs: usize,
    hashes: Vec<u64>,
    random: SplitMix,
}

impl Simulation {
    fn new(n_words: usize, n_inputs: usize) -> Simulation {
        Simulation {
            words: vec![Vec::new(); n_words.max(1)],
            n_words_hashed: n_words.max(1),
            n_inputs,
            hashes: Vec::new(),
            random: SplitMix(0),
        }
    }

    /// Nodes whose sum, or its complement, has this node's values in all runs, if few of these make it.
    fn sum_of(&self, id: NodeId, near: &[NodeId]) -> Option<(Vec<NodeId>, bool)> {
        let values = |id: NodeId| -> Vec<u64> { self.words.iter().map(|word| word[id.0 as usize]).collect() };
        let add = |to: &mut Vector, by: &Vector| {
            to.values.iter_mut().zip(&by.values).for_each(|(x, y)| *x ^= y);
            to.terms ^= by.terms;
        };
        let reduce = |basis: &[(usize, Vector)], vector: &mut Vector| {
            for (pivot, by) in basis {
                if vector.values[pivot / 64] >> (pivot % 64) & 1 == 1 {
                    add(vector, by);
                }
            }
        };
        let mut basis: Vec<(usize, Vector)> = Vec::with_capacity(near.len() + 1);
        let one = Vector { values: vec![u64::MAX; self.words.len()], terms: 1 };
        let others = near.iter().zip(1..).map(|(&id, i)| Vector { values: values(id), terms: 1 << i });
        for mut vector in [one].into_iter().chain(others) {
            reduce(&basis, &mut vector);
            if let Some(word) = vector.values.iter().position(|&word| word != 0) {
                basis.push((word * 64 + vector.values[word].trailing_zeros() as usize, vector));
            }
        }
        let mut wanted = Vector { values: values(id), terms: 0 };
        reduce(&basis, &mut wanted);
        let is_sum = wanted.values.iter().all(|&word| word == 0);
        let terms =
            near.iter().zip(1..).filter(|(_, i)| wanted.terms >> i & 1 == 1).map(|(&id, _)| id).collect::<Vec<_>>();
        (is_sum && terms.len() <= SUM_MAX).then_some((terms, wanted.terms & 1 == 1))
    }

    fn n_refutations(&self) -> usize {
        self.words.len() - self.n_words_hashed
    }

    fn push(&mut self, node: Node) {
        let id = self.hashes.len();
        let mut hash = 0u64;
        let mut flip = 0;
        for w in 0..self.words.len() {
            let value = match node {
                Node::And(a, b) => self.value(w, a) & self.value(w, b),
                Node::Xor(a, b) => self.value(w, a) ^ self.value(w, b),
                Node::False => 0,
                Node::Input => self.random_input(w, id - 1),
                Node::Result { .. } => self.random.next(),
            };
            self.words[w].push(value);
            if w == 0 {
                flip = (value & 1).wrapping_neg();
            }
            if w < self.n_words_hashed {
                hash = SplitMix(hash ^ value ^ flip).next();
            }
        }
        self.hashes.push(hash);
    }

    /// Inputs of several kinds: uniform; mostly 0; mostly 1; equal at distances of powers of two; and few that differ.
    fn random_input(&mut self, word: usize, input: usize) -> u64 {
        let random = &mut self.random;
        let lane = |i: usize| 1u64 << (i % 64);
        match word % 8 {
            1 => random.next() & random.next() & random.next(),
            2 => random.next() | random.next() | random.next(),
            // In lane `i`, inputs are equal to those `2^(i mod 8)` before.
            3 => (0..64)
                .filter(|i| SplitMix((input % (1 << (i % 8))) as u64 ^ (i << 32)).next() & 1 == 1)
                .map(|i| 1 << i)
                .sum(),
            // All 0, but for one input in each lane; the lanes of the next words go on where these end.
            4 if input / 64 == word / 8 => lane(input),
            4 => 0,
            5 if input / 64 == word / 8 => !lane(input),
            5 => !0,
            _ => random.next(),
        }
    }

    fn value(&self, word: usize, wire: Wire) -> u64 {
        self.words[word][wire.node().0 as usize] ^ u64::from(wire.is_complemented()).wrapping_neg()
    }

    /// The same for a node and its complement.
    fn hash(&self, id: NodeId) -> u64 {
        self.hashes[id.0 as usize]
    }

    /// The node's value in the first run.
    fn sign(&self, id: NodeId) -> bool {
        self.words[0][id.0 as usize] & 1 == 1
    }

    /// Word and lane of a run in which two wires differ.
    fn run_that_tells_apart(&self, a: Wire, b: Wire) -> Option<(usize, u32)> {
        (0..self.words.len()).rev().find_map(|w| {
            let difference = self.value(w, a) ^ self.value(w, b);
            (difference != 0).then(|| (w, difference.trailing_zeros()))
        })
    }

    fn inputs_of(&self, (word, lane): (usize, u32)) -> Vec<bool> {
        self.words[word][1..=self.n_inputs].iter().map(|value| value >> lane & 1 == 1).collect()
    }

    /// One more word: the run with the given values in lane 0, and runs with a few other values in the others.
    fn refute(&mut self, builder: &Builder, given: impl Fn(NodeId) -> Option<bool>) {
        let mut word: Vec<u64> = Vec::with_capacity(self.hashes.len());
        for id in 0..self.hashes.len() {
            let id = NodeId(id as u32);
            let value = |wire: Wire| word[wire.node().0 as usize] ^ u64::from(wire.is_complemented()).wrapping_neg();
            word.push(match builder.node(id) {
                Node::False => 0,
                Node::And(a, b) => value(a) & value(b),
                Node::Xor(a, b) => value(a) ^ value(b),
                Node::Input | Node::Result { .. } => {
                    let random = &mut self.random;
                    let few = random.next() & random.next() & random.next() & random.next() & !1;
                    given(id).map_or_else(|| random.next(), |value| u64::from(value).wrapping_neg() ^ few)
                }
            });
        }
        self.words.push(word);
    }
}

/// Values in all runs, and the set of nodes, with the constant 1 as bit 0, that they are the sum of.
struct Vector {
    values: Vec<u64>,
    terms: u64,
}

/// Nodes among which the terms of a sum are looked for; with the constant they must fit a word.
const NEAR_MAX: usize = 40;

/// Terms of a sum that may replace an AND.
const SUM_MAX: usize = 6;

/// What each node is the XOR of.
#[derive(Default)]
struct Sums {
    /// Ascending; empty for the constant. A node whose sum would be too long is its own sum.
    terms: Vec<Box<[NodeId]>>,
    first_with: HashMap<Box<[NodeId]>, NodeId>,
    /// For the node last added, an earlier one with the same sum.
    earlier: Option<(NodeId, NodeId)>,
}

/// Terms of a sum.
const TERMS_MAX: usize = 128;

impl Sums {
    fn push(&mut self, id: NodeId, node: Node) {
        let terms = match node {
            Node::False => Some(Vec::new()),
            Node::Xor(a, b) => self.added(a.node(), b.node()),
            _ => None,
        };
        let terms = terms.unwrap_or_else(|| vec![id]).into_boxed_slice();
        let first = *self.first_with.entry(terms.clone()).or_insert(id);
        self.earlier = (first != id).then_some((id, first));
        self.terms.push(terms);
    }

    fn of(&self, id: NodeId) -> &[NodeId] {
        &self.terms[id.0 as usize]
    }

    /// An earlier node with the same sum as the node last added.
    fn earlier(&self, id: NodeId) -> Option<Wire> {
        self.earlier.filter(|&(last, _)| last == id).map(|(_, first)| Wire::new(first, false))
    }

    /// What is in one of two sums but not in both, if that is not too much.
    fn added(&self, a: NodeId, b: NodeId) -> Option<Vec<NodeId>> {
        let (a, b) = (&self.terms[a.0 as usize], &self.terms[b.0 as usize]);
        let terms = difference(a, b);
        (terms.len() <= TERMS_MAX).then_some(terms)
    }
}

/// Numbers that look random: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. Nothing here is secret.
pub(crate) struct SplitMix(u64);

impl SplitMix {
    /// The numbers that follow from a seed.
    pub(crate) fn new(seed: u64) -> SplitMix {
        SplitMix(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

/// What is in one of two ascending lists, but not in both.
pub(crate) fn difference<T: Copy + Ord>(a: &[T], b: &[T]) -> Vec<T> {
    let (mut i, mut j) = (0, 0);
    let mut terms = Vec::with_capacity(a.len() + b.len());
    while i < a.len() || j < b.len() {
        let take_a = j == b.len() || (i < a.len() && a[i] <= b[j]);
        let take_b = i == a.len() || (j < b.len() && b[j] <= a[i]);
        if take_a != take_b {
            terms.push(if take_a { a[i] } else { b[j] });
        }
        i += usize::from(take_a);
        j += usize::from(take_b);
    }
    terms
}

#[cfg(test)]
mod tests;
