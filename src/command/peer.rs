//! `hushgate peer`: whose keys this organisation knows.

use serde_json::{Map, Value as Json};

use hushgate_runtime::identity::Pin;

use crate::cli::{Common, PeerCommand};
use crate::failure::Failure;
use crate::peers::Peers;
use crate::terminal::outln;

/// Adds, lists or removes.
pub fn run(command: &PeerCommand, common: &Common) -> Result<(), Failure> {
    match command {
        PeerCommand::Add { name, key, require_approval } => add(name, key, *require_approval),
        PeerCommand::List => list(common),
        PeerCommand::Remove { name } => Peers::update(|peers| peers.remove(name)),
    }
}

fn add(name: &str, key: &str, require_approval: bool) -> Result<(), Failure> {
    let pin: Pin = key.parse().map_err(|error| Failure::Usage(format!("{key:?}: {error}")))?;
    Peers::update(|peers| {
        peers.add(name, pin)?;
        if require_approval {
            peers.require_approval(name);
        }
        Ok(())
    })
}

fn list(common: &Common) -> Result<(), Failure> {
    let peers = Peers::read()?;
    let list = peers.list()?;
    if common.json {
        let json = |(name, pin): (&str, Pin)| (name.to_owned(), Json::from(pin.to_string()));
        outln!("{}", Json::Object(list.into_iter().map(json).collect::<Map<_, _>>()));
        return Ok(());
    }
    let width = list.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, pin) in list {
        outln!("{name:width$}  {pin}");
    }
    Ok(())
}
