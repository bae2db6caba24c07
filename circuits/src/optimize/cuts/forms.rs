//! Cuts but for which nodes the leaves are, each made once.
//!
//! The *form* of a node's cuts is what they are when leaves are numbered in ascending order. It follows from the forms of the
//! operands' cuts, the kind of the gate, and from which leaves they share and how the others stand among each
//! other: since nothing else about a leaf is looked at, a gate where all of that is as it was before has the cuts that it had
//! then, on its own leaves.
//!
//! # Invariants
//! - A form has at most [`LEAVES_OF_FORM_MAX`] leaves, so that those of two operands, and the operands, are numbers in a word.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use super::{CUTS_MAX, Cut, LEAVES_MAX, NO_LEAF, Size, Unions, unions};
use crate::circuit::Node;

/// Different leaves of all cuts of a node, at most.
const LEAVES_OF_FORM_MAX: u32 = 31;

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FormId(u32);

impl FormId {
    /// No cuts.
    pub(super) const NONE: FormId = FormId(0);
}

/// A cut of a form: its leaves are numbers in the ascending list of all the form's leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FormCut {
    leaves: [u8; LEAVES_MAX],
    table: u16,
    n_leaves: u8,
    size: Size,
}

impl FormCut {
    /// A cut whose leaves are numbers below 256.
    fn new(cut: &Cut, number: impl Fn(u32) -> u8) -> FormCut {
        let mut leaves = [0; LEAVES_MAX];
        leaves.iter_mut().zip(cut.leaves()).for_each(|(to, &leaf)| *to = number(leaf));
        FormCut { leaves, table: cut.table, n_leaves: cut.n_leaves, size: cut.size }
    }

    /// The cut on these leaves.
    pub(super) fn on(&self, all: &[u32]) -> Cut {
        let mut leaves = [NO_LEAF; LEAVES_MAX];
        let own = &self.leaves[..usize::from(self.n_leaves)];
        leaves.iter_mut().zip(own).for_each(|(to, &leaf)| *to = all[usize::from(leaf)]);
        let signature = leaves[..own.len()].iter().fold(0, |set, leaf| set | 1 << (leaf % 32));
        Cut { leaves, signature, table: self.table, n_leaves: self.n_leaves, size: self.size }
    }
}

/// All forms so far.
pub(super) struct Forms {
    is_candidate: fn(&Cut) -> bool,
    forms: Vec<Form>,
    by_cuts: Map<Rc<[FormCut]>, FormId>,
    made: Map<Recipe, Made>,
    /// Room for the cuts of a gate: an array that is used again.
    found: Box<Unions>,
}

struct Form {
    cuts: Rc<[FormCut]>,
    /// Those of the cuts that are candidates.
    candidates: u8,
}

/// What the cuts of a gate follow from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Recipe {
    /// The forms of both operands, and what kind of gate it is.
    gate: u64,
    /// In the ascending list of the operands' leaves and the operands, which are those of the earlier one.
    of_a: u64,
    /// Those of the later one.
    of_b: u64,
}

/// The cuts of a gate.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) form: FormId,
    /// Which of the operands' leaves, and the operands, are its leaves.
    pub(super) leaves: u64,
}

impl Forms {
    pub(super) fn new(is_candidate: fn(&Cut) -> bool) -> Forms {
        let found = Box::default();
        let mut forms = Forms { is_candidate, forms: Vec::new(), by_cuts: Map::default(), made: Map::default(), found };
        forms.clear();
        forms
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.forms.len()
    }

    /// Whether it is time to [`Forms::clear`] them: circuits that do not repeat themselves have many.
    pub(super) fn are_too_many(&self) -> bool {
        self.forms.len() >= FORMS_MAX
    }

    /// Forgets all forms but the one without cuts.
    pub(super) fn clear(&mut self) {
        self.forms.clear();
        self.by_cuts.clear();
        self.made.clear();
        self.forms.push(Form { cuts: Rc::default(), candidates: 0 });
        self.by_cuts.insert(Rc::default(), FormId::NONE);
    }

    /// The cuts that are candidates.
    pub(super) fn candidates(&self, FormId(form): FormId) -> impl Iterator<Item = &FormCut> {
        let Form { cuts, candidates } = &self.forms[form as usize];
        cuts.iter().enumerate().filter(move |(i, _)| candidates >> i & 1 == 1).map(|(_, cut)| cut)
    }

    /// The cuts of a gate on operands with cuts of these forms, and with leaves (and themselves) at these positions.
    pub(super) fn of_gate(&mut self, gate: Node, forms: [FormId; 2], positions: [u64; 2]) -> Made {
        let (Node::And(a, b) | Node::Xor(a, b)) = gate else { unreachable!("only gates have operands") };
        let kind = [matches!(gate, Node::And(..)), a.is_complemented(), b.is_complemented()];
        let gate_number = kind.iter().fold(u64::from(forms[0].0), |number, &is| number << 1 | u64::from(is));
        let recipe = Recipe { gate: gate_number << 32 | u64::from(forms[1].0), of_a: positions[0], of_b: positions[1] };
        if let Some(&made) = self.made.get(&recipe) {
            return made;
        }
        let made = self.make(gate, forms, positions);
        if self.made.len() == RECIPES_MAX {
            self.made.clear();
        }
        self.made.insert(recipe, made);
        made
    }

    fn make(&mut self, gate: Node, forms: [FormId; 2], positions: [u64; 2]) -> Made {
        self.found.row.n_cuts = 0;
        let operands = [0, 1].map(|i| Operand::new(&self.forms[forms[i].0 as usize], positions[i]));
        let [a, b] = &operands;
        unions(gate, [a.cuts(), b.cuts()], [a.own, b.own], &mut self.found);
        let mut cuts = &self.found.row.cuts[..self.found.row.n_cuts];
        let all_leaves = |cuts: &[Cut]| cuts.iter().flat_map(Cut::leaves).fold(0u64, |set, leaf| set | 1 << leaf);
        while all_leaves(cuts).count_ones() > LEAVES_OF_FORM_MAX {
            cuts = &cuts[..cuts.len() - 1];
        }
        let leaves = all_leaves(cuts);
        let number = |leaf: u32| (leaves & ((1 << leaf) - 1)).count_ones() as u8;
        let cuts: Rc<[FormCut]> = cuts.iter().map(|cut| FormCut::new(cut, number)).collect();
        Made { form: self.intern(cuts), leaves }
    }

    fn intern(&mut self, cuts: Rc<[FormCut]>) -> FormId {
        if let Some(&form) = self.by_cuts.get(&cuts) {
            return form;
        }
        let form = FormId(self.forms.len() as u32);
        let numbers: [u32; 32] = std::array::from_fn(|i| i as u32);
        let is_candidate = |cut: &FormCut| (self.is_candidate)(&cut.on(&numbers));
        let candidates = cuts.iter().rev().fold(0, |set, cut| set << 1 | u8::from(is_candidate(cut)));
        self.by_cuts.insert(Rc::clone(&cuts), form);
        self.forms.push(Form { cuts, candidates });
        form
    }
}

/// The cuts of an operand, on positions as leaves.
struct Operand {
    cuts: [Cut; CUTS_MAX],
    n_cuts: usize,
    own: Cut,
}

impl Operand {
    fn new(form: &Form, mut positions: u64) -> Operand {
        let mut leaves = [0; 64];
        let mut n_leaves = 0;
        while positions != 0 {
            leaves[n_leaves] = positions.trailing_zeros();
            positions &= positions - 1;
            n_leaves += 1;
        }
        let mut cuts = [Cut::default(); CUTS_MAX];
        cuts.iter_mut().zip(form.cuts.iter()).for_each(|(to, cut)| *to = cut.on(&leaves));
        Operand { cuts, n_cuts: form.cuts.len(), own: Cut::of_itself(leaves[n_leaves - 1]) }
    }

    fn cuts(&self) -> &[Cut] {
        &self.cuts[..self.n_cuts]
    }
}

/// Forms and recipes that are kept; circuits that repeat themselves have a few thousand.
const FORMS_MAX: usize = 1 << 17;
const RECIPES_MAX: usize = 1 << 18;

/// A map whose order is not looked at.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<Multiply>>;

/// Multiply and fold: all bits of a word change all bits of the hash.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
