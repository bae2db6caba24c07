//! The values of literals.

use std::sync::Arc;

use num_bigint::BigInt;

use super::{Parse, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::DIGITS_MAX;
use crate::syntax::ast::Literal;
use crate::syntax::token::TokenKind;

impl Parser<'_> {
    /// The literal here, if there is one.
    pub(super) fn literal(&mut self) -> Parse<Option<Literal>> {
        let token = self.token();
        let literal = match token.kind {
            TokenKind::True => Literal::Bool(true),
            TokenKind::False => Literal::Bool(false),
            TokenKind::Int => Literal::Int(self.int(token.span)?),
            TokenKind::Decimal => self.decimal(token.span)?,
            TokenKind::Str => {
                let bytes = self.unescape(token.span, 1, 1);
                Literal::Str(Arc::from(String::from_utf8_lossy(&bytes).into_owned()))
            }
            TokenKind::ByteStr => Literal::ByteStr(self.unescape(token.span, 2, 1).into()),
            TokenKind::Byte => self.byte(token.span),
            _ => return Ok(None),
        };
        self.bump();
        Ok(Some(literal))
    }

    fn int(&mut self, span: Span) -> Parse<BigInt> {
        let text = self.text_of(span);
        let (radix, digits) = match text.as_bytes() {
            [b'0', b'x', ..] => (16, &text[2..]),
            [b'0', b'b', ..] => (2, &text[2..]),
            [b'0', b'o', ..] => (8, &text[2..]),
            _ => (10, text),
        };
        self.digits(span, digits, radix)
    }

    fn decimal(&mut self, span: Span) -> Parse<Literal> {
        let text = self.text_of(span);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let scale = fraction.bytes().filter(u8::is_ascii_digit).count() as u32;
        let digits = self.digits(span, &format!("{whole}{fraction}"), 10)?;
        Ok(Literal::Decimal { digits, scale })
    }

    /// The value of digits with `_` between them. A malformed number was reported by the lexer and counts as 0.
    fn digits(&mut self, span: Span, digits: &str, radix: u32) -> Parse<BigInt> {
        if digits.len() > DIGITS_MAX {
            let error = Diagnostic::error(Code::NumberTooLong, format!("this number has {} digits", digits.len()))
                .at(span, format!("a number has at most {DIGITS_MAX} digits"))
                .help("build it from smaller ones, or give it as an input");
            return self.fail(error);
        }
        Ok(BigInt::parse_bytes(digits.replace('_', "").as_bytes(), radix).unwrap_or_default())
    }

    fn byte(&mut self, span: Span) -> Literal {
        let bytes = self.unescape(span, if self.text_of(span).starts_with('b') { 2 } else { 1 }, 1);
        if bytes.len() != 1 {
            let error = Diagnostic::error(Code::BadEscape, format!("`b'…'` holds one byte, here are {}", bytes.len()))
                .at(span, "expected exactly one byte")
                .replace("write a text of bytes", span, self.text_of(span).replace('\'', "\""));
            self.report(error);
        }
        Literal::Byte(bytes.first().copied().unwrap_or_default())
    }

    /// The bytes of a text between its quotation marks.
    fn unescape(&mut self, span: Span, open: usize, close: usize) -> Vec<u8> {
        let text = self.text_of(span);
        let quotes_differ = text.starts_with(['“', '„', '«', '”']);
        let content = if quotes_differ {
            text.trim_matches(['“', '”', '„', '«', '»', '"'])
        } else {
            let body = &text[open.min(text.len())..];
            let ended = body.ends_with(['"', '\'']) && close == 1;
            &body[..body.len() - usize::from(ended)]
        };
        let start = span.start + (content.as_ptr() as usize - text.as_ptr() as usize) as u32;
        let mut bytes = Vec::with_capacity(content.len());
        let mut at = 0;
        while let Some(backslash) = content[at..].find('\\') {
            bytes.extend_from_slice(&content.as_bytes()[at..at + backslash]);
            at += backslash;
            at += self.escape(&content[at..], Span::new(span.file, start + at as u32, start + at as u32), &mut bytes);
        }
        bytes.extend_from_slice(&content.as_bytes()[at..]);
        bytes
    }

    /// Reads one escape at the beginning of `text`; its length.
    fn escape(&mut self, text: &str, place: Span, bytes: &mut Vec<u8>) -> usize {
        let simple = |byte| (Some(vec![byte]), 2);
        let (value, len) = match text.as_bytes() {
            [_, b'n', ..] => simple(b'\n'),
            [_, b'r', ..] => simple(b'\r'),
            [_, b't', ..] => simple(b'\t'),
            [_, b'0', ..] => simple(0),
            [_, c @ (b'\\' | b'"' | b'\''), ..] => simple(*c),
            [_, b'x', ..] => {
                let digits = text.get(2..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                (
                    digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(|b| vec![b]),
                    if digits.is_some() { 4 } else { 2 },
                )
            }
            [_, b'u', b'{', ..] => unicode_escape(text),
            _ => (None, 1 + text[1..].chars().next().map_or(0, char::len_utf8)),
        };
        match value {
            Some(value) => bytes.extend(value),
            None => {
                let span = Span { end: place.start + len as u32, ..place };
                let error = Diagnostic::error(Code::BadEscape, format!("`{}` is not an escape", &text[..len]))
                    .at(span, "unknown escape")
                    .note(r#"the escapes are \n \r \t \0 \\ \" \' \xNN and \u{N…}"#)
                    .replace("write a backslash as two", span, format!("\\{}", &text[..len]));
                self.report(error);
            }
        }
        len
    }
}

/// `\u{1F600}`: its bytes, and its length.
fn unicode_escape(text: &str) -> (Option<Vec<u8>>, usize) {
    let Some(close) = text.bytes().take(12).position(|b| b == b'}') else { return (None, 3) };
    let digits = &text[3..close];
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    (code.and_then(char::from_u32).map(|c| c.to_string().into_bytes()), close + 1)
}
