//! The `hushgate` command as people and scripts use it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod agreement;
mod batches;
mod bench;
mod book;
mod cost;
mod examples;
mod exchange;
mod flights;
mod keys;
mod memory;
mod misuse;
mod optimize;
mod organisations;
mod participants;
mod relay;
mod requirements;
mod sessions;
mod sizes;
mod terminal;
mod testing;
mod tidy;
mod tools;
mod versions;
mod walk;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value as Json;

/// The command under test, run from the root of the repository.
fn hushgate(args: &[&str]) -> Output {
    command(args).output().expect("the command starts")
}

/// The binary that was built for these tests, or another one that `HUSHGATE` names.
fn command(args: &[&str]) -> std::process::Command {
    let built = || env!("CARGO_BIN_EXE_hushgate").into();
    let mut command = std::process::Command::new(std::env::var_os("HUSHGATE").unwrap_or_else(built));
    command.current_dir(root()).args(args).env("NO_COLOR", "1");
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the command printed as JSON, if it succeeded.
#[track_caller]
fn json(output: &Output) -> Json {
    assert!(output.status.success(), "failed: {}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file of this test's own, with these contents.
fn temporary(name: &str, contents: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("it-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, contents).unwrap();
    path
}
