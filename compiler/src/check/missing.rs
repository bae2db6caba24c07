//! The arms that a `match` lacks, as an edit that adds them.

use num_bigint::BigInt;

use super::body::Body;
use super::exhaustive::LISTED_MAX;
use super::types::{Origin, decimal, unit};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::Ty;
use crate::source::Span;
use crate::syntax::ast;

/// A `match` that leaves cases open.
pub(super) struct Open<'m> {
    /// The cases, as patterns; if they are more than [`LISTED_MAX`], only some of them.
    pub(super) cases: &'m [String],
    pub(super) arms: &'m [ast::Arm],
    /// What is matched: its type and its place.
    pub(super) ty: &'m Ty,
    pub(super) scrutinee: Span,
    /// The type of the values of the arms.
    pub(super) result: &'m Ty,
}

impl Body<'_, '_> {
    /// Says which cases are missing, and offers arms for them.
    pub(super) fn missing_cases(&mut self, open: &Open<'_>) {
        let shown = &open.cases[..open.cases.len().min(LISTED_MAX)];
        let more = if open.cases.len() > shown.len() { " and others" } else { "" };
        let list = shown.iter().map(|case| format!("`{case}`")).collect::<Vec<_>>().join(", ");
        let name = self.type_name(open.ty);
        let found = if name.len() < 60 { format!("this is `{name}`") } else { "not all cases are covered".to_owned() };
        let message = match shown {
            [all] if all == "_" => "this `match` does not cover every value".to_owned(),
            _ => format!("this `match` does not say what happens for {list}{more}"),
        };
        let mut error = Diagnostic::error(Code::MissingCases, message).at(open.scrutinee, found);
        if open.arms.iter().any(|arm| arm.guard.is_some()) {
            error = error.note("an arm with a guard does not count, since its guard may not hold");
        }
        let patterns = if more.is_empty() && self.can_be_written(shown, open.ty) { shown } else { &["_".to_owned()] };
        self.report(match (self.sample(open.result), open.arms.last()) {
            (Some(value), Some(last)) => {
                let arms: String = patterns.iter().map(|pattern| format!(", {pattern} => {value}")).collect();
                let message = if patterns.len() == 1 {
                    "add an arm, with a value of your own"
                } else {
                    "add arms, with values of your own"
                };
                error.replace(message, last.body.span.at_end(), arms)
            }
            _ => error.help(format!("add an arm, such as `{} => …`", patterns.join(" | "))),
        });
    }

    /// Whether these cases can stand as patterns here: all types in them have their names, and ranges their ends.
    fn can_be_written(&self, cases: &[String], ty: &Ty) -> bool {
        let types = &self.checker.types;
        let hidden = |ty: &Ty| match ty {
            Ty::Struct(id) => self.is_hidden(types.struct_origin(*id).0),
            Ty::Enum(id) => self.is_hidden(types.enum_origin(*id).0),
            _ => false,
        };
        let open_ended = types.mentions(ty, &|ty| *ty == Ty::Exact) && cases.iter().any(|case| case.contains(".."));
        !open_ended && !types.mentions(ty, &hidden)
    }

    /// Whether a type cannot be named here by its own name.
    fn is_hidden(&self, origin: Origin) -> bool {
        match origin {
            Origin::Def(def) => self.checker.lookup(self.scope, &self.checker.def(def).name.name) != Some(def),
            Origin::Variant(..) | Origin::Option => false,
            Origin::Str | Origin::Fixed(_) | Origin::Record | Origin::Opaque(..) => true,
        }
    }

    /// Some value of a type, as it would be written; nothing where that is long, or where there is none.
    pub(super) fn sample(&self, ty: &Ty) -> Option<String> {
        let types = &self.checker.types;
        let near_zero = |lo: &BigInt, hi: &BigInt| BigInt::ZERO.clamp(lo.clone(), hi.clone());
        match ty {
            Ty::Never => None,
            Ty::Bool => Some("false".to_owned()),
            Ty::Exact => Some("0".to_owned()),
            Ty::Int(int) => Some(near_zero(&int.lo, &int.hi).to_string()),
            Ty::Array(_, 0) => Some("[]".to_owned()),
            Ty::Array(element, n) => Some(format!("[{}; {n}]", self.sample(element)?)),
            Ty::Tuple(_) if *ty == unit() => Some("{}".to_owned()),
            Ty::Tuple(items) => {
                let items: Option<Vec<String>> = items.iter().map(|ty| self.sample(ty)).collect();
                let comma = if items.as_ref().is_some_and(|items| items.len() == 1) { "," } else { "" };
                items.map(|items| format!("({}{comma})", items.join(", ")))
            }
            Ty::Struct(id) => match (types.struct_origin(*id).0, types.fixed_of(ty)) {
                (Origin::Str, _) => Some("\"\"".to_owned()),
                (_, Some((fraction, Ty::Int(raw)))) => Some(decimal(&near_zero(&raw.lo, &raw.hi), fraction)),
                (_, Some(_)) => Some("0".to_owned()),
                _ => None,
            },
            Ty::Enum(id) => {
                let origin = types.enum_origin(*id).0;
                if origin == Origin::Option {
                    return Some("None".to_owned());
                }
                let Origin::Def(def) = origin else { return None };
                let plain = types.enum_(*id).variants.iter().find(|(_, payload)| *payload == unit());
                let (name, _) = plain.filter(|_| !self.is_hidden(origin))?;
                Some(format!("{}::{name}", self.checker.def(def).name))
            }
        }
    }
}
