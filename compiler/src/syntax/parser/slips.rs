//! Small slips: what was meant is clear, so it is reported with the edit that mends it, and read as meant.

use super::{Braces, Parse, Parser};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::Span;
use crate::syntax::ast::{Block, ExprKind, Ident, Path, PathSegment, Pattern, PatternKind, Type, TypeKind};
use crate::syntax::token::TokenKind;

impl Parser<'_> {
    /// Takes `kind`, or one of the tokens that are often written in its place.
    #[inline(never)]
    pub(super) fn expect_or(&mut self, kind: TokenKind, expected: &str, wrong: &[TokenKind]) -> Parse<Span> {
        if !wrong.contains(&self.kind()) {
            return self.expect(kind, expected);
        }
        let meant = kind.fixed_text().unwrap_or_default();
        let space =
            if self.touches_previous() && matches!(kind, TokenKind::Arrow | TokenKind::FatArrow) { " " } else { "" };
        let error = self.unexpected_error(expected);
        self.report(error.replace(format!("write `{meant}`"), self.span(), format!("{space}{meant}")));
        Ok(self.bump().span)
    }

    /// Reports that something is missing before the token here.
    #[inline(never)]
    pub(super) fn insert_here(&mut self, message: &str, help: &str, insert: &str) {
        let error = Diagnostic::error(Code::UnexpectedToken, message)
            .at(self.span(), format!("expected `{}` before this", insert.trim()))
            .replace(help, self.span().at_start(), insert);
        self.report(error);
    }

    /// Whether a name stands here, on the line of the token before it.
    pub(super) fn at_name_on_line(&self) -> bool {
        self.kind() == TokenKind::Ident && !self.at_line_start()
    }

    /// `(w: x, v: y)` where a record is meant: reports it. Whether it is one, at the parenthesis.
    #[inline(never)]
    pub(super) fn named_in_parens(&mut self) -> bool {
        let found = self.kind() == TokenKind::OpenParen
            && self.kind_ahead(1) == TokenKind::Ident
            && self.kind_ahead(2) == TokenKind::Colon;
        if found {
            let (open, close) = (self.span(), self.tokens[self.partner[self.position] as usize].span);
            let edit = |span, text: &str| Edit { span, replacement: text.to_owned() };
            let error =
                Diagnostic::error(Code::UnexpectedToken, "parts with names stand in braces; a tuple has no names")
                    .at(open, "a tuple begins here")
                    .fix("write braces", vec![edit(open, "{ "), edit(close, " }")]);
            self.report(error);
        }
        found
    }

    /// `x: u32 from a, b` with a second party: reports it and steps over it.
    #[inline(never)]
    pub(super) fn second_source(&mut self) {
        let mut ahead = 0;
        while self.kind_ahead(ahead) == TokenKind::Comma
            && self.kind_ahead(ahead + 1) == TokenKind::Ident
            && matches!(self.kind_ahead(ahead + 2), TokenKind::Comma | TokenKind::CloseParen)
        {
            ahead += 2;
        }
        if ahead == 0 {
            return;
        }
        self.bump();
        let start = self.span();
        let name = self.text_of(start).to_owned();
        (1..ahead).for_each(|_| _ = self.bump());
        let error = Diagnostic::error(Code::UnexpectedToken, "an input comes `from` one party")
            .at(self.span_since(start), "neither a parameter with its type nor part of this one")
            .help(format!(
                "give each party an input of its own, as in `theirs: u32 from {name}`; what all give and must agree on is `public`"
            ));
        self.report(error);
    }

    /// A missing comma between parties.
    #[inline(never)]
    pub(super) fn comma_between_parties(&mut self) -> bool {
        if self.eat(TokenKind::Comma).is_some() {
            return true;
        }
        let missing = self.at_name_on_line();
        if missing {
            let place = self.previous_span().at_end();
            let error = self.unexpected_error("`,` between parties");
            self.report(error.replace("add the comma", place, ","));
        }
        missing
    }

    /// After the pattern of a parameter: `: T`, also where the colon is missing or the type came first.
    pub(super) fn colon_and_type(&mut self, pattern: Pattern) -> Parse<(Pattern, Type)> {
        let first = match &pattern.kind {
            PatternKind::Binding { name, mutable: None, pattern: None } if self.at_name_on_line() => name.clone(),
            _ => {
                self.colon("`:` and the type of the parameter")?;
                return Ok((pattern, self.ty()?));
            }
        };
        let (name, ty) = self.name_and_type(first)?;
        let span = name.span;
        Ok((Pattern { kind: PatternKind::Binding { name, mutable: None, pattern: None }, span }, ty))
    }

    /// `: T` after the name of a field, also where the colon is missing or the type came first.
    pub(super) fn field_type(&mut self, name: Ident, expected: &str) -> Parse<(Ident, Type)> {
        if self.at_name_on_line() {
            return self.name_and_type(name);
        }
        self.colon(expected)?;
        Ok((name, self.ty()?))
    }

    fn colon(&mut self, expected: &str) -> Parse<Span> {
        self.expect(TokenKind::Colon, expected)
    }

    /// `x u8` or `u8 x`: reports it and gives x and u8.
    #[inline(never)]
    fn name_and_type(&mut self, first: Ident) -> Parse<(Ident, Type)> {
        if !is_type_name(&first.name) {
            let place = first.span.at_end();
            let error = self.unexpected_error("`:` and a type");
            self.report(error.replace("write `:` between name and type", place, ":"));
            return Ok((first, self.ty()?));
        }
        let whole = first.span.to(self.span());
        let (ty, name) = (self.text_of(first.span), self.text_of(self.span()));
        let error = Diagnostic::error(Code::UnexpectedToken, "the type stands after the name")
            .at(whole, "expected a name, `:` and a type")
            .replace("write the name first", whole, format!("{name}: {ty}"));
        self.report(error);
        let name = self.ident("a name")?;
        let path = Path { span: first.span, segments: vec![PathSegment { name: first, args: None }] };
        Ok((name, Type { span: path.span, kind: TypeKind::Path(path) }))
    }

    /// `x: T = value` as a statement: reports the missing `let`. Whether this is one, at the colon.
    #[inline(never)]
    pub(super) fn missing_let(&mut self, place: &ExprKind, span: Span) -> bool {
        let found =
            matches!(place, ExprKind::Path(path) if path.as_ident().is_some()) && self.kind() == TokenKind::Colon;
        if found {
            let error = Diagnostic::error(Code::UnexpectedToken, "a variable is declared with `let`")
                .at(span, "expected `let` before this")
                .replace("write `let`", span.at_start(), "let ");
            self.report(error);
        }
        found
    }

    /// A statement where a block is expected: reports the missing braces. A semicolon after it is part of it, or of the
    /// statement that the block stands in.
    #[inline(never)]
    pub(super) fn block_without_braces(&mut self, takes_semicolon: bool) -> Parse<Block> {
        self.foreign_operator_here();
        let start = self.span();
        let error = self.unexpected_error("`{`");
        let can_start = self.with_braces(Braces::Literal, |parser| Ok(parser.starts_operand())).unwrap_or(false);
        if !can_start || self.at_word("then") {
            return self.fail(error);
        }
        let value = self.nested(Self::effect)?;
        let ends = takes_semicolon && self.kind() == TokenKind::Semicolon;
        if ends {
            self.bump();
        }
        let span = self.span_since(start);
        let insert = |span, text: &str| Edit { span, replacement: text.to_owned() };
        let edits = vec![insert(span.at_start(), "{ "), insert(span.at_end(), " }")];
        self.report(error.fix("put it in braces", edits));
        Ok(Block { statements: Vec::new(), value: Some(Box::new(value)), span })
    }

    /// `;` between elements that commas separate: reports it and makes the list go on.
    #[inline(never)]
    pub(super) fn semicolon_for_comma(&mut self, what: &str) {
        let span = self.span();
        if self.kind() != TokenKind::Semicolon {
            return;
        }
        let error = Diagnostic::error(Code::UnexpectedToken, format!("{what} are separated by `,`, not by `;`"))
            .at(span, "expected `,`")
            .replace("write `,`", span, ",");
        self.report(error);
        self.retype(TokenKind::Comma);
    }

    /// `where T: Ord` before the body of a function: reports it and steps over it.
    #[inline(never)]
    pub(super) fn where_clause(&mut self) {
        if !self.at_word("where") {
            return;
        }
        let start = self.span();
        let end = self.tokens.len() - 1;
        self.skip_to(end, |kind| matches!(kind, TokenKind::OpenBrace | TokenKind::Semicolon));
        let error = Diagnostic::error(Code::ForeignConstruct, "Hush has no `where`")
            .at(self.span_since(start), "not in the language")
            .help("write the bound where the parameter is declared: `<T: Ord>`");
        self.report(error);
    }
}

/// `u32`, `bool`, `Point`: what is more likely a type than a name.
fn is_type_name(name: &str) -> bool {
    let width = name.strip_prefix(['u', 'i']).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    width || matches!(name, "bool" | "int") || name.starts_with(|c: char| c.is_ascii_uppercase())
}
