//! Links of any kind in one process: round trip time, rate, jitter, and losing the connection.
//!
//! Each direction carries bytes as a wire does: a piece leaves when the one before it has left and takes its length over the rate to
//! do so, then travels for half the round trip time and some jitter, and arrives after the piece before it. That is [`Wire`], which knows times
//! alone: channels carry bytes at these times, and [`Forecast::time`](crate::session::Forecast::time) asks it without any bytes. Sleeping is as fine as a
//! millisecond, so deadlines are computed and never added up from sleeps. With a paused clock, tests of hours take no time, and
//! computing takes none.

use std::time::Duration;

use rand::{CryptoRng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Channel, Network};

/// Bytes that leave together.
const PIECE_BYTES: usize = 1 << 14;
/// Bytes that wait at either end, as in a socket's buffers.
const BUFFER_BYTES: usize = 1 << 18;
/// Pieces on their way at a time; more than any link of interest holds.
const PIECES_MAX: usize = 1 << 12;
/// How far the sender's end may run ahead of the wire: what the clock can tell apart.
const SLACK: Duration = Duration::from_millis(2);

/// What happens on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Round trip time and rate.
    pub network: Network,
    /// A piece travels up to so much longer.
    pub jitter: Duration,
    /// From then on nothing arrives any more, and nobody is told.
    pub lost_after: Option<Duration>,
}

impl Conditions {
    /// A link that does what it can, always.
    #[must_use]
    pub const fn ideal(network: Network) -> Conditions {
        Conditions { network, jitter: Duration::ZERO, lost_after: None }
    }
}

/// One direction of a link, in times since it began.
#[derive(Clone, Debug)]
pub struct Wire {
    network: Network,
    /// When all that was put on it has left.
    free: Duration,
    last_arrival: Duration,
}

impl Wire {
    /// Nothing is on it.
    #[must_use]
    pub const fn new(network: Network) -> Wire {
        Wire { network, free: Duration::ZERO, last_arrival: Duration::ZERO }
    }

    /// Puts so many bytes on the wire at `now`, which travel so much longer than they must: when all of them have arrived.
    pub fn put(&mut self, now: Duration, n_bytes: u64, jitter: Duration) -> Duration {
        self.free = self.free.max(now).saturating_add(self.network.time_of(n_bytes));
        let arrival = self.free.saturating_add(self.network.rtt / 2).saturating_add(jitter);
        self.last_arrival = self.last_arrival.max(arrival);
        self.last_arrival
    }
}

/// A pair of channels over such a link; needs a tokio runtime with time enabled.
#[must_use]
pub fn pair(conditions: Conditions, rng: &mut impl CryptoRng) -> (Channel, Channel) {
    let (ours, our_end) = duplex(BUFFER_BYTES);
    let (theirs, their_end) = duplex(BUFFER_BYTES);
    let (from_us, to_us) = split(our_end);
    let (from_them, to_them) = split(their_end);
    carry(conditions, from_us, to_them, ChaCha8Rng::from_rng(rng));
    carry(conditions, from_them, to_us, ChaCha8Rng::from_rng(rng));
    let channel = |stream| {
        let (reader, writer) = split(stream);
        Channel::new(reader, writer, Vec::new()).over(conditions.network)
    };
    (channel(ours), channel(theirs))
}

type Half = tokio::io::DuplexStream;
type Piece = (Instant, Vec<u8>);

/// Carries one direction.
fn carry(conditions: Conditions, from: ReadHalf<Half>, to: WriteHalf<Half>, rng: ChaCha8Rng) {
    let (pieces, on_the_way) = mpsc::channel(PIECES_MAX);
    let end = conditions.lost_after.map(|after| Instant::now() + after);
    tokio::spawn(send(conditions, from, pieces, rng));
    tokio::spawn(deliver(on_the_way, to, end));
}

/// Puts pieces on the wire.
async fn send(conditions: Conditions, mut from: ReadHalf<Half>, pieces: mpsc::Sender<Piece>, mut rng: ChaCha8Rng) {
    let (start, mut wire) = (Instant::now(), Wire::new(conditions.network));
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(n @ 1..) = from.read(&mut piece).await {
        let jitter = conditions.jitter.mul_f64(rng.random());
        let arrival = wire.put(start.elapsed(), n as u64, jitter);
        if pieces.send((start + arrival, piece[..n].to_vec())).await.is_err() {
            break;
        }
        if wire.free > start.elapsed() + SLACK {
            // Not later than the wire is free, though sleep is coarse: it must not idle.
            sleep_until(start + wire.free - SLACK).await;
        }
    }
}

/// Takes pieces off the wire; at `end` the wire breaks.
async fn deliver(mut pieces: mpsc::Receiver<Piece>, mut to: WriteHalf<Half>, end: Option<Instant>) {
    let arriving = async {
        while let Some((arrival, piece)) = pieces.recv().await {
            sleep_until(arrival).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        // The sender closed, and so does this end.
        let _ = to.shutdown().await;
    };
    match end {
        None => arriving.await,
        Some(end) => {
            if timeout_at(end, arriving).await.is_err() {
                // Neither closes nor carries.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;

    use super::super::Link;
    use super::*;
    use crate::wire::{FrameKind, Length};

    fn links(conditions: Conditions) -> (Link, Link) {
        let (ours, theirs) = pair(conditions, &mut ChaCha20Rng::seed_from_u64(1));
        assert_eq!(ours.network(), Some(conditions.network));
        (Link::start(ours), Link::start(theirs))
    }

    async fn receive(link: &mut Link, n: usize) -> Vec<u8> {
        link.receiver.receive_message(FrameKind::Transfer, n).await.expect("it arrives")
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_a_round_trip() {
        for millis in [1, 40, 300] {
            let network = Network { rtt: Duration::from_millis(millis), bits_per_second: 1_000_000_000 };
            let (mut ours, mut theirs) = links(Conditions::ideal(network));
            let start = Instant::now();
            for _ in 0..10 {
                ours.sender.send_message(FrameKind::Transfer, &[1; 100]).await.expect("open");
                receive(&mut theirs, 100).await;
                theirs.sender.send_message(FrameKind::Transfer, &[1; 100]).await.expect("open");
                receive(&mut ours, 100).await;
            }
            let took = start.elapsed();
            assert!(took >= 10 * network.rtt && took <= 10 * network.rtt + Duration::from_millis(30), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_take_their_time_and_come_in_order_whatever_the_jitter() {
        for jitter in [0, 25] {
            let conditions = Conditions { jitter: Duration::from_millis(jitter), ..Conditions::ideal(Network::WAN) };
            let (ours, mut theirs) = links(conditions);
            let message: Vec<u8> = (0..2_500_000).map(|i| (i % 251) as u8).collect();
            let start = Instant::now();
            let send = ours.sender.send_message(FrameKind::Transfer, &message);
            let (sent, received) = tokio::join!(send, receive(&mut theirs, message.len()));
            sent.expect("open");
            assert!(received == message);
            let (took, least) = (start.elapsed(), Duration::from_millis(20 + 200));
            assert!(took >= least && took < least + Duration::from_millis(10 + jitter), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_is_silent() {
        let conditions = Conditions { lost_after: Some(Duration::from_millis(100)), ..Conditions::ideal(Network::WAN) };
        let (ours, mut theirs) = links(conditions);
        ours.sender.send_message(FrameKind::Transfer, &[7; 10]).await.expect("open");
        assert_eq!(receive(&mut theirs, 10).await, [7; 10]);
        tokio::time::sleep(Duration::from_millis(200)).await;
        ours.sender.send_message(FrameKind::Transfer, &[8; 10]).await.expect("nobody was told");
        let mut nothing = Vec::new();
        let next = theirs.receiver.receive(FrameKind::Transfer, Length::Exactly(10), &mut nothing);
        assert!(tokio::time::timeout(Duration::from_secs(3600), next).await.is_err());
    }
}
