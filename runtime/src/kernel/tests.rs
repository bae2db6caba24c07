//! Every kernel against the portable one, and the portable one against FIPS 197 and the equations.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
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
        Segment { steps, gates: Gates::new(&[], &self.ands, self.frame.len() as u32) }
    }

    fn garble(&self, kernel: Kernel, delta: &Delta, steps: &[Step]) -> (Vec<Label>, Vec<Block>) {
        let (mut frame, mut tables) = (self.frame.clone(), vec![Block::ZERO; 2 * self.ands.len()]);
        let mut keys = GateKeys::new(self.s, self.first_gate);
        kernel.garble(&mut keys, delta, self.segment(steps), &mut frame, &mut tables);
        assert_eq!(keys.next_gate(), self.first_gate + self.ands.len() as u64);
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

/// Splits `n` gates into random steps.
fn random_steps(rng: &mut ChaCha8Rng, mut n: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    while n > 0 {
        let width = rng.random_range(1..=n.min(20));
        steps.push(Step::And(width));
        n -= width;
    }
    steps
}

fn check_against_portable(rng: &mut ChaCha8Rng, n: usize, first_gate: u64) {
    let batch = random_batch(rng, n, first_gate);
    let delta = Delta::random(rng);
    for steps in [vec![Step::And(n as u32)], random_steps(rng, n as u32)] {
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
    let segment = Segment { steps: &[Step::And(1)], gates: Gates::new(&[], &ands, 7) };
    let mut frame = [Block::ZERO; 6];
    Kernel::detect().evaluate(&mut GateKeys::new(Block::ZERO, 0), segment, &mut frame, &[Block::ZERO; 2]);
}
