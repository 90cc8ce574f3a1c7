//! A schema wherever it comes from: `schema`, `migrations`, `file:…`, a server, or any of the files at a revision of git.

pub(crate) mod git;
mod name;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use migrate_core::server::Server;
use migrate_core::{Migration, MigrationKind};
use schema_baseline::catalogue::Catalogue;
use schema_baseline::fs::read_schema;
use schema_baseline::live::{empty, read};
use schema_baseline::load::load_into;
use schema_baseline::place;
use schema_baseline::replay::{expanded, replay_onto};

pub(crate) use name::SourceName;

use crate::args::Reading;
use crate::commands::migrate::database::{at_url, block_on, of_environment, warn};
use crate::commands::migrate::files;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::tree::{Tree, tidy};

/// How long a server is waited for, and which of its tables is the history.
pub(crate) struct Reach<'a> {
    /// The root named on the command line.
    pub(crate) root: Option<&'a Path>,
    /// Seconds to wait for a connection.
    pub(crate) connect_timeout: u64,
    /// The history table, which belongs to no schema.
    pub(crate) table: &'a str,
}

/// A schema of a server.
pub(crate) struct Served {
    /// The schema.
    pub(crate) catalogue: Catalogue,
    /// An empty schema with its name and defaults.
    pub(crate) empty: Catalogue,
    /// The server.
    pub(crate) server: Server,
    /// How to reach it again.
    pub(crate) options: ConnectOptions,
}

impl<'a> Reach<'a> {
    /// As the command line says.
    pub(crate) fn new(root: Option<&'a Path>, reading: &'a Reading) -> Self {
        Self { root, connect_timeout: reading.connect_timeout, table: &reading.table }
    }
}

impl Reach<'_> {
    /// Reads what a server has; none when the name is not that of a server.
    pub(crate) fn served(&self, name: &SourceName, outcome: &mut Outcome) -> Result<Option<Served>, Failure> {
        let options = match name {
            SourceName::Url(url) => at_url(url, self.connect_timeout)?,
            SourceName::Environment(name) => of_environment(name, self.root, self.connect_timeout)?,
            _ => return Ok(None),
        };
        warn(&options, outcome);
        let (served, not_read) = block_on(async {
            let mut database = MySqlDatabase::open(&options, Some(self.table)).await?;
            let empty = empty(&mut database).await?;
            let live = read(&mut database).await?;
            let server = database.server().clone();
            database.close().await?;
            let options = options.clone();
            Ok((Served { catalogue: live.catalogue, empty, server, options }, live.not_read))
        })?;
        outcome.extend(not_read);
        Ok(Some(served))
    }

    /// Builds the schema that files describe, on an empty one with the defaults of its server.
    pub(crate) fn built(
        &self,
        name: &SourceName,
        empty: Catalogue,
        outcome: &mut Outcome,
    ) -> Result<Catalogue, Failure> {
        self.at(name, empty, None, outcome)
    }

    fn at(
        &self,
        name: &SourceName,
        empty: Catalogue,
        revision: Option<&git::Revision<'_>>,
        outcome: &mut Outcome,
    ) -> Result<Catalogue, Failure> {
        let tree = || Tree::open(self.root);
        match name {
            SourceName::Schema(directory) => {
                let named = directory.clone();
                let own = named
                    .map_or_else(|| tree().map(|tree| tree.path(&tree.configuration.paths.schema)), Ok)?;
                let files = fetched(revision, &own)?;
                directory_of(files.path(&own), &files.shown(&own), empty, outcome)
            }
            SourceName::Migrations(directory, version) => {
                let named = directory.clone();
                let own = named
                    .map_or_else(|| tree().map(|tree| tree.path(&tree.configuration.paths.migrations)), Ok)?;
                let files = fetched(revision, &own)?;
                self.migrations(files.path(&own), version.as_deref(), empty, outcome)
            }
            SourceName::File(path) => {
                let files = fetched(revision, path)?;
                script(files.path(path), &files.shown(path), empty, outcome)
            }
            SourceName::Git(name, inner) => {
                let revision = git::Revision::new(self.root, name)?;
                self.at(inner, empty, Some(&revision), outcome)
            }
            SourceName::Url(_) | SourceName::Environment(_) => Err(Problem::Source {
                text: name.to_string(),
                reason: "a server has no revisions of git".to_owned(),
            }
            .into()),
        }
    }

    fn migrations(
        &self,
        directory: &Path,
        version: Option<&str>,
        mut empty: Catalogue,
        outcome: &mut Outcome,
    ) -> Result<Catalogue, Failure> {
        if !directory.is_dir() {
            return Err(Failure::read(directory, std::io::ErrorKind::NotFound.into()));
        }
        let values = Tree::open(self.root).map(|tree| tree.configuration.placeholders).unwrap_or_default();
        let placeholders = files::offline_placeholders(&values)?;
        let (migrations, findings) = files::load(&[directory.to_owned().into()], self.root, &placeholders)?;
        outcome.extend(findings);
        let newest = version.map(crate::commands::migrate::version).transpose()?;
        let wanted = |migration: &&Migration| match migration.kind {
            MigrationKind::Versioned => newest
                .as_ref()
                .is_none_or(|newest| migration.version.as_ref().is_some_and(|own| own <= newest)),
            _ => false,
        };
        let repeatable = migrations.iter().filter(|migration| migration.kind == MigrationKind::Repeatable);
        let scripts = migrations.iter().filter(wanted).chain(repeatable);
        let scripts: Vec<_> = scripts.map(|migration| expanded(migration, &placeholders)).collect();
        outcome.extend(replay_onto(&mut empty, scripts));
        Ok(empty)
    }
}

/// A schema directory.
fn directory_of(
    directory: &Path,
    shown: &str,
    empty: Catalogue,
    outcome: &mut Outcome,
) -> Result<Catalogue, Failure> {
    if !directory.is_dir() {
        return Err(Failure::read(directory, std::io::ErrorKind::NotFound.into()));
    }
    let (files, findings) = read_schema(directory, shown).map_err(Failure::usage)?;
    outcome.extend(findings);
    let (schema, findings) = load_into(files, empty);
    outcome.extend(findings);
    Ok(schema.catalogue)
}

/// A schema in one file of SQL, whose tables come in any order.
fn script(
    path: &Path,
    shown: &str,
    mut empty: Catalogue,
    outcome: &mut Outcome,
) -> Result<Catalogue, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::read(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| Failure::not_utf8(path, &error))?;
    let text = text.trim_start_matches('\u{feff}');
    let source = Arc::new(place::Source::new(shown, text.into()));
    empty.defer_foreign_key_checks();
    outcome.extend(replay_onto(&mut empty, [source]));
    Ok(empty)
}

/// Files where they are, or as they were at a revision.
enum Fetched {
    Here,
    There { directory: tempfile::TempDir, inside: PathBuf, revision: String },
}

fn fetched(revision: Option<&git::Revision<'_>>, path: &Path) -> Result<Fetched, Failure> {
    let Some(revision) = revision else { return Ok(Fetched::Here) };
    let (directory, inside) = revision.fetch(path)?;
    Ok(Fetched::There { directory, inside, revision: revision.name().to_owned() })
}

impl Fetched {
    fn path<'a>(&'a self, own: &'a Path) -> &'a Path {
        match self {
            Self::Here => own,
            Self::There { inside, directory, .. } => {
                debug_assert!(inside.starts_with(directory.path()));
                inside
            }
        }
    }

    fn shown(&self, own: &Path) -> String {
        let own = tidy(own).display().to_string();
        match self {
            Self::Here => own,
            Self::There { revision, .. } => format!("{revision}:{own}"),
        }
    }
}

/// Whether something is so wrong with a schema that statements made of it would be.
pub(crate) fn is_broken(outcome: &Outcome) -> bool {
    outcome
        .findings
        .iter()
        .any(|finding| crate::finding::severity(finding.as_ref()) == miette::Severity::Error)
}
