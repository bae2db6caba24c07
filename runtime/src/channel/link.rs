//! A channel at work: frames in, frames out.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use super::meter::Metered;
use super::{Channel, ChannelError, Meter};
use crate::block::{BLOCK_BYTES, Block};
use crate::kernel::bytes;
use crate::wire::{
    FrameKind, HEADER_BYTES, Header, Length, PAYLOAD_BYTES_MAX, TAG_BYTES, TagChain, WireError, abort_frame,
};

/// Frames that wait to be written, at most.
pub const QUEUE_FRAMES: usize = 4;
/// Rows in a frame of them, but for the last one of a message: as much as stays in the second nearest cache, together with what makes it or uses it. Frames
/// of a quarter took a fifth longer over a socket.
pub const ROW_FRAME_BLOCKS: usize = 1 << 14;
/// Frames up to this size are gathered, longer ones are written from where they are.
const GATHERED_BYTES_MAX: usize = 1 << 14;
/// What the reader asks the system for at once.
const READ_BYTES: usize = 1 << 16;
/// How long to look for rows again and again before going to sleep: waking up costs both parties more than a frame takes where they are near.
const AWAKE: Duration = Duration::from_micros(100);
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
        let output = Output {
            stream: Metered { stream: channel.writer, meter: meter.clone() },
            shared: shared.clone(),
            next: NextFrame::default(),
            gathered: Vec::new(),
            rows: None,
        };
        let writer = Writer { output: Some(Box::new(output)), commands, shared: shared.clone() };
        let reader = Metered { stream: channel.reader, meter: meter.clone() };
        Link {
            sender: FrameSender { queue, shared, meter: meter.clone() },
            receiver: FrameReceiver {
                reader: BufReader::with_capacity(READ_BYTES, reader),
                next: NextFrame::default(),
                rows_go_on: false,
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
        FrameBuffer::new(kind, self.shared.take(|spare| &mut spare.frames))
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

    /// Memory that earlier rows have used, if there is any.
    #[must_use]
    pub fn row_buffer(&self) -> Vec<Block> {
        self.shared.take(|spare| &mut spare.rows)
    }

    /// Queues the first `n` of these rows, as frames of [`ROW_FRAME_BLOCKS`] and a last one; for threads that are no tasks.
    pub fn send_rows_blocking(&self, kind: FrameKind, rows: Vec<Block>, n: usize) -> Result<(), ChannelError> {
        count_rows(&self.meter, kind, n);
        self.queue.blocking_send(Command::Rows(RowFrames::new(kind, rows, n))).map_err(|_| self.writer_gone())
    }

    /// Writes what is queued, and then nothing but what is written through what this returns, until that is dropped.
    pub async fn row_writer(&self) -> Result<RowWriter, ChannelError> {
        let (lend, lent) = oneshot::channel();
        self.queue(Command::Lend(lend)).await?;
        let (output, back) = lent.await.map_err(|_| self.writer_gone())?;
        Ok(RowWriter { output: Some(output), back: Some(back), meter: self.meter.clone() })
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

/// The writing half of a link, while a session writes itself.
///
/// Dropping it gives it back; a frame that is not whole yet is then completed by the link.
pub struct RowWriter {
    output: Option<Box<Output>>,
    back: Option<oneshot::Sender<Box<Output>>>,
    meter: Arc<Meter>,
}

impl RowWriter {
    /// Writes the first `n` of these rows, as frames of [`ROW_FRAME_BLOCKS`] and a last one; the rows' memory.
    pub async fn write(&mut self, kind: FrameKind, rows: Vec<Block>, n: usize) -> Result<Vec<Block>, ChannelError> {
        count_rows(&self.meter, kind, n);
        let output = self.output.as_mut().expect("it is given back when dropped");
        output.rows = Some(RowFrames::new(kind, rows, n));
        Ok(output.write_rows().await?)
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        if let (Some(output), Some(back)) = (self.output.take(), self.back.take()) {
            // A link that is gone needs it no more.
            let _ = back.send(output);
        }
    }
}

fn count_rows(meter: &Meter, kind: FrameKind, n: usize) {
    let n_frames = n.div_ceil(ROW_FRAME_BLOCKS);
    meter.count_sent(kind, n * BLOCK_BYTES + n_frames * (HEADER_BYTES + TAG_BYTES));
}

/// Reads the frames that the state machine asks for.
pub struct FrameReceiver {
    reader: BufReader<Metered<Box<dyn AsyncRead + Send + Unpin>>>,
    next: NextFrame,
    /// Whether the last rows filled their frame, so that more are on their way.
    rows_go_on: bool,
}

impl FrameReceiver {
    /// The next frame's payload, in the memory of `buffer`, if it is of this kind and length.
    pub async fn receive(&mut self, kind: FrameKind, length: Length, buffer: &mut Vec<u8>) -> Result<(), ChannelError> {
        let mut header = [0; HEADER_BYTES];
        self.fill(kind, &mut header).await?;
        let n = self.next.check_header(kind, header, length)?;
        buffer.resize(n + TAG_BYTES, 0);
        self.fill(kind, buffer).await?;
        let (payload, tag) = buffer.split_at(n);
        self.check(kind, header, payload, tag)?;
        buffer.truncate(n);
        Ok(())
    }

    /// The rows of the next frame, if it has one row less than `rows`, whose last place is for its tag: in one piece, straight from the connection.
    pub async fn receive_rows(&mut self, kind: FrameKind, rows: &mut [Block]) -> Result<(), ChannelError> {
        let n = (rows.len() - 1) * BLOCK_BYTES;
        let mut header = [0; HEADER_BYTES];
        self.fill_directly(kind, &mut header).await?;
        self.next.check_header(kind, header, Length::Exactly(n))?;
        self.fill_directly(kind, bytes::bytes_mut(rows)).await?;
        let (payload, tag) = bytes::bytes_mut(rows).split_at(n);
        self.check(kind, header, payload, tag)?;
        bytes::from_wire(rows);
        self.rows_go_on = rows.len() > ROW_FRAME_BLOCKS;
        Ok(())
    }

    fn check(
        &mut self,
        kind: FrameKind,
        header: [u8; HEADER_BYTES],
        payload: &[u8],
        tag: &[u8],
    ) -> Result<(), ChannelError> {
        let good = self.next.tag(&header, payload).as_slice().ct_eq(tag);
        if !bool::from(good) {
            return Err(WireError::Damaged(kind).into());
        }
        self.reader.get_ref().meter.count_received(kind, HEADER_BYTES + payload.len() + TAG_BYTES);
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
        filled(kind, self.reader.read_exact(buffer).await)
    }

    /// As `fill`, reading no more than that.
    async fn fill_directly(&mut self, kind: FrameKind, buffer: &mut [u8]) -> Result<(), ChannelError> {
        let read = self.reader.buffer();
        let n = read.len().min(buffer.len());
        let (first, rest) = buffer.split_at_mut(n);
        first.copy_from_slice(&read[..n]);
        self.reader.consume(n);
        let reader = self.reader.get_mut();
        if rest.is_empty() {
            Ok(())
        } else if self.rows_go_on {
            filled(kind, read_awake(reader, rest).await)
        } else {
            filled(kind, reader.read_exact(rest).await)
        }
    }
}

/// Fills `buffer`; stays awake at first where nothing has come, for what is on its way from somebody who computes at the same time.
async fn read_awake(reader: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> io::Result<usize> {
    let (mut filling, mut waiting) = (ReadBuf::new(buffer), None);
    while filling.remaining() > 0 {
        let before = filling.filled().len();
        let came = poll_fn(|cx| match Pin::new(&mut *reader).poll_read(cx, &mut filling) {
            Poll::Pending if waiting.get_or_insert_with(Instant::now).elapsed() < AWAKE => Poll::Ready(Ok(false)),
            read => read.map_ok(|()| true),
        });
        if !came.await? {
            yield_now().await;
        } else if filling.filled().len() == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        } else {
            waiting = None;
        }
    }
    Ok(filling.filled().len())
}

fn filled(kind: FrameKind, read: io::Result<usize>) -> Result<(), ChannelError> {
    match read {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ChannelError::Closed(kind)),
        Err(error) => Err(error.into()),
    }
}

enum Command {
    Frame(FrameBuffer),
    Rows(RowFrames),
    Rekey([u8; 32], u16),
    /// Lets somebody else write until it comes back.
    Lend(oneshot::Sender<Lent>),
}

/// What writes, and where it is given back.
type Lent = (Box<Output>, oneshot::Sender<Box<Output>>);

/// Rows that are being written, frame by frame.
struct RowFrames {
    kind: FrameKind,
    rows: Vec<Block>,
    /// How many of them.
    n: usize,
    /// Those of the current frame.
    frame: Range<usize>,
    header: [u8; HEADER_BYTES],
    tag: [u8; TAG_BYTES],
    /// Bytes of the current frame, and how many are written.
    n_bytes: usize,
    n_written: usize,
}

impl RowFrames {
    fn new(kind: FrameKind, rows: Vec<Block>, n: usize) -> RowFrames {
        let (header, tag) = ([0; HEADER_BYTES], [0; TAG_BYTES]);
        RowFrames { kind, rows, n, frame: 0..0, header, tag, n_bytes: 0, n_written: 0 }
    }

    /// Begins the next frame, if there is one.
    fn begin(&mut self, next: &mut NextFrame) -> bool {
        self.frame = self.frame.end..self.n.min(self.frame.end + ROW_FRAME_BLOCKS);
        if self.frame.is_empty() {
            return false;
        }
        let payload = bytes::to_wire(&mut self.rows[self.frame.clone()]);
        self.header = next.header(self.kind, payload.len() as u32).encode();
        self.tag = next.tag(&self.header, payload);
        (self.n_bytes, self.n_written) = (HEADER_BYTES + payload.len() + TAG_BYTES, 0);
        true
    }

    /// What is left of the current frame.
    fn left(&mut self) -> [IoSlice<'_>; 3] {
        let payload = &*bytes::bytes_mut(&mut self.rows[self.frame.clone()]);
        let mut n_written = self.n_written;
        [&self.header[..], payload, &self.tag[..]].map(|piece| {
            let n = n_written.min(piece.len());
            n_written -= n;
            IoSlice::new(&piece[n..])
        })
    }
}

/// What both ends of the queue see.
#[derive(Default)]
struct Shared {
    giving_up: AtomicBool,
    failure: OnceLock<io::ErrorKind>,
    spare: Mutex<Spare>,
}

/// Memory to be used again.
#[derive(Default)]
struct Spare {
    frames: Vec<Vec<u8>>,
    rows: Vec<Vec<Block>>,
}

impl Shared {
    fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(|&kind| kind.into())
    }

    fn take<T>(&self, of: impl FnOnce(&mut Spare) -> &mut Vec<Vec<T>>) -> Vec<T> {
        of(&mut self.spare.lock().unwrap_or_else(PoisonError::into_inner)).pop().unwrap_or_default()
    }

    fn give<T>(&self, of: impl FnOnce(&mut Spare) -> &mut Vec<Vec<T>>, buffer: Vec<T>) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let buffers = of(&mut spare);
        if buffers.len() < QUEUE_FRAMES {
            buffers.push(buffer);
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

    /// How long the payload is of a frame that begins like this.
    fn check_header(&self, kind: FrameKind, bytes: [u8; HEADER_BYTES], length: Length) -> Result<usize, ChannelError> {
        let header = Header::decode(bytes, self.header(kind, 0), length)?.ok_or(ChannelError::Aborted)?;
        Ok(header.length as usize)
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
    /// Somebody else's for a while, if it is not here.
    output: Option<Box<Output>>,
    commands: mpsc::Receiver<Command>,
    shared: Arc<Shared>,
}

/// What writes frames.
struct Output {
    stream: Metered<Box<dyn AsyncWrite + Send + Unpin>>,
    shared: Arc<Shared>,
    next: NextFrame,
    /// Short frames that are not written yet.
    gathered: Vec<u8>,
    /// Rows that are not written yet, after these.
    rows: Option<RowFrames>,
}

impl Writer {
    async fn run(mut self) {
        if let Err(error) = self.write_all_frames().await {
            // Set once, and only here.
            let _ = self.shared.failure.set(error.kind());
        }
        if let Some(mut output) = self.output {
            // The connection is over; a peer that cannot be told finds out by itself.
            let _ = output.stream.shutdown().await;
        }
    }

    async fn write_all_frames(&mut self) -> io::Result<()> {
        while let Some(command) = self.next_command().await? {
            if self.is_giving_up() {
                break;
            }
            match command {
                Command::Rekey(key, stream) => self.output().next.rekey(key, stream),
                Command::Frame(frame) => self.output().write(frame).await?,
                Command::Rows(rows) => {
                    self.output().rows = Some(rows);
                    let rows = self.output().write_rows().await?;
                    self.shared.give(|spare| &mut spare.rows, rows);
                }
                Command::Lend(to) => self.lend(to).await?,
            }
        }
        self.commands.close();
        let is_giving_up = self.is_giving_up();
        let output = self.output();
        if is_giving_up {
            output.gathered.extend(abort_frame());
        }
        output.flush().await
    }

    fn is_giving_up(&self) -> bool {
        self.shared.giving_up.load(Ordering::Acquire)
    }

    fn output(&mut self) -> &mut Output {
        self.output.as_mut().expect("what is lent has been waited for")
    }

    async fn next_command(&mut self) -> io::Result<Option<Command>> {
        if let Ok(command) = self.commands.try_recv() {
            return Ok(Some(command));
        }
        self.output().flush().await?;
        Ok(self.commands.recv().await)
    }

    /// Lets somebody else write, and completes what that has begun.
    async fn lend(&mut self, to: oneshot::Sender<Lent>) -> io::Result<()> {
        self.output().write_gathered().await?;
        let (back, returned) = oneshot::channel();
        let output = self.output.take().expect("it was here a moment ago");
        match to.send((output, back)) {
            Ok(()) => self.output = Some(returned.await.map_err(|_| io::ErrorKind::BrokenPipe)?),
            Err((output, _)) => self.output = Some(output),
        }
        if self.output().rows.is_some() {
            self.output().write_rows().await?;
        }
        Ok(())
    }
}

impl Output {
    async fn write(&mut self, frame: FrameBuffer) -> io::Result<()> {
        let bytes = self.seal(frame);
        if bytes.len() <= GATHERED_BYTES_MAX {
            self.gathered.extend_from_slice(&bytes);
        } else {
            self.write_gathered().await?;
            self.stream.write_all(&bytes).await?;
        }
        self.shared.give(|spare| &mut spare.frames, bytes);
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

    /// Writes `rows`; their memory. Goes on where it was if it is called again after it has been dropped.
    async fn write_rows(&mut self) -> io::Result<Vec<Block>> {
        self.write_gathered().await?;
        let frames = self.rows.as_mut().expect("there are rows to write");
        loop {
            while frames.n_written < frames.n_bytes {
                match self.stream.write_vectored(&frames.left()).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    n => frames.n_written += n,
                }
            }
            // Nobody who gives up begins another frame.
            if self.shared.giving_up.load(Ordering::Acquire) || !frames.begin(&mut self.next) {
                break;
            }
        }
        Ok(self.rows.take().expect("they are written").rows)
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
