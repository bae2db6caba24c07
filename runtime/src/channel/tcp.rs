//! Plain TCP.
//!
//! # Security
//! Nothing here is encrypted or authenticated: whoever sits between the parties reads everything that is sent and can change
//! it. Garbled circuits keep the inputs hidden from a reader that takes no part, but not from one who can also change bytes.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::{sleep, timeout};

use super::Channel;

/// Between two attempts to connect to somebody who does not listen yet.
const RETRY: Duration = Duration::from_millis(20);

/// Connects to `address`; where nobody listens yet, tries again until `patience` has run out.
pub async fn connect(address: impl ToSocketAddrs, patience: Duration) -> io::Result<Channel> {
    let (stream, opened) = connect_stream(address, patience).await?;
    Ok(channel(stream).opened_at(opened))
}

/// A connected socket, and when the attempt began that succeeded.
pub(super) async fn connect_stream(
    address: impl ToSocketAddrs,
    patience: Duration,
) -> io::Result<(TcpStream, Instant)> {
    let attempts = async {
        loop {
            let opened = Instant::now();
            match TcpStream::connect(&address).await {
                Ok(stream) => return without_delay(stream).map(|stream| (stream, opened)),
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

    pub(super) async fn accept_stream(&self, patience: Duration) -> io::Result<TcpStream> {
        within(patience, "nobody connected", async { without_delay(self.0.accept().await?.0) }).await
    }
}

fn channel(stream: TcpStream) -> Channel {
    let (reader, writer) = stream.into_split();
    Channel::new(reader, writer, Vec::new())
}

fn without_delay(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn within<T>(
    patience: Duration,
    reason: &'static str,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, reason)))
}
