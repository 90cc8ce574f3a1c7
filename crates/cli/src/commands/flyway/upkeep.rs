//! `repair`, `baseline` and `clean`.

use migrate_core::apply::{baseline, under_lock};
use migrate_core::callback::{Events, around};
use migrate_core::database::Database as _;
use migrate_core::flyway::Key;
use migrate_core::history::{HistoryRow, quoted};
use migrate_core::mysql::MySqlDatabase;
use migrate_core::repair::{RepairAction, repair};
use migrate_core::{Error, Migration};
use serde_json::{Value, json};

use super::Run;
use super::info::run_engine;
use super::log::Log;
use super::migrate::duration;
use super::prepare::failed;
use super::stop::Stop;
use crate::commands::migrate::progress::Waits;

/// Repairs the history.
pub(super) fn repair_history(run: &Run<'_>) -> Result<Value, Stop> {
    let begun = std::time::Instant::now();
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let callbacks = run.prepared.callbacks(&migrations)?;
    let work = async {
        let mut database = run.prepared.open().await?;
        run.connected(&database);
        let validation = &run.prepared.validation;
        let repairs = async |database: &mut MySqlDatabase, waits: &mut Waits<'_>| {
            repair(database, &migrations, validation, None, waits).await
        };
        let actions =
            around(&mut database, &callbacks, Events::REPAIR, &mut Waits::new(run.ui), repairs).await?;
        let schema = database.schema().to_owned();
        database.close().await?;
        Ok((actions, schema))
    };
    let (actions, schema) = run_engine(work).map_err(failed)?;
    let (mut removed, mut deleted, mut aligned) = (Vec::new(), Vec::new(), Vec::new());
    for action in &actions {
        match action {
            RepairAction::Remove(row) => removed.push(object(row, "")),
            RepairAction::MarkDeleted(row) => deleted.push(object(row, "")),
            RepairAction::Align { row, .. } => aligned.push(object(row, path(&migrations, row))),
        }
    }
    let table = format!("{}.{}", quoted(&schema), quoted(run.table()));
    if removed.is_empty() {
        run.log.info(&format!(
            "Repair of failed migration in Schema History table {table} not necessary. No failed migration detected."
        ));
    }
    let time = duration(begun.elapsed().as_millis());
    run.log.info(&format!("Successfully repaired schema history table {table} (execution time {time})."));
    if !removed.is_empty() {
        run.log
            .info("Manual cleanup of the remaining effects of the failed migration may still be required.");
    }
    let done = [
        (&removed, "Removed failed migrations"),
        (&deleted, "Marked missing migrations as deleted"),
        (&aligned, "Aligned applied migration checksums"),
    ];
    let done: Vec<_> = done.into_iter().filter(|(list, _)| !list.is_empty()).map(|(_, text)| text).collect();
    let mut result = Log::heading("repair", &schema);
    result.insert("repairActions".to_owned(), json!(done));
    result.insert("migrationsRemoved".to_owned(), json!(removed));
    result.insert("migrationsDeleted".to_owned(), json!(deleted));
    result.insert("migrationsAligned".to_owned(), json!(aligned));
    result.insert("warnings".to_owned(), json!([]));
    Ok(Value::Object(result))
}

fn object(row: &HistoryRow, path: &str) -> Value {
    json!({
        "version": row.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        "description": row.description,
        "filepath": path,
    })
}

fn path<'m>(migrations: &'m [Migration], row: &HistoryRow) -> &'m str {
    let is_it = |migration: &&Migration| {
        migration.version == row.version
            && migration.recorded_checksum() == row.checksum.unwrap_or_default()
            && (row.version.is_some() || migration.description == row.description)
    };
    migrations.iter().find(is_it).map(Migration::path).unwrap_or_default()
}

/// Takes everything up to a version for applied.
pub(super) fn set_baseline(run: &Run<'_>) -> Result<Value, Stop> {
    let wanted = &run.prepared.baseline;
    let mut schema = String::new();
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let callbacks = run.prepared.callbacks(&migrations)?;
    let work = async {
        let mut database = run.prepared.open().await?;
        run.connected(&database);
        database.schema().clone_into(&mut schema);
        let by = run.settings.given(Key::InstalledBy);
        let marks = async |database: &mut MySqlDatabase, waits: &mut Waits<'_>| {
            baseline(database, wanted, by, None, waits).await
        };
        around(&mut database, &callbacks, Events::BASELINE, &mut Waits::new(run.ui), marks).await?;
        database.close().await
    };
    run_engine(work).map_err(failed)?;
    run.log.info(&format!("Successfully baselined schema with version: {}", wanted.version));
    let mut result = Log::heading("baseline", &schema);
    result.insert("successfullyBaselined".to_owned(), json!(true));
    result.insert("baselineVersion".to_owned(), json!(wanted.version.to_string()));
    result.insert("warnings".to_owned(), json!([]));
    Ok(Value::Object(result))
}

/// Drops everything in the schema.
pub(super) fn clean(run: &Run<'_>) -> Result<Value, Stop> {
    if run.settings.flag(Key::CleanDisabled) {
        let message =
            "Unable to execute clean as it has been disabled with the 'flyway.cleanDisabled' property.";
        return Err(Stop::new("ERROR", message));
    }
    let begun = std::time::Instant::now();
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let callbacks = run.prepared.callbacks(&migrations)?;
    let work = async {
        let mut database = run.prepared.open().await?;
        run.connected(&database);
        let clean = async |database: &mut MySqlDatabase, _: &mut Waits<'_>| database.clean().await;
        let cleans = async |database: &mut MySqlDatabase, waits: &mut Waits<'_>| {
            under_lock::<_, _, _, Error>(database, None, waits, clean).await
        };
        let schema = database.schema().to_owned();
        let schemas = database.schemas().to_vec();
        let created = database.created_schemas().await?;
        around(&mut database, &callbacks, Events::CLEAN, &mut Waits::new(run.ui), cleans).await?;
        database.close().await?;
        Ok((schema, schemas, created))
    };
    let (schema, schemas, dropped) = run_engine(work).map_err(failed)?;
    let time = duration(begun.elapsed().as_millis());
    let cleaned: Vec<&String> = schemas.iter().filter(|schema| !dropped.contains(schema)).collect();
    for schema in &cleaned {
        run.log.info(&format!("Successfully cleaned schema {} (execution time {time})", quoted(schema)));
    }
    for schema in &dropped {
        run.log.info(&format!("Successfully dropped schema {} (execution time {time})", quoted(schema)));
    }
    let mut result = Log::heading("clean", &schema);
    result.insert("schemasCleaned".to_owned(), json!(cleaned));
    result.insert("schemasDropped".to_owned(), json!(dropped));
    result.insert("warnings".to_owned(), json!([]));
    Ok(Value::Object(result))
}
