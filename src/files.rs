//! Reading and writing files, with the path in every error.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;

/// Reads a UTF-8 text.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Program(format!("error: {}: not UTF-8 text (byte {at})", path.display()))
    })
}

/// Writes a file as a whole or not at all, however much it is, safely on the disk: to another name in the same folder first, then renamed.
/// Only we can read it.
pub fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), anyhow::Error>,
) -> Result<(), Failure> {
    let written = || -> Result<(), anyhow::Error> {
        let mut out = BufWriter::new(beside(path)?);
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
    let written = || -> Result<(), anyhow::Error> {
        let mut file = unfinished(path, &builder_of_readable())?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    Ok(written().with_context(|| format!("cannot write {}", path.display()))?)
}

/// An empty file beside `path` that only we can read, to be renamed to it. It is gone when it is dropped.
///
/// A process that is killed drops nothing. So the file is locked as long as its process lives, and who writes in the same folder afterwards
/// removes what nobody has locked.
pub fn beside(path: &Path) -> io::Result<NamedTempFile> {
    unfinished(path, &Builder::new())
}

/// For files that others may read, as far as the process lets them.
fn builder_of_readable() -> Builder<'static, 'static> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn unfinished(path: &Path, builder: &Builder<'_, '_>) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sweep_once(folder);
    loop {
        let file = builder.clone().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
        // Where files cannot be locked nobody takes this one for abandoned.
        let _ = file.as_file().lock();
        // Between its making and its lock it looked abandoned to others. Names are random: what has this name is this file.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes abandoned files, at a process's first writing in the folder: it makes none itself while it lives.
fn sweep_once(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        sweep(folder);
    }
}

/// Removes the unfinished files in a folder that no process has locked. What is no plain file, or not ours to open, stays.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_unfinished = |name: &str| {
            let random = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
            random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        };
        if !entry.file_name().to_str().is_some_and(is_unfinished) || !entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            continue;
        }
        // A writer that has not locked its new file yet waits for our lock, and then looks whether the file is still there: so we keep it until then.
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // If somebody was faster it is gone already.
            let _ = fs::remove_file(entry.path());
            drop(file);
        }
    }
}

const PREFIX: &str = ".hushgate-";
const SUFFIX: &str = ".unfinished";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abandoned_files_are_removed_and_others_are_not() {
        let folder = tempfile::tempdir().expect("there is room");
        let at = |name: &str| folder.path().join(name);
        let live = beside(&at("live")).expect("there is room");
        // As a killed process leaves it: its lock went with it.
        let abandoned =
            beside(&at("abandoned")).expect("there is room").into_temp_path().keep().expect("it can be kept");
        let kept = [
            ".hushgate-notes",
            ".hushgate-.unfinished",
            ".hushgate-abcde.unfinished",
            ".hushgate-abc.ef.unfinished",
            "x.unfinished",
        ];
        kept.iter().for_each(|name| fs::write(at(name), "mine").expect("there is room"));
        fs::create_dir(at(".hushgate-folder.unfinished")).expect("there is room");
        #[cfg(unix)]
        std::os::unix::fs::symlink(at(kept[0]), at(".hushgate-link00.unfinished")).expect("there is room");
        sweep(folder.path());
        assert!(!abandoned.exists() && live.path().exists());
        assert!(kept.iter().all(|name| at(name).exists()));
        assert!(at(".hushgate-folder.unfinished").exists());
        #[cfg(unix)]
        assert!(at(".hushgate-link00.unfinished").is_symlink());
        live.persist(at("live")).expect("it is still there");
        sweep(folder.path());
        assert!(at("live").exists());
    }

    /// Many write while others sweep: nobody loses a file.
    #[test]
    fn sweeping_takes_no_file_from_a_writer() {
        let folder = tempfile::tempdir().expect("there is room");
        let write = |writer: u32| {
            for i in 0..200 {
                let path = folder.path().join(format!("{writer}-{i}"));
                let mut file = beside(&path).expect("there is room");
                file.write_all(b"whole").and_then(|()| Ok(file.persist(&path)?)).expect("nobody took it");
            }
        };
        let (write, folder) = (&write, folder.path());
        std::thread::scope(|scope| {
            (0..2).for_each(|writer| drop(scope.spawn(move || write(writer))));
            (0..2).for_each(|_| drop(scope.spawn(|| (0..200).for_each(|_| sweep(folder)))));
        });
        let names: Vec<_> =
            fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(names.len(), 400);
        assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{names:?}");
    }
}
