//! Arbitrary bytes as a file that comes from somebody else: proposal, share, key, result, receipt, log, list of peers, journal.

#![no_main]

use hushgate::readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| readers::from_file(bytes, readers::folder().path()));
