//! Sessions give the plain answers, whoever garbles and whoever listens, and nothing else.

mod agreement;
mod crowd;
mod faults;
mod forecast;
mod links;
mod programs;
mod proxy;
mod runs;
mod threads;
mod tls;

use std::collections::HashSet;
use std::time::Duration;

use hushgate_circuits::id::PartyId;
use hushgate_circuits::plan::Plan;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

use self::programs::Program;
use super::*;
use crate::block::Delta;
use crate::channel::{memory, tcp};
use crate::wire::HEADER_BYTES;

const GARBLES: RoleChoice = RoleChoice::Only(Role::Garbler);
const EVALUATES: RoleChoice = RoleChoice::Only(Role::Evaluator);

type Results = [Result<Outcome, SessionError>; 2];

/// What both parties of a test do; party 0 first.
#[derive(Clone)]
struct Setup {
    program: Program,
    configs: [SessionConfig; 2],
    /// The bits of all inputs, in the plan's order.
    bits: Vec<bool>,
    seeds: [u64; 2],
}

impl Setup {
    fn new(program: Program, roles: [RoleChoice; 2], seed: u64) -> Setup {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let bits = (0..n_input_bits(&program.plan)).map(|_| rng.random()).collect();
        let config = |party: u32| SessionConfig {
            plan: program.plan.clone(),
            n_runs: 1,
            then: Vec::new(),
            party: PartyId(party),
            role: roles[party as usize],
            agreement: vec![Field { name: "parameter N".into(), value: "64".into() }],
            origin: Vec::new(),
            timeouts: Timeouts {
                connect: Duration::from_secs(5),
                handshake: Duration::from_secs(2),
                progress: Duration::from_secs(5),
                total: Some(Duration::from_secs(60)),
            },
            network: None,
            stop: Stop::default(),
            kernel: Kernel::detect(),
            threads: Threads::ONE,
        };
        Setup { configs: [config(0), config(1)], program, bits, seeds: [2 * seed, 2 * seed + 1] }
    }

    async fn run_party(&self, party: u32, channel: Channel) -> Result<Outcome, SessionError> {
        let config = self.configs[party as usize].clone();
        let mut rng = ChaCha20Rng::seed_from_u64(self.seeds[party as usize]);
        run(channel, config, &self.program.inputs_of(party, &self.bits), &mut rng).await
    }

    async fn run_both(&self, [first, second]: [Channel; 2]) -> Results {
        let (first, second) = tokio::join!(self.run_party(0, first), self.run_party(1, second));
        [first, second]
    }

    async fn run_in_memory(&self) -> Results {
        let (first, second) = memory::pair();
        self.run_both([first, second]).await
    }

    /// The outputs that a party must get.
    fn expected(&self, party: u32) -> Vec<Option<Vec<bool>>> {
        self.program.outputs_of(party, &self.bits)
    }

    fn check(&self, results: Results) {
        for (party, result) in results.into_iter().enumerate() {
            let outcome = result.unwrap_or_else(|error| panic!("party {party}: {error}"));
            assert_eq!(outcome.outputs, self.expected(party as u32), "party {party}");
        }
    }
}

/// The bits of all inputs.
fn n_input_bits(plan: &Plan) -> u64 {
    plan.inputs.iter().map(|port| port.shape.width()).sum()
}

async fn tcp_pair(listening: usize) -> [Channel; 2] {
    let listener = tcp::Listener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let patience = Duration::from_secs(5);
    let (accepted, connected) = tokio::join!(listener.accept(patience), tcp::connect(address, patience));
    let (accepted, connected) = (accepted.expect("somebody connects"), connected.expect("somebody listens"));
    if listening == 0 { [accepted, connected] } else { [connected, accepted] }
}

#[tokio::test(start_paused = true)]
async fn random_programs_give_the_plain_answers() {
    for seed in 0..200 {
        let roles = [[GARBLES, EVALUATES], [EVALUATES, GARBLES], [RoleChoice::Auto; 2]][seed as usize % 3];
        let setup = Setup::new(Program::random(seed), roles, seed);
        setup.check(setup.run_in_memory().await);
    }
}

#[tokio::test(start_paused = true)]
async fn plans_for_one_garbler_give_the_plain_answers() {
    for seed in 0..200 {
        for garbler in [0, 1] {
            let setup = Setup::new(Program::random(seed).for_garbler(garbler), [RoleChoice::Auto; 2], seed);
            setup.check(setup.run_in_memory().await);
            let setup =
                Setup::new(Program::products(2 + seed as u32 % 9).for_garbler(garbler), [RoleChoice::Auto; 2], seed);
            let results = setup.run_in_memory().await;
            assert_eq!(results[garbler as usize].as_ref().map(|outcome| outcome.role).ok(), Some(Role::Garbler));
            setup.check(results);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_one_garbler_has_no_other() {
    let setup = Setup::new(Program::products(3).for_garbler(1), [GARBLES, RoleChoice::Auto], 1);
    let [first, second] = setup.run_in_memory().await;
    let text = first.expect_err("party 1 garbles").to_string();
    assert_eq!(text, "the plan is for \"bob\" as the garbler, so this party cannot be the garbler");
    assert!(second.is_err());
}

/// Parties that do not both take out what they can compute by themselves have other plans.
#[tokio::test(start_paused = true)]
async fn plans_for_different_garblers_do_not_meet() {
    let whole = Program::products(3);
    let plans = [whole.clone().for_garbler(0).plan, whole.clone().for_garbler(1).plan, whole.clone().plan];
    for (i, j) in [(0, 1), (0, 2), (2, 1)] {
        let mut setup = Setup::new(whole.clone(), [RoleChoice::Auto; 2], 1);
        (setup.configs[0].plan, setup.configs[1].plan) = (plans[i].clone(), plans[j].clone());
        for result in setup.run_in_memory().await {
            assert!(matches!(result, Err(SessionError::Disagreement(_))), "{result:?}");
        }
    }
}

#[tokio::test]
async fn either_party_may_listen_and_either_may_garble() {
    for (seed, roles) in [[GARBLES, EVALUATES], [EVALUATES, GARBLES]].into_iter().enumerate() {
        for listening in 0..2 {
            let setup = Setup::new(Program::millionaires(16), roles, seed as u64);
            setup.check(setup.run_both(tcp_pair(listening).await).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_many_frames_stream_over_tcp_and_memory() {
    for (seed, n_ands) in [(0, 1000), (1, 20_000), (2, 3 * 8192), (3, 100_001)] {
        let setup = Setup::new(Program::chains(n_ands), [RoleChoice::Auto; 2], seed);
        let results = setup.run_both(tcp_pair(0).await).await;
        let stats = results[0].as_ref().expect("it works").stats;
        assert_eq!(stats.and_gates, u64::from(n_ands));
        assert_eq!(stats.table_bytes, 32 * u64::from(n_ands));
        assert!(stats.tables.traffic.sent_bytes > stats.table_bytes);
        setup.check(results);
        setup.check(setup.run_in_memory().await);
    }
}

#[tokio::test(start_paused = true)]
async fn writes_of_one_byte_are_enough() {
    let setup = Setup::new(Program::millionaires(8), [RoleChoice::Auto; 2], 3);
    let (first, second) = memory::pair_with_buffer(1);
    setup.check(setup.run_both([first, second]).await);
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_for_the_other_party() {
    for (roles, expected) in [
        ([GARBLES, RoleChoice::Auto], [Role::Garbler, Role::Evaluator]),
        ([EVALUATES, RoleChoice::Auto], [Role::Evaluator, Role::Garbler]),
        ([RoleChoice::Auto, GARBLES], [Role::Evaluator, Role::Garbler]),
        ([RoleChoice::Auto, RoleChoice::Auto], [Role::Garbler, Role::Evaluator]),
    ] {
        let results = Setup::new(Program::millionaires(2), roles, 4).run_in_memory().await;
        assert_eq!(results.map(|result| result.expect("roles fit").role), expected);
    }
}

/// What is prepared fits the session, or is left aside.
#[tokio::test(start_paused = true)]
async fn a_prepared_party_gets_the_same_answer() {
    for (program, roles, drafted) in [
        (Program::millionaires(8), [RoleChoice::Auto; 2], [0, 8]),
        (Program::millionaires(8), [EVALUATES, RoleChoice::Auto], [8, 8]),
        (Program::millionaires(200), [GARBLES, EVALUATES], [128, 0]),
        (Program::parity(300), [RoleChoice::Auto, GARBLES], [128, 0]),
    ] {
        let setup = Setup::new(program, roles, 16);
        let party = async |party: u32, channel| {
            let mut rng = ChaCha20Rng::seed_from_u64(setup.seeds[party as usize]);
            let config = setup.configs[party as usize].clone();
            let prepared = Prepared::new(&config, &mut rng);
            assert_eq!(prepared.0.as_ref().map_or(0, BaseDraft::len), drafted[party as usize]);
            let session = Session::open_prepared(prepared, channel, config, &mut rng).await?;
            let inputs = setup.program.inputs_of(party, &setup.bits);
            let (session, outcome) = session.run(&inputs, &mut rng).await?;
            session.close().await.map(|()| outcome)
        };
        let (first, second) = memory::pair();
        setup.check(tokio::join!(party(0, first), party(1, second)).into());
    }
}

#[tokio::test(start_paused = true)]
async fn both_parties_count_the_same_bytes() {
    let setup = Setup::new(Program::millionaires(64), [RoleChoice::Auto; 2], 5);
    let [first, second] = setup.run_in_memory().await.map(|result| result.expect("it works").stats);
    assert_eq!(first.traffic().sent_bytes, second.traffic().received_bytes);
    assert_eq!(second.traffic().sent_bytes, first.traffic().received_bytes);
    assert_eq!((first.and_gates, first.table_bytes, first.ot_count), (64, 2048, 64));
    assert!(first.cold >= first.after_handshake);
}

#[tokio::test(start_paused = true)]
async fn two_runs_share_no_seed_no_label_and_no_row() {
    let setup = Setup::new(Program::millionaires(8), [RoleChoice::Auto; 2], 6);
    let first = proxy::record(&setup).await;
    // Even a garbler whose generator repeats itself gets other labels, as the session id is another one.
    let second = proxy::record(&Setup { seeds: [setup.seeds[0], 99], ..setup.clone() }).await;
    let third = proxy::record(&Setup { seeds: [98, 99], ..setup.clone() }).await;
    let seed = |frames: &proxy::Frames| frames[0][2].clone();
    assert_ne!(seed(&first)[12..44], seed(&third)[12..44]);
    for (a, b) in [(&first, &second), (&second, &third), (&first, &third)] {
        let rows = |frames: &proxy::Frames| frames[0][3][12..].as_chunks::<16>().0.to_vec();
        assert!(rows(a).iter().all(|row| !rows(b).contains(row)));
    }
}

/// With few inputs and with the extension: no XOR of up to three blocks of what goes over the wire is Δ.
#[tokio::test(start_paused = true)]
async fn the_transcript_does_not_betray_delta() {
    for program in [Program::millionaires(8), Program::parity(129)] {
        let setup = Setup::new(program, [GARBLES, EVALUATES], 15);
        let mut rng = ChaCha20Rng::seed_from_u64(setup.seeds[0]);
        rng.fill_bytes(&mut [0; 32]); // The nonce of the hello.
        let delta = u128::from(Delta::random(&mut rng).block());
        let frames = proxy::record(&setup).await;
        let payloads = frames.iter().flatten().map(|frame| &frame[HEADER_BYTES..]);
        let blocks = payloads.flat_map(|payload| payload.as_chunks().0.iter().map(|&block| u128::from_le_bytes(block)));
        let blocks: Vec<u128> = blocks.take(700).collect();
        assert_eq!(find_xor(&blocks, delta), None);
        assert!(
            find_xor(&[&blocks[..], &[blocks[3] ^ blocks[5] ^ delta]].concat(), delta).is_some(),
            "the search works"
        );
    }
}

/// Up to three different places whose blocks XOR to `target`.
fn find_xor(blocks: &[u128], target: u128) -> Option<(usize, usize)> {
    let all: HashSet<u128> = blocks.iter().copied().collect();
    let pairs = (0..blocks.len()).flat_map(|i| (i..blocks.len()).map(move |j| (i, j)));
    let is_hit = |&(i, j): &(usize, usize)| {
        let third = blocks[i] ^ blocks[j] ^ target;
        // With i = j, one block alone.
        third == 0 || (all.contains(&third) && third != blocks[i] && third != blocks[j]) || blocks[i] == target
    };
    pairs.into_iter().find(is_hit)
}

#[tokio::test(start_paused = true)]
async fn the_transcript_under_fixed_seeds_does_not_change() {
    let frames = proxy::record(&Setup::new(Program::millionaires(8), [RoleChoice::Auto; 2], 7)).await;
    let digest = blake3::hash(&frames.concat().concat()).to_hex();
    assert_eq!(&digest[..32], "69ea90ba679fd1fd73963aaec6ac56e7");
}

#[tokio::test(start_paused = true)]
async fn flights_are_few() {
    for (inputs, flights) in [
        // Hellos | choices | reply, seed, tables, decoding | results.
        (8, 4),
        // Hellos | points | trees, matrix | challenge | response | seed, tables, decoding | results.
        (200, 7),
    ] {
        let setup = Setup::new(Program::millionaires(inputs), [RoleChoice::Auto; 2], 8);
        assert_eq!(proxy::count_flights(&setup).await, flights);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_inputs_is_transferred() {
    // None, the last that go directly, the first that do not, the first that take the deeper trees, and two batches.
    for (seed, n_inputs) in [0, 128, 129, 1000, (1 << 14) + 1, (1 << 20) + 3].into_iter().enumerate() {
        let setup = Setup::new(Program::parity(n_inputs), [RoleChoice::Auto; 2], seed as u64);
        setup.check(setup.run_in_memory().await);
    }
}

#[test]
fn a_session_can_be_spawned() {
    fn check(_: impl Send) {}
    let setup = Setup::new(Program::millionaires(2), [RoleChoice::Auto; 2], 9);
    check(async move { setup.run_party(0, memory::pair().0).await });
}

#[tokio::test(start_paused = true)]
async fn misuse_is_found_before_anything_is_sent() {
    let setup = Setup::new(Program::millionaires(8), [RoleChoice::Auto; 2], 10);
    let misuse = async |change: &dyn Fn(&mut SessionConfig), n_bits| {
        let mut config = setup.configs[0].clone();
        change(&mut config);
        let error = run(memory::pair().0, config, &vec![false; n_bits], &mut ChaCha20Rng::seed_from_u64(0)).await;
        match error {
            Err(error @ SessionError::ApiMisuse(_)) => {
                assert_eq!(error.exit_code(), 2);
                error.to_string()
            }
            other => panic!("{other:?}"),
        }
    };
    let name = |name: &str| Field { name: name.into(), value: String::new() };
    assert!(misuse(&|_| {}, 7).await.contains("7 input bits for party \"alice\", whose inputs take 8"));
    assert!(misuse(&|config| config.party = PartyId(2), 8).await.contains("2 parties"));
    assert!(misuse(&|config| config.agreement = vec![name("x"), name("x")], 8).await.contains("\"x\""));
    assert!(misuse(&|config| config.agreement = vec![name(&"x".repeat(1 << 16))], 8).await.contains("at most 65536"));
}

#[tokio::test(start_paused = true)]
async fn a_third_party_cannot_take_part_yet() {
    let mut setup = Setup::new(Program::millionaires(4), [RoleChoice::Auto; 2], 11);
    let mut plan = Plan::clone(&setup.program.plan);
    plan.parties.push("carol".into());
    plan.outputs[0].recipients.push(PartyId(2));
    let plan = SealedPlan::new(plan).expect("still valid");
    setup.configs.iter_mut().for_each(|config| config.plan = plan.clone());
    for error in setup.run_in_memory().await.map(|result| result.expect_err("nobody is carol")) {
        assert!(error.to_string().contains("carol"), "{error}");
        assert!(matches!(error, SessionError::ApiMisuse(Misuse::ThirdParty { .. })), "{error}");
    }
}

#[test]
fn an_invalid_plan_cannot_be_sealed() {
    let mut plan = Plan::clone(&Program::millionaires(4).plan);
    plan.blocks[0].n_inputs += 1;
    assert!(SealedPlan::new(plan).is_err());
}

#[tokio::test(start_paused = true)]
async fn parties_are_told_apart_by_their_place_and_not_by_their_names() {
    let mut setup = Setup::new(Program::millionaires(4), [RoleChoice::Auto; 2], 12);
    let mut plan = Plan::clone(&setup.program.plan);
    plan.parties = vec!["same".into(), "same".into()];
    let plan = SealedPlan::new(plan).expect("names are free");
    setup.configs.iter_mut().for_each(|config| config.plan = plan.clone());
    setup.check(setup.run_in_memory().await);
}

#[tokio::test(start_paused = true)]
async fn a_party_that_is_cancelled_closes_the_connection() {
    let setup = Setup::new(Program::millionaires(4), [RoleChoice::Auto; 2], 13);
    let (first, second) = memory::pair_with_buffer(16);
    let cancelled = tokio::time::timeout(Duration::from_millis(1), setup.run_party(0, first));
    let (cancelled, other) = tokio::join!(cancelled, async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        setup.run_party(1, second).await
    });
    assert!(cancelled.is_err());
    let error = other.expect_err("nobody is there any more");
    assert_eq!(error.exit_code(), 5, "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_timeout_ends_a_session_with_its_own_name() {
    let setup = Setup::new(Program::millionaires(4), [RoleChoice::Auto; 2], 14);
    type Change = fn(&mut Timeouts);
    let cases: [(usize, TimeoutKind, Change); 3] = [
        (0, TimeoutKind::Handshake, |timeouts| timeouts.handshake = Duration::from_secs(1)),
        (1, TimeoutKind::Progress, |timeouts| timeouts.progress = Duration::from_secs(1)),
        (1, TimeoutKind::Total, |timeouts| timeouts.total = Some(Duration::from_secs(1))),
    ];
    for (frame, expected, change) in cases {
        let mut setup = setup.clone();
        change(&mut setup.configs[0].timeouts);
        let place = proxy::Place { sender: 1, frame };
        let [error, _] = proxy::run_with_fault(&setup, &place, &proxy::Fault::Stall).await;
        let error = error.expect_err("the other party says nothing");
        assert!(matches!(error, SessionError::Timeout { kind, .. } if kind == expected), "{error}");
        assert_eq!(error.exit_code(), 5);
    }
}
