//! Half-gates over a frame of labels: the inner loop of both parties, once per instruction set.
//!
//! Zahur, Rosulek, Evans, EUROCRYPT 2015, figure 2, <https://eprint.iacr.org/2014/756>, with the re-keyed hash MITCCRH of
//! Guo, Katz, Wang, Weng, Yu, CRYPTO 2020, <https://eprint.iacr.org/2019/1168>:
//!
//! ```text
//! H(x, i) = AES-128_{S ⊕ i}(σ(x)) ⊕ σ(x),    σ(hi‖lo) = (hi ⊕ lo)‖hi
//! TG = H(A0, j) ⊕ H(A1, j) ⊕ p_b·Δ           TE = H(B0, j') ⊕ H(B1, j') ⊕ A0
//! C0 = H(A0, j) ⊕ p_a·TG ⊕ H(B0, j') ⊕ p_b·(TE ⊕ A0)
//! C  = H(A, j)  ⊕ lsb(A)·TG ⊕ H(B, j') ⊕ lsb(B)·(TE ⊕ A)
//! ```
//!
//! Where a party knows an operand in the clear, one of the two halves does (ibid., section 4). A bit `a` that the garbler knows has the zero
//! label a·Δ in its hands and the label 0 in the evaluator's; one `b` that the evaluator knows has a label B with lsb(B) = b, and lsb(B0) = 0:
//!
//! ```text
//! garbler knows a      G = H(B0, j) ⊕ H(B1, j) ⊕ a·Δ     C0 = H(B0, j) ⊕ p_b·G     C = H(B, j) ⊕ lsb(B)·G
//! evaluator knows b    G = H(B0, j) ⊕ H(B1, j) ⊕ A0      C0 = H(B0, j)             C = H(B, j) ⊕ b·(G ⊕ A)
//! evaluator knows both the same, then lsb(C0) becomes 0 and lsb(C) the result
//! garbler knows both   no row                            C0 = a·b·Δ                C = 0
//! ```
//!
//! # Wire format
//! - Pair `k` of a session's tweaks is `j = 2k` and `j' = 2k + 1`, 64-bit numbers that meet the low half of `S`. A gate of two rows has a
//!   pair. In a batch of gates of one row each eight gates have four pairs, the first four their first tweaks; the last `m < 8` gates have
//!   `min(m, 4)` pairs.
//! - Keys, labels and rows are [`Block`]s: 16 bytes, least significant first. A complemented operand is the garbler's business:
//!   it swaps the operand's two labels; where the evaluator knows it, it takes the other bit.
//! - Gates come in batches, one batch per AND step of the plan; the parts of one step that are executed apart are batches of
//!   a multiple of four gates, and a last one. In a batch of `n` gates each four gates give eight rows, four TG then
//!   four TE; the last `m < 4` gates give `m` TG then `m` TE. Batches of gates of one row give their rows in order; they are never divided but
//!   after a multiple of eight gates.
//! - All kernels give the same bytes, so any garbler's kernel works with any evaluator's.
//!
//! # Security
//! Semi-honest, if MITCCRH is circular correlation robust for any labels (those of known values may be 0 or 1): proven for ideal ciphers, with every
//! tweak under one Δ and S used for one gate half only. Known operands are for semi-honest parties alone: nobody checks that a party
//! uses the bit that it has entered. [`GateKeys`] hands tweaks out once. No branch and no
//! memory address depends on a label.
//!
//! This is the only module with `unsafe`: the calls of kernels that need CPU features, their vector loads and stores, and blocks seen as bytes.

pub(crate) mod bytes;
mod portable;
pub(crate) mod transfer;

#[cfg(target_arch = "x86_64")]
mod ahead;
#[cfg(target_arch = "x86_64")]
mod single;
#[cfg(target_arch = "x86_64")]
mod vector;

#[cfg(target_arch = "x86_64")]
mod aesni;
#[cfg(target_arch = "x86_64")]
mod vaes256;
#[cfg(target_arch = "x86_64")]
mod vaes512;

use std::ops::Range;

pub(crate) use portable::hash as hash_under;

use hushgate_circuits::knowledge::Known;
use hushgate_circuits::plan::{And, AndXor, Operand, PlanBlock, Slot, Step, tweak_pairs};

use crate::block::{Block, Delta, Label};

/// Half-gates with one of the instruction sets that this CPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel(Isa); // private: a value exists only if the CPU reported that instruction set

/// Gates whose rows lie together: their TGs, then their TEs.
const GROUP: usize = 4;

/// What a kernel is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    AesNi,
    #[cfg(target_arch = "x86_64")]
    Vaes256,
    #[cfg(target_arch = "x86_64")]
    Vaes512,
}

/// The hash keys of a session's gates in order, in pairs. Each is handed out once, so no tweak is ever used twice.
///
/// Both parties hold one, in step with each other. S is public.
#[derive(Debug)]
pub struct GateKeys {
    s: Block,
    next_gate: u64,
    /// Gates from here on have keys elsewhere.
    end: u64,
    #[cfg(target_arch = "x86_64")]
    ahead: Box<ahead::Ahead>,
}

/// XORs and batches of ANDs without calls between them: what a kernel runs at one go.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// What to do, in order; no calls. Together they use up the gates.
    pub steps: &'a [Step],
    /// The gates of all steps, in order.
    pub gates: Gates<'a>,
    n_rows: usize,
    n_pairs: usize,
}

/// Gates whose slots all lie in a frame of a known size. Checked once for a whole block, however often it runs.
#[derive(Clone, Copy, Debug)]
pub struct Gates<'a> {
    xors: &'a [Operand],
    ands: &'a [And],
    and_xors: &'a [AndXor],
    /// Every slot of the gates is smaller, or the same: this one holds nothing.
    n_slots: usize,
}

/// Which of a block's gates, by position in the plan's lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateRanges {
    /// Destinations and operands of XORs.
    pub xors: Range<usize>,
    /// ANDs.
    pub ands: Range<usize>,
    /// ANDs with XORs around them.
    pub and_xors: Range<usize>,
}

impl Kernel {
    /// The fastest kernel that this CPU can run.
    #[must_use]
    pub fn detect() -> Kernel {
        *Kernel::available().last().expect("the portable kernel is always available")
    }

    /// Every kernel that this CPU can run, slowest first.
    #[must_use]
    pub fn available() -> Vec<Kernel> {
        let mut kernels = vec![Kernel::portable()];
        #[cfg(target_arch = "x86_64")]
        kernels.extend(
            [
                (Isa::AesNi, aesni::is_available()),
                (Isa::Vaes256, vaes256::is_available()),
                (Isa::Vaes512, vaes512::is_available()),
            ]
            .into_iter()
            .filter_map(|(isa, is_available)| is_available.then_some(Kernel(isa))),
        );
        kernels
    }

    /// The kernel that runs everywhere.
    #[must_use]
    pub const fn portable() -> Kernel {
        Kernel(Isa::Portable)
    }

    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Isa::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Isa::AesNi => "AES-NI",
            #[cfg(target_arch = "x86_64")]
            Isa::Vaes256 => "VAES-256",
            #[cfg(target_arch = "x86_64")]
            Isa::Vaes512 => "VAES-512",
        }
    }

    /// Garbles a segment: zero labels in `frame`, their rows to `tables`.
    ///
    /// # Panics
    /// If `tables` does not hold the rows of all ANDs and no more, if the segment's steps and gates do not match, or if the
    /// frame is smaller than what the gates were checked for.
    pub fn garble(
        self,
        keys: &mut GateKeys,
        delta: &Delta,
        segment: Segment<'_>,
        frame: &mut [Label],
        tables: &mut [Block],
    ) {
        assert_eq!(tables.len(), segment.n_rows, "a segment's ANDs have as many rows as its steps say");
        let first_gate = keys.take(segment.n_pairs as u64);
        match self.0 {
            Isa::Portable => portable::garble(keys.s, first_gate, delta, segment, frame, tables),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `AesNi` only after the CPU reported what it needs.
            Isa::AesNi => unsafe { aesni::garble(&mut keys.ahead, keys.s, first_gate, delta, segment, frame, tables) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes256` only after the CPU reported what it needs.
            Isa::Vaes256 => unsafe {
                vaes256::garble(&mut keys.ahead, keys.s, first_gate, delta, segment, frame, tables)
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes512` only after the CPU reported what it needs.
            Isa::Vaes512 => unsafe {
                vaes512::garble(&mut keys.ahead, keys.s, first_gate, delta, segment, frame, tables)
            },
        }
    }

    /// Evaluates a segment: active labels in `frame`, their rows from `tables`.
    ///
    /// # Panics
    /// As [`Kernel::garble`].
    pub fn evaluate(self, keys: &mut GateKeys, segment: Segment<'_>, frame: &mut [Label], tables: &[Block]) {
        assert_eq!(tables.len(), segment.n_rows, "a segment's ANDs have as many rows as its steps say");
        let first_gate = keys.take(segment.n_pairs as u64);
        match self.0 {
            Isa::Portable => portable::evaluate(keys.s, first_gate, segment, frame, tables),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `AesNi` only after the CPU reported what it needs.
            Isa::AesNi => unsafe { aesni::evaluate(&mut keys.ahead, keys.s, first_gate, segment, frame, tables) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes256` only after the CPU reported what it needs.
            Isa::Vaes256 => unsafe { vaes256::evaluate(&mut keys.ahead, keys.s, first_gate, segment, frame, tables) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes512` only after the CPU reported what it needs.
            Isa::Vaes512 => unsafe { vaes512::evaluate(&mut keys.ahead, keys.s, first_gate, segment, frame, tables) },
        }
    }
}

/// Blocks that [`Kernel::hash_each`] and [`Kernel::hash_both`] take at a time.
pub(crate) const HASH_BATCH: usize = 16;

impl Kernel {
    /// Replaces block `i` by H(block, `first_index + i`) under S; what gates do, for other uses of the hash.
    ///
    /// # Panics
    /// If the number of blocks is no multiple of [`HASH_BATCH`], or the first index is odd.
    pub(crate) fn hash_each(self, s: Block, first_index: u64, blocks: &mut [Block]) {
        check_batch(first_index, blocks.len());
        match self.0 {
            Isa::Portable => portable::hash_each(s, first_index, blocks),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `AesNi` only after the CPU reported what it needs.
            Isa::AesNi => unsafe { aesni::hash_each(&mut ahead::Ahead::new(), s, first_index, blocks) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes256` only after the CPU reported what it needs.
            Isa::Vaes256 => unsafe { vaes256::hash_each(&mut ahead::Ahead::new(), s, first_index, blocks) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes512` only after the CPU reported what it needs.
            Isa::Vaes512 => unsafe { vaes512::hash_each(&mut ahead::Ahead::new(), s, first_index, blocks) },
        }
    }

    /// Writes H(label, `first_index + i`) and H(label ⊕ Δ, `first_index + i`) of label `i` under S to `hashes`.
    ///
    /// # Panics
    /// As [`Kernel::hash_each`], or if there are not as many hashes as labels.
    pub(crate) fn hash_both(
        self,
        s: Block,
        first_index: u64,
        delta: Block,
        labels: &[Block],
        hashes: &mut [[Block; 2]],
    ) {
        check_batch(first_index, labels.len());
        assert_eq!(labels.len(), hashes.len(), "each label has two hashes");
        match self.0 {
            Isa::Portable => portable::hash_both(s, first_index, delta, labels, hashes),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `AesNi` only after the CPU reported what it needs.
            Isa::AesNi => unsafe { aesni::hash_both(&mut ahead::Ahead::new(), s, first_index, delta, labels, hashes) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes256` only after the CPU reported what it needs.
            Isa::Vaes256 => unsafe {
                vaes256::hash_both(&mut ahead::Ahead::new(), s, first_index, delta, labels, hashes)
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::available` makes `Vaes512` only after the CPU reported what it needs.
            Isa::Vaes512 => unsafe {
                vaes512::hash_both(&mut ahead::Ahead::new(), s, first_index, delta, labels, hashes)
            },
        }
    }
}

fn check_batch(first_index: u64, n: usize) {
    let is_aligned = first_index.is_multiple_of(2) && n.is_multiple_of(HASH_BATCH);
    assert!(n == 0 || is_aligned, "hashes come in aligned batches");
}

impl GateKeys {
    /// Gates that a session can have: their tweaks fill 64 bits.
    pub const GATES_MAX: u64 = 1 << 63;

    /// The keys under `s` from gate `first_gate` on.
    #[must_use]
    pub fn new(s: Block, first_gate: u64) -> GateKeys {
        GateKeys {
            s,
            next_gate: first_gate,
            end: GateKeys::GATES_MAX,
            #[cfg(target_arch = "x86_64")]
            ahead: ahead::Ahead::new(),
        }
    }

    /// The number of the next gate's pair of tweaks.
    #[must_use]
    pub const fn next_gate(&self) -> u64 {
        self.next_gate
    }

    /// Hands out the next `n` pairs of keys, to somebody who runs these gates at the same time as we run later ones.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn split_off(&mut self, n: u64) -> GateKeys {
        let first_gate = self.take(n);
        GateKeys { end: self.next_gate, ..GateKeys::new(self.s, first_gate) }
    }

    /// Whether all have been handed out.
    #[must_use]
    pub const fn is_used_up(&self) -> bool {
        self.next_gate == self.end
    }

    /// Hands out `n` pairs of keys, by the number of the first.
    fn take(&mut self, n: u64) -> u64 {
        let first = self.next_gate;
        let end = first.checked_add(n).filter(|end| *end <= self.end);
        self.next_gate = end.expect("a session has at most 2^63 AND gates, a part of it as many as it was given");
        first
    }
}

impl<'a> Gates<'a> {
    /// The gates of a block.
    ///
    /// # Panics
    /// If a gate reads or writes a slot outside the frame.
    #[must_use]
    pub fn new(block: &'a PlanBlock) -> Gates<'a> {
        let PlanBlock { xors, ands, and_xors, n_slots, .. } = block;
        assert!(!any_outside(xors, ands, and_xors, *n_slots), "a gate's slots lie in its block's frame");
        Gates { xors, ands, and_xors, n_slots: *n_slots as usize }
    }

    /// Labels that a frame has room for: its slots, and one that the kernels use.
    #[must_use]
    pub const fn n_labels(self) -> usize {
        self.n_slots + 1
    }

    /// XORs, ANDs, and ANDs with XORs around them.
    #[must_use]
    pub const fn as_slices(self) -> (&'a [Operand], &'a [And], &'a [AndXor]) {
        (self.xors, self.ands, self.and_xors)
    }

    /// Some of the gates.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn part(self, ranges: GateRanges) -> Gates<'a> {
        let GateRanges { xors, ands, and_xors } = ranges;
        Gates { xors: &self.xors[xors], ands: &self.ands[ands], and_xors: &self.and_xors[and_xors], ..self }
    }
}

impl<'a> Segment<'a> {
    /// A segment of these gates.
    #[must_use]
    pub fn new(steps: &'a [Step], gates: Gates<'a>) -> Segment<'a> {
        let mut place = Place::default();
        for step in steps {
            let (known, n) = match *step {
                Step::And(n) | Step::AndXor(n) => (None, n),
                Step::Known(known, n) => (Some(known), n),
                Step::Xor { .. } | Step::Call => continue,
            };
            place.take_n(known, n as usize);
        }
        Segment { steps, gates, n_rows: place.row, n_pairs: place.pair as usize }
    }

    /// How many rows its ANDs have.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Runs the XORs and hands each batch of ANDs to `batch`. Complements are free, so both parties' XORs are the same.
    #[inline(always)]
    fn run(self, frame: &mut [Label], mut batch: impl FnMut(Ands<'a>, &mut Frame<'_>)) {
        let Gates { mut xors, mut ands, mut and_xors, n_slots } = self.gates;
        let mut frame = Frame::new(frame, n_slots);
        for step in self.steps {
            let ands = match *step {
                Step::Xor { n_operands, n } => {
                    let (now, later) = xors.split_at(n as usize * (1 + n_operands as usize));
                    match n_operands {
                        2 => frame.sum::<3>(now),
                        3 => frame.sum::<4>(now),
                        _ => panic!("an XOR has two operands or three"),
                    }
                    xors = later;
                    continue;
                }
                Step::And(n) => Ands::Plain(take(&mut ands, n)),
                Step::AndXor(n) => Ands::WithXors(take(&mut and_xors, n)),
                Step::Known(known, n) => Ands::Known(known, take(&mut ands, n)),
                Step::Call => panic!("a segment has no calls"),
            };
            batch(ands, &mut frame);
        }
        assert!(xors.is_empty() && ands.is_empty() && and_xors.is_empty(), "a segment's steps use up its gates");
    }
}

/// The next `n` gates.
#[inline(always)]
fn take<'a, T>(gates: &mut &'a [T], n: u32) -> &'a [T] {
    let (now, later) = gates.split_at(n as usize);
    *gates = later;
    now
}

/// A batch.
#[derive(Clone, Copy)]
enum Ands<'a> {
    Plain(&'a [And]),
    WithXors(&'a [AndXor]),
    Known(Known, &'a [And]),
}

/// An AND, with XORs around it or without, of which nobody knows an operand.
trait Gate: Copy {
    /// Whether anything is added.
    const HAS_XORS: bool;

    fn dst(self) -> Slot;

    /// What is certainly there of both operands.
    fn operands(self) -> [Operand; 2];

    /// What is added to the operands and to the product.
    fn added(self) -> [Operand; 3];
}

impl Gate for And {
    const HAS_XORS: bool = false;

    #[inline(always)]
    fn dst(self) -> Slot {
        self.dst
    }

    #[inline(always)]
    fn operands(self) -> [Operand; 2] {
        [self.a, self.b]
    }

    /// These slots are not read.
    #[inline(always)]
    fn added(self) -> [Operand; 3] {
        [self.a; 3]
    }
}

impl Gate for AndXor {
    const HAS_XORS: bool = true;

    #[inline(always)]
    fn dst(self) -> Slot {
        self.and.dst
    }

    #[inline(always)]
    fn operands(self) -> [Operand; 2] {
        [self.and.a, self.and.b]
    }

    #[inline(always)]
    fn added(self) -> [Operand; 3] {
        AndXor::added(&self)
    }
}

/// Where the rows and the tweaks of a segment's next batch begin.
#[derive(Clone, Copy, Default)]
struct Place {
    row: usize,
    pair: u64,
}

impl Place {
    /// The rows of the next batch and its first pair of tweaks.
    #[inline(always)]
    fn take(&mut self, ands: Ands<'_>) -> (Range<usize>, u64) {
        match ands {
            Ands::Plain(ands) => self.take_n(None, ands.len()),
            Ands::WithXors(ands) => self.take_n(None, ands.len()),
            Ands::Known(known, ands) => self.take_n(Some(known), ands.len()),
        }
    }

    #[inline(always)]
    fn take_n(&mut self, known: Option<Known>, n: usize) -> (Range<usize>, u64) {
        let place = *self;
        match known {
            None => (self.row, self.pair) = (place.row + 2 * n, place.pair + n as u64),
            Some(Known::GarblerBoth) => {}
            Some(_) => (self.row, self.pair) = (place.row + n, place.pair + tweak_pairs(n as u64)),
        }
        (place.row..self.row, place.pair)
    }
}

/// Zero labels of products of bits that the garbler knows.
fn garble_own(ands: &[And], delta: &Delta, frame: &mut Frame<'_>) {
    for and in ands {
        let [a, b] = [and.a, and.b].map(|x| frame.0[x.slot() as usize].lsb() ^ x.is_complemented());
        frame.0[and.dst as usize] = delta.times(a & b);
    }
}

/// The labels that the evaluator has of them.
fn evaluate_own(ands: &[And], frame: &mut Frame<'_>) {
    for and in ands {
        frame.0[and.dst as usize] = Block::ZERO;
    }
}

/// [`Known::Garbler`], as a parameter of functions that are compiled for each.
const GARBLER: u8 = 0;
/// [`Known::Evaluator`].
const EVALUATOR: u8 = 1;
/// [`Known::EvaluatorBoth`].
const EVALUATOR_BOTH: u8 = 2;

/// What twice a slot counts, as operands do.
type HalfLabel = [u8; size_of::<Label>() / 2];

/// A frame that holds every slot of a segment, so that they need not be checked one by one.
struct Frame<'a>(&'a mut [Label]);

impl<'a> Frame<'a> {
    #[inline(always)]
    fn new(labels: &'a mut [Label], n_slots: usize) -> Frame<'a> {
        assert!(n_slots < labels.len(), "a segment's slots lie in its frame");
        labels[n_slots] = Block::ZERO;
        Frame(labels)
    }

    /// The label that an operand reads, complemented or not.
    ///
    /// # Safety
    /// It is an operand of one of the segment's gates.
    #[inline(always)]
    unsafe fn label(&self, operand: Operand) -> &Label {
        // SAFETY: an operand is twice its slot, perhaps plus one; `Gates::new` checked that its slot is not larger than `n_slots`, and
        // `new` that there are more labels than that.
        unsafe { &*self.0.as_ptr().cast::<HalfLabel>().add((operand.0 & !1) as usize).cast() }
    }

    /// The label that an operand reads which is never complemented: one instruction less.
    ///
    /// # Safety
    /// As `label`; the operand is one of an XOR, or added to an AND.
    #[inline(always)]
    unsafe fn plain_label(&self, operand: Operand) -> &Label {
        // SAFETY: as in `label`; `Gates::new` checked that these operands are not complemented.
        unsafe { &*self.0.as_ptr().cast::<HalfLabel>().add(operand.0 as usize).cast() }
    }

    /// The label in `slot`.
    ///
    /// # Safety
    /// It is the destination of one of the segment's ANDs.
    #[inline(always)]
    unsafe fn label_mut(&mut self, slot: Slot) -> &mut Label {
        // SAFETY: `Gates::new` checked that its slots are not larger than `n_slots`, and `new` that there are more labels than that.
        unsafe { self.0.get_unchecked_mut(slot as usize) }
    }

    /// XORs, each a destination and `PLACES` - 1 operands; they are the segment's.
    #[inline(always)]
    fn sum<const PLACES: usize>(&mut self, xors: &[Operand]) {
        for xor in xors.as_chunks::<PLACES>().0 {
            // SAFETY: the operands are the segment's.
            unsafe {
                let mut sum = *self.plain_label(xor[1]);
                for &operand in &xor[2..] {
                    sum ^= *self.plain_label(operand);
                }
                *self.0.as_mut_ptr().cast::<HalfLabel>().add(xor[0].0 as usize).cast() = sum;
            }
        }
    }
}

/// Whether a gate's slot is larger than `n_slots`, or an operand complemented that never is. Looks at every gate of a plan, so it uses wide
/// vectors.
fn any_outside(xors: &[Operand], ands: &[And], and_xors: &[AndXor], n_slots: u32) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
        fn any_outside_512(xors: &[Operand], ands: &[And], and_xors: &[AndXor], n_slots: u32) -> bool {
            is_any_outside(xors, ands, and_xors, n_slots)
        }

        if vaes512::is_available() {
            // SAFETY: the CPU reported AVX-512.
            return unsafe { any_outside_512(xors, ands, and_xors, n_slots) };
        }
    }
    is_any_outside(xors, ands, and_xors, n_slots)
}

/// Compiled anew for each instruction set that calls it.
#[inline(always)]
fn is_any_outside(xors: &[Operand], ands: &[And], and_xors: &[AndXor], n_slots: u32) -> bool {
    let (mut slots, mut plain, mut complements) = (0, 0, 0);
    for operand in xors {
        (plain, complements) = (plain.max(operand.0), complements | operand.0);
    }
    for and in ands {
        slots = slots.max(and.dst).max(and.a.slot()).max(and.b.slot());
    }
    for gate in and_xors {
        slots = slots.max(gate.and.dst).max(gate.and.a.slot()).max(gate.and.b.slot());
        for operand in gate.added() {
            (plain, complements) = (plain.max(operand.0), complements | operand.0);
        }
    }
    slots > n_slots || plain >> 1 > n_slots || complements & 1 == 1
}

/// σ: linear, and x ⊕ σ(x) is a permutation too, which makes the hash circular.
#[inline]
pub(crate) const fn sigma(x: Block) -> Block {
    let [lo, hi] = x.halves();
    Block::new(hi, lo ^ hi)
}

#[cfg(test)]
pub(crate) mod secrecy;
#[cfg(test)]
mod tests;
