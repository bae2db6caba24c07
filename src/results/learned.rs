//! What a party learns: bits until they are written, and written piece by piece, so that a list of millions is never a tree of values.

use std::io::Write;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use hushgate_circuits::shape::Shape;

use super::table;
use crate::data::{known, value_to_json};

/// Nothing, one value, or named values.
#[derive(Clone, Debug, Default)]
pub struct Learned(Vec<Output>);

#[derive(Clone, Debug)]
struct Output {
    name: Option<String>,
    shape: Shape,
    bits: Vec<bool>,
}

impl Learned {
    /// Adds an output, which is the only one unless it has a name. A name is given once; what comes later stands.
    pub fn add(&mut self, name: Option<&str>, shape: &Shape, bits: Vec<bool>) {
        self.0.retain(|output| name.is_some() && output.name.is_some() && output.name.as_deref() != name);
        self.0.push(Output { name: name.map(str::to_owned), shape: shape.clone(), bits });
    }

    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it as one value.
    pub fn json(&self) -> Json {
        serde_json::to_value(self).expect("outputs are JSON")
    }

    /// Writes it as CSV: a row for each element of a list.
    pub fn write_table(&self, out: &mut dyn Write) -> Result<(), anyhow::Error> {
        match &self.0[..] {
            [Output { name: None, shape: Shape::Array { element, len }, bits }] => {
                let rows = || elements(element, *len, bits).map(|shown| shown.json());
                table::write(&table::columns(rows()), rows(), out)
            }
            _ => {
                let one = self.json();
                table::write(&table::columns(std::iter::once(one.clone())), std::iter::once(one), out)
            }
        }
    }
}

impl Serialize for Learned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [] => serializer.serialize_unit(),
            [Output { name: None, shape, bits }] => Shown { shape, bits }.serialize(serializer),
            named => {
                let mut map = serializer.serialize_map(Some(named.len()))?;
                for Output { name, shape, bits } in named {
                    map.serialize_entry(name.as_deref().unwrap_or_default(), &Shown { shape, bits })?;
                }
                map.end()
            }
        }
    }
}

/// A value as it is written.
struct Shown<'a> {
    shape: &'a Shape,
    bits: &'a [bool],
}

impl Shown<'_> {
    fn json(&self) -> Json {
        value_to_json(self.shape, &self.shape.decode(self.bits))
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.shape {
            Shape::Array { element, len } => {
                let mut list = serializer.serialize_seq(usize::try_from(*len).ok())?;
                for shown in elements(element, *len, self.bits) {
                    list.serialize_element(&shown)?;
                }
                list.end()
            }
            Shape::Tuple(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for shown in parts(items.iter(), self.bits) {
                    list.serialize_element(&shown)?;
                }
                list.end()
            }
            Shape::Struct { fields, .. } if known(self.shape).is_none() => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                let values = parts(fields.iter().map(|(_, shape)| shape), self.bits);
                for ((name, _), shown) in fields.iter().zip(values) {
                    map.serialize_entry(name, &shown)?;
                }
                map.end()
            }
            _ => self.json().serialize(serializer),
        }
    }
}

fn elements<'a>(element: &'a Shape, len: u64, bits: &'a [bool]) -> impl Iterator<Item = Shown<'a>> {
    let width = element.width() as usize;
    (0..len as usize).map(move |i| Shown { shape: element, bits: &bits[i * width..][..width] })
}

fn parts<'a>(shapes: impl Iterator<Item = &'a Shape>, bits: &'a [bool]) -> impl Iterator<Item = Shown<'a>> {
    let mut rest = bits;
    shapes.map(move |shape| {
        let (bits, after) = rest.split_at(shape.width() as usize);
        rest = after;
        Shown { shape, bits }
    })
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn shapes(n: usize, depth: u32, rng: &mut ChaCha8Rng) -> Vec<Shape> {
        (0..n).map(|_| shape(depth, rng)).collect()
    }

    fn named(n: usize, depth: u32, rng: &mut ChaCha8Rng) -> Vec<(String, Shape)> {
        (0..n).map(|i| (format!("f{i}"), shape(depth, rng))).collect()
    }

    fn shape(depth: u32, rng: &mut ChaCha8Rng) -> Shape {
        let n_kinds = if depth == 0 { 2 } else { 9 };
        let depth = depth.saturating_sub(1);
        match rng.random_range(0..n_kinds) {
            0 => Shape::Bool,
            1 => Shape::Int { name: "i".into(), lo: BigInt::from(-300), hi: BigInt::from(u64::MAX) },
            2 | 3 => Shape::Array { element: Box::new(shape(depth, rng)), len: rng.random_range(0..4) },
            4 => Shape::Tuple(shapes(2, depth, rng)),
            5 => Shape::Struct { name: "S".into(), fields: named(3, depth, rng) },
            6 => {
                let some = Shape::Tuple(shapes(1, depth, rng));
                let variants = vec![("None".into(), Shape::Tuple(Vec::new())), ("Some".into(), some)];
                Shape::Enum { name: "Option<u8>".into(), variants }
            }
            7 => {
                let bytes = Shape::Array { element: Box::new(Shape::unsigned(8)), len: 2 };
                Shape::Struct { name: "str<2>".into(), fields: vec![("bytes".into(), bytes)] }
            }
            _ => Shape::Enum { name: "E".into(), variants: named(3, depth, rng) },
        }
    }

    #[test]
    fn what_is_written_piece_by_piece_is_the_value() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for _ in 0..2000 {
            let shape = shape(3, rng);
            let bits: Vec<bool> = (0..shape.width()).map(|_| rng.random()).collect();
            let whole = value_to_json(&shape, &shape.decode(&bits));
            let mut learned = Learned::default();
            learned.add(None, &shape, bits.clone());
            assert_eq!(serde_json::to_string(&learned).expect("text"), whole.to_string());
            let [mut pieces, mut at_once] = [Vec::new(), Vec::new()];
            learned.write_table(&mut pieces).expect("memory can be written");
            let rows = match (&shape, &whole) {
                (Shape::Array { .. }, Json::Array(rows)) => rows.clone(),
                _ => vec![whole.clone()],
            };
            table::write(&table::columns(rows.iter().cloned()), rows.into_iter(), &mut at_once).expect("memory");
            assert_eq!(String::from_utf8(pieces), String::from_utf8(at_once), "{shape:?}");
            let mut named = Learned::default();
            named.add(Some("x"), &shape, bits.clone());
            named.add(Some("y"), &Shape::Bool, vec![true]);
            assert_eq!(named.json(), serde_json::json!({ "x": whole, "y": true }));
        }
    }

    /// Takes some bytes, and no more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A list that fits no memory is written as far as there is room.
    #[test]
    fn lists_of_any_length_are_written_from_their_beginning_on() {
        let element = Box::new(Shape::Tuple(Vec::new()));
        let mut learned = Learned::default();
        learned.add(None, &Shape::Array { element, len: 1 << 40 }, Vec::new());
        assert!(serde_json::to_writer(Full(1 << 16), &learned).is_err_and(|error| error.is_io()));
        assert!(learned.write_table(&mut Full(1 << 16)).is_err());
    }
}
