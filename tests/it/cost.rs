//! `cost`: every gate belongs to a line, the pictures and differences say the same, and what a session sends is foretold to the byte.

use std::time::{Duration, Instant};

use hushgate_circuits::id::PartyId;
use hushgate_circuits::plan::Plan;
use hushgate_runtime::channel::simulated::{Conditions, pair};
use hushgate_runtime::channel::{Channel, Network, Timeouts};
use hushgate_runtime::garble::Threads;
use hushgate_runtime::kernel::Kernel;
use hushgate_runtime::session::{self, Outcome, RoleChoice, SealedPlan, SessionConfig, Stop};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde_json::Value as Json;

use super::sessions::join;
use super::{hushgate, json, stderr, stdout, temporary};

/// The costs of a program, where lines, functions and calls add up to all of them and nothing is without a place.
#[track_caller]
fn cost(program: &str, options: &[&str]) -> Json {
    let cost = json(&hushgate(&[&["cost", program, "--lines", "--functions", "--json"], options].concat()));
    for list in ["lines", "functions"] {
        let shares = cost[list].as_array().unwrap();
        let sum: u64 = shares.iter().map(|share| share["and_gates"].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), cost["and_gates"].as_u64(), "{program} {options:?} {list}");
        for share in shares {
            let is_placed = share["file"] != "" && share["line"].as_u64() > Some(0) && share["function"] != "";
            assert!(is_placed, "{program} {options:?}: {share}");
        }
    }
    let main = cost["call_tree"].as_array().unwrap();
    assert_eq!(main.len(), 1, "everything is called by main");
    assert_eq!(main[0]["and_gates"], cost["and_gates"], "{program} {options:?}");
    check_calls(&main[0]);
    cost
}

/// What a call costs is what it costs itself and what it calls.
fn check_calls(call: &Json) {
    let calls = call["calls"].as_array().unwrap();
    let sum: u64 = calls.iter().map(|call| call["and_gates"].as_u64().unwrap()).sum();
    assert_eq!(call["and_gates"].as_u64().unwrap(), sum + call["and_gates_itself"].as_u64().unwrap(), "{call}");
    calls.iter().for_each(check_calls);
}

/// AND gates of a line in all functions.
fn of_line(cost: &Json, line: u64) -> u64 {
    let shares = cost["lines"].as_array().unwrap().iter();
    shares.filter(|share| share["line"] == line).map(|share| share["and_gates"].as_u64().unwrap()).sum()
}

#[test]
fn every_gate_of_every_example_belongs_to_a_line() {
    for entry in std::fs::read_dir(super::root().join("examples")).unwrap() {
        let folder = entry.unwrap().path();
        let program = folder.to_str().unwrap();
        if folder.is_dir() {
            cost(program, &["--opt", "1"]);
        }
    }
    for program in ["examples/fraud_rates", "examples/salary_average", "examples/hospital_salaries"] {
        for level in ["0", "1", "2", "3"] {
            cost(program, &["--opt", level, "--no-local"]);
            cost(program, &["--opt", level]);
        }
    }
}

/// A rolled loop whose body calls a function, what one party computes by itself, and a gate of the library.
const ROLLED: &str = "party a, b;
use std::sort::sort;

fn mix(x: u32, y: u32) -> u32 {
    x +% y
}

fn main(x: u32 from a, y: u32 from b, own: [u8; 2] from a) -> { sum: u32 to all, low: u8 to b } {
    let mut sum = x;
    for _ in 0..100_000 {
        sum = mix(sum ^ y, y);
    }
    let sorted = sort(own);
    { sum, low: sorted[0] }
}
";

#[test]
fn lines_keep_their_gates_through_every_level_inlining_and_rolled_loops() {
    let path = temporary("rolled.hush", ROLLED);
    let path = path.to_str().unwrap();
    for level in ["0", "1", "2", "3"] {
        for options in [&["--opt", level][..], &["--opt", level, "--no-local"]] {
            let cost = cost(path, options);
            assert_eq!(of_line(&cost, 5), 31 * 100_000, "{options:?}: the sum in `mix`, in every iteration");
            let by = |function: &str, key: &str| -> u64 {
                let functions = cost["functions"].as_array().unwrap().iter();
                functions.filter(|share| share["function"] == function).map(|share| share[key].as_u64().unwrap()).sum()
            };
            assert_eq!(by("mix", "and_gates"), 31 * 100_000);
            let of_library: Vec<&Json> =
                cost["lines"].as_array().unwrap().iter().filter(|share| share["file"] != path).collect();
            assert!(!of_library.is_empty(), "sorting is in the library: {cost}");
            let (all, local) = of_library.iter().fold((0, 0), |(all, local), share| {
                (all + share["and_gates"].as_u64().unwrap(), local + share["and_gates_local"].as_u64().unwrap())
            });
            let expected = if options.len() == 2 { all } else { 0 };
            assert_eq!(local, expected, "what `a` sorts by itself is still its line's: {options:?}");
        }
    }
}

#[test]
fn the_source_is_printed_with_its_costs() {
    let path = temporary("printed.hush", ROLLED);
    let printed = stdout(&hushgate(&["cost", path.to_str().unwrap(), "--lines", "--functions", "--no-local"]));
    let line = printed.lines().find(|line| line.ends_with("    x +% y")).unwrap();
    assert!(line.trim_start().starts_with("3100000 ") && line.contains("%  ") && line.contains("  5  "), "{line}");
    assert!(printed.contains("std/sort.hush") && printed.contains("⋮"), "{printed}");
    let tree: Vec<&str> = printed.lines().skip_while(|line| !line.ends_with("itself  function")).skip(1).collect();
    assert!(tree[0].contains("  main  ") && tree[1].contains("    mix  "), "{tree:#?}");
    let refused = hushgate(&["cost", "examples/nothing.txt", "--lines"]);
    assert!(!refused.status.success());
}

#[test]
fn the_flame_graph_is_an_svg_of_functions_and_lines() {
    let path = temporary("flame.hush", ROLLED);
    let svg = path.with_extension("svg");
    let output = hushgate(&["cost", path.to_str().unwrap(), "--flame", svg.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(&svg).unwrap();
    assert!(text.starts_with("<?xml") && text.trim_end().ends_with("</svg>"));
    for part in ["mix (3,100,000 AND gates", "flame.hush:5 (3,100,000 AND gates", "std/sort.hush:"] {
        assert!(text.contains(part), "{part} is not in the flame graph");
    }
    let again = hushgate(&["cost", path.to_str().unwrap(), "--flame", svg.to_str().unwrap()]);
    assert!(again.status.success() && std::fs::read_to_string(&svg).unwrap() == text, "it is the same every time");
}

#[test]
fn versions_are_compared_by_function_and_line() {
    let before = temporary("before.hush", ROLLED);
    let after = temporary(
        "after.hush",
        &ROLLED.replace("party a, b;\n", "party a, b;\n\n").replace("x +% y", "x *% y").replace("100_000", "100"),
    );
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let compared = json(&hushgate(&["cost", before, "--compare", after, "--no-local", "--json"]));
    let one = |path| json(&hushgate(&["cost", path, "--no-local", "--json"]));
    assert_eq!(compared["before"], one(before));
    assert_eq!(compared["after"], one(after));
    let functions = compared["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 1, "only `mix` has changed: {functions:?}");
    let shares = cost(after, &["--no-local"])["functions"].clone();
    let of_mix = &shares.as_array().unwrap().iter().find(|share| share["function"] == "mix").unwrap()["and_gates"];
    let expected = serde_json::json!({ "file": "main", "function": "mix", "before": 3_100_000, "after": of_mix });
    assert_eq!(functions[0], expected);
    let lines = compared["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "one line went, one came: {lines:?}");
    let pair = |key: &str| (lines[0][key].clone(), lines[1][key].clone());
    assert_eq!(pair("before"), (3_100_000.into(), 0.into()));
    assert_eq!(pair("after"), (0.into(), of_mix.clone()));
    assert_eq!(pair("line_before"), (5.into(), Json::Null));
    assert_eq!(pair("line_after"), (Json::Null, 6.into()));
    let same = stdout(&hushgate(&["cost", before, "--compare", before]));
    assert!(same.contains("no function and no line costs more or less"), "{same}");
}

/// Predicted and sent bytes by party.
#[track_caller]
fn check_bytes(cost: &Json, sent: impl Fn(&str) -> Json) {
    let predicted = cost["network"]["sent_bytes"].as_object().unwrap();
    assert_eq!(predicted.len(), 2);
    for (party, bytes) in predicted {
        assert_eq!(*bytes, sent(party), "{party} of {cost}");
    }
}

#[test]
fn predicted_bytes_are_what_a_run_sends() {
    for program in ["millionaires", "fraud_rates", "salary_average", "vickrey_auction", "hamming", "aes128", "wage_gap"]
    {
        let program = format!("examples/{program}");
        for options in [&[][..], &["--no-local"]] {
            let cost = json(&hushgate(&[&["cost", &program, "--network", "local", "--json"], options].concat()));
            let run = json(&hushgate(&[&["run", &program, "--json"], options].concat()));
            check_bytes(&cost, |party| run["stats"]["sent_bytes"][party].clone());
        }
    }
}

/// Where the rate decides how inputs are transferred, and with parameters and public inputs in the agreement.
#[test]
fn predicted_bytes_are_what_two_processes_send_over_the_link_that_they_say() {
    let text = "party a, b;
const N: int = param;
fn main(x: [u8; N] from a, y: [u8; N] from b, limit: u16 public) -> bool to all { x.sum() + y.sum() > limit }
";
    let path = temporary("many_inputs.hush", text);
    let path = path.to_str().unwrap();
    let data = |name: &str| format!("{{\"{name}\": {:?}}}", [1; 1000]);
    for network in ["wan", "1ms,1Gbit"] {
        let common = ["--set", "N=1000", "--network", network, "--json", "--input", r#"public={"limit": 1999}"#];
        let cost = json(&hushgate(&[&["cost", path][..], &common].concat()));
        let party = |name, data| [&[path, "--as", name, "--input", data][..], &common].concat();
        let (x, y) = (data("x"), data("y"));
        let ended = join(&party("a", &x), &party("b", &y)).map(|output| json(&output));
        assert_eq!(ended[0]["outputs"]["a"], true);
        check_bytes(&cost, |party| {
            let ended = &ended[usize::from(party == "b")];
            ended["stats"]["sent_bytes"][party].clone()
        });
    }
}

/// A session over a simulated link takes about as long as predicted: within a factor of two and a half, however busy the machine is.
#[test]
fn predicted_times_are_about_what_a_session_takes_over_a_simulated_link() {
    for (program, network) in [
        ("millionaires", "50ms,100Mbit"),
        ("vickrey_auction", "20ms,10Mbit"),
        ("hamming", "5ms,1Mbit"),
        ("aes128", "1ms,2Mbit"),
    ] {
        let folder = format!("examples/{program}");
        let cost = json(&hushgate(&["cost", &folder, "--network", network, "--json"]));
        let predicted = cost["network"]["seconds"]["total"].as_f64().unwrap();
        let plan = temporary(&format!("{program}.plan"), "");
        assert!(hushgate(&["build", &folder, "-o", plan.to_str().unwrap()]).status.success());
        let plan = Plan::from_bytes(&std::fs::read(plan).unwrap()).unwrap();
        let took = simulate(plan, network.parse().unwrap()).as_secs_f64();
        assert!(predicted < 2.5 * took && took < 2.5 * predicted, "{program}: took {took} s, predicted {predicted} s");
    }
}

/// From a new connection to both results.
fn simulate(plan: Plan, network: Network) -> Duration {
    let plan = SealedPlan::new(plan).unwrap();
    let party = async |party: u32, channel: Channel| -> Outcome {
        let config = SessionConfig {
            plan: plan.clone(),
            n_runs: 1,
            then: Vec::new(),
            party: PartyId(party),
            role: RoleChoice::Auto,
            agreement: Vec::new(),
            origin: Vec::new(),
            timeouts: Timeouts::default(),
            network: Some(network),
            stop: Stop::default(),
            kernel: Kernel::detect(),
            threads: Threads::ONE,
        };
        let inputs = vec![false; plan.n_bits_of(PartyId(party)) as usize];
        session::run(channel, config, &inputs, &mut ChaCha20Rng::seed_from_u64(party.into())).await.unwrap()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (first, second) = pair(Conditions::ideal(network), &mut ChaCha20Rng::seed_from_u64(1));
        let start = Instant::now();
        tokio::join!(party(0, first), party(1, second));
        start.elapsed()
    })
}
