//! Sessions over TLS: only with the pinned peer, and nothing to see or to change on the way.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::channel::tls::{Endpoint, TlsError};
use crate::channel::{Channel, tcp};
use crate::identity::{Identity, Pin};

/// Bytes from the connecting side and bytes from the listening side.
type Bytes = [Vec<u8>; 2];
type Flip = Option<(usize, usize)>;

const CONNECTING: usize = 0;
const LISTENING: usize = 1;
/// The last record of a direction: the goodbye.
const GOODBYE_BYTES: usize = 24;

fn setup(seed: u64) -> Setup {
    let mut setup = Setup::new(Program::millionaires(8), [RoleChoice::Auto; 2], seed);
    for config in &mut setup.configs {
        config.agreement.push(Field { name: "public text".into(), value: "nobody but the two may read this".into() });
        config.timeouts.handshake = Duration::from_secs(5);
    }
    setup
}

fn identity(seed: u8) -> Identity {
    Identity::from_seed(&[seed; 32])
}

fn pin(seed: u8) -> Pin {
    Pin::Key(identity(seed).public_key())
}

/// Party 0 connects with key 1, party 1 listens with key 2.
fn endpoints() -> [Endpoint; 2] {
    [Endpoint::new(&identity(1), pin(2)), Endpoint::new(&identity(2), pin(1))]
}

/// What the connecting and the listening side get: an error of the connection, or the session's result.
type TlsResult = Result<Result<Outcome, SessionError>, TlsError>;

async fn connecting(setup: &Setup, endpoint: &Endpoint, address: SocketAddr) -> TlsResult {
    let channel = endpoint.connect(address, &setup.configs[CONNECTING].timeouts).await?;
    Ok(setup.run_party(0, channel).await)
}

async fn listening(setup: &Setup, endpoint: &Endpoint, listener: &tcp::Listener) -> TlsResult {
    let channel = endpoint.accept(listener, &setup.configs[LISTENING].timeouts).await?;
    Ok(setup.run_party(1, channel).await)
}

async fn listener() -> (tcp::Listener, SocketAddr) {
    let listener = tcp::Listener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

async fn run_tls(setup: &Setup, [first, second]: &[Endpoint; 2]) -> [TlsResult; 2] {
    let (listener, address) = listener().await;
    let (first, second) = tokio::join!(connecting(setup, first, address), listening(setup, second, &listener));
    [first, second]
}

/// The same through somebody in between, who flips a bit of the byte at a place of a direction.
async fn run_recorded(setup: &Setup, [first, second]: &[Endpoint; 2], flip: Flip) -> ([TlsResult; 2], Bytes) {
    let (listener, address) = listener().await;
    let (between, recording) = recorder(address, flip).await;
    let (first, second) = tokio::join!(connecting(setup, first, between), listening(setup, second, &listener));
    ([first, second], recording.await.expect("the recorder ends"))
}

async fn recorder(to: SocketAddr, flip: Flip) -> (SocketAddr, JoinHandle<Bytes>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let recording = tokio::spawn(async move {
        let (near, _) = listener.accept().await.expect("somebody connects");
        let far = TcpStream::connect(to).await.expect("somebody listens");
        let ((near_reads, near_writes), (far_reads, far_writes)) = (near.into_split(), far.into_split());
        let at = |direction| flip.filter(|(which, _)| *which == direction).map(|(_, byte)| byte);
        let there = copy(near_reads, far_writes, at(CONNECTING));
        let back = copy(far_reads, near_writes, at(LISTENING));
        let (there, back) = tokio::join!(there, back);
        [there, back]
    });
    (address, recording)
}

async fn copy(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    flip: Option<usize>,
) -> Vec<u8> {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let start = seen.len();
        seen.extend_from_slice(&buffer[..n]);
        if let Some(byte) = flip.filter(|byte| (start..start + n).contains(byte)) {
            buffer[byte - start] ^= 1;
        }
        if to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
    // What can no longer be delivered is not an error of the test.
    let _ = to.shutdown().await;
    seen
}

fn results(results: [TlsResult; 2]) -> Results {
    results.map(|result| result.unwrap_or_else(|error| panic!("{error}")))
}

#[tokio::test]
async fn sessions_over_tls_give_the_right_answers_whoever_garbles() {
    for (seed, roles) in [[GARBLES, EVALUATES], [EVALUATES, GARBLES]].into_iter().enumerate() {
        for n_inputs in [8, 300] {
            let setup = Setup::new(Program::millionaires(n_inputs), roles, seed as u64);
            setup.check(results(run_tls(&setup, &endpoints()).await));
        }
    }
}

#[tokio::test]
async fn a_fingerprint_is_as_good_as_a_key() {
    let pinned = |seed| Pin::Fingerprint(identity(seed).public_key().fingerprint());
    let endpoints = [Endpoint::new(&identity(1), pinned(2)), Endpoint::new(&identity(2), pinned(1))];
    let setup = setup(40);
    setup.check(results(run_tls(&setup, &endpoints).await));
}

/// Many tables at once, so that both directions and all buffers are full at times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_sessions_over_tls_do_not_block() {
    let setup = Setup::new(Program::parity(1 << 17), [RoleChoice::Auto; 2], 41);
    setup.check(results(run_tls(&setup, &endpoints()).await));
}

#[tokio::test]
async fn the_binding_is_the_same_on_both_sides_and_new_for_every_connection() {
    let timeouts = Timeouts::default();
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let ((listener, address), [first, second]) = (listener().await, endpoints());
        let (connected, accepted) =
            tokio::join!(first.connect(address, &timeouts), second.accept(&listener, &timeouts));
        let [connected, accepted] = [connected, accepted].map(|channel| channel.expect("both hold their keys"));
        assert_eq!(connected.binding(), accepted.binding());
        assert_eq!(connected.binding().len(), 32);
        assert!(seen.insert(connected.binding().to_vec()));
    }
}

/// Each side in turn pins a key that the other does not have.
#[tokio::test]
async fn a_wrong_key_is_refused_by_either_side_and_both_say_so() {
    let [fingerprint1, fingerprint2, fingerprint3] = [1, 2, 3].map(|seed| identity(seed).public_key().fingerprint());
    let wrong = |error: &TlsError, expected, found| match error {
        TlsError::WrongKey(wrong) => {
            assert_eq!((wrong.expected, wrong.found, error.exit_code()), (expected, found, 6));
            let text = error.to_string();
            assert!(text.contains(&expected.to_string()) && text.contains(&found.to_string()), "{text}");
        }
        other => panic!("{other:?}"),
    };
    let setup = setup(42);

    let strict = [Endpoint::new(&identity(1), pin(3)), Endpoint::new(&identity(2), pin(1))];
    let [first, second] = run_tls(&setup, &strict).await;
    wrong(&first.expect_err("the listening side has another key"), fingerprint3, fingerprint2);
    match second.expect_err("the connecting side refused") {
        error @ TlsError::KeyRefused(refused) => assert_eq!((refused.ours, error.exit_code()), (fingerprint2, 4)),
        other => panic!("{other:?}"),
    }

    let strict = [Endpoint::new(&identity(1), pin(2)), Endpoint::new(&identity(2), pin(3))];
    for _ in 0..20 {
        let [first, second] = run_tls(&setup, &strict).await;
        wrong(&second.expect_err("the connecting side has another key"), fingerprint3, fingerprint1);
        match first.expect("its own handshake is complete").expect_err("the listening side refused") {
            error @ SessionError::KeyRefused(refused) => {
                assert_eq!((refused.ours, error.exit_code()), (fingerprint1, 4))
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Somebody who presents the pinned public key without its secret, or the wrong kind of credentials, gets nowhere.
#[tokio::test]
async fn a_public_key_without_its_secret_is_refused() {
    let setup = setup(43);
    let (thief, [first, second]) = (identity(9), endpoints());
    let steals = |seed| Endpoint::with_key_of(&thief, identity(seed).public_key(), pin(3 - seed));
    for endpoints in [[steals(1), second], [first, steals(2)]] {
        for result in run_tls(&setup, &endpoints).await {
            assert!(!matches!(result, Ok(Ok(_))), "nobody gets a result");
        }
    }
}

#[tokio::test]
async fn a_peer_without_tls_is_told_apart() {
    let setup = setup(44);
    let [first, second] = endpoints();
    let patience = Duration::from_secs(5);
    let plain = |error: SessionError| {
        assert!(matches!(error.exit_code(), 5 | 6), "{error}");
    };

    let (listening_here, address) = listener().await;
    let plain_listening =
        async { setup.run_party(1, listening_here.accept(patience).await.expect("somebody connects")).await };
    let (over_tls, plainly) = tokio::join!(connecting(&setup, &first, address), plain_listening);
    assert!(matches!(over_tls, Err(TlsError::NotTls)), "{over_tls:?}");
    let error = plainly.expect_err("no session");
    assert!(error.to_string().contains("TLS"), "{error}");
    plain(error);

    let (listening_here, address) = listener().await;
    let plain_connecting =
        async { setup.run_party(0, tcp::connect(address, patience).await.expect("somebody listens")).await };
    let (plainly, over_tls) = tokio::join!(plain_connecting, listening(&setup, &second, &listening_here));
    assert!(matches!(over_tls, Err(TlsError::NotTls)), "{over_tls:?}");
    plain(plainly.expect_err("no session"));
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_hangs_up_is_given_up() {
    let [first, second] = endpoints();
    let timeouts = Timeouts { handshake: Duration::from_millis(50), ..Timeouts::default() };
    let (listening_here, address) = listener().await;
    let silent = TcpStream::connect(address).await.expect("it listens");
    let error = second.accept(&listening_here, &timeouts).await.err().expect("nothing comes");
    assert!(matches!(error, TlsError::Timeout(_)), "{error:?}");
    drop(silent);

    drop(TcpStream::connect(address).await.expect("it listens"));
    let error = second.accept(&listening_here, &timeouts).await.err().expect("nothing comes");
    assert!(matches!(error, TlsError::Closed), "{error:?}");

    let error = first.connect(address, &timeouts).await.err().expect("nobody answers");
    assert!(matches!(error, TlsError::Timeout(_)), "{error:?}");
    assert_eq!(error.exit_code(), 5);
}

#[tokio::test]
async fn a_recorder_sees_no_names_values_or_program() {
    let setup = setup(45);
    let digest = setup.program.plan.digest();
    let [key1, key2] = [1, 2].map(|seed| *identity(seed).public_key().as_bytes());
    let secrets = [&b"HUSHGATE"[..], b"parameter", b"nobody but the two", b"half-gates", &digest, &key1, &key2];
    let sees =
        |bytes: &Bytes, secret: &[u8]| bytes.iter().any(|bytes| bytes.windows(secret.len()).any(|w| w == secret));

    let (over_tls, bytes) = run_recorded(&setup, &endpoints(), None).await;
    setup.check(results(over_tls));
    assert!(bytes.iter().all(|bytes| bytes.len() > 500), "it saw the whole session");
    for secret in secrets {
        assert!(!sees(&bytes, secret), "{secret:?}");
    }

    let patience = Duration::from_secs(5);
    let (listening_here, address) = listener().await;
    let (between, recording) = recorder(address, None).await;
    let (first, second) = tokio::join!(tcp::connect(between, patience), listening_here.accept(patience));
    setup.check(setup.run_both([first.expect("connected"), second.expect("accepted")]).await);
    let bytes = recording.await.expect("the recorder ends");
    for secret in &secrets[..5] {
        assert!(sees(&bytes, secret), "the search works: {secret:?}");
    }
}

/// Who reads a changed byte gives up, and nobody takes a wrong result.
#[tokio::test]
async fn a_flipped_bit_ends_the_session() {
    let (undisturbed, bytes) = run_recorded(&setup(46), &endpoints(), None).await;
    setup(46).check(results(undisturbed));
    let mut runs = tokio::task::JoinSet::new();
    for direction in [CONNECTING, LISTENING] {
        let n = bytes[direction].len() - GOODBYE_BYTES;
        for byte in (0..n).step_by(n / 40).chain([n - 1]) {
            runs.spawn(a_flipped_bit_is_noticed(direction, byte));
        }
    }
    while let Some(run) = runs.join_next().await {
        run.expect("no run fails");
    }
}

async fn a_flipped_bit_is_noticed(direction: usize, byte: usize) {
    let mut setup = setup(46);
    for Timeouts { handshake, progress, .. } in setup.configs.iter_mut().map(|config| &mut config.timeouts) {
        // A longer length makes the reader wait for more.
        (*handshake, *progress) = (Duration::from_secs(2), Duration::from_secs(2));
    }
    let (results, _) = run_recorded(&setup, &endpoints(), Some((direction, byte))).await;
    let reader = &results[1 - direction];
    assert!(!matches!(reader, Ok(Ok(_))), "byte {byte} of {direction} was changed and read");
    for (party, result) in results.iter().enumerate() {
        if let Ok(Ok(outcome)) = result {
            assert_eq!(outcome.outputs, setup.expected(party as u32));
        }
    }
}

/// What one side sent in a good run, sent again to the other side.
#[tokio::test]
async fn a_recorded_run_is_not_accepted_again() {
    let setup = setup(47);
    let (good, [from_connecting, from_listening]) = run_recorded(&setup, &endpoints(), None).await;
    setup.check(results(good));
    let [first, second] = endpoints();

    let (listening_here, address) = listener().await;
    let replay = async {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(&from_connecting).await.expect("it reads");
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let (result, ()) = tokio::join!(listening(&setup, &second, &listening_here), replay);
    assert!(matches!(result, Err(TlsError::Protocol(_))), "{result:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let replay = async {
        let (mut stream, _) = listener.accept().await.expect("somebody connects");
        stream.write_all(&from_listening).await.expect("it reads");
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let (result, ()) = tokio::join!(connecting(&setup, &first, address), replay);
    assert!(matches!(result, Err(TlsError::Protocol(_))), "{result:?}");
}

/// Whoever ends two TLS connections and forwards what is inside is noticed by the binding, were he ever to hold both keys.
#[tokio::test]
async fn two_connections_joined_in_the_middle_are_not_one() {
    let setup = setup(48);
    let channel = |binding: &[u8], stream| {
        let (reader, writer) = tokio::io::split(stream);
        Channel::new(reader, writer, binding.to_vec())
    };
    let (first, second) = tokio::io::duplex(1 << 16);
    for result in setup.run_both([channel(&[1; 32], first), channel(&[2; 32], second)]).await {
        let error = result.expect_err("not the same connection");
        assert!(error.to_string().contains("secure channel"), "{error}");
    }
}
