//! `hushgate cost`: what a program costs, as a whole, by line and by function.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use hushgate_circuits::plan::Plan;
use hushgate_circuits::stats::stats;
use hushgate_compiler::cost::{LineCost, by_line};
use hushgate_compiler::source::SourceMap;

use crate::cli::{Common, CostArgs};
use crate::failure::Failure;
use crate::program::{Compiled, Hush, Inputs, Program, load, locate};
use crate::terminal::outln;

/// Prints the costs of a program.
pub fn run(args: &CostArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.opt_level())?;
    let hush = match &program {
        Program::Hush(hush) => Some(hush),
        _ => None,
    };
    let breakdown = match (args.lines || args.functions, hush) {
        (false, _) => None,
        (true, Some(hush)) => Some((&hush.sources, breakdown(&compiled, hush, args))),
        (true, None) => return Err(Failure::Usage("--lines and --functions need a Hush program".to_owned())),
    };
    if common.json {
        let mut figures = figures(&compiled);
        if let Some((_, shares)) = &breakdown {
            figures[if args.lines { "lines" } else { "functions" }] = shares.iter().map(share_json).collect();
        }
        outln!("{figures}");
        return Ok(());
    }
    print_figures(&compiled);
    match &breakdown {
        Some((sources, shares)) if args.lines => print_lines(sources, shares),
        Some((_, shares)) => print_functions(shares),
        None => {}
    }
    Ok(())
}

/// The figures of the whole program.
pub fn figures(compiled: &Compiled) -> Json {
    let plan = &compiled.plan;
    let depth = compiled.circuit.as_ref().map(|circuit| stats(circuit).and_depth as u64);
    json!({
        "and_gates": plan.n_ands(),
        "xor_gates": plan.n_xors(),
        "and_depth": depth,
        "inputs": input_bits(plan),
        "outputs": output_bits(plan),
        "table_bytes": plan.table_bytes(),
        "ot_count": ot_count(plan),
        "plan_bytes": plan.to_bytes().len(),
        "max_live_labels": plan.max_live_labels(),
    })
}

fn input_bits(plan: &Plan) -> BTreeMap<&str, u64> {
    let mut bits: BTreeMap<&str, u64> = plan.parties.iter().map(|party| (party.as_str(), 0)).collect();
    for port in &plan.inputs {
        *bits.entry(&plan.parties[port.party.0 as usize]).or_default() += port.shape.width();
    }
    bits
}

fn output_bits(plan: &Plan) -> BTreeMap<&str, u64> {
    let mut bits: BTreeMap<&str, u64> = plan.parties.iter().map(|party| (party.as_str(), 0)).collect();
    for port in &plan.outputs {
        for recipient in &port.recipients {
            *bits.entry(&plan.parties[recipient.0 as usize]).or_default() += port.shape.width();
        }
    }
    bits
}

/// OTs if the first party garbles, as it does unless the parties say otherwise: the other's input bits.
fn ot_count(plan: &Plan) -> u64 {
    plan.inputs.iter().filter(|port| port.party.0 != 0).map(|port| port.shape.width()).sum()
}

/// AND gates of one line in one function, or of one function.
struct Share {
    file: String,
    line: Option<u32>,
    function: String,
    and_gates: u64,
}

fn breakdown(compiled: &Compiled, hush: &Hush, args: &CostArgs) -> Vec<Share> {
    let circuit = compiled.circuit.as_ref().expect("a Hush program keeps its circuit");
    let origins = compiled.origins.as_ref().expect("a Hush program knows where its gates come from");
    let function =
        |cost: &LineCost| cost.function.map_or(String::new(), |id| hush.program.functions[id.0 as usize].name.clone());
    let mut shares: Vec<Share> = Vec::new();
    for cost in by_line(circuit, origins, &hush.sources) {
        let line = args.lines.then_some(cost.line);
        let share = Share { function: function(&cost), line, file: cost.file, and_gates: cost.and_gates };
        let same =
            |other: &&mut Share| (&other.file, other.line, &other.function) == (&share.file, line, &share.function);
        match shares.iter_mut().find(same) {
            Some(other) => other.and_gates += share.and_gates,
            None => shares.push(share),
        }
    }
    shares
}

fn share_json(share: &Share) -> Json {
    json!({ "file": share.file, "line": share.line, "function": share.function, "and_gates": share.and_gates })
}

fn print_figures(compiled: &Compiled) {
    let figures = figures(compiled);
    let Json::Object(figures) = figures else { return };
    for (name, value) in figures {
        let shown = match value {
            Json::Object(parties) => {
                parties.iter().map(|(party, bits)| format!("{party} {bits} bits")).collect::<Vec<_>>().join(", ")
            }
            Json::Null => "not known of a plan".to_owned(),
            value => value.to_string(),
        };
        outln!("{:<16} {shown}", name.replace('_', " "));
    }
}

/// The source with the AND gates of each line.
fn print_lines(sources: &SourceMap, shares: &[Share]) {
    let total: u64 = shares.iter().map(|share| share.and_gates).sum();
    let mut by_line: BTreeMap<(&str, u32), u64> = BTreeMap::new();
    for share in shares {
        *by_line.entry((&share.file, share.line.unwrap_or(0))).or_default() += share.and_gates;
    }
    for (_, file) in sources.files() {
        if !by_line.keys().any(|(name, _)| *name == file.name()) {
            continue;
        }
        outln!("\n{:>12} {:>6}  {}", "AND gates", "share", file.name());
        for line in 0..file.n_lines() {
            let text = file.line(line).unwrap_or_default();
            match by_line.get(&(file.name(), line as u32 + 1)) {
                Some(ands) => outln!("{ands:>12} {:>5.1}%  {text}", percent(*ands, total)),
                None => outln!("{:>12} {:>6}  {text}", "", ""),
            }
        }
    }
}

fn print_functions(shares: &[Share]) {
    let total: u64 = shares.iter().map(|share| share.and_gates).sum();
    outln!("\n{:>12} {:>6}  function", "AND gates", "share");
    for share in shares {
        outln!("{:>12} {:>5.1}%  {}", share.and_gates, percent(share.and_gates, total), share.function);
    }
}

fn percent(part: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { 100.0 * part as f64 / total as f64 }
}
