//! The programs in the book and in the README: each is checked as its fence says.
//!
//! A fence ```` ```hush ```` holds a program without errors whose tests pass, ```` ```hush,fails=E0401 ```` one that gives exactly this error.

use std::path::{Path, PathBuf};

use hushgate_compiler::diagnostic::{Code, render};
use hushgate_compiler::{Checked, Options, Sources, check, interpret};

use super::root;

/// A program in a page.
struct Block {
    /// The page and the line of the fence.
    place: String,
    /// The error that it must give, if any.
    fails: Option<Code>,
    text: String,
}

#[test]
fn every_program_is_as_its_fence_says() {
    let wrong: Vec<String> = blocks().iter().filter_map(|block| problem(block).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn there_are_programs_of_both_kinds() {
    let blocks = blocks();
    assert!(blocks.iter().filter(|block| block.fails.is_none()).count() >= 10);
    assert!(blocks.iter().filter(|block| block.fails.is_some()).count() >= 10);
}

/// The manual may name an error only by a code that exists.
#[test]
fn every_code_that_a_page_names_exists() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let like_a_code =
                word.len() == 5 && word.starts_with("E0") && word[1..].bytes().all(|b| b.is_ascii_digit());
            assert!(!like_a_code || word.parse::<Code>().is_ok(), "{}: there is no {word}", page.display());
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("book/src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

fn blocks() -> Vec<Block> {
    pages().iter().flat_map(|page| blocks_of(page, &std::fs::read_to_string(page).unwrap())).collect()
}

/// The fenced programs of a page.
fn blocks_of(page: &Path, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```").collect();
        let place = format!("{}:{number}", page.display());
        let mut words = info.split(',');
        if words.next() == Some("hush") {
            blocks.push(Block { fails: words.next().map(|word| failure(word, &place)), text: body.join("\n"), place });
        }
    }
    blocks
}

fn failure(word: &str, place: &str) -> Code {
    let code = word.strip_prefix("fails=").and_then(|code| code.parse().ok());
    code.unwrap_or_else(|| panic!("{place}: a fence is `hush` or `hush,fails=CODE`, found `{word}`"))
}

/// Checks a block, and runs its tests.
fn problem(block: &Block) -> Result<(), String> {
    let sources = Sources { name: &block.place, text: &block.text, load: &|_| None };
    let checked = check(&sources, &Options::default());
    let mut codes: Vec<Code> =
        checked.diagnostics.iter().filter(|found| found.is_error()).map(|found| found.code).collect();
    codes.dedup();
    match (block.fails, &codes[..]) {
        (None, []) => tests_pass(block, &checked),
        (Some(wanted), [found]) if wanted == *found => Ok(()),
        (wanted, _) => {
            let wanted = wanted.map_or("no error".to_owned(), |code| code.to_string());
            let found = render(&checked.sources, &checked.diagnostics, false);
            Err(format!("{}: expected {wanted}, found {codes:?}\n{found}", block.place))
        }
    }
}

fn tests_pass(block: &Block, checked: &Checked) -> Result<(), String> {
    let program = checked.program.as_ref().ok_or_else(|| format!("{}: no program", block.place))?;
    for test in &program.tests {
        let failures = interpret::run_test(program, test);
        if !failures.is_empty() {
            return Err(format!("{}: the test {} fails: {failures:?}", block.place, test.name));
        }
    }
    Ok(())
}
