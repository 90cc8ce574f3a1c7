//! The migrations of a command: those of `--locations`, else those of the tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use migrate_core::fs::read_location;
use migrate_core::placeholder::{BUILT_IN, Placeholders};
use migrate_core::resolve::{ResolveOptions, resolve_with};
use migrate_core::{Finding, Migration};

use crate::failure::{Failure, Problem};
use crate::tree::{Tree, tidy};

/// The directories to read. A tree is only looked for when none is named, so that a container needs none.
pub(crate) fn locations(named: &[PathBuf], root: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    if named.is_empty() {
        let tree = Tree::open(root)?;
        return Ok(vec![tree.path(&tree.configuration.paths.migrations)]);
    }
    Ok(named.to_vec())
}

/// Reads and resolves all locations together, so that a version in two of them is found; relative ones lie below `root`, but
/// findings name them as they are given. A wrong name is an error here: Flyway's silence about it is how migrations get lost.
pub(crate) fn load(
    locations: &[PathBuf],
    root: Option<&Path>,
) -> Result<(Vec<Migration>, Vec<Finding>), Failure> {
    let options = ResolveOptions { validate_naming: true, ..ResolveOptions::default() };
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for location in locations {
        let shown = tidy(location).display().to_string();
        let path = root.map_or_else(|| location.clone(), |root| root.join(location));
        let (read, problems) = read_location(&path, &shown, &options.naming)?;
        files.extend(read);
        findings.extend(problems);
    }
    let (migrations, resolved) = resolve_with(files, &options);
    findings.extend(resolved);
    Ok((migrations, findings))
}

/// [`placeholders`], and something in place of what only a run knows.
pub(crate) fn offline_placeholders(values: &BTreeMap<String, String>) -> Result<Placeholders, Failure> {
    let mut placeholders = placeholders(values)?;
    for name in BUILT_IN {
        placeholders.set(name, "x");
    }
    Ok(placeholders)
}

/// Placeholders with the values that infra.toml gives them.
pub(crate) fn placeholders(values: &BTreeMap<String, String>) -> Result<Placeholders, Failure> {
    let mut placeholders = Placeholders::default();
    for (name, value) in values {
        if !placeholders.set(name, value) {
            return Err(Problem::Placeholder { value: name.clone() }.into());
        }
    }
    Ok(placeholders)
}
