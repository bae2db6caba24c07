//! Where a session is, how long each phase took, and what went over the wire in it.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hushgate_circuits::plan::Plan;

use crate::channel::{Meter, Traffic};
use crate::wire::FrameKind;

/// A part of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Agreeing on what to run.
    Handshake,
    /// Labels for the inputs.
    Inputs,
    /// Garbled tables.
    Tables,
    /// From labels to results.
    Outputs,
}

/// What a phase took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseStats {
    /// Time.
    pub time: Duration,
    /// Bytes, headers and tags included.
    pub traffic: Traffic,
}

/// What a run took; the first one includes the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// AND gates garbled or evaluated.
    pub and_gates: u64,
    /// Bytes of garbled tables, without headers and tags.
    pub table_bytes: u64,
    /// Oblivious transfers: the evaluator's input bits.
    pub ot_count: u64,
    /// From when the connection was opened to the result; of a later run, from its begin.
    pub cold: Duration,
    /// From agreement to the result.
    pub after_handshake: Duration,
    /// Agreeing on what to run.
    pub handshake: PhaseStats,
    /// Labels for the inputs.
    pub inputs: PhaseStats,
    /// Garbled tables.
    pub tables: PhaseStats,
    /// From labels to results.
    pub outputs: PhaseStats,
}

impl Phase {
    const ALL: [Phase; 4] = [Phase::Handshake, Phase::Inputs, Phase::Tables, Phase::Outputs];

    const fn frames(self) -> &'static [FrameKind] {
        match self {
            Phase::Handshake => &[FrameKind::Hello],
            Phase::Inputs => &[FrameKind::Transfer, FrameKind::Matrix, FrameKind::Seed],
            Phase::Tables => &[FrameKind::Tables],
            Phase::Outputs => &[FrameKind::Decoding, FrameKind::Results],
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Handshake => "in the handshake",
            Phase::Inputs => "while giving inputs",
            Phase::Tables => "while garbled tables moved",
            Phase::Outputs => "while opening outputs",
        })
    }
}

impl Stats {
    /// All bytes of the run.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let phases = [self.handshake, self.inputs, self.tables, self.outputs].map(|phase| phase.traffic);
        Traffic {
            sent_bytes: phases.iter().map(|traffic| traffic.sent_bytes).sum(),
            received_bytes: phases.iter().map(|traffic| traffic.received_bytes).sum(),
        }
    }
}

/// Knows the phase. Shared by the session and who watches it.
#[derive(Debug)]
pub(super) struct Clock {
    /// When the connection was opened, or a later run began.
    opened: Instant,
    /// What had gone over the wire by then, by phase.
    before: [Traffic; 4],
    /// When each phase began, in order; never empty.
    begun: Mutex<Vec<(Phase, Instant)>>,
}

impl Clock {
    pub(super) fn start(opened: Instant) -> Clock {
        Clock { opened, before: [Traffic::default(); 4], begun: Mutex::new(vec![(Phase::Handshake, Instant::now())]) }
    }

    /// A run begins; the first belongs together with the handshake.
    pub(super) fn enter_run(&mut self, n_done: u32, meter: &Meter) {
        if n_done > 0 {
            let now = Instant::now();
            self.opened = now;
            self.before = Phase::ALL.map(|phase| meter.traffic_of(phase.frames()));
            self.begun = Mutex::new(vec![(Phase::Inputs, now)]);
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push((phase, Instant::now()));
    }

    pub(super) fn phase(&self) -> Phase {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.last().map_or(Phase::Handshake, |&(phase, _)| phase)
    }

    /// The statistics of a run that ends now.
    pub(super) fn stats(&self, plan: &Plan, ot_count: usize, meter: &Meter) -> Stats {
        let end = Instant::now();
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ends = begun.iter().skip(1).map(|&(_, begin)| begin).chain([end]);
        let times: Vec<(Phase, Duration)> =
            begun.iter().zip(ends).map(|(&(phase, begin), end)| (phase, end.duration_since(begin))).collect();
        let [handshake, inputs, tables, outputs] = Phase::ALL.map(|phase| PhaseStats {
            time: times.iter().filter(|(other, _)| *other == phase).map(|(_, time)| *time).sum(),
            traffic: meter.traffic_of(phase.frames()).since(self.before[phase as usize]),
        });
        Stats {
            and_gates: plan.n_ands(),
            table_bytes: plan.table_bytes(),
            ot_count: ot_count as u64,
            cold: end.duration_since(self.opened),
            after_handshake: inputs.time + tables.time + outputs.time,
            handshake,
            inputs,
            tables,
            outputs,
        }
    }
}
