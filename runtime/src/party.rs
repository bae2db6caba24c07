//! What organisations say to each other and sign around a session.
//!
//! [`meeting`] is what comes before and after a session on the same connection; [`receipt`] is what both sides sign when it is over.
//! What they say is the caller's business: here it is bytes of bounded length.

pub mod meeting;
pub mod receipt;
