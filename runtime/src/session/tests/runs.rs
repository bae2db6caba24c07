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

/// Programs in the order in which one session runs them, each as often as it says.
struct Agenda {
    programs: Vec<(Program, u32)>,
    roles: [RoleChoice; 2],
}

impl Agenda {
    /// What both parties bring.
    fn setup(&self) -> Setup {
        let (first, n_runs) = self.programs[0].clone();
        let mut setup = Setup::new(first, self.roles, 70);
        for config in &mut setup.configs {
            config.n_runs = n_runs;
            let next = |(program, n_runs): &(Program, u32)| Next { plan: program.plan.clone(), n_runs: *n_runs };
            config.then = self.programs[1..].iter().map(next).collect();
        }
        setup
    }

    /// The program of each run.
    fn runs(&self) -> impl Iterator<Item = &Program> {
        self.programs.iter().flat_map(|(program, n_runs)| (0..*n_runs).map(move |_| program))
    }

    /// Runs everything on random inputs and checks the outcomes: the first run's, and the sums of gates so far after each.
    async fn check(&self) -> [Vec<Stats>; 2] {
        let setup = self.setup();
        let mut rng = ChaCha20Rng::seed_from_u64(71);
        let mut random = |program: &Program| (0..n_input_bits(&program.plan)).map(|_| rng.random()).collect();
        let bits: Vec<Vec<bool>> = self.runs().map(&mut random).collect();
        let party = async |party: u32, channel| {
            let mut rng = ChaCha20Rng::seed_from_u64(u64::from(party));
            let config = setup.configs[party as usize].clone();
            let mut session = Session::open(channel, config, &mut rng).await.expect("honest parties");
            let (mut stats, mut gates, mut delta) = (Vec::new(), 0, None);
            for (program, bits) in self.runs().zip(&bits) {
                assert_eq!(session.next_plan().digest(), program.plan.digest());
                let inputs = program.inputs_of(party, bits);
                let (next, outcome) = session.run(&inputs, &mut rng).await.expect("honest parties");
                assert_eq!(outcome.outputs, program.outputs_of(party, bits));
                gates += program.plan.n_ands();
                let counters = match &next.side {
                    Side::Garbler(state) => {
                        let found = u128::from(state.delta().block());
                        assert_eq!(*delta.get_or_insert(found), found, "one Δ for all programs");
                        state.counters()
                    }
                    Side::Evaluator(state) => state.counters(),
                };
                assert_eq!(counters.next_gate, gates, "gates are numbered through all programs");
                stats.push(outcome.stats);
                session = next;
            }
            assert_eq!(session.runs_left(), 0);
            session.close().await.expect("honest parties");
            stats
        };
        let (first, second) = memory::pair();
        let stats: [Vec<Stats>; 2] = tokio::join!(party(0, first), party(1, second)).into();
        let forecast = Forecast::new(&setup.configs).expect("the parties agree");
        let sent = stats.each_ref().map(|stats| stats.iter().map(|stats| stats.traffic().sent_bytes).sum::<u64>());
        assert_eq!(sent, forecast.sent.map(Sent::total));
        stats
    }
}

#[tokio::test(start_paused = true)]
async fn several_programs_share_a_connection_and_its_ots() {
    for (programs, roles) in [
        (
            vec![(Program::millionaires(8), 2), (Program::parity(3), 1), (Program::millionaires(20), 3)],
            [RoleChoice::Auto; 2],
        ),
        (
            vec![(Program::parity(0), 1), (Program::millionaires(64), 2), (Program::parity(200), 2)],
            [EVALUATES, GARBLES],
        ),
        (vec![(Program::products(5).for_garbler(1), 2), (Program::millionaires(4), 1)], [RoleChoice::Auto; 2]),
        (vec![(Program::millionaires(4), 1), (Program::products(5).for_garbler(1), 2)], [RoleChoice::Auto; 2]),
    ] {
        Agenda { programs, roles }.check().await;
    }
    let programs = vec![(Program::millionaires(64), 1), (Program::parity(100), 2)];
    let [_, evaluator] = Agenda { programs, roles: [GARBLES, EVALUATES] }.check().await;
    // Points or trees in the first run; then a flow and results.
    assert!(evaluator[0].traffic().sent_bytes > 4000);
    assert!(evaluator[1..].iter().all(|stats| stats.traffic().sent_bytes < 200));
}

/// No seed, row or digest comes twice in a session of several programs on the same inputs.
#[tokio::test(start_paused = true)]
async fn programs_of_a_session_share_nothing_on_the_wire() {
    let programs = vec![(Program::millionaires(8), 1), (Program::millionaires(8), 2)];
    let agenda = Agenda { programs, roles: [GARBLES, EVALUATES] };
    let setup = agenda.setup();
    let bits = vec![setup.bits.clone(); 3];
    let frames = proxy::record_with(async |[first, second]: [Channel; 2]| {
        let (first, second) = tokio::join!(runs_of(&setup, 0, first, &bits), runs_of(&setup, 1, second, &bits));
        assert!(first.is_ok() && second.is_ok());
    })
    .await;
    for kind in [FrameKind::Seed, FrameKind::Tables, FrameKind::Decoding] {
        let of_kind = frames[0].iter().filter(|frame| frame[0] == kind as u8);
        let blocks: Vec<&[u8]> =
            of_kind.flat_map(|frame| frame[HEADER_BYTES + 1..frame.len() - 16].chunks_exact(8)).collect();
        let distinct: HashSet<&[u8]> = blocks.iter().copied().collect();
        assert!(distinct.len() == blocks.len() && blocks.len() > 3, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_parties_want_the_same_programs() {
    let programs = vec![(Program::millionaires(8), 1), (Program::parity(3), 2)];
    let setup = Agenda { programs, roles: [RoleChoice::Auto; 2] }.setup();
    let more = Next { plan: Program::parity(4).plan, n_runs: 2 };
    type Change = Box<dyn Fn(&mut SessionConfig)>;
    let other = more.clone();
    let cases: [(&str, Change); 4] = [
        ("program 2", Box::new(move |config| config.then[0] = other.clone())),
        ("number of runs of program 2", Box::new(|config| config.then[0].n_runs = 3)),
        ("number of programs", Box::new(move |config| config.then.push(more.clone()))),
        ("number of programs", Box::new(|config| config.then.clear())),
    ];
    for (name, change) in cases {
        let mut setup = setup.clone();
        change(&mut setup.configs[1]);
        let bits = [setup.bits.clone()];
        for result in both_run(&setup, &bits).await {
            assert!(
                matches!(&result, Err(SessionError::Disagreement(found)) if found.field == name),
                "{name}: {result:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn programs_that_do_not_fit_together_are_the_callers_mistake() {
    let misuse = async |then: Vec<Next>, role| {
        let mut setup = Setup::new(Program::products(3).for_garbler(1), [role; 2], 72);
        setup.configs[0].then = then;
        let opened =
            Session::open(memory::pair().0, setup.configs[0].clone(), &mut ChaCha20Rng::seed_from_u64(0)).await;
        match opened.err() {
            Some(SessionError::ApiMisuse(misuse)) => misuse,
            other => panic!("{other:?}"),
        }
    };
    let next = |program: Program, n_runs| Next { plan: program.plan, n_runs };
    let other_garbler = next(Program::products(3).for_garbler(0), 1);
    assert!(matches!(misuse(vec![other_garbler], RoleChoice::Auto).await, Misuse::OtherGarbler { .. }));
    let mut plan = Plan::clone(&Program::millionaires(4).plan);
    plan.parties = vec!["alice".into(), "carol".into()];
    let others = Next { plan: SealedPlan::new(plan).expect("names are free"), n_runs: 1 };
    assert!(matches!(misuse(vec![others], RoleChoice::Auto).await, Misuse::OtherParties { .. }));
    let never = next(Program::millionaires(4), 0);
    assert!(matches!(misuse(vec![never], RoleChoice::Auto).await, Misuse::NoRuns));
    let often = next(Program::millionaires(4), u32::MAX);
    assert!(matches!(misuse(vec![often.clone(), often], RoleChoice::Auto).await, Misuse::TooManyRuns));
    let many = vec![next(Program::millionaires(4), 1); 1001];
    assert!(matches!(misuse(many, RoleChoice::Auto).await, Misuse::TooManyPrograms { found: 1002, max: 1001 }));
}
