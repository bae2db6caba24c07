//! The subcommands, a file each.

pub mod build;
pub mod check;
pub mod cost;
pub mod eval;
pub mod explain;
pub mod fmt;
pub mod inspect;
pub mod join;
pub mod new;
pub mod run;
pub mod test;
