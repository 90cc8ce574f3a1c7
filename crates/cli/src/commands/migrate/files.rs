//! The migrations of a command: those of `--locations`, else those of the tree.

use std::collections::BTreeMap;
use std::path::Path;

use migrate_core::location::Location;
use migrate_core::placeholder::Placeholders;
use migrate_core::resolve::ResolveOptions;
use migrate_core::{Finding, Migration};

use crate::failure::{Failure, Problem};
use crate::tree::Tree;

/// Where to read. A tree is only looked for when nothing is named, so that a container needs none.
pub(crate) fn locations(named: &[String], root: Option<&Path>) -> Result<Vec<Location>, Failure> {
    if named.is_empty() {
        let tree = Tree::open(root)?;
        return Ok(vec![tree.path(&tree.configuration.paths.migrations).into()]);
    }
    Ok(named.iter().map(|text| text.parse().map_err(Problem::Location)).collect::<Result<_, _>>()?)
}

/// Reads and resolves all locations together, so that a version in two of them is found; relative ones lie below `root`, but
/// findings name them as they are given. A wrong name is an error here: Flyway's silence about it is how migrations get lost.
pub(crate) fn load(
    locations: &[Location],
    root: Option<&Path>,
    placeholders: &Placeholders,
) -> Result<(Vec<Migration>, Vec<Finding>), Failure> {
    let placeholders = placeholders.clone();
    let options = ResolveOptions { validate_naming: true, placeholders, ..ResolveOptions::default() };
    Ok(migrate_core::fs::load(locations, root, &options)?)
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
