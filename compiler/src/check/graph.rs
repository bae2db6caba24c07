//! The call graph: cycles are errors, and callees come before callers.

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, ExprKind, FunctionId, Ty};

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

    /// The functions that are right, and call only such.
    pub(super) fn whole_functions(&self) -> Vec<FunctionId> {
        let sane = |i: usize| {
            let function = &self.functions[i];
            let tys = function.locals.iter().map(|local| &local.ty).chain([&function.ret]);
            self.checked[i]
                && !self.bad_functions[i]
                && !tys.into_iter().any(|ty| self.types.mentions(ty, &|ty| *ty == Ty::Never))
        };
        let mut whole: Vec<bool> = (0..self.functions.len()).map(sane).collect();
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for i in (0..whole.len()).rev() {
                if whole[i] && !self.calls[i].iter().all(|(callee, _)| whole[callee.0 as usize]) {
                    (whole[i], changed) = (false, true);
                }
            }
        }
        (0..whole.len() as u32).filter(|i| whole[*i as usize]).map(FunctionId).collect()
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
    if let ExprKind::Call(function, _) = &mut expr.kind {
        *function = position[function.0 as usize];
    }
    expr.for_each_child_mut(&mut |child| renumber(child, position));
}
