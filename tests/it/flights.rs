//! Round trips of `join`, from a connection to both results: over a relay that lets every byte take its time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::keys::{at, id, organisation};
use super::relay::relay;
use super::sessions::Listening;
use super::{command, json};

/// What a byte takes from one side to the other; computing takes much less.
const ONE_WAY: Duration = Duration::from_millis(150);

/// Tries, as the machine may be busy: the best of them counts.
const TRIES: usize = 3;

/// Copies bytes, each a while after it has come.
fn delayed(mut from: TcpStream, mut to: TcpStream) {
    to.set_nodelay(true).unwrap();
    let (arrived, waiting) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(n) = from.read(&mut bytes)
            && n > 0
            && arrived.send((Instant::now(), bytes[..n].to_vec())).is_ok()
        {}
    });
    thread::spawn(move || {
        for (when, bytes) in waiting {
            thread::sleep((when + ONE_WAY).saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

/// Half round trips from the connection to the later of both results; `wanted` of them are as few as they should be.
fn halves(wanted: u32, listen: impl Fn() -> Command, connect: impl Fn(&str) -> Command) -> u32 {
    let measure = || {
        let listening = Listening::spawn(listen());
        let connected = json(&connect(&relay(&listening.address, delayed).0).output().unwrap());
        let listened = json(&listening.finish());
        let cold = |results: &serde_json::Value| results["stats"]["seconds"]["cold"].as_f64().unwrap();
        (cold(&connected).max(cold(&listened)) / ONE_WAY.as_secs_f64()).floor() as u32
    };
    let mut fewest = u32::MAX;
    for _ in 0..TRIES {
        fewest = fewest.min(measure());
        if fewest <= wanted {
            break;
        }
    }
    fewest
}

/// 64 inputs by base OTs alone; 1,024 by the extension.
const FEW: &str = "examples/millionaires";
const MANY: &str = "examples/hamming";

fn party<'a>(program: &'a str, name: &'a str) -> Vec<&'a str> {
    vec!["join", program, "--json", "--as", name]
}

#[test]
fn plain_runs_take_at_most_four_round_trips() {
    let halves = |wanted, program| {
        halves(
            wanted,
            || command(&[&party(program, "alice")[..], &["--listen", "127.0.0.1:0"]].concat()),
            |address| command(&[&party(program, "bob")[..], &["--connect", address]].concat()),
        )
    };
    // Statements | offers | choices, flow | reply, seed, tables, decoding | results.
    assert_eq!(halves(5, FEW), 5);
    // Statements | offers | points | trees, matrix | challenge | response, flow | seed, tables, decoding | results.
    assert_eq!(halves(8, MANY), 8);
}

/// With known peers both sides also say whether their own rules allow the run: together with their offers.
#[test]
fn runs_with_known_peers_take_at_most_four_round_trips_after_the_handshake() {
    let (alice, bob) = (organisation("flights-alice"), organisation("flights-bob"));
    let [alices_key, bobs_key] = [&alice, &bob].map(|home: &std::path::PathBuf| id(home, "key"));
    let side = |home: &Path, name: &str, peer: &str, way: [&str; 2]| {
        at(home, &[&party(MANY, name)[..], &["--peer", peer], &way].concat())
    };
    let halves = halves(
        3 + 8,
        || side(&alice, "alice", &bobs_key, ["--listen", "127.0.0.1:0"]),
        |address| side(&bob, "bob", &alices_key, ["--connect", address]),
    );
    // TLS is through on both sides after one and a half.
    assert!((8..=3 + 8).contains(&halves), "{halves}");
}
