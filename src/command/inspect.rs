//! `hushgate inspect`: what a program or a proposal means, for the people who must approve it.

use std::path::Path;

use crate::cli::{Common, InspectArgs};
use crate::command::cost;
use crate::describe::{Description, Times};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Compiled, Inputs, Program, load, locate};
use crate::terminal::outln;

/// Describes the program, as text, as JSON or as a page; without public inputs, what its signature says.
pub fn run(args: &InspectArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
    let target = common.target(args.garbler.as_deref());
    let compiled = match inputs.public_if_given(&program)? {
        Some(public) => Some(program.compile(&public, target)?),
        None => None,
    };
    let description = match &compiled {
        Some(compiled) => {
            describe(&located.file, &program, compiled, Times::of(compiled, args.garbler.as_deref(), common)?)?
        }
        None => Description::of_signature(&title(&located.file), &program, target)?,
    };
    if let Some(path) = &args.html {
        write_whole(path, description.html().as_bytes())?;
        if !common.quiet {
            eprintln!("{}: the page is there", path.display());
        }
    }
    if common.json {
        let mut json = description.json();
        json["cost"] = compiled.as_ref().map(cost::figures).into();
        outln!("{json}");
    } else if args.html.is_none() {
        outln!("{}", description.text());
    }
    Ok(())
}

fn title(file: &Path) -> String {
    file.display().to_string()
}

/// What there is to say of a program.
pub fn describe(
    file: &Path,
    program: &Program,
    compiled: &Compiled,
    times: Option<Times>,
) -> Result<Description, Failure> {
    let description = Description::new(&title(file), compiled, &program.public()?, program.files()).with_times(times);
    Ok(match program.proposal() {
        Some(sealed) => description.with_proposal(sealed),
        None => description,
    })
}
