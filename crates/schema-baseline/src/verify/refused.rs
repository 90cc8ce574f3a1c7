//! A statement that a server refuses.

use miette::{Diagnostic, SourceSpan};
use migrate_core::database::Failure;
use thiserror::Error;

use crate::finding::at;
use crate::place::{Place, Source};

/// A statement that a server refuses in an empty schema of its own.
#[derive(Debug, Clone, Error, Diagnostic)]
#[error("the server refuses this statement: {message}")]
#[diagnostic(
    code("verify/refused"),
    severity(Error),
    help("server error {code}; the script does not run in an empty schema of this server")
)]
pub struct Refused {
    /// The server's number, 0 if the connection broke.
    pub code: u16,
    /// What the server says.
    pub message: String,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement.
    #[label("refused")]
    pub span: SourceSpan,
}

impl Refused {
    /// What the server said about the statement at `place`.
    pub fn new(failure: &Failure, place: &Place) -> Self {
        let (src, span) = at(place);
        Self { code: failure.code, message: failure.message.clone(), src, span }
    }
}
