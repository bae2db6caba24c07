//! Made-up data that fit a shape, and if possible what a program requires: for rehearsals without real data, and for trials.
//!
//! Requirements are met by trying: values are drawn in several manners (lists in order, values near an end of their range), the circuit is
//! evaluated in the clear, and the first draw with which the requirements hold is taken.

use num_bigint::BigInt;
use rand::Rng;

use hushgate_circuits::circuit::{Circuit, InputPort};
use hushgate_circuits::evaluate::evaluate_lanes;
use hushgate_circuits::requirements;
use hushgate_circuits::shape::{Shape, Value};

use crate::data::{Known, known};

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Each on its own.
    Free,
    /// Lists in increasing order without doubles, of structs by their first field; those of `Option` with what is there first.
    Increasing,
    /// Lists in decreasing order without doubles.
    Decreasing,
    /// The lowest tenth of each range.
    Low,
    /// The highest tenth of each range.
    High,
}

const MANNERS: [Manner; 5] = [Manner::Free, Manner::Increasing, Manner::Decreasing, Manner::Low, Manner::High];

/// 64 draws of a circuit's inputs, and what it gives for them.
pub struct Draws {
    /// By draw and input.
    pub values: Vec<Vec<Value>>,
    /// A word for each output bit, as [`evaluate_lanes`] gives them.
    pub outputs: Vec<u64>,
    /// The draws with which all requirements hold.
    pub met: u64,
}

impl Draws {
    /// Draws inputs; those of `own`, a party and its values, stay as they are.
    pub fn new(circuit: &Circuit, own: Option<(usize, &[Value])>, rng: &mut impl Rng) -> Draws {
        let requires = circuit.outputs.iter().any(requirements::is_port);
        let draw = |rng: &mut _| {
            let mut own_values = own.map_or(&[][..], |(_, values)| values).iter();
            // Often all inputs must be alike, such as lists in order.
            let common = (below(2, rng) == 0).then(|| any_manner(rng));
            let mut value = |port: &InputPort| match own {
                Some((party, _)) if port.party.0 as usize == party => {
                    own_values.next().cloned().expect("a party's values are those of its ports")
                }
                _ if requires => random_in(&port.shape, common.unwrap_or_else(|| any_manner(rng)), rng),
                _ => random(&port.shape, rng),
            };
            circuit.inputs.iter().map(&mut value).collect::<Vec<Value>>()
        };
        let values: Vec<Vec<Value>> = (0..64).map(|_| draw(rng)).collect();
        let outputs = evaluate_lanes(circuit, &lanes(circuit, &values));
        let met = met(circuit, &outputs);
        Draws { values, outputs, met }
    }
}

/// One word for each input bit, of 64 draws.
fn lanes(circuit: &Circuit, draws: &[Vec<Value>]) -> Vec<u64> {
    let mut lanes = Vec::new();
    for (i, port) in circuit.inputs.iter().enumerate() {
        let bits = |draw: &Vec<Value>| port.shape.encode(&draw[i]).expect("a random value of a shape has it");
        let bits: Vec<Vec<bool>> = draws.iter().map(bits).collect();
        let lane = |at: usize| bits.iter().rev().fold(0, |lane, bits| lane << 1 | u64::from(bits[at]));
        lanes.extend((0..port.shape.width() as usize).map(lane));
    }
    lanes
}

/// The draws with which all requirements hold: all of them if there are none.
fn met(circuit: &Circuit, outputs: &[u64]) -> u64 {
    let mut at = 0;
    for port in &circuit.outputs {
        if requirements::is_port(port) {
            return outputs[at];
        }
        at += port.shape.width() as usize;
    }
    u64::MAX
}

/// Values of all inputs with which everything that the circuit requires holds; nothing if none were found.
pub fn meeting(circuit: &Circuit, rng: &mut impl Rng) -> Option<Vec<Value>> {
    let rounds = (NODES_TRIED / crate::program::executed_nodes(circuit).max(1)).clamp(1, ROUNDS_MAX);
    (0..rounds).find_map(|_| {
        let mut draws = Draws::new(circuit, None, rng);
        (draws.met != 0).then(|| draws.values.swap_remove(draws.met.trailing_zeros() as usize))
    })
}

/// Nodes to evaluate before giving up, and rounds of 64 draws at most.
const NODES_TRIED: u64 = 200_000_000;
const ROUNDS_MAX: u64 = 64;

/// A random value of this shape; whole numbers of every size within their range, not only large ones.
pub fn random(shape: &Shape, rng: &mut impl Rng) -> Value {
    random_in(shape, Manner::Free, rng)
}

fn random_in(shape: &Shape, manner: Manner, rng: &mut impl Rng) -> Value {
    if let Some(Known::Text(len)) = known(shape) {
        return random_text(len, rng);
    }
    match shape {
        Shape::Bool => Value::Bool(rng.next_u32() & 1 == 1),
        Shape::Int { lo, hi, .. } => Value::Int(random_int(lo, hi, manner, rng)),
        Shape::Array { element, len } => {
            let mut list: Vec<Value> = (0..*len).map(|_| random_in(element, manner, rng)).collect();
            if matches!(manner, Manner::Increasing | Manner::Decreasing) {
                put_in_order(&mut list, element, manner == Manner::Decreasing);
            }
            Value::List(list)
        }
        Shape::Tuple(items) => Value::List(items.iter().map(|shape| random_in(shape, manner, rng)).collect()),
        Shape::Struct { fields, .. } => {
            Value::List(fields.iter().map(|(_, shape)| random_in(shape, manner, rng)).collect())
        }
        Shape::Enum { variants, .. } => {
            let tag = below(variants.len() as u64, rng) as u32;
            Value::Variant(tag, Box::new(random_in(&variants[tag as usize].1, manner, rng)))
        }
    }
}

fn any_manner(rng: &mut impl Rng) -> Manner {
    MANNERS[below(MANNERS.len() as u64, rng) as usize]
}

fn below(n: u64, rng: &mut impl Rng) -> u64 {
    rng.next_u64() % n
}

/// Sorts a list by its elements' first numbers, and makes these differ where the range has room; `None` stands last.
fn put_in_order(list: &mut [Value], element: &Shape, decreasing: bool) {
    let Some((lo, hi)) = key_range(element) else { return };
    list.sort_by(|a, b| match (key(a), key(b)) {
        (Some(a), Some(b)) => a.cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    let n_present = list.iter().filter(|value| key(value).is_some()).count();
    let present = &mut list[..n_present];
    let mut least = lo.clone();
    for (i, value) in present.iter_mut().enumerate() {
        let most = hi - BigInt::from(n_present - 1 - i);
        if let Some(key) = key_mut(value) {
            *key = std::mem::take(key).max(least).min(most).max(lo.clone());
            least = &*key + 1;
        }
    }
    if decreasing {
        present.reverse();
    }
}

/// The range of the number that a value of this shape is sorted by.
fn key_range(shape: &Shape) -> Option<(&BigInt, &BigInt)> {
    match (known(shape), shape) {
        (Some(Known::Optional(some)), _) => key_range(some),
        (Some(Known::Text(_)), _) => None,
        (_, Shape::Int { lo, hi, .. }) => Some((lo, hi)),
        (_, Shape::Tuple(items)) => key_range(items.first()?),
        (_, Shape::Struct { fields, .. }) => key_range(&fields.first()?.1),
        _ => None,
    }
}

/// That number; nothing in `None`.
fn key(value: &Value) -> Option<&BigInt> {
    match value {
        Value::Int(int) => Some(int),
        Value::List(items) => key(items.first()?),
        Value::Variant(1, some) => key(some),
        _ => None,
    }
}

fn key_mut(value: &mut Value) -> Option<&mut BigInt> {
    match value {
        Value::Int(int) => Some(int),
        Value::List(items) => key_mut(items.first_mut()?),
        Value::Variant(1, some) => key_mut(some),
        _ => None,
    }
}

/// A text of small letters, of any length that fits.
fn random_text(len: u64, rng: &mut impl Rng) -> Value {
    let n_letters = rng.next_u64() % (len + 1);
    let mut byte = |i: u64| if i < n_letters { b'a' + (rng.next_u32() % 26) as u8 } else { 0 };
    Value::List(vec![Value::List((0..len).map(|i| Value::Int(byte(i).into())).collect())])
}

/// Half of the time uniform in the range; else of a random number of digits less, as data of people and firms are.
fn random_int(lo: &BigInt, hi: &BigInt, manner: Manner, rng: &mut impl Rng) -> BigInt {
    let span: BigInt = hi - lo;
    let tenth = &span / 10;
    match manner {
        Manner::Low => return lo + uniform(&tenth, rng),
        Manner::High => return hi - uniform(&tenth, rng),
        // Small numbers would often be equal.
        Manner::Increasing | Manner::Decreasing => return lo + uniform(&span, rng),
        Manner::Free => {}
    }
    let digits = span.to_string().len() as u64;
    let least = |scale: BigInt| if scale < span { scale } else { span.clone() };
    let span = match rng.next_u32() & 1 {
        0 => span.clone(),
        _ => least(BigInt::from(10).pow((rng.next_u64() % digits + 1) as u32)),
    };
    // Towards zero where zero is in the range, else from the lower end.
    let from = if lo <= &BigInt::ZERO && &(&span - 1) <= hi && *hi >= span { BigInt::ZERO } else { lo.clone() };
    from + uniform(&span, rng)
}

/// From 0 to `max`, both possible.
fn uniform(max: &BigInt, rng: &mut impl Rng) -> BigInt {
    loop {
        let mut n = BigInt::ZERO;
        (0..max.bits()).for_each(|i| n.set_bit(i, rng.next_u32() & 1 == 1));
        if n <= *max {
            return n;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn random_values_fit_their_shapes() {
        let int = |lo: i64, hi: i64| Shape::Int { name: "int".to_owned(), lo: lo.into(), hi: hi.into() };
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for shape in [int(0, 0), int(0, 1), int(1, 1), int(5, 1000), int(-5, 5), int(-1000, -3), int(0, i64::MAX)] {
            let list = Shape::Array { element: Box::new(shape.clone()), len: 5 };
            for (_, manner) in (0..40).flat_map(|i| MANNERS.map(|manner| (i, manner))) {
                for shape in [&shape, &list] {
                    let value = random_in(shape, manner, &mut rng);
                    assert!(shape.encode(&value).is_ok(), "{value:?} of {shape:?}, {manner:?}");
                }
            }
        }
        let option = Shape::Enum {
            name: "Option<u8>".to_owned(),
            variants: vec![
                ("None".to_owned(), Shape::Tuple(Vec::new())),
                ("Some".to_owned(), Shape::Tuple(vec![Shape::unsigned(8)])),
            ],
        };
        let shape = Shape::Array { element: Box::new(option), len: 50 };
        for manner in MANNERS {
            assert!(shape.encode(&random_in(&shape, manner, &mut rng)).is_ok());
        }
    }

    #[test]
    fn lists_in_order_have_no_doubles() {
        let byte = || Shape::unsigned(8);
        let pair = Shape::Tuple(vec![byte(), Shape::Bool]);
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for (element, len) in [(byte(), 256), (pair, 200)] {
            let shape = Shape::Array { element: Box::new(element), len };
            for (manner, decreasing) in [(Manner::Increasing, false), (Manner::Decreasing, true)] {
                let Value::List(list) = random_in(&shape, manner, &mut rng) else { panic!("a list is drawn") };
                let keys: Vec<&BigInt> = list.iter().map(|value| key(value).expect("it has a number")).collect();
                let in_order = |pair: &[&BigInt]| if decreasing { pair[0] > pair[1] } else { pair[0] < pair[1] };
                assert!(keys.windows(2).all(in_order), "{keys:?}");
            }
        }
    }
}
