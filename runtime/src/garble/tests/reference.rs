//! The parties once more, gate by gate over the `aes` crate, with flaws that can be switched on; the evaluator notes its view.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use hushgate_circuits::knowledge::{Knowledge, Known};
use hushgate_circuits::plan::{And, Operand, Step};

use super::*;

/// Bugs that this field has had; numbers as in the checklist of the protocol notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// 1: the hash is π(x) ⊕ x.
    NoSigma,
    /// 2: one key for all gates, no tweak.
    OneKey,
    /// 3: gates are numbered anew in each call.
    TweaksRestart,
    /// 4: both halves of a gate share a tweak.
    OneTweakPerGate,
    /// 18: complements of outputs and arguments are forgotten.
    NoComplements,
    /// All gates of one row in a batch have one tweak.
    OneTweakPerBatch,
    /// The two halves of four pairs of tweaks are one: gates that are four apart share a tweak.
    OneTweakPerPair,
    /// The garbler's labels of what the evaluator knows have any lowest bit, as if its permute bit were used.
    PermuteBitOfKnown,
    /// What the evaluator computes of what it knows keeps its lowest bit, as results that nobody knows do.
    ResultNotKnown,
    /// The garbler adds Δ to no row, whatever its bit.
    BitForgotten,
    /// The row of a gate whose operand the evaluator knows lacks the hash of the label that it does not have.
    OneHash,
}

/// One party: which one it is depends on what it knows.
pub(super) struct Reference<'a> {
    pub(super) flaw: Flaw,
    pub(super) session: &'a Session,
    pub(super) next_gate: u64,
    pub(super) role: Role<'a>,
}

pub(super) enum Role<'a> {
    Garbler { rows: Vec<Block> },
    Evaluator { rows: &'a [Block], view: Vec<Block> },
}

impl<'a> Reference<'a> {
    pub(super) fn garbler(flaw: Flaw, session: &'a Session) -> Reference<'a> {
        Reference { flaw, session, next_gate: 0, role: Role::Garbler { rows: vec![] } }
    }

    pub(super) fn evaluator(flaw: Flaw, session: &'a Session, rows: &'a [Block]) -> Reference<'a> {
        Reference { flaw, session, next_gate: 0, role: Role::Evaluator { rows, view: vec![] } }
    }

    fn cipher(&self, gate: u64, half: u64) -> Aes128 {
        let tweak = match self.flaw {
            Flaw::OneKey => 0,
            Flaw::OneTweakPerGate => gate,
            _ => 2 * gate + half,
        };
        Aes128::new(&(self.session.s ^ Block::new(tweak, 0)).to_bytes().into())
    }

    fn sigma(&self, x: Block) -> Block {
        let [lo, hi] = x.halves();
        if self.flaw == Flaw::NoSigma { x } else { Block::new(hi, lo ^ hi) }
    }

    fn sigma_inverse(&self, y: Block) -> Block {
        let [lo, hi] = y.halves();
        if self.flaw == Flaw::NoSigma { y } else { Block::new(lo ^ hi, lo) }
    }

    fn hash(&self, gate: u64, half: u64, x: Block) -> Block {
        let mut block = self.sigma(x).to_bytes().into();
        self.cipher(gate, half).encrypt_block(&mut block);
        Block::from_bytes(block.into()) ^ self.sigma(x)
    }

    /// TG, TE and the output's zero label.
    fn garble(&self, gate: u64, a0: Label, b0: Label) -> (Block, Block, Label) {
        let delta = &self.session.delta;
        let [ha0, ha1] = [a0, a0 ^ delta.block()].map(|x| self.hash(gate, 0, x));
        let [hb0, hb1] = [b0, b0 ^ delta.block()].map(|x| self.hash(gate, 1, x));
        let tg = ha0 ^ ha1 ^ delta.times(b0.lsb());
        let te = hb0 ^ hb1 ^ a0;
        (tg, te, ha0 ^ tg.masked(a0.lsb()) ^ hb0 ^ (te ^ a0).masked(b0.lsb()))
    }

    fn evaluate(&self, gate: u64, [tg, te]: [Block; 2], a: Label, b: Label) -> Label {
        self.hash(gate, 0, a) ^ tg.masked(a.lsb()) ^ self.hash(gate, 1, b) ^ (te ^ a).masked(b.lsb())
    }

    /// What the evaluator can compute from one row and the active label x that goes with it, and that might help it to the
    /// other label: the cipher run backwards on what it would give there, had the linear terms gone.
    fn attempts(&self, gate: u64, half: u64, row: Block, x: Label) -> Vec<Block> {
        let rest = row ^ self.hash(gate, half, x);
        // Everybody knows the label 0 of what the garbler knows; a guess that is made twice says nothing twice.
        let linear = if u128::from(x) == 0 { vec![x] } else { vec![Block::ZERO, x, self.sigma(x)] };
        let guesses = linear.into_iter().map(|linear| {
            let mut block = (rest ^ linear).to_bytes().into();
            self.cipher(gate, half).decrypt_block(&mut block);
            self.sigma_inverse(Block::from_bytes(block.into()))
        });
        guesses.collect()
    }

    /// The output's zero label and the row of a gate of one row.
    fn garble_half(&self, known: Known, gate: u64, half: u64, a0: Label, b0: Label) -> (Label, Block) {
        let delta = &self.session.delta;
        let h0 = self.hash(gate, half, b0);
        let h1 = if self.flaw == Flaw::OneHash { Block::ZERO } else { self.hash(gate, half, b0 ^ delta.block()) };
        let row = match known {
            Known::Garbler => h0 ^ h1 ^ delta.times(a0.lsb() && self.flaw != Flaw::BitForgotten),
            _ => h0 ^ h1 ^ a0,
        };
        let c0 = match known {
            Known::Garbler => h0 ^ row.masked(b0.lsb()),
            Known::EvaluatorBoth if self.flaw != Flaw::ResultNotKnown => h0.with_lsb(false),
            _ => h0,
        };
        (c0, row)
    }

    fn evaluate_half(&self, known: Known, gate: u64, half: u64, row: Block, and: &And, frame: &[Label]) -> Label {
        let [a, b] = [and.a, and.b].map(|x| frame[x.slot() as usize]);
        let [a_bit, b_bit] = [and.a, and.b].map(|x| frame[x.slot() as usize].lsb() ^ x.is_complemented());
        let h = self.hash(gate, half, b);
        match known {
            Known::Garbler => h ^ row.masked(b.lsb()),
            Known::EvaluatorBoth if self.flaw != Flaw::ResultNotKnown => {
                (h ^ (row ^ a).masked(b_bit)).with_lsb(a_bit & b_bit)
            }
            _ => h ^ (row ^ a).masked(b_bit),
        }
    }

    fn run_known(&mut self, known: Known, ands: &[And], frame: &mut [Label]) {
        if known == Known::GarblerBoth {
            return self.run_own(ands, frame);
        }
        for (i, and) in ands.iter().enumerate() {
            let (gate, half) = match self.flaw {
                Flaw::OneTweakPerBatch => (self.next_gate, 0),
                Flaw::OneTweakPerPair => (self.next_gate + (i / 8 * 4 + i % 4) as u64, 0),
                _ => (self.next_gate + (i / 8 * 4 + i % 4) as u64, i as u64 / 4 % 2),
            };
            let row = match &mut self.role {
                Role::Garbler { .. } => {
                    let [a, b] = [and.a, and.b]
                        .map(|x| self.complement(frame[x.slot() as usize], x.is_complemented(), Knowledge::Secret));
                    let (c0, row) = self.garble_half(known, gate, half, a, b);
                    frame[and.dst as usize] = c0;
                    row
                }
                Role::Evaluator { rows, .. } => {
                    let row = rows[0];
                    *rows = &rows[1..];
                    frame[and.dst as usize] = self.evaluate_half(known, gate, half, row, and, frame);
                    row
                }
            };
            let attempts = self.attempts(gate, half, row, frame[and.b.slot() as usize]);
            match &mut self.role {
                Role::Garbler { rows } => rows.push(row),
                Role::Evaluator { view, .. } => {
                    view.extend([row, frame[and.dst as usize]]);
                    view.extend(attempts);
                }
            }
        }
        let n = ands.len() as u64;
        self.next_gate += n / 8 * 4 + (n % 8).min(4);
    }

    /// Products of what the garbler knows.
    fn run_own(&self, ands: &[And], frame: &mut [Label]) {
        for and in ands {
            let [a, b] = [and.a, and.b].map(|x| frame[x.slot() as usize].lsb() ^ x.is_complemented());
            frame[and.dst as usize] = match self.role {
                Role::Garbler { .. } => self.session.delta.times(a & b),
                Role::Evaluator { .. } => Block::ZERO,
            };
        }
    }

    /// Up to four gates; what is added to them if anything is.
    fn run_group(&mut self, ands: &[(And, Option<[Operand; 3]>)], frame: &mut [Label]) {
        let (first_gate, n) = (self.next_gate, ands.len());
        let mut new_rows = vec![Block::ZERO; 2 * n];
        let mut noted = vec![];
        for (i, (and, added)) in ands.iter().enumerate() {
            let gate = first_gate + i as u64;
            let [a, b] = [and.a, and.b]
                .map(|x| self.complement(frame[x.slot() as usize], x.is_complemented(), Knowledge::Secret));
            let added = added.map(|added| added.map(|operand| frame[operand.slot() as usize]));
            let [a_plus, b_plus, c] = added.unwrap_or_default();
            let (a, b) = (a ^ a_plus, b ^ b_plus);
            match &self.role {
                Role::Garbler { .. } => {
                    let out;
                    (new_rows[i], new_rows[n + i], out) = self.garble(gate, a, b);
                    frame[and.dst as usize] = out ^ c;
                }
                Role::Evaluator { rows, .. } => {
                    let (tg, te) = (rows[i], rows[n + i]);
                    let out = self.evaluate(gate, [tg, te], a, b);
                    noted.extend([tg, te, out]);
                    noted.extend(self.attempts(gate, 0, tg, a));
                    noted.extend(self.attempts(gate, 1, te, b));
                    frame[and.dst as usize] = out ^ c;
                }
            }
        }
        self.next_gate += n as u64;
        match &mut self.role {
            Role::Garbler { rows } => rows.extend(new_rows),
            Role::Evaluator { rows, view } => {
                *rows = &rows[2 * n..];
                view.extend(noted);
            }
        }
    }
}

impl Party for Reference<'_> {
    type Error = Infallible;

    fn constant(&self) -> Label {
        self.session.constant
    }

    fn complement(&self, label: Label, complemented: bool, known: Knowledge) -> Label {
        let one = Block::new(1, 0).masked(complemented && known == Knowledge::Evaluator);
        match self.role {
            _ if self.flaw == Flaw::NoComplements => label,
            Role::Garbler { .. } => label ^ self.session.delta.times(complemented) ^ one,
            Role::Evaluator { .. } => label ^ one,
        }
    }

    fn is_ready(&mut self, _: usize) -> bool {
        true
    }

    fn run(&mut self, segment: Segment<'_>, frame: &mut [Label]) -> Result<(), Infallible> {
        if self.flaw == Flaw::TweaksRestart {
            self.next_gate = 0;
        }
        frame[segment.gates.n_labels() - 1] = Block::ZERO;
        let (mut xors, mut ands, mut and_xors) = segment.gates.as_slices();
        for step in segment.steps {
            match *step {
                Step::Xor { n_operands, n } => {
                    let n_slots = 1 + n_operands as usize;
                    for xor in xors.split_off(..n as usize * n_slots).unwrap().chunks(n_slots) {
                        let labels = xor[1..].iter().map(|operand| frame[operand.slot() as usize]);
                        frame[xor[0].slot() as usize] = labels.fold(Block::ZERO, |sum, label| sum ^ label);
                    }
                }
                Step::AndXor(n) => {
                    let ands = and_xors.split_off(..n as usize).unwrap().iter();
                    let ands: Vec<_> = ands.map(|gate| (gate.and, Some(gate.added()))).collect();
                    ands.chunks(4).for_each(|group| self.run_group(group, frame));
                }
                Step::And(n) => {
                    let ands: Vec<_> = ands.split_off(..n as usize).unwrap().iter().map(|and| (*and, None)).collect();
                    ands.chunks(4).for_each(|group| self.run_group(group, frame));
                }
                Step::Known(known, n) => self.run_known(known, ands.split_off(..n as usize).unwrap(), frame),
                Step::Call => unreachable!(),
            }
        }
        Ok(())
    }

    fn threads(&self) -> Threads {
        Threads::ONE
    }

    fn run_jobs<W: Work>(&mut self, _: &[Extent], _: &W) -> Result<Vec<Labels>, Infallible> {
        unreachable!("one thread has no jobs")
    }
}
