//! `hushgate test`: the program's `#[test]` functions, in the clear.

use std::path::Path;

use serde_json::json;

use hushgate_circuits::shape::Value;
use hushgate_compiler::hir::Test;
use hushgate_compiler::interpret::{self, FailureKind};

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
    failures.iter().map(|failed| format!("  {}: {}\n", hush.place(failed.span), describe(&failed.kind))).collect()
}

fn describe(failed: &FailureKind) -> String {
    match failed {
        FailureKind::AssertEq(sides) => {
            format!("the two sides differ\n    left:  {}\n    right: {}", show(&sides.left), show(&sides.right))
        }
        FailureKind::Assert => "the assertion does not hold".to_owned(),
        FailureKind::Stopped(error) => error.to_string(),
        FailureKind::Held(None) => "all requirements hold, but one should fail".to_owned(),
        FailureKind::Held(Some(reason)) => format!("all requirements hold, but one should fail: {reason}"),
        FailureKind::OtherReason { expected, found } => {
            format!("a requirement does not hold: {found}\n    expected: {expected}")
        }
    }
}

/// A value as people write it, without names of fields.
fn show(value: &Value) -> String {
    match value {
        Value::Bool(bit) => bit.to_string(),
        Value::Int(int) => int.to_string(),
        Value::List(values) => format!("[{}]", values.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Variant(tag, payload) => format!("variant {tag} {}", show(payload)),
    }
}
