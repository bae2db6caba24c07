//! What is said about programs that are not fine, word for word, and whether the offered edits help.

use std::collections::BTreeSet;

use std::path::PathBuf;

use hushgate_compiler::diagnostic::{Code, Diagnostic, Edit, render};
use hushgate_compiler::source::SourceMap;

use crate::{name, programs};

/// Programs that are malformed, and those that are well-formed but wrong.
const FOLDERS: [&str; 2] = ["diagnostics", "refused"];

fn diagnose(folder: &str, name: &str, text: &str) -> (SourceMap, Vec<Diagnostic>) {
    match folder {
        "diagnostics" => crate::diagnose(name, text),
        _ => crate::check(name, text),
    }
}

fn all_programs() -> impl Iterator<Item = (&'static str, PathBuf, String)> {
    FOLDERS.iter().flat_map(|folder| programs(folder).into_iter().map(|(path, text)| (*folder, path, text)))
}

#[test]
fn messages_are_as_recorded() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut differing = Vec::new();
    for (folder, path, text) in all_programs() {
        let (sources, diagnostics) = diagnose(folder, &name(&path), &text);
        let said = render(&sources, &diagnostics, false);
        let golden = path.with_extension("stderr");
        if update {
            std::fs::write(&golden, &said).unwrap();
        }
        if std::fs::read_to_string(&golden).unwrap_or_default() != said {
            differing.push(format!("{}:\n{said}", name(&path)));
        }
    }
    assert!(differing.is_empty(), "{}\nUPDATE_GOLDEN=1 records these", differing.join("\n"));
}

#[test]
fn every_program_is_refused() {
    for (folder, path, text) in all_programs() {
        assert!(!diagnose(folder, &name(&path), &text).1.is_empty(), "{} is fine", name(&path));
    }
}

#[test]
fn every_code_has_a_golden_file() {
    let mut seen = BTreeSet::new();
    for (folder, path, text) in all_programs() {
        seen.extend(diagnose(folder, &name(&path), &text).1.iter().map(|diagnostic| diagnostic.code));
    }
    // Messages about programs that are too large to keep, or with limits that are lowered.
    seen.extend(crate::limits::golden_codes());
    // `budget` compares its message: it is found only when a circuit is built.
    seen.insert(Code::OverBudget);
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(code)).collect();
    assert!(missing.is_empty(), "no golden file shows {missing:?}");
}

#[test]
fn every_offered_edit_helps() {
    for (folder, path, text) in all_programs() {
        let before = diagnose(folder, &name(&path), &text).1;
        for diagnostic in &before {
            let Some(help) = diagnostic.help.as_ref().filter(|help| !help.edits.is_empty()) else { continue };
            let (edited, sources, after) = edit(folder, &name(&path), &text, &help.edits);
            assert!(
                n_like(&after, diagnostic) < n_like(&before, diagnostic),
                "{}: {:?} does not help against {:?}:\n{edited}\n{}",
                name(&path),
                help.message,
                diagnostic.message,
                render(&sources, &after, false)
            );
            assert!(
                after.len() < before.len(),
                "{}: {:?} causes errors:\n{edited}\n{}",
                name(&path),
                help.message,
                render(&sources, &after, false)
            );
        }
    }
}

/// The program with these edits, some of which may be in its modules, and what is said about it.
fn edit(folder: &str, name: &str, text: &str, edits: &[Edit]) -> (String, SourceMap, Vec<Diagnostic>) {
    let (before, _) = diagnose(folder, name, text);
    let in_file = |file: &str, text: &str| {
        let own: Vec<Edit> = edits.iter().filter(|edit| before.file(edit.span.file).name() == file).cloned().collect();
        apply(text, &own)
    };
    let edited = in_file(name, text);
    if folder == "diagnostics" {
        let (sources, after) = crate::diagnose(name, &edited);
        return (edited, sources, after);
    }
    let load = |path: &str| crate::module(path).map(|text| in_file(path, &text));
    let checked = hushgate_compiler::check(
        &hushgate_compiler::Sources { name, text: &edited, load: &load },
        &hushgate_compiler::Options::default(),
    );
    (edited, checked.sources, checked.diagnostics)
}

fn n_like(diagnostics: &[Diagnostic], like: &Diagnostic) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.code == like.code).count()
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<_> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
    }
    text
}
