//! Counts bytes by kind of frame and direction, and notices when nothing moves.

use std::array;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use crate::wire::FrameKind;

/// Bytes of one kind of frame, headers and tags included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To the peer.
    pub sent_bytes: u64,
    /// From the peer.
    pub received_bytes: u64,
}

impl Traffic {
    /// What came after `earlier`.
    #[must_use]
    pub const fn since(self, earlier: Traffic) -> Traffic {
        Traffic {
            sent_bytes: self.sent_bytes - earlier.sent_bytes,
            received_bytes: self.received_bytes - earlier.received_bytes,
        }
    }
}

/// The counters of one connection.
#[derive(Debug)]
pub struct Meter {
    sent: [AtomicU64; KINDS],
    received: [AtomicU64; KINDS],
    started: Instant,
    /// Microseconds from `started` to the last byte that moved.
    moved: AtomicU64,
}

/// Kinds are counted by their low bits; the abort frame, 255, takes the last place.
const KINDS: usize = 16;

impl Meter {
    pub(super) fn new() -> Arc<Meter> {
        let zeros = || array::from_fn(|_| AtomicU64::new(0));
        Arc::new(Meter { sent: zeros(), received: zeros(), started: Instant::now(), moved: AtomicU64::new(0) })
    }

    /// What went over the connection in frames of this kind.
    #[must_use]
    pub fn traffic(&self, kind: FrameKind) -> Traffic {
        Traffic {
            sent_bytes: self.sent[place(kind)].load(Ordering::Relaxed),
            received_bytes: self.received[place(kind)].load(Ordering::Relaxed),
        }
    }

    /// What went over the connection in frames of these kinds.
    #[must_use]
    pub fn traffic_of(&self, kinds: &[FrameKind]) -> Traffic {
        let each = kinds.iter().map(|&kind| self.traffic(kind));
        each.fold(Traffic::default(), |sum, one| Traffic {
            sent_bytes: sum.sent_bytes + one.sent_bytes,
            received_bytes: sum.received_bytes + one.received_bytes,
        })
    }

    /// Counts from now on how long nothing moves.
    pub fn touch(&self) {
        self.moved();
    }

    /// Returns when no byte has moved for as long as `patience`.
    pub async fn stalled(&self, patience: Duration) {
        loop {
            let deadline = self.started + Duration::from_micros(self.moved.load(Ordering::Relaxed)) + patience;
            if Instant::now() >= deadline {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    pub(super) fn count_sent(&self, kind: FrameKind, bytes: usize) {
        self.sent[place(kind)].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn count_received(&self, kind: FrameKind, bytes: usize) {
        self.received[place(kind)].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn moved(&self) {
        self.moved.store(self.started.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
}

const fn place(kind: FrameKind) -> usize {
    kind as usize % KINDS
}

/// A stream that tells the meter whenever bytes move.
pub(super) struct Metered<S> {
    pub(super) stream: S,
    pub(super) meter: Arc<Meter>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.meter.moved();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let n = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.meter.moved();
        Poll::Ready(Ok(n))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let n = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        self.meter.moved();
        Poll::Ready(Ok(n))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
