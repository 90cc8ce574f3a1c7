//! The cache: one directory per content, named by its checksum. Every file that is read from it is checked again.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use k8s_render::outside::Unavailable;
use sha2::{Digest as _, Sha256};

use super::lock::Entry;

/// The list of a repository's files with their checksums.
const SUMS: &str = "SHA256SUMS";
/// What was checked out, or the one file.
const CONTENT: &str = "content";

/// The cache of this user, as far as it was used.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Checksums by file for each root of a repository, and for single files.
    opened: HashMap<PathBuf, Opened>,
}

#[derive(Debug)]
struct Opened {
    /// How findings call it.
    url: String,
    /// Checksums by path relative to the root; a single file has the empty path.
    sums: HashMap<PathBuf, String>,
}

/// A checksum in small hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// `INFRA_CACHE_DIR`, else `infra` in the user's cache directory.
pub(super) fn directory() -> Result<PathBuf, Unavailable> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("INFRA_CACHE_DIR")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("infra")))
        .or_else(|| Some(variable("HOME")?.join(".cache/infra")))
        .ok_or_else(|| Unavailable::new("there is no cache directory", "set INFRA_CACHE_DIR"))
}

fn failed(path: &Path, error: &io::Error) -> Unavailable {
    Unavailable::new(
        format!("the cache `{}` cannot be used: {error}", path.display()),
        "check that you may read and write it",
    )
}

/// The list of all files below a directory: `CHECKSUM  PATH`, sorted; a symbolic link counts by its target.
fn list(directory: &Path) -> io::Result<String> {
    fn visit(directory: &Path, relative: &Path, lines: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
        for entry in std::fs::read_dir(directory.join(relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                visit(directory, &path, lines)?;
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path())?;
                lines.push((path, format!("link:{}", sha256(target.to_string_lossy().as_bytes()))));
            } else {
                lines.push((path, sha256(&std::fs::read(entry.path())?)));
            }
        }
        Ok(())
    }
    let mut lines = Vec::new();
    visit(directory, Path::new(""), &mut lines)?;
    lines.sort();
    Ok(lines
        .into_iter()
        .fold(String::new(), |text, (path, sum)| text + &format!("{sum}  {}\n", path.display())))
}

impl Cache {
    /// Where the content of an entry is; `None` when it is not in the cache.
    pub(super) fn open(&mut self, entry: &Entry) -> Result<Option<PathBuf>, Unavailable> {
        let home = directory()?.join(&entry.sha256);
        let content = match home.join(CONTENT).canonicalize() {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&home, &error)),
        };
        if self.opened.contains_key(&content) {
            return Ok(Some(content));
        }
        let sums = if entry.is_file() {
            HashMap::from([(PathBuf::new(), entry.sha256.clone())])
        } else {
            let text = std::fs::read_to_string(home.join(SUMS)).map_err(|error| failed(&home, &error))?;
            if sha256(text.as_bytes()) != entry.sha256 {
                let problem = format!("the cache `{}` was changed", home.display());
                return Err(Unavailable::new(
                    problem,
                    "remove that directory, and run `infra render --fetch`",
                ));
            }
            let lines = text.lines().filter_map(|line| line.split_once("  "));
            lines.map(|(sum, path)| (PathBuf::from(path), sum.to_owned())).collect()
        };
        self.opened.insert(content.clone(), Opened { url: entry.url.clone(), sums });
        Ok(Some(content))
    }

    fn opened(&self, path: &Path) -> Option<(&Opened, PathBuf)> {
        path.ancestors().find_map(|root| {
            let opened = self.opened.get(root)?;
            Some((opened, path.strip_prefix(root).unwrap_or(path).to_owned()))
        })
    }

    /// Checks the bytes of a file that is in the cache.
    pub(super) fn verify(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let Some((opened, relative)) = self.opened(path) else { return Ok(()) };
        if opened.sums.get(&relative).is_some_and(|sum| *sum == sha256(bytes)) {
            return Ok(());
        }
        Err(io::Error::other("it is not what was fetched; remove the cache, and run `infra render --fetch`"))
    }

    /// How findings call a file of the cache.
    pub(super) fn name(&self, path: &Path) -> Option<String> {
        let (opened, relative) = self.opened(path)?;
        let relative = relative.display().to_string();
        Some(if relative.is_empty() { opened.url.clone() } else { format!("{}//{relative}", opened.url) })
    }

    /// Takes in a checked-out repository and gives its checksum. `work` must be on the cache's file system.
    pub(super) fn store_tree(work: &Path) -> Result<String, Unavailable> {
        let sums = list(work).map_err(|error| failed(work, &error))?;
        let sha256 = sha256(sums.as_bytes());
        Self::place(&sha256, |home| {
            std::fs::write(home.join(SUMS), &sums)?;
            std::fs::rename(work, home.join(CONTENT))
        })?;
        Ok(sha256)
    }

    /// Takes in a file and gives its checksum.
    pub(super) fn store_file(bytes: &[u8]) -> Result<String, Unavailable> {
        let sha256 = sha256(bytes);
        Self::place(&sha256, |home| std::fs::write(home.join(CONTENT), bytes))?;
        Ok(sha256)
    }

    /// Fills a directory beside its place, then renames it, so that no half of it is ever seen.
    fn place(sha256: &str, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Unavailable> {
        let directory = directory()?;
        let home = directory.join(sha256);
        let made = || -> io::Result<()> {
            if home.exists() {
                return Ok(());
            }
            let temporary = tempfile::tempdir_in(&directory)?;
            fill(temporary.path())?;
            match std::fs::rename(temporary.path(), &home) {
                // Another process was quicker with the same content.
                Err(_) if home.exists() => Ok(()),
                result => result,
            }
        };
        made().map_err(|error| failed(&home, &error))
    }
}
