//! Boots an empty database from a baseline.

use std::sync::Arc;

use migrate_core::MigrationVersion;
use migrate_core::apply::under_lock;
use migrate_core::database::{Database, Progress};
use migrate_core::history::Baseline as HistoryBaseline;
use migrate_core::script::{SplitOptions, Statement, position_at, split};

use crate::emit::Header;
use crate::error::Error;
use crate::place::Source;

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The statements that ran.
    pub statements: usize,
    /// The version that the history now shows as baseline; none when the baseline contains no migration.
    pub version: Option<String>,
}

/// Loads a baseline into an empty database and records in the history that everything up to its version is there, so
/// that later migrations apply. `lock_timeout` is in seconds; none waits as long as it takes.
///
/// # Errors
/// When the text is no baseline, when the database is not empty or has a history, and what the server says. A load that
/// failed leaves objects behind, so the database must be emptied before the next try.
pub async fn load_live<D: Database>(
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
    under_lock(database, lock_timeout, progress, async |database, progress| {
        boot(database, baseline, &statements).await?;
        if let Some(version) = version {
            let row = HistoryBaseline::new(version);
            migrate_core::apply::baseline(database, &row, None, lock_timeout, progress).await?;
        }
        Ok::<_, Error>(())
    })
    .await?;
    Ok(Loaded { statements: statements.len(), version: header.version })
}

async fn boot<D: Database>(
    database: &mut D,
    baseline: &Arc<Source>,
    statements: &[Statement],
) -> Result<(), Error> {
    if !database.is_empty().await? || database.rows(-1).await?.is_some() {
        return Err(Error::NotEmpty { schema: database.schema().to_owned() });
    }
    for statement in statements {
        let Err(failure) = database.execute(statement.text(baseline.inner())).await else { continue };
        let (line, column) = position_at(baseline.inner(), statement.start);
        if !failure.connection_lost {
            database.reset().await?;
        }
        let (file, code, message) = (baseline.name().to_owned(), failure.code, failure.message);
        return Err(Error::Statement { file, line, column, code, message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_core::database::Failure;
    use migrate_core::memory::{MemoryDatabase, run};

    const TEXT: &str = "-- x\n-- version: 014\n-- content: sha256:0\n-- tool: t\n\nSET NAMES utf8mb4;\n\
        DELIMITER $$\nCREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END$$\nDELIMITER ;\n";

    fn load(database: &mut MemoryDatabase, text: &str) -> Result<Loaded, Error> {
        let source = Arc::new(Source::new("baseline.sql", text.into()));
        run(load_live(database, &source, None, &mut ())).unwrap()
    }

    #[test]
    fn runs_every_statement_and_records_the_version() {
        let mut database = MemoryDatabase::default();
        let loaded = load(&mut database, TEXT).unwrap();
        assert_eq!(loaded, Loaded { statements: 2, version: Some("014".to_owned()) });
        let trigger = &database.executed[1];
        assert!(trigger.starts_with("CREATE TRIGGER") && trigger.ends_with("END"), "{trigger}");
        let history = database.history.unwrap();
        assert_eq!(history.len(), 1);
        assert!(history[0].kind.is_baseline() && !database.locked);
        assert_eq!(history[0].version.as_ref().map(ToString::to_string).as_deref(), Some("014"));
    }

    #[test]
    fn refuses_a_database_with_anything_in_it() {
        let mut database = MemoryDatabase { has_tables: true, ..MemoryDatabase::default() };
        assert!(matches!(load(&mut database, TEXT), Err(Error::NotEmpty { .. })));
        let mut database = MemoryDatabase { history: Some(Vec::new()), ..MemoryDatabase::default() };
        assert!(matches!(load(&mut database, TEXT), Err(Error::NotEmpty { .. })));
        assert!(database.uncommitted.is_empty());
    }

    #[test]
    fn refuses_what_is_no_baseline() {
        let mut database = MemoryDatabase::default();
        assert!(matches!(load(&mut database, "CREATE TABLE t (a INT);"), Err(Error::NotABaseline { .. })));
    }

    #[test]
    fn a_failure_names_the_statement() {
        let failure =
            Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
        let fail_on = Some(("TRIGGER".to_owned(), failure));
        let mut database = MemoryDatabase { fail_on, ..MemoryDatabase::default() };
        let error = load(&mut database, TEXT).unwrap_err();
        assert!(matches!(error, Error::Statement { line: 8, column: 1, code: 1064, .. }), "{error}");
        assert_eq!(database.resets, 1);
    }
}
