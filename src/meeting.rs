//! How two parties meet: one connects, the other listens, and whoever else connects is turned away; during the run with a word why.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use hushgate_runtime::channel::host::{Arrival, Host, TurnedAway};
use hushgate_runtime::channel::tls::{Endpoint, TlsError};
use hushgate_runtime::channel::{Channel, Timeouts, tcp};
use hushgate_runtime::garble::Threads;
use hushgate_runtime::party::meeting::Meeting;
use hushgate_runtime::session::{Reason, SessionError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::failure::Failure;
use crate::statement::Statement;

/// Between two attempts to meet somebody who is in another run.
const BUSY_PAUSE: Duration = Duration::from_millis(300);

/// A way to the other party.
pub struct Way {
    /// Whether to wait for the other party, and not to go there.
    pub listens: bool,
    /// Where.
    pub addresses: Vec<SocketAddr>,
    /// How many threads we compute on there.
    pub threads: Threads,
    /// Our key and the peer's, where the connection is encrypted.
    pub endpoint: Option<Endpoint>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Whether nothing but errors is said.
    pub quiet: bool,
}

/// What exchanges statements with whoever connects.
pub type Welcome = Pin<Box<dyn Future<Output = Result<Meeting, SessionError>> + Send>>;

/// For as long as it is kept, others who connect are told that this side is in a run.
pub struct Occupied(Option<JoinHandle<()>>);

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Way {
    /// Meets the other party: the first with whom `welcome` succeeds. What `occupied` says is for those who come while we are with it.
    pub async fn meet(
        &self,
        welcome: impl Fn(Channel) -> Welcome + Send + Sync + 'static,
        occupied: impl Fn(Channel) -> Welcome + Send + Sync + 'static,
    ) -> Result<(Meeting, Occupied), Failure> {
        if !self.listens {
            return Ok((self.go(welcome).await?, Occupied(None)));
        }
        let (meeting, host) = self.wait(welcome).await?;
        let turn_away = move |channel| {
            let told = occupied(channel);
            async move {
                told.await?.turn_away().await;
                Ok(())
            }
        };
        let mut host: Host<(), SessionError> = host.occupied(turn_away);
        let told = tokio::spawn(async move {
            loop {
                host.next().await;
            }
        });
        Ok((meeting, Occupied(Some(told))))
    }

    /// Goes to the other party; while it is in another run, again and again.
    async fn go(&self, welcome: impl Fn(Channel) -> Welcome) -> Result<Meeting, Failure> {
        let start = Instant::now();
        let mut told = false;
        loop {
            match self.connect().await {
                Ok(channel) => {
                    let meeting = welcome(channel).await?;
                    if !Statement::is_busy(meeting.theirs()) {
                        return Ok(meeting);
                    }
                    meeting.turn_away().await;
                    if !told {
                        self.say("the other side is in another run; waiting until that is over");
                    }
                    told = true;
                }
                // It ends between two attempts, and takes with it who has just connected.
                Err(Failure::Tls(_, TlsError::Network(_))) if told => {}
                Err(failure) => return Err(failure),
            }
            if start.elapsed() > self.timeouts.connect {
                return Err(Failure::Network(format!(
                    "{}: the other side is in another run: try again when that is over",
                    self.addresses[0]
                )));
            }
            sleep(BUSY_PAUSE).await;
        }
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
    async fn wait(
        &self,
        welcome: impl Fn(Channel) -> Welcome + Send + Sync + 'static,
    ) -> Result<(Meeting, Host<Meeting, SessionError>), Failure> {
        let cannot = |error| Failure::Network(format!("cannot listen on {}: {error}", self.addresses[0]));
        let listener = tcp::Listener::bind(self.addresses.as_slice()).await.map_err(cannot)?;
        let bound = listener.local_addr().map_err(cannot)?;
        self.say(&format!("waiting for the other party on {bound}"));
        let mut host = Host::new(listener, self.endpoint.clone(), self.timeouts.handshake, welcome);
        let mut last = Failure::Network(format!("on {bound}: nobody connected"));
        let waiting = async {
            loop {
                last = match host.next().await {
                    Arrival::Guest(_, guest) => break Ok(guest),
                    Arrival::Stranger(_, TurnedAway::Refused(error)) if error.reason() == Reason::Agreement => {
                        break Err(error.into());
                    }
                    Arrival::Stranger(from, reason) => turned_away(from, reason),
                };
                self.say(&format!("still waiting on {bound}; {}", last.to_string().trim_start_matches("error: ")));
            }
        };
        let met = tokio::time::timeout(self.timeouts.connect, waiting).await.unwrap_or_else(|_| Err(last));
        met.map(|meeting| (meeting, host))
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
