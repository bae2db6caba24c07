//! `hushgate synth`: made-up inputs for every party, so that a rehearsal needs no real data.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value as Json};

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Value;
use rand_chacha::ChaCha20Rng;

use crate::cli::{Common, SynthArgs};
use crate::data::value_to_json;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::party::rng_of;
use crate::program::{Hush, Inputs, PUBLIC, Program, load, locate};
use crate::synth::{meeting, random};

/// Writes `PARTY.json` for each party, and `public.json` where there are public inputs.
pub fn run(args: &SynthArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let Program::Hush(hush) = &program else {
        return Err(Failure::Usage("made-up data need a Hush program, whose inputs have names and types".to_owned()));
    };
    let folder = args.output.clone().unwrap_or_else(|| PathBuf::from("."));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut rng = rng_of(common, 0)?;
    let inputs = hush.border()?.inputs;
    // A proposal has fixed them.
    let public = if hush.proposal.is_some() { Vec::new() } else { hush.public()? };
    let drawn = draw((&program, hush), &inputs, &public, common, &mut rng)?;
    let parties = hush.program.parties.iter().map(|party| party.name.clone());
    let mut by_party: Vec<(String, Vec<(InputPort, Value)>)> = parties.map(|party| (party, Vec::new())).collect();
    for (port, value) in inputs.into_iter().zip(drawn.inputs) {
        by_party[port.party.0 as usize].1.push((port, value));
    }
    by_party.push((PUBLIC.to_owned(), public.into_iter().zip(drawn.public).collect()));
    let mut written = 0;
    for (party, ports) in by_party.into_iter().filter(|(_, ports)| !ports.is_empty()) {
        let values: Map<String, Json> =
            ports.iter().map(|(port, value)| (port.name.clone(), value_to_json(&port.shape, value))).collect();
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
    if !drawn.meets {
        eprintln!(
            "warning: no data were found that meet what the program requires, so `run` will fail on these with exit code 3: change them by hand"
        );
    }
    Ok(())
}

/// Values in the order of the ports.
struct Drawn {
    inputs: Vec<Value>,
    public: Vec<Value>,
    /// Whether what the program requires holds for them.
    meets: bool,
}

/// Values of all inputs; such that meet what the program requires, if some can be found.
fn draw(
    (program, hush): (&Program, &Hush),
    inputs: &[InputPort],
    public: &[InputPort],
    common: &Common,
    rng: &mut ChaCha20Rng,
) -> Result<Drawn, Failure> {
    let of = |ports: &[InputPort], rng: &mut ChaCha20Rng| -> Vec<Value> {
        ports.iter().map(|port| random(&port.shape, rng)).collect()
    };
    let requires = hush.program.main.as_ref().is_some_and(|main| main.requires.is_some());
    let draws_of_public = if public.is_empty() { 1 } else { PUBLIC_DRAWS };
    for _ in 0..if requires { draws_of_public } else { 0 } {
        let public_values = of(public, rng);
        let named = match hush.proposal {
            Some(_) => Inputs::default().public(program)?,
            None => public.iter().map(|port| port.name.clone()).zip(public_values.iter().cloned()).collect(),
        };
        // With public inputs that the program does not allow there is no circuit.
        let compiled = match program.compile(&named, common.target(None)) {
            Err(Failure::Unmet(_)) => continue,
            compiled => compiled?,
        };
        // The circuit has the inputs in the order of its own ports.
        let Some(values) = compiled.whole().and_then(|circuit| meeting(circuit, rng)) else { continue };
        let ports = &compiled.border.inputs;
        let value = |wanted: &InputPort| {
            let at = ports.iter().position(|port| (port.party, &port.name) == (wanted.party, &wanted.name));
            at.map_or_else(|| random(&wanted.shape, rng), |at| values[at].clone())
        };
        return Ok(Drawn { inputs: inputs.iter().map(value).collect(), public: public_values, meets: true });
    }
    Ok(Drawn { inputs: of(inputs, rng), public: of(public, rng), meets: !requires })
}

/// Public inputs to try: each needs a circuit of its own.
const PUBLIC_DRAWS: usize = 8;
