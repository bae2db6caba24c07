//! `hushgate inspect`: what a program or a proposal means, for the people who must approve it.

use std::path::Path;

use crate::cli::{Common, InspectArgs};
use crate::command::cost;
use crate::describe::Description;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Compiled, Inputs, Program, load, locate};
use crate::terminal::outln;

/// Describes the program, as text, as JSON or as a page.
pub fn run(args: &InspectArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    let description = describe(&located.file, &program, &compiled)?;
    if let Some(path) = &args.html {
        write_whole(path, description.html().as_bytes())?;
        if !common.quiet {
            eprintln!("{}: the page is there", path.display());
        }
    }
    if common.json {
        let mut json = description.json();
        json["cost"] = cost::figures(&compiled);
        outln!("{json}");
    } else if args.html.is_none() {
        outln!("{}", description.text());
    }
    Ok(())
}

/// What there is to say of a program.
pub fn describe(file: &Path, program: &Program, compiled: &Compiled) -> Result<Description, Failure> {
    let files = match program {
        Program::Hush(hush) => &hush.files[..],
        _ => &[],
    };
    let description = Description::new(&file.display().to_string(), compiled, &program.public()?, files);
    Ok(match program.proposal() {
        Some(sealed) => description.with_proposal(sealed),
        None => description,
    })
}
