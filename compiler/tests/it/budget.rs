//! `#[max_and(N)]`: what costs more than it may is refused, with the lines that cost.

use std::collections::BTreeMap;

use hushgate_compiler::budget::{check_functions, check_main};
use hushgate_compiler::cost::by_line;
use hushgate_compiler::diagnostic::render;
use hushgate_compiler::lower::{Limits, build};
use hushgate_compiler::{Options, Sources, check};

/// What is said about the costs of a program.
fn said(text: &str) -> String {
    let checked = check(&Sources { name: "program.hush", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("the program is fine");
    let mut found = check_functions(&program, &checked.sources, |circuit| circuit);
    if program.main.is_some() {
        let built = build(&program, &BTreeMap::new(), Limits::default()).expect("builds");
        found.extend(check_main(&program, &checked.sources, &built.circuit, &built.origins));
    }
    render(&checked.sources, &found, false)
}

#[test]
fn what_costs_too_much_is_refused_with_its_lines() {
    let text = "#[max_and(50)]
fn score(a: u32, b: u32) -> u32 {
    let greatest = max(a, b);
    greatest +% 1
}
";
    let expected = "\
error[E0515]: `score` costs 94 AND gates, but at most 50 are allowed
  ┌─ program.hush:1:1
  │
1 │ #[max_and(50)]
  │ ^^^^^^^^^^^^^^ allowed here
2 │ fn score(a: u32, b: u32) -> u32 {
  │    ----- costs 94
  │
  = note: program.hush:3: 64 AND gates
  = note: program.hush:4: 30 AND gates
  = help: allow as many as it costs:
        #[max_and(94)]

";
    assert_eq!(said(text), expected);
    assert_eq!(said(&text.replace("50", "94")), "");
    assert_ne!(said(&text.replace("50", "93")), "");
}

#[test]
fn main_costs_what_the_program_costs() {
    let text = "party a, b;
#[max_and(63)]
fn main(x: u64 from a, y: u64 from b) -> bool to all { x < y }
";
    let found = said(text);
    assert!(found.starts_with("error[E0515]: `main` costs 64 AND gates, but at most 63 are allowed"), "{found}");
    assert_eq!(said(&text.replace("63", "64")), "");
}

#[test]
fn expansions_and_requirements_have_costs_too() {
    let generic = "#[max_and(8)]
fn larger<T: Ord>(a: T, b: T) -> T { max(a, b) }
fn f(x: u8, y: u8) -> u8 { larger(x, y) }
";
    assert!(said(generic).starts_with("error[E0515]: `larger<u8>` costs 16 AND gates"), "{}", said(generic));
    let requiring = "#[max_and(8)]
fn checked(a: u8) -> u8 { require(a > 3, \"small\"); a }
";
    assert_eq!(said(&requiring.replace('8', "40").replace("u40", "u8")), "");
    assert!(said(&requiring.replace("(8)", "(1)")).contains("costs"), "{}", said(requiring));
}

#[test]
fn costs_belong_to_the_function_that_they_stand_in() {
    let text = "party a, b;
fn next(x: u8) -> u9 { x + 1 }
fn main(x: u8 from a, y: u8 from b) -> u17 to all { let z = next(x); z * y }
";
    let checked = check(&Sources { name: "program.hush", text, load: &|_| None }, &Options::default());
    let program = checked.program.expect("the program is fine");
    let built = build(&program, &BTreeMap::new(), Limits::default()).expect("builds");
    let lines = by_line(&built.circuit, &built.origins, &checked.sources);
    let places = lines.iter().map(|cost| (cost.line, &*program.functions[cost.function.unwrap().0 as usize].name));
    assert_eq!(places.collect::<Vec<_>>(), [(2, "next"), (3, "main")]);
}
