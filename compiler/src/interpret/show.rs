//! Values as the author of a program would write them, and where two of them differ.

use hushgate_circuits::shape::Value;

use crate::hir::{Program, Ty};

/// A place in which two values differ, and what stands there on each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The way to it: `[3].total`; empty at the top.
    pub path: String,
    /// What stands there on the left.
    pub left: String,
    /// What stands there on the right.
    pub right: String,
}

/// A value in the language's own notation: `Quarter { cases: 3, open: true }`, `Some(4)`, `[1, 2]`, `"text"`.
#[must_use]
pub fn show(program: &Program, ty: &Ty, value: &Value) -> String {
    let mut text = String::new();
    write(program, ty, value, &mut text);
    text
}

/// The parts in which two values of one type differ, in order; of variants that differ, the whole.
#[must_use]
pub fn differences(program: &Program, ty: &Ty, left: &Value, right: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(program, ty, [left, right], String::new(), &mut found);
    found
}

fn write(program: &Program, ty: &Ty, value: &Value, out: &mut String) {
    match (value, ty) {
        (Value::Bool(bit), _) => out.push_str(&bit.to_string()),
        (Value::Int(int), _) => out.push_str(&int.to_string()),
        (Value::List(items), Ty::Array(element, _)) => {
            write_all(program, items.iter().map(|item| (&**element, item)), ["[", "]"], out);
        }
        (Value::List(items), Ty::Tuple(tys)) => {
            let end = if items.len() == 1 { ",)" } else { ")" };
            write_all(program, tys.iter().zip(items), ["(", end], out);
        }
        (Value::List(items), Ty::Struct(id)) => {
            let ty = &program.structs[id.0 as usize];
            match scalar(&ty.name, items) {
                Some(text) => out.push_str(&text),
                None => write_fields(program, &ty.name, &ty.fields, items, out),
            }
        }
        (Value::Variant(tag, payload), Ty::Enum(id)) => {
            let ty = &program.enums[id.0 as usize];
            let (variant, fields) = &ty.variants[*tag as usize];
            let name = if ty.name.starts_with("Option<") { variant.clone() } else { format!("{}::{variant}", ty.name) };
            match (fields, &**payload) {
                (Ty::Tuple(tys), Value::List(items)) if !items.is_empty() => {
                    out.push_str(&name);
                    write_all(program, tys.iter().zip(items), ["(", ")"], out);
                }
                (Ty::Struct(id), Value::List(items)) => {
                    write_fields(program, &name, &program.structs[id.0 as usize].fields, items, out);
                }
                _ => out.push_str(&name),
            }
        }
        _ => out.push('?'),
    }
}

fn write_all<'v>(
    program: &Program,
    items: impl Iterator<Item = (&'v Ty, &'v Value)>,
    [open, close]: [&str; 2],
    out: &mut String,
) {
    out.push_str(open);
    for (i, (ty, item)) in items.enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        write(program, ty, item, out);
    }
    out.push_str(close);
}

fn write_fields(program: &Program, name: &str, fields: &[(String, Ty)], items: &[Value], out: &mut String) {
    let name = if name.starts_with('{') { "" } else { name };
    out.push_str(name);
    if fields.is_empty() {
        return;
    }
    if fields[0].0.starts_with(|c: char| c.is_ascii_digit()) {
        return write_all(program, fields.iter().map(|(_, ty)| ty).zip(items), ["(", ")"], out);
    }
    out.push_str(if name.is_empty() { "{ " } else { " { " });
    for (i, ((field, ty), item)) in fields.iter().zip(items).enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        out.push_str(field);
        out.push_str(": ");
        write(program, ty, item, out);
    }
    out.push_str(" }");
}

/// The text of a `str<N>`, the number of a `fixed<I, F>`; nothing for other structs.
fn scalar(name: &str, fields: &[Value]) -> Option<String> {
    match (name.split_once('<')?, fields) {
        (("str", _), [Value::List(bytes)]) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(byte).collect();
            let text = String::from_utf8(bytes?).ok()?;
            Some(format!("{:?}", text.trim_end_matches('\0')))
        }
        (("fixed", rest), [Value::Int(raw)]) => {
            let fraction: u32 = rest.split_once(", ")?.1.split('>').next()?.parse().ok()?;
            Some(crate::check::decimal(raw, fraction))
        }
        _ => None,
    }
}

fn byte(value: &Value) -> Option<u8> {
    match value {
        Value::Int(int) => u8::try_from(int).ok(),
        _ => None,
    }
}

fn compare(program: &Program, ty: &Ty, [left, right]: [&Value; 2], path: String, found: &mut Vec<Difference>) {
    if left == right {
        return;
    }
    match (left, right, ty) {
        (Value::List(a), Value::List(b), _) if a.len() == b.len() && !is_scalar(program, ty) => {
            for (i, sides) in a.iter().zip(b).enumerate() {
                let (step, ty) = part(program, ty, i);
                compare(program, &ty, [sides.0, sides.1], format!("{path}{step}"), found);
            }
        }
        (Value::Variant(tag, a), Value::Variant(other, b), Ty::Enum(id)) if tag == other => {
            let (name, ty) = &program.enums[id.0 as usize].variants[*tag as usize];
            compare(program, ty, [a, b], format!("{path}.{name}"), found);
        }
        _ => found.push(Difference { path, left: show(program, ty, left), right: show(program, ty, right) }),
    }
}

/// Whether a struct is shown as one value.
fn is_scalar(program: &Program, ty: &Ty) -> bool {
    let Ty::Struct(id) = ty else { return false };
    let name = &program.structs[id.0 as usize].name;
    name.starts_with("str<") || name.starts_with("fixed<")
}

/// How element or field `i` is written, and its type.
fn part(program: &Program, ty: &Ty, i: usize) -> (String, Ty) {
    match ty {
        Ty::Array(element, _) => (format!("[{i}]"), (**element).clone()),
        Ty::Tuple(items) => (format!(".{i}"), items[i].clone()),
        Ty::Struct(id) => {
            let (name, ty) = &program.structs[id.0 as usize].fields[i];
            (format!(".{name}"), ty.clone())
        }
        _ => (format!("[{i}]"), Ty::Exact),
    }
}
