//! Text to tokens, with nom.
//!
//! [`lex`] reads the whole file whatever is in it: what it does not know it reports and leaves out, or takes for what
//! was probably meant. Comments are kept aside for the formatter.
//!
//! # Invariants
//! - The last token is the only [`TokenKind::End`]. Tokens do not overlap and are in order.
//! - Time is linear in the length of the text.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{opt, recognize, value, verify};
use nom::multi::many0_count;
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use super::Errors;
use super::token::{KEYWORDS, SYMBOLS, Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::{FileId, Span, is_hidden};

/// What a file consists of.
#[derive(Debug)]
pub(crate) struct Lexed {
    /// The tokens.
    pub(crate) tokens: Vec<Token>,
    /// The comments that are not documentation.
    pub(crate) comments: Vec<Span>,
    /// Where something was left out that is reported, in order.
    pub(crate) left_out: Vec<u32>,
}

/// Reads a whole file. Its length must fit `u32`.
pub(crate) fn lex(file: FileId, text: &str, errors: &mut Errors) -> Lexed {
    let mut lexer =
        Lexer { file, text, rest: text, tokens: Vec::new(), comments: Vec::new(), left_out: Vec::new(), errors };
    lexer.rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.push(TokenKind::End, 0);
    Lexed { tokens: lexer.tokens, comments: lexer.comments, left_out: lexer.left_out }
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    rest: &'a str,
    tokens: Vec<Token>,
    comments: Vec<Span>,
    left_out: Vec<u32>,
    errors: &'a mut Errors,
}

/// How far to look for the end of a text in typographic quotation marks.
const CURLY_TEXT_CHARS_MAX: usize = 200;

/// What can begin at a place.
#[derive(Clone, Copy)]
enum Lexeme {
    Space,
    Comment,
    Token(TokenKind),
    Number(TokenKind),
    /// A text, and whether its end is missing.
    Quoted(TokenKind, bool),
    UnendedComment,
}

impl<'a> Lexer<'a> {
    fn step(&mut self) {
        let after_dot = self.tokens.last().is_some_and(|token| token.kind == TokenKind::Dot);
        match lexeme(self.rest, after_dot) {
            Ok((rest, lexeme)) => self.accept(lexeme, self.rest.len() - rest.len()),
            Err(_) => self.unknown(),
        }
    }

    fn accept(&mut self, lexeme: Lexeme, len: usize) {
        let span = self.span(len);
        if !matches!(lexeme, Lexeme::Space | Lexeme::Number(_)) {
            self.hidden_characters(len);
        }
        match lexeme {
            Lexeme::Space => {}
            Lexeme::Comment => self.comments.push(span),
            Lexeme::UnendedComment => {
                self.errors.push(unended(span, 2, "this comment has no end", "*/", self.text));
            }
            Lexeme::Token(kind) => return self.push(kind, len),
            Lexeme::Number(kind) => return self.number(kind, len),
            Lexeme::Quoted(kind, ended) => return self.quoted(kind, len, ended),
        }
        self.rest = &self.rest[len..];
    }

    /// Reports characters in a comment or text that are not seen, or make other text look different.
    fn hidden_characters(&mut self, len: usize) {
        let mut chars = self.rest[..len].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends_line = c == '\r' && chars.peek().is_none_or(|(_, next)| *next == '\n');
            if !is_hidden(c) || ends_line {
                continue;
            }
            let start = self.span(0).start + at as u32;
            let span = Span::new(self.file, start, start + c.len_utf8() as u32);
            let message = format!("the character U+{:04X} is not seen", u32::from(c));
            let error = Diagnostic::error(Code::UnknownCharacter, message)
                .at(span, "hidden here")
                .note("a program must be what its readers see: such characters can make it look different")
                .replace("leave it out", span, "");
            self.errors.push(error);
        }
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        self.tokens.push(Token { kind, span: self.span(len) });
        self.rest = &self.rest[len..];
    }

    /// The next `len` bytes.
    fn span(&self, len: usize) -> Span {
        let start = self.text.len() - self.rest.len();
        Span::new(self.file, start as u32, (start + len) as u32)
    }

    fn quoted(&mut self, kind: TokenKind, len: usize, ended: bool) {
        if !ended {
            let quote = if kind == TokenKind::Byte { "'" } else { "\"" };
            let opener = if kind == TokenKind::Str { 1 } else { 2 };
            self.errors.push(unended(self.span(len), opener, "this text has no end on its line", quote, self.text));
        }
        self.push(kind, len);
    }

    /// A number and the letters and digits that stand right after it.
    fn number(&mut self, kind: TokenKind, len: usize) {
        let text = &self.rest[..len];
        let tail_len = word_len(&self.rest[len..]);
        let (digits, tail) = (self.span(len), self.text_after(len, tail_len));
        let whole = self.span(len + tail_len);
        let suffix = Span { start: digits.end, ..whole };
        if is_number_type(tail) {
            self.errors.push(number_suffix(whole, suffix, text, tail));
        } else if tail_len > 0 || has_prefix_only(text) {
            self.errors.push(bad_number(whole, text, tail));
        }
        self.push(kind, len);
        self.rest = &self.rest[tail_len..];
    }

    fn text_after(&self, from: usize, len: usize) -> &'a str {
        &self.rest[from..from + len]
    }

    /// Something that begins no token: report it and take it for what was probably meant.
    fn unknown(&mut self) {
        let Some(first) = self.rest.chars().next() else { return };
        match first {
            '\'' => self.single_quote(),
            '“' | '”' | '„' | '«' => self.curly_text(first),
            _ if first.is_alphabetic() => self.foreign_name(),
            _ => self.stray(first),
        }
    }

    /// `'a'` or `'label`.
    fn single_quote(&mut self) {
        if let Ok((rest, content)) = char_literal(self.rest) {
            let len = self.rest.len() - rest.len();
            let span = self.span(len);
            let error = Diagnostic::error(Code::ForeignConstruct, "Hush has bytes and texts, but no single characters")
                .at(span, "a character")
                .replace("write the byte", span, format!("b{content}"));
            self.errors.push(error);
            return self.push(TokenKind::Byte, len);
        }
        if let Some(content) = single_quoted(self.rest) {
            return self.single_quoted_text(content);
        }
        let name_len = word_len(&self.rest[1..]);
        let colon = self.rest[1 + name_len..].starts_with(':') && !self.rest[1 + name_len..].starts_with("::");
        let len = 1 + name_len + usize::from(colon && name_len > 0);
        let span = self.span(len);
        let error = if name_len > 0 {
            Diagnostic::error(Code::ForeignConstruct, "Hush has neither labels nor lifetimes")
                .at(span, "not in the language")
                .replace("leave it out", span, "")
        } else {
            Diagnostic::error(Code::UnknownCharacter, "`'` begins nothing in Hush")
                .at(span, "texts stand in `\"…\"`, bytes in `b'…'`")
        };
        self.errors.push(error);
        self.leave_out(len);
    }

    /// A text as other languages quote it.
    fn single_quoted_text(&mut self, content: &str) {
        let len = content.len() + 2;
        let span = self.span(len);
        let error = Diagnostic::error(Code::UnknownCharacter, "a text stands in `\"`, not in `'`")
            .at(span, "single quotation marks")
            .replace("write double quotation marks", span, format!("\"{content}\""));
        self.errors.push(error);
        self.push(TokenKind::Str, len);
    }

    fn leave_out(&mut self, len: usize) {
        self.left_out.push(self.span(len).start);
        self.rest = &self.rest[len..];
    }

    /// A text in typographic quotation marks.
    fn curly_text(&mut self, first: char) {
        let inside = &self.rest[first.len_utf8()..];
        let mut line = inside.char_indices().take(CURLY_TEXT_CHARS_MAX).take_while(|(_, c)| *c != '\n');
        let closing = line.find(|(_, c)| matches!(c, '“' | '”' | '"' | '»'));
        let open = self.span(first.len_utf8());
        let Some((at, last)) = closing else { return self.stray(first) };
        let len = first.len_utf8() + at + last.len_utf8();
        let close = Span { start: open.end + at as u32, end: open.start + len as u32, ..open };
        let edit = |span| Edit { span, replacement: "\"".to_owned() };
        let error = Diagnostic::error(Code::UnknownCharacter, format!("a text stands in `\"`, not in `{first}`"))
            .at(self.span(len), "typographic quotation marks")
            .fix("write straight quotation marks", vec![edit(open), edit(close)]);
        self.errors.push(error);
        self.push(TokenKind::Str, len);
    }

    /// A word with letters that names cannot have.
    fn foreign_name(&mut self) {
        let len = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let error = Diagnostic::error(Code::UnknownCharacter, "a name has letters beyond `a` to `z`")
            .at(self.span(len), "names are made of `a`–`z`, `A`–`Z`, `0`–`9` and `_`")
            .note("letters that look alike must not be able to name different things");
        self.errors.push(error);
        self.push(TokenKind::Ident, len);
    }

    fn stray(&mut self, first: char) {
        let len = self.rest.find(|c: char| c != first).unwrap_or(self.rest.len());
        let span = self.span(len);
        let shown = if first.is_control() || first.is_whitespace() {
            format!("the character U+{:04X}", u32::from(first))
        } else {
            format!("`{first}`")
        };
        let error = Diagnostic::error(Code::UnknownCharacter, format!("{shown} is not part of the language"))
            .at(span, "unknown character");
        match look_alike(first) {
            Some(ascii) => {
                self.errors.push(error.replace(format!("write `{ascii}`"), span, ascii.repeat(count(self.rest, len))));
                let kind = SYMBOLS.iter().find(|(text, _)| *text == ascii).map(|(_, kind)| *kind);
                match kind {
                    Some(kind) => self.push(kind, len),
                    None => self.leave_out(len),
                }
            }
            None => {
                self.errors.push(error);
                self.leave_out(len);
            }
        }
    }
}

fn count(rest: &str, len: usize) -> usize {
    rest[..len].chars().count()
}

/// What was probably meant by a character that looks like one of ours.
fn look_alike(c: char) -> Option<&'static str> {
    Some(match c {
        '–' | '—' | '−' => "-",
        '×' | '·' | '∗' => "*",
        '÷' | '∕' => "/",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '∧' => "&&",
        '∨' => "||",
        '¬' => "!",
        '⊕' => "^",
        '→' => "->",
        '⇒' => "=>",
        '…' => "..",
        '；' => ";",
        '，' => ",",
        '：' => ":",
        '（' => "(",
        '）' => ")",
        '｛' => "{",
        '｝' => "}",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' | '`' | '´' => "'",
        _ if c.is_whitespace() => " ",
        _ => return None,
    })
}

fn unended(span: Span, opener_len: u32, message: &str, closer: &str, text: &str) -> Diagnostic {
    let opener = Span { end: (span.start + opener_len).min(span.end), ..span };
    let content = text.get(span.start as usize..span.end as usize).unwrap_or_default().trim_end();
    // A trailing backslash would swallow the closing mark.
    let backslashes = content.len() - content.trim_end_matches('\\').len();
    let closer = if backslashes % 2 == 1 { format!("\\{closer}") } else { closer.to_owned() };
    let end = (span.start + content.len() as u32).max(opener.end);
    Diagnostic::error(Code::UnterminatedText, message).at(opener, "begins here").replace(
        "end it",
        Span::new(span.file, end, end),
        closer,
    )
}

fn number_suffix(whole: Span, suffix: Span, digits: &str, ty: &str) -> Diagnostic {
    Diagnostic::error(Code::NumberSuffix, format!("`{digits}{ty}` carries a type, but numbers in Hush have none"))
        .at(suffix, "a type")
        .because(Span { end: suffix.start, ..whole }, "a number is exact and fits wherever its value fits")
        .replace("write the number alone", whole, digits.trim_end_matches('_'))
}

fn bad_number(whole: Span, digits: &str, tail: &str) -> Diagnostic {
    let error = Diagnostic::error(Code::BadNumber, format!("`{digits}{tail}` is not a number"));
    let exponent = tail.strip_prefix(['e', 'E']).and_then(|power| power.parse::<usize>().ok()).filter(|p| *p <= 64);
    match (exponent, digits.bytes().all(|b| b.is_ascii_digit() || b == b'_')) {
        (Some(power), true) => error.at(whole, "there is no notation with an exponent").replace(
            "write the zeros",
            whole,
            format!("{digits}{}", "0".repeat(power)),
        ),
        _ => error.at(whole, number_rule(digits)),
    }
}

fn number_rule(digits: &str) -> &'static str {
    match digits.as_bytes() {
        [b'0', b'x', ..] => "after `0x` come the digits `0`–`9`, `a`–`f`",
        [b'0', b'b', ..] => "after `0b` come the digits `0` and `1`",
        [b'0', b'o', ..] => "after `0o` come the digits `0`–`7`",
        _ => "a number is made of digits and `_`; a name cannot begin with a digit",
    }
}

/// `u32`, `usize`, `f64`.
fn is_number_type(word: &str) -> bool {
    let word = word.trim_start_matches('_');
    let Some(width) = word.strip_prefix(['u', 'i', 'f']) else { return false };
    width == "size" || (!width.is_empty() && width.bytes().all(|b| b.is_ascii_digit()))
}

/// `0x`, `0b_`: a radix without digits.
fn has_prefix_only(number: &str) -> bool {
    let digits = ["0x", "0b", "0o"].iter().find_map(|prefix| number.strip_prefix(prefix));
    digits.is_some_and(|digits| digits.bytes().all(|b| b == b'_'))
}

fn word_len(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

fn lexeme(input: &str, after_dot: bool) -> IResult<&str, Lexeme> {
    let numbers = move |input| if after_dot { field_index(input) } else { number(input) };
    alt((space, word, numbers, comment, text, symbol)).parse(input)
}

fn space(input: &str) -> IResult<&str, Lexeme> {
    value(Lexeme::Space, take_while1(|c: char| c.is_ascii_whitespace())).parse(input)
}

fn word(input: &str) -> IResult<&str, Lexeme> {
    let begins_text = |word: &&str| !(**word == *"b" && input[1..].starts_with(['"', '\'']));
    let letters = recognize(pair(
        satisfy(|c| c.is_ascii_alphabetic() || c == '_'),
        take_while(|c: char| c.is_alphanumeric() || c == '_'),
    ));
    let (rest, word) = verify(letters, |word: &str| begins_text(&word) && word.is_ascii()).parse(input)?;
    let keyword = KEYWORDS.iter().find(|(text, _)| *text == word);
    Ok((rest, Lexeme::Token(keyword.map_or(TokenKind::Ident, |(_, kind)| *kind))))
}

/// After a dot only whole numbers stand, so that `t.0.1` is two fields.
fn field_index(input: &str) -> IResult<&str, Lexeme> {
    value(Lexeme::Number(TokenKind::Int), take_while1(|c: char| c.is_ascii_digit())).parse(input)
}

fn number(input: &str) -> IResult<&str, Lexeme> {
    let radix = preceded(
        char('0'),
        alt((
            recognize(pair(char('x'), take_while(|c: char| c.is_ascii_hexdigit() || c == '_'))),
            recognize(pair(char('b'), take_while(|c: char| matches!(c, '0' | '1' | '_')))),
            recognize(pair(char('o'), take_while(|c: char| matches!(c, '0'..='7' | '_')))),
        )),
    );
    let fraction = recognize((digits, char('.'), digits));
    alt((
        value(Lexeme::Number(TokenKind::Int), radix),
        value(Lexeme::Number(TokenKind::Decimal), fraction),
        value(Lexeme::Number(TokenKind::Int), digits),
    ))
    .parse(input)
}

fn digits(input: &str) -> IResult<&str, &str> {
    recognize(pair(satisfy(|c| c.is_ascii_digit()), take_while(|c: char| c.is_ascii_digit() || c == '_'))).parse(input)
}

fn comment(input: &str) -> IResult<&str, Lexeme> {
    alt((line_comment, block_comment)).parse(input)
}

/// `// …`, `/// …`, `//! …`; four slashes or more are no documentation.
fn line_comment(input: &str) -> IResult<&str, Lexeme> {
    let (rest, text) = recognize(pair(tag("//"), take_till(|c| c == '\n'))).parse(input)?;
    let text_len = text.trim_end_matches('\r').len();
    let kind = match text.as_bytes() {
        [b'/', b'/', b'!', ..] => Lexeme::Token(TokenKind::DocInner),
        [b'/', b'/', b'/', b'/', ..] => Lexeme::Comment,
        [b'/', b'/', b'/', ..] => Lexeme::Token(TokenKind::DocOuter),
        _ => Lexeme::Comment,
    };
    let _ = rest;
    Ok((&input[text_len..], kind))
}

/// `/* … */`, which nests.
fn block_comment(input: &str) -> IResult<&str, Lexeme> {
    let (mut rest, _) = tag("/*").parse(input)?;
    let mut depth = 1;
    while depth > 0 {
        let Some(at) = rest.find(['/', '*']) else { return Ok(("", Lexeme::UnendedComment)) };
        rest = &rest[at..];
        let (open, close) = (rest.starts_with("/*"), rest.starts_with("*/"));
        depth = if open { depth + 1 } else { depth - u32::from(close) };
        rest = &rest[if open || close { 2 } else { 1 }..];
    }
    Ok((rest, Lexeme::Comment))
}

/// `"…"`, `b"…"`, `b'…'`, which end on their line.
fn text(input: &str) -> IResult<&str, Lexeme> {
    alt((
        |input| quoted(input, "\"", TokenKind::Str),
        |input| quoted(input, "b\"", TokenKind::ByteStr),
        |input| quoted(input, "b'", TokenKind::Byte),
    ))
    .parse(input)
}

fn quoted<'a>(input: &'a str, opener: &'static str, kind: TokenKind) -> IResult<&'a str, Lexeme> {
    let quote = if kind == TokenKind::Byte { '\'' } else { '"' };
    let plain = move |c: char| c != quote && c != '\\' && c != '\n';
    let escape = recognize(pair(char('\\'), satisfy(|c| c != '\n')));
    let (rest, _) = tag(opener).parse(input)?;
    let (rest, _) = many0_count(alt((take_while1(plain), escape))).parse(rest)?;
    let (rest, _) = opt(char('\\')).parse(rest)?;
    let (rest, end) = opt(char(quote)).parse(rest)?;
    if end.is_some() {
        return Ok((rest, Lexeme::Quoted(kind, true)));
    }
    // The mark was probably forgotten before what ends the line.
    let content = input[..input.len() - rest.len()].trim_end_matches([';', ',', ')', ']', '}', '\r', ' ', '\t']);
    Ok((&input[content.len().max(opener.len())..], Lexeme::Quoted(kind, false)))
}

/// `'a'` or `'\n'`, with its quotation marks.
fn char_literal(input: &str) -> IResult<&str, &str> {
    let content = alt((
        recognize(pair(char('\\'), one_of("nrt0\\'\""))),
        recognize(satisfy(|c| c != '\'' && c.is_ascii_graphic() || c == ' ')),
    ));
    recognize((char('\''), content, char('\''))).parse(input)
}

/// What stands in `'…'` on one line. Neither `'a` of `<'a, 'b>` nor a mark alone begins such a text.
fn single_quoted(input: &str) -> Option<&str> {
    let inside = input.strip_prefix('\'')?;
    let line = &inside[..inside.find('\n').unwrap_or(inside.len())];
    let content = &line[..line.find('\'')?];
    let next = line[content.len() + 1..].chars().next();
    let ends = !next.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_text =
        content.chars().count() > 1 && content.len() <= CURLY_TEXT_CHARS_MAX && !content.contains(['"', '\\']);
    (ends && is_text && !content.ends_with(' ')).then_some(content)
}

fn symbol(input: &str) -> IResult<&str, Lexeme> {
    let found = SYMBOLS.iter().find(|(text, _)| input.starts_with(text));
    let Some((text, kind)) = found else {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Alt)));
    };
    value(Lexeme::Token(*kind), tag(*text)).parse(input)
}
