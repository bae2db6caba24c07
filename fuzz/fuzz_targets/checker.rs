//! Arbitrary bytes through the checker and the analysis of ranges: no panic, within bounds of time and memory, and what is
//! accepted keeps its promises when its tests run.

#![no_main]

use hushgate_compiler::diagnostic::{has_errors, render};
use hushgate_compiler::interpret::{ErrorKind, FailureKind, run_test};
use hushgate_compiler::{Options, Sources, check};
use hushgate_fuzz::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let checked = check(&Sources { name: "fuzz.hush", text: &text, load: &|_| None }, &Options::default());
    let _ = render(&checked.sources, &checked.diagnostics, false);
    assert_eq!(checked.program.is_none(), has_errors(&checked.diagnostics));
    let Some(program) = checked.program else { return };
    for test in &program.tests {
        for failure in run_test(&program, test) {
            let FailureKind::Stopped(kind) = failure.kind else { continue };
            let limit = matches!(kind, ErrorKind::TooManySteps(_) | ErrorKind::TooWide | ErrorKind::TooDeep(_));
            assert!(limit || matches!(kind, ErrorKind::Unmet(_)), "{}: {kind:?}", test.name);
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate(data, size, max_size, seed) });
