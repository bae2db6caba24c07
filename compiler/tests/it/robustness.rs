//! Input that no author would write: it gets an error or is fine, quickly, and never brings the compiler down.

use std::fmt::Write as _;

use hushgate_compiler::diagnostic::{Code, render};
use hushgate_compiler::syntax::format::format;
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
    let names = (0..130).fold(String::new(), |text, i| text + &format!("unknown{i}(); "));
    let (_, many) = crate::check("program.hush", &format!("fn f() {{ {names} }}"));
    assert_eq!((many.len(), many.last().map(|last| last.code)), (ERRORS_MAX + 1, Some(Code::TooManyErrors)));
}

/// Each kind of nesting, as deep as the parser allows or twice that.
#[test]
fn what_the_parser_accepts_the_checker_survives() {
    let shapes = [
        ("(", "x", ")"),
        ("[", "x", "]"),
        ("{ ", "x", " }"),
        ("!", "x", ""),
        ("- ", "x", ""),
        ("1 + (", "x", ") + 1"),
        ("if x > 1 { ", "x", " } else { 1 }"),
        ("if 1 == ", "x", " { 1 } else { 2 }"),
        ("min(1, ", "x", ")"),
        ("helper(", "x", ")"),
        ("Some(", "x", ")"),
        ("xs.map(|x| ", "x", ")"),
        ("xs.fold(0, |a, b| 1 + ", "x", ")"),
        ("match x { 0 => 1, _ => ", "x", " }"),
        ("match ", "x", " { _ => x }"),
        ("{ let y = ", "x", "; y }"),
        ("{ let y = [1 + (", "x", ")]; if y[0] > 3 { 1 } else { 2 } }"),
        ("{ for i in 0..2 { ", "let y = x;", " } 1 }"),
        ("{ fn f() -> int { ", "1", " } f() }"),
        ("return ", "x", ""),
        ("xs[", "x", "]"),
        ("{ a: ", "x", " }"),
        ("Pair { a: 1, b: ", "x", " }"),
    ];
    for (before, middle, after) in shapes {
        for depth in [30, 60, 90, 150, 190, 400] {
            let body = format!("{}{middle}{}", before.repeat(depth), after.repeat(depth));
            let text = format!(
                "party a;\nstruct Pair {{ a: u8, b: int }}\nfn helper(x: int) -> int {{ x }}\n\
                 fn main(x: u32 from a, xs: [u8; 2] from a) -> u32 to all {{ {body} }}\n"
            );
            let (sources, diagnostics) = crate::check("program.hush", &text);
            assert!(render(&sources, &diagnostics, false).len() < 100_000);
        }
    }
    let types = [("[", "u8", "; 2]"), ("(", "u8", ",)"), ("Option<", "u8", ">"), ("[", "u8", "; 1 + 1]")];
    for (before, middle, after) in types {
        for depth in [10, 60, 190, 400] {
            let ty = format!("{}{middle}{}", before.repeat(depth), after.repeat(depth));
            crate::check("program.hush", &format!("fn f(x: {ty}) -> u8 {{ match x {{ _ => 1 }} }}"));
        }
    }
    let patterns = [("(", "y", ",)"), ("Some(", "y", ")"), ("y @ ", "_", ""), ("[", "y", "]")];
    for (before, middle, after) in patterns {
        for depth in [10, 60, 190, 400] {
            let pattern = format!("{}{middle}{}", before.repeat(depth), after.repeat(depth));
            crate::check("program.hush", &format!("fn f(x: u8) -> u8 {{ match x {{ {pattern} => 1, _ => 2 }} }}"));
        }
    }
}

#[test]
fn long_programs_are_checked_quickly() {
    let start = std::time::Instant::now();
    let terms = 10_000;
    let fine = |text: String| {
        let (sources, diagnostics) = crate::check("program.hush", &text);
        let errors: Vec<_> = diagnostics.into_iter().filter(|diagnostic| diagnostic.code.number() < "E0300").collect();
        assert!(errors.is_empty(), "{}", render(&sources, &errors, false));
    };
    let function = |params: &str, ret: &str, body: &str| format!("fn f({params}) -> {ret} {{ {body} }}\n");
    for joint in [" + x", " | x", " +% x"] {
        fine(function("x: u8", "int", &format!("x{}", joint.repeat(terms))));
    }
    fine(function("x: bool", "bool", &format!("x{}", " && x".repeat(terms))));
    fine(function("x: bool", "int", &format!("if x {{ 1 }}{} else {{ 2 }}", " else if x { 3 }".repeat(terms))));
    let arms: String = (0..terms).fold(String::new(), |mut arms, i| {
        let _ = write!(arms, "{i} => 1, ");
        arms
    });
    fine(function("x: u32", "int", &format!("match x {{ {arms} _ => 2 }}")));
    fine(function("x: u8", "int", &format!("{} x", "let y = x + 1;\n".repeat(terms))));
    let functions: String = (1..3_000).fold("fn f0() -> u8 { 1 }\n".to_owned(), |mut text, i| {
        let _ = writeln!(text, "fn f{i}() -> u8 {{ f{}() }}", i - 1);
        text
    });
    fine(functions);
    let constants: String = (1..90).fold("const C0: int = 1;\n".to_owned(), |mut text, i| {
        let _ = writeln!(text, "const C{i}: int = C{} + 1;", i - 1);
        text
    });
    fine(constants);
    let structs: String = (1..100).fold("struct S0 { a: u8 }\n".to_owned(), |mut text, i| {
        let _ = writeln!(text, "struct S{i} {{ a: S{} }}", i - 1);
        text
    });
    fine(structs);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn parameters_from_outside_are_checked() {
    let text = "const N: u8 in 1..=9 = param(3);\nconst FLAG: bool = param;\nconst M: int = 3;\nfn f(xs: [u8; N]) -> u8 { 1 }\n";
    let codes = |given: &[(&str, i32)]| -> Vec<Code> {
        let params = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let sources = hushgate_compiler::Sources { name: "program.hush", text, load: &|_| None };
        let checked = hushgate_compiler::check(&sources, &hushgate_compiler::Options { params, ..Default::default() });
        checked.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    };
    assert_eq!(codes(&[("FLAG", 1)]), []);
    assert_eq!(codes(&[("FLAG", 0), ("N", 9)]), []);
    assert_eq!(codes(&[]), [Code::ParamMissing]);
    assert_eq!(codes(&[("FLAG", 2)]), [Code::ParamOutOfRange]);
    assert_eq!(codes(&[("FLAG", 1), ("N", 10)]), [Code::ParamOutOfRange]);
    assert_eq!(codes(&[("FLAG", 1), ("M", 10)]), [Code::ParamUnknown]);
    assert_eq!(codes(&[("FLAG", 1), ("FLAGG", 10)]), [Code::ParamUnknown]);
}

/// Threads often have two megabytes of stack; reading and printing a program leaves them half.
#[test]
fn the_deepest_programs_need_little_stack() {
    let operators = ") * 2 + 3 << 4 & 5 ^ 6 | 7 == 8 && 9 || 10 .. 11";
    let bodies = [
        format!("{}x{}", "if x { ".repeat(190), " }".repeat(190)),
        format!("{}x{}", "(".repeat(190), ")".repeat(190)),
        format!("{}x{}", "match x { _ => ".repeat(95), " }".repeat(95)),
        format!("{}x{}", "f(|a| {".repeat(40), "})".repeat(40)),
        format!("{}x{}", "(".repeat(18), operators.repeat(18)),
    ];
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let run = thread.spawn(move || {
        for body in bodies {
            let (sources, diagnostics) = diagnose("program.hush", &program(&body));
            assert_eq!(diagnostics, [], "{body}");
            let file = sources.files().next().map(|(id, _)| id).unwrap();
            assert!(format(&sources, file).is_ok());
        }
    });
    run.unwrap().join().unwrap();
}

/// Code that expands to far more than was written is refused, in bounded time and memory.
#[test]
fn expansions_are_bounded() {
    let start = std::time::Instant::now();
    let chain = |first: &str, step: &dyn Fn(u32) -> String, n: u32| -> String {
        (1..n).fold(first.to_owned(), |text, i| text + &step(i))
    };
    let codes = |text: &str| -> Vec<Code> {
        crate::check("program.hush", text).1.iter().map(|diagnostic| diagnostic.code).collect()
    };
    let closures = chain("let go0 = |x| x;\n", &|i| format!("let go{i} = |x| go{}(go{}(x));\n", i - 1, i - 1), 40);
    assert_eq!(codes(&format!("fn f() -> int {{ {closures} go39(1) }}")), [Code::TooManyExpansions]);
    let functions = chain(
        "fn go0(g: fn(u8) -> u8) -> u8 { g(g(1)) }\n",
        &|i| format!("fn go{i}(g: fn(u8) -> u8) -> u8 {{ go{}(|x| go{}(g)) }}\n", i - 1, i - 1),
        40,
    );
    let found = codes(&format!("{functions} fn f() -> u8 {{ go39(|x| x) }}"));
    assert!(found.contains(&Code::NestedTooDeeply) || found.contains(&Code::TooManyExpansions), "{found:?}");
    assert_eq!(codes("fn f(g: fn(u8) -> u8) -> u8 { f(|x| f(g)) }\nfn h() -> u8 { f(|x| x) }"), [Code::Recursion]);
    let types =
        chain("struct S0 { a: u8, b: u8 }\n", &|i| format!("struct S{i} {{ a: S{}, b: S{} }}\n", i - 1, i - 1), 40);
    assert_eq!(codes(&types).first(), Some(&Code::TypeTooLarge));
    let generic = chain("struct S0<T> { a: T }\n", &|i| format!("struct S{i}<T> {{ a: S{}<(T, T)> }}\n", i - 1), 60);
    assert!(codes(&format!("{generic} fn f(x: S59<u8>) -> u8 {{ 1 }}")).contains(&Code::TypeTooLarge));
    let tuples = chain("let x0 = (x, x);\n", &|i| format!("let x{i} = (x{}, x{});\n", i - 1, i - 1), 60);
    assert!(codes(&format!("fn f(x: u8) -> u8 {{ {tuples} 1 }}")).contains(&Code::TypeTooLarge));
    let constants =
        chain("const C0: [u8; 4096] = [1; 4096];\n", &|i| format!("const C{i}: [u8; 4096] = C{};\n", i - 1), 200);
    assert_eq!(codes(&constants), []);
    let table = "const T: [u8; 100000] = [1; 100000];\nfn f(x: u8) -> u8 { ";
    let uses = "let y = T[x % 7]; ".repeat(2_000);
    assert_eq!(codes(&format!("{table} {uses} 1 }}")), []);
    assert!(start.elapsed().as_secs() < 90, "{:?}", start.elapsed());
}

#[test]
fn elements_that_do_not_exist_are_reported() {
    let texts = [
        "fn f(xs: [u8; 0]) -> u9 { xs[0] + 1 }",
        "fn f(xs: [(u8, bool); 0], i: u8) -> bool { let (x, y) = xs[i]; y && x > 3 }",
        "fn f(xs: [Option<i9>; 0]) -> bool { xs[0].map(|x| x + 1).is_some() }",
        "fn f(xs: [u8; 0]) -> u10 { let [a, b, c, d] = xs[0..4]; a + b + c + d }",
        "fn f(xs: [u8; 2]) -> u10 { let [a, b, c, d] = xs[0..4]; a + b + c + d }",
    ];
    for text in texts {
        let (sources, diagnostics) = crate::check("empty", text);
        assert!(
            diagnostics.iter().any(|found| matches!(found.code, Code::IndexOutside | Code::BadLength)),
            "{text}: {}",
            render(&sources, &diagnostics, false)
        );
    }
}
