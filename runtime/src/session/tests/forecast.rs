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

/// The later party's time over a simulated link, where computing takes none, is that of a real session over that link: within a hundredth, and two
/// milliseconds for each flight, which is as fine as the clock is.
#[tokio::test(start_paused = true)]
async fn flights_over_a_simulated_link_take_the_time_of_a_session_over_it() {
    let link = |millis, bits_per_second| Network { rtt: Duration::from_millis(millis), bits_per_second };
    let (far, slow, fast) = (link(300, 1_000_000_000), link(40, 1_000_000), link(1, 50_000_000));
    let small = [far, slow, Network::WAN, Network::CABLE];
    for (program, n_flights, networks) in [
        (Program::parity(0), 3, &small[..]),
        (Program::millionaires(64), 4, &small),
        (Program::millionaires(200), 7, &small),
        (Program::parity(2_000), 7, &small),
        // Many transfers, at other depths of the extension: the link's rate decides.
        (Program::parity(70_000), 7, &[far, Network::WAN, fast, slow]),
        // Tables of many frames.
        (Program::products(5_000), 7, &[far, Network::WAN, fast]),
    ] {
        for &network in networks {
            let mut setup = Setup::new(program.clone(), [GARBLES, EVALUATES], 61);
            setup.configs.iter_mut().for_each(|config| config.network = Some(network));
            let (first, second) = pair(Conditions::ideal(network), &mut ChaCha20Rng::seed_from_u64(1));
            let start = tokio::time::Instant::now();
            check(&setup, setup.run_both([first, second]).await);
            let took = start.elapsed();
            let forecast = Forecast::new(&setup.configs).expect("the parties agree");
            assert_eq!(forecast.n_flights(), n_flights);
            let expected = forecast.time(network, Speeds::default());
            let off = took.abs_diff(expected);
            let allowed = expected / 100 + 2 * Duration::from_millis(n_flights as u64);
            assert!(off <= allowed, "{network:?}, {n_flights} flights: took {took:?}, forecast {expected:?}");
        }
    }
}

/// Garbling, sending and evaluating go on at once, and so do both sides of the extension; base OTs do not.
#[test]
fn what_goes_on_at_once_takes_the_longest_of_its_times() {
    let forecast = |program| Forecast::new(&Setup::new(program, [GARBLES, EVALUATES], 1).configs).expect("they agree");
    let network = Network { rtt: Duration::from_millis(10), bits_per_second: 1_000_000_000 };
    let idle = Speeds::default();
    let products = forecast(Program::products(50_000));
    let bytes: u64 = products.sent.iter().map(|sent| sent.tables).sum();
    let (sent, whole) = (network.time_of(bytes).as_secs_f64(), products.time(network, idle).as_secs_f64());
    let each = 10.0 * sent / bytes as f64;
    for (garbling, evaluating, longest) in
        [(each, 0.0, 10.0), (0.0, each, 10.0), (each, each, 10.0), (each / 20.0, 0.0, 1.0)]
    {
        let time = products.time(network, Speeds { garbling, evaluating, ..idle }).as_secs_f64();
        let expected = whole + (longest - 1.0) * sent;
        // What the last tables' sending hides is in neither.
        assert!(time > expected * 0.9 && time < expected * 1.05, "{time} s where {expected} s are expected");
    }
    let (few, many) = (forecast(Program::millionaires(64)), forecast(Program::parity(200_000)));
    let base_ot = 1e-3;
    let more =
        |forecast: &Forecast, speeds| (forecast.time(network, speeds) - forecast.time(network, idle)).as_secs_f64();
    assert!((more(&few, Speeds { base_ot, ..idle }) - 0.064).abs() < 1e-6);
    assert!((more(&many, Speeds { base_ot, ..idle }) - 0.128).abs() < 1e-6);
    // 0.1 s of either party, one part behind the other.
    let extension = more(&many, Speeds { extension: 1e-6, ..idle });
    assert!((0.08..0.12).contains(&extension), "{extension} s");
}
