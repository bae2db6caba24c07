//! People's data: JSON and CSV to values and back, by the shapes of a program's inputs and outputs.
//!
//! Every error names the file, the place in it, what stands there and what was expected. Nothing is sent before all
//! of a party's data have passed through here.

mod csv;
mod json;
mod known;
mod numbers;
mod unique;

use json::Misfit;
pub use json::{Json, parse_json, value_from_json, value_to_json};
pub use known::{Known, known};
pub use numbers::Numbers;
pub use unique::Unique;

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::{Shape, Value};

/// Where some data come from, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// JSON on the command line.
    Inline {
        /// The option it was given to, for messages.
        option: String,
        /// The text.
        json: String,
    },
    /// The data of one member in those of a family of parties: an element of a list in JSON.
    Member {
        /// The list, which has a value for each member.
        list: Box<Source>,
        /// Which member, and how many there are.
        index: usize,
        n_members: usize,
    },
}

/// Data that do not fit the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError {
    /// The file or option.
    pub source: String,
    /// The place in it: `line 3, column 7`, `quarters[3].total`, `row 5, column "total"`; empty for all of it.
    pub place: String,
    /// What is wrong there: what was found and what was expected.
    pub message: String,
}

/// One party's data, or a part of it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The parameter they are for; `None` for all parameters of the party.
    pub parameter: Option<String>,
    /// Where they are.
    pub source: Source,
    /// How numbers are written there.
    pub numbers: Rc<Numbers>,
    /// What stands there once only.
    pub unique: Rc<Unique>,
}

/// The values of `ports` (all inputs of one party), in order, from the data that the user gave for this party.
pub fn bind(party: &str, ports: &[&InputPort], given: &[Given]) -> Result<Vec<Value>, DataError> {
    let mut values: Vec<Option<Value>> = vec![None; ports.len()];
    for data in given {
        let bound = match &data.parameter {
            Some(name) => bind_one(party, ports, name, data)?,
            None => bind_all(party, ports, data)?,
        };
        for (index, value) in bound {
            if values[index].replace(value).is_some() {
                return Err(data.source.error("", format!("{party}'s input `{}` is given twice", ports[index].name)));
            }
        }
    }
    values.into_iter().zip(ports).map(|(value, port)| value.ok_or_else(|| missing(party, port, given))).collect()
}

/// The values of `ports` for each run: a row each of a CSV file, where the user gave one for something that is no array; else once.
pub fn bind_runs(party: &str, ports: &[&InputPort], given: &[Given]) -> Result<Vec<Vec<Value>>, DataError> {
    let of_runs =
        |data: &&Given| data.source.is_csv() && ports_of(ports, data).iter().all(|port| !is_array(&port.shape));
    let mut tables = given.iter().filter(of_runs);
    let Some(table) = tables.next().filter(|data| !ports_of(ports, data).is_empty()) else {
        return Ok(vec![bind(party, ports, given)?]);
    };
    match tables.next() {
        Some(other) => Err(other.source.error("", format!("a row for each run already comes from {}", table.source))),
        None => rows_of(party, ports, given, table),
    }
}

/// The values of `ports` in each row of the first file that the user gave, which is a table: CSV, a list in JSON, or lines of JSON.
pub fn bind_table(party: &str, ports: &[&InputPort], given: &[Given]) -> Result<Vec<Vec<Value>>, DataError> {
    let Some(table) = given.first() else { return Ok(vec![bind(party, ports, given)?]) };
    let rows = rows_of(party, ports, given, table)?;
    match rows.is_empty() {
        true => Err(table.source.error("", "found no rows; expected one for each run")),
        false => Ok(rows),
    }
}

/// The values of all ports in each row of `table`; what is not in the table is the same in all rows.
fn rows_of(party: &str, ports: &[&InputPort], given: &[Given], table: &Given) -> Result<Vec<Vec<Value>>, DataError> {
    let others: Vec<Given> = given.iter().filter(|data| !std::ptr::eq(*data, table)).cloned().collect();
    let is_other = |port: &InputPort| others.iter().any(|data| data.parameter.as_ref() == Some(&port.name));
    let varying: Vec<&InputPort> = ports_of(ports, table).into_iter().filter(|port| !is_other(port)).collect();
    let is_varying = |port: &&InputPort| varying.iter().any(|other| other.name == port.name);
    let fixed: Vec<&InputPort> = ports.iter().copied().filter(|port| !is_varying(port)).collect();
    let fixed_values = bind(party, &fixed, &others)?;
    let shape = row_shape(party, &varying);
    let name = if let [port] = varying[..] { port.name.as_str() } else { "" };
    let rows = match table.source.is_csv() {
        true => csv::read_rows(table, &table.source.text()?, (name, &shape), None)?,
        false => json::read_rows(table, name, &shape)?,
    };
    let merge = |row: Value| {
        let row = if varying.len() == 1 { vec![row] } else { fields_of(row) };
        let (mut row, mut fixed) = (row.into_iter(), fixed_values.iter().cloned());
        let next = |port: &&InputPort| if is_varying(port) { row.next() } else { fixed.next() };
        ports.iter().map(next).collect::<Option<Vec<Value>>>().expect("each port is of one kind")
    };
    Ok(rows.into_iter().map(merge).collect())
}

/// The ports that some data are for.
fn ports_of<'a>(ports: &[&'a InputPort], data: &Given) -> Vec<&'a InputPort> {
    let is_meant = |port: &&InputPort| data.parameter.as_ref().is_none_or(|name| *name == port.name);
    ports.iter().copied().filter(is_meant).collect()
}

/// What a row holds: the one port's value, or a column for each port.
fn row_shape(party: &str, ports: &[&InputPort]) -> Shape {
    match ports {
        [port] => port.shape.clone(),
        _ => Shape::Struct {
            name: format!("{party}'s inputs"),
            fields: ports.iter().map(|port| (port.name.clone(), port.shape.clone())).collect(),
        },
    }
}

fn fields_of(value: Value) -> Vec<Value> {
    match value {
        Value::List(values) => values,
        other => vec![other],
    }
}

const fn is_array(shape: &Shape) -> bool {
    matches!(shape, Shape::Array { .. })
}

/// The values of one named parameter.
fn bind_one(party: &str, ports: &[&InputPort], name: &str, data: &Given) -> Result<Vec<(usize, Value)>, DataError> {
    let source = &data.source;
    let Some(index) = ports.iter().position(|port| port.name == name) else {
        let names = list(ports.iter().map(|port| port.name.as_str()));
        return Err(source.error("", format!("{party} gives no input `{name}`; its inputs are {names}")));
    };
    let shape = &ports[index].shape;
    let value = if source.is_csv() {
        csv::read(data, &source.text()?, name, shape)?
    } else {
        let json = parse_json(source)?;
        data.value(name, shape, json).map_err(|misfit| source.error(&misfit.place(name), misfit.message))?
    };
    Ok(vec![(index, value)])
}

/// The values of all parameters of a party: a JSON object, or a CSV file where there is only one parameter.
fn bind_all(party: &str, ports: &[&InputPort], data: &Given) -> Result<Vec<(usize, Value)>, DataError> {
    let source = &data.source;
    if source.is_csv() {
        let [port] = ports else {
            let names = list(ports.iter().map(|port| port.name.as_str()));
            let hint = format!("name the one this file is for: --input {party}.NAME=FILE");
            return Err(source.error("", format!("{party} gives {} inputs ({names}); {hint}", ports.len())));
        };
        return Ok(vec![(0, csv::read(data, &source.text()?, &port.name, &port.shape)?)]);
    }
    let json = parse_json(source)?;
    let found = json.describe();
    let Json::Object(fields) = json else {
        let names = list(ports.iter().map(|port| port.name.as_str()));
        return Err(source.error("", format!("found {found}; expected an object with {party}'s inputs: {names}")));
    };
    let mut bound = Vec::new();
    for (name, json) in fields {
        let Some(index) = ports.iter().position(|port| port.name == name) else {
            let names = list(ports.iter().map(|port| port.name.as_str()));
            return Err(source.error(&name, format!("{party} gives no input of this name; its inputs are {names}")));
        };
        let value = data
            .value(&name, &ports[index].shape, json)
            .map_err(|misfit| source.error(&misfit.place(&name), misfit.message))?;
        bound.push((index, value));
    }
    Ok(bound)
}

fn missing(party: &str, port: &InputPort, given: &[Given]) -> DataError {
    let expected = format!("`{}`: {}", port.name, port.shape.describe());
    match given {
        [data] if data.parameter.is_none() => data.source.error("", format!("{party}'s input is missing: {expected}")),
        _ if party == crate::program::PUBLIC => DataError {
            source: "--input public".to_owned(),
            place: String::new(),
            message: format!(
                "a public input is missing: {expected}; both sides know it, and the circuit depends on it: give it with \
                 --input public=DATA"
            ),
        },
        _ => DataError {
            source: format!("--input {party}"),
            place: String::new(),
            message: format!("{party}'s input is missing: {expected}; give it with --input {party}=DATA"),
        },
    }
}

/// `a`, `b` and `c`, in backquotes; "none" for none.
pub fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

impl Given {
    /// The value of this name and shape that a JSON document describes.
    fn value(&self, name: &str, shape: &Shape, json: Json) -> Result<Value, Misfit> {
        let value = value_from_json(shape, &self.numbers.in_json(name, shape, json)?)?;
        self.unique.check(name, shape, &value)?;
        Ok(value)
    }
}

impl Source {
    /// What `DATA` on the command line means: JSON where it begins like it, else a path.
    pub fn parse(data: &str, option: &str) -> Source {
        if data.trim_start().starts_with(['{', '[']) {
            Source::Inline { option: option.to_owned(), json: data.to_owned() }
        } else {
            Source::File(PathBuf::from(data))
        }
    }

    fn is_csv(&self) -> bool {
        self.has_extension("csv")
    }

    fn has_extension(&self, extension: &str) -> bool {
        matches!(self, Source::File(path) if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)))
    }

    /// The text itself.
    fn text(&self) -> Result<String, DataError> {
        match self {
            // Spreadsheets begin their files with a byte order mark.
            Source::File(path) => match read_text(path) {
                Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
                Err(message) => Err(self.error("", message)),
            },
            Source::Inline { json, .. } => Ok(json.clone()),
            Source::Member { list, .. } => list.text(),
        }
    }

    /// An error at `place` in these data.
    fn error(&self, place: &str, message: impl Into<String>) -> DataError {
        DataError { source: self.to_string(), place: place.to_owned(), message: message.into() }
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let text =
        String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// What is wrong with a text that is no UTF-8.
fn not_utf8(bytes: &[u8], valid_up_to: usize) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return "is UTF-16 text, as its byte order mark says: save it as UTF-8".to_owned();
    }
    let line = bytes[..valid_up_to].iter().filter(|&&byte| byte == b'\n').count() + 1;
    format!("line {line}: is not UTF-8 text (byte {valid_up_to}): save the file as UTF-8")
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => path.display().fmt(f),
            Source::Inline { option, .. } => f.write_str(option),
            Source::Member { list, index, .. } => write!(f, "{list}: [{index}]"),
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for DataError {}

/// The elements of an array, filled up with `None` where they are too few and the array holds `Option`; `what` they are called there.
fn fill(mut values: Vec<Value>, what: &str, element: &Shape, len: u64) -> Result<Vec<Value>, String> {
    let n_found = values.len() as u64;
    if n_found < len {
        if !matches!(known(element), Some(Known::Optional(_))) {
            let hint = format!("fewer will do only where the program takes [Option<…>; {len}]");
            return Err(format!("found {n_found} {what}; expected {len}; {hint}"));
        }
        values.extend((n_found..len).map(|_| known::none()));
    }
    Ok(values)
}

/// What a scalar of this shape looks like, for "expected …".
fn expected(shape: &Shape) -> String {
    match (known(shape), shape) {
        (Some(Known::Text(len)), _) => return format!("{}, a text of at most {len} bytes", shape.describe()),
        (Some(Known::Fixed(fraction, lo, hi)), _) => {
            let (lo, hi) = (known::decimal(lo, fraction), known::decimal(hi, fraction));
            return format!(
                "{}, a number from {lo} to {hi}",
                shape.describe().split(" in ").next().unwrap_or_default()
            );
        }
        (Some(Known::Optional(some)), _) => return format!("{}, or null", expected(some)),
        _ => {}
    }
    match shape {
        Shape::Bool => "true or false".to_owned(),
        Shape::Int { name, lo, hi } => format!("{name}, a whole number from {lo} to {hi}"),
        Shape::Array { element, len } => format!("{len} values, each {}", expected(element)),
        Shape::Tuple(items) => format!("a list of {} values", items.len()),
        Shape::Struct { name, fields } => {
            format!("{name}, an object with {}", list(fields.iter().map(|(field, _)| field.as_str())))
        }
        Shape::Enum { name, variants } => {
            format!("{name}: one of {}", list(variants.iter().map(|(variant, _)| variant.as_str())))
        }
    }
}

#[cfg(test)]
mod tests;
