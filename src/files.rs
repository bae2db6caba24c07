//! Reading and writing files, with the path in every error.

use std::io::{BufWriter, Write};
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

/// Writes a file as a whole or not at all, however much it is: to another name in the same folder first, then renamed.
pub fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), anyhow::Error>,
) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> Result<(), anyhow::Error> {
        let file = tempfile::Builder::new().prefix(".hushgate-").tempfile_in(folder)?;
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        let file = out.into_inner()?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    Ok(written().with_context(|| format!("cannot write {}", path.display()))?)
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
