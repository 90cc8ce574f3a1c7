//! The history table: what was applied, in plain types, and the port through which it is read and written.
//!
//! The table is Flyway's, row for row, so that Flyway can take over at any time and be taken over from.

use std::fmt;
use std::future::Future;

use crate::error::Error;
use crate::migration::{Migration, MigrationKind, display_name};
use crate::repair::RepairAction;
use crate::version::MigrationVersion;

/// The usual name of the table.
pub const DEFAULT_TABLE: &str = "flyway_schema_history";

/// A row of the history table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The order of rows; not the order of versions.
    pub installed_rank: i32,
    /// Absent for repeatable migrations and for the row of created schemas.
    pub version: Option<MigrationVersion>,
    /// At most 200 UTF-16 units.
    pub description: String,
    /// What kind of row it is.
    pub kind: RowKind,
    /// At most 1000 UTF-16 units.
    pub script: String,
    /// Absent for rows without a file.
    pub checksum: Option<i32>,
    /// The account.
    pub installed_by: String,
    /// As the server shows it in the session's time zone; empty for a row that is still to be written.
    pub installed_on: String,
    /// Milliseconds.
    pub execution_time: i32,
    /// False: the migration failed half-way, and someone must decide.
    pub success: bool,
}

/// The highest rank of these rows, of which there may be none.
pub fn highest_rank(rows: &[HistoryRow]) -> Option<i32> {
    rows.iter().map(|row| row.installed_rank).max()
}

/// The text of column `type`. Unknown values are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowKind(String);

impl RowKind {
    /// A versioned or repeatable SQL migration.
    pub const SQL: &'static str = "SQL";
    /// A baseline migration that was run.
    pub const SQL_BASELINE: &'static str = "SQL_BASELINE";
    /// The mark that everything up to a version is taken for applied.
    pub const BASELINE: &'static str = "BASELINE";
    /// The mark that schemas were created.
    pub const SCHEMA: &'static str = "SCHEMA";
    /// A migration was taken back, as Flyway's paid editions write it.
    pub const UNDO_SQL: &'static str = "UNDO_SQL";
    /// The mark that an applied migration's file is gone for good.
    pub const DELETE: &'static str = "DELETE";

    /// The kind with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is one of the constants, in any case.
    pub fn is(&self, kind: &str) -> bool {
        self.0.eq_ignore_ascii_case(kind)
    }

    /// Stands for all versions up to its own.
    pub fn is_baseline(&self) -> bool {
        ["BASELINE", "SQL_BASELINE", "JDBC_BASELINE", "SQL_STATE_SCRIPT", "JDBC_STATE_SCRIPT"]
            .iter()
            .any(|kind| self.is(kind))
    }

    /// Reverses the migration of its version.
    pub fn is_undo(&self) -> bool {
        self.0.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("UNDO"))
    }

    /// A mark without a file of its own.
    pub fn is_synthetic(&self) -> bool {
        [Self::SCHEMA, Self::BASELINE, Self::DELETE].iter().any(|kind| self.is(kind))
    }
}

impl fmt::Display for RowKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl HistoryRow {
    /// The row for a migration that was run, or failed.
    pub fn of_migration(
        migration: &Migration,
        installed_by: &str,
        execution_time: i32,
        success: bool,
    ) -> Self {
        let kind = match migration.kind {
            MigrationKind::Baseline => RowKind::SQL_BASELINE,
            _ => RowKind::SQL,
        };
        Self {
            installed_rank: 0,
            version: migration.version.clone(),
            description: abbreviate_description(&migration.description),
            kind: RowKind::new(kind),
            script: abbreviate_script(&migration.script),
            checksum: Some(migration.recorded_checksum()),
            installed_by: installed_by.to_owned(),
            installed_on: String::new(),
            execution_time,
            success,
        }
    }

    /// `1.2 (add orders)`, for messages.
    pub fn name(&self) -> String {
        display_name(self.version.as_ref(), &self.description)
    }

    /// The row that names schemas that were created.
    pub fn of_schemas(schemas: &[String], installed_by: &str) -> Self {
        let names: Vec<String> = schemas.iter().map(|schema| quoted(schema)).collect();
        Self {
            installed_rank: 0,
            version: None,
            description: "<< Flyway Schema Creation >>".to_owned(),
            kind: RowKind::new(RowKind::SCHEMA),
            script: abbreviate_script(&names.join(",")),
            checksum: None,
            installed_by: installed_by.to_owned(),
            installed_on: String::new(),
            execution_time: 0,
            success: true,
        }
    }

    /// The row that takes everything up to a version for applied.
    pub fn of_baseline(baseline: &Baseline, installed_by: &str) -> Self {
        let description = abbreviate_description(&baseline.description);
        Self {
            installed_rank: 0,
            version: Some(baseline.version.clone()),
            script: description.clone(),
            description,
            kind: RowKind::new(RowKind::BASELINE),
            checksum: None,
            installed_by: installed_by.to_owned(),
            installed_on: String::new(),
            execution_time: 0,
            success: true,
        }
    }
}

/// What is taken for applied when a database that exists is put under migrations.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Everything up to it is taken for applied.
    pub version: MigrationVersion,
    /// What the history shows.
    pub description: String,
}

impl Baseline {
    /// A baseline with Flyway's default description.
    pub fn new(version: MigrationVersion) -> Self {
        Self { version, description: "<< Flyway Baseline >>".to_owned() }
    }
}

/// Where the history is kept.
pub trait HistoryStore {
    /// The rows after a rank, by rank; all of them after -1. `None`: there is no table.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn rows(&mut self, after_rank: i32) -> impl Future<Output = Result<Option<Vec<HistoryRow>>, Error>>;

    /// Creates the table with these rows in it.
    ///
    /// # Errors
    /// When it cannot be created.
    fn create(&mut self, rows: &[HistoryRow]) -> impl Future<Output = Result<(), Error>>;

    /// Writes a row and commits it together with everything that was executed since the last commit.
    ///
    /// # Errors
    /// When it cannot be written; nothing is committed then.
    fn append(&mut self, row: &HistoryRow) -> impl Future<Output = Result<(), Error>>;

    /// Makes these changes in one transaction.
    ///
    /// # Errors
    /// When one of them cannot be made; none is made then.
    fn repair(&mut self, actions: &[RepairAction]) -> impl Future<Output = Result<(), Error>>;
}

/// An identifier in backquotes.
pub fn quoted(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// The name of the server-wide lock that Flyway takes for this table.
pub fn lock_name(schema: &str, table: &str) -> String {
    let name = format!("{}.{}", quoted(schema), quoted(table));
    // Java's String.hashCode().
    let hash =
        name.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    format!("Flyway-{hash}")
}

/// The first 197 UTF-16 units and three dots, if there are more than 200.
pub fn abbreviate_description(text: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() <= 200 { text.to_owned() } else { String::from_utf16_lossy(&units[..197]) + "..." }
}

/// Three dots and the last 997 UTF-16 units, if there are more than 1000.
pub fn abbreviate_script(text: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let Some(start) = units.len().checked_sub(997).filter(|_| units.len() > 1000) else {
        return text.to_owned();
    };
    format!("...{}", String::from_utf16_lossy(&units[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_has_flyways_name() {
        for (schema, table, name) in [
            ("e1", DEFAULT_TABLE, "Flyway--1826267123"),
            ("app", DEFAULT_TABLE, "Flyway--320650056"),
            ("My-App", DEFAULT_TABLE, "Flyway-1167138937"),
            ("app", "schema_version", "Flyway-2119152213"),
            ("prod_db", DEFAULT_TABLE, "Flyway-1197177875"),
            ("mysql", DEFAULT_TABLE, "Flyway-924780887"),
        ] {
            assert_eq!(lock_name(schema, table), name);
        }
    }

    #[test]
    fn long_texts_are_abbreviated_at_their_own_end() {
        assert_eq!(abbreviate_description(&"a".repeat(200)).len(), 200);
        let description = abbreviate_description(&format!("{}b", "a".repeat(200)));
        assert_eq!(description, format!("{}...", "a".repeat(197)));
        assert_eq!(abbreviate_script(&"a".repeat(1000)).len(), 1000);
        let script = abbreviate_script(&format!("b{}", "a".repeat(1000)));
        assert_eq!(script, format!("...{}", "a".repeat(997)));
        assert_eq!(abbreviate_description(&"é".repeat(200)), "é".repeat(200));
    }

    #[test]
    fn kinds_are_told_apart_in_any_case() {
        assert!(RowKind::new("baseline").is_baseline() && RowKind::new("SQL_STATE_SCRIPT").is_baseline());
        assert!(RowKind::new("UNDO_SQL").is_undo() && !RowKind::new("SQL").is_undo());
        assert!(RowKind::new("Schema").is_synthetic() && !RowKind::new("SQL_BASELINE").is_synthetic());
        assert_eq!(quoted("a`b"), "`a``b`");
    }
}
