//! Channels: how frames get from one party to the other.
//!
//! A [`Channel`] is any pair of byte streams. [`Link`] makes frames of it: one task writes, flushing whenever its queue
//! runs dry, and the session itself reads. Both directions go on at the same time, so two parties that send much at once
//! do not block each other. Rows of tables, of which only one party sends, lie in the frames' memory as they are made and used; the session may
//! write them itself, through a [`RowWriter`], so that what it has just made is still in the nearest caches.
//!
//! # Invariants
//! - Memory is bounded: a queue holds [`QUEUE_FRAMES`] frames at most, and nothing is read before it is asked for.
//! - A payload's length is checked before memory is taken for it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};

pub mod memory;
pub mod simulated;
pub mod tcp;
pub mod tls;

pub mod host;

mod link;
mod meter;
mod network;
#[cfg(test)]
mod tests;

pub use link::{FrameBuffer, FrameReceiver, FrameSender, Link, QUEUE_FRAMES, ROW_FRAME_BLOCKS, RowWriter, RunKeys};
pub use meter::{Meter, Traffic};
pub use network::{Network, NotANetwork};

use crate::identity::Fingerprint;
use crate::wire::{FrameKind, WireError};

/// Where bytes come in.
pub(crate) type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// Where bytes go out.
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection to the other party.
pub struct Channel {
    reader: Reader,
    writer: Writer,
    binding: Vec<u8>,
    opened: Instant,
    network: Option<Network>,
    meter: Arc<Meter>,
}

impl Channel {
    /// A channel over these streams.
    ///
    /// `binding` names the secure connection below, such as a TLS exporter value, equal on both sides and different for every
    /// connection; it is empty where there is none. It enters the session id.
    pub fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        binding: Vec<u8>,
    ) -> Channel {
        Channel {
            reader: Box::new(reader),
            writer: Box::new(writer),
            binding,
            opened: Instant::now(),
            network: None,
            meter: Meter::new(),
        }
    }

    /// The same channel, over such a link.
    #[must_use]
    pub fn over(self, network: Network) -> Channel {
        Channel { network: Some(network), ..self }
    }

    /// What is known about the link.
    #[must_use]
    pub const fn network(&self) -> Option<Network> {
        self.network
    }

    /// The same channel, opened at `instant`: from there cold starts are timed.
    #[must_use]
    pub fn opened_at(self, instant: Instant) -> Channel {
        Channel { opened: instant, ..self }
    }

    /// What counts the bytes of a session on this channel, for those who watch it.
    #[must_use]
    pub fn meter(&self) -> Arc<Meter> {
        self.meter.clone()
    }

    /// Its streams, for those who speak before a session.
    pub(crate) fn into_streams(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// What names the secure connection below.
    #[must_use]
    pub fn binding(&self) -> &[u8] {
        &self.binding
    }
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, or for somebody to connect.
    pub connect: Duration,
    /// From connection to agreement.
    pub handshake: Duration,
    /// Without a byte sent or received. It includes the time that the peer computes in silence.
    pub progress: Duration,
    /// For the whole session; `None` is without limit.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            progress: Duration::from_secs(60),
            total: None,
        }
    }
}

/// Why a frame could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The network failed.
    #[error(transparent)]
    Io(io::Error),
    /// The other side closed the connection, between frames or inside one.
    #[error("the other side closed the connection where a {0:?} frame was expected")]
    Closed(FrameKind),
    /// What came is not the frame that had to come.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The other side gave up.
    #[error("the other side gave up")]
    Aborted,
    /// The other side expects somebody else.
    #[error(transparent)]
    KeyRefused(KeyRefused),
}

/// The peer has pinned another key than ours, and says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other party does not accept our key {ours}: it expects another one")]
pub struct KeyRefused {
    /// Our key.
    pub ours: Fingerprint,
}

impl From<KeyRefused> for io::Error {
    fn from(refused: KeyRefused) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, refused)
    }
}

impl From<io::Error> for ChannelError {
    fn from(error: io::Error) -> ChannelError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<KeyRefused>()) {
            Some(&refused) => ChannelError::KeyRefused(refused),
            None => ChannelError::Io(error),
        }
    }
}
