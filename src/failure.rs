//! Why a command ended without doing its work, and the exit code that says so.

use std::fmt;

use hushgate_compiler::diagnostic::Diagnostic;
use hushgate_compiler::source::SourceMap;
use hushgate_runtime::channel::tls::TlsError;
use hushgate_runtime::session::SessionError;

use crate::data::DataError;

/// A command's failure. Each kind has an exit code that scripts rely on.
#[derive(Debug)]
pub enum Failure {
    /// The program has errors, or its tests failed; what is to be shown, ready to print.
    Program(String),
    /// The command was used wrongly.
    Usage(String),
    /// The data do not fit the program.
    Data(DataError),
    /// Something that the program requires does not hold, so there are no results; what is to be shown.
    Unmet(String),
    /// The session failed: disagreement, network, or a peer that broke the protocol.
    Session(SessionError),
    /// No encrypted connection, on this address.
    Tls(String, TlsError),
    /// No connection: no such host, nobody there, nobody came.
    Network(String),
    /// The parties do not agree.
    Agreement(String),
    /// The peer did what it must not.
    Peer(String),
    /// Shares are missing, or cannot be used.
    Shares(String),
    /// A local policy refused.
    Policy(String),
    /// Files that cannot be read or written, and the like.
    Other(anyhow::Error),
}

impl Failure {
    /// The program's errors, drawn with their source.
    pub fn diagnostics(sources: &SourceMap, diagnostics: &[Diagnostic], color: bool) -> Failure {
        Failure::Program(hushgate_compiler::diagnostic::render(sources, diagnostics, color))
    }

    /// For commands that keep secrets.
    pub fn no_trace() -> Failure {
        let text = "--trace shows the values of secrets: it works with `hushgate eval` alone, in the clear, with data made for tests";
        Failure::Usage(text.to_owned())
    }

    /// 1 to 7, as the manual's table has it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Program(_) | Failure::Other(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Data(_) | Failure::Unmet(_) | Failure::Shares(_) => 3,
            Failure::Session(error) => error.exit_code(),
            Failure::Tls(_, error) => error.exit_code(),
            Failure::Agreement(_) => 4,
            Failure::Network(_) => 5,
            Failure::Peer(_) => 6,
            Failure::Policy(_) => 7,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Program(drawn) | Failure::Unmet(drawn) => f.write_str(drawn.trim_end()),
            Failure::Usage(text)
            | Failure::Agreement(text)
            | Failure::Shares(text)
            | Failure::Network(text)
            | Failure::Peer(text)
            | Failure::Policy(text) => write!(f, "error: {text}"),
            Failure::Data(error) => write!(f, "error: {error}"),
            Failure::Tls(address, error) => write!(f, "error: {address}: {error}"),
            Failure::Session(error) => write!(f, "error: {error}"),
            Failure::Other(error) => write!(f, "error: {error:#}"),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::Data(error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Failure {
        Failure::Session(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Other(error)
    }
}
