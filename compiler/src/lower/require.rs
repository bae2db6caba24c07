//! Requirements: one bit that says whether all of those that were reached hold.
//!
//! Each function has a variable of its own for it, behind its declared ones ([`Walk::holds_at`]). So it is merged where control comes
//! together, saved by `break` and `continue` and carried by loops like any other variable; `return` takes it along, and a call adds what
//! came back to the caller's. At the end of `main` it is an output, and every bit of the other outputs is ANDed with it.
//!
//! What follows a requirement is reached only where it holds: `require(b != 0, "…")` proves the division after it, and nothing follows
//! one that is known not to hold: that is an exit like `return`, but to the nearest place where another path goes on.

use std::rc::Rc;

use hushgate_circuits::id::Wire;

use super::report;
use super::value::{Abstract, Bit};
use super::walk::{ExitKind, Walk, Walked};
use crate::hir::Requires;
use crate::source::Span;

impl Walk<'_> {
    /// Whether what the function that runs has required so far holds.
    pub(super) fn holds(&self) -> Bit {
        match self.env.get(self.holds_at) {
            Some(Some(Abstract::Bool(bit))) => bit.clone(),
            _ => Bit::known(true),
        }
    }

    fn set_holds(&mut self, holds: Bit) {
        if let Some(variable) = self.env.get_mut(self.holds_at) {
            *variable = Some(Abstract::Bool(holds));
        }
    }

    /// `require(condition, reason)`; where the condition is known to be false nothing follows.
    pub(super) fn require(&mut self, condition: &Bit, reason: &Rc<str>, span: Span) -> Walked {
        match condition.known {
            Some(true) => {}
            Some(false) => {
                self.never.push((span, Rc::clone(reason)));
                return self.exit(ExitKind::Fail, Abstract::unit());
            }
            None => {
                self.also_holds(condition);
                self.facts.assume(&condition.claim, true);
            }
        }
        Ok(Abstract::unit())
    }

    /// Lets the paths that failed since `start` come back to the one that goes on here: what they compute there is dropped.
    pub(super) fn absorb_failures(&mut self, start: usize) {
        let exits = self.exits.split_off(start);
        for exit in exits {
            match exit.kind {
                ExitKind::Fail => self.also_holds(&exit.condition.not()),
                _ => self.exits.push(exit),
            }
        }
    }

    /// Requires this besides what is required already.
    pub(super) fn also_holds(&mut self, more: &Bit) {
        if more.known == Some(true) {
            return;
        }
        let holds = self.holds();
        let both = self.and_bits(&holds, more);
        self.set_holds(both);
    }

    /// The bit where paths come together.
    pub(super) fn merge_holds(&mut self, condition: &Bit, then: &Bit, otherwise: &Bit) -> Bit {
        self.merge(condition, &Abstract::Bool(then.clone()), &Abstract::Bool(otherwise.clone())).bit()
    }

    /// Reports that the program fails for all secrets: also where nothing else is reported, since facts contradict one another
    /// behind what never holds.
    pub(super) fn never_holds(&mut self) {
        if let Some((span, reason)) = self.never.last().cloned() {
            self.add(report::never_holds(span, &reason));
        }
    }

    /// Zeroes all outputs where the requirements do not hold, and adds the bit.
    pub(super) fn mask_outputs(&mut self, requires: &Requires, holds: &Bit, wires: &mut Vec<Wire>) {
        self.at(requires.span);
        if let Some(builder) = &mut self.builder {
            wires.iter_mut().for_each(|wire| *wire = builder.and(*wire, holds.wire));
        }
        wires.push(holds.wire);
    }
}
