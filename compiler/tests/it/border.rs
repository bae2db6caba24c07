//! The ports of circuits: who gives which input, who learns which output, and nobody else.

use std::collections::BTreeMap;

use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::id::PartyId;
use hushgate_circuits::shape::Value;
use hushgate_compiler::hir::Program;
use hushgate_compiler::lower::{BuildError, Limits, build};
use hushgate_compiler::{Options, Sources, check};

use crate::lowered::built;

const TEXT: &str = "
party host, bidder[3];

fn main(own: u8 from host, second: u8 from bidder[1], each: [u8; 3] from each bidder, n: i8 in -3..=4 public)
    -> { sum: i12 to host, first: u8 to bidder[0], more: [u8; 3] to each bidder, same: bool to bidder[2], host }
    requires to all {
    require(own != 0, \"not 0\");
    { sum: own + second + n, first: each[0], more: each.map(|x| x ^ own), same: own == second }
}
";

fn program() -> Program {
    check(&Sources { name: "ports", text: TEXT, load: &|_| None }, &Options::default()).program.expect("it is fine")
}

fn int(value: i64) -> Value {
    Value::Int(value.into())
}

fn public(n: i64) -> BTreeMap<String, Value> {
    [("n".to_owned(), int(n))].into()
}

#[test]
fn inputs_and_outputs_belong_to_those_that_the_signature_names() {
    let circuit = built(&program(), &public(1)).circuit;
    let name = |party: &PartyId| circuit.parties[party.0 as usize].as_str();
    let inputs: Vec<String> =
        circuit.inputs.iter().map(|port| format!("{} {}", port.name, name(&port.party))).collect();
    assert_eq!(inputs, ["own host", "second bidder[1]", "each bidder[0]", "each bidder[1]", "each bidder[2]"]);
    let recipients = |port: &hushgate_circuits::circuit::OutputPort| {
        port.recipients.iter().map(name).fold(port.name.clone(), |all, one| all + " " + one)
    };
    let outputs: Vec<String> = circuit.outputs.iter().map(recipients).collect();
    let each = ["more[0] bidder[0]", "more[1] bidder[1]", "more[2] bidder[2]"];
    let others = ["same host bidder[2]", "(requires) host bidder[0] bidder[1] bidder[2]"];
    assert_eq!(outputs, [&["sum host", "first bidder[0]"][..], &each, &others].concat());
}

#[test]
fn each_member_gives_and_learns_its_own_element() {
    let circuit = built(&program(), &public(-3)).circuit;
    let found = evaluate_values(&circuit, &[1, 2, 10, 20, 30].map(int)).expect("the inputs fit");
    assert_eq!(found[..6], [int(0), int(10), int(11), int(21), int(31), Value::Bool(false)]);
}

#[test]
fn public_values_lie_in_the_ranges_of_their_types() {
    for (n, fits) in [(-4, false), (-3, true), (4, true), (5, false)] {
        match build(&program(), &public(n), Limits::default()) {
            Ok(_) => assert!(fits, "{n} is accepted"),
            Err(BuildError::PublicMisfit { name, .. }) => assert!(!fits && name == "n", "{n} is refused"),
            Err(error) => panic!("{n}: {error}"),
        }
    }
}
