//! Honest runs of every mode, and one cheating peer for every check.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::Identity;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::base::{self, BaseReceiver};
use super::chosen;
use super::direct::{self, DirectReceiver};
use super::pool::{self, PoolReceiver, PoolSender};
use super::random::RandomOt;
use super::{Labels, Message, PeerMisbehaved, Purpose, SessionId};
use crate::block::{Block, Delta};

const SESSION: SessionId = [7; 32];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn random_choices(n: usize, rng: &mut ChaCha20Rng) -> Vec<bool> {
    (0..n).map(|_| rng.random()).collect()
}

fn assert_correlated(zero: &[Block], active: &[Block], choices: &[bool], delta: &Delta) {
    assert_eq!(zero.len(), choices.len());
    assert_eq!(active.len(), choices.len());
    for ((&zero, &active), &choice) in zero.iter().zip(active).zip(choices) {
        assert_eq!(u128::from(zero ^ delta.times(choice)), u128::from(active));
    }
}

mod base_ot {
    use super::*;

    fn run(sender: &SessionId, receiver: &SessionId, choices: &[bool]) -> (Vec<[u128; 2]>, Vec<u128>) {
        let mut rng = rng(1);
        let (state, points) = BaseReceiver::start(receiver, Purpose::Extension, choices, &mut rng);
        assert_eq!(points.len(), base::points_bytes(choices.len()));
        let (pairs, reply) =
            base::send(sender, Purpose::Extension, choices.len(), &points, &mut rng).expect("honest points");
        let keys = state.finish(&reply).expect("honest reply");
        (pairs.iter().map(|pair| pair.map(u128::from)).collect(), keys.iter().map(|&key| key.into()).collect())
    }

    #[test]
    fn receiver_gets_exactly_the_chosen_keys() {
        for n in [0, 1, 2, 31, 32, 33, 100] {
            let choices = random_choices(n, &mut rng(n as u64));
            let (pairs, keys) = run(&SESSION, &SESSION, &choices);
            assert_eq!((pairs.len(), keys.len()), (n, n));
            for ((pair, key), &choice) in pairs.iter().zip(&keys).zip(&choices) {
                assert_eq!(pair[usize::from(choice)], *key);
                assert_ne!(pair[usize::from(!choice)], *key);
            }
        }
    }

    #[test]
    fn another_session_gives_unrelated_keys() {
        let (pairs, keys) = run(&SESSION, &[8; 32], &[false, true]);
        assert!(pairs.iter().zip(&keys).all(|(pair, key)| !pair.contains(key)));
    }

    #[test]
    fn equal_points_at_two_positions_give_different_keys() {
        let mut rng = rng(3);
        let (_, mut points) = BaseReceiver::start(&SESSION, Purpose::Direct, &[true, true], &mut rng);
        points.copy_within(..64, 64);
        let (pairs, _) = base::send(&SESSION, Purpose::Direct, 2, &points, &mut rng).expect("valid points");
        let [first, second] = [pairs[0].map(u128::from), pairs[1].map(u128::from)];
        assert!(first.iter().all(|key| !second.contains(key)));
    }

    fn bad_points() -> Vec<[u8; 32]> {
        let mut non_canonical = [0xff; 32];
        non_canonical[0] = 0xed; // The field's order, a second zero.
        non_canonical[31] = 0x7f;
        let mut negative = (RistrettoPoint::mul_base(&7u64.into())).compress().to_bytes();
        negative[0] |= 1;
        vec![RistrettoPoint::identity().compress().to_bytes(), non_canonical, [0xff; 32], negative]
    }

    #[test]
    fn sender_refuses_bad_points_and_names_them() {
        let mut rng = rng(4);
        let choices = random_choices(40, &mut rng);
        let (_, points) = BaseReceiver::start(&SESSION, Purpose::Direct, &choices, &mut rng);
        for bad in bad_points() {
            for index in [0, 1, 65, 79] {
                let mut points = points.clone();
                points[32 * index..32 * (index + 1)].copy_from_slice(&bad);
                let error = base::send(&SESSION, Purpose::Direct, 40, &points, &mut rng).err();
                assert_eq!(error, Some(PeerMisbehaved::Point { message: Message::BasePoints, index }));
            }
        }
    }

    #[test]
    fn receiver_refuses_bad_points() {
        for bad in bad_points() {
            let (state, _) = BaseReceiver::start(&SESSION, Purpose::Direct, &[true], &mut rng(5));
            let error = state.finish(&bad).err();
            assert_eq!(error, Some(PeerMisbehaved::Point { message: Message::BaseReply, index: 0 }));
        }
    }

    #[test]
    fn wrong_lengths_are_refused_before_they_are_read() {
        let mut rng = rng(6);
        for found in [0, 63, 65, 127, 129, 1 << 16] {
            let error = base::send(&SESSION, Purpose::Direct, 2, &vec![1; found], &mut rng).err();
            assert_eq!(error, Some(PeerMisbehaved::Length { message: Message::BasePoints, found, expected: 128 }));
            let (state, _) = BaseReceiver::start(&SESSION, Purpose::Direct, &[true], &mut rng);
            let error = state.finish(&vec![1; found]).err();
            assert_eq!(error, Some(PeerMisbehaved::Length { message: Message::BaseReply, found, expected: 32 }));
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(points in prop::collection::vec(any::<u8>(), 0..200), n in 0usize..4) {
            let _ = base::send(&SESSION, Purpose::Direct, n, &points, &mut rng(9));
            let (state, _) = BaseReceiver::start(&SESSION, Purpose::Direct, &[false], &mut rng(9));
            let _ = state.finish(&points);
        }
    }

    #[test]
    fn changing_any_point_changes_every_key() {
        let mut rng1 = rng(10);
        let (_, points) = BaseReceiver::start(&SESSION, Purpose::Direct, &[true, false], &mut rng1);
        let mut changed = points.clone();
        let other = BaseReceiver::start(&SESSION, Purpose::Direct, &[true], &mut rng1).1;
        changed[64..].copy_from_slice(&other);
        let keys = |points: &[u8]| base::send(&SESSION, Purpose::Direct, 2, points, &mut rng(11)).expect("valid").0;
        let [before, after] = [keys(&points), keys(&changed)];
        assert_ne!(before[0].map(u128::from), after[0].map(u128::from));
    }
}

mod direct_ot {
    use super::*;

    #[test]
    fn labels_are_correlated_under_delta() {
        for n in [0, 1, 7, 64, 129] {
            let mut rng = rng(n as u64);
            let (delta, choices) = (Delta::random(&mut rng), random_choices(n, &mut rng));
            let (receiver, request) = DirectReceiver::start(&SESSION, &choices, &mut rng);
            assert_eq!(request.len(), direct::request_bytes(n));
            let (zero, reply) = direct::send(&SESSION, &delta, n, &request, &mut rng).expect("honest request");
            assert_eq!(reply.len(), receiver.reply_bytes());
            let active = receiver.finish(&reply).expect("honest reply");
            assert_correlated(&zero, &active, &choices, &delta);
        }
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let (receiver, request) = DirectReceiver::start(&SESSION, &[true, false], &mut rng(1));
        let error = receiver.finish(&[0; 63]).err();
        assert_eq!(error, Some(PeerMisbehaved::Length { message: Message::DirectReply, found: 63, expected: 64 }));
        let delta = Delta::random(&mut rng(2));
        assert!(direct::send(&SESSION, &delta, 3, &request, &mut rng(2)).is_err());
    }
}

/// Correlated OTs from a trusted dealer: zero labels and the receiver's.
fn deal(choices: &[bool], delta: &Delta, rng: &mut ChaCha20Rng) -> (Labels, Labels) {
    let pair = |&choice: &bool| {
        let zero = Block::random(rng);
        (zero, zero ^ delta.times(choice))
    };
    let (zero, active) = choices.iter().map(pair).unzip();
    (Labels::new(zero), Labels::new(active))
}

/// What both know before the messages of random and of chosen OTs: choices of some numbers of OTs, and their labels.
fn batches(delta: &Delta, rng: &mut ChaCha20Rng) -> Vec<(Vec<bool>, Labels, Labels)> {
    let batch = |n| {
        let choices = random_choices(n, rng);
        let (zero, active) = deal(&choices, delta, rng);
        (choices, zero, active)
    };
    [0, 1, 7, 100].map(batch).into()
}

mod random_ot {
    use super::*;

    #[test]
    fn receiver_gets_exactly_the_chosen_keys() {
        let rng = &mut rng(1);
        let delta = Delta::random(rng);
        let (mut sender, mut receiver) = (RandomOt::new(&SESSION), RandomOt::new(&SESSION));
        for (choices, zero, active) in batches(&delta, rng) {
            let (pairs, keys) = (sender.sender(&delta, &zero), receiver.receiver(active));
            for ((pair, &key), &choice) in pairs.iter().zip(keys.iter()).zip(&choices) {
                assert_eq!(u128::from(pair[usize::from(choice)]), u128::from(key));
                assert_ne!(u128::from(pair[usize::from(!choice)]), u128::from(key));
            }
        }
    }

    /// The attack on a hash without the OT's index: equal labels, equal keys.
    #[test]
    fn equal_labels_give_unrelated_keys() {
        let rng = &mut rng(2);
        let (delta, label) = (Delta::random(rng), Block::random(rng));
        let mut ots = RandomOt::new(&SESSION);
        let mut all: Vec<u128> = Vec::new();
        for _ in 0..3 {
            all.extend(ots.sender(&delta, &[label; 2]).as_flattened().iter().map(|&key| u128::from(key)));
        }
        all.extend(RandomOt::new(&[1; 32]).sender(&delta, &[label]).as_flattened().iter().map(|&key| u128::from(key)));
        let distinct: std::collections::HashSet<u128> = all.iter().copied().collect();
        assert_eq!(distinct.len(), 14);
        // Nor are differences of a pair's keys the same.
        let offsets: std::collections::HashSet<u128> = all.chunks(2).map(|pair| pair[0] ^ pair[1]).collect();
        assert_eq!(offsets.len(), 7);
    }
}

mod chosen_ot {
    use super::*;

    #[test]
    fn receiver_gets_exactly_the_chosen_messages() {
        let rng = &mut rng(1);
        let delta = Delta::random(rng);
        let (mut sender, mut receiver) = (RandomOt::new(&SESSION), RandomOt::new(&SESSION));
        for (choices, zero, active) in batches(&delta, rng) {
            let n = choices.len();
            let messages: Vec<[Block; 2]> = (0..n).map(|_| [Block::random(rng), Block::random(rng)]).collect();
            let masked = chosen::send(&mut sender, &delta, &zero, &messages);
            assert_eq!(masked.len(), chosen::masked_bytes(n));
            let received = chosen::receive(&mut receiver, active, &choices, &masked).expect("right length");
            let wanted = messages.iter().zip(&choices).map(|(pair, &choice)| u128::from(pair[usize::from(choice)]));
            assert!(received.iter().map(|&message| u128::from(message)).eq(wanted));
            for found in [0, masked.len() + 1, masked.len() + 16] {
                let (_, active) = deal(&choices, &delta, rng);
                let error = chosen::receive(&mut RandomOt::new(&SESSION), active, &choices, &vec![0; found]).err();
                let wrong = PeerMisbehaved::Length { message: Message::Masked, found, expected: masked.len() };
                assert_eq!(error, (found != masked.len()).then_some(wrong));
            }
        }
    }

    /// What is sent twice is masked differently each time, and a pair of equal messages by two keys.
    #[test]
    fn no_key_masks_two_messages() {
        let rng = &mut rng(2);
        let (delta, label) = (Delta::random(rng), Block::random(rng));
        let mut ots = RandomOt::new(&SESSION);
        let masked: Vec<Vec<u8>> =
            (0..3).map(|_| chosen::send(&mut ots, &delta, &[label; 2], &[[Block::ZERO; 2]; 2])).collect();
        let distinct: std::collections::HashSet<&[u8]> = masked.iter().flat_map(|bytes| bytes.chunks(16)).collect();
        assert_eq!(distinct.len(), 12);
    }
}

mod pool_of_ots {
    use super::*;

    fn pools(n: usize, rng: &mut ChaCha20Rng) -> (PoolSender, PoolReceiver, Delta) {
        let delta = Delta::random(rng);
        let (mut sender, mut receiver) = (PoolSender::new(&delta), PoolReceiver::new());
        for n in [n / 3, n - n / 3] {
            let choices = pool::random_choices(n, rng);
            let (zero, active) = deal(&choices, &delta, rng);
            sender.add(zero);
            receiver.choose(choices);
            receiver.add(active);
        }
        (sender, receiver, delta)
    }

    #[test]
    fn one_flow_makes_labels_of_the_inputs() {
        let rng = &mut rng(1);
        let (mut sender, mut receiver, delta) = pools(1300, rng);
        for n in [0, 1, 7, 8, 9, 127, 1000] {
            let inputs = random_choices(n, rng);
            let flow = receiver.flow(&inputs);
            let active = receiver.labels(n);
            assert_eq!(flow.len(), pool::flow_bytes(n));
            let (rest, zero) = sender.take(n, &flow).expect("honest flow");
            assert_correlated(&zero, &active, &inputs, &delta);
            assert_eq!(rest.left(), receiver.left());
            sender = rest;
            // More can be added at any time.
            let choices = pool::random_choices(3, rng);
            let (zero, active) = deal(&choices, &delta, rng);
            sender.add(zero);
            receiver.choose(choices);
            receiver.add(active);
        }
    }

    /// A flow for a whole batch, one within a batch, and one for its rest.
    #[test]
    fn whole_batches_count_as_parts_do() {
        let rng = &mut rng(6);
        let (mut sender, mut receiver, delta) = pools(30, rng);
        for (n, taken) in [(10, 10), (5, 15), (15, 30)] {
            let inputs = random_choices(n, rng);
            let flow = receiver.flow(&inputs);
            let zero;
            (sender, zero) = sender.take(n, &flow).expect("honest flow");
            assert_correlated(&zero, &receiver.labels(n), &inputs, &delta);
            assert_eq!((sender.left(), receiver.left()), (30 - taken, 30 - taken));
            assert_eq!(receiver.flow(&[])[..8], (taken as u64).to_le_bytes());
        }
    }

    #[test]
    fn flows_are_refused_where_they_do_not_fit() {
        let rng = &mut rng(2);
        for take in [1, 7, 8] {
            let (sender, mut receiver, _) = pools(20, rng);
            let first = receiver.flow(&vec![true; take]);
            let (sender, _) = sender.take(take, &first).expect("honest flow");
            let replayed = sender.take(take, &first).err();
            assert_eq!(replayed, Some(PeerMisbehaved::PoolPosition { found: 0, expected: take as u64 }));
        }
        for found in [0, 7, 8, 10, 1 << 16] {
            let (sender, ..) = pools(20, rng);
            let error = sender.take(8, &vec![0; found]).err();
            assert_eq!(error, Some(PeerMisbehaved::Length { message: Message::PoolFlow, found, expected: 9 }));
        }
        for bit in 3..8 {
            let (sender, mut receiver, _) = pools(20, rng);
            let mut flow = receiver.flow(&[true; 3]);
            flow[8] |= 1 << bit;
            assert_eq!(sender.take(3, &flow).err(), Some(PeerMisbehaved::PoolPadding));
        }
    }

    #[test]
    #[should_panic(expected = "2 OTs wanted, 1 left in the pool")]
    fn no_ot_is_handed_out_twice() {
        let (_, mut receiver, _) = pools(3, &mut rng(3));
        receiver.flow(&[true; 2]);
        receiver.flow(&[true; 2]);
    }

    /// Inputs are hidden before their labels are known: a flow may leave together with what asks for the labels.
    #[test]
    fn a_flow_need_not_wait_for_its_labels() {
        let rng = &mut rng(4);
        let (delta, inputs) = (Delta::random(rng), random_choices(5, rng));
        let (mut sender, mut receiver) = (PoolSender::new(&delta), PoolReceiver::new());
        let choices = pool::random_choices(8, rng);
        receiver.choose(choices.clone());
        let flow = receiver.flow(&inputs);
        let (zero, active) = deal(&choices, &delta, rng);
        sender.add(zero);
        receiver.add(active);
        let (_, zero) = sender.take(5, &flow).expect("honest flow");
        assert_correlated(&zero, &receiver.labels(5), &inputs, &delta);
        assert_eq!(receiver.left(), 3);
    }

    #[test]
    #[should_panic(expected = "a flow comes before its labels")]
    fn labels_are_of_inputs() {
        pools(3, &mut rng(5)).1.labels(2);
    }
}
