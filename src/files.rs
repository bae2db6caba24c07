//! Reading and writing files, with the path in every error.

use std::path::Path;

use anyhow::Context;

use crate::failure::Failure;

/// Reads a UTF-8 text.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Program(format!("error: {}: not UTF-8 text (byte {at})", path.display()))
    })
}

/// Writes a whole file or none: under another name first, then renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
