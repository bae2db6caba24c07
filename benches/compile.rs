//! How long programs take to compile: text to checked program, to circuit, to plan.
//!
//! The programs are in `compile/`. `compile.md` beside it says what a run gave, and what memory it took.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hushgate::circuits::circuit::Circuit;
use hushgate::circuits::optimize::{LEVEL_DEFAULT, optimize};
use hushgate::circuits::schedule::schedule;
use hushgate::compiler::hir::Program;
use hushgate::compiler::lower::{Limits, build};
use hushgate::compiler::{Options, Sources, check};

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_secs(3));
    targets = bench_compile
}

const PROGRAMS: [(&str, &str); 6] = [
    ("matrix product 16×16×16", include_str!("compile/matrix_product.hush")),
    ("edit distance 64×64", include_str!("compile/edit_distance.hush")),
    ("edit distance 64×64 by rows", include_str!("compile/edit_distance_by_rows.hush")),
    ("sort of 1,024", include_str!("compile/sort.hush")),
    ("10,000,000 iterations", include_str!("compile/long_loop.hush")),
    ("4,430 × SHA-256", include_str!("compile/sha256_chain.hush")),
];

fn checked(name: &str, text: &str) -> Program {
    let checked = check(&Sources { name, text, load: &|_| None }, &Options::default());
    checked.program.unwrap_or_else(|| panic!("{name}: {:?}", checked.diagnostics))
}

fn circuit(program: &Program) -> Circuit {
    build(program, &BTreeMap::new(), Limits::default()).expect("an accepted program builds").circuit
}

fn bench_compile(criterion: &mut Criterion) {
    for (name, text) in PROGRAMS {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("check", |bench| bench.iter(|| black_box(checked(name, text))));
        let program = checked(name, text);
        group.bench_function("build", |bench| bench.iter(|| black_box(circuit(&program))));
        let built = circuit(&program);
        group.bench_function("optimise and plan", |bench| {
            bench.iter(|| black_box(schedule(&optimize(built.clone(), LEVEL_DEFAULT))));
        });
    }
}
