//! A tree of rendered manifests: written, or compared with what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use k8s_render::tree;
use miette::Diagnostic;
use serde_json::json;
use thiserror::Error;

use super::Part;
use super::collision::name;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::tree::read_if_present;
use crate::ui::count;
use crate::write;

/// The list of the files that were written, which are the only ones that are ever removed.
const LIST: &str = ".infra-rendered";
const HEAD: &str = "# The files that `infra render` wrote here and may remove again.\n";

/// What is wrong with a tree of rendered manifests.
#[derive(Debug, Error, Diagnostic)]
enum Problem {
    #[error("{}", stale(directory, changed))]
    #[diagnostic(
        code("render/stale"),
        help("run the command again without `--check`, and commit what it writes")
    )]
    Stale { directory: String, changed: Vec<String> },
    #[error("`{object}` has no file of its own: `{file}` is taken, or no name for a file")]
    #[diagnostic(code("render/no-file"), help("give the object another name"))]
    NoFile { object: String, file: String },
}

fn stale(directory: &str, changed: &[String]) -> String {
    format!(
        "`{directory}` is stale: {} {}",
        count(changed.len(), "file"),
        if changed.len() == 1 { "differs" } else { "differ" }
    )
}

/// Writes the tree, or says how it differs from what it should be.
pub(super) fn run(
    directory: &Path,
    parts: &[Part],
    check: bool,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut wanted: BTreeMap<PathBuf, String> = BTreeMap::new();
    for part in parts {
        match tree::files(&part.rendered.resources) {
            Ok(files) => wanted.extend(files.into_iter().map(|(file, text)| (part.name.join(file), text))),
            Err(none) => {
                let object = part.rendered.resources.get(none.at).map(name).unwrap_or_default();
                outcome.extend([Problem::NoFile { object, file: none.file }]);
            }
        }
    }
    if outcome
        .findings
        .iter()
        .any(|finding| finding.code().is_some_and(|code| code.to_string() == "render/no-file"))
    {
        return Ok(());
    }
    let listed = read_list(directory)?;
    outcome.details.insert("output".to_owned(), json!(directory));
    if check {
        compare(directory, &wanted, &listed, outcome)
    } else {
        replace(directory, &wanted, &listed, outcome)
    }
}

/// The files that an earlier run wrote. A path that leads elsewhere is none of them, whatever the list says.
fn read_list(directory: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let bytes = read_if_present(&directory.join(LIST))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(PathBuf::from);
    Ok(lines.filter(|path| path.components().all(|part| matches!(part, Component::Normal(_)))).collect())
}

fn list_text<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> String {
    paths.into_iter().fold(HEAD.to_owned(), |text, path| text + &path.display().to_string() + "\n")
}

fn compare(
    directory: &Path,
    wanted: &BTreeMap<PathBuf, String>,
    listed: &BTreeSet<PathBuf>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut changed = Vec::new();
    let paths: BTreeSet<&PathBuf> = wanted.keys().chain(listed).collect();
    for path in paths {
        let there = read_if_present(&directory.join(path))?;
        let old = there.as_deref().map(String::from_utf8_lossy);
        let new = wanted.get(path).map(String::as_str);
        if old.as_deref() == new {
            continue;
        }
        let (from, to) = (format!("a/{}", path.display()), format!("b/{}", path.display()));
        let from = if old.is_some() { from.as_str() } else { "/dev/null" };
        let to = if new.is_some() { to.as_str() } else { "/dev/null" };
        outcome.summary +=
            &similar::TextDiff::from_lines(old.as_deref().unwrap_or_default(), new.unwrap_or_default())
                .unified_diff()
                .context_radius(3)
                .header(from, to)
                .to_string();
        changed.push(path.display().to_string());
    }
    outcome.details.insert("fresh".to_owned(), json!(changed.is_empty()));
    outcome.details.insert("changed".to_owned(), json!(changed));
    outcome.details.insert("diff".to_owned(), json!(outcome.summary));
    if changed.is_empty() {
        outcome.summary = format!("{} is fresh: {}\n", directory.display(), count(wanted.len(), "file"));
    } else {
        outcome.extend([Problem::Stale { directory: directory.display().to_string(), changed }]);
    }
    Ok(())
}

fn replace(
    directory: &Path,
    wanted: &BTreeMap<PathBuf, String>,
    listed: &BTreeSet<PathBuf>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let directories: BTreeSet<PathBuf> =
        wanted.keys().filter_map(|path| path.parent()).map(|parent| directory.join(parent)).collect();
    for made in std::iter::once(directory).chain(directories.iter().map(PathBuf::as_path)) {
        std::fs::create_dir_all(made).map_err(|error| Failure::write(made, error))?;
    }
    // The list first names what is there and what will be: whenever this is interrupted, the next run knows what is its own.
    let list = directory.join(LIST);
    let both: BTreeSet<&PathBuf> = wanted.keys().chain(listed).collect();
    if listed.len() != both.len() || listed.is_empty() {
        write::replace(&list, list_text(both).as_bytes())?;
    }
    let mut changed = Vec::new();
    for (path, text) in wanted {
        let path = directory.join(path);
        // What is fresh keeps its time.
        if read_if_present(&path)?.as_deref() != Some(text.as_bytes()) {
            changed.push((path, text.as_bytes()));
        }
    }
    write::replace_all(&changed)?;
    let written = changed.len();
    let gone: Vec<&PathBuf> = listed.iter().filter(|path| !wanted.contains_key(*path)).collect();
    for path in &gone {
        let path = directory.join(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::write(&path, error));
            }
            _ => {}
        }
        // A directory that still holds something stays.
        let _ = path.parent().filter(|parent| *parent != directory).map(std::fs::remove_dir);
    }
    if !gone.is_empty() {
        write::replace(&list, list_text(wanted.keys()).as_bytes())?;
    }
    outcome.details.insert("written".to_owned(), json!(written));
    outcome.details.insert("removed".to_owned(), json!(gone));
    outcome.summary = format!(
        "{}: {}, {written} written, {} removed\n",
        directory.display(),
        count(wanted.len(), "file"),
        gone.len()
    );
    Ok(())
}
