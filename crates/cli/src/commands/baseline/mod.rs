//! `infra baseline`.

pub(crate) mod diff;
pub(crate) mod dump;
mod engine;
pub(crate) mod graph;
pub(crate) mod lint;
mod pattern;
mod split;
pub(crate) mod verify;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use migrate_core::location::Location;
use migrate_core::mysql::MySqlDatabase;
use migrate_core::placeholder::Placeholders;
use schema_baseline::emit::{Options, Split, build_with, parts};
use schema_baseline::load_live::load_live;
use schema_baseline::place::Source;
use serde_json::json;

use self::split::write_parts;
use crate::args::{BaselineBuild, BaselineLoad, SplitBy};
use crate::commands::migrate::database::{at_url, block_on, of_environment, warn};
use crate::commands::migrate::files;
use crate::commands::migrate::progress::{Lines, interruptible};
use crate::failure::Failure;
use crate::finding::severity;
use crate::outcome::Outcome;
use crate::schema::{self, BASELINE};
use crate::tree::{Tree, read_if_present};
use crate::ui::{GOOD, Ui, count, styled};
use crate::write;

/// Writes baseline.sql from the schema directory, or says whether it is fresh. A schema with errors leaves the file as it is.
pub(crate) fn build(arguments: &BaselineBuild, root: Option<&Path>) -> Result<Outcome, Failure> {
    let tree = || Tree::open(root);
    let directory = match &arguments.schema_dir {
        Some(directory) => directory.clone(),
        None => tree().map(|tree| tree.path(&tree.configuration.paths.schema))?,
    };
    let location = match (&arguments.locations, &arguments.schema_dir) {
        (Some(location), _) => Some(location.clone()),
        // A directory of one's own has migrations beside it, or none.
        (None, Some(directory)) => Some(directory.join("../migrations")),
        (None, None) => Some(tree().map(|tree| tree.path(&tree.configuration.paths.migrations))?),
    }
    .filter(|location| location.is_dir());
    let default = if arguments.split.is_some() { "baseline" } else { BASELINE };
    let out = arguments.out.clone().unwrap_or_else(|| directory.join(default));
    if !directory.is_dir() {
        return Err(Failure::read(&directory, std::io::ErrorKind::NotFound.into()));
    }
    let (schema, mut findings) = schema::read(&directory, &directory, arguments.dialect)?;
    let mut outcome = Outcome::default();
    let locations: Vec<Location> = location.into_iter().map(Location::from).collect();
    let (migrations, problems) = files::load(&locations, None, &Placeholders::default())?;
    outcome.extend(problems);
    let options = Options {
        header: schema::header(&migrations),
        definers: arguments.definer.clone(),
        tables_only: arguments.tables_only,
    };
    let (baseline, problems) = build_with(&schema, &options);
    findings.extend(problems);
    outcome.extend(findings);
    outcome.details.insert("file".to_owned(), json!(out));
    outcome.details.insert("objects".to_owned(), json!(schema.objects.len()));
    outcome.details.insert("content".to_owned(), json!(format!("sha256:{}", baseline.content_hash)));
    if outcome.findings.iter().any(|finding| severity(finding.as_ref()) == miette::Severity::Error) {
        return Ok(outcome);
    }
    if let Some(by) = arguments.split {
        let split = match by {
            SplitBy::Kind => Split::Kind,
            SplitBy::Object => Split::Object,
        };
        write_parts(&parts(&schema, &options, split), &out, arguments.check, &mut outcome)?;
        return Ok(outcome);
    }
    let existing = read_if_present(&out)?;
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

/// Boots an empty database from baseline.sql, so that only later migrations remain to be applied.
pub(crate) fn load(arguments: &BaselineLoad, root: Option<&Path>, ui: &Ui) -> Result<Outcome, Failure> {
    let file = match &arguments.file {
        Some(file) => file.clone(),
        None => Tree::open(root).map(|tree| tree.path(&tree.configuration.paths.schema.join(BASELINE)))?,
    };
    let options = match arguments.source.strip_prefix("env:") {
        Some(name) => of_environment(name, root, arguments.connect_timeout)?,
        None => at_url(&arguments.source, arguments.connect_timeout)?,
    };
    let bytes = std::fs::read(&file).map_err(|error| Failure::read(&file, error))?;
    let text = String::from_utf8(bytes).map_err(|error| Failure::not_utf8(&file, &error))?;
    let source = Arc::new(Source::new(file.display().to_string(), text.into()));
    let mut outcome = Outcome::default();
    warn(&options, &mut outcome);
    let stopped = Cell::new(false);
    let loaded = block_on(interruptible(ui, &stopped, async {
        let mut database = MySqlDatabase::open(&options, Some(&arguments.table)).await?;
        let loaded = load_live(&mut database, &source, None, &mut Lines::new(ui, &stopped)).await?;
        database.close().await?;
        Ok(loaded)
    }))?;
    let version = loaded
        .version
        .as_deref()
        .map_or_else(String::new, |version| format!(", history starts at {version}"));
    let found = match loaded.found {
        0 => String::new(),
        found => format!(", {found} of which an earlier try had run"),
    };
    outcome.summary =
        format!("{}  {}{found}{version}\n", styled(GOOD, "loaded"), count(loaded.statements, "statement"));
    outcome.details.insert("statements".to_owned(), json!(loaded.statements));
    outcome.details.insert("found".to_owned(), json!(loaded.found));
    outcome.details.insert("version".to_owned(), json!(loaded.version));
    Ok(outcome)
}
