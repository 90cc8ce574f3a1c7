//! Fetching: repositories by git, files of the web by curl.

use std::path::Path;
use std::process::Command;

use k8s_render::outside::{Remote, Repository, Unavailable};

use super::cache::{self, Cache};
use super::lock::Entry;
use super::programs::{Limit, output};

/// How many seconds a repository or file may take where its address does not say.
const TIMEOUT: u64 = 300;

/// Fetches something into the cache, at the pinned commit if there is one.
pub(super) fn fetch(remote: &Remote, pinned: Option<&Entry>) -> Result<Entry, Unavailable> {
    let directory = cache::directory()?;
    std::fs::create_dir_all(&directory).map_err(|error| {
        Unavailable::new(
            format!("`{}` cannot be made: {error}", directory.display()),
            "check that you may write it, or set INFRA_CACHE_DIR",
        )
    })?;
    match remote {
        Remote::Repository(repository) => clone(repository, pinned, &directory),
        Remote::File(url) => download(url),
    }
}

fn clone(repository: &Repository, pinned: Option<&Entry>, directory: &Path) -> Result<Entry, Unavailable> {
    let work = tempfile::Builder::new().prefix("fetch-").tempdir_in(directory).map_err(|error| {
        Unavailable::new(
            format!("`{}` cannot be written: {error}", directory.display()),
            "check that you may write it",
        )
    })?;
    let limit = Limit::new(repository.timeout.unwrap_or(TIMEOUT));
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // Neither questions nor transports that run programs of the address's choosing.
        command.args(["-c", "protocol.ext.allow=never"]).args(arguments).current_dir(work.path());
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE");
        output(&mut command, &[], limit)
    };
    let revision = match pinned {
        Some(pinned) => pinned.commit.as_str(),
        None if repository.revision.is_empty() => "HEAD",
        None => &repository.revision,
    };
    if revision.starts_with('-') {
        return Err(Unavailable::new(format!("`{revision}` is no revision"), "correct `ref`"));
    }
    git(&["init", "--quiet"])?;
    git(&["remote", "add", "origin", "--", &repository.url])?;
    git(&["fetch", "--quiet", "--depth=1", "--", &repository.url, revision])?;
    git(&["checkout", "--quiet", "FETCH_HEAD"])?;
    if repository.submodules {
        git(&["submodule", "--quiet", "update", "--init", "--recursive"])?;
    }
    let commit = String::from_utf8_lossy(&git(&["rev-parse", "HEAD"])?).trim().to_owned();
    remove_metadata(work.path()).map_err(|error| {
        Unavailable::new(format!("git's own files cannot be removed: {error}"), "check the cache directory")
    })?;
    let sha256 = Cache::store_tree(work.path())?;
    Ok(Entry { url: repository.url.clone(), revision: repository.revision.clone(), commit, sha256 })
}

/// Removes `.git`, also those of submodules: they differ from clone to clone.
fn remove_metadata(directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let is_dir = entry.file_type()?.is_dir();
        match (entry.file_name() == ".git", is_dir) {
            (true, true) => std::fs::remove_dir_all(entry.path())?,
            (true, false) => std::fs::remove_file(entry.path())?,
            (false, true) => remove_metadata(&entry.path())?,
            (false, false) => {}
        }
    }
    Ok(())
}

fn download(url: &str) -> Result<Entry, Unavailable> {
    let mut command = Command::new("curl");
    command.args(["--fail", "--silent", "--show-error", "--location", "--proto", "=http,https", "--", url]);
    let bytes = output(&mut command, &[], Limit::new(TIMEOUT))?;
    let sha256 = Cache::store_file(&bytes)?;
    Ok(Entry { url: url.to_owned(), revision: String::new(), commit: String::new(), sha256 })
}
