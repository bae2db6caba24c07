//! A channel at work: frames in, frames out.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::meter::Metered;
use super::{Channel, ChannelError, Meter};
use crate::wire::{
    FrameKind, HEADER_BYTES, Header, Length, PAYLOAD_BYTES_MAX, TAG_BYTES, TagChain, WireError, abort_frame,
};

/// Frames that wait to be written, at most.
pub const QUEUE_FRAMES: usize = 4;
/// Frames up to this size are gathered, longer ones are written from where they are.
const GATHERED_BYTES_MAX: usize = 1 << 14;
/// What the reader asks the system for at once.
const READ_BYTES: usize = 1 << 16;
/// How long to try to tell the peer that we give up.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A channel that carries frames: a writing task and our end of its queue, and the reading half.
pub struct Link {
    /// Where frames go out.
    pub sender: FrameSender,
    /// Where frames come in.
    pub receiver: FrameReceiver,
    /// Counts both.
    pub meter: Arc<Meter>,
    /// When the connection was opened.
    pub opened: Instant,
    writer: JoinHandle<()>,
}

/// What frames of a run are numbered and tagged with, after the handshake.
#[derive(Clone, Copy, Debug)]
pub struct RunKeys {
    /// For frames that we send.
    pub send: [u8; 32],
    /// For frames that we receive.
    pub receive: [u8; 32],
    /// The run.
    pub stream: u16,
}

impl Link {
    /// Starts the writing task; needs a running tokio runtime with time enabled.
    #[must_use]
    pub fn start(channel: Channel) -> Link {
        let meter = channel.meter.clone();
        meter.touch();
        let shared = Arc::new(Shared::default());
        let (queue, commands) = mpsc::channel(QUEUE_FRAMES);
        let writer = Writer {
            stream: Metered { stream: channel.writer, meter: meter.clone() },
            commands,
            shared: shared.clone(),
            next: NextFrame::default(),
            gathered: Vec::new(),
        };
        let reader = Metered { stream: channel.reader, meter: meter.clone() };
        Link {
            sender: FrameSender { queue, shared, meter: meter.clone() },
            receiver: FrameReceiver {
                reader: BufReader::with_capacity(READ_BYTES, reader),
                next: NextFrame::default(),
            },
            meter,
            opened: channel.opened,
            writer: tokio::spawn(writer.run()),
        }
    }

    /// Frames after this call belong to a run, in both directions.
    pub async fn rekey(&mut self, keys: RunKeys) -> Result<(), ChannelError> {
        self.receiver.next.rekey(keys.receive, keys.stream);
        self.sender.queue(Command::Rekey(keys.send, keys.stream)).await
    }

    /// Writes what is queued, then closes.
    pub async fn close(mut self) -> Result<(), ChannelError> {
        self.end().await;
        self.sender.shared.failure().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Writes what is queued, if the peer takes it soon; nothing can be sent after that.
    pub async fn say_no_more(&mut self) {
        let _ = timeout(LAST_WORDS, self.end()).await;
    }

    async fn end(&mut self) {
        self.sender.hang_up();
        // A writer that panicked or was cancelled has written nothing more, which the peer reports as a closed connection.
        let _ = (&mut self.writer).await;
    }

    /// What the peer said before it closed, if it did; for when nothing can be sent any more.
    pub async fn hear_last_words(&mut self) -> Option<ChannelError> {
        let mut nothing = Vec::new();
        let next = self.receiver.receive(FrameKind::Abort, Length::Exactly(0), &mut nothing);
        let said = timeout(LAST_WORDS, next).await.ok()?.err()?;
        matches!(said, ChannelError::Aborted | ChannelError::KeyRefused(_)).then_some(said)
    }

    /// Drops what is queued, tells the peer that we give up, then closes.
    pub async fn abort(mut self) {
        self.give_up().await;
    }

    /// Drops what is queued and tells the peer that we give up; nothing can be sent after that.
    pub async fn give_up(&mut self) {
        self.sender.shared.giving_up.store(true, Ordering::Release);
        self.sender.hang_up();
        // Whether or not the peer hears it, we are done.
        let _ = timeout(LAST_WORDS, &mut self.writer).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

/// A frame that is being filled.
#[derive(Debug)]
pub struct FrameBuffer {
    kind: FrameKind,
    /// Room for the header, then the payload.
    bytes: Vec<u8>,
}

impl FrameBuffer {
    fn new(kind: FrameKind, mut bytes: Vec<u8>) -> FrameBuffer {
        bytes.clear();
        bytes.resize(HEADER_BYTES, 0);
        FrameBuffer { kind, bytes }
    }

    /// What is in it.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// Appends to the payload.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends `n` zero bytes to the payload and lends them out.
    pub fn grow(&mut self, n: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + n, 0);
        &mut self.bytes[start..]
    }
}

/// Queues frames for writing.
#[derive(Clone)]
pub struct FrameSender {
    queue: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    meter: Arc<Meter>,
}

impl FrameSender {
    /// An empty frame, in memory that earlier frames have used.
    #[must_use]
    pub fn frame(&self, kind: FrameKind) -> FrameBuffer {
        FrameBuffer::new(kind, self.shared.take_buffer())
    }

    /// Queues a frame; waits while the queue is full.
    pub async fn send(&self, frame: FrameBuffer) -> Result<(), ChannelError> {
        self.count(&frame);
        self.queue(Command::Frame(frame)).await
    }

    /// [`FrameSender::send`] for threads that are no tasks.
    pub fn send_blocking(&self, frame: FrameBuffer) -> Result<(), ChannelError> {
        self.count(&frame);
        self.queue.blocking_send(Command::Frame(frame)).map_err(|_| self.writer_gone())
    }

    /// Queues a message, as several frames where it is long.
    pub async fn send_message(&self, kind: FrameKind, message: &[u8]) -> Result<(), ChannelError> {
        let (first, rest) = message.split_at(message.len().min(PAYLOAD_BYTES_MAX));
        for payload in std::iter::once(first).chain(rest.chunks(PAYLOAD_BYTES_MAX)) {
            let mut frame = self.frame(kind);
            frame.extend(payload);
            self.send(frame).await?;
        }
        Ok(())
    }

    fn count(&self, frame: &FrameBuffer) {
        self.meter.count_sent(frame.kind, frame.bytes.len() + TAG_BYTES);
    }

    async fn queue(&self, command: Command) -> Result<(), ChannelError> {
        self.queue.send(command).await.map_err(|_| self.writer_gone())
    }

    fn writer_gone(&self) -> ChannelError {
        self.shared.failure().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()).into()
    }

    /// Closes our end of the queue, though its owner stays alive.
    fn hang_up(&mut self) {
        self.queue = mpsc::channel(1).0;
    }
}

/// Reads the frames that the state machine asks for.
pub struct FrameReceiver {
    reader: BufReader<Metered<Box<dyn AsyncRead + Send + Unpin>>>,
    next: NextFrame,
}

impl FrameReceiver {
    /// The next frame's payload, in the memory of `buffer`, if it is of this kind and length.
    pub async fn receive(&mut self, kind: FrameKind, length: Length, buffer: &mut Vec<u8>) -> Result<(), ChannelError> {
        let mut bytes = [0; HEADER_BYTES];
        self.fill(kind, &mut bytes).await?;
        let expected = self.next.header(kind, 0);
        let header = Header::decode(bytes, expected, length)?.ok_or(ChannelError::Aborted)?;
        buffer.resize(header.length as usize + TAG_BYTES, 0);
        self.fill(kind, buffer).await?;
        let (payload, tag) = buffer.split_at(header.length as usize);
        let good = self.next.tag(&bytes, payload).as_slice().ct_eq(tag);
        if !bool::from(good) {
            return Err(WireError::Damaged(kind).into());
        }
        self.reader.get_ref().meter.count_received(kind, HEADER_BYTES + buffer.len());
        buffer.truncate(header.length as usize);
        Ok(())
    }

    /// A message of `n` bytes, from as many frames as [`FrameSender::send_message`] makes of it.
    ///
    /// Memory grows with what has arrived.
    pub async fn receive_message(&mut self, kind: FrameKind, n: usize) -> Result<Vec<u8>, ChannelError> {
        let mut message = Vec::new();
        self.receive(kind, Length::Exactly(n.min(PAYLOAD_BYTES_MAX)), &mut message).await?;
        let mut frame = Vec::new();
        while message.len() < n {
            let length = Length::Exactly((n - message.len()).min(PAYLOAD_BYTES_MAX));
            self.receive(kind, length, &mut frame).await?;
            message.extend_from_slice(&frame);
        }
        Ok(message)
    }

    async fn fill(&mut self, kind: FrameKind, buffer: &mut [u8]) -> Result<(), ChannelError> {
        match self.reader.read_exact(buffer).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ChannelError::Closed(kind)),
            Err(error) => Err(error.into()),
        }
    }
}

enum Command {
    Frame(FrameBuffer),
    Rekey([u8; 32], u16),
}

/// What both ends of the queue see.
#[derive(Default)]
struct Shared {
    giving_up: AtomicBool,
    failure: OnceLock<io::ErrorKind>,
    spare: Mutex<Vec<Vec<u8>>>,
}

impl Shared {
    fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(|&kind| kind.into())
    }

    fn take_buffer(&self) -> Vec<u8> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_buffer(&self, buffer: Vec<u8>) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < QUEUE_FRAMES {
            spare.push(buffer);
        }
    }
}

/// Number, stream and tag of a direction's next frame.
#[derive(Default)]
struct NextFrame {
    stream: u16,
    sequence: u32,
    chain: TagChain,
}

impl NextFrame {
    fn rekey(&mut self, key: [u8; 32], stream: u16) {
        self.chain.rekey(key);
        self.stream = stream;
    }

    fn header(&self, kind: FrameKind, length: u32) -> Header {
        Header { kind, stream: self.stream, sequence: self.sequence, length }
    }

    fn tag(&mut self, header: &[u8; HEADER_BYTES], payload: &[u8]) -> [u8; TAG_BYTES] {
        self.sequence = self.sequence.wrapping_add(1);
        self.chain.tag(header, payload)
    }
}

/// The writing task.
struct Writer {
    stream: Metered<Box<dyn AsyncWrite + Send + Unpin>>,
    commands: mpsc::Receiver<Command>,
    shared: Arc<Shared>,
    next: NextFrame,
    /// Short frames that are not written yet.
    gathered: Vec<u8>,
}

impl Writer {
    async fn run(mut self) {
        if let Err(error) = self.write_all_frames().await {
            // Set once, and only here.
            let _ = self.shared.failure.set(error.kind());
        }
        // The connection is over; a peer that cannot be told finds out by itself.
        let _ = self.stream.shutdown().await;
    }

    async fn write_all_frames(&mut self) -> io::Result<()> {
        while let Some(command) = self.next_command().await? {
            if self.shared.giving_up.load(Ordering::Acquire) {
                break;
            }
            match command {
                Command::Rekey(key, stream) => self.next.rekey(key, stream),
                Command::Frame(frame) => self.write(frame).await?,
            }
        }
        self.commands.close();
        if self.shared.giving_up.load(Ordering::Acquire) {
            self.gathered.extend(abort_frame());
        }
        self.flush().await
    }

    async fn next_command(&mut self) -> io::Result<Option<Command>> {
        if let Ok(command) = self.commands.try_recv() {
            return Ok(Some(command));
        }
        self.flush().await?;
        Ok(self.commands.recv().await)
    }

    async fn write(&mut self, frame: FrameBuffer) -> io::Result<()> {
        let bytes = self.seal(frame);
        if bytes.len() <= GATHERED_BYTES_MAX {
            self.gathered.extend_from_slice(&bytes);
        } else {
            self.write_gathered().await?;
            self.stream.write_all(&bytes).await?;
        }
        self.shared.give_buffer(bytes);
        if self.gathered.len() > READ_BYTES { self.write_gathered().await } else { Ok(()) }
    }

    fn seal(&mut self, frame: FrameBuffer) -> Vec<u8> {
        let length = u32::try_from(frame.payload().len()).expect("frames are shorter than 4 GiB");
        let header = self.next.header(frame.kind, length).encode();
        let tag = self.next.tag(&header, frame.payload());
        let mut bytes = frame.bytes;
        bytes[..HEADER_BYTES].copy_from_slice(&header);
        bytes.extend_from_slice(&tag);
        bytes
    }

    async fn write_gathered(&mut self) -> io::Result<()> {
        let mut gathered = mem::take(&mut self.gathered);
        self.stream.write_all(&gathered).await?;
        gathered.clear();
        self.gathered = gathered;
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.write_gathered().await?;
        self.stream.flush().await
    }
}
