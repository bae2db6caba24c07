//! What the circuit computes is what the interpreter computes.

use std::collections::BTreeMap;

use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::shape::{Shape, Value};
use hushgate_circuits::verify::verify;
use hushgate_compiler::diagnostic::render;
use hushgate_compiler::hir::{From, Program};
use hushgate_compiler::interpret::run;
use hushgate_compiler::lower::{Built, Limits, build, ty_shape};
use hushgate_compiler::{Options, Sources, check, cost};
use num_bigint::BigInt;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{name, programs};

/// The program, which must be fine.
#[track_caller]
pub(crate) fn accepted(name: &str, text: &str) -> Program {
    let checked = check(&Sources { name, text, load: &|_| None }, &Options::default());
    assert!(checked.diagnostics.is_empty(), "{}\n{text}", render(&checked.sources, &checked.diagnostics, false));
    checked.program.expect("a program without errors")
}

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

/// Some value of a shape; the ends of ranges more often than chance would have it.
pub(crate) fn random_value(shape: &Shape, rng: &mut impl Rng) -> Value {
    match shape {
        Shape::Bool => Value::Bool(rng.random()),
        Shape::Int { lo, hi, .. } => Value::Int(random_int(lo, hi, rng)),
        Shape::Array { element, len } => Value::List((0..*len).map(|_| random_value(element, rng)).collect()),
        Shape::Tuple(items) => Value::List(items.iter().map(|shape| random_value(shape, rng)).collect()),
        Shape::Struct { fields, .. } => Value::List(fields.iter().map(|(_, shape)| random_value(shape, rng)).collect()),
        Shape::Enum { variants, .. } => {
            let tag = rng.random_range(0..variants.len());
            Value::Variant(tag as u32, Box::new(random_value(&variants[tag].1, rng)))
        }
    }
}

fn random_int(lo: &BigInt, hi: &BigInt, rng: &mut impl Rng) -> BigInt {
    let size: BigInt = hi - lo + 1;
    match rng.random_range(0..8) {
        0 => lo.clone(),
        1 => hi.clone(),
        2 => lo + BigInt::from(rng.random_range(0..4u8)) % &size,
        _ => {
            let n_words = size.bits() / 32 + 2;
            let random = (0..n_words).fold(BigInt::ZERO, |x, _| (x << 32u32) + rng.random::<u32>());
            lo + random % size
        }
    }
}

/// Runs `main` both ways on random inputs.
#[track_caller]
pub(crate) fn agree(program: &Program, text: &str, runs: u32, rng: &mut impl Rng) {
    let main = program.main.as_ref().expect("the program has a `main`");
    let mut circuit: Option<Built> = None;
    for _ in 0..runs {
        let inputs: Vec<Value> =
            main.inputs.iter().map(|input| random_value(&ty_shape(program, &input.ty), rng)).collect();
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

pub(crate) fn n_ands(built: &Built) -> u64 {
    cost::ands_by_origin(&built.circuit).values().sum()
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

#[test]
fn explore() {
    let Ok(path) = std::env::var("HUSH") else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let start = std::time::Instant::now();
    let checked = check(&Sources { name: &path, text: &text, load: &|_| None }, &Options::default());
    println!("{}", render(&checked.sources, &checked.diagnostics, false));
    println!("check {:?}", start.elapsed());
    let Some(program) = checked.program else { return };
    let start = std::time::Instant::now();
    let built = built(&program, &BTreeMap::new());
    println!("build {:?}, {} ANDs", start.elapsed(), n_ands(&built));
    for line in cost::by_line(&built.circuit, &built.origins, &checked.sources) {
        println!("{:>8} {}:{}", line.and_gates, line.file, line.line);
    }
    agree(&program, &path, 3, &mut ChaCha8Rng::seed_from_u64(1));
}
