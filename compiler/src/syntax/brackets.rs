//! Balancing brackets before parsing.
//!
//! After [`balance`] every opening bracket has its closing one: what was missing is reported once and added, what was
//! too many is reported and dropped. The parser can therefore jump over any bracket in one step, and an error inside
//! a bracket stays inside.

use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Tokens whose brackets match.
#[derive(Debug)]
pub(crate) struct Balanced {
    /// The tokens; the last is [`TokenKind::End`].
    pub(crate) tokens: Vec<Token>,
    /// For an opening bracket the position of its closing one, for every other token its own position.
    pub(crate) partner: Vec<u32>,
}

/// Adds and drops closing brackets until they match.
pub(crate) fn balance(tokens: Vec<Token>, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Balanced {
    let mut balancer =
        Balancer { text, open: Vec::new(), open_counts: [0; 3], last_end: None, suspect: None, diagnostics };
    let mut balanced = Balanced { tokens: Vec::with_capacity(tokens.len()), partner: Vec::with_capacity(tokens.len()) };
    for token in tokens {
        if token.kind.closer().is_some() {
            balancer.open(balanced.tokens.len(), token);
        } else if token.kind.is_closer() || token.kind == TokenKind::End {
            if !balancer.close(token, &mut balanced) {
                continue;
            }
        }
        balancer.last_end = Some(token.span);
        balanced.push(token);
    }
    balanced
}

struct Balancer<'a> {
    text: &'a str,
    open: Vec<(usize, Token)>,
    /// How many `(`, `[`, `{` are open.
    open_counts: [usize; 3],
    last_end: Option<Span>,
    /// The first pair of braces on lines of different indentation.
    suspect: Option<(Span, Span)>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Balanced {
    fn push(&mut self, token: Token) {
        self.partner.push(self.tokens.len() as u32);
        self.tokens.push(token);
    }
}

impl Balancer<'_> {
    fn open(&mut self, position: usize, token: Token) {
        self.open.push((position, token));
        self.open_counts[class(token.kind)] += 1;
    }

    /// Closes what `token` closes. False if it closes nothing and must be dropped.
    fn close(&mut self, token: Token, balanced: &mut Balanced) -> bool {
        if token.kind != TokenKind::End && self.open_counts[class(token.kind)] == 0 {
            self.diagnostics.push(unexpected(token));
            return false;
        }
        while let Some((position, opener)) = self.open.pop() {
            self.open_counts[class(opener.kind)] -= 1;
            let matches = opener.kind.closer() == Some(token.kind);
            if matches {
                self.note_indentation(opener.span, token.span);
            } else {
                let after = self.last_end.unwrap_or(opener.span).at_end();
                self.diagnostics.push(unclosed(opener, token, after, self.suspect));
                balanced.push(Token { kind: opener.kind.closer().unwrap_or(token.kind), span: after });
            }
            let closer = balanced.tokens.len() - usize::from(!matches);
            balanced.partner[position] = closer as u32;
            if matches {
                return true;
            }
        }
        true
    }

    fn note_indentation(&mut self, opener: Span, closer: Span) {
        let (opening, closing) = (indentation(self.text, opener), indentation(self.text, closer));
        if self.suspect.is_none() && closing.1 && opening.0 != closing.0 {
            self.suspect = Some((opener, closer));
        }
    }
}

fn class(kind: TokenKind) -> usize {
    match kind {
        TokenKind::OpenParen | TokenKind::CloseParen => 0,
        TokenKind::OpenBracket | TokenKind::CloseBracket => 1,
        _ => 2,
    }
}

/// How far the line of `span` is indented, and whether `span` is the first thing on it. Looks at a bounded stretch.
fn indentation(text: &str, span: Span) -> (usize, bool) {
    let before = &text.as_bytes()[..span.start as usize];
    let stretch = &before[before.len().saturating_sub(500)..];
    let line = stretch.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let blank = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
    (blank, blank == line.len())
}

fn unclosed(opener: Token, found: Token, insert: Span, suspect: Option<(Span, Span)>) -> Diagnostic {
    let (open, close) = (text(opener.kind), opener.kind.closer().map_or("", text));
    let error = Diagnostic::error(Code::UnclosedBracket, format!("`{open}` is not closed"))
        .at(opener.span, format!("this `{open}` needs a `{close}`"));
    let error = match (found.kind, suspect) {
        (TokenKind::End, Some((from, to))) => {
            error.because(from, "this one is closed").because(to, "by this one, which is indented differently")
        }
        (TokenKind::End, None) => error.because(found.span, "the file ends here"),
        _ => error.because(found.span, format!("`{}` comes first", text(found.kind))),
    };
    error.replace(format!("write `{close}` where it belongs, at the latest here"), insert, close)
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
