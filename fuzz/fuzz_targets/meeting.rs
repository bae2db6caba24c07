//! Arbitrary bytes as what somebody says before a session, as a key or fingerprint, and as a sealed envelope.

#![no_main]

use std::time::Duration;

use hushgate_runtime::channel::Channel;
use hushgate_runtime::identity::{Identity, Pin};
use hushgate_runtime::party::meeting::Meeting;
use hushgate_runtime::shares::envelope::{Envelope, OpeningKey};
use hushgate_runtime::wire::{FrameKind, Header, TagChain};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => pin(bytes),
        1 => envelope(bytes),
        2 => meet(bytes, bytes.to_vec()),
        _ => meet(bytes, tagged(bytes)),
    }
});

/// What is read is shown in a way that is read as the same.
fn pin(bytes: &[u8]) {
    let Ok(pin) = std::str::from_utf8(bytes).unwrap_or_default().parse::<Pin>() else { return };
    let shown = pin.fingerprint().to_string();
    assert_eq!(shown.parse::<Pin>().expect("a fingerprint is one").fingerprint(), pin.fingerprint());
}

fn envelope(bytes: &[u8]) {
    let Some((&encapped, sealed)) = bytes.split_first_chunk() else { return };
    let key = OpeningKey::of(&Identity::from_seed(&[1; 32]));
    key.open(&Envelope { encapped, sealed: sealed.to_vec() }, b"place").expect_err("nobody guesses a tag");
}

/// Meets somebody who says `said`, `statement` being in it where its tag is good.
fn meet(statement: &[u8], said: Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let channel = Channel::new(std::io::Cursor::new(said), tokio::io::sink(), Vec::new());
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let meeting = runtime.expect("a runtime").block_on(Meeting::open(channel, b"ours", Duration::from_secs(1), rng));
    if let Ok(meeting) = meeting {
        assert!(statement.windows(meeting.theirs().len().max(1)).any(|window| window == meeting.theirs()) || meeting.theirs().is_empty());
    }
}

/// The bytes as a frame, whose tag anybody can make.
fn tagged(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(1 << 16)];
    let header = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: bytes.len() as u32 }.encode();
    [&header, bytes, &TagChain::new().tag(&header, bytes)].concat()
}
