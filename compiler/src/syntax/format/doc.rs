//! Documents that know where they may be broken into lines, and how to lay them out.
//!
//! After Wadler, "A prettier printer", 2003: a group is put on one line if it fits, and otherwise broken at all of its
//! own lines. Printing takes time linear in the document, with a constant that grows with the width.

use std::borrow::Cow;

/// How long a line may become where it can be broken.
const WIDTH: usize = 120;

/// Spaces per level.
const INDENT: usize = 4;

/// Something to be laid out.
#[derive(Debug)]
pub(super) struct Doc<'a> {
    kind: Kind<'a>,
    /// Whether it cannot stand on one line.
    hard: bool,
}

#[derive(Debug)]
enum Kind<'a> {
    Text(Cow<'a, str>),
    /// A place to break, and what stands there if it is not broken.
    Line(&'static str),
    HardLine,
    /// Stands there only if the group is broken.
    IfBroken(&'static str),
    /// Goes to the end of the line, whatever follows.
    Suffix(Cow<'a, str>),
    Concat(Vec<Doc<'a>>),
    Nest(Box<Doc<'a>>),
    Group(Box<Doc<'a>>),
    /// Words, each on the line of the one before it where it fits.
    Fill(Vec<Cow<'a, str>>),
}

pub(super) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Doc<'a> {
    Doc { kind: Kind::Text(text.into()), hard: false }
}

pub(super) fn nil<'a>() -> Doc<'a> {
    concat(Vec::new())
}

/// A space or a new line.
pub(super) fn line<'a>() -> Doc<'a> {
    Doc { kind: Kind::Line(" "), hard: false }
}

/// Nothing or a new line.
pub(super) fn softline<'a>() -> Doc<'a> {
    Doc { kind: Kind::Line(""), hard: false }
}

pub(super) fn hardline<'a>() -> Doc<'a> {
    Doc { kind: Kind::HardLine, hard: true }
}

pub(super) fn if_broken<'a>(text: &'static str) -> Doc<'a> {
    Doc { kind: Kind::IfBroken(text), hard: false }
}

/// A comment at the end of the line. What it stands in is broken, so that the line does end there.
pub(super) fn suffix<'a>(comment: impl Into<Cow<'a, str>>) -> Doc<'a> {
    Doc { kind: Kind::Suffix(comment.into()), hard: true }
}

pub(super) fn concat(parts: Vec<Doc<'_>>) -> Doc<'_> {
    Doc { hard: parts.iter().any(|part| part.hard), kind: Kind::Concat(parts) }
}

pub(super) fn nest(doc: Doc<'_>) -> Doc<'_> {
    Doc { hard: doc.hard, kind: Kind::Nest(Box::new(doc)) }
}

pub(super) fn group(doc: Doc<'_>) -> Doc<'_> {
    Doc { hard: doc.hard, kind: Kind::Group(Box::new(doc)) }
}

pub(super) fn fill(words: Vec<Cow<'_, str>>) -> Doc<'_> {
    Doc { hard: false, kind: Kind::Fill(words) }
}

impl Doc<'_> {
    /// Makes what it stands in be broken.
    pub(super) fn harden(&mut self) {
        self.hard = true;
    }
}

/// The text of `doc`, with a line feed at its end.
pub(super) fn print(doc: &Doc<'_>) -> String {
    let mut printer =
        Printer { out: String::new(), column: 0, indent: 0, suffixes: Vec::new(), stack: vec![(0, false, doc)] };
    printer.run();
    printer.newline(0);
    let text = printer.out.trim_end();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

struct Printer<'d, 'a> {
    out: String,
    /// Characters on the line so far.
    column: usize,
    /// How far the line is indented.
    indent: usize,
    suffixes: Vec<&'d str>,
    /// What is still to be printed: indentation, whether on one line, what.
    stack: Vec<(usize, bool, &'d Doc<'a>)>,
}

impl<'d, 'a> Printer<'d, 'a> {
    fn run(&mut self) {
        while let Some((indent, flat, doc)) = self.stack.pop() {
            match &doc.kind {
                Kind::Text(text) => self.text(text),
                Kind::Line(text) if flat => self.text(text),
                Kind::Line(_) | Kind::HardLine => self.newline(indent),
                Kind::IfBroken(text) if !flat => self.text(text),
                Kind::IfBroken(_) => {}
                Kind::Suffix(text) => self.suffixes.push(text),
                Kind::Concat(parts) => self.stack.extend(parts.iter().rev().map(|part| (indent, flat, part))),
                Kind::Nest(inner) => self.stack.push((indent + INDENT, flat, inner)),
                Kind::Group(inner) => {
                    let flat = flat || (!inner.hard && self.fits(inner));
                    self.stack.push((indent, flat, inner));
                }
                Kind::Fill(words) => self.fill(indent, words),
            }
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.column == 0 {
            self.out.push_str(&" ".repeat(self.indent));
            self.column = self.indent;
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn newline(&mut self, indent: usize) {
        for suffix in self.suffixes.drain(..) {
            self.out.push(' ');
            self.out.push_str(suffix);
        }
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
        self.out.push('\n');
        (self.column, self.indent) = (0, indent);
    }

    fn fill(&mut self, indent: usize, words: &[Cow<'_, str>]) {
        for (i, word) in words.iter().enumerate() {
            match i {
                0 => {}
                _ if self.column + 1 + word.chars().count() > WIDTH => self.newline(indent),
                _ => self.text(" "),
            }
            self.text(word);
        }
    }

    /// Whether `doc` and what follows it up to the next possible break fit on the line.
    fn fits(&self, doc: &Doc<'_>) -> bool {
        let mut room = WIDTH.saturating_sub(self.column.max(self.indent));
        let mut todo: Vec<(bool, &Doc<'_>)> = vec![(true, doc)];
        let mut rest = self.stack.iter().rev();
        loop {
            let Some((flat, doc)) = todo.pop() else {
                match rest.next() {
                    Some((_, flat, doc)) => todo.push((*flat, doc)),
                    None => return true,
                }
                continue;
            };
            let used = match &doc.kind {
                Kind::Text(text) => text.chars().count(),
                Kind::Line(text) if flat => text.len(),
                Kind::Line(_) | Kind::HardLine => return true,
                Kind::IfBroken(_) | Kind::Suffix(_) => 0,
                Kind::Fill(words) => words.iter().take(WIDTH).map(|word| word.chars().count() + 1).sum(),
                Kind::Concat(parts) => {
                    todo.extend(parts.iter().rev().map(|part| (flat, part)));
                    0
                }
                Kind::Nest(inner) | Kind::Group(inner) => {
                    todo.push((flat, inner));
                    0
                }
            };
            if used > room {
                return false;
            }
            room -= used;
        }
    }
}
