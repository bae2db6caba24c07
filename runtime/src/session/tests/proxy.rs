//! Somebody between the two parties who sees, and may change, every frame.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::task::JoinHandle;

use super::handshake::{run_id, run_keys, session_id};
use super::*;
use crate::wire::{FrameKind, HEADER_BYTES, TAG_BYTES, TagChain};

/// The frames of party 0 and those of party 1, as they were sent.
pub(super) type Frames = [Vec<Vec<u8>>; 2];

/// What to do to one frame.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// Changes one bit.
    Flip { byte: usize, bit: u8 },
    /// Changes one bit of the payload and makes good tags for this frame and all after it.
    Forge { byte: usize, bit: u8 },
    /// Leaves it out.
    Drop,
    /// Sends it twice.
    Duplicate,
    /// Sends it after the next one.
    Swap,
    /// Sends only its first bytes, then closes.
    Truncate(usize),
    /// Sends this instead.
    Replace(Vec<u8>),
    /// Sends this first.
    Insert(Vec<u8>),
    /// Sends nothing any more, without closing.
    Stall,
    /// Closes.
    Close,
}

/// Where to do it: whose frame, and which.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) sender: usize,
    pub(super) frame: usize,
}

const BUFFER_BYTES: usize = 1 << 16;

/// Runs a session with a fault.
pub(super) async fn run_with_fault(setup: &Setup, place: &Place, fault: &Fault) -> Results {
    run_through(setup, Some((place, fault)), &Arc::default()).await
}

/// Runs a session without faults; its frames.
pub(super) async fn record(setup: &Setup) -> Frames {
    let log = Arc::<Mutex<Log>>::default();
    setup.check(run_through(setup, None, &log).await);
    frames(&log)
}

/// The frames of whatever two parties do.
pub(super) async fn record_with(work: impl AsyncFnOnce([Channel; 2])) -> Frames {
    let log = Arc::<Mutex<Log>>::default();
    let (channels, forwarding) = between(None, &log);
    work(channels).await;
    forwarding.iter().for_each(|task| task.abort());
    frames(&log)
}

fn frames(log: &Mutex<Log>) -> Frames {
    let log = log.lock().expect("nobody panics");
    [0, 1].map(|sender| log.iter().filter(|(from, _)| *from == sender).map(|(_, frame)| frame.clone()).collect())
}

/// How often the direction changes in a session without faults, hellos being one flight.
pub(super) async fn count_flights(setup: &Setup) -> usize {
    let log = Arc::<Mutex<Log>>::default();
    setup.check(run_through(setup, None, &log).await);
    let senders: Vec<usize> = log.lock().expect("nobody panics").iter().skip(2).map(|(sender, _)| *sender).collect();
    1 + senders.chunk_by(|a, b| a == b).count()
}

type Log = Vec<(usize, Vec<u8>)>;

async fn run_through(setup: &Setup, fault: Option<(&Place, &Fault)>, log: &Arc<Mutex<Log>>) -> Results {
    let (channels, forwarding) = between(fault, log);
    let results = setup.run_both(channels).await;
    forwarding.iter().for_each(|task| task.abort());
    results
}

/// Two channels with somebody in between.
fn between(fault: Option<(&Place, &Fault)>, log: &Arc<Mutex<Log>>) -> ([Channel; 2], [JoinHandle<()>; 2]) {
    let [(first, first_proxy), (second, second_proxy)] = [channel(), channel()];
    let (from_first, to_first) = split(first_proxy);
    let (from_second, to_second) = split(second_proxy);
    let at =
        |sender| fault.filter(|(place, _)| place.sender == sender).map(|(place, fault)| (place.frame, fault.clone()));
    let forwarding = [
        tokio::spawn(forward(0, from_first, to_second, at(0), log.clone())),
        tokio::spawn(forward(1, from_second, to_first, at(1), log.clone())),
    ];
    ([first, second], forwarding)
}

fn channel() -> (Channel, DuplexStream) {
    let (ours, proxy) = duplex(BUFFER_BYTES);
    let (reader, writer) = split(ours);
    (Channel::new(reader, writer, Vec::new()), proxy)
}

/// Forwards frames until either side closes.
async fn forward(
    sender: usize,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    fault: Option<(usize, Fault)>,
    log: Arc<Mutex<Log>>,
) {
    let (mut held, mut forger) = (None, Forger { sender, chain: TagChain::new(), is_active: false });
    for index in 0.. {
        let Some(frame) = read_frame(&mut from).await else { break };
        log.lock().expect("nobody panics").push((sender, frame.clone()));
        let frame = forger.pass(index, frame, fault.as_ref(), &log);
        let here = fault.as_ref().filter(|(at, _)| *at == index).map(|(_, fault)| fault);
        let frames = match here {
            None => [Some(frame), held.take()].into_iter().flatten().collect(),
            Some(Fault::Swap) => {
                held = Some(frame);
                continue;
            }
            Some(Fault::Stall) => {
                // Keeps the connection open and goes on reading, as a dead network does.
                while read_frame(&mut from).await.is_some() {}
                return std::future::pending().await;
            }
            Some(fault) => changed(frame, fault),
        };
        if to.write_all(&frames.concat()).await.is_err() {
            break;
        }
        if matches!(here, Some(Fault::Truncate(_) | Fault::Close)) {
            break;
        }
    }
    // What can no longer be delivered is not an error of the test.
    let _ = to.shutdown().await;
}

fn changed(mut frame: Vec<u8>, fault: &Fault) -> Vec<Vec<u8>> {
    match fault {
        Fault::Flip { byte, bit } => {
            frame[*byte] ^= 1 << bit;
            vec![frame]
        }
        Fault::Duplicate => vec![frame.clone(), frame],
        Fault::Truncate(n) => vec![frame[..*n].to_vec()],
        Fault::Replace(other) => vec![other.clone()],
        Fault::Insert(other) => vec![other.clone(), frame],
        Fault::Forge { .. } => vec![frame],
        Fault::Drop | Fault::Swap | Fault::Stall | Fault::Close => Vec::new(),
    }
}

/// Makes tags as the sender would.
struct Forger {
    sender: usize,
    chain: TagChain,
    is_active: bool,
}

impl Forger {
    fn pass(&mut self, index: usize, mut frame: Vec<u8>, fault: Option<&(usize, Fault)>, log: &Mutex<Log>) -> Vec<u8> {
        if let Some((_, Fault::Forge { byte, bit })) = fault.filter(|(at, _)| *at == index) {
            self.is_active = true;
            frame[HEADER_BYTES + byte] ^= 1 << bit;
        }
        if index == 1 {
            self.chain.rekey(self.run_key(&log.lock().expect("nobody panics")));
        }
        let (header, payload) = frame[..frame.len() - TAG_BYTES].split_at(HEADER_BYTES);
        let tag = self.chain.tag(header.try_into().expect("split there"), payload);
        let is_abort = frame[0] == FrameKind::Abort as u8;
        if self.is_active && !is_abort {
            let end = frame.len() - TAG_BYTES;
            frame[end..].copy_from_slice(&tag);
        }
        frame
    }

    /// The sender's key after the handshake; party 0 garbles.
    fn run_key(&self, log: &Log) -> [u8; 32] {
        let hello = |party| {
            let (_, frame) = log.iter().find(|(sender, _)| *sender == party).expect("both hellos came first");
            frame[HEADER_BYTES..frame.len() - TAG_BYTES].to_vec()
        };
        let session = session_id([&hello(0), &hello(1)], &[]);
        let role = if self.sender == 0 { Role::Garbler } else { Role::Evaluator };
        run_keys(&run_id(&session, 0), role, 0).send
    }
}

async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut frame = vec![0; HEADER_BYTES];
    from.read_exact(&mut frame).await.ok()?;
    let length = u32::from_le_bytes([frame[8], frame[9], frame[10], frame[11]]) as usize;
    frame.resize(HEADER_BYTES + length + TAG_BYTES, 0);
    from.read_exact(&mut frame[HEADER_BYTES..]).await.ok()?;
    Some(frame)
}
