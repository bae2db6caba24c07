//! Values that may stand once only in a party's data: numbers of customers, names of accounts.
//!
//! `--unique id` says so of the field `id` of the elements of a list, in whichever input it is, or of the elements themselves where a list
//! has that name; in a table with a row for each run, of the column. Two `None` are not the same value.

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
    /// The field that it is in; `None` where it is an element itself.
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
        match (known(shape), shape, value) {
            _ if self.0.is_empty() => Ok(()),
            (Some(Known::Optional(some)), _, Value::Variant(1, payload)) => match &**payload {
                Value::List(values) if values.len() == 1 => self.check(name, some, &values[0]),
                _ => Ok(()),
            },
            (None, Shape::Array { element, .. }, Value::List(values)) => {
                let mut seen = self.seen(name);
                for (i, value) in values.iter().enumerate() {
                    seen.element(element, value, i).map_err(|repeated| {
                        let field = repeated.field.as_ref().map_or(String::new(), |field| format!(".{field}"));
                        let earlier = format!("{name}[{}]", repeated.earlier);
                        Misfit::new(repeated.at(&earlier)).within(&format!("[{i}]{field}"))
                    })?;
                    self.check(name, element, value).map_err(|misfit| misfit.within(&format!("[{i}]")))?;
                }
                Ok(())
            }
            (None, Shape::Struct { fields, .. }, Value::List(values)) => {
                fields.iter().zip(values).try_for_each(|((field, shape), value)| {
                    self.check(field, shape, value).map_err(|misfit| misfit.within(&format!(".{field}")))
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
        if let (None, Shape::Struct { fields, .. }, Value::List(values)) = (known(shape), shape, value) {
            for ((field, shape), value) in fields.iter().zip(values) {
                let Some((shape, value)) = present(shape, value) else { continue };
                if self.unique.0.contains(field) {
                    self.note(Some(field), shape, value, &place)?;
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, field: Option<&str>, shape: &Shape, value: &Value, place: &P) -> Result<(), Repeated<P>> {
        let value = value_to_json(shape, value).to_string();
        let earlier = self.places.insert((field.map(str::to_owned), value.clone()), place.clone());
        earlier.map_or(Ok(()), |earlier| {
            let name = field.unwrap_or(self.name).to_owned();
            Err(Repeated { field: field.map(str::to_owned), earlier, value, name })
        })
    }
}

impl<P> Repeated<P> {
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
