//! Arbitrary bytes as what a peer writes: headers, frames of a link, and a whole session whose peer sends them after a good tag.

#![no_main]

use std::time::Duration;

use hushgate_circuits::build::{Blocks, Builder};
use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::id::PartyId;
use hushgate_circuits::schedule::schedule;
use hushgate_circuits::shape::Shape;
use hushgate_runtime::channel::{Channel, Link, Timeouts};
use hushgate_runtime::garble::Threads;
use hushgate_runtime::kernel::Kernel;
use hushgate_runtime::session::{self, RoleChoice, SealedPlan, SessionConfig, Stop};
use hushgate_runtime::wire::{Decoder, FrameKind, HEADER_BYTES, Header, Length, TagChain};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const KINDS: [FrameKind; 7] = [
    FrameKind::Hello,
    FrameKind::Transfer,
    FrameKind::Seed,
    FrameKind::Tables,
    FrameKind::Decoding,
    FrameKind::Results,
    FrameKind::Matrix,
];

fuzz_target!(|bytes: &[u8]| {
    header(bytes);
    fields(bytes);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        frames(bytes).await;
        hello(bytes).await;
    });
});

fn header(bytes: &[u8]) {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return };
    for kind in KINDS {
        let expected = Header { kind, stream: 1, sequence: 2, length: 0 };
        for length in [Length::Exactly(32), Length::AtMost(1 << 16)] {
            if let Ok(Some(found)) = Header::decode(*header, expected, length) {
                assert!(length.allows(found.length));
                assert_eq!(found.encode(), *header);
            }
        }
    }
}

fn fields(bytes: &[u8]) {
    let Some((&n, bytes)) = bytes.split_first() else { return };
    let _ = Decoder::new(bytes).bits(usize::from(n));
    let _ = Decoder::new(bytes).text(usize::from(n));
    let _ = Decoder::new(bytes).bytes(usize::from(n));
}

/// As they are: only what has a good tag comes through.
async fn frames(bytes: &[u8]) {
    let mut link = Link::start(channel(bytes));
    for kind in KINDS {
        let _ = link.receiver.receive_message(kind, 64).await;
    }
}

/// As the payload of a hello, whose tag anybody can make.
async fn hello(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(1 << 16)];
    let header = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: bytes.len() as u32 }.encode();
    let frame = [&header, bytes, &TagChain::new().tag(&header, bytes)].concat();
    let config = SessionConfig {
        plan: plan(),
        n_runs: 1,
        then: Vec::new(),
        party: PartyId(0),
        role: RoleChoice::Auto,
        agreement: Vec::new(),
        origin: Vec::new(),
        network: None,
        timeouts: Timeouts { progress: Duration::from_secs(1), ..Timeouts::default() },
        stop: Stop::default(),
        kernel: Kernel::portable(),
        threads: Threads::ONE,
    };
    let outcome = session::run(channel(&frame), config, &[true], &mut ChaCha8Rng::seed_from_u64(1)).await;
    outcome.expect_err("nobody answers");
}

/// A peer that says this and closes.
fn channel(bytes: &[u8]) -> Channel {
    Channel::new(std::io::Cursor::new(bytes.to_vec()), tokio::io::sink(), Vec::new())
}

/// Whether both bits are set.
fn plan() -> SealedPlan {
    let mut builder = Builder::new("main", 2);
    let (a, b) = (builder.input(0), builder.input(1));
    let both = builder.and(a, b);
    let input = |party| InputPort { name: String::new(), party: PartyId(party), shape: Shape::Bool };
    let output = OutputPort { name: String::new(), recipients: vec![PartyId(0)], shape: Shape::Bool };
    let main = builder.finish(vec![both]).expect("small");
    let parties = vec!["a".into(), "b".into()];
    let circuit = Blocks::new().into_circuit(main, parties, vec![input(0), input(1)], vec![output]);
    SealedPlan::new(schedule(&circuit)).expect("schedules are valid")
}
