//! A connection before and after its session: statements first, then the session, then receipts.
//!
//! ```text
//! both         statement | nonce 32            ◄──────────────►
//! both         any further messages, in turns or at once
//! both         a session, on the channel that [`Meeting::lend`] gives; its first message may go out before the last of the others has come
//! garbler      message                         ───────────────►
//! evaluator                                    ◄───────────────       message
//! meeting id = BLAKE3("hushgate meeting id v1", lesser statement | greater statement | channel binding), each behind its length
//! ```
//!
//! Messages are frames of kind [`FrameKind::Hello`] on stream 0, numbered and tagged on their own.
//!
//! # Invariants
//! - A message's length is checked before memory is taken for it.
//! - Nothing is read ahead: what the peer sends after a message is the session's.
//! - The lent channel never closes the connection; the meeting does.
//! - The transcript's digests cover every byte of the connection in either direction, from the statements to the call. Where nobody will sign
//!   or record them, [`Meeting::without_transcript`] saves computing them, which takes half as long as garbling.
//!
//! # Security
//! Both nonces and the channel's binding are in the meeting id, so it is new for every connection; put it into the session's agreement, and the
//! session id depends on all that was said. Against those who change bytes on the way the channel must be TLS, as for a session.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use rand::CryptoRng;
use subtle::ConstantTimeEq;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use crate::channel::{Channel, ChannelError, Network, Reader, Writer};
use crate::session::SessionError;
use crate::wire::{FrameKind, HEADER_BYTES, Header, Length, PAYLOAD_BYTES_MAX, TAG_BYTES, TagChain, WireError};

#[cfg(test)]
mod tests;

/// Bytes of the longest message.
pub const MESSAGE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - NONCE_BYTES;

/// A connection on which both sides have made their statements.
pub struct Meeting {
    reader: Shared<Reader>,
    writer: Shared<Writer>,
    sent: Counter,
    received: Counter,
    binding: Vec<u8>,
    opened: Instant,
    network: Option<Network>,
    patience: Duration,
    id: [u8; 32],
    theirs: Vec<u8>,
}

/// Digests of everything that went over a connection, as one side saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Of what it sent.
    pub sent: [u8; 32],
    /// Of what it received.
    pub received: [u8; 32],
}

impl Meeting {
    /// Exchanges statements.
    ///
    /// # Errors
    /// [`SessionError`], as in the handshake of a session; also if the peer only repeats what we say.
    ///
    /// # Panics
    /// If the statement is longer than [`MESSAGE_BYTES_MAX`].
    pub async fn open(
        channel: Channel,
        statement: &[u8],
        patience: Duration,
        rng: &mut impl CryptoRng,
    ) -> Result<Meeting, SessionError> {
        let (binding, opened, network) = (channel.binding().to_vec(), channel.opened(), channel.network());
        let (reader, writer) = channel.into_streams();
        let mut meeting = Meeting {
            reader: Shared::new(reader),
            writer: Shared::new(writer),
            sent: Counter::default(),
            received: Counter::default(),
            binding,
            opened,
            network,
            patience,
            id: [0; 32],
            theirs: Vec::new(),
        };
        let mut nonce = [0; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        let ours = [statement, &nonce].concat();
        let theirs = meeting.exchange(&ours).await?;
        let Some((said, _)) = theirs.split_last_chunk::<NONCE_BYTES>().filter(|_| theirs != ours) else {
            return Err(SessionError::before(WireError::Damaged(FrameKind::Hello).into()));
        };
        meeting.theirs = said.to_vec();
        meeting.id = id(&ours, &theirs, &meeting.binding);
        Ok(meeting)
    }

    /// What the peer has stated.
    #[must_use]
    pub fn theirs(&self) -> &[u8] {
        &self.theirs
    }

    /// The same on both sides, and new for every connection.
    #[must_use]
    pub const fn id(&self) -> [u8; 32] {
        self.id
    }

    /// A channel on the same connection, for a session. Once it is written to, the meeting must not send, and once it is read from not
    /// receive, until the session is over.
    #[must_use]
    pub fn lend(&self) -> Channel {
        let channel = Channel::new(self.reader.clone(), self.writer.clone(), self.binding.clone());
        let channel = channel.opened_at(self.opened);
        match self.network {
            Some(network) => channel.over(network),
            None => channel,
        }
    }

    /// Sends a message and waits for the peer's.
    pub async fn exchange(&mut self, message: &[u8]) -> Result<Vec<u8>, SessionError> {
        let patience = self.patience;
        let both = async {
            // Two messages of any length: sending must not wait for the peer to send.
            let (mut reader, mut writer) = (self.reader.clone(), self.writer.clone());
            let send = send(&mut writer, &mut self.sent, message);
            let receive = receive(&mut reader, &mut self.received);
            let (sent, received) = tokio::join!(send, receive);
            // What the peer said before it closed is the better error.
            let received = received?;
            sent.map(|()| received)
        };
        finish(timeout(patience, both).await, patience)
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &[u8]) -> Result<(), SessionError> {
        let sent = timeout(self.patience, send(&mut self.writer, &mut self.sent, message)).await;
        finish(sent, self.patience)
    }

    /// Waits for a message.
    pub async fn receive(&mut self) -> Result<Vec<u8>, SessionError> {
        let received = timeout(self.patience, receive(&mut self.reader, &mut self.received)).await;
        finish(received, self.patience)
    }

    /// Forgets what has gone over the connection, and takes no note of what follows.
    pub fn without_transcript(&mut self) {
        self.writer.lock().seen = None;
        self.reader.lock().seen = None;
    }

    /// What has gone over the connection so far; none after [`Meeting::without_transcript`].
    #[must_use]
    pub fn transcript(&self) -> Option<Transcript> {
        let digest = |seen: &Option<Seen>| seen.as_ref().map(Seen::digest);
        Some(Transcript { sent: digest(&self.writer.lock().seen)?, received: digest(&self.reader.lock().seen)? })
    }

    /// Closes the connection. That the peer has gone already is no error.
    pub async fn close(self) {
        let mut half = self.writer.clone();
        let shutdown = std::future::poll_fn(|cx| {
            let mut guard = half.lock();
            Pin::new(&mut guard.stream).poll_shutdown(cx)
        });
        let _ = timeout(LAST_WORDS, shutdown).await;
        let _ = half.flush().await;
    }
}

impl Meeting {
    /// Closes the connection, and reads until the other side has closed it too, if that is soon: a socket that is closed while there is
    /// something to read takes back what was written last.
    pub async fn turn_away(self) {
        let mut reader = self.reader.clone();
        self.close().await;
        let _ = timeout(LAST_WORDS, tokio::io::copy(&mut reader, &mut tokio::io::sink())).await;
    }
}

/// What the peer states first, for those who make no statement themselves, and only want to know who is there.
///
/// # Errors
/// [`SessionError`], as in [`Meeting::open`].
pub async fn overhear(channel: Channel, patience: Duration) -> Result<Vec<u8>, SessionError> {
    let mut reader = Shared::new(channel.into_streams().0);
    let heard = timeout(patience, receive(&mut reader, &mut Counter::default())).await;
    let mut said = finish(heard, patience)?;
    match said.len().checked_sub(NONCE_BYTES) {
        Some(length) => said.truncate(length),
        None => return Err(SessionError::before(WireError::Damaged(FrameKind::Hello).into())),
    }
    Ok(said)
}

fn finish<T>(
    result: Result<Result<T, ChannelError>, tokio::time::error::Elapsed>,
    patience: Duration,
) -> Result<T, SessionError> {
    result.map_err(|_| SessionError::slow(patience))?.map_err(SessionError::before)
}

fn id(ours: &[u8], theirs: &[u8], binding: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("hushgate meeting id v1");
    for part in [ours.min(theirs), ours.max(theirs), binding] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Numbers and tags the messages of one direction.
#[derive(Default)]
struct Counter {
    next: u32,
    chain: TagChain,
}

impl Counter {
    fn header(&mut self, length: usize) -> Header {
        let sequence = self.next;
        self.next = self.next.wrapping_add(1);
        Header { kind: FrameKind::Hello, stream: 0, sequence, length: length as u32 }
    }
}

async fn send(writer: &mut Shared<Writer>, counter: &mut Counter, message: &[u8]) -> Result<(), ChannelError> {
    assert!(message.len() <= PAYLOAD_BYTES_MAX, "a message of {} bytes", message.len());
    let header = counter.header(message.len()).encode();
    let tag = counter.chain.tag(&header, message);
    writer.write_all(&[&header, message, &tag].concat()).await?;
    Ok(writer.flush().await?)
}

async fn receive(reader: &mut Shared<Reader>, counter: &mut Counter) -> Result<Vec<u8>, ChannelError> {
    let mut header = [0; HEADER_BYTES];
    fill(reader, &mut header).await?;
    let expected = counter.header(0);
    let found = Header::decode(header, expected, Length::AtMost(PAYLOAD_BYTES_MAX))?.ok_or(ChannelError::Aborted)?;
    let mut payload = vec![0; found.length as usize + TAG_BYTES];
    fill(reader, &mut payload).await?;
    let (message, tag) = payload.split_at(found.length as usize);
    if !bool::from(counter.chain.tag(&header, message).ct_eq(tag)) {
        return Err(WireError::Damaged(FrameKind::Hello).into());
    }
    payload.truncate(found.length as usize);
    Ok(payload)
}

async fn fill(reader: &mut Shared<Reader>, bytes: &mut [u8]) -> Result<(), ChannelError> {
    match reader.read_exact(bytes).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ChannelError::Closed(FrameKind::Hello)),
        Err(error) => Err(error.into()),
    }
}

/// A stream and the digest of what it has carried; its clones are the same stream, used one after the other.
struct Shared<S>(Arc<Mutex<Half<S>>>);

struct Half<S> {
    stream: S,
    seen: Option<Seen>,
}

impl<S> Half<S> {
    fn see(&mut self, bytes: &[u8]) {
        if let Some(seen) = &mut self.seen {
            seen.add(bytes);
        }
    }
}

/// What the digest takes at once. Where pieces begin at multiples of their length it takes less than half the time.
const PIECE_BYTES: usize = 1 << 14;

/// The digest of bytes, whole pieces of which it has taken.
#[derive(Default)]
struct Seen {
    digest: blake3::Hasher,
    /// Less than a piece.
    rest: Vec<u8>,
}

impl Seen {
    fn add(&mut self, mut bytes: &[u8]) {
        while self.rest.len() + bytes.len() >= PIECE_BYTES {
            let (now, later) = bytes.split_at(PIECE_BYTES - self.rest.len());
            if self.rest.is_empty() {
                self.digest.update(now);
            } else {
                self.rest.extend_from_slice(now);
                self.digest.update(&self.rest);
                self.rest.clear();
            }
            bytes = later;
        }
        self.rest.extend_from_slice(bytes);
    }

    fn digest(&self) -> [u8; 32] {
        *self.digest.clone().update(&self.rest).finalize().as_bytes()
    }
}

impl<S> Shared<S> {
    fn new(stream: S) -> Shared<S> {
        Shared(Arc::new(Mutex::new(Half { stream, seen: Some(Seen::default()) })))
    }

    fn lock(&self) -> MutexGuard<'_, Half<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Shared<S> {
        Shared(self.0.clone())
    }
}

impl AsyncRead for Shared<Reader> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut half = self.lock();
        let before = buf.filled().len();
        ready!(Pin::new(&mut half.stream).poll_read(cx, buf))?;
        half.see(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Shared<Writer> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut half = self.lock();
        let n = ready!(Pin::new(&mut half.stream).poll_write(cx, bytes))?;
        half.see(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut half = self.lock();
        let n = ready!(Pin::new(&mut half.stream).poll_write_vectored(cx, pieces))?;
        let mut left = n;
        for piece in pieces {
            let written = left.min(piece.len());
            half.see(&piece[..written]);
            left -= written;
        }
        Poll::Ready(Ok(n))
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_flush(cx)
    }

    /// Only flushes: the connection is the meeting's.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

const NONCE_BYTES: usize = 32;
const LAST_WORDS: Duration = Duration::from_millis(500);
