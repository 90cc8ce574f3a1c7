//! `infra migrate new DESCRIPTION`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use migrate_core::naming::Naming;
use migrate_core::new::{file_name, next_version};
use migrate_core::placeholder::Placeholders;
use serde_json::json;

use super::{bundle, files};
use crate::args::MigrateNew;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::tree::Tree;
use crate::ui::{DIM, GOOD, styled};
use crate::write;

/// Creates the next version's file and lists it in the kustomization that packs the migrations.
pub(crate) fn run(arguments: &MigrateNew, root: Option<&Path>) -> Result<Outcome, Failure> {
    let directory = match &arguments.locations {
        Some(directory) => directory.clone(),
        None => Tree::open(root).map(|tree| tree.path(&tree.configuration.paths.migrations))?,
    };
    let (migrations, findings) = files::load(&[directory.clone().into()], None, &Placeholders::default())?;
    let naming = Naming::default();
    let version = next_version(&migrations, &naming);
    let name = file_name(&version, &arguments.description, &naming).map_err(|reason| {
        Problem::Description { description: arguments.description.clone(), reason: reason.to_string() }
    })?;
    let path = directory.join(&name);
    create(&path, &arguments.description)?;
    let listed = list(&directory.join("kustomization.yaml"), &name)?;

    let mut summary = format!("{}  {}\n", styled(GOOD, "created"), path.display());
    if let Some(kustomization) = &listed {
        summary += &format!("{}   {}\n", styled(GOOD, "listed"), kustomization.display());
    }
    summary += &styled(
        DIM,
        format!("next: write the SQL, rename the migration Job to end in `v{version}`, run `infra check`\n"),
    );
    let mut outcome = Outcome { summary, ..Outcome::default() };
    outcome.details.insert("file".to_owned(), json!(path));
    outcome.details.insert("version".to_owned(), json!(version));
    outcome.extend(findings);
    Ok(outcome)
}

/// Never replaces a file that is there.
fn create(path: &Path, description: &str) -> Result<(), Failure> {
    let failed = |error| Failure::write(path, error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    writeln!(file, "-- {description}").map_err(failed)
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
