//! `infra migrate repair`, `baseline` and `clean`: the verbs that change the history or end it.

use migrate_core::apply::{baseline, under_lock};
use migrate_core::callback::{Events, around};
use migrate_core::database::Database as _;
use migrate_core::history::Baseline;
use migrate_core::mysql::MySqlDatabase;
use migrate_core::repair::{RepairAction, repair};
use serde_json::{Value, json};

use super::database::{block_on, session};
use super::live::{Loaded, Place, Prepared, ignored, version};
use super::progress::Waits;
use crate::args::{MigrateBaseline, MigrateClean, MigrateRepair};
use crate::environment;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::ui::{DIM, GOOD, Ui, count, styled};

/// Repairs the history.
pub(crate) fn repair_history(
    arguments: &MigrateRepair,
    place: Place<'_>,
    ui: &Ui,
) -> Result<Outcome, Failure> {
    let prepared = Prepared::lightly(&arguments.connection, place)?;
    if prepared.files_are_broken() {
        return Ok(prepared.outcome);
    }
    let validation = ignored(&arguments.ignore)?;
    let callbacks = prepared.callbacks()?;
    let Prepared { options, migrations, .. } = &prepared;
    let actions = block_on(async {
        let mut database =
            MySqlDatabase::open_with(options, &session(&arguments.connection.database)).await?;
        let timeout = arguments.lock.lock_timeout;
        let work = async |database: &mut MySqlDatabase, waits: &mut Waits<'_>| {
            repair(database, migrations, &validation, timeout, waits).await
        };
        let actions = around(&mut database, &callbacks, Events::REPAIR, &mut Waits::new(ui), work).await?;
        database.close().await?;
        Ok(actions)
    })?;
    let mut outcome = prepared.outcome;
    for action in &actions {
        outcome.summary += &describe(action);
    }
    if actions.is_empty() {
        outcome.summary = format!("{}  nothing to repair\n", styled(GOOD, "sound"));
    }
    outcome.details.insert("actions".to_owned(), actions.iter().map(action_json).collect());
    Ok(outcome)
}

fn describe(action: &RepairAction) -> String {
    let checksum =
        |checksum: Option<i32>| checksum.map_or("none".to_owned(), |checksum| checksum.to_string());
    let (did, row, note) = match action {
        RepairAction::Remove(row) => ("removed", row, "it failed; it will be applied again".to_owned()),
        RepairAction::MarkDeleted(row) => ("marked as deleted", row, format!("`{}` is gone", row.script)),
        RepairAction::Align { row, applied } => {
            ("aligned", row, format!("checksum {} is now {}", checksum(*applied), checksum(row.checksum)))
        }
    };
    format!("{}  {} {}\n", styled(GOOD, did), row.name(), styled(DIM, note))
}

fn action_json(action: &RepairAction) -> Value {
    let (did, row, applied) = match action {
        RepairAction::Remove(row) => ("removed", row, row.checksum),
        RepairAction::MarkDeleted(row) => ("deleted", row, row.checksum),
        RepairAction::Align { row, applied } => ("aligned", row, *applied),
    };
    json!({
        "action": did,
        "version": row.version.as_ref().map(ToString::to_string),
        "description": row.description,
        "script": row.script,
        "checksum": row.checksum,
        "applied_checksum": applied,
    })
}

/// Takes everything up to a version for applied.
pub(crate) fn set_baseline(
    arguments: &MigrateBaseline,
    place: Place<'_>,
    ui: &Ui,
) -> Result<Outcome, Failure> {
    let mut wanted = Baseline::new(version(&arguments.baseline_version)?);
    if let Some(description) = &arguments.baseline_description {
        wanted.description.clone_from(description);
    }
    let loaded = Loaded::for_callbacks(&arguments.database, &arguments.files, place)?;
    if loaded.files_are_broken() {
        return Ok(loaded.outcome);
    }
    let callbacks = loaded.callbacks()?;
    block_on(async {
        let mut database = MySqlDatabase::open_with(&loaded.options, &session(&arguments.database)).await?;
        let (by, timeout) = (arguments.installed_by.as_deref(), arguments.lock.lock_timeout);
        let work = async |database: &mut MySqlDatabase, waits: &mut Waits<'_>| {
            baseline(database, &wanted, by, timeout, waits).await
        };
        around(&mut database, &callbacks, Events::BASELINE, &mut Waits::new(ui), work).await?;
        Ok(database.close().await?)
    })?;
    let mut outcome = loaded.outcome;
    outcome.summary = format!("{}  at version {}\n", styled(GOOD, "baselined"), wanted.version);
    outcome.details.insert("version".to_owned(), json!(wanted.version.to_string()));
    Ok(outcome)
}

/// Drops everything in the schema.
pub(crate) fn clean(arguments: &MigrateClean, place: Place<'_>, ui: &Ui) -> Result<Outcome, Failure> {
    if !(arguments.clean_enabled || environment::clean_is_enabled()) {
        return Err(Problem::CleanDisabled.into());
    }
    let loaded = Loaded::for_callbacks(&arguments.database, &arguments.files, place)?;
    if loaded.files_are_broken() {
        return Ok(loaded.outcome);
    }
    let callbacks = loaded.callbacks()?;
    let (schema, dropped) = block_on(async {
        let mut database = MySqlDatabase::open_with(&loaded.options, &session(&arguments.database)).await?;
        let timeout = arguments.lock.lock_timeout;
        let clean = async |database: &mut MySqlDatabase, _: &mut Waits<'_>| database.clean().await;
        let work = async |database: &mut MySqlDatabase, waits: &mut Waits<'_>| {
            under_lock(database, timeout, waits, clean).await
        };
        let dropped = around(&mut database, &callbacks, Events::CLEAN, &mut Waits::new(ui), work).await?;
        let schema = database.schema().to_owned();
        database.close().await?;
        Ok((schema, dropped))
    })?;
    let mut outcome = loaded.outcome;
    let list: Vec<String> =
        dropped.iter().map(|dropped| count(dropped.count, &dropped.kind.to_lowercase())).collect();
    let list = if list.is_empty() { "it was empty".to_owned() } else { list.join(", ") };
    outcome.summary = format!("{}  `{schema}`: {list}\n", styled(GOOD, "cleaned"));
    let counts = dropped.iter().map(|dropped| (dropped.kind.to_lowercase(), json!(dropped.count))).collect();
    outcome.details.insert("dropped".to_owned(), Value::Object(counts));
    Ok(outcome)
}
