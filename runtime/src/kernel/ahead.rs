//! AES key schedules of the next gates, made before their labels are known.
//!
//! Schedules depend on S and the gate's number alone. Made in bulk they cost no latency, so a chain of gates that wait
//! for each other waits for AES rounds only. A window of [`WINDOW`] gates, aligned to its own size, is scheduled at a
//! time; where a unit of up to [`MARGIN`] gates crosses from one window to the next, the last gates of the first stay in front
//! of the second, so that the unit's keys lie in one piece.

use super::GROUP;
use crate::block::Block;

/// Gates scheduled at a time.
pub(super) const WINDOW: usize = 32;

/// Gates of the window before that are kept, and places after the window that may be read, whatever is there.
pub(super) const MARGIN: usize = 8;

/// Far from every gate of a session, of which there are at most 2^63.
const NO_GATE: u64 = 1 << 63;

/// Round keys of an AES-128.
pub(super) const ROUND_KEYS: usize = 11;

/// The round constants of AES-128, for round keys 1 to 10.
pub(super) const ROUND_CONSTANTS: [i32; ROUND_KEYS - 1] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];

/// One round's keys: of the gates before the window, of those in it, and places that are read but not used.
pub(super) type Row = [Block; ROW];

/// Blocks of a row.
pub(super) const ROW: usize = MARGIN + WINDOW + MARGIN;

/// The rows from a unit's first key on, up to its last key of the last round. The places of its keys are then at distances that the
/// compiler knows from one address.
pub(super) type Keys = [Block; (2 * ROUND_KEYS - 1) * ROW + MARGIN];

/// The same for four gates of one row, whose keys are those of the first half-gates or of the second.
pub(super) type HalfKeys = [Block; (2 * ROUND_KEYS - 2) * ROW + GROUP];

/// Round keys of a window of gates. Not secret.
#[derive(Clone)]
#[repr(C, align(64))]
pub(super) struct Ahead {
    /// By round, then by half-gate.
    pub(super) rows: [[Row; 2]; ROUND_KEYS],
    /// The window's first gate; a multiple of [`WINDOW`], or [`NO_GATE`] if there is no window yet.
    pub(super) first_gate: u64,
}

impl Ahead {
    /// No gate's keys.
    pub(super) fn new() -> Box<Ahead> {
        Box::new(Ahead { rows: [[[Block::ZERO; ROW]; 2]; ROUND_KEYS], first_gate: NO_GATE })
    }

    /// Where in the rows the keys of `n` ≤ [`MARGIN`] gates from `first_gate` stand; `schedule` makes the keys of a window, and is told
    /// whether to move the last keys of the window before to the front of it, first.
    #[inline(always)]
    pub(super) fn position(&mut self, first_gate: u64, n: usize, mut schedule: impl FnMut(&mut Ahead, bool)) -> usize {
        let mut offset = first_gate.wrapping_sub(self.first_gate);
        if offset > (WINDOW - n) as u64 {
            self.move_to(first_gate, n, &mut schedule);
            offset = first_gate.wrapping_sub(self.first_gate);
        }
        offset.wrapping_add(MARGIN as u64) as usize
    }

    /// The keys from `position` on.
    #[inline(always)]
    pub(super) fn keys<const N: usize>(&self, position: usize) -> &[Block; N] {
        let rows = self.rows.as_flattened().as_flattened();
        rows.get(position..).and_then(|rows| rows.first_chunk()).expect("a unit's keys lie in the window")
    }

    /// Moves the window to hold the last of `n` gates from `first_gate`, and the first too, or just before.
    #[cold]
    #[inline(never)]
    fn move_to(&mut self, first_gate: u64, n: usize, schedule: &mut dyn FnMut(&mut Ahead, bool)) {
        let window_of = |gate: u64| gate - gate % WINDOW as u64;
        let (first, last) = (window_of(first_gate), window_of(first_gate + n as u64 - 1));
        if first != last && self.first_gate != first {
            self.first_gate = first;
            schedule(self, false);
        }
        self.first_gate = last;
        schedule(self, first != last);
    }
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ahead(..)")
    }
}
