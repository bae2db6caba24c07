//! One run with another organisation, from the connection to the receipt.
//!
//! ```text
//! statements ◄─────► compare, check approvals and release rules ◄─────► verdicts
//! count the run, write that it begins, run the session, write that it ended, exchange receipts
//! ```
//!
//! # Invariants
//! - Nothing that depends on an input is sent before both sides have said that they agree, and the run is counted and in the log.
//! - Every run that begins in the log ends in it, unless the process is killed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Value;
use hushgate_runtime::channel::tls::Endpoint;
use hushgate_runtime::channel::{Channel, Traffic};
use hushgate_runtime::identity::{Identity, Pin};
use hushgate_runtime::party::meeting::{Meeting, Transcript};
use hushgate_runtime::party::receipt::Terms;
use hushgate_runtime::session::{Outcome, Role, SessionError};

use crate::approval::Approval;
use crate::failure::Failure;
use crate::log;
use crate::party::{Party, Table};
use crate::proposal::Sealed;
use crate::record::{Beginning, Receipt, Record, Signatory};
use crate::rules::{self, Rules, Subject};
use crate::statement::{Statement, Verdict};
use crate::terminal::hex;

/// The peer, and the key that it knows us by.
pub struct Trusted {
    /// For connections.
    pub endpoint: Endpoint,
    /// Ours.
    pub identity: Identity,
    /// The peer's.
    pub pin: Pin,
    /// What the peer is called here.
    pub name: Option<String>,
    /// Whether nothing runs with it that is not approved.
    pub approved_only: bool,
}

impl Trusted {
    /// Its name, or its fingerprint.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.pin.fingerprint().to_string())
    }
}

/// A proposal that this side has approved.
pub struct Approved<'a> {
    /// The proposal.
    pub sealed: &'a Sealed,
    /// Our approval.
    pub approval: Approval,
}

impl Approved<'_> {
    /// The party that garbles, if the proposal says so.
    pub fn garbler(&self) -> Option<&str> {
        self.sealed.proposal.garbler.as_deref()
    }

    /// The stricter of the proposal's rules and our own.
    fn rules(&self) -> Rules {
        self.sealed.proposal.rules.and(&self.approval.rules)
    }
}

/// What is to be run, and as whom.
pub struct Job<'a> {
    /// Our party.
    pub party: &'a str,
    /// What the program is called.
    pub title: String,
    /// The peer, if it is known.
    pub trusted: Option<&'a Trusted>,
    /// The proposal, if there is one.
    pub approved: Option<&'a Approved<'a>>,
    /// The program's parameters.
    pub parameters: &'a [(String, String)],
    /// What both sides run.
    pub table: &'a Table,
    /// Our place at it.
    pub index: usize,
    /// Our inputs.
    pub ports: &'a [&'a InputPort],
    /// Their values in each run; at least one.
    pub runs: &'a [Vec<Value>],
}

/// Somebody being met.
pub type Welcome = std::pin::Pin<Box<dyn Future<Output = Result<Meeting, SessionError>> + Send>>;

/// A session in progress, as the log knows it.
#[derive(Default)]
pub struct Run {
    record: Option<Record>,
    began: Option<Instant>,
    counted: Option<Counted>,
}

struct Counted {
    proposal: [u8; 32],
    peer: String,
}

/// A session that is over.
pub struct Ended {
    /// What went over the wire in all runs.
    traffic: Traffic,
    /// Where the receipt is, if both sides sign.
    pub receipt: Option<Result<PathBuf, Failure>>,
    transcript: Transcript,
    result: Option<String>,
}

impl Job<'_> {
    /// Whether the release rules would allow a run now.
    fn check_rules(&self) -> Result<(), Failure> {
        self.with_subject(|subject| rules::check_run(subject, self.ports, &self.runs[0]))
    }

    /// What exchanges statements with whoever connects, beginning with `ours`.
    pub fn welcome(&self, ours: &Statement) -> impl Fn(Channel) -> Welcome + Send + Sync + use<> {
        let (statement, patience) = (ours.to_bytes(), self.table.timeouts().handshake);
        let (rng, n_opened) = (self.table.rng(self.index + 2), AtomicU64::new(0));
        move |channel| {
            let (statement, mut rng) = (statement.clone(), rng.clone());
            // Streams 0 to 3 are the two parties'.
            rng.set_stream(rng.get_stream() + 2 * n_opened.fetch_add(1, Ordering::Relaxed));
            Box::pin(async move { Meeting::open(channel, &statement, patience, &mut rng).await })
        }
    }

    /// Our place, with what can be computed before we have met anybody.
    pub fn seat(&self) -> Party {
        self.table.seat_for_runs(self.index, self.runs).prepared()
    }

    /// Runs it at `seat` with whom we have met; `each` gets the number of a run, from 0, and what came of it.
    pub async fn run(
        &self,
        mut meeting: Meeting,
        ours: &Statement,
        seat: Party,
        run: &mut Run,
        each: impl FnMut(usize, &Outcome),
    ) -> Result<Ended, Failure> {
        let ended = self.meet(&mut meeting, ours, seat, run, each).await;
        meeting.close().await;
        ended
    }

    async fn meet(
        &self,
        meeting: &mut Meeting,
        ours: &Statement,
        seat: Party,
        run: &mut Run,
        mut each: impl FnMut(usize, &Outcome),
    ) -> Result<Ended, Failure> {
        let theirs = Statement::from_bytes(meeting.theirs())?;
        let settled = self.settle(meeting, ours, &theirs).await;
        if let Err(failure) = settled {
            self.log_refusal(&failure)?;
            return Err(failure);
        }
        self.begin(meeting.id(), &theirs, run)?;
        let seat = seat.at(meeting.id());
        let (mut bits, mut traffic, mut role) = (Zeroizing::new(Vec::new()), Traffic::default(), Role::Garbler);
        let note = |number: usize, outcome: &Outcome| {
            bits.extend(learned(outcome));
            let run = outcome.stats.traffic();
            traffic.sent_bytes += run.sent_bytes;
            traffic.received_bytes += run.received_bytes;
            role = outcome.role;
            each(number, outcome);
        };
        seat.run_all(meeting.lend(), note).await?;
        let transcript = meeting.transcript();
        let result = run.record.as_ref().map(|record| record.commitment("result", &bits));
        let receipt = match self.trusted.filter(|_| ours.receipt && theirs.receipt) {
            Some(trusted) => Some(self.receipt(meeting, trusted, &theirs, role, transcript).await),
            None => None,
        };
        Ok(Ended { traffic, receipt, transcript, result })
    }

    /// What we say at first.
    pub fn statement(&self) -> Result<Statement, Failure> {
        let mut statement = Statement::new(self.party);
        if self.trusted.is_some() {
            statement.log = Some(log::head()?);
            statement.receipt = true;
        }
        Ok(match self.approved {
            Some(approved) => statement.with_proposal(approved.sealed, &approved.approval.signed),
            None => statement,
        })
    }

    /// Compares statements, then tells the other side whether our own rules allow the run, and hears whether its rules do.
    async fn settle(&self, meeting: &mut Meeting, ours: &Statement, theirs: &Statement) -> Result<(), Failure> {
        let sealed = self.approved.map(|approved| approved.sealed);
        let mut own = ours.compare(theirs, sealed, self.trusted.map(|trusted| trusted.pin));
        if matches!(own, Err(Failure::Session(_))) || !ours.is_formal(theirs) {
            return own;
        }
        if own.is_ok() {
            own = self.check_rules();
        }
        let verdict = own.as_ref().map_or_else(|failure| Verdict::Refused(told(failure)), |()| Verdict::Go);
        let heard = meeting.exchange(&verdict.to_bytes()).await;
        own?;
        Verdict::check(&heard?)
    }

    /// Counts the run and writes that it begins.
    fn begin(&self, meeting: [u8; 32], theirs: &Statement, run: &mut Run) -> Result<(), Failure> {
        let Some(trusted) = self.trusted else { return Ok(()) };
        let peer = trusted.pin.fingerprint().to_string();
        let proposal = self.approved.map(|approved| approved.sealed.digest());
        self.with_subject(|subject| rules::count_run(subject, self.ports, &self.runs[0]))?;
        run.counted = proposal.map(|proposal| Counted { proposal, peer: peer.clone() });
        let beginning = Beginning {
            party: self.party,
            peer: (trusted.name.as_deref(), peer),
            meeting,
            program: self.table.plan.digest(),
            proposal,
            title: self.title(),
            parameters: self.parameters,
            their_log: theirs.log.as_deref(),
        };
        run.record = Some(Record::begin(&beginning, self.ports, self.runs)?);
        run.began = Some(Instant::now());
        Ok(())
    }

    fn title(&self) -> String {
        self.approved.map_or_else(|| self.title.clone(), |approved| approved.sealed.proposal.title.clone())
    }

    /// Both sides sign that the run took place; the garbler begins.
    async fn receipt(
        &self,
        meeting: &mut Meeting,
        trusted: &Trusted,
        theirs: &Statement,
        role: Role,
        seen: Transcript,
    ) -> Result<PathBuf, Failure> {
        let (names, transcript) = match role {
            Role::Garbler => ([self.party, &theirs.party], [seen.sent, seen.received]),
            Role::Evaluator => ([&theirs.party, self.party], [seen.received, seen.sent]),
        };
        let terms = Terms {
            meeting: meeting.id(),
            program: self.table.plan.digest(),
            proposal: self.approved.map(|approved| approved.sealed.digest()),
            from_garbler: transcript[0],
            from_evaluator: transcript[1],
            garbler: names[0].to_owned(),
            evaluator: names[1].to_owned(),
        };
        let own = Signatory::of(&terms, self.party, &trusted.identity);
        let check = |bytes: Vec<u8>| Signatory::check(&bytes, &terms, &theirs.party, trusted.pin);
        let [garbler, evaluator] = match role {
            Role::Garbler => {
                meeting.send(&own.to_bytes()).await?;
                [own, check(meeting.receive().await?)?]
            }
            Role::Evaluator => {
                let garbler = check(meeting.receive().await?)?;
                meeting.send(&own.to_bytes()).await?;
                [garbler, own]
            }
        };
        Receipt::new(&self.title(), &terms, garbler, evaluator).save()
    }

    fn with_subject(&self, work: impl FnOnce(&Subject<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let (Some(trusted), Some(approved)) = (self.trusted, self.approved) else { return Ok(()) };
        let (proposal, peer) = (approved.sealed.digest(), trusted.pin.fingerprint().to_string());
        work(&Subject { proposal: &proposal, peer: &peer, rules: &approved.rules() })
    }

    fn log_refusal(&self, failure: &Failure) -> Result<(), Failure> {
        let Some(trusted) = self.trusted else { return Ok(()) };
        let fields = json!({
            "party": self.party,
            "peer": trusted.pin.fingerprint().to_string(),
            "peer_name": trusted.name,
            "title": self.title(),
            "program": hex(&self.table.plan.digest()),
            "outcome": outcome_of(failure),
        });
        match fields {
            Json::Object(fields) => log::append("refused", fields),
            _ => unreachable!("fields are an object"),
        }
    }
}

impl Run {
    /// Writes that the run is over. One that ended before anything was sent does not count.
    pub fn end(&self, ended: &Result<Ended, Failure>) -> Result<(), Failure> {
        let Some(record) = &self.record else { return Ok(()) };
        let elapsed = self.began.map_or(0, |began| began.elapsed().as_millis() as u64);
        match ended {
            Ok(ended) => {
                let receipt = match &ended.receipt {
                    Some(Ok(_)) => "signed by both",
                    Some(Err(_)) => "missing",
                    None => "none",
                };
                let fields = json!({
                    "milliseconds": elapsed,
                    "sent_bytes": ended.traffic.sent_bytes,
                    "received_bytes": ended.traffic.received_bytes,
                    "sent_digest": hex(&ended.transcript.sent),
                    "received_digest": hex(&ended.transcript.received),
                    "result": ended.result,
                    "receipt": receipt,
                });
                record.end("done", fields)
            }
            Err(failure) => {
                if let (Some(counted), Failure::Session(SessionError::Disagreement(_))) = (&self.counted, failure) {
                    let rules = Rules::default();
                    let subject = Subject { proposal: &counted.proposal, peer: &counted.peer, rules: &rules };
                    rules::uncount_run(&subject)?;
                }
                record.end(&outcome_of(failure), json!({ "milliseconds": elapsed }))
            }
        }
    }
}

/// The bits that we learned.
fn learned(outcome: &Outcome) -> Vec<bool> {
    outcome.outputs.iter().flatten().flatten().copied().collect()
}

/// For the log: the kind of failure, and what the message says of it. Messages of failures hold no inputs.
fn outcome_of(failure: &Failure) -> String {
    format!("failed with exit code {}: {}", failure.exit_code(), reason(failure))
}

/// What the other side may know of why we refuse: how often something ran, or how much data changed, is not its business.
fn told(failure: &Failure) -> String {
    match failure {
        Failure::Policy(_) => "its release rules do not allow this run".to_owned(),
        failure => reason(failure),
    }
}

/// What a failure says.
fn reason(failure: &Failure) -> String {
    failure.to_string().trim_start_matches("error: ").to_owned()
}
