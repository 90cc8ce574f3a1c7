//! What keeps this crate from going on.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// A reason to stop.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory that cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    #[diagnostic(code("schema/io"))]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is no baseline.
    #[error("`{file}` is not a baseline")]
    #[diagnostic(
        code("schema/not-a-baseline"),
        help("name the file that `infra baseline build` wrote, whole and unchanged")
    )]
    NotABaseline {
        /// The file.
        file: String,
    },
    /// A baseline for a database that has something in it.
    #[error("schema `{schema}` is not empty")]
    #[diagnostic(
        code("schema/not-empty"),
        help("a baseline loads into an empty database only; migrations take an existing one further")
    )]
    NotEmpty {
        /// The schema.
        schema: String,
    },
    /// A database in which the load of another baseline has begun.
    #[error("the load of another baseline into schema `{schema}` was cut off")]
    #[diagnostic(
        code("schema/other-baseline"),
        help("go on with the file that was being loaded, or empty the database first")
    )]
    OtherBaseline {
        /// The schema.
        schema: String,
    },
    /// A load that was asked to stop.
    #[error("the load into schema `{schema}` was stopped")]
    #[diagnostic(code("schema/stopped"), help("run it again: it goes on where it stood"))]
    Stopped {
        /// The schema.
        schema: String,
    },
    /// A statement of a baseline that the server refused.
    #[error("{file}, line {line}, column {column}: the server refuses the statement: {message}")]
    #[diagnostic(
        code("schema/statement-failed"),
        help(
            "server error {code}; what ran before stays: when the cause is the server, run this again once it is mended, and when it is the baseline, empty the database first"
        )
    )]
    Statement {
        /// The file.
        file: String,
        /// The line of the statement, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The server's number.
        code: u16,
        /// What the server says.
        message: String,
    },
    /// What `migrate-core` says about the database.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Database(Box<migrate_core::Error>),
}

impl From<migrate_core::Error> for Error {
    fn from(error: migrate_core::Error) -> Self {
        Self::Database(Box::new(error))
    }
}
