//! `hushgate test`: the program's `#[test]` functions, in the clear.

use std::path::Path;

use serde_json::json;

use hushgate_compiler::hir::{Program, Test};
use hushgate_compiler::interpret::{self, FailureKind, Sides, differences, show};

use crate::cli::Common;
use crate::failure::Failure;
use crate::program::{Hush, load_hush, locate};
use crate::terminal::outln;

/// Runs the tests of the program at `path` whose names contain `filter`.
pub fn run(path: &Path, filter: Option<&str>, common: &Common) -> Result<(), Failure> {
    let hush = load_hush(&locate(path)?.file, common)?;
    let tests = hush.program.tests.iter().filter(|test| filter.is_none_or(|filter| test.name.contains(filter)));
    let mut results = Vec::new();
    let mut report = String::new();
    for test in tests {
        let failures = failures(&hush, test);
        if !common.json && !common.quiet {
            outln!("test {} ... {}", test.name, if failures.is_empty() { "ok" } else { "FAILED" });
        }
        if !failures.is_empty() {
            report += &format!("test {} failed:\n{}", test.name, failures.concat());
        }
        results.push(json!({ "name": test.name, "passed": failures.is_empty(), "failures": failures }));
    }
    let failed = results.iter().filter(|result| result["passed"] == false).count();
    let passed = results.len() - failed;
    if common.json {
        outln!("{}", json!({ "tests": results, "passed": passed, "failed": failed }));
    } else {
        outln!("{passed} passed, {failed} failed");
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Program(report)),
    }
}

/// What went wrong in one test, a text for each assertion.
fn failures(hush: &Hush, test: &Test) -> Vec<String> {
    let failures = interpret::run_test(&hush.program, test);
    failures
        .iter()
        .map(|failed| format!("  {}: {}\n", hush.place(failed.span), describe(&hush.program, &failed.kind)))
        .collect()
}

fn describe(program: &Program, failed: &FailureKind) -> String {
    match failed {
        FailureKind::AssertEq(sides) => describe_sides(program, sides),
        FailureKind::Assert => "the assertion does not hold".to_owned(),
        FailureKind::Stopped(error) => error.to_string(),
        FailureKind::Held(None) => "all requirements hold, but one should fail".to_owned(),
        FailureKind::Held(Some(reason)) => format!("all requirements hold, but one should fail: {reason}"),
        FailureKind::OtherReason { expected, found } => {
            format!("a requirement does not hold: {found}\n    expected: {expected}")
        }
    }
}

/// Parts that two values differ in, and the values themselves if they are short.
fn describe_sides(program: &Program, sides: &Sides) -> String {
    let shown = |value| show(program, &sides.ty, value);
    let (left, right) = (shown(&sides.left), shown(&sides.right));
    let differing = differences(program, &sides.ty, &sides.left, &sides.right, DIFFERENCES_MAX);
    let whole = matches!(&differing[..], [(path, ..)] if path.is_empty());
    let mut text = "the two sides differ".to_owned();
    if whole || left.len().max(right.len()) <= SHORT {
        text += &format!("\n    left:  {left}\n    right: {right}");
    }
    if !whole {
        for (path, left, right) in &differing {
            text += &format!("\n    {}: {left} and {right}", path.trim_start_matches('.'));
        }
    }
    text
}

/// Differing parts that are listed.
const DIFFERENCES_MAX: usize = 8;

/// Characters of a value that is shown in full.
const SHORT: usize = 400;
