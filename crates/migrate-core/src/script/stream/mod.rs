//! Scripts that are too large to be held: read from the beginning whenever they are needed, a few statements at a time.
//!
//! Three passes are made over such a file: one for its checksum when it is found, one that looks for faults and keeps an
//! `outline` before anything runs, and one that executes it. Each checks that the text is still that of the first.

mod outline;
mod parts;
mod text;

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use crate::encoding::Encoding;
use crate::error::Error;

pub(crate) use outline::outline;
pub(crate) use parts::Parts;
#[cfg(test)]
pub(crate) use parts::tests::streamed;
pub(crate) use text::{ReadError, TextReader};

/// Bytes that can be read from their beginning any number of times.
pub trait Content: fmt::Debug + Send + Sync {
    /// Begins at the beginning.
    ///
    /// # Errors
    /// When they cannot be read, or are no longer those that they were: [`Error::Changed`].
    fn open(&self) -> Result<Box<dyn Read + Send>, Error>;
}

/// The text of a script that is not held.
#[derive(Debug, Clone)]
pub struct Streamed {
    /// The bytes.
    pub content: Arc<dyn Content>,
    /// How they become text.
    pub encoding: Encoding,
    /// How many they are.
    pub size: u64,
}
