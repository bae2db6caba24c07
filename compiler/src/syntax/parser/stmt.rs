//! Blocks and statements.

use super::{Parse, Parser, Reported};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Block, Let, Pattern, PatternKind, Stmt, StmtKind};
use crate::syntax::token::TokenKind;

impl Parser<'_> {
    /// A block, at `{`. What is malformed in it is reported and left out.
    pub(super) fn block_here(&mut self) -> Block {
        let open = self.span();
        let end = self.partner[self.position] as usize;
        self.bump();
        let mut block = Block { statements: Vec::new(), value: None, span: open };
        while self.position < end {
            let start = self.position;
            if self.statement(&mut block, end).is_err() {
                self.skip_statement(start, end);
            }
        }
        self.position = end + 1;
        block.span = self.span_since(open);
        block
    }

    fn statement(&mut self, block: &mut Block, end: usize) -> Parse<()> {
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::Semicolon => {
                self.bump();
                return Ok(());
            }
            TokenKind::Let => StmtKind::Let(Box::new(self.let_statement()?)),
            TokenKind::DocOuter | TokenKind::DocInner if !self.docs_before_item() => {
                self.misplaced_docs("a statement has no documentation");
                return Ok(());
            }
            _ if self.at_item() => StmtKind::Item(Box::new(self.nested(Self::item)?)),
            _ => match self.expr_statement(block, end)? {
                Some(kind) => kind,
                None => return Ok(()),
            },
        };
        block.statements.push(Stmt { kind, span: self.span_since(start) });
        Ok(())
    }

    /// An expression statement; nothing if it turned out to be the value of the block.
    #[inline(never)]
    fn expr_statement(&mut self, block: &mut Block, end: usize) -> Parse<Option<StmtKind>> {
        let start = self.span();
        let expr = self.effect()?;
        if self.missing_let(&expr.kind, expr.span) {
            return self.let_without_keyword(start, expr.span).map(Some);
        }
        if self.eat(TokenKind::Semicolon).is_some() {
            return Ok(Some(StmtKind::Expr { expr, semicolon: true }));
        }
        if self.position == end {
            block.value = Some(Box::new(expr));
            return Ok(None);
        }
        let semicolon = !expr.is_block_like();
        if semicolon {
            self.missing_semicolon()?;
        }
        Ok(Some(StmtKind::Expr { expr, semicolon }))
    }

    /// What follows the name in `x: T = value;`, which is reported.
    #[inline(never)]
    fn let_without_keyword(&mut self, start: Span, name: Span) -> Parse<StmtKind> {
        let pattern = Pattern { kind: PatternKind::Error, span: name };
        Ok(StmtKind::Let(Box::new(self.let_from(start, pattern)?)))
    }

    #[inline(never)]
    fn let_statement(&mut self) -> Parse<Let> {
        let start = self.bump().span;
        let pattern = self.pattern()?;
        self.let_from(start, pattern)
    }

    /// What follows the pattern of a `let`.
    #[inline(never)]
    fn let_from(&mut self, start: Span, pattern: Pattern) -> Parse<Let> {
        self.walrus();
        let ty = if self.eat(TokenKind::Colon).is_some() { Some(self.ty()?) } else { None };
        if self.kind() == TokenKind::Semicolon || self.kind().is_closer() {
            return self.missing_value(self.span_since(start));
        }
        self.expect_or(TokenKind::Eq, "`=` and a value", &[TokenKind::EqEq])?;
        let value = self.element()?;
        let otherwise = if self.eat(TokenKind::Else).is_some() { Some(self.let_else()?) } else { None };
        if self.eat(TokenKind::Semicolon).is_none() {
            self.missing_semicolon()?;
        }
        Ok(Let { pattern, ty, value, otherwise })
    }

    #[inline(never)]
    fn let_else(&mut self) -> Parse<Block> {
        if self.kind() == TokenKind::OpenBrace { self.block() } else { self.block_without_braces(false) }
    }

    /// `x := 1`: reports it and leaves the `=`.
    fn walrus(&mut self) {
        let (colon, equals) = (self.span(), self.tokens[(self.position + 1).min(self.tokens.len() - 1)]);
        if self.kind() == TokenKind::Colon && equals.kind == TokenKind::Eq && equals.span.start == colon.end {
            let span = colon.to(equals.span);
            let error = Diagnostic::error(Code::ForeignOperator, "Hush has no operator `:=`")
                .at(span, "not an operator")
                .replace("write `=`", span, "=");
            self.report(error);
            self.bump();
        }
    }

    pub(super) fn missing_value<T>(&mut self, span: Span) -> Parse<T> {
        let error = Diagnostic::error(Code::MissingValue, "this declaration has no value")
            .at(span.at_end(), "expected `=` and a value")
            .note("every name has a value from the start: nothing can be read before it is set")
            .replace("give it a value", span.at_end(), " = 0");
        self.fail(error)
    }

    /// After an expression that something other than a semicolon follows.
    #[inline(never)]
    fn missing_semicolon(&mut self) -> Parse<()> {
        if self.foreign_operator_here() {
            return Err(Reported);
        }
        let end = self.previous_span().at_end();
        let next_statement =
            self.at_line_start() || matches!(self.kind(), TokenKind::Let | TokenKind::Return | TokenKind::For);
        if !next_statement && !self.kind().is_closer() {
            return self.unexpected("`;` or an operator");
        }
        let error = Diagnostic::error(Code::MissingSemicolon, "this statement does not end with `;`")
            .at(end, "expected `;`")
            .replace("add the semicolon", end, ";");
        self.report(error);
        Ok(())
    }

    /// Goes to the next statement after an error in the one that began at `start`.
    #[inline(never)]
    fn skip_statement(&mut self, start: usize, end: usize) {
        if self.position == start {
            self.position = self.partner[start] as usize + 1;
        }
        while self.position < end {
            if self.eat(TokenKind::Semicolon).is_some() || (self.at_line_start() && self.begins_statement()) {
                return;
            }
            self.position = self.partner[self.position] as usize + 1;
        }
        self.position = self.position.min(end);
    }

    fn begins_statement(&self) -> bool {
        use TokenKind as T;
        match self.kind() {
            T::Let | T::If | T::Match | T::For | T::Return | T::Break | T::Continue | T::Loop | T::While => true,
            _ => self.at_item(),
        }
    }
}
