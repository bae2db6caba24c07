//! `--opt`: fewer ANDs, the same meaning, every gate with its origin; for programs and for other people's circuits.

use super::{hushgate, json, stderr, temporary};

/// ANDs of a program at a level, whose functions and lines add up to them.
#[track_caller]
fn and_gates(program: &str, level: &str) -> u64 {
    let mut totals = Vec::new();
    for (option, list) in [("--lines", "lines"), ("--functions", "functions")] {
        let cost = json(&hushgate(&["cost", program, option, "--opt", level, "--json"]));
        let shares = cost[list].as_array().unwrap();
        let sum: u64 = shares.iter().map(|share| share["and_gates"].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), cost["and_gates"].as_u64(), "{program} {option} --opt {level}: {cost}");
        totals.push(sum);
    }
    assert_eq!(totals[0], totals[1], "deterministic");
    totals[0]
}

#[test]
fn a_higher_level_never_costs_more() {
    for example in ["fraud_rates", "hamming", "millionaires", "salary_average", "vickrey_auction"] {
        let program = format!("examples/{example}");
        let ands = ["0", "1", "2", "3"].map(|level| and_gates(&program, level));
        assert!(ands.is_sorted_by(|low, high| low >= high), "{example}: {ands:?}");
    }
}

#[test]
fn every_level_gives_the_same_result() {
    for level in ["0", "1", "2", "3"] {
        let run = json(&hushgate(&["run", "examples/vickrey_auction", "--opt", level, "--json"]));
        let clear = json(&hushgate(&["eval", "examples/vickrey_auction", "--opt", level, "--json"]));
        assert_eq!(run["outputs"], clear["outputs"], "--opt {level}");
        assert_eq!(run["program"], clear["program"], "--opt {level}: the same plan every time");
    }
}

/// A full adder as textbooks have it: three ANDs, where one is enough.
const FULL_ADDER: &str = "\
7 10
3 1 1 1
2 1 1

2 1 0 1 3 AND
2 1 0 2 4 AND
2 1 1 2 5 AND
2 1 3 4 6 XOR
2 1 0 1 7 XOR
2 1 7 2 8 XOR
2 1 6 5 9 XOR
";

#[test]
fn other_peoples_circuits_shrink() {
    let before = temporary("full_adder.txt", FULL_ADDER);
    let after = before.with_file_name("full_adder_small.txt");
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let built = hushgate(&["build", before, "--bristol", after]);
    assert!(built.status.success(), "{}", stderr(&built));
    let ands = |file, level| json(&hushgate(&["cost", file, "--opt", level, "--json"]))["and_gates"].clone();
    assert_eq!(ands(before, "0"), 3);
    assert_eq!(ands(after, "0"), 1);
    for (p0, p1, p2) in (0..8).map(|i| (i & 1, i >> 1 & 1, i >> 2)) {
        for file in [before, after] {
            let input = |party, value: i32| format!("p{party}={{\"in{party}\":{value}}}");
            let [a, b, c] = [input(0, p0), input(1, p1), input(2, p2)];
            let output = json(&hushgate(&["eval", file, "--json", "--input", &a, "--input", &b, "--input", &c]));
            let total = p0 + p1 + p2;
            assert_eq!(output["outputs"]["p0"]["out0"], total & 1, "{file} of {total} ones");
            assert_eq!(output["outputs"]["p0"]["out1"], total >> 1, "{file} of {total} ones");
        }
    }
}
