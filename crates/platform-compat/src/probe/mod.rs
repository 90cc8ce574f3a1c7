//! What live servers say of themselves, and whether that is what is declared.
//!
//! Observing only reads: a server is asked for its settings and figures, and never with a command that writes, blocks others or walks
//! all its data. It takes what the account may see. The rest is listed as [`Unseen`] instead of being guessed, and everything
//! is bounded by a time-out. Judging ([`judge`]) is pure: facts and declarations go in, findings come out.

pub mod cluster;
mod finding;
pub mod judge;
pub mod mysql;
pub mod redis;

use std::borrow::Cow;

pub use finding::Finding;

/// Something that a server did not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// What it would have been, in a few words.
    pub what: Cow<'static, str>,
    /// What the server answered instead.
    pub reason: String,
}

/// Why there are no facts. None of it shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address cannot be used.
    #[error("the URL cannot be read: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used: {reason}")]
    Configuration {
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers, or not in time.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The server does not let us in.
    #[error("{address} refuses us: {reason}")]
    Refused {
        /// Host and port.
        address: String,
        /// What it answered.
        reason: String,
    },
}
