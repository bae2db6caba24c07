//! `hushgate synth`: made-up inputs for every party, so that a rehearsal needs no real data.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value as Json};

use hushgate_circuits::circuit::InputPort;

use crate::cli::{Common, SynthArgs};
use crate::data::value_to_json;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::party::rng_of;
use crate::program::{PUBLIC, Program, load, locate};
use crate::synth::random;

/// Writes `PARTY.json` for each party, and `public.json` where there are public inputs.
pub fn run(args: &SynthArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let Program::Hush(hush) = load(&located.file, common)? else {
        return Err(Failure::Usage("made-up data need a Hush program, whose inputs have names and types".to_owned()));
    };
    let folder = args.output.clone().unwrap_or_else(|| PathBuf::from("."));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut rng = rng_of(common, 0)?;
    let parties = hush.program.parties.iter().map(|party| party.name.clone());
    let mut by_party: Vec<(String, Vec<InputPort>)> = parties.map(|party| (party, Vec::new())).collect();
    for port in hush.inputs()? {
        by_party[port.party.0 as usize].1.push(port);
    }
    by_party.push((PUBLIC.to_owned(), hush.public()?));
    let mut written = 0;
    for (party, ports) in by_party.into_iter().filter(|(_, ports)| !ports.is_empty()) {
        let values: Map<String, Json> = ports
            .iter()
            .map(|port| (port.name.clone(), value_to_json(&port.shape, &random(&port.shape, &mut rng))))
            .collect();
        let path = folder.join(format!("{party}.json"));
        if path.exists() && !args.overwrite {
            return Err(Failure::Policy(format!(
                "{} is there already and may hold real data: remove it, give another folder with -o, or say --overwrite",
                path.display()
            )));
        }
        write_whole(&path, (Json::Object(values).to_string() + "\n").as_bytes())?;
        written += 1;
    }
    if !common.quiet {
        eprintln!("{}: made-up data of {written} parties; they mean nothing", folder.display());
    }
    Ok(())
}
