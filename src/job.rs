//! One run with another organisation, from the connection to the receipt.
//!
//! ```text
//! statements ◄─────► compare, check approvals and release rules ◄─────► verdicts, offers of the session
//! count the run, write that it begins, run the session, write that it ended, exchange receipts
//! ```
//!
//! # Invariants
//! - Nothing that depends on an input is sent before both sides have said that they agree, and the run is counted and in the log.
//! - Every run that begins in the log ends in it, unless the process is killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
use crate::files::write_whole;
use crate::log;
use crate::party::{Offering, Party, Table};
use crate::proposal::Sealed;
use crate::record::{Beginning, Receipt, Record, Signatory};
use crate::rules::{self, Rules, Subject};
use crate::seating::Meaning;
use crate::shares::folder::{Collected, Set};
use crate::shares::{ResultFile, file_name};
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
    /// Shares of those who take part and do not compute.
    pub collected: Option<&'a Collected>,
    /// Where their results go.
    pub results: Option<&'a Path>,
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
        let absent = |party: usize| {
            let parts = self.table.seating.parts(party);
            let n = (parts.input_bits() + parts.pad_bits()) as usize;
            (party, Zeroizing::new(vec![false; n]))
        };
        // Shares are brought when both sides have agreed on them.
        let shares = self.table.seating.participants().into_iter().map(absent).collect();
        self.table.seat_for_runs(self.index, self.runs, &shares).prepared()
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
        match &ended {
            Ok(_) => meeting.close().await,
            Err(_) => meeting.turn_away().await,
        }
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
        let settled = self.settle(meeting, ours, &theirs, seat).await;
        let (set, seat) = match settled {
            Ok(settled) => settled,
            Err(failure) => {
                self.log_refusal(&failure)?;
                return Err(failure);
            }
        };
        self.begin(meeting.id(), &theirs, set.as_ref(), run)?;
        let (mut bits, mut traffic, mut role) = (Zeroizing::new(Vec::new()), Traffic::default(), Role::Garbler);
        let mut masked = None;
        let note = |number: usize, outcome: &Outcome| {
            bits.extend(learned(outcome));
            let run = outcome.stats.traffic();
            traffic.sent_bytes += run.sent_bytes;
            traffic.received_bytes += run.received_bytes;
            role = outcome.role;
            masked = set.is_some().then(|| outcome.clone());
            each(number, outcome);
        };
        seat.run_all(note).await?;
        let transcript = meeting.transcript();
        if let (Some(set), Some(outcome)) = (&set, &masked) {
            self.write_results(set, outcome)?;
            set.note(true)?;
        }
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
        statement.shares = self.collected.map_or_else(Vec::new, |collected| collected.roll(&self.table.seating));
        if self.trusted.is_some() {
            statement.log = Some(log::head()?);
            statement.receipt = true;
        }
        Ok(match self.approved {
            Some(approved) => statement.with_proposal(approved.sealed, &approved.approval.signed),
            None => statement,
        })
    }

    /// Compares statements, then tells the other side whether our own rules allow the run, and hears whether its rules do. What we offer for
    /// the session goes out together with our verdict: it says nothing of our inputs.
    ///
    /// Where others take part, the set of shares that both sides compute with.
    async fn settle(
        &self,
        meeting: &mut Meeting,
        ours: &Statement,
        theirs: &Statement,
        seat: Party,
    ) -> Result<(Option<Set>, Offering), Failure> {
        let sealed = self.approved.map(|approved| approved.sealed);
        let compared = ours.compare(theirs, sealed, self.trusted.map(|trusted| trusted.pin));
        let seat = seat.at(meeting.id());
        if matches!(compared, Err(Failure::Session(_))) || !ours.is_formal(theirs) {
            compared?;
            return Ok((None, seat.offer(meeting.lend()).await?));
        }
        let own = compared.and_then(|()| self.check_rules()).and_then(|()| self.agree_on_shares(theirs));
        let verdict = own.as_ref().map_or_else(|failure| Verdict::Refused(told(failure)), |_| Verdict::Go);
        meeting.send(&verdict.to_bytes()).await?;
        let settled = match own {
            Ok(Some(set)) => {
                let seat = seat.with_shares(self.table, self.runs, &set.bits);
                Ok((Some(set), seat.offer(meeting.lend()).await?))
            }
            Ok(None) => Ok((None, seat.offer(meeting.lend()).await?)),
            Err(failure) => Err(failure),
        };
        let heard = meeting.receive().await;
        let settled = settled?;
        Verdict::check(&heard?)?;
        Ok(settled)
    }

    fn agree_on_shares(&self, theirs: &Statement) -> Result<Option<Set>, Failure> {
        let Some(collected) = self.collected else { return Ok(None) };
        let set = collected.settle(&self.table.seating, &theirs.shares, &mut self.table.rng(self.index + 6))?;
        for (member, why) in &set.left_out {
            eprintln!("warning: {member} is left out: {why}");
        }
        for stray in collected.strays() {
            eprintln!("warning: {stray}");
        }
        Ok(Some(set))
    }

    /// A file for each participant with its masked outputs.
    fn write_results(&self, set: &Set, outcome: &Outcome) -> Result<(), Failure> {
        let Some(folder) = self.results else { return Ok(()) };
        let seating = &self.table.seating;
        let mut masked = BTreeMap::<usize, Vec<bool>>::new();
        for (bits, meaning) in outcome.outputs.iter().zip(seating.meanings(&self.table.plan.outputs)) {
            if let (Some(bits), Meaning::Masked(_, party)) = (bits, meaning) {
                masked.entry(party).or_default().extend_from_slice(bits);
            }
        }
        for (party, bits) in masked {
            // What one who was left out would learn was masked for nobody.
            let Some(submission) = set.submissions.get(&party) else { continue };
            let member = &seating.border().parties[party];
            let result = ResultFile::new(&self.table.plan.digest(), member, submission, self.party, &bits);
            let name = format!("{}.from.{}.result", file_name(member), file_name(self.party));
            write_whole(&folder.join(name), result.text().as_bytes())?;
        }
        Ok(())
    }

    /// Counts the run and writes that it begins.
    fn begin(&self, meeting: [u8; 32], theirs: &Statement, set: Option<&Set>, run: &mut Run) -> Result<(), Failure> {
        let Some(trusted) = self.trusted else { return Ok(()) };
        set.map_or(Ok(()), |set| set.note(false))?;
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
            shares: set.map(Set::summary),
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
