//! Values as their author would write them, and where two of them differ.

use hushgate_circuits::shape::Value;
use num_bigint::{BigInt, BigUint, Sign};

use crate::hir::{Program, Struct, Ty};

/// The value in Hush: `Point { x: 3, y: 4 }`, `Some(3)`, `"EUR"`, `1.25`.
#[must_use]
pub fn show(program: &Program, ty: &Ty, value: &Value) -> String {
    match (value, ty) {
        (Value::Bool(bit), _) => bit.to_string(),
        (Value::Int(int), _) => int.to_string(),
        (Value::List(items), Ty::Array(element, _)) => {
            format!("[{}]", joined(items.iter().map(|item| show(program, element, item))))
        }
        (Value::List(items), Ty::Tuple(tys)) => {
            let comma = if items.len() == 1 { "," } else { "" };
            format!("({}{comma})", joined(items.iter().zip(tys.iter()).map(|(item, ty)| show(program, ty, item))))
        }
        (Value::List(items), Ty::Struct(id)) => show_struct(program, &program.structs[id.0 as usize], items),
        (Value::Variant(tag, payload), Ty::Enum(id)) => {
            let own = &program.enums[id.0 as usize];
            let (variant, ty) = &own.variants[*tag as usize];
            let name =
                if own.name.starts_with("Option<") { variant.clone() } else { format!("{}::{variant}", own.name) };
            match (&**payload, ty) {
                (Value::List(items), Ty::Tuple(_)) if items.is_empty() => name,
                (Value::List(_), Ty::Tuple(_)) => {
                    let shown = show(program, ty, payload);
                    format!("{name}{}", shown.replace(",)", ")"))
                }
                _ => show(program, ty, payload),
            }
        }
        (Value::List(items), _) => format!("[{}]", joined(items.iter().map(|item| show(program, ty, item)))),
        (Value::Variant(tag, payload), _) => format!("variant {tag} {}", show(program, ty, payload)),
    }
}

/// The ways to the parts in which two values of a type differ, such as `[3].price`, with both parts; no more than `max` of them.
#[must_use]
pub fn differences(
    program: &Program,
    ty: &Ty,
    left: &Value,
    right: &Value,
    max: usize,
) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    collect(program, ty, left, right, &mut String::new(), max, &mut found);
    found
}

fn collect(
    program: &Program,
    ty: &Ty,
    left: &Value,
    right: &Value,
    path: &mut String,
    max: usize,
    found: &mut Vec<(String, String, String)>,
) {
    if left == right || found.len() >= max {
        return;
    }
    let parts: Option<Vec<(String, Ty)>> = match ty {
        Ty::Array(element, n) => Some((0..*n).map(|i| (format!("[{i}]"), (**element).clone())).collect()),
        Ty::Tuple(tys) => Some(tys.iter().enumerate().map(|(i, ty)| (format!(".{i}"), ty.clone())).collect()),
        Ty::Struct(id) => {
            let own = &program.structs[id.0 as usize];
            let fields = || own.fields.iter().map(|(name, ty)| (format!(".{name}"), ty.clone())).collect();
            (!own.name.starts_with("str<") && fraction(own).is_none()).then(fields)
        }
        _ => None,
    };
    match (parts, left, right) {
        (Some(parts), Value::List(lefts), Value::List(rights)) => {
            for ((step, ty), (left, right)) in parts.into_iter().zip(lefts.iter().zip(rights)) {
                let end = path.len();
                path.push_str(&step);
                collect(program, &ty, left, right, path, max, found);
                path.truncate(end);
            }
        }
        _ => found.push((path.clone(), show(program, ty, left), show(program, ty, right))),
    }
}

fn show_struct(program: &Program, own: &Struct, items: &[Value]) -> String {
    match items {
        [Value::List(bytes)] if own.name.starts_with("str<") => show_text(bytes),
        [Value::Int(raw)] if fraction(own).is_some() => decimal(raw, fraction(own).unwrap_or_default()),
        _ => {
            let named = own.fields.iter().zip(items).map(|((name, ty), item)| (name, show(program, ty, item)));
            if own.fields.first().is_some_and(|(name, _)| name.starts_with(|c: char| c.is_ascii_digit())) {
                return format!("{}({})", own.name, joined(named.map(|(_, item)| item)));
            }
            let name = if own.name.starts_with('{') { String::new() } else { format!("{} ", own.name) };
            let fields = joined(named.map(|(name, item)| format!("{name}: {item}")));
            if fields.is_empty() { name.trim_end().to_owned() } else { format!("{name}{{ {fields} }}") }
        }
    }
}

/// The bytes of a text, without the zeros that fill it up.
fn show_text(bytes: &[Value]) -> String {
    let byte = |value: &Value| match value {
        Value::Int(byte) => u8::try_from(byte).unwrap_or(b'?'),
        _ => b'?',
    };
    let bytes: Vec<u8> = bytes.iter().map(byte).collect();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    format!("{:?}", String::from_utf8_lossy(&bytes[..end]))
}

/// F, if it is `fixed<I, F>`.
fn fraction(own: &Struct) -> Option<u32> {
    let (args, _) = own.name.strip_prefix("fixed<")?.split_once('>')?;
    args.split_once(", ")?.1.parse().ok()
}

fn decimal(raw: &BigInt, fraction: u32) -> String {
    let sign = if raw.sign() == Sign::Minus { "-" } else { "" };
    let whole = raw.magnitude() >> fraction;
    // rest / 2^F = rest · 5^F / 10^F.
    let digits = ((raw.magnitude() - (&whole << fraction)) * BigUint::from(5u32).pow(fraction)).to_string();
    let digits = format!("{digits:0>width$}", width = fraction as usize);
    let digits = digits.trim_end_matches('0');
    format!("{sign}{whole}.{}", if digits.is_empty() { "0" } else { digits })
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
