//! Every kernel against the portable one, and the portable one against FIPS 197 and the equations.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use hushgate_circuits::knowledge::Knowledge;
use hushgate_circuits::plan::Operand;

/// A batch of independent gates over a random frame: gate `i` writes slot `i`, and reads slots above all destinations.
struct Batch {
    ands: Vec<And>,
    frame: Vec<Label>,
    s: Block,
    first_gate: u64,
}

fn random_batch(rng: &mut ChaCha8Rng, n: usize, first_gate: u64) -> Batch {
    let n_slots = 2 * n + 3;
    let mut operand = || Operand::new(rng.random_range(n as u32..n_slots as u32), rng.random());
    let ands = (0..n).map(|i| And { dst: i as u32, a: operand(), b: operand() }).collect();
    let frame = (0..n_slots).map(|_| Block::random(rng)).collect();
    Batch { ands, frame, s: Block::random(rng), first_gate }
}

impl Batch {
    fn segment<'a>(&'a self, steps: &'a [Step]) -> Segment<'a> {
        Segment::new(steps, Gates::new(&[], &self.ands, self.frame.len() as u32))
    }

    fn garble(&self, kernel: Kernel, delta: &Delta, steps: &[Step]) -> (Vec<Label>, Vec<Block>) {
        let segment = self.segment(steps);
        let (mut frame, mut tables) = (self.frame.clone(), vec![Block::ZERO; segment.n_rows()]);
        let mut keys = GateKeys::new(self.s, self.first_gate);
        kernel.garble(&mut keys, delta, segment, &mut frame, &mut tables);
        assert_eq!(keys.next_gate(), self.first_gate + n_pairs(steps));
        (frame, tables)
    }

    fn evaluate(&self, kernel: Kernel, tables: &[Block], steps: &[Step]) -> Vec<Label> {
        let mut frame = self.frame.clone();
        kernel.evaluate(&mut GateKeys::new(self.s, self.first_gate), self.segment(steps), &mut frame, tables);
        frame
    }
}

fn bits(blocks: &[Block]) -> Vec<u128> {
    blocks.iter().map(|block| u128::from(*block)).collect()
}

fn n_pairs(steps: &[Step]) -> u64 {
    let pairs = steps.iter().map(|step| match *step {
        Step::And(n) => n.into(),
        Step::Known(Known::GarblerBoth, _) => 0,
        Step::Known(_, n) => tweak_pairs(n.into()),
        Step::Xor(_) | Step::Call => unreachable!(),
    });
    pairs.sum()
}

/// Splits `n` gates into random steps, of every kind or of two rows each.
fn random_steps(rng: &mut ChaCha8Rng, mut n: u32, all_kinds: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    while n > 0 {
        let width = rng.random_range(1..=n.min(20));
        steps.push(match rng.random_range(0..6) {
            kind @ 0..4 if all_kinds => Step::Known(Known::ALL[kind], width),
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
    for steps in [vec![vec![Step::And(n as u32)]], whole, parts].concat() {
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
            let mut active = Batch { frame: batch.frame.clone(), ands: batch.ands.clone(), ..batch };
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
        let mut active = Batch { frame: batch.frame.clone(), ands: batch.ands.clone(), ..batch };
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

#[test]
fn slots_outside_the_frame_are_refused() {
    let is_refused = |xors: &[Xor], ands: &[And]| std::panic::catch_unwind(|| Gates::new(xors, ands, 7)).is_err();
    let operand = |slot| Operand::new(slot, true);
    for (slot, expected) in [(6, false), (7, true), (8, true), (1 << 30, true), ((1 << 31) - 1, true)] {
        for (dst, a, b) in [(slot, 0, 0), (0, slot, 0), (0, 0, slot)] {
            assert_eq!(is_refused(&[], &[And { dst, a: operand(a), b: operand(b) }]), expected, "{dst} {a} {b}");
            assert_eq!(is_refused(&[Xor { dst, a, b }], &[]), expected, "{dst} {a} {b}");
        }
    }
    assert!(is_refused(&[Xor { dst: u32::MAX, a: 0, b: 0 }], &[]));
    assert!(is_refused(&[Xor { dst: 1 << 31, a: 0, b: 0 }], &[]));
    assert!(is_refused(&[], &[And { dst: 0, a: Operand::CONSTANT, b: operand(1) }]));
    assert!(std::panic::catch_unwind(|| Gates::new(&[Xor { dst: 0, a: 0, b: 0 }], &[], 0)).is_err());
}

#[test]
#[should_panic(expected = "slots lie in its frame")]
fn a_frame_that_is_too_small_is_refused() {
    let ands = [And { dst: 0, a: Operand::new(6, false), b: Operand::new(1, false) }];
    let segment = Segment::new(&[Step::And(1)], Gates::new(&[], &ands, 7));
    let mut frame = [Block::ZERO; 6];
    Kernel::detect().evaluate(&mut GateKeys::new(Block::ZERO, 0), segment, &mut frame, &[Block::ZERO; 2]);
}
