//! Diagnostics as text for people ([`render`]) and as plain data for programs ([`locate`]).

use std::ops::Range;

use codespan_reporting::diagnostic as cs;
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::termcolor::Buffer;
use codespan_reporting::term::{self, Config, DisplayStyle, Styles, StylesWriter};

use super::{Diagnostic, Severity, Suggestion};
use crate::source::{FileId, Position, SourceMap, Span, boundary_before, is_hidden};

/// Lines longer than this many bytes are not shown.
const LINE_BYTES_MAX: usize = 1_000;

/// The diagnostics as people read them, one after the other, with the lines they are about.
///
/// `color` adds the escape codes of a terminal.
#[must_use]
pub fn render(sources: &SourceMap, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut buffer = if color { Buffer::ansi() } else { Buffer::no_color() };
    let styles = Styles::default();
    for diagnostic in diagnostics {
        let report = report(sources, diagnostic);
        let config = Config { display_style: style(sources, diagnostic), ..Config::default() };
        let mut writer = StylesWriter::new(&mut buffer, &styles);
        term::emit_to_write_style(&mut writer, &config, sources, &report)
            .expect("spans are clamped to their files and memory takes every write");
    }
    String::from_utf8_lossy(buffer.as_slice()).into_owned()
}

/// Where a diagnostic points, for `--json` and editors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Such as `E0031`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What was found and what was expected.
    pub message: String,
    /// The places; the first primary one is the problem itself.
    pub labels: Vec<LocatedLabel>,
    /// Further sentences.
    pub notes: Vec<String>,
    /// How to fix it.
    pub help: Option<String>,
    /// The same as changes of the text.
    pub edits: Vec<LocatedEdit>,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedLabel {
    /// The file's name.
    pub file: String,
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
    /// A few words; may be empty.
    pub message: String,
    /// Whether this is the problem itself.
    pub primary: bool,
}

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedEdit {
    /// The file's name.
    pub file: String,
    /// The first character that is replaced.
    pub start: Position,
    /// One past the last.
    pub end: Position,
    /// What stands there instead.
    pub replacement: String,
}

/// The diagnostic with names, lines and columns in place of spans.
#[must_use]
pub fn locate(sources: &SourceMap, diagnostic: &Diagnostic) -> Located {
    let suggestion = diagnostic.help.as_ref();
    Located {
        code: diagnostic.code.number(),
        severity: diagnostic.severity.name(),
        message: diagnostic.message.clone(),
        labels: diagnostic.labels.iter().map(|label| locate_label(sources, label)).collect(),
        notes: diagnostic.notes.clone(),
        help: suggestion.map(|help| help.message.clone()),
        edits: suggestion.iter().flat_map(|help| &help.edits).map(|edit| locate_edit(sources, edit)).collect(),
    }
}

fn locate_label(sources: &SourceMap, label: &super::Label) -> LocatedLabel {
    let (file, start, end) = place(sources, label.span);
    LocatedLabel { file, start, end, message: label.message.clone(), primary: label.primary }
}

fn locate_edit(sources: &SourceMap, edit: &super::Edit) -> LocatedEdit {
    let (file, start, end) = place(sources, edit.span);
    LocatedEdit { file, start, end, replacement: edit.replacement.clone() }
}

fn place(sources: &SourceMap, span: Span) -> (String, Position, Position) {
    match sources.find(span.file) {
        Some(file) => (file.name().to_owned(), file.position(span.start as usize), file.position(span.end as usize)),
        None => (String::new(), Position { line: 1, column: 1 }, Position { line: 1, column: 1 }),
    }
}

impl Severity {
    /// `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

fn report(sources: &SourceMap, diagnostic: &Diagnostic) -> cs::Diagnostic<FileId> {
    let severity = match diagnostic.severity {
        Severity::Warning => cs::Severity::Warning,
        Severity::Error => cs::Severity::Error,
    };
    let labels = diagnostic.labels.iter().filter_map(|label| {
        let style = if label.primary { cs::LabelStyle::Primary } else { cs::LabelStyle::Secondary };
        let range = clamp(sources, label.span)?;
        Some(cs::Label::new(style, label.span.file, range).with_message(printable(&label.message)))
    });
    let notes = diagnostic.notes.iter().map(|note| format!("note: {}", printable(note)));
    let help = diagnostic.help.iter().map(|help| help_text(sources, help));
    cs::Diagnostic::new(severity)
        .with_code(diagnostic.code.number())
        .with_message(printable(&diagnostic.message))
        .with_labels(labels.collect())
        .with_notes(notes.chain(help).collect())
}

/// The advice, and below it the line as it would be, where one line changes.
fn help_text(sources: &SourceMap, help: &Suggestion) -> String {
    let message = printable(&help.message);
    match edited_line(sources, help) {
        Some(line) => format!("help: {message}:\n    {}", printable(line.trim())),
        None => format!("help: {message}"),
    }
}

fn edited_line(sources: &SourceMap, help: &Suggestion) -> Option<String> {
    let mut edits: Vec<_> = help.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span.start);
    let first = edits.first()?.span;
    let file = sources.find(first.file)?;
    let line = file.line_range(file.line_index(first.start as usize))?;
    let mut text = String::new();
    let mut from = line.start;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        text.push_str(file.text().get(from..start).filter(|_| edit.span.file == first.file && end <= line.end)?);
        text.push_str(&edit.replacement);
        from = end;
    }
    text.push_str(file.text().get(from..line.end)?);
    let text = text.trim_end();
    (text.len() <= LINE_BYTES_MAX && !text.contains('\n')).then(|| text.to_owned())
}

/// Whole lines are shown unless one of them is too long for that.
fn style(sources: &SourceMap, diagnostic: &Diagnostic) -> DisplayStyle {
    let too_long = |span: Span| {
        let file = sources.find(span.file)?;
        let lines = file.line_index(span.start as usize)..=file.line_index(span.end as usize);
        Some(lines.into_iter().any(|i| file.line_range(i).is_some_and(|line| line.len() > LINE_BYTES_MAX)))
    };
    let any_too_long = diagnostic.labels.iter().any(|label| too_long(label.span).unwrap_or(false));
    if any_too_long { DisplayStyle::Medium } else { DisplayStyle::Rich }
}

/// The bytes of `span`, inside its file and on character boundaries.
fn clamp(sources: &SourceMap, span: Span) -> Option<Range<usize>> {
    let text = sources.find(span.file)?.text();
    let end = boundary_before(text, span.end as usize);
    Some(boundary_before(text, (span.start as usize).min(end))..end)
}

/// Text from a file may hold characters that would steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl<'a> Files<'a> for SourceMap {
    type FileId = FileId;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.find(id).map(|file| file.name()).ok_or(Error::FileMissing)
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.find(id).map(|file| file.shown()).ok_or(Error::FileMissing)
    }

    fn line_index(&'a self, id: FileId, byte_index: usize) -> Result<usize, Error> {
        self.find(id).map(|file| file.line_index(byte_index)).ok_or(Error::FileMissing)
    }

    fn line_range(&'a self, id: FileId, line_index: usize) -> Result<Range<usize>, Error> {
        let file = self.find(id).ok_or(Error::FileMissing)?;
        file.line_range(line_index).ok_or(Error::LineTooLarge { given: line_index, max: file.n_lines() - 1 })
    }
}
