//! A directory of its own for each test.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tools::workspace;

/// A temporary tree, removed at the end of the test.
#[derive(Debug)]
pub struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    /// An empty directory.
    pub fn empty() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory can be made") }
    }

    /// A copy of the reference tree.
    pub fn reference() -> Self {
        let sandbox = Self::empty();
        for name in ["infra", "platform", "infra.toml"] {
            let source = workspace().join(name);
            if source.exists() {
                copy(&source, &sandbox.path(name));
            }
        }
        sandbox
    }

    /// The root.
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// A path in it.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root().join(relative)
    }

    /// What a file holds.
    #[track_caller]
    pub fn read(&self, relative: &str) -> String {
        String::from_utf8(self.read_bytes(relative)).unwrap_or_else(|_| panic!("`{relative}` is not UTF-8"))
    }

    /// The bytes of a file.
    #[track_caller]
    pub fn read_bytes(&self, relative: &str) -> Vec<u8> {
        fs::read(self.path(relative)).unwrap_or_else(|error| panic!("cannot read `{relative}`: {error}"))
    }

    /// Writes a file, making its directories.
    #[track_caller]
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a file has a directory"))
            .and_then(|()| fs::write(&path, content))
            .unwrap_or_else(|error| panic!("cannot write `{relative}`: {error}"));
        self
    }

    /// Replaces the one place where `old` stands in a file.
    #[track_caller]
    pub fn replace(&self, relative: &str, old: &str, new: &str) -> &Self {
        let text = self.read(relative);
        assert_eq!(text.matches(old).count(), 1, "`{relative}` must hold {old:?} once");
        self.write(relative, text.replacen(old, new, 1))
    }

    /// Adds text at the end of a file.
    #[track_caller]
    pub fn append(&self, relative: &str, text: &str) -> &Self {
        self.write(relative, self.read(relative) + text)
    }

    /// Removes a file, or a directory with all it holds.
    #[track_caller]
    pub fn remove(&self, relative: &str) -> &Self {
        let path = self.path(relative);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .unwrap_or_else(|error| panic!("cannot remove `{relative}`: {error}"));
        self
    }
}

/// Copies a file or a directory with all it holds.
///
/// # Panics
/// When something cannot be read or written.
#[track_caller]
pub fn copy(from: &Path, to: &Path) {
    let copied = if from.is_dir() {
        fs::create_dir_all(to).and_then(|()| fs::read_dir(from)).map(|entries| {
            for entry in entries.map(|entry| entry.expect("a directory can be listed")) {
                copy(&entry.path(), &to.join(entry.file_name()));
            }
        })
    } else {
        fs::copy(from, to).map(drop)
    };
    copied.unwrap_or_else(|error| panic!("cannot copy `{}`: {error}", from.display()));
}
