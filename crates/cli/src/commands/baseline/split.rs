//! `infra baseline build --split`: the baseline as several files, loaded in the order of their names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schema_baseline::emit::{Header, Part};
use serde_json::json;

use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::tree::read_if_present;
use crate::ui::{GOOD, count, styled};
use crate::write;

/// Writes the parts into a directory and takes away those of an earlier build that are none any more; or only says what is stale.
pub(super) fn write_parts(
    parts: &[Part],
    directory: &Path,
    check: bool,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let names: BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let old: Vec<PathBuf> = generated(directory)?
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| !names.contains(&*name.to_string_lossy())))
        .collect();
    let mut stale = 0;
    for part in parts {
        let path = directory.join(&part.name);
        let existing = read_if_present(&path)?;
        if check {
            let finding = part.baseline.stale(&path.display().to_string(), existing.as_deref());
            stale += usize::from(finding.is_some());
            outcome.extend(finding);
        } else if existing.as_deref() != Some(part.baseline.text.as_bytes()) {
            std::fs::create_dir_all(directory).map_err(|error| Failure::write(directory, error))?;
            write::replace(&path, part.baseline.text.as_bytes())?;
        }
    }
    for path in old {
        if check {
            stale += 1;
            outcome.extend([Problem::LeftOver { path }]);
        } else {
            std::fs::remove_file(&path).map_err(|error| Failure::write(&path, error))?;
        }
    }
    let verdict = match (check, stale) {
        (true, 0) => "fresh",
        (true, _) => "stale",
        _ => "written",
    };
    if verdict != "stale" {
        let files = count(parts.len(), "file");
        outcome.summary = format!("{}  {}  {files}\n", styled(GOOD, verdict), directory.display());
    }
    outcome
        .details
        .insert("files".to_owned(), json!(parts.iter().map(|part| &part.name).collect::<Vec<_>>()));
    outcome.details.insert("verdict".to_owned(), json!(verdict));
    Ok(())
}

/// The files of a directory that a build has written.
fn generated(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::read(directory, error);
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_sql = path.extension().is_some_and(|extension| extension == "sql");
        if is_sql
            && let Some(bytes) = read_if_present(&path)?
            && Header::read(&String::from_utf8_lossy(&bytes)).is_some()
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
