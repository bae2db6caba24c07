//! JSON to values and back.
//!
//! Structs are objects, tuples and arrays are lists, enums are `"Name"` or `{"Name": payload}`, `Option` is `null` or the
//! payload. Integers are numbers, or decimal or `0x` strings; on output always strings beyond ±2^53, which many JSON
//! readers would round. An array of bytes may also be `"hex:…"`. A key that stands twice in an object is an error.

use std::fmt;

use num_bigint::{BigInt, Sign};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use hushgate_circuits::shape::{Shape, Value};

use super::known::{Known, decimal, known, none, parse_fixed, some, text_value, value_text};
use super::unique::Repeated;
use super::{DataError, Given, Source, expected, fill, numbers};

/// A JSON document in which no object has a key twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in the order of the text.
    Object(Vec<(String, Json)>),
}

/// A place in a value where the data do not fit, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    path: String,
    /// What was found and what was expected.
    pub message: String,
}

impl Misfit {
    pub(super) fn new(message: impl Into<String>) -> Misfit {
        Misfit { path: String::new(), message: message.into() }
    }

    pub(super) fn within(mut self, step: &str) -> Misfit {
        self.path.insert_str(0, step);
        self
    }

    /// The place as seen from the top of the document, where the value stands under `name`.
    pub fn place(&self, name: &str) -> String {
        format!("{name}{}", self.path)
    }
}

/// Reads a JSON document.
pub fn parse_json(source: &Source) -> Result<Json, DataError> {
    if let Source::Member { list, index, n_members } = source {
        return match parse_json(list)? {
            Json::List(mut values) if values.len() == *n_members => Ok(values.swap_remove(*index)),
            found => Err(list.error(
                "",
                format!("found {}; expected a list of {n_members}, the inputs of each member", found.describe()),
            )),
        };
    }
    parse(source, &source.text()?, 0)
}

/// The rows of a table: the elements of a list, or of a file whose name ends in `.jsonl` the lines.
///
/// A row is an object from names to values; where the table has one column, the value itself will do.
pub(super) fn read_rows(table: &Given, name: &str, shape: &Shape) -> Result<Vec<Value>, DataError> {
    let source = &table.source;
    let mut seen = table.unique.seen(name);
    let mut value = |json: Json, row: String, place: &dyn Fn(&str) -> String| {
        let value =
            table.value(name, shape, json).map_err(|misfit| source.error(&place(&misfit.path), misfit.message))?;
        seen.element(shape, &value, row).map_err(|repeated: Repeated<String>| {
            source.error(&place(&repeated.place()), repeated.at(&repeated.earlier))
        })?;
        Ok(value)
    };
    if source.has_extension("jsonl") {
        let text = source.text()?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let row = |(i, line): (usize, &str)| {
            value(parse(source, line, i)?, format!("line {}", i + 1), &|path| match path.trim_start_matches('.') {
                "" => format!("line {}", i + 1),
                path => format!("line {}, {path}", i + 1),
            })
        };
        return lines.map(row).collect();
    }
    let json = parse_json(source)?;
    let found = json.describe();
    let Json::List(rows) = json else {
        return Err(source.error("", format!("found {found}; expected a list with a value for each run")));
    };
    rows.into_iter().enumerate().map(|(i, row)| value(row, format!("[{i}]"), &|path| format!("[{i}]{path}"))).collect()
}

/// Reads a document that begins after so many lines of its source.
fn parse(source: &Source, text: &str, lines_before: usize) -> Result<Json, DataError> {
    serde_json::from_str(text).map_err(|error| {
        let place = match (error.line(), error.column()) {
            (0, _) => String::new(),
            (line, column) => format!("line {}, column {column}", line + lines_before),
        };
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default().to_owned();
        source.error(&place, format!("not valid JSON: {text}"))
    })
}

/// The value of this shape that `json` describes.
pub fn value_from_json(shape: &Shape, json: &Json) -> Result<Value, Misfit> {
    let mismatch = || {
        let hint = match json {
            Json::String(text) if numbers::is_number(shape) => numbers::hint(text),
            Json::Number(number)
                if number.is_f64() && matches!(shape, Shape::Int { .. }) && rounding(json).is_empty() =>
            {
                numbers::hint(&number.to_string())
            }
            json => rounding(json),
        };
        Misfit::new(format!("found {}; expected {}{hint}", json.describe(), expected(shape)))
    };
    match (known(shape), json) {
        (Some(Known::Text(len)), Json::String(text)) => {
            return text_value(text, len).ok_or_else(|| Misfit::new(misfit_text(text, shape)));
        }
        (Some(Known::Fixed(fraction, lo, hi)), Json::Number(_) | Json::String(_)) => {
            let raw = fixed(json, fraction).ok_or_else(mismatch)?;
            return if raw < *lo || raw > *hi { Err(mismatch()) } else { Ok(Value::List(vec![Value::Int(raw)])) };
        }
        (Some(Known::Text(_) | Known::Fixed(..)), _) => return Err(mismatch()),
        (Some(Known::Optional(some)), json) => return option(some, json),
        (None, _) => {}
    }
    match (shape, json) {
        (Shape::Bool, Json::Bool(bit)) => Ok(Value::Bool(*bit)),
        (Shape::Int { lo, hi, .. }, Json::Number(_) | Json::String(_)) => {
            let int = integer(json).ok_or_else(mismatch)?;
            if int < *lo || int > *hi { Err(mismatch()) } else { Ok(Value::Int(int)) }
        }
        (Shape::Array { element, len }, Json::List(items)) => {
            let each = |(i, json)| value_from_json(element, json).map_err(|e: Misfit| e.within(&format!("[{i}]")));
            if items.len() as u64 > *len {
                return Err(Misfit::new(format!("found {} values; expected {len}", items.len())));
            }
            let values = items.iter().enumerate().map(each).collect::<Result<_, _>>()?;
            fill(values, "values", element, *len).map(Value::List).map_err(Misfit::new)
        }
        (Shape::Array { element, len }, Json::String(text)) if is_byte(element) => bytes(text, *len),
        (Shape::Tuple(shapes), Json::List(items)) if items.len() == shapes.len() => elements(items, |i| &shapes[i]),
        (Shape::Struct { fields, .. }, Json::Object(entries)) => record(shape, fields, entries),
        (Shape::Enum { variants, .. }, Json::String(name)) => {
            let tag = tag_of(variants, name).ok_or_else(mismatch)?;
            if variants[tag].1 != Shape::Tuple(Vec::new()) {
                let value = payload_expected(&variants[tag].1);
                return Err(Misfit::new(format!("found {name:?} alone; expected {{{name:?}: …}} with {value}")));
            }
            Ok(Value::Variant(tag as u32, Box::new(Value::List(Vec::new()))))
        }
        (Shape::Enum { variants, .. }, Json::Object(entries)) if entries.len() == 1 => {
            let (name, json) = &entries[0];
            let tag = tag_of(variants, name).ok_or_else(mismatch)?;
            if variants[tag].1 == Shape::Tuple(Vec::new()) {
                return Err(Misfit::new(format!("found a value for {name:?}; expected {name:?} alone")));
            }
            let payload = payload_from_json(&variants[tag].1, json).map_err(|e| e.within(&format!(".{name}")))?;
            Ok(Value::Variant(tag as u32, Box::new(payload)))
        }
        _ => Err(mismatch()),
    }
}

/// The JSON form of a value of this shape.
///
/// # Panics
/// If the value is not of this shape.
pub fn value_to_json(shape: &Shape, value: &Value) -> serde_json::Value {
    use serde_json::Value as Out;
    match (known(shape), value) {
        (Some(Known::Text(_)), value) if value_text(value).is_some() => return value_text(value).into(),
        (Some(Known::Fixed(fraction, ..)), Value::List(fields)) => {
            if let [Value::Int(raw)] = &fields[..] {
                return decimal_to_json(&decimal(raw, fraction));
            }
        }
        (Some(Known::Optional(some)), Value::Variant(tag, inner)) => {
            return match (&**inner, tag) {
                (Value::List(values), 1) if values.len() == 1 => value_to_json(some, &values[0]),
                _ => Out::Null,
            };
        }
        _ => {}
    }
    match (shape, value) {
        (Shape::Bool, Value::Bool(bit)) => Out::Bool(*bit),
        (Shape::Int { .. }, Value::Int(int)) => integer_to_json(int),
        (Shape::Array { element, .. }, Value::List(values)) => {
            values.iter().map(|value| value_to_json(element, value)).collect()
        }
        (Shape::Tuple(shapes), Value::List(values)) => {
            shapes.iter().zip(values).map(|(shape, value)| value_to_json(shape, value)).collect()
        }
        (Shape::Struct { fields, .. }, Value::List(values)) => Out::Object(
            fields
                .iter()
                .zip(values)
                .map(|((name, shape), value)| (name.clone(), value_to_json(shape, value)))
                .collect(),
        ),
        (Shape::Enum { variants, .. }, Value::Variant(tag, inner)) => variant_to_json(variants, *tag, inner),
        _ => panic!("a decoded value has the shape it was decoded by"),
    }
}

fn variant_to_json(variants: &[(String, Shape)], tag: u32, inner: &Value) -> serde_json::Value {
    use serde_json::Value as Out;
    let (variant, shape) = &variants[tag as usize];
    let parts = payload(shape);
    let inner_json = match (parts, inner) {
        ([_], Value::List(values)) if values.len() == 1 => value_to_json(&parts[0], &values[0]),
        _ => value_to_json(shape, inner),
    };
    match () {
        () if matches!(shape, Shape::Tuple(items) if items.is_empty()) => Out::String(variant.clone()),
        () => Out::Object([(variant.clone(), inner_json)].into_iter().collect()),
    }
}

fn elements<'a>(items: &[Json], shape: impl Fn(usize) -> &'a Shape) -> Result<Value, Misfit> {
    let values = items
        .iter()
        .enumerate()
        .map(|(i, json)| value_from_json(shape(i), json).map_err(|error| error.within(&format!("[{i}]"))));
    Ok(Value::List(values.collect::<Result<_, _>>()?))
}

fn record(shape: &Shape, fields: &[(String, Shape)], entries: &[(String, Json)]) -> Result<Value, Misfit> {
    if let Some((name, _)) = entries.iter().find(|(name, _)| fields.iter().all(|(field, _)| field != name)) {
        return Err(Misfit::new(format!("found a field `{name}`; expected {}", expected(shape))));
    }
    let values = fields.iter().map(|(name, shape)| {
        let (_, json) = entries
            .iter()
            .find(|(entry, _)| entry == name)
            .ok_or_else(|| Misfit::new(format!("the field `{name}` is missing; expected {}", expected(shape))))?;
        value_from_json(shape, json).map_err(|error| error.within(&format!(".{name}")))
    });
    Ok(Value::List(values.collect::<Result<_, _>>()?))
}

/// `null` or the payload of `Some`.
fn option(inner: &Shape, json: &Json) -> Result<Value, Misfit> {
    match json {
        Json::Null => Ok(none()),
        json => {
            let or_null = |misfit: Misfit| match misfit.path.as_str() {
                "" => Misfit::new(format!("{}, or null", misfit.message)),
                _ => misfit,
            };
            value_from_json(inner, json).map(some).map_err(or_null)
        }
    }
}

/// A payload of one part is written without the list around it.
fn payload_from_json(shape: &Shape, json: &Json) -> Result<Value, Misfit> {
    match payload(shape) {
        [part] => Ok(Value::List(vec![value_from_json(part, json)?])),
        _ => value_from_json(shape, json),
    }
}

/// The parts of a variant's payload: those of a tuple, and none of their own for a struct.
fn payload(shape: &Shape) -> &[Shape] {
    match shape {
        Shape::Tuple(parts) => parts,
        _ => &[],
    }
}

fn tag_of(variants: &[(String, Shape)], name: &str) -> Option<usize> {
    variants.iter().position(|(variant, _)| variant == name)
}

fn is_byte(shape: &Shape) -> bool {
    matches!(shape, Shape::Int { lo, hi, .. } if *lo == BigInt::ZERO && *hi == BigInt::from(255))
}

/// `"hex:…"`, two digits a byte.
fn bytes(text: &str, len: u64) -> Result<Value, Misfit> {
    let form =
        || Misfit::new(format!("found a string; expected a list of {len} bytes or \"hex:\" and {} digits", 2 * len));
    let digits = text.strip_prefix("hex:").ok_or_else(form)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Misfit::new(
            "found a character that is not a hex digit; expected pairs of 0-9, a-f after \"hex:\"",
        ));
    }
    if digits.len() as u64 != 2 * len {
        return Err(Misfit::new(format!("found {} hex digits; expected {}", digits.len(), 2 * len)));
    }
    let byte = |i: usize| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("checked to be hex digits");
    Ok(Value::List((0..len as usize).map(|i| Value::Int(byte(i).into())).collect()))
}

/// A whole number from a number or a string.
fn integer(json: &Json) -> Option<BigInt> {
    match json {
        Json::Number(number) => number.as_i64().map(BigInt::from).or_else(|| number.as_u64().map(BigInt::from)),
        Json::String(text) => parse_integer(text),
        _ => None,
    }
}

/// What a variant's value must be.
fn payload_expected(shape: &Shape) -> String {
    match payload(shape) {
        [part] => expected(part),
        _ => expected(shape),
    }
}

/// A number from a number or a string, times 2^`fraction`.
///
/// A JSON number has been read as a double, which keeps 15 digits: those of numbers with more are no longer known.
fn fixed(json: &Json, fraction: u32) -> Option<BigInt> {
    match json {
        Json::Number(number) => {
            let text = number.to_string();
            let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
            let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            let kept = !number.is_f64() || digits.trim_matches('0').len() <= DOUBLE_DIGITS;
            parse_fixed(&text, fraction).filter(|_| kept)
        }
        Json::String(text) => parse_fixed(text, fraction),
        _ => None,
    }
}

/// Decimal digits that every double keeps.
const DOUBLE_DIGITS: usize = 15;

/// A number where JSON readers do not round it, else a string.
fn decimal_to_json(text: &str) -> serde_json::Value {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) if digits <= DOUBLE_DIGITS => number.into(),
        _ => text.into(),
    }
}

fn misfit_text(text: &str, shape: &Shape) -> String {
    let found = if text.contains('\0') {
        "a text with a zero character".to_owned()
    } else {
        format!("a text of {} bytes", text.len())
    };
    format!("found {found}; expected {}", expected(shape))
}

/// A hint for numbers that JSON readers round.
fn rounding(json: &Json) -> &'static str {
    match json {
        Json::Number(number)
            if number.as_f64().is_some_and(|n| n.abs() >= 9e15)
                || number.is_f64() && number.to_string().len() > DOUBLE_DIGITS + 1 =>
        {
            "; write numbers of this size as strings, so that nothing rounds them"
        }
        _ => "",
    }
}

/// Digits, at most, of an integer in data: those of the widest type there is, 4096 bits.
const DIGITS_MAX: usize = 1300;

/// A decimal or `0x` number, with or without a minus sign.
pub(super) fn parse_integer(text: &str) -> Option<BigInt> {
    let (sign, magnitude) = text.strip_prefix('-').map_or((Sign::Plus, text), |rest| (Sign::Minus, rest));
    let (digits, radix) = magnitude.strip_prefix("0x").map_or((magnitude, 10), |rest| (rest, 16));
    let plain = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.chars().all(|c| c.is_digit(radix));
    let magnitude = plain.then(|| BigInt::parse_bytes(digits.as_bytes(), radix)).flatten()?;
    Some(if sign == Sign::Minus { -magnitude } else { magnitude })
}

fn integer_to_json(int: &BigInt) -> serde_json::Value {
    const EXACT_IN_DOUBLES: i64 = 1 << 53;
    match i64::try_from(int) {
        Ok(small) if (-EXACT_IN_DOUBLES..=EXACT_IN_DOUBLES).contains(&small) => small.into(),
        _ => int.to_string().into(),
    }
}

impl Json {
    /// What stands there, in few words.
    pub fn describe(&self) -> String {
        match self {
            Json::Null => "null".to_owned(),
            Json::Bool(bit) => bit.to_string(),
            Json::Number(number) => number.to_string(),
            Json::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
            Json::String(text) => format!("a string of {} characters", text.chars().count()),
            Json::List(items) => format!("a list of {}", items.len()),
            Json::Object(_) => "an object".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, bit: bool) -> Result<Json, E> {
        Ok(Json::Bool(bit))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Number::from_f64(number).map(Json::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some((key, value)) = entries.next_entry::<String, Json>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice in one object")));
            }
            object.push((key, value));
        }
        Ok(Json::Object(object))
    }
}
