//! Public circuits give the published answers.
//!
//! The files are in the folder that `HUSHGATE_BRISTOL` names; without it these tests say so and pass. Values in them are
//! least significant bit first; AES and SHA-256 take byte strings as big-endian numbers.

use num_bigint::BigUint;
use rand::RngExt;

use super::*;
use crate::circuit::Node;
use crate::equivalent::differ_in_runs;
use crate::optimize::{LEVEL_DEFAULT, PASSES, optimize};
use crate::plan::{self, Plan};
use crate::schedule::{LANES, schedule};
use crate::stats::stats;

/// A public circuit, its plan, and its count of ANDs checked.
struct File {
    circuit: Circuit,
    plan: Plan,
}

impl File {
    fn open(name: &str, n_ands: usize) -> Option<File> {
        let Some(folder) = std::env::var_os("HUSHGATE_BRISTOL") else {
            println!("skipped: HUSHGATE_BRISTOL names no folder with {name}");
            return None;
        };
        let path = std::path::Path::new(&folder).join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let circuit = read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(verify(&circuit), Ok(()));
        let found = circuit.main().nodes.iter().filter(|node| matches!(node, Node::And(..))).count();
        assert!(found <= n_ands, "{name}: {found} ANDs, {n_ands} in the file");
        assert_eq!(read(&write(&circuit).unwrap()).as_ref(), Ok(&circuit), "{name} survives the round trip");
        let old = write_old(&circuit).unwrap();
        let sidecar = write_sidecar(&in_old_order(&circuit), &old);
        let back = apply_sidecar(read(&old).unwrap(), &old, &sidecar);
        assert_eq!(back.as_ref(), Ok(&circuit), "{name} survives the old format, with its values as they were");
        let plan = schedule(&circuit);
        assert_eq!(plan.validate(), Ok(()));
        assert_eq!(plan.n_ands(), found as u64);
        assert_eq!(Plan::from_bytes(&plan.to_bytes()).as_ref(), Ok(&plan));
        Some(File { circuit, plan })
    }

    /// The same circuit after all passes, which save ANDs or leave it.
    fn optimized(&self) -> File {
        let circuit = optimize(self.circuit.clone(), LEVEL_DEFAULT);
        let plan = schedule(&circuit);
        assert!(plan.n_ands() <= self.plan.n_ands());
        File { circuit, plan }
    }

    /// The outputs for these inputs, by circuit and by plan.
    fn run(&self, inputs: &[BigUint]) -> Vec<BigUint> {
        let (widths_in, widths_out) = shapes(&self.circuit);
        assert_eq!(inputs.len(), widths_in.len());
        let bits = |(value, &width): (&BigUint, &u64)| (0..width).map(|i| value.bit(i)).collect::<Vec<_>>();
        let bits: Vec<bool> = inputs.iter().zip(&widths_in).flat_map(bits).collect();
        let outputs = evaluate_bits(&self.circuit, &bits);
        assert_eq!(plan::run(&self.plan, &bits), outputs);
        let mut outputs = outputs.into_iter();
        widths_out.iter().map(|&width| number(outputs.by_ref().take(width as usize))).collect()
    }

    /// At most so many slots, and nearly all lanes of the kernels at work.
    fn check_plan(&self, n_slots_max: u32) {
        let block = self.plan.main();
        assert!(block.n_slots <= n_slots_max, "{} slots", block.n_slots);
        let n_lanes: usize = block.batches().map(|(_, width)| (width as usize).next_multiple_of(LANES)).sum();
        let n_ands = block.ands.len() + block.and_xors.len();
        assert!(n_lanes * 100 <= n_ands * 102, "{n_lanes} lanes for {n_ands} ANDs");
    }

    fn run64(&self, inputs: &[u64]) -> u64 {
        let outputs = self.run(&inputs.iter().map(|&x| x.into()).collect::<Vec<_>>());
        u64::try_from(&outputs[0]).unwrap()
    }
}

fn number(bits: impl Iterator<Item = bool>) -> BigUint {
    let mut number = BigUint::ZERO;
    bits.enumerate().for_each(|(i, bit)| number.set_bit(i as u64, bit));
    number
}

fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.replace(' ', "").as_bytes(), 16).unwrap()
}

#[test]
fn aes_128() {
    let Some(file) = File::open("aes_128.txt", 6400) else { return };
    file.check_plan(2000);
    let check = |key: &str, plaintext: &str, ciphertext: &str| {
        for file in [&file, &file.optimized()] {
            assert_eq!(file.run(&[hex(key), hex(plaintext)]), [hex(ciphertext)]);
        }
    };
    // FIPS 197, appendices B and C.1.
    check("2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32");
    check("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a");
}

#[test]
fn sha_256() {
    let Some(file) = File::open("sha256.txt", 22_573) else { return };
    file.check_plan(2000);
    let initial = hex("6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19");
    // FIPS 180-4: the one block of "abc".
    let block = hex(&format!("61626380{}18", "0".repeat(118)));
    let digest = hex("ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad");
    let (inputs, outputs) = ([block, initial], [digest]);
    for file in [&file, &file.optimized()] {
        assert_eq!(file.run(&inputs), outputs);
    }
}

/// Compares a circuit of two 64-bit inputs with `expected`, on edges and random values.
fn check64(name: &str, n_ands: usize, expected: impl Fn(u64, u64) -> u64) {
    let Some(file) = File::open(name, n_ands) else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(64);
    let edges = [0, 1, 2, u64::MAX, 1 << 63, u64::MAX >> 1];
    let edges = edges.into_iter().flat_map(|a| edges.map(|b| (a, b)));
    let pairs: Vec<(u64, u64)> = edges.chain((0..50).map(|i| (rng.random(), rng.random::<u64>() >> i))).collect();
    let optimized = file.optimized();
    for (a, b) in pairs {
        assert_eq!(optimized.run64(&[a, b]), expected(a, b), "{name}, optimised, of {a} and {b}");
        assert_eq!(file.run64(&[a, b]), expected(a, b), "{name} of {a} and {b}");
    }
}

#[test]
fn arithmetic() {
    check64("adder64.txt", 63, u64::wrapping_add);
    check64("sub64.txt", 63, u64::wrapping_sub);
    check64("mult64.txt", 4033, u64::wrapping_mul);
    check64("udivide64.txt", 4285, |a, b| a.checked_div(b).unwrap_or(u64::MAX));
}

#[test]
fn zero_equal() {
    let Some(file) = File::open("zero_equal.txt", 63) else { return };
    assert_eq!(file.run64(&[0]), 1);
    (0..64).for_each(|i| assert_eq!(file.run64(&[1 << i]), 0));
}

#[test]
fn floating_point_addition() {
    let Some(file) = File::open("FP-add.txt", 5385) else { return };
    let file = file.optimized();
    assert!(file.plan.n_ands() <= 5272, "{} ANDs", file.plan.n_ands());
    let mut rng = ChaCha8Rng::seed_from_u64(754);
    for _ in 0..100 {
        let (a, b): (f64, f64) = (rng.random_range(-1e9..1e9), rng.random_range(-1e3..1e3));
        assert_eq!(file.run64(&[a.to_bits(), b.to_bits()]), (a + b).to_bits(), "{a} + {b}");
    }
}

/// Every pass on every file: the meaning stays, ANDs become no more.
#[test]
fn all_passes() {
    let files = [
        ("adder64.txt", 63, 63),
        ("sub64.txt", 63, 63),
        ("zero_equal.txt", 63, 63),
        ("mult64.txt", 4_033, 4_033),
        ("udivide64.txt", 4_285, 4_221),
        ("FP-add.txt", 5_385, 5_177),
        ("aes_128.txt", 6_400, 6_400),
        ("sha256.txt", 22_573, 22_573),
    ];
    for (name, n_ands, n_ands_left) in files {
        let Some(file) = File::open(name, n_ands) else { return };
        let mut circuit = file.circuit.clone();
        for pass in PASSES {
            let n_ands = stats(&circuit).n_ands;
            circuit = (pass.run)(circuit);
            assert_eq!(verify(&circuit), Ok(()), "{name} after {}", pass.name);
            assert!(stats(&circuit).n_ands <= n_ands, "{name} after {}", pass.name);
            assert_eq!(differ_in_runs(&file.circuit, &circuit, 4), Ok(None), "{name} after {}", pass.name);
        }
        assert!(stats(&circuit).n_ands <= n_ands_left, "{name}: {:?}", stats(&circuit).n_ands);
    }
}
