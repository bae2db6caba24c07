//! Sessions over links with a round trip time and a rate: few round trips, full links, and links that break.

use super::*;
use crate::channel::Network;
use crate::channel::simulated::{Conditions, pair};

/// Both parties' times to their results, on a clock that stands still while they compute.
async fn time_over(setup: &Setup, conditions: Conditions) -> [Duration; 2] {
    let (first, second) = pair(conditions, &mut ChaCha20Rng::seed_from_u64(1));
    let start = tokio::time::Instant::now();
    let party = async |party, channel| (setup.run_party(party, channel).await, start.elapsed());
    let ((first, first_time), (second, second_time)) = tokio::join!(party(0, first), party(1, second));
    setup.check([first, second]);
    [first_time, second_time]
}

/// A link on which only round trips take time.
fn slow_and_wide() -> Conditions {
    Conditions::ideal(Network { rtt: Duration::from_secs(1), bits_per_second: 1_000_000_000_000 })
}

/// Half round trips that both parties need, hellos included: less than four whole ones, whatever the inputs.
#[tokio::test(start_paused = true)]
async fn a_cold_session_takes_at_most_four_round_trips() {
    for (program, halves) in [
        // Nothing to transfer: hellos | seed, tables, decoding | results.
        (Program::parity(0), [3, 2]),
        // Hellos | choices, flow | reply, seed, tables, decoding | results.
        (Program::millionaires(64), [4, 3]),
        // Hellos | points | trees, matrix | challenge | response, flow | seed, tables, decoding | results.
        (Program::millionaires(200), [7, 6]),
    ] {
        let setup = Setup::new(program, [GARBLES, EVALUATES], 60);
        let times = time_over(&setup, slow_and_wide()).await;
        let found = times.map(|time| (time.as_secs_f64() * 2.0).round() as u32);
        assert_eq!(found, halves);
        assert!(times.iter().all(|time| *time <= Duration::from_secs(4)), "{times:?}");
    }
}

/// A later run takes one and a half: flow | seed, tables, decoding | results.
#[tokio::test(start_paused = true)]
async fn a_warm_run_takes_one_and_a_half_round_trips() {
    let mut setup = Setup::new(Program::millionaires(64), [GARBLES, EVALUATES], 61);
    setup.configs.iter_mut().for_each(|config| config.n_runs = 11);
    let party = async |party: u32, channel| {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(party));
        let inputs = setup.program.inputs_of(party, &setup.bits);
        let mut session = Session::open(channel, setup.configs[party as usize].clone(), &mut rng).await?;
        for _ in 0..11 {
            (session, _) = session.run(&inputs, &mut rng).await?;
        }
        session.close().await
    };
    let (first, second) = pair(slow_and_wide(), &mut ChaCha20Rng::seed_from_u64(1));
    let start = tokio::time::Instant::now();
    let results: [Result<(), SessionError>; 2] = tokio::join!(party(0, first), party(1, second)).into();
    assert!(results.iter().all(Result::is_ok), "honest parties");
    // The first run sets up the extension; the flow of a later one goes out together with the results of the run before.
    let halves = (start.elapsed().as_secs_f64() * 2.0).round() as u32;
    assert_eq!(halves, 7 + 10 * 2);
}

/// The link's own minimum: what has to cross it, at its rate, and the round trips that the protocol waits for.
#[tokio::test(start_paused = true)]
async fn a_million_input_bits_fill_a_slow_link() {
    let mut setup = Setup::new(Program::parity(1_000_000), [GARBLES, EVALUATES], 62);
    for config in &mut setup.configs {
        config.timeouts.total = None;
    }
    let (first, second) = pair(Conditions::ideal(Network::WAN), &mut ChaCha20Rng::seed_from_u64(1));
    let start = tokio::time::Instant::now();
    let results = setup.run_both([first, second]).await;
    let took = start.elapsed();
    let bytes = results[1].as_ref().expect("it works").stats.traffic().sent_bytes;
    setup.check(results);
    // Two bytes of matrix and a bit of flow for each input: k = 8.
    assert!((2_100_000..2_200_000).contains(&bytes), "{bytes} bytes");
    let transfer = Duration::from_secs_f64(8.0 * bytes as f64 / Network::WAN.bits_per_second as f64);
    let minimum = transfer + Network::WAN.rtt * 7 / 2;
    assert!(took < minimum.mul_f64(1.3), "{took:?} where {minimum:?} would do");
}

#[tokio::test(start_paused = true)]
async fn jitter_and_slow_links_change_no_answer() {
    for (seed, bits_per_second) in [(63, 9_600), (64, 1_000_000)] {
        let network = Network { rtt: Duration::from_millis(600), bits_per_second };
        let conditions = Conditions { jitter: Duration::from_millis(500), ..Conditions::ideal(network) };
        for program in [Program::millionaires(8), Program::random(seed)] {
            let mut setup = Setup::new(program, [RoleChoice::Auto; 2], seed);
            setup.configs.iter_mut().for_each(|config| config.timeouts.handshake = Duration::from_secs(10));
            time_over(&setup, conditions).await;
        }
    }
}

/// Wherever the connection is lost, both sides notice in bounded time, or are done.
#[tokio::test(start_paused = true)]
async fn a_lost_connection_ends_on_both_sides() {
    let setup = Setup::new(Program::millionaires(8), [GARBLES, EVALUATES], 65);
    for millis in (0..140).step_by(10) {
        let lost_after = Some(Duration::from_millis(millis));
        let conditions = Conditions { lost_after, ..Conditions::ideal(Network::WAN) };
        let (first, second) = pair(conditions, &mut ChaCha20Rng::seed_from_u64(1));
        let start = tokio::time::Instant::now();
        let results = setup.run_both([first, second]).await;
        assert!(start.elapsed() < Duration::from_secs(12));
        for (party, result) in (0..).zip(results) {
            match result {
                Ok(outcome) => assert_eq!(outcome.outputs, setup.expected(party)),
                Err(error) => assert_eq!(error.exit_code(), 5, "{error}"),
            }
        }
    }
}

/// Both parties compute the same depth from what either knows.
#[tokio::test(start_paused = true)]
async fn the_slower_estimate_of_the_link_decides() {
    let bytes = async |networks: [Option<Network>; 2]| {
        let mut setup = Setup::new(Program::parity(100_000), [GARBLES, EVALUATES], 66);
        for (config, network) in setup.configs.iter_mut().zip(networks) {
            config.network = network;
        }
        let results = setup.run_in_memory().await;
        let sent = results[1].as_ref().expect("it works").stats.traffic().sent_bytes;
        setup.check(results);
        sent / 100_000
    };
    assert_eq!(bytes([None, None]).await, 4);
    assert_eq!(bytes([Some(Network::LOCAL), None]).await, 8);
    assert_eq!(bytes([Some(Network::LOCAL), Some(Network::WAN)]).await, 2);
    assert_eq!(bytes([Some(Network::WAN), None]).await, 2);
}
