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
}
