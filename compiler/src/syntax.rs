//! Text to syntax tree and back.
//!
//! [`parse`] never fails: it returns a tree together with what is wrong, and goes on after an error so that one run
//! reports several. Nothing is resolved here; [`ast`] is what the author wrote.

pub mod ast;
