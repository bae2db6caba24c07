//! `hushgate receipt`: whether both sides have signed that a run took place.

use std::path::Path;

use serde_json::json;

use hushgate_runtime::identity::PublicKey;

use crate::cli::{Common, ReceiptCommand};
use crate::failure::Failure;
use crate::peers::Peers;
use crate::record::Receipt;
use crate::terminal::outln;
use crate::{home, key};

/// Verifies, or lists.
pub fn run(command: &ReceiptCommand, common: &Common) -> Result<(), Failure> {
    match command {
        ReceiptCommand::Verify { file, peer } => verify(file, peer.as_deref(), common),
        ReceiptCommand::List => list(),
    }
}

fn verify(file: &Path, peer: Option<&str>, common: &Common) -> Result<(), Failure> {
    let receipt = Receipt::read(file)?;
    let keys = receipt.verify().map_err(|why| Failure::Policy(format!("{}: {why}", file.display())))?;
    if let Some(peer) = peer {
        let pin = Peers::read()?.resolve(peer)?;
        if !keys.iter().any(|key| pin.matches(key)) {
            return Err(Failure::Policy(format!("{}: neither side is {peer} ({})", file.display(), pin.fingerprint())));
        }
    }
    let sides = [(&receipt.garbler.party, keys[0]), (&receipt.evaluator.party, keys[1])];
    if common.json {
        let signed: serde_json::Map<_, _> =
            sides.iter().map(|(party, key)| ((*party).clone(), key.fingerprint().to_string().into())).collect();
        outln!("{}", json!({ "program": receipt.program(), "proposal": receipt.proposal(), "signed": signed }));
        return Ok(());
    }
    outln!("{}, program {}", receipt.title, receipt.program());
    for (party, key) in sides {
        outln!("signed by {party}: {}{}", key.fingerprint(), known(&key)?);
    }
    Ok(())
}

/// Whose key it is, as far as this organisation knows.
fn known(key: &PublicKey) -> Result<String, Failure> {
    let own = key::default_path().and_then(|path| key::read(&path));
    if own.is_ok_and(|own| own.public_key() == *key) {
        return Ok(", this organisation".to_owned());
    }
    let peers = Peers::read()?;
    let name = peers.list()?.into_iter().find(|(_, pin)| pin.matches(key)).map(|(name, _)| name.to_owned());
    Ok(name.map_or_else(|| ", nobody known here".to_owned(), |name| format!(", {name}")))
}

fn list() -> Result<(), Failure> {
    let folder = home::folder()?.join("receipts");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(()) };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    for path in paths {
        outln!("{}  {}", path.display(), Receipt::read(&path)?.title);
    }
    Ok(())
}
