//! Breaks rules of the compiler and of its circuits, one at a time, and looks whether the tests notice.
//!
//! `cargo run -p hushgate-compiler --example mutation [WORD …]` tries the mutations of `rules.txt`, or those with a word in their name or file.
//! It fails where a mutation survives all tests that is not said to be equivalent. That every mutation still has its place in the
//! sources is a test.
//!
//! Untch, Offutt, Harrold, "Mutation analysis using mutant schemata", ISSTA 1993: all mutations are built into one copy of the sources, in
//! `target/mutation`, each behind its number; an environment variable switches one of them on. So a mutation costs a run of the
//! tests until the first of them fails, and no build.

mod rules;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rules::Mutation;

type Failed = Box<dyn std::error::Error>;

/// The variable that holds the number of the mutation that is on.
const VARIABLE: &str = "MUTATION";

/// Where the sources ask for it.
const SWITCH: &str = "
/// Which mutation is on.
pub mod mutation {
    static ACTIVE: ::std::sync::LazyLock<u32> =
        ::std::sync::LazyLock::new(|| ::std::env::var(\"MUTATION\").ok().and_then(|n| n.parse().ok()).unwrap_or(0));

    /// Whether this one is.
    pub fn is_on(number: u32) -> bool {
        *ACTIVE == number
    }
}
";

/// Tests of one binary that are run for a mutation.
struct Suite {
    /// How cargo names the binary.
    binary: &'static str,
    /// Arguments of the binary.
    args: &'static [&'static str],
}

/// What tests circuits.
const CIRCUITS: Suite = Suite { binary: "hushgate_circuits", args: &[] };

/// What tests parts of the compiler on their own; not how texts are read and written.
const PARTS: Suite = Suite { binary: "hushgate_compiler", args: &["--skip", "syntax::"] };

/// Programs that are refused, and those that are accepted with the results that they say.
const PROGRAMS: Suite = Suite {
    binary: "it",
    args: &["run::", "diagnostics::messages", "diagnostics::every_program", "border::", "budget::"],
};

/// Programs whose circuits are compared with the interpreter.
const COMPARED: Suite = Suite { binary: "it", args: &["lowered::"] };

/// Kilobytes of memory that a run of tests may take: a broken rule may ask for any number.
const MEMORY_MAX: u64 = 6_000_000;

enum Outcome {
    /// By this test.
    Caught(String),
    Survived,
}

fn main() -> ExitCode {
    match try_all() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether no mutation survives that should not.
fn try_all() -> Result<bool, Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let list = rules::parse(include_str!("rules.txt"))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let folder = root.join("target/mutation");
    copy(&root, &folder.join("tree"), &list)?;
    let binaries = build(&folder)?;
    for suite in [PARTS, PROGRAMS, COMPARED, CIRCUITS] {
        let start = Instant::now();
        if let Outcome::Caught(test) = run(&binaries, &suite, 0)? {
            return Err(format!("{test} fails without any mutation").into());
        }
        println!("{:>6.1} s  {} {}, unbroken", start.elapsed().as_secs_f64(), suite.binary, suite.args.join(" "));
    }
    let is_wanted = |mutation: &Mutation| {
        let named = words.iter().any(|word| mutation.name.contains(word) || mutation.file.contains(word));
        if words.is_empty() { mutation.equivalent.is_none() } else { named }
    };
    let (start, mut n_caught, mut survivors) = (Instant::now(), 0, Vec::new());
    for (number, mutation) in (1..).zip(&list).filter(|(_, mutation)| is_wanted(mutation)) {
        let start = Instant::now();
        let outcome = try_out(&binaries, mutation, number)?;
        print!("{:>6.1} s  {}: ", start.elapsed().as_secs_f64(), mutation.name);
        match (outcome, &mutation.equivalent) {
            (Outcome::Caught(test), None) => {
                n_caught += 1;
                println!("caught by {test}");
            }
            (Outcome::Caught(test), Some(_)) => {
                survivors.push(&mutation.name);
                println!("caught by {test}, although it is said to be equivalent");
            }
            (Outcome::Survived, Some(why)) => println!("equivalent: {}", why.trim()),
            (Outcome::Survived, None) => {
                survivors.push(&mutation.name);
                println!("SURVIVED: {}", mutation.rule);
            }
        }
    }
    let n_equivalent = list.iter().filter(|mutation| mutation.equivalent.is_some()).count();
    println!(
        "{n_caught} caught, {} survived, in {:.0} s; {n_equivalent} of {} in the list are equivalent",
        survivors.len(),
        start.elapsed().as_secs_f64(),
        list.len()
    );
    Ok(survivors.is_empty())
}

/// Makes `tree` a copy of the sources with all mutations in it. Files that do not change keep their time, for cargo.
fn copy(root: &Path, tree: &Path, list: &[Mutation]) -> Result<(), Failed> {
    let mut paths = BTreeSet::new();
    collect(root, Path::new(""), &mut paths)?;
    let mut old = BTreeSet::new();
    if tree.exists() {
        collect(tree, Path::new(""), &mut old)?;
    }
    for path in old.difference(&paths) {
        std::fs::remove_file(tree.join(path))?;
    }
    for path in paths {
        let mut bytes = std::fs::read(root.join(&path))?;
        let own = || (1..).zip(list).filter(|(_, mutation)| Path::new(&mutation.file) == path);
        if own().next().is_some() {
            let is_circuits = path.starts_with("circuits");
            let is_on = if is_circuits { "crate::mutation::is_on" } else { "hushgate_circuits::mutation::is_on" };
            // No switch can be asked for in a constant.
            let text = String::from_utf8(bytes)?.replace("const fn ", "fn ");
            bytes = rules::apply(&text, own(), is_on)?.into_bytes();
        }
        if path == Path::new("circuits/src/lib.rs") {
            bytes.extend(SWITCH.as_bytes());
        }
        let target = tree.join(&path);
        if std::fs::read(&target).ok().as_ref() != Some(&bytes) {
            std::fs::create_dir_all(target.parent().ok_or("a file has a folder")?)?;
            std::fs::write(&target, bytes)?;
        }
    }
    Ok(())
}

/// The files below a folder, without what cargo and git keep there.
fn collect(root: &Path, folder: &Path, paths: &mut BTreeSet<PathBuf>) -> Result<(), Failed> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if !path.ends_with("target") && !path.ends_with(".git") {
                collect(root, &path, paths)?;
            }
        } else if entry.file_type()?.is_file() {
            paths.insert(path);
        }
    }
    Ok(())
}

/// The paths of the test binaries.
fn build(folder: &Path) -> Result<Vec<String>, Failed> {
    let start = Instant::now();
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    let output = Command::new(cargo)
        .args(["test", "-p", "hushgate-circuits", "-p", "hushgate-compiler", "--lib", "--test", "it", "--no-run"])
        .current_dir(folder.join("tree"))
        .env("CARGO_TARGET_DIR", folder)
        .env("RUSTFLAGS", "-Awarnings")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{said}\nis_on(N) is the Nth mutation of the list").into());
    }
    println!("{:>6.1} s  build", start.elapsed().as_secs_f64());
    let path =
        |line: &str| Some(line.trim().strip_prefix("Executable")?.split_once('(')?.1.trim_end_matches(')').to_owned());
    Ok(said.lines().filter_map(path).collect())
}

/// Runs the suites, those first that are likely to notice.
fn try_out(binaries: &[String], mutation: &Mutation, number: u32) -> Result<Outcome, Failed> {
    let suites = match mutation.file.split('/').collect::<Vec<_>>()[..] {
        ["circuits", ..] => &[CIRCUITS, PARTS, COMPARED, PROGRAMS][..],
        ["compiler", "src", "lower", ..] => &[PARTS, COMPARED, PROGRAMS],
        _ => &[PARTS, PROGRAMS, COMPARED],
    };
    for suite in suites {
        if let Outcome::Caught(test) = run(binaries, suite, number)? {
            return Ok(Outcome::Caught(test));
        }
    }
    Ok(Outcome::Survived)
}

/// Runs a suite with a mutation on, until the first test fails.
fn run(binaries: &[String], suite: &Suite, number: u32) -> Result<Outcome, Failed> {
    let prefix = format!("/{}-", suite.binary);
    let binary = binaries.iter().find(|path| path.contains(&prefix)).ok_or("cargo builds the tests")?;
    let tree = Path::new(binary).ancestors().nth(3).ok_or("it stands in debug/deps")?.join("tree");
    let limited = format!("ulimit -v {MEMORY_MAX}; exec \"$0\" \"$@\"");
    let mut tests = Command::new("sh")
        .args(["-c", &limited, binary])
        .args(suite.args)
        // Here cases that failed are written down, as they are everywhere.
        .current_dir(tree)
        .env(VARIABLE, number.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (sender, lines) = channel();
    let out = BufReader::new(tests.stdout.take().ok_or("it is piped")?);
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let end = Instant::now() + TIME_MAX;
    let outcome = loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let failed = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"));
                if let Some(test) = failed {
                    break Outcome::Caught(test.to_owned());
                }
            }
            Err(RecvTimeoutError::Timeout) => break Outcome::Caught("the clock".to_owned()),
            Err(RecvTimeoutError::Disconnected) if tests.wait()?.success() => return Ok(Outcome::Survived),
            Err(RecvTimeoutError::Disconnected) => return Ok(Outcome::Caught("a crash".to_owned())),
        }
    };
    tests.kill()?;
    tests.wait()?;
    Ok(outcome)
}

/// How long a suite may run.
const TIME_MAX: Duration = Duration::from_secs(600);

#[test]
fn every_mutation_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = rules::parse(include_str!("rules.txt")).unwrap();
    let names: BTreeSet<&str> = list.iter().map(|mutation| &*mutation.name).collect();
    assert_eq!(names.len(), list.len(), "names are unique");
    let mut wrong = Vec::new();
    for file in list.iter().map(|mutation| &mutation.file).collect::<BTreeSet<_>>() {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let own = (1..).zip(&list).filter(|(_, mutation)| mutation.file == *file);
        wrong.extend(rules::apply(&text, own, "is_on").err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
