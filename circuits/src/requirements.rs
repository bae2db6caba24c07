//! The one visible failure of a program: an output bit that tells whether everything the program requires holds.
//!
//! It is an output port like any other, so that garbling, plans, digests and exports carry it without knowing of it. The port
//! has a name that no program can give to an output, and its shape holds what the program requires: it is an enum of two variants,
//! 0 for "failed" and 1 for "held", and the payload of the first takes no bits and has a field for each reason.
//!
//! # Invariants
//! - Where the bit is 0 all bits of all other outputs are 0. Whoever makes the circuit sees to that.

use crate::circuit::OutputPort;
use crate::id::PartyId;
use crate::shape::{Shape, Value};

/// The port's name; no identifier.
pub const NAME: &str = "(requires)";

/// The port of a program that requires something for these reasons.
#[must_use]
pub fn port(recipients: Vec<PartyId>, reasons: &[String]) -> OutputPort {
    let fields = reasons.iter().map(|reason| (reason.clone(), Shape::Tuple(Vec::new()))).collect();
    let failed = Shape::Struct { name: String::new(), fields };
    let variants = vec![("failed".to_owned(), failed), ("held".to_owned(), Shape::Tuple(Vec::new()))];
    OutputPort { name: NAME.to_owned(), recipients, shape: Shape::Enum { name: NAME.to_owned(), variants } }
}

/// Whether this is the port of the bit.
#[must_use]
pub fn is_port(port: &OutputPort) -> bool {
    port.name == NAME && port.shape.width() == 1 && reasons(port).is_some()
}

/// Why the program may fail; nothing if this is not the port of the bit.
#[must_use]
pub fn reasons(port: &OutputPort) -> Option<Vec<&str>> {
    let Shape::Enum { variants, .. } = &port.shape else { return None };
    match &variants[..] {
        [(_, Shape::Struct { fields, .. }), _] if port.name == NAME => {
            Some(fields.iter().map(|(reason, _)| reason.as_str()).collect())
        }
        _ => None,
    }
}

/// The port's value.
#[must_use]
pub fn value(held: bool, n_reasons: usize) -> Value {
    let nothing = || Value::List(Vec::new());
    match held {
        true => Value::Variant(1, Box::new(nothing())),
        false => Value::Variant(0, Box::new(Value::List((0..n_reasons).map(|_| nothing()).collect()))),
    }
}

/// Whether the port's value says that everything held.
#[must_use]
pub fn held(value: &Value) -> bool {
    matches!(value, Value::Variant(1, _))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_the_value_and_the_reasons_are_in_the_shape() {
        let reasons_given = ["a".to_owned(), "b c".to_owned()];
        let port = port(vec![PartyId(1)], &reasons_given);
        assert!(is_port(&port));
        assert_eq!(reasons(&port), Some(vec!["a", "b c"]));
        for bit in [false, true] {
            let decoded = port.shape.decode(&[bit]);
            assert_eq!(decoded, value(bit, 2));
            assert_eq!(held(&decoded), bit);
            assert_eq!(port.shape.encode(&decoded), Ok(vec![bit]));
        }
        let other = OutputPort { name: NAME.to_owned(), shape: Shape::Bool, ..port };
        assert!(!is_port(&other));
    }
}
