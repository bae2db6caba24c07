//! Types, paths and generics.

use super::doc::{Doc, concat, text};
use super::{ANGLES, Formatter, PARENS, ident};
use crate::source::Span;
use crate::syntax::ast::{GenericArg, GenericArgs, Generics, Path, Type, TypeKind};

impl<'a> Formatter<'a> {
    pub(super) fn ty(&mut self, ty: &Type) -> Doc<'a> {
        match &ty.kind {
            TypeKind::Path(path) => self.path(path, false),
            TypeKind::Ranged { base, lo, hi } => {
                concat(vec![self.ty(base), text(" in "), self.expr(lo), text("..="), self.expr(hi)])
            }
            TypeKind::Array { element, len } => {
                concat(vec![text("["), self.ty(element), text("; "), self.expr(len), text("]")])
            }
            TypeKind::Slice(element) => concat(vec![text("["), self.ty(element), text("]")]),
            TypeKind::Tuple(types) => self.tuple_type(types, ty.span),
            TypeKind::Function { params, output } => {
                let end = output.as_ref().map_or(ty.span.end - 1, |output| output.span.start);
                let params = self.list(PARENS, params, end, |ty| ty.span, Self::ty);
                let mut parts = vec![text("fn"), params];
                if let Some(output) = output {
                    parts.extend([text(" -> "), self.ty(output)]);
                }
                concat(parts)
            }
            TypeKind::Infer => text("_"),
            TypeKind::Error => text(self.source(ty.span)),
        }
    }

    fn tuple_type(&mut self, types: &[Type], span: Span) -> Doc<'a> {
        match types {
            [only] => concat(vec![text("("), self.ty(only), text(",)")]),
            _ => self.list(PARENS, types, span.end - 1, |ty| ty.span, Self::ty),
        }
    }

    /// A path; in expressions `::` stands before its arguments.
    pub(super) fn path(&mut self, path: &Path, turbofish: bool) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, segment) in path.segments.iter().enumerate() {
            parts.push(text(if i > 0 { "::" } else { "" }));
            parts.push(ident(&segment.name));
            if let Some(args) = &segment.args {
                parts.push(text(if turbofish { "::" } else { "" }));
                parts.push(self.generic_args(args));
            }
        }
        concat(parts)
    }

    pub(super) fn generic_args(&mut self, args: &GenericArgs) -> Doc<'a> {
        let span = |arg: &GenericArg| match arg {
            GenericArg::Type(ty) => ty.span,
            GenericArg::Expr(expr) => expr.span,
        };
        self.list(ANGLES, &args.args, args.span.end - 1, span, |formatter, arg| match arg {
            GenericArg::Type(ty) => formatter.ty(ty),
            GenericArg::Expr(expr) => formatter.expr(expr),
        })
    }

    pub(super) fn generics(&mut self, generics: &Generics) -> Doc<'a> {
        let Some(last) = generics.params.last() else { return text("") };
        let end = last.span.end;
        self.list(
            ANGLES,
            &generics.params,
            end,
            |param| param.span,
            |formatter, param| {
                let mut parts = vec![ident(&param.name)];
                for (i, bound) in param.bounds.iter().enumerate() {
                    parts.push(text(if i == 0 { ": " } else { " + " }));
                    parts.push(formatter.path(bound, false));
                }
                concat(parts)
            },
        )
    }
}
