//! Half-gates on vectors of several blocks: one text for all widths.
//!
//! [`half_gates!`] is used in a module that defines, for one instruction set, the type `Vector` of `LANES` blocks, how many `SCHEDULES` of
//! a unit its registers hold, and the functions named below; they are inlined.
//!
//! ```text
//! load, store         LANES consecutive blocks             gather, lanes   LANES single blocks
//! splat, splat_word   one block, one 32-bit word for all   xor             bitwise
//! add_xor(x, m, y)    x ⊕ (m ∧ y)                          lsb_mask        all ones in the blocks whose lowest bit is 1
//! flags_mask          all ones in the blocks whose flag is 1, not 0
//! sigma, aes_round, aes_last_round, shuffle_bytes, unpack_low_32, unpack_high_32, unpack_low_64, unpack_high_64
//! ```
//!
//! * **Key schedules** run transposed: register `w[j]` holds word `j` of 4·LANES keys, so one schedule round is one byte
//!   shuffle, one last AES round (SubWord of all keys) and four XORs; two layers of unpacks turn words into round keys. They run
//!   ahead of the gates: see [`super::ahead`].
//! * **Gates** run in units of one or two vectors, garbling eight independent AES chains at a time. A unit that is not
//!   full computes on repeated gates, whose results are dropped.
//! * **Gates of one row** have code of their own: units of four vectors, which use the keys of the first half-gates and of the second in turn.

/// Defines `garble`, `evaluate`, `hash_each` and `hash_both` for the instruction set whose vectors are in scope.
macro_rules! half_gates {
    ($features:tt) => {
        use hushgate_circuits::knowledge::Known;
        use hushgate_circuits::plan::{And, Operand, tweak_pairs};

        use super::ahead::{Ahead, HalfKeys, Keys, MARGIN, ROUND_CONSTANTS, ROUND_KEYS, ROW, Row, WINDOW};
        use super::{
            Ands, EVALUATOR, EVALUATOR_BOTH, Frame, GARBLER, GROUP, Gate, Place, Segment, evaluate_own, garble_own,
            single,
        };
        use crate::block::{Block, Delta, Label};

        /// Gates in a unit of two vectors.
        const UNIT: usize = 2 * LANES;

        const _: () = assert!(UNIT <= MARGIN && WINDOW.is_multiple_of(SCHEDULES * UNIT) && GROUP.is_multiple_of(LANES));

        /// In place of a unit's number of gates: some, known when it runs. Full units have code of their own, and so do single gates
        /// ([`super::single`]).
        const SOME: usize = 0;

        /// A batch of gates, with the numbers that its units need.
        struct Batch<'a, G> {
            s: Block,
            first_gate: u64,
            ands: &'a [G],
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
            let delta_block = delta;
            let delta = splat(delta.block());
            let mut place = Place { row: 0, pair: first_gate };
            segment.run(frame, |ands, frame| {
                let (rows, first_gate) = place.take(ands);
                let rows = &mut tables[rows];
                match ands {
                    Ands::Plain(ands) => garble_batch(ahead, &Batch { s, first_gate, ands }, delta, frame, rows),
                    Ands::WithXors(ands) => garble_batch(ahead, &Batch { s, first_gate, ands }, delta, frame, rows),
                    Ands::Known(Known::GarblerBoth, ands) => garble_own(ands, delta_block, frame),
                    Ands::Known(known, ands) => {
                        garble_known(ahead, &Batch { s, first_gate, ands }, known, delta, frame, rows);
                    }
                }
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
            let mut place = Place { row: 0, pair: first_gate };
            segment.run(frame, |ands, frame| {
                let (rows, first_gate) = place.take(ands);
                let rows = &tables[rows];
                match ands {
                    Ands::Plain(ands) => evaluate_batch(ahead, &Batch { s, first_gate, ands }, frame, rows),
                    Ands::WithXors(ands) => evaluate_batch(ahead, &Batch { s, first_gate, ands }, frame, rows),
                    Ands::Known(Known::GarblerBoth, ands) => evaluate_own(ands, frame),
                    Ands::Known(known, ands) => {
                        evaluate_known(ahead, &Batch { s, first_gate, ands }, known, frame, rows);
                    }
                }
            });
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn garble_batch<G: Gate>(
            ahead: &mut Ahead,
            batch: &Batch<'_, G>,
            delta: Vector,
            frame: &mut Frame<'_>,
            rows: &mut [Block],
        ) {
            let (full, rest) = batch.ands.as_chunks::<UNIT>();
            for (i, ands) in full.iter().enumerate() {
                let unit = Unit::new(ahead, batch, i * UNIT, UNIT);
                garble_unit::<2, UNIT, G>(ahead, &unit, ands, delta, frame, rows);
            }
            if !rest.is_empty() {
                let unit = Unit::new(ahead, batch, full.len() * UNIT, rest.len());
                match rest.len() {
                    1 => {
                        let (tg, te) = unit.rows(0);
                        let keys = ahead.keys(unit.position);
                        [rows[tg], rows[te]] = single::garble::<LANES, G>(keys, &rest[0], lanes(delta)[0], frame);
                    }
                    n if n <= LANES => garble_unit::<1, SOME, G>(ahead, &unit, rest, delta, frame, rows),
                    _ => garble_unit::<2, SOME, G>(ahead, &unit, rest, delta, frame, rows),
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_batch<G: Gate>(ahead: &mut Ahead, batch: &Batch<'_, G>, frame: &mut Frame<'_>, rows: &[Block]) {
            let (full, rest) = batch.ands.as_chunks::<UNIT>();
            for (i, ands) in full.iter().enumerate() {
                let unit = Unit::new(ahead, batch, i * UNIT, UNIT);
                evaluate_unit::<2, UNIT, G>(ahead, &unit, ands, frame, rows);
            }
            if !rest.is_empty() {
                let unit = Unit::new(ahead, batch, full.len() * UNIT, rest.len());
                match rest.len() {
                    1 => {
                        let (tg, te) = unit.rows(0);
                        let keys = ahead.keys(unit.position);
                        single::evaluate::<LANES, G>(keys, &rest[0], [&rows[tg], &rows[te]], frame);
                    }
                    n if n <= LANES => evaluate_unit::<1, SOME, G>(ahead, &unit, rest, frame, rows),
                    _ => evaluate_unit::<2, SOME, G>(ahead, &unit, rest, frame, rows),
                }
            }
        }

        /// Where the keys and rows of some gates of a batch stand that are computed together.
        #[derive(Clone, Copy)]
        struct Unit {
            /// Where their keys stand.
            position: usize,
            /// How many gates of the batch come before.
            start: usize,
            /// How many there are.
            n: usize,
            /// Gates of the batch.
            n_batch: usize,
        }

        impl Unit {
            #[inline]
            #[target_feature(enable = $features)]
            fn new<G>(ahead: &mut Ahead, batch: &Batch<'_, G>, start: usize, n: usize) -> Unit {
                let schedule = |ahead: &mut Ahead, keep| schedule_window(ahead, batch.s, keep);
                let position = ahead.position(batch.first_gate + start as u64, n, schedule);
                Unit { position, start, n, n_batch: batch.ands.len() }
            }

            /// How many gates of vector `v` there are.
            #[inline(always)]
            fn n_in_vector<const COUNT: usize>(&self, v: usize) -> usize {
                let n = if COUNT == SOME { self.n } else { COUNT };
                (n - v * LANES).min(LANES)
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

        /// The gates of vector `v`, the last one repeated where there are fewer; `ands` are a unit's.
        #[inline(always)]
        fn gates_of<const COUNT: usize, G>(ands: &[G], v: usize) -> [&G; LANES] {
            let mut gates = [&ands[0]; LANES];
            for (lane, gate) in gates.iter_mut().enumerate() {
                let i = v * LANES + lane;
                *gate = if COUNT == UNIT { &ands[i] } else { &ands[i.min(ands.len() - 1)] };
            }
            gates
        }

        /// The labels of the gates' operands, complemented or not.
        #[inline]
        #[target_feature(enable = $features)]
        fn operands<const COUNT: usize, G: Gate>(ands: &[&G; LANES], frame: &Frame<'_>) -> [Vector; 2] {
            let a = labels::<COUNT>(ands.map(|and| and.operands()[0]), frame);
            let b = labels::<COUNT>(ands.map(|and| and.operands()[1]), frame);
            if G::HAS_XORS {
                let a_plus = plain_labels::<COUNT>(ands.map(|and| and.added()[0]), frame);
                let b_plus = plain_labels::<COUNT>(ands.map(|and| and.added()[1]), frame);
                [xor(a, a_plus), xor(b, b_plus)]
            } else {
                [a, b]
            }
        }

        /// The products with what is added to them.
        #[inline]
        #[target_feature(enable = $features)]
        fn add<const COUNT: usize, G: Gate>(products: Vector, ands: &[&G; LANES], frame: &Frame<'_>) -> Vector {
            if G::HAS_XORS {
                xor(products, plain_labels::<COUNT>(ands.map(|and| and.added()[2]), frame))
            } else {
                products
            }
        }

        /// The labels that these operands of the segment's gates read.
        #[inline]
        #[target_feature(enable = $features)]
        fn labels<const COUNT: usize>(operands: [Operand; LANES], frame: &Frame<'_>) -> Vector {
            let mut labels = [&Block::ZERO; LANES];
            for lane in 0..LANES {
                // SAFETY: the operands are the segment's.
                labels[lane] = unsafe { frame.label(operands[lane]) };
            }
            gather(labels)
        }

        /// As `labels`, of operands that are added.
        #[inline]
        #[target_feature(enable = $features)]
        fn plain_labels<const COUNT: usize>(operands: [Operand; LANES], frame: &Frame<'_>) -> Vector {
            let mut labels = [&Block::ZERO; LANES];
            for lane in 0..LANES {
                // SAFETY: the operands are the segment's, and what is added is never complemented.
                labels[lane] = unsafe { frame.plain_label(operands[lane]) };
            }
            gather(labels)
        }

        /// Which operands are complemented.
        #[inline]
        #[target_feature(enable = $features)]
        fn complements<G: Gate>(ands: &[&G; LANES]) -> [Mask; 2] {
            let mut flags = [[0; LANES]; 2];
            for (lane, and) in ands.iter().enumerate() {
                flags[0][lane] = and.operands()[0].0 & 1;
                flags[1][lane] = and.operands()[1].0 & 1;
            }
            [flags_mask(flags[0]), flags_mask(flags[1])]
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn garble_unit<const N: usize, const COUNT: usize, G: Gate>(
            ahead: &Ahead,
            unit: &Unit,
            ands: &[G],
            delta: Vector,
            frame: &mut Frame<'_>,
            rows: &mut [Block],
        ) {
            let mut zero_labels = [[delta; 2]; N];
            let mut inputs = [[delta; 4]; N];
            let sigma_delta = sigma(delta);
            for v in 0..N {
                let ands = gates_of::<COUNT, G>(ands, v);
                let [a, b] = operands::<COUNT, G>(&ands, frame);
                let [complement_a, complement_b] = complements(&ands);
                let a0 = add_xor(a, complement_a, delta);
                let b0 = add_xor(b, complement_b, delta);
                let (sa, sb) = (sigma(a0), sigma(b0));
                zero_labels[v] = [a0, b0];
                inputs[v] = [sa, xor(sa, sigma_delta), sb, xor(sb, sigma_delta)];
            }
            let hashes = hash::<N, _, COUNT, G>(ahead, unit.position, inputs);
            for v in 0..N {
                let [a0, b0] = zero_labels[v];
                let [ha0, ha1, hb0, hb1] = hashes[v];
                let (pa, pb) = (lsb_mask(a0), lsb_mask(b0));
                let tg = add_xor(xor(ha0, ha1), pb, delta);
                let te_a0 = xor(hb0, hb1);
                let c0 = xor(add_xor(ha0, pa, tg), add_xor(hb0, pb, te_a0));
                let c0 = add::<COUNT, G>(c0, &gates_of::<COUNT, G>(ands, v), frame);
                write_labels::<COUNT, G>(unit, v, ands, c0, frame);
                write_rows::<COUNT, G>(unit, v, tg, xor(te_a0, a0), rows);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_unit<const N: usize, const COUNT: usize, G: Gate>(
            ahead: &Ahead,
            unit: &Unit,
            ands: &[G],
            frame: &mut Frame<'_>,
            rows: &[Block],
        ) {
            let mut labels = [[splat_word(0); 2]; N];
            let mut inputs = labels;
            for v in 0..N {
                let ands = gates_of::<COUNT, G>(ands, v);
                let [a, b] = operands::<COUNT, G>(&ands, frame);
                labels[v] = [a, b];
                inputs[v] = [sigma(a), sigma(b)];
            }
            let hashes = hash::<N, _, COUNT, G>(ahead, unit.position, inputs);
            for v in 0..N {
                let [a, b] = labels[v];
                let [ha, hb] = hashes[v];
                let (tg, te) = read_rows::<COUNT, G>(unit, v, rows);
                let c = add_xor(xor(ha, hb), lsb_mask(a), tg);
                let c = add_xor(c, lsb_mask(b), xor(te, a));
                let c = add::<COUNT, G>(c, &gates_of::<COUNT, G>(ands, v), frame);
                write_labels::<COUNT, G>(unit, v, ands, c, frame);
            }
        }

        /// AES(inputs) ⊕ inputs. The first half of each vector's inputs uses the keys of the first half-gates.
        ///
        /// `COUNT` and `G` are the caller's: a copy that is called from one place is inlined, and then its states stay in registers.
        #[inline]
        #[target_feature(enable = $features)]
        fn hash<const N: usize, const M: usize, const COUNT: usize, G>(
            ahead: &Ahead,
            position: usize,
            inputs: [[Vector; M]; N],
        ) -> [[Vector; M]; N] {
            let keys: &Keys = ahead.keys(position);
            let mut states = inputs;
            each_state(keys, 0, &mut states, |_, state, key| xor(state, key));
            for round in 1..ROUND_KEYS - 1 {
                each_state(keys, round, &mut states, |_, state, key| aes_round(state, key));
            }
            let last_round = |[v, m]: [usize; 2], state, key| aes_last_round(state, xor(key, inputs[v][m]));
            each_state(keys, ROUND_KEYS - 1, &mut states, last_round);
            states
        }

        /// Applies a round with its keys to each state.
        #[inline]
        #[target_feature(enable = $features)]
        fn each_state<const N: usize, const M: usize>(
            keys: &Keys,
            index: usize,
            states: &mut [[Vector; M]; N],
            round: impl Fn([usize; 2], Vector, Vector) -> Vector,
        ) {
            for v in 0..N {
                let keys = [0, 1].map(|half| key(keys, (2 * index + half) * ROW + v * LANES));
                for m in 0..M {
                    states[v][m] = round([v, m], states[v][m], keys[2 * m / M]);
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn key<const ALL: usize>(keys: &[Block; ALL], position: usize) -> Vector {
            load(keys[position..].first_chunk().expect("a row has room after its last key"))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn write_labels<const COUNT: usize, G: Gate>(
            unit: &Unit,
            v: usize,
            ands: &[G],
            labels: Vector,
            frame: &mut Frame<'_>,
        ) {
            for (lane, label) in lanes(labels).into_iter().enumerate() {
                if lane < unit.n_in_vector::<COUNT>(v) {
                    // SAFETY: the slot is the segment's.
                    unsafe { *frame.label_mut(ands[v * LANES + lane].dst()) = label }
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn write_rows<const COUNT: usize, G>(unit: &Unit, v: usize, tg: Vector, te: Vector, rows: &mut [Block]) {
            let (first_tg, first_te) = unit.rows(v);
            for (first, row) in [(first_tg, tg), (first_te, te)] {
                let n = unit.n_in_vector::<COUNT>(v);
                let places = &mut rows[first..][..n];
                if let Some(places) = places.first_chunk_mut() {
                    store(places, row);
                } else {
                    for (lane, row) in lanes(row).into_iter().enumerate() {
                        if let Some(place) = places.get_mut(lane) {
                            *place = row;
                        }
                    }
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn read_rows<const COUNT: usize, G>(unit: &Unit, v: usize, rows: &[Block]) -> (Vector, Vector) {
            let (first_tg, first_te) = unit.rows(v);
            let n = unit.n_in_vector::<COUNT>(v);
            let read = |first: usize| {
                let places = &rows[first..][..n];
                match places.first_chunk() {
                    Some(places) => load(places),
                    None => gather(std::array::from_fn(|lane| &places[lane.min(n - 1)])),
                }
            };
            (read(first_tg), read(first_te))
        }

        /// Gates of one row in a unit: the garbler has as many AES chains as in a unit of gates of two rows.
        const HALVES: usize = 4 * LANES;

        /// Gates of one row that have their keys in common places.
        const HALVES_GROUP: usize = 2 * GROUP;

        const _: () = assert!(HALVES / 2 <= MARGIN && (HALVES.is_multiple_of(HALVES_GROUP) || HALVES == GROUP));

        /// Gates of one row, a batch of them.
        #[inline(never)]
        #[target_feature(enable = $features)]
        fn garble_known(
            ahead: &mut Ahead,
            batch: &Batch<'_, And>,
            known: Known,
            delta: Vector,
            frame: &mut Frame<'_>,
            rows: &mut [Block],
        ) {
            for (i, rows) in rows.chunks_mut(HALVES).enumerate() {
                let start = i * HALVES;
                match (known, rows.len() <= LANES) {
                    (Known::Garbler, true) => garble_halves::<1, GARBLER>(ahead, batch, start, delta, frame, rows),
                    (Known::Garbler, false) => garble_halves::<4, GARBLER>(ahead, batch, start, delta, frame, rows),
                    (Known::EvaluatorBoth, true) => {
                        garble_halves::<1, EVALUATOR_BOTH>(ahead, batch, start, delta, frame, rows);
                    }
                    (Known::EvaluatorBoth, false) => {
                        garble_halves::<4, EVALUATOR_BOTH>(ahead, batch, start, delta, frame, rows);
                    }
                    (_, true) => garble_halves::<1, EVALUATOR>(ahead, batch, start, delta, frame, rows),
                    (_, false) => garble_halves::<4, EVALUATOR>(ahead, batch, start, delta, frame, rows),
                }
            }
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        fn evaluate_known(
            ahead: &mut Ahead,
            batch: &Batch<'_, And>,
            known: Known,
            frame: &mut Frame<'_>,
            rows: &[Block],
        ) {
            for (i, rows) in rows.chunks(HALVES).enumerate() {
                let start = i * HALVES;
                match (known, rows.len() <= LANES) {
                    (Known::Garbler, true) => evaluate_halves::<1, GARBLER>(ahead, batch, start, frame, rows),
                    (Known::Garbler, false) => evaluate_halves::<4, GARBLER>(ahead, batch, start, frame, rows),
                    (Known::EvaluatorBoth, true) => {
                        evaluate_halves::<1, EVALUATOR_BOTH>(ahead, batch, start, frame, rows);
                    }
                    (Known::EvaluatorBoth, false) => {
                        evaluate_halves::<4, EVALUATOR_BOTH>(ahead, batch, start, frame, rows);
                    }
                    (_, true) => evaluate_halves::<1, EVALUATOR>(ahead, batch, start, frame, rows),
                    (_, false) => evaluate_halves::<4, EVALUATOR>(ahead, batch, start, frame, rows),
                }
            }
        }

        /// The gates from `start` on, as many as there are `rows`.
        #[inline]
        #[target_feature(enable = $features)]
        fn garble_halves<const N: usize, const KNOWN: u8>(
            ahead: &mut Ahead,
            batch: &Batch<'_, And>,
            start: usize,
            delta: Vector,
            frame: &mut Frame<'_>,
            rows: &mut [Block],
        ) {
            let ands = &batch.ands[start..][..rows.len()];
            let keys = half_keys::<N>(ahead, batch, start, ands.len());
            let mut zero_labels = [[delta; 2]; N];
            let mut inputs = [[delta; 2]; N];
            for v in 0..N {
                let ands = gates_of::<SOME, And>(ands, v);
                let [a, b] = operands::<SOME, And>(&ands, frame);
                let [complement_a, complement_b] = complements(&ands);
                let (a0, b0) = (add_xor(a, complement_a, delta), add_xor(b, complement_b, delta));
                zero_labels[v] = [a0, b0];
                inputs[v] = [sigma(b0), xor(sigma(b0), sigma(delta))];
            }
            let hashes = hash_halves::<N, _, KNOWN>(ahead, &keys, inputs);
            let one = splat(Block::new(1, 0));
            for v in 0..N {
                let ([a0, b0], [h0, h1]) = (zero_labels[v], hashes[v]);
                let (row, c0) = if KNOWN == GARBLER {
                    let row = add_xor(xor(h0, h1), lsb_mask(a0), delta);
                    (row, add_xor(h0, lsb_mask(b0), row))
                } else {
                    let c0 = if KNOWN == EVALUATOR_BOTH { add_xor(h0, lsb_mask(h0), one) } else { h0 };
                    (xor(xor(h0, h1), a0), c0)
                };
                let n = ands.len().saturating_sub(v * LANES).min(LANES);
                let places = rows.get_mut(v * LANES..).unwrap_or_default();
                if let Some(places) = places.first_chunk_mut() {
                    store(places, row);
                } else {
                    places.iter_mut().zip(lanes(row)).for_each(|(place, row)| *place = row);
                }
                for (lane, label) in lanes(c0).into_iter().enumerate().take(n) {
                    // SAFETY: the slot is the segment's.
                    unsafe { *frame.label_mut(ands[v * LANES + lane].dst) = label }
                }
            }
        }

        /// The gates from `start` on, as many as there are `rows`.
        #[inline]
        #[target_feature(enable = $features)]
        fn evaluate_halves<const N: usize, const KNOWN: u8>(
            ahead: &mut Ahead,
            batch: &Batch<'_, And>,
            start: usize,
            frame: &mut Frame<'_>,
            rows: &[Block],
        ) {
            let ands = &batch.ands[start..][..rows.len()];
            let keys = half_keys::<N>(ahead, batch, start, ands.len());
            let zero = splat_word(0);
            let mut labels = [[zero; 2]; N];
            let mut inputs = [[zero; 1]; N];
            for v in 0..N {
                labels[v] = operands::<SOME, And>(&gates_of::<SOME, And>(ands, v), frame);
                inputs[v] = [sigma(labels[v][1])];
            }
            let hashes = hash_halves::<N, _, KNOWN>(ahead, &keys, inputs);
            let one = splat(Block::new(1, 0));
            for v in 0..N {
                let ([a, b], [h]) = (labels[v], hashes[v]);
                let [complement_a, complement_b] = complements(&gates_of::<SOME, And>(ands, v));
                let row = match rows.get(v * LANES..).unwrap_or_default().first_chunk() {
                    Some(rows) => load(rows),
                    None => gather(std::array::from_fn(|lane| &rows[(v * LANES + lane).min(rows.len() - 1)])),
                };
                let b_bit = lsb_mask(add_xor(b, complement_b, one));
                let c = match KNOWN {
                    GARBLER => add_xor(h, lsb_mask(b), row),
                    _ => add_xor(h, b_bit, xor(row, a)),
                };
                let c = if KNOWN == EVALUATOR_BOTH {
                    let a_bit = lsb_mask(add_xor(a, complement_a, one));
                    add_xor(add_xor(c, lsb_mask(c), one), a_bit, add_xor(zero, b_bit, one))
                } else {
                    c
                };
                let n = ands.len().saturating_sub(v * LANES).min(LANES);
                for (lane, label) in lanes(c).into_iter().enumerate().take(n) {
                    // SAFETY: the slot is the segment's.
                    unsafe { *frame.label_mut(ands[v * LANES + lane].dst) = label }
                }
            }
        }

        /// Where the keys of each vector of gates of one row start.
        #[inline]
        #[target_feature(enable = $features)]
        fn half_keys<const N: usize>(ahead: &mut Ahead, batch: &Batch<'_, And>, start: usize, n: usize) -> [usize; N] {
            let group = start - start % HALVES_GROUP;
            let schedule = |ahead: &mut Ahead, keep| schedule_window(ahead, batch.s, keep);
            let n_pairs = tweak_pairs((start + n - group) as u64) as usize;
            let first = ahead.position(batch.first_gate + group as u64 / 2, n_pairs, schedule);
            let mut keys = [0; N];
            for (v, keys) in keys.iter_mut().enumerate() {
                let i = start + v * LANES - group;
                *keys = i / GROUP % 2 * ROW + first + i / HALVES_GROUP * GROUP + i % GROUP;
            }
            keys
        }

        /// As [`hash`], each vector's inputs under its own keys.
        #[inline]
        #[target_feature(enable = $features)]
        fn hash_halves<const N: usize, const M: usize, const KNOWN: u8>(
            ahead: &Ahead,
            keys: &[usize; N],
            inputs: [[Vector; M]; N],
        ) -> [[Vector; M]; N] {
            let keys = keys.map(|position| ahead.keys(position));
            let mut states = inputs;
            each_half_state(&keys, 0, &mut states, |_, state, key| xor(state, key));
            for round in 1..ROUND_KEYS - 1 {
                each_half_state(&keys, round, &mut states, |_, state, key| aes_round(state, key));
            }
            let last_round = |[v, m]: [usize; 2], state, key| aes_last_round(state, xor(key, inputs[v][m]));
            each_half_state(&keys, ROUND_KEYS - 1, &mut states, last_round);
            states
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn each_half_state<const N: usize, const M: usize>(
            keys: &[&HalfKeys; N],
            index: usize,
            states: &mut [[Vector; M]; N],
            round: impl Fn([usize; 2], Vector, Vector) -> Vector,
        ) {
            for v in 0..N {
                let key = key(keys[v], 2 * index * ROW);
                for m in 0..M {
                    states[v][m] = round([v, m], states[v][m], key);
                }
            }
        }

        /// As [`super::Kernel::hash_each`]. The keys of a gate are those of two blocks.
        #[target_feature(enable = $features)]
        pub(super) fn hash_each(ahead: &mut Ahead, s: Block, first_index: u64, blocks: &mut [Block]) {
            for (i, blocks) in blocks.as_chunks_mut::<{ 2 * UNIT }>().0.iter_mut().enumerate() {
                let first_gate = first_index / 2 + (i * UNIT) as u64;
                let position = ahead.position(first_gate, UNIT, |ahead, keep| schedule_window(ahead, s, keep));
                let mut inputs = [[splat_word(0); 2]; 2];
                for v in 0..2 {
                    for half in 0..2 {
                        inputs[v][half] = sigma(alternate(blocks, v, half));
                    }
                }
                let hashes = hash::<2, _, SOME, ()>(ahead, position, inputs);
                for v in 0..2 {
                    for half in 0..2 {
                        for (lane, hash) in lanes(hashes[v][half]).into_iter().enumerate() {
                            blocks[2 * (v * LANES + lane) + half] = hash;
                        }
                    }
                }
            }
        }

        /// As [`super::Kernel::hash_both`].
        #[target_feature(enable = $features)]
        pub(super) fn hash_both(
            ahead: &mut Ahead,
            s: Block,
            first_index: u64,
            delta: Block,
            labels: &[Block],
            hashes: &mut [[Block; 2]],
        ) {
            let sigma_delta = sigma(splat(delta));
            let units = labels.as_chunks::<{ 2 * UNIT }>().0.iter().zip(hashes.as_chunks_mut::<{ 2 * UNIT }>().0);
            for (i, (labels, places)) in units.enumerate() {
                let first_gate = first_index / 2 + (i * UNIT) as u64;
                let position = ahead.position(first_gate, UNIT, |ahead, keep| schedule_window(ahead, s, keep));
                let mut inputs = [[sigma_delta; 4]; 2];
                for v in 0..2 {
                    let (a, b) = (sigma(alternate(labels, v, 0)), sigma(alternate(labels, v, 1)));
                    inputs[v] = [a, xor(a, sigma_delta), b, xor(b, sigma_delta)];
                }
                let hashes = hash::<2, _, SOME, ()>(ahead, position, inputs);
                for v in 0..2 {
                    for (m, hashes) in hashes[v].into_iter().enumerate() {
                        for (lane, hash) in lanes(hashes).into_iter().enumerate() {
                            places[2 * (v * LANES + lane) + m / 2][m % 2] = hash;
                        }
                    }
                }
            }
        }

        /// Vector `v` of a unit's blocks in even (0) or odd (1) places.
        #[inline]
        #[target_feature(enable = $features)]
        fn alternate(blocks: &[Block; 2 * UNIT], v: usize, half: usize) -> Vector {
            let mut chosen = [&blocks[0]; LANES];
            for (lane, block) in chosen.iter_mut().enumerate() {
                *block = &blocks[2 * (v * LANES + lane) + half];
            }
            gather(chosen)
        }

        /// Makes the keys of the window at `ahead.first_gate`; puts the last of those that were there in front of them, if they are to be kept.
        #[target_feature(enable = $features)]
        fn schedule_window(ahead: &mut Ahead, s: Block, keep: bool) {
            if keep {
                ahead.rows.as_flattened_mut().iter_mut().for_each(|row| keep_last(row));
            }
            for start in (0..WINDOW).step_by(SCHEDULES * UNIT) {
                let mut words = [[splat_word(0); 4]; SCHEDULES];
                for i in 0..SCHEDULES {
                    words[i] = first_words(s, ahead.first_gate + (start + i * UNIT) as u64);
                    write_keys(&words[i], &mut ahead.rows[0], MARGIN + start + i * UNIT);
                }
                for (round_constant, rows) in ROUND_CONSTANTS.into_iter().zip(&mut ahead.rows[1..]) {
                    for i in 0..SCHEDULES {
                        schedule_round(&mut words[i], round_constant);
                        write_keys(&words[i], rows, MARGIN + start + i * UNIT);
                    }
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn keep_last(row: &mut Row) {
            let (front, window) = row.split_at_mut(MARGIN);
            let places = front.as_chunks_mut::<LANES>().0.iter_mut();
            for (place, last) in places.zip(window[WINDOW - MARGIN..].as_chunks::<LANES>().0) {
                store(place, load(last));
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
        fn write_keys(w: &[Vector; 4], rows: &mut [Row; 2], position: usize) {
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

use std::arch::x86_64::{__m128i, _mm_load_si128, _mm_store_si128};

use crate::block::Block;

/// One block into a register.
#[inline(always)]
pub(super) fn read(x: &Block) -> __m128i {
    // SAFETY: a block is 16 aligned bytes; SSE2 is part of x86-64.
    unsafe { _mm_load_si128(std::ptr::from_ref(x).cast()) }
}

/// A register as a block.
#[inline(always)]
pub(super) fn block(x: __m128i) -> Block {
    let mut block = Block::ZERO;
    // SAFETY: a block is 16 aligned bytes, and any bytes are a block; SSE2 is part of x86-64.
    unsafe { _mm_store_si128(std::ptr::from_mut(&mut block).cast(), x) };
    block
}

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
