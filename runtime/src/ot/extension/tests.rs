//! Honest batches of all sizes; an evaluator that cheats in every message.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::*;

const SESSION: SessionId = [9; 32];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn random_choices(n: usize, rng: &mut ChaCha20Rng) -> Vec<bool> {
    (0..n).map(|_| rng.random()).collect()
}

/// Both parties after an honest setup, and the garbler's Δ.
fn setup(depth: Depth, rng: &mut ChaCha20Rng) -> (CotSender, CotReceiver, Block) {
    let delta = Delta::random(rng);
    let (sender, points) = CotSetup::start(&SESSION, depth, &delta, rng);
    assert_eq!(points.len(), POINTS_BYTES);
    let (receiver, trees) = CotReceiver::accept(&SESSION, depth, &points, rng).expect("honest points");
    assert_eq!(trees.len(), depth.trees_bytes());
    (sender.finish(&trees).expect("honest trees"), receiver, delta.block())
}

/// As [`setup`], with a trusted dealer in place of base OTs and trees: cheap enough for many trials.
fn dealt(depth: Depth, rng: &mut ChaCha20Rng) -> (CotSender, CotReceiver, Block) {
    let delta = Delta::random(rng).block();
    let leaves: Vec<Block> = (0..depth.trees() * depth.leaves()).map(|_| Block::random(rng)).collect();
    let punctured: Vec<Block> = (0..leaves.len())
        .map(|i| leaves[i ^ depth.position(delta, i / depth.leaves())].masked(i % depth.leaves() != 0))
        .collect();
    let transcript = || Transcript::new(&SESSION, depth);
    let sender = CotSender {
        streams: Streams::new(depth, &punctured, true),
        delta: Zeroizing::new(delta),
        transcript: transcript(),
    };
    (sender, CotReceiver { streams: Streams::new(depth, &leaves, false), transcript: transcript() }, delta)
}

fn assert_correlated(zero: &[Block], active: &[Block], choices: &[bool], delta: Block) {
    assert_eq!((zero.len(), active.len()), (choices.len(), choices.len()));
    for ((&zero, &active), &choice) in zero.iter().zip(active).zip(choices) {
        assert_eq!(u128::from(zero ^ delta.masked(choice)), u128::from(active));
    }
}

#[test]
fn batches_of_all_sizes_are_correlated_under_one_delta() {
    for depth in Depth::ALL {
        let rng = &mut rng(1);
        let (mut sender, mut receiver, delta) = setup(depth, rng);
        assert!(delta.lsb());
        let mut seen = std::collections::HashSet::new();
        for n in [0, 1, 7, 8, 63, 64, 65, 127, 128, 129, 1000, 1024, 10_000] {
            let choices = random_choices(n, rng);
            let (batch, matrix) = receiver.extend(&choices, rng);
            assert_eq!(matrix.len(), depth.matrix_bytes(n));
            let (pending, challenge) = sender.extend(n, &matrix, rng).expect("honest matrix");
            let (next, active, response) = batch.respond(&challenge).expect("honest challenge");
            let (ready, zero) = pending.verify(&response).expect("honest response");
            assert_correlated(&zero, &active, &choices, delta);
            assert!(zero.iter().all(|&label| seen.insert(u128::from(label))), "a label came twice");
            (sender, receiver) = (ready, next);
        }
    }
}

type Parties = (CotSender, CotReceiver, Block);

/// How an evaluator cheats.
trait Cheat {
    /// Changes the matrix.
    fn matrix(&self, _matrix: &mut [u8]) {}
    /// Changes the answers, knowing the challenge.
    fn response(&self, _challenge: Challenge, _response: &mut [u8]) {}
}

/// Runs a batch of 200 with a cheating evaluator; whether the garbler accepts.
fn accepts((sender, receiver, _): Parties, rng: &mut ChaCha20Rng, cheat: &impl Cheat) -> bool {
    let mut transcript = receiver.transcript.clone();
    let choices = random_choices(200, rng);
    let (mut batch, mut matrix) = receiver.extend(&choices, rng);
    cheat.matrix(&mut matrix);
    let mut hash = transcript.matrix_hash(choices.len());
    transcript.absorb_matrix(hash.update(&matrix));
    batch.receiver.transcript = transcript.clone();
    let (pending, challenge) = sender.extend(choices.len(), &matrix, rng).expect("right length");
    let (_, _, mut response) = batch.respond(&challenge).expect("honest challenge");
    cheat.response(transcript.challenge(&challenge), &mut response);
    let verdict = pending.verify(&response).err();
    assert!(matches!(verdict, None | Some(PeerMisbehaved::Correlation)));
    verdict.is_none()
}

/// Uses another choice bit in one tree, and hopes that the tree is punctured at `guess`.
struct WrongTree {
    depth: Depth,
    tree: usize,
    ot: usize,
    guess: usize,
}

impl Cheat for WrongTree {
    fn matrix(&self, matrix: &mut [u8]) {
        let tiles = tiles(200);
        let word = self.tree * tiles + self.ot / TILE;
        matrix[16 * word + self.ot % TILE / 8] ^= 1 << (self.ot % 8);
    }

    fn response(&self, challenge: Challenge, response: &mut [u8]) {
        let mut error = vec![Block::ZERO; tiles(200)];
        error[self.ot / TILE] = Block::from(1 << (self.ot % TILE));
        let error = challenge.hash_column(&error).to_le_bytes();
        for bit in (0..self.depth.bits()).filter(|bit| self.guess >> bit & 1 == 1) {
            let column = HASH_BYTES * (1 + self.tree * self.depth.bits() + bit);
            response[column..column + HASH_BYTES].iter_mut().zip(error).for_each(|(byte, error)| *byte ^= error);
        }
    }
}

/// The best cheat in one tree passes exactly when its guess of that tree's part of Δ is right: at rate 2^−k.
#[test]
fn a_wrong_matrix_passes_only_by_guessing_delta() {
    for (depth, trials, passes) in [(Depth::Two, 120, 14..=48), (Depth::Four, 160, 2..=24), (Depth::Eight, 40, 0..=3)] {
        let mut passed = 0;
        for trial in 0..trials {
            let rng = &mut rng(trial);
            let parties = dealt(depth, rng);
            let tree = 1 + rng.random_range(1..depth.trees()) % (depth.trees() - 1); // Tree 0 has the public lsb of Δ.
            let cheat =
                WrongTree { depth, tree, ot: rng.random_range(0..384), guess: rng.random_range(0..depth.leaves()) };
            let right = depth.position(parties.2, tree) == cheat.guess;
            assert_eq!(accepts(parties, rng, &cheat), right);
            passed += usize::from(right);
        }
        assert!(passes.contains(&passed), "{passed} of {trials} at {depth:?}");
    }
}

/// Answers with other hashes.
struct WrongAnswer {
    byte: usize,
}

impl Cheat for WrongAnswer {
    fn response(&self, _: Challenge, response: &mut [u8]) {
        response[self.byte] ^= 0x10;
    }
}

/// The bound in the module's text: the sum over the size of the largest class of colliding vectors stays below two.
#[test]
fn collisions_cost_less_than_two_epsilons() {
    for depth in Depth::ALL {
        for m in 2..=depth.trees() {
            let pairs = |n: usize| (n * (n - 1)) as f64;
            let term = |c: usize| pairs(m) / pairs(c) * 0.5f64.powi((depth.bits() * (m - c)) as i32);
            let sum: f64 = (2..=m).map(term).sum();
            assert!(sum <= 1.875, "{m} vectors at {depth:?}: {sum}");
        }
    }
    let epsilon = (2 * tiles(BATCH_MAX) - 1) as f64 / 2f64.powi(64);
    assert!(2.0 * epsilon < 2f64.powi(-44));
}

#[test]
fn every_byte_of_the_response_counts() {
    for byte in (0..RESPONSE_BYTES).step_by(13).chain([RESPONSE_BYTES - 1]) {
        let rng = &mut rng(byte as u64);
        let parties = dealt(Depth::Four, rng);
        assert!(!accepts(parties, rng, &WrongAnswer { byte }), "byte {byte}");
    }
}

/// An honest evaluator; what [`accepts`] must accept.
struct Honest;

impl Cheat for Honest {}

#[test]
fn honest_batches_pass_the_harness() {
    for depth in Depth::ALL {
        let rng = &mut rng(5);
        assert!(accepts(dealt(depth, rng), rng, &Honest));
        assert!(accepts(setup(depth, rng), rng, &Honest));
    }
}

#[test]
fn a_matrix_changed_on_the_way_is_refused() {
    // Here the parties' transcripts differ, so that the challenges do.
    for bit in [0, 77, 1000, 4000] {
        let rng = &mut rng(bit as u64);
        let (sender, receiver, _) = dealt(Depth::Four, rng);
        let (batch, mut matrix) = receiver.extend(&[true; 10], rng);
        matrix[bit / 8] ^= 1 << (bit % 8);
        let (pending, challenge) = sender.extend(10, &matrix, rng).expect("right length");
        let (_, _, response) = batch.respond(&challenge).expect("right length");
        assert_eq!(pending.verify(&response).err(), Some(PeerMisbehaved::Correlation));
    }
}

#[test]
fn challenges_are_fresh_and_bound_to_everything_before() {
    let point = |session: u64, matrix: u8, coins: u64| {
        let (sender, receiver, _) = dealt(Depth::Two, &mut rng(session));
        let (_, mut bytes) = receiver.extend(&[true; 10], &mut rng(1));
        bytes[0] ^= matrix;
        let (pending, challenge) = sender.extend(10, &bytes, &mut rng(coins)).expect("right length");
        (pending.sender.transcript.0, challenge)
    };
    let (transcript, challenge) = point(1, 0, 2);
    assert_ne!(point(1, 0, 3).1, challenge, "other coins");
    assert_ne!(point(1, 0, 3).0, transcript, "other coins");
    assert_eq!(point(1, 1, 2).1, challenge);
    assert_ne!(point(1, 1, 2).0, transcript, "another matrix");
    let start = |session, depth| Transcript::new(&session, depth);
    assert_ne!(start([1; 32], Depth::Two), start([2; 32], Depth::Two));
    assert_ne!(start([1; 32], Depth::Two), start([1; 32], Depth::Four));
}

/// The same bits from the garbler give another point where anything before them was another.
#[test]
fn the_point_of_a_challenge_comes_of_the_whole_transcript() {
    let point = |before: &[u8], challenge: u8| {
        let mut transcript = Transcript::new(&SESSION, Depth::Two);
        transcript.absorb(before);
        transcript.challenge(&[challenge; CHALLENGE_BYTES]).hash_column(&[Block::from(1), Block::ZERO])
    };
    assert_eq!(point(b"a", 1), point(b"a", 1));
    assert_ne!(point(b"a", 1), point(b"b", 1));
    assert_ne!(point(b"a", 1), point(b"a", 2));
}

/// Both parties' messages in order, and the transcript's state where each batch's challenge comes of it.
#[test]
fn changing_any_earlier_byte_changes_every_later_challenge() {
    let (rng, depth) = (&mut rng(9), Depth::Four);
    let (setup, points) = CotSetup::start(&SESSION, depth, &Delta::random(rng), rng);
    let (mut receiver, trees) = CotReceiver::accept(&SESSION, depth, &points, rng).expect("honest points");
    let mut sender = setup.finish(&trees).expect("honest trees");
    let (mut messages, mut states) = (vec![points, trees], Vec::new());
    for _ in 0..2 {
        let (batch, matrix) = receiver.extend(&[true], rng);
        let (pending, challenge) = sender.extend(1, &matrix, rng).expect("honest matrix");
        states.push(pending.sender.transcript.0);
        let (next, _, response) = batch.respond(&challenge).expect("honest challenge");
        messages.extend([matrix, challenge.to_vec(), response.clone()]);
        (sender, _) = pending.verify(&response).expect("honest response");
        receiver = next;
    }
    let states_of = |messages: &[Vec<u8>]| {
        let mut transcript = Transcript::new(&SESSION, depth);
        messages[..2].iter().for_each(|message| transcript.absorb(message));
        let batch = |messages: &[Vec<u8>]| {
            let mut hash = transcript.matrix_hash(1);
            transcript.absorb_matrix(hash.update(&messages[0]));
            transcript.absorb(&messages[1]);
            let state = transcript.0;
            transcript.absorb(&messages[2]);
            state
        };
        messages[2..].chunks_exact(3).map(batch).collect::<Vec<_>>()
    };
    assert_eq!(states_of(&messages), states, "the parties' transcripts take in every message");
    for message in 0..7 {
        for byte in 0..messages[message].len() {
            messages[message][byte] ^= 0x40;
            let changed = states_of(&messages);
            assert_ne!(changed[1], states[1], "byte {byte} of message {message}");
            assert_eq!(changed[0] != states[0], message < 4, "byte {byte} of message {message}");
            messages[message][byte] ^= 0x40;
        }
    }
}

#[test]
fn a_replayed_batch_is_refused() {
    let rng = &mut rng(6);
    let (sender, receiver, _) = dealt(Depth::Four, rng);
    let (batch, matrix) = receiver.extend(&[true; 10], rng);
    let (pending, challenge) = sender.extend(10, &matrix, rng).expect("right length");
    let (_, _, response) = batch.respond(&challenge).expect("right length");
    let (sender, _) = pending.verify(&response).expect("honest");
    let (pending, _) = sender.extend(10, &matrix, rng).expect("right length");
    assert_eq!(pending.verify(&response).err(), Some(PeerMisbehaved::Correlation));
}

#[test]
fn a_setup_of_another_session_is_refused() {
    let rng = &mut rng(7);
    let delta = Delta::random(rng);
    let (sender, points) = CotSetup::start(&SESSION, Depth::Four, &delta, rng);
    let (_, trees) = CotReceiver::accept(&[1; 32], Depth::Four, &points, rng).expect("points say no session");
    assert_eq!(sender.finish(&trees).err(), Some(PeerMisbehaved::Trees));
}

#[test]
fn wrong_lengths_are_refused() {
    let rng = &mut rng(8);
    let length = |error: Option<PeerMisbehaved>, wanted| matches!(error, Some(PeerMisbehaved::Length { message, .. }) if message == wanted);
    for change in [-1, 1, 1000] {
        let resize = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes.resize(bytes.len().saturating_add_signed(change), 0);
            bytes
        };
        let (setup, points) = CotSetup::start(&SESSION, Depth::Four, &Delta::random(rng), rng);
        assert!(length(CotReceiver::accept(&SESSION, Depth::Four, &resize(&points), rng).err(), Message::BasePoints));
        let (_, trees) = CotReceiver::accept(&SESSION, Depth::Four, &points, rng).expect("honest points");
        assert!(length(setup.finish(&resize(&trees)).err(), Message::Trees));
        let (sender, receiver, _) = dealt(Depth::Four, rng);
        let (batch, matrix) = receiver.extend(&[true; 10], rng);
        assert!(length(sender.extend(10, &resize(&matrix), rng).err(), Message::Matrix));
        assert!(length(batch.respond(&resize(&[0; CHALLENGE_BYTES])).err(), Message::Challenge));
        let (sender, receiver, _) = dealt(Depth::Four, rng);
        let (batch, matrix) = receiver.extend(&[true; 10], rng);
        let (pending, challenge) = sender.extend(10, &matrix, rng).expect("honest matrix");
        let (_, _, response) = batch.respond(&challenge).expect("honest challenge");
        assert!(length(pending.verify(&resize(&response)).err(), Message::Response));
    }
}

#[test]
fn sacrificed_choices_are_random() {
    let pack = |choices: &[bool], seed| -> Vec<u128> {
        pack(choices, &mut rng(seed)).iter().map(|&word| word.into()).collect()
    };
    let words = |seed| pack(&[false; 64], seed);
    assert_eq!(words(1).len(), 1);
    assert_eq!(words(1)[0] as u64, 0);
    assert_ne!(words(1)[0] >> 64, words(2)[0] >> 64);
    assert!(pack(&[false; 128], 1)[1] >> 64 != 0);
}

/// What goes out, and what comes of it, does not depend on where a matrix is cut.
#[test]
fn a_matrix_in_parts_is_the_matrix_in_one_piece() {
    for depth in Depth::ALL {
        let n = 2 * PART_TILES * TILE + 5;
        let choices = random_choices(n, &mut rng(4));
        let run = || {
            let rng = &mut rng(3);
            let (sender, receiver, delta) = dealt(depth, rng);
            (sender.begin(n), receiver.begin(&choices, rng), delta)
        };
        let ((mut sender, mut receiver, delta), mut whole) = (run(), Vec::new());
        while let Some(n_bytes) = receiver.next_bytes() {
            let mut part = vec![0; n_bytes];
            receiver.next_part(&mut part);
            assert_eq!(sender.next_bytes(), Some(part.len()));
            assert!(sender.add(&part[1..]).is_err());
            sender.add(&part).expect("right length");
            whole.append(&mut part);
        }
        assert!(sender.next_bytes().is_none() && sender.add(&[0]).is_err());
        let (pending, challenge) = sender.challenge(&mut rng(5));
        let (_, active, response) = receiver.finish().respond(&challenge).expect("right length");
        let (_, zero) = pending.verify(&response).expect("honest");
        assert_correlated(&zero, &active, &choices, delta);
        let rng = &mut self::rng(3);
        let (_, receiver, _) = dealt(depth, rng);
        assert!(receiver.extend(&choices, rng).1 == whole);
    }
}

#[test]
fn streams_never_repeat() {
    let rng = &mut rng(3);
    let (_, mut receiver, _) = dealt(Depth::Two, rng);
    let mut seen = std::collections::HashSet::new();
    for n in [1, 1000, 64, 2000] {
        let choices = vec![Block::ZERO; tiles(n)];
        let mut corrections = vec![[0; 16]; tiles(n) * Depth::Two.trees()];
        let mut columns = vec![[Block::ZERO; TILE]; tiles(n)];
        receiver.streams.expand(&mut columns, Side::Whole { choices: &choices, corrections: &mut corrections });
        assert!(corrections.into_iter().all(|word| seen.insert(word)));
    }
}

#[test]
fn keys_of_leaves_are_wiped() {
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<aes::Aes128Enc>();
    wiped::<Zeroizing<Vec<[Block; 11]>>>();
}

/// No constant seed, no state shared between sessions: with other randomness every message is another.
#[test]
fn runs_share_nothing() {
    let messages = |seed: u64| {
        let rng = &mut rng(seed);
        // One Δ and one choice vector for all runs: the differences are all the generator's.
        let delta = Delta::random(&mut self::rng(1));
        let (setup, points) = CotSetup::start(&SESSION, Depth::Four, &delta, rng);
        let (receiver, trees) = CotReceiver::accept(&SESSION, Depth::Four, &points, rng).expect("honest points");
        let sender = setup.finish(&trees).expect("honest trees");
        let (batch, matrix) = receiver.extend(&[true; 10], rng);
        let (_, challenge) = sender.extend(10, &matrix, rng).expect("honest matrix");
        let (_, labels, response) = batch.respond(&challenge).expect("honest challenge");
        let labels = labels.iter().flat_map(|label| label.to_bytes()).collect();
        [points, trees, matrix, challenge.to_vec(), response, labels]
    };
    let (first, second) = (messages(2), messages(3));
    for (first, second) in first.iter().zip(&second) {
        let chunks: std::collections::HashSet<&[u8]> = first.chunks_exact(8).collect();
        assert!(second.chunks_exact(8).all(|chunk| !chunks.contains(chunk)));
    }
}
