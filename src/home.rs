//! The folder where the command keeps what is ours: the secret key, and whose keys we know.

use std::env;
use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::files::beside;

/// `$HUSHGATE_HOME`, else `hushgate` in `$XDG_CONFIG_HOME`, else `~/.config/hushgate`.
///
/// # Errors
/// If none of the variables is set.
pub fn folder() -> Result<PathBuf, Failure> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG specification says that relative paths are to be ignored.
    let config = || variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    variable("HUSHGATE_HOME")
        .or_else(|| config().map(|config| config.join("hushgate")))
        .or_else(|| variable("HOME").map(|home| home.join(".config/hushgate")))
        .ok_or_else(|| Failure::Usage("where keys are kept is not known: set HUSHGATE_HOME to a folder".to_owned()))
}

/// Makes a folder that only we can read, if there is none.
pub fn make_private(folder: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(())
}

/// Held until it is dropped.
pub fn lock(path: &Path) -> Result<File, Failure> {
    let locked = File::create(path).and_then(|file| file.lock().map(|()| file));
    Ok(locked.with_context(|| format!("cannot lock {}", path.display()))?)
}

/// Makes `path` hold these bytes, whatever happens in between either all of them or what it held before; only we can read them.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = write_beside(path, bytes)?.persist(path);
    written.map_err(|error| error.error).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// The bytes of a file, or nothing where there is no file.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display()))?,
    }
}

/// These bytes in a file beside `path` that only we can read, safely on the disk and ready to take its name.
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Failure> {
    let write = || {
        let mut file = beside(path)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    let written: std::io::Result<NamedTempFile> = write();
    Ok(written.with_context(|| format!("cannot write {}", path.display()))?)
}
