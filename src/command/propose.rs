//! `hushgate propose`: one file with all that two organisations are to agree on.

use std::path::PathBuf;

use serde_json::Map;

use crate::cli::{Common, ProposeArgs, RuleArgs};
use crate::data::value_to_json;
use crate::describe::borders;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::program::{Inputs, Program, check_unique, load, locate, party_index};
use crate::proposal::{Proposal, Sealed, compiler};
use crate::rules::Rules;
use crate::terminal::{hex, outln};

/// Writes the proposal.
pub fn run(args: &ProposeArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let Program::Hush(hush) = load(&located.file, common)? else {
        return Err(Failure::Usage(
            "a proposal needs the program's source: a plan or a circuit says too little".to_owned(),
        ));
    };
    let title =
        located.file.file_stem().map_or_else(|| "program".to_owned(), |name| name.to_string_lossy().into_owned());
    let files = hush.files.clone();
    let program = Program::Hush(hush);
    let inputs = Inputs::parse(&args.inputs, &program.parties(), None, located.folder)?;
    let ports = program.public()?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    let computing: [String; 2] = compiled.plan.parties.clone().try_into().map_err(|parties: Vec<String>| {
        Failure::Usage(format!("the program has {} parties: two must compute", parties.len()))
    })?;
    args.garbler.as_deref().map(|name| party_index(&computing, name)).transpose()?;
    check_unique(&args.unique, &compiled.border.inputs.iter().collect::<Vec<_>>())?;
    let public: Map<_, _> =
        ports.iter().map(|port| (port.name.clone(), value_to_json(&port.shape, &public[&port.name]))).collect();
    let sealed = Sealed::new(Proposal {
        title: args.title.clone().unwrap_or(title),
        compiler: compiler(),
        opt: common.opt_level(),
        parameters: compiled.params.iter().cloned().collect(),
        public: public.into_iter().collect(),
        computing,
        garbler: args.garbler.clone().or_else(|| compiled.fixed_garbler().map(str::to_owned)),
        local: compiled.plan.local.is_some(),
        parties: borders(&compiled.border),
        rules: rules(&args.rules),
        unique: args.unique.clone(),
        program: hex(&compiled.plan.digest()),
        sources: files,
    });
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.proposal", sealed.proposal.title)));
    write_whole(&path, sealed.text().as_bytes())?;
    if common.json {
        outln!("{}", serde_json::json!({ "file": path.display().to_string(), "proposal": hex(&sealed.digest()) }));
    } else {
        outln!("proposal {}", hex(&sealed.digest()));
    }
    if !common.quiet {
        eprintln!("{0}: send it to the other side; both read it with: hushgate inspect {0}", path.display());
    }
    Ok(())
}

/// What the options say.
pub fn rules(args: &RuleArgs) -> Rules {
    Rules { runs_per_day: args.runs_per_day, runs: args.runs, min_change: args.min_change }
}
