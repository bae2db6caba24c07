//! A session with another organisation, from the connection to the receipt: one run, or many.
//!
//! ```text
//! statements ◄─────► compare, check approvals and release rules ◄─────► verdicts, offers of the session
//! count the runs, write that they begin, run the session, write that it ended, exchange receipts
//! ```
//!
//! # Invariants
//! - Nothing that depends on an input is sent before both sides have said that they agree, and the run is counted and in the log.
//! - Every session that begins in the log ends in it, unless the process is killed.
//! - Every run counts for the release rules, and each side runs as many as both sides' rules allow: all of them, or of a batch the first ones.

use std::cell::RefCell;
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
use hushgate_runtime::garble::Threads;
use hushgate_runtime::identity::{Identity, Pin};
use hushgate_runtime::party::meeting::{Meeting, Transcript};
use hushgate_runtime::party::receipt::Terms;
use hushgate_runtime::session::{Outcome, Role, SessionError};

use crate::approval::Approval;
use crate::batch::{Agreed, Journal};
use crate::failure::Failure;
use crate::files::write_whole;
use crate::log;
use crate::meeting::Welcome;
use crate::party::{Offering, Party, Table};
use crate::proposal::Sealed;
use crate::record::{Beginning, Receipt, Record, Signatory};
use crate::rules::{self, Allowance, Rules, Subject};
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
    /// Their values, for runs to take; at least one row.
    pub rows: &'a [Vec<Value>],
    /// Which row each run takes; of a batch, if it begins now and runs row by row.
    pub order: &'a [u32],
    /// The batch that the runs belong to.
    pub batch: Option<&'a RefCell<Journal>>,
    /// Shares of those who take part and do not compute.
    pub collected: Option<&'a Collected>,
    /// Where their results go.
    pub results: Option<&'a Path>,
}

/// A session in progress, as the log knows it.
#[derive(Default)]
pub struct Run {
    record: Option<Record>,
    began: Option<Instant>,
    /// The session under whose name its runs are counted.
    counted: Option<String>,
    /// Runs that are done.
    done: u64,
}

/// What both sides have settled before the session, and our place in it if there is one.
struct Settled {
    plan: Plan,
    seat: Option<Offering>,
}

/// What is to be run.
struct Plan {
    set: Option<Set>,
    /// Which row each run of the session takes.
    order: Vec<u32>,
    batch: Option<Agreed>,
    /// Why there are no more runs in the session.
    limit: Option<Failure>,
}

/// A session that is over.
pub struct Ended {
    /// What went over the wire in all runs.
    traffic: Traffic,
    /// Where the receipt is, if both sides sign.
    pub receipt: Option<Result<PathBuf, Failure>>,
    /// Why runs of the batch are left over.
    pub limit: Option<Failure>,
    /// Where the peer is known, so that the run is recorded.
    transcript: Option<Transcript>,
    result: Option<String>,
}

impl Job<'_> {
    /// How many of these runs the release rules would allow now.
    fn allowance(&self, order: &[u32]) -> Result<Allowance, Failure> {
        let all = Allowance { runs: order.len(), limit: None };
        self.with_subject(|subject| rules::allowance(subject, self.ports, (self.rows, order))).unwrap_or(Ok(all))
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
    pub fn seat(&self, threads: Threads) -> Party {
        let absent = |party: usize| {
            let parts = self.table.seating.parts(party);
            let n = (parts.input_bits() + parts.pad_bits()) as usize;
            (party, Zeroizing::new(vec![false; n]))
        };
        // Shares are brought when both sides have agreed on them.
        let shares = self.table.seating.participants().into_iter().map(absent).collect();
        self.table.seat_for_runs(self.index, (self.rows, self.order), &shares).on(threads).prepared()
    }

    /// Runs it at `seat` with whom we have met; `each` gets the number of a run, from 0, and what came of it.
    pub async fn run(
        &self,
        mut meeting: Meeting,
        ours: &Statement,
        seat: Party,
        run: &mut Run,
        each: impl FnMut(usize, &Outcome) -> Result<(), Failure>,
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
        mut each: impl FnMut(usize, &Outcome) -> Result<(), Failure>,
    ) -> Result<Ended, Failure> {
        let theirs = Statement::from_bytes(meeting.theirs())?;
        if self.trusted.is_none() {
            meeting.without_transcript();
        }
        let settled = self.settle(meeting, ours, &theirs, seat).await;
        let Settled { plan: Plan { set, order, batch, limit }, seat } = match settled {
            Ok(settled) => settled,
            Err(failure) => {
                self.log_refusal(&failure)?;
                return Err(failure);
            }
        };
        let Some(seat) = seat else {
            self.confirm(meeting, batch.as_ref()).await?;
            let transcript = meeting.transcript();
            return Ok(Ended { traffic: Traffic::default(), receipt: None, limit, transcript, result: None });
        };
        self.begin(meeting.id(), &theirs, set.as_ref(), (&order, batch.as_ref()), run)?;
        let (mut bits, mut traffic, mut role) = (Zeroizing::new(Vec::new()), Traffic::default(), Role::Garbler);
        let mut masked = None;
        let note = |number: usize, outcome: &Outcome| {
            bits.extend(learned(outcome));
            let moved = outcome.stats.traffic();
            traffic.sent_bytes += moved.sent_bytes;
            traffic.received_bytes += moved.received_bytes;
            role = outcome.role;
            masked = set.is_some().then(|| outcome.clone());
            each(number, outcome)?;
            run.done += 1;
            Ok(())
        };
        seat.run_all(note).await?;
        let transcript = meeting.transcript();
        if let (Some(set), Some(outcome)) = (&set, &masked) {
            self.write_results(set, outcome)?;
            set.note(true)?;
        }
        self.confirm(meeting, batch.as_ref()).await?;
        let result = run.record.as_ref().map(|record| record.commitment("result", &bits));
        let receipt = match self.trusted.filter(|_| ours.receipt && theirs.receipt).zip(transcript) {
            Some((trusted, seen)) => Some(self.receipt(meeting, trusted, &theirs, role, seen).await),
            None => None,
        };
        Ok(Ended { traffic, receipt, limit, transcript, result })
    }

    /// Where all runs of a batch are done, both sides tell each other that they have the results.
    async fn confirm(&self, meeting: &mut Meeting, agreed: Option<&Agreed>) -> Result<(), Failure> {
        let (Some(journal), Some(agreed)) = (self.batch, agreed) else { return Ok(()) };
        if journal.borrow().done() < agreed.in_all {
            return Ok(());
        }
        journal.borrow_mut().sync()?;
        match meeting.exchange(ALL_DONE).await {
            // The results are there; only the journal has to stay until the other side has them too.
            Err(_) => {}
            Ok(said) if said == ALL_DONE => journal.borrow_mut().confirm()?,
            Ok(_) => {
                return Err(Failure::Peer("the other party broke the protocol: it has not done all runs".to_owned()));
            }
        }
        Ok(())
    }

    /// What we say at first.
    pub fn statement(&self) -> Result<Statement, Failure> {
        let mut statement = Statement::new(self.party);
        statement.batch = self.batch.map(|journal| journal.borrow().offer());
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
    /// Which runs there are to be; and where others take part, the set of shares that both sides compute with.
    async fn settle(
        &self,
        meeting: &mut Meeting,
        ours: &Statement,
        theirs: &Statement,
        seat: Party,
    ) -> Result<Settled, Failure> {
        let sealed = self.approved.map(|approved| approved.sealed);
        let compared = ours.compare(theirs, sealed, self.trusted.map(|trusted| trusted.pin));
        let seat = seat.at(meeting.id());
        if matches!(compared, Err(Failure::Session(_))) || !ours.is_formal(theirs) {
            compared?;
            let plan = Plan { set: None, order: self.order.to_vec(), batch: None, limit: None };
            return self.offer(meeting, seat, plan).await;
        }
        let own = compared.and_then(|()| self.plan(ours, theirs));
        let verdict = match &own {
            Ok(plan) => Verdict::Go { runs: plan.order.len() as u64 },
            Err(failure) => Verdict::Refused(told(failure)),
        };
        meeting.send(&verdict.to_bytes()).await?;
        let (mut plan, allowed) = match own {
            Ok(plan) if plan.batch.is_none() => {
                // The session compares the number of runs, and names it.
                let settled = self.offer(meeting, seat, plan).await?;
                Verdict::check(&meeting.receive().await?)?;
                return Ok(settled);
            }
            own => {
                let heard = meeting.receive().await;
                (own?, Verdict::check(&heard?)?)
            }
        };
        // How many runs of a batch there are is known only now.
        if allowed < plan.order.len() as u64 {
            plan.order.truncate(allowed as usize);
            plan.limit = Some(Failure::Agreement(
                "the other party refuses more runs: its release rules do not allow them now".to_owned(),
            ));
        }
        self.offer(meeting, seat, plan).await
    }

    /// Sends what this side offers for the session; nothing, where there are no runs left.
    async fn offer(&self, meeting: &Meeting, seat: Party, plan: Plan) -> Result<Settled, Failure> {
        if plan.order.is_empty() {
            return Ok(Settled { plan, seat: None });
        }
        let seat = match &plan.set {
            Some(set) => seat.with_shares(self.table, self.rows, &set.bits),
            None => seat,
        };
        let offering = seat.with_order(&plan.order).offer(meeting.lend()).await?;
        Ok(Settled { plan, seat: Some(offering) })
    }

    /// What this side would run, if the other side does.
    fn plan(&self, ours: &Statement, theirs: &Statement) -> Result<Plan, Failure> {
        let batch = match (&ours.batch, &theirs.batch) {
            (Some(ours), Some(theirs)) => Some(ours.agree(theirs, self.index)?),
            _ => None,
        };
        if let (Some(journal), Some(agreed)) = (self.batch, &batch) {
            journal.borrow().check(agreed)?;
        }
        let mut order = batch.as_ref().map_or_else(|| self.order.to_vec(), |agreed| agreed.order(self.index));
        let allowance = self.allowance(&order)?;
        if batch.is_none() || allowance.runs == 0 {
            allowance.all(order.len())?;
        }
        let limit = allowance.limit.filter(|_| allowance.runs < order.len());
        let limit = limit.map(|limit| rules::refused(&limit, allowance.runs, order.len()));
        order.truncate(allowance.runs);
        Ok(Plan { set: self.agree_on_shares(theirs)?, order, batch, limit })
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

    /// Counts the runs and writes that they begin.
    fn begin(
        &self,
        meeting: [u8; 32],
        theirs: &Statement,
        set: Option<&Set>,
        (order, agreed): (&[u32], Option<&Agreed>),
        run: &mut Run,
    ) -> Result<(), Failure> {
        let session = Record::name(&meeting);
        if let (Some(journal), Some(agreed)) = (self.batch, agreed) {
            journal.borrow_mut().begin(&session, agreed)?;
        }
        let Some(trusted) = self.trusted else { return Ok(()) };
        set.map_or(Ok(()), |set| set.note(false))?;
        let peer = trusted.pin.fingerprint().to_string();
        let proposal = self.approved.map(|approved| approved.sealed.digest());
        if let Some(counted) =
            self.with_subject(|subject| rules::count_runs(subject, &session, self.ports, (self.rows, order)))
        {
            counted?;
            run.counted = Some(session.clone());
        }
        let rows = agreed.map(|agreed| {
            let id = agreed.id.as_ref().unwrap_or(&session);
            json!({ "id": id, "first": agreed.first, "in_all": agreed.in_all })
        });
        let beginning = Beginning {
            party: self.party,
            peer: (trusted.name.as_deref(), peer),
            meeting,
            program: self.table.plan.digest(),
            proposal,
            title: self.title(),
            parameters: self.parameters,
            their_log: theirs.log.as_deref(),
            batch: rows,
            shares: set.map(Set::summary),
        };
        run.record = Some(Record::begin(&beginning, self.ports, (self.rows, order))?);
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

    /// Does something about the rules, where there are any: for a proposal with a known peer.
    fn with_subject<T>(&self, work: impl FnOnce(&Subject<'_>) -> T) -> Option<T> {
        let (Some(trusted), Some(approved)) = (self.trusted, self.approved) else { return None };
        let (proposal, peer) = (approved.sealed.digest(), trusted.pin.fingerprint().to_string());
        Some(work(&Subject { proposal: &proposal, peer: &peer, rules: &approved.rules() }))
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
    /// Writes that the session is over. Runs that did not begin do not count.
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
                    "runs": self.done,
                    "sent_bytes": ended.traffic.sent_bytes,
                    "received_bytes": ended.traffic.received_bytes,
                    "sent_digest": ended.transcript.map(|seen| hex(&seen.sent)),
                    "received_digest": ended.transcript.map(|seen| hex(&seen.received)),
                    "result": ended.result,
                    "receipt": receipt,
                });
                record.end("done", fields)
            }
            Err(failure) => {
                if let Some(session) = &self.counted {
                    // One that was cut off counts, unless it ended before anything was sent.
                    let is_before = matches!(failure, Failure::Session(SessionError::Disagreement(_)));
                    rules::settle(session, self.done + u64::from(!is_before))?;
                }
                record.end(&outcome_of(failure), json!({ "milliseconds": elapsed, "runs": self.done }))
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

/// What both sides say when all runs of a batch are done.
const ALL_DONE: &[u8] = b"all done";
