//! The compiler as its users see it: programs that are fine, and what is said about those that are not.
//!
//! `tests/corpus/*.hush` are well-formed programs. Beside each `tests/diagnostics/NAME.hush`
//! (malformed) and `tests/refused/NAME.hush` (well-formed, but wrong), `NAME.stderr` holds what
//! the compiler says about it, word for word; `UPDATE_GOLDEN=1 cargo test` writes it anew.

mod border;
mod budget;
mod corpus;
mod diagnostics;
mod exact;
mod explanations;
mod library;
mod limits;
mod lowered;
mod mistakes;
mod mutants;
mod properties;
mod robustness;
mod run;

use std::path::{Path, PathBuf};

use hushgate_compiler::diagnostic::{Diagnostic, has_errors};
use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax;
use hushgate_compiler::{Options, Sources};

/// The programs in `tests/FOLDER`, sorted, as name and text.
fn programs(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "hush"));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("programs are UTF-8"))).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Everything the compiler has to say about a program of one file.
fn diagnose(name: &str, text: &str) -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let (_, diagnostics) = syntax::parse(&sources, file);
    (sources, diagnostics)
}

/// A module that the test programs may use.
fn module(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules").join(path)).ok()
}

/// Everything the compiler has to say about a program of one file, once it is checked.
fn check(name: &str, text: &str) -> (SourceMap, Vec<Diagnostic>) {
    let checked = hushgate_compiler::check(&Sources { name, text, load: &module }, &options(text));
    assert_eq!(
        checked.program.is_none(),
        has_errors(&checked.diagnostics),
        "a program is there unless there are errors"
    );
    (checked.sources, checked.diagnostics)
}

/// The parameters that a first line `// --set NAME=VALUE` gives.
fn options(text: &str) -> Options {
    let given = text.lines().next().and_then(|line| line.strip_prefix("// --set ")?.split_once('='));
    let params = given.map(|(name, value)| (name.to_owned(), value.parse().expect("a whole number")));
    Options { params: params.into_iter().collect(), ..Options::default() }
}
