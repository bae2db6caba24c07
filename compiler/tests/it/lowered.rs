//! What the circuit computes is what the interpreter computes.

use std::collections::BTreeMap;

use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::schedule::schedule;
use hushgate_circuits::shape::Value;
use hushgate_circuits::verify::verify;
use hushgate_compiler::diagnostic::{Code, Stage, render};
use hushgate_compiler::hir::{From, Program};
use hushgate_compiler::interpret::{run, run_main, run_test};
use hushgate_compiler::lower::{Built, Limits, analyse, build, ty_shape};
use hushgate_compiler::{Options, Sources, check, cost, generate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{name, programs};

/// The circuit for these public inputs.
#[track_caller]
pub(crate) fn built(program: &Program, public: &BTreeMap<String, Value>) -> Built {
    built_within(program, "", public, Limits::DEFAULT)
}

fn built_within(program: &Program, text: &str, public: &BTreeMap<String, Value>, limits: Limits) -> Built {
    let built = match build(program, public, limits) {
        Ok(built) => built,
        Err(error) => panic!("{error:?} with {public:?}\n{text}"),
    };
    verify(&built.circuit).expect("a valid circuit");
    built
}

/// Loops are rolled wherever they can be.
const ROLLING: Limits = Limits { unroll_steps_max: 0, ..Limits::DEFAULT };

/// Every function is a block.
const BLOCKS: Limits = Limits { inline_work_max: 0, ..Limits::DEFAULT };

/// Runs `main` both ways on random inputs.
#[track_caller]
pub(crate) fn agree(program: &Program, text: &str, runs: u32, rng: &mut impl Rng) {
    agree_within(program, text, Limits::DEFAULT, runs, rng);
}

/// As [`agree`]; returns how many blocks the circuit has.
#[track_caller]
fn agree_within(program: &Program, text: &str, limits: Limits, runs: u32, rng: &mut impl Rng) -> usize {
    let main = program.main.as_ref().expect("the program has a `main`");
    let mut circuit: Option<Built> = None;
    for _ in 0..runs {
        let inputs: Vec<Value> =
            main.inputs.iter().map(|input| generate::value(&ty_shape(program, &input.ty), rng)).collect();
        let is_public = |from: &From| *from == From::Public;
        let has_public = main.inputs.iter().any(|input| is_public(&input.from));
        if circuit.is_none() || has_public {
            let pairs = main.inputs.iter().zip(&inputs).filter(|(input, _)| is_public(&input.from));
            let public = pairs.map(|(input, value)| (input.name.clone(), value.clone())).collect();
            circuit = Some(built_within(program, text, &public, limits));
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
    circuit.map_or(0, |built| built.circuit.blocks.len())
}

#[test]
fn programs_mean_the_same_in_the_circuit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (path, text) in programs("run").into_iter().chain(programs("corpus")) {
        let checked = check(&Sources { name: &name(&path), text: &text, load: &|_| None }, &Options::default());
        let Some(program) = checked.program.filter(|program| program.main.is_some()) else { continue };
        agree(&program, &name(&path), 50, &mut rng);
        agree_within(&program, &name(&path), ROLLING, 50, &mut rng);
        agree_within(&program, &name(&path), BLOCKS, 50, &mut rng);
    }
}

/// Generated programs that are run; `GENERATED` in the environment asks for another number.
fn n_generated() -> u64 {
    std::env::var("GENERATED").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

/// Once with loops unrolled, and once with every loop rolled that can be.
///
/// Programs that are refused do not count; what refuses them must be a range or a limit, never a slip of the generator.
#[test]
fn generated_programs_mean_the_same_in_the_circuit() {
    let (mut n_accepted, mut n_rolled, mut n_called) = (0, 0, 0);
    let mut seed = 0;
    while n_accepted < n_generated() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let text = generate::program(&mut rng);
        let checked = check(&Sources { name: "generated", text: &text, load: &|_| None }, &Options::default());
        for found in &checked.diagnostics {
            let expected = matches!(found.code.stage(), Stage::Ranges | Stage::Limits)
                || !found.is_error()
                || found.code == Code::NeverHolds;
            assert!(expected, "seed {seed}: {}\n{text}", render(&checked.sources, &checked.diagnostics, false));
        }
        if let Some(program) = checked.program {
            n_accepted += 1;
            let text = format!("seed {seed}\n{text}");
            agree(&program, &text, 4, &mut rng);
            n_called += u64::from(agree_within(&program, &text, BLOCKS, 4, &mut rng) > 1);
            // Less is known after a loop that was rolled.
            if analyse(&program, ROLLING).is_empty() {
                n_rolled += u64::from(agree_within(&program, &text, ROLLING, 4, &mut rng) > 1);
            }
        }
        seed += 1;
    }
    assert!(n_rolled > n_accepted / 40, "{n_rolled} of {n_accepted} programs have rolled loops");
    assert!(n_called >= 10, "{n_called} of {n_accepted} programs call blocks");
    assert!(seed < 2 * n_accepted, "{n_accepted} of {seed} programs are accepted");
}

/// Loops over elements, cells that are read and written, state, breaks, nests, and arrays of results.
const LOOPS: &str = "
party alice, bob;

fn main(a: [u8; 9] from alice, b: [i6; 9] from bob, stop: u8 from bob) -> ([u9; 9], [u8; 9], u16, i12, [bool; 9]) to all {
    let mut out: [u9; 9] = [7; 9];
    let mut last = a;
    let mut sum: u16 = 0;
    let mut least = 0;
    for i in 1..8 {
        out[i] = a[i - 1] + a[i + 1] & 255;
        sum = wrap(sum + out[i] * stop + i);
        if a[i] > stop { break; }
        last[i] = last[i] +% out[i] & 15;
    }
    for x in b {
        if x == 3 { continue; }
        for k in 0..4 {
            least = min(least, x + k);
        }
    }
    (out, last, sum, least, a.map(|x| x > stop))
}
";

/// A function with several ways to return, on arrays of tuples, and one that needs facts to be proven.
const OFTEN: &str = "
party alice, bob;

fn score(bids: [(u8, u16); 3], limit: u16) -> (u32, Option<u8>) {
    let mut sum: u32 = 0;
    for (kind, x) in bids {
        match kind {
            0 => {}
            1 => { if x > limit { return (0, None); } sum = wrap(sum + x * x); }
            _ => { sum = wrap(sum + x * kind); }
        }
    }
    (sum, if sum % 2 == 1 { Some(bids[0].0) } else { None })
}

fn less(a: u16, b: u16) -> u16 {
    if a >= b { a - b } else { b - a }
}

fn main(a: [(u8, u16); 6] from alice, b: [u16; 6] from bob) -> ([(u32, Option<u8>); 4], u16) to all {
    let scores = [
        score([a[0], a[1], a[2]], b[0]),
        score([a[3], a[4], a[5]], b[1]),
        score([a[5], a[1], a[3]], b[2]),
        score([a[0], a[0], a[4]], b[3]),
    ];
    let mut least = less(b[0], b[1]);
    least = min(least, less(b[2], b[3]));
    least = min(least, less(b[4], b[5]));
    (scores, least)
}
";

#[test]
fn functions_that_are_called_often_are_blocks() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let checked = check(&Sources { name: "often", text: OFTEN, load: &|_| None }, &Options::default());
    let program =
        checked.program.unwrap_or_else(|| panic!("{}", render(&checked.sources, &checked.diagnostics, false)));
    assert_eq!(agree_within(&program, OFTEN, Limits::DEFAULT, 50, &mut rng), 1, "few calls are inlined");
    assert_eq!(agree_within(&program, OFTEN, BLOCKS, 50, &mut rng), 3, "`score`, `less` and `main`");
}

/// What the third call's caller knows of its arguments does not get into the block, nor out of it into another call.
#[test]
fn blocks_hold_for_all_their_calls() {
    let text = "
party alice, bob;

fn gap(a: u8, b: u8) -> u8 {
    if a > b { a - b } else { b - a }
}

fn main(a: u8 from alice, b: u8 from bob, c: u8 from bob) -> (u8, u8, u8, u8) to all {
    let first = gap(a, b);
    let known = if a > c { gap(a, c) } else { 7 };
    let other = if c > a { gap(a, c) } else { 9 };
    (first, known, other, gap(b, c))
}
";
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let checked = check(&Sources { name: "gaps", text, load: &|_| None }, &Options::default());
    let program =
        checked.program.unwrap_or_else(|| panic!("{}", render(&checked.sources, &checked.diagnostics, false)));
    assert!(agree_within(&program, text, BLOCKS, 100, &mut rng) > 1);
}

/// The first calls are inlined, up to a threshold that is low here; those after it are calls of one block, except where gates would fold.
#[test]
fn calls_past_the_threshold_are_calls_of_a_block() {
    let limits = Limits { inline_work_max: 5_000, block_work_min: 500, ..Limits::DEFAULT };
    let text = "party alice, bob;\n\
                fn mix(a: u32, b: u32, seen: bool) -> (u32, bool) {\n\
                    let product = a *% b;\n\
                    if seen && product % 4 == 1 { return (a, false); }\n\
                    (product ^ b, product > a)\n\
                }\n\
                fn main(a: [u32; 20] from alice, b: [u32; 20] from bob) -> ([u32; 20], u5, u32, u32) to all {\n\
                    let mut seen = a[0] < b[0];\n\
                    let mut n: u5 = 0;\n\
                    let mut mixed = [0; 20];\n\
                    for i in 0..20 {\n\
                        let (x, more) = mix(a[i], b[i], seen);\n\
                        mixed[i] = x;\n\
                        seen = more;\n\
                        if more { n += 1; }\n\
                    }\n\
                    (mixed, n, mix(a[7], a[7], seen).0, mix(a[8], 77, seen).0)\n\
                }";
    let checked = check(&Sources { name: "mixing", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a program without errors");
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    assert_eq!(agree_within(&program, text, limits, 200, &mut rng), 2, "`mix` and `main`");
    assert_eq!(agree_within(&program, text, Limits::DEFAULT, 50, &mut rng), 1);
    let circuit = built_within(&program, text, &BTreeMap::new(), limits).circuit;
    let n_calls = circuit.main().calls.len();
    assert!((8..20).contains(&n_calls), "{n_calls} calls");
    let ands: u64 = cost::ands_by_origin(&circuit).values().sum();
    let inlined = cost::ands_by_origin(&built(&program, &BTreeMap::new()).circuit).values().sum::<u64>();
    assert_eq!(ands, inlined, "a block makes as many ANDs as the function in place");
}

/// An outer loop that is too long to be unrolled, and inner ones that start, or end, at its counter.
#[test]
fn inner_loops_run_from_and_to_the_counter_of_a_rolled_loop() {
    let limits = Limits { unroll_steps_max: 2_000, steps_max: 60_000, ..Limits::DEFAULT };
    let text = "party alice, bob;\n\
                fn main(a: [u8; 8] from alice, b: u8 from bob) -> (u32, u32, u32) to all {\n\
                    let mut from: u32 = 0;\n\
                    let mut to: u32 = 0;\n\
                    let mut both: u32 = 0;\n\
                    for i in 0..1_000 {\n\
                        for j in i..8 { from = from *% 3 +% a[j] +% b; }\n\
                        for j in 0..min(i, 5) { to = to *% 5 +% a[j] +% b; }\n\
                        for j in min(i, 6)..min(i + 2, 8) { both = both *% 7 +% a[j] +% b; }\n\
                    }\n\
                    (from, to, both)\n\
                }";
    let checked = check(&Sources { name: "triangles", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a program without errors");
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    assert!(agree_within(&program, text, limits, 5, &mut rng) > 1, "the outer loop is rolled");
}

#[test]
fn rolled_loops_mean_the_same() {
    let checked = check(&Sources { name: "loops", text: LOOPS, load: &|_| None }, &Options::default());
    let program =
        checked.program.unwrap_or_else(|| panic!("{}", render(&checked.sources, &checked.diagnostics, false)));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..50 {
        // The inner loop stands in the outer one's first iteration and in the block of the others.
        assert_eq!(
            agree_within(&program, LOOPS, ROLLING, 4, &mut rng),
            6,
            "three loops, one of them twice, a map, and `main`"
        );
        assert_eq!(agree_within(&program, LOOPS, Limits::DEFAULT, 4, &mut rng), 1);
    }
}

/// Lanes of different lengths, and the window that goes over what they make.
#[test]
fn sets_that_are_merged_in_lanes_are_calls_of_few_blocks() {
    let limits = Limits { unroll_work_max: 1_000, block_work_min: 50, ..Limits::DEFAULT };
    let library = hushgate_compiler::std::text("sets").expect("the library has sets");
    let library = &library[..library.find("#[test").expect("tests stand at its end")];
    for (n, m) in [(35, 29), (64, 48), (41, 22)] {
        let n_found = 2 * ((n + 1) / 2 + (m + 1) / 2);
        let text = format!(
            "{library}\nparty alice, bob;\n\
             fn main(a: [u7; {n}] from alice, b: [(u7, u5); {m}] from bob) -> [(bool, u5); {n_found}] to all {{\n\
                 common_in_lanes::<_, _, _, 4>(blocks(a.map(|key| (key, 0)), true), blocks(b, false))\n\
             }}"
        );
        let checked = check(&Sources { name: "lanes", text: &text, load: &|_| None }, &Options::default());
        let program =
            checked.program.unwrap_or_else(|| panic!("{}", render(&checked.sources, &checked.diagnostics, false)));
        let mut rng = ChaCha8Rng::seed_from_u64(13);
        assert!(agree_within(&program, &text, limits, 20, &mut rng) > 2, "lanes and windows, of {n} and {m}");
        let ands = |limits| {
            let circuit = built_within(&program, &text, &BTreeMap::new(), limits).circuit;
            cost::ands_by_origin(&circuit).values().sum::<u64>()
        };
        // Only where all blocks have two elements is what they have known in all turns.
        if n % 2 == 0 && m % 2 == 0 {
            assert_eq!(ands(limits), ands(Limits::DEFAULT), "blocks make as many ANDs as their gates in place");
        }
    }
}

/// Requirements in loops that are left early, that call functions, and that stand in branches.
const REQUIRING: &str = "
party alice, bob;

fn small(x: u8) -> u8 {
    if x == 77 { return 0; }
    require(x < 250, \"small\");
    x
}

fn main(a: [u8; 40] from alice, b: [u8; 40] from bob, stop: u8 from bob) -> { sum: u14 to all, high: u8 in 9..=20 to bob } requires to all {
    let mut sum = 0;
    for i in 0..40 {
        if a[i] == stop { break; }
        sum = saturate::<u14>(sum + small(a[i]));
    }
    for x in b {
        if x < stop {
            require(x != 3 || stop > 200, \"not 3\");
        }
    }
    { sum, high: 9 }
}
";

#[test]
fn requirements_in_rolled_loops_mean_the_same() {
    let checked = check(&Sources { name: "requiring", text: REQUIRING, load: &|_| None }, &Options::default());
    let program =
        checked.program.unwrap_or_else(|| panic!("{}", render(&checked.sources, &checked.diagnostics, false)));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    assert_eq!(agree_within(&program, REQUIRING, ROLLING, 200, &mut rng), 3, "two loops and `main`");
    assert_eq!(agree_within(&program, REQUIRING, Limits::DEFAULT, 200, &mut rng), 1);
    let main = program.main.as_ref().unwrap();
    let mut n_held = 0;
    for _ in 0..200 {
        let inputs: Vec<Value> =
            main.inputs.iter().map(|input| generate::value(&ty_shape(&program, &input.ty), &mut rng)).collect();
        n_held += u32::from(run_main(&program, &inputs).unwrap().unmet.is_none());
    }
    assert!((20..180).contains(&n_held), "both answers are compared: {n_held} of 200 hold");
}

/// What a loop that `return` leaves has required until then counts, what stands after it does not.
#[test]
fn requirements_before_a_return_in_a_rolled_loop_count() {
    let text = "party alice, bob;\n\
                fn find(a: [u4; 20], key: u4) -> u8 {\n\
                    require(key != 1, \"not 1\");\n\
                    for i in 0..20 {\n\
                        require(a[i] != 2 || key > 11, \"no 2 before it\");\n\
                        if a[i] == key { return i; }\n\
                        require(a[i] != 4 || key > 7, \"no 4 before it\");\n\
                    }\n\
                    99\n\
                }\n\
                fn main(a: [u4; 20] from alice, b: u4 from bob) -> u8 to all requires to all { find(a, b) }";
    let checked = check(&Sources { name: "find", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a program without errors");
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    assert_eq!(agree_within(&program, text, ROLLING, 2_000, &mut rng), 2, "a loop and `main`");
    agree_within(&program, text, Limits::DEFAULT, 500, &mut rng);
}

#[test]
fn a_requirement_in_a_million_iterations_is_one_small_block() {
    let text = "party alice, bob;\n\
                fn main(a: u32 from alice, b: u32 from bob) -> u32 to all requires to all {\n\
                    let mut s = a;\n\
                    for i in 0..1_000_000 { s = (s +% b) ^ s.rotate_left(3); require(s != 5, \"not 5\"); }\n\
                    s\n\
                }";
    let checked = check(&Sources { name: "long", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a program without errors");
    let circuit = built(&program, &BTreeMap::new()).circuit;
    let n_nodes: usize = circuit.blocks.iter().map(|block| block.nodes.len()).sum();
    assert!(n_nodes < 1_000, "{n_nodes} nodes");
    let ands: u64 = cost::ands_by_origin(&circuit).values().sum();
    assert_eq!(ands, (31 + 31 + 1) * 1_000_000 + 32, "an addition, a comparison, the bit; the result's bits");
}

#[test]
fn ten_million_iterations_are_one_small_block() {
    let text = "party alice, bob;\n\
                fn main(a: u32 from alice, b: u32 from bob) -> u32 to all {\n\
                    let mut s = a;\n\
                    for i in 0..10_000_000 { s = (s +% b) ^ s.rotate_left(3); }\n\
                    s\n\
                }";
    let checked = check(&Sources { name: "long", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a program without errors");
    let circuit = built(&program, &BTreeMap::new()).circuit;
    let n_nodes: usize = circuit.blocks.iter().map(|block| block.nodes.len()).sum();
    assert!(n_nodes < 1_000, "{n_nodes} nodes");
    let ands: u64 = cost::ands_by_origin(&circuit).values().sum();
    assert_eq!(ands, 31 * 10_000_000);
}

/// The inner loop is tried out while the outer one is: what cannot be proven in it counts for both.
#[test]
fn what_is_not_proven_in_a_loop_within_a_loop_is_reported() {
    let text = "party alice, bob;\n\
                fn main(a: u4 from alice, b: u8 from bob) -> u4 to all {\n\
                    let mut r = 0;\n\
                    let mut s = a;\n\
                    for i in 0..1_000_000 {\n\
                        let mut u = 0;\n\
                        for j in 0..1_000_000 { let t: u4 = u; s = s ^ t; u = r; }\n\
                        r = 20;\n\
                    }\n\
                    s\n\
                }";
    let checked = check(&Sources { name: "nest", text, load: &|_| None }, &Options::default());
    assert!(checked.program.is_none(), "a value of 20 is stored in four bits");
}

/// That `s` is at most 9 is found by trying out ranges that are too large for the index; that does not keep the outer loop from being rolled.
#[test]
fn what_a_loop_within_a_loop_cannot_prove_at_first_does_not_count() {
    let text = "party alice, bob;\n\
                fn main(a: [u4; 10] from alice, b: u8 from bob) -> u8 to all {\n\
                    let (mut x, top) = (b, 9);\n\
                    for _ in 0..20 {\n\
                        let mut s: u8 = 0;\n\
                        for _ in 0..30 { x = x *% 3 +% a[s]; s = min(s + s + x % 2, top); }\n\
                        x = x ^ b;\n\
                    }\n\
                    x\n\
                }";
    let checked = check(&Sources { name: "nest", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("a program without errors");
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    assert_eq!(agree_within(&program, text, ROLLING, 20, &mut rng), 3, "two loops and `main`");
}

#[test]
fn a_chain_of_hashes_is_one_block() {
    let text = include_str!("../long/sha256_chain.hush");
    let program = |n: u32| {
        let options = Options { params: [("N".to_owned(), n.into())].into(), ..Options::default() };
        check(&Sources { name: "chain", text, load: &|_| None }, &options).program.expect("a program without errors")
    };
    let short = program(3);
    let failures = run_test(&short, &short.tests[0]);
    assert!(failures.is_empty(), "{failures:?}");
    agree_within(&short, text, ROLLING, 2, &mut ChaCha8Rng::seed_from_u64(3));
    let plan = schedule(&built(&program(4_430), &BTreeMap::new()).circuit);
    assert!(plan.to_bytes().len() < 1_000_000, "{} bytes", plan.to_bytes().len());
}
