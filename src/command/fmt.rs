//! `hushgate fmt`: one canonical layout.

use std::path::{Path, PathBuf};

use serde_json::json;

use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax::format::format;

use crate::cli::Common;
use crate::diff::changes;
use crate::failure::Failure;
use crate::files::{read_text, write_whole};
use crate::program::locate;
use crate::terminal;
use crate::terminal::outln;

/// Formats files in place; with `check`, only says which would change, and how.
pub fn run(files: &[PathBuf], check: bool, common: &Common) -> Result<(), Failure> {
    let mut changed = Vec::new();
    for path in files {
        let file = locate(path)?.file;
        if format_file(&file, check, !common.quiet && !common.json)? {
            changed.push(file.display().to_string());
        }
    }
    if common.json {
        outln!("{}", json!({ "changed": changed }));
    } else if !common.quiet {
        let verb = if check { "would change" } else { "changed" };
        changed.iter().for_each(|file| eprintln!("{file}: {verb}"));
    }
    match check && !changed.is_empty() {
        true => {
            Err(Failure::Program(format!("{} of {} files are not in canonical layout", changed.len(), files.len())))
        }
        false => Ok(()),
    }
}

/// Whether the file's layout was, or with `check` would be, changed. With `check` and `show`, prints how.
fn format_file(path: &Path, check: bool, show: bool) -> Result<bool, Failure> {
    let text = read_text(path)?;
    let mut sources = SourceMap::new();
    let file = sources.add(path.display().to_string(), text.as_str());
    let formatted = format(&sources, file)
        .map_err(|diagnostics| Failure::diagnostics(&sources, &diagnostics, terminal::color()))?;
    if formatted == text {
        return Ok(false);
    }
    if !check {
        write_whole(path, formatted.as_bytes())?;
    } else if show {
        eprint!("--- {path}\n+++ {path}, formatted\n{}", changes(&text, &formatted), path = path.display());
    }
    Ok(true)
}
