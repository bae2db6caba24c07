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

use rand::{CryptoRng, RngExt};
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
    Zeroizing::new((0..n).map(|_| rng.random()).collect())
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

    /// Adds the zero labels of a batch of the extension.
    pub fn add(&mut self, zero: &[Block]) {
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

/// The evaluator's pool.
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

    /// Adds a batch of the extension: its random choices and their labels.
    ///
    /// # Panics
    /// Where their numbers differ.
    pub fn add(&mut self, choices: &[bool], labels: &[Block]) {
        assert_eq!(choices.len(), labels.len(), "one label for each choice");
        self.choices.add(choices);
        self.labels.add(labels);
    }

    /// OTs left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.labels.left()
    }

    /// Takes the evaluator's inputs; returns their labels and the flow to the garbler, [`flow_bytes`] long.
    ///
    /// # Panics
    /// Where fewer OTs are left than there are inputs.
    pub fn take(&mut self, inputs: &[bool]) -> (Labels, Vec<u8>) {
        let mut flow = vec![0; flow_bytes(inputs.len())];
        flow[..POSITION_BYTES].copy_from_slice(&self.labels.position().to_le_bytes());
        let choices = self.choices.take(inputs.len());
        for (i, (input, choice)) in inputs.iter().zip(choices.iter()).enumerate() {
            flow[POSITION_BYTES + i / 8] |= u8::from(input ^ choice) << (i % 8);
        }
        (self.labels.take(inputs.len()), flow)
    }
}

/// Secrets that are taken from the front, each once.
struct Stock<T: Zeroize + Copy> {
    items: Zeroizing<Vec<T>>,
    /// How many of `items` have been taken (and wiped).
    taken: usize,
    /// How many were taken and have left `items`.
    gone: u64,
}

impl<T: Zeroize + Copy> Stock<T> {
    fn new() -> Stock<T> {
        Stock { items: Zeroizing::new(Vec::new()), taken: 0, gone: 0 }
    }

    /// Number of the next item, counted from the first ever.
    fn position(&self) -> u64 {
        self.gone + self.taken as u64
    }

    fn left(&self) -> usize {
        self.items.len() - self.taken
    }

    /// Appends items; into fresh memory, so that no copy stays behind unwiped.
    fn add(&mut self, new: &[T]) {
        let mut items = Zeroizing::new(Vec::with_capacity(self.left() + new.len()));
        items.extend_from_slice(&self.items[self.taken..]);
        items.extend_from_slice(new);
        self.gone = self.position();
        self.taken = 0;
        self.items = items;
    }

    fn take(&mut self, n: usize) -> Zeroizing<Vec<T>> {
        assert!(n <= self.left(), "{n} OTs wanted, {} left in the pool", self.left());
        let items = &mut self.items[self.taken..][..n];
        let taken = Zeroizing::new(items.to_vec());
        items.iter_mut().for_each(Zeroize::zeroize);
        self.taken += n;
        taken
    }
}

impl<T: Zeroize + Copy> Default for Stock<T> {
    fn default() -> Stock<T> {
        Stock::new()
    }
}
