//! Made-up data that fit a shape: for rehearsals without real data, and for trials.

use num_bigint::BigInt;
use rand::Rng;

use hushgate_circuits::shape::{Shape, Value};

use crate::data::{Known, known};

/// A random value of this shape; whole numbers of every size within their range, not only large ones.
pub fn random(shape: &Shape, rng: &mut impl Rng) -> Value {
    if let Some(Known::Text(len)) = known(shape) {
        return random_text(len, rng);
    }
    match shape {
        Shape::Bool => Value::Bool(rng.next_u32() & 1 == 1),
        Shape::Int { lo, hi, .. } => Value::Int(random_int(lo, hi, rng)),
        Shape::Array { element, len } => Value::List((0..*len).map(|_| random(element, rng)).collect()),
        Shape::Tuple(items) => Value::List(items.iter().map(|shape| random(shape, rng)).collect()),
        Shape::Struct { fields, .. } => Value::List(fields.iter().map(|(_, shape)| random(shape, rng)).collect()),
        Shape::Enum { variants, .. } => {
            let tag = (rng.next_u64() % variants.len() as u64) as u32;
            Value::Variant(tag, Box::new(random(&variants[tag as usize].1, rng)))
        }
    }
}

/// A text of small letters, of any length that fits.
fn random_text(len: u64, rng: &mut impl Rng) -> Value {
    let n_letters = rng.next_u64() % (len + 1);
    let mut byte = |i: u64| if i < n_letters { b'a' + (rng.next_u32() % 26) as u8 } else { 0 };
    Value::List(vec![Value::List((0..len).map(|i| Value::Int(byte(i).into())).collect())])
}

/// Half of the time uniform in the range; else of a random number of digits less, as data of people and firms are.
fn random_int(lo: &BigInt, hi: &BigInt, rng: &mut impl Rng) -> BigInt {
    let span: BigInt = hi - lo;
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
            for _ in 0..200 {
                let value = random(&shape, &mut rng);
                assert!(shape.encode(&value).is_ok(), "{value:?} of {shape:?}");
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
        assert!(shape.encode(&random(&shape, &mut rng)).is_ok());
    }
}
