//! `migrate`.

use std::cell::Cell;
use std::time::Instant;

use migrate_core::apply::{ApplyOptions, Patience, Report, apply};
use migrate_core::database::{Database as _, Event, Progress};
use migrate_core::error::StatementError;
use migrate_core::flyway::Key;
use migrate_core::history::{HistoryStore as _, quoted};
use migrate_core::info::info;
use migrate_core::mysql::MySqlDatabase;
use migrate_core::server::Dialect;
use migrate_core::{Error, Migration, MigrationKind};
use serde_json::{Value, json};

use super::log::Log;
use super::stop::Stop;
use super::table::draw_as_flyway;
use super::{Ended, Run};
use crate::clock;
use crate::commands::migrate::database::block_on;
use crate::commands::migrate::progress::{Waits, interruptible};
use crate::ui::Ui;

/// Applies what is pending.
pub(super) fn run(run: &Run<'_>) -> Result<Ended, Stop> {
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let installed_by = run.settings.given(Key::InstalledBy);
    let mut options = ApplyOptions {
        plan: run.prepared.plan.clone(),
        baseline_on_migrate: run.settings.flag(Key::BaselineOnMigrate).then(|| run.prepared.baseline.clone()),
        installed_by: installed_by.map(str::to_owned),
        skip_executing: run.settings.flag(Key::SkipExecutingMigrations),
        create_schemas: run.settings.flag(Key::CreateSchemas),
        commit_each_statement: !run.settings.flag(Key::ExecuteInTransaction),
        lock_timeout: None,
        patience: Some(Patience::default()),
        online: None,
        settle: None,
    };
    let stopped = Cell::new(false);
    let mut watch = Watch::new(run.ui, run.log, &stopped);
    let work = async {
        let attempt = async {
            let mut database = run.prepared.open().await?;
            run.connected(&database);
            options.plan.suit(database.server());
            watch.begin(&mut database, &migrations, &options).await?;
            let mut progress: &mut dyn Progress = &mut watch;
            let report = apply(&mut database, &migrations, &options, &mut progress).await?;
            database.close().await?;
            Ok(report)
        };
        Ok(attempt.await)
    };
    let attempt: Result<Report, Error> = block_on(interruptible(run.ui, &stopped, work))?;
    let validates = options.plan.validate.is_some();
    let (report, error) = match attempt {
        Ok(report) => (report, None),
        Err(Error::Statement(error)) => {
            let report = Report { initial_version: watch.initial.clone(), ..Report::default() };
            (report, Some(error))
        }
        Err(error) => return Err(Stop::engine(error, &watch.schema, validates)),
    };
    let mut result = object(run, &watch, &report);
    let Some(error) = error else {
        watch.summary(&report);
        return Ok(Value::Object(result).into());
    };
    let stop = watch.failure(error);
    result.insert("error".to_owned(), Value::clone(&stop.error));
    result.insert("success".to_owned(), json!(false));
    Ok(Ended { result: Value::Object(result), stop: Some(stop) })
}

fn object(run: &Run<'_>, watch: &Watch<'_>, report: &Report) -> serde_json::Map<String, Value> {
    let time: i64 = report_times(&watch.applied);
    // The last one, even if it came out of order.
    let target = report.applied.iter().rev().find_map(|applied| applied.version.clone());
    let mut result = Log::heading("migrate", &watch.schema);
    result.insert("timestamp".to_owned(), json!(clock::timestamp().replace(' ', "T")));
    result.insert("databaseType".to_owned(), json!(watch.database_type));
    result.insert("schemaName".to_owned(), json!(run.settings.list(Key::Schemas).join(", ")));
    result.insert("initialSchemaVersion".to_owned(), json!(report.initial_version));
    result.insert("targetSchemaVersion".to_owned(), json!(target));
    result.insert("migrationsExecuted".to_owned(), json!(watch.applied.len()));
    result.insert("success".to_owned(), json!(true));
    result.insert("totalMigrationTime".to_owned(), json!(time));
    result.insert("warnings".to_owned(), json!([]));
    result.insert("exception".to_owned(), Value::Null);
    result.insert("licenseFailed".to_owned(), json!(false));
    result.insert("migrations".to_owned(), json!(watch.applied));
    result
}

fn report_times(applied: &[Value]) -> i64 {
    applied.iter().filter_map(|migration| migration["executionTime"].as_i64()).sum()
}

/// Says what happens in Flyway's words, and keeps what the result needs.
struct Watch<'a> {
    log: &'a Log<'a>,
    stopped: &'a Cell<bool>,
    waits: Waits<'a>,
    schema: String,
    table: String,
    database_type: &'static str,
    begun: Instant,
    /// How many migrations are compared with the history before the first is applied, if any.
    validated: Option<usize>,
    out_of_order: bool,
    /// The version before.
    initial: Option<String>,
    /// In the shape of the result.
    applied: Vec<Value>,
    /// The migration that runs: its name in Flyway's words, its kind and its file.
    current: Option<(String, MigrationKind, String)>,
}

impl<'a> Watch<'a> {
    fn new(ui: &'a Ui, log: &'a Log<'a>, stopped: &'a Cell<bool>) -> Self {
        Self {
            log,
            stopped,
            waits: Waits::new(ui),
            schema: String::new(),
            table: String::new(),
            database_type: "",
            begun: Instant::now(),
            validated: None,
            out_of_order: false,
            initial: None,
            applied: Vec::new(),
            current: None,
        }
    }

    async fn begin(
        &mut self,
        database: &mut MySqlDatabase,
        migrations: &[Migration],
        options: &ApplyOptions,
    ) -> Result<(), Error> {
        database.schema().clone_into(&mut self.schema);
        self.table = format!("{}.{}", quoted(database.schema()), quoted(database.table()));
        self.database_type = match database.server().dialect {
            Dialect::MariaDb => "MariaDB",
            Dialect::MySql => "MySQL",
        };
        let rows = database.rows(-1).await?;
        if rows.is_none() {
            self.log.info(&format!("Schema history table {} does not exist yet", self.table));
        }
        let baseline = match &options.baseline_on_migrate {
            Some(baseline) if rows.is_none() && !database.is_empty().await? => {
                Some(baseline.version.to_string())
            }
            _ => None,
        };
        let rows = rows.unwrap_or_default();
        let info = info(migrations, &rows, &options.plan.info);
        self.initial = baseline.or(info.current().map(ToString::to_string));
        self.validated = options.plan.validate.as_ref().map(|_| info.entries.len());
        self.out_of_order = options.plan.info.out_of_order;
        Ok(())
    }

    fn summary(&self, report: &Report) {
        let schema = quoted(&self.schema);
        if report.applied.is_empty() {
            self.log.info(&format!("Schema {schema} is up to date. No migration necessary."));
            return;
        }
        let last = report.applied.iter().rev().find_map(|applied| applied.version.as_deref());
        let now = last.map(|version| format!(", now at version v{version}")).unwrap_or_default();
        let (count, time) =
            (plural(report.applied.len(), "migration"), duration(self.begun.elapsed().as_millis()));
        self.log
            .info(&format!("Successfully applied {count} to schema {schema}{now} (execution time {time})"));
    }

    fn failure(&self, error: Box<StatementError>) -> Stop {
        let (what, kind, path) = match &self.current {
            Some((what, kind, path)) => (what.as_str(), *kind, path.as_str()),
            None => ("", MigrationKind::Versioned, ""),
        };
        let code = match kind {
            MigrationKind::Repeatable => "FAILED_REPEATABLE_MIGRATION",
            MigrationKind::Baseline => "FAILED_BASELINE_MIGRATION",
            _ => "FAILED_VERSIONED_MIGRATION",
        };
        self.log.error(&format!(
            "Migration of {what} failed! Please restore backups and roll back database and code!"
        ));
        let title = format!("Failed to execute script {}", path.rsplit('/').next().unwrap_or(path));
        let message = format!(
            "{title}\n{}\nSQL State  : {}\nError Code : {}\nMessage    : {}\nLocation   : {path} ({path})\nLine       : {}\n",
            "-".repeat(title.chars().count()),
            error.state,
            error.code,
            error.message,
            error.line,
        );
        let cause = json!({ "message": error.message, "stackTrace": "", "cause": null });
        let item = json!({
            "errorCode": code,
            "sqlState": error.state,
            "sqlErrorCode": error.code,
            "message": message,
            "lineNumber": error.line,
            "path": path,
            "cause": cause,
        });
        Stop {
            error: Box::new(item),
            reports: vec![Box::new(Error::Statement(error))],
            ..Stop::new(code, message)
        }
    }
}

impl Progress for Watch<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Waiting(_) => self.waits.event(event),
            Event::HistoryCreated => {
                self.log.info(&format!("Creating Schema History table {} ...", self.table));
            }
            Event::Planned(_) => {
                if let Some(count) = self.validated {
                    let time = duration(self.begun.elapsed().as_millis());
                    self.log.info(&format!(
                        "Successfully validated {} (execution time {time})",
                        plural(count, "migration")
                    ));
                }
                if self.out_of_order {
                    self.log.warn(&format!(
                        "outOfOrder mode is active. Migration of schema {} may not be reproducible.",
                        quoted(&self.schema)
                    ));
                }
                let version = self.initial.as_deref().unwrap_or("<< Empty Schema >>");
                self.log.info(&format!("Current version of schema {}: {version}", quoted(&self.schema)));
            }
            Event::Started { migration, out_of_order, .. } => {
                let late = if out_of_order { " [out of order]" } else { "" };
                let what = format!("schema {} {}{late}", quoted(&self.schema), which(migration));
                self.log.info(&format!("Migrating {what}"));
                self.current = Some((what, migration.kind, migration.path().to_owned()));
            }
            Event::Resumed { statement, .. } => {
                self.log
                    .info(&format!("Resuming at statement {statement}, where an earlier run was cut off"));
            }
            Event::Statement { sql, .. } => self.log.debug(&format!("Executing statement: {sql}")),
            Event::Executed { result, .. } => {
                for warning in &result.warnings {
                    self.log.warn(&format!(
                        "DB: {} (SQL State: - Error Code: {})",
                        warning.message, warning.code
                    ));
                }
            }
            Event::Found(found) => found.iter().for_each(|set| self.log.info(&draw_as_flyway(set))),
            Event::Applied { migration, milliseconds } => self.applied.push(applied(migration, milliseconds)),
            _ => {}
        }
    }

    fn stop(&self) -> bool {
        self.stopped.get()
    }
}

/// `to version "1 - first"` or `with repeatable migration "views"`.
fn which(migration: &Migration) -> String {
    let description = &migration.description;
    match &migration.version {
        Some(version) if description.is_empty() => format!("to version \"{version}\""),
        Some(version) => format!("to version \"{version} - {description}\""),
        None => format!("with repeatable migration \"{description}\""),
    }
}

fn applied(migration: &Migration, milliseconds: i32) -> Value {
    let (category, kind) = match migration.kind {
        MigrationKind::Repeatable => ("Repeatable", "SQL"),
        MigrationKind::Baseline => ("Baseline", "SQL_BASELINE"),
        _ => ("Versioned", "SQL"),
    };
    json!({
        "category": category,
        "version": migration.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        "description": migration.description,
        "type": kind,
        "filepath": migration.path(),
        "executionTime": milliseconds,
    })
}

/// `1 migration`, `2 migrations`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    crate::ui::count(count, noun)
}

/// `00:00.035s`.
pub(super) fn duration(milliseconds: u128) -> String {
    format!("{:02}:{:02}.{:03}s", milliseconds / 60_000, milliseconds / 1000 % 60, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_flyway_writes_them() {
        assert_eq!(duration(35), "00:00.035s");
        assert_eq!(duration(3_723_004), "62:03.004s");
    }
}
