//! The source with the AND gates of each line: the program's own files whole, of the library the lines that cost.

use std::collections::BTreeMap;

use hushgate_circuits::local::Ands;

use super::places::{Share, total};
use super::{columns, heading};
use crate::program::Hush;
use crate::terminal::outln;

/// Prints every file that has gates.
pub fn print(hush: &Hush, shares: &[Share]) {
    let all = shares.iter().map(|share| total(share.ands)).sum();
    let mut lines: BTreeMap<(&str, u32), Ands> = BTreeMap::new();
    for share in shares {
        let sum = lines.entry((&share.file, share.line)).or_default();
        *sum = sum.plus(share.ands);
    }
    for (_, file) in hush.sources.files() {
        if !lines.keys().any(|(name, _)| *name == file.name()) {
            continue;
        }
        let is_library = is_library(hush, file.name());
        outln!("\n{}  {}", heading(), file.name());
        let mut is_gap = false;
        let shown = file.shown().lines();
        for (text, line) in shown.zip(1u32..) {
            let ands = lines.get(&(file.name(), line));
            if is_library && ands.is_none() {
                is_gap = true;
                continue;
            }
            if std::mem::take(&mut is_gap) {
                outln!("{:width$}  {:>5}", "", "⋮", width = heading().len());
            }
            let costs = ands.map_or(String::new(), |ands| columns(*ands, all));
            outln!("{}", format!("{costs:>width$}  {line:>5}  {text}", width = heading().len()).trim_end());
        }
    }
    if let Some(ands) = lines.get(&("", 0)) {
        outln!("\n{}  not caused by a line", columns(*ands, all));
    }
}

/// Whether a file is part of the compiler, not of the program.
pub fn is_library(hush: &Hush, file: &str) -> bool {
    let own = |name: &str| file == name || file.ends_with(&format!("/{name}"));
    file.starts_with("std/") && !hush.files.iter().any(|source| own(&source.name))
}
