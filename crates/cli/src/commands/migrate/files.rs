//! The migrations of a command: those of `--locations`, else those of the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use migrate_core::fs::{Missing, STREAM_FROM, read_file, read_locations};
use migrate_core::location::Location;
use migrate_core::placeholder::{BUILT_IN, Placeholders};
use migrate_core::resolve::{ResolveOptions, resolve_with};
use migrate_core::script::SplitRules;
use migrate_core::{Finding, Migration};

use crate::environment;
use crate::failure::{Failure, Problem};
use crate::tree::{Tree, tidy};

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
    Ok(migrate_core::fs::load(locations, root, &strict_names(placeholders))?)
}

/// Reads files and directories that are named one by one, with the settings beside them. A named file that is no migration is
/// refused, since leaving it out would look like success.
pub(crate) fn load_named(
    paths: &[PathBuf],
    placeholders: &Placeholders,
) -> Result<(Vec<Migration>, Vec<Finding>), Failure> {
    let options = strict_names(placeholders);
    let (mut files, mut findings, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let shown = tidy(path).display().to_string();
        if path.is_dir() {
            let location = Location::from(tidy(path));
            let (read, problems) = read_locations(&[location], None, &options.naming, Missing::Fail)?;
            files.extend(read);
            findings.extend(problems);
        } else if path.file_name().is_some_and(|name| options.naming.is_of_interest(&name.to_string_lossy()))
        {
            let beside = PathBuf::from(format!("{}.conf", path.display()));
            for path in [Some(path), Some(&beside).filter(|beside| beside.is_file())].into_iter().flatten() {
                let (file, problems) = read_file(path, &tidy(path).display().to_string())?;
                files.extend(file);
                findings.extend(problems);
            }
        } else {
            others.push(shown);
        }
    }
    if !others.is_empty() {
        return Err(Problem::NotMigrations { names: others }.into());
    }
    // A file that is named twice, or beside its directory, is one file.
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.path.clone()));
    let (migrations, resolved) = resolve_with(files, &options);
    findings.extend(resolved);
    Ok((migrations, findings))
}

/// How scripts are split: by the server's rules, or by Flyway's, where infra.toml or the environment asks for its faults.
pub(crate) fn split_rules(root: Option<&Path>) -> SplitRules {
    let wanted =
        environment::wants_quirks() || Tree::open(root).is_ok_and(|tree| tree.configuration.flyway_quirks);
    if wanted { SplitRules::FlywayMySql } else { SplitRules::Server }
}

/// [`load`] for verbs that need no text as a whole: large ones are not held.
pub(crate) fn load_lightly(
    locations: &[Location],
    root: Option<&Path>,
    placeholders: &Placeholders,
) -> Result<(Vec<Migration>, Vec<Finding>), Failure> {
    let options = ResolveOptions { stream_from: Some(STREAM_FROM), ..strict_names(placeholders) };
    Ok(migrate_core::fs::load(locations, root, &options)?)
}

fn strict_names(placeholders: &Placeholders) -> ResolveOptions {
    let placeholders = placeholders.clone();
    ResolveOptions { validate_naming: true, placeholders, ..ResolveOptions::default() }
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
