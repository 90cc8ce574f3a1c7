//! `infra baseline build`.

use std::path::{Path, PathBuf};

use schema_baseline::dialect::Dialect;
use serde_json::json;

use crate::args::BaselineBuild;
use crate::commands::migrate::files;
use crate::failure::Failure;
use crate::finding::severity;
use crate::outcome::Outcome;
use crate::schema::{self, BASELINE};
use crate::tree::Tree;
use crate::ui::{GOOD, count, styled};
use crate::write;

/// Writes baseline.sql from the schema directory, or says whether it is fresh. A schema with errors leaves the file as it is.
pub(crate) fn build(arguments: &BaselineBuild, root: Option<&Path>) -> Result<Outcome, Failure> {
    let tree = || Tree::open(root);
    let directory = match &arguments.schema_dir {
        Some(directory) => directory.clone(),
        None => tree().map(|tree| tree.path(&tree.configuration.paths.schema))?,
    };
    let locations: Vec<PathBuf> = match (&arguments.locations, &arguments.schema_dir) {
        (Some(location), _) => vec![location.clone()],
        // A directory of one's own has migrations beside it, or none.
        (None, Some(directory)) => {
            let beside = directory.join("../migrations");
            if beside.is_dir() { vec![beside] } else { Vec::new() }
        }
        (None, None) => files::locations(&[], root)?,
    };
    let out = arguments.out.clone().unwrap_or_else(|| directory.join(BASELINE));
    if !directory.is_dir() {
        return Err(Failure::read(&directory, std::io::ErrorKind::NotFound.into()));
    }
    let (schema, mut findings) = schema::read(&directory, &directory, Dialect::default())?;
    let mut outcome = Outcome::default();
    let migrations = if locations.iter().all(|location| location.is_dir()) {
        let (migrations, problems) = files::load(&locations, None)?;
        outcome.extend(problems);
        migrations
    } else {
        Vec::new()
    };
    let (baseline, problems) = schema::baseline(&schema, &migrations);
    findings.extend(problems);
    outcome.extend(findings);
    outcome.details.insert("file".to_owned(), json!(out));
    outcome.details.insert("objects".to_owned(), json!(schema.objects.len()));
    outcome.details.insert("content".to_owned(), json!(format!("sha256:{}", baseline.content_hash)));
    if outcome.findings.iter().any(|finding| severity(finding.as_ref()) == miette::Severity::Error) {
        return Ok(outcome);
    }
    let existing = match std::fs::read(&out) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::read(&out, error)),
    };
    let stale = baseline.stale(&out.display().to_string(), existing.as_deref());
    let verdict = match (&stale, arguments.check) {
        (None, true) => "fresh",
        (Some(_), true) => "stale",
        (_, false) if existing.as_deref() == Some(baseline.text.as_bytes()) => "unchanged",
        (_, false) => {
            write::replace(&out, baseline.text.as_bytes())?;
            "written"
        }
    };
    if arguments.check {
        outcome.extend(stale);
    }
    if verdict != "stale" {
        let objects = count(schema.objects.len(), "object");
        outcome.summary = format!("{}  {}  {objects}\n", styled(GOOD, verdict), out.display());
    }
    outcome.details.insert("verdict".to_owned(), json!(verdict));
    Ok(outcome)
}
