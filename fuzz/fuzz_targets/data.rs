//! Arbitrary bytes as a party's data in CSV and JSON, for inputs of every shape: what is read fits the shape.

#![no_main]

use hushgate::readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| readers::data(bytes, readers::folder().path()));
