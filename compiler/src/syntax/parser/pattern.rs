//! Patterns.

use super::{Parse, Parser};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, FieldPattern, Pattern, PatternKind, UnaryOp};
use crate::syntax::token::TokenKind;

impl Parser<'_> {
    /// A pattern, also several joined by `|`.
    pub(super) fn pattern(&mut self) -> Parse<Pattern> {
        let start = self.span();
        self.eat(TokenKind::Or);
        let first = self.pattern_single()?;
        if self.kind() != TokenKind::Or {
            return Ok(first);
        }
        let mut patterns = vec![first];
        while self.eat(TokenKind::Or).is_some() {
            patterns.push(self.pattern_single()?);
        }
        Ok(Pattern { kind: PatternKind::Or(patterns), span: self.span_since(start) })
    }

    /// A pattern that is not several joined by `|`.
    pub(super) fn pattern_single(&mut self) -> Parse<Pattern> {
        self.nested(|parser| {
            let start = parser.span();
            let kind = parser.pattern_kind(start)?;
            Ok(Pattern { kind, span: parser.span_since(start) })
        })
    }

    fn pattern_kind(&mut self, start: Span) -> Parse<PatternKind> {
        match self.kind() {
            TokenKind::DotDot => self.pattern_from_dots(),
            TokenKind::DotDotEq => self.pattern_range(None),
            TokenKind::OpenParen => self.pattern_parens(),
            TokenKind::OpenBracket => Ok(PatternKind::Array(self.list(Self::pattern))),
            TokenKind::Mut => self.pattern_mut(),
            TokenKind::Ident if self.at_word("_") => {
                self.bump();
                Ok(PatternKind::Wildcard)
            }
            TokenKind::Ident => self.pattern_name(start),
            TokenKind::And | TokenKind::AndAnd | TokenKind::Star => {
                let len = self.foreign_prefix().unwrap_or(1);
                (0..len).for_each(|_| _ = self.bump());
                self.nested(|parser| parser.pattern_kind(parser.span()))
            }
            TokenKind::True | TokenKind::False => self.pattern_literal(),
            TokenKind::Else => {
                let error = self.unexpected_error("a pattern");
                self.report(error.replace("write `_`, which matches the rest", start, "_"));
                self.bump();
                Ok(PatternKind::Wildcard)
            }
            kind if kind.is_keyword() => {
                let name = self.ident("a pattern")?;
                Ok(PatternKind::Binding { name, mutable: None, pattern: None })
            }
            _ => self.pattern_literal(),
        }
    }

    fn pattern_literal(&mut self) -> Parse<PatternKind> {
        let end = self.pattern_end()?;
        self.pattern_after_end(end)
    }

    /// `..` alone, or `..hi`.
    fn pattern_from_dots(&mut self) -> Parse<PatternKind> {
        let open = matches!(
            self.kind_ahead(1),
            TokenKind::Int | TokenKind::Minus | TokenKind::Ident | TokenKind::Byte | TokenKind::Decimal
        );
        if open {
            return self.pattern_range(None);
        }
        self.bump();
        Ok(PatternKind::Rest)
    }

    fn pattern_parens(&mut self) -> Parse<PatternKind> {
        let (mut patterns, comma) = self.list_with_comma(Self::pattern);
        let grouped = patterns.len() == 1 && !comma && !matches!(patterns[0].kind, PatternKind::Rest);
        Ok(if grouped { patterns.remove(0).kind } else { PatternKind::Tuple(patterns) })
    }

    fn pattern_mut(&mut self) -> Parse<PatternKind> {
        let mutable = Some(self.bump().span);
        let name = self.ident("the name of a variable")?;
        let pattern = self.pattern_after_at()?;
        Ok(PatternKind::Binding { name, mutable, pattern })
    }

    fn pattern_after_at(&mut self) -> Parse<Option<Box<Pattern>>> {
        if self.eat(TokenKind::At).is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(self.pattern_single()?)))
    }

    /// A pattern that begins with a name.
    fn pattern_name(&mut self, start: Span) -> Parse<PatternKind> {
        let path = self.type_path()?;
        match self.kind() {
            TokenKind::OpenParen => Ok(PatternKind::TupleStruct { path, fields: self.list(Self::pattern) }),
            TokenKind::OpenBrace => self.pattern_struct(path),
            TokenKind::DotDot | TokenKind::DotDotEq | TokenKind::DotDotDot => {
                let end = Expr { kind: ExprKind::Path(path), span: self.span_since(start) };
                self.pattern_range(Some(Box::new(end)))
            }
            _ => match path.as_ident() {
                Some(name) => {
                    let name = name.clone();
                    Ok(PatternKind::Binding { name, mutable: None, pattern: self.pattern_after_at()? })
                }
                None => Ok(PatternKind::Path(path)),
            },
        }
    }

    fn pattern_struct(&mut self, path: crate::syntax::ast::Path) -> Parse<PatternKind> {
        let mut rest = None;
        let fields = self.list(|parser| {
            if rest.is_some() {
                return parser.unexpected("`}` after `..`");
            }
            if let Some(span) = parser.eat(TokenKind::DotDot) {
                rest = Some(span);
                return Ok(None);
            }
            parser.field_pattern().map(Some)
        });
        Ok(PatternKind::Struct { path, fields: fields.into_iter().flatten().collect(), rest })
    }

    fn field_pattern(&mut self) -> Parse<FieldPattern> {
        let start = self.span();
        if let Some(mutable) = self.eat(TokenKind::Mut) {
            let name = self.ident("the name of a field")?;
            let span = self.span_since(start);
            let kind = PatternKind::Binding { name: name.clone(), mutable: Some(mutable), pattern: None };
            return Ok(FieldPattern { name, pattern: Some(Pattern { kind, span }), span });
        }
        let name = self.ident("the name of a field")?;
        let pattern = if self.eat(TokenKind::Colon).is_some() { Some(self.pattern()?) } else { None };
        Ok(FieldPattern { name, pattern, span: self.span_since(start) })
    }

    fn pattern_after_end(&mut self, end: Expr) -> Parse<PatternKind> {
        match self.kind() {
            TokenKind::DotDot | TokenKind::DotDotEq | TokenKind::DotDotDot => self.pattern_range(Some(Box::new(end))),
            _ => Ok(PatternKind::Literal(Box::new(end))),
        }
    }

    /// A range, at its dots.
    fn pattern_range(&mut self, lo: Option<Box<Expr>>) -> Parse<PatternKind> {
        let dots = self.bump();
        if dots.kind == TokenKind::DotDotDot {
            self.report(super::expr::three_dots(dots.span));
        }
        let inclusive = dots.kind != TokenKind::DotDot;
        let at_end = !matches!(
            self.kind(),
            TokenKind::Int | TokenKind::Decimal | TokenKind::Minus | TokenKind::Ident | TokenKind::Byte
        );
        if at_end && !inclusive {
            return Ok(PatternKind::Range { lo, hi: None, inclusive });
        }
        let hi = Some(Box::new(self.pattern_end()?));
        Ok(PatternKind::Range { lo, hi, inclusive })
    }

    /// A literal, a negative literal or the path of a constant.
    fn pattern_end(&mut self) -> Parse<Expr> {
        let start = self.span();
        if self.kind() == TokenKind::Ident {
            let path = self.type_path()?;
            return Ok(Expr { kind: ExprKind::Path(path), span: self.span_since(start) });
        }
        let minus = self.eat(TokenKind::Minus);
        let literal_span = self.span();
        let Some(literal) = self.literal()? else {
            return self.unexpected(if minus.is_some() { "a number" } else { "a pattern" });
        };
        let value = Expr { kind: ExprKind::Literal(literal), span: literal_span };
        let Some(op_span) = minus else { return Ok(value) };
        let kind = ExprKind::Unary { op: UnaryOp::Neg, op_span, operand: Box::new(value) };
        Ok(Expr { kind, span: self.span_since(start) })
    }
}
