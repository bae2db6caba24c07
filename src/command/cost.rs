//! `hushgate cost`: what a program costs, as a whole, by line and by function, over a link, and against another program.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};

use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::local::Ands;
use hushgate_circuits::plan::Plan;
use hushgate_circuits::stats::stats;

use crate::cli::{Common, CostArgs};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Compiled, Hush, Inputs, Program, load, locate};
use crate::terminal::outln;

use self::calls::Call;
use self::compare::Comparison;
use self::places::{Spent, by_function, by_line, spent, total};

mod calls;
mod compare;
mod lines;
mod network;
mod places;
mod signature;

pub use network::Sessions;

/// Prints the costs of a program.
pub fn run(args: &CostArgs, common: &Common) -> Result<(), Failure> {
    let wants_source = args.lines || args.functions || args.flame.is_some();
    let wants_gates = wants_source || args.compare.is_some() || args.network.is_some();
    let source = Source::read(&args.file, args, common)?;
    if let Some(missing) = source.missing()?.filter(|_| !wants_gates) {
        return signature::print(&source.program, &missing, common);
    }
    let subject = source.compile(args, common)?;
    if let Some(other) = &args.compare {
        let comparison = Comparison::new(subject, Source::read(other, args, common)?.compile(args, common)?);
        if common.json {
            outln!("{}", comparison.json());
        } else {
            comparison.print();
        }
        return Ok(());
    }
    let spent = subject.hush().map(|hush| (hush, spent(&subject.compiled, hush)));
    if wants_source && spent.is_none() {
        return Err(Failure::Usage("--lines, --functions and --flame need a Hush program".to_owned()));
    }
    if let (Some(path), Some((hush, spent))) = (&args.flame, &spent) {
        write_whole(path, &calls::flame(&args.file.display().to_string(), spent, hush)?)?;
        if !common.quiet {
            eprintln!("{}: the flame graph is there", path.display());
        }
    }
    let predict = |network| Sessions::new(&subject.compiled, args.garbler.as_deref(), common)?.over(network);
    let network = args.network.map(predict).transpose()?;
    if common.json {
        let mut figures = figures(&subject.compiled);
        if let Some((hush, spent)) = &spent {
            if args.lines {
                figures["lines"] = by_line(spent, hush).iter().map(places::Share::json).collect();
            }
            if args.functions {
                figures["functions"] = by_function(spent, hush).iter().map(places::Share::json).collect();
                figures["call_tree"] = Call::tree(spent).json(hush).into();
            }
        }
        if let Some(prediction) = &network {
            figures["network"] = prediction.json();
        }
        outln!("{figures}");
        return Ok(());
    }
    print_figures(figures(&subject.compiled));
    if let Some((hush, spent)) = &spent {
        print_source(hush, spent, args);
    }
    if let Some(prediction) = &network {
        prediction.print();
    }
    Ok(())
}

fn print_source(hush: &Hush, spent: &[Spent], args: &CostArgs) {
    if args.lines {
        lines::print(hush, &by_line(spent, hush));
    }
    if args.functions {
        Call::tree(spent).print(hush);
    }
}

/// A program whose costs are asked for, and the data for its public inputs.
struct Source {
    name: String,
    program: Program,
    inputs: Inputs,
}

impl Source {
    fn read(file: &Path, args: &CostArgs, common: &Common) -> Result<Source, Failure> {
        let located = locate(file)?;
        let program = load(&located.file, common)?;
        let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
        Ok(Source { name: file.display().to_string(), program, inputs })
    }

    /// The names of its public inputs, if it has some and none was given.
    fn missing(&self) -> Result<Option<Vec<String>>, Failure> {
        Ok(match self.inputs.public_if_given(&self.program)? {
            Some(_) => None,
            None => Some(self.program.public()?.into_iter().map(|port| port.name).collect()),
        })
    }

    fn compile(self, args: &CostArgs, common: &Common) -> Result<Subject, Failure> {
        let public = self.inputs.public(&self.program)?;
        let compiled = self.program.compile(&public, common.target(args.garbler.as_deref()))?;
        Ok(Subject { name: self.name, program: self.program, compiled })
    }
}

/// A program and what was made of it.
struct Subject {
    name: String,
    program: Program,
    compiled: Compiled,
}

impl Subject {
    fn hush(&self) -> Option<&Hush> {
        match &self.program {
            Program::Hush(hush) => Some(hush),
            _ => None,
        }
    }
}

/// The figures of the whole program.
pub fn figures(compiled: &Compiled) -> Json {
    let plan = &compiled.plan;
    let (half, local) = cheaper(plan);
    let garbler = compiled.garbler();
    let bytes_by_garbler: Option<BTreeMap<&String, &u64>> =
        compiled.division.as_ref().map(|division| plan.parties.iter().zip(&division.bytes).collect());
    let depth = compiled.circuit.as_ref().map(|circuit| stats(circuit).and_depth);
    json!({
        "and_gates": plan.n_ands(),
        "and_gates_full": plan.n_ands() - half - local,
        "and_gates_half": half,
        "and_gates_local": local,
        "xor_gates": plan.n_xors(),
        "and_depth": depth,
        "inputs": input_bits(&plan.parties, &plan.inputs),
        "outputs": output_bits(&plan.parties, &plan.outputs),
        "table_bytes": plan.table_bytes(),
        "ot_count": plan.n_transfers(garbler),
        "garbler": plan.parties.get(garbler.0 as usize),
        "bytes_by_garbler": bytes_by_garbler,
        "plan_bytes": plan.n_bytes(),
        "max_live_labels": plan.max_live_labels(),
    })
}

/// Bits of these inputs by party.
fn input_bits<'a>(parties: &'a [String], inputs: &[InputPort]) -> BTreeMap<&'a str, u64> {
    let mut bits: BTreeMap<&str, u64> = parties.iter().map(|party| (party.as_str(), 0)).collect();
    for port in inputs {
        *bits.entry(&parties[port.party.0 as usize]).or_default() += port.shape.width();
    }
    bits
}

/// Bits of these outputs by who learns them.
fn output_bits<'a>(parties: &'a [String], outputs: &[OutputPort]) -> BTreeMap<&'a str, u64> {
    let mut bits: BTreeMap<&str, u64> = parties.iter().map(|party| (party.as_str(), 0)).collect();
    for port in outputs {
        for recipient in &port.recipients {
            *bits.entry(&parties[recipient.0 as usize]).or_default() += port.shape.width();
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

fn print_figures(figures: Json) {
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

/// Above [`columns`]. Half: at half price, as a party knows an operand; alone: computed by one party by itself.
const fn heading() -> &'static str {
    "   AND gates  share      half     alone"
}

fn columns(ands: Ands, all: u64) -> String {
    let some = |n: u64| if n == 0 { String::new() } else { n.to_string() };
    let n = total(ands);
    format!("{n:>12} {:>5.1}% {:>9} {:>9}", percent(n, all), some(ands.half), some(ands.local))
}

fn percent(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 }
}
