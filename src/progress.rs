//! What people see while they wait: one line on standard error, if that is a terminal and nobody asked for quiet or for JSON.
//!
//! The line is gone when what it is about is over; what remains is the [summary](crate::summary). What is shown depends on counts of bytes and
//! gates alone, which are public.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use hushgate_circuits::work;
use hushgate_runtime::channel::Meter;
use hushgate_runtime::wire::FrameKind;

use crate::cli::Common;
use crate::terminal;

static ENABLED: AtomicBool = AtomicBool::new(false);
static LINE: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Whether there is to be any progress.
pub fn enable(common: &Common) {
    ENABLED.store(!common.quiet && !common.json && std::io::stderr().is_terminal(), Ordering::Relaxed);
}

/// What is shown until this is dropped.
#[must_use]
pub struct Shown {
    ticker: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

/// What a session is to move.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Runs.
    pub runs: u64,
    /// Bytes of oblivious transfers in all runs.
    pub transfer_bytes: u64,
    /// Bytes of tables in all runs.
    pub table_bytes: u64,
}

/// Shows that a program is compiled: what is made and how fast, and how far a pass of the optimiser is.
pub fn stage(what: &'static str) -> Shown {
    if !ENABLED.load(Ordering::Relaxed) {
        return Shown { ticker: None };
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style(LOWERING));
    bar.set_message(what);
    *line() = Some(bar.clone());
    let begun = work::made();
    let mut shown = None;
    ticking(move || {
        let pass = work::pass();
        let name = pass.map(|pass| pass.name);
        let position = pass.map_or(work::made() - begun, |pass| pass.done());
        if let Some(pass) = pass {
            bar.set_length(pass.total.max(position));
        }
        bar.set_position(position);
        if shown != name {
            shown = name;
            bar.reset_eta();
            bar.set_prefix(name.unwrap_or_default());
            bar.set_style(style(if pass.is_some() { PASS } else { FINISHING }));
        }
        bar.tick();
        !bar.is_finished()
    })
}

/// Something else goes on within the same stage.
pub fn say(what: &'static str) {
    if let Some(bar) = &*line() {
        bar.set_message(what);
    }
}

/// Looks again and again, as long as there is something to see.
fn ticking(mut look: impl FnMut() -> bool + Send + 'static) -> Shown {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let tick = move || {
        while !stopped.load(Ordering::Relaxed) && look() {
            thread::park_timeout(TICK);
        }
    };
    Shown { ticker: Some((stop, thread::spawn(tick))) }
}

/// Shows what a session moves.
pub fn session(meter: Arc<Meter>, expected: Expected) -> Shown {
    // Results of many runs on the same terminal are progress enough.
    if !ENABLED.load(Ordering::Relaxed) || expected.runs > 1 && std::io::stdout().is_terminal() && !is_batch() {
        return Shown { ticker: None };
    }
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
    *line() = Some(bar.clone());
    let mut shown = None;
    ticking(move || {
        let phase = Phase::of(&meter, expected);
        if shown != Some(phase.what) {
            shown = Some(phase.what);
            bar.reset();
            bar.set_style(style(phase.template));
            bar.set_message(phase.what);
        }
        bar.set_length(phase.total.max(phase.position));
        bar.set_position(phase.position);
        bar.set_prefix(phase.moved);
        !bar.is_finished()
    })
}

/// Takes the line away, as something is to be printed where it stands.
pub fn clear() {
    if let Some(bar) = line().take() {
        bar.finish_and_clear();
    }
}

/// Runs of a batch that are done in the session.
static RUNS: Mutex<Option<u64>> = Mutex::new(None);

/// A batch begins a session: its rows are counted, not printed.
pub fn batch() {
    *RUNS.lock().unwrap_or_else(PoisonError::into_inner) = Some(0);
}

/// A run of a batch is done.
pub fn run_done() {
    if let Some(runs) = &mut *RUNS.lock().unwrap_or_else(PoisonError::into_inner) {
        *runs += 1;
    }
}

fn is_batch() -> bool {
    runs_done().is_some()
}

fn runs_done() -> Option<u64> {
    *RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a session is.
struct Phase {
    what: &'static str,
    template: &'static str,
    position: u64,
    total: u64,
    /// Bytes, for what counts something else.
    moved: String,
}

impl Phase {
    fn of(meter: &Meter, expected: Expected) -> Phase {
        let bytes = |kind| {
            let traffic = meter.traffic(kind);
            traffic.sent_bytes + traffic.received_bytes
        };
        let transfers = bytes(FrameKind::Transfer) + bytes(FrameKind::Matrix);
        let tables = bytes(FrameKind::Tables);
        let of_bytes = |what, position, total| Phase { what, template: BYTES, position, total, moved: String::new() };
        match runs_done() {
            Some(done) if expected.runs > 1 => Phase {
                what: "rows",
                template: ROWS,
                position: done,
                total: expected.runs,
                moved: terminal::bytes(transfers + tables),
            },
            _ if tables > 0 => of_bytes("garbled tables", tables, expected.table_bytes),
            _ => of_bytes("oblivious transfer", transfers, expected.transfer_bytes),
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some((stop, ticker)) = self.ticker.take() {
            stop.store(true, Ordering::Relaxed);
            ticker.thread().unpark();
            let _ = ticker.join();
        }
        clear();
    }
}

fn line() -> MutexGuard<'static, Option<ProgressBar>> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn style(template: &str) -> ProgressStyle {
    let template = if terminal::color() { template.replace("{bar:28}", "{bar:28.cyan}") } else { template.to_owned() };
    let style = ProgressStyle::with_template(&template).expect("the templates are right");
    let rate = |state: &ProgressState, text: &mut dyn Write| {
        let _ = match state.per_sec() {
            per_second @ 1e6.. => write!(text, "{:.1} M/s", per_second / 1e6),
            per_second => write!(text, "{per_second:.0}/s"),
        };
    };
    style.with_key("rate", rate).progress_chars("=> ")
}

const BYTES: &str =
    "{msg:<18} [{bar:28}] {percent:>3} %  {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
const ROWS: &str = "{msg:<18} [{bar:28}] {percent:>3} %  {human_pos} of {human_len}, {rate}, {prefix}, {eta} left";
const LOWERING: &str = "{spinner} {msg:<16} {elapsed}  {human_pos} gates, {rate}";
const PASS: &str =
    "optimising: {prefix:<9} [{bar:28}] {percent:>3} %  {human_pos} of {human_len} gates, {rate}, {eta} left";
const FINISHING: &str = "{spinner} {msg:<16} {elapsed}";
const TICK: Duration = Duration::from_millis(100);
