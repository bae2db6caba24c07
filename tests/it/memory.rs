//! Memory does not grow with the gates that run.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::{command, json, temporary};

/// A block that runs a million times: eight million ANDs, whose tables are 256 MB.
const PROGRAM: &str = "
party alice, bob;

fn main(a: u8 from alice, b: u8 from bob) -> u8 to all {
    let mut x = a;
    for _ in 0..1_000_000 {
        x = (x & b) ^ a;
    }
    x
}
";

#[test]
fn a_block_that_runs_a_million_times_costs_no_memory() {
    let file = temporary("million.hush", PROGRAM);
    let inputs = ["--input", r#"alice={"a": 200}"#, "--input", r#"bob={"b": 199}"#];
    let mut run = command(&["run", file.to_str().unwrap(), "--no-local", "--json", "--quiet"]);
    let mut child = run.args(inputs).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak_kb = line.unwrap_or(peak_kb);
        sleep(Duration::from_millis(5));
    }
    let document = json(&child.wait_with_output().unwrap());
    let x = (0..1_000_000).fold(200u8, |x, _| (x & 199) ^ 200);
    assert_eq!(document["outputs"]["alice"], x);
    assert_eq!(document["stats"]["table_bytes"], 256_000_000);
    // Elsewhere nobody says.
    assert!(!cfg!(target_os = "linux") || (1..64_000).contains(&peak_kb), "{peak_kb} kB, both parties together");
}
