//! CSV files: the rows of an array, or one row for each run.
//!
//! The first row names the columns: the fields of the struct, in any order, or where a row is a plain value a single column of any
//! name. Every row after it is one element. Elements that are `Option` may be missing: a row of a struct whose cells are all empty and an
//! empty line are `None`, and so are the elements after the last row.

use hushgate_circuits::shape::{Shape, Value};

use super::json::{Json, Misfit, parse_integer, value_from_json};
use super::known::{Known, known, none, some};
use super::{DataError, Given, Source, expected, fill, list, numbers};

/// Reads the value of an array from CSV text.
pub(super) fn read(data: &Given, text: &str, name: &str, shape: &Shape) -> Result<Value, DataError> {
    let source = &data.source;
    let Shape::Array { element, len } = shape else {
        return Err(source.error(
            "",
            format!(
                "a CSV file holds the rows of an array, or with `hushgate join` a run in each row; expected {}",
                expected(shape)
            ),
        ));
    };
    let rows = read_rows(data, text, (name, element), Some(*len))?;
    fill(rows, "rows", element, *len).map(Value::List).map_err(|message| source.error("", message))
}

/// Reads a value of this shape from each row; `name` is what a plain one is called, `max` is how many an array has room for.
pub(super) fn read_rows(
    data: &Given,
    text: &str,
    (name, shape): (&str, &Shape),
    max: Option<u64>,
) -> Result<Vec<Value>, DataError> {
    let source = &data.source;
    let mut lines = Lines { text, byte: 0, line: 1 };
    let delimiter = data.numbers.delimiter(text.lines().next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(source, &error, &mut lines))?.clone();
    let columns = columns(source, &header, shape)?;
    let (mut rows, mut seen) = (Vec::new(), data.unique.seen(name));
    for record in reader.records() {
        let record = record.map_err(|error| broken(source, &error, &mut lines))?;
        let (n_empty, line) = record.position().map_or((0, 0), |position| lines.record_at(position));
        if matches!(known(shape), Some(Known::Optional(_))) {
            rows.extend(std::iter::repeat_n(none(), n_empty));
        }
        if let Some(len) = max.filter(|len| rows.len() as u64 >= *len) {
            return Err(source.error(&format!("line {line}"), format!("found more rows than the {len} of the array")));
        }
        let value = row(data, line, &record, (name, shape), &columns)?;
        seen.element(shape, &value, line).map_err(|repeated| {
            let column = repeated.field.as_deref().unwrap_or(&columns[0].1);
            let place = format!("line {line}, column {column:?}");
            source.error(&place, repeated.at(&format_args!("line {}", repeated.earlier)))
        })?;
        let within = |misfit: Misfit| source.error(&format!("line {line}, {}", misfit.place(name)), misfit.message);
        data.unique.check(name, shape, &value).map_err(within)?;
        rows.push(value);
    }
    Ok(rows)
}

/// Counts lines up to a place in the text: those that end in `\n`, `\r\n` or a lone `\r`.
struct Lines<'t> {
    text: &'t str,
    /// How far they are counted, and the number of the line that begins there.
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// How many empty lines stand before a record, and the number of the line that it begins in.
    ///
    /// The reader places a record where the one before ended: within `\r\n`, or before lines that are empty.
    fn record_at(&mut self, position: &csv::Position) -> (usize, u64) {
        let bytes = self.text.as_bytes();
        let is_end = |at: usize| matches!(bytes.get(at), Some(b'\r' | b'\n'));
        let start = usize::try_from(position.byte()).map_or(bytes.len(), |at| at.min(bytes.len()));
        let within = start > 0 && bytes[start - 1] == b'\r' && bytes.get(start) == Some(&b'\n');
        let start = start + usize::from(within);
        self.count_to(start);
        let first = self.line;
        let record = (start..).find(|at| !is_end(*at)).unwrap_or(start);
        self.count_to(record);
        ((self.line - first) as usize, self.line)
    }

    fn count_to(&mut self, end: usize) {
        let bytes = self.text.as_bytes();
        for at in self.byte..end {
            let ends = bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
            self.line += u64::from(ends);
        }
        self.byte = self.byte.max(end);
    }
}

/// The fields that are columns, where a row is a struct; texts and fixed-point numbers are plain values.
fn fields(element: &Shape) -> Option<&[(String, Shape)]> {
    match (known(element), element) {
        (Some(Known::Optional(inner)), _) => fields(inner),
        (None, Shape::Struct { fields, .. }) => Some(fields),
        _ => None,
    }
}

/// For each field of the element (one for a plain value), its column and its name there.
fn columns(source: &Source, header: &csv::StringRecord, element: &Shape) -> Result<Vec<(usize, String)>, DataError> {
    let Some(fields) = fields(element) else {
        return match header.len() {
            1 => Ok(vec![(0, header[0].to_owned())]),
            n => Err(source
                .error("line 1", format!("found {n} columns; expected one, since each row is {}", element.describe()))),
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
    data: &Given,
    line: u64,
    record: &csv::StringRecord,
    (name, element): (&str, &Shape),
    columns: &[(usize, String)],
) -> Result<Value, DataError> {
    let cell = |(column, header): &(usize, String), name: &str, shape: &Shape| {
        let plain = data.numbers.plain(name, shape, &record[*column]);
        plain
            .and_then(|text| scalar(&text, shape))
            .map_err(|message| data.source.error(&format!("line {line}, column {header:?}"), message))
    };
    match (known(element), fields(element)) {
        (Some(Known::Optional(_)), Some(_)) if record.iter().all(str::is_empty) => Ok(none()),
        (Some(Known::Optional(inner)), Some(_)) => row(data, line, record, (name, inner), columns).map(some),
        (_, Some(fields)) => {
            let values = fields.iter().zip(columns).map(|((field, shape), column)| cell(column, field, shape));
            Ok(Value::List(values.collect::<Result<_, _>>()?))
        }
        (_, None) => cell(&columns[0], name, element),
    }
}

fn scalar(text: &str, shape: &Shape) -> Result<Value, String> {
    if let Some(Known::Optional(inner)) = known(shape) {
        return optional(text, inner);
    }
    let json = match (shape, text) {
        (Shape::Array { .. } | Shape::Tuple(_) | Shape::Enum { .. }, text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).map_err(|error| format!("found {text:?}, which is not valid JSON: {error}"))?
        }
        (Shape::Bool, "true" | "1") => Json::Bool(true),
        (Shape::Bool, "false" | "0") => Json::Bool(false),
        (Shape::Int { .. }, "") => return Err(format!("found an empty cell; expected {}", expected(shape))),
        (Shape::Int { .. }, text) if parse_integer(text).is_none() => {
            return Err(format!("found {text:?}; expected {}{}", expected(shape), numbers::hint(text)));
        }
        _ => Json::String(text.to_owned()),
    };
    value_from_json(shape, &json).map_err(|misfit| misfit.message)
}

/// An empty cell, or the value.
fn optional(text: &str, inner: &Shape) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(none());
    }
    scalar(text, inner).map(some).map_err(|message| format!("{message}, or an empty cell"))
}

fn broken(source: &Source, error: &csv::Error, lines: &mut Lines<'_>) -> DataError {
    let place = error.position().map_or(String::new(), |position| format!("line {}", lines.record_at(position).1));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let commas = match *expected_len == 1 {
                true => "; where numbers have a decimal comma, say so: --numbers 1.234,56",
                false => "",
            };
            format!("found {len} cells; expected {expected_len}, as many as in the first row{commas}")
        }
        _ => format!("not valid CSV: {error}"),
    };
    source.error(&place, message)
}
