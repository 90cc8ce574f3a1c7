//! Files that are read again whenever their text is needed.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Error;
use crate::script::stream::Content;

/// A file as it was when it was found.
#[derive(Debug)]
pub(super) struct FileContent {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl FileContent {
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Self {
        Self { path: path.to_owned(), size: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Content for FileContent {
    /// The text has a checksum besides; this refuses before anything of it runs.
    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        let io = |source| Error::io(&self.path, source);
        let file = File::open(&self.path).map_err(io)?;
        let now = file.metadata().map_err(io)?;
        if (now.len(), now.modified().ok()) != (self.size, self.modified) {
            return Err(Error::changed(&self.path.display().to_string()));
        }
        Ok(Box::new(file))
    }
}
