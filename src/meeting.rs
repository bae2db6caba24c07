//! How two parties meet: one connects, the other listens, and whoever else connects is turned away.

use std::net::SocketAddr;

use hushgate_runtime::channel::host::{Arrival, Host, TurnedAway};
use hushgate_runtime::channel::tls::Endpoint;
use hushgate_runtime::channel::{Channel, Timeouts, tcp};
use hushgate_runtime::session::{Reason, SessionError};

use crate::failure::Failure;

/// A way to the other party.
pub struct Way {
    /// Whether to wait for the other party, and not to go there.
    pub listens: bool,
    /// Where.
    pub addresses: Vec<SocketAddr>,
    /// Our key and the peer's, where the connection is encrypted.
    pub endpoint: Option<Endpoint>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Whether nothing but errors is said.
    pub quiet: bool,
}

impl Way {
    /// Meets the other party: the first with whom `welcome` succeeds, such as by opening a session.
    pub async fn meet<T, F>(&self, welcome: impl Fn(Channel) -> F + Send + Sync + 'static) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SessionError>> + Send + 'static,
    {
        if self.listens { self.wait(welcome).await } else { Ok(welcome(self.connect().await?).await?) }
    }

    async fn connect(&self) -> Result<Channel, Failure> {
        let (timeouts, shown) = (&self.timeouts, self.addresses[0]);
        match &self.endpoint {
            Some(endpoint) => endpoint
                .connect(self.addresses.as_slice(), timeouts)
                .await
                .map_err(|error| Failure::Tls(format!("cannot connect to {shown}"), error)),
            None => tcp::connect(self.addresses.as_slice(), timeouts.connect)
                .await
                .map_err(|error| Failure::Network(format!("cannot connect to {shown}: {error}"))),
        }
    }

    /// Waits until somebody is the other party. A party that wants something else ends the waiting; strangers do not.
    async fn wait<T, F>(&self, welcome: impl Fn(Channel) -> F + Send + Sync + 'static) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SessionError>> + Send + 'static,
    {
        let cannot = |error| Failure::Network(format!("cannot listen on {}: {error}", self.addresses[0]));
        let listener = tcp::Listener::bind(self.addresses.as_slice()).await.map_err(cannot)?;
        let bound = listener.local_addr().map_err(cannot)?;
        self.say(&format!("waiting for the other party on {bound}"));
        let mut host = Host::new(listener, self.endpoint.clone(), self.timeouts.handshake, welcome);
        let mut last = Failure::Network(format!("on {bound}: nobody connected"));
        let waiting = async {
            loop {
                last = match host.next().await {
                    Arrival::Guest(_, guest) => return Ok(guest),
                    Arrival::Stranger(_, TurnedAway::Refused(error)) if error.reason() == Reason::Agreement => {
                        return Err(error.into());
                    }
                    Arrival::Stranger(from, reason) => turned_away(from, reason),
                };
                self.say(&format!("still waiting on {bound}; {}", last.to_string().trim_start_matches("error: ")));
            }
        };
        tokio::time::timeout(self.timeouts.connect, waiting).await.unwrap_or_else(|_| Err(last))
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

/// What to say of somebody who connected and was not the other party.
fn turned_away(from: SocketAddr, reason: TurnedAway<SessionError>) -> Failure {
    match reason {
        TurnedAway::Tls(error) => Failure::Tls(format!("from {from}"), error),
        TurnedAway::Refused(error) => Failure::Session(error),
        TurnedAway::Late(after) => {
            Failure::Network(format!("from {from}: no handshake in time: gave up after {after:?}"))
        }
    }
}
