//! Well-formed programs.

use hushgate_compiler::diagnostic::render;

use crate::{diagnose, name, programs};

#[test]
fn the_corpus_parses() {
    for (path, text) in programs("corpus") {
        let (sources, diagnostics) = diagnose(&name(&path), &text);
        assert!(diagnostics.is_empty(), "{}", render(&sources, &diagnostics, false));
    }
}
