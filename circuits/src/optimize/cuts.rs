//! Cuts: for each node, sets of at most four nodes that determine it, with the function that they determine it by.
//!
//! Cuts of a gate are unions of one cut of each operand; every node also is a cut of itself, which is not stored. The few
//! with the fewest leaves are kept: where paths meet again, sharing makes small cuts of large cones. To bound memory, only
//! the last [`NODES_MAX`] nodes keep their cuts.
//!
//! Circuits repeat themselves: the cuts of most gates are those of an earlier gate, but for which nodes the leaves are. Cuts
//! are therefore made once for each way in which operands' cuts come together ([`forms`]), and a node only has its leaves.

mod forms;

use std::collections::VecDeque;

use forms::{FormId, Forms};

use super::Gates;
use super::table::VARIABLES;
use crate::circuit::Node;
use crate::id::Wire;

/// The most leaves of a cut.
pub(super) const LEAVES_MAX: usize = 4;

/// In place of a leaf; greater than all nodes.
const NO_LEAF: u32 = u32::MAX;

/// The most cuts of a node that are kept.
pub(super) const CUTS_MAX: usize = 8;

/// Nodes that determine a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Cut {
    /// Ascending, then [`NO_LEAF`].
    leaves: [u32; LEAVES_MAX],
    /// The leaves as a set of numbers modulo 32: tells most sets apart quickly.
    signature: u32,
    /// The function of the leaves, the first being variable 0; it does not depend on variables beyond the leaves.
    pub(super) table: u16,
    n_leaves: u8,
    size: Size,
}

/// Gates between a node and the leaves, each counted as often as there are paths to it: so many there are at most.
///
/// Both numbers in one byte; [`Size::MANY`] stands for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
struct Size(u8);

impl Size {
    const MANY: u8 = 15;

    fn of_gate(is_and: bool) -> Size {
        Size(if is_and { 1 } else { 1 << 4 })
    }

    fn plus(self, other: Size) -> Size {
        let sum = |shift: u8| ((self.0 >> shift & 15) + (other.0 >> shift & 15)).min(Size::MANY) << shift;
        Size(sum(0) | sum(4))
    }

    fn gates(self) -> Gates {
        let number = |n: u8| if n == Size::MANY { i32::MAX / 2 } else { i32::from(n) };
        Gates { n_ands: number(self.0 & 15), n_xors: number(self.0 >> 4) }
    }
}

impl Cut {
    pub(super) fn of_itself(node: u32) -> Cut {
        let leaves = [node, NO_LEAF, NO_LEAF, NO_LEAF];
        Cut { leaves, signature: 1 << (node % 32), table: VARIABLES[0], n_leaves: 1, size: Size::default() }
    }

    /// The cut, where its gates are not counted.
    pub(super) fn shared(self) -> Cut {
        Cut { size: Size::default(), ..self }
    }

    /// No more gates than these lie between the node and the leaves.
    pub(super) fn gates_max(&self) -> Gates {
        self.size.gates()
    }

    /// The leaves, ascending.
    pub(super) fn leaves(&self) -> &[u32] {
        &self.leaves[..usize::from(self.n_leaves)]
    }

    /// How many leaves two cuts have together, or more than [`LEAVES_MAX`] if that is so.
    pub(super) fn n_leaves_with(&self, other: &Cut) -> usize {
        // Signatures tell most that are too many.
        let n_at_least = (self.signature | other.signature).count_ones() as usize;
        if n_at_least > LEAVES_MAX {
            return n_at_least;
        }
        self.leaves().iter().fold(other.leaves().len(), |n, &leaf| n + usize::from(!other.has(leaf)))
    }

    /// How many leaves the cut has with one more.
    pub(super) fn n_leaves_with_node(&self, node: u32) -> usize {
        self.leaves().len() + usize::from(!self.has(node))
    }

    fn has(&self, leaf: u32) -> bool {
        let [a, b, c, d] = self.leaves;
        (leaf == a) | (leaf == b) | (leaf == c) | (leaf == d)
    }

    /// The gate's cut that is made of one cut of each operand, whose leaves are few enough.
    pub(super) fn of_gate(gate: Node, [a, b]: [&Cut; 2]) -> Cut {
        a.union(b).expect("there are few leaves").finished(gate, a, b)
    }

    /// The union of cuts of a gate's operands, with the gate itself.
    fn finished(self, gate: Node, cut_a: &Cut, cut_b: &Cut) -> Cut {
        let (Node::And(a, b) | Node::Xor(a, b)) = gate else { unreachable!("only gates have operands") };
        let is_and = matches!(gate, Node::And(..));
        let table_a = cut_a.table_in(&self) ^ complement(a);
        let table_b = cut_b.table_in(&self) ^ complement(b);
        let table = if is_and { table_a & table_b } else { table_a ^ table_b };
        Cut { table, size: self.size.plus(Size::of_gate(is_and)), ..self }
    }

    /// The union of the leaves, if there are few enough.
    fn union(&self, other: &Cut) -> Option<Cut> {
        let at = |cut: &Cut, i: usize| if i < LEAVES_MAX { cut.leaves[i] } else { NO_LEAF };
        let (mut i, mut j) = (0, 0);
        let mut n_leaves = 0;
        let mut leaves = [NO_LEAF; LEAVES_MAX];
        for leaf in &mut leaves {
            let (x, y) = (at(self, i), at(other, j));
            *leaf = x.min(y);
            i += usize::from(x == *leaf);
            j += usize::from(y == *leaf);
            n_leaves += u8::from(*leaf != NO_LEAF);
        }
        if at(self, i) != NO_LEAF || at(other, j) != NO_LEAF {
            return None;
        }
        let signature = self.signature | other.signature;
        Some(Cut { leaves, signature, table: 0, n_leaves, size: self.size.plus(other.size) })
    }

    /// The cut's function in terms of the leaves of `wider`, which has all of this cut's.
    fn table_in(&self, wider: &Cut) -> u16 {
        let mut table = self.table;
        if self.n_leaves == wider.n_leaves {
            return table;
        }
        let mut to = wider.leaves().len();
        for from in (0..self.leaves().len()).rev() {
            to -= 1;
            while wider.leaves[to] != self.leaves[from] {
                to -= 1;
            }
            table = swap_variables(table, from, to);
        }
        table
    }

    fn is_within(&self, other: &Cut) -> bool {
        self.signature & !other.signature == 0 && self.leaves().iter().all(|&leaf| other.has(leaf))
    }
}

/// The function with variables `i ≤ j` exchanged.
fn swap_variables(table: u16, i: usize, j: usize) -> u16 {
    if i == j {
        return table;
    }
    let shift = (1 << j) - (1 << i);
    let only_i = VARIABLES[i] & !VARIABLES[j];
    let moved = (table ^ table >> shift) & only_i;
    table ^ moved ^ moved << shift
}

/// Nodes that keep their cuts: about 30 MB.
const NODES_MAX: usize = 1 << 19;

/// Nodes that lose their cuts at once.
const GROUP_LEN: usize = 1 << 13;

/// The cuts of the last nodes.
pub(super) struct Cuts {
    forms: Forms,
    n_nodes: usize,
    last: Groups,
}

impl Cuts {
    /// No nodes yet. Of the cuts, [`Cuts::candidates`] gives those that `is_candidate`.
    pub(super) fn new(is_candidate: fn(&Cut) -> bool) -> Cuts {
        Cuts { forms: Forms::new(is_candidate), n_nodes: 0, last: Groups::default() }
    }

    /// Nodes so far.
    pub(super) fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// The candidates among the cuts of a node, as far as they are kept; those with the fewest leaves come first.
    pub(super) fn candidates(&self, node: u32) -> impl Iterator<Item = Cut> {
        let kept = self.last.of(node).into_iter();
        kept.flat_map(|(form, leaves)| self.forms.candidates(form).map(|cut| cut.on(leaves)))
    }

    /// Adds the next node, whose operands are there.
    pub(super) fn push(&mut self, node: Node) {
        let id = self.n_nodes as u32;
        self.n_nodes += 1;
        let (Node::And(a, b) | Node::Xor(a, b)) = node else {
            return self.last.push(id, FormId::NONE, []);
        };
        if self.forms.are_too_many() {
            self.forget();
        }
        let [own_a, own_b] = [[a.node().0], [b.node().0]];
        let (form_a, leaves_a) = self.last.of(own_a[0]).unwrap_or((FormId::NONE, &own_a));
        let (form_b, leaves_b) = self.last.of(own_b[0]).unwrap_or((FormId::NONE, &own_b));
        let joined = Joined::of(leaves_a, leaves_b);
        let made = self.forms.of_gate(node, [form_a, form_b], [joined.of_a, joined.of_b]);
        self.last.push(id, made.form, joined.selected(made.leaves));
    }

    /// No node so far has cuts any more.
    fn forget(&mut self) {
        self.forms.clear();
        self.last.groups.iter_mut().flat_map(|group| &mut group.nodes).for_each(|node| node.form = FormId::NONE);
    }
}

/// The last [`NODES_MAX`] nodes, in groups.
#[derive(Default)]
struct Groups {
    groups: VecDeque<Group>,
    /// Groups before those.
    n_gone: usize,
}

/// Nodes that follow each other.
#[derive(Default)]
struct Group {
    nodes: Vec<NodeCuts>,
    /// For each node the leaves of its cuts, then itself; ascending.
    leaves: Vec<u32>,
}

/// What a node's cuts are.
#[derive(Clone, Copy)]
struct NodeCuts {
    form: FormId,
    /// Where its leaves end in those of the group.
    end: u32,
}

impl Groups {
    /// The form of a node's cuts, and their leaves with the node itself; nothing where they are no longer kept.
    fn of(&self, node: u32) -> Option<(FormId, &[u32])> {
        let group = &self.groups[(node as usize / GROUP_LEN).checked_sub(self.n_gone)?];
        let i = node as usize % GROUP_LEN;
        let NodeCuts { form, end } = group.nodes[i];
        let start = if i == 0 { 0 } else { group.nodes[i - 1].end };
        Some((form, &group.leaves[start as usize..end as usize]))
    }

    fn push(&mut self, node: u32, form: FormId, leaves: impl IntoIterator<Item = u32>) {
        if (node as usize).is_multiple_of(GROUP_LEN) {
            let mut group = Group::default();
            if self.groups.len() == NODES_MAX / GROUP_LEN {
                group = self.groups.pop_front().unwrap_or_default();
                self.n_gone += 1;
            }
            group.nodes.clear();
            group.leaves.clear();
            self.groups.push_back(group);
        }
        let group = self.groups.back_mut().expect("the first node begins a group");
        group.leaves.extend(leaves);
        group.leaves.push(node);
        group.nodes.push(NodeCuts { form, end: group.leaves.len() as u32 });
    }
}

/// The leaves of a gate's operands, and the operands, ascending.
struct Joined {
    nodes: [u32; 64],
    /// Those of the earlier operand, as a set of positions.
    of_a: u64,
    of_b: u64,
}

impl Joined {
    /// Of ascending lists, whose last elements are the operands themselves.
    fn of(a: &[u32], b: &[u32]) -> Joined {
        let mut joined = Joined { nodes: [0; 64], of_a: 0, of_b: 0 };
        let (mut i, mut j, mut n) = (0, 0, 0);
        // The later operand comes after all else.
        while i < a.len() {
            let (x, y) = (a[i], b[j]);
            joined.nodes[n % 64] = x.min(y);
            joined.of_a |= u64::from(x <= y) << n;
            joined.of_b |= u64::from(y <= x) << n;
            i += usize::from(x <= y);
            j += usize::from(y <= x);
            n += 1;
        }
        let rest = &b[j..];
        joined.nodes[n..n + rest.len()].copy_from_slice(rest);
        joined.of_b |= (u64::MAX >> (64 - rest.len())) << n;
        joined
    }

    /// The nodes at these positions.
    fn selected(&self, mut positions: u64) -> impl Iterator<Item = u32> {
        std::iter::from_fn(move || {
            let at = (positions != 0).then(|| positions.trailing_zeros())?;
            positions &= positions - 1;
            Some(self.nodes[at as usize % 64])
        })
    }
}

/// The cuts of a gate, from those of its operands; an operand itself is a cut, too.
fn unions(gate: Node, [cuts_a, cuts_b]: [&[Cut]; 2], own: [Cut; 2], found: &mut Unions) {
    let [own_a, own_b] = own;
    // Beyond the cuts there is the operand itself.
    let at_a = |i: usize| cuts_a.get(i).unwrap_or(&own_a);
    let at_b = |j: usize| cuts_b.get(j).unwrap_or(&own_b);
    let mut signatures = [own_b.signature; CUTS_MAX + 1];
    signatures.iter_mut().zip(cuts_b).for_each(|(signature, cut)| *signature = cut.signature);
    for i in 0..=cuts_a.len() {
        let cut_a = at_a(i);
        let Some(room) = found.row.leaves_max().checked_sub(cut_a.n_leaves.into()) else { continue };
        let mut fitting = lacking_at_most(room, &signatures, cut_a.signature) & ((2 << cuts_b.len()) - 1);
        while fitting != 0 {
            let j = fitting.trailing_zeros() as usize;
            fitting &= fitting - 1;
            if let Some(cut) = cut_a.union(at_b(j))
                && !found.row.has_no_use_for(&cut)
            {
                found.insert(cut, [i as u8, j as u8]);
            }
        }
    }
    let Unions { row: Row { cuts, n_cuts }, from } = found;
    for (cut, &[i, j]) in cuts[..*n_cuts].iter_mut().zip(from.iter()) {
        *cut = cut.finished(gate, at_a(i.into()), at_b(j.into()));
    }
}

/// The sets that have at most so many elements which `set` has not, as far as signatures tell; as a set of positions.
fn lacking_at_most(room: usize, sets: &[u32; CUTS_MAX + 1], set: u32) -> u32 {
    fn lacking<const ROOM: usize>(sets: &[u32; CUTS_MAX + 1], set: u32) -> u32 {
        let few = |other: u32| {
            let lacking = (0..ROOM).fold(other & !set, |rest, _| rest & rest.wrapping_sub(1));
            u32::from(lacking == 0)
        };
        sets.iter().rev().fold(0, |positions, &other| positions << 1 | few(other))
    }
    match room {
        0 => lacking::<0>(sets, set),
        1 => lacking::<1>(sets, set),
        2 => lacking::<2>(sets, set),
        _ => lacking::<3>(sets, set),
    }
}

#[derive(Clone, Copy, Default)]
struct Row {
    cuts: [Cut; CUTS_MAX],
    n_cuts: usize,
}

/// The cuts found so far, and the operands' cuts that each is of; their tables come last.
#[derive(Default)]
struct Unions {
    row: Row,
    from: [[u8; 2]; CUTS_MAX],
}

impl Unions {
    /// Inserts a cut, fewest leaves first; those that it makes needless go, and the worst where there is no room.
    fn insert(&mut self, cut: Cut, from: [u8; 2]) {
        let Row { cuts, n_cuts } = &mut self.row;
        // Whatever it makes needless has more leaves.
        let place = cuts[..*n_cuts].partition_point(|other| other.n_leaves <= cut.n_leaves);
        let mut n_kept = place;
        for i in place..*n_cuts {
            if !cut.is_within(&cuts[i]) {
                (cuts[n_kept], self.from[n_kept]) = (cuts[i], self.from[i]);
                n_kept += 1;
            }
        }
        let end = n_kept.min(CUTS_MAX - 1);
        cuts.copy_within(place..end, place + 1);
        self.from.copy_within(place..end, place + 1);
        (cuts[place], self.from[place]) = (cut, from);
        *n_cuts = end + 1;
    }
}

impl Row {
    /// Cuts with more leaves have no place: they have too many, or there are as good ones and no room.
    fn leaves_max(&self) -> usize {
        if self.n_cuts < CUTS_MAX { LEAVES_MAX } else { usize::from(self.cuts[CUTS_MAX - 1].n_leaves) - 1 }
    }

    /// Whether a better cut is there, or only better ones and no room.
    fn has_no_use_for(&self, cut: &Cut) -> bool {
        let has_too_many = usize::from(cut.n_leaves) > self.leaves_max();
        has_too_many || self.cuts[..self.n_cuts].iter().any(|other| other.is_within(cut))
    }
}

fn complement(wire: Wire) -> u16 {
    if wire.is_complemented() { u16::MAX } else { 0 }
}

#[cfg(test)]
mod tests;
