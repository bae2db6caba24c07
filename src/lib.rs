//! Hushgate: private two-party computation. What programs use are the three crates below; the rest is the `hushgate` command, glue between
//! people, files, the compiler and the engine.
//!
//! The command's results go to standard output, everything else to standard error. Exit codes are in `failure`.
#![forbid(unsafe_code)]

pub use hushgate_circuits as circuits;
pub use hushgate_compiler as compiler;
pub use hushgate_runtime as runtime;

mod approval;
mod batch;
mod cli;
mod command;
mod data;
mod describe;
mod diff;
mod failure;
mod files;
mod home;
mod job;
mod key;
mod log;
mod loopback;
mod meeting;
mod party;
mod peers;
mod program;
mod progress;
mod proposal;
#[doc(hidden)]
pub mod readers;
mod record;
mod results;
mod rules;
mod seating;
mod shares;
mod side;
mod statement;
mod summary;
mod synth;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::Failure;

/// The command: reads its arguments, and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { command, common } = Cli::parse();
    match dispatch(command, &common) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Bounds the threads that garbling, evaluating and curve arithmetic spread over.
fn limit_threads(threads: Option<usize>) -> Result<(), Failure> {
    let Some(threads) = threads else { return Ok(()) };
    if threads == 0 {
        return Err(Failure::Usage("--threads: expected a number from 1 on".to_owned()));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Failure::Other(anyhow::anyhow!("cannot start {threads} threads: {error}")))
}

fn dispatch(command: Command, common: &cli::Common) -> Result<(), Failure> {
    limit_threads(common.threads)?;
    progress::enable(common);
    match command {
        Command::New { folder } => command::new::run(&folder, common),
        Command::Fmt { files, check } => command::fmt::run(&files, check, common),
        Command::Check { file } => command::check::run(&file, common),
        Command::Test { args } => command::test::run(&args, common),
        Command::Inspect(args) => command::inspect::run(&args, common),
        Command::Propose(args) => command::propose::run(&args, common),
        Command::Approve(args) => command::approve::run(&args, common),
        Command::Cost(args) => command::cost::run(&args, common),
        Command::Build(args) => command::build::run(&args, common),
        Command::Diff(args) => command::diff::run(&args, common),
        Command::Eval(args) => command::eval::run(&args, common),
        Command::Run(args) => command::run::run(&args, common),
        Command::Join(args) => command::join::run(&args, common),
        Command::Batch(args) => command::batch::run(&args, common),
        Command::Keygen { out } => command::keygen::run(out.as_deref(), common),
        Command::Id { key, out } => command::id::run(key.as_deref(), out.as_deref(), common),
        Command::Share(args) => command::share::run(&args, common),
        Command::Open(args) => command::open::run(&args, common),
        Command::Peer { command } => command::peer::run(&command, common),
        Command::Log { command } => command::log::run(&command, common),
        Command::Receipt { command } => command::receipt::run(&command, common),
        Command::Doctor(args) => command::doctor::run(&args, common),
        Command::Synth(args) => command::synth::run(&args, common),
        Command::Bench(args) => command::bench::run(&args, common),
        Command::Explain { code } => command::explain::run(&code),
    }
}
