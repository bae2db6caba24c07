//! Every limit has an error of its own, word for word; and what is large but allowed compiles quickly.
//!
//! The limits on the work of compiling are lowered here, so that small programs reach them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use hushgate_compiler::diagnostic::{Code, Diagnostic, Stage, render};
use hushgate_compiler::lower::{BuildError, Limits, analyse, build};
use hushgate_compiler::syntax::{DIGITS_MAX, FILE_BYTES_MAX};
use hushgate_compiler::{Checked, Options, Sources, check};

/// Small programs that reach a limit: the name of the golden file, the limits, the code.
fn cases() -> Vec<(&'static str, Limits, String, Code)> {
    let all = Limits::default();
    let main =
        |body: &str| format!("party a;\nfn main(x: u32 from a, y: u32 from a) -> u64 to all {{\n    {body}\n}}\n");
    let mut calls = "fn f0(x: u8) -> u8 { x }\n".to_owned();
    for i in 1..10 {
        let _ = writeln!(calls, "fn f{i}(x: u8) -> u8 {{ f{}(x) }}", i - 1);
    }
    let opened: String = (0..20).map(|i| format!("if (x >> {i}) & 1 == 1 {{ ")).collect();
    let ifs = format!("{opened} x {}", " } else { 1 }".repeat(20));
    vec![
        (
            "steps",
            Limits { steps_max: 100, ..all },
            main("let mut t: u32 = x; for i in 0..50 { t = t *% y; } t"),
            Code::TooManySteps,
        ),
        (
            "values",
            Limits { vars_max: 1_000, ..all },
            main("let mut a = [x; 99]; for i in 0..50 { a[(y % 98) + 1] = a[y % 99] ^ x; } a[0]"),
            Code::TooManySteps,
        ),
        ("gates", Limits { nodes_max: 500, ..all }, main("x * y"), Code::TooManyGates),
        ("border", Limits { border_bits_max: 60, ..all }, main("x + y"), Code::TooManyGates),
        ("calls", Limits { calls_max: 5, ..all }, calls, Code::TooDeep),
        ("depth", Limits { depth_max: 10, ..all }, main(&ifs), Code::TooDeep),
        (
            "elements",
            Limits { elements_max: 10, ..all },
            main("(0..20).map(|i| i * x).sum() % 9"),
            Code::TooManyElements,
        ),
    ]
}

fn checked(text: &str) -> Checked {
    check(&Sources { name: "program.hush", text, load: &|_| None }, &Options::default())
}

/// What is said about a program within these limits.
fn found(text: &str, limits: Limits) -> (Checked, Vec<Diagnostic>) {
    let checked = checked(text);
    let program = checked.program.as_ref().unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let mut found = analyse(program, limits);
    if found.is_empty() {
        match build(program, &BTreeMap::new(), limits) {
            Err(BuildError::Refused(refused)) => found = refused,
            other => panic!("it is not refused: {}", other.is_ok()),
        }
    }
    (checked, found)
}

/// Programs that are too large to keep: the name of the golden file, the text, the code of what is said last.
fn huge() -> Vec<(&'static str, String, Code)> {
    let names = (0..130).fold(String::new(), |text, i| text + &format!("    unknown{i}();\n"));
    vec![
        ("file", " ".repeat(FILE_BYTES_MAX + 1), Code::FileTooLarge),
        ("digits", format!("const N: int = {};\n", "7".repeat(DIGITS_MAX + 1)), Code::NumberTooLong),
        (
            "nesting",
            format!("fn f(x: u8) -> u8 {{\n{}x{}\n}}\n", "(".repeat(300), ")".repeat(300)),
            Code::NestedTooDeeply,
        ),
        ("errors", format!("fn f() {{\n{names}}}\n"), Code::TooManyErrors),
    ]
}

/// What is said last about a program that is too large.
fn said_last(text: &str) -> (Checked, Vec<Diagnostic>) {
    let checked = checked(text);
    let last = checked.diagnostics.last().cloned().into_iter().collect();
    (checked, last)
}

#[test]
fn limits_on_the_work_of_compiling_are_explained() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut differing = Vec::new();
    let lowered = cases().into_iter().map(|(name, limits, text, code)| (name, found(&text, limits), code));
    let read = huge().into_iter().map(|(name, text, code)| (name, said_last(&text), code));
    for (name, (checked, found), code) in lowered.chain(read) {
        assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), [code], "{name}");
        let said = render(&checked.sources, &found, false);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/limits").join(format!("{name}.stderr"));
        if update {
            std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
            std::fs::write(&golden, &said).unwrap();
        }
        if std::fs::read_to_string(&golden).unwrap_or_default() != said {
            differing.push(format!("{name}:\n{said}"));
        }
    }
    assert!(differing.is_empty(), "{}\nUPDATE_GOLDEN=1 records these", differing.join("\n"));
}

#[test]
fn every_limit_is_reached_by_a_test() {
    let mut reached = golden_codes();
    for (path, text) in crate::programs("refused") {
        reached.extend(crate::check(&crate::name(&path), &text).1.iter().map(|found| found.code));
    }
    // `budget` compares its message.
    reached.insert(Code::OverBudget);
    let missing: Vec<_> =
        Code::ALL.iter().filter(|code| code.stage() == Stage::Limits && !reached.contains(code)).collect();
    assert!(missing.is_empty(), "no test reaches {missing:?}");
}

/// The codes of which a golden file in `tests/limits` shows the message.
pub(crate) fn golden_codes() -> BTreeSet<Code> {
    let lowered = cases().into_iter().map(|(.., code)| code);
    lowered.chain(huge().into_iter().map(|(.., code)| code)).collect()
}

/// Large programs that are fine: what they are, and their text.
fn large() -> Vec<(&'static str, String)> {
    let many = |n: usize, line: &dyn Fn(usize) -> String| (0..n).map(line).collect::<String>();
    let program = |body: &str| format!("party a;\nfn main(x: u32 from a) -> u32 to all {{\n{body}\n}}\n");
    vec![
        (
            "190 nested ifs",
            program(&format!("{} x {}", many(190, &|i| format!("if x > {i} {{ ")), " } else { 1 }".repeat(190))),
        ),
        ("10,000 lines", program(&(many(10_000, &|i| format!("    let y{i} = x ^ {i};\n")) + "    y9999"))),
        (
            "10,000 lines that depend on each other",
            program(
                &("    let mut t = x;\n".to_owned() + &many(10_000, &|i| format!("    t = t +% {i};\n")) + "    t"),
            ),
        ),
        (
            "a match of 1,000 arms",
            program(&format!("match x {{ {} _ => 0 }}", many(1_000, &|i| format!("{} => {}, ", i * 7, i * i)))),
        ),
        (
            "an else-if chain of 1,000",
            program(&format!(
                "if x == 0 {{ 1 }} {}else {{ 7 }}",
                many(1_000, &|i| format!("else if x == {i} {{ {i} }} "))
            )),
        ),
        (
            "95 nested matches",
            program(&format!("{}x{}", many(95, &|i| format!("match x {{ {i} => 1, _ => ")), " }".repeat(95))),
        ),
        (
            "10,000 elements written out, and a secret index",
            program(&format!("let t = [{}];\n    t[x % 10_000]", many(10_000, &|i| format!("{}, ", i * i % 9_973)))),
        ),
        (
            "an order of tuples of 500 parts",
            program(&format!(
                "if ({}) < ({}) {{ 1 }} else {{ 0 }}",
                many(500, &|i| format!("x +% {i}, ")),
                many(500, &|i| format!("x *% {i}, "))
            )),
        ),
        (
            "300 values of which only the way they are made says what they may be",
            program(
                &(many(300, &|i| {
                    format!("    let y{i}: u32 in 0..=9 = (x % 10 * {i} + (9 - x % 10) * {i}) / {};\n", i + 1)
                }) + "    y299"),
            ),
        ),
        (
            "a loop of more turns than can be counted through",
            "fn f() -> int {\n    let mut n = 0;\n    for i in 0..100_000_000_000 { n += i; }\n    n\n}\n".to_owned(),
        ),
        ("3,000 functions", many(3_000, &|i| format!("fn f{i}(x: u8) -> u8 {{ x +% {} }}\n", i % 200))),
        (
            "an enum of 1,000 variants",
            format!(
                "enum E {{ {} }}\nfn f(e: E) -> u32 {{ match e {{ {} }} }}\n",
                many(1_000, &|i| format!("V{i}(u{}), ", i % 31 + 1)),
                many(1_000, &|i| format!("E::V{i}(n) => n, ")),
            ),
        ),
    ]
}

#[test]
fn large_programs_compile_in_seconds() {
    for (name, text) in large() {
        let start = std::time::Instant::now();
        let checked = checked(&text);
        assert!(checked.diagnostics.is_empty(), "{name}: {}", render(&checked.sources, &checked.diagnostics, false));
        let program = checked.program.expect("it is fine");
        if program.main.is_some() {
            build(&program, &BTreeMap::new(), Limits::default()).expect("it builds");
        }
        let took = start.elapsed();
        println!("{name}: {took:?}");
        assert!(took.as_secs() < 30, "{name} took {took:?}");
    }
}
