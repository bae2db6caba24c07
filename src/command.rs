//! The subcommands, a file each.

pub mod approve;
pub mod batch;
pub mod bench;
pub mod build;
pub mod check;
pub mod cost;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod fmt;
pub mod id;
pub mod inspect;
pub mod join;
pub mod keygen;
pub mod log;
pub mod new;
pub mod open;
pub mod peer;
pub mod propose;
pub mod receipt;
pub mod run;
pub mod share;
pub mod synth;
pub mod test;
pub mod trace;
