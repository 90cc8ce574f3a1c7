//! `infra network synth`: policies from the declared edges.

use std::path::Path;

use platform_compat::synth::{File, synthesise};
use serde_json::json;

use crate::args::NetworkSynth;
use crate::commands::compat::find_environment;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::tree::{Tree, read_if_present};
use crate::ui::count;
use crate::{platform, write};

/// How a file begins that may be replaced or removed.
const HEAD: &str = "# Written by `infra network synth ";

/// Prints the policies of an environment, or writes them to a directory.
pub(super) fn run(
    tree: &Tree,
    arguments: &NetworkSynth,
    environment: Option<&str>,
) -> Result<Outcome, Failure> {
    let name = arguments.environment.as_deref().or(environment).ok_or(Problem::WhichEnvironment)?;
    let path = &tree.configuration.paths.platform;
    let Some((platform, findings)) = platform::load(tree)? else {
        return Err(Failure::read(&tree.path(path), std::io::ErrorKind::NotFound.into()));
    };
    let id = find_environment(&platform, name)?;
    let synthesis = synthesise(&platform, id);
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    outcome.extend(synthesis.findings);
    let files = synthesis.files;
    outcome.details.insert("environment".to_owned(), json!(name));
    let listed = files.iter().map(|file| json!({"name": file.name, "text": file.text})).collect();
    outcome.details.insert("files".to_owned(), listed);
    if let Some(directory) = &arguments.output {
        let directory = tree.path(directory);
        let changed = store(&directory, &files)?;
        outcome.summary =
            format!("{} in {}, {changed} changed\n", count(files.len(), "file"), directory.display());
    } else {
        let policies = files.iter().filter(|file| file.name != "kustomization.yaml");
        outcome.summary = policies.map(|file| file.text.as_str()).collect::<Vec<_>>().join("---\n");
        outcome.summary_is_result = true;
    }
    Ok(outcome)
}

/// Writes what differs, removes what an earlier run wrote and this one does not, and says how many files that were.
fn store(directory: &Path, files: &[File]) -> Result<usize, Failure> {
    std::fs::create_dir_all(directory).map_err(|error| Failure::write(directory, error))?;
    let mut changed = 0;
    for file in files {
        let path = directory.join(&file.name);
        let known = read_if_present(&path)?;
        if known.as_deref() == Some(file.text.as_bytes()) {
            continue;
        }
        if known.is_some_and(|known| !known.starts_with(HEAD.as_bytes())) {
            return Err(Problem::NotOurs { path }.into());
        }
        write::replace(&path, file.text.as_bytes())?;
        changed += 1;
    }
    let entries = std::fs::read_dir(directory).map_err(|error| Failure::read(directory, error))?;
    for entry in entries {
        let path = entry.map_err(|error| Failure::read(directory, error))?.path();
        let name = path.file_name().unwrap_or_default();
        let stale = path.extension().is_some_and(|end| end == "yaml")
            && !files.iter().any(|file| name == file.name.as_str())
            && read_if_present(&path)?.is_some_and(|text| text.starts_with(HEAD.as_bytes()));
        if stale {
            std::fs::remove_file(&path).map_err(|error| Failure::write(&path, error))?;
            changed += 1;
        }
    }
    Ok(changed)
}
