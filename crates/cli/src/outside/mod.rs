//! What renders may use beyond the tree: repositories and files of the network through a pinned cache, and programs.

mod cache;
mod fetch;
mod lock;
mod programs;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use k8s_render::outside::{Invocation, Remote, Unavailable};
use k8s_render::{Disk, FileSystem};

use crate::failure::Failure;
use cache::Cache;
use lock::Lock;

/// The lock file's name, at the root of the tree or in the directory that is rendered.
pub(crate) const LOCK: &str = "infra.lock";

/// The files of a render, and what the world has for it.
#[derive(Debug)]
pub(crate) struct Outside {
    disk: Disk,
    /// Where the lock file is.
    lock_file: PathBuf,
    /// What is not in the cache is fetched.
    fetches: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The lock, once it was needed.
    lock: Option<Lock>,
    changed: bool,
    cache: Cache,
}

impl Outside {
    /// The files below `root`, with the lock file in `home`.
    ///
    /// # Errors
    /// When `root` does not exist.
    pub(crate) fn new(root: &Path, home: &Path, fetches: bool) -> Result<Self, Failure> {
        let disk = Disk::new(root).map_err(|error| Failure::read(root, error))?;
        Ok(Self { disk, lock_file: home.join(LOCK), fetches, state: Mutex::default() })
    }

    /// Writes the lock file, if something was added to it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let state = self.state();
        match &state.lock {
            Some(lock) if state.changed => crate::write::replace(&self.lock_file, lock.to_text().as_bytes()),
            _ => Ok(()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Whoever panicked while holding it left it whole: every change is one assignment.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn find(&self, remote: &Remote) -> Result<PathBuf, Unavailable> {
        let mut guard = self.state();
        let State { lock, changed, cache } = &mut *guard;
        let lock = match lock {
            Some(lock) => lock,
            None => lock.insert(Lock::read(&self.lock_file)?),
        };
        let entry = lock.find(remote).cloned();
        if let Some(found) = entry.as_ref().map(|entry| cache.open(entry)).transpose()?.flatten() {
            return Ok(found);
        }
        if !self.fetches {
            let problem = match entry {
                Some(_) => "it is pinned, but not in the cache of this machine".to_owned(),
                None => format!("it is on the network, and `{}` does not pin it", self.lock_file.display()),
            };
            return Err(Unavailable::new(
                problem,
                "run `infra render --fetch` once, and commit `infra.lock`",
            ));
        }
        let fetched = fetch::fetch(remote, entry.as_ref())?;
        if let Some(pinned) = entry.filter(|pinned| pinned.sha256 != fetched.sha256) {
            let problem = format!(
                "what came is not what is pinned: sha256 {} instead of {}",
                fetched.sha256, pinned.sha256
            );
            return Err(Unavailable::new(
                problem,
                "find out who changed it; to take the new content, remove its entry from `infra.lock`",
            ));
        }
        let place = cache.open(&fetched)?;
        *changed |= lock.add(fetched);
        place.ok_or_else(|| {
            Unavailable::new("what was fetched is not in the cache", "check the cache directory")
        })
    }
}

impl FileSystem for Outside {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.disk.read(path)?;
        self.state().cache.verify(path, &bytes)?;
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.disk.is_dir(path)
    }

    fn exists(&self, path: &Path) -> bool {
        self.disk.exists(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.canonical(path)
    }

    fn name(&self, path: &Path) -> String {
        self.state().cache.name(path).unwrap_or_else(|| self.disk.name(path))
    }

    fn remote(&self, remote: &Remote) -> Result<PathBuf, Unavailable> {
        self.find(remote)
    }

    fn run(&self, invocation: &Invocation) -> Result<Vec<u8>, Unavailable> {
        programs::run(invocation)
    }
}
