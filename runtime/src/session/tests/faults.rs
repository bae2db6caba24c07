//! Whatever happens to any frame: an error on the right side or the right answer, in bounded time.

use rand::Rng;

use super::proxy::{Fault, Frames, Place, record, run_with_fault};
use super::*;
use crate::wire::{FrameKind, HEADER_BYTES, TAG_BYTES};

/// Much longer than all timeouts together; with the clock paused it takes no time.
const FOREVER: Duration = Duration::from_secs(3600);

fn setup() -> Setup {
    Setup::new(Program::millionaires(3), [RoleChoice::Auto; 2], 20)
}

/// Runs with a fault; checks that nobody hangs and nobody accepts a wrong answer. Who failed.
async fn failed(setup: &Setup, place: &Place, fault: &Fault) -> [Option<SessionError>; 2] {
    let results = tokio::time::timeout(FOREVER, run_with_fault(setup, place, fault)).await;
    let results = results.unwrap_or_else(|_| panic!("{fault:?} at {place:?} hangs"));
    let mut party = 0;
    results.map(|result| {
        let expected = setup.expected(party);
        party += 1;
        let wrong = |outcome: Outcome| assert_eq!(outcome.outputs, expected, "{fault:?} at {place:?}");
        result.map(wrong).err()
    })
}

/// Each frame of a session, and its length. Party 0 garbles; the very last frame is party 1's results.
fn places(frames: &Frames) -> Vec<(Place, usize)> {
    let of = |sender: usize| {
        let lengths = frames[sender].iter().map(Vec::len).enumerate();
        lengths.map(move |(frame, length)| (Place { sender, frame }, length)).collect::<Vec<_>>()
    };
    [of(0), of(1)].concat()
}

fn is_results(frames: &Frames, place: &Place) -> bool {
    place.sender == 1 && place.frame + 1 == frames[1].len()
}

/// Checks that a fault makes its receiver fail with one of these exit codes, and the sender too unless it was done by then.
async fn check_noticed(setup: &Setup, frames: &Frames, place: &Place, fault: &Fault, codes: &[u8]) {
    let errors = failed(setup, place, fault).await;
    let receiver = errors[1 - place.sender].as_ref();
    let code = receiver.unwrap_or_else(|| panic!("{fault:?} at {place:?} was not noticed")).exit_code();
    assert!(codes.contains(&code), "{fault:?} at {place:?}: {receiver:?}");
    match &errors[place.sender] {
        Some(error) => assert!([5, 6].contains(&error.exit_code()), "{fault:?} at {place:?}: {error:?}"),
        None => assert!(is_results(frames, place), "{fault:?} at {place:?}: the sender finished alone"),
    }
}

/// Every bit of every frame of a session, on two threads.
#[test]
fn every_one_of_ten_thousand_changed_bits_is_noticed() {
    let count = |bits: std::ops::Range<u8>| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let setup = setup();
            let frames = record(&setup).await;
            let mut n_faults = 0;
            for (place, length) in places(&frames) {
                for (byte, bit) in (0..length).flat_map(|byte| bits.clone().map(move |bit| (byte, bit))) {
                    check_noticed(&setup, &frames, &place, &Fault::Flip { byte, bit }, &[5, 6]).await;
                    n_faults += 1;
                }
            }
            n_faults
        })
    };
    let n_faults = std::thread::scope(|scope| {
        let halves = [0..4, 4..8].map(|bits| scope.spawn(|| count(bits)));
        halves.map(|half| half.join().expect("no panic")).iter().sum::<u32>()
    });
    assert!(n_faults >= 10_000, "{n_faults} faults");
}

#[tokio::test(start_paused = true)]
async fn every_changed_byte_is_noticed_where_parties_know_values() {
    let setup = Setup::new(Program::products(3).for_garbler(0), [RoleChoice::Auto; 2], 20);
    let frames = record(&setup).await;
    let mut rng = ChaCha20Rng::seed_from_u64(21);
    for (place, length) in places(&frames) {
        for byte in 0..length {
            let one = rng.random_range(0..8);
            let bits = if byte < HEADER_BYTES { 0..8 } else { one..one + 1 };
            for bit in bits {
                check_noticed(&setup, &frames, &place, &Fault::Flip { byte, bit }, &[5, 6]).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_lost_frame_is_noticed() {
    let setup = setup();
    let frames = record(&setup).await;
    for (place, length) in places(&frames) {
        check_noticed(&setup, &frames, &place, &Fault::Drop, &[5, 6]).await;
        check_noticed(&setup, &frames, &place, &Fault::Stall, &[5]).await;
        check_noticed(&setup, &frames, &place, &Fault::Close, &[5]).await;
        for n in 0..length {
            check_noticed(&setup, &frames, &place, &Fault::Truncate(n), &[5]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn frames_in_another_order_are_noticed() {
    let setup = setup();
    let frames = record(&setup).await;
    for (place, _) in places(&frames) {
        check_noticed(&setup, &frames, &place, &Fault::Swap, &[5, 6]).await;
        let is_last = place.frame + 1 == frames[place.sender].len();
        if !is_last {
            check_noticed(&setup, &frames, &place, &Fault::Duplicate, &[6]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn frames_from_elsewhere_are_noticed() {
    let setup = setup();
    let frames = record(&setup).await;
    let others = record(&Setup { seeds: [77, 78], ..setup.clone() }).await;
    for (place, _) in places(&frames) {
        let other = others[place.sender][place.frame].clone();
        let reflected = frames[1 - place.sender].iter().cloned();
        for strange in reflected.chain([other]) {
            check_strange(&setup, &frames, &place, strange).await;
        }
    }
}

/// A whole hello from elsewhere is a good hello: it is the frame after it that does not fit. A hello sent back is a disagreement.
async fn check_strange(setup: &Setup, frames: &Frames, place: &Place, strange: Vec<u8>) {
    let errors = failed(setup, place, &Fault::Replace(strange.clone())).await;
    let receiver = errors[1 - place.sender].as_ref();
    let code = receiver.unwrap_or_else(|| panic!("{place:?}: {strange:02x?} was accepted")).exit_code();
    assert!(if place.frame == 0 { code >= 4 } else { code == 6 }, "{place:?}: {receiver:?}");
    assert!(errors[place.sender].is_some() || is_results(frames, place));
}

#[tokio::test(start_paused = true)]
async fn a_whole_recorded_party_is_refused() {
    let setup = setup();
    let frames = record(&setup).await;
    for recorded in [0, 1] {
        let (ours, mut replayed) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(ours);
        tokio::io::AsyncWriteExt::write_all(&mut replayed, &frames[recorded].concat()).await.expect("room");
        let fresh = Setup { seeds: [77, 78], ..setup.clone() };
        let error = fresh.run_party(1 - recorded as u32, Channel::new(reader, writer, Vec::new())).await;
        let error = error.expect_err("the nonce is another one");
        assert!(error.to_string().contains("belongs to another session"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_and_huge_lengths_are_refused_at_once() {
    let setup = setup();
    let frames = record(&setup).await;
    let mut rng = ChaCha20Rng::seed_from_u64(22);
    for (place, _) in places(&frames) {
        let mut huge = frames[place.sender][place.frame].clone();
        huge[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        check_noticed(&setup, &frames, &place, &Fault::Replace(huge), &[6]).await;
        for _ in 0..20 {
            let mut garbage = vec![0; rng.random_range(HEADER_BYTES..500)];
            rng.fill_bytes(&mut garbage);
            check_noticed(&setup, &frames, &place, &Fault::Insert(garbage), &[6]).await;
        }
    }
}

/// Tags say nothing against somebody who makes them: what is inside must hold by itself.
#[tokio::test(start_paused = true)]
async fn forged_frames_with_good_tags_never_give_a_wrong_answer() {
    let setup = setup();
    let frames = record(&setup).await;
    let mut rng = ChaCha20Rng::seed_from_u64(23);
    for (place, length) in places(&frames).into_iter().filter(|(place, _)| place.frame > 0) {
        for byte in 0..length - HEADER_BYTES - TAG_BYTES {
            let forged = Fault::Forge { byte, bit: rng.random_range(0..8) };
            let [garbler, evaluator] = failed(&setup, &place, &forged).await;
            if is_results(&frames, &place) {
                assert_eq!(garbler.map(|error| error.exit_code()), Some(6), "{forged:?}");
                assert!(evaluator.is_none(), "the results are the last frame");
            }
        }
    }
}

/// The same with the OT extension, for some bytes of each of its longer messages.
#[tokio::test(start_paused = true)]
async fn faults_in_the_extension_are_noticed() {
    let setup = Setup::new(Program::parity(129), [RoleChoice::Auto; 2], 25);
    let frames = record(&setup).await;
    let mut rng = ChaCha20Rng::seed_from_u64(26);
    for (place, length) in places(&frames).into_iter().filter(|(place, _)| place.frame > 0) {
        check_noticed(&setup, &frames, &place, &Fault::Drop, &[5, 6]).await;
        check_noticed(&setup, &frames, &place, &Fault::Close, &[5]).await;
        for _ in 0..2 {
            let fault = Fault::Flip { byte: rng.random_range(0..length), bit: rng.random_range(0..8) };
            check_noticed(&setup, &frames, &place, &fault, &[5, 6]).await;
            let payload = length - HEADER_BYTES - TAG_BYTES;
            let fault = Fault::Forge { byte: rng.random_range(0..payload), bit: rng.random_range(0..8) };
            let [garbler, _] = failed(&setup, &place, &fault).await;
            assert!(place.sender == 0 || garbler.is_some(), "{fault:?} at {place:?}: the garbler noticed nothing");
        }
    }
}

/// Each field of a header, by its first byte.
const FIELDS: [usize; 5] = [0, 1, 2, 4, 8];

/// Every kind of fault at every frame of a session with the OT extension: all kinds of frames there are.
#[tokio::test(start_paused = true)]
async fn every_fault_is_noticed_at_every_kind_of_frame() {
    let setup = Setup::new(Program::parity(129), [RoleChoice::Auto; 2], 27);
    let frames = record(&setup).await;
    let kinds: HashSet<u8> = frames.iter().flatten().map(|frame| frame[0]).collect();
    let all = [FrameKind::Hello, FrameKind::Transfer, FrameKind::Matrix, FrameKind::Seed, FrameKind::Tables];
    let all = all.into_iter().chain([FrameKind::Decoding, FrameKind::Results]).map(|kind| kind as u8);
    assert_eq!(kinds, all.collect());
    let others = record(&Setup { seeds: [77, 78], ..setup.clone() }).await;
    let mut rng = ChaCha20Rng::seed_from_u64(28);
    for (place, length) in places(&frames) {
        for byte in FIELDS {
            let fault = Fault::Flip { byte, bit: rng.random_range(0..8) };
            check_noticed(&setup, &frames, &place, &fault, &[5, 6]).await;
        }
        let mut huge = frames[place.sender][place.frame].clone();
        huge[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        check_noticed(&setup, &frames, &place, &Fault::Replace(huge), &[6]).await;
        let mut garbage = vec![0; rng.random_range(HEADER_BYTES..500)];
        rng.fill_bytes(&mut garbage);
        check_noticed(&setup, &frames, &place, &Fault::Insert(garbage), &[6]).await;
        check_noticed(&setup, &frames, &place, &Fault::Truncate(rng.random_range(0..length)), &[5]).await;
        check_noticed(&setup, &frames, &place, &Fault::Stall, &[5]).await;
        check_noticed(&setup, &frames, &place, &Fault::Swap, &[5, 6]).await;
        if place.frame + 1 < frames[place.sender].len() {
            check_noticed(&setup, &frames, &place, &Fault::Duplicate, &[6]).await;
        }
        check_strange(&setup, &frames, &place, others[place.sender][place.frame].clone()).await;
    }
}

/// Tables on their way through threads and queues, with a clock that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_in_a_stream_of_tables_end_the_session() {
    let setup = Setup::new(Program::chains(100_000), [RoleChoice::Auto; 2], 24);
    let frames = record(&setup).await;
    let mut impatient = setup.clone();
    impatient.configs.iter_mut().for_each(|config| config.timeouts.progress = Duration::from_millis(150));
    let first_table = frames[0].iter().position(|frame| frame[0] == FrameKind::Tables as u8).expect("there are tables");
    for frame in [first_table, first_table + 5, frames[0].len() - 2] {
        let place = Place { sender: 0, frame };
        for (fault, codes) in [
            (Fault::Flip { byte: 5000, bit: 3 }, &[6][..]),
            (Fault::Drop, &[6]),
            (Fault::Duplicate, &[6]),
            (Fault::Swap, &[6]),
            (Fault::Truncate(3000), &[5]),
            (Fault::Close, &[5]),
        ] {
            check_noticed(&setup, &frames, &place, &fault, codes).await;
        }
        check_noticed(&impatient, &frames, &place, &Fault::Stall, &[5]).await;
    }
    // Each row is used with probability 1/2, and every output depends on a row that is used.
    let place = Place { sender: 0, frame: first_table };
    let mut n_noticed = 0;
    for row in 0..12 {
        let [_, evaluator] = failed(&setup, &place, &Fault::Forge { byte: 16 * row, bit: 5 }).await;
        n_noticed += u32::from(evaluator.is_some_and(|error| error.exit_code() == 6));
    }
    assert!(n_noticed > 0, "no changed row was noticed");
}
