//! What a schema directory cannot say of a live schema.

use miette::Diagnostic;
use thiserror::Error;

/// Something about an object that its file does not say.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum DumpFinding {
    /// A stored program that reads its own text in a mode of its own.
    #[error("{object} runs with the SQL mode `{mode}`, which its file does not say")]
    #[diagnostic(
        code("dump/sql-mode"),
        severity(Warning),
        help("a baseline creates it in the default mode: write it so that it means the same there")
    )]
    SqlMode {
        /// Which object.
        object: String,
        /// The modes that change what its text means.
        mode: String,
    },

    /// A name that no file can have.
    #[error("{object} is left out: no file can be named after it")]
    #[diagnostic(code("dump/file-name"), severity(Error), help("rename the object on the server"))]
    FileName {
        /// Which object.
        object: String,
    },

    /// An object in words that are not understood.
    #[error("{object} is written as the server shows it, since this is not understood: {reason}")]
    #[diagnostic(code("dump/not-understood"), severity(Warning), help("look through the file"))]
    NotUnderstood {
        /// Which object.
        object: String,
        /// What is not understood.
        reason: String,
    },

    /// An object that has a file and is not in the database.
    #[error("{object} is not in the database any more; `{path}` stays")]
    #[diagnostic(
        code("dump/gone"),
        severity(Warning),
        help("delete the file, or run this again with `--delete`")
    )]
    Gone {
        /// Which object.
        object: String,
        /// Its file, relative to the schema directory.
        path: String,
    },

    /// A file that was not held against the database.
    #[error("`{path}` is left as it is, since {object} could not be compared")]
    #[diagnostic(
        code("dump/not-compared"),
        severity(Warning),
        help("compare it by hand, or delete the file and run this again")
    )]
    NotCompared {
        /// Which object.
        object: String,
        /// Its file, relative to the schema directory.
        path: String,
    },
}
