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
/// Lines of a change that are shown.
const LINES_MAX: usize = 12;

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

/// The advice, and below it the lines that change as they would be: place by place.
fn help_text(sources: &SourceMap, help: &Suggestion) -> String {
    let message = printable(&help.message);
    let lines = edited_lines(sources, help).filter(|lines| !lines.is_empty());
    let Some(mut lines) = lines else { return format!("help: {message}") };
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        lines.push("…".to_owned());
    }
    lines.iter().fold(format!("help: {message}:"), |text, line| text + "\n    " + &printable(line))
}

/// The changed lines; `…` stands between places that are apart.
fn edited_lines(sources: &SourceMap, help: &Suggestion) -> Option<Vec<String>> {
    let mut edits: Vec<_> = help.edits.iter().collect();
    edits.sort_by_key(|edit| (edit.span.file, edit.span.start));
    let mut shown = Vec::new();
    let mut rest = &edits[..];
    while let Some(first) = rest.first() {
        let file = sources.find(first.span.file)?;
        let start = file.line_range(file.line_index(first.span.start as usize))?.start;
        let mut end = start;
        let (mut after, mut from, mut n) = (String::new(), start, 0);
        for edit in rest {
            let begins = file.line_range(file.line_index(edit.span.start as usize))?.start;
            if edit.span.file != first.span.file || n > 0 && begins >= end {
                break;
            }
            after.push_str(file.text().get(from..edit.span.start as usize)?);
            after.push_str(&edit.replacement);
            from = edit.span.end as usize;
            end = file.line_range(file.line_index(from))?.end.max(end);
            n += 1;
        }
        after.push_str(file.text().get(from..end)?);
        rest = &rest[n..];
        let lines = changed(file.text().get(start..end)?, &after);
        if lines.iter().any(|line| line.len() > LINE_BYTES_MAX) {
            return None;
        }
        if !shown.is_empty() && !lines.is_empty() {
            shown.push("…".to_owned());
        }
        shown.extend(lines);
    }
    Some(shown)
}

/// The lines of `after` between those that it begins and ends with as `before` does, without the indentation that all have.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let alike = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(alike).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(alike).count();
    let lines: Vec<&str> = new[head..new.len() - tail].iter().copied().filter(|line| !line.trim().is_empty()).collect();
    let indentation = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    lines.into_iter().map(|line| line.get(indentation..).unwrap_or(line).trim_end().to_owned()).collect()
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
