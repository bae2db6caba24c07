//! Why a session ended without a result, and whose fault it is.

use std::io;
use std::time::Duration;

use super::clock::Clock;
use super::{Phase, Role};
use crate::channel::{ChannelError, KeyRefused};
use crate::garble::output::OutputForged;
use crate::ot;
use crate::transfer::TransferError;
use crate::wire::{FrameKind, MalformedPayload, WireError};

/// Why a session ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The caller asked for something that cannot be.
    #[error(transparent)]
    ApiMisuse(#[from] Misuse),
    /// The parties do not want the same. Both get this error, each from its own side.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// The other party expects somebody else.
    #[error(transparent)]
    KeyRefused(#[from] KeyRefused),
    /// The other party, or something on the way to it, broke the protocol.
    #[error("the other party broke the protocol {phase}: {misbehaviour}")]
    PeerMisbehaved {
        /// Where.
        phase: Phase,
        /// How.
        misbehaviour: PeerMisbehaved,
    },
    /// The network failed.
    #[error("the connection failed {phase}: {source}")]
    Io {
        /// Where.
        phase: Phase,
        /// How.
        source: io::Error,
    },
    /// The other party closed the connection.
    #[error("the other party closed the connection {phase}, before its {expected:?} message")]
    Closed {
        /// Where.
        phase: Phase,
        /// What had to come next.
        expected: FrameKind,
    },
    /// Something took too long.
    #[error("{kind} {phase}: gave up after {after:?}")]
    Timeout {
        /// Where.
        phase: Phase,
        /// What took too long.
        kind: TimeoutKind,
        /// How long it may take.
        after: Duration,
    },
    /// We were told to stop.
    #[error("stopped {phase}")]
    Stopped {
        /// Where.
        phase: Phase,
    },
    /// The other party gave up and does not say why; its own messages do.
    #[error("the other party gave up {phase}; it does not say why, its own log does")]
    Aborted {
        /// Where.
        phase: Phase,
    },
}

/// What the caller got wrong. Nothing that depends on an input has been sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// The plan has no such party.
    #[error("the plan has {parties} parties, so there is no party number {party}")]
    UnknownParty {
        /// The number given.
        party: u32,
        /// How many there are.
        parties: usize,
    },
    /// The input bits do not fit the plan.
    #[error("{found} input bits for party {party:?}, whose inputs take {expected}")]
    InputBits {
        /// The party's name.
        party: String,
        /// How many were given.
        found: usize,
        /// How many it has.
        expected: usize,
    },
    /// Somebody else takes part in the plan.
    #[error("party {party:?} has {port:?}, but only {garbler:?} and {evaluator:?} are in this session")]
    ThirdParty {
        /// Who.
        party: String,
        /// Which input or output.
        port: String,
        /// One of the two.
        garbler: String,
        /// The other one.
        evaluator: String,
    },
    /// A program that is not run.
    #[error("a session has at least one run of each of its programs")]
    NoRuns,
    /// More runs than can be numbered.
    #[error("a session has fewer than 2^32 runs")]
    TooManyRuns,
    /// More programs than an offer names.
    #[error("{found} programs for one session; it has at most {max}")]
    TooManyPrograms {
        /// How many were given.
        found: usize,
        /// How many there can be.
        max: usize,
    },
    /// A later program is for others.
    #[error("a session's programs have the same parties: the first has {first:?}, another one {found:?}")]
    OtherParties {
        /// Those of the first.
        first: Vec<String>,
        /// Those of the other one.
        found: Vec<String>,
    },
    /// All runs that the parties agreed on are done.
    #[error("the parties agreed on {0} runs, and all are done")]
    NoRunsLeft(u32),
    /// The plan is for another garbler.
    #[error("the plan is for {garbler:?} as the garbler, so this party cannot be the {wanted}")]
    OtherGarbler {
        /// Whom the plan is for.
        garbler: String,
        /// What this party was to be.
        wanted: Role,
    },
    /// The offer does not fit its message.
    #[error("the names and values to agree on take {found} bytes; at most {max} fit")]
    OfferTooLong {
        /// What they take.
        found: usize,
        /// What there is.
        max: usize,
    },
    /// A field is named twice.
    #[error("the field {0:?} to agree on is given twice")]
    FieldTwice(String),
}

/// Something that must be the same on both sides and is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parties do not agree on {}: here {}, there {}", printable(field), shown(ours), shown(theirs))]
pub struct Disagreement {
    /// What differs; may be a name that only the other party has.
    pub field: String,
    /// Our value; `None` where we do not have the field.
    pub ours: Option<String>,
    /// The other party's value, as it says.
    pub theirs: Option<String>,
}

/// How the protocol was broken.
#[derive(Debug, thiserror::Error)]
pub enum PeerMisbehaved {
    /// A frame is wrong.
    #[error(transparent)]
    Frame(#[from] WireError),
    /// A frame is fine, but its contents are not.
    #[error("in a {kind:?} message: {problem}")]
    Payload {
        /// The message.
        kind: FrameKind,
        /// What is wrong.
        problem: MalformedPayload,
    },
    /// A message of the oblivious transfer is wrong.
    #[error(transparent)]
    Transfer(#[from] ot::PeerMisbehaved),
    /// Outputs are not what was computed.
    #[error(transparent)]
    Output(#[from] OutputForged),
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeoutKind {
    /// From connection to agreement.
    #[error("no agreement in time")]
    Handshake,
    /// No byte moved.
    #[error("the connection stood still")]
    Progress,
    /// The whole session.
    #[error("no result in time")]
    Total,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The caller's.
    Caller,
    /// Both parties': they want different things.
    Agreement,
    /// The network's, or a peer that went away.
    Network,
    /// The other party's.
    Peer,
}

impl SessionError {
    /// Whose fault it is.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            SessionError::ApiMisuse(_) => Reason::Caller,
            SessionError::Disagreement(_) | SessionError::KeyRefused(_) => Reason::Agreement,
            SessionError::PeerMisbehaved { .. } => Reason::Peer,
            SessionError::Io { .. }
            | SessionError::Closed { .. }
            | SessionError::Timeout { .. }
            | SessionError::Stopped { .. }
            | SessionError::Aborted { .. } => Reason::Network,
        }
    }

    /// The exit code of a command that ends with this error.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self.reason() {
            Reason::Caller => 2,
            Reason::Agreement => 4,
            Reason::Network => 5,
            Reason::Peer => 6,
        }
    }

    /// What went wrong on the channel before the session proper.
    pub(crate) fn before(error: ChannelError) -> SessionError {
        SessionError::at(Phase::Handshake, StepError::Channel(error))
    }

    /// The other party was too slow before the session proper.
    pub(crate) const fn slow(after: Duration) -> SessionError {
        SessionError::Timeout { phase: Phase::Handshake, kind: TimeoutKind::Handshake, after }
    }

    pub(super) fn timeout(clock: &Clock, kind: TimeoutKind, after: Duration) -> SessionError {
        SessionError::Timeout { phase: clock.phase(), kind, after }
    }

    pub(super) fn at(phase: Phase, error: StepError) -> SessionError {
        match error {
            StepError::Misuse(misuse) => misuse.into(),
            StepError::Disagreement(disagreement) => disagreement.into(),
            StepError::Misbehaved(misbehaviour) => SessionError::PeerMisbehaved { phase, misbehaviour },
            StepError::Channel(ChannelError::Io(source)) => SessionError::Io { phase, source },
            StepError::Channel(ChannelError::Closed(expected)) => SessionError::Closed { phase, expected },
            StepError::Channel(ChannelError::Wire(error)) => {
                SessionError::PeerMisbehaved { phase, misbehaviour: error.into() }
            }
            StepError::Channel(ChannelError::KeyRefused(refused)) => refused.into(),
            StepError::Channel(ChannelError::Aborted) => SessionError::Aborted { phase },
        }
    }
}

fn shown(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("\"{}\"", printable(value)))
}

/// Text that a peer chose, safe on a terminal: nothing in it moves the cursor, changes colours or the direction of writing, begins
/// a line, or fills the screen.
fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Why a step failed; the session adds where it was.
#[derive(Debug)]
pub(super) enum StepError {
    Misuse(Misuse),
    Disagreement(Disagreement),
    Misbehaved(PeerMisbehaved),
    Channel(ChannelError),
}

impl StepError {
    pub(super) fn payload(kind: FrameKind) -> impl FnOnce(MalformedPayload) -> StepError {
        move |problem| StepError::Misbehaved(PeerMisbehaved::Payload { kind, problem })
    }
}

impl From<Misuse> for StepError {
    fn from(misuse: Misuse) -> StepError {
        StepError::Misuse(misuse)
    }
}

impl From<Disagreement> for StepError {
    fn from(disagreement: Disagreement) -> StepError {
        StepError::Disagreement(disagreement)
    }
}

impl From<ChannelError> for StepError {
    fn from(error: ChannelError) -> StepError {
        StepError::Channel(error)
    }
}

impl From<TransferError> for StepError {
    fn from(error: TransferError) -> StepError {
        match error {
            TransferError::Channel(error) => error.into(),
            TransferError::Peer(misbehaved) => misbehaved.into(),
        }
    }
}

impl From<ot::PeerMisbehaved> for StepError {
    fn from(error: ot::PeerMisbehaved) -> StepError {
        StepError::Misbehaved(error.into())
    }
}

impl From<OutputForged> for StepError {
    fn from(error: OutputForged) -> StepError {
        StepError::Misbehaved(error.into())
    }
}

/// How much of a peer's text is shown.
const SHOWN_CHARS_MAX: usize = 200;
