//! Arbitrary bytes as a Bristol file of either format and its sidecar, with a line of `=` between them: what is read is a valid circuit and
//! survives being written in both formats, with what the sidecar says.

#![no_main]

use hushgate_circuits::bristol::{apply_sidecar, in_old_order, read, write, write_old, write_sidecar};
use hushgate_circuits::circuit::Circuit;
use hushgate_circuits::verify::verify;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (text, sidecar) = input.split_once("\n=\n").unwrap_or((input, ""));
    let Ok(plain) = read(text) else { return };
    verify(&plain).expect("the reader makes valid circuits");
    if let Ok(written) = write(&plain) {
        assert_eq!(read(&written).as_ref(), Ok(&plain));
    }
    // A sidecar of our own for this file, and then whatever the input has.
    let own = write_sidecar(&plain, text);
    assert_eq!(apply_sidecar(plain.clone(), text, &own).as_ref(), Ok(&plain));
    let named = apply_sidecar(plain.clone(), text, sidecar).unwrap_or(plain);
    verify(&named).expect("a sidecar that is accepted fits its circuit");
    comes_back(&named, write(&named).ok());
    comes_back(&in_old_order(&named), write_old(&named).ok());
});

/// Names, types and owners come back from a file and its sidecar.
fn comes_back(circuit: &Circuit, text: Option<String>) {
    let Some(text) = text else { return };
    let read = read(&text).expect("what we write is right");
    let sidecar = write_sidecar(circuit, &text);
    let back = apply_sidecar(read, &text, &sidecar).expect("what we write fits");
    assert_eq!((&back.parties, &back.inputs, &back.outputs), (&circuit.parties, &circuit.inputs, &circuit.outputs));
}
