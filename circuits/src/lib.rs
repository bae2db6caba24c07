//! What a circuit is: build, verify, evaluate, schedule, read and write.
//!
//! Boolean circuits of XOR and AND gates for garbling. XOR and NOT are free, so every choice here is made to
//! spend few ANDs. This crate knows no source language and no keys. Modules are declared in reading order.
#![forbid(unsafe_code)]

pub mod id;
pub mod knowledge;
pub mod shape;

pub mod circuit;
pub mod requirements;

pub mod work;

pub mod build;
pub mod verify;

pub mod evaluate;
pub mod stats;

pub mod gadgets;

pub mod flatten;
pub mod reorder;

mod sat;
mod sweep;

pub mod equivalent;

pub mod optimize;

pub mod local;

pub mod plan;
pub mod schedule;

pub mod bristol;
pub mod draw;

#[cfg(test)]
mod random;
