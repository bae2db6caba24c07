//! Two commands of different make: somebody in between gives each a peer of another version, or with another suite.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use hushgate_runtime::wire::{HEADER_BYTES, TAG_BYTES, TagChain};

use super::sessions::Listening;
use super::{command, stderr};

/// A whole frame.
fn frame(from: &mut TcpStream) -> Vec<u8> {
    let mut frame = vec![0; HEADER_BYTES];
    from.read_exact(&mut frame).unwrap();
    let length = u32::from_le_bytes(*frame.last_chunk().unwrap()) as usize;
    frame.resize(HEADER_BYTES + length + TAG_BYTES, 0);
    from.read_exact(&mut frame[HEADER_BYTES..]).unwrap();
    frame
}

/// Passes a side's statement on, changes its offer, then passes on what comes.
fn forward(mut from: TcpStream, mut to: TcpStream, change: fn(&mut [u8])) {
    let statement = frame(&mut from);
    to.write_all(&statement).unwrap();
    let mut offer = frame(&mut from);
    let tag = offer.len() - TAG_BYTES;
    change(&mut offer[HEADER_BYTES..tag]);
    let (header, payload) = offer[..tag].split_first_chunk().unwrap();
    let good = TagChain::new().tag(header, payload);
    offer[tag..].copy_from_slice(&good);
    let _ = to.write_all(&offer);
    let _ = std::io::copy(&mut from, &mut to);
}

/// What both commands say when each gets the other's offer changed; both exit 4 within two seconds.
fn refused(change: fn(&mut [u8])) -> [String; 2] {
    let party = |name| ["join", "examples/millionaires", "--as", name];
    let listening = Listening::spawn(command(&[&party("alice")[..], &["--listen", "127.0.0.1:0"]].concat()));
    let (relay, alice) = (TcpListener::bind("127.0.0.1:0").unwrap(), listening.address.clone());
    let address = relay.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (bob, _) = relay.accept().unwrap();
        let alice = TcpStream::connect(alice).unwrap();
        let (bob_too, alice_too) = (bob.try_clone().unwrap(), alice.try_clone().unwrap());
        thread::spawn(move || forward(bob_too, alice_too, change));
        forward(alice, bob, change);
    });
    let start = Instant::now();
    let connected = command(&[&party("bob")[..], &["--connect", &address]].concat()).output().unwrap();
    let both = [listening.finish(), connected];
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    both.map(|output| {
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        stderr(&output)
    })
}

#[test]
fn another_version_is_named_on_both_sides() {
    // After the magic and the number of versions.
    for errors in refused(|offer| offer[9] = 7) {
        assert!(errors.contains("protocol version") && errors.contains("here \"1\", there \"7\""), "{errors}");
    }
}

#[test]
fn another_suite_is_named_on_both_sides() {
    let change = |offer: &mut [u8]| {
        let at = offer.windows(10).position(|text| text == b"half-gates").unwrap();
        offer[at..at + 4].copy_from_slice(b"full");
    };
    for errors in refused(change) {
        assert!(errors.contains("protocol suite") && errors.contains("full-gates"), "{errors}");
    }
}
