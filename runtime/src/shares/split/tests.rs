//! The split circuit against the whole one, over all values, and over bits that are no values.

use std::collections::BTreeMap;

use hushgate_circuits::evaluate::evaluate_bits;
use hushgate_circuits::stats::stats;
use hushgate_circuits::verify::verify;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::*;

fn int(lo: i64, hi: i64) -> Shape {
    Shape::Int { name: "int".to_owned(), lo: lo.into(), hi: hi.into() }
}

fn option_of(payload: Shape) -> Shape {
    let variants =
        vec![("None".to_owned(), Shape::Tuple(Vec::new())), ("Some".to_owned(), Shape::Tuple(vec![payload]))];
    Shape::Enum { name: "Option<int>".to_owned(), variants }
}

/// Three parties give a value of this shape each; all learn the products of its bits and the sum of all bits.
fn whole(shape: &Shape) -> Circuit {
    let width = shape.width() as u32;
    let mut b = Builder::new("main", 3 * width);
    let x = b.inputs();
    let [p, q, r] = [0, 1, 2].map(|i| x[(i * width) as usize..((i + 1) * width) as usize].to_vec());
    let products: Vec<Wire> = p
        .iter()
        .zip(&q)
        .zip(&r)
        .map(|((&p, &q), &r)| {
            let pq = b.and(p, q);
            b.xor(pq, r)
        })
        .collect();
    let names = ["p", "q", "r"].map(str::to_owned).to_vec();
    let port = |i: u32| InputPort { name: "x".to_owned(), party: PartyId(i), shape: shape.clone() };
    let outputs = vec![
        OutputPort { name: "y".to_owned(), recipients: vec![PartyId(1), PartyId(2)], shape: bits_of(shape) },
        OutputPort { name: "z".to_owned(), recipients: vec![PartyId(0)], shape: bits_of(shape) },
    ];
    let wires = [products.clone(), products].concat();
    let main = b.finish(wires).unwrap();
    Blocks::new().into_circuit(main, names, vec![port(0), port(1), port(2)], outputs)
}

/// Runs the split circuit on bits that participants share at random; the bits of each output port by name, unmasked.
fn run(circuit: &Circuit, given: &[(&str, Vec<bool>)], rng: &mut ChaCha20Rng) -> Vec<(String, Vec<bool>)> {
    let mut bits = Vec::new();
    let mut pads: Vec<(String, Vec<bool>)> = Vec::new();
    let mut ports = circuit.inputs.iter().peekable();
    while let Some(port) = ports.next() {
        let width = port.shape.width() as usize;
        let own = given.iter().find(|(name, _)| *name == port.name).map(|(_, bits)| bits.clone());
        if ports.peek().is_none_or(|next| next.name != port.name) {
            bits.extend(own.unwrap());
            continue;
        }
        ports.next();
        let mut random = || -> Vec<bool> { (0..width).map(|_| rng.next_u32() & 1 == 1).collect() };
        let secret = own.unwrap_or_else(|| {
            let pad = random();
            pads.push((port.name.replace("pad of ", ""), pad.clone()));
            pad
        });
        let share = random();
        bits.extend(share.iter());
        bits.extend(secret.iter().zip(&share).map(|(x, a)| x ^ a));
    }
    let mut rest = &evaluate_bits(circuit, &bits)[..];
    let mut outputs = Vec::new();
    for port in &circuit.outputs {
        let (mut bits, after) = {
            let (bits, after) = rest.split_at(port.shape.width() as usize);
            (bits.to_vec(), after)
        };
        rest = after;
        if let Some((_, pad)) = pads.iter().find(|(name, _)| *name == port.name) {
            bits.iter_mut().zip(pad).for_each(|(bit, pad)| *bit ^= pad);
        }
        outputs.push((port.name.clone(), bits));
    }
    outputs
}

fn all_bits(width: u64) -> impl Iterator<Item = Vec<bool>> {
    (0..1u32 << width).map(move |n| (0..width).map(|i| n >> i & 1 == 1).collect())
}

#[track_caller]
fn check(shape: &Shape) {
    let circuit = whole(shape);
    let split = split(circuit.clone(), ["p", "server"], &[]).unwrap();
    verify(&split).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let neutral = shape.encode(&neutral(shape)).unwrap();
    for q in all_bits(shape.width()) {
        for r in [q.iter().map(|bit| !bit).collect(), neutral.clone()] {
            let p = neutral.clone();
            let outputs = run(&split, &[("x", p.clone()), ("q.x", q.clone()), ("r.x", r.clone())], &mut rng);
            let value = |bits: &Vec<bool>| {
                let is_value = shape.encode(&shape.decode(bits)).is_ok_and(|again| again == *bits);
                if is_value { bits.clone() } else { neutral.clone() }
            };
            let clean = [p, value(&q), value(&r)].concat();
            let expected = &evaluate_bits(&circuit, &clean)[..q.len()];
            for name in ["z", "q.y", "r.y"] {
                let (_, found) = outputs.iter().find(|(output, _)| output == name).unwrap();
                assert_eq!(found, expected, "{name} of {shape:?} for {q:?}, {r:?}");
            }
        }
    }
}

#[test]
fn every_shape_is_put_together_and_what_is_no_value_becomes_neutral() {
    for shape in [int(0, 7), int(0, 5), int(2, 6), int(-3, 3), int(-8, 7), int(-6, -2), Shape::Bool, int(1, 1)] {
        check(&shape);
        check(&option_of(shape.clone()));
        check(&Shape::Tuple(vec![shape, Shape::Bool]));
    }
    let named = |name: &str, shape: Shape| (name.to_owned(), shape);
    let nothing = || Shape::Tuple(Vec::new());
    for variants in [
        vec![named("A", nothing()), named("B", nothing()), named("C", nothing())],
        vec![named("A", int(0, 5)), named("B", Shape::Bool)],
        vec![named("A", nothing()), named("B", int(1, 3)), named("C", Shape::Bool)],
    ] {
        check(&Shape::Enum { name: "E".to_owned(), variants });
    }
}

#[test]
fn what_is_out_of_range_is_counted_for_each_participant() {
    let split = split(whole(&int(0, 5)), ["p", "s"], &[]).unwrap();
    let bits = |n: u32| -> Vec<bool> { (0..3).map(|i| n >> i & 1 == 1).collect() };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for (q, r, count) in [(0, 5, 0), (6, 5, 1), (6, 7, 2)] {
        let outputs = run(&split, &[("x", bits(1)), ("q.x", bits(q)), ("r.x", bits(r))], &mut rng);
        let (_, found) = outputs.iter().find(|(name, _)| name == OUT_OF_RANGE).unwrap();
        assert_eq!(found, &bits(count)[..2]);
    }
}

#[test]
fn options_that_hold_something_else_are_none() {
    let shape = Shape::Array { element: Box::new(option_of(int(0, 2))), len: 2 };
    let split = split(whole(&shape), ["p", "s"], &[]).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    // Some(3) beside Some(2), and a None with a payload.
    let bits = |text: &str| -> Vec<bool> { text.bytes().map(|c| c == b'1').collect() };
    let given = [("x", bits("111111")), ("q.x", bits("111101")), ("r.x", bits("010000"))];
    let outputs = run(&split, &given, &mut rng);
    assert_eq!(outputs.iter().find(|(name, _)| name == "z").unwrap().1, bits("000101"));
    assert_eq!(outputs.iter().find(|(name, _)| name == OUT_OF_RANGE).unwrap().1, bits("10"));
}

#[test]
fn without_ranges_many_participants_cost_what_two_cost() {
    let circuit = whole(&int(0, 255));
    let split = split(circuit.clone(), ["one", "two"], &[]).unwrap();
    assert_eq!(stats(&split).n_ands, stats(&circuit).n_ands);
    assert!(split.outputs.iter().all(|port| port.name != OUT_OF_RANGE));
    assert_eq!(split.parties, ["one", "two"]);
    assert!(split.inputs.iter().all(|port| port.party.0 < 2));
}

#[test]
fn the_two_learn_masked_bits_only() {
    let split = split(whole(&int(0, 5)), ["one", "two"], &[]).unwrap();
    let mut masked = split.outputs.iter().filter(|port| port.name != OUT_OF_RANGE);
    assert!(masked.all(|port| port.name.contains('.') && matches!(port.shape, Shape::Array { .. })));
    assert!(matches!(super::split(whole(&Shape::Bool), ["p", "p"], &[]), Err(CannotSplit::OneParty(_))));
}

/// Participants p, q, r and s give a number of two bits each; all four learn the sum, or only the first two.
fn sum_of_four(to: &[u32]) -> Circuit {
    let mut b = Builder::new("main", 8);
    let x = b.inputs();
    let sum = x.chunks(2).fold(vec![Wire::FALSE; 4], |sum, x| {
        let wide = [x[0], x[1], Wire::FALSE, Wire::FALSE];
        let mut carry = Wire::FALSE;
        let mut add = |(&a, &b_): (&Wire, &Wire)| {
            let (ac, bc) = (b.xor(a, carry), b.xor(b_, carry));
            let (out, both) = (b.xor(ac, b_), b.and(ac, bc));
            carry = b.xor(both, carry);
            out
        };
        sum.iter().zip(&wide).map(&mut add).collect()
    });
    let names = ["p", "q", "r", "s"].map(str::to_owned).to_vec();
    let inputs = (0..4).map(|i| InputPort { name: "x".to_owned(), party: PartyId(i), shape: int(0, 3) }).collect();
    let recipients = to.iter().map(|&party| PartyId(party)).collect();
    let outputs = vec![OutputPort { name: "sum".to_owned(), recipients, shape: int(0, 15) }];
    let main = b.finish(sum).unwrap();
    Blocks::new().into_circuit(main, names, inputs, outputs)
}

/// How often each view occurs that server `seat` and the participants r and s have together, over all that p and q choose at random; also with
/// what the other server holds, if `with_other`. Shares and pads of r and s are fixed, as they know them; they give 1 and 2.
///
/// The pad and the share of the sum have four bits, of which `window` are tried and the others 0: bit by bit they are alike.
fn views(to: &[u32], [p, q]: [u32; 2], seat: usize, window: u32, with_other: bool) -> BTreeMap<Vec<bool>, u32> {
    let circuit = split(sum_of_four(to), ["one", "two"], &[]).unwrap();
    let bits = |n: u32, width: u32| (0..width).map(move |i| n >> i & 1 == 1).collect::<Vec<bool>>();
    let n_pads = to.iter().filter(|&&party| party < 2).count() as u32;
    let n_random = 4 + 4 * n_pads;
    let mut views = BTreeMap::new();
    for random in 0..1u32 << n_random {
        let mut chance = bits(random, n_random).into_iter();
        let mut take = |n: usize| chance.by_ref().take(n).collect::<Vec<bool>>();
        let (mut given, mut seen) = (Vec::new(), Vec::new());
        for ports in circuit.inputs.chunks(2) {
            let width = ports[0].shape.width() as usize;
            let is_ours = ports[0].name.starts_with(['p', 'q']);
            let is_pad = ports[0].name.contains("pad");
            let mut some = || {
                let mut some = take(2);
                some.resize(width, false);
                some.rotate_right(window as usize * 2);
                some
            };
            let (secret, share) = match (is_ours, is_pad) {
                (true, true) => (some(), some()),
                (true, false) => (bits(if ports[0].name.starts_with('p') { p } else { q }, 2), take(2)),
                (false, true) => (vec![false; width], vec![false; width]),
                (false, false) => (bits(if ports[0].name.starts_with('r') { 1 } else { 2 }, 2), vec![false; width]),
            };
            let other: Vec<bool> = secret.iter().zip(&share).map(|(x, share)| x ^ share).collect();
            let held = [share, other];
            seen.extend_from_slice(&held[seat]);
            if with_other {
                seen.extend_from_slice(&held[1 - seat]);
            }
            given.extend(held.concat());
        }
        let outputs = evaluate_bits(&circuit, &given);
        let mut at = 0;
        for port in &circuit.outputs {
            let width = port.shape.width() as usize;
            let of_two = window as usize * 2..window as usize * 2 + 2;
            // Bits of a mask that is not tried are known here, and only here.
            let hidden = port.name.starts_with(['p', 'q']);
            let of = if hidden { of_two } else { 0..width };
            seen.extend_from_slice(&outputs[at..at + width][of]);
            at += width;
        }
        *views.entry(seen).or_default() += 1;
    }
    views
}

/// The documented assumption, exactly: what one server and all participants but two see together has one and the same distribution for all inputs
/// of the two that give the same result, and for all inputs whatsoever if none of those who look learns a result. With the other server's share it has not.
#[test]
fn one_server_and_all_participants_but_two_learn_nothing_of_the_two() {
    for seat in [0, 1] {
        for window in [0, 1] {
            let all = &[0, 1, 2, 3];
            let expected = views(all, [0, 3], seat, window, false);
            for same_sum in [[1, 2], [2, 1], [3, 0]] {
                assert_eq!(views(all, same_sum, seat, window, false), expected, "{same_sum:?}");
            }
            assert_ne!(views(all, [3, 3], seat, window, false), expected, "a result says what it says");
            assert_ne!(views(all, [1, 2], seat, window, true), views(all, [0, 3], seat, window, true));
            let expected = views(&[0, 1], [0, 0], seat, window, false);
            for any in [[0, 1], [3, 0], [2, 3], [3, 3]] {
                assert_eq!(views(&[0, 1], any, seat, window, false), expected, "{any:?}");
            }
        }
    }
}
