//! Arbitrary bytes through the parser: no panic, and errors that can be drawn.

#![no_main]

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax::parse;
use hushgate_fuzz::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let mut sources = SourceMap::new();
    let file = sources.add("fuzz.hush", String::from_utf8_lossy(bytes));
    let (_, diagnostics) = parse(&sources, file);
    let _ = render(&sources, &diagnostics, false);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate(data, size, max_size, seed) });
