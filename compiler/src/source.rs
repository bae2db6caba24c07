//! Source files and places in them.
//!
//! # Invariants
//! - A [`Span`] made by the parser lies inside its file and on character boundaries. Rendering clamps any other.
//! - Lines and columns are counted from 1; columns count characters, not bytes.

use std::fmt;
use std::sync::Arc;

/// Position of a file in its [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FileId(pub u32);

/// A half-open range of bytes of one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place for people: both counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

/// The files of a program: names and texts.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
    /// The text with other characters, of the same length, in place of those that would steer a terminal.
    shown: Arc<str>,
    /// The byte at which each line begins; the first is 0.
    line_starts: Vec<usize>,
}

impl Span {
    /// The bytes `start..end` of `file`.
    #[must_use]
    pub const fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end }
    }

    /// From the beginning of `self` to the end of `end`, which is in the same file and not before it.
    #[must_use]
    pub fn to(self, end: Span) -> Span {
        debug_assert_eq!(self.file, end.file, "a span lies in one file");
        Span { file: self.file, start: self.start.min(end.start), end: self.end.max(end.end) }
    }

    /// The empty span at the beginning.
    #[must_use]
    pub const fn at_start(self) -> Span {
        Span { file: self.file, start: self.start, end: self.start }
    }

    /// The empty span at the end.
    #[must_use]
    pub const fn at_end(self) -> Span {
        Span { file: self.file, start: self.end, end: self.end }
    }

    /// Whether there are no bytes in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Whether all of `inner` lies in `self`.
    #[must_use]
    pub fn contains(self, inner: Span) -> bool {
        self.file == inner.file && self.start <= inner.start && inner.end <= self.end
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

impl SourceMap {
    /// A map without files.
    #[must_use]
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a file. `name` is what messages call it, usually its path.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("a program has fewer than 2^32 files"));
        self.files.push(SourceFile::new(name.into(), text.into()));
        id
    }

    /// The file `id`.
    ///
    /// # Panics
    /// If this map did not give out `id`.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file `id`, or nothing if this map did not give it out.
    #[must_use]
    pub fn find(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files, in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The text that `span` covers; empty where the span does not fit its file.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.find(span.file).and_then(|file| file.text.get(span.start as usize..span.end as usize)).unwrap_or_default()
    }

    /// Where `span` begins.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.start as usize)
    }
}

impl SourceFile {
    fn new(name: Arc<str>, text: Arc<str>) -> SourceFile {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        let shown = printable(&text);
        SourceFile { name, text, shown, line_starts }
    }

    /// What messages call the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as it may be shown on a terminal; bytes correspond to those of [`SourceFile::text`].
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The text, shared.
    #[must_use]
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// How many lines there are; a text that ends in a line feed has one more, empty, line.
    #[must_use]
    pub fn n_lines(&self) -> usize {
        self.line_starts.len()
    }

    /// The line of `byte`, counted from 0. A byte beyond the end is in the last line.
    #[must_use]
    pub fn line_index(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= byte) - 1
    }

    /// The bytes of a line, counted from 0, with its line feed.
    #[must_use]
    pub fn line_range(&self, line_index: usize) -> Option<std::ops::Range<usize>> {
        let start = *self.line_starts.get(line_index)?;
        let end = self.line_starts.get(line_index + 1).copied().unwrap_or(self.text.len());
        Some(start..end)
    }

    /// The text of a line, counted from 0, without its line ending.
    #[must_use]
    pub fn line(&self, line_index: usize) -> Option<&str> {
        let text = &self.text[self.line_range(line_index)?];
        let text = text.strip_suffix('\n').unwrap_or(text);
        Some(text.strip_suffix('\r').unwrap_or(text))
    }

    /// Line and column of `byte`. A byte beyond the end counts as the end.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let byte = boundary_before(&self.text, byte);
        let line_index = self.line_index(byte);
        let column = self.text[self.line_starts[line_index]..byte].chars().count();
        Position { line: saturate(line_index + 1), column: saturate(column + 1) }
    }
}

/// Whether a character is not seen, steers terminals, or turns the direction of text. Line endings are not asked about.
pub(crate) fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    let empty = matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    turns || empty || (c.is_control() && c != '\t' && c != '\n')
}

/// `text` with a visible character of the same length in place of each hidden one.
fn printable(text: &Arc<str>) -> Arc<str> {
    if !text.contains(is_hidden) {
        return Arc::clone(text);
    }
    let mut chars = text.chars().peekable();
    let mut shown = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let ends_line = c == '\r' && chars.peek() == Some(&'\n');
        shown.push(match c.len_utf8() {
            _ if ends_line || !is_hidden(c) => c,
            1 => '?',
            2 => '¿',
            _ => char::REPLACEMENT_CHARACTER,
        });
    }
    shown.into()
}

/// The last character boundary of `text` at or before `byte`.
pub(crate) fn boundary_before(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, byte: usize) -> (u32, u32) {
        let mut sources = SourceMap::new();
        let file = sources.add("a.hush", text);
        let position = sources.position(Span::new(file, byte as u32, byte as u32));
        (position.line, position.column)
    }

    #[test]
    fn positions_count_from_one_and_in_characters() {
        assert_eq!(at("", 0), (1, 1));
        assert_eq!(at("ab\ncd", 4), (2, 2));
        assert_eq!(at("ab\n", 3), (2, 1));
        assert_eq!(at("é = 1", 2), (1, 2));
        assert_eq!(at("é", 1), (1, 1), "a byte inside a character belongs to it");
        assert_eq!(at("ab", 99), (1, 3), "beyond the end");
    }

    #[test]
    fn lines_lose_their_endings() {
        let mut sources = SourceMap::new();
        let id = sources.add("a", "one\r\ntwo\n");
        let file = sources.file(id);
        assert_eq!(
            (file.line(0), file.line(1), file.line(2), file.line(3)),
            (Some("one"), Some("two"), Some(""), None)
        );
    }

    #[test]
    fn what_is_shown_steers_no_terminal() {
        let mut sources = SourceMap::new();
        let id = sources.add("a", "a\u{1b}[31m \u{85} \u{202e}\tb\n");
        let file = sources.file(id);
        assert_eq!(file.shown(), "a?[31m ¿ \u{fffd}\tb\n");
        assert_eq!(file.shown().len(), file.text().len());
    }

    #[test]
    fn a_span_is_twelve_bytes() {
        assert_eq!(size_of::<Span>(), 12);
    }
}
