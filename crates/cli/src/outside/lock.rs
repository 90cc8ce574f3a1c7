//! `infra.lock`: what of the network a tree uses, to the byte.

use std::path::Path;

use k8s_render::outside::{Remote, Unavailable};
use serde::Deserialize;

/// The lock file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// Sorted by URL and revision.
    #[serde(default, rename = "remote")]
    remotes: Vec<Entry>,
}

/// A repository at a commit, or a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) url: String,
    /// The branch, tag or commit that is asked for; absent for a file and for the default branch.
    #[serde(default, rename = "ref")]
    pub(super) revision: String,
    /// The commit that it was; absent for a file.
    #[serde(default)]
    pub(super) commit: String,
    /// SHA-256 of the file, or of the list of the repository's files with their own checksums.
    pub(super) sha256: String,
}

impl Entry {
    /// Whether this stands for a single file.
    pub(super) fn is_file(&self) -> bool {
        self.commit.is_empty()
    }

    fn is(&self, remote: &Remote) -> bool {
        match remote {
            Remote::File(url) => self.is_file() && self.url == *url,
            Remote::Repository(repository) => {
                !self.is_file() && self.url == repository.url && self.revision == repository.revision
            }
        }
    }
}

const HEAD: &str =
    "# Written by `infra render --fetch`; commit it. Remove an entry to take its newest content.\n";

impl Lock {
    /// The lock of a file; an empty one when there is none.
    pub(super) fn read(path: &Path) -> Result<Self, Unavailable> {
        let advice = "restore it from version control, or remove it and fetch again";
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(Unavailable::new(
                    format!("`{}` cannot be read: {error}", path.display()),
                    advice,
                ));
            }
        };
        let lock: Self = toml::from_str(&text).map_err(|error| {
            Unavailable::new(format!("`{}` is no lock file: {}", path.display(), error.message()), advice)
        })?;
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match lock.remotes.iter().find(|entry| !is_hash(&entry.sha256)) {
            Some(entry) => {
                let problem = format!("`{}` has no proper sha256 for `{}`", path.display(), entry.url);
                Err(Unavailable::new(problem, advice))
            }
            None => Ok(lock),
        }
    }

    pub(super) fn find(&self, remote: &Remote) -> Option<&Entry> {
        self.remotes.iter().find(|entry| entry.is(remote))
    }

    /// Adds an entry and says whether it is new.
    pub(super) fn add(&mut self, entry: Entry) -> bool {
        let Err(at) = self.remotes.binary_search(&entry) else { return false };
        self.remotes.insert(at, entry);
        true
    }

    /// The file's text.
    pub(super) fn to_text(&self) -> String {
        // A JSON text is a TOML text, too.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text = HEAD.to_owned();
        for entry in &self.remotes {
            text += "\n[[remote]]\n";
            for (key, value) in [
                ("url", &entry.url),
                ("ref", &entry.revision),
                ("commit", &entry.commit),
                ("sha256", &entry.sha256),
            ] {
                if !value.is_empty() {
                    text += &format!("{key} = {}\n", quoted(value));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(url: &str, commit: &str) -> Entry {
        Entry {
            url: url.to_owned(),
            revision: "v1".to_owned(),
            commit: commit.to_owned(),
            sha256: "a".repeat(64),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut lock = Lock::default();
        assert!(lock.add(entry("https://h/b", "c0")) && lock.add(entry("https://h/a", "c1")));
        assert!(!lock.add(entry("https://h/a", "c1")));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("infra.lock");
        std::fs::write(&path, lock.to_text()).unwrap();
        let read = Lock::read(&path).unwrap();
        assert_eq!(read.remotes, [entry("https://h/a", "c1"), entry("https://h/b", "c0")]);
    }

    #[test]
    fn a_lock_that_is_damaged_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("infra.lock");
        for text in ["<<<<", "[[remote]]\nurl = \"x\"\nsha256 = \"../../etc\"\n", "[[remote]]\nurl = \"x\"\n"]
        {
            std::fs::write(&path, text).unwrap();
            assert!(Lock::read(&path).is_err(), "{text}");
        }
    }
}
