//! `hushgate cost`: what a program costs, as a whole, by line and by function.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use hushgate_circuits::local::Ands;
use hushgate_circuits::plan::Plan;
use hushgate_circuits::stats::stats;
use hushgate_compiler::cost::{LineCost, by_line, sum_by_line};
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
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
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
    let (half, local) = cheaper(plan);
    let garbler = compiled.garbler();
    let bytes_by_garbler: Option<BTreeMap<&String, &u64>> =
        compiled.division.as_ref().map(|division| plan.parties.iter().zip(&division.bytes).collect());
    let depth = compiled.circuit.as_ref().map(|circuit| stats(circuit).and_depth as u64);
    json!({
        "and_gates": plan.n_ands(),
        "and_gates_full": plan.n_ands() - half - local,
        "and_gates_half": half,
        "and_gates_local": local,
        "xor_gates": plan.n_xors(),
        "and_depth": depth,
        "inputs": input_bits(plan),
        "outputs": output_bits(plan),
        "table_bytes": plan.table_bytes(),
        "ot_count": plan.n_transfers(garbler),
        "garbler": plan.parties.get(garbler.0 as usize),
        "bytes_by_garbler": bytes_by_garbler,
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

/// ANDs at half price, and ANDs that one party computes by itself.
fn cheaper(plan: &Plan) -> (u64, u64) {
    let measure = plan.measure();
    (measure.n_half, measure.n_local + plan.n_own_ands())
}

/// What the program costs, in a sentence.
pub fn in_words(compiled: &Compiled) -> String {
    let plan = &compiled.plan;
    let (half, local) = cheaper(plan);
    let ands = match (half, local) {
        (0, 0) => format!("{} AND gates", plan.n_ands()),
        _ => {
            let full = plan.n_ands() - half - local;
            let detail = format!("{full} in full, {half} at half price, {local} by one party alone");
            format!("{} AND gates ({detail})", plan.n_ands())
        }
    };
    let garbler = plan.parties.get(compiled.garbler().0 as usize).map_or("", String::as_str);
    let why = match &compiled.division {
        Some(division) => {
            let bytes: Vec<String> =
                plan.parties.iter().zip(&division.bytes).map(|(party, n)| format!("{n} if {party} did")).collect();
            format!("; {garbler} garbles: in all about {}", bytes.join(", "))
        }
        None if plan.local.is_some() => format!("; {garbler} garbles"),
        None => String::new(),
    };
    format!("It takes {ands}: {} bytes of garbled tables from one party to the other{why}.", plan.table_bytes())
}

/// AND gates of one line in one function, or of one function.
#[derive(Default)]
struct Share {
    file: String,
    line: Option<u32>,
    function: String,
    and_gates: u64,
    /// Those of them at half price.
    half: u64,
    /// Those of them that one party computes by itself.
    local: u64,
}

fn breakdown(compiled: &Compiled, hush: &Hush, args: &CostArgs) -> Vec<Share> {
    let circuit = compiled.circuit.as_ref().expect("a Hush program keeps its circuit");
    let origins = compiled.origins.as_ref().expect("a Hush program knows where its gates come from");
    let function =
        |cost: &LineCost| cost.function.map_or(String::new(), |id| hush.program.functions[id.0 as usize].name.clone());
    let mut shares: Vec<Share> = Vec::new();
    let mut add = |costs: Vec<LineCost>, count: fn(&mut Share) -> &mut u64| {
        for cost in costs {
            let line = args.lines.then_some(cost.line);
            let place = Share { function: function(&cost), line, file: cost.file, ..Share::default() };
            let same =
                |other: &Share| (&other.file, other.line, &other.function) == (&place.file, line, &place.function);
            let index = shares.iter().position(same).unwrap_or_else(|| {
                shares.push(place);
                shares.len() - 1
            });
            *count(&mut shares[index]) += cost.and_gates;
        }
    };
    let Some(division) = &compiled.division else {
        add(by_line(circuit, origins, &hush.sources), |share| &mut share.and_gates);
        return shares;
    };
    let of = |n: fn(&Ands) -> u64| {
        let ands = division.ands.iter().map(|(&origin, ands)| (origin, n(ands))).filter(|&(_, n)| n > 0);
        sum_by_line(ands, origins, &hush.sources)
    };
    add(of(|ands| ands.full + ands.half + ands.local), |share| &mut share.and_gates);
    add(of(|ands| ands.half), |share| &mut share.half);
    add(of(|ands| ands.local), |share| &mut share.local);
    shares
}

fn share_json(share: &Share) -> Json {
    json!({
        "file": share.file,
        "line": share.line,
        "function": share.function,
        "and_gates": share.and_gates,
        "and_gates_half": share.half,
        "and_gates_local": share.local,
    })
}

fn print_figures(compiled: &Compiled) {
    let figures = figures(compiled);
    let Json::Object(figures) = figures else { return };
    for (name, value) in figures {
        let shown = match value {
            Json::Object(parties) => {
                let unit = if name.starts_with("bytes") { "bytes" } else { "bits" };
                parties.iter().map(|(party, n)| format!("{party} {n} {unit}")).collect::<Vec<_>>().join(", ")
            }
            Json::Null if name.starts_with("bytes") => continue,
            Json::String(text) => text,
            Json::Null => "not known of a plan".to_owned(),
            value => value.to_string(),
        };
        outln!("{:<18} {shown}", name.replace('_', " "));
    }
}

/// The source with the AND gates of each line.
fn print_lines(sources: &SourceMap, shares: &[Share]) {
    let total: u64 = shares.iter().map(|share| share.and_gates).sum();
    let mut by_line: BTreeMap<(&str, u32), Share> = BTreeMap::new();
    for share in shares {
        let line = by_line.entry((&share.file, share.line.unwrap_or(0))).or_default();
        line.and_gates += share.and_gates;
        line.half += share.half;
        line.local += share.local;
    }
    for (_, file) in sources.files() {
        if !by_line.keys().any(|(name, _)| *name == file.name()) {
            continue;
        }
        outln!("\n{HEADING}  {}", file.name());
        for line in 0..file.n_lines() {
            let text = file.line(line).unwrap_or_default();
            let costs =
                by_line.get(&(file.name(), line as u32 + 1)).map_or(String::new(), |share| columns(share, total));
            outln!("{costs:>width$}  {text}", width = HEADING.len());
        }
    }
}

fn print_functions(shares: &[Share]) {
    let total: u64 = shares.iter().map(|share| share.and_gates).sum();
    outln!("\n{HEADING}  function");
    for share in shares {
        outln!("{}  {}", columns(share, total), share.function);
    }
}

/// Above [`columns`]. Half: at half price, as a party knows an operand; own: by one party alone.
const HEADING: &str = "   AND gates  share      half       own";

fn columns(share: &Share, total: u64) -> String {
    let some = |n: u64| if n == 0 { String::new() } else { n.to_string() };
    let percent = percent(share.and_gates, total);
    format!("{:>12} {percent:>5.1}% {:>9} {:>9}", share.and_gates, some(share.half), some(share.local))
}

fn percent(part: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { 100.0 * part as f64 / total as f64 }
}
