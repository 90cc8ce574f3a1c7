//! Addresses of remote bases, read as kustomize reads them (`api/internal/git/repospec.go`).

use std::path::{Component, Path};

/// Something that is on the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Remote {
    /// A directory of a git repository.
    Repository(Repository),
    /// A single file behind `http://` or `https://`.
    File(String),
}

/// A git repository at a revision, and the directory in it that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository {
    /// What `git fetch` is given.
    pub url: String,
    /// The directory of the kustomization, relative to the repository's root.
    pub path: String,
    /// Branch, tag or commit; empty for the default branch.
    pub revision: String,
    /// Submodules are fetched, too.
    pub submodules: bool,
    /// How many seconds git may take, where the address says so.
    pub timeout: Option<u64>,
}

const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| &text[prefix.len()..])
}

fn is_web(address: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| strip_prefix_ignoring_case(address, scheme).is_some())
}

impl Remote {
    /// Reads an entry of `resources`, `components` or of anything that names a file; `None` when it is no remote address.
    ///
    /// Kustomize finds out by asking for the file first. Here an address of the web is a file when it ends as one does and
    /// nothing in it marks a repository.
    pub fn parse(address: &str) -> Option<Self> {
        let repository = Repository::parse(address);
        if !is_web(address) {
            return repository.map(Self::Repository);
        }
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let marked =
            path.split_once("://").is_some_and(|(_, rest)| {
                ["//", ".git/", "_git/"].iter().any(|mark| rest.contains(mark))
                    || rest.strip_suffix(".git").is_some()
            }) || query.split('&').any(|part| part.starts_with("ref=") || part.starts_with("version="));
        let is_file = Path::new(path)
            .extension()
            .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end.eq_ignore_ascii_case(known)));
        match repository {
            Some(repository) if marked || !is_file => Some(Self::Repository(repository)),
            _ => Some(Self::File(address.to_owned())),
        }
    }

    /// Whether a path is an address of the web, which kustomize loads wherever a file is named.
    pub(crate) fn web_file(path: &str) -> Option<Self> {
        is_web(path).then(|| Self::File(path.to_owned()))
    }
}

impl Repository {
    /// Reads a git address: `github.com/org/repo//dir?ref=v1`, `git@host:org/repo.git`, `https://…`, `ssh://…`, `file://…`.
    pub fn parse(address: &str) -> Option<Self> {
        if Path::new(address).is_absolute() {
            return None;
        }
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let (host, rest) = split_host(address)?;
        let (root, path) = split_path(&rest, host.starts_with("file://"))?;
        let inside = path.trim_start_matches('/');
        if root.is_empty() || leaves(inside) || format!("{host}{root}").starts_with('-') {
            return None;
        }
        let value = |key: &str| {
            query
                .split('&')
                .filter_map(|part| part.split_once('='))
                .find(|(own, _)| *own == key)
                .map(|(_, value)| value)
        };
        let revision =
            value("ref").filter(|text| !text.is_empty()).or_else(|| value("version")).unwrap_or_default();
        Some(Self {
            url: format!("{host}{root}"),
            path: inside.trim_end_matches('/').to_owned(),
            revision: revision.to_owned(),
            submodules: !value("submodules")
                .is_some_and(|text| matches!(text, "false" | "0" | "f" | "F" | "FALSE" | "False")),
            timeout: value("timeout").and_then(seconds),
        })
    }
}

/// `61`, `61s`, `2m` or `1h`.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.checked_mul(factor).filter(|seconds| *seconds > 0)
}

/// Whether a path leads out of where it begins.
fn leaves(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

/// Scheme, user and host with the separator behind it, and what follows.
fn split_host(address: &str) -> Option<(String, String)> {
    let address = strip_prefix_ignoring_case(address, "git::").unwrap_or(address);
    let scheme = SCHEMES.iter().find(|scheme| strip_prefix_ignoring_case(address, scheme).is_some());
    let rest = &address[scheme.map_or(0, |scheme| scheme.len())..];
    if scheme == Some(&"file://") {
        return Some(("file://".to_owned(), rest.to_owned()));
    }
    let is_user = |user: &str| {
        user.starts_with(|c: char| c.is_ascii_alphabetic())
            && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let (user, rest) = match rest.split_once('@') {
        Some((user, more)) if is_user(user) => (format!("{user}@"), more),
        _ => (String::new(), rest),
    };
    let is_github =
        ["github.com/", "github.com:"].iter().any(|host| strip_prefix_ignoring_case(rest, host).is_some());
    let like_scp = scheme.is_none() && (!user.is_empty() || is_github);
    if scheme.is_none() && !like_scp {
        return None;
    }
    let slash = rest.find('/');
    let colon =
        rest.find(':').filter(|&colon| like_scp && colon > 0 && slash.is_none_or(|slash| colon < slash));
    let (host, path) = rest.split_at(colon.or(slash)? + 1);
    if is_github {
        let by_ssh = scheme == Some(&"ssh://") || !user.is_empty();
        let host = if by_ssh { format!("{user}github.com:") } else { "https://github.com/".to_owned() };
        return Some((host, path.to_owned()));
    }
    Some((format!("{}{user}{host}", scheme.unwrap_or(&"")), path.to_owned()))
}

/// The repository and the directory in it: split at `_git/REPO`, `//` or `.git`, else after two parts.
fn split_path(path: &str, is_local: bool) -> Option<(String, String)> {
    if let Some(at) = path.find("_git/") {
        let (before, after) = path.split_at(at + "_git/".len());
        let (name, rest) = after.split_once('/').unwrap_or((after, ""));
        return Some((format!("{before}{name}"), rest.to_owned()));
    }
    if let Some((root, rest)) = path.split_once("//") {
        return Some((root.to_owned(), rest.to_owned()));
    }
    if let Some(at) = path.find(".git") {
        let (root, rest) = path.split_at(at + ".git".len());
        return Some((root.to_owned(), rest.to_owned()));
    }
    if is_local {
        return Some((path.to_owned(), String::new()));
    }
    let parts: Vec<&str> = path.split('/').collect();
    (parts.len() >= 2).then(|| (parts[..2].join("/"), parts[2..].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Option<(String, String, String)> {
        Repository::parse(address).map(|repository| (repository.url, repository.path, repository.revision))
    }

    #[test]
    fn addresses_are_split_as_kustomize_splits_them() {
        for (address, url, path, revision) in [
            ("github.com/org/repo//dir/x?ref=v1", "https://github.com/org/repo", "dir/x", "v1"),
            ("https://github.com/org/repo/dir?version=main", "https://github.com/org/repo", "dir", "main"),
            ("git@github.com:org/repo.git//dir", "git@github.com:org/repo.git", "dir", ""),
            (
                "git@gitlab.local:team/sub/repo.git/dir?ref=x",
                "git@gitlab.local:team/sub/repo.git",
                "dir",
                "x",
            ),
            ("ssh://git@host:22/org/repo//a", "ssh://git@host:22/org/repo", "a", ""),
            ("file:///srv/repo//overlays/dev?ref=v2", "file:///srv/repo", "overlays/dev", "v2"),
            (
                "https://user@dev.azure.com/o/p/_git/repo/a/b",
                "https://user@dev.azure.com/o/p/_git/repo",
                "a/b",
                "",
            ),
            ("git::https://example.com/org/repo", "https://example.com/org/repo", "", ""),
            ("GitHub.com/org/repo/x", "https://github.com/org/repo", "x", ""),
        ] {
            let expected = (url.to_owned(), path.to_owned(), revision.to_owned());
            assert_eq!(read(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn paths_and_escapes_are_no_repositories() {
        for address in
            ["../base", "base/x.yaml", "/abs", "host/org/repo", "https://github.com/org/repo//../x", "a@b"]
        {
            assert_eq!(read(address), None, "{address}");
        }
    }

    #[test]
    fn files_and_repositories_of_the_web_are_told_apart() {
        let is_file = |address: &str| matches!(Remote::parse(address), Some(Remote::File(_)));
        assert!(is_file("https://raw.githubusercontent.com/o/r/v1/deploy.yaml"));
        assert!(is_file("https://github.com/o/r/releases/download/v1/install.YAML"));
        assert!(is_file("https://example.com/x"));
        assert!(!is_file("https://github.com/o/r//x.yaml?ref=v1") && !is_file("https://github.com/o/r"));
        assert_eq!(Remote::parse("base.yaml"), None);
    }

    #[test]
    fn options_of_the_query() {
        let read = |query: &str| Repository::parse(&format!("https://h/o/r?{query}")).unwrap();
        assert!(read("ref=a").submodules && !read("submodules=false").submodules);
        for (text, seconds) in [("90", Some(90)), ("2m", Some(120)), ("x", None), ("0", None)] {
            assert_eq!(read(&format!("timeout={text}")).timeout, seconds);
        }
    }
}
