//! A listener that strangers cannot stop: it welcomes everybody at once, in bounded memory and time.
//!
//! Each connection has a task of its own, in which it shakes hands (TLS, where that is asked for) and is welcomed: the caller says how,
//! for example by opening a session. Who fails is reported and forgotten. Where more than [`GUESTS_MAX`] connections are on their way,
//! the oldest gives way: an honest peer is through in a few round trips, whoever dawdles is not.
//!
//! # Invariants
//! Memory for connections that are not through is bounded: at most [`GUESTS_MAX`] of them, each with the buffers of one connection and
//! one first message, together less than [`MEMORY_BYTES_MAX`].

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::tls::{Endpoint, TlsError};
use super::{Channel, tcp};

/// Connections that are on their way at a time.
pub const GUESTS_MAX: usize = 256;

/// Of them, how many while this side has no time for them.
const PLACES_WHEN_OCCUPIED: usize = 4;

/// What they take in memory, all together and at most.
pub const MEMORY_BYTES_MAX: usize = 64 << 20;

/// After the system could not accept a connection, for example for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A listener, and who is on the way in. `T` is what becomes of a guest, `E` why not.
pub struct Host<T, E> {
    listener: tcp::Listener,
    endpoint: Option<Endpoint>,
    patience: Duration,
    welcome: Welcome<T, E>,
    guests: JoinSet<Arrival<T, E>>,
    /// In order of arrival.
    order: VecDeque<AbortHandle>,
    /// How many there may be.
    n_places: usize,
}

type Welcome<T, E> = Arc<dyn Fn(Channel) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send>> + Send + Sync>;

/// Somebody who connected.
#[derive(Debug)]
pub enum Arrival<T, E> {
    /// Through, from there.
    Guest(SocketAddr, T),
    /// Not through, from there.
    Stranger(SocketAddr, TurnedAway<E>),
}

/// Why somebody who connected is not through.
#[derive(Debug, thiserror::Error)]
pub enum TurnedAway<E> {
    /// No TLS connection.
    #[error(transparent)]
    Tls(TlsError),
    /// No welcome.
    #[error(transparent)]
    Refused(E),
    /// It took too long.
    #[error("not through in time: gave up after {0:?}")]
    Late(Duration),
}

impl<T: Send + 'static, E: Send + 'static> Host<T, E> {
    /// Welcomes who connects to `listener`, over TLS where there is an `endpoint`; who takes longer than `patience` is a stranger.
    #[must_use]
    pub fn new<F>(
        listener: tcp::Listener,
        endpoint: Option<Endpoint>,
        patience: Duration,
        welcome: impl Fn(Channel) -> F + Send + Sync + 'static,
    ) -> Host<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let welcome: Welcome<T, E> = Arc::new(move |channel| Box::pin(welcome(channel)));
        let (guests, order) = (JoinSet::new(), VecDeque::new());
        Host { listener, endpoint, patience, welcome, guests, order, n_places: GUESTS_MAX }
    }

    /// Sends away who is on the way, and welcomes later ones otherwise, few at a time: for when the one who was waited for has come, and
    /// others are to be told so.
    #[must_use]
    pub fn occupied<U: Send + 'static, F>(self, welcome: impl Fn(Channel) -> F + Send + Sync + 'static) -> Host<U, E>
    where
        F: Future<Output = Result<U, E>> + Send + 'static,
    {
        let host = Host::new(self.listener, self.endpoint, self.patience, welcome);
        Host { n_places: PLACES_WHEN_OCCUPIED, ..host }
    }

    /// The next one who is through, or is not. Cancel by dropping the future: nobody is lost.
    pub async fn next(&mut self) -> Arrival<T, E> {
        loop {
            tokio::select! {
                biased;
                Some(arrival) = self.guests.join_next() => match arrival {
                    Ok(arrival) => return arrival,
                    // One that gave way to a later one.
                    Err(ended) if ended.is_cancelled() => {}
                    Err(ended) => std::panic::resume_unwind(ended.into_panic()),
                },
                accepted = self.listener.accept_from() => match accepted {
                    Ok((stream, from)) => self.admit(stream, from),
                    Err(_) => sleep(PAUSE).await,
                },
            }
        }
    }

    fn admit(&mut self, stream: TcpStream, from: SocketAddr) {
        self.order.retain(|guest| !guest.is_finished());
        while self.order.len() >= self.n_places {
            if let Some(oldest) = self.order.pop_front() {
                oldest.abort();
            }
        }
        let (endpoint, welcome, patience) = (self.endpoint.clone(), self.welcome.clone(), self.patience);
        let through = async move {
            let channel = match endpoint {
                Some(endpoint) => endpoint.shake_hands(stream, patience).await.map_err(TurnedAway::Tls)?,
                None => tcp::channel(stream),
            };
            welcome(channel).await.map_err(TurnedAway::Refused)
        };
        self.order.push_back(self.guests.spawn(async move {
            match timeout(patience, through).await {
                Ok(Ok(guest)) => Arrival::Guest(from, guest),
                Ok(Err(reason)) => Arrival::Stranger(from, reason),
                Err(_) => Arrival::Stranger(from, TurnedAway::Late(patience)),
            }
        }));
    }
}
