//! `#[max_and(N)]`: functions that may cost no more than N AND gates.
//!
//! The cost of `main` is that of the program, for the public inputs that it is built with. That of another function is the cost of one
//! call, with all of its parameters secret and anywhere in their types: what `hushgate cost` would say if it were the `main`.

use std::collections::BTreeMap;

use hushgate_circuits::circuit::Circuit;
use num_bigint::BigInt;

use crate::cost::{Origins, by_line};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Budget, From, FunctionId, Input, Main, Output, Party, PartyId, Program, Requires, Ty};
use crate::lower::{BuildError, Limits, build};
use crate::ranges::Grouped;
use crate::source::SourceMap;

/// Lines named in a message.
const LINES_MAX: usize = 10;

/// What the functions other than `main` cost too much, after `optimize`.
#[must_use]
pub fn check_functions(
    program: &Program,
    sources: &SourceMap,
    optimize: impl Fn(Circuit) -> Circuit,
) -> Vec<Diagnostic> {
    let own = program.main.as_ref().map(|main| main.function);
    let others = program.budgets.iter().filter(|budget| !budget.whole && Some(budget.function) != own);
    let check = |budget: &Budget| match build(&alone(program, budget.function), &BTreeMap::new(), Limits::default()) {
        Ok(built) => check(program, sources, budget, &optimize(built.circuit), &built.origins),
        Err(BuildError::Refused(diagnostics)) => diagnostics.into_iter().next(),
        Err(_) => None,
    };
    others.filter_map(check).collect()
}

/// Whether the program itself costs too much; `circuit` is what its `main` was built to, optimised.
#[must_use]
pub fn check_main(program: &Program, sources: &SourceMap, circuit: &Circuit, origins: &Origins) -> Option<Diagnostic> {
    let budget = program.budgets.iter().find(|budget| budget.whole)?;
    check(program, sources, budget, circuit, origins)
}

fn check(
    program: &Program,
    sources: &SourceMap,
    budget: &Budget,
    circuit: &Circuit,
    origins: &Origins,
) -> Option<Diagnostic> {
    let mut lines = by_line(circuit, origins, sources);
    let found: u64 = lines.iter().map(|line| line.and_gates).sum();
    if BigInt::from(found) <= budget.max {
        return None;
    }
    let function = &program.functions[budget.function.0 as usize];
    let (shown, max) = (Grouped(&found.into()).to_string(), Grouped(&budget.max).to_string());
    let message = format!("`{}` costs {shown} AND gates, but at most {max} are allowed", function.name);
    let mut error = Diagnostic::error(Code::OverBudget, message)
        .at(budget.span, "allowed here")
        .because(function.span, format!("costs {shown}"));
    lines.sort_by_key(|line| std::cmp::Reverse(line.and_gates));
    for line in lines.iter().take(LINES_MAX).filter(|line| line.and_gates > 0) {
        let place = if line.line == 0 { "elsewhere".to_owned() } else { format!("{}:{}", line.file, line.line) };
        error = error.note(format!("{place}: {} AND gates", Grouped(&line.and_gates.into())));
    }
    Some(error.replace("allow as many as it costs", budget.span, format!("#[max_and({found})]")))
}

/// The program with another function as its `main`, whose parameters come from one party.
fn alone(program: &Program, id: FunctionId) -> Program {
    let function = &program.functions[id.0 as usize];
    let party = PartyId(0);
    let params = function.locals[..function.n_params as usize].iter().enumerate();
    let input = |(i, local): (usize, &crate::hir::Local)| Input {
        name: format!("{}{i}", local.name),
        from: From::Party(party),
        ty: local.ty.clone(),
        span: local.span,
    };
    let reasons: Vec<_> = program.requirements(id).into_iter().map(|(_, reason)| reason).collect();
    let requires = (!reasons.is_empty()).then(|| Requires { to: vec![party], reasons, span: function.span });
    let output = Output { name: String::new(), to: vec![party], ty: function.ret.clone(), span: function.span };
    let outputs = if function.ret == Ty::Tuple([].into()) { Vec::new() } else { vec![output] };
    let main = Main { function: id, inputs: params.map(input).collect(), outputs, requires };
    let parties = vec![Party { name: "all".to_owned(), span: function.span }];
    Program { parties, main: Some(main), tests: Vec::new(), ..program.clone() }
}
