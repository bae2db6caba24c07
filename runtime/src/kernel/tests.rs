//! Every kernel against the portable one, and the portable one against FIPS 197 and the equations.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::secrecy::{hide, reveal};
use super::*;
use hushgate_circuits::knowledge::Knowledge;
use hushgate_circuits::plan::Operand;

/// A batch of independent gates over a random frame: gate `i` writes slot `i`, and reads slots above all destinations.
#[derive(Clone)]
struct Batch {
    ands: Vec<And>,
    /// What is added to the gates, where they have XORs around them.
    added: Vec<[Operand; 3]>,
    frame: Vec<Label>,
    s: Block,
    first_gate: u64,
}

fn random_batch(rng: &mut ChaCha8Rng, n: usize, first_gate: u64) -> Batch {
    let n_slots = 2 * n + 3;
    let mut operand = || Operand::new(rng.random_range(n as u32..n_slots as u32), rng.random());
    let ands = (0..n).map(|i| And { dst: i as u32, a: operand(), b: operand() }).collect();
    // The slot after the last stands for nothing.
    let mut added = || Operand::new(rng.random_range(n as u32..=n_slots as u32), false);
    let added = (0..n).map(|_| [added(), added(), added()]).collect();
    let frame = (0..=n_slots).map(|_| Block::random(rng)).collect();
    Batch { ands, added, frame, s: Block::random(rng), first_gate }
}

impl Batch {
    /// A block with these steps: the gates in their order, of whatever kind.
    fn block(&self, steps: &[Step]) -> PlanBlock {
        let n_slots = self.frame.len() as u32 - 1;
        let mut block = PlanBlock { n_slots, steps: steps.to_vec(), ..PlanBlock::default() };
        let mut gates = self.ands.iter().zip(&self.added);
        for step in steps {
            match *step {
                Step::AndXor(n) => block.and_xors.extend(gates.by_ref().take(n as usize).map(|(and, added)| {
                    let [a_plus, b_plus, c] = *added;
                    AndXor { and: *and, a_plus, b_plus, c }
                })),
                Step::And(n) | Step::Known(_, n) => {
                    block.ands.extend(gates.by_ref().take(n as usize).map(|(and, _)| *and));
                }
                Step::Xor { .. } | Step::Call => unreachable!(),
            }
        }
        block
    }

    fn garble(&self, kernel: Kernel, delta: &Delta, steps: &[Step]) -> (Vec<Label>, Vec<Block>) {
        let block = self.block(steps);
        let segment = Segment::new(steps, Gates::new(&block));
        let (mut frame, mut tables) = (self.frame.clone(), vec![Block::ZERO; segment.n_rows()]);
        let mut keys = GateKeys::new(self.s, self.first_gate);
        hide(&frame);
        hide(std::slice::from_ref(delta));
        kernel.garble(&mut keys, delta, segment, &mut frame, &mut tables);
        reveal(&frame);
        reveal(&tables);
        reveal(std::slice::from_ref(delta));
        assert_eq!(keys.next_gate(), self.first_gate + n_pairs(steps));
        (frame, tables)
    }

    fn evaluate(&self, kernel: Kernel, tables: &[Block], steps: &[Step]) -> Vec<Label> {
        let mut frame = self.frame.clone();
        let block = self.block(steps);
        let segment = Segment::new(steps, Gates::new(&block));
        hide(&frame);
        kernel.evaluate(&mut GateKeys::new(self.s, self.first_gate), segment, &mut frame, tables);
        reveal(&frame);
        frame
    }
}

fn bits(blocks: &[Block]) -> Vec<u128> {
    blocks.iter().map(|block| u128::from(*block)).collect()
}

fn n_pairs(steps: &[Step]) -> u64 {
    let pairs = steps.iter().map(|step| match *step {
        Step::And(n) | Step::AndXor(n) => n.into(),
        Step::Known(Known::GarblerBoth, _) => 0,
        Step::Known(_, n) => tweak_pairs(n.into()),
        Step::Xor { .. } | Step::Call => unreachable!(),
    });
    pairs.sum()
}

/// Splits `n` gates into random steps, of every kind or of two rows each, with XORs around them or without.
fn random_steps(rng: &mut ChaCha8Rng, mut n: u32, all_kinds: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    while n > 0 {
        let width = rng.random_range(1..=n.min(20));
        steps.push(match rng.random_range(0..6) {
            kind @ 0..4 if all_kinds => Step::Known(Known::ALL[kind], width),
            4 => Step::AndXor(width),
            _ => Step::And(width),
        });
        n -= width;
    }
    steps
}

fn check_against_portable(rng: &mut ChaCha8Rng, n: usize, first_gate: u64) {
    let batch = random_batch(rng, n, first_gate);
    let delta = Delta::random(rng);
    let whole = Known::ALL.map(|known| vec![Step::Known(known, n as u32)]).to_vec();
    let parts = [false, true].map(|all_kinds| random_steps(rng, n as u32, all_kinds)).to_vec();
    for steps in [vec![vec![Step::And(n as u32)], vec![Step::AndXor(n as u32)]], whole, parts].concat() {
        let (frame, tables) = batch.garble(Kernel::portable(), &delta, &steps);
        let active = batch.evaluate(Kernel::portable(), &tables, &steps);
        for kernel in Kernel::available() {
            let (got_frame, got_tables) = batch.garble(kernel, &delta, &steps);
            assert_eq!(bits(&got_tables), bits(&tables), "{}: rows of {n} gates from {first_gate}", kernel.name());
            assert_eq!(bits(&got_frame), bits(&frame), "{}: labels of {n} gates from {first_gate}", kernel.name());
            let got_active = batch.evaluate(kernel, &tables, &steps);
            assert_eq!(bits(&got_active), bits(&active), "{}: active, {n} gates from {first_gate}", kernel.name());
        }
    }
}

#[test]
fn kernels_agree_on_every_short_length() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for n in 0..34 {
        check_against_portable(&mut rng, n, 0);
        let first_gate = rng.random::<u64>() >> 2;
        check_against_portable(&mut rng, n, first_gate);
    }
}

#[test]
fn kernels_agree_on_long_batches() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..20 {
        let n = rng.random_range(34..1500);
        let first_gate = rng.random::<u64>() >> 2;
        check_against_portable(&mut rng, n, first_gate);
    }
}

#[test]
fn tweaks_carry_into_the_high_word() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for edge in [1 << 31, 1 << 32, 3 << 31, 1 << 62, GateKeys::GATES_MAX - 40] {
        for before in 0..20 {
            check_against_portable(&mut rng, 33, edge - before);
        }
    }
    check_against_portable(&mut rng, 33, GateKeys::GATES_MAX - 33);
}

#[test]
#[should_panic(expected = "at most 2^63 AND gates")]
fn gates_end_before_tweaks_repeat() {
    GateKeys::new(Block::ZERO, GateKeys::GATES_MAX - 3).take(4);
}

#[test]
fn hash_is_aes_of_fips_197() {
    let bytes = |hex: u128| hex.to_be_bytes();
    let key = Block::from_bytes(bytes(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f));
    let plain = Block::from_bytes(bytes(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff));
    let cipher = Block::from_bytes(bytes(0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a));
    // σ(x) = plain, and a tweak that S absorbs.
    let [lo, hi] = plain.halves();
    let x = Block::new(lo ^ hi, lo);
    assert_eq!(u128::from(sigma(x)), u128::from(plain));
    let tweak = 0x1234_5678_9abc_def0;
    let [hash] = portable::hash(key ^ Block::new(tweak, 0), tweak, [x]);
    assert_eq!(u128::from(hash), u128::from(cipher ^ plain));
}

/// The equations of the header, with the hash written out: TG, TE, C0 of one gate, and all four evaluations.
#[test]
fn gates_follow_the_equations() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for case in 0..64 {
        let first_gate = rng.random::<u64>() >> 2;
        let batch = random_batch(&mut rng, 1, first_gate);
        let delta = Delta::random(&mut rng);
        let and = batch.ands[0];
        let [a0, b0] = [and.a, and.b].map(|x| batch.frame[x.slot() as usize] ^ delta.times(x.is_complemented()));
        let h = |x: Block, half: u64| portable::hash(batch.s, 2 * batch.first_gate + half, [x])[0];
        let tg = h(a0, 0) ^ h(a0 ^ delta.block(), 0) ^ delta.times(b0.lsb());
        let te = h(b0, 1) ^ h(b0 ^ delta.block(), 1) ^ a0;
        let c0 = h(a0, 0) ^ tg.masked(a0.lsb()) ^ h(b0, 1) ^ (te ^ a0).masked(b0.lsb());
        let (frame, tables) = batch.garble(Kernel::portable(), &delta, &[Step::And(1)]);
        assert_eq!(bits(&tables), bits(&[tg, te]), "case {case}");
        assert_eq!(u128::from(frame[0]), u128::from(c0), "case {case}");
        if and.a.slot() == and.b.slot() {
            continue;
        }
        for (x, y) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut active = batch.clone();
            active.frame[and.a.slot() as usize] = a0 ^ delta.times(x);
            active.frame[and.b.slot() as usize] = b0 ^ delta.times(y);
            let c = active.evaluate(Kernel::portable(), &tables, &[Step::And(1)])[0];
            assert_eq!(u128::from(c), u128::from(c0 ^ delta.times(x & y)), "case {case}: {x} and {y}");
        }
    }
}

/// One gate of one row for each kind, with the hash written out, and its evaluations.
#[test]
fn gates_of_one_row_follow_the_equations() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for case in 0..256 {
        let first_gate = rng.random::<u64>() >> 2;
        let mut batch = random_batch(&mut rng, 1, first_gate);
        batch.ands[0].a = Operand::new(1, rng.random());
        batch.ands[0].b = Operand::new(2, rng.random());
        let and = batch.ands[0];
        let (delta, known) = (Delta::random(&mut rng), Known::ALL[1 + case % 3]);
        let [x, y]: [bool; 2] = [rng.random(), rng.random()];
        let in_form = |label: Block, form, bit| match form {
            Knowledge::Garbler => (delta.times(bit), Block::ZERO),
            Knowledge::Evaluator => (label.with_lsb(false), label.with_lsb(false) ^ delta.times(bit)),
            _ => (label, label ^ delta.times(bit)),
        };
        let [form_a, form_b] = known.operands();
        let (a0, a) = in_form(batch.frame[1], form_a, x);
        let (b0, b) = in_form(batch.frame[2], form_b, y);
        let mut active = batch.clone();
        (batch.frame[1], batch.frame[2], active.frame[1], active.frame[2]) = (a0, b0, a, b);
        let steps = [Step::Known(known, 1)];
        let (frame, tables) = batch.garble(Kernel::portable(), &delta, &steps);

        let [a0, b0] = [(a0, and.a), (b0, and.b)].map(|(label, x)| label ^ delta.times(x.is_complemented()));
        let h = |x: Block| portable::hash(batch.s, 2 * batch.first_gate, [x])[0];
        let both = h(b0) ^ h(b0 ^ delta.block());
        let (row, c0) = match known {
            Known::Garbler => {
                let row = both ^ delta.times(x ^ and.a.is_complemented());
                (row, h(b0) ^ row.masked(b0.lsb()))
            }
            Known::EvaluatorBoth => (both ^ a0, h(b0).with_lsb(false)),
            _ => (both ^ a0, h(b0)),
        };
        assert_eq!((bits(&tables), u128::from(frame[0])), (bits(&[row]), u128::from(c0)), "{known:?}, case {case}");
        let c = active.evaluate(Kernel::portable(), &tables, &steps)[0];
        let product = (x ^ and.a.is_complemented()) & (y ^ and.b.is_complemented());
        assert_eq!(u128::from(c), u128::from(c0 ^ delta.times(product)), "{known:?}, case {case}");
        assert!(known != Known::EvaluatorBoth || c.lsb() == product);
    }
}

/// No tweak of a batch of gates of one row is used twice, whatever its length.
#[test]
fn gates_of_one_row_have_tweaks_of_their_own() {
    for n in 0..70 {
        let mut tweaks: Vec<u64> = (0..n).map(|i| portable::tweak(5, i)).collect();
        tweaks.sort_unstable();
        tweaks.dedup();
        assert_eq!(tweaks.len(), n);
        assert!(tweaks.iter().all(|&tweak| (10..10 + 2 * tweak_pairs(n as u64)).contains(&tweak)));
    }
}

/// What is added to a gate is added to what a plain gate computes of the sums.
#[test]
fn gates_with_xors_follow_the_equations() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for n in 0..40 {
        let batch = random_batch(&mut rng, n, 77);
        let delta = Delta::random(&mut rng);
        let (frame, tables) = batch.garble(Kernel::portable(), &delta, &[Step::AndXor(n as u32)]);
        let label = |operand: Operand| {
            if operand.slot() as usize == batch.frame.len() - 1 {
                Block::ZERO
            } else {
                batch.frame[operand.slot() as usize]
            }
        };
        // The same gates on frames in which the sums stand.
        let mut plain = Batch { frame: vec![Block::ZERO; 3 * n + 1], ..batch.clone() };
        for i in 0..n {
            let (and, [a_plus, b_plus, _]) = (batch.ands[i], batch.added[i]);
            plain.frame[n + i] = label(and.a) ^ label(a_plus);
            plain.frame[2 * n + i] = label(and.b) ^ label(b_plus);
            plain.ands[i].a = Operand::new((n + i) as u32, and.a.is_complemented());
            plain.ands[i].b = Operand::new((2 * n + i) as u32, and.b.is_complemented());
        }
        let (products, rows) = plain.garble(Kernel::portable(), &delta, &[Step::And(n as u32)]);
        assert_eq!(bits(&tables), bits(&rows));
        let sums: Vec<Label> = (0..n).map(|i| products[i] ^ label(batch.added[i][2])).collect();
        assert_eq!(bits(&frame[..n]), bits(&sums));
    }
}

#[test]
fn xors_of_two_and_three_are_sums() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let xors: Vec<Operand> = [3, 0, 1, 4, 3, 2, 1, 3, 4, 5].map(|slot| Operand::new(slot, false)).to_vec();
    let steps = [Step::Xor { n_operands: 2, n: 2 }, Step::Xor { n_operands: 3, n: 1 }];
    let mut block = PlanBlock { n_inputs: 3, n_slots: 5, xors, ..PlanBlock::default() };
    let frame: Vec<Label> = (0..6).map(|_| Block::random(&mut rng)).collect();
    for third in [5, 0] {
        block.xors[9] = Operand::new(third, false);
        let gates = Gates::new(&block);
        for kernel in Kernel::available() {
            let mut got = frame.clone();
            hide(&got);
            kernel.evaluate(&mut GateKeys::new(Block::ZERO, 0), Segment::new(&steps, gates), &mut got, &[]);
            reveal(&got);
            let first = frame[0] ^ frame[1];
            let second = first ^ frame[2];
            let third = first ^ second ^ if third == 5 { Block::ZERO } else { frame[0] };
            assert_eq!(bits(&got[1..5]), bits(&[third, frame[2], first, second]), "{}", kernel.name());
        }
    }
}

/// Under memcheck this must be reported: otherwise it would see nothing in other tests either.
#[test]
fn a_branch_on_a_secret_is_reported() {
    let secret = [Block::new(1, 0)];
    hide(&secret);
    assert!(std::hint::black_box(&secret)[0].lsb());
}

#[test]
fn slots_outside_the_frame_are_refused() {
    let is_refused = |block: &PlanBlock| std::panic::catch_unwind(|| Gates::new(block)).is_err();
    let operand = |slot| Operand::new(slot, true);
    let plain = |slot| Operand::new(slot, false);
    let with_ands = |ands: &[And]| PlanBlock { n_slots: 7, ands: ands.to_vec(), ..PlanBlock::default() };
    let with_xors = |xors: [Operand; 3]| PlanBlock { n_slots: 7, xors: xors.to_vec(), ..PlanBlock::default() };
    // There is one label more than slots.
    for (slot, expected) in [(6, false), (7, false), (8, true), (1 << 30, true), ((1 << 31) - 1, true)] {
        for (dst, a, b) in [(slot, 0, 0), (0, slot, 0), (0, 0, slot)] {
            let and = And { dst, a: operand(a), b: operand(b) };
            assert_eq!(is_refused(&with_ands(&[and])), expected, "{dst} {a} {b}");
            assert_eq!(is_refused(&with_xors([dst, a, b].map(plain))), expected, "{dst} {a} {b}");
            let mut block = with_ands(&[]);
            block.and_xors = vec![AndXor { and, a_plus: plain(0), b_plus: plain(0), c: plain(0) }];
            assert_eq!(is_refused(&block), expected, "{dst} {a} {b}");
            let and = And { dst: 0, a: plain(0), b: plain(0) };
            block.and_xors = vec![AndXor { and, a_plus: plain(dst), b_plus: plain(a), c: plain(b) }];
            assert_eq!(is_refused(&block), expected, "{dst} {a} {b}");
        }
    }
    for i in 0..3 {
        let mut complemented = [0, 1, 2].map(plain);
        complemented[i] = operand(1);
        assert!(is_refused(&with_xors(complemented)));
        let [a_plus, b_plus, c] = complemented;
        let mut block = with_ands(&[]);
        block.and_xors = vec![AndXor { and: And { dst: 0, a: plain(0), b: plain(0) }, a_plus, b_plus, c }];
        assert!(is_refused(&block));
    }
    assert!(is_refused(&with_xors([Operand::CONSTANT, plain(0), plain(0)])));
    assert!(is_refused(&with_ands(&[And { dst: u32::MAX, a: plain(0), b: plain(0) }])));
    assert!(is_refused(&with_ands(&[And { dst: 0, a: Operand::CONSTANT, b: operand(1) }])));
}

#[test]
#[should_panic(expected = "slots lie in its frame")]
fn a_frame_that_is_too_small_is_refused() {
    let ands = vec![And { dst: 0, a: Operand::new(6, false), b: Operand::new(1, false) }];
    let block = PlanBlock { n_slots: 7, ands, ..PlanBlock::default() };
    let segment = Segment::new(&[Step::And(1)], Gates::new(&block));
    let mut frame = [Block::ZERO; 7];
    Kernel::detect().evaluate(&mut GateKeys::new(Block::ZERO, 0), segment, &mut frame, &[Block::ZERO; 2]);
}
