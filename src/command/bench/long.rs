//! A long loop between two processes of this command over loopback: SHA-256 of itself, again and again. What each side has in memory must not grow with
//! the gates that run, nor the rate fall.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use serde_json::Value as Json;

use super::circuits::peak_memory_bytes_of;
use super::{Bench, failed};
use crate::failure::Failure;

/// The loop's program; how often is its parameter `TIMES`.
const PROGRAM: &str = include_str!("../../../benches/long/sha256_chain.hush");

/// ANDs of the short run beside which the long one is held.
const SHORT_ANDS: f64 = 5e6;

/// Between two looks at what the sides have in memory.
const LOOK: Duration = Duration::from_millis(20);

/// Compiles the loop and runs it, once short and once with so many millions of ANDs.
pub fn run(bench: &mut Bench, millions: f64) -> Result<(), Failure> {
    let folder = tempfile::tempdir().context("cannot make a folder for the program")?;
    let file = folder.path().join("sha256_chain.hush");
    fs::write(&file, PROGRAM).context("cannot write the program")?;
    let once = ands(&file, 1)?;
    let times = |ands: f64| (ands / once).ceil().max(1.0) as u64;
    let n = times(millions * 1e6);
    let plan = folder.path().join("sha256_chain.plan");
    let start = Instant::now();
    let mut build = command("build", &file, n)?;
    finish(build.arg("-o").arg(&plan).spawn().context("cannot start this command once more")?)?;
    bench.add("long/compile", start.elapsed().as_secs_f64(), "s");
    bench.add("long/plan", fs::metadata(&plan).context("cannot find the plan")?.len() as f64 / 1e6, "MB");
    let threads = bench.threads.count();
    let short = both(&file, times(SHORT_ANDS.min(millions * 1e6)), threads)?;
    bench.add("long/short-rate", short.rate(), "M AND/s");
    let long = both(&file, n, threads)?;
    let more = [("and_gates", long.and_gates), ("seconds", long.seconds), ("of_short", long.rate() / short.rate())];
    bench.add_with("long/rate", long.rate(), "M AND/s", &more);
    for (side, bytes) in ["garbler", "evaluator"].into_iter().zip(long.peak_bytes) {
        if let Some(bytes) = bytes {
            bench.add(&format!("long/peak-memory-{side}"), bytes as f64 / 1e6, "MB");
        }
    }
    Ok(())
}

/// What a session took, and its sides: the garbler's, the evaluator's.
struct Ran {
    and_gates: f64,
    /// While tables moved.
    seconds: f64,
    peak_bytes: [Option<u64>; 2],
}

impl Ran {
    fn rate(&self) -> f64 {
        self.and_gates / self.seconds / 1e6
    }
}

/// ANDs of a program that runs the loop so often.
fn ands(file: &Path, times: u64) -> Result<f64, Failure> {
    let mut cost = command("cost", file, times)?;
    let document = finish(cost.arg("--json").spawn().context("cannot start this command once more")?)?;
    number(&document, "and_gates")
}

/// Runs both sides, each in a process of its own that reads and compiles the program.
fn both(file: &Path, times: u64, threads: usize) -> Result<Ran, Failure> {
    let address = free_address().context("cannot use loopback")?;
    let side = |party: &str, input: &str, how: &str| -> Result<Child, Failure> {
        let mut join = command("join", file, times)?;
        let inputs = format!("{{\"{input}\": \"hex:{}\"}}", "5a".repeat(32));
        join.args(["--json", "--quiet", "--garbler", "alice", "--threads", &threads.to_string()]);
        join.args(["--as", party, "--input", &inputs, how, &address]);
        Ok(join.spawn().context("cannot start this command once more")?)
    };
    let mut children = [side("alice", "a", "--listen")?, side("bob", "b", "--connect")?];
    let mut peak_bytes = [None; 2];
    loop {
        for (child, peak) in children.iter().zip(&mut peak_bytes) {
            // What has ended has nothing more; what was seen before stays.
            *peak = peak_memory_bytes_of(&child.id().to_string()).or(*peak);
        }
        let mut are_done = true;
        for child in &mut children {
            are_done &= child.try_wait().context("cannot wait for a side")?.is_some();
        }
        if are_done {
            break;
        }
        sleep(LOOK);
    }
    let [garbler, evaluator] = children;
    let (garbler, evaluator) = (finish(garbler)?, finish(evaluator)?);
    let seconds = |document: &Json| number(&document["stats"]["seconds"], "tables");
    let and_gates = number(&garbler["stats"], "and_gates")?;
    Ok(Ran { and_gates, seconds: seconds(&garbler)?.max(seconds(&evaluator)?), peak_bytes })
}

/// This command once more, on the loop run so often.
fn command(name: &str, file: &Path, times: u64) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this command")?);
    command.arg(name).arg(file).arg("--set").arg(format!("TIMES={times}"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// What it printed, if it printed JSON.
fn finish(child: Child) -> Result<Json, Failure> {
    let output = child.wait_with_output().context("cannot wait for this command")?;
    if !output.status.success() {
        return Err(failed(&output));
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
}

fn number(document: &Json, key: &str) -> Result<f64, Failure> {
    let number = document[key].as_f64();
    number.ok_or_else(|| Failure::Other(anyhow!("there is no {key} in what this command printed")))
}

/// Where nobody listens.
fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string())
}
