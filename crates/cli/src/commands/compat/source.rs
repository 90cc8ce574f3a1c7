//! The platform's files as they are elsewhere: in a git revision, or in another directory.

use std::path::Path;

use platform_compat::{Finding, Platform};

use super::problem::CompatProblem;
use crate::configuration::{Paths, Pattern};
use crate::failure::Failure;
use crate::platform::{is_read, load_below};
use crate::source::git::Revision;
use crate::tree::Tree;

/// Reads the platform of a directory or of a git revision.
pub(super) fn load(tree: &Tree, name: &str) -> Result<(Platform, Vec<Finding>), Failure> {
    let paths = &tree.configuration.paths;
    let shown = |path: &Path| format!("{name}:{}", path.display());
    let directory = Path::new(name);
    let found = if directory.is_dir() {
        match load_below(directory, paths, shown)? {
            // The directory may be that of the files itself.
            None => load_below(directory, &beside(paths), shown)?,
            found => found,
        }
    } else {
        let revision = Revision::new(Some(&tree.root), name)?;
        let (_files, root) = revision.fetch_where(&tree.root, |path| is_read(paths, path))?;
        load_below(&root, paths, shown)?
    };
    found.ok_or_else(|| {
        Failure::usage(CompatProblem::NoPlatform {
            place: name.to_owned(),
            path: paths.platform.display().to_string(),
        })
    })
}

/// The files as their own directory sees them.
fn beside(paths: &Paths) -> Paths {
    let name = |path: &Path| path.file_name().map_or_else(|| path.to_owned(), Into::into);
    let home = paths.platform.parent().unwrap_or(Path::new(""));
    let inside = |patterns: &[Pattern]| patterns.iter().filter_map(|pattern| pattern.below(home)).collect();
    Paths {
        platform: name(&paths.platform),
        compatibility: name(&paths.compatibility),
        platform_parts: inside(&paths.platform_parts),
        compatibility_parts: inside(&paths.compatibility_parts),
        ..Paths::default()
    }
}
