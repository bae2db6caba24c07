//! Arbitrary bytes through the formatter: it changes neither tree nor comments, and formatting twice is formatting once.

#![no_main]

use hushgate_compiler::syntax::round_trip::check_layout;
use hushgate_fuzz::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    let _ = check_layout(&String::from_utf8_lossy(bytes));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate(data, size, max_size, seed) });
