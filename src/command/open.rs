//! `hushgate open`: a participant reads what the two who computed have sent back.

use crate::cli::{Common, OpenArgs};
use crate::command::share::participant;
use crate::failure::Failure;
use crate::program::{Inputs, load, locate};
use crate::results::Results;
use crate::seating::Seating;
use crate::shares::{Keep, ResultFile, Target};
use crate::terminal::hex;

/// Takes the mask off and prints the results; where both servers' files are given, they must say the same.
pub fn run(args: &OpenArgs, common: &Common) -> Result<(), Failure> {
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let inputs = Inputs::parse(&[], &program.parties(), None, located.folder)?;
    let outline = program.outline(&inputs, common.target(None))?;
    let seating = Seating::of(&outline);
    let keep = Keep::read(&args.keep)?;
    let party = participant(&seating, keep.member())?;
    let parts = seating.parts(party);
    let target = Target { title: "", program: outline.digest, proposal: None, member: keep.member(), parts: &parts };
    let mut found = None;
    for path in &args.results {
        let result = ResultFile::read(path)?;
        let bits = keep.unmask(&result, &target).map_err(|why| {
            Failure::Agreement(format!(
                "{}: not the result that belongs to {}: {why}",
                path.display(),
                args.keep.display()
            ))
        })?;
        if found.replace(bits.clone()).is_some_and(|other| *other != *bits) {
            return Err(Failure::Peer(
                "the two servers sent different results: at least one of them did not send what was computed"
                    .to_owned(),
            ));
        }
    }
    let bits = found.ok_or_else(|| Failure::Usage("no result was given".to_owned()))?;
    let mut results = Results::new(&seating.border().parties, hex(&outline.digest));
    let mut rest = &bits[..];
    for port in &parts.outputs {
        let (bits, after) = rest.split_at(port.shape.width() as usize);
        rest = after;
        results.add_for(party, port, bits.to_vec());
    }
    results.keep_only(keep.member());
    results.save_to(args.output.as_deref());
    results.without_figures().print(common)
}
