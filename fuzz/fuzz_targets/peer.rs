//! Arbitrary bytes as what a peer says around a session: its statement, verdict and receipt.

#![no_main]

use hushgate::readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| readers::from_peer(bytes));
