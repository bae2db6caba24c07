//! What is forecast is what is sent, to the byte, in every phase.

use super::*;
use crate::channel::simulated::{Conditions, pair};
use crate::channel::{Network, Traffic};

fn sent(outcome: &Outcome) -> Sent {
    let Stats { handshake, inputs, tables, outputs, .. } = outcome.stats;
    let [handshake, inputs, tables, outputs] =
        [handshake, inputs, tables, outputs].map(|phase| phase.traffic.sent_bytes);
    Sent { handshake, inputs, tables, outputs }
}

#[track_caller]
fn check(setup: &Setup, results: Results) {
    let forecast = Forecast::new(&setup.configs).expect("the parties agree");
    let outcomes = results.map(|result| result.expect("honest parties"));
    assert_eq!(outcomes.each_ref().map(sent), forecast.sent);
    assert_eq!(outcomes[0].role, forecast.role);
    let totals = forecast.sent.map(Sent::total);
    let traffic = |sent_bytes, received_bytes| Traffic { sent_bytes, received_bytes };
    let expected = [traffic(totals[0], totals[1]), traffic(totals[1], totals[0])];
    assert_eq!(outcomes.map(|outcome| outcome.stats.traffic()), expected);
}

#[tokio::test(start_paused = true)]
async fn every_byte_is_forecast() {
    for seed in 0..100 {
        for roles in [[GARBLES, EVALUATES], [EVALUATES, GARBLES], [RoleChoice::Auto; 2]] {
            let setup = Setup::new(Program::random(seed), roles, seed);
            check(&setup, setup.run_in_memory().await);
        }
        for garbler in [0, 1] {
            let setup = Setup::new(Program::random(seed).for_garbler(garbler), [RoleChoice::Auto; 2], seed);
            check(&setup, setup.run_in_memory().await);
        }
    }
}

#[tokio::test]
async fn transfers_of_every_kind_and_tables_of_many_frames_are_forecast() {
    let rates = [None, Some(Network::LOCAL), Some(Network::LAN), Some(Network::WAN)];
    for inputs in [0, 1, 127, 128, 5_000, 70_000] {
        for network in rates {
            let mut setup = Setup::new(Program::parity(inputs), [GARBLES, EVALUATES], 7);
            setup.configs[usize::from(inputs % 2 == 0)].network = network;
            check(&setup, setup.run_in_memory().await);
        }
    }
    for factor in [16, 100] {
        let setup = Setup::new(Program::products(factor), [RoleChoice::Auto; 2], 8);
        check(&setup, setup.run_both(tcp_pair(0).await).await);
        let setup = Setup::new(Program::products(factor).for_garbler(1), [RoleChoice::Auto; 2], 8);
        check(&setup, setup.run_both(tcp_pair(1).await).await);
    }
}

/// Two runs and a pool that lasts for both, and sessions that set up the extension.
#[tokio::test]
async fn all_runs_of_a_session_are_forecast() {
    for inputs in [10, 100, 200] {
        let mut setup = Setup::new(Program::millionaires(inputs), [GARBLES, EVALUATES], 9);
        setup.configs.iter_mut().for_each(|config| config.n_runs = 3);
        let party = async |party: u32, channel| {
            let mut rng = ChaCha20Rng::seed_from_u64(u64::from(party));
            let inputs = setup.program.inputs_of(party, &setup.bits);
            let mut session = Session::open(channel, setup.configs[party as usize].clone(), &mut rng).await?;
            let mut total = 0;
            for _ in 0..3 {
                let outcome;
                (session, outcome) = session.run(&inputs, &mut rng).await?;
                total += outcome.stats.traffic().sent_bytes;
            }
            session.close().await.map(|()| total)
        };
        let (first, second) = memory::pair();
        let totals: [Result<u64, SessionError>; 2] = tokio::join!(party(0, first), party(1, second)).into();
        let forecast = Forecast::new(&setup.configs).expect("the parties agree");
        assert_eq!(totals.map(Result::ok), forecast.sent.map(|sent| Some(sent.total())));
    }
}

/// The later party's time, where computing takes none.
#[tokio::test(start_paused = true)]
async fn flights_and_bytes_give_the_time() {
    let network = Network { rtt: Duration::from_millis(40), bits_per_second: 1_000_000 };
    for (program, n_flights) in [
        (Program::parity(0), 3),
        (Program::millionaires(64), 4),
        (Program::millionaires(200), 7),
        (Program::parity(2_000), 7),
    ] {
        let mut setup = Setup::new(program, [GARBLES, EVALUATES], 61);
        setup.configs.iter_mut().for_each(|config| config.network = Some(network));
        let (first, second) = pair(Conditions::ideal(network), &mut ChaCha20Rng::seed_from_u64(1));
        let start = tokio::time::Instant::now();
        check(&setup, setup.run_both([first, second]).await);
        let took = start.elapsed();
        let forecast = Forecast::new(&setup.configs).expect("the parties agree");
        assert_eq!(forecast.flights.len(), n_flights);
        let bytes: u64 = forecast.flights.iter().map(|flight| flight.bytes + flight.table_bytes).sum();
        let expected = network.rtt / 2 * n_flights as u32
            + Duration::from_secs_f64(8.0 * bytes as f64 / network.bits_per_second as f64);
        assert!(took >= expected.mul_f64(0.97) && took <= expected.mul_f64(1.06), "{took:?}, forecast {expected:?}");
    }
}
