//! The platform's two files, read from the tree.

use std::path::Path;

use platform_compat::{Finding, Platform};

use crate::failure::Failure;
use crate::tree::{Tree, read_if_present};

/// Reads platform.yaml and compatibility.yaml; `None` when the tree has no platform.yaml.
///
/// # Errors
/// When a file is there and cannot be read.
pub(crate) fn load(tree: &Tree) -> Result<Option<(Platform, Vec<Finding>)>, Failure> {
    let paths = &tree.configuration.paths;
    let Some(platform) = text(tree, &paths.platform)? else { return Ok(None) };
    let compatibility = text(tree, &paths.compatibility)?;
    let name = |path: &Path| path.display().to_string();
    let (platform_name, compatibility_name) = (name(&paths.platform), name(&paths.compatibility));
    Ok(Some(Platform::load(
        (&platform_name, &platform),
        compatibility.as_deref().map(|text| (compatibility_name.as_str(), text)),
    )))
}

/// A text file of the tree; `None` when it does not exist.
fn text(tree: &Tree, relative: &Path) -> Result<Option<String>, Failure> {
    let bytes = read_if_present(&tree.path(relative))?;
    bytes
        .map(|bytes| String::from_utf8(bytes).map_err(|error| Failure::not_utf8(relative, &error)))
        .transpose()
}
