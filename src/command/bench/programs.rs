//! What is garbled in memory: the workloads, programs in Hush, and public circuits in Bristol Fashion. The one list for `hushgate bench` and the
//! criterion benches.

use std::collections::BTreeMap;
use std::path::Path;

use hushgate_circuits::bristol;
use hushgate_circuits::optimize::{LEVEL_DEFAULT, optimize};
use hushgate_circuits::plan::Plan;
use hushgate_circuits::schedule::schedule;
use hushgate_compiler::lower::{Limits, build};
use hushgate_compiler::{Options, Sources, check};

use super::workload::WORKLOADS;

/// All plans that are garbled in memory, by their figures' names; a block is repeated until there are at least `n_ands` gates.
pub fn plans(n_ands: u64) -> impl Iterator<Item = (&'static str, Plan)> {
    let blocks = WORKLOADS.iter().map(move |workload| (workload.name, workload.plan(n_ands)));
    blocks.chain(PROGRAMS.iter().map(|&(name, text)| (name, compile(name, text)))).chain(bristol_plans())
}

/// The programs in Hush that are measured once each, by their figures' names.
const PROGRAMS: [(&str, &str); 3] = [
    ("hush-aes128", include_str!("../../../benches/circuits/aes128-hush.hush")),
    ("hush-sha256", include_str!("../../../benches/circuits/sha256-hush.hush")),
    ("hush-mul64", include_str!("../../../benches/garbling/mul64.hush")),
];

/// The plan of a program as `--no-local` makes it: nobody computes anything alone, so that every AND is a full one.
fn compile(name: &str, text: &str) -> Plan {
    let checked = check(&Sources { name, text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a measured program has no errors");
    let built = build(&program, &BTreeMap::new(), Limits::default()).expect("a measured program is small");
    schedule(&optimize(built.circuit, LEVEL_DEFAULT))
}

/// The public circuits that are also measured, by the names of their files and figures.
const BRISTOL: [(&str, &str); 3] =
    [("aes_128", "bristol-aes128"), ("sha256", "bristol-sha256"), ("mult64", "bristol-mul64")];

/// The Bristol Fashion circuits of the folder that `HUSHGATE_BRISTOL` names, those that are there.
fn bristol_plans() -> Vec<(&'static str, Plan)> {
    let Some(folder) = std::env::var_os("HUSHGATE_BRISTOL") else { return Vec::new() };
    let read = |file: &str| {
        let text = std::fs::read_to_string(Path::new(&folder).join(format!("{file}.txt"))).ok()?;
        bristol::read(&text).ok().map(|circuit| schedule(&circuit))
    };
    BRISTOL.iter().filter_map(|&(file, name)| Some((name, read(file)?))).collect()
}
