//! Input that no author would write: it gets an error or is fine, quickly, and never brings the compiler down.

use std::fmt::Write as _;

use hushgate_compiler::diagnostic::{Code, render};
use hushgate_compiler::syntax::{DIGITS_MAX, ERRORS_MAX, FILE_BYTES_MAX};

use crate::diagnose;

fn codes(text: &str) -> Vec<Code> {
    let (sources, diagnostics) = diagnose("program.hush", text);
    assert!(render(&sources, &diagnostics, false).len() < 10_000_000, "the report is of bounded size");
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// `main` with `body` in it.
fn program(body: &str) -> String {
    format!("party a;\nfn main(x: u32 from a) -> u32 to all {{ {body} }}\n")
}

#[test]
fn what_nests_too_deeply_is_one_error() {
    let deep = 100_000;
    let bodies = [
        format!("{}x{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}x{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}x{}", "{".repeat(deep), "}".repeat(deep)),
        format!("{}x", "!".repeat(deep)),
        format!("{}x", "- ".repeat(deep)),
        format!("{}x{}", "if x { ".repeat(deep), " }".repeat(deep)),
        format!("{}x{}", "f(".repeat(deep), ")".repeat(deep)),
        format!("{}x", "|a| ".repeat(deep)),
        format!("x{}", ".y".repeat(deep)),
        format!("x{}", "[0]".repeat(deep)),
        format!("{}x", "return ".repeat(deep)),
        format!("match x {{ {}_{} => x }}", "(".repeat(deep), ",)".repeat(deep)),
        format!("let y: {}u8{} = x; x", "[".repeat(deep), "; 1]".repeat(deep)),
        format!("let y: {}u8{} = x; x", "Option<".repeat(deep), ">".repeat(deep)),
        format!("{}x{}", "match x { _ => ".repeat(deep), " }".repeat(deep)),
        format!("{}{}x", "for i in 0..2 { ".repeat(deep), " }".repeat(deep)),
        format!("{}{}x", "fn f() { ".repeat(deep), " }".repeat(deep)),
    ];
    for body in bodies {
        let codes = codes(&program(&body));
        assert_eq!(codes, [Code::NestedTooDeeply], "{body:.40}");
    }
    assert_eq!(codes(&format!("use {}a{};", "a::{".repeat(deep), "}".repeat(deep))), [Code::NestedTooDeeply]);
}

#[test]
fn brackets_by_the_hundred_thousand_are_reported_within_bounds() {
    for bracket in ["(", "[", "{", ")", "]", "}", "([{", ")]}", "(}", "{)"] {
        let codes = codes(&bracket.repeat(100_000));
        assert!(codes.len() <= ERRORS_MAX + 1, "{bracket}: {}", codes.len());
        assert!(!codes.is_empty());
    }
}

#[test]
fn long_chains_are_fine() {
    let terms = 10_000;
    for joint in [" + x", " && x", " | x", " +% x", " * x"] {
        assert_eq!(codes(&program(&format!("x{}", joint.repeat(terms)))), []);
    }
    assert_eq!(codes(&program(&format!("if x {{ x }}{} else {{ x }}", " else if x { x }".repeat(terms)))), []);
    let arms: String = (0..terms).fold(String::new(), |mut arms, i| {
        let _ = write!(arms, "{i} => x, ");
        arms
    });
    assert_eq!(codes(&program(&format!("match x {{ {arms} _ => x }}"))), []);
    let lines: String = "let y = x + 1;\n".repeat(terms);
    assert_eq!(codes(&program(&format!("{lines} x"))), []);
}

#[test]
fn limits_have_errors_of_their_own() {
    assert_eq!(codes(&" ".repeat(FILE_BYTES_MAX + 1)), [Code::FileTooLarge]);
    assert_eq!(codes(&program(&"7".repeat(DIGITS_MAX))), []);
    assert_eq!(codes(&program(&"7".repeat(DIGITS_MAX + 1))), [Code::NumberTooLong]);
    let many = codes(&"§ ".repeat(1_000));
    assert_eq!((many.len(), many.last()), (ERRORS_MAX + 1, Some(&Code::TooManyErrors)));
}
