//! `hushgate approve`: this organisation agrees to take part in what a proposal says.

use crate::approval::Approval;
use crate::cli::{ApproveArgs, Common};
use crate::command::{inspect, propose};
use crate::describe::Times;
use crate::failure::Failure;
use crate::key;
use crate::program::{Inputs, load, party_index};
use crate::terminal::{hex, outln};

/// Signs the proposal and keeps the signature; or takes it back.
pub fn run(args: &ApproveArgs, common: &Common) -> Result<(), Failure> {
    let program = load(&args.file, common)?;
    let Some(sealed) = program.proposal() else {
        return Err(Failure::Usage(format!(
            "{} is not a proposal: make one with: hushgate propose",
            args.file.display()
        )));
    };
    let digest = hex(&sealed.digest());
    if let Some(expected) = args.digest.as_ref().filter(|expected| **expected != digest) {
        return Err(Failure::Policy(format!(
            "the proposal's digest is {digest}, not {expected}: nothing was approved"
        )));
    }
    if args.withdraw {
        return withdraw(sealed, common);
    }
    let Some(party) = &args.party else {
        return Err(Failure::Usage("--as PARTY is missing: which party of the proposal is this side?".to_owned()));
    };
    party_index(&sealed.proposal.computing, party)?;
    // Compiles it, so that nothing is approved that this version would not run.
    let public = Inputs::default().public(&program)?;
    let compiled = program.compile(&public, common.target(None))?;
    let identity = key::read(&args.key.clone().map_or_else(key::default_path, Ok)?)?;
    Approval::new(sealed, party, propose::rules(&args.rules), &identity).save()?;
    if common.json {
        outln!(
            "{}",
            serde_json::json!({ "proposal": digest, "party": party, "key": identity.public_key().to_string() })
        );
        return Ok(());
    }
    if !common.quiet {
        let times = Times::of(&compiled, None, common)?;
        eprintln!("{}\n", inspect::describe(&args.file, &program, &compiled, times)?.text());
    }
    outln!("approved {digest} as {party}");
    Ok(())
}

fn withdraw(sealed: &crate::proposal::Sealed, common: &Common) -> Result<(), Failure> {
    if !Approval::withdraw(sealed)? {
        return Err(Failure::Usage("the proposal is not approved: there is nothing to withdraw".to_owned()));
    }
    if !common.quiet {
        eprintln!("withdrawn: it runs no more");
    }
    Ok(())
}
