//! Choice between values: where control comes together, at an element with a secret index, at a pattern.
//!
//! One select per bit that differs. The condition is shared by all parts of a value, and what both sides share costs nothing. A payload
//! that only one side can have needs no select at all: it is read only where the tag says so.

use std::rc::Rc;

use hushgate_circuits::gadgets::select;
use hushgate_circuits::id::Wire;

use super::facts::Claim;
use super::integer::extend;
use super::linear::Linear;
use super::value::{Abstract, Bit, Int, Variants};
use super::walk::{Env, Walk};

impl Walk<'_> {
    /// `then` where the condition holds, else `otherwise`.
    pub(super) fn merge(&mut self, condition: &Bit, then: &Abstract, otherwise: &Abstract) -> Abstract {
        if then.is_same(otherwise) {
            return then.clone();
        }
        match condition.known {
            Some(true) => return then.clone(),
            Some(false) => return otherwise.clone(),
            None => {}
        }
        match (then, otherwise) {
            (Abstract::Bool(a), Abstract::Bool(b)) => Abstract::Bool(self.merge_bits(condition, a, b)),
            (Abstract::Int(a), Abstract::Int(b)) => Abstract::Int(self.merge_ints(condition, a, b)),
            (Abstract::List(a), Abstract::List(b)) => {
                Abstract::list(a.iter().zip(b.iter()).map(|(a, b)| self.merge(condition, a, b)).collect())
            }
            (Abstract::Enum(a), Abstract::Enum(b)) => {
                let tag = self.merge_ints(condition, &a.tag, &b.tag);
                let payloads = a.payloads.iter().zip(&b.payloads);
                let payloads = payloads.map(|(a, b)| self.merge_options(condition, a.as_ref(), b.as_ref())).collect();
                Abstract::Enum(Rc::new(Variants { tag, payloads }))
            }
            // The branches of a conditional have one type, except where one of them never ends.
            _ => then.clone(),
        }
    }

    /// As [`Walk::merge`], where a side that is missing is not needed.
    pub(super) fn merge_options(
        &mut self,
        condition: &Bit,
        then: Option<&Abstract>,
        otherwise: Option<&Abstract>,
    ) -> Option<Abstract> {
        match (then, otherwise) {
            (Some(a), Some(b)) => Some(self.merge(condition, a, b)),
            (one, other) => one.or(other).cloned(),
        }
    }

    /// A variable that only one side has was bound in a branch and is out of scope.
    pub(super) fn merge_envs(&mut self, condition: &Bit, then: Env, otherwise: Env) -> Env {
        let locals = then.into_iter().zip(otherwise);
        locals.map(|(a, b)| Some(self.merge_into(condition, a?, &b?))).collect()
    }

    /// As [`Walk::merge`]; of a list, only what differs is touched.
    fn merge_into(&mut self, condition: &Bit, then: Abstract, otherwise: &Abstract) -> Abstract {
        match (then, otherwise) {
            (Abstract::List(mut items), Abstract::List(others)) if !Rc::ptr_eq(&items, others) => {
                for (i, other) in others.iter().enumerate() {
                    if !items[i].is_same(other) {
                        let item =
                            std::mem::replace(&mut Rc::<Vec<Abstract>>::make_mut(&mut items)[i], Abstract::unit());
                        let merged = self.merge_into(condition, item, other);
                        Rc::<Vec<Abstract>>::make_mut(&mut items)[i] = merged;
                    }
                }
                Abstract::List(items)
            }
            (then, otherwise) => self.merge(condition, &then, otherwise),
        }
    }

    fn merge_bits(&mut self, condition: &Bit, then: &Bit, otherwise: &Bit) -> Bit {
        if then.known.is_some() && then.known == otherwise.known {
            return Bit { stage: then.stage.join(otherwise.stage), ..then.clone() };
        }
        let stage = condition.stage.join(then.stage).join(otherwise.stage);
        let claim = match (then.known, otherwise.known) {
            (Some(true), Some(false)) => Rc::clone(&condition.claim),
            (Some(false), Some(true)) => Claim::not(&condition.claim),
            (None, Some(false)) => Claim::and(&condition.claim, &then.claim),
            (Some(true), None) => Claim::or(&condition.claim, &otherwise.claim),
            (Some(false), None) => Claim::and(&Claim::not(&condition.claim), &otherwise.claim),
            (None, Some(true)) => Claim::or(&Claim::not(&condition.claim), &then.claim),
            _ => Walk::opaque_claim(),
        };
        let wire = match &mut self.builder {
            Some(builder) => builder.select(condition.wire, then.wire, otherwise.wire),
            None => Wire::FALSE,
        };
        Bit { known: None, stage, claim, wire }
    }

    fn merge_ints(&mut self, condition: &Bit, then: &Int, otherwise: &Int) -> Int {
        if Rc::ptr_eq(&then.0, &otherwise.0) {
            return then.clone();
        }
        let (a, b) = (then, otherwise);
        let range = a.range().union(b.range());
        let stage = condition.stage.join(a.stage()).join(b.stage());
        let wires = |builder: &mut hushgate_circuits::build::Builder, width: usize| {
            select::select(builder, condition.wire, &extend(a, width), &extend(b, width))
        };
        if a.form() == b.form() {
            let form: Linear = a.form().clone();
            return self.result_of_some(range, form, stage, wires);
        }
        self.opaque(range, stage, wires)
    }

    /// Both.
    pub(super) fn and_bits(&mut self, a: &Bit, b: &Bit) -> Bit {
        match (a.known, b.known) {
            (Some(true), _) => return b.clone(),
            (_, Some(true)) => return a.clone(),
            (Some(false), _) | (_, Some(false)) => return Bit::known(false),
            _ => {}
        }
        let claim = Claim::and(&a.claim, &b.claim);
        let wire = self.builder.as_mut().map_or(Wire::FALSE, |builder| builder.and(a.wire, b.wire));
        Bit { known: None, stage: a.stage.join(b.stage), claim, wire }
    }

    /// At least one.
    pub(super) fn or_bits(&mut self, a: &Bit, b: &Bit) -> Bit {
        self.and_bits(&a.not(), &b.not()).not()
    }

    /// Exactly one.
    pub(super) fn xor_bits(&mut self, a: &Bit, b: &Bit) -> Bit {
        match (a.known, b.known) {
            (Some(value), _) => return if value { b.not() } else { b.clone() },
            (_, Some(value)) => return if value { a.not() } else { a.clone() },
            _ => {}
        }
        let wire = self.builder.as_mut().map_or(Wire::FALSE, |builder| builder.xor(a.wire, b.wire));
        Bit { known: None, stage: a.stage.join(b.stage), claim: Walk::opaque_claim(), wire }
    }
}
