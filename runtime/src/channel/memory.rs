//! Two ends of a channel in one process.

use tokio::io::{duplex, split};

use super::Channel;

/// Bytes in flight in each direction, as a socket's buffers would hold: some of the longest frames.
const BUFFER_BYTES: usize = 1 << 20;

/// A pair of connected channels.
#[must_use]
pub fn pair() -> (Channel, Channel) {
    pair_with_buffer(BUFFER_BYTES)
}

/// A pair of connected channels that hold `bytes` in flight in each direction; with one, every write is of one byte.
#[must_use]
pub fn pair_with_buffer(bytes: usize) -> (Channel, Channel) {
    let (ours, theirs) = duplex(bytes);
    let ((our_reader, our_writer), (their_reader, their_writer)) = (split(ours), split(theirs));
    (Channel::new(our_reader, our_writer, Vec::new()), Channel::new(their_reader, their_writer, Vec::new()))
}
