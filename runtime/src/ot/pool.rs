//! Correlated OTs made ahead of time, so that inputs take one flow of `n` bits.
//!
//! Offline, the extension runs on random choices `r_i` (Beaver, CRYPTO 1995): the garbler has `q_i`, the evaluator `t_i = q_i ⊕ r_i·Δ`.
//! Online, the evaluator with inputs `x_i` sends `d_i = x_i ⊕ r_i`; the garbler's zero labels become `q_i ⊕ d_i·Δ`, the evaluator's
//! labels stay `t_i`.
//!
//! The flow is the position in the pool (8 bytes, little-endian) and the bits `d_i` (least significant first, unused bits zero). The
//! position makes a replayed or lost flow an error instead of wrong labels.
//!
//! # Security
//! `d` is uniform, whatever the inputs are. Every OT is used once: what has been taken is wiped. A pool belongs to one session and one Δ.

use std::collections::VecDeque;

use rand::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::block::{Block, Delta};
use crate::ot::{Labels, Message, PeerMisbehaved, expect_bytes};

/// Bytes of the position that opens a flow.
const POSITION_BYTES: usize = 8;

/// Bytes of the flow for `n` inputs.
#[must_use]
pub const fn flow_bytes(n: usize) -> usize {
    POSITION_BYTES + n.div_ceil(8)
}

/// Random choice bits, to run the extension for a pool.
pub fn random_choices(n: usize, rng: &mut impl CryptoRng) -> Zeroizing<Vec<bool>> {
    let mut bytes = Zeroizing::new(vec![0; n.div_ceil(8)]);
    rng.fill_bytes(&mut bytes);
    let mut choices = Zeroizing::new(Vec::with_capacity(8 * bytes.len()));
    for &byte in bytes.iter() {
        // Byte i keeps bit i.
        let bits = (u64::from(byte) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
        choices.extend_from_slice(&bits.to_le_bytes().map(|bit| bit != 0));
    }
    choices.truncate(n);
    choices
}

/// The garbler's pool.
pub struct PoolSender {
    delta: Zeroizing<Block>,
    stock: Stock<Block>,
}

impl PoolSender {
    /// An empty pool under `delta`.
    #[must_use]
    pub fn new(delta: &Delta) -> PoolSender {
        PoolSender { delta: Zeroizing::new(delta.block()), stock: Stock::new() }
    }

    /// Adds the zero labels of a batch.
    pub fn add(&mut self, zero: Labels) {
        self.stock.add(zero);
    }

    /// OTs left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.stock.left()
    }

    /// Takes the evaluator's flow for `n` inputs, [`flow_bytes`] long. Returns their zero labels and the rest of the pool.
    ///
    /// # Errors
    /// The flow has a wrong length, is for another position, or has bits set past the last.
    ///
    /// # Panics
    /// Where fewer than `n` OTs are left.
    pub fn take(mut self, n: usize, flow: &[u8]) -> Result<(PoolSender, Labels), PeerMisbehaved> {
        expect_bytes(Message::PoolFlow, flow, flow_bytes(n))?;
        let (position, flips) = flow.split_first_chunk().expect("the length has been checked");
        let (found, expected) = (u64::from_le_bytes(*position), self.stock.position());
        if found != expected {
            return Err(PeerMisbehaved::PoolPosition { found, expected });
        }
        if !n.is_multiple_of(8) && flips[n / 8] >> (n % 8) != 0 {
            return Err(PeerMisbehaved::PoolPadding);
        }
        let mut labels = self.stock.take(n);
        for (i, label) in labels.iter_mut().enumerate() {
            *label ^= self.delta.masked(flips[i / 8] >> (i % 8) & 1 == 1);
        }
        Ok((self, labels))
    }
}

/// The evaluator's pool. A batch's choices may be used before its labels have come, so that a flow need not wait for them.
#[derive(Default)]
pub struct PoolReceiver {
    choices: Stock<bool>,
    labels: Stock<Block>,
}

impl PoolReceiver {
    /// An empty pool.
    #[must_use]
    pub fn new() -> PoolReceiver {
        PoolReceiver::default()
    }

    /// Adds the random choices of a batch, whose labels are to come.
    pub fn choose(&mut self, choices: Zeroizing<Vec<bool>>) {
        self.choices.add(choices);
    }

    /// Adds the labels of the earliest choices that have none yet.
    ///
    /// # Panics
    /// Where there are more labels than choices.
    pub fn add(&mut self, labels: Labels) {
        self.labels.add(labels);
        assert!(self.labels.end() <= self.choices.end(), "one label for each choice");
    }

    /// OTs whose choices have not been used.
    #[must_use]
    pub fn left(&self) -> usize {
        self.choices.left()
    }

    /// Uses the next choices for the evaluator's inputs; the flow to the garbler, [`flow_bytes`] long. Labels may come later.
    ///
    /// # Panics
    /// Where fewer OTs are left than there are inputs.
    pub fn flow(&mut self, inputs: &[bool]) -> Vec<u8> {
        let mut flow = vec![0; flow_bytes(inputs.len())];
        flow[..POSITION_BYTES].copy_from_slice(&self.choices.position().to_le_bytes());
        let choices = self.choices.take(inputs.len());
        for (i, (input, choice)) in inputs.iter().zip(choices.iter()).enumerate() {
            flow[POSITION_BYTES + i / 8] |= u8::from(input ^ choice) << (i % 8);
        }
        flow
    }

    /// The labels of the inputs of the earliest flow whose labels have not been taken.
    ///
    /// # Panics
    /// Where there was no such flow, or its labels have not come.
    pub fn labels(&mut self, n: usize) -> Labels {
        let labels = self.labels.take(n);
        assert!(self.labels.position() <= self.choices.position(), "a flow comes before its labels");
        labels
    }
}

/// Secrets that are taken from the front, each once. Batches stay where they are, as a copy would leave one behind unwiped.
struct Stock<T: Zeroize + Copy> {
    batches: VecDeque<Zeroizing<Vec<T>>>,
    /// How many of the first batch have been taken (and wiped).
    taken: usize,
    /// How many there are in all batches, taken ones of the first included.
    held: usize,
    /// How many were in batches that are gone.
    gone: u64,
}

impl<T: Zeroize + Copy> Stock<T> {
    const fn new() -> Stock<T> {
        Stock { batches: VecDeque::new(), taken: 0, held: 0, gone: 0 }
    }

    /// Number of the next item, counted from the first ever.
    const fn position(&self) -> u64 {
        self.gone + self.taken as u64
    }

    /// Number of the item after the last.
    const fn end(&self) -> u64 {
        self.gone + self.held as u64
    }

    const fn left(&self) -> usize {
        self.held - self.taken
    }

    fn add(&mut self, batch: Zeroizing<Vec<T>>) {
        self.held += batch.len();
        self.batches.push_back(batch);
    }

    fn take(&mut self, n: usize) -> Zeroizing<Vec<T>> {
        assert!(n <= self.left(), "{n} OTs wanted, {} left in the pool", self.left());
        if self.taken == 0 && self.batches.front().is_some_and(|first| first.len() == n) {
            return self.take_first(); // A copy of millions takes longer than all that is computed with them.
        }
        let mut all = Zeroizing::new(Vec::with_capacity(n));
        while let Some(first) = self.batches.front_mut() {
            let missing = n - all.len();
            let items = &mut first[self.taken..];
            let items = if items.len() < missing { items } else { &mut items[..missing] };
            all.extend_from_slice(items);
            items.iter_mut().for_each(Zeroize::zeroize);
            self.taken += items.len();
            if self.taken < first.len() {
                break;
            }
            self.drop_first();
        }
        all
    }

    /// Takes the first batch out, all of which counts as taken.
    fn take_first(&mut self) -> Zeroizing<Vec<T>> {
        let first = self.batches.pop_front().expect("there is a batch");
        self.held -= first.len();
        self.gone += first.len() as u64;
        first
    }

    /// Drops the first batch, all of which has been taken.
    fn drop_first(&mut self) {
        self.taken = 0;
        self.take_first();
    }
}

impl<T: Zeroize + Copy> Default for Stock<T> {
    fn default() -> Stock<T> {
        Stock::new()
    }
}
