//! What the circuit computes is what the interpreter computes.

use std::collections::BTreeMap;

use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::shape::Value;
use hushgate_circuits::verify::verify;
use hushgate_compiler::diagnostic::{Stage, render};
use hushgate_compiler::hir::{From, Program};
use hushgate_compiler::interpret::run;
use hushgate_compiler::lower::{Built, Limits, build, ty_shape};
use hushgate_compiler::{Options, Sources, check, generate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{name, programs};

/// The circuit for these public inputs.
#[track_caller]
pub(crate) fn built(program: &Program, public: &BTreeMap<String, Value>) -> Built {
    let built = match build(program, public, Limits::default()) {
        Ok(built) => built,
        Err(error) => panic!("{error}: {error:?}"),
    };
    verify(&built.circuit).expect("a valid circuit");
    built
}

/// Runs `main` both ways on random inputs.
#[track_caller]
pub(crate) fn agree(program: &Program, text: &str, runs: u32, rng: &mut impl Rng) {
    let main = program.main.as_ref().expect("the program has a `main`");
    let mut circuit: Option<Built> = None;
    for _ in 0..runs {
        let inputs: Vec<Value> =
            main.inputs.iter().map(|input| generate::value(&ty_shape(program, &input.ty), rng)).collect();
        let is_public = |from: &From| *from == From::Public;
        let has_public = main.inputs.iter().any(|input| is_public(&input.from));
        if circuit.is_none() || has_public {
            let pairs = main.inputs.iter().zip(&inputs).filter(|(input, _)| is_public(&input.from));
            circuit = Some(built(program, &pairs.map(|(input, value)| (input.name.clone(), value.clone())).collect()));
        }
        let ports = main.inputs.iter().zip(&inputs).filter(|(input, _)| !is_public(&input.from));
        let ports: Vec<Value> = ports
            .flat_map(|(input, value)| match (&input.from, value) {
                (From::Each(_), Value::List(members)) => members.clone(),
                (_, value) => vec![value.clone()],
            })
            .collect();
        let expected = run(program, &inputs).unwrap_or_else(|error| panic!("{error:?} on {inputs:?}\n{text}"));
        let built = circuit.as_ref().expect("built above");
        let found = evaluate_values(&built.circuit, &ports).expect("the inputs fit");
        assert_eq!(found, expected, "inputs {inputs:?}\n{text}");
    }
}

#[test]
fn programs_mean_the_same_in_the_circuit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (path, text) in programs("run").into_iter().chain(programs("corpus")) {
        let checked = check(&Sources { name: &name(&path), text: &text, load: &|_| None }, &Options::default());
        let Some(program) = checked.program.filter(|program| program.main.is_some()) else { continue };
        agree(&program, &name(&path), 20, &mut rng);
    }
}

/// Programs that are refused do not count; what refuses them must be a range or a limit, never a slip of the generator.
#[test]
fn generated_programs_mean_the_same_in_the_circuit() {
    let mut n_accepted = 0;
    let mut seed = 0;
    while n_accepted < 2_000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let text = generate::program(&mut rng);
        let checked = check(&Sources { name: "generated", text: &text, load: &|_| None }, &Options::default());
        for found in &checked.diagnostics {
            let expected = matches!(found.code.stage(), Stage::Ranges | Stage::Limits) || !found.is_error();
            assert!(expected, "seed {seed}: {}\n{text}", render(&checked.sources, &checked.diagnostics, false));
        }
        if let Some(program) = checked.program {
            n_accepted += 1;
            agree(&program, &format!("seed {seed}\n{text}"), 4, &mut rng);
        }
        seed += 1;
    }
    assert!(seed < 2 * n_accepted, "{n_accepted} of {seed} programs are accepted");
}
