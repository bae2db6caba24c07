//! Arbitrary text through the whole compiler: what is accepted builds a valid circuit.

#![no_main]

use std::collections::BTreeMap;

use hushgate_circuits::verify::verify;
use hushgate_compiler::diagnostic::render;
use hushgate_compiler::lower::{BuildError, Limits, build};
use hushgate_compiler::{Options, Sources, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let checked = check(&Sources { name: "fuzz.hush", text, load: &|_| None }, &Options::default());
    let _ = render(&checked.sources, &checked.diagnostics, false);
    let Some(program) = checked.program else { return };
    let limits = Limits { steps_max: 200_000, nodes_max: 1_000_000, ..Limits::default() };
    match build(&program, &BTreeMap::new(), limits) {
        Ok(built) => verify(&built.circuit).expect("the compiler makes valid circuits"),
        Err(BuildError::NoMain | BuildError::MissingPublic(_) | BuildError::Refused(_)) => {}
        Err(error) => panic!("{error}"),
    }
});
