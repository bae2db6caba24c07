//! Types of the language itself that are more than their parts: texts, fixed-point numbers and `Option`.
//!
//! A text `str<N>` is N bytes of UTF-8, filled up with zeros; a `fixed<I, F>` is an integer that stands for itself divided by 2^F.
//! People write and read them as text and as decimal numbers.

use num_bigint::{BigInt, BigUint, Sign};

use hushgate_circuits::shape::{Shape, Value};

/// A shape that stands for more than its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'s> {
    /// `str<N>`: how many bytes it has.
    Text(u64),
    /// `fixed<I, F>`: F, and the range of the integer.
    Fixed(u32, &'s BigInt, &'s BigInt),
    /// `Option<T>`: the shape of T.
    Optional(&'s Shape),
}

/// What `shape` is, if it is a type of the language itself. Their names cannot be declared.
pub fn known(shape: &Shape) -> Option<Known<'_>> {
    match shape {
        Shape::Struct { name, fields } => match &fields[..] {
            [(_, Shape::Array { len, .. })] if name.starts_with("str<") => Some(Known::Text(*len)),
            [(_, Shape::Int { lo, hi, .. })] => fraction(name).map(|fraction| Known::Fixed(fraction, lo, hi)),
            _ => None,
        },
        Shape::Enum { name, variants } if name.starts_with("Option") => match &variants[..] {
            [(none, _), (some, Shape::Tuple(parts))] if none == "None" && some == "Some" => {
                parts.first().map(Known::Optional)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The value `None` of any `Option`.
pub fn none() -> Value {
    Value::Variant(0, Box::new(Value::List(Vec::new())))
}

/// `Some` of a value.
pub fn some(value: Value) -> Value {
    Value::Variant(1, Box::new(Value::List(vec![value])))
}

/// F of `fixed<I, F>` or `fixed<I, F> in …`.
fn fraction(name: &str) -> Option<u32> {
    let (args, _) = name.strip_prefix("fixed<")?.split_once('>')?;
    args.split_once(", ")?.1.parse().ok()
}

/// The bytes of a text as a value of `str<N>`; nothing if they are too many or contain a zero.
pub fn text_value(text: &str, len: u64) -> Option<Value> {
    if text.len() as u64 > len || text.contains('\0') {
        return None;
    }
    let bytes = text.bytes().chain(std::iter::repeat(0)).take(len as usize);
    Some(Value::List(vec![Value::List(bytes.map(|byte| Value::Int(byte.into())).collect())]))
}

/// The text that a value of `str<N>` holds; nothing if it is no UTF-8.
pub fn value_text(value: &Value) -> Option<String> {
    let Value::List(fields) = value else { return None };
    let [Value::List(bytes)] = &fields[..] else { return None };
    let byte = |value: &Value| match value {
        Value::Int(byte) => u8::try_from(byte).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = bytes.iter().map(byte).collect();
    let mut bytes = bytes?;
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    String::from_utf8(bytes).ok()
}

/// Characters of a decimal number, at most, and its exponent.
const DECIMAL_MAX: usize = 3000;

/// A decimal number such as `-12.5` or `1e-3` times 2^`fraction`, rounded to the nearest integer, halves away from 0.
pub fn parse_fixed(text: &str, fraction: u32) -> Option<BigInt> {
    let (sign, magnitude) = text.strip_prefix('-').map_or((Sign::Plus, text), |rest| (Sign::Minus, rest));
    let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
    let (whole, fractional) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fractional}");
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !plain || digits.len() > DECIMAL_MAX || (mantissa.contains('.') && fractional.is_empty()) {
        return None;
    }
    let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    if exponent.unsigned_abs() > DECIMAL_MAX as u64 {
        return None;
    }
    let scale = exponent - fractional.len() as i64;
    let power = BigUint::from(10u32).pow(u32::try_from(scale.unsigned_abs()).ok()?);
    let digits = BigUint::parse_bytes(digits.as_bytes(), 10)? << fraction;
    let rounded = if scale >= 0 { digits * power } else { ((digits << 1u32) + &power) / (power << 1u32) };
    Some(BigInt::from_biguint(sign, rounded))
}

/// `raw` / 2^`fraction` in decimal digits: exact.
pub fn decimal(raw: &BigInt, fraction: u32) -> String {
    let sign = if raw.sign() == Sign::Minus { "-" } else { "" };
    let whole = raw.magnitude() >> fraction;
    let rest = raw.magnitude() - (&whole << fraction);
    // rest / 2^F = rest · 5^F / 10^F.
    let digits = (rest * BigUint::from(5u32).pow(fraction)).to_string();
    let digits = format!("{digits:0>width$}", width = fraction as usize);
    match digits.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        digits => format!("{sign}{whole}.{digits}"),
    }
}
