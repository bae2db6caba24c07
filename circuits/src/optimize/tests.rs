//! All passes, alone and together: the meaning stays, ANDs become no more.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::evaluate::evaluate_bits;
use crate::random::{self, Size};
use crate::stats::stats;

/// `after` means what `before` means, keeps the rules, has no more ANDs, and no origin that was not there.
fn check_pass(name: &str, before: &Circuit, after: &Circuit) {
    assert_eq!(verify(after), Ok(()), "after {name}");
    let (cost, cost_before) = (stats(after), stats(before));
    assert!(cost.n_ands <= cost_before.n_ands, "{name} made {} ANDs of {}", cost.n_ands, cost_before.n_ands);
    let mut origins = before.blocks.iter().flat_map(|block| &block.origins).copied().collect::<Vec<_>>();
    origins.sort();
    assert!(cost.ands_by_origin.keys().all(|origin| origins.binary_search(origin).is_ok()), "origins of {name}");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..8 {
        let inputs = random::inputs(before, &mut rng);
        assert_eq!(evaluate_bits(after, &inputs), evaluate_bits(before, &inputs), "after {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn passes_keep_the_meaning(seed: u64) {
        let mut circuit = random::circuit(seed, Size { n_blocks: 4, n_nodes: 80 });
        for pass in PASSES {
            let after = (pass.run)(circuit.clone());
            check_pass(pass.name, &circuit, &after);
            prop_assert_eq!(&(pass.run)(circuit), &after, "deterministic");
            circuit = after;
        }
    }
}

#[test]
fn what_is_optimal_stays() {
    let circuit = optimize(random::circuit(5, Size { n_blocks: 3, n_nodes: 200 }), 3);
    assert_eq!(fold::run(circuit.clone()), circuit);
}

/// SHA-256's compression of 16 words into 8, as a textbook has it: nothing saved anywhere.
mod textbook_sha_256 {
    use super::*;
    use crate::circuit::{InputPort, OutputPort};
    use crate::id::PartyId;
    use crate::shape::Shape;

    type Word = Vec<Wire>;

    fn add(b: &mut Builder, x: &Word, y: &Word) -> Word {
        let mut carry = Wire::FALSE;
        let mut sum = Vec::new();
        for (&p, &q) in x.iter().zip(y) {
            let half = b.xor(p, q);
            sum.push(b.xor(half, carry));
            let (both, left, right) = (b.and(p, q), b.and(p, carry), b.and(q, carry));
            let some = b.or(left, right);
            carry = b.or(both, some);
        }
        sum
    }

    fn add_all(b: &mut Builder, words: &[Word]) -> Word {
        words[1..].iter().fold(words[0].clone(), |sum, word| add(b, &sum, word))
    }

    /// The XOR of three rotations or shifts to the right.
    fn sigma(b: &mut Builder, x: &Word, rotations: &[usize], shift: Option<usize>) -> Word {
        let moved = |i: usize| {
            let rotated = rotations.iter().map(move |r| Some((i + r) % 32));
            rotated.chain(shift.map(|s| (i + s < 32).then_some(i + s)))
        };
        let bit = |b: &mut Builder, i| moved(i).flatten().fold(Wire::FALSE, |sum, at: usize| b.xor(sum, x[at]));
        (0..32).map(|i| bit(b, i)).collect()
    }

    fn choose(b: &mut Builder, e: &Word, f: &Word, g: &Word) -> Word {
        (0..32)
            .map(|i| {
                let (on_true, on_false) = (b.and(e[i], f[i]), b.and(!e[i], g[i]));
                b.or(on_true, on_false)
            })
            .collect()
    }

    fn majority(b: &mut Builder, x: &Word, y: &Word, z: &Word) -> Word {
        (0..32)
            .map(|i| {
                let (p, q, r) = (b.and(x[i], y[i]), b.and(x[i], z[i]), b.and(y[i], z[i]));
                let sum = b.xor(p, q);
                b.xor(sum, r)
            })
            .collect()
    }

    fn constant(value: u32) -> Word {
        (0..32).map(|i| Wire::constant(value >> i & 1 == 1)).collect()
    }

    /// The fractional parts of the cube roots of the first primes.
    fn round_constants() -> Vec<u32> {
        let is_prime = |n: &u128| (2..*n).all(|d| !n.is_multiple_of(d));
        let cube_root = |n: u128| {
            let target = n << 96;
            (0..36).rev().fold(0u128, |root, bit| {
                let next = root | 1 << bit;
                if next.pow(3) <= target { next } else { root }
            })
        };
        (2..).filter(is_prime).take(64).map(|prime| cube_root(prime) as u32).collect()
    }

    fn compression(b: &mut Builder, block: &[Wire], state: &[Wire]) -> Vec<Word> {
        let mut schedule: Vec<Word> = block.chunks(32).map(<[Wire]>::to_vec).collect();
        for t in 16..64 {
            let (s0, s1) =
                (sigma(b, &schedule[t - 15], &[7, 18], Some(3)), sigma(b, &schedule[t - 2], &[17, 19], Some(10)));
            let word = add_all(b, &[s1, schedule[t - 7].clone(), s0, schedule[t - 16].clone()]);
            schedule.push(word);
        }
        let state: Vec<Word> = state.chunks(32).map(<[Wire]>::to_vec).collect();
        let mut v = state.clone();
        for (word, k) in schedule.into_iter().zip(round_constants()) {
            let (sum1, choice) = (sigma(b, &v[4], &[6, 11, 25], None), choose(b, &v[4], &v[5], &v[6]));
            let t1 = add_all(b, &[v[7].clone(), sum1, choice, constant(k), word]);
            let (sum0, most) = (sigma(b, &v[0], &[2, 13, 22], None), majority(b, &v[0], &v[1], &v[2]));
            let t2 = add(b, &sum0, &most);
            v.rotate_right(1);
            v[4] = add(b, &v[4], &t1);
            v[0] = add(b, &t1, &t2);
        }
        state.iter().zip(&v).map(|(x, y)| add(b, x, y)).collect()
    }

    fn circuit() -> Circuit {
        let mut builder = Builder::new("main", 768);
        let inputs = builder.inputs();
        let words = compression(&mut builder, &inputs[..512], &inputs[512..]);
        let main = builder.finish(words.concat()).unwrap();
        let words = |len| Shape::Array { element: Box::new(Shape::unsigned(32)), len };
        let input = |name: &str, len| InputPort { name: name.into(), party: PartyId(0), shape: words(len) };
        let output = OutputPort { name: String::new(), recipients: vec![PartyId(0)], shape: words(8) };
        let inputs = vec![input("block", 16), input("state", 8)];
        Blocks::new().into_circuit(main, vec!["p".into()], inputs, vec![output])
    }

    #[test]
    fn it_comes_down_to_the_best_known() {
        let circuit = circuit();
        let optimized = optimize(circuit.clone(), 3);
        check_pass("all", &circuit, &optimized);
        let n_ands = stats(&optimized).n_ands;
        assert!(n_ands <= 22_573, "{n_ands} ANDs of {}", stats(&circuit).n_ands);

        let initial =
            [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
        let mut words = vec![0x6162_6380_u32];
        words.resize(15, 0);
        words.push(24);
        words.extend(initial);
        let bits: Vec<bool> = words.iter().flat_map(|word| (0..32).map(move |i| word >> i & 1 == 1)).collect();
        let outputs = evaluate_bits(&optimized, &bits);
        let first = (0..32).fold(0, |word, i| word | u32::from(outputs[i]) << i);
        assert_eq!(first, 0xba78_16bf, "of \"abc\", FIPS 180-4");
    }
}
