//! The files of one location: found one after another, read side by side.

use std::fs::{self, File};
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::streamed::FileContent;
use super::{MAX_DEPTH, MAX_FILE_BYTES};
use crate::error::Error;
use crate::finding::Finding;
use crate::location::Location;
use crate::migration::MigrationKind;
use crate::naming::{Naming, strip_suffix_ignoring_case};
use crate::resolve::{LocationFile, StreamedFile};

/// Of a larger file the size is asked for before it is read to its end.
const PROBE_BYTES: usize = 64 * 1024;

/// So many files are worth a thread.
const FILES_A_THREAD: usize = 64;

/// What is read of a location, and how.
pub(super) struct Reader<'a> {
    pub(super) location: &'a Location,
    pub(super) naming: &'a Naming,
    pub(super) stream_from: Option<u64>,
}

/// A file that may be a migration, by its name.
struct Candidate {
    path: PathBuf,
    script: String,
    /// The path as the user should see it.
    shown: String,
}

/// A file that was looked into.
pub(super) enum ReadFile {
    /// Whole.
    Held(LocationFile),
    /// Only told of.
    Streamed(StreamedFile),
    /// Not at all.
    Refused(Finding),
}

impl Reader<'_> {
    /// Reads all files below a directory, sorted by path.
    pub(super) fn read(&self, directory: &Path) -> Result<Vec<ReadFile>, Error> {
        let mut candidates = Vec::new();
        self.find(directory, "", 0, &mut candidates)?;
        candidates.sort_by(|a, b| a.shown.cmp(&b.shown));
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = candidates.len().div_ceil(threads).max(FILES_A_THREAD);
        if candidates.len() <= share {
            return self.read_all(candidates);
        }
        let mut shares = Vec::new();
        while candidates.len() > share {
            shares.push(candidates.split_off(candidates.len() - share));
        }
        thread::scope(|scope| {
            let others: Vec<_> =
                shares.into_iter().rev().map(|share| scope.spawn(|| self.read_all(share))).collect();
            let mut read = self.read_all(candidates)?;
            for other in others {
                // A panic of a thread is this one's.
                read.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(read)
        })
    }

    fn find(
        &self,
        directory: &Path,
        relative: &str,
        depth: usize,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep { path: directory.to_owned(), limit: MAX_DEPTH });
        }
        let io = |path: &Path, source| Error::io(path, source);
        for entry in fs::read_dir(directory).map_err(|source| io(directory, source))? {
            let entry = entry.map_err(|source| io(directory, source))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let below = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            let kind = entry.file_type().map_err(|source| io(&path, source))?;
            // What a link leads to counts.
            let is_directory = kind.is_dir()
                || (kind.is_symlink() && fs::metadata(&path).map_err(|source| io(&path, source))?.is_dir());
            if is_directory {
                if !name.starts_with('.') {
                    self.find(&path, &below, depth + 1, candidates)?;
                }
            } else if self.naming.is_of_interest(&name)
                && let Some(script) = self.script(&below)
            {
                let shown = self.location.root().join(below);
                let shown = shown.strip_prefix(".").unwrap_or(&shown).display().to_string();
                candidates.push(Candidate { path, script, shown });
            }
        }
        Ok(())
    }

    /// A script's settings belong to the location if the script does.
    fn script(&self, below: &str) -> Option<String> {
        match strip_suffix_ignoring_case(below, ".conf") {
            Some(script) => Some(self.location.script(script)? + &below[script.len()..]),
            None => self.location.script(below),
        }
    }

    fn read_all(&self, candidates: Vec<Candidate>) -> Result<Vec<ReadFile>, Error> {
        let mut buffer = vec![0; PROBE_BYTES];
        candidates.into_iter().map(|candidate| self.read_one(candidate, &mut buffer)).collect()
    }

    fn read_one(&self, candidate: Candidate, buffer: &mut [u8]) -> Result<ReadFile, Error> {
        let Candidate { path, script, shown } = candidate;
        let io = |source| Error::io(&path, source);
        let mut file = File::open(&path).map_err(io)?;
        let begun = fill(&mut file, buffer).map_err(io)?;
        let is_whole = begun < buffer.len();
        // Small files, which most are, cost no further question.
        if !is_whole || self.stream_from.is_some_and(|from| begun as u64 >= from) {
            let metadata = file.metadata().map_err(io)?;
            let size = metadata.len();
            // A pipe cannot be read twice.
            let is_large = metadata.is_file() && self.stream_from.is_some_and(|from| size >= from);
            if is_large && self.may_be_streamed(&script) {
                let content = Arc::new(FileContent::new(&path, &metadata));
                return Ok(ReadFile::Streamed(StreamedFile { script, path: shown, content, size }));
            }
            if size > MAX_FILE_BYTES {
                return Ok(ReadFile::Refused(too_large(&shown, size)));
            }
        }
        let mut bytes = buffer[..begun].to_vec();
        if !is_whole {
            read_to_end(&file, &mut bytes).map_err(io)?;
        }
        Ok(match within_limit(bytes) {
            Ok(bytes) => ReadFile::Held(LocationFile { script, path: shown, bytes }),
            Err(size) => ReadFile::Refused(too_large(&shown, size)),
        })
    }

    /// Repeatable scripts have a checksum of their text after replacement, and callbacks run again and again.
    fn may_be_streamed(&self, script: &str) -> bool {
        let name = script.rsplit('/').next().unwrap_or(script);
        let parsed = self.naming.strip_suffix(name).and_then(|stem| self.naming.parse(stem).ok());
        parsed.is_some_and(|name| {
            matches!(name.kind, MigrationKind::Versioned | MigrationKind::Baseline | MigrationKind::Undo)
        })
    }
}

/// Reads one file whole, or says how large it is when that is too much.
pub(super) fn read_whole(path: &Path) -> Result<Result<Vec<u8>, u64>, Error> {
    let io = |source| Error::io(path, source);
    let size = fs::metadata(path).map_err(io)?.len();
    if size > MAX_FILE_BYTES {
        return Ok(Err(size));
    }
    let mut bytes = Vec::new();
    read_to_end(&File::open(path).map_err(io)?, &mut bytes).map_err(io)?;
    Ok(within_limit(bytes))
}

/// Reads until a file or the buffer is at its end, and says how much that was.
fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads the rest of a file, but not more than a byte too much: a device or pipe does not say how much it holds.
fn read_to_end(file: &File, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    file.take(MAX_FILE_BYTES + 1 - bytes.len() as u64).read_to_end(bytes).map(drop)
}

fn within_limit(bytes: Vec<u8>) -> Result<Vec<u8>, u64> {
    let size = bytes.len() as u64;
    if size > MAX_FILE_BYTES { Err(size) } else { Ok(bytes) }
}

pub(super) fn too_large(shown: &str, size: u64) -> Finding {
    Finding::TooLarge { path: shown.to_owned(), size, limit: MAX_FILE_BYTES }
}
