//! The subcommands, a file each.

pub mod build;
pub mod check;
pub mod cost;
pub mod eval;
pub mod explain;
pub mod inspect;
pub mod join;
pub mod run;
pub mod test;
