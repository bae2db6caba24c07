//! Abstract values: structure, range, form, stage, and in building mode wires.
//!
//! # Invariants
//! - The value lies in `range` on every path on which it was computed. Elsewhere its wires may hold anything: what is computed there
//!   is dropped by a select.
//! - In building mode an integer has exactly as many wires as its range needs ([`Range::width`]): unsigned if the range is, else two's
//!   complement. In analysis mode there are none.

use std::rc::Rc;

use hushgate_circuits::id::Wire;
use num_bigint::BigInt;

use super::facts::Claim;
use super::linear::Linear;
use crate::ranges::Range;

/// When a value is known, and to whom it belongs until then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    /// While compiling.
    Build,
    /// Before the circuit is built.
    Public,
    /// Only while the protocol runs, and to nobody.
    Secret,
}

/// A level and where it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stage {
    pub(super) level: Level,
    /// Position in the walk's list of sources; meaningless at [`Level::Build`].
    pub(super) source: u32,
}

impl Stage {
    pub(super) const BUILD: Stage = Stage { level: Level::Build, source: 0 };

    /// The stage of what depends on both.
    pub(super) fn join(self, other: Stage) -> Stage {
        if other.level > self.level { other } else { self }
    }
}

/// A value of any type.
#[derive(Clone, Debug)]
pub(super) enum Abstract {
    Bool(Bit),
    Int(Int),
    /// The elements of an array, the fields of a tuple or of a struct.
    List(Rc<Vec<Abstract>>),
    Enum(Rc<Variants>),
}

/// A truth value.
#[derive(Clone, Debug)]
pub(super) struct Bit {
    pub(super) known: Option<bool>,
    pub(super) stage: Stage,
    /// What is learned where it is true.
    pub(super) claim: Rc<Claim>,
    /// Constant in analysis mode.
    pub(super) wire: Wire,
}

/// An integer.
#[derive(Clone, Debug)]
pub(super) struct Int(pub(super) Rc<IntData>);

/// What an [`Int`] shares.
#[derive(Debug)]
pub(super) struct IntData {
    pub(super) range: Range,
    pub(super) form: Linear,
    pub(super) stage: Stage,
    pub(super) wires: Vec<Wire>,
    /// For a sum within a longer one: what is added, or where it says so subtracted. Then there are no wires yet.
    pub(super) terms: Vec<(Int, bool)>,
    /// The facts' stamp when `range` was found.
    pub(super) stamp: u64,
}

/// A value of an enum: the tag, and the payload of each variant that it may be.
///
/// A payload means something only where the tag is its variant's.
#[derive(Clone, Debug)]
pub(super) struct Variants {
    pub(super) tag: Int,
    pub(super) payloads: Vec<Option<Abstract>>,
}

impl Int {
    pub(super) fn range(&self) -> &Range {
        &self.0.range
    }

    pub(super) fn form(&self) -> &Linear {
        &self.0.form
    }

    pub(super) fn stage(&self) -> Stage {
        self.0.stage
    }

    pub(super) fn wires(&self) -> &[Wire] {
        &self.0.wires
    }

    /// The same value on other wires.
    pub(super) fn on_wires(&self, wires: Vec<Wire>) -> Int {
        let IntData { range, form, stage, stamp, .. } = &*self.0;
        let (range, form) = (range.clone(), form.clone());
        Int(Rc::new(IntData { range, form, stage: *stage, wires, terms: Vec::new(), stamp: *stamp }))
    }

    /// The value, if there is only one.
    pub(super) fn known(&self) -> Option<&BigInt> {
        self.0.range.value()
    }
}

impl Bit {
    /// A truth value that is known.
    pub(super) fn known(value: bool) -> Bit {
        let claim = Rc::new(Claim::Opaque);
        Bit { known: Some(value), stage: Stage::BUILD, claim, wire: Wire::constant(value) }
    }

    /// The opposite.
    pub(super) fn not(&self) -> Bit {
        let Bit { known, stage, claim, wire } = self;
        Bit { known: known.map(|value| !value), stage: *stage, claim: Claim::not(claim), wire: !*wire }
    }
}

impl Abstract {
    /// `()`.
    pub(super) fn unit() -> Abstract {
        Abstract::List(Rc::default())
    }

    pub(super) fn list(items: Vec<Abstract>) -> Abstract {
        Abstract::List(Rc::new(items))
    }

    /// Whether both are one and the same object, so that nothing has to be merged.
    pub(super) fn is_same(&self, other: &Abstract) -> bool {
        match (self, other) {
            (Abstract::Int(a), Abstract::Int(b)) => Rc::ptr_eq(&a.0, &b.0),
            (Abstract::List(a), Abstract::List(b)) => Rc::ptr_eq(a, b),
            (Abstract::Enum(a), Abstract::Enum(b)) => Rc::ptr_eq(a, b),
            (Abstract::Bool(a), Abstract::Bool(b)) => {
                a.known == b.known && Rc::ptr_eq(&a.claim, &b.claim) && a.wire == b.wire
            }
            _ => false,
        }
    }
}
