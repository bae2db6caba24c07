//! Programs that are accepted, and whose `#[test]` functions hold.

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::interpret::run_test;
use hushgate_compiler::{Options, Sources, check};

use crate::{name, programs};

#[test]
fn accepted_programs_pass_their_own_tests() {
    for (path, text) in programs("run") {
        let name = name(&path);
        let checked = check(&Sources { name: &name, text: &text, load: &|_| None }, &Options::default());
        let said = render(&checked.sources, &checked.diagnostics, false);
        let program = checked.program.unwrap_or_else(|| panic!("{said}"));
        assert!(checked.diagnostics.is_empty(), "{said}");
        assert!(!program.tests.is_empty(), "{name} has no tests");
        for test in &program.tests {
            match run_test(&program, test.function) {
                Ok(failures) => {
                    let lines: Vec<String> = failures
                        .iter()
                        .map(|failure| format!("{:?}: {:?}", checked.sources.position(failure.span), failure.sides))
                        .collect();
                    assert!(failures.is_empty(), "{name}, {}: {}", test.name, lines.join("\n"));
                }
                Err(error) => panic!("{name}, {}: {error:?} at {:?}", test.name, checked.sources.position(error.span)),
            }
        }
    }
}
