//! Text to syntax tree and back.
//!
//! [`parse`] never fails: it returns a tree together with what is wrong, and goes on after an error so that one run
//! reports several. Nothing is resolved here; [`ast`] is what the author wrote.

pub mod ast;
mod brackets;
pub mod format;
mod lexer;
mod parser;
#[cfg(feature = "test-support")]
pub mod round_trip;
mod token;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, SourceMap, Span};

/// The largest source file, in bytes.
pub const FILE_BYTES_MAX: usize = 4 << 20;

/// How deeply code may nest.
pub const DEPTH_MAX: usize = 200;

/// How many digits a number may have; more than the widest integer needs.
pub const DIGITS_MAX: usize = 5_000;

/// How many errors of one file are reported.
pub const ERRORS_MAX: usize = 100;

/// The syntax tree of a file, and everything that is wrong with its syntax, in order of place.
///
/// # Panics
/// If `sources` did not give out `file`.
#[must_use]
pub fn parse(sources: &SourceMap, file: FileId) -> (ast::File, Vec<Diagnostic>) {
    let text = sources.file(file).text();
    if text.len() > FILE_BYTES_MAX {
        return (empty_file(file), vec![too_large(file, text.len())]);
    }
    let mut errors = Errors::default();
    let lexed = lexer::lex(file, text, &mut errors);
    let balanced = brackets::balance(&lexed.tokens, text, &mut errors);
    parser::Parser::new(file, text, balanced, lexed.left_out, errors).file()
}

/// The errors of a file: no more of them are kept than are shown.
#[derive(Debug, Default)]
struct Errors {
    kept: Vec<Diagnostic>,
    n_dropped: usize,
}

impl Errors {
    fn push(&mut self, error: Diagnostic) {
        if self.kept.len() < ERRORS_MAX { self.kept.push(error) } else { self.n_dropped += 1 }
    }

    fn len(&self) -> usize {
        self.kept.len() + self.n_dropped
    }

    fn append(&mut self, other: Errors) {
        self.n_dropped += other.n_dropped;
        other.kept.into_iter().for_each(|error| self.push(error));
    }

    /// In order of place, and at the end how many there are beside these.
    fn finish(mut self) -> Vec<Diagnostic> {
        self.kept.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
        if self.n_dropped > 0 {
            let message = format!("there are {} more errors; the first {ERRORS_MAX} are shown", self.n_dropped);
            self.kept.push(Diagnostic::error(Code::TooManyErrors, message));
        }
        self.kept
    }
}

fn empty_file(id: FileId) -> ast::File {
    ast::File { id, docs: Vec::new(), items: Vec::new(), span: Span::new(id, 0, 0) }
}

fn too_large(file: FileId, n_bytes: usize) -> Diagnostic {
    Diagnostic::error(Code::FileTooLarge, format!("this file has {n_bytes} bytes; a file has at most {FILE_BYTES_MAX}"))
        .at(Span::new(file, 0, 0), "in this file")
        .help("split it into several files, and give tables as inputs")
}
