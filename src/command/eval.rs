//! `hushgate eval`: a program in the clear. Nothing is private: all inputs are on this machine.

use std::time::Instant;

use hushgate_circuits::circuit::{Circuit, InputPort};
use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::plan;
use hushgate_circuits::shape::Value;

use crate::cli::{Common, RunArgs};
use crate::failure::Failure;
use crate::program::{Inputs, Program, load, locate, ports_of};
use crate::results::{Results, Stats};
use crate::terminal::hex;

/// Evaluates the program on the given inputs.
pub fn run(args: &RunArgs, common: &Common) -> Result<(), Failure> {
    if !common.quiet {
        eprintln!("note: evaluated in the clear, on this machine: nothing is private");
    }
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    if args.trace && !matches!(program, Program::Hush(_)) {
        return Err(Failure::Usage("--trace needs a .hush file: a plan or circuit has no named values".to_owned()));
    }
    let parties = program.parties();
    let inputs = Inputs::parse(&args.inputs, &parties, None, args.data.clone().or(located.folder))?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    let plan = &compiled.plan;
    let inputs =
        inputs.written(&args.data_args, program.unique(), &compiled.border.inputs.iter().collect::<Vec<_>>())?;

    let mut values: Vec<Vec<Value>> = Vec::new();
    for (party, name) in parties.iter().enumerate() {
        values.push(inputs.bind(name, &ports_of(&compiled.border.inputs, party))?);
    }
    let start = Instant::now();
    let (outputs, unmet) = match &program {
        Program::Hush(hush) => hush.interpret(&public, &values, args.trace)?,
        _ => match compiled.whole() {
            Some(circuit) => (run_circuit(circuit, &values), None),
            None => (run_plan(plan, &values), None),
        },
    };
    let mut results = Results::new(&parties, hex(&plan.digest()));
    for (port, value) in compiled.border.outputs.iter().zip(&outputs) {
        results.add(port, value);
    }
    if let Some((reason, place)) = unmet {
        results.because(reason, place);
    }
    results.stats = Stats { and_gates: plan.n_ands(), table_bytes: 0, ..Stats::default() };
    results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
    results.save_to(args.output.as_deref());
    results.print(common)
}

/// The circuit on values: for programs that have no source, also where others would compute.
fn run_circuit(circuit: &Circuit, values: &[Vec<Value>]) -> Vec<Value> {
    let mut values: Vec<_> = values.iter().map(|values| values.iter().cloned()).collect();
    let next = |port: &InputPort| values[port.party.0 as usize].next().expect("bound values are complete");
    let inputs: Vec<Value> = circuit.inputs.iter().map(next).collect();
    evaluate_values(circuit, &inputs).expect("bound values fit their shapes")
}

/// The plan on bits: for programs that have no source.
fn run_plan(plan: &plan::Plan, values: &[Vec<Value>]) -> Vec<Value> {
    let mut next = vec![0; values.len()];
    let mut bits = Vec::new();
    for port in &plan.inputs {
        let party = port.party.0 as usize;
        let value = &values[party][next[party]];
        next[party] += 1;
        bits.extend(port.shape.encode(value).expect("bound values fit their shapes"));
    }
    let outputs = plan::run(plan, &bits);
    let mut rest = outputs.as_slice();
    let mut decode = |width: u64| {
        let (bits, after) = rest.split_at(width as usize);
        rest = after;
        bits
    };
    plan.outputs.iter().map(|port| port.shape.decode(decode(port.shape.width()))).collect()
}
