//! `hushgate new`: a program with inputs and a test, ready to run.

use std::path::Path;

use anyhow::Context;

use hushgate_compiler::template::FILES;

use crate::cli::Common;
use crate::failure::Failure;
use crate::files::write_whole;

/// Writes the files of a new program into `folder`, which must not exist or be empty.
pub fn run(folder: &Path, common: &Common) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    if entries.next().is_some() {
        return Err(Failure::Usage(format!("the folder {} is not empty: nothing was written", folder.display())));
    }
    for (name, text) in FILES {
        write_whole(&folder.join(name), text.as_bytes())?;
    }
    if !common.quiet {
        eprintln!("{0}: a program is there; run it with: hushgate run {0}", folder.display());
    }
    Ok(())
}
