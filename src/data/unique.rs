//! Values that may stand once only in a party's data: numbers of customers, names of accounts.
//!
//! `--unique id` says so of the field `id` of the elements of a list, or of structs and tuples within them, in whichever input it is, or of the
//! elements themselves where a list has that name; in a table with a row for each run, of the column. Two `None` are not the same value.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::{Shape, Value};

use super::json::{Misfit, value_to_json};
use super::known::{Known, known};

/// Names of inputs and of fields whose values differ from one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unique(BTreeSet<String>);

/// A value that stands twice.
pub(super) struct Repeated<P> {
    /// The path to the field that it is in, from the element; `None` where it is an element itself.
    pub field: Option<String>,
    /// Where it stands already.
    pub earlier: P,
    value: String,
    name: String,
}

/// What has been seen of a list.
pub(super) struct Seen<'u, P> {
    unique: &'u Unique,
    /// What the list is called.
    name: &'u str,
    /// Where values stand, by field and text.
    places: HashMap<(Option<String>, String), P>,
}

impl Unique {
    /// From the names that are given.
    pub fn new(names: impl IntoIterator<Item = String>) -> Unique {
        Unique(names.into_iter().collect())
    }

    /// A name that none of these inputs has, nor a field in them.
    pub fn unknown<'a>(&'a self, ports: &[&InputPort]) -> Option<&'a str> {
        let has = |name: &str| ports.iter().any(|port| port.name == name || has_field(&port.shape, name));
        self.0.iter().map(String::as_str).find(|name| !has(name))
    }

    /// Nothing has been seen of the list of this name.
    pub(super) fn seen<'u, P>(&'u self, name: &'u str) -> Seen<'u, P> {
        Seen { unique: self, name, places: HashMap::new() }
    }

    /// Refuses a value in which something stands twice that may stand once.
    pub(super) fn check(&self, name: &str, shape: &Shape, value: &Value) -> Result<(), Misfit> {
        self.check_at(name, name, shape, value)
    }

    /// As `check`, of a value that messages find at `place`.
    fn check_at(&self, name: &str, place: &str, shape: &Shape, value: &Value) -> Result<(), Misfit> {
        match (known(shape), shape, value) {
            _ if self.0.is_empty() => Ok(()),
            (Some(Known::Optional(some)), _, Value::Variant(1, payload)) => match &**payload {
                Value::List(values) if values.len() == 1 => self.check_at(name, place, some, &values[0]),
                _ => Ok(()),
            },
            (None, Shape::Array { element, .. }, Value::List(values)) => {
                let mut seen = self.seen(name);
                for (i, value) in values.iter().enumerate() {
                    seen.element(element, value, i).map_err(|repeated| {
                        let earlier = format!("{place}[{}]", repeated.earlier);
                        Misfit::new(repeated.at(&earlier)).within(&format!("[{i}]{}", repeated.place()))
                    })?;
                    let at = format!("[{i}]");
                    self.check_at(name, &format!("{place}{at}"), element, value)
                        .map_err(|misfit| misfit.within(&at))?;
                }
                Ok(())
            }
            (None, Shape::Struct { fields, .. }, Value::List(values)) => {
                fields.iter().zip(values).try_for_each(|((field, shape), value)| {
                    self.check_at(field, field, shape, value).map_err(|misfit| misfit.within(&format!(".{field}")))
                })
            }
            (None, Shape::Tuple(shapes), Value::List(values)) => {
                shapes.iter().zip(values).enumerate().try_for_each(|(k, (shape, value))| {
                    let at = format!("[{k}]");
                    self.check_at(name, &format!("{place}{at}"), shape, value).map_err(|misfit| misfit.within(&at))
                })
            }
            _ => Ok(()),
        }
    }
}

impl<P: Clone> Seen<'_, P> {
    /// Takes the next element, which stands at `place`.
    pub(super) fn element(&mut self, shape: &Shape, value: &Value, place: P) -> Result<(), Repeated<P>> {
        if self.unique.0.is_empty() {
            return Ok(());
        }
        let Some((shape, value)) = present(shape, value) else { return Ok(()) };
        if self.unique.0.contains(self.name) {
            self.note(None, shape, value, &place)?;
        }
        self.fields("", shape, value, &place)
    }

    /// Takes the fields of a part of an element, in parts of their own too; `path` leads to the part.
    fn fields(&mut self, path: &str, shape: &Shape, value: &Value, place: &P) -> Result<(), Repeated<P>> {
        match (known(shape), shape, value) {
            (None, Shape::Struct { fields, .. }, Value::List(values)) => {
                for ((field, shape), value) in fields.iter().zip(values) {
                    let Some((shape, value)) = present(shape, value) else { continue };
                    let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
                    if self.unique.0.contains(field) {
                        self.note(Some((&path, field)), shape, value, place)?;
                    }
                    self.fields(&path, shape, value, place)?;
                }
                Ok(())
            }
            (None, Shape::Tuple(shapes), Value::List(values)) => {
                shapes.iter().zip(values).enumerate().try_for_each(|(k, (shape, value))| {
                    let Some((shape, value)) = present(shape, value) else { return Ok(()) };
                    self.fields(&format!("{path}[{k}]"), shape, value, place)
                })
            }
            _ => Ok(()),
        }
    }

    /// Takes a value: of a field, given by its path and name, or the element itself.
    fn note(
        &mut self,
        field: Option<(&str, &str)>,
        shape: &Shape,
        value: &Value,
        place: &P,
    ) -> Result<(), Repeated<P>> {
        let value = value_to_json(shape, value).to_string();
        let path = field.map(|(path, _)| path.to_owned());
        let earlier = self.places.insert((path.clone(), value.clone()), place.clone());
        earlier.map_or(Ok(()), |earlier| {
            let name = field.map_or(self.name, |(_, name)| name).to_owned();
            Err(Repeated { field: path, earlier, value, name })
        })
    }
}

impl<P> Repeated<P> {
    /// Where it is in the element, as it is appended to the element's place.
    pub(super) fn place(&self) -> String {
        match &self.field {
            Some(path) if path.starts_with('[') => path.clone(),
            Some(path) => format!(".{path}"),
            None => String::new(),
        }
    }

    /// What is wrong, `earlier` being where the value stands already.
    pub(super) fn at(&self, earlier: &dyn fmt::Display) -> String {
        let Repeated { value, name, .. } = self;
        format!("found {value}, which stands in {earlier} already; expected each `{name}` once (--unique {name})")
    }
}

/// A value that is no `None`, without its `Some`.
fn present<'a>(shape: &'a Shape, value: &'a Value) -> Option<(&'a Shape, &'a Value)> {
    match (known(shape), value) {
        (Some(Known::Optional(some)), Value::Variant(1, payload)) => match &**payload {
            Value::List(values) => present(some, values.first()?),
            _ => None,
        },
        (Some(Known::Optional(_)), _) => None,
        _ => Some((shape, value)),
    }
}

fn has_field(shape: &Shape, name: &str) -> bool {
    match (known(shape), shape) {
        (Some(Known::Optional(some)), _) => has_field(some, name),
        (None, Shape::Array { element, .. }) => has_field(element, name),
        (None, Shape::Tuple(shapes)) => shapes.iter().any(|shape| has_field(shape, name)),
        (None, Shape::Struct { fields, .. }) => {
            fields.iter().any(|(field, shape)| field == name || has_field(shape, name))
        }
        _ => false,
    }
}
