//! Arbitrary bytes through the lexer: no panic, tokens in order, and errors that can be drawn.

#![no_main]

use hushgate_compiler::syntax::round_trip::check_tokens;
use hushgate_fuzz::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| check_tokens(&String::from_utf8_lossy(bytes)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate(data, size, max_size, seed) });
