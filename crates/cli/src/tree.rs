//! The tree a command works on: its root, its configuration and its components.

use std::collections::BTreeSet;
use std::path::{Component as PathPart, Path, PathBuf};

use crate::configuration::{self, Configuration};
use crate::failure::{Failure, Problem};

/// A root directory with its configuration.
#[derive(Debug)]
pub(crate) struct Tree {
    /// As the user would write it: `.` or a path with no `..` that is not needed.
    pub(crate) root: PathBuf,
    /// Its `infra.toml`, or the conventions.
    pub(crate) configuration: Configuration,
}

/// A directory below `infra/` that has manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    /// Its directory's name.
    pub(crate) name: String,
    /// Its `k8s` directory, relative to the root.
    pub(crate) manifests: PathBuf,
}

impl Tree {
    /// Opens the tree that `-C` names, else the nearest one at or above the working directory.
    ///
    /// # Errors
    /// When there is none, or its configuration cannot be read.
    pub(crate) fn open(named: Option<&Path>) -> Result<Self, Failure> {
        let is_root = |path: &Path| path.join("infra").is_dir() || path.join(configuration::FILE).is_file();
        let root = match named {
            Some(root) if is_root(root) => root.to_owned(),
            Some(root) => return Err(Problem::NotARoot { root: root.to_owned() }.into()),
            None => {
                let start = std::env::current_dir().map_err(|error| Failure::read(Path::new("."), error))?;
                match start.ancestors().find(|path| is_root(path)) {
                    Some(root) if root == start => PathBuf::from("."),
                    Some(root) => root.to_owned(),
                    None => return Err(Problem::NoRoot { start }.into()),
                }
            }
        };
        Ok(Self { configuration: configuration::read(&root)?, root })
    }

    /// A path of the tree, as the file system wants it.
    pub(crate) fn path(&self, relative: &Path) -> PathBuf {
        let joined = self.root.join(relative);
        joined.strip_prefix(".").map(Path::to_owned).unwrap_or(joined)
    }

    /// The components with manifests: `shared` first, the rest by name.
    ///
    /// # Errors
    /// When the directory of components cannot be listed.
    pub(crate) fn components(&self) -> Result<Vec<Component>, Failure> {
        let directory = &self.configuration.paths.components;
        let mut components: Vec<_> = directories(&self.path(directory))?
            .into_iter()
            .map(|name| Component { manifests: directory.join(&name).join("k8s"), name })
            .filter(|component| self.path(&component.manifests).is_dir())
            .collect();
        components.sort_by(|a, b| (a.name != "shared", &a.name).cmp(&(b.name != "shared", &b.name)));
        Ok(components)
    }

    /// The environments that any component has an overlay for, by name.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub(crate) fn overlay_names(&self, components: &[Component]) -> Result<BTreeSet<String>, Failure> {
        let mut names = BTreeSet::new();
        for component in components {
            names.extend(directories(&self.path(&component.manifests.join("overlays")))?);
        }
        Ok(names)
    }

    /// What an environment renders of a component: its overlay, else its base; relative to the root.
    pub(crate) fn kustomization(&self, component: &Component, overlay: &str) -> Option<PathBuf> {
        [component.manifests.join("overlays").join(overlay), component.manifests.join("base")]
            .into_iter()
            .find(|directory| self.path(directory).is_dir())
    }
}

/// The bytes of a file; `None` when it does not exist.
///
/// # Errors
/// When it is there and cannot be read.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::read(path, error)),
    }
}

/// The names of the directories in a directory, sorted; none when it does not exist.
fn directories(path: &Path) -> Result<BTreeSet<String>, Failure> {
    let failed = |error| Failure::read(path, error);
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if let Some(name) = entry.file_name().to_str()
            && !name.starts_with('.')
            && entry.path().is_dir()
        {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// `path` with `.` parts removed and `..` parts resolved by name alone, for messages and comparisons.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            PathPart::CurDir => {}
            PathPart::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy_paths_have_no_detours() {
        for (path, tidied) in [
            ("./a/../b/./c", "b/c"),
            ("../a", "../a"),
            ("/a/../b", "/b"),
            ("a/b/../../c", "c"),
            ("../../a", "../../a"),
        ] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied), "{path}");
        }
    }

    #[test]
    fn shared_comes_first_and_a_component_without_overlay_gives_its_base() {
        let root = tempfile::tempdir().unwrap();
        for directory in
            ["infra/a/k8s/overlays/dev", "infra/a/k8s/base", "infra/shared/k8s/base", "infra/plain"]
        {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let tree = Tree::open(Some(root.path())).unwrap();
        let components = tree.components().unwrap();
        assert_eq!(components.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["shared", "a"]);
        assert_eq!(tree.overlay_names(&components).unwrap(), BTreeSet::from(["dev".to_owned()]));
        assert_eq!(tree.kustomization(&components[0], "dev"), Some("infra/shared/k8s/base".into()));
        assert_eq!(tree.kustomization(&components[1], "dev"), Some("infra/a/k8s/overlays/dev".into()));
    }

    #[test]
    fn a_directory_without_a_tree_is_refused() {
        let root = tempfile::tempdir().unwrap();
        assert!(Tree::open(Some(root.path())).is_err());
    }
}
