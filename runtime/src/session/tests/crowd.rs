//! Many parties at one listener, and others who want no session at all.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;
use crate::channel::host::{Arrival, GUESTS_MAX, Host, TurnedAway};
use crate::channel::tls::Endpoint;
use crate::identity::{Identity, Pin};

const SESSIONS: usize = 200;

fn setup() -> Setup {
    let mut setup = Setup::new(Program::millionaires(3), [GARBLES, EVALUATES], 70);
    for config in &mut setup.configs {
        config.timeouts.handshake = Duration::from_secs(60);
        config.timeouts.progress = Duration::from_secs(60);
    }
    setup
}

/// Randomness that no other session has.
fn fresh() -> ChaCha20Rng {
    ChaCha20Rng::from_rng(&mut rand::rng())
}

/// A listener that opens party 0's session with whoever wants one.
async fn host(setup: &Setup, endpoint: Option<Endpoint>, patience: Duration) -> (Host<Session, SessionError>, String) {
    let listener = tcp::Listener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let config = setup.configs[0].clone();
    let welcome = move |channel| {
        let config = config.clone();
        async move { Session::open(channel, config, &mut fresh()).await }
    };
    (Host::new(listener, endpoint, patience, welcome), address)
}

/// Serves so many sessions, each in a task of its own; how many strangers came in between.
async fn serve(mut host: Host<Session, SessionError>, setup: Setup, n: usize) -> usize {
    let (mut serving, mut n_strangers) = (tokio::task::JoinSet::new(), 0);
    while serving.len() < n {
        match host.next().await {
            Arrival::Stranger(..) => n_strangers += 1,
            Arrival::Guest(_, session) => {
                let setup = setup.clone();
                serving.spawn(async move {
                    let inputs = setup.program.inputs_of(0, &setup.bits);
                    let (session, outcome) = session.run(&inputs, &mut fresh()).await.expect("honest parties");
                    assert_eq!(outcome.outputs, setup.expected(0));
                    session.close().await.expect("honest parties");
                });
            }
        }
    }
    serving.join_all().await;
    n_strangers
}

/// Strangers: some send garbage, some lie about lengths, some begin and never go on.
async fn strangers(address: &str, n: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for i in 0..n {
        let mut stream = TcpStream::connect(address).await.expect("somebody listens");
        let said: &[u8] = match i % 5 {
            0 => b"GET / HTTP/1.1\r\n\r\n",
            1 => &[0xee; 5000],
            2 => b"\x01\x01\0\0\0\0\0\0\xff\xff\xff\xff",
            3 => b"\x01\x01\0\0\0\0\0\0\0\xff\0\0HUSHGATE",
            _ => b"",
        };
        // Some have been turned away by now.
        let _ = stream.write_all(said).await;
        streams.push(stream);
    }
    streams
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sessions_at_once_are_served_among_strangers() {
    let setup = setup();
    let (host, address) = host(&setup, None, Duration::from_secs(60)).await;
    let serving = tokio::spawn(serve(host, setup.clone(), SESSIONS));
    let crowd = strangers(&address, 300).await;
    let mut parties = tokio::task::JoinSet::new();
    for _ in 0..SESSIONS {
        let (setup, address) = (setup.clone(), address.clone());
        parties.spawn(async move {
            let channel = tcp::connect(address, Duration::from_secs(60)).await.expect("somebody listens");
            let outcome = setup.run_party(1, channel).await.expect("honest parties");
            assert_eq!(outcome.outputs, setup.expected(1));
        });
    }
    parties.join_all().await;
    // Those that sent nonsense: a header that is none, or a length that cannot be.
    assert!(serving.await.expect("it serves") >= 180);
    drop(crowd);
}

/// Whoever dawdles gives way to whoever comes later, so waiting strangers fill nothing up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_waiting_strangers_than_there_is_room_for_keep_nobody_out() {
    let setup = setup();
    let (host, address) = host(&setup, None, Duration::from_secs(3600)).await;
    let serving = tokio::spawn(serve(host, setup.clone(), 1));
    let mut crowd = Vec::new();
    for _ in 0..GUESTS_MAX + 50 {
        crowd.push(TcpStream::connect(&address).await.expect("somebody listens"));
    }
    let channel = tcp::connect(address, Duration::from_secs(60)).await.expect("somebody listens");
    setup.run_party(1, channel).await.expect("honest parties");
    serving.await.expect("it serves");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_strangers_are_turned_away_and_the_peer_is_not() {
    let rng = &mut ChaCha20Rng::seed_from_u64(71);
    let [alice, bob, eve] = [(); 3].map(|()| Identity::generate(rng));
    let setup = setup();
    let ours = Endpoint::new(&alice, Pin::Key(bob.public_key()));
    let (mut host, address) = host(&setup, Some(ours), Duration::from_secs(60)).await;
    let timeouts = setup.configs[1].timeouts;
    let _plain = strangers(&address, 1).await;
    assert!(matches!(host.next().await, Arrival::Stranger(_, TurnedAway::Tls(_))));
    let stranger = Endpoint::new(&eve, Pin::Key(alice.public_key()));
    let address_of_eve = address.clone();
    let eve = tokio::spawn(async move { stranger.connect(address_of_eve, &timeouts).await.map(|_| ()) });
    assert!(matches!(host.next().await, Arrival::Stranger(_, TurnedAway::Tls(_))));
    // She learns of it when she reads.
    let _ = eve.await.expect("no panic");
    let serving = tokio::spawn(serve(host, setup.clone(), 1));
    let peer = Endpoint::new(&bob, Pin::Key(alice.public_key()));
    let channel = peer.connect(address, &timeouts).await.expect("somebody listens");
    setup.run_party(1, channel).await.expect("honest parties");
    serving.await.expect("it serves");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_ends_with_its_own_reason() {
    let setup = setup();
    let (mut host, address) = host(&setup, None, Duration::from_millis(100)).await;
    let _silent = TcpStream::connect(&address).await.expect("somebody listens");
    assert!(matches!(host.next().await, Arrival::Stranger(_, TurnedAway::Late(_))));
}
