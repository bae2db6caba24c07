//! Sizes of circuits, under the names that scripts rely on: gadgets as they are built, and programs in Hush as they would run.
//!
//! A program is compiled in a process of its own, so that its memory is its own too: the command calls itself, row by row.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, anyhow};
use serde_json::Value as Json;

use hushgate_circuits::gadgets::table;
use hushgate_circuits::stats::stats;

use super::{Bench, failed};
use crate::cli::{BenchArgs, Common};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Program, load_text};
use crate::terminal::outln;

use self::rows::{ROWS, Row, Subject};

mod chart;
mod rows;

/// Sizes of one circuit, and what it took to make it.
#[derive(Clone)]
struct Size {
    and_gates: u64,
    xor_gates: u64,
    and_depth: u64,
    table_bytes: u64,
    /// From text to plan; of gadgets nothing.
    seconds: Option<f64>,
    /// The most at any time, where the system tells.
    peak_memory_bytes: Option<u64>,
}

/// Measures the rows that are asked for, or all.
pub fn run(bench: &mut Bench, args: &BenchArgs, common: &Common) -> Result<(), Failure> {
    let rows = chosen(&args.rows)?;
    if bench.prints {
        print_line(["circuit", "AND", "XOR", "depth", "table bytes", "elsewhere", "seconds", "MB"]);
    }
    let mut sizes = Vec::new();
    for row in rows {
        let size = match row.subject {
            Subject::Gadget(name) => gadget(name),
            Subject::Program(text) if args.alone => program(row.name, text, common)?,
            Subject::Program(_) => in_own_process(row.name)?,
        };
        if bench.prints {
            print(row, &size);
        }
        bench.results.push(json(row, &size));
        sizes.push((row, size));
    }
    if let Some(path) = &args.svg {
        write_whole(path, chart::svg(&sizes).as_bytes())?;
        if !common.quiet {
            eprintln!("{}: the chart is there", path.display());
        }
    }
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Row>, Failure> {
    let known: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(Failure::Usage(format!(
            "--row {unknown}: there is no such row; the rows are {}",
            known.join(", ")
        )));
    }
    Ok(ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)).collect())
}

fn gadget(name: &str) -> Size {
    let cost = table::cost_of(name).expect("every gadget named in a row is in the table");
    let number = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
    Size {
        and_gates: number(cost.n_ands),
        xor_gates: number(cost.n_xors),
        and_depth: cost.and_depth,
        table_bytes: 32 * number(cost.n_ands),
        seconds: None,
        peak_memory_bytes: None,
    }
}

/// Compiles a program as `hushgate run` would.
fn program(name: &str, text: &'static str, common: &Common) -> Result<Size, Failure> {
    let start = Instant::now();
    let hush = load_text(&format!("{name}.hush"), text, common)?;
    let compiled = Program::Hush(Box::new(hush)).compile(&Default::default(), common.target(None))?;
    let seconds = start.elapsed().as_secs_f64();
    let stats = compiled.circuit.as_ref().map(stats).unwrap_or_default();
    Ok(Size {
        and_gates: compiled.plan.n_ands(),
        xor_gates: u64::try_from(stats.n_xors).unwrap_or(u64::MAX),
        and_depth: stats.and_depth,
        table_bytes: compiled.plan.table_bytes(),
        seconds: Some(seconds),
        peak_memory_bytes: peak_memory_bytes(),
    })
}

/// What Linux says that this process has taken at most.
pub fn peak_memory_bytes() -> Option<u64> {
    peak_memory_bytes_of("self")
}

/// The same of the process with this number.
pub fn peak_memory_bytes_of(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(1024 * line.split_whitespace().nth(1)?.parse::<u64>().ok()?)
}

fn in_own_process(name: &str) -> Result<Size, Failure> {
    let command = std::env::current_exe().context("cannot find this command")?;
    let mut child = std::process::Command::new(command);
    child.args(["bench", "circuits", "--alone", "--json", "--row", name]);
    let output = child.output().context("cannot start this command once more")?;
    if !output.status.success() {
        return Err(failed(&output));
    }
    let document: Json = serde_json::from_slice(&output.stdout).context("cannot read the results of a row")?;
    let result = &document["results"][0];
    let number = |key: &str| result[key].as_u64().ok_or_else(|| anyhow!("row {name} has no {key}"));
    Ok(Size {
        and_gates: number("value")?,
        xor_gates: number("xor_gates")?,
        and_depth: number("and_depth")?,
        table_bytes: number("table_bytes")?,
        seconds: result["seconds"].as_f64(),
        peak_memory_bytes: result["peak_memory_bytes"].as_u64(),
    })
}

fn json(row: &Row, size: &Size) -> Json {
    serde_json::json!({
        "name": format!("circuits/{}", row.name),
        "value": size.and_gates,
        "unit": "AND",
        "what": row.what,
        "xor_gates": size.xor_gates,
        "and_depth": size.and_depth,
        "table_bytes": size.table_bytes,
        "best_elsewhere": row.best_elsewhere,
        "seconds": size.seconds,
        "peak_memory_bytes": size.peak_memory_bytes,
    })
}

fn print(row: &Row, size: &Size) {
    let some = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
    print_line([
        row.name,
        &size.and_gates.to_string(),
        &size.xor_gates.to_string(),
        &size.and_depth.to_string(),
        &size.table_bytes.to_string(),
        &some(row.best_elsewhere),
        &size.seconds.map_or(String::new(), |seconds| format!("{seconds:.2}")),
        &some(size.peak_memory_bytes.map(|bytes| bytes / 1_000_000)),
    ]);
}

fn print_line([name, and, xor, depth, bytes, elsewhere, seconds, memory]: [&str; 8]) {
    let line = format!("{name:<20} {and:>9} {xor:>9} {depth:>7} {bytes:>11} {elsewhere:>9} {seconds:>8} {memory:>6}");
    outln!("{}", line.trim_end());
}
