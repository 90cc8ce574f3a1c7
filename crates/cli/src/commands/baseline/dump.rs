//! `infra baseline dump`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use schema_baseline::ast::ObjectKind;
use schema_baseline::dialect::Dialect;
use schema_baseline::dump::{Change, DumpFinding, Fate, plan, written};
use schema_baseline::fs::read_schema;
use schema_baseline::live::{Live, Shown, empty, shown};
use schema_baseline::load::load_into;
use serde_json::json;

use super::pattern::Filter;
use crate::args::BaselineDump;
use crate::commands::migrate::database::{at_url, block_on, of_environment, warn};
use crate::failure::{Failure, Problem};
use crate::finding::severity;
use crate::outcome::Outcome;
use crate::tree::{Tree, tidy};
use crate::ui::{BAD, GOOD, ODD, count, styled};
use crate::write;

/// Writes what a server has into the schema directory.
pub(crate) fn run(arguments: &BaselineDump, root: Option<&Path>) -> Result<Outcome, Failure> {
    let directory = match &arguments.schema_dir {
        Some(directory) => directory.clone(),
        None => Tree::open(root).map(|tree| tree.path(&tree.configuration.paths.schema))?,
    };
    let options = match arguments.source.strip_prefix("env:") {
        Some(name) => of_environment(name, root, arguments.connect_timeout)?,
        None => at_url(&arguments.source, arguments.connect_timeout)?,
    };
    let mut outcome = Outcome::default();
    warn(&options, &mut outcome);
    let filter = Filter::new(&arguments.only, &arguments.exclude);
    let targets: Vec<(Option<&String>, PathBuf)> = if arguments.schemas.is_empty() {
        vec![(None, directory)]
    } else {
        let mut targets = Vec::new();
        for name in &arguments.schemas {
            targets.push((Some(name), directory_of(&directory, name)?));
        }
        targets
    };
    // Everything is read before anything is written.
    let mut schemas = Vec::new();
    for (schema, _) in &targets {
        let options = ConnectOptions {
            database: schema.cloned().or_else(|| options.database.clone()),
            ..options.clone()
        };
        schemas.push(read(&options, arguments, &filter)?);
    }
    let mut dumps = Vec::new();
    for ((schema, directory), served) in targets.iter().zip(schemas) {
        let dump = Dump { directory, schema: schema.map(String::as_str) };
        let changes = dump.plan(arguments, served, &filter, &mut outcome)?;
        dumps.push((dump, changes));
    }
    let is_error =
        |finding: &crate::finding::BoxedFinding| severity(finding.as_ref()) == miette::Severity::Error;
    if outcome.findings.iter().any(is_error) {
        return Ok(outcome);
    }
    let mut listed = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (dump, changes) in dumps {
        dump.write(&changes)?;
        for change in changes {
            let word = dump.carry_out(&change, arguments.delete, &mut outcome)?;
            *counts.entry(word).or_default() += 1;
            let file = tidy(&dump.directory.join(&change.path)).display().to_string();
            if !["unchanged", "kept"].contains(&word) {
                outcome.summary +=
                    &format!("{}  {file}\n", styled(if word == "deleted" { BAD } else { GOOD }, word));
            }
            listed.push(json!({
                "schema": dump.schema,
                "kind": change.kind.noun(),
                "name": change.name,
                "file": file,
                "change": word,
            }));
        }
    }
    let parts: Vec<String> = counts.iter().map(|(word, number)| format!("{number} {word}")).collect();
    let parts = if parts.is_empty() { "nothing there".to_owned() } else { parts.join(", ") };
    outcome.summary += &format!("{}  {}: {parts}\n", styled(ODD, "dumped"), count(listed.len(), "object"));
    outcome.details.insert("objects".to_owned(), json!(listed));
    Ok(outcome)
}

/// What a server has.
struct Served {
    shown: Vec<Shown>,
    live: Live,
    not_read: Vec<schema_baseline::Finding>,
}

fn read(options: &ConnectOptions, arguments: &BaselineDump, filter: &Filter<'_>) -> Result<Served, Failure> {
    block_on(async {
        let mut database = MySqlDatabase::open(options, Some(&arguments.table)).await?;
        let catalogue = empty(&mut database).await?;
        let (shown, not_read) = shown(&mut database, &|kind, name| filter.wants(kind, name)).await?;
        database.close().await?;
        let live = Live::of(catalogue, &shown);
        Ok(Served { shown, live, not_read })
    })
}

/// The directory of one of several schemas.
fn directory_of(directory: &Path, schema: &str) -> Result<PathBuf, Failure> {
    let is_plain = !schema.is_empty() && !schema.starts_with('.') && !schema.contains(['/', '\\']);
    if !is_plain {
        return Err(Problem::SchemaName { name: schema.to_owned() }.into());
    }
    Ok(directory.join(schema))
}

/// One schema and its directory.
struct Dump<'a> {
    directory: &'a Path,
    schema: Option<&'a str>,
}

impl Dump<'_> {
    fn plan(
        &self,
        arguments: &BaselineDump,
        served: Served,
        filter: &Filter<'_>,
        outcome: &mut Outcome,
    ) -> Result<Vec<Change>, Failure> {
        let Served { shown, live, not_read } = served;
        outcome.extend(not_read);
        outcome.extend(shown.iter().filter_map(|object| {
            let reason = object.definition.as_ref().err()?.clone();
            let object = format!("{} `{}`", object.kind, object.name);
            Some(schema_baseline::Finding::NotRead { object, reason })
        }));
        let dialect: Dialect = live.catalogue.dialect();
        let (files, findings) = written(&shown, dialect, &arguments.definer);
        outcome.extend(findings);
        let shown_path = tidy(self.directory).display().to_string();
        let existing = if self.directory.is_dir() {
            read_schema(self.directory, &shown_path).map_err(Failure::usage)?.0
        } else {
            Vec::new()
        };
        if !arguments.update {
            if !existing.is_empty() {
                return Err(Problem::NotEmptyDirectory { path: self.directory.to_owned() }.into());
            }
            let change = |file: schema_baseline::dump::Written| Change {
                kind: file.kind,
                name: file.name,
                path: file.path,
                fate: Fate::Created,
                text: Some(file.text),
            };
            return Ok(files.into_iter().map(change).collect());
        }
        let paths: BTreeMap<String, String> =
            existing.iter().map(|file| (file.shown.clone(), file.path.clone())).collect();
        let (schema, findings) = load_into(existing, live.catalogue.emptied());
        // A file that cannot be read would be taken for one that is not there.
        outcome.extend(findings.into_iter().filter(is_about_a_file));
        let paths: Vec<String> = schema
            .objects
            .iter()
            .map(|object| paths.get(object.source.name()).cloned().unwrap_or_default())
            .collect();
        let wanted = |kind: ObjectKind, name: &str| filter.wants(kind, name);
        let (changes, findings) = plan(&schema, &paths, &live, files, &wanted);
        outcome.extend(findings);
        Ok(changes)
    }

    /// Writes the files of all objects that are new or differ.
    fn write(&self, changes: &[Change]) -> Result<(), Failure> {
        let files: Vec<(PathBuf, &[u8])> = changes
            .iter()
            .filter(|change| matches!(change.fate, Fate::Created | Fate::Updated))
            .filter_map(|change| Some((self.directory.join(&change.path), change.text.as_ref()?.as_bytes())))
            .collect();
        let folders: BTreeSet<&Path> = files.iter().filter_map(|(path, _)| path.parent()).collect();
        for folder in folders {
            std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, error))?;
        }
        write::replace_all(&files)
    }

    /// Does what is left to do for an object whose file is written, and says what happened to it.
    fn carry_out(
        &self,
        change: &Change,
        delete: bool,
        outcome: &mut Outcome,
    ) -> Result<&'static str, Failure> {
        let path = self.directory.join(&change.path);
        match change.fate {
            Fate::Created => Ok("created"),
            Fate::Updated => Ok("updated"),
            Fate::Gone if delete => {
                std::fs::remove_file(&path).map_err(|error| Failure::write(&path, error))?;
                Ok("deleted")
            }
            Fate::Gone => {
                let object = format!("{} `{}`", change.kind, change.name);
                outcome.extend([DumpFinding::Gone { object, path: change.path.clone() }]);
                Ok("kept")
            }
            Fate::Kept => Ok("unchanged"),
        }
    }
}

/// Whether a finding says that a file does not give the object that it should.
fn is_about_a_file(finding: &schema_baseline::Finding) -> bool {
    use schema_baseline::Finding;
    matches!(
        finding,
        Finding::NotUtf8 { .. }
            | Finding::EmptyFile { .. }
            | Finding::MoreThanOneStatement { .. }
            | Finding::NotAnObject { .. }
            | Finding::WrongFolder { .. }
            | Finding::Syntax { .. }
            | Finding::NotUnderstood { .. }
            | Finding::DuplicateObject { .. }
    )
}
