//! `hushgate inspect`: who gives what and who learns what, for the people who must approve a program.

use std::path::Path;

use serde_json::{Value as Json, json};

use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::id::PartyId;
use hushgate_circuits::plan::Plan;
use hushgate_circuits::requirements;
use hushgate_circuits::shape::Shape;

use crate::cli::Common;
use crate::command::cost;
use crate::failure::Failure;
use crate::program::{Compiled, Inputs, load, locate};
use crate::results::printable;
use crate::terminal::{hex, outln};

/// Describes the program at `path`.
pub fn run(path: &Path, inputs: &[String], common: &Common) -> Result<(), Failure> {
    let located = locate(path)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(inputs, &program.parties(), None, located.folder)?;
    let ports = program.public()?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.opt_level())?;
    if common.json {
        outln!("{}", describe_json(&compiled, &ports));
    } else {
        outln!("{}", describe_text(&located.file, &compiled, &ports));
    }
    Ok(())
}

fn describe_json(compiled: &Compiled, public: &[InputPort]) -> Json {
    let plan = &compiled.plan;
    let parties: Vec<Json> = (0..plan.parties.len())
        .map(|party| {
            let gives: Vec<Json> =
                given(plan, party).map(|port| json!({ "name": port.name, "type": in_full(&port.shape) })).collect();
            let learns: Vec<Json> =
                learned(plan, party).map(|port| json!({ "name": port.name, "type": in_full(&port.shape) })).collect();
            json!({ "name": plan.parties[party], "gives": gives, "learns": learns })
        })
        .collect();
    let parameters: serde_json::Map<String, Json> =
        compiled.params.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let public: Vec<Json> =
        public.iter().map(|port| json!({ "name": port.name, "type": in_full(&port.shape) })).collect();
    let requires = required(plan).map(|(reasons, audience)| json!({ "reasons": reasons, "to": audience }));
    json!({
        "parties": parties,
        "requires": requires,
        "public": public,
        "parameters": parameters,
        "program": hex(&plan.digest()),
        "cost": cost::figures(compiled),
    })
}

fn describe_text(file: &Path, compiled: &Compiled, public: &[InputPort]) -> String {
    let plan = &compiled.plan;
    let mut lines =
        vec![format!("program  {}", file.display()), format!("digest   {}", hex(&plan.digest())), String::new()];
    for (party, name) in plan.parties.iter().enumerate() {
        lines.push(name.clone());
        let gives: Vec<String> = given(plan, party).map(|port| item(&port.name, &port.shape)).collect();
        let learns: Vec<String> = learned(plan, party).map(|port| item(&port.name, &port.shape)).collect();
        section(&mut lines, "gives", gives);
        section(&mut lines, "learns", learns);
        lines.push(String::new());
    }
    if !public.is_empty() {
        section(
            &mut lines,
            "both sides give, and must agree on",
            public.iter().map(|p| item(&p.name, &p.shape)).collect(),
        );
        lines.push(String::new());
    }
    if let Some((reasons, audience)) = required(plan) {
        let reasons = reasons.into_iter().map(printable).collect();
        section(&mut lines, "the program requires that", reasons);
        lines.push(format!(
            "    {} whether all of it holds, not what does not; if it does not, all results are empty",
            learn(&audience)
        ));
        lines.push(String::new());
    }
    if !compiled.params.is_empty() {
        let params = compiled.params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        section(&mut lines, "parameters, the same on both sides", params);
        lines.push(String::new());
    }
    lines.push(
        "Nobody learns anything else, as long as both parties run the protocol as it is written (see SECURITY.md)."
            .to_owned(),
    );
    lines.push(format!(
        "It takes {} AND gates: {} bytes of garbled tables from one party to the other.",
        plan.n_ands(),
        plan.table_bytes()
    ));
    lines.join("\n")
}

/// What the program requires, and who learns whether it holds.
fn required(plan: &Plan) -> Option<(Vec<&str>, Vec<&str>)> {
    plan.outputs.iter().find_map(|port| {
        let audience = port.recipients.iter().map(|party| plan.parties[party.0 as usize].as_str()).collect();
        Some((requirements::reasons(port)?, audience))
    })
}

/// `alice learns`, `alice and bob learn`.
fn learn(parties: &[&str]) -> String {
    match parties {
        [] => "nobody learns".to_owned(),
        [one] => format!("{one} learns"),
        [start @ .., last] => format!("{} and {last} learn", start.join(", ")),
    }
}

fn section(lines: &mut Vec<String>, title: &str, items: Vec<String>) {
    if items.is_empty() {
        lines.push(format!("  {title}  nothing"));
        return;
    }
    lines.push(format!("  {title}"));
    lines.extend(items.into_iter().map(|item| format!("    {item}")));
}

fn item(name: &str, shape: &Shape) -> String {
    match name {
        "" => format!("the result: {}", in_full(shape)),
        name => format!("{name}: {}", in_full(shape)),
    }
}

fn given(plan: &Plan, party: usize) -> impl Iterator<Item = &InputPort> {
    plan.inputs.iter().filter(move |port| port.party == PartyId(party as u32))
}

fn learned(plan: &Plan, party: usize) -> impl Iterator<Item = &OutputPort> {
    plan.outputs
        .iter()
        .filter(move |port| port.recipients.contains(&PartyId(party as u32)) && requirements::reasons(port).is_none())
}

/// A shape with the fields of its structs and the variants of its enums.
fn in_full(shape: &Shape) -> String {
    let named = |items: &[(String, Shape)]| {
        items.iter().map(|(name, shape)| format!("{name}: {}", in_full(shape))).collect::<Vec<_>>().join(", ")
    };
    match shape {
        Shape::Array { element, len } => format!("[{}; {len}]", in_full(element)),
        Shape::Tuple(items) => format!("({})", items.iter().map(in_full).collect::<Vec<_>>().join(", ")),
        Shape::Struct { name, fields } => format!("{name} {{ {} }}", named(fields)),
        Shape::Enum { name, variants } => {
            let variants: Vec<String> = variants
                .iter()
                .map(|(name, payload)| match payload {
                    Shape::Tuple(parts) if parts.is_empty() => name.clone(),
                    payload => format!("{name}{}", in_full(payload)),
                })
                .collect();
            format!("{name} {{ {} }}", variants.join(" | "))
        }
        scalar => scalar.describe(),
    }
}
