//! Hushgate: private two-party computation.
#![forbid(unsafe_code)]

pub use hushgate_circuits as circuits;
pub use hushgate_compiler as compiler;
pub use hushgate_runtime as runtime;
