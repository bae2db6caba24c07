//! Every example: its own tests, its result in the clear, and its result garbled.

use serde_json::Value as Json;

use super::{hushgate, json, root, stdout};

/// Runs an example in all ways and compares with its `expected.json`.
#[track_caller]
fn example(name: &str) -> Json {
    let folder = format!("examples/{name}");
    let text = std::fs::read_to_string(root().join(&folder).join("expected.json")).unwrap();
    let expected: Json = serde_json::from_str(&text).unwrap();

    let tests = json(&hushgate(&["test", &folder, "--json"]));
    assert_eq!(tests["failed"], 0, "{tests}");
    assert!(tests["passed"].as_u64() > Some(0), "{tests}");

    let clear = json(&hushgate(&["eval", &folder, "--json"]));
    assert_eq!(clear["outputs"], expected);

    let garbled = json(&hushgate(&["run", &folder, "--json"]));
    assert_eq!(garbled["outputs"], expected);
    assert_eq!(garbled["program"], clear["program"]);

    json(&hushgate(&["cost", &folder, "--json"]))
}

#[test]
fn every_folder_is_tested_here() {
    let tested = [
        "aes128",
        "bank_fraud_benchmark",
        "customer_overlap",
        "double_auction",
        "fraud_rates",
        "hamming",
        "hospital_salaries",
        "millionaires",
        "pairwise_quotes",
        "salary_average",
        "sanctions_screening",
        "sugar_beet_auction",
        "vickrey_auction",
        "wage_gap",
        "wallet_threshold",
    ];
    let mut found: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, tested);
}

#[test]
fn hospital_salaries() {
    example("hospital_salaries");
}

#[test]
fn sugar_beet_auction() {
    example("sugar_beet_auction");
}

#[test]
fn bank_fraud_benchmark() {
    example("bank_fraud_benchmark");
}

#[test]
fn pairwise_quotes() {
    example("pairwise_quotes");
}

#[test]
fn wage_gap() {
    example("wage_gap");
}

#[test]
fn millionaires() {
    assert_eq!(example("millionaires")["and_gates"], 64);
}

#[test]
fn customer_overlap() {
    example("customer_overlap");
}

#[test]
fn double_auction() {
    example("double_auction");
}

#[test]
fn fraud_rates() {
    example("fraud_rates");
}

#[test]
fn salary_average() {
    example("salary_average");
}

#[test]
fn vickrey_auction() {
    example("vickrey_auction");
}

#[test]
fn aes128() {
    assert_eq!(example("aes128")["and_gates"], 6400);
}

/// The holder of the key computes the key schedule, whoever garbles; with `--no-local` it is garbled too.
#[test]
fn one_party_computes_what_it_can() {
    for (options, local, table_bytes) in [
        (&[][..], 1280, 5120 * 32),
        (&["--garbler", "key_holder"][..], 1280, 5120 * 32),
        (&["--garbler", "client"][..], 1280, 5120 * 32),
        (&["--no-local"][..], 0, 6400 * 32),
    ] {
        let cost = json(&hushgate(&[&["cost", "examples/aes128", "--json"], options].concat()));
        let found = ["and_gates", "and_gates_half", "and_gates_local", "table_bytes"].map(|key| cost[key].clone());
        assert_eq!(found, [6400, 0, local, table_bytes].map(Json::from), "{options:?}");
        let run = json(&hushgate(&[&["run", "examples/aes128", "--json"], options].concat()));
        for key in ["table_bytes", "ot_count", "garbler"] {
            assert_eq!(run["stats"][key], cost[key], "{key} {options:?}");
        }
    }
    let text = stdout(&hushgate(&["inspect", "examples/aes128"]));
    let expected = "5120 in full, 0 at half price, 1280 by one party alone";
    assert!(text.contains(expected) && text.contains(" garbles"), "{text}");
}

#[test]
fn hamming() {
    assert_eq!(example("hamming")["and_gates"], 1023);
}

#[test]
fn sanctions_screening() {
    example("sanctions_screening");
}

#[test]
fn wallet_threshold() {
    assert_eq!(example("wallet_threshold")["and_gates"], 80_220);
}

#[test]
fn lines_and_functions_add_up_to_the_total() {
    for (option, list) in [("--lines", "lines"), ("--functions", "functions")] {
        let cost = json(&hushgate(&["cost", "examples/aes128", option, "--json"]));
        let sum: u64 = cost[list].as_array().unwrap().iter().map(|share| share["and_gates"].as_u64().unwrap()).sum();
        assert_eq!(sum, 6400, "{option}: {cost}");
    }
}

#[test]
fn a_parameter_changes_the_program() {
    let few = json(&hushgate(&["run", "examples/salary_average", "--set", "MIN_STAFF=5000", "--json"]));
    assert_eq!(few["outputs"]["north"]["enough"], false);
}
