//! Well-formed programs.

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax::format::format;

use crate::{diagnose, name, programs};

#[test]
fn the_corpus_parses() {
    for (path, text) in programs("corpus") {
        let (sources, diagnostics) = diagnose(&name(&path), &text);
        assert!(diagnostics.is_empty(), "{}", render(&sources, &diagnostics, false));
    }
}

/// The corpus is also the record of the canonical layout.
#[test]
fn the_corpus_is_in_canonical_layout() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (path, text) in programs("corpus") {
        let formatted = formatted(&name(&path), &text);
        if update {
            std::fs::write(&path, &formatted).expect("the corpus can be written");
        }
        assert_eq!(formatted, if update { formatted.clone() } else { text }, "{}", name(&path));
    }
}

fn formatted(name: &str, text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    format(&sources, file).unwrap_or_else(|errors| panic!("{}", render(&sources, &errors, false)))
}
