//! Patterns.

use super::doc::{Doc, concat, group, line, nest, text};
use super::{BRACES, Formatter, PARENS, SQUARE, ident};
use crate::source::Span;
use crate::syntax::ast::{Expr, FieldPattern, Path, Pattern, PatternKind};

impl<'a> Formatter<'a> {
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Doc<'a> {
        let span = pattern.span;
        match &pattern.kind {
            PatternKind::Wildcard => text("_"),
            PatternKind::Rest => text(".."),
            PatternKind::Binding { name, mutable, pattern } => {
                let mut parts = vec![text(if mutable.is_some() { "mut " } else { "" }), ident(name)];
                if let Some(pattern) = pattern {
                    parts.extend([text(" @ "), self.pattern_single(pattern)]);
                }
                concat(parts)
            }
            PatternKind::Literal(literal) => self.expr(literal),
            PatternKind::Range { lo, hi, inclusive } => self.pattern_range(lo.as_deref(), hi.as_deref(), *inclusive),
            PatternKind::Tuple(patterns) => self.tuple_pattern(patterns, span),
            PatternKind::Array(patterns) => self.patterns(SQUARE, patterns, span),
            PatternKind::Path(path) => self.path(path, false),
            PatternKind::TupleStruct { path, fields } => {
                concat(vec![self.path(path, false), self.patterns(PARENS, fields, span)])
            }
            PatternKind::Struct { path, fields, rest } => self.struct_pattern(path, fields, *rest, span),
            PatternKind::Or(patterns) => self.or_pattern(patterns),
            PatternKind::Error => text(self.source(span)),
        }
    }

    /// A pattern in a place where several joined by `|` need parentheses.
    pub(super) fn pattern_single(&mut self, pattern: &Pattern) -> Doc<'a> {
        match pattern.kind {
            PatternKind::Or(_) => concat(vec![text("("), self.pattern(pattern), text(")")]),
            _ => self.pattern(pattern),
        }
    }

    fn pattern_range(&mut self, lo: Option<&Expr>, hi: Option<&Expr>, inclusive: bool) -> Doc<'a> {
        let mut parts = Vec::new();
        parts.extend(lo.map(|lo| self.expr(lo)));
        parts.push(text(if inclusive { "..=" } else { ".." }));
        parts.extend(hi.map(|hi| self.expr(hi)));
        concat(parts)
    }

    fn patterns(&mut self, brackets: super::Brackets, patterns: &[Pattern], span: Span) -> Doc<'a> {
        self.list(brackets, patterns, span.end - 1, |pattern| pattern.span, Self::pattern)
    }

    fn tuple_pattern(&mut self, patterns: &[Pattern], span: Span) -> Doc<'a> {
        match patterns {
            [only] if !matches!(only.kind, PatternKind::Rest) => {
                concat(vec![text("("), self.pattern(only), text(",)")])
            }
            _ => self.patterns(PARENS, patterns, span),
        }
    }

    fn struct_pattern(&mut self, path: &Path, fields: &[FieldPattern], rest: Option<Span>, span: Span) -> Doc<'a> {
        let fields = fields.iter().map(Some).chain(rest.map(|_| None)).collect::<Vec<_>>();
        let place = move |field: &Option<&FieldPattern>| field.map_or(rest.unwrap_or(span), |field| field.span);
        let print = |formatter: &mut Self, field: &Option<&FieldPattern>| match field {
            Some(field) => formatter.field_pattern(field),
            None => text(".."),
        };
        let list = self.list(BRACES, &fields, span.end - 1, place, print);
        concat(vec![self.path(path, false), text(" "), list])
    }

    fn field_pattern(&mut self, field: &FieldPattern) -> Doc<'a> {
        let Some(pattern) = &field.pattern else { return ident(&field.name) };
        if let PatternKind::Binding { name, mutable: Some(_), pattern: None } = &pattern.kind
            && name == &field.name
        {
            return self.pattern(pattern);
        }
        concat(vec![ident(&field.name), text(": "), self.pattern(pattern)])
    }

    fn or_pattern(&mut self, patterns: &[Pattern]) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, pattern) in patterns.iter().enumerate() {
            if i > 0 {
                parts.extend([line(), text("| ")]);
            }
            parts.push(self.pattern_single(pattern));
        }
        group(nest(concat(parts)))
    }
}
