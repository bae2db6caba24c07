//! The file with our secret key.
//!
//! ```text
//! hushgate secret key v1
//! 64 hexadecimal digits: the Ed25519 private key of RFC 8032
//! ```
//!
//! # Security
//! Only the owner may read the file; it is never overwritten; the secret is never printed and is wiped from memory after use.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use hushgate_runtime::identity::Identity;

use crate::failure::Failure;
use crate::home;

/// Makes a key pair and writes it to `path`, where nothing may be yet.
pub fn create(path: &Path) -> Result<Identity, Failure> {
    let identity = Identity::generate(&mut UnwrapErr(SysRng));
    let text = text(&identity);
    let written = home::write_beside(path, &*text)?.persist_noclobber(path);
    match written {
        Ok(_) => Ok(identity),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(Failure::Policy(format!(
            "{} is there already and is not overwritten: whoever knows that key would no longer know you; move it away first",
            path.display()
        ))),
        Err(error) => Err(error.error).with_context(|| format!("cannot write {}", path.display()))?,
    }
}

/// Reads the key pair from `path`.
pub fn read(path: &Path) -> Result<Identity, Failure> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let path = path.display();
            return Err(Failure::Usage(format!("there is no key in {path}: make one with: hushgate keygen")));
        }
        file => file.with_context(|| format!("cannot read the key {}", path.display()))?,
    };
    let metadata = file.metadata().with_context(|| format!("cannot read the key {}", path.display()))?;
    check_private(path, &metadata)?;
    let mut bytes = Zeroizing::new([0; FILE_BYTES + 1]);
    let mut n = 0;
    while n < bytes.len() {
        match file.read(&mut bytes[n..]).with_context(|| format!("cannot read the key {}", path.display()))? {
            0 => break,
            more => n += more,
        }
    }
    let seed = seed(&bytes[..n]).ok_or_else(|| {
        Failure::Usage(format!("{}: not a key file: expected {TITLE:?} and 64 hexadecimal digits", path.display()))
    })?;
    Ok(Identity::from_seed(&seed))
}

/// Where the key is if the command line does not say.
pub fn default_path() -> Result<PathBuf, Failure> {
    Ok(home::folder()?.join("secret.key"))
}

#[cfg(unix)]
fn check_private(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::Policy(format!(
        "{path}: others can read or change this secret key (mode {mode:o}): if nobody has, chmod 600 {path}; else make a new key"
    )))
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _metadata: &Metadata) -> Result<(), Failure> {
    Ok(())
}

fn text(identity: &Identity) -> Zeroizing<[u8; FILE_BYTES]> {
    let mut text = Zeroizing::new([b'\n'; FILE_BYTES]);
    text[..TITLE.len()].copy_from_slice(TITLE.as_bytes());
    for (digits, byte) in text[TITLE.len() + 1..].chunks_exact_mut(2).zip(identity.seed()) {
        digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

fn seed(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let rest = text.strip_prefix(TITLE.as_bytes())?;
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    let digits = rest.get(..64).filter(|_| rest[64..].trim_ascii().is_empty())?;
    let mut seed = Zeroizing::new([0; 32]);
    for (byte, pair) in seed.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = (high? << 4 | low?) as u8;
    }
    Some(seed)
}

/// A hexadecimal digit, computed and not looked up: no memory address depends on the secret.
const fn digit(value: u8) -> u8 {
    b'0' + value + ((9u8.wrapping_sub(value)) >> 7) * (b'a' - b'0' - 10)
}

const TITLE: &str = "hushgate secret key v1";
const FILE_BYTES: usize = TITLE.len() + 1 + 64 + 1;
