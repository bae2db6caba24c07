//! `_` inside a type: what the value says that stands there.
//!
//! Where a value is bound or given (`let`, the parameters and results of closures, `f::<…>`), `_` may stand for a type or a length. The
//! rest of the type is expected of the value as usual; what the value has in the places of `_` is taken into the type, which then is
//! whole. A signature, a field or a constant says its type in full.

use std::collections::BTreeMap;
use std::rc::Rc;

use num_bigint::BigInt;

use super::Checker;
use super::body::{Body, Unknown, Why};
use super::items::EnvRef;
use super::types::Arg;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, ExprKind, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, GenericArg, TypeKind};

/// What stands in the places of `_`, by place.
pub(super) type Holes = BTreeMap<Span, Arg>;

/// Whether `_` occurs in a type.
pub(super) fn has_holes(ty: &ast::Type) -> bool {
    first_hole(ty).is_some()
}

/// The first `_` in a type.
pub(super) fn first_hole(ty: &ast::Type) -> Option<Span> {
    open_hole(ty, &Holes::new())
}

/// Whether this length is `_`.
pub(super) fn is_hole(len: &ast::Expr) -> bool {
    matches!(&len.kind, Ast::Path(path) if path.as_ident().is_some_and(|name| &*name.name == "_"))
}

/// The first `_` of which nothing is known.
fn open_hole(ty: &ast::Type, known: &Holes) -> Option<Span> {
    let open = |span: Span| Some(span).filter(|span| !known.contains_key(span));
    match &ty.kind {
        TypeKind::Infer => open(ty.span),
        TypeKind::Array { element, len } => {
            open_hole(element, known).or_else(|| open(len.span).filter(|_| is_hole(len)))
        }
        TypeKind::Slice(inner) | TypeKind::Ranged { base: inner, .. } => open_hole(inner, known),
        TypeKind::Tuple(items) => items.iter().find_map(|ty| open_hole(ty, known)),
        TypeKind::Path(path) => path.segments.iter().find_map(|segment| hole_in_args(segment.args.as_ref()?, known)),
        TypeKind::Function { .. } | TypeKind::Error => None,
    }
}

/// The first `_` in generic arguments of which nothing is known.
pub(super) fn hole_in_args(args: &ast::GenericArgs, known: &Holes) -> Option<Span> {
    args.args.iter().find_map(|arg| match arg {
        GenericArg::Type(ty) => open_hole(ty, known),
        GenericArg::Expr(_) => None,
    })
}

impl<'a> Checker<'a> {
    /// Does something while `_` stands for what `holes` say; where they say nothing, for a type that is not known.
    pub(super) fn with_holes<T>(&mut self, holes: Option<Holes>, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.holes, holes);
        let result = work(self);
        self.holes = outer;
        result
    }

    /// The type that `_` at `span` stands for.
    pub(super) fn hole_ty(&mut self, span: Span) -> Ty {
        match &self.holes {
            Some(holes) => match holes.get(&span) {
                Some(Arg::Ty(ty)) => ty.clone(),
                _ => Ty::Never,
            },
            None => {
                self.misplaced_hole(span, "a type");
                Ty::Never
            }
        }
    }

    /// The size that `_` at `span` stands for.
    pub(super) fn hole_size(&mut self, span: Span) -> Option<BigInt> {
        match &self.holes {
            Some(holes) => match holes.get(&span) {
                Some(Arg::Int(n)) => Some(n.clone()),
                _ => None,
            },
            None => {
                self.misplaced_hole(span, "a size");
                None
            }
        }
    }

    fn misplaced_hole(&mut self, span: Span, what: &str) {
        let error = Diagnostic::error(Code::CannotInfer, format!("`_` cannot stand for {what} here"))
            .at(span, format!("{} is this?", if what == "a size" { "how large" } else { "which type" }))
            .note("`_` is taken from a value: it may stand in the type of a `let`, of a closure's parameter or result, and in `f::<…>`");
        self.report(error.help("write it out"));
    }
}

impl<'a> Body<'_, 'a> {
    /// The value of `ast`, which is of the written type; and that type, whole.
    pub(super) fn annotated(&mut self, ast: &'a ast::Expr, written: &'a ast::Type) -> (Expr, Ty) {
        let why = Why::at(written.span, "expected because of this type");
        if !has_holes(written) {
            let ty = self.ty(written);
            return (self.value(ast, &ty, &why), ty);
        }
        let value = self.open_value(ast, written);
        self.filled(value, written)
    }

    /// `value` as a value of the written type; and that type, whole.
    pub(super) fn filled(&mut self, value: Expr, written: &'a ast::Type) -> (Expr, Ty) {
        let failures = self.checker.failures;
        let (ty, holes) = self.filled_ty(written, &value.ty);
        if value.ty == Ty::Never || self.checker.failures > failures {
            return (value, Ty::Never);
        }
        if ty == Ty::Never && open_hole(written, &holes).is_some() && !matches!(written.kind, TypeKind::Infer) {
            let found = self.type_name(&value.ty);
            let error = Diagnostic::error(Code::TypeMismatch, format!("`{found}` is not of the form that is written"))
                .at(value.span, format!("this is `{found}`"))
                .because(written.span, "expected because of this type");
            return (self.fail(value.span, error.help("give a value of this form")), Ty::Never);
        }
        let value = self.fit(value, &ty, &Why::at(written.span, "expected because of this type"));
        (value, ty)
    }

    /// The written type with what a value of type `found` has in the places of `_`, and what that is.
    pub(super) fn filled_ty(&mut self, written: &'a ast::Type, found: &Ty) -> (Ty, Holes) {
        let holes = self.checker.holes_of(written, found, self.scope);
        let env: EnvRef = self.env.clone();
        let ty = self.constantly(|checker, scope| {
            checker.with_holes(Some(holes.clone()), |checker| checker.ty(written, scope, &env))
        });
        (ty, holes)
    }

    /// The value of `ast` where a type with `_` in it is written. Literals take from it what it says of their parts.
    fn open_value(&mut self, ast: &'a ast::Expr, written: &'a ast::Type) -> Expr {
        if !has_holes(written) {
            let ty = self.ty(written);
            return self.value(ast, &ty, &Why::at(written.span, "expected because of this type"));
        }
        let inner = ast.without_parens();
        match (&written.kind, &inner.kind) {
            (TypeKind::Tuple(types), Ast::Tuple(items)) if types.len() == items.len() => {
                let items: Vec<Expr> = items.iter().zip(types).map(|(item, ty)| self.open_value(item, ty)).collect();
                let ty = Ty::Tuple(items.iter().map(|item| item.ty.clone()).collect());
                self.aggregate(items, ty, inner.span)
            }
            (TypeKind::Array { element, .. }, Ast::Array(_) | Ast::Repeat { .. })
                if !has_holes(element) && !matches!(&inner.kind, Ast::Repeat { len, .. } if is_hole(len)) =>
            {
                // The literal says its length itself.
                let n = if let Ast::Array(items) = &inner.kind { items.len() as u64 } else { 0 };
                let element = self.ty(element);
                self.expr(inner, Some(&Ty::Array(Rc::new(element), n)))
            }
            _ => self.expr(ast, None),
        }
    }

    /// Refuses a type of which the value does not say everything.
    pub(super) fn whole(&mut self, value: Expr, ty: &Ty, pattern: Span, written: &ast::Type) -> Expr {
        if !self.is_open(ty) || self.failed() {
            return value;
        }
        let unknown = Unknown { at: value.span, pattern, hole: first_hole(written) };
        let error = self.unknown_type(ty, unknown);
        self.fail(value.span, error)
    }

    /// The type that one name with its arguments says before `::` or `{`, where `_` may stand for whole arguments that are types.
    pub(super) fn open_segment(&mut self, segment: &'a ast::PathSegment) -> Ty {
        let env = self.env.clone();
        let hole = segment.args.as_ref().and_then(|args| hole_in_args(args, &Holes::new()));
        let plain = |arg: &GenericArg| match arg {
            GenericArg::Type(ty) => matches!(ty.kind, TypeKind::Infer) || !has_holes(ty),
            GenericArg::Expr(_) => true,
        };
        let all_plain = segment.args.iter().flat_map(|args| &args.args).all(plain);
        let holes = hole.filter(|_| all_plain).map(|_| Holes::new());
        let failures = self.checker.failures;
        let ty = self.checker.with_holes(holes, |checker| checker.segment_ty(segment, self.scope, &env));
        if let Some(span) = hole.filter(|_| ty == Ty::Never && self.checker.failures == failures) {
            self.checker.misplaced_hole(span, "a size");
        }
        ty
    }

    /// The length of `[x; len]`, which may be `_` where an array of a known length is expected.
    pub(super) fn repeat_len(&mut self, len: &'a ast::Expr, want: Option<&Ty>) -> Option<u64> {
        let holes = match want {
            Some(Ty::Array(_, n)) if is_hole(len) => Some(Holes::from([(len.span, Arg::Int((*n).into()))])),
            _ => None,
        };
        let env = self.env.clone();
        self.constantly(|checker, scope| checker.with_holes(holes, |checker| checker.size(len, scope, &env)))
    }
}

/// A value under the type that was written for it, which may be wider than its own: wrapping operators work in it.
pub(super) fn declare_as(value: Expr, ty: Ty) -> Expr {
    if value.ty == ty || value.ty == Ty::Never || ty == Ty::Never {
        value
    } else {
        Expr { span: value.span, ty, kind: ExprKind::Fit(Box::new(value)) }
    }
}
