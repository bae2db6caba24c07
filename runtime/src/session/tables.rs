//! Garbled tables on their way: garbling, transfer and evaluation at the same time.
//!
//! Tables travel in frames of [`CHUNK_BYTES`], the last one shorter; both parties know their number from the plan. Rows are made in the memory
//! from which they are written, and used where they were read. What is sent does not depend on how work is divided:
//!
//! * A party with one thread makes or uses a frame's rows between writing or reading frames, in the session's own task: some tens of microseconds at
//!   a time, and the rows are in the nearest caches when they are handed on. So does one with more threads, if the plan has nothing to
//!   share out among them: handing rows from one core to another took longer than writing them.
//! * Else the plan has a thread of its own, joined to the connection by bounded queues; so the next rows are made
//!   while earlier ones are hashed and written.

use std::cmp::min;
use std::convert::Infallible;
use std::mem;
use std::ops::Range;
use std::panic::resume_unwind;

use hushgate_circuits::plan::Plan;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking, yield_now};

use super::SealedPlan;
use crate::block::{BLOCK_BYTES, Block};
use crate::channel::{ChannelError, FrameReceiver, FrameSender, QUEUE_FRAMES, ROW_FRAME_BLOCKS};
use crate::garble::{Evaluator, Garbler, TABLE_BLOCKS_MAX, TableSink, TableSource, TablesEnd, Threads};
use crate::kernel::bytes::to_wire;
use crate::ot::Labels;
use crate::wire::FrameKind;

/// Bytes of tables in a frame.
pub(super) const CHUNK_BYTES: usize = CHUNK_BLOCKS * BLOCK_BYTES;
const CHUNK_BLOCKS: usize = ROW_FRAME_BLOCKS;

/// Runs of gates without a full frame after which a task lets others go on.
const PATIENCE: u32 = 1 << 12;

/// Garbles `plan` on the zero labels of its inputs and sends the tables; the zero labels of its outputs.
pub(super) async fn garble(
    mut garbler: Garbler,
    plan: &SealedPlan,
    inputs: Labels,
    sender: &FrameSender,
) -> Result<Labels, ChannelError> {
    if !garbler.threads().share_out(plan) {
        return garble_here(garbler.on(Threads::ONE), plan, inputs, sender).await;
    }
    let (plan, mut sink) = (plan.clone(), SentRows::new(sender.clone()));
    let work = spawn_blocking(move || {
        let outputs = garbler.garble(&plan, &inputs, &mut sink)?;
        sink.send(sink.n_filled)?;
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
    if !evaluator.threads().share_out(plan) {
        return evaluate_here(evaluator.on(Threads::ONE), plan, inputs, receiver).await;
    }
    let (full, rows) = mpsc::channel(QUEUE_FRAMES);
    let (used, spare) = mpsc::channel(QUEUE_FRAMES);
    let (n_rows, plan) = (n_rows(plan), plan.clone());
    let mut source = QueuedRows { full: rows, spare: used, chunk: Vec::new(), next: 0, pieced: Vec::new() };
    let work = spawn_blocking(move || evaluator.evaluate(&plan, &inputs, &mut source));
    let fed = feed(receiver, n_rows, full, spare).await;
    let outputs = work.await.unwrap_or_else(|stopped| panicked(stopped));
    fed?;
    Ok(outputs.expect(ALL_CAME))
}

const ALL_CAME: &str = "as many rows came as the plan has";

fn n_rows(plan: &Plan) -> u64 {
    plan.table_bytes() / BLOCK_BYTES as u64
}

/// Goes on with the panic of a thread. Threads are never cancelled.
fn panicked(stopped: JoinError) -> ! {
    resume_unwind(stopped.into_panic())
}

async fn garble_here(
    mut garbler: Garbler,
    plan: &SealedPlan,
    inputs: Labels,
    sender: &FrameSender,
) -> Result<Labels, ChannelError> {
    let mut execution = garbler.begin(plan, &inputs);
    let mut made = MadeRows::new(n_rows(plan));
    let (mut writer, mut spare) = (None, Vec::new());
    loop {
        let Ok(outputs) = garbler.advance(&mut execution, &mut made);
        if writer.is_none() && outputs.is_some() && made.n_filled <= CHUNK_BLOCKS {
            // One frame at most: the link's own task writes it, together with what comes next.
            let mut frame = sender.frame(FrameKind::Tables);
            frame.extend(to_wire(&mut made.rows[..made.n_filled]));
            if made.n_filled > 0 {
                sender.send(frame).await?;
            }
        } else if made.n_filled >= CHUNK_BLOCKS || outputs.is_some() {
            let writer = match &mut writer {
                Some(writer) => writer,
                none => none.insert(sender.row_writer().await?),
            };
            let n = if outputs.is_some() { made.n_filled } else { CHUNK_BLOCKS };
            let full = made.give(n, spare);
            spare = writer.write(FrameKind::Tables, full, n).await?;
        } else {
            yield_now().await;
        }
        made.n_asked = 0;
        if let Some(outputs) = outputs {
            return Ok(outputs);
        }
    }
}

async fn evaluate_here(
    mut evaluator: Evaluator,
    plan: &SealedPlan,
    inputs: Labels,
    receiver: &mut FrameReceiver,
) -> Result<Labels, ChannelError> {
    let mut execution = evaluator.begin(plan, &inputs);
    let mut came = CameRows::new(n_rows(plan));
    loop {
        if let Some(outputs) = evaluator.advance(&mut execution, &mut came).expect(ALL_CAME) {
            return Ok(outputs);
        }
        if came.n_asked <= PATIENCE {
            let rows = came.place_for_next();
            receiver.receive_rows(FrameKind::Tables, rows).await?;
            came.take_next();
        } else {
            yield_now().await;
        }
        came.n_asked = 0;
    }
}

/// Receives all tables into the queue of the evaluating thread.
async fn feed(
    receiver: &mut FrameReceiver,
    n_rows: u64,
    full: mpsc::Sender<Vec<Block>>,
    mut spare: mpsc::Receiver<Vec<Block>>,
) -> Result<(), ChannelError> {
    let mut n_missing = n_rows;
    while n_missing > 0 {
        let mut chunk = spare.try_recv().unwrap_or_default();
        let n = min(n_missing, CHUNK_BLOCKS as u64) as usize;
        chunk.resize(n + 1, Block::ZERO);
        receiver.receive_rows(FrameKind::Tables, &mut chunk).await?;
        chunk.truncate(n);
        n_missing -= n as u64;
        if full.send(chunk).await.is_err() {
            // The thread panicked, which its owner finds out next.
            break;
        }
    }
    Ok(())
}

/// Rows as a task makes them: a frame's, and at most one piece more.
struct MadeRows {
    rows: Vec<Block>,
    n_filled: usize,
    /// How often gates have asked since the task let others go on.
    n_asked: u32,
}

impl MadeRows {
    fn new(n_rows: u64) -> MadeRows {
        let n = min(n_rows, (CHUNK_BLOCKS + TABLE_BLOCKS_MAX) as u64) as usize;
        MadeRows { rows: vec![Block::ZERO; n], n_filled: 0, n_asked: 0 }
    }

    /// Hands over memory whose first `n` blocks are rows; goes on in `next`, with what follows them.
    fn give(&mut self, n: usize, mut next: Vec<Block>) -> Vec<Block> {
        let rest = &self.rows[n..self.n_filled];
        next.resize(self.rows.len(), Block::ZERO);
        next[..rest.len()].copy_from_slice(rest);
        self.n_filled = rest.len();
        mem::replace(&mut self.rows, next)
    }
}

impl TableSink for MadeRows {
    type Error = Infallible;

    fn is_ready(&mut self, _: usize) -> bool {
        self.n_asked += 1;
        self.n_filled < CHUNK_BLOCKS && self.n_asked <= PATIENCE
    }

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Infallible> {
        let start = self.n_filled;
        self.n_filled += n_blocks;
        Ok(&mut self.rows[start..self.n_filled])
    }
}

/// Rows as a task uses them: what is left of earlier frames, then a frame.
struct CameRows {
    /// Room for less than a piece, then for a frame and its tag.
    rows: Vec<Block>,
    /// Those that have not been used.
    left: Range<usize>,
    /// Rows that are still to come.
    n_missing: u64,
    /// How often gates have asked since the task let others go on.
    n_asked: u32,
}

impl CameRows {
    fn new(n_rows: u64) -> CameRows {
        let n_before = if n_rows <= CHUNK_BLOCKS as u64 { 0 } else { TABLE_BLOCKS_MAX };
        let n = n_before + min(n_rows, CHUNK_BLOCKS as u64) as usize + 1;
        CameRows { rows: vec![Block::ZERO; n], left: n_before..n_before, n_missing: n_rows, n_asked: 0 }
    }

    fn n_next(&self) -> usize {
        min(self.n_missing, CHUNK_BLOCKS as u64) as usize
    }

    /// Where the next frame and its tag go: behind what is left.
    fn place_for_next(&mut self) -> &mut [Block] {
        let n_before = self.rows.len() - 1 - min(self.rows.len() - 1, CHUNK_BLOCKS);
        let start = n_before - self.left.len();
        self.rows.copy_within(self.left.clone(), start);
        self.left = start..n_before;
        let n = self.n_next();
        &mut self.rows[n_before..][..n + 1]
    }

    fn take_next(&mut self) {
        let n = self.n_next();
        self.left.end += n;
        self.n_missing -= n as u64;
    }
}

impl TableSource for CameRows {
    type Error = TablesEnd;

    fn is_ready(&mut self, n_blocks: usize) -> bool {
        self.n_asked += 1;
        // Where nothing is to come, whoever asks for more finds the end.
        let has_rows = self.left.len() >= n_blocks || self.n_missing == 0;
        has_rows && self.n_asked <= PATIENCE
    }

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], TablesEnd> {
        let rows = self.rows[self.left.clone()].get(..n_blocks).ok_or(TablesEnd)?;
        self.left.start += n_blocks;
        Ok(rows)
    }
}

/// Sends rows as they are made, from a thread.
struct SentRows {
    sender: FrameSender,
    rows: Vec<Block>,
    n_filled: usize,
}

impl SentRows {
    fn new(sender: FrameSender) -> SentRows {
        SentRows { sender, rows: Vec::new(), n_filled: 0 }
    }

    /// Sends the first `n` rows.
    fn send(&mut self, n: usize) -> Result<(), ChannelError> {
        if n == 0 {
            return Ok(());
        }
        let mut next = self.sender.row_buffer();
        let rest = &self.rows[n..self.n_filled];
        let n_rest = rest.len();
        if next.len() < n_rest {
            next.resize(n_rest, Block::ZERO);
        }
        next[..n_rest].copy_from_slice(rest);
        self.n_filled = n_rest;
        self.sender.send_rows_blocking(FrameKind::Tables, mem::replace(&mut self.rows, next), n)
    }
}

impl TableSink for SentRows {
    type Error = ChannelError;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], ChannelError> {
        if self.n_filled >= CHUNK_BLOCKS {
            self.send(self.n_filled - self.n_filled % CHUNK_BLOCKS)?;
        }
        let (start, end) = (self.n_filled, self.n_filled + n_blocks);
        if self.rows.len() < end {
            self.rows.resize(end.max(CHUNK_BLOCKS + TABLE_BLOCKS_MAX), Block::ZERO);
        }
        self.n_filled = end;
        Ok(&mut self.rows[start..end])
    }
}

/// Rows from the queue, to a thread: where they are, or pieced together where they come from several frames.
struct QueuedRows {
    full: mpsc::Receiver<Vec<Block>>,
    spare: mpsc::Sender<Vec<Block>>,
    /// The frame at hand, and how many of its rows have been taken.
    chunk: Vec<Block>,
    next: usize,
    pieced: Vec<Block>,
}

impl QueuedRows {
    fn next_chunk(&mut self) -> Result<(), TablesEnd> {
        let used = mem::replace(&mut self.chunk, self.full.blocking_recv().ok_or(TablesEnd)?);
        self.next = 0;
        // Where there is no room, the chunk's memory is simply freed.
        let _ = self.spare.try_send(used);
        Ok(())
    }
}

impl TableSource for QueuedRows {
    type Error = TablesEnd;

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], TablesEnd> {
        if self.chunk.len() == self.next {
            self.next_chunk()?;
        }
        if self.chunk.len() - self.next >= n_blocks {
            self.next += n_blocks;
            return Ok(&self.chunk[self.next - n_blocks..self.next]);
        }
        self.pieced.clear();
        while self.pieced.len() < n_blocks {
            if self.next == self.chunk.len() {
                self.next_chunk()?;
            }
            let n = min(n_blocks - self.pieced.len(), self.chunk.len() - self.next);
            self.pieced.extend_from_slice(&self.chunk[self.next..][..n]);
            self.next += n;
        }
        Ok(&self.pieced)
    }
}
