//! `hushgate diff`: two circuits side by side: their sizes, what goes in and out, and whether they compute the same.
//!
//! Equivalence is proven by [`equivalent`] where that is possible, and otherwise looked for in runs on random inputs: the answer says which.
//! A plan has lost its circuit, so it is only run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::{Map, Value as Json, json};

use hushgate_circuits::circuit::{Circuit, InputPort, OutputPort};
use hushgate_circuits::equivalent::{Budget, Equivalence, Incomparable, differ_in_runs, equivalent};
use hushgate_circuits::evaluate::evaluate_bits;
use hushgate_circuits::plan::{self, Plan};
use hushgate_circuits::reorder::with_ports_in_order;
use hushgate_circuits::shape::Shape;
use hushgate_circuits::stats::stats;

use crate::cli::{Common, DiffArgs};
use crate::data::value_to_json;
use crate::failure::Failure;
use crate::program::{Inputs, Program, Target, executed_nodes, load, locate};
use crate::terminal::outln;

/// Runs on random inputs where nothing can be proven; of plans, fewer.
const RUNS: u64 = 1 << 14;
const PLAN_RUNS: u64 = 256;
/// Gates that all those runs go through, at most.
const WORK_MAX: u64 = 1 << 33;
const PLAN_WORK_MAX: u64 = 1 << 29;

/// Compares, prints, and fails if the two are known to differ, or with `--prove` if they may.
pub fn run(args: &DiffArgs, common: &Common) -> Result<(), Failure> {
    let mut sides = [Side::read(&args.first, args, common)?, Side::read(&args.second, args, common)?];
    let is_reordered = align(&mut sides);
    let verdict = Verdict::of(&sides);
    let border = border_changes(&sides);
    if common.json {
        let [first, second] = sides.each_ref().map(Side::json);
        let mut json = json!({ "first": first, "second": second, "border": border, "reordered": is_reordered });
        json.as_object_mut().expect("it is an object").extend(verdict.json(&sides));
        outln!("{json}");
    } else {
        print(&sides, &border, is_reordered, &verdict);
    }
    match verdict {
        Verdict::Proven(_) => Ok(()),
        Verdict::NotRefuted { .. } if !args.prove => Ok(()),
        Verdict::NotRefuted { .. } => {
            Err(Failure::Program(format!("error: {} and {} may differ: --prove", sides[0].name, sides[1].name)))
        }
        _ => Err(Failure::Program(format!("error: {} and {} differ", sides[0].name, sides[1].name))),
    }
}

/// One of the two.
struct Side {
    name: String,
    inputs: Vec<InputPort>,
    outputs: Vec<OutputPort>,
    parties: Vec<String>,
    what: What,
}

enum What {
    Circuit(Box<Circuit>),
    Plan(Arc<Plan>),
}

impl Side {
    fn read(file: &Path, args: &DiffArgs, common: &Common) -> Result<Side, Failure> {
        let located = locate(file)?;
        let program = load(&located.file, common)?;
        let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
        let name = file.display().to_string();
        let what = match program {
            Program::Plan(plan) => What::Plan(plan),
            // Other people's circuits as they are, unless somebody asks for smaller ones.
            Program::Circuit(circuit) if common.opt.is_none() => What::Circuit(Box::new(circuit)),
            program => {
                let target = Target { local: false, ..common.target(None) };
                let compiled = program.compile(&inputs.public(&program)?, target)?;
                What::Circuit(Box::new(compiled.whole().expect("what is no plan has a circuit").clone()))
            }
        };
        let (parties, inputs, outputs) = match &what {
            What::Circuit(circuit) => (&circuit.parties, &circuit.inputs, &circuit.outputs),
            What::Plan(plan) => (&plan.parties, &plan.inputs, &plan.outputs),
        };
        Ok(Side { name, parties: parties.clone(), inputs: inputs.clone(), outputs: outputs.clone(), what })
    }

    /// ANDs, XORs, and the depth if it is known.
    fn sizes(&self) -> (u64, u64, Option<u64>) {
        let number = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
        match &self.what {
            What::Circuit(circuit) => {
                let stats = stats(circuit);
                (number(stats.n_ands), number(stats.n_xors), Some(stats.and_depth))
            }
            What::Plan(plan) => (plan.n_ands(), plan.n_xors(), None),
        }
    }

    fn n_inputs(&self) -> u64 {
        self.inputs.iter().map(|port| port.shape.width()).sum()
    }

    fn n_outputs(&self) -> u64 {
        self.outputs.iter().map(|port| port.shape.width()).sum()
    }

    fn json(&self) -> Json {
        let (and_gates, xor_gates, and_depth) = self.sizes();
        json!({
            "file": self.name,
            "and_gates": and_gates,
            "xor_gates": xor_gates,
            "and_depth": and_depth,
            "input_bits": self.n_inputs(),
            "output_bits": self.n_outputs(),
        })
    }

    fn evaluate(&self, inputs: &[bool]) -> Vec<bool> {
        match &self.what {
            What::Circuit(circuit) => evaluate_bits(circuit, inputs),
            What::Plan(plan) => plan::run(plan, inputs),
        }
    }

    /// Gates that a run goes through.
    fn work(&self) -> u64 {
        match &self.what {
            What::Circuit(circuit) => executed_nodes(circuit),
            What::Plan(plan) => plan.measure().n_operations.saturating_add(plan.n_own_ands()),
        }
    }

    fn input_lines(&self) -> Vec<String> {
        let line = |port: &InputPort| {
            format!("{}: {} from {}", port.name, port.shape.describe(), self.parties[port.party.0 as usize])
        };
        self.inputs.iter().map(line).collect()
    }

    fn output_lines(&self) -> Vec<String> {
        let line = |port: &OutputPort| {
            let to: Vec<&str> = port.recipients.iter().map(|party| self.parties[party.0 as usize].as_str()).collect();
            format!("{}: {} to {}", result_name(&port.name), port.shape.describe(), to.join(", "))
        };
        self.outputs.iter().map(line).collect()
    }
}

/// Where both have the same inputs and outputs in another order, puts those of the second into the order of the first; whether it did.
fn align([first, second]: &mut [Side; 2]) -> bool {
    let inputs = order_of(&first.input_lines(), &second.input_lines());
    let outputs = order_of(&first.output_lines(), &second.output_lines());
    let (Some(inputs), Some(outputs), What::Circuit(circuit)) = (inputs, outputs, &mut second.what) else {
        return false;
    };
    if inputs.is_sorted() && outputs.is_sorted() {
        return false;
    }
    **circuit = with_ports_in_order(circuit, &inputs, &outputs);
    (second.inputs, second.outputs) = (circuit.inputs.clone(), circuit.outputs.clone());
    true
}

/// For each of the first, which of the second it is; nothing if they are not the same, or two of them are alike.
fn order_of(first: &[String], second: &[String]) -> Option<Vec<usize>> {
    let order: Option<Vec<usize>> = first.iter().map(|line| second.iter().position(|other| other == line)).collect();
    let order = order.filter(|order| order.len() == second.len())?;
    let distinct: BTreeSet<usize> = order.iter().copied().collect();
    (distinct.len() == order.len()).then_some(order)
}

fn result_name(name: &str) -> &str {
    if name.is_empty() { "result" } else { name }
}

/// Inputs and outputs that only one of the two has, as `-` and `+` lines.
fn border_changes([first, second]: &[Side; 2]) -> Vec<String> {
    let lists = [(first.input_lines(), second.input_lines()), (first.output_lines(), second.output_lines())];
    lists.iter().flat_map(|(first, second)| line_changes(first, second)).collect()
}

fn line_changes(first: &[String], second: &[String]) -> Vec<String> {
    let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let changes = crate::diff::changes(&text(first), &text(second));
    changes.lines().filter(|line| line.starts_with(['-', '+'])).map(str::to_owned).collect()
}

/// Whether the two compute the same.
enum Verdict {
    /// They do; how that is known.
    Proven(&'static str),
    /// No run told them apart; how many there were, and how many outputs could not be proven equal.
    NotRefuted { n_runs: u64, n_open: u64, how: &'static str },
    /// They do not: these inputs, and the first output bit that differs.
    Differs { inputs: Vec<bool>, output: usize },
    /// They take or give different numbers of bits.
    Incomparable(String),
}

impl Verdict {
    fn of(sides: &[Side; 2]) -> Verdict {
        let [first, second] = sides;
        for (what, n) in
            [("inputs", [first.n_inputs(), second.n_inputs()]), ("outputs", [first.n_outputs(), second.n_outputs()])]
        {
            if n[0] != n[1] {
                return Verdict::Incomparable(format!("one has {what} of {} bits in all, the other of {}", n[0], n[1]));
            }
        }
        match (&first.what, &second.what) {
            (What::Circuit(a), What::Circuit(b)) => of_circuits(a, b),
            (What::Plan(a), What::Plan(b)) if a == b => Verdict::Proven("it is the same plan"),
            _ => in_runs(sides),
        }
    }

    fn json(&self, sides: &[Side; 2]) -> Map<String, Json> {
        let json = match self {
            Verdict::Proven(how) => json!({ "equivalence": "proven", "how": how }),
            Verdict::NotRefuted { n_runs, n_open, how } => {
                json!({ "equivalence": "not refuted", "how": how, "runs": n_runs, "open_output_bits": n_open })
            }
            Verdict::Differs { inputs, output } => {
                let mut json = json!({ "equivalence": "differs", "inputs": shown_inputs(&sides[0], inputs) });
                let [first, second] = sides.each_ref().map(|side| shown_output(side, inputs, *output));
                json["output"] = json!({ "name": first.0, "first": first.1, "second": second.1 });
                json
            }
            Verdict::Incomparable(why) => json!({ "equivalence": "differs", "why": why }),
        };
        json.as_object().cloned().unwrap_or_default()
    }
}

fn of_circuits(a: &Circuit, b: &Circuit) -> Verdict {
    match equivalent(a, b, Budget::DEFAULT) {
        Ok(Equivalence::Proven) if a.blocks == b.blocks => Verdict::Proven("it is the same circuit"),
        Ok(Equivalence::Proven) => Verdict::Proven("by simulation and SAT"),
        Ok(Equivalence::Differs(witness)) => Verdict::Differs { inputs: witness.inputs, output: witness.output },
        Ok(Equivalence::Unknown { outputs, n_runs }) => {
            let how = "SAT gave up on some outputs; simulation found no difference";
            Verdict::NotRefuted { n_runs, n_open: outputs.len() as u64, how }
        }
        Err(Incomparable::TooManyGates(_)) => {
            let work = executed_nodes(a).saturating_add(executed_nodes(b)).max(1);
            let n_words = (WORK_MAX / work).clamp(1, RUNS / 64);
            match differ_in_runs(a, b, n_words) {
                Ok(Some(witness)) => Verdict::Differs { inputs: witness.inputs, output: witness.output },
                Ok(None) => Verdict::NotRefuted {
                    n_runs: 64 * n_words,
                    n_open: a.main().outputs.len() as u64,
                    how: "too large for SAT; simulation found no difference",
                },
                Err(error) => Verdict::Incomparable(error.to_string()),
            }
        }
        Err(error) => Verdict::Incomparable(error.to_string()),
    }
}

/// Runs both on inputs of zeros, of ones, and on random ones.
fn in_runs(sides: &[Side; 2]) -> Verdict {
    let work = sides[0].work().saturating_add(sides[1].work()).max(1);
    let n_runs = (PLAN_WORK_MAX / work).clamp(4, PLAN_RUNS);
    let (n_inputs, mut rng) = (sides[0].n_inputs() as usize, ChaCha20Rng::seed_from_u64(0));
    for run in 0..n_runs {
        let inputs: Vec<bool> = match run {
            0 => vec![false; n_inputs],
            1 => vec![true; n_inputs],
            _ => (0..n_inputs).map(|_| rng.random()).collect(),
        };
        let [first, second] = sides.each_ref().map(|side| side.evaluate(&inputs));
        if let Some(output) = first.iter().zip(&second).position(|(first, second)| first != second) {
            return Verdict::Differs { inputs, output };
        }
    }
    let n_open = sides[0].n_outputs();
    Verdict::NotRefuted { n_runs, n_open, how: "a plan can only be run; simulation found no difference" }
}

/// The inputs by party and name.
fn shown_inputs(side: &Side, bits: &[bool]) -> Json {
    let mut bits = bits;
    let mut parties = Map::new();
    for port in &side.inputs {
        let value = shown(&port.shape, bits.split_off(..port.shape.width() as usize).unwrap_or_default());
        let party = parties.entry(side.parties[port.party.0 as usize].clone()).or_insert_with(|| json!({}));
        party[&port.name] = value;
    }
    Json::Object(parties)
}

/// The name and the value of the output that a bit belongs to.
fn shown_output(side: &Side, inputs: &[bool], bit: usize) -> (String, Json) {
    let outputs = side.evaluate(inputs);
    let mut start = 0;
    for port in &side.outputs {
        let end = start + port.shape.width() as usize;
        if bit < end {
            return (result_name(&port.name).to_owned(), shown(&port.shape, &outputs[start..end]));
        }
        start = end;
    }
    ("result".to_owned(), Json::Null)
}

fn shown(shape: &Shape, bits: &[bool]) -> Json {
    value_to_json(shape, &shape.decode(bits))
}

fn print(sides: &[Side; 2], border: &[String], is_reordered: bool, verdict: &Verdict) {
    outln!("{:<14} {} → {}", "", sides[0].name, sides[1].name);
    let sizes = sides.each_ref().map(Side::sizes);
    let rows = [
        ("and gates", [Some(sizes[0].0), Some(sizes[1].0)]),
        ("xor gates", [Some(sizes[0].1), Some(sizes[1].1)]),
        ("and depth", [sizes[0].2, sizes[1].2]),
        ("input bits", sides.each_ref().map(|side| Some(side.n_inputs()))),
        ("output bits", sides.each_ref().map(|side| Some(side.n_outputs()))),
    ];
    for (name, [first, second]) in rows {
        let number = |n: Option<u64>| n.map_or("not known".to_owned(), |n| n.to_string());
        let change = match (first, second) {
            (Some(first), Some(second)) if second > first => format!("+{}", second - first),
            (Some(first), Some(second)) if first > second => format!("-{}", first - second),
            (Some(_), Some(_)) => "=".to_owned(),
            _ => String::new(),
        };
        outln!("{}", format!("{name:<14} {:>14} {:>14} {change:>14}", number(first), number(second)).trim_end());
    }
    if !border.is_empty() {
        outln!("\ninputs and outputs are not the same; bits are compared in their order");
        border.iter().for_each(|line| outln!("  {line}"));
    }
    if is_reordered {
        outln!("\ninputs or outputs stand in another order; they are compared by name");
    }
    outln!("");
    match verdict {
        Verdict::Proven(how) => outln!("they compute the same: {how}"),
        Verdict::NotRefuted { n_runs, n_open, how } => {
            outln!("they may compute the same: {how} in {n_runs} runs ({n_open} output bits are not proven)");
        }
        Verdict::Differs { inputs, output } => {
            let [first, second] = sides.each_ref().map(|side| shown_output(side, inputs, *output));
            outln!("they do not compute the same: for the inputs {}", shown_inputs(&sides[0], inputs));
            outln!("{} is {} in the first and {} in the second", first.0, first.1, second.1);
        }
        Verdict::Incomparable(why) => outln!("they do not compute the same: {why}"),
    }
}
