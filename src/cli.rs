//! What people type.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use hushgate_circuits::optimize::LEVEL_DEFAULT;
use hushgate_runtime::channel::Network;

use crate::program::Target;

/// Private two-party computation: write a function, run it with another party, learn only its result.
#[derive(Debug, Parser)]
#[command(name = "hushgate", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What all commands have in common.
    #[command(flatten)]
    pub common: Common,
}

/// Options of all commands.
#[derive(Debug, Args)]
pub struct Common {
    /// Value of a program parameter (`const NAME: int = param`)
    #[arg(long, value_name = "NAME=VALUE", global = true)]
    pub set: Vec<String>,
    /// How much to optimise the circuit, 0 to 3: 0 not at all, 3 long [default: 2]
    #[arg(long, value_name = "LEVEL", global = true, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub opt: Option<u8>,
    /// Do not let a party compute by itself what it can: garble every AND in full
    #[arg(long, global = true)]
    pub no_local: bool,
    /// The two that compute where more take part [default: those in no family, else server_a,server_b]
    #[arg(long, value_name = "A,B", global = true)]
    pub computing: Option<String>,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Take all randomness from this seed; for tests only, nothing is private
    #[arg(long, value_name = "HEX", global = true)]
    pub seed: Option<String>,
    /// Threads to compute with [default: one per core, half where both parties are on this machine]
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<usize>,
    /// Print nothing but results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more about what happens
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Common {
    /// The level of optimisation.
    pub fn opt_level(&self) -> u8 {
        self.opt.unwrap_or(LEVEL_DEFAULT)
    }

    /// How a program becomes a plan, if `garbler` is to garble.
    pub fn target<'a>(&'a self, garbler: Option<&'a str>) -> Target<'a> {
        Target { opt_level: self.opt_level(), local: !self.no_local, garbler, computing: self.computing.as_deref() }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a program with inputs and a test, ready to run
    New {
        /// A folder that is empty or not there yet
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Lay programs out in the canonical way
    Fmt {
        /// The programs
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Change nothing; fail if something would change
        #[arg(long)]
        check: bool,
    },
    /// Find a program's errors
    Check {
        /// The program
        file: PathBuf,
    },
    /// Run the tests of programs, in the clear
    Test {
        /// Programs (files, folders, `std` or `std::MODULE`; without one that of this folder), and parts of the names of the tests to
        /// run
        #[arg(value_name = "FILE_OR_NAME")]
        args: Vec<String>,
    },
    /// Say who gives what and who learns what, for the people who must approve a program
    Inspect(InspectArgs),
    /// Write a proposal: one file with all that two organisations are to agree on
    Propose(ProposeArgs),
    /// Approve a proposal with this organisation's key, or take an approval back
    Approve(ApproveArgs),
    /// Say what a program costs
    Cost(CostArgs),
    /// Write the circuit to a file
    Build(BuildArgs),
    /// Compare two circuits: their sizes, and whether they compute the same
    Diff(DiffArgs),
    /// Run a program in the clear, on this machine: nothing is private
    Eval(RunArgs),
    /// Run both parties on this machine: the real protocol over loopback sockets
    Run(RunArgs),
    /// Run one party, with the other elsewhere
    Join(Box<JoinArgs>),
    /// Run one party on a table, a run for each row; goes on where it was cut off
    Batch(Box<BatchArgs>),
    /// Split and seal a participant's inputs for the two who compute
    Share(ShareArgs),
    /// Read what the two who computed have sent back to a participant
    Open(OpenArgs),
    /// Make this organisation's key, by which others recognise it
    Keygen {
        /// Where to write the secret key [default: secret.key in ~/.config/hushgate or $HUSHGATE_HOME]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print this organisation's fingerprint and public key
    Id {
        /// Write the public key for those who send shares
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The secret key [default: what `keygen` has made]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Write down whose keys are known
    Peer {
        /// What to do
        #[command(subcommand)]
        command: PeerCommand,
    },
    /// Show or verify the log of all runs with known peers
    Log {
        /// What to do
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Verify what both sides have signed after a run
    Receipt {
        /// What to do
        #[command(subcommand)]
        command: ReceiptCommand,
    },
    /// Find out why two machines do not reach each other
    Doctor(DoctorArgs),
    /// Write made-up inputs for every party, to rehearse with
    Synth(SynthArgs),
    /// Measure this machine: garbling, oblivious transfer, sessions, circuit sizes
    Bench(BenchArgs),
    /// Explain an error code
    Explain {
        /// The code, such as E0401
        code: String,
    },
}

/// The subcommands of `peer`.
#[derive(Debug, Subcommand)]
pub enum PeerCommand {
    /// Write down a peer's key
    Add {
        /// What to call the peer, here
        name: String,
        /// What `hushgate id` prints at the peer: its fingerprint or its public key
        #[arg(value_name = "FINGERPRINT_OR_KEY")]
        key: String,
        /// Run with this peer only what both sides have approved
        #[arg(long)]
        require_approval: bool,
    },
    /// Print all peers
    List,
    /// Forget a peer
    Remove {
        /// Its name
        name: String,
    },
}

/// The subcommands of `log`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Print a line for each entry
    Show {
        /// Another organisation's log [default: this one's]
        file: Option<PathBuf>,
    },
    /// Check that no entry was changed, removed, added or moved
    Verify {
        /// Another organisation's log [default: this one's]
        file: Option<PathBuf>,
    },
}

/// The subcommands of `receipt`.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Check both signatures of a receipt
    Verify {
        /// The receipt
        file: PathBuf,
        /// One of the two must be this peer
        #[arg(long, value_name = "NAME_OR_KEY")]
        peer: Option<String>,
    },
    /// Print where receipts are
    List,
}

/// Options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The program or the proposal
    pub file: PathBuf,
    /// Values of public inputs
    #[arg(long = "input", value_name = "public=DATA")]
    pub inputs: Vec<String>,
    /// Write a page to read, print and sign
    #[arg(long, value_name = "OUT.html")]
    pub html: Option<PathBuf>,
    /// The party that garbles [default: the one with which fewer bytes are sent]
    #[arg(long, value_name = "PARTY")]
    pub garbler: Option<String>,
}

/// What limits runs.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// Runs with one peer in any 24 hours, at most
    #[arg(long, value_name = "N")]
    pub runs_per_day: Option<u32>,
    /// Runs with one peer in all, at most
    #[arg(long, value_name = "N")]
    pub runs: Option<u32>,
    /// Refuse a run whose records differ from an earlier run's, but by fewer than N
    #[arg(long, value_name = "N")]
    pub min_change: Option<u64>,
}

/// Options of `propose`.
#[derive(Debug, Args)]
pub struct ProposeArgs {
    /// The program
    pub file: PathBuf,
    /// Where to write it [default: TITLE.proposal]
    #[arg(short, long, value_name = "OUT.proposal")]
    pub output: Option<PathBuf>,
    /// What to call it [default: the program's name]
    #[arg(long)]
    pub title: Option<String>,
    /// Values of public inputs
    #[arg(long = "input", value_name = "public=DATA")]
    pub inputs: Vec<String>,
    /// The party that garbles [default: either]
    #[arg(long, value_name = "PARTY")]
    pub garbler: Option<String>,
    /// No two rows of anybody's data have the same value of this name: that of a field, or of a list of plain values
    #[arg(long, value_name = "NAME")]
    pub unique: Vec<String>,
    /// What limits runs
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// Options of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The proposal
    pub file: PathBuf,
    /// The party to be
    #[arg(long = "as", value_name = "PARTY")]
    pub party: Option<String>,
    /// Approve only if the proposal has this digest
    #[arg(long, value_name = "HEX")]
    pub digest: Option<String>,
    /// This organisation's secret key [default: what `hushgate keygen` has made]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Take the approval back
    #[arg(long, conflicts_with_all = ["party", "runs_per_day", "runs", "min_change"])]
    pub withdraw: bool,
    /// Own limits, beside those of the proposal: the stricter ones hold
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// Options of `cost`.
#[derive(Debug, Args)]
pub struct CostArgs {
    /// The program: a .hush file, a folder, a .proposal, a .plan, or a Bristol .txt
    pub file: PathBuf,
    /// The source with the AND gates of each line, the library's lines that cost included
    #[arg(long)]
    pub lines: bool,
    /// The call tree with the AND gates of each function
    #[arg(long)]
    pub functions: bool,
    /// Write a flame graph of AND gates by function and line, to open in a browser
    #[arg(long, value_name = "OUT.svg")]
    pub flame: Option<PathBuf>,
    /// What changes from FILE to OTHER: in all, by function and by line
    #[arg(long, value_name = "OTHER", conflicts_with_all = ["lines", "functions", "flame", "network"])]
    pub compare: Option<PathBuf>,
    /// Bytes that each party sends, and about how long a run takes, over such a link: lan, wan, cable, or RTT,RATE such as 40ms,100Mbit
    #[arg(long, value_name = "LINK")]
    pub network: Option<Network>,
    /// Values of public inputs
    #[arg(long = "input", value_name = "public=DATA")]
    pub inputs: Vec<String>,
    /// The party that garbles [default: the one with which fewer bytes are sent]
    #[arg(long, value_name = "PARTY")]
    pub garbler: Option<String>,
}

/// Options of `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The program: a .hush file, a folder, a .proposal, or a Bristol .txt, which becomes smaller
    pub file: PathBuf,
    /// Write a plan, to run without the source
    #[arg(short, long, value_name = "OUT.plan")]
    pub output: Option<PathBuf>,
    /// Write the circuit in Bristol Fashion, and names, types and owners of its values to OUT.txt.json
    #[arg(long, value_name = "OUT.txt")]
    pub bristol: Option<PathBuf>,
    /// The same in the old Bristol format: two inputs, the first party's and everybody else's
    #[arg(long, value_name = "OUT.txt")]
    pub bristol_old: Option<PathBuf>,
    /// Write a picture of a small circuit for Graphviz: `dot -Tsvg OUT.dot`
    #[arg(long, value_name = "OUT.dot")]
    pub dot: Option<PathBuf>,
    /// Values of public inputs
    #[arg(long = "input", value_name = "public=DATA")]
    pub inputs: Vec<String>,
    /// The party that garbles [default: the one with which fewer bytes are sent]
    #[arg(long, value_name = "PARTY")]
    pub garbler: Option<String>,
}

/// Options of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A program, a .plan, or a Bristol .txt
    pub first: PathBuf,
    /// Another one
    pub second: PathBuf,
    /// Fail also where it cannot be proven that both compute the same
    #[arg(long)]
    pub prove: bool,
    /// Values of public inputs
    #[arg(long = "input", value_name = "public=DATA")]
    pub inputs: Vec<String>,
}

/// What is said of data: how numbers are written, if not as the program writes them, and what must stand there once only.
#[derive(Debug, Default, Args)]
pub struct DataArgs {
    /// How 1234.56 is written in the data, such as 1.234,56 or "1 234,56" [default: 1234.56]
    #[arg(long, value_name = "SAMPLE")]
    pub numbers: Option<String>,
    /// The whole number of this name is written with decimals, of which so many count: with price=2, 12.34 is 1234
    #[arg(long, value_name = "NAME=DIGITS")]
    pub decimals: Vec<String>,
    /// No two rows have the same value of this name: that of a field, or of a list of plain values
    #[arg(long, value_name = "NAME")]
    pub unique: Vec<String>,
}

/// Options of `eval` and `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The program: a .hush file, a folder, a .plan, or a Bristol Fashion .txt
    pub file: PathBuf,
    /// A party's data: a JSON or CSV file, or JSON itself; `PARTY.NAME=DATA` for one parameter
    #[arg(long = "input", value_name = "PARTY=DATA")]
    pub inputs: Vec<String>,
    /// Where PARTY.json or PARTY.csv is looked for [default: the program's folder, if FILE is one]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The party that garbles [default: the one with which fewer bytes are sent; with --no-local the first]
    #[arg(long, value_name = "PARTY")]
    pub garbler: Option<String>,
    /// How data are read
    #[command(flatten)]
    pub data_args: DataArgs,
    /// Print every named value, line by line; with `eval` alone, where nothing is private
    #[arg(long)]
    pub trace: bool,
    /// Write the outputs to a file, JSON or CSV, whole or not at all
    #[arg(short, long, value_name = "OUT.json|OUT.csv")]
    pub output: Option<PathBuf>,
}

/// What one party of a session needs to know.
#[derive(Debug, Args)]
pub struct PartyArgs {
    /// The program: a .proposal that both sides have approved, a .hush file, a folder, a .plan, or a Bristol Fashion .txt
    pub file: PathBuf,
    /// The party to be
    #[arg(long = "as", value_name = "PARTY")]
    pub party: String,
    /// This party's data: a JSON or CSV file, or JSON itself; `NAME=DATA` for one parameter, `public=DATA` for public inputs
    #[arg(long = "input", value_name = "DATA")]
    pub inputs: Vec<String>,
    /// How data are read
    #[command(flatten)]
    pub data_args: DataArgs,
    /// Wait for the other party here, such as 0.0.0.0:7000
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Connect to the other party there, such as example.org:7000
    #[arg(long, value_name = "ADDR")]
    pub connect: Option<String>,
    /// Encrypt, and accept only this peer: a name from `hushgate peer list`, a fingerprint or a public key
    #[arg(long, value_name = "NAME_OR_KEY")]
    pub peer: Option<String>,
    /// This organisation's secret key [default: what `hushgate keygen` has made]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The party that garbles [default: the one with which fewer bytes are sent; with --no-local the first]
    #[arg(long, value_name = "PARTY")]
    pub garbler: Option<String>,
    /// Give up when nobody connects, or the other party is silent, for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub timeout: f64,
    /// Give up when the session takes longer than this in all
    #[arg(long, value_name = "SECONDS")]
    pub time_limit: Option<f64>,
    /// What the link to the other party can do: lan, wan, cable, or RTT,RATE such as 40ms,100Mbit [default: as measured]
    #[arg(long, value_name = "LINK")]
    pub network: Option<Network>,
    /// Go on although the connection is not encrypted and leaves this machine
    #[arg(long, conflicts_with = "peer")]
    pub insecure_plaintext: bool,
}

/// Options of `join`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("address").required(true).args(["listen", "connect"])))]
pub struct JoinArgs {
    /// Who runs what with whom
    #[command(flatten)]
    pub own: PartyArgs,
    /// Refused: a trace shows secrets
    #[arg(long, hide = true)]
    pub trace: bool,
    /// Write the outputs to a file, whole or not at all: JSON or CSV, with a row for each run if there are many
    #[arg(short, long, value_name = "OUT.json|OUT.csv")]
    pub output: Option<PathBuf>,
    /// Run so often in one session, each time on the same data; a CSV file with a row for each run does so by itself
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,
    /// The folder with the sealed shares of those who take part and do not compute
    #[arg(long, value_name = "DIR", requires = "peer")]
    pub shares: Option<PathBuf>,
    /// Leave out shares that came later, such as 2026-12-01T12:00:00Z
    #[arg(long, value_name = "TIME", requires = "shares")]
    pub shares_until: Option<String>,
    /// Who may send shares: a table from participants to fingerprints or keys; all shares must be signed
    #[arg(long, value_name = "FILE.toml", requires = "shares")]
    pub members: Option<PathBuf>,
    /// Where to write the results of those who take part [default: the folder with the shares]
    #[arg(long, value_name = "DIR", requires = "shares")]
    pub results: Option<PathBuf>,
}

/// Options of `batch`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("address").required(true).args(["listen", "connect", "peers"])))]
pub struct BatchArgs {
    /// Who runs what with whom; --input is a table: CSV, a list in JSON, or lines of JSON, a row for each run
    #[command(flatten)]
    pub own: PartyArgs,
    /// Write a row for each run, when all are there: CSV, a list in JSON, or lines of JSON
    #[arg(short, long, value_name = "OUT.csv|OUT.json|OUT.jsonl")]
    pub output: PathBuf,
    /// Run each row of one side with each row of the other, and not the first with the first, the second with the second …
    #[arg(long)]
    pub pairs: bool,
    /// Run the table with many peers, one after the other: a CSV file with the columns peer and connect
    #[arg(long, value_name = "FILE.csv", conflicts_with = "peer")]
    pub peers: Option<PathBuf>,
}

/// Options of `share`.
#[derive(Debug, Args)]
pub struct ShareArgs {
    /// The proposal or the program
    pub file: PathBuf,
    /// The participant to be, such as `hospital[3]`; `hospital[*]` for all, to rehearse
    #[arg(long = "as", value_name = "MEMBER")]
    pub party: String,
    /// The participant's data: a JSON or CSV file, or JSON itself; `NAME=DATA` for one parameter
    #[arg(long = "input", value_name = "DATA")]
    pub inputs: Vec<String>,
    /// How data are read
    #[command(flatten)]
    pub data_args: DataArgs,
    /// Where MEMBER.json or MEMBER.csv is looked for [default: the program's folder, if FILE is one]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The public key of one who computes, made by `hushgate id --out`; twice
    #[arg(long, value_name = "[SERVER=]FILE")]
    pub to: Vec<String>,
    /// Where to write the files [default: here]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// The participant's secret key, to sign with [default: what `hushgate keygen` has made, if it has]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// Options of `open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The proposal or the program
    pub file: PathBuf,
    /// What those who computed have sent; of both, to see that they say the same
    #[arg(required = true, value_name = "RESULT")]
    pub results: Vec<PathBuf>,
    /// Write the outputs to a file, JSON or CSV, whole or not at all
    #[arg(short, long, value_name = "OUT.json|OUT.csv")]
    pub output: Option<PathBuf>,
    /// What `hushgate share` has told to keep
    #[arg(long, value_name = "FILE")]
    pub keep: PathBuf,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Where the other party listens, such as example.org:7000
    #[arg(long, value_name = "HOST:PORT")]
    pub connect: String,
    /// Who must be there: a name from `hushgate peer list`, a fingerprint or a public key
    #[arg(long, value_name = "NAME_OR_KEY")]
    pub peer: Option<String>,
    /// This organisation's secret key [default: what `hushgate keygen` has made]
    #[arg(long, value_name = "FILE", requires = "peer")]
    pub key: Option<PathBuf>,
}

/// Options of `synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// The program or the proposal
    pub file: PathBuf,
    /// Where to write PARTY.json [default: here]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure [default: everything]
    pub topic: Option<BenchTopic>,
    /// About how long each figure may take; the best run counts
    #[arg(long, value_name = "SECONDS", default_value_t = 0.25)]
    pub seconds: f64,
    /// How many million ANDs `long` runs
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    pub millions: f64,
    /// Only these rows of `circuits`, such as mul32
    #[arg(long = "row", value_name = "ROW")]
    pub rows: Vec<String>,
    /// Write a bar chart of `circuits`
    #[arg(long, value_name = "OUT.svg")]
    pub svg: Option<PathBuf>,
    /// Compile programs in this process: it has done nothing else, so that its memory is theirs
    #[arg(long, hide = true)]
    pub alone: bool,
}

/// What `bench` measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchTopic {
    /// Garbling and evaluating in memory
    Garble,
    /// Oblivious transfer
    Ot,
    /// Sessions between two parties
    Session,
    /// A long loop between two processes: rate and memory; only where it is asked for
    Long,
    /// Sizes of circuits: gadgets and programs
    Circuits,
}
