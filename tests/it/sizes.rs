//! Sizes of circuits are those in `benches/circuits.json`: who makes one worse notices, and who makes one better commits it.
//!
//! Against the released command all rows are measured, else those that compile in a moment. `UPDATE_GOLDEN=1` writes the file, the page's table
//! and, where all rows were measured, the chart.

use serde_json::{Map, Value as Json, json};

use super::{hushgate, json, root};

const PINNED: &str = "benches/circuits.json";
const TABLE: &str = "benches/circuits.md";
const CHART: &str = "book/src/circuits.svg";
const HOW: &str = "if that is how it shall be: cargo build --release && UPDATE_GOLDEN=1 HUSHGATE=target/release/hushgate cargo test --test it sizes";

/// What takes long to compile in a build for tests.
const LONG: [&str; 8] =
    ["sort1024", "psi-sum1024", "matmul16", "matmul8", "dijkstra32", "double-auction1000", "psi-sum256", "write1024"];

fn pinned() -> Map<String, Json> {
    let text = std::fs::read_to_string(root().join(PINNED)).unwrap_or_else(|_| "{}".to_owned());
    serde_json::from_str(&text).unwrap()
}

fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// Sizes by row, of all rows or of these.
fn measured(rows: &[&str], more: &[&str]) -> Map<String, Json> {
    let rows = rows.iter().flat_map(|row| ["--row", row]);
    let args: Vec<&str> = ["bench", "circuits", "--json"].into_iter().chain(rows).chain(more.iter().copied()).collect();
    let document = json(&hushgate(&args));
    let row = |result: &Json| {
        let name = result["name"].as_str().unwrap().strip_prefix("circuits/").unwrap().to_owned();
        let size = json!({
            "what": result["what"],
            "and_gates": result["value"],
            "best_elsewhere": result["best_elsewhere"],
            "xor_gates": result["xor_gates"],
            "and_depth": result["and_depth"],
            "table_bytes": result["table_bytes"],
        });
        (name, size)
    };
    document["results"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn sizes_are_the_pinned_ones() {
    let pinned = pinned();
    let measures_all = std::env::var_os("HUSHGATE").is_some();
    let quick: Vec<&str> = pinned.keys().map(String::as_str).filter(|row| !LONG.contains(row)).collect();
    let chart = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("circuits.svg");
    let sizes = match measures_all {
        true => measured(&[], &["--svg", chart.to_str().unwrap(), "-q"]),
        false => measured(&quick, &[]),
    };
    if updates() {
        let mut all = pinned;
        if measures_all {
            all.clear();
            std::fs::copy(&chart, root().join(CHART)).unwrap();
        }
        all.extend(sizes);
        let lines: Vec<String> = all.iter().map(|(row, size)| format!("  {row:?}: {size}")).collect();
        std::fs::write(root().join(PINNED), format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap();
        std::fs::write(root().join(TABLE), table(&all)).unwrap();
        return;
    }
    let changes: Vec<String> = sizes.iter().flat_map(|(row, size)| changes(row, &pinned[row], size)).collect();
    assert!(changes.is_empty(), "circuits have other sizes than {PINNED} says\n{}\n{HOW}", changes.join("\n"));
    if measures_all {
        assert!(sizes.keys().eq(pinned.keys()), "the rows of {PINNED} are others; {HOW}");
        let same = std::fs::read(&chart).unwrap() == std::fs::read(root().join(CHART)).unwrap();
        assert!(same, "{CHART} shows something else; {HOW}");
    }
}

/// What is larger or smaller than it was.
fn changes(row: &str, pinned: &Json, found: &Json) -> Vec<String> {
    let change = |key: &&str| {
        let (before, after) = (pinned[*key].as_u64()?, found[*key].as_u64()?);
        match before.cmp(&after) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Less => Some(format!("{row}: {key} {before} → {after}, worse")),
            std::cmp::Ordering::Greater => Some(format!("{row}: {key} {before} → {after}, better: commit it")),
        }
    };
    ["and_gates", "xor_gates", "and_depth", "table_bytes"].iter().filter_map(change).collect()
}

#[test]
fn the_page_shows_the_pinned_sizes() {
    let stored = std::fs::read_to_string(root().join(TABLE)).unwrap();
    assert!(updates() || stored == table(&pinned()), "{TABLE} is out of date; {HOW}");
}

fn table(sizes: &Map<String, Json>) -> String {
    let mut text =
        "| circuit | ANDs | best elsewhere | XORs | AND depth | bytes of tables |\n|---|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for (row, size) in sizes {
        let number = |key: &str| size[key].as_u64().map_or(String::new(), |n| n.to_string());
        let cells = ["and_gates", "best_elsewhere", "xor_gates", "and_depth", "table_bytes"].map(number);
        text += &format!("| {} (`{row}`) | {} |\n", size["what"].as_str().unwrap(), cells.join(" | "));
    }
    text
}

#[test]
fn changes_are_called_better_or_worse() {
    let size = |ands: u64| json!({ "and_gates": ands, "xor_gates": 5, "and_depth": 2, "table_bytes": 32 * ands });
    assert!(changes("x", &size(10), &size(10)).is_empty());
    assert_eq!(changes("x", &size(10), &size(11))[0], "x: and_gates 10 → 11, worse");
    assert_eq!(changes("x", &size(10), &size(9))[1], "x: table_bytes 320 → 288, better: commit it");
}
