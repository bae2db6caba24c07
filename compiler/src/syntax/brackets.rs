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
pub(crate) fn balance(tokens: &[Token], text: &str, errors: &mut Errors) -> Balanced {
    let mut balancer = Balancer {
        text,
        open: Vec::new(),
        open_counts: [0; 3],
        line: Line::default(),
        last_end: None,
        suspect: None,
        errors,
    };
    let mut balanced = Balanced {
        tokens: Vec::with_capacity(tokens.len()),
        partner: Vec::with_capacity(tokens.len()),
        unclosed: Vec::new(),
    };
    for (i, token) in tokens.iter().copied().enumerate() {
        balancer.advance(token.span);
        let closes = token.kind.is_closer() || token.kind == TokenKind::End;
        if token.kind == TokenKind::Semicolon {
            balancer.semicolon(token, &tokens[i + 1..], &mut balanced);
        }
        if token.kind.closer().is_some() {
            balancer.open(balanced.tokens.len(), token);
        } else if closes && !balancer.close(token, &mut balanced) {
            continue;
        }
        balancer.last_end = Some(token.span);
        balanced.push(token);
    }
    balanced.unclosed.sort_by_key(|span| span.start);
    balanced
}

/// An opening bracket that waits for its closing one.
struct Open {
    position: usize,
    token: Token,
    indent: usize,
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

/// A pair of brackets on lines of different indentation.
struct Suspect {
    opener: Span,
    closer: Span,
    /// Of the lines of the opener and of the closer.
    indents: (usize, usize),
}

struct Balancer<'a> {
    text: &'a str,
    open: Vec<Open>,
    /// How many `(`, `[`, `{` are open.
    open_counts: [usize; 3],
    line: Line,
    last_end: Option<Span>,
    /// The first pair of brackets on lines of different indentation.
    suspect: Option<Suspect>,
    errors: &'a mut Errors,
}

impl Balanced {
    fn push(&mut self, token: Token) {
        self.partner.push(self.tokens.len() as u32);
        self.tokens.push(token);
    }
}

impl Balancer<'_> {
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
        self.open.push(Open { position, token, indent: self.line.indent, semicolon: false });
        self.open_counts[class(token.kind)] += 1;
    }

    /// No semicolon stands in `(…)`, and only one in `[…]`. `after` are the tokens after it.
    fn semicolon(&mut self, token: Token, after: &[Token], balanced: &mut Balanced) {
        while let Some(open) = self.open.last_mut() {
            match open.token.kind {
                TokenKind::OpenBracket if !open.semicolon && closes_soon(after) => return open.semicolon = true,
                TokenKind::OpenBrace => return,
                _ => self.close_for_author(token, balanced),
            }
        }
    }

    /// Reports the innermost bracket as not closed before `found`, and closes it.
    fn close_for_author(&mut self, found: Token, balanced: &mut Balanced) {
        let Some(Open { position, token: opener, .. }) = self.open.pop() else { return };
        self.open_counts[class(opener.kind)] -= 1;
        let after = self.last_end.unwrap_or(opener.span).at_end();
        self.errors.push(unclosed(opener, found, after, self.suspect.as_ref()));
        if opener.kind != TokenKind::OpenBrace {
            balanced.unclosed.push(opener.span.to(after));
        }
        balanced.partner[position] = balanced.tokens.len() as u32;
        balanced.push(Token { kind: opener.kind.closer().unwrap_or(found.kind), span: after });
    }

    /// Closes what `token` closes. False if it closes nothing and must be dropped.
    fn close(&mut self, token: Token, balanced: &mut Balanced) -> bool {
        if token.kind != TokenKind::End && self.open_counts[class(token.kind)] == 0 {
            self.errors.push(unexpected(token));
            return false;
        }
        while let Some(open) = self.open.last() {
            if open.token.kind.closer() != Some(token.kind) {
                self.close_for_author(token, balanced);
                continue;
            }
            let (position, indent, opener) = (open.position, open.indent, open.token.span);
            self.open.pop();
            self.open_counts[class(token.kind)] -= 1;
            self.note_indentation(indent, opener, token.span);
            balanced.partner[position] = balanced.tokens.len() as u32;
            return true;
        }
        true
    }

    fn note_indentation(&mut self, indent: usize, opener: Span, closer: Span) {
        if self.suspect.is_none() && self.line.first && self.line.indent != indent {
            self.suspect = Some(Suspect { opener, closer, indents: (indent, self.line.indent) });
        }
    }
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

fn unclosed(opener: Token, found: Token, insert: Span, suspect: Option<&Suspect>) -> Diagnostic {
    let (open, close) = (text(opener.kind), opener.kind.closer().map_or("", text));
    let error = Diagnostic::error(Code::UnclosedBracket, format!("`{open}` is not closed"))
        .at(opener.span, format!("this `{open}` needs a `{close}`"));
    match (found.kind, suspect) {
        (TokenKind::End, Some(suspect)) => {
            let Suspect { opener: from, closer: to, indents } = suspect;
            let (pad, indent) = (" ".repeat(indents.0.saturating_sub(indents.1)), " ".repeat(indents.1));
            error
                .because(*from, "this one is closed")
                .because(*to, "by this one, which is indented differently")
                .replace(format!("write `{close}` before that line"), to.at_start(), format!("{pad}{close}\n{indent}"))
        }
        (TokenKind::End, None) => error.because(found.span, "the file ends here").replace(
            format!("write `{close}` where it belongs, at the latest here"),
            insert,
            close,
        ),
        _ => error.because(found.span, format!("`{}` comes first", text(found.kind))).replace(
            format!("write `{close}` where it belongs, at the latest here"),
            insert,
            close,
        ),
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
