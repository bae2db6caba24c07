//! Garbled tables on their way: garbling, transfer and evaluation at the same time.
//!
//! Tables travel in frames of [`CHUNK_BYTES`], the last one shorter; both parties know their number from the plan. Plans that
//! take microseconds run where they are, others on a thread of their own, joined to the connection by bounded queues. What is
//! sent does not depend on that.

use std::cmp::min;
use std::panic::resume_unwind;

use hushgate_circuits::plan::Plan;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use super::SealedPlan;
use crate::block::{BLOCK_BYTES, Block};
use crate::channel::{ChannelError, FrameBuffer, FrameReceiver, FrameSender, QUEUE_FRAMES};
use crate::garble::{Evaluator, Garbler, TableSink, TableSource, TablesEnd};
use crate::ot::Labels;
use crate::wire::{FrameKind, Length};

/// Bytes of tables in a frame.
pub(super) const CHUNK_BYTES: usize = 1 << 18;
const CHUNK_BLOCKS: usize = CHUNK_BYTES / BLOCK_BYTES;

/// Plans up to this many operations are not worth a thread.
const SMALL_OPERATIONS: u64 = 1 << 12;

/// Garbles `plan` on the zero labels of its inputs and sends the tables; the zero labels of its outputs.
pub(super) async fn garble(
    mut garbler: Garbler,
    plan: &SealedPlan,
    inputs: Labels,
    sender: &FrameSender,
) -> Result<Labels, ChannelError> {
    if is_small(plan) {
        let mut rows = Vec::new();
        let Ok(outputs) = garbler.garble(plan, &inputs, &mut rows);
        send_rows(sender, &rows).await?;
        return Ok(outputs);
    }
    let (plan, mut sink) = (plan.clone(), SentRows::new(sender.clone()));
    let work = spawn_blocking(move || {
        let outputs = garbler.garble(&plan, &inputs, &mut sink)?;
        sink.finish()?;
        Ok(outputs)
    });
    work.await.unwrap_or_else(|stopped| panicked(stopped))
}

/// Evaluates `plan` on the active labels of its inputs and the tables that come; the active labels of its outputs.
pub(super) async fn evaluate(
    mut evaluator: Evaluator,
    plan: &SealedPlan,
    inputs: Labels,
    receiver: &mut FrameReceiver,
) -> Result<Labels, ChannelError> {
    if is_small(plan) {
        let rows = receive_rows(receiver, plan.table_bytes()).await?;
        let outputs = evaluator.evaluate(plan, &inputs, &mut rows.as_slice());
        return Ok(outputs.expect("as many rows came as the plan has"));
    }
    let (full, rows) = mpsc::channel(QUEUE_FRAMES);
    let (used, spare) = mpsc::channel(QUEUE_FRAMES);
    let (table_bytes, plan) = (plan.table_bytes(), plan.clone());
    let mut source = QueuedRows { full: rows, spare: used, chunk: Vec::new(), next: 0, rows: Vec::new() };
    let work = spawn_blocking(move || evaluator.evaluate(&plan, &inputs, &mut source));
    let fed = feed(receiver, table_bytes, full, spare).await;
    let outputs = work.await.unwrap_or_else(|stopped| panicked(stopped));
    fed?;
    Ok(outputs.expect("as many rows came as the plan has"))
}

fn is_small(plan: &Plan) -> bool {
    plan.measure().n_operations <= SMALL_OPERATIONS
}

/// Goes on with the panic of a thread. Threads are never cancelled.
fn panicked(stopped: JoinError) -> ! {
    resume_unwind(stopped.into_panic())
}

async fn send_rows(sender: &FrameSender, rows: &[Block]) -> Result<(), ChannelError> {
    for chunk in rows.chunks(CHUNK_BLOCKS) {
        let mut frame = sender.frame(FrameKind::Tables);
        append(&mut frame, chunk);
        sender.send(frame).await?;
    }
    Ok(())
}

async fn receive_rows(receiver: &mut FrameReceiver, table_bytes: u64) -> Result<Vec<Block>, ChannelError> {
    let (mut rows, mut chunk, mut missing) = (Vec::new(), Vec::new(), table_bytes);
    while missing > 0 {
        missing -= receive_chunk(receiver, missing, &mut chunk).await?;
        rows.extend(blocks(&chunk));
    }
    Ok(rows)
}

/// Receives all tables into the queue of the evaluating thread.
async fn feed(
    receiver: &mut FrameReceiver,
    table_bytes: u64,
    full: mpsc::Sender<Vec<u8>>,
    mut spare: mpsc::Receiver<Vec<u8>>,
) -> Result<(), ChannelError> {
    let mut missing = table_bytes;
    while missing > 0 {
        let mut chunk = spare.try_recv().unwrap_or_default();
        missing -= receive_chunk(receiver, missing, &mut chunk).await?;
        if full.send(chunk).await.is_err() {
            // The thread panicked, which its owner finds out next.
            break;
        }
    }
    Ok(())
}

/// Receives the next frame of tables, of which `missing` bytes are still to come; how many it has.
async fn receive_chunk(receiver: &mut FrameReceiver, missing: u64, chunk: &mut Vec<u8>) -> Result<u64, ChannelError> {
    let n = min(missing, CHUNK_BYTES as u64);
    receiver.receive(FrameKind::Tables, Length::Exactly(n as usize), chunk).await?;
    Ok(n)
}

fn append(frame: &mut FrameBuffer, rows: &[Block]) {
    let (chunks, _) = frame.grow(rows.len() * BLOCK_BYTES).as_chunks_mut::<BLOCK_BYTES>();
    for (bytes, row) in chunks.iter_mut().zip(rows) {
        *bytes = row.to_bytes();
    }
}

fn blocks(bytes: &[u8]) -> impl Iterator<Item = Block> + '_ {
    bytes.as_chunks::<BLOCK_BYTES>().0.iter().map(|&bytes| Block::from_bytes(bytes))
}

/// Sends rows as they are made, from a thread.
struct SentRows {
    sender: FrameSender,
    frame: FrameBuffer,
    /// The rows lent out last; the first `n_lent` are not in a frame yet.
    lent: Vec<Block>,
    n_lent: usize,
}

impl SentRows {
    fn new(sender: FrameSender) -> SentRows {
        SentRows { frame: sender.frame(FrameKind::Tables), sender, lent: Vec::new(), n_lent: 0 }
    }

    fn take_back(&mut self) -> Result<(), ChannelError> {
        let mut start = 0;
        while start < self.n_lent {
            let room = CHUNK_BLOCKS - self.frame.payload().len() / BLOCK_BYTES;
            let end = min(self.n_lent, start + room);
            append(&mut self.frame, &self.lent[start..end]);
            if end - start == room {
                self.send_frame()?;
            }
            start = end;
        }
        self.n_lent = 0;
        Ok(())
    }

    fn send_frame(&mut self) -> Result<(), ChannelError> {
        let next = self.sender.frame(FrameKind::Tables);
        self.sender.send_blocking(std::mem::replace(&mut self.frame, next))
    }

    fn finish(mut self) -> Result<(), ChannelError> {
        self.take_back()?;
        if self.frame.payload().is_empty() { Ok(()) } else { self.send_frame() }
    }
}

impl TableSink for SentRows {
    type Error = ChannelError;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], ChannelError> {
        self.take_back()?;
        if self.lent.len() < n_blocks {
            self.lent.resize(n_blocks, Block::ZERO);
        }
        self.n_lent = n_blocks;
        Ok(&mut self.lent[..n_blocks])
    }
}

/// Rows from the queue, to a thread. Few are copied at a time, so that they are still in the nearest cache when they are used.
struct QueuedRows {
    full: mpsc::Receiver<Vec<u8>>,
    spare: mpsc::Sender<Vec<u8>>,
    /// The chunk at hand, and how many of its bytes have been taken.
    chunk: Vec<u8>,
    next: usize,
    /// The rows that were taken last.
    rows: Vec<Block>,
}

impl QueuedRows {
    fn next_chunk(&mut self) -> Result<(), TablesEnd> {
        let used = std::mem::replace(&mut self.chunk, self.full.blocking_recv().ok_or(TablesEnd)?);
        self.next = 0;
        // Where there is no room, the chunk's memory is simply freed.
        let _ = self.spare.try_send(used);
        Ok(())
    }
}

impl TableSource for QueuedRows {
    type Error = TablesEnd;

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], TablesEnd> {
        self.rows.clear();
        while self.rows.len() < n_blocks {
            if self.next == self.chunk.len() {
                self.next_chunk()?;
            }
            let missing = (n_blocks - self.rows.len()) * BLOCK_BYTES;
            let bytes = &self.chunk[self.next..][..missing.min(self.chunk.len() - self.next)];
            self.rows.extend(blocks(bytes));
            self.next += bytes.len();
        }
        Ok(&self.rows)
    }
}
