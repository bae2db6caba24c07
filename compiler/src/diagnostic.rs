//! What the compiler has to say about a program, as data and as text.
//!
//! Every stage returns what it could make together with a list of [`Diagnostic`]s. One diagnostic says in one sentence
//! what was found and what was expected, in the author's own names and types; points at the place and at the causes;
//! and offers one concrete way out.

mod code;
mod render;

pub use code::{Code, Stage};
pub use render::{Located, LocatedEdit, LocatedLabel, locate, render};

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth a look; the program is accepted.
    Warning,
    /// The program is refused.
    Error,
}

/// One thing to tell the author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop: what was found, what was expected.
    pub message: String,
    /// The places it is about.
    pub labels: Vec<Label>,
    /// Further sentences: why the rule exists, where a value comes from.
    pub notes: Vec<String>,
    /// One way to fix it.
    pub help: Option<Suggestion>,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words; may be empty.
    pub message: String,
    /// Whether this is the problem itself and not one of its causes.
    pub primary: bool,
}

/// One way to fix a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What to do, as an imperative.
    pub message: String,
    /// The same as changes of the text, which do not overlap. Empty where only the author can know them.
    pub edits: Vec<Edit>,
}

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What it is replaced with.
    pub replacement: String,
}

impl Diagnostic {
    /// An error without labels.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Diagnostic {
        let (message, labels, notes) = (message.into(), Vec::new(), Vec::new());
        Diagnostic { code, severity: Severity::Error, message, labels, notes, help: None }
    }

    /// A warning without labels.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// Adds the place of the problem. The first one added is where it is said to be.
    #[must_use]
    pub fn at(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into(), primary: true });
        self
    }

    /// Adds the place of a cause.
    #[must_use]
    pub fn because(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into(), primary: false });
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Says how to fix it, in words alone.
    #[must_use]
    pub fn help(self, message: impl Into<String>) -> Diagnostic {
        self.fix(message, Vec::new())
    }

    /// Says how to fix it, by replacing one span.
    #[must_use]
    pub fn replace(self, message: impl Into<String>, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.fix(message, vec![Edit { span, replacement: replacement.into() }])
    }

    /// Says how to fix it, by several edits.
    #[must_use]
    pub fn fix(mut self, message: impl Into<String>, edits: Vec<Edit>) -> Diagnostic {
        self.help = Some(Suggestion { message: message.into(), edits });
        self
    }

    /// Whether the program is refused because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where the problem is: its first primary label, else its first label.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.iter().find(|label| label.primary).or(self.labels.first()).map(|label| label.span)
    }
}

/// Whether any of them refuses the program.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}
