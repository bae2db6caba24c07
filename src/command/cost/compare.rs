//! What changes from one program, or one version of it, to another.
//!
//! Functions are matched by file and name, lines by what the texts of their files have in common: a line that was moved or rewritten is one
//! that went and one that came. The two programs' own files are matched by name, whatever their folders; the root files whatever their names.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::places::{Share, by_function, by_line, spent, total};
use super::{Subject, figures};
use crate::diff::common_lines;
use crate::program::Hush;
use crate::terminal::outln;

/// Two programs.
pub struct Comparison {
    before: Subject,
    after: Subject,
}

/// AND gates of something in both programs.
struct Change {
    file: String,
    /// Line before and after; of functions none.
    lines: [Option<u32>; 2],
    function: String,
    and_gates: [u64; 2],
}

impl Comparison {
    /// From one to the other.
    pub fn new(before: Subject, after: Subject) -> Comparison {
        Comparison { before, after }
    }

    /// As scripts get it. Functions and lines are those whose costs differ.
    pub fn json(&self) -> Json {
        let mut json = json!({ "before": figures(&self.before.compiled), "after": figures(&self.after.compiled) });
        if let Some((functions, lines)) = self.changes() {
            json["functions"] = functions.iter().map(Change::json).collect();
            json["lines"] = lines.iter().map(Change::json).collect();
        }
        json
    }

    /// Prints totals, functions and lines.
    pub fn print(&self) {
        let [before, after] = [&self.before, &self.after].map(|subject| figures(&subject.compiled));
        outln!("{:<18} {:>14} {:>14} {:>14}", "", "before", "after", "change");
        outln!("{:<18} {} → {}", "", self.before.name, self.after.name);
        for name in TOTALS {
            if let (Some(before), Some(after)) = (before[name].as_u64(), after[name].as_u64()) {
                let change = change([before, after]);
                outln!("{:<18} {before:>14} {after:>14} {change:>14}", name.replace('_', " "));
            }
        }
        let Some((functions, lines)) = self.changes() else { return };
        if functions.is_empty() && lines.is_empty() {
            outln!("\nno function and no line costs more or less than before");
            return;
        }
        outln!("\n      before        after       change  function, those that it calls not counted");
        functions.iter().for_each(|change| change.print(&change.function));
        outln!("\n      before        after       change  line");
        let text = |change: &Change| -> String {
            let (subject, line) = match change.lines {
                [_, Some(line)] => (&self.after, line),
                [line, None] => (&self.before, line.unwrap_or(0)),
            };
            let place = match change.lines {
                [Some(before), Some(after)] if before != after => format!("{}:{before}→{after}", change.file),
                _ => format!("{}:{line}", change.file),
            };
            let text = subject.hush().and_then(|hush| text_of(hush, &change.file, line)).unwrap_or_default();
            format!("{place}  {}", text.trim())
        };
        lines.iter().for_each(|change| change.print(&text(change)));
    }

    /// Functions and lines whose costs differ, if both programs have source.
    fn changes(&self) -> Option<(Vec<Change>, Vec<Change>)> {
        let (before, after) = (self.before.hush()?, self.after.hush()?);
        let [spent_before, spent_after] =
            [(&self.before, before), (&self.after, after)].map(|(subject, hush)| spent(&subject.compiled, hush));
        let functions = changes([by_function(&spent_before, before), by_function(&spent_after, after)], |i, share| {
            (file_key([before, after][i], &share.file), 0, share.function.clone())
        });
        let lines_after = matched_lines(before, after);
        let lines = changes([by_line(&spent_before, before), by_line(&spent_after, after)], |i, share| {
            let file = file_key([before, after][i], &share.file);
            // Lines that both have are called as in the second program, lines that went by a number that it has not.
            let line = match i {
                0 => match lines_after.get(&(file.clone(), share.line)) {
                    Some(&line) => u64::from(line),
                    None => u64::from(share.line) | GONE,
                },
                _ => u64::from(share.line),
            };
            (file, line, share.function.clone())
        });
        let no_lines = |change: Change| Change { lines: [None; 2], ..change };
        Some((functions.into_iter().map(no_lines).collect(), lines))
    }
}

/// Marks lines that only the first program has.
const GONE: u64 = 1 << 40;

/// Totals that are compared.
const TOTALS: [&str; 10] = [
    "and_gates",
    "and_gates_full",
    "and_gates_half",
    "and_gates_local",
    "xor_gates",
    "and_depth",
    "table_bytes",
    "ot_count",
    "plan_bytes",
    "max_live_labels",
];

type Key = (String, u64, String);

/// Shares with equal keys, one beside the other, where they differ; the largest changes first.
fn changes(shares: [Vec<Share>; 2], key: impl Fn(usize, &Share) -> Key) -> Vec<Change> {
    let mut changes: BTreeMap<Key, Change> = BTreeMap::new();
    for (i, shares) in shares.into_iter().enumerate() {
        for share in shares {
            let (file, line, function) = key(i, &share);
            let change = changes.entry((file.clone(), line, function.clone())).or_insert_with(|| Change {
                file,
                lines: [None; 2],
                function,
                and_gates: [0; 2],
            });
            change.lines[i] = Some(share.line);
            change.and_gates[i] += total(share.ands);
        }
    }
    let mut changes: Vec<Change> =
        changes.into_values().filter(|change| change.and_gates[0] != change.and_gates[1]).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.and_gates[0].abs_diff(change.and_gates[1])));
    changes
}

impl Change {
    fn json(&self) -> Json {
        let [before, after] = self.and_gates;
        let mut json = json!({ "file": self.file, "function": self.function, "before": before, "after": after });
        if self.lines != [None; 2] {
            json["line_before"] = self.lines[0].into();
            json["line_after"] = self.lines[1].into();
        }
        json
    }

    fn print(&self, what: &str) {
        let [before, after] = self.and_gates;
        outln!("{before:>12} {after:>12} {:>12}  {what}", change(self.and_gates));
    }
}

fn change([before, after]: [u64; 2]) -> String {
    match before.abs_diff(after) {
        0 => "=".to_owned(),
        n if after > before => format!("+{n}"),
        n => format!("-{n}"),
    }
}

/// What a file is called in both programs: the root is `main`, others by their own names.
fn file_key(hush: &Hush, file: &str) -> String {
    let own = hush.files.iter().position(|source| file == source.name || file.ends_with(&format!("/{}", source.name)));
    match own {
        Some(0) => "main".to_owned(),
        Some(i) => hush.files[i].name.clone(),
        None => file.to_owned(),
    }
}

/// For lines of files that both have, the number of the same line in the second program.
fn matched_lines(before: &Hush, after: &Hush) -> BTreeMap<(String, u32), u32> {
    let mut lines = BTreeMap::new();
    for (_, file) in before.sources.files() {
        let key = file_key(before, file.name());
        let other = after.sources.files().find(|(_, other)| file_key(after, other.name()) == key);
        if let Some((_, other)) = other {
            for (old, new) in common_lines(file.text(), other.text()) {
                lines.insert((key.clone(), old as u32 + 1), new as u32 + 1);
            }
        }
    }
    lines
}

fn text_of(hush: &Hush, key: &str, line: u32) -> Option<String> {
    let (_, file) = hush.sources.files().find(|(_, file)| file_key(hush, file.name()) == key)?;
    file.shown().lines().nth(line.checked_sub(1)? as usize).map(str::to_owned)
}
