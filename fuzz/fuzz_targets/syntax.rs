//! Arbitrary text through lexer, parser, formatter and the drawing of errors: no panic, and formatting is idempotent.

#![no_main]

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax::{format::format, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::new();
    let file = sources.add("fuzz.hush", text);
    let (_, diagnostics) = parse(&sources, file);
    let _ = render(&sources, &diagnostics, false);
    if let Ok(formatted) = format(&sources, file) {
        let again = sources.add("formatted.hush", formatted.as_str());
        assert_eq!(format(&sources, again).as_deref(), Ok(formatted.as_str()));
    }
});
