//! CSV files: the rows of an array of structs or of scalars, or one row for each run.
//!
//! The first row names the columns: the fields of the struct, in any order, or for an array of scalars a single column of any
//! name. Every row after it is one element.

use hushgate_circuits::shape::{Shape, Value};

use super::json::{Json, parse_integer, value_from_json};
use super::known::{Known, known};
use super::{DataError, Source, expected, list};

/// Reads the value of an array from CSV text.
pub(super) fn read(source: &Source, text: &str, shape: &Shape) -> Result<Value, DataError> {
    let Shape::Array { element, len } = shape else {
        return Err(source.error("", format!("a CSV file holds the rows of an array; expected {}", expected(shape))));
    };
    let rows = read_rows(source, text, element, Some(*len))?;
    if (rows.len() as u64) < *len {
        return Err(source.error("", format!("found {} rows; expected {len}", rows.len())));
    }
    Ok(Value::List(rows))
}

/// Reads a value of this shape from each row; `max` is how many an array has room for.
pub(super) fn read_rows(source: &Source, text: &str, shape: &Shape, max: Option<u64>) -> Result<Vec<Value>, DataError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(source, &error))?.clone();
    let columns = columns(source, &header, shape)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(source, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if let Some(len) = max.filter(|len| rows.len() as u64 == *len) {
            return Err(source.error(&format!("line {line}"), format!("found more rows than the {len} of the array")));
        }
        rows.push(row(source, line, &record, shape, &columns)?);
    }
    Ok(rows)
}

/// For each field of the element (one for a scalar), its column and its name there.
fn columns(source: &Source, header: &csv::StringRecord, element: &Shape) -> Result<Vec<(usize, String)>, DataError> {
    let Shape::Struct { fields, .. } = element else {
        return match header.len() {
            1 => Ok(vec![(0, header[0].to_owned())]),
            n => Err(source.error("line 1", format!("found {n} columns; expected one, since the values are plain"))),
        };
    };
    let names = || list(fields.iter().map(|(name, _)| name.as_str()));
    for (i, name) in header.iter().enumerate() {
        if fields.iter().all(|(field, _)| field != name) {
            return Err(source.error("line 1", format!("found a column {name:?}; expected {}", names())));
        }
        if header.iter().take(i).any(|earlier| earlier == name) {
            return Err(source.error("line 1", format!("found the column {name:?} twice")));
        }
    }
    let column = |field: &str| header.iter().position(|name| name == field);
    fields
        .iter()
        .map(|(field, _)| {
            let missing = || source.error("line 1", format!("the column {field:?} is missing; expected {}", names()));
            column(field).map(|i| (i, field.clone())).ok_or_else(missing)
        })
        .collect()
}

fn row(
    source: &Source,
    line: u64,
    record: &csv::StringRecord,
    element: &Shape,
    columns: &[(usize, String)],
) -> Result<Value, DataError> {
    let cell = |(column, name): &(usize, String), shape: &Shape| {
        scalar(&record[*column], shape)
            .map_err(|message| source.error(&format!("line {line}, column {name:?}"), message))
    };
    match element {
        Shape::Struct { fields, .. } => {
            let values = fields.iter().zip(columns).map(|((_, shape), column)| cell(column, shape));
            Ok(Value::List(values.collect::<Result<_, _>>()?))
        }
        scalar => cell(&columns[0], scalar),
    }
}

fn scalar(text: &str, shape: &Shape) -> Result<Value, String> {
    if let Some(Known::Optional(some)) = known(shape) {
        return optional(text, some);
    }
    let json = match (shape, text) {
        (Shape::Array { .. } | Shape::Tuple(_) | Shape::Enum { .. }, text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).map_err(|error| format!("found {text:?}, which is not valid JSON: {error}"))?
        }
        (Shape::Bool, "true" | "1") => Json::Bool(true),
        (Shape::Bool, "false" | "0") => Json::Bool(false),
        (Shape::Int { .. }, "") => return Err(format!("found an empty cell; expected {}", expected(shape))),
        (Shape::Int { .. }, text) if parse_integer(text).is_none() => {
            return Err(format!("found {text:?}; expected {}{}", expected(shape), separator_hint(text)));
        }
        _ => Json::String(text.to_owned()),
    };
    value_from_json(shape, &json).map_err(|misfit| misfit.message)
}

/// An empty cell, or the value.
fn optional(text: &str, some: &Shape) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Variant(0, Box::new(Value::List(Vec::new()))));
    }
    let value = scalar(text, some).map_err(|message| format!("{message}, or an empty cell"))?;
    Ok(Value::Variant(1, Box::new(Value::List(vec![value]))))
}

/// A hint for numbers written as spreadsheets show them.
fn separator_hint(text: &str) -> &'static str {
    let digits_and = |marks: &str| text.chars().all(|c| c.is_ascii_digit() || c == '-' || marks.contains(c));
    if digits_and(",. '\u{a0}_") && text.chars().any(|c| c.is_ascii_digit()) {
        ", without thousands separators or decimals"
    } else {
        ""
    }
}

fn broken(source: &Source, error: &csv::Error) -> DataError {
    let place = error.position().map_or(String::new(), |position| format!("line {}", position.line()));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("found {len} cells; expected {expected_len}, as many as in the first row")
        }
        _ => format!("not valid CSV: {error}"),
    };
    source.error(&place, message)
}
