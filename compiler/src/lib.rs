//! The Hush language: source text in, Boolean circuit out.
//!
//! Pure: no I/O, no keys, no randomness; the same text and parameters give the same circuit, bit for bit.
#![forbid(unsafe_code)]

pub mod source;

pub mod diagnostic;

pub mod syntax;

pub mod hir;

pub mod ranges;

pub mod interpret;

pub mod std;

pub mod check;
pub use check::{Checked, Options, Sources, check};

pub mod lower;

pub mod cost;

pub mod budget;

pub mod template;

#[cfg(feature = "test-support")]
pub mod generate;
