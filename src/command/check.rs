//! `hushgate check`: a program's errors, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::cli::Common;
use crate::failure::Failure;
use crate::program::{Program, load, load_tested, locate};
use crate::terminal::outln;

/// Checks the program at `path`.
pub fn run(path: &Path, common: &Common) -> Result<(), Failure> {
    let file = locate(path)?.file;
    let is_source = file.extension().is_some_and(|extension| extension == "hush" || extension == "proposal");
    let program = match is_source {
        true => Program::Hush(Box::new(load_tested(&file, common)?)),
        false => load(&file, common)?,
    };
    let what = match &program {
        Program::Hush(hush) if hush.program.main.is_some() => "a program",
        Program::Hush(_) => "a file without `main`",
        Program::Circuit(_) => "a circuit",
        Program::Plan(_) => "a plan",
    };
    if let Program::Hush(hush) = &program
        && !hush.program.budgets.is_empty()
    {
        match program.public() {
            Ok(ports) if ports.is_empty() => drop(program.compile(&BTreeMap::new(), common.target(None))?),
            _ => hush.within_budgets(None, common.opt_level())?,
        }
    }
    if common.json {
        outln!("{}", json!({ "file": file.display().to_string(), "errors": 0 }));
    } else if !common.quiet {
        eprintln!("{}: {what} without errors", file.display());
    }
    Ok(())
}
