//! Half-gates on vectors of several blocks: one text for all widths.
//!
//! [`half_gates!`] is used in a module that defines, for one instruction set, the type `Vector` of `LANES` blocks and
//! the functions named below; they are inlined.
//!
//! ```text
//! load, store         LANES consecutive blocks             gather, lanes   LANES single blocks
//! splat, splat_word   one block, one 32-bit word for all   xor             bitwise
//! add_xor(x, m, y)    x ⊕ (m ∧ y)                          lsb_mask        all ones in the blocks whose lowest bit is 1
//! flags_mask          all ones in the blocks whose flag is odd
//! sigma, aes_round, aes_last_round, shuffle_bytes, unpack_low_32, unpack_high_32, unpack_low_64, unpack_high_64
//! ```
//!
//! * **Key schedules** run transposed: register `w[j]` holds word `j` of 4·LANES keys, so one schedule round is one byte
//!   shuffle, one last AES round (SubWord of all keys) and four XORs; two layers of unpacks turn words into round keys. They run
//!   ahead of the gates: see [`super::ahead`].
//! * **Gates** run in units of one or two vectors, garbling eight independent AES chains at a time. A unit that is not
//!   full computes on repeated gates, whose results are dropped.

/// Defines `garble` and `evaluate` for the instruction set whose vectors are in scope.
macro_rules! half_gates {
    ($features:tt) => {
        use hushgate_circuits::plan::And;

        use super::ahead::{Ahead, MARGIN, ROUND_CONSTANTS, ROUND_KEYS, WINDOW};
        use super::{GROUP, Segment};
        use crate::block::{Block, Delta, Label};

        /// Gates in a unit of two vectors.
        const UNIT: usize = 2 * LANES;

        const _: () = assert!(UNIT <= MARGIN && WINDOW % (2 * UNIT) == 0 && GROUP % LANES == 0);

        /// A batch of gates, with the numbers that its units need.
        struct Batch<'a> {
            s: Block,
            first_gate: u64,
            ands: &'a [And],
        }

        /// As [`super::Kernel::garble`].
        #[target_feature(enable = $features)]
        pub(super) fn garble(
            ahead: &mut Ahead,
            s: Block,
            first_gate: u64,
            delta: &Delta,
            segment: Segment<'_>,
            frame: &mut [Label],
            tables: &mut [Block],
        ) {
            let delta = splat(delta.block());
            let mut done = 0;
            segment.run(frame, |ands, frame| {
                let rows = &mut tables[2 * done..][..2 * ands.len()];
                let batch = Batch { s, first_gate: first_gate + done as u64, ands };
                done += ands.len();
                garble_batch(ahead, &batch, delta, frame, rows);
            });
        }

        /// As [`super::Kernel::evaluate`].
        #[target_feature(enable = $features)]
        pub(super) fn evaluate(
            ahead: &mut Ahead,
            s: Block,
            first_gate: u64,
            segment: Segment<'_>,
            frame: &mut [Label],
            tables: &[Block],
        ) {
            let mut done = 0;
            segment.run(frame, |ands, frame| {
                let rows = &tables[2 * done..][..2 * ands.len()];
                let batch = Batch { s, first_gate: first_gate + done as u64, ands };
                done += ands.len();
                evaluate_batch(ahead, &batch, frame, rows);
            });
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn garble_batch(ahead: &mut Ahead, batch: &Batch<'_>, delta: Vector, frame: &mut [Label], rows: &mut [Block]) {
            let mut start = 0;
            while start < batch.ands.len() {
                let unit = Unit::new(ahead, batch, start);
                if unit.n > LANES {
                    garble_unit::<2>(ahead, &unit, delta, frame, rows);
                } else {
                    garble_unit::<1>(ahead, &unit, delta, frame, rows);
                }
                start += unit.n;
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_batch(ahead: &mut Ahead, batch: &Batch<'_>, frame: &mut [Label], rows: &[Block]) {
            let mut start = 0;
            while start < batch.ands.len() {
                let unit = Unit::new(ahead, batch, start);
                if unit.n > LANES {
                    evaluate_unit::<2>(ahead, &unit, frame, rows);
                } else {
                    evaluate_unit::<1>(ahead, &unit, frame, rows);
                }
                start += unit.n;
            }
        }

        /// Gates that are computed together.
        struct Unit {
            /// The gates, repeated where there are fewer.
            ands: [And; UNIT],
            /// How many there are.
            n: usize,
            /// How many gates of the batch come before.
            start: usize,
            /// Gates of the batch.
            n_batch: usize,
            /// Where their keys stand.
            position: usize,
        }

        impl Unit {
            #[inline]
            #[target_feature(enable = $features)]
            fn new(ahead: &mut Ahead, batch: &Batch<'_>, start: usize) -> Unit {
                let rest = &batch.ands[start..];
                let (ands, n) = match rest.first_chunk() {
                    Some(full) => (*full, UNIT),
                    None => (std::array::from_fn(|i| rest[i.min(rest.len() - 1)]), rest.len()),
                };
                let schedule = |ahead: &mut Ahead| schedule_window(ahead, batch.s);
                let position = ahead.position(batch.first_gate + start as u64, n, schedule);
                Unit { ands, n, start, n_batch: batch.ands.len(), position }
            }

            /// The gates of vector `v`.
            #[inline(always)]
            fn vector(&self, v: usize) -> &[And; LANES] {
                self.ands.as_chunks().0.get(v).expect("a unit has two vectors")
            }

            /// How many gates of vector `v` there are.
            #[inline(always)]
            fn n_in_vector(&self, v: usize) -> usize {
                (self.n - v * LANES).min(LANES)
            }

            /// Where vector `v`'s TG rows and TE rows start.
            #[inline(always)]
            fn rows(&self, v: usize) -> (usize, usize) {
                let first = self.start + v * LANES;
                let group = first - first % GROUP;
                let tg = group + first;
                (tg, tg + GROUP.min(self.n_batch - group))
            }
        }

        /// Labels of the first and of the second operands of vector `v`.
        #[inline]
        #[target_feature(enable = $features)]
        fn operands(ands: &[And; LANES], frame: &[Label]) -> [Vector; 2] {
            [
                gather(ands.each_ref().map(|and| &frame[and.a.slot() as usize])),
                gather(ands.each_ref().map(|and| &frame[and.b.slot() as usize])),
            ]
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn garble_unit<const N: usize>(
            ahead: &Ahead,
            unit: &Unit,
            delta: Vector,
            frame: &mut [Label],
            rows: &mut [Block],
        ) {
            let mut operands0 = [[delta; 2]; N];
            let mut inputs = [[delta; 4]; N];
            let sigma_delta = sigma(delta);
            for v in 0..N {
                let ands = unit.vector(v);
                let [a, b] = operands(ands, frame);
                let a0 = add_xor(a, flags_mask(ands.each_ref().map(|and| and.a.0)), delta);
                let b0 = add_xor(b, flags_mask(ands.each_ref().map(|and| and.b.0)), delta);
                let (sa, sb) = (sigma(a0), sigma(b0));
                operands0[v] = [a0, b0];
                inputs[v] = [sa, xor(sa, sigma_delta), sb, xor(sb, sigma_delta)];
            }
            let hashes = hash(ahead, unit.position, inputs);
            for v in 0..N {
                let [a0, b0] = operands0[v];
                let [ha0, ha1, hb0, hb1] = hashes[v];
                let (pa, pb) = (lsb_mask(a0), lsb_mask(b0));
                let tg = add_xor(xor(ha0, ha1), pb, delta);
                let te_a0 = xor(hb0, hb1);
                let te = xor(te_a0, a0);
                let c0 = xor(add_xor(ha0, pa, tg), add_xor(hb0, pb, te_a0));
                write_labels(unit, v, c0, frame);
                write_rows(unit, v, tg, te, rows);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_unit<const N: usize>(ahead: &Ahead, unit: &Unit, frame: &mut [Label], rows: &[Block]) {
            let mut labels = [[splat(Block::ZERO); 2]; N];
            for v in 0..N {
                labels[v] = operands(unit.vector(v), frame);
            }
            let mut inputs = labels;
            for v in 0..N {
                inputs[v] = [sigma(labels[v][0]), sigma(labels[v][1])];
            }
            let hashes = hash(ahead, unit.position, inputs);
            for v in 0..N {
                let [a, b] = labels[v];
                let [ha, hb] = hashes[v];
                let (tg, te) = read_rows(unit, v, rows);
                let c = add_xor(xor(ha, hb), lsb_mask(a), tg);
                let c = add_xor(c, lsb_mask(b), xor(te, a));
                write_labels(unit, v, c, frame);
            }
        }

        /// AES(inputs) ⊕ inputs. The first half of each vector's inputs uses the keys of the first half-gates.
        #[inline]
        #[target_feature(enable = $features)]
        fn hash<const N: usize, const M: usize>(
            ahead: &Ahead,
            position: usize,
            inputs: [[Vector; M]; N],
        ) -> [[Vector; M]; N] {
            let mut states = inputs;
            for (round, rows) in ahead.rows.iter().enumerate() {
                for v in 0..N {
                    let keys = [key(&rows[0], position + v * LANES), key(&rows[1], position + v * LANES)];
                    for m in 0..M {
                        let (state, key) = (states[v][m], keys[2 * m / M]);
                        states[v][m] = match round {
                            0 => xor(state, key),
                            LAST_ROUND => aes_last_round(state, xor(key, inputs[v][m])),
                            _ => aes_round(state, key),
                        };
                    }
                }
            }
            states
        }

        const LAST_ROUND: usize = ROUND_KEYS - 1;

        #[inline]
        #[target_feature(enable = $features)]
        fn key(row: &super::ahead::Row, position: usize) -> Vector {
            load(row[position..].first_chunk().expect("a row has room after its last key"))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn write_labels(unit: &Unit, v: usize, labels: Vector, frame: &mut [Label]) {
            for (and, label) in unit.vector(v).iter().zip(lanes(labels)).take(unit.n_in_vector(v)) {
                frame[and.dst as usize] = label;
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn write_rows(unit: &Unit, v: usize, tg: Vector, te: Vector, rows: &mut [Block]) {
            let (first_tg, first_te) = unit.rows(v);
            for (first, row) in [(first_tg, tg), (first_te, te)] {
                match unit.n_in_vector(v) {
                    LANES => store(rows[first..].first_chunk_mut().expect("a full vector's rows are there"), row),
                    n => rows[first..][..n].copy_from_slice(&lanes(row)[..n]),
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn read_rows(unit: &Unit, v: usize, rows: &[Block]) -> (Vector, Vector) {
            let (first_tg, first_te) = unit.rows(v);
            let read = |first: usize| match unit.n_in_vector(v) {
                LANES => load(rows[first..].first_chunk().expect("a full vector's rows are there")),
                n => load(&std::array::from_fn(|i| rows[first + i.min(n - 1)])),
            };
            (read(first_tg), read(first_te))
        }

        /// Makes the keys of the window at `ahead.first_gate`, two interleaved schedules at a time.
        #[target_feature(enable = $features)]
        fn schedule_window(ahead: &mut Ahead, s: Block) {
            for start in (0..WINDOW).step_by(2 * UNIT) {
                let first_gate = ahead.first_gate + start as u64;
                let mut words = [first_words(s, first_gate), first_words(s, first_gate + UNIT as u64)];
                for round in 0..ROUND_KEYS {
                    for i in 0..2 {
                        if round > 0 {
                            schedule_round(&mut words[i], ROUND_CONSTANTS[round - 1]);
                        }
                        write_keys(&words[i], &mut ahead.rows[round], MARGIN + start + i * UNIT);
                    }
                }
            }
        }

        /// The words of the keys S ⊕ tweak of a unit of gates, transposed: place `p` of lane `l` is the key of gate
        /// `l + LANES·(p / 2)`, half `p mod 2`. The unit's tweaks differ in the lowest word only, as it is aligned.
        #[inline]
        #[target_feature(enable = $features)]
        fn first_words(s: Block, first_gate: u64) -> [Vector; 4] {
            let tweak = 2 * first_gate;
            let place = |lane: usize, p: usize| (2 * (lane + LANES * (p / 2)) + p % 2) as u32;
            let offsets = std::array::from_fn(|lane| {
                let [p0, p1, p2, p3] = [0, 1, 2, 3].map(|p| u128::from(place(lane, p)));
                Block::from(p0 | p1 << 32 | p2 << 64 | p3 << 96)
            });
            let [lo, hi] = (s ^ Block::new(tweak, 0)).halves();
            // The tweak is a multiple of the unit's 2·UNIT tweaks, so adding an offset to it is XORing.
            [
                xor(splat_word(lo as i32), load(&offsets)),
                splat_word((lo >> 32) as i32),
                splat_word(hi as i32),
                splat_word((hi >> 32) as i32),
            ]
        }

        /// One round of the AES-128 key schedule for 4·LANES keys.
        #[inline]
        #[target_feature(enable = $features)]
        fn schedule_round(w: &mut [Vector; 4], round_constant: i32) {
            let shuffled = shuffle_bytes(w[3], splat(super::vector::rotate_words_unshift_rows()));
            w[0] = xor(w[0], aes_last_round(shuffled, splat_word(round_constant)));
            w[1] = xor(w[1], w[0]);
            w[2] = xor(w[2], w[1]);
            w[3] = xor(w[3], w[2]);
        }

        /// Turns words into round keys, and writes them to their places.
        #[inline]
        #[target_feature(enable = $features)]
        fn write_keys(w: &[Vector; 4], rows: &mut [super::ahead::Row; 2], position: usize) {
            let (a, b) = (unpack_low_32(w[0], w[1]), unpack_high_32(w[0], w[1]));
            let (c, d) = (unpack_low_32(w[2], w[3]), unpack_high_32(w[2], w[3]));
            let keys = [unpack_low_64(a, c), unpack_high_64(a, c), unpack_low_64(b, d), unpack_high_64(b, d)];
            for (p, key) in keys.into_iter().enumerate() {
                let place = &mut rows[p % 2][position + p / 2 * LANES..];
                store(place.first_chunk_mut().expect("a row holds the window"), key);
            }
        }
    };
}

pub(super) use half_gates;

use crate::block::Block;

/// The byte shuffle that makes a last AES round, whose round key is the constant, SubWord(RotWord(·)) of four words: it
/// rotates each word by a byte, and undoes ShiftRows.
pub(super) const fn rotate_words_unshift_rows() -> Block {
    let mut bytes = [0; 16];
    let mut i = 0;
    while i < 16 {
        let (column, row) = (i / 4, i % 4);
        bytes[i] = (((column + 4 - row) % 4) * 4 + (row + 1) % 4) as u8;
        i += 1;
    }
    Block::from_bytes(bytes)
}
