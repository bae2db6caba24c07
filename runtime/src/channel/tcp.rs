//! Plain TCP.
//!
//! # Security
//! Nothing here is encrypted or authenticated: whoever sits between the parties reads everything that is sent and can change
//! it. Garbled circuits keep the inputs hidden from a reader that takes no part, but not from one who can also change bytes.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::{sleep, timeout};

use super::{Channel, Network};

/// Between two attempts to connect to somebody who does not listen yet.
const RETRY: Duration = Duration::from_millis(20);
/// Silence after which the system asks whether the other machine is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
/// Between two such questions.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// Connects to `address`; where nobody listens yet, tries again until `patience` has run out.
pub async fn connect(address: impl ToSocketAddrs, patience: Duration) -> io::Result<Channel> {
    let Connected { stream, opened, network } = connect_stream(address, patience).await?;
    Ok(channel(stream).opened_at(opened).over(network))
}

/// A connected socket.
pub(super) struct Connected {
    pub(super) stream: TcpStream,
    /// When the attempt began that succeeded.
    pub(super) opened: Instant,
    /// What the link is, by the time that it took: connecting is one round trip.
    pub(super) network: Network,
}

pub(super) async fn connect_stream(address: impl ToSocketAddrs, patience: Duration) -> io::Result<Connected> {
    let attempts = async {
        loop {
            let opened = Instant::now();
            match TcpStream::connect(&address).await {
                Ok(stream) => {
                    let network = Network::guess(opened.elapsed());
                    return Ok(Connected { stream: prepared(stream)?, opened, network });
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => sleep(RETRY).await,
                Err(error) => return Err(error),
            }
        }
    };
    within(patience, "nobody listens there", attempts).await
}

/// Waits for the other party on one address.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Listens on `address`; port 0 takes a free one.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Listener> {
        TcpListener::bind(address).await.map(Listener)
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// The next connection.
    pub async fn accept(&self, patience: Duration) -> io::Result<Channel> {
        self.accept_stream(patience).await.map(channel)
    }

    /// The next connection and where it comes from.
    pub(super) async fn accept_from(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        Ok((prepared(stream)?, from))
    }

    pub(super) async fn accept_stream(&self, patience: Duration) -> io::Result<TcpStream> {
        within(patience, "nobody connected", async { prepared(self.0.accept().await?.0) }).await
    }
}

pub(super) fn channel(stream: TcpStream) -> Channel {
    let (reader, writer) = stream.into_split();
    Channel::new(reader, writer, Vec::new())
}

/// Sends small frames at once, and notices when the other machine is gone, even where nobody has anything to say.
fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

async fn within<T>(
    patience: Duration,
    reason: &'static str,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, reason)))
}
