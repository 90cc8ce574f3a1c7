//! Boots an empty database from a baseline, and goes on where an earlier try was cut off.
//!
//! The first thing that a load does to an empty database is to mark it, by a table that tells which baseline it is. Whatever is
//! in a marked database was made by that baseline: each of its statements makes one object or none, at once or not at all, so what
//! is there already is passed over. Nothing is ever dropped. The mark goes when the history says what the database holds.

mod site;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use migrate_core::MigrationVersion;
use migrate_core::apply::under_lock;
use migrate_core::database::Progress;
use migrate_core::history::{Baseline as HistoryBaseline, HistoryRow};
use migrate_core::script::{SplitOptions, Statement, position_at, split};
use sha2::{Digest, Sha256};

pub use site::Site;

use crate::ast::{AlterAction, ObjectKind, StatementKind, TableElement};
use crate::catalogue::key_of;
use crate::dialect::Dialect;
use crate::emit::Header;
use crate::error::Error;
use crate::load::created;
use crate::parse::parse_statements;
use crate::place::Source;

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The statements of the baseline.
    pub statements: usize,
    /// Those of them whose objects an earlier try had made.
    pub found: usize,
    /// The version that the history now shows as baseline; none when the baseline contains no migration.
    pub version: Option<String>,
}

/// Loads a baseline into an empty database and records in the history that everything up to its version is there, so
/// that later migrations apply. `lock_timeout` is in seconds; none waits as long as it takes.
///
/// A load that was cut off, at whatever moment, is recognised by its mark and goes on.
///
/// # Errors
/// When the text is no baseline, when the database has anything in it that this baseline did not make, and what the server
/// says; [`Error::Stopped`] when `progress` asks for it.
pub async fn load_live<D: Site>(
    database: &mut D,
    baseline: &Arc<Source>,
    lock_timeout: Option<u64>,
    progress: &mut impl Progress,
) -> Result<Loaded, Error> {
    let file = || baseline.name().to_owned();
    let header = Header::read(baseline.inner()).ok_or_else(|| Error::NotABaseline { file: file() })?;
    let version = header
        .version
        .as_deref()
        .map(|text| MigrationVersion::parse(text).map_err(|_| Error::NotABaseline { file: file() }))
        .transpose()?;
    let (statements, problems) = split(baseline.inner(), &SplitOptions::default());
    if !problems.is_empty() {
        return Err(Error::NotABaseline { file: file() });
    }
    // From before the database is judged empty until its history says what it holds, nobody else may begin.
    let found = under_lock(database, lock_timeout, progress, async |database, progress| {
        let found = boot(database, baseline, &statements, progress).await?;
        if let Some(version) = version {
            let row = HistoryBaseline::new(version);
            if database.rows(-1).await?.is_some_and(|rows| rows.is_empty()) {
                // The try before came as far as the table.
                let user = database.user().to_owned();
                let row = HistoryRow { installed_rank: 1, ..HistoryRow::of_baseline(&row, &user) };
                database.append(&row).await?;
            } else {
                migrate_core::apply::baseline(database, &row, None, lock_timeout, progress).await?;
            }
        }
        database.unmark().await?;
        Ok::<_, Error>(found)
    })
    .await?;
    Ok(Loaded { statements: statements.len(), found, version: header.version })
}

/// Runs what has not run yet, and gives the number of statements that had.
async fn boot<D: Site>(
    database: &mut D,
    baseline: &Arc<Source>,
    statements: &[Statement],
    progress: &impl Progress,
) -> Result<usize, Error> {
    let content = Sha256::digest(baseline.inner().as_bytes()).iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    });
    let done = match database.mark().await? {
        Some(mark) if mark != content => {
            return Err(Error::OtherBaseline { schema: database.schema().to_owned() });
        }
        Some(_) => done(database, baseline).await?,
        None => {
            if !database.is_empty().await? || database.rows(-1).await?.is_some() {
                return Err(Error::NotEmpty { schema: database.schema().to_owned() });
            }
            database.set_mark(&content).await?;
            BTreeSet::new()
        }
    };
    for statement in statements {
        if done.contains(&statement.start) {
            continue;
        }
        if progress.stop() {
            return Err(Error::Stopped { schema: database.schema().to_owned() });
        }
        let Err(failure) = database.execute(statement.text(baseline.inner())).await else { continue };
        let (line, column) = position_at(baseline.inner(), statement.start);
        if !failure.connection_lost {
            database.reset().await?;
        }
        let (file, code, message) = (baseline.name().to_owned(), failure.code, failure.message);
        return Err(Error::Statement { file, line, column, code, message });
    }
    Ok(done.len())
}

/// What one statement of a baseline leaves behind.
enum Trace {
    /// An object.
    Object(ObjectKind, String),
    /// Foreign keys of a table: all of them at once.
    ForeignKeys(String, Vec<Option<String>>),
}

/// Where those statements begin whose traces the database bears.
async fn done<D: Site>(database: &mut D, baseline: &Arc<Source>) -> Result<BTreeSet<usize>, Error> {
    let traces = traces(baseline, database.dialect());
    let objects = database.objects().await?;
    let made: BTreeSet<(ObjectKind, &str)> = traces
        .iter()
        .filter_map(|(_, trace)| match trace {
            Trace::Object(kind, name) => Some((*kind, name.as_str())),
            Trace::ForeignKeys(..) => None,
        })
        .collect();
    let foreign = |object: &&(Option<ObjectKind>, String)| {
        object.0.is_none_or(|kind| !made.contains(&(kind, key_of(kind, &object.1).as_str())))
    };
    if objects.iter().any(|object| foreign(&object)) {
        return Err(Error::NotEmpty { schema: database.schema().to_owned() });
    }
    let there: BTreeSet<(ObjectKind, String)> =
        objects.into_iter().filter_map(|(kind, name)| kind.map(|kind| (kind, key_of(kind, &name)))).collect();
    let keys: BTreeMap<String, Vec<String>> = database.foreign_keys().await?;
    let is_done = |trace: &Trace| match trace {
        Trace::Object(kind, name) => there.contains(&(*kind, name.clone())),
        // When one has no name, none of the table's keys came with the table.
        Trace::ForeignKeys(table, names) => keys.get(table).is_some_and(|keys| {
            names.iter().any(|name| match name {
                Some(name) => keys.iter().any(|key| key.eq_ignore_ascii_case(name)),
                None => !keys.is_empty(),
            })
        }),
    };
    Ok(traces.iter().filter(|(_, trace)| is_done(trace)).map(|(start, _)| *start).collect())
}

/// The traces of the statements that leave any, by where they begin.
fn traces(baseline: &Arc<Source>, dialect: Dialect) -> Vec<(usize, Trace)> {
    let (statements, _) = parse_statements(baseline, dialect);
    let trace = |statement: &crate::ast::Statement| match &statement.kind {
        StatementKind::AlterTable(alter) => {
            let name = |action: &AlterAction| match action {
                AlterAction::Add(TableElement::ForeignKey(key), _) => {
                    Some(key.name.as_ref().map(|name| name.text.clone()))
                }
                _ => None,
            };
            let names = alter.actions.iter().filter_map(|action| name(&action.action)).collect();
            Some(Trace::ForeignKeys(alter.name.text().to_owned(), names))
        }
        _ => created(statement).map(|(kind, name)| Trace::Object(kind, key_of(kind, name.text()))),
    };
    statements.iter().filter_map(|statement| Some((statement.span.start, trace(statement)?))).collect()
}
