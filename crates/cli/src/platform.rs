//! The platform's files, read from a tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use platform_compat::{Finding, Platform, Texts};

use crate::configuration::{Paths, Pattern};
use crate::failure::Failure;
use crate::tree::{Tree, read_if_present};

/// Reads platform.yaml, compatibility.yaml and their parts; `None` when the tree has no platform.yaml.
///
/// # Errors
/// When a file is there and cannot be read.
pub(crate) fn load(tree: &Tree) -> Result<Option<(Platform, Vec<Finding>)>, Failure> {
    load_below(&tree.path(Path::new("")), &tree.configuration.paths, |path| path.display().to_string())
}

/// The same below any directory. `shown` is how a path relative to it is named in findings.
///
/// # Errors
/// When a file is there and cannot be read.
pub(crate) fn load_below(
    root: &Path,
    paths: &Paths,
    shown: impl Fn(&Path) -> String,
) -> Result<Option<(Platform, Vec<Finding>)>, Failure> {
    let read = |path: &Path| -> Result<Option<(String, String)>, Failure> {
        let bytes = read_if_present(&root.join(path))?;
        let text = |bytes| String::from_utf8(bytes).map_err(|error| Failure::not_utf8(path, &error));
        Ok(bytes.map(text).transpose()?.map(|text| (shown(path), text)))
    };
    let Some(platform) = read(&paths.platform)? else { return Ok(None) };
    let all = |patterns: &[Pattern], but: &Path| -> Result<Vec<(String, String)>, Failure> {
        let found = matching(root, patterns)?;
        let found = found.iter().filter(|path| **path != *but);
        Ok(found.map(|path| read(path)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    };
    let parts = all(&paths.platform_parts, &paths.platform)?;
    let mut rules: Vec<_> = read(&paths.compatibility)?.into_iter().collect();
    rules.extend(all(&paths.compatibility_parts, &paths.compatibility)?);
    let texts =
        Texts { platform: (&platform.0, &platform.1), parts: &borrowed(&parts), rules: &borrowed(&rules) };
    Ok(Some(Platform::load_texts(&texts)))
}

fn borrowed(texts: &[(String, String)]) -> Vec<(&str, &str)> {
    texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// Whether a platform is read from a path, which is relative to the root.
pub(crate) fn is_read(paths: &Paths, path: &Path) -> bool {
    *path == *paths.platform
        || *path == *paths.compatibility
        || paths.platform_parts.iter().chain(&paths.compatibility_parts).any(|pattern| pattern.matches(path))
}

/// The files below `root` that match any of some patterns, relative to it and in order.
fn matching(root: &Path, patterns: &[Pattern]) -> Result<BTreeSet<PathBuf>, Failure> {
    // The root is empty where it is the working directory.
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let files: Result<Vec<_>, _> = patterns.iter().map(|pattern| pattern.files(root)).collect();
    Ok(files?.into_iter().flatten().collect())
}
