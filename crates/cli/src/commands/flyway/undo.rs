//! `undo`, which Flyway sells: the verb and its result are those of the paid editions.

use std::cell::Cell;

use migrate_core::Error;
use migrate_core::apply::{ApplyOptions, Patience, Report, undo};
use migrate_core::database::Database as _;
use migrate_core::flyway::Key;
use migrate_core::history::quoted;
use migrate_core::info::{InfoOptions, Target};
use migrate_core::plan::PlanOptions;
use serde_json::{Value, json};

use super::Run;
use super::log::Log;
use super::migrate::{duration, plural};
use super::stop::Stop;
use crate::commands::migrate::database::block_on;
use crate::commands::migrate::progress::{Lines, interruptible};

/// Takes the newest applied migration back, or all down to the target.
pub(super) fn run(run: &Run<'_>) -> Result<Value, Stop> {
    let begun = std::time::Instant::now();
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let target = match &run.prepared.plan.info.target {
        Target::Version { version, .. } => Some(version),
        _ => None,
    };
    let mut options = ApplyOptions {
        plan: PlanOptions { info: InfoOptions::default(), ..run.prepared.plan.clone() },
        installed_by: run.settings.given(Key::InstalledBy).map(str::to_owned),
        commit_each_statement: !run.settings.flag(Key::ExecuteInTransaction),
        patience: Some(Patience::default()),
        ..ApplyOptions::default()
    };
    let stopped = Cell::new(false);
    let mut schema = String::new();
    let work = async {
        let attempt = async {
            let mut database = run.prepared.open().await?;
            run.connected(&database);
            database.schema().clone_into(&mut schema);
            options.plan.suit(database.server());
            let mut lines = Lines::new(run.ui, &stopped);
            let report = undo(&mut database, &migrations, target, &options, &mut lines).await?;
            database.close().await?;
            Ok(report)
        };
        Ok(attempt.await)
    };
    let attempt: Result<Report, Error> = block_on(interruptible(run.ui, &stopped, work))?;
    let report = attempt.map_err(|error| Stop::engine(error, &schema, true))?;
    let version = report.version.as_deref().unwrap_or("<< Empty Schema >>");
    run.log.info(&format!(
        "Successfully undid {} to schema {}, now at version v{version} (execution time {})",
        plural(report.applied.len(), "migration"),
        quoted(&schema),
        duration(begun.elapsed().as_millis())
    ));
    let path = |script: &str| {
        migrations
            .iter()
            .find(|migration| migration.script == script)
            .map(|migration| migration.path().to_owned())
    };
    let undone = report.applied.iter().map(|undone| {
        json!({
            "version": undone.version,
            "description": undone.description,
            "filepath": path(&undone.script).unwrap_or_default(),
            "executionTime": undone.execution_time,
        })
    });
    let mut result = Log::heading("undo", &schema);
    result.insert("schemaName".to_owned(), json!(run.settings.list(Key::Schemas).join(", ")));
    result.insert("initialSchemaVersion".to_owned(), json!(report.initial_version));
    result.insert("targetSchemaVersion".to_owned(), json!(report.version));
    result.insert("migrationsUndone".to_owned(), json!(report.applied.len()));
    result.insert("undoneMigrations".to_owned(), undone.collect());
    result.insert("warnings".to_owned(), json!([]));
    Ok(Value::Object(result))
}
