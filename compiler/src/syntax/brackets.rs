//! Balancing brackets before parsing.
//!
//! After [`balance`] every opening bracket has its closing one: what was missing is reported once and added, what was
//! too many is reported and dropped. The parser can therefore jump over any bracket in one step, and an error inside
//! a bracket stays inside.

use super::Errors;
use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// How far to look for the end of the length in `[value; length]`.
const LENGTH_TOKENS_MAX: usize = 200;

/// Tokens whose brackets match.
#[derive(Debug)]
pub(crate) struct Balanced {
    /// The tokens; the last is [`TokenKind::End`].
    pub(crate) tokens: Vec<Token>,
    /// For an opening bracket the position of its closing one, for every other token its own position.
    pub(crate) partner: Vec<u32>,
    /// From each `(` or `[` that was not closed to where it was closed for the author, in order.
    pub(crate) unclosed: Vec<Span>,
}

/// Adds and drops closing brackets until they match.
///
/// Where a `{` is open at the end of the file, indentation tells best where its `}` was forgotten: brackets are then
/// matched once more, guided by it.
pub(crate) fn balance(tokens: &[Token], text: &str, errors: &mut Errors) -> Balanced {
    let plain = attempt(tokens, text, false);
    let guided = plain.open_at_end.then(|| attempt(tokens, text, true));
    let best = guided.filter(|guided| guided.errors.len() <= plain.errors.len()).unwrap_or(plain);
    errors.append(best.errors);
    best.balanced
}

/// What came of matching brackets.
struct Attempt {
    balanced: Balanced,
    errors: Errors,
    /// Whether a `{` was open at the end of the file.
    open_at_end: bool,
}

fn attempt(tokens: &[Token], text: &str, guided: bool) -> Attempt {
    let mut balancer = Balancer::new(text);
    let (partner, unclosed) = (Vec::with_capacity(tokens.len()), Vec::new());
    let mut balanced = Balanced { tokens: Vec::with_capacity(tokens.len()), partner, unclosed };
    for (i, token) in tokens.iter().copied().enumerate() {
        balancer.advance(token.span);
        while guided && balancer.should_be_closed(token) {
            balancer.close_for_author(token, &mut balanced, true);
        }
        let closes = token.kind.is_closer() || token.kind == TokenKind::End;
        if token.kind == TokenKind::Semicolon {
            balancer.semicolon(token, &tokens[i + 1..], &mut balanced);
        }
        if token.kind.closer().is_some() {
            balancer.open(balanced.tokens.len(), token);
        } else if closes && !balancer.close(token, &mut balanced) {
            continue;
        }
        balancer.last = Some(token);
        balanced.push(token);
    }
    balanced.unclosed.sort_by_key(|span| span.start);
    Attempt { balanced, errors: balancer.errors, open_at_end: balancer.open_at_end }
}

/// An opening bracket that waits for its closing one.
struct Open {
    position: usize,
    token: Token,
    indent: usize,
    /// Whether it follows `for`, as in other languages.
    after_for: bool,
    /// Whether a semicolon stands in it.
    semicolon: bool,
}

/// The line of the token that is looked at.
#[derive(Default)]
struct Line {
    /// Where the token before ends.
    seen: usize,
    indent: usize,
    /// Whether the token is the first on it.
    first: bool,
}

struct Balancer<'a> {
    text: &'a str,
    open: Vec<Open>,
    /// How many `(`, `[`, `{` are open.
    open_counts: [usize; 3],
    line: Line,
    last: Option<Token>,
    /// Whether a `{` was open at the end of the file.
    open_at_end: bool,
    errors: Errors,
}

impl Balanced {
    fn push(&mut self, token: Token) {
        self.partner.push(self.tokens.len() as u32);
        self.tokens.push(token);
    }
}

impl<'a> Balancer<'a> {
    fn new(text: &'a str) -> Balancer<'a> {
        Balancer {
            text,
            open: Vec::new(),
            open_counts: [0; 3],
            line: Line::default(),
            last: None,
            open_at_end: false,
            errors: Errors::default(),
        }
    }

    /// Looks at the space before a token.
    fn advance(&mut self, token: Span) {
        let space = self.text.get(self.line.seen..token.start as usize).unwrap_or_default();
        self.line.seen = token.end as usize;
        self.line.first = space.contains('\n');
        if let Some(newline) = space.rfind('\n') {
            self.line.indent = space.len() - newline - 1;
        }
    }

    fn open(&mut self, position: usize, token: Token) {
        let after_for = self.last.is_some_and(|last| last.kind == TokenKind::For);
        self.open.push(Open { position, token, indent: self.line.indent, after_for, semicolon: false });
        self.open_counts[class(token.kind)] += 1;
    }

    /// Whether the innermost bracket is a `{` that the indentation of the token here says should have been closed.
    fn should_be_closed(&self, token: Token) -> bool {
        let Some(Open { token: Token { kind: TokenKind::OpenBrace, .. }, indent, .. }) = self.open.last() else {
            return false;
        };
        match token.kind {
            TokenKind::CloseBrace => self.line.first && self.line.indent < *indent,
            kind => self.line.first && begins_item(kind) && self.line.indent <= *indent,
        }
    }

    /// No semicolon stands in `(…)`, and only one in `[…]`. `after` are the tokens after it.
    fn semicolon(&mut self, token: Token, after: &[Token], balanced: &mut Balanced) {
        while let Some(open) = self.open.last_mut() {
            match open.token.kind {
                TokenKind::OpenBracket if !open.semicolon && closes_soon(after) => return open.semicolon = true,
                TokenKind::OpenParen if open.after_for => return,
                TokenKind::OpenBrace => return,
                _ => self.close_for_author(token, balanced, false),
            }
        }
    }

    /// Reports the innermost bracket as not closed before `found`, and closes it.
    fn close_for_author(&mut self, found: Token, balanced: &mut Balanced, by_indentation: bool) {
        let Some(opener) = self.open.pop() else { return };
        let kind = opener.token.kind;
        self.open_counts[class(kind)] -= 1;
        let after = self.last.unwrap_or(opener.token).span.at_end();
        self.errors.push(unclosed(&opener, found, after, by_indentation));
        if kind != TokenKind::OpenBrace {
            balanced.unclosed.push(opener.token.span.to(after));
        }
        balanced.partner[opener.position] = balanced.tokens.len() as u32;
        balanced.push(Token { kind: kind.closer().unwrap_or(found.kind), span: after });
    }

    /// Closes what `token` closes. False if it closes nothing and must be dropped.
    fn close(&mut self, token: Token, balanced: &mut Balanced) -> bool {
        if token.kind == TokenKind::End {
            self.open_at_end = self.open_counts[class(TokenKind::OpenBrace)] > 0;
        } else if self.open_counts[class(token.kind)] == 0 {
            self.errors.push(unexpected(token));
            return false;
        }
        while let Some(open) = self.open.last() {
            if open.token.kind.closer() != Some(token.kind) {
                self.close_for_author(token, balanced, false);
                continue;
            }
            let position = open.position;
            self.open.pop();
            self.open_counts[class(token.kind)] -= 1;
            balanced.partner[position] = balanced.tokens.len() as u32;
            return true;
        }
        true
    }
}

/// Whether a declaration, its documentation or its attributes begin with this.
fn begins_item(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(kind, T::Fn | T::Struct | T::Enum | T::Impl | T::Pub | T::Const | T::Use | T::Type | T::DocOuter | T::Hash)
}

fn unclosed(opener: &Open, found: Token, insert: Span, by_indentation: bool) -> Diagnostic {
    let (open, close) = (text(opener.token.kind), opener.token.kind.closer().map_or("", text));
    let error = Diagnostic::error(Code::UnclosedBracket, format!("`{open}` is not closed"))
        .at(opener.token.span, format!("this `{open}` needs a `{close}`"));
    if by_indentation {
        let line = format!("\n{}{close}", " ".repeat(opener.indent));
        let label = "by its indentation, this stands after it";
        return error.because(found.span, label).replace(format!("write `{close}` before that"), insert, line);
    }
    let label = match found.kind {
        TokenKind::End => "the file ends here".to_owned(),
        kind => format!("`{}` comes first", text(kind)),
    };
    let help = format!("write `{close}` where it belongs, at the latest here");
    error.because(found.span, label).replace(help, insert, close)
}

/// Whether a `]` comes before the end of a statement or of another bracket.
fn closes_soon(tokens: &[Token]) -> bool {
    let mut depth = 0;
    for token in tokens.iter().take(LENGTH_TOKENS_MAX) {
        match token.kind {
            TokenKind::CloseBracket if depth == 0 => return true,
            TokenKind::Semicolon | TokenKind::End if depth == 0 => return false,
            kind if kind.is_closer() && depth == 0 => return false,
            kind if kind.is_closer() => depth -= 1,
            kind if kind.closer().is_some() => depth += 1,
            _ => {}
        }
    }
    true
}

fn class(kind: TokenKind) -> usize {
    match kind {
        TokenKind::OpenParen | TokenKind::CloseParen => 0,
        TokenKind::OpenBracket | TokenKind::CloseBracket => 1,
        _ => 2,
    }
}

fn unexpected(token: Token) -> Diagnostic {
    let text = text(token.kind);
    Diagnostic::error(Code::UnexpectedBracket, format!("`{text}` closes nothing"))
        .at(token.span, "no bracket is open that this could close")
        .replace("leave it out", token.span, "")
}

fn text(kind: TokenKind) -> &'static str {
    kind.fixed_text().unwrap_or_default()
}
