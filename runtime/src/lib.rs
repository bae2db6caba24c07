//! Two parties run a plan: garbling, oblivious transfer, channels and sessions.
//!
//! Never sees source text; trusts no byte that comes from a peer or a file. Modules are declared in reading
//! order: a later one may use an earlier one, never the reverse.
pub mod block;

#[expect(unsafe_code, reason = "vector loads and stores, and calls of functions that need CPU features")]
pub mod kernel;

pub mod hash;
pub mod prg;

pub mod garble;

pub mod wire;

pub mod identity;

pub mod channel;

pub mod ot;

pub mod transfer;

pub mod session;

pub mod party;

pub mod shares;
