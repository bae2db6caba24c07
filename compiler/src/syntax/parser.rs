//! Tokens to syntax tree: recursive descent that recovers.
//!
//! Functions rather than nom's combinators, since a combinator stops at the first error: here a malformed element of a
//! list, statement or item is reported, skipped, and its neighbours are still read. Brackets match before parsing
//! begins ([`super::brackets`]), so skipping never leaves the bracket that it is in.
//!
//! # Invariants
//! - `Err(Reported)` means that a diagnostic exists. Whoever catches it skips to the next comma, statement or item.
//! - Every function that calls itself through others goes through [`Parser::nested`], which bounds the depth; nodes
//!   that grow to the left (chains of operators, calls, fields) go through [`Parser::sink`].
//!   A megabyte of stack is enough for the deepest tree: `inline(never)` keeps what is rare out of the frames of the
//!   recursion.
//! - Every loop consumes a token in each turn or ends: time is linear.

mod expr;
mod foreign;
mod item;
mod literal;
mod pattern;
mod slips;
mod stmt;
mod ty;

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{self, Ident};
use super::brackets::Balanced;
use super::token::{Token, TokenKind};
use super::{DEPTH_MAX, Errors};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// An error that has been reported already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported;

/// What parsing something gives.
type Parse<T> = Result<T, Reported>;

pub(crate) struct Parser<'a> {
    file: FileId,
    text: &'a str,
    tokens: Vec<Token>,
    partner: Vec<u32>,
    position: usize,
    /// How deep the parser is.
    depth: usize,
    /// How deep the tree below the place where [`Parser::subtree`] began is.
    peak: usize,
    /// What `{` after a name means here.
    braces: Braces,
    /// Whether functions here are methods.
    in_impl: bool,
    too_deep_reported: bool,
    names: HashMap<&'a str, Arc<str>>,
    errors: Errors,
    /// Where the lexer left something out, in order.
    left_out: Vec<u32>,
    /// Parentheses and brackets that were not closed, in order of their beginning.
    unclosed: Vec<Span>,
    foreign: foreign::ForeignTypes,
}

/// What may stand in an expression at the place where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    /// `Name {` begins a struct literal.
    Literal,
    /// `{` begins the block that follows: the condition of an `if`, what a `for` goes over.
    Block,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(
        file: FileId,
        text: &'a str,
        balanced: Balanced,
        left_out: Vec<u32>,
        errors: Errors,
    ) -> Parser<'a> {
        Parser {
            file,
            text,
            tokens: balanced.tokens,
            partner: balanced.partner,
            position: 0,
            depth: 0,
            peak: 0,
            braces: Braces::Literal,
            in_impl: false,
            too_deep_reported: false,
            names: HashMap::new(),
            errors,
            left_out,
            unclosed: balanced.unclosed,
            foreign: foreign::ForeignTypes::default(),
        }
    }

    /// The whole file and everything that is wrong with it.
    pub(crate) fn file(mut self) -> (ast::File, Vec<Diagnostic>) {
        let docs = self.doc_lines(TokenKind::DocInner);
        let end = self.tokens.len() - 1;
        let items = self.items(end);
        let span = Span::new(self.file, 0, self.text.len() as u32);
        for error in self.foreign.finish() {
            self.errors.push(error);
        }
        (ast::File { id: self.file, docs, items, span }, self.errors.finish())
    }

    // Looking at tokens.

    fn token(&self) -> Token {
        self.tokens[self.position]
    }

    fn kind(&self) -> TokenKind {
        self.tokens[self.position].kind
    }

    /// The kind of the token `n` places ahead; the end of the file goes on forever.
    fn kind_ahead(&self, n: usize) -> TokenKind {
        self.tokens[(self.position + n).min(self.tokens.len() - 1)].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.position].span
    }

    /// The token before this one; empty at the beginning of the file.
    fn previous_span(&self) -> Span {
        match self.position.checked_sub(1) {
            Some(position) => self.tokens[position].span,
            None => self.span().at_start(),
        }
    }

    /// From `start` to the token before this one.
    fn span_since(&self, start: Span) -> Span {
        start.to(self.previous_span())
    }

    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Whether this token is the name `word`, which is a keyword only here.
    fn at_word(&self, word: &str) -> bool {
        self.kind() == TokenKind::Ident && self.text_of(self.span()) == word
    }

    /// The name `n` tokens ahead, if it is one.
    fn word_ahead(&self, n: usize) -> Option<&'a str> {
        let token = self.tokens.get(self.position + n)?;
        (token.kind == TokenKind::Ident).then(|| self.text_of(token.span))
    }

    fn at_line_start(&self) -> bool {
        let before = self.previous_span().end as usize;
        self.text.get(before..self.span().start as usize).is_none_or(|space| space.contains('\n'))
    }

    /// Whether this token begins where the one before it ends.
    fn touches_previous(&self) -> bool {
        self.previous_span().end == self.span().start
    }

    // Taking tokens.

    fn bump(&mut self) -> Token {
        let token = self.token();
        if token.kind != TokenKind::End {
            self.position += 1;
        }
        token
    }

    fn eat(&mut self, kind: TokenKind) -> Option<Span> {
        (self.kind() == kind).then(|| self.bump().span)
    }

    fn eat_word(&mut self, word: &str) -> Option<Span> {
        self.at_word(word).then(|| self.bump().span)
    }

    fn expect(&mut self, kind: TokenKind, expected: &str) -> Parse<Span> {
        match self.eat(kind) {
            Some(span) => Ok(span),
            None => self.unexpected(expected),
        }
    }

    fn ident(&mut self, expected: &str) -> Parse<Ident> {
        let token = self.token();
        if token.kind.is_keyword() {
            return self.reserved_word(token, expected);
        }
        self.expect(TokenKind::Ident, expected)?;
        Ok(self.ident_at(token.span))
    }

    fn ident_at(&mut self, span: Span) -> Ident {
        let name = self.name(self.text_of(span));
        Ident { name, span }
    }

    fn name(&mut self, text: &'a str) -> Arc<str> {
        Arc::clone(self.names.entry(text).or_insert_with(|| Arc::from(text)))
    }

    /// Takes `>`, also as the first half of `>>`, `>=` or `>>=`.
    fn expect_closing_angle(&mut self) -> Parse<Span> {
        let rest = match self.kind() {
            TokenKind::Shr => TokenKind::Gt,
            TokenKind::GtEq => TokenKind::Eq,
            TokenKind::ShrEq => TokenKind::GtEq,
            _ => return self.expect(TokenKind::Gt, "`,` or `>`"),
        };
        let token = &mut self.tokens[self.position];
        let half = Span { end: token.span.start + 1, ..token.span };
        *token = Token { kind: rest, span: Span { start: half.end, ..token.span } };
        Ok(half)
    }

    fn at_closing_angle(&self) -> bool {
        matches!(self.kind(), TokenKind::Gt | TokenKind::Shr | TokenKind::GtEq | TokenKind::ShrEq)
    }

    /// Takes the token here for one of another kind.
    fn retype(&mut self, kind: TokenKind) {
        self.tokens[self.position].kind = kind;
    }

    // Lists and recovery.

    /// `element, element, …` up to the bracket that closes `open`, which is the token here. A trailing comma is fine.
    fn list<T>(&mut self, element: impl FnMut(&mut Self) -> Parse<T>) -> Vec<T> {
        self.list_with_comma(element).0
    }

    /// The same, and whether a comma stands after the last element.
    fn list_with_comma<T>(&mut self, mut element: impl FnMut(&mut Self) -> Parse<T>) -> (Vec<T>, bool) {
        let end = self.partner[self.position] as usize;
        self.bump();
        let mut elements = Vec::new();
        let mut comma = false;
        while self.position < end {
            let start = self.position;
            if let Ok(found) = element(self) {
                elements.push(found);
                comma = false;
                if self.position < end && self.kind() != TokenKind::Comma && self.missing_comma(end) {
                    continue;
                }
            }
            self.skip_to(end, |kind| kind == TokenKind::Comma);
            comma = self.eat(TokenKind::Comma).is_some() || comma;
            debug_assert!(self.position > start, "a list makes progress");
        }
        self.position = end + 1;
        (elements, comma)
    }

    /// Reports what stands here in place of a comma. Whether the next element begins here all the same.
    fn missing_comma(&mut self, end: usize) -> bool {
        if self.foreign_operator_here() {
            return false;
        }
        let next_line = self.at_line_start() && self.kind() == TokenKind::Ident;
        if next_line {
            let place = self.previous_span().at_end();
            let error = Diagnostic::error(Code::UnexpectedToken, "expected `,` before the next line")
                .at(place, "expected `,`")
                .replace("add the comma", place, ",");
            self.report(error);
        } else {
            let closer = self.tokens[end].kind.fixed_text().unwrap_or("the end");
            let error = self.unexpected_error(&format!("`,` or `{closer}`"));
            self.report(error);
        }
        next_line
    }

    /// Goes forward to `end` or to the first token before it that `stop` wants, over whole brackets.
    fn skip_to(&mut self, end: usize, stop: impl Fn(TokenKind) -> bool) {
        while self.position < end && !stop(self.kind()) {
            self.position = self.partner[self.position] as usize + 1;
        }
        self.position = self.position.min(end);
    }

    /// Goes one level deeper for `inner`.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth == DEPTH_MAX {
            return self.too_deep();
        }
        self.depth += 1;
        self.peak = self.peak.max(self.depth);
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Parses something that [`Parser::sink`] may push down.
    fn subtree<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        let outer = std::mem::replace(&mut self.peak, self.depth);
        let result = inner(self);
        self.peak = self.peak.max(outer);
        result
    }

    /// Begins to measure what follows apart from what came before, whose depth it gives.
    fn measure_apart(&mut self) -> usize {
        std::mem::replace(&mut self.peak, self.depth)
    }

    /// What came before [`Parser::measure_apart`] becomes a child of a new node, beside what came after it.
    fn sink(&mut self, before: usize) -> Parse<()> {
        self.peak = self.peak.max(before + 1);
        if self.peak > DEPTH_MAX { self.too_deep() } else { Ok(()) }
    }

    // Reporting.

    /// Keeps an error, unless it follows from what the lexer left out or from a bracket that was not closed.
    fn report(&mut self, diagnostic: Diagnostic) {
        let gap = self.previous_span().end..self.span().start;
        let after_left_out =
            self.left_out.partition_point(|at| *at < gap.start) < self.left_out.partition_point(|at| *at < gap.end);
        let start = diagnostic.span().map_or(0, |span| span.start);
        let unclosed = self.unclosed.partition_point(|span| span.start <= start);
        let in_unclosed = unclosed > 0 && start <= self.unclosed[unclosed - 1].end;
        if !after_left_out && !in_unclosed {
            self.errors.push(diagnostic);
        }
    }

    fn fail<T>(&mut self, diagnostic: Diagnostic) -> Parse<T> {
        self.report(diagnostic);
        Err(Reported)
    }

    fn unexpected<T>(&mut self, expected: &str) -> Parse<T> {
        let error = self.unexpected_error(expected);
        self.fail(error)
    }

    fn unexpected_error(&self, expected: &str) -> Diagnostic {
        let token = self.token();
        let found = self.describe(token);
        let span = if token.span.is_empty() { self.previous_span().at_end() } else { token.span };
        Diagnostic::error(Code::UnexpectedToken, format!("expected {expected}, found {found}"))
            .at(span, format!("expected {expected}"))
    }

    /// A token in words.
    fn describe(&self, token: Token) -> String {
        let text = self.text_of(token.span);
        match token.kind {
            TokenKind::End => "the end of the file".to_owned(),
            TokenKind::DocOuter | TokenKind::DocInner => "documentation".to_owned(),
            TokenKind::Str | TokenKind::ByteStr => "a text".to_owned(),
            TokenKind::Int | TokenKind::Decimal | TokenKind::Byte => format!("the number `{text:.40}`"),
            kind if kind.is_closer() && text.is_empty() => format!("`{}`", kind.fixed_text().unwrap_or_default()),
            kind if kind.is_keyword() => format!("the keyword `{text}`"),
            _ => format!("`{text:.40}`"),
        }
    }

    /// A keyword where a name is expected: taken for a name if something follows that follows names.
    fn reserved_word(&mut self, token: Token, expected: &str) -> Parse<Ident> {
        use TokenKind as T;
        let word = self.text_of(token.span);
        if !matches!(self.kind_ahead(1), T::Colon | T::Eq | T::Comma | T::OpenParen | T::CloseParen | T::In | T::Or) {
            return self.unexpected(expected);
        }
        let error = Diagnostic::error(Code::ReservedWord, format!("`{word}` is a keyword and cannot be a name"))
            .at(token.span, format!("expected {expected}"))
            .replace("choose another name", token.span, format!("{word}_"));
        self.report(error);
        self.bump();
        Ok(self.ident_at(token.span))
    }

    /// Reports this once for a file: what is around the place is too deep for the same reason.
    fn too_deep<T>(&mut self) -> Parse<T> {
        if std::mem::replace(&mut self.too_deep_reported, true) {
            return Err(Reported);
        }
        let error = Diagnostic::error(Code::NestedTooDeeply, format!("this nests more than {DEPTH_MAX} levels deep"))
            .at(self.span(), "one level too many")
            .help("give parts of it names: `let` for values, `fn` for steps, `struct` for types");
        self.fail(error)
    }
}
