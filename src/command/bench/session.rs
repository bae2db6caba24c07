//! Whole sessions of two parties in this process, over a loopback socket and in memory, and what the socket alone can do.

use std::time::{Duration, Instant};

use anyhow::Context;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use hushgate_circuits::id::PartyId;
use hushgate_runtime::block::{BLOCK_BYTES, Block};
use hushgate_runtime::channel::simulated::{self, Conditions};
use hushgate_runtime::channel::tls::Endpoint;
use hushgate_runtime::channel::{Channel, Link, Network, ROW_FRAME_BLOCKS, Timeouts, memory, tcp};
use hushgate_runtime::identity::{Identity, Pin};
use hushgate_runtime::session::{Outcome, Prepared, RoleChoice, SealedPlan, Session, SessionConfig, SessionError};
use hushgate_runtime::session::{Stats, Stop};
use hushgate_runtime::wire::FrameKind;

use super::workload::{WORKLOADS, millionaires, parity};
use super::{Bench, garbling, rng};
use crate::failure::Failure;
use crate::loopback::{self, apart};

/// Either side gives up when the other is silent for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// ANDs of a session for each second of the time given.
const ANDS_PER_SECOND: f64 = 1.6e7;

/// How the parties are connected.
#[derive(Clone, Copy)]
enum Over {
    Tcp,
    Tls,
    Memory,
}

/// The socket, each workload over each channel, and one small program from a cold start.
///
/// `of_allowed` is the rate beside what the socket and the slower party's computing allow if they never overlap: the time of one and the time of
/// the other.
pub fn run(bench: &mut Bench) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let limit = socket_limit(bench, Over::Tcp)?;
    bench.add("session/socket-limit", limit / 1e6, "MB/s");
    let tls_limit = socket_limit(bench, Over::Tls)?;
    bench.add("session/socket-limit-tls", tls_limit / 1e6, "MB/s");
    let n_ands = (bench.budget.as_secs_f64() * ANDS_PER_SECOND).max(1e5) as u64;
    for workload in &WORKLOADS {
        let plan = sealed(workload.plan(n_ands));
        let cost = garbling::of_plan(bench, &workload.plan(garbling::RUN_ANDS));
        let bytes = plan.table_bytes() as f64 / plan.n_ands() as f64;
        for (name, over, limit) in
            [("tcp", Over::Tcp, Some(limit)), ("tls", Over::Tls, Some(tls_limit)), ("memory", Over::Memory, None)]
        {
            let stats = fastest(bench, &plan, over, |stats| stats.tables.time)?;
            let rate = stats.and_gates as f64 / stats.tables.time.as_secs_f64() / 1e6;
            let mut more =
                vec![("table_mb", stats.table_bytes as f64 / 1e6), ("cold_ms", stats.cold.as_secs_f64() * 1e3)];
            if let Some(limit) = limit {
                let allowed = 1e3 / (cost.garble.max(cost.evaluate) + bytes / limit * 1e9);
                more.push(("of_allowed", rate / allowed));
            }
            bench.add_with(&format!("session/{name}/{}", workload.name), rate, "M AND/s", &more);
        }
    }
    let plan = sealed(millionaires());
    let cipher = sealed(WORKLOADS[0].plan(1));
    for (name, plan, over) in [
        ("cold-millionaires", &plan, Over::Tcp),
        ("cold-millionaires-tls", &plan, Over::Tls),
        ("cold-aes128", &cipher, Over::Tcp),
    ] {
        let cold = fastest(bench, plan, over, |stats| stats.cold)?;
        bench.add(&format!("session/{name}"), cold.cold.as_secs_f64() * 1e3, "ms");
    }
    let warm = warm(bench, &plan)?;
    bench.add("session/warm-millionaires", warm.as_secs_f64() * 1e3, "ms");
    bench.add("session/round-trips-cold", runtime.block_on(round_trips(bench, &plan))?, "count");
    let (took, minimum) = runtime.block_on(many_inputs(bench))?;
    let more = [("ms", took.as_secs_f64() * 1e3), ("minimum_ms", minimum.as_secs_f64() * 1e3)];
    bench.add_with("session/wan-million-bits", took.as_secs_f64() / minimum.as_secs_f64(), "ratio", &more);
    Ok(())
}

/// Runs of the session that later runs are measured in, at most.
const WARM_RUNS: u32 = 2000;

/// The fastest of the later runs of a session over a socket: the slower party's time.
fn warm(bench: &Bench, plan: &SealedPlan) -> Result<Duration, Failure> {
    let n_runs = (bench.budget.as_secs_f64() * 4000.0).clamp(20.0, f64::from(WARM_RUNS)) as u32;
    let configs = [0, 1].map(|index| config(bench, plan, index, n_runs));
    let [first, second] =
        at_both_ends(bench, Over::Tcp, configs.map(|config| async move |channel| many_runs(config, channel).await))?;
    let later = first.into_iter().zip(second).skip(1).map(|(first, second)| first.max(second));
    Ok(later.min().expect("there are later runs"))
}

/// The time of each run of a session.
async fn many_runs(config: SessionConfig, channel: Channel) -> Result<Vec<Duration>, SessionError> {
    let (mut rng, n_runs) = (rng(), config.n_runs);
    let inputs = random_inputs(&config, &mut rng);
    let mut session = Session::open(channel, config, &mut rng).await?;
    let mut times = Vec::new();
    for _ in 0..n_runs {
        let start = Instant::now();
        (session, _) = session.run(&inputs, &mut rng).await?;
        times.push(start.elapsed());
    }
    session.close().await?;
    Ok(times)
}

/// What a round trip takes in the simulation; computing is short beside it.
const ROUND_TRIP: Duration = Duration::from_millis(200);

/// Round trips from a new connection to both parties' results, to the next half: over a link on which only they take time.
async fn round_trips(bench: &Bench, plan: &SealedPlan) -> Result<f64, Failure> {
    let network = Network { rtt: ROUND_TRIP, bits_per_second: 1_000_000_000_000 };
    let (first, second) = simulated::pair(Conditions::ideal(network), &mut rng());
    let start = Instant::now();
    let first = tokio::spawn(party(config(bench, plan, 0, 1), Prepared::default(), first));
    let second = tokio::spawn(party(config(bench, plan, 1, 1), Prepared::default(), second));
    let (first, second) = tokio::join!(first, second);
    first.context("a party stopped")??;
    second.context("a party stopped")??;
    Ok((start.elapsed().as_secs_f64() / ROUND_TRIP.as_secs_f64() * 2.0).floor() / 2.0)
}

/// Input bits of the evaluator over a slow link.
const MANY_INPUTS: u32 = 1_000_000;

/// Round trips that a session with the OT extension waits for, in halves.
const HALVES: u32 = 7;

/// The time of a prepared session with a million input bits over a simulated link of 100 Mbit/s and 40 ms, and what the link itself needs: for the bytes of
/// the side that sends most, and the round trips.
async fn many_inputs(bench: &Bench) -> Result<(Duration, Duration), Failure> {
    let (network, plan) = (Network::WAN, sealed(parity(MANY_INPUTS)));
    let [alice, bob] = [0, 1].map(|index| Prepared::new(&config(bench, &plan, index, 1), &mut rng()));
    let (first, second) = simulated::pair(Conditions::ideal(network), &mut rng());
    let start = Instant::now();
    let first = tokio::spawn(party(config(bench, &plan, 0, 1), alice, first));
    let second = tokio::spawn(party(config(bench, &plan, 1, 1), bob, second));
    let (first, second) = tokio::join!(first, second);
    let took = start.elapsed();
    let sent = [first.context("a party stopped")??, second.context("a party stopped")??];
    let bytes = sent.map(|outcome| outcome.stats.traffic().sent_bytes).into_iter().max().unwrap_or(0);
    let transfer = Duration::from_secs_f64(8.0 * bytes as f64 / network.bits_per_second as f64);
    Ok((took, transfer + network.rtt * HALVES / 2))
}

fn sealed(plan: hushgate_circuits::plan::Plan) -> SealedPlan {
    SealedPlan::new(plan).expect("the scheduler makes valid plans")
}

/// The slower party's figures in the session where `time` was shortest; runs at least two sessions.
fn fastest(bench: &Bench, plan: &SealedPlan, over: Over, time: impl Fn(&Stats) -> Duration) -> Result<Stats, Failure> {
    let (start, mut runs, mut best) = (Instant::now(), 0, None);
    while runs < 2 || start.elapsed() < bench.budget {
        let [first, second] = both(bench, plan, over)?;
        let slower = if time(&first.stats) > time(&second.stats) { first.stats } else { second.stats };
        best = best.filter(|best| time(best) <= time(&slower)).or(Some(slower));
        runs += 1;
    }
    Ok(best.expect("at least two sessions ran"))
}

/// Runs both parties on random inputs, prepared before they are connected.
fn both(bench: &Bench, plan: &SealedPlan, over: Over) -> Result<[Outcome; 2], Failure> {
    let parties = [0, 1].map(|index| {
        let config = config(bench, plan, index, 1);
        let prepared = Prepared::new(&config, &mut rng());
        async move |channel| party(config, prepared, channel).await
    });
    at_both_ends(bench, over, parties)
}

/// What two parties do at the ends of a connection.
fn at_both_ends<T: Send>(
    bench: &Bench,
    over: Over,
    [first, second]: [impl AsyncFnOnce(Channel) -> Result<T, SessionError> + Send; 2],
) -> Result<[T; 2], Failure> {
    let [ours, theirs] = ends(over);
    let first = async move || -> Result<T, Failure> { Ok(first(ours.channel().await?).await?) };
    let second = async move || -> Result<T, Failure> { Ok(second(theirs.channel().await?).await?) };
    let (first, second) = apart(bench.threads, first, second)?;
    Ok([first?, second?])
}

/// An end of a connection of two parties.
enum End {
    Memory(Channel),
    Listening(loopback::Listening, Option<Endpoint>),
    Connecting(loopback::Connecting, Option<Endpoint>),
}

fn ends(over: Over) -> [End; 2] {
    if matches!(over, Over::Memory) {
        let (ours, theirs) = memory::pair();
        return [End::Memory(ours), End::Memory(theirs)];
    }
    let [server, client] = match over {
        Over::Tls => {
            let [alice, bob] = [(); 2].map(|()| Identity::generate(&mut rng()));
            let to = |ours: &Identity, theirs: &Identity| Endpoint::new(ours, Pin::Key(theirs.public_key()));
            [Some(to(&alice, &bob)), Some(to(&bob, &alice))]
        }
        _ => [None, None],
    };
    let (listening, connecting) = loopback::ends();
    [End::Listening(listening, server), End::Connecting(connecting, client)]
}

impl End {
    async fn channel(self) -> anyhow::Result<Channel> {
        Ok(match self {
            End::Memory(channel) => channel,
            End::Listening(listening, endpoint) => {
                let listener = listening.listener().await.context("cannot use loopback")?;
                match endpoint {
                    None => listener.accept(PATIENCE).await.context("cannot use loopback")?,
                    Some(server) => server.accept(&listener, &timeouts()).await?,
                }
            }
            End::Connecting(connecting, endpoint) => {
                let address = connecting.address().await.context("cannot use loopback")?;
                match endpoint {
                    None => tcp::connect(address, PATIENCE).await.context("cannot use loopback")?,
                    Some(client) => client.connect(address, &timeouts()).await?,
                }
            }
        })
    }
}

fn timeouts() -> Timeouts {
    Timeouts { progress: PATIENCE, connect: PATIENCE, handshake: PATIENCE, ..Timeouts::default() }
}

fn config(bench: &Bench, plan: &SealedPlan, index: u32, n_runs: u32) -> SessionConfig {
    SessionConfig {
        plan: plan.clone(),
        n_runs,
        then: Vec::new(),
        party: PartyId(index),
        role: RoleChoice::Auto,
        agreement: Vec::new(),
        origin: Vec::new(),
        timeouts: timeouts(),
        network: None,
        stop: Stop::default(),
        kernel: bench.kernel,
        threads: bench.threads,
    }
}

fn random_inputs(config: &SessionConfig, rng: &mut ChaCha20Rng) -> Vec<bool> {
    let ports = config.plan.inputs.iter().filter(|port| port.party == config.party);
    let n_inputs: u64 = ports.map(|port| port.shape.width()).sum();
    (0..n_inputs).map(|_| rng.random()).collect()
}

/// One party's session of one run.
async fn party(config: SessionConfig, prepared: Prepared, channel: Channel) -> Result<Outcome, SessionError> {
    let mut rng = rng();
    let inputs = random_inputs(&config, &mut rng);
    let session = Session::open_prepared(prepared, channel, config, &mut rng).await?;
    let (session, outcome) = session.run(&inputs, &mut rng).await?;
    session.close().await.map(|()| outcome)
}

/// Bytes a second of a session's frames full of zeros through a loopback socket.
fn socket_limit(bench: &Bench, over: Over) -> Result<f64, Failure> {
    let [ours, theirs] = ends(over);
    let budget = bench.budget.max(Duration::from_millis(20));
    let send = async move || -> anyhow::Result<()> {
        let ours = Link::start(ours.channel().await?);
        let (start, mut rows) = (Instant::now(), vec![Block::ZERO; ROW_FRAME_BLOCKS]);
        let mut writer = ours.sender.row_writer().await?;
        while start.elapsed() < budget {
            rows = writer.write(FrameKind::Tables, rows, ROW_FRAME_BLOCKS).await?;
        }
        drop(writer);
        Ok(ours.close().await?)
    };
    let receive = async move || -> anyhow::Result<f64> {
        let mut theirs = Link::start(theirs.channel().await?);
        let (mut rows, mut n_rows, mut start) = (vec![Block::ZERO; ROW_FRAME_BLOCKS + 1], 0, None);
        while theirs.receiver.receive_rows(FrameKind::Tables, &mut rows).await.is_ok() {
            match start {
                None => start = Some(Instant::now()),
                Some(_) => n_rows += ROW_FRAME_BLOCKS,
            }
        }
        let seconds = start.context("nothing came over loopback")?.elapsed().as_secs_f64();
        Ok((n_rows * BLOCK_BYTES) as f64 / seconds)
    };
    let (sent, received) = apart(bench.threads, send, receive)?;
    sent?;
    Ok(received?)
}
