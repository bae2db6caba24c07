//! The call graph: cycles are errors, and callees come before callers.

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Arm, Expr, ExprKind, FunctionId, Over, Place, Step, Stmt};

impl Checker<'_> {
    /// Reports recursion; puts callees before callers and gives each function's new position.
    pub(super) fn order_functions(&mut self) -> Option<Vec<FunctionId>> {
        let mut graph = DiGraph::<(), ()>::new();
        let nodes: Vec<NodeIndex> = (0..self.functions.len()).map(|_| graph.add_node(())).collect();
        for (caller, calls) in self.calls.iter().enumerate() {
            for (callee, _) in calls {
                graph.update_edge(nodes[callee.0 as usize], nodes[caller], ());
            }
        }
        match toposort(&graph, None) {
            Ok(order) => Some(self.reorder(&order)),
            Err(_) => {
                for group in tarjan_scc(&graph) {
                    let group: Vec<u32> = group.into_iter().map(|node| node.index() as u32).collect();
                    self.recursion(group);
                }
                None
            }
        }
    }

    /// Shows one cycle inside a group of functions that all reach each other.
    fn recursion(&mut self, mut group: Vec<u32>) {
        group.sort_unstable();
        let inside = |callee: &FunctionId| group.binary_search(&callee.0).is_ok();
        let next = |caller: u32| self.calls[caller as usize].iter().find(|(callee, _)| inside(callee));
        let mut path = vec![group[0]];
        let mut spans = Vec::new();
        loop {
            let Some((callee, span)) = path.last().and_then(|caller| next(*caller)) else { return };
            spans.push(*span);
            if let Some(start) = path.iter().position(|seen| *seen == callee.0) {
                path.drain(..start);
                spans.drain(..start);
                break;
            }
            path.push(callee.0);
        }
        let names: Vec<&str> = path.iter().map(|id| &*self.functions[*id as usize].name).collect();
        let first = names[0];
        let mut error =
            Diagnostic::error(Code::Recursion, format!("`{first}` calls itself: {} → {first}", names.join(" → ")));
        for (i, span) in spans.iter().enumerate() {
            let text = format!("`{}` calls `{}`", names[i], names[(i + 1) % names.len()]);
            error = if i == 0 { error.at(*span, text) } else { error.because(*span, text) };
        }
        let error = error
            .note("a circuit has no end if a function can call itself")
            .help("use a `for` loop with a fixed number of rounds");
        self.report(error);
    }

    fn reorder(&mut self, order: &[NodeIndex]) -> Vec<FunctionId> {
        let mut position = vec![FunctionId(0); order.len()];
        for (new, old) in order.iter().enumerate() {
            position[old.index()] = FunctionId(new as u32);
        }
        let mut functions: Vec<_> = std::mem::take(&mut self.functions).into_iter().enumerate().collect();
        functions.sort_by_key(|(old, _)| position[*old]);
        self.functions = functions.into_iter().map(|(_, function)| function).collect();
        for function in &mut self.functions {
            renumber(&mut function.body, &position);
        }
        position
    }
}

/// Replaces each called function by its new position.
fn renumber(expr: &mut Expr, position: &[FunctionId]) {
    let mut go = |expr: &mut Expr| renumber(expr, position);
    match &mut expr.kind {
        ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Local(_) | ExprKind::Break | ExprKind::Continue => {}
        ExprKind::Call(function, args) => {
            *function = position[function.0 as usize];
            args.iter_mut().for_each(go);
        }
        ExprKind::Aggregate(items) | ExprKind::Intrinsic(_, items) => items.iter_mut().for_each(go),
        ExprKind::Repeat(a)
        | ExprKind::Variant(_, a)
        | ExprKind::Field(a, _)
        | ExprKind::Unary(_, a)
        | ExprKind::Fit(a)
        | ExprKind::Wrap(a)
        | ExprKind::Saturate(a)
        | ExprKind::TryInto(a)
        | ExprKind::Return(a)
        | ExprKind::Assert(a) => go(a),
        ExprKind::Index(a, b) | ExprKind::Slice(a, b) | ExprKind::Binary(_, a, b) | ExprKind::AssertEq(a, b) => {
            go(a);
            go(b);
        }
        ExprKind::If(a, b, c) => [a, b, c].into_iter().for_each(|expr| go(expr)),
        ExprKind::Match(value, arms) => {
            go(value);
            arms.iter_mut().for_each(|arm| renumber_arm(arm, position));
        }
        ExprKind::Block(stmts, value) => {
            for stmt in stmts {
                match stmt {
                    Stmt::Let(_, expr) | Stmt::Expr(expr) => go(expr),
                }
            }
            go(value);
        }
        ExprKind::For(body) | ExprKind::Map(body) => {
            match &mut body.over {
                Over::Range(start, end) => [start, end].into_iter().for_each(&mut go),
                Over::Array(array) => go(array),
            }
            go(&mut body.body);
        }
        ExprKind::Assign(place, value) => {
            renumber_place(place, position);
            go(value);
        }
    }
}

fn renumber_arm(arm: &mut Arm, position: &[FunctionId]) {
    arm.guard.iter_mut().for_each(|guard| renumber(guard, position));
    renumber(&mut arm.body, position);
}

fn renumber_place(place: &mut Place, position: &[FunctionId]) {
    for step in &mut place.path {
        if let Step::Index(index) = step {
            renumber(index, position);
        }
    }
}
