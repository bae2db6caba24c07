//! Programs in which some words are replaced by others: each is refused or accepted, and what is accepted runs.

use std::sync::LazyLock;

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::interpret::{ErrorKind, FailureKind, run_test};
use hushgate_compiler::{Options, Sources, check};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::programs;

static TEXTS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let folders = ["run", "refused", "corpus", "modules"];
    folders
        .iter()
        .flat_map(|folder| programs(folder))
        .map(|(_, text)| words(&text))
        .filter(|words| (10..5_000).contains(&words.len()))
        .collect()
});

/// Mutants tried; `MUTANTS` in the environment asks for more.
fn n_mutants() -> u64 {
    std::env::var("MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

#[test]
fn mutants_are_refused_or_run() {
    let first: u64 = std::env::var("MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + n_mutants() {
        let text = mutant(seed);
        let outcome = std::panic::catch_unwind(|| try_out(&text));
        assert!(outcome.is_ok(), "MUTANT={seed} MUTANTS=1:\n{text}");
    }
}

fn try_out(text: &str) {
    let checked = check(&Sources { name: "mutant.hush", text, load: &crate::module }, &Options::default());
    assert!(render(&checked.sources, &checked.diagnostics, false).len() < 1_000_000);
    let Some(program) = checked.program else {
        assert!(checked.diagnostics.iter().any(|diagnostic| diagnostic.is_error()), "refused without an error");
        return;
    };
    for test in &program.tests {
        for failure in run_test(&program, test) {
            let FailureKind::Stopped(kind) = failure.kind else { continue };
            let limit = matches!(kind, ErrorKind::TooManySteps(_) | ErrorKind::TooWide | ErrorKind::TooDeep(_));
            assert!(limit || matches!(kind, ErrorKind::Unmet(_)), "{}: {kind:?}", test.name);
        }
    }
}

/// A program with one to three words replaced, removed or doubled.
fn mutant(seed: u64) -> String {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut words = TEXTS[random.random_range(0..TEXTS.len())].clone();
    for _ in 0..random.random_range(1..=3) {
        let at = random.random_range(0..words.len());
        let other = if random.random_bool(0.8) { &words } else { &TEXTS[random.random_range(0..TEXTS.len())] };
        let other = other[random.random_range(0..other.len())].clone();
        match random.random_range(0..10) {
            0 => drop(words.remove(at)),
            1 => words.insert(at, other),
            _ if same_kind(&words[at], &other) || random.random_bool(0.2) => words[at] = other,
            _ => {}
        }
        if words.is_empty() {
            break;
        }
    }
    words.concat()
}

/// Whether both are names, both numbers or both signs.
fn same_kind(a: &str, b: &str) -> bool {
    let kind = |word: &str| {
        word.chars().next().map(|c| (c.is_alphabetic() || c == '_', c.is_ascii_digit(), c.is_whitespace()))
    };
    kind(a) == kind(b)
}

/// Names, numbers, and everything else character by character; together they are the text.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in text.chars() {
        let joins = |word: &&mut String| {
            (c.is_alphanumeric() || c == '_') && word.ends_with(|last: char| last.is_alphanumeric() || last == '_')
        };
        match words.last_mut().filter(joins) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
    }
    words
}
