//! How far the work on circuits is, for people who wait: counts that anybody may look at, and nothing here depends on.
//!
//! They are of the process, not of a circuit: who makes several at a time sees the sum of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

static MADE: AtomicU64 = AtomicU64::new(0);
static PASS: Mutex<Option<Pass>> = Mutex::new(None);

/// Nodes that builders count at a time.
pub(crate) const STEP: usize = 1 << 12;

/// A pass of the optimiser that is running. It makes about as many nodes as it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// For people.
    pub name: &'static str,
    /// Nodes of the circuit that it gets.
    pub total: u64,
    begun: u64,
}

impl Pass {
    /// Nodes made since it began.
    #[must_use]
    pub fn done(&self) -> u64 {
        made().saturating_sub(self.begun)
    }
}

/// Nodes that builders have made, and counted so far.
#[must_use]
pub fn made() -> u64 {
    MADE.load(Ordering::Relaxed)
}

/// The pass that is running, if one is.
#[must_use]
pub fn pass() -> Option<Pass> {
    *PASS.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn count(n_nodes: usize) {
    MADE.fetch_add(n_nodes as u64, Ordering::Relaxed);
}

/// A pass begins on a circuit of so many nodes; it is over when another one begins, or this is dropped.
#[must_use]
pub(crate) fn begin(name: &'static str, total: u64) -> Running {
    *PASS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Pass { name, total, begun: made() });
    Running
}

pub(crate) struct Running;

impl Drop for Running {
    fn drop(&mut self) {
        *PASS.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
