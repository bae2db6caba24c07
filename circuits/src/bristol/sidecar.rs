//! What a Bristol file cannot say: names, types and owners of its values. A JSON file beside it.
//!
//! ```text
//! { "format": "hushgate bristol sidecar v1",
//!   "bit_order": "least significant first",
//!   "digest": "…",                                 BLAKE3 of the circuit's file, white space aside
//!   "parties": ["alice", "bob"],
//!   "inputs": [{ "name": "a", "party": "alice", "bits": 64, "type": … }, …],        in the order of the wires
//!   "outputs": [{ "name": "", "recipients": ["bob"], "bits": 1, "type": … }, …] }
//!
//! type = "bool" | { "int": "u8", "lo": "0", "hi": "255" } | { "array": type, "len": 3 } | { "tuple": [type, …] }
//!      | { "struct": "Quarter", "fields": [{ "name": …, "type": … }, …] }
//!      | { "enum": "Answer", "variants": [{ "name": …, "type": … }, …] }
//! ```
//!
//! The values of a file that is read without a sidecar are replaced by those of the sidecar, wire by wire: it may divide them otherwise, but
//! not leave out a wire or add one.
//!
//! # Security
//! A sidecar is as little trusted as the circuit: lengths and depths are checked, memory is bounded by a constant times its length, and
//! its digest says whether it was made for this circuit, not who made it.

use num_bigint::BigInt;
use serde_json::{Map, Value as Json, json};

use crate::circuit::{Circuit, InputPort, OutputPort};
use crate::id::PartyId;
use crate::plan::{Invalid, check_ports};
use crate::shape::Shape;

const FORMAT: &str = "hushgate bristol sidecar v1";
const BIT_ORDER: &str = "least significant first";
const DIGEST_CONTEXT: &str = "hushgate 2026-11-30 bristol file v1";
/// Types within types.
const DEPTH_MAX: usize = 64;
/// Digits of an integer's ends: those of 4,096 bits.
const DIGITS_MAX: usize = 1_240;

/// Why a text is not the sidecar of a circuit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SidecarError {
    #[error("not JSON: {0}")]
    Json(String),
    #[error("{at}: found {found}; expected {expected}")]
    Field { at: String, found: String, expected: String },
    #[error(
        "it belongs to another circuit: found digest {found}, that of this circuit is {expected}; export it again, or remove the sidecar"
    )]
    OtherCircuit { found: String, expected: String },
    #[error("{at}: the type has {found} bits, and \"bits\" says {expected}")]
    Width { at: String, found: u64, expected: u64 },
    #[error("the {what} have {found} bits in all; the circuit has {expected}")]
    Total { what: &'static str, found: u64, expected: u64 },
    #[error("{at}: the name {name:?} is there twice")]
    Twice { at: String, name: String },
    #[error("{0}")]
    Port(#[from] Invalid),
}

/// The sidecar of the file `text`, whose values are those of `circuit`.
#[must_use]
pub fn write_sidecar(circuit: &Circuit, text: &str) -> String {
    let party = |id: PartyId| &circuit.parties[id.0 as usize];
    let input = |port: &InputPort| json!({ "name": port.name, "party": party(port.party), "bits": port.shape.width(), "type": shape(&port.shape) });
    let output = |port: &OutputPort| {
        let recipients: Vec<&String> = port.recipients.iter().map(|&id| party(id)).collect();
        json!({ "name": port.name, "recipients": recipients, "bits": port.shape.width(), "type": shape(&port.shape) })
    };
    let sidecar = json!({
        "format": FORMAT,
        "bit_order": BIT_ORDER,
        "digest": digest(text),
        "parties": circuit.parties,
        "inputs": circuit.inputs.iter().map(input).collect::<Vec<_>>(),
        "outputs": circuit.outputs.iter().map(output).collect::<Vec<_>>(),
    });
    format!("{sidecar:#}\n")
}

/// The circuit that was read from `text`, with the names, types and owners that the sidecar gives its values.
///
/// # Errors
/// If the sidecar is none, or not that of this file.
pub fn apply_sidecar(circuit: Circuit, text: &str, sidecar: &str) -> Result<Circuit, SidecarError> {
    let json: Json = serde_json::from_str(sidecar).map_err(|error| SidecarError::Json(error.to_string()))?;
    let top = At { json: &json, path: String::new() };
    top.says("format", FORMAT)?;
    top.says("bit_order", BIT_ORDER)?;
    let (found, expected) = (top.field("digest")?.text()?.to_owned(), digest(text));
    if found != expected {
        return Err(SidecarError::OtherCircuit { found, expected });
    }
    let parties = top.field("parties")?.items()?.iter().map(At::name).collect::<Result<Vec<_>, _>>()?;
    distinct("parties", &parties)?;
    let inputs = top.field("inputs")?.items()?.iter().map(|at| input(at, &parties)).collect::<Result<Vec<_>, _>>()?;
    let outputs =
        top.field("outputs")?.items()?.iter().map(|at| output(at, &parties)).collect::<Result<Vec<_>, _>>()?;
    for party in 0..parties.len() as u32 {
        let own = inputs.iter().filter(|port| port.party == PartyId(party)).map(|port| port.name.clone());
        distinct("inputs", &own.collect::<Vec<_>>())?;
    }
    distinct("outputs", &outputs.iter().map(|port| port.name.clone()).collect::<Vec<_>>())?;
    check_ports(parties.len(), &inputs, &outputs)?;
    let main = circuit.main();
    check_total("inputs", inputs.iter().map(|port| &port.shape), main.n_inputs.into())?;
    check_total("outputs", outputs.iter().map(|port| &port.shape), main.outputs.len() as u64)?;
    Ok(Circuit { parties, inputs, outputs, ..circuit })
}

/// Digest of a file's words and lines; not of the white space between them, which editors and transfers change.
fn digest(text: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
    for line in text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty()) {
        for word in line.split_whitespace() {
            hasher.update(word.as_bytes()).update(b" ");
        }
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

fn shape(of: &Shape) -> Json {
    let named = |items: &[(String, Shape)]| -> Vec<Json> {
        items.iter().map(|(name, item)| json!({ "name": name, "type": shape(item) })).collect()
    };
    match of {
        Shape::Bool => "bool".into(),
        Shape::Int { name, lo, hi } => json!({ "int": name, "lo": lo.to_string(), "hi": hi.to_string() }),
        Shape::Array { element, len } => json!({ "array": shape(element), "len": len }),
        Shape::Tuple(items) => json!({ "tuple": items.iter().map(shape).collect::<Vec<_>>() }),
        Shape::Struct { name, fields } => json!({ "struct": name, "fields": named(fields) }),
        Shape::Enum { name, variants } => json!({ "enum": name, "variants": named(variants) }),
    }
}

fn check_total<'a>(
    what: &'static str,
    shapes: impl Iterator<Item = &'a Shape>,
    expected: u64,
) -> Result<(), SidecarError> {
    let found = shapes.fold(0u64, |sum, shape| sum.saturating_add(shape.width()));
    if found == expected { Ok(()) } else { Err(SidecarError::Total { what, found, expected }) }
}

fn distinct(at: &str, names: &[String]) -> Result<(), SidecarError> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(SidecarError::Twice { at: at.to_owned(), name: pair[0].clone() }),
        None => Ok(()),
    }
}

/// A part of the sidecar, and the way to it.
struct At<'a> {
    json: &'a Json,
    path: String,
}

impl<'a> At<'a> {
    fn misfit(&self, expected: impl Into<String>) -> SidecarError {
        let shown = self.json.to_string();
        let start: String = shown.chars().take(40).collect();
        let found = if start.len() < shown.len() { format!("{start}…") } else { start };
        let at = if self.path.is_empty() { "the sidecar".to_owned() } else { self.path.clone() };
        SidecarError::Field { at, found, expected: expected.into() }
    }

    fn object(&self) -> Result<&'a Map<String, Json>, SidecarError> {
        self.json.as_object().ok_or_else(|| self.misfit("an object"))
    }

    fn field(&self, name: &str) -> Result<At<'a>, SidecarError> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let json = self.object()?.get(name);
        json.map(|json| At { json, path }).ok_or_else(|| self.misfit(format!("the field \"{name}\"")))
    }

    fn items(&self) -> Result<Vec<At<'a>>, SidecarError> {
        let items = self.json.as_array().ok_or_else(|| self.misfit("a list"))?;
        Ok(items.iter().enumerate().map(|(i, json)| At { json, path: format!("{}[{i}]", self.path) }).collect())
    }

    fn text(&self) -> Result<&'a str, SidecarError> {
        self.json.as_str().ok_or_else(|| self.misfit("a text"))
    }

    fn number(&self) -> Result<u64, SidecarError> {
        self.json.as_u64().ok_or_else(|| self.misfit("a whole number"))
    }

    fn says(&self, field: &str, expected: &str) -> Result<(), SidecarError> {
        let at = self.field(field)?;
        if at.text()? == expected { Ok(()) } else { Err(at.misfit(format!("{expected:?}"))) }
    }

    /// A text that may be shown; empty only where a result has no name.
    fn label(&self) -> Result<String, SidecarError> {
        let text = self.text()?;
        if text.chars().any(char::is_control) {
            Err(self.misfit("a name without control characters"))
        } else {
            Ok(text.to_owned())
        }
    }

    fn name(&self) -> Result<String, SidecarError> {
        self.label().and_then(|name| if name.is_empty() { Err(self.misfit("a name")) } else { Ok(name) })
    }

    fn party(&self, parties: &[String]) -> Result<PartyId, SidecarError> {
        let name = self.text()?;
        let index = parties.iter().position(|party| party == name);
        index.map(|index| PartyId(index as u32)).ok_or_else(|| self.misfit("one of \"parties\""))
    }

    fn integer(&self) -> Result<BigInt, SidecarError> {
        let text = self.text()?;
        let parsed = if text.len() <= DIGITS_MAX { text.parse().ok() } else { None };
        parsed.ok_or_else(|| self.misfit("a decimal number of at most 4096 bits, as a text"))
    }

    fn named(&self, list: &str, depth: usize) -> Result<Vec<(String, Shape)>, SidecarError> {
        let one = |at: &At<'_>| Ok((at.field("name")?.text()?.to_owned(), at.field("type")?.shape(depth + 1)?));
        self.field(list)?.items()?.iter().map(one).collect()
    }

    fn shape(&self, depth: usize) -> Result<Shape, SidecarError> {
        if depth > DEPTH_MAX {
            return Err(self.misfit(format!("a type that is nested at most {DEPTH_MAX} deep")));
        }
        if self.json == "bool" {
            return Ok(Shape::Bool);
        }
        let has = |key: &str| self.json.get(key).is_some();
        if has("int") {
            let (lo, hi) = (self.field("lo")?.integer()?, self.field("hi")?.integer()?);
            return Ok(Shape::Int { name: self.field("int")?.label()?, lo, hi });
        }
        if has("array") {
            let (element, len) = (self.field("array")?.shape(depth + 1)?, self.field("len")?.number()?);
            return Ok(Shape::Array { element: Box::new(element), len });
        }
        if has("tuple") {
            let items = self.field("tuple")?.items()?;
            return Ok(Shape::Tuple(items.iter().map(|item| item.shape(depth + 1)).collect::<Result<_, _>>()?));
        }
        if has("struct") {
            return Ok(Shape::Struct { name: self.field("struct")?.label()?, fields: self.named("fields", depth)? });
        }
        if has("enum") {
            return Ok(Shape::Enum { name: self.field("enum")?.label()?, variants: self.named("variants", depth)? });
        }
        Err(self.misfit("a type: \"bool\", or an object with \"int\", \"array\", \"tuple\", \"struct\" or \"enum\""))
    }

    /// The type of a port, which has as many bits as the port says.
    fn port_shape(&self) -> Result<Shape, SidecarError> {
        let shape = self.field("type")?.shape(0)?;
        let (found, expected) = (shape.width(), self.field("bits")?.number()?);
        if found == expected { Ok(shape) } else { Err(SidecarError::Width { at: self.path.clone(), found, expected }) }
    }
}

fn input(at: &At<'_>, parties: &[String]) -> Result<InputPort, SidecarError> {
    Ok(InputPort {
        name: at.field("name")?.name()?,
        party: at.field("party")?.party(parties)?,
        shape: at.port_shape()?,
    })
}

fn output(at: &At<'_>, parties: &[String]) -> Result<OutputPort, SidecarError> {
    let recipients = at.field("recipients")?.items()?;
    let recipients = recipients.iter().map(|recipient| recipient.party(parties)).collect::<Result<Vec<_>, _>>()?;
    Ok(OutputPort { name: at.field("name")?.label()?, recipients, shape: at.port_shape()? })
}

#[cfg(test)]
mod tests;
