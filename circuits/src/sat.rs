//! Questions about two nodes of a block, answered by a SAT solver: do they ever differ?
//!
//! The cone of both nodes, cut off at a limit of gates, becomes clauses: three for an AND, four for an XOR (Tseitin, "On the
//! complexity of derivation in propositional calculus", 1968), and two that say that the nodes differ. What is cut off is a
//! variable that may have any value, so "they never differ" holds whatever is below; "they differ thus" is
//! a run of the circuit only if nothing was cut off. The solver is `batsat`, MiniSat's rules in Rust.
//!
//! # Invariants
//! - Effort is counted in conflicts, never in time: the same question has the same answer on every machine.
//! - Every question has a solver of its own, so answers do not depend on the questions before.

use std::collections::{BTreeMap, BinaryHeap};

use batsat::{Callbacks, ClauseKind, Lit, Solver, SolverInterface, SolverOpts, lbool};

use crate::circuit::Node;
use crate::id::{NodeId, Wire};

/// How much one question may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Gates of the cone that are looked at.
    pub(crate) gates_max: usize,
    /// Conflicts of the search.
    pub(crate) conflicts_max: u64,
}

/// Whether two wires ever differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// They are the same function.
    Never,
    /// They differ where the leaves of the whole cone have these values.
    Where(BTreeMap<NodeId, bool>),
    /// Only if what was cut off can have the values that it would need.
    Perhaps,
    /// The search was given up.
    Unknown,
}

/// The answer, and what it cost.
pub(crate) struct Found {
    pub(crate) answer: Answer,
    pub(crate) n_conflicts: u64,
}

/// Whether `a` and `b` ever differ; `node` gives a block's nodes, of which inputs and results of calls may have any value.
pub(crate) fn differ(node: impl Fn(NodeId) -> Node, [a, b]: [Wire; 2], limits: Limits) -> Found {
    let cone = Cone::new(node, [a, b], limits.gates_max);
    let mut clauses = Clauses::new(limits.conflicts_max, &cone);
    let (x, y) = (clauses.lit(a), clauses.lit(b));
    clauses.add(&[x, y]);
    clauses.add(&[!x, !y]);
    let verdict = clauses.solver.solve_limited(&[]);
    let answer = if verdict == lbool::FALSE {
        Answer::Never
    } else if verdict == lbool::UNDEF {
        Answer::Unknown
    } else if cone.is_cut {
        Answer::Perhaps
    } else {
        Answer::Where(cone.leaves.iter().map(|&leaf| (leaf, clauses.value(leaf))).collect())
    };
    Found { answer, n_conflicts: clauses.solver.num_conflicts() }
}

/// The gates above a pair of nodes, the latest first, as many as the limit lets in; and what they rest on.
struct Cone {
    gates: Vec<(NodeId, Node)>,
    /// Inputs, results of calls, and gates that were cut off; in descending order.
    leaves: Vec<NodeId>,
    is_cut: bool,
}

impl Cone {
    fn new(node: impl Fn(NodeId) -> Node, roots: [Wire; 2], gates_max: usize) -> Cone {
        let mut waiting: BinaryHeap<u32> = roots.iter().map(|root| root.node().0).collect();
        let mut cone = Cone { gates: Vec::new(), leaves: Vec::new(), is_cut: false };
        let mut last = None;
        while let Some(id) = waiting.pop() {
            if last == Some(id) || id == 0 {
                continue;
            }
            last = Some(id);
            let id = NodeId(id);
            match node(id) {
                gate @ (Node::And(a, b) | Node::Xor(a, b)) if cone.gates.len() < gates_max => {
                    cone.gates.push((id, gate));
                    waiting.extend([a.node().0, b.node().0]);
                }
                Node::And(..) | Node::Xor(..) => {
                    cone.is_cut = true;
                    cone.leaves.push(id);
                }
                _ => cone.leaves.push(id),
            }
        }
        cone
    }
}

/// A cone as clauses; node by node, the first variable being the constant.
struct Clauses {
    solver: Solver<Patience>,
    /// The nodes that have a variable, ascending; a node's place is its variable's number.
    nodes: Vec<NodeId>,
}

impl Clauses {
    fn new(conflicts_max: u64, cone: &Cone) -> Clauses {
        let gates = cone.gates.iter().map(|&(id, _)| id);
        let mut nodes: Vec<NodeId> = gates.chain(cone.leaves.iter().copied()).chain([NodeId(0)]).collect();
        nodes.sort_unstable();
        let mut solver = Solver::new(SolverOpts::default(), Patience { conflicts_left: conflicts_max });
        for _ in &nodes {
            solver.new_var_default();
        }
        let mut clauses = Clauses { solver, nodes };
        let never = clauses.lit(Wire::FALSE);
        clauses.add(&[!never]);
        for &(id, gate) in cone.gates.iter().rev() {
            clauses.add_gate(id, gate);
        }
        clauses
    }

    fn add_gate(&mut self, id: NodeId, gate: Node) {
        let out = self.lit(Wire::new(id, false));
        match gate {
            Node::And(a, b) => {
                let (a, b) = (self.lit(a), self.lit(b));
                self.add(&[!out, a]);
                self.add(&[!out, b]);
                self.add(&[out, !a, !b]);
            }
            Node::Xor(a, b) => {
                let (a, b) = (self.lit(a), self.lit(b));
                self.add(&[!out, a, b]);
                self.add(&[!out, !a, !b]);
                self.add(&[out, !a, b]);
                self.add(&[out, a, !b]);
            }
            Node::False | Node::Input | Node::Result { .. } => unreachable!("a cone's gates are gates"),
        }
    }

    fn lit(&mut self, wire: Wire) -> Lit {
        let place = self.nodes.binary_search(&wire.node()).expect("every node of the cone has a variable");
        Lit::new(self.solver.var_of_int(place as u32), !wire.is_complemented())
    }

    fn value(&mut self, node: NodeId) -> bool {
        let lit = self.lit(Wire::new(node, false));
        self.solver.value_lit(lit) == lbool::TRUE
    }

    fn add(&mut self, clause: &[Lit]) {
        // A contradiction is noted by the solver, which then finds no solution.
        self.solver.add_clause_reuse(&mut clause.to_vec());
    }
}

/// Stops the solver after so many conflicts.
struct Patience {
    conflicts_left: u64,
}

impl Callbacks for Patience {
    fn on_new_clause(&mut self, _: &[Lit], kind: ClauseKind) {
        if kind == ClauseKind::Learnt {
            self.conflicts_left = self.conflicts_left.saturating_sub(1);
        }
    }

    fn stop(&self) -> bool {
        self.conflicts_left == 0
    }
}

#[cfg(test)]
mod tests;
