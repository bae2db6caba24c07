//! The comments of a file, handed out as the formatter comes to their places.

use std::borrow::Cow;

use super::doc::{Doc, concat, hardline, nil, suffix, text};
use crate::source::Span;

/// How many comments in a row are looked at to decide where the first belongs.
const COMMENTS_AHEAD_MAX: usize = 16;

/// The comments that have not been printed yet.
pub(super) struct Comments<'a> {
    text: &'a str,
    spans: Vec<Span>,
    next: usize,
}

/// Which blank lines stand before a node and its comments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    /// None.
    Never,
    /// Those of the author after a comment.
    KeptAfterComments,
    /// Those of the author.
    Kept,
    /// One in any case, and those of the author after a comment.
    Forced,
}

impl Blanks {
    /// Those of the author, but before the first of several nodes only after a comment.
    pub(super) fn kept_after(earlier: bool) -> Blanks {
        if earlier { Blanks::Kept } else { Blanks::KeptAfterComments }
    }
}

impl<'a> Comments<'a> {
    pub(super) fn new(text: &'a str, spans: Vec<Span>) -> Comments<'a> {
        Comments { text, spans, next: 0 }
    }

    /// Whether a comment begins before `place` that has not been printed.
    pub(super) fn any_before(&self, place: u32) -> bool {
        self.spans.get(self.next).is_some_and(|span| span.start < place)
    }

    /// The comments before the node that begins at `place`, each on a line of its own.
    pub(super) fn leading(&mut self, place: u32, blanks: Blanks) -> Doc<'a> {
        let mut parts = Vec::new();
        let mut blanks_here = blanks;
        while let Some(span) = self.take_before(place) {
            parts.extend(self.blank_line(blanks_here, span.start));
            parts.push(text(self.comment(span)));
            let same_line = self.is_block(span) && !self.newline_between(span.end, place) && !self.any_before(place);
            parts.push(if same_line { text(" ") } else { hardline() });
            blanks_here = if same_line || blanks == Blanks::Never { Blanks::Never } else { Blanks::Kept };
        }
        parts.extend(self.blank_line(blanks_here, place));
        concat(parts)
    }

    fn blank_line(&self, blanks: Blanks, place: u32) -> Option<Doc<'a>> {
        let wanted = match blanks {
            Blanks::Never | Blanks::KeptAfterComments => false,
            Blanks::Kept => self.blank_before(place),
            Blanks::Forced => true,
        };
        wanted.then(hardline)
    }

    /// The comments that belong to the node that ends at `end`: those inside it that found no place, and what follows
    /// it on its line. The first part stands right after the node, the second at the end of its line.
    pub(super) fn trailing(&mut self, end: u32) -> (Doc<'a>, Doc<'a>) {
        let (mut inline, mut at_end, mut from) = (Vec::new(), Vec::new(), end);
        while let Some(span) = self.spans.get(self.next).copied() {
            let inside = span.start < end;
            if !inside && !self.follows(from, span) {
                break;
            }
            self.next += 1;
            let comment = self.comment(span);
            let before_comma = inside || self.between(from, span.start).trim().is_empty();
            from = from.max(span.end);
            if self.is_block(span) && !comment.contains('\n') && before_comma && at_end.is_empty() {
                inline.push(text(" "));
                inline.push(text(comment));
            } else if at_end.is_empty() {
                at_end.push(suffix(comment));
            } else {
                at_end.extend([hardline(), text(comment)]);
            }
        }
        (concat(inline), concat(at_end))
    }

    /// The comments on the line of the operand that ends at `end`, before the operator at `operator`.
    pub(super) fn after_operand(&mut self, end: u32, operator: u32) -> (Doc<'a>, Doc<'a>) {
        match self.spans.get(self.next) {
            Some(span) if span.start < operator && !self.newline_between(end, span.start) => self.trailing(span.end),
            _ => (nil(), nil()),
        }
    }

    /// Whether all comments before `place` fit on its line.
    pub(super) fn inline_before(&self, place: u32) -> bool {
        let mut before = self.spans[self.next..].iter().take_while(|span| span.start < place);
        before.all(|span| self.is_block(*span) && !self.newline_between(span.start, place))
    }

    /// The comments before a closing bracket at `place`, on lines of their own.
    pub(super) fn own_lines(&mut self, place: u32) -> Option<Doc<'a>> {
        self.own_lines_after(place, false)
    }

    /// The same, after something that they may be set apart from by a blank line.
    pub(super) fn own_lines_after(&mut self, place: u32, mut blank: bool) -> Option<Doc<'a>> {
        let mut parts = Vec::new();
        while let Some(span) = self.take_before(place) {
            if !parts.is_empty() {
                parts.push(hardline());
            }
            if blank && self.blank_before(span.start) {
                parts.push(hardline());
            }
            parts.push(text(self.comment(span)));
            blank = true;
        }
        // What ends here cannot stand on one line.
        (!parts.is_empty()).then(|| concat(vec![concat(parts), hard_nil()]))
    }

    fn take_before(&mut self, place: u32) -> Option<Span> {
        let span = *self.spans.get(self.next)?;
        (span.start < place).then(|| {
            self.next += 1;
            span
        })
    }

    /// Whether a comment stands on the line of the node that ends at `end`, with nothing but punctuation between.
    fn follows(&self, end: u32, comment: Span) -> bool {
        let between = self.between(end, comment.start);
        if !between.chars().all(|c| matches!(c, ' ' | '\t' | ',' | ';')) {
            return false;
        }
        if !self.is_block(comment) {
            return true;
        }
        // A block comment before something else on the line belongs to that.
        let mut end = comment.end;
        for next in self.spans[self.next + 1..].iter().take(COMMENTS_AHEAD_MAX) {
            if !self.between(end, next.start).chars().all(|c| matches!(c, ' ' | '\t')) {
                break;
            }
            end = next.end;
        }
        let after = self.text[end as usize..].trim_start_matches([' ', '\t']);
        after.is_empty() || after.starts_with(['\n', '\r', ')', ']', '}', ',', ';'])
    }

    fn between(&self, start: u32, end: u32) -> &'a str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn newline_between(&self, start: u32, end: u32) -> bool {
        self.between(start, end).contains('\n')
    }

    fn is_block(&self, comment: Span) -> bool {
        self.text[comment.start as usize..].starts_with("/*")
    }

    fn comment(&self, span: Span) -> Cow<'a, str> {
        Cow::Borrowed(self.between(span.start, span.end).trim_end())
    }

    /// Whether a blank line stands before `place`.
    pub(super) fn blank_before(&self, place: u32) -> bool {
        let before = &self.text[..place as usize];
        let space = &before[before.trim_end_matches([' ', '\t', '\r', '\n']).len()..];
        space.matches('\n').count() > 1
    }
}

/// Nothing, but not on one line.
fn hard_nil<'a>() -> Doc<'a> {
    let mut doc = nil();
    doc.harden();
    doc
}
