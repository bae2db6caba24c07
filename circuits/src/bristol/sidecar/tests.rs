//! Sidecars that we write, and sidecars that are wrong.

use proptest::prelude::*;

use super::*;
use crate::bristol::{in_old_order, read, write, write_old};
use crate::random::{self, Size};
use crate::verify::verify;

const TEXT: &str = "1 6\n2 2 3\n1 1\n\n2 1 0 2 5 AND\n";

/// Three ports of every kind of type, where the file has two inputs.
fn circuit() -> Circuit {
    let int = |lo: i32, hi: i32| Shape::Int { name: "i".to_owned(), lo: lo.into(), hi: hi.into() };
    let option = Shape::Enum {
        name: "Option".to_owned(),
        variants: vec![("None".to_owned(), Shape::Tuple(vec![])), ("Some".to_owned(), Shape::Bool)],
    };
    let fields = vec![("x".to_owned(), int(-1, 0)), ("none".to_owned(), Shape::Tuple(vec![]))];
    let shapes = [
        Shape::Array { element: Box::new(Shape::Bool), len: 2 },
        Shape::Struct { name: "S".to_owned(), fields },
        option,
    ];
    let input = |(i, shape): (usize, Shape)| InputPort { name: format!("v{i}"), party: PartyId(i as u32 % 2), shape };
    let inputs = shapes.into_iter().enumerate().map(input).collect();
    let outputs = vec![OutputPort { name: String::new(), recipients: vec![PartyId(1)], shape: Shape::Bool }];
    Circuit { parties: vec!["alice".into(), "bob".into()], inputs, outputs, ..read(TEXT).unwrap() }
}

#[test]
fn names_types_and_owners_come_back() {
    let circuit = circuit();
    assert_eq!(verify(&circuit), Ok(()));
    let sidecar = write_sidecar(&circuit, TEXT);
    for text in
        [TEXT.to_owned(), TEXT.replace('\n', "\r\n"), format!("\u{feff} {}", TEXT.trim_end().replace(' ', "\t"))]
    {
        assert_eq!(apply_sidecar(read(&text).unwrap(), &text, &sidecar), Ok(circuit.clone()), "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_circuit_comes_back_in_both_formats(seed: u64) {
        let circuit = random::circuit(seed, Size { n_blocks: 2, n_nodes: 40 });
        let text = write(&circuit).unwrap();
        let back = apply_sidecar(read(&text).unwrap(), &text, &write_sidecar(&circuit, &text)).unwrap();
        prop_assert_eq!((&back.parties, &back.inputs, &back.outputs), (&circuit.parties, &circuit.inputs, &circuit.outputs));
        if let Ok(text) = write_old(&circuit) {
            let ordered = in_old_order(&circuit);
            let back = apply_sidecar(read(&text).unwrap(), &text, &write_sidecar(&ordered, &text)).unwrap();
            prop_assert_eq!((&back.parties, &back.inputs, &back.outputs), (&ordered.parties, &ordered.inputs, &ordered.outputs));
        }
    }

    #[test]
    fn damaged_sidecars_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[0-9a-z{}\\[\\]\",:]{0,3}"), 1..4),
    ) {
        let mut sidecar = write_sidecar(&circuit(), TEXT);
        for (at, with) in edits {
            let at = at.index(sidecar.len());
            sidecar.replace_range(at..at + 1, &with);
        }
        if let Ok(circuit) = apply_sidecar(read(TEXT).unwrap(), TEXT, &sidecar) {
            prop_assert_eq!(verify(&circuit), Ok(()));
        }
    }
}

#[track_caller]
fn check_error(change: (&str, &str), expected: &str) {
    let sidecar = write_sidecar(&circuit(), TEXT);
    let changed = sidecar.replacen(change.0, change.1, 1);
    assert_ne!(changed, sidecar, "{} is not in {sidecar}", change.0);
    let error = apply_sidecar(read(TEXT).unwrap(), TEXT, &changed).expect_err("it is wrong").to_string();
    assert_eq!(error, expected);
}

#[test]
fn errors_say_where_and_what_was_expected() {
    check_error(
        ("sidecar v1", "sidecar v2"),
        "format: found \"hushgate bristol sidecar v2\"; expected \"hushgate bristol sidecar v1\"",
    );
    check_error(("least", "most"), "bit_order: found \"most significant first\"; expected \"least significant first\"");
    check_error(("\"bit_order\"", "\"order\""), {
        "the sidecar: found {\"format\":\"hushgate bristol sidecar v1\",…; expected the field \"bit_order\""
    });
    check_error(
        ("\"party\": \"bob\"", "\"party\": \"carol\""),
        "inputs[1].party: found \"carol\"; expected one of \"parties\"",
    );
    check_error(("\"alice\",", "\"bob\","), "parties: the name \"bob\" is there twice");
    check_error(("\"v2\"", "\"v0\""), "inputs: the name \"v0\" is there twice");
    check_error(
        ("\"v1\"", "\"\\u0007\""),
        "inputs[1].name: found \"\\u0007\"; expected a name without control characters",
    );
    check_error(("\"bits\": 2", "\"bits\": 3"), "inputs[0]: the type has 2 bits, and \"bits\" says 3");
    check_error(("\"lo\": \"-1\"", "\"lo\": \"one\""), {
        "inputs[1].type.fields[0].type.lo: found \"one\"; expected a decimal number of at most 4096 bits, as a text"
    });
    check_error(("\"lo\": \"-1\"", "\"lo\": \"1\""), "inputs[1]: the type has 0 bits, and \"bits\" says 1");
    check_error(("\"type\": \"bool\"", "\"type\": \"boole\""), {
        "inputs[2].type.variants[1].type: found \"boole\"; expected a type: \"bool\", or an object with \"int\", \"array\", \"tuple\", \
         \"struct\" or \"enum\""
    });
    let sidecar = write_sidecar(&circuit(), TEXT);
    let other = "1 6\n2 2 3\n1 1\n\n2 1 0 3 5 AND\n";
    let error = apply_sidecar(read(other).unwrap(), other, &sidecar).expect_err("it is another circuit").to_string();
    assert!(error.starts_with("it belongs to another circuit: found digest "), "{error}");
    let error = apply_sidecar(read(TEXT).unwrap(), TEXT, "{").expect_err("it is cut off").to_string();
    assert_eq!(error, "not JSON: EOF while parsing an object at line 1 column 1");
}

#[test]
fn values_have_as_many_bits_as_the_circuit_has_wires() {
    let mut less = circuit();
    less.inputs.pop();
    let error = apply_sidecar(read(TEXT).unwrap(), TEXT, &write_sidecar(&less, TEXT)).expect_err("a port is missing");
    assert_eq!(error, SidecarError::Total { what: "inputs", found: 3, expected: 5 });
    let mut more = circuit();
    more.outputs.push(OutputPort { name: "b".into(), recipients: vec![], shape: Shape::Bool });
    let error = apply_sidecar(read(TEXT).unwrap(), TEXT, &write_sidecar(&more, TEXT)).expect_err("an output too many");
    assert_eq!(error, SidecarError::Total { what: "outputs", found: 2, expected: 1 });
}

#[test]
fn huge_types_take_no_memory() {
    let mut huge = circuit();
    huge.inputs[0].shape = Shape::Array { element: Box::new(Shape::Tuple(vec![])), len: u64::MAX };
    let sidecar = write_sidecar(&huge, TEXT);
    assert!(matches!(apply_sidecar(read(TEXT).unwrap(), TEXT, &sidecar), Err(SidecarError::Port(_))));
    let deep = (0..100).fold(Shape::Bool, |inner, _| Shape::Tuple(vec![inner]));
    huge.inputs[0].shape = deep;
    let sidecar = write_sidecar(&huge, TEXT);
    assert!(apply_sidecar(read(TEXT).unwrap(), TEXT, &sidecar).is_err());
}
