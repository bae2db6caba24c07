//! `hushgate test`: the `#[test]` functions of programs and of the standard library, in the clear.

use std::path::Path;

use serde_json::{Value as Json, json};

use hushgate_compiler::hir::{Program, Test};
use hushgate_compiler::interpret::{self, FailureKind, Operand, Sides, differences, show};

use crate::cli::Common;
use crate::failure::Failure;
use crate::program::{Hush, load_library, load_tested, locate};
use crate::results::printable;
use crate::terminal::outln;

/// Differences of one `assert_eq` that are shown.
const DIFFERENCES_MAX: usize = 10;
/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 300;
/// Characters of both sides together that are shown whole, besides the differences.
const SIDES_CHARS_MAX: usize = 400;

/// What the tests of all programs came to.
#[derive(Default)]
struct Tally {
    tests: Vec<Json>,
    passed: usize,
    failed: usize,
    filtered: usize,
    /// Programs that have errors.
    broken: Vec<String>,
    /// What went wrong.
    report: String,
}

/// Runs the tests of the programs among `args` (without one, of the program in this folder) whose names contain one of the others.
pub fn run(args: &[String], common: &Common) -> Result<(), Failure> {
    let (mut programs, filters): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| is_program(arg));
    let here = ".".to_owned();
    if programs.is_empty() {
        programs.push(&here);
    }
    let names = programs.into_iter().flat_map(|name| modules_of(name)).collect::<Vec<String>>();
    let mut tally = Tally::default();
    for name in &names {
        match load_program(name, common) {
            Ok(hush) => tally.run(&hush, name, names.len() > 1, &filters, common),
            Err(Failure::Program(drawn)) => {
                tally.report += &format!("{drawn}\n");
                tally.broken.push(name.clone());
            }
            Err(failure) => return Err(failure),
        }
    }
    tally.finish(&filters, common)
}

/// Whether an argument names a program rather than tests: a path, or a module of the standard library.
fn is_program(arg: &str) -> bool {
    arg.ends_with(".hush")
        || arg.contains(['/', '\\'])
        || arg == "std"
        || arg.starts_with("std::")
        || Path::new(arg).exists()
}

/// All modules for `std`, else the program itself.
fn modules_of(name: &str) -> Vec<String> {
    match name {
        "std" => hushgate_compiler::std::names().map(|module| format!("std::{module}")).collect(),
        name => vec![name.to_owned()],
    }
}

fn load_program(name: &str, common: &Common) -> Result<Hush, Failure> {
    match name.strip_prefix("std::") {
        Some(module) => load_library(module, common),
        None => load_tested(&locate(Path::new(name))?.file, common),
    }
}

impl Tally {
    fn run(&mut self, hush: &Hush, file: &str, many: bool, filters: &[&String], common: &Common) {
        let wanted = |test: &&Test| filters.is_empty() || filters.iter().any(|filter| test.name.contains(&***filter));
        let tests: Vec<&Test> = hush.program.tests.iter().filter(wanted).collect();
        self.filtered += hush.program.tests.len() - tests.len();
        let prefix = if many { format!("{file}: ") } else { String::new() };
        for test in tests {
            let failures = interpret::run_test(&hush.program, test);
            let passed = failures.is_empty();
            *(if passed { &mut self.passed } else { &mut self.failed }) += 1;
            if !common.json && !common.quiet {
                outln!("test {prefix}{} ... {}", test.name, if passed { "ok" } else { "FAILED" });
            }
            if !passed {
                let texts = failures.iter().map(|failed| text(hush, failed));
                self.report += &format!("test {prefix}{} failed:\n{}", test.name, texts.collect::<String>());
            }
            let failures: Vec<Json> = failures.iter().map(|failed| failure_json(hush, failed)).collect();
            self.tests.push(json!({ "file": file, "name": test.name, "passed": passed, "failures": failures }));
        }
    }

    fn finish(self, filters: &[&String], common: &Common) -> Result<(), Failure> {
        let Tally { tests, passed, failed, filtered, broken, report } = self;
        if passed + failed == 0 && filtered > 0 && broken.is_empty() {
            let names = filters.iter().map(|filter| format!("`{filter}`")).collect::<Vec<_>>().join(" or ");
            return Err(Failure::Usage(format!("none of the {filtered} tests has a name with {names} in it")));
        }
        if common.json {
            let counts =
                json!({ "tests": tests, "passed": passed, "failed": failed, "filtered": filtered, "broken": broken });
            outln!("{counts}");
        } else if passed + failed > 0 || broken.is_empty() {
            let left_out = if filtered > 0 { format!(", {filtered} left out") } else { String::new() };
            let refused = match broken.len() {
                0 => String::new(),
                1 => ", one program has errors".to_owned(),
                n => format!(", {n} programs have errors"),
            };
            outln!("{passed} passed, {failed} failed{left_out}{refused}");
        }
        if failed == 0 && broken.is_empty() { Ok(()) } else { Err(Failure::Program(report)) }
    }
}

/// What went wrong, where, and what was found there.
fn text(hush: &Hush, failed: &interpret::Failure) -> String {
    let details: String = match &failed.kind {
        FailureKind::AssertEq(sides) => sides_text(&hush.program, sides),
        FailureKind::Assert(operands) => operands.iter().map(|operand| operand_text(hush, operand)).collect(),
        FailureKind::OtherReason { expected, .. } => format!("      expected: {}\n", printable(expected)),
        _ => String::new(),
    };
    format!("  {}: {}\n{details}", hush.place(failed.span), message(&failed.kind))
}

fn message(failed: &FailureKind) -> String {
    match failed {
        FailureKind::AssertEq(_) => "the two sides differ".to_owned(),
        FailureKind::Assert(_) => "the assertion does not hold".to_owned(),
        FailureKind::Stopped(error) => printable(&error.to_string()),
        FailureKind::Held(None) => "all requirements hold, but one should fail".to_owned(),
        FailureKind::Held(Some(reason)) => {
            format!("all requirements hold, but one should fail: {}", printable(reason))
        }
        FailureKind::OtherReason { found, .. } => format!("a requirement does not hold: {}", printable(found)),
    }
}

/// Both sides where they are short, and the parts that differ where there are parts.
fn sides_text(program: &Program, sides: &Sides) -> String {
    let [left, right] = [&sides.left, &sides.right].map(|side| show(program, &sides.ty, side));
    let found = differences(program, &sides.ty, &sides.left, &sides.right);
    let is_whole = matches!(&found[..], [only] if only.path.is_empty());
    let mut text = String::new();
    if is_whole || left.chars().count() + right.chars().count() <= SIDES_CHARS_MAX {
        text += &format!("      left:  {}\n      right: {}\n", cut(&left), cut(&right));
    }
    if !is_whole {
        let width = found.iter().take(DIFFERENCES_MAX).map(|part| part.path.chars().count()).max().unwrap_or(0);
        for part in found.iter().take(DIFFERENCES_MAX) {
            text += &format!("      {:<width$}  {} ≠ {}\n", part.path, cut(&part.left), cut(&part.right));
        }
        if found.len() > DIFFERENCES_MAX {
            text += &format!("      … and {} more\n", found.len() - DIFFERENCES_MAX);
        }
    }
    text
}

fn operand_text(hush: &Hush, operand: &Operand) -> String {
    let value = show(&hush.program, &operand.ty, &operand.value);
    format!("      {} = {}\n", one_line(hush.sources.text(operand.span)), cut(&value))
}

/// Source text on one line.
pub fn one_line(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The first characters of a long text.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn failure_json(hush: &Hush, failed: &interpret::Failure) -> Json {
    let mut json = json!({ "place": hush.place(failed.span), "message": message(&failed.kind) });
    match &failed.kind {
        FailureKind::AssertEq(sides) => {
            let shown = |value| show(&hush.program, &sides.ty, value);
            let found = differences(&hush.program, &sides.ty, &sides.left, &sides.right);
            let part =
                |part: &interpret::Difference| json!({ "path": part.path, "left": part.left, "right": part.right });
            json["left"] = shown(&sides.left).into();
            json["right"] = shown(&sides.right).into();
            json["differences"] = found.iter().map(part).collect();
        }
        FailureKind::Assert(operands) => {
            let part = |operand: &Operand| {
                let text = one_line(hush.sources.text(operand.span));
                json!({ "text": text, "value": show(&hush.program, &operand.ty, &operand.value) })
            };
            json["operands"] = operands.iter().map(part).collect();
        }
        FailureKind::OtherReason { expected, .. } => json["expected"] = expected.to_string().into(),
        _ => {}
    }
    json
}
