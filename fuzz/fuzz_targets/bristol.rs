//! Arbitrary bytes as a Bristol Fashion file: what is read is a valid circuit and survives being written.

#![no_main]

use hushgate_circuits::bristol::{read, write};
use hushgate_circuits::verify::verify;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(circuit) = read(text) else { return };
    verify(&circuit).expect("the reader makes valid circuits");
    if let Ok(written) = write(&circuit) {
        assert_eq!(read(&written).as_ref(), Ok(&circuit));
    }
});
