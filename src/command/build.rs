//! `hushgate build`: the circuit as a plan, in Bristol's formats, or as a picture.

use std::path::Path;

use hushgate_circuits::circuit::Circuit;
use hushgate_circuits::{bristol, draw};

use crate::cli::{BuildArgs, Common};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Inputs, load, locate, sidecar_of};

/// Writes what was asked for; without a destination, only says that it could.
pub fn run(args: &BuildArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    if [&args.output, &args.bristol, &args.bristol_old, &args.dot].iter().all(|path| path.is_none()) {
        return Err(Failure::Usage(
            "nothing to write: give -o OUT.plan, --bristol OUT.txt, --bristol-old OUT.txt or --dot OUT.dot".to_owned(),
        ));
    }
    if let Some(path) = &args.output {
        save(path, &compiled.plan.to_bytes(), common)?;
    }
    let circuit = |option: &str| {
        compiled.whole().ok_or_else(|| {
            Failure::Usage(format!("{option} needs a program or a circuit: a plan has lost the gates' order"))
        })
    };
    if let Some(path) = &args.bristol {
        let circuit = circuit("--bristol")?;
        let text = bristol::write(circuit).map_err(|error| Failure::Program(format!("error: {error}")))?;
        save_circuit(path, circuit, &text, common)?;
    }
    if let Some(path) = &args.bristol_old {
        let circuit = circuit("--bristol-old")?;
        let text = bristol::write_old(circuit).map_err(|error| Failure::Program(format!("error: {error}")))?;
        save_circuit(path, &bristol::in_old_order(circuit), &text, common)?;
    }
    if let Some(path) = &args.dot {
        let dot = draw::dot(circuit("--dot")?).map_err(|error| Failure::Usage(format!("--dot: {error}")))?;
        save(path, dot.as_bytes(), common)?;
    }
    Ok(())
}

/// The file, and beside it what it cannot say. The sidecar first: a circuit without one has a meaning, an old sidecar has none.
fn save_circuit(path: &Path, circuit: &Circuit, text: &str, common: &Common) -> Result<(), Failure> {
    save(&sidecar_of(path), bristol::write_sidecar(circuit, text).as_bytes(), common)?;
    save(path, text.as_bytes(), common)
}

fn save(path: &Path, bytes: &[u8], common: &Common) -> Result<(), Failure> {
    write_whole(path, bytes)?;
    if !common.quiet {
        eprintln!("{}: {} bytes", path.display(), bytes.len());
    }
    Ok(())
}
