//! Arbitrary bytes as a file of our own state: counted runs, used submissions, approvals, the log that is to be continued.

#![no_main]

use hushgate::readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| readers::own_state(bytes, readers::folder().path()));
