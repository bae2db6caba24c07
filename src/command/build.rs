//! `hushgate build`: the circuit as a plan or in Bristol Fashion.

use std::path::Path;

use hushgate_circuits::bristol;

use crate::cli::{BuildArgs, Common};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Inputs, load, locate};

/// Writes what was asked for; without a destination, only says that it could.
pub fn run(args: &BuildArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    if args.output.is_none() && args.bristol.is_none() {
        return Err(Failure::Usage("nothing to write: give -o OUT.plan or --bristol OUT.txt".to_owned()));
    }
    if let Some(path) = &args.output {
        save(path, &compiled.plan.to_bytes(), common)?;
    }
    if let Some(path) = &args.bristol {
        let Some(circuit) = compiled.whole() else {
            return Err(Failure::Usage(
                "--bristol needs a program or a circuit: a plan has lost the gates' order".to_owned(),
            ));
        };
        let text = bristol::write(circuit).map_err(|error| Failure::Program(format!("error: {error}")))?;
        save(path, text.as_bytes(), common)?;
    }
    Ok(())
}

fn save(path: &Path, bytes: &[u8], common: &Common) -> Result<(), Failure> {
    write_whole(path, bytes)?;
    if !common.quiet {
        eprintln!("{}: {} bytes", path.display(), bytes.len());
    }
    Ok(())
}
