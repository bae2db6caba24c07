//! Calls and iterations that do not wait for each other, on several threads.
//!
//! Consecutive calls of a block of which none reads a result of another form a *group*; a call that repeats and hands no state on is as many
//! *units* as it has iterations, any other is one. The plan fixes how many rows and pairs of tweaks each unit has, so where a unit's begin
//! is known before any of them runs. Units are shared out as *jobs*, of neighbours each; as many jobs as there are threads make a *wave*,
//! whose rows lie in memory together and whose results are written before the next wave begins.
//!
//! Straight-line code stays on one thread. A batch of independent ANDs takes a third of a microsecond there, and threads that run more of them have
//! frames of their own, for which two or three labels a gate are copied in and out: so two threads took longer than one.
//!
//! # Invariants
//! - Rows and tweaks are those of one thread, whatever the threads and jobs: a job gets keys for its own pairs and room for its own rows, and
//!   uses up exactly these.
//! - Memory is bounded: a wave has [`WAVE_ROWS_MAX`] rows at most, or one unit a thread; a unit has [`UNIT_ROWS_MAX`] at most, else it is no unit
//!   and its call runs as if there was one thread.

use hushgate_circuits::knowledge::Known;
use hushgate_circuits::plan::{Operand, Plan, PlanBlock, PlanCall, Step, tweak_pairs};
use zeroize::Zeroizing;

use super::execute::{Party, Program, run_unit};
use crate::block::Label;

/// Rows of a unit, at most.
const UNIT_ROWS_MAX: u64 = 1 << 17;
/// Rows of a wave, where not a single unit of each thread has more.
const WAVE_ROWS_MAX: u64 = 1 << 20;
/// Rows of a job, where so many threads leave room for them: some hundred microseconds, many times what waking a thread takes.
const JOB_ROWS: u64 = 1 << 15;
/// Groups with fewer rows are not worth waking a thread.
const GROUP_ROWS_MIN: u64 = 1 << 13;

/// How many threads compute, and what is worth handing to another one. What is made does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    n: usize,
    job_rows: u64,
    group_rows_min: u64,
}

impl Threads {
    /// The caller's thread alone.
    pub const ONE: Threads = Threads::new(1);

    /// So many of the current rayon pool; at least one.
    #[must_use]
    pub const fn new(n: usize) -> Threads {
        let n = if n == 0 { 1 } else { n };
        let share = WAVE_ROWS_MAX / n as u64;
        Threads { n, job_rows: if share < JOB_ROWS { share } else { JOB_ROWS }, group_rows_min: GROUP_ROWS_MIN }
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> usize {
        self.n
    }

    /// Whether there are several, and `plan` calls that do not wait for each other.
    pub(crate) fn share_out(self, plan: &Plan) -> bool {
        self.n > 1 && Groups::new(&plan.blocks, self).are_any()
    }

    /// Jobs of so many rows, in groups of any size: for tests.
    #[cfg(test)]
    pub(super) const fn with_job_rows(self, job_rows: u64) -> Threads {
        Threads { job_rows, group_rows_min: 0, ..self }
    }
}

/// Rows and pairs of tweaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) n_rows: u64,
    pub(super) n_pairs: u64,
}

impl Extent {
    fn plus(self, other: Extent) -> Extent {
        Extent { n_rows: self.n_rows.saturating_add(other.n_rows), n_pairs: self.n_pairs.saturating_add(other.n_pairs) }
    }

    fn times(self, n: u64) -> Extent {
        Extent { n_rows: self.n_rows.saturating_mul(n), n_pairs: self.n_pairs.saturating_mul(n) }
    }

    fn of_step(step: Step) -> Extent {
        match step {
            Step::And(n) | Step::AndXor(n) => Extent { n_rows: 2 * u64::from(n), n_pairs: n.into() },
            Step::Known(Known::GarblerBoth, _) | Step::Xor { .. } | Step::Call => Extent::default(),
            Step::Known(_, n) => Extent { n_rows: n.into(), n_pairs: tweak_pairs(n.into()) },
        }
    }
}

/// What each block takes, and which of its calls are groups.
pub(super) struct Groups {
    extents: Vec<Extent>,
    /// Of each block, of each call that a group begins with, or that is in none: how many calls the group has; 0 where there is none.
    n_calls: Vec<Vec<usize>>,
}

impl Groups {
    pub(super) fn new(blocks: &[PlanBlock], threads: Threads) -> Groups {
        let mut groups =
            Groups { extents: Vec::with_capacity(blocks.len()), n_calls: Vec::with_capacity(blocks.len()) };
        for block in blocks {
            let steps = block.steps.iter().map(|step| Extent::of_step(*step));
            let calls = block.calls.iter().map(|call| groups.extents[call.callee.0 as usize].times(call.count));
            let extent = steps.chain(calls).fold(Extent::default(), Extent::plus);
            let n_calls = groups.of_block(block, threads);
            groups.extents.push(extent);
            groups.n_calls.push(n_calls);
        }
        groups
    }

    /// Whether there is anything to share out.
    pub(super) fn are_any(&self) -> bool {
        self.n_calls.iter().flatten().any(|n| *n > 0)
    }

    /// How many calls of block `id`, from its call `first` on, form a group; 0 if they do not.
    pub(super) fn n_calls(&self, id: usize, first: usize) -> usize {
        self.n_calls[id][first]
    }

    fn of_block(&self, block: &PlanBlock, threads: Threads) -> Vec<usize> {
        let mut n_calls = vec![0; block.calls.len()];
        let mut is_written = vec![false; block.n_slots as usize];
        let mut first = 0;
        for run in block.steps.split(|step| *step != Step::Call) {
            let end = first + run.len();
            while first < end {
                let n = self.group(&block.calls[first..end], &mut is_written);
                if self.is_worthwhile(&block.calls[first..][..n], threads) {
                    n_calls[first] = n;
                }
                first += n.max(1);
            }
        }
        n_calls
    }

    /// How many of these calls, from the first on, are units that do not wait for each other. `is_written` is all false, before and after.
    fn group(&self, calls: &[PlanCall], is_written: &mut [bool]) -> usize {
        let mut n = 0;
        for call in calls {
            let reads = |operand: &Operand| !operand.is_constant() && is_written[operand.slot() as usize];
            if !self.has_units(call) || call.args.iter().any(reads) {
                break;
            }
            mark(call, is_written, true);
            n += 1;
        }
        calls[..n].iter().for_each(|call| mark(call, is_written, false));
        n
    }

    fn has_units(&self, call: &PlanCall) -> bool {
        let is_free = call.count == 1 || call.n_state == 0;
        is_free && self.extents[call.callee.0 as usize].n_rows <= UNIT_ROWS_MAX
    }

    fn is_worthwhile(&self, calls: &[PlanCall], threads: Threads) -> bool {
        let n_units = calls.iter().fold(0u64, |sum, call| sum.saturating_add(call.count));
        n_units > 1 && self.of_calls(calls).n_rows >= threads.group_rows_min
    }

    fn of_calls(&self, calls: &[PlanCall]) -> Extent {
        let each = calls.iter().map(|call| self.extents[call.callee.0 as usize].times(call.count));
        each.fold(Extent::default(), Extent::plus)
    }

    /// Runs the calls of a group, whose frame is `frame`.
    pub(super) fn run<P: Party>(
        &self,
        party: &mut P,
        program: &Program<'_>,
        calls: &[PlanCall],
        frame: &mut [Label],
    ) -> Result<(), P::Error> {
        let threads = party.threads();
        let share = self.of_calls(calls).n_rows.div_ceil(threads.n as u64);
        let job_rows = threads.job_rows.min(share);
        let mut units = calls.iter().flat_map(|call| (0..call.count).map(move |iteration| Unit { call, iteration }));
        loop {
            let jobs: Vec<Job<'_>> = (0..threads.n).map_while(|_| self.next_job(&mut units, job_rows)).collect();
            if jobs.is_empty() {
                return Ok(());
            }
            let extents: Vec<Extent> = jobs.iter().map(|job| job.extent).collect();
            let work = Wave { program, jobs: &jobs, frame };
            for (job, outputs) in jobs.iter().zip(party.run_jobs(&extents, &work)?) {
                job.write(&outputs, program, frame);
            }
        }
    }

    /// The next units, until they have as many rows as a job should have.
    fn next_job<'c>(&self, units: &mut impl Iterator<Item = Unit<'c>>, job_rows: u64) -> Option<Job<'c>> {
        let mut job = Job { units: Vec::new(), extent: Extent::default() };
        for unit in units {
            job.extent = job.extent.plus(self.extents[unit.call.callee.0 as usize]);
            job.units.push(unit);
            if job.extent.n_rows >= job_rows || job.units.len() == JOB_UNITS_MAX {
                break;
            }
        }
        (!job.units.is_empty()).then_some(job)
    }
}

/// Units of a job, however few rows they have.
const JOB_UNITS_MAX: usize = 1 << 12;

/// Marks the slots of the call's results.
fn mark(call: &PlanCall, is_written: &mut [bool], written: bool) {
    for slot in call.results.iter().filter(|slot| **slot != PlanCall::UNUSED) {
        is_written[*slot as usize] = written;
    }
}

/// Work that is divided into jobs.
pub(super) trait Work: Sync {
    /// Runs a job as the party that has its keys and rows; the labels that come out.
    fn run<P: Party>(&self, index: usize, party: &mut P) -> Result<Zeroizing<Vec<Label>>, P::Error>;
}

/// An iteration of a call without state, or a call that does not repeat.
#[derive(Clone, Copy)]
struct Unit<'c> {
    call: &'c PlanCall,
    iteration: u64,
}

impl Unit<'_> {
    /// What it reads: what it shares with other iterations, and what it has for itself.
    fn args(&self, n_inputs: usize) -> impl Iterator<Item = &Operand> {
        let n_carried = (self.call.n_state + self.call.n_shared) as usize;
        let (carried, each) = self.call.args.split_at(n_carried);
        let n_each = n_inputs - n_carried;
        carried.iter().chain(&each[self.iteration as usize * n_each..][..n_each])
    }

    /// Where its outputs go.
    fn results(&self, n_outputs: usize) -> &[u32] {
        &self.call.results[self.iteration as usize * n_outputs..][..n_outputs]
    }
}

/// Neighbouring units.
struct Job<'c> {
    units: Vec<Unit<'c>>,
    extent: Extent,
}

impl Job<'_> {
    fn write(&self, outputs: &[Label], program: &Program<'_>, frame: &mut [Label]) {
        let mut outputs = outputs.iter();
        for unit in &self.units {
            let n_outputs = program.block(unit.call.callee).outputs.len();
            for (slot, label) in unit.results(n_outputs).iter().zip(outputs.by_ref()) {
                if *slot != PlanCall::UNUSED {
                    frame[*slot as usize] = *label;
                }
            }
        }
    }
}

/// Jobs that run at the same time.
struct Wave<'w> {
    program: &'w Program<'w>,
    jobs: &'w [Job<'w>],
    /// The caller's.
    frame: &'w [Label],
}

impl Work for Wave<'_> {
    fn run<P: Party>(&self, index: usize, party: &mut P) -> Result<Zeroizing<Vec<Label>>, P::Error> {
        let units = &self.jobs[index].units;
        let n_outputs = units.iter().map(|unit| self.program.block(unit.call.callee).outputs.len());
        let mut outputs = Zeroizing::new(Vec::with_capacity(n_outputs.sum()));
        let n_labels = units.iter().map(|unit| self.program.n_labels(unit.call.callee)).max().unwrap_or(0);
        let mut stack = Zeroizing::new(vec![Label::default(); n_labels]);
        for unit in units {
            let args = unit.args(self.program.block(unit.call.callee).n_inputs as usize);
            run_unit(party, self.program, (unit.call, args), self.frame, &mut stack, &mut outputs)?;
        }
        Ok(outputs)
    }
}
