//! Programs that are accepted, and whose `#[test]` functions hold.

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::interpret::run_test;
use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax::format::format;
use hushgate_compiler::{Options, Sources, check};

use crate::{name, programs};

#[test]
fn accepted_programs_pass_their_own_tests() {
    for (path, text) in programs("run") {
        holds(&name(&path), &text);
    }
}

#[test]
fn the_standard_library_passes_its_own_tests() {
    for name in hushgate_compiler::std::names() {
        holds(name, hushgate_compiler::std::text(name).unwrap());
    }
}

/// Nothing is said about the program, and its tests pass.
fn holds(name: &str, text: &str) {
    let checked = check(&Sources { name, text, load: &crate::module }, &Options::default());
    let said = render(&checked.sources, &checked.diagnostics, false);
    let program = checked.program.unwrap_or_else(|| panic!("{said}"));
    assert!(checked.diagnostics.is_empty(), "{said}");
    assert!(!program.tests.is_empty(), "{name} has no tests");
    for test in &program.tests {
        let failures = run_test(&program, test);
        let lines: Vec<String> = failures
            .iter()
            .map(|failure| format!("{:?}: {:?}", checked.sources.position(failure.span), failure.kind))
            .collect();
        assert!(failures.is_empty(), "{name}, {}: {}", test.name, lines.join("\n"));
    }
}

#[test]
fn the_program_that_new_writes_is_fine() {
    let (name, text) = hushgate_compiler::template::FILES[0];
    holds(name, text);
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    assert_eq!(format(&sources, file).as_deref(), Ok(text), "it is in canonical layout");
}
