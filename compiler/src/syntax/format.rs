//! The one canonical layout of a program: [`format()`] prints a syntax tree with the comments of its text.
//!
//! # Invariants
//! - The result has the same syntax tree, spans aside, and the same comments in the same order.
//! - Formatting the result changes nothing.
//!
//! A comment keeps its place if it stands between declarations, statements, elements of a list, arms or operands.
//! Elsewhere it moves to the next such place.

mod comments;
mod doc;
mod expr;
mod item;
mod pattern;
mod ty;

use std::borrow::Cow;

use self::comments::{Blanks, Comments};
use self::doc::{Doc, concat, group, hardline, if_broken, nest, nil, softline, text};
use super::{ast, lexer};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, SourceMap, Span};

/// How often a layout is improved on at most.
const ROUNDS_MAX: usize = 8;

/// The file in canonical layout, or what is wrong with its syntax.
///
/// # Panics
/// If `sources` did not give out `file`.
pub fn format(sources: &SourceMap, file: FileId) -> Result<String, Vec<Diagnostic>> {
    let (tree, diagnostics) = super::parse(sources, file);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut text = once(sources.file(file).text(), &tree);
    // A comment that had no place of its own may have one where it now stands.
    for _ in 0..ROUNDS_MAX {
        if text.len() > super::FILE_BYTES_MAX {
            return Err(vec![super::too_large(file, text.len())]);
        }
        let mut sources = SourceMap::new();
        let round = sources.add("", text.as_str());
        let next = once(&text, &super::parse(&sources, round).0);
        if next == text {
            break;
        }
        text = next;
    }
    Ok(text)
}

fn once(text: &str, tree: &ast::File) -> String {
    let lexed = lexer::lex(tree.id, text, &mut super::Errors::default());
    let mut formatter = Formatter { text, comments: Comments::new(text, lexed.comments) };
    doc::print(&formatter.file(tree))
}

/// Turns nodes into documents. Comments are taken from `comments` as their places come by.
struct Formatter<'a> {
    text: &'a str,
    comments: Comments<'a>,
}

/// How the brackets of a list stand off its elements.
#[derive(Clone, Copy)]
struct Brackets {
    open: &'static str,
    close: &'static str,
    /// Whether spaces stand inside where the list is on one line.
    spaced: bool,
}

const PARENS: Brackets = Brackets { open: "(", close: ")", spaced: false };
const SQUARE: Brackets = Brackets { open: "[", close: "]", spaced: false };
const BRACES: Brackets = Brackets { open: "{", close: "}", spaced: true };
const ANGLES: Brackets = Brackets { open: "<", close: ">", spaced: false };

impl<'a> Formatter<'a> {
    /// The text of the file at `span`.
    fn source(&self, span: Span) -> Cow<'a, str> {
        Cow::Borrowed(&self.text[span.start as usize..span.end as usize])
    }

    /// `open element, element close`, on one line if it fits. `end` is where the closing bracket begins.
    fn list<T>(
        &mut self,
        brackets: Brackets,
        elements: &[T],
        end: u32,
        span: impl Fn(&T) -> Span,
        print: impl FnMut(&mut Self, &T) -> Doc<'a>,
    ) -> Doc<'a> {
        group(self.loose_list(brackets, elements, end, span, print))
    }

    /// A list that is broken with the group that it stands in.
    fn loose_list<T>(
        &mut self,
        brackets: Brackets,
        elements: &[T],
        end: u32,
        span: impl Fn(&T) -> Span,
        mut print: impl FnMut(&mut Self, &T) -> Doc<'a>,
    ) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, element) in elements.iter().enumerate() {
            let place = span(element);
            parts.push(if i == 0 { open_line(brackets) } else { doc::line() });
            parts.push(self.comments.leading(place.start, Blanks::Never));
            parts.push(print(self, element));
            let (inline, at_end) = self.comments.trailing(place.end);
            parts.push(inline);
            parts.push(if i + 1 < elements.len() { text(",") } else { if_broken(",") });
            parts.push(at_end);
        }
        self.close(brackets, parts, end)
    }

    /// Puts brackets around parts, and the comments before the closing one.
    fn close(&mut self, brackets: Brackets, mut parts: Vec<Doc<'a>>, end: u32) -> Doc<'a> {
        let comments = self.comments.own_lines(end);
        if parts.is_empty() && comments.is_none() {
            return text(format!("{}{}", brackets.open, brackets.close));
        }
        if let Some(comments) = comments {
            parts.push(hardline());
            parts.push(comments);
        }
        let inside = nest(concat(parts));
        concat(vec![text(brackets.open), inside, open_line(brackets), text(brackets.close)])
    }

    /// Elements on lines of their own between braces; blank lines between them are kept.
    fn body<T>(
        &mut self,
        elements: &[T],
        end: u32,
        span: impl Fn(&T) -> Span,
        mut print: impl FnMut(&mut Self, &T) -> Doc<'a>,
        comma: impl Fn(&T) -> bool,
    ) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, element) in elements.iter().enumerate() {
            let place = span(element);
            parts.push(hardline());
            parts.push(self.comments.leading(place.start, Blanks::kept_after(i > 0)));
            parts.push(print(self, element));
            let (inline, at_end) = self.comments.trailing(place.end);
            parts.push(inline);
            parts.push(if comma(element) { text(",") } else { nil() });
            parts.push(at_end);
        }
        if let Some(comments) = self.comments.own_lines_after(end, !elements.is_empty()) {
            parts.push(hardline());
            parts.push(comments);
        }
        if parts.is_empty() {
            return text("{}");
        }
        concat(vec![text("{"), nest(concat(parts)), hardline(), text("}")])
    }

    /// Documentation on lines of its own, with the comments in it and before `next`, where what it documents begins.
    fn docs(&mut self, docs: &[ast::DocLine], marker: &str, next: u32) -> Doc<'a> {
        let mut parts = Vec::new();
        for doc in docs {
            let space = if doc.text.is_empty() { "" } else { " " };
            parts.push(self.comments.leading(doc.span.start, Blanks::Never));
            parts.push(text(format!("{marker}{space}{}", doc.text)));
            parts.push(hardline());
        }
        if !docs.is_empty() {
            parts.push(self.comments.leading(next, Blanks::Never));
        }
        concat(parts)
    }
}

fn open_line<'a>(brackets: Brackets) -> Doc<'a> {
    if brackets.spaced { doc::line() } else { softline() }
}

fn ident<'a>(name: &ast::Ident) -> Doc<'a> {
    text(name.name.to_string())
}

/// Where a node begins, its documentation included.
fn with_docs(docs: &[ast::DocLine], span: Span) -> Span {
    docs.first().map_or(span, |doc| doc.span.to(span))
}

#[cfg(test)]
mod tests;
