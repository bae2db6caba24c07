//! `hushgate id`: what others write down to recognise this organisation.

use std::path::Path;

use serde_json::json;

use hushgate_runtime::identity::Identity;

use crate::cli::Common;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::key;
use crate::shares::PublicFile;
use crate::terminal::outln;

/// Prints the fingerprint and the public key.
pub fn run(file: Option<&Path>, out: Option<&Path>, common: &Common) -> Result<(), Failure> {
    let path = file.map_or_else(key::default_path, |path| Ok(path.to_owned()))?;
    let identity = key::read(&path)?;
    if let Some(out) = out {
        write_whole(out, PublicFile::of(&identity).text().as_bytes())?;
    }
    print(&identity, common);
    Ok(())
}

/// Prints what others may know of `identity`.
pub fn print(identity: &Identity, common: &Common) {
    let (key, fingerprint) = (identity.public_key(), identity.public_key().fingerprint());
    if common.json {
        outln!("{}", json!({ "fingerprint": fingerprint.to_string(), "key": key.to_string() }));
    } else {
        outln!("fingerprint {fingerprint}\nkey         {key}");
    }
}
