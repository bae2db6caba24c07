//! `hushgate share`: a participant's inputs, split and sealed to the two who compute.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use serde_json::json;
use zeroize::Zeroizing;

use hushgate_circuits::shape::Value;
use hushgate_runtime::identity::Identity;
use hushgate_runtime::shares::envelope::SealingKey;

use crate::cli::{Common, ShareArgs};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::key;
use crate::party::rng_of;
use crate::program::{Inputs, load, locate};
use crate::seating::{Seating, random_bits, share};
use crate::shares::{Keep, PublicFile, Target, file_name};
use crate::terminal::{hex, outln};

/// Writes two sealed shares, and what is to be kept; in a rehearsal, for all members of a family.
pub fn run(args: &ShareArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let public = Inputs::parse(&[], &program.parties(), None, located.folder.clone())?;
    let outline = program.outline(&public, common.target(None))?;
    let seating = Seating::of(&outline);
    let members = members(&seating, &args.party)?;
    let keys = keys(&args.to, &outline.computing)?;
    let identity = match &args.key {
        Some(path) => Some(key::read(path)?),
        None => key::default_path().and_then(|path| key::read(&path)).ok(),
    };
    let title = program.proposal().map_or_else(
        || located.file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        |sealed| sealed.proposal.title.clone(),
    );
    let folder = args.output.clone().unwrap_or_else(|| PathBuf::from("."));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let sharing = Sharing {
        servers: outline.computing.iter().map(String::as_str).zip(&keys).collect(),
        identity: identity.as_ref(),
        folder: &folder,
    };
    let mut rng = rng_of(common, 0)?;
    let (parties, proposal) = (program.parties(), program.proposal().map(|sealed| sealed.digest()));
    for party in members {
        let member = &seating.border().parties[party];
        let data = args.data.clone().or(located.folder.clone());
        let inputs = Inputs::parse(&args.inputs, &parties, Some(member), data)?;
        let ports = seating.ports(member);
        let values = inputs.written(&args.data_args, program.unique(), &ports)?.bind(member, &ports)?;
        let parts = seating.parts(party);
        let target = Target { title: &title, program: outline.digest, proposal, member, parts: &parts };
        let (submission, written) = sharing.write(&target, &values, &mut rng)?;
        report(&written, &submission, common);
    }
    Ok(())
}

/// What the shares of all members have in common.
struct Sharing<'a> {
    servers: Vec<(&'a str, &'a SealingKey)>,
    identity: Option<&'a Identity>,
    folder: &'a Path,
}

impl Sharing<'_> {
    /// One member's files.
    fn write(
        &self,
        target: &Target<'_>,
        values: &[Value],
        rng: &mut ChaCha20Rng,
    ) -> Result<([u8; 16], Vec<PathBuf>), Failure> {
        let mut submission = [0; 16];
        rng.fill_bytes(&mut submission);
        let mut bits = Zeroizing::new(Vec::new());
        for (port, value) in target.parts.inputs.iter().zip(values) {
            bits.extend(port.shape.encode(value).expect("bound values fit their shapes"));
        }
        let pads = random_bits(target.parts.pad_bits() as usize, rng);
        bits.extend_from_slice(&pads);
        let name = file_name(target.member);
        let mut written = Vec::new();
        if !target.parts.outputs.is_empty() {
            let path = self.folder.join(format!("{name}.keep"));
            Keep::new(target, &submission, &pads).save(&path)?;
            written.push(path);
        }
        for (&server, bits) in self.servers.iter().zip(share(&bits, rng)) {
            let file = target.seal(server, &submission, &bits, self.identity, rng)?;
            let path = self.folder.join(format!("{name}.for.{}.share", file_name(server.0)));
            write_whole(&path, file.text().as_bytes())?;
            written.push(path);
        }
        Ok((submission, written))
    }
}

/// The participant of this name, or with `FAMILY[*]` all of a family.
fn members(seating: &Seating, name: &str) -> Result<Vec<usize>, Failure> {
    let Some(family) = name.strip_suffix("[*]") else { return Ok(vec![participant(seating, name)?]) };
    let is_member =
        |party: &usize| seating.border().parties[*party].split_once('[').is_some_and(|(other, _)| other == family);
    let members: Vec<usize> = seating.participants().into_iter().filter(is_member).collect();
    match members.is_empty() {
        true => participant(seating, name).map(|party| vec![party]),
        false => Ok(members),
    }
}

fn report(written: &[PathBuf], submission: &[u8; 16], common: &Common) {
    let shown: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    if common.json {
        outln!("{}", json!({ "files": shown, "submission": hex(submission) }));
        return;
    }
    outln!("submission {}", hex(submission));
    if common.quiet {
        return;
    }
    for path in &shown {
        let what = if path.ends_with(".keep") { "keep it: without it the results cannot be read" } else { "send it" };
        eprintln!("{path}: {what}");
    }
}

/// The position of one who takes part and does not compute.
pub fn participant(seating: &Seating, name: &str) -> Result<usize, Failure> {
    let party = seating.party(name);
    party.filter(|party| seating.participants().contains(party)).ok_or_else(|| {
        let members: Vec<&str> =
            seating.participants().into_iter().map(|party| seating.border().parties[party].as_str()).collect();
        let members = match members.as_slice() {
            [first, .., last] => format!("from {first} to {last}"),
            [one] => (*one).to_owned(),
            [] => "nobody: the two parties run the program with each other".to_owned(),
        };
        Failure::Usage(format!("{name} does not take part by shares; those who do: {members}"))
    })
}

/// The keys to seal to, in the order of those who compute: named, as `server_a=a.pub`, or in that order.
fn keys(to: &[String], computing: &[String]) -> Result<Vec<SealingKey>, Failure> {
    let [first, second] = to else {
        return Err(Failure::Usage(format!(
            "--to is needed twice: the public keys of {} and {} (made by: hushgate id --out FILE)",
            computing[0], computing[1]
        )));
    };
    let split = |text: &str| -> Option<(String, PathBuf)> {
        let (name, path) = text.split_once('=')?;
        computing.contains(&name.to_owned()).then(|| (name.to_owned(), PathBuf::from(path)))
    };
    let paths = match (split(first), split(second)) {
        (Some(one), Some(other)) if one.0 != other.0 => {
            let (a, b) = if one.0 == computing[0] { (one, other) } else { (other, one) };
            [a.1, b.1]
        }
        (None, None) => [PathBuf::from(first), PathBuf::from(second)],
        _ => {
            return Err(Failure::Usage(
                "--to: name both or neither, as in --to server_a=a.pub --to server_b=b.pub".to_owned(),
            ));
        }
    };
    let read = |path: &Path| PublicFile::read(path);
    let [(a, first), (b, second)] = [read(&paths[0])?, read(&paths[1])?];
    if a == b {
        return Err(Failure::Policy(
            "both keys are of one organisation: it could put the shares together and read everything".to_owned(),
        ));
    }
    eprintln!("sealed to {} ({}) and {} ({})", computing[0], a.fingerprint(), computing[1], b.fingerprint());
    Ok(vec![first, second])
}
