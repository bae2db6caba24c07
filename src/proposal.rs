//! Proposals: one file with all that two organisations agree to run.
//!
//! The file is JSON in one canonical form, so that the same proposal is the same bytes; whoever changes a character of it gets a
//! file that is refused. Approvals are over its digest.
//!
//! # Invariants
//! - A [`Sealed`] that was read is in canonical form and has the digest of its contents.
//! - Who gives and who learns what, and the program's digest, are what this compiler makes of the sources: [`Sealed::check_program`].

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Value;

use crate::data::{Source, parse_json, value_from_json};
use crate::failure::Failure;
use crate::program::{Compiled, Ports, Target};
use crate::rules::Rules;
use crate::terminal::hex;

/// A proposal behind its digest: what the file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// What kind of file it is.
    hushgate: String,
    /// Of the proposal.
    digest: String,
    /// What is proposed.
    pub proposal: Proposal,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// For people.
    pub title: String,
    /// The version that made the circuit.
    pub compiler: String,
    /// How much the circuit is optimised.
    pub opt: u8,
    /// Build-time parameters.
    pub parameters: BTreeMap<String, String>,
    /// Public inputs.
    pub public: BTreeMap<String, Json>,
    /// The two parties that run the protocol.
    pub computing: [String; 2],
    /// The party that garbles, if it is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub garbler: Option<String>,
    /// Whether each party computes by itself what it can.
    pub local: bool,
    /// Who gives and who learns what.
    pub parties: Vec<Border>,
    /// What limits runs.
    pub rules: Rules,
    /// What stands once only in each side's data: names of lists and of fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<String>,
    /// Digest of what is executed.
    pub program: String,
    /// The program's files, the root first.
    pub sources: Vec<SourceText>,
}

/// One party's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Border {
    /// The party.
    pub name: String,
    /// What it gives.
    pub gives: Vec<Item>,
    /// What it learns.
    pub learns: Vec<Item>,
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name; empty for a single result.
    pub name: String,
    /// Its type in full.
    #[serde(rename = "type")]
    pub shape: String,
    /// Its size.
    pub bits: u64,
}

/// One file of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceText {
    /// Its name, without folders.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Sealed {
    /// Puts a proposal behind its digest.
    pub fn new(proposal: Proposal) -> Sealed {
        let digest = hex(&digest(&proposal));
        Sealed { hushgate: FORMAT.to_owned(), digest, proposal }
    }

    /// Reads a proposal's file.
    ///
    /// # Errors
    /// If it is no proposal, or is not as it was when it was made.
    pub fn read(path: &Path) -> Result<Sealed, Failure> {
        let size = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        if size > BYTES_MAX {
            let path = path.display();
            return Err(Failure::Usage(format!("{path}: {size} bytes; a proposal has at most {BYTES_MAX}")));
        }
        let text = crate::files::read_text(path)?;
        Sealed::parse(&text).map_err(|problem| match problem {
            Problem::NotAProposal(why) => Failure::Usage(format!("{}: not a proposal: {why}", path.display())),
            Problem::Changed(why) => Failure::Policy(format!(
                "{}: the proposal was changed after it was made ({why}): ask for it again, or make another with: hushgate propose",
                path.display()
            )),
        })
    }

    fn parse(text: &str) -> Result<Sealed, Problem> {
        let sealed: Sealed = serde_json::from_str(text).map_err(|error| Problem::NotAProposal(error.to_string()))?;
        if sealed.hushgate != FORMAT {
            return Err(Problem::NotAProposal(format!("found {:?}, expected {FORMAT:?}", sealed.hushgate)));
        }
        let found = hex(&digest(&sealed.proposal));
        if found != sealed.digest {
            return Err(Problem::Changed(format!("its contents have the digest {found}, it says {}", sealed.digest)));
        }
        if sealed.text() != text {
            return Err(Problem::Changed("its layout is another".to_owned()));
        }
        Ok(sealed)
    }

    /// What the file holds.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a proposal is plain data") + "\n"
    }

    /// How its program becomes a plan.
    pub fn target(&self) -> Target<'_> {
        let Proposal { opt, local, garbler, .. } = &self.proposal;
        Target { opt_level: *opt, local: *local, garbler: garbler.as_deref(), computing: None }
    }

    /// The digest of the proposal.
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.proposal)
    }

    /// The values of the public inputs.
    pub fn public(&self, ports: &[InputPort]) -> Result<Vec<Value>, Failure> {
        let value = |port: &InputPort| {
            let json = self.proposal.public.get(&port.name).ok_or_else(|| {
                Failure::Agreement(format!("the proposal gives no value to the public input `{}`", port.name))
            })?;
            let source = Source::Inline { option: "the proposal's public inputs".to_owned(), json: json.to_string() };
            value_from_json(&port.shape, &parse_json(&source)?)
                .map_err(|misfit| Failure::Agreement(format!("{source}: {}: {}", port.name, misfit.message)))
        };
        ports.iter().map(value).collect()
    }

    /// Whether this compiler makes of the sources what the proposal says.
    pub fn check_program(&self, compiled: &Compiled) -> Result<(), Failure> {
        let proposal = &self.proposal;
        let found = hex(&compiled.plan.digest());
        if found != proposal.program {
            return Err(Failure::Agreement(format!(
                "the proposal says program {}, made by {}; this is {}, which makes {found} of its sources: use the same version",
                proposal.program,
                proposal.compiler,
                compiler()
            )));
        }
        self.check_border(&compiled.border)
    }

    /// Whether the sources say of who gives and who learns what the proposal says.
    pub fn check_border(&self, border: &Ports) -> Result<(), Failure> {
        match crate::describe::borders(border) == self.proposal.parties {
            true => Ok(()),
            false => Err(Failure::Agreement(
                "what the proposal says of who gives and who learns what is not what its sources say".to_owned(),
            )),
        }
    }

    /// The digest that the proposal says its program has.
    pub fn program(&self) -> Result<[u8; 32], Failure> {
        let digest = blake3::Hash::from_hex(&self.proposal.program).ok();
        digest.map(|digest| *digest.as_bytes()).ok_or_else(|| {
            Failure::Agreement(
                "the proposal has no digest of its program: it was not made by hushgate propose".to_owned(),
            )
        })
    }

    /// What both sides must have alike, by name; a difference is named by the first.
    pub fn fields(&self) -> Vec<(String, String)> {
        let proposal = &self.proposal;
        let mut fields = vec![
            ("compiler".to_owned(), proposal.compiler.clone()),
            ("optimisation".to_owned(), proposal.opt.to_string()),
            ("computing parties".to_owned(), proposal.computing.join(", ")),
            (crate::party::LOCAL.to_owned(), if proposal.local { "on" } else { "off" }.to_owned()),
            ("garbler".to_owned(), proposal.garbler.clone().unwrap_or_else(|| "any".to_owned())),
        ];
        fields.extend(proposal.parameters.iter().map(|(name, value)| (format!("parameter {name}"), value.clone())));
        fields.extend(proposal.public.iter().map(|(name, value)| (format!("public input {name}"), shortened(value))));
        for party in &proposal.parties {
            fields.extend(party.gives.iter().map(|item| (format!("input {}.{}", party.name, item.name), shown(item))));
            fields
                .extend(party.learns.iter().map(|item| (format!("output {}.{}", party.name, item.name), shown(item))));
        }
        fields.extend(proposal.rules.fields());
        if !proposal.unique.is_empty() {
            fields.push(("what data have once only".to_owned(), proposal.unique.join(", ")));
        }
        let digest = |text: &str| hex(&blake3::derive_key("hushgate source text v1", text.as_bytes()));
        fields.extend(proposal.sources.iter().map(|file| (format!("source {}", file.name), digest(&file.text))));
        fields.truncate(FIELDS_MAX);
        fields.push(("program".to_owned(), proposal.program.clone()));
        fields.push(("title".to_owned(), proposal.title.clone()));
        fields.push(("proposal".to_owned(), self.digest.clone()));
        fields
    }
}

/// Why a text is not a proposal that can be used.
enum Problem {
    NotAProposal(String),
    Changed(String),
}

/// The version of this compiler.
pub fn compiler() -> String {
    format!("hushgate {}", env!("CARGO_PKG_VERSION"))
}

fn digest(proposal: &Proposal) -> [u8; 32] {
    let bytes = serde_json::to_vec(proposal).expect("a proposal is plain data");
    blake3::derive_key("hushgate proposal v1", &bytes)
}

fn shown(item: &Item) -> String {
    format!("{}, {} bits", item.shape.chars().take(TYPE_CHARS_MAX).collect::<String>(), item.bits)
}

fn shortened(value: &Json) -> String {
    let text = value.to_string();
    if text.len() <= TYPE_CHARS_MAX {
        return text;
    }
    format!("digest {}", hex(&blake3::derive_key("hushgate public input v1", text.as_bytes())))
}

const FORMAT: &str = "proposal v1";
const BYTES_MAX: u64 = 64 << 20;
const TYPE_CHARS_MAX: usize = 200;
/// More need not be named one by one: the digest covers all.
const FIELDS_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        Sealed::new(Proposal {
            title: "t".to_owned(),
            compiler: compiler(),
            opt: 2,
            parameters: BTreeMap::from([("N".to_owned(), "3".to_owned())]),
            public: BTreeMap::new(),
            computing: ["a".to_owned(), "b".to_owned()],
            garbler: None,
            local: true,
            parties: vec![Border { name: "a".to_owned(), gives: Vec::new(), learns: Vec::new() }],
            rules: Rules::default(),
            unique: Vec::new(),
            program: "00".to_owned(),
            sources: vec![SourceText { name: "t.hush".to_owned(), text: "party a, b;".to_owned() }],
        })
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let text = sealed().text();
        assert!(Sealed::parse(&text).is_ok_and(|read| read == sealed()));
        assert!(matches!(Sealed::parse(&(text.clone() + "\n")), Err(Problem::Changed(_))));
        assert!(matches!(Sealed::parse(&text.replace(": ", ":")), Err(Problem::Changed(_))));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).expect("one ASCII character for another");
            assert!(Sealed::parse(&changed).is_err(), "at {at}: {changed}");
        }
    }

    #[test]
    fn fields_end_with_the_whole() {
        let fields = sealed().fields();
        assert_eq!(fields.last().map(|(name, _)| name.as_str()), Some("proposal"));
        assert!(fields.contains(&("parameter N".to_owned(), "3".to_owned())));
    }
}
