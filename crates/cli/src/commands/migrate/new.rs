//! `infra migrate new DESCRIPTION`.

mod from_schema;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use migrate_core::naming::Naming;
use migrate_core::new::{file_name, next_version};
use serde_json::json;

use self::from_schema::{Base, Names};
use super::{bundle, files};
use crate::args::MigrateNew;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::tree::Tree;
use crate::ui::{DIM, GOOD, styled};
use crate::write;

/// A file to write.
struct File {
    name: String,
    text: String,
}

/// Creates the next version's file, and its undo script when that is wanted, and lists them in the kustomization that packs the
/// migrations.
pub(crate) fn run(arguments: &MigrateNew, root: Option<&Path>) -> Result<Outcome, Failure> {
    let directory = match &arguments.locations {
        Some(directory) => directory.clone(),
        None => Tree::open(root).map(|tree| tree.path(&tree.configuration.paths.migrations))?,
    };
    let values = Tree::open(root).map(|tree| tree.configuration.placeholders).unwrap_or_default();
    let placeholders = files::offline_placeholders(&values)?;
    let (migrations, findings) = files::load(&[directory.clone().into()], None, &placeholders)?;
    let naming = Naming::default();
    let version = next_version(&migrations, &naming);
    let name = file_name(&version, &arguments.description, &naming).map_err(|reason| {
        Problem::Description { description: arguments.description.clone(), reason: reason.to_string() }
    })?;
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    let made = if arguments.from_schema {
        let rest = name.strip_prefix(&naming.versioned_prefix).unwrap_or(&name);
        let undo = format!("{}{rest}", naming.undo_prefix);
        let names = Names { version: version.clone(), versioned: name, undo };
        from_schema::scripts(Base { migrations, placeholders, root }, &names, arguments, &mut outcome)?
    } else {
        vec![File { name, text: format!("-- {}\n", arguments.description) }]
    };
    if made.is_empty() {
        return Ok(outcome);
    }
    write_all(&directory, &made, &mut outcome)?;
    let next = if arguments.from_schema { "read the SQL" } else { "write the SQL" };
    outcome.summary += &styled(
        DIM,
        format!("next: {next}, rename the migration Job to end in `v{version}`, run `infra check`\n"),
    );
    outcome.details.insert("version".to_owned(), json!(version));
    Ok(outcome)
}

/// The undo script comes first, so that no migration stands there without the one that was asked for.
fn write_all(directory: &Path, made: &[File], outcome: &mut Outcome) -> Result<(), Failure> {
    let kustomization = directory.join("kustomization.yaml");
    let mut listed = None;
    for (key, file) in ["file", "undo_file"].into_iter().zip(made).rev() {
        let path = directory.join(&file.name);
        create(&path, &file.text)?;
        listed = list(&kustomization, &file.name)?.or(listed);
        outcome.summary += &format!("{}  {}\n", styled(GOOD, "created"), path.display());
        outcome.details.insert(key.to_owned(), json!(path));
    }
    if let Some(kustomization) = &listed {
        outcome.summary += &format!("{}   {}\n", styled(GOOD, "listed"), kustomization.display());
    }
    Ok(())
}

/// Never replaces a file that is there: the name is taken first, then the text put in its place as a whole.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| Failure::write(path, error))?;
    write::replace(path, text.as_bytes()).inspect_err(|_| {
        // What failed is told; an empty migration must not stay.
        let _ = std::fs::remove_file(path);
    })
}

/// Adds the file to the kustomization's list, when there is one; gives its path when it was changed.
fn list(kustomization: &Path, name: &str) -> Result<Option<PathBuf>, Failure> {
    let text = match std::fs::read_to_string(kustomization) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(kustomization, error)),
    };
    let Some(changed) = bundle::with_file(&text, name) else { return Ok(None) };
    write::replace(kustomization, changed.as_bytes())?;
    Ok(Some(kustomization.to_owned()))
}
