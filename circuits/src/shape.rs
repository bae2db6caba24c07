//! Values at the border of a circuit: their types, and their layout on wires.
//!
//! A [`Shape`] says how a [`Value`] becomes bits and back. Everything is laid out in declaration order, least
//! significant bit first. Integers take as few bits as their range needs: `lo..=hi` with `lo ≥ 0` is unsigned with
//! the bits of `hi`; otherwise two's complement with the bits that both ends need. An enum is its tag (as few bits as
//! the variants need) followed by as many bits as the largest payload; bits beyond a payload are 0.

use num_bigint::{BigInt, BigUint, Sign};

/// The type of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One bit.
    Bool,
    /// An integer in `lo..=hi`.
    Int {
        /// The type's name as the author wrote it, such as `u32`; for messages.
        name: String,
        /// The least value.
        lo: BigInt,
        /// The greatest value.
        hi: BigInt,
    },
    /// `len` values of one shape.
    Array {
        /// The shape of each element.
        element: Box<Shape>,
        /// How many.
        len: u64,
    },
    /// Values of several shapes; the empty tuple takes no bits.
    Tuple(Vec<Shape>),
    /// Named fields.
    Struct {
        /// The type's name; for messages.
        name: String,
        /// The fields, in order.
        fields: Vec<(String, Shape)>,
    },
    /// One of several variants, each with a payload (the empty tuple where there is none).
    Enum {
        /// The type's name; for messages.
        name: String,
        /// The variants, in tag order.
        variants: Vec<(String, Shape)>,
    },
}

/// A value in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(BigInt),
    /// The elements of an array, the fields of a tuple or of a struct, in order.
    List(Vec<Value>),
    /// A variant by its tag, and its payload.
    Variant(u32, Box<Value>),
}

/// Why a value does not fit a shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{found}; expected {expected}", if path.is_empty() { String::new() } else { format!("at {path}: ") })]
pub struct Misfit {
    /// Where in the value, such as `[3].total`; empty at the top.
    pub path: String,
    /// What was there.
    pub found: String,
    /// What the shape wants there.
    pub expected: String,
}

/// Bits that every integer of `lo..=hi` fits in: unsigned if `lo ≥ 0`, else two's complement.
#[must_use]
pub fn int_width(lo: &BigInt, hi: &BigInt) -> u64 {
    if lo.sign() == Sign::Minus {
        let magnitude = |x: &BigInt| if x.sign() == Sign::Minus { (-x - 1u32).bits() } else { x.bits() };
        magnitude(lo).max(magnitude(hi)) + 1
    } else {
        hi.bits()
    }
}

impl Shape {
    /// The unsigned integers of `width` bits, named `uN`.
    #[must_use]
    pub fn unsigned(width: u32) -> Shape {
        Shape::Int { name: format!("u{width}"), lo: BigInt::ZERO, hi: (BigInt::from(1) << width) - 1 }
    }

    /// How many wires a value takes. Saturates: a width that does not fit `u64` is refused wherever wires are made.
    #[must_use]
    pub fn width(&self) -> u64 {
        match self {
            Shape::Bool => 1,
            Shape::Int { lo, hi, .. } => int_width(lo, hi),
            Shape::Array { element, len } => element.width().saturating_mul(*len),
            Shape::Tuple(items) => sum(items.iter().map(Shape::width)),
            Shape::Struct { fields, .. } => sum(fields.iter().map(|(_, shape)| shape.width())),
            Shape::Enum { variants, .. } => tag_width(variants.len()).saturating_add(payload_width(variants)),
        }
    }

    /// The bits of `value`, or where it does not fit.
    pub fn encode(&self, value: &Value) -> Result<Vec<bool>, Misfit> {
        let mut bits = Vec::new();
        self.encode_into(value, &mut String::new(), &mut bits)?;
        Ok(bits)
    }

    /// The value that `bits` stand for.
    ///
    /// Integers are read as they stand, also outside `lo..=hi`, and an unknown tag as the last variant: bits that
    /// [`Shape::encode`] or a circuit made never are.
    ///
    /// # Panics
    /// If there are not [`Shape::width`] bits.
    #[must_use]
    pub fn decode(&self, bits: &[bool]) -> Value {
        assert_eq!(bits.len() as u64, self.width(), "a value has as many bits as its shape");
        self.decode_from(&mut bits.iter().copied())
    }

    fn encode_into(&self, value: &Value, path: &mut String, bits: &mut Vec<bool>) -> Result<(), Misfit> {
        match (self, value) {
            (Shape::Bool, Value::Bool(bit)) => bits.push(*bit),
            (Shape::Int { lo, hi, .. }, Value::Int(int)) => {
                if int < lo || int > hi {
                    return Err(self.misfit(value, path));
                }
                bits.extend((0..int_width(lo, hi)).map(|i| int.bit(i)));
            }
            (Shape::Array { element, len }, Value::List(values)) if values.len() as u64 == *len => {
                for (i, value) in values.iter().enumerate() {
                    within(path, &format!("[{i}]"), |path| element.encode_into(value, path, bits))?;
                }
            }
            (Shape::Tuple(items), Value::List(values)) if values.len() == items.len() => {
                for (i, (shape, value)) in items.iter().zip(values).enumerate() {
                    within(path, &format!(".{i}"), |path| shape.encode_into(value, path, bits))?;
                }
            }
            (Shape::Struct { fields, .. }, Value::List(values)) if values.len() == fields.len() => {
                for ((name, shape), value) in fields.iter().zip(values) {
                    within(path, &format!(".{name}"), |path| shape.encode_into(value, path, bits))?;
                }
            }
            (Shape::Enum { variants, .. }, Value::Variant(tag, payload)) if (*tag as usize) < variants.len() => {
                let (name, shape) = &variants[*tag as usize];
                bits.extend((0..tag_width(variants.len())).map(|i| tag >> i & 1 == 1));
                let end = bits.len() as u64 + payload_width(variants);
                within(path, &format!(".{name}"), |path| shape.encode_into(payload, path, bits))?;
                bits.resize(end as usize, false);
            }
            _ => return Err(self.misfit(value, path)),
        }
        Ok(())
    }

    fn decode_from(&self, bits: &mut dyn Iterator<Item = bool>) -> Value {
        match self {
            Shape::Bool => Value::Bool(bits.next().unwrap_or_default()),
            Shape::Int { lo, hi, .. } => {
                Value::Int(int_from_bits(bits.take(int_width(lo, hi) as usize), lo.sign() == Sign::Minus))
            }
            Shape::Array { element, len } => Value::List((0..*len).map(|_| element.decode_from(bits)).collect()),
            Shape::Tuple(items) => Value::List(items.iter().map(|shape| shape.decode_from(bits)).collect()),
            Shape::Struct { fields, .. } => {
                Value::List(fields.iter().map(|(_, shape)| shape.decode_from(bits)).collect())
            }
            Shape::Enum { variants, .. } => {
                let tag =
                    (0..tag_width(variants.len())).fold(0, |tag, i| tag | u32::from(bits.next() == Some(true)) << i);
                let tag = tag.min(variants.len().saturating_sub(1) as u32);
                let payload: Vec<bool> = bits.take(payload_width(variants) as usize).collect();
                let shape = &variants[tag as usize].1;
                Value::Variant(tag, Box::new(shape.decode(&payload[..shape.width() as usize])))
            }
        }
    }

    fn misfit(&self, value: &Value, path: &str) -> Misfit {
        Misfit { path: path.to_owned(), found: value.describe(), expected: self.describe() }
    }

    /// The shape in a few words, for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Shape::Bool => "bool".to_owned(),
            Shape::Int { name, lo, hi } => format!("{name} in {lo}..={hi}"),
            Shape::Array { element, len } => format!("[{}; {len}]", element.describe()),
            Shape::Tuple(items) => {
                format!("({})", items.iter().map(Shape::describe).collect::<Vec<_>>().join(", "))
            }
            Shape::Struct { name, .. } | Shape::Enum { name, .. } => name.clone(),
        }
    }
}

impl Value {
    fn describe(&self) -> String {
        match self {
            Value::Bool(bit) => bit.to_string(),
            Value::Int(int) => int.to_string(),
            Value::List(values) => format!("a list of {}", values.len()),
            Value::Variant(tag, _) => format!("variant {tag}"),
        }
    }
}

/// The integer with these bits, least significant first.
pub fn int_from_bits(bits: impl Iterator<Item = bool>, signed: bool) -> BigInt {
    let mut magnitude = BigUint::ZERO;
    let mut width = 0;
    let mut top = false;
    for (i, bit) in bits.enumerate() {
        magnitude.set_bit(i as u64, bit);
        (width, top) = (i + 1, bit);
    }
    let int = BigInt::from(magnitude);
    if signed && top { int - (BigInt::from(1) << width) } else { int }
}

/// Bits for the tag of an enum with `variants` variants.
#[must_use]
pub fn tag_width(variants: usize) -> u64 {
    u64::from(usize::BITS - variants.saturating_sub(1).leading_zeros())
}

fn payload_width(variants: &[(String, Shape)]) -> u64 {
    variants.iter().map(|(_, shape)| shape.width()).max().unwrap_or(0)
}

fn sum(widths: impl Iterator<Item = u64>) -> u64 {
    widths.fold(0, u64::saturating_add)
}

fn within<T>(path: &mut String, step: &str, inner: impl FnOnce(&mut String) -> T) -> T {
    let end = path.len();
    path.push_str(step);
    let result = inner(path);
    path.truncate(end);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(lo: i64, hi: i64) -> Shape {
        Shape::Int { name: "i64".to_owned(), lo: lo.into(), hi: hi.into() }
    }

    #[test]
    fn integers_take_the_bits_of_their_range_and_lie_in_it() {
        for (lo, hi, width) in
            [(0, 0, 0), (5, 9, 4), (0, 16, 5), (-1, 0, 1), (-4, 3, 3), (-5, 3, 4), (-4, 4, 4), (-9, -8, 5)]
        {
            let shape = range(lo, hi);
            assert_eq!(shape.width(), width, "{lo}..={hi}");
            for value in lo - 1..=hi + 1 {
                let bits = shape.encode(&Value::Int(value.into()));
                assert_eq!(bits.is_ok(), (lo..=hi).contains(&value), "{value} in {lo}..={hi}");
                assert!(
                    bits.is_ok_and(|bits| shape.decode(&bits) == Value::Int(value.into()))
                        == (lo..=hi).contains(&value)
                );
            }
        }
    }

    #[test]
    fn variants_share_the_bits_of_the_largest_payload() {
        let nothing = || Shape::Tuple(Vec::new());
        let pair = Shape::Tuple(vec![range(0, 15), range(-4, 3)]);
        let variants = [range(0, 31), pair, nothing(), nothing(), nothing()].map(|shape| (String::new(), shape));
        for (n, width) in [(1, 5), (2, 8), (3, 9), (4, 9), (5, 10)] {
            let shape = Shape::Enum { name: String::new(), variants: variants[..n].to_vec() };
            assert_eq!(shape.width(), width, "{n} variants");
        }
    }
}
