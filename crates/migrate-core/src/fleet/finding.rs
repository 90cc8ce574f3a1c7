//! What is wrong with the list of a fleet's databases, or with the file of its results.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::finding::Source;

/// A finding about a fleet. The sources that they show hold no password: see [`masked`](super::masked).
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// A line that names no database.
    #[error("this names no database: {reason}")]
    #[diagnostic(
        code("fleet/target"),
        help(
            "write one database a line: its name on the server of `--url`, `mysql://USER@HOST:PORT/DATABASE`, or a name of your own and such a URL"
        )
    )]
    Target {
        /// What is wrong.
        reason: String,
        /// The list.
        #[source_code]
        src: Source,
        /// What is wrong in it.
        #[label("here")]
        span: SourceSpan,
    },
    /// Two lines have one name.
    #[error("the name `{name}` is given twice")]
    #[diagnostic(code("fleet/duplicate-name"), help("give each database a name of its own"))]
    DuplicateName {
        /// The name.
        name: String,
        /// The list.
        #[source_code]
        src: Source,
        /// The second line.
        #[label(primary, "again here")]
        span: SourceSpan,
        /// The first line.
        #[label("first here")]
        first: SourceSpan,
    },
    /// Two lines mean one database.
    #[error("the database {database} is named twice")]
    #[diagnostic(code("fleet/duplicate-database"), help("leave one of the two lines out"))]
    DuplicateDatabase {
        /// Where it is.
        database: String,
        /// The list.
        #[source_code]
        src: Source,
        /// The second line.
        #[label(primary, "again here")]
        span: SourceSpan,
        /// The first line.
        #[label("first here")]
        first: SourceSpan,
    },
    /// A list without a database.
    #[error("{list} names no database")]
    #[diagnostic(code("fleet/empty"), help("an empty fleet is more often a mistake than a wish"))]
    Empty {
        /// The list.
        list: String,
    },
    /// Passwords in the list.
    #[error("{list} holds the password of {count} of its databases")]
    #[diagnostic(
        code("fleet/password"),
        severity(Warning),
        help("leave them out and set INFRA_MYSQL_PASSWORD or INFRA_MYSQL_PASSWORD_FILE")
    )]
    Password {
        /// The list.
        list: String,
        /// How many.
        count: usize,
    },
    /// A line of the results that no run has written.
    #[error("this is not a result of a fleet: {reason}")]
    #[diagnostic(
        code("fleet/result"),
        help("name a file that `--result` has written before, or one that does not exist yet")
    )]
    Result {
        /// What is wrong.
        reason: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The line.
        #[label("here")]
        span: SourceSpan,
    },
}
