//! Real circuits from schedule to output: an adder that is always there, and the Bristol circuits of the folder
//! `HUSHGATE_BRISTOL`, where it is set.

use hushgate_circuits::bristol;
use hushgate_circuits::build::{Blocks, Builder};
use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::id::{PartyId, Wire};
use hushgate_circuits::schedule::schedule;
use hushgate_circuits::shape::Shape;

use super::*;

#[test]
fn scheduled_adders_add_garbled() {
    let mut rng = ChaCha8Rng::seed_from_u64(16);
    for n in [1, 2, 3, 8, 31, 64, 200] {
        check_garbled_is_plain(&ripple_adder(n), &mut rng);
    }
}

#[test]
fn bristol_circuits_compute_garbled() {
    let Some(folder) = std::env::var_os("HUSHGATE_BRISTOL") else {
        eprintln!("HUSHGATE_BRISTOL is not set: the Bristol circuits are not tested");
        return;
    };
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    for name in ["adder64", "aes_128", "mult64", "sha256", "udivide64", "zero_equal", "FP-add"] {
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join(format!("{name}.txt"))).unwrap();
        let plan = schedule(&bristol::read(&text).unwrap());
        for _ in 0..3 {
            check_garbled_is_plain(&plan, &mut rng);
        }
    }
}

fn ripple_adder(n: u32) -> Plan {
    let mut builder = Builder::new("add", 2 * n);
    let (mut carry, mut outputs) = (Wire::FALSE, Vec::new());
    for i in 0..n {
        let (x, y) = (builder.input(i), builder.input(n + i));
        let (x_carry, y_carry) = (builder.xor(x, carry), builder.xor(y, carry));
        outputs.push(builder.xor(x_carry, y));
        let and = builder.and(x_carry, y_carry);
        carry = builder.xor(and, carry);
    }
    outputs.push(carry);
    let port = |name: &str, party| InputPort { name: name.into(), party: PartyId(party), shape: Shape::unsigned(n) };
    let sum = OutputPort { name: "sum".into(), recipients: vec![PartyId(0)], shape: Shape::unsigned(n + 1) };
    let (main, parties) = (builder.finish(outputs).unwrap(), vec!["alice".into(), "bob".into()]);
    schedule(&Blocks::new().into_circuit(main, parties, vec![port("x", 0), port("y", 1)], vec![sum]))
}
