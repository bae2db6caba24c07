//! What a program means, in plain words: who gives what, who learns what, what results can reveal, what it costs, whom one trusts.
//!
//! As data ([`Description`]), as text, and as one self-contained page of HTML for people who want to print and sign it.

use std::fmt::Write;
use std::iter;

use num_bigint::BigInt;
use serde_json::{Map, Value as Json, json};

use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::id::PartyId;
use hushgate_circuits::requirements;
use hushgate_circuits::shape::Shape;
use hushgate_runtime::channel::Network;

use crate::cli::Common;
use crate::command::cost::{self, Sessions};
use crate::data::{Known, known};
use crate::failure::Failure;
use crate::program::{Compiled, Ports, Program, Target};
use crate::proposal::{Border, Item, Sealed, SourceText};
use crate::results::{named_output, printable};
use crate::seating;
use crate::terminal::hex;

mod html;
mod reveal;

/// All that `inspect` says.
pub struct Description {
    title: String,
    /// Of the plan; not known without public inputs.
    digest: Option<String>,
    parties: Vec<Party>,
    public: Vec<Item>,
    parameters: Vec<(String, String)>,
    requires: Option<Required>,
    trust: Vec<String>,
    rules: Vec<String>,
    /// Not known without public inputs.
    cost: Option<String>,
    /// Not known without public inputs, nor of a plan that is not for two parties.
    times: Option<Times>,
    /// Public inputs that were not given, of which the rest depends.
    missing: Vec<String>,
    proposal: Option<String>,
    compiler: String,
    files: Vec<SourceText>,
}

struct Party {
    border: Border,
    /// What its results can tell it.
    reveals: Vec<String>,
}

/// What must hold for results to mean anything.
struct Required {
    reasons: Vec<String>,
    audience: Vec<String>,
}

/// Seconds that a run takes, from a new connection to both results.
pub struct Times {
    /// Over a local network.
    local: f64,
    /// Across the internet.
    internet: f64,
}

impl Description {
    /// Describes a program.
    pub fn new(title: &str, compiled: &Compiled, public: &[InputPort], files: &[SourceText]) -> Description {
        let mut described = Description::of_border(title, &compiled.border, public, &compiled.plan.parties);
        for (party, reveals) in described.parties.iter_mut().zip(reveal::reveals(compiled)) {
            party.reveals = reveals;
        }
        Description {
            digest: Some(hex(&compiled.plan.digest())),
            parameters: compiled.params.clone(),
            cost: Some(cost::in_words(compiled)),
            files: files.to_vec(),
            ..described
        }
    }

    /// Describes what a program says whatever its public inputs are.
    pub fn of_signature(title: &str, program: &Program, target: Target<'_>) -> Result<Description, Failure> {
        let (border, public) = (program.border()?, program.public()?);
        let computing = match border.parties.len() {
            0 | 1 if target.computing.is_none() => border.parties.clone(),
            _ => seating::computing(&border.parties, target.computing)?.to_vec(),
        };
        let described = Description::of_border(title, &border, &public, &computing);
        let missing = public.into_iter().map(|port| port.name).collect();
        Ok(Description { parameters: program.params(), missing, files: program.files().to_vec(), ..described })
    }

    /// What follows from who gives and learns what, and who computes.
    fn of_border(title: &str, border: &Ports, public: &[InputPort], computing: &[String]) -> Description {
        let parties = borders(border).into_iter().map(|border| Party { border, reveals: Vec::new() });
        Description {
            title: title.to_owned(),
            digest: None,
            parties: parties.collect(),
            public: public.iter().map(|port| item(&port.name, &port.shape)).collect(),
            parameters: Vec::new(),
            requires: required(border),
            trust: trust(&border.parties, computing),
            rules: Vec::new(),
            cost: None,
            times: None,
            missing: Vec::new(),
            proposal: None,
            compiler: crate::proposal::compiler(),
            files: Vec::new(),
        }
    }

    /// Adds how long a run takes.
    #[must_use]
    pub fn with_times(self, times: Option<Times>) -> Description {
        Description { times, ..self }
    }

    /// Adds what a proposal fixes beyond the program.
    #[must_use]
    pub fn with_proposal(mut self, sealed: &Sealed) -> Description {
        self.title.clone_from(&sealed.proposal.title);
        self.proposal = Some(hex(&sealed.digest()));
        self.rules = sealed.proposal.rules.sentences();
        self.rules.extend(sealed.proposal.unique.iter().map(|name| {
            format!("Each side refuses its own data where the same `{}` stands in them twice.", printable(name))
        }));
        self
    }

    /// As data.
    pub fn json(&self) -> Json {
        let named = |items: &[Item]| -> Vec<Json> {
            items.iter().map(|item| json!({ "name": item.name, "type": item.shape, "bits": item.bits })).collect()
        };
        let party = |party: &Party| {
            let Border { name, gives, learns } = &party.border;
            json!({ "name": name, "gives": named(gives), "learns": named(learns), "reveals": party.reveals })
        };
        let parameters: Map<String, Json> =
            self.parameters.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let requires =
            self.requires.as_ref().map(|required| json!({ "reasons": required.reasons, "to": required.audience }));
        json!({
            "title": self.title,
            "parties": self.parties.iter().map(party).collect::<Vec<_>>(),
            "requires": requires,
            "public": named(&self.public),
            "parameters": parameters,
            "program": self.digest,
            "proposal": self.proposal,
            "rules": self.rules,
            "trust": self.trust,
            "seconds": self.times.as_ref().map(|times| json!({ "local": times.local, "internet": times.internet })),
            "missing": self.missing,
        })
    }

    /// As text.
    pub fn text(&self) -> String {
        let digest = self.digest.as_deref().unwrap_or(UNKNOWN);
        let mut out = format!("program   {}\ndigest    {digest}\n", self.title);
        if let Some(proposal) = &self.proposal {
            let _ = writeln!(out, "proposal  {proposal}");
        }
        for (names, party) in self.grouped() {
            let _ = writeln!(out, "\n{names}");
            section(&mut out, "gives", &party.border.gives.iter().map(shown).collect::<Vec<_>>());
            section(&mut out, "learns", &party.border.learns.iter().map(shown).collect::<Vec<_>>());
            if self.missing.is_empty() {
                section(&mut out, "which can reveal", &party.reveals);
            }
        }
        if !self.public.is_empty() {
            out.push('\n');
            section(&mut out, "both sides give, and must agree on", &self.public.iter().map(shown).collect::<Vec<_>>());
        }
        if let Some(required) = &self.requires {
            out.push('\n');
            section(&mut out, "the program requires that", &required.lines());
        }
        if !self.parameters.is_empty() {
            let parameters: Vec<String> =
                self.parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            out.push('\n');
            section(&mut out, "parameters, the same on both sides", &parameters);
        }
        for sentences in [&self.rules, &self.trust, &self.cost_sentences()] {
            if !sentences.is_empty() {
                let _ = write!(out, "\n{}\n", sentences.join("\n"));
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    fn cost_sentences(&self) -> Vec<String> {
        match &self.cost {
            Some(cost) => iter::once(cost.clone()).chain(self.times.as_ref().map(Times::sentence)).collect(),
            None => vec![format!(
                "What results can reveal, what the program costs, how long it takes and its digest depend on its public inputs: {}",
                how_to_give(&self.missing)
            )],
        }
    }

    /// As a page.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// Parties, those of one family that give and learn the same on one line.
    fn grouped(&self) -> Vec<(String, &Party)> {
        let mut groups: Vec<(String, String, &Party)> = Vec::new();
        for party in &self.parties {
            let name = &party.border.name;
            let family = name.split_once('[').map_or(name.as_str(), |(family, _)| family);
            match groups.last_mut() {
                Some((first, last, like)) if alike(like, party) && first.starts_with(&format!("{family}[")) => {
                    last.clone_from(name);
                }
                _ => groups.push((name.clone(), name.clone(), party)),
            }
        }
        let names =
            |first: String, last: String| if first == last { first } else { format!("each of {first} to {last}") };
        groups.into_iter().map(|(first, last, party)| (names(first, last), party)).collect()
    }
}

fn alike(a: &Party, b: &Party) -> bool {
    (&a.border.gives, &a.border.learns, &a.reveals) == (&b.border.gives, &b.border.learns, &b.reveals)
}

/// Who gives and who learns what.
pub fn borders(border: &Ports) -> Vec<Border> {
    let mut parties: Vec<Border> = (border.parties.iter())
        .map(|name| Border { name: name.clone(), gives: Vec::new(), learns: Vec::new() })
        .collect();
    for InputPort { name, party, shape } in &border.inputs {
        parties[party.0 as usize].gives.push(item(name, shape));
    }
    for port @ OutputPort { recipients, shape, .. } in &border.outputs {
        if requirements::reasons(port).is_some() {
            continue;
        }
        for &PartyId(party) in recipients {
            parties[party as usize].learns.push(item(named_output(port).unwrap_or_default(), shape));
        }
    }
    parties
}

fn item(name: &str, shape: &Shape) -> Item {
    Item { name: name.to_owned(), shape: in_full(shape), bits: shape.width() }
}

fn shown(item: &Item) -> String {
    let name = if item.name.is_empty() { "the result" } else { &item.name };
    format!("{name}: {}", item.shape)
}

fn section(out: &mut String, title: &str, items: &[String]) {
    if items.is_empty() {
        let _ = writeln!(out, "  {title}  nothing");
        return;
    }
    let _ = writeln!(out, "  {title}");
    for item in items {
        let _ = writeln!(out, "    {item}");
    }
}

/// Where something depends on public inputs that were not given.
const UNKNOWN: &str = "not known without the public inputs";

/// How public inputs of these names are given.
pub fn how_to_give(names: &[String]) -> String {
    let each: Vec<String> = names.iter().map(|name| format!("\"{name}\": …")).collect();
    format!(
        "give them with --input 'public={{{}}}', a file of JSON, or a public.json in the program's folder",
        each.join(", ")
    )
}

/// Whom one trusts for what.
fn trust(parties: &[String], computing: &[String]) -> Vec<String> {
    let mut trust = Vec::new();
    if parties != computing {
        let [a, b] = [0, 1].map(|i| computing.get(i).map_or("?", String::as_str));
        trust.push(format!(
            "{a} and {b} compute for all. Nobody sees what another one gives unless {a} and {b} put together what they hold: choose two that will not."
        ));
        trust.push(format!(
            "One of {a} and {b} alone, even together with all participants but two, learns of these two only what the results of the others say."
        ));
        trust.push("Values out of range are found in the computation and left out, without showing them.".to_owned());
    }
    trust.push(
        "Nobody learns anything else, as long as both computing parties run the protocol as it is written: one that runs something else may learn more, or make results wrong (the chapter Security of the book says what and what not)."
            .to_owned(),
    );
    trust.push("Everybody can give untrue data; running again with other data tells more than one run.".to_owned());
    trust
}

impl Required {
    fn lines(&self) -> Vec<String> {
        let learn = match self.audience.as_slice() {
            [] => "nobody learns".to_owned(),
            [one] => format!("{one} learns"),
            [start @ .., last] => format!("{} and {last} learn", start.join(", ")),
        };
        let note = format!("{learn} whether all of it holds, not what does not; if it does not, all results are empty");
        self.reasons.iter().cloned().chain([note]).collect()
    }
}

/// What the program requires, and who learns whether it holds.
fn required(border: &Ports) -> Option<Required> {
    border.outputs.iter().find_map(|port| {
        let audience = port.recipients.iter().map(|party| border.parties[party.0 as usize].clone()).collect();
        let reasons = requirements::reasons(port)?.into_iter().map(printable).collect();
        Some(Required { reasons, audience })
    })
}

impl Times {
    /// As `cost --network` predicts them of a program, with `garbler` as the garbler if anybody is to be; nothing if it is not for two parties.
    pub fn of(compiled: &Compiled, garbler: Option<&str>, common: &Common) -> Result<Option<Times>, Failure> {
        if compiled.plan.parties.len() != 2 {
            return Ok(None);
        }
        let sessions = Sessions::new(compiled, garbler, common)?;
        let [local, internet] = [Network::LAN, Network::WAN].map(|network| sessions.over(network));
        Ok(Some(Times { local: local?.total_seconds(), internet: internet?.total_seconds() }))
    }

    fn sentence(&self) -> String {
        let over = |seconds: f64, network: Network| {
            let (rtt, rate) = (1e3 * network.rtt.as_secs_f64(), network.bits_per_second as f64 / 1e6);
            (spoken(seconds), format!("{rate} Mbit/s, {rtt} ms"))
        };
        let [(local, lan), (internet, wan)] = [over(self.local, Network::LAN), over(self.internet, Network::WAN)];
        format!(
            "Between two machines like this one that is about {local} on a local network ({lan}) and {internet} across the internet ({wan}), compiling not counted."
        )
    }
}

fn spoken(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} minutes", s / 60.0),
        s => format!("{:.1} hours", s / 3600.0),
    }
}

/// A shape with the fields of its structs and the variants of its enums.
pub fn in_full(shape: &Shape) -> String {
    let named = |items: &[(String, Shape)]| {
        items.iter().map(|(name, shape)| format!("{name}: {}", in_full(shape))).collect::<Vec<_>>().join(", ")
    };
    match known(shape) {
        Some(Known::Text(_) | Known::Fixed(..)) => return shape.describe(),
        Some(Known::Optional(some)) => return format!("Option<{}>", in_full(some)),
        None => {}
    }
    match shape {
        Shape::Array { element, len } => format!("[{}; {len}]", in_full(element)),
        Shape::Tuple(items) => format!("({})", items.iter().map(in_full).collect::<Vec<_>>().join(", ")),
        Shape::Struct { name, fields } => format!("{name} {{ {} }}", named(fields)),
        Shape::Enum { name, variants } => {
            let variants: Vec<String> = variants
                .iter()
                .map(|(name, payload)| match payload {
                    Shape::Tuple(parts) if parts.is_empty() => name.clone(),
                    Shape::Struct { fields, .. } => format!("{name} {{ {} }}", named(fields)),
                    payload => format!("{name}{}", in_full(payload)),
                })
                .collect();
            format!("{name} {{ {} }}", variants.join(" | "))
        }
        Shape::Int { name, lo, hi } if is_whole_type(name, lo, hi) => name.clone(),
        scalar => scalar.describe(),
    }
}

/// Whether the range says nothing that the name of the type does not say.
fn is_whole_type(name: &str, lo: &BigInt, hi: &BigInt) -> bool {
    let one = BigInt::from(1);
    let width = |bits: &str| bits.parse::<u32>().ok().filter(|width| (1..=4096).contains(width));
    match (name.split_at_checked(1), name.get(1..).and_then(width)) {
        (Some(("u", _)), Some(width)) => *lo == BigInt::ZERO && *hi == (&one << width) - &one,
        (Some(("i", _)), Some(width)) => *lo == -(&one << (width - 1)) && *hi == (&one << (width - 1)) - &one,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(name: &str, lo: i64, hi: i64) -> Shape {
        Shape::Int { name: name.to_owned(), lo: lo.into(), hi: hi.into() }
    }

    #[test]
    fn ranges_are_shown_where_they_say_more_than_the_type() {
        assert_eq!(in_full(&int("u8", 0, 255)), "u8");
        assert_eq!(in_full(&int("i8", -128, 127)), "i8");
        assert_eq!(in_full(&int("u8", 0, 254)), "u8 in 0..=254");
        assert_eq!(in_full(&int("int", 0, 255)), "int in 0..=255");
        assert_eq!(in_full(&int("u0", 0, 0)), "u0 in 0..=0");
    }

    #[test]
    fn variants_with_named_fields_have_their_name_once() {
        let payload = Shape::Struct { name: "Grade::C".to_owned(), fields: vec![("why".to_owned(), int("u4", 0, 15))] };
        let grade = Shape::Enum { name: "Grade".to_owned(), variants: vec![("C".to_owned(), payload)] };
        assert_eq!(in_full(&grade), "Grade { C { why: u4 } }");
    }
}
