//! Many runs of one session: right answers, nothing used twice, the number agreed on.

use super::*;
use crate::wire::FrameKind;

/// A setup for many runs, and the bits of all inputs in each of them.
fn many(program: Program, roles: [RoleChoice; 2], n_runs: u32, seed: u64) -> (Setup, Vec<Vec<bool>>) {
    let mut setup = Setup::new(program, roles, seed);
    setup.configs.iter_mut().for_each(|config| config.n_runs = n_runs);
    let mut rng = ChaCha20Rng::seed_from_u64(seed + 1000);
    let bits = (0..n_runs).map(|_| setup.bits.iter().map(|_| rng.random()).collect()).collect();
    (setup, bits)
}

/// One party's runs, each on its own inputs.
async fn runs_of(
    setup: &Setup,
    party: u32,
    channel: Channel,
    bits: &[Vec<bool>],
) -> Result<Vec<Outcome>, SessionError> {
    let mut rng = ChaCha20Rng::seed_from_u64(setup.seeds[party as usize]);
    let mut session = Session::open(channel, setup.configs[party as usize].clone(), &mut rng).await?;
    let mut outcomes = Vec::new();
    for bits in bits {
        let (next, outcome) = session.run(&setup.program.inputs_of(party, bits), &mut rng).await?;
        outcomes.push(outcome);
        session = next;
    }
    session.close().await?;
    Ok(outcomes)
}

async fn both_run(setup: &Setup, bits: &[Vec<bool>]) -> [Result<Vec<Outcome>, SessionError>; 2] {
    let (first, second) = memory::pair();
    tokio::join!(runs_of(setup, 0, first, bits), runs_of(setup, 1, second, bits)).into()
}

async fn check_runs((setup, bits): (Setup, Vec<Vec<bool>>)) {
    let results = both_run(&setup, &bits).await;
    for (party, outcomes) in (0..).zip(results) {
        for (bits, outcome) in bits.iter().zip(outcomes.expect("honest parties")) {
            assert_eq!(outcome.outputs, setup.program.outputs_of(party, bits));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_run_of_a_session_gives_its_own_answer() {
    // Base OTs for all runs, no OT at all, and an extension for all runs.
    for (program, n_runs) in [
        (Program::millionaires(8), 9),
        (Program::parity(0), 4),
        (Program::millionaires(20), 40),
        (Program::parity(300), 3),
        (Program::products(9), 5),
    ] {
        check_runs(many(program.clone().for_garbler(n_runs % 2), [RoleChoice::Auto; 2], n_runs, 40)).await;
        for roles in [[GARBLES, EVALUATES], [EVALUATES, GARBLES]] {
            check_runs(many(program.clone(), roles, n_runs, 40)).await;
        }
    }
}

/// A pool is filled again where the first batch does not last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_makes_more_ots_where_it_needs_them() {
    let (setup, bits) = many(Program::parity(700_000), [RoleChoice::Auto; 2], 3, 41);
    for (party, outcomes) in (0..).zip(both_run(&setup, &bits).await) {
        for (bits, outcome) in bits.iter().zip(outcomes.expect("honest parties")) {
            assert_eq!(outcome.outputs, setup.program.outputs_of(party, bits));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn later_runs_take_no_base_ot_and_count_their_own_bytes() {
    let (setup, bits) = many(Program::millionaires(64), [RoleChoice::Auto; 2], 10, 42);
    let [garbler, evaluator] = both_run(&setup, &bits).await.map(|result| result.expect("honest parties"));
    for outcomes in [&garbler, &evaluator] {
        assert!(outcomes[0].stats.traffic().sent_bytes > 5_000);
        let later: Vec<_> = outcomes[1..].iter().map(|outcome| outcome.stats.traffic()).collect();
        assert!(later.iter().all(|traffic| *traffic == later[0]));
    }
    // Header, tag and position of the flow, and its bits; header, tag, permute bits and proof of the results.
    assert_eq!(evaluator[1].stats.traffic().sent_bytes, (28 + 8 + 8) + (28 + 1 + 32));
    assert!(garbler[1].stats.traffic().sent_bytes < 32 * 64 + 500);
}

/// S, labels and rows are new in every run, though the inputs are the same.
#[tokio::test(start_paused = true)]
async fn two_runs_of_a_session_share_nothing() {
    let (setup, bits) = many(Program::millionaires(8), [GARBLES, EVALUATES], 3, 43);
    let bits = vec![bits[0].clone(); 3];
    let frames = proxy::record_with(async |[first, second]: [Channel; 2]| {
        let (first, second) = tokio::join!(runs_of(&setup, 0, first, &bits), runs_of(&setup, 1, second, &bits));
        assert!(first.is_ok() && second.is_ok());
    })
    .await;
    for kind in [FrameKind::Seed, FrameKind::Tables, FrameKind::Decoding] {
        let of_kind = frames[0].iter().filter(|frame| frame[0] == kind as u8);
        let payloads: Vec<&[u8]> = of_kind.map(|frame| &frame[HEADER_BYTES + 1..frame.len() - 16]).collect();
        assert_eq!(payloads.len(), 3);
        let blocks: Vec<&[u8]> = payloads.iter().flat_map(|payload| payload.chunks_exact(8)).collect();
        let distinct: HashSet<&[u8]> = blocks.iter().copied().collect();
        assert_eq!(distinct.len(), blocks.len(), "{kind:?}");
    }
}

/// Δ is new in every session, and keeps its lowest bit.
#[tokio::test(start_paused = true)]
async fn no_two_sessions_share_delta() {
    let setup = Setup::new(Program::millionaires(2), [GARBLES, EVALUATES], 50);
    let mut deltas = HashSet::new();
    for seed in 0..20 {
        let open = async |party: u32, channel| {
            let mut rng = ChaCha20Rng::seed_from_u64(u64::from(2 * seed + party));
            Session::open(channel, setup.configs[party as usize].clone(), &mut rng).await.expect("honest parties")
        };
        let (first, second) = memory::pair();
        let (garbler, _evaluator) = tokio::join!(open(0, first), open(1, second));
        let Side::Garbler(state) = &garbler.side else { panic!("party 0 garbles") };
        assert!(state.delta().block().lsb());
        assert!(deltas.insert(u128::from(state.delta().block())));
    }
    let bits = deltas.iter().fold([0; 128], |mut counts: [u32; 128], delta| {
        counts.iter_mut().enumerate().for_each(|(i, count)| *count += (delta >> i & 1) as u32);
        counts
    });
    assert!(bits[1..].iter().all(|&count| (1..20).contains(&count)), "every other bit varies");
}

/// Gates and outputs are numbered through: no tweak comes again, whatever S is.
#[tokio::test(start_paused = true)]
async fn gates_and_outputs_are_numbered_through_all_runs() {
    let (setup, bits) = many(Program::millionaires(4), [GARBLES, EVALUATES], 5, 49);
    let party = async |party: u32, channel| {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(party));
        let config = setup.configs[party as usize].clone();
        let mut session = Session::open(channel, config, &mut rng).await.expect("honest parties");
        let (mut keys, mut last) = (HashSet::new(), Counters::default());
        for (run, bits) in (1..).zip(&bits) {
            (session, _) = session.run(&setup.program.inputs_of(party, bits), &mut rng).await.expect("honest parties");
            let counters = match &session.side {
                Side::Garbler(state) => state.counters(),
                Side::Evaluator(state) => state.counters(),
            };
            assert_eq!(counters.next_gate, run * setup.program.plan.n_ands());
            assert!(counters.next_output >= last.next_output + 7, "all outputs of a run have numbers of their own");
            assert!(keys.insert(counters.next_output));
            last = counters;
        }
        session.close().await.expect("honest parties");
    };
    let (first, second) = memory::pair();
    tokio::join!(party(0, first), party(1, second));
}

#[tokio::test(start_paused = true)]
async fn both_parties_want_the_same_number_of_runs() {
    let (mut setup, bits) = many(Program::millionaires(4), [RoleChoice::Auto; 2], 3, 44);
    setup.configs[1].n_runs = 4;
    for (result, ours) in both_run(&setup, &bits).await.into_iter().zip(["3", "4"]) {
        match result {
            Err(SessionError::Disagreement(found)) => {
                assert_eq!((found.field.as_str(), found.ours.as_deref()), ("number of runs", Some(ours)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_has_the_runs_that_were_agreed_and_no_more() {
    let (setup, bits) = many(Program::millionaires(4), [RoleChoice::Auto; 2], 2, 45);
    let three = [bits.clone(), bits.clone()].concat();
    for result in both_run(&setup, &three[..3]).await {
        assert!(matches!(result, Err(SessionError::ApiMisuse(Misuse::NoRunsLeft(2)))), "{result:?}");
    }
    let (none, _) = many(Program::millionaires(4), [RoleChoice::Auto; 2], 0, 45);
    for result in both_run(&none, &[]).await {
        assert!(matches!(result, Err(SessionError::ApiMisuse(Misuse::NoRuns))), "{result:?}");
    }
}

/// Who closes early gives up, and the other party hears it.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_closed_early_is_given_up() {
    let (setup, bits) = many(Program::millionaires(4), [RoleChoice::Auto; 2], 2, 46);
    for early in 0..2 {
        let (first, second) = memory::pair();
        let runs = |party| if party == early { &bits[..1] } else { &bits[..] };
        let results: [_; 2] =
            tokio::join!(runs_of(&setup, 0, first, runs(0)), runs_of(&setup, 1, second, runs(1))).into();
        for (party, result) in results.into_iter().enumerate() {
            match result {
                Ok(outcomes) => assert_eq!((party, outcomes.len()), (early, 1)),
                Err(error) => assert!(party != early && matches!(error, SessionError::Aborted { .. }), "{error}"),
            }
        }
    }
}

/// Waiting between runs is not silence; waiting for the other party's next run is.
#[tokio::test(start_paused = true)]
async fn a_party_may_take_its_time_between_runs() {
    let (mut setup, bits) = many(Program::millionaires(4), [RoleChoice::Auto; 2], 2, 47);
    setup.configs.iter_mut().for_each(|config| config.timeouts.total = None);
    for (pause, codes) in [(3, [None, None]), (3600, [Some(5), Some(5)])] {
        let party = async |party: u32, channel, pause| {
            let mut rng = ChaCha20Rng::seed_from_u64(u64::from(party));
            let session = Session::open(channel, setup.configs[party as usize].clone(), &mut rng).await?;
            let (session, _) = session.run(&setup.program.inputs_of(party, &bits[0]), &mut rng).await?;
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let (session, _) = session.run(&setup.program.inputs_of(party, &bits[1]), &mut rng).await?;
            session.close().await
        };
        let (first, second) = memory::pair();
        let results: [_; 2] = tokio::join!(party(0, first, pause), party(1, second, 0)).into();
        let found = results.map(|result| result.err().map(|error: SessionError| error.exit_code()));
        assert_eq!(found, codes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_told_to_stop_tells_the_other_party() {
    let (setup, bits) = many(Program::millionaires(4), [RoleChoice::Auto; 2], 2, 48);
    for stopped in 0..2 {
        let stop = Stop::default();
        let mut setup = setup.clone();
        setup.configs[stopped].stop = stop.clone();
        let (first, second) = memory::pair();
        let runs = async |party: usize, channel| {
            if party != stopped {
                return runs_of(&setup, party as u32, channel, &bits).await;
            }
            // The other party is in its second run, and waits.
            let run = runs_of(&setup, party as u32, channel, &bits[..1]);
            let (result, ()) = tokio::join!(run, async { stop.now() });
            result
        };
        let results: [_; 2] = tokio::join!(runs(0, first), runs(1, second)).into();
        for (party, result) in results.into_iter().enumerate() {
            let error = result.expect_err("it was stopped");
            assert_eq!(error.exit_code(), 5);
            match error {
                SessionError::Stopped { .. } => assert_eq!(party, stopped),
                SessionError::Aborted { .. } => assert_ne!(party, stopped),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn every_run_has_its_own_keys_and_a_stream_that_is_not_the_handshakes() {
    let session = [5; 32];
    let mut keys = HashSet::new();
    for run in [0, 1, 2, 65_534, 65_535, 65_536, u32::MAX] {
        let id = run_id(&session, run);
        let (garbler, evaluator) = (run_keys(&id, Role::Garbler, run), run_keys(&id, Role::Evaluator, run));
        assert_eq!((garbler.send, garbler.receive), (evaluator.receive, evaluator.send));
        assert_ne!(garbler.stream, 0);
        assert!(keys.insert(garbler.send) && keys.insert(garbler.receive));
    }
    assert_ne!(run_id(&session, 1), run_id(&[6; 32], 1));
}
