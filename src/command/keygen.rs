//! `hushgate keygen`: makes this organisation's key.

use std::path::Path;

use crate::cli::Common;
use crate::failure::Failure;
use crate::{home, key};

/// Writes a new secret key to `out`, or to where the other commands look for it, and prints the public one.
pub fn run(out: Option<&Path>, common: &Common) -> Result<(), Failure> {
    if common.seed.is_some() {
        return Err(Failure::Policy("--seed is for tests: a key that others can guess protects nothing".to_owned()));
    }
    let path = match out {
        Some(path) => path.to_owned(),
        None => {
            home::make_private(&home::folder()?)?;
            key::default_path()?
        }
    };
    let identity = key::create(&path)?;
    if !common.quiet {
        eprintln!("the secret key is in {}: nobody else may read it", path.display());
    }
    super::id::print(&identity, common);
    Ok(())
}
