//! Whose keys we know: `peers.toml`, a table from names to fingerprints or public keys.
//!
//! ```text
//! [peers]
//! bank_b = "1a2b-3c4d-5e6f-7081-92a3-b4c5-d6e7-f809"
//! ```
//!
//! # Invariants
//! - The file changes as a whole or not at all, and two commands that change it at the same time do so one after the other.
//! - A name keeps its key until it is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use hushgate_runtime::identity::Pin;

use crate::failure::Failure;
use crate::home;

/// Names and keys.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    #[serde(default)]
    peers: BTreeMap<String, String>,
    /// Peers with whom nothing runs that is not approved.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    approved_only: BTreeSet<String>,
}

impl Peers {
    /// Reads the file; without one, nobody is known.
    pub fn read() -> Result<Peers, Failure> {
        read(&path()?)
    }

    /// Changes the file.
    pub fn update(change: impl FnOnce(&mut Peers) -> Result<(), Failure>) -> Result<(), Failure> {
        let path = path()?;
        home::make_private(&home::folder()?)?;
        let _lock = home::lock(&path.with_extension("lock"))?;
        let mut peers = read(&path)?;
        change(&mut peers)?;
        let text = toml::to_string(&peers).with_context(|| format!("cannot write {}", path.display()))?;
        home::replace(&path, text.as_bytes())
    }

    /// Adds a peer.
    pub fn add(&mut self, name: &str, pin: Pin) -> Result<(), Failure> {
        if !is_name(name) {
            return Err(Failure::Usage(format!(
                "{name:?} is not a name for a peer: expected 1 to 64 letters, digits, '_', '-' or '.', and not a fingerprint"
            )));
        }
        match self.find(name)? {
            Some(known) if known != pin => Err(Failure::Policy(format!(
                "{name} is known with the key {known}: if the new one is right, first: hushgate peer remove {name}"
            ))),
            _ => {
                self.peers.insert(name.to_owned(), pin.to_string());
                Ok(())
            }
        }
    }

    /// From now on runs with this peer what is approved, and nothing else.
    pub fn require_approval(&mut self, name: &str) {
        self.approved_only.insert(name.to_owned());
    }

    /// Whether nothing runs with the holder of this key that is not approved.
    pub fn requires_approval(&self, pin: Pin) -> Result<bool, Failure> {
        let mut required = self.approved_only.iter().map(|name| self.find(name));
        let same = |known: Option<Pin>| known.is_some_and(|known| known.fingerprint() == pin.fingerprint());
        required.try_fold(false, |any, known| Ok(any || same(known?)))
    }

    /// What the peer with this key is called here.
    pub fn name_of(&self, pin: Pin) -> Option<&str> {
        let same = |text: &str| text.parse::<Pin>().is_ok_and(|known| known.fingerprint() == pin.fingerprint());
        self.peers.iter().find(|(_, text)| same(text)).map(|(name, _)| name.as_str())
    }

    /// Forgets a peer.
    pub fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.approved_only.remove(name);
        self.peers.remove(name).map(drop).ok_or_else(|| self.unknown(name))
    }

    /// All of them, by name.
    pub fn list(&self) -> Result<Vec<(&str, Pin)>, Failure> {
        self.peers.iter().map(|(name, text)| Ok((name.as_str(), pin(name, text)?))).collect()
    }

    /// The key of a peer that the command line names, or writes out.
    pub fn resolve(&self, name_or_key: &str) -> Result<Pin, Failure> {
        if let Ok(pin) = name_or_key.parse() {
            return Ok(pin);
        }
        self.find(name_or_key)?.ok_or_else(|| self.unknown(name_or_key))
    }

    fn find(&self, name: &str) -> Result<Option<Pin>, Failure> {
        self.peers.get(name).map(|text| pin(name, text)).transpose()
    }

    fn unknown(&self, name: &str) -> Failure {
        let known: Vec<&str> = self.peers.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "nobody is".to_owned() } else { format!("known: {}", known.join(", ")) };
        Failure::Usage(format!(
            "no peer {name:?} is known ({known}): ask them for what `hushgate id` prints, then: hushgate peer add NAME FINGERPRINT"
        ))
    }
}

fn path() -> Result<PathBuf, Failure> {
    Ok(home::folder()?.join("peers.toml"))
}

/// Reads the list of peers from `path`; nobody is known where there is no such file.
pub fn read(path: &Path) -> Result<Peers, Failure> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Peers::default()),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let peers: Peers = toml::from_str(&text).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    match peers.peers.keys().find(|name| !is_name(name)) {
        Some(name) => Err(Failure::Usage(format!("{}: {name:?} is not a name for a peer", path.display()))),
        None => Ok(peers),
    }
}

fn pin(name: &str, text: &str) -> Result<Pin, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("peers.toml: {name} = {text:?}: {error}")))
}

fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(is_plain) && name.parse::<Pin>().is_err()
}
